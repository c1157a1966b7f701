//! What can be wrong with a dock that speaks the Cloud API, by name.

use crate::dock::{FaultProblem, number_above, whole_above};

/// Every fault of such a dock: name, value it takes (empty for none), and what it does.
pub const CLOUD_FAULTS: [(&str, &str, &str); 9] = [
    (
        "dji_reject_prepare",
        "CODE",
        "every flighttask_prepare is refused with this result code",
    ),
    (
        "dji_break_at",
        "S",
        "an obstacle breaks the wayline S city seconds after take-off (break_reason 517)",
    ),
    (
        "dji_no_reply",
        "",
        "services are heard and never answered nor carried out",
    ),
    (
        "dji_offline_at",
        "S",
        "the dock is off its broker from S city seconds after take-off, for 90 city seconds, without a goodbye",
    ),
    (
        "dji_upload_lost",
        "N",
        "every N-th file is never uploaded, though it is counted in expected_file_count",
    ),
    (
        "dji_callback_twice",
        "",
        "every file_upload_callback comes twice, under two transactions",
    ),
    (
        "dji_unknown_fields",
        "",
        "firmware of tomorrow: unknown keys everywhere, unknown enum values and methods in between",
    ),
    (
        "dji_cover_stuck",
        "",
        "the cover does not open: commands and tasks fail with 514107",
    ),
    (
        "dji_hms",
        "CODE",
        "the health alarm CODE, such as 0x16100083, stands all the time",
    ),
];

/// Faults of one such dock; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloudFaults {
    /// Result code of every flighttask_prepare.
    pub reject_prepare: Option<u32>,
    /// City seconds after take-off at which the wayline breaks.
    pub break_at_s: Option<f64>,
    /// Services are not answered.
    pub no_reply: bool,
    /// City seconds after take-off at which the line is gone.
    pub offline_at_s: Option<f64>,
    /// Every so many-th file stays.
    pub upload_lost: Option<u32>,
    /// Callbacks come twice.
    pub callback_twice: bool,
    /// Unknown keys and values.
    pub unknown_fields: bool,
    /// The cover does not open.
    pub cover_stuck: bool,
    /// A health alarm that stands.
    pub hms_code: Option<u32>,
}

impl CloudFaults {
    /// Sets the fault `name`, with the text after `=` if there was one.
    ///
    /// # Errors
    /// [`FaultProblem`] when the name is unknown or the value does not fit.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultProblem> {
        match name {
            "dji_reject_prepare" => self.reject_prepare = Some(whole_above(name, value, 1)?),
            "dji_break_at" => self.break_at_s = Some(number_above(name, value, 0.0)?),
            "dji_offline_at" => self.offline_at_s = Some(number_above(name, value, 0.0)?),
            "dji_upload_lost" => self.upload_lost = Some(whole_above(name, value, 1)?),
            "dji_hms" => self.hms_code = Some(alarm_code(name, value)?),
            _ => return self.set_switch(name, value),
        }
        Ok(())
    }

    fn set_switch(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultProblem> {
        let switch = match name {
            "dji_no_reply" => &mut self.no_reply,
            "dji_callback_twice" => &mut self.callback_twice,
            "dji_unknown_fields" => &mut self.unknown_fields,
            "dji_cover_stuck" => &mut self.cover_stuck,
            _ => {
                return Err(FaultProblem::Unknown {
                    name: name.to_owned(),
                });
            }
        };
        if let Some(value) = value {
            return Err(FaultProblem::Value {
                name: name.to_owned(),
                wanted: "takes no value",
                found: value.to_owned(),
            });
        }
        *switch = true;
        Ok(())
    }
}

/// A hexadecimal alarm code, with or without `0x`.
fn alarm_code(name: &str, value: Option<&str>) -> Result<u32, FaultProblem> {
    let text = value.unwrap_or_default();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u32::from_str_radix(digits, 16).map_err(|_e| FaultProblem::Value {
        name: name.to_owned(),
        wanted: "takes a hexadecimal code such as 0x16100083",
        found: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_fault_can_be_set() {
        for (name, takes, _) in CLOUD_FAULTS {
            let mut faults = CloudFaults::default();
            faults.set(name, (!takes.is_empty()).then_some("3")).unwrap();
            assert_ne!(faults, CloudFaults::default(), "{name}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        let mut faults = CloudFaults::default();
        for (name, value) in [
            ("dji_reject_prepare", Some("0")),
            ("dji_break_at", None),
            ("dji_break_at", Some("-1")),
            ("dji_no_reply", Some("1")),
            ("dji_hms", Some("0xQ")),
            ("dji_gremlins", None),
        ] {
            let problem = faults.set(name, value).unwrap_err().to_string();
            assert!(problem.contains(name), "{problem}");
        }
        assert_eq!(faults, CloudFaults::default());
    }
}
