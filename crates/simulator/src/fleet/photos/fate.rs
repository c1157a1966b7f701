//! What can go wrong with photos, by name.

use crate::dock::{FaultProblem, whole_above};

/// Every fault of photos: name, value it takes (empty for none), and what it does.
pub const PHOTO_FAULTS: [(&str, &str, &str); 5] = [
    (
        "photo_lost",
        "N",
        "every N-th photo of a flight is never uploaded",
    ),
    (
        "photo_half",
        "N",
        "the upload of every N-th photo is cut midway, then resumed",
    ),
    ("photo_twice", "N", "every N-th photo is uploaded a second time"),
    (
        "photo_corrupt",
        "N",
        "every N-th photo is uploaded with a wrong byte first, then right",
    ),
    ("uploads_slow", "", "photos are uploaded at 64 KiB a second"),
];

/// Faults of one dock's photos; the default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhotoFaults {
    /// Every so many-th photo is lost.
    pub lost: Option<u32>,
    /// Every so many-th upload is cut midway.
    pub half: Option<u32>,
    /// Every so many-th photo comes twice.
    pub twice: Option<u32>,
    /// Every so many-th photo comes corrupt at first.
    pub corrupt: Option<u32>,
    /// The line is slow.
    pub slow: bool,
}

/// What goes wrong with one photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhotoFate {
    /// It is never uploaded.
    pub lost: bool,
    /// Its upload is cut midway once.
    pub half: bool,
    /// It is uploaded twice.
    pub twice: bool,
    /// It is corrupt at first.
    pub corrupt: bool,
}

impl PhotoFaults {
    /// Sets the fault `name`, with the text after `=` if there was one.
    ///
    /// # Errors
    /// [`FaultProblem`] when the name is unknown or the value does not fit.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), FaultProblem> {
        let slot = match name {
            "photo_lost" => &mut self.lost,
            "photo_half" => &mut self.half,
            "photo_twice" => &mut self.twice,
            "photo_corrupt" => &mut self.corrupt,
            "uploads_slow" if value.is_none() => {
                self.slow = true;
                return Ok(());
            }
            "uploads_slow" => {
                return Err(FaultProblem::Value {
                    name: name.to_owned(),
                    wanted: "takes no value",
                    found: value.unwrap_or_default().to_owned(),
                });
            }
            _ => {
                return Err(FaultProblem::Unknown {
                    name: name.to_owned(),
                });
            }
        };
        *slot = Some(whole_above(name, value, 1)?);
        Ok(())
    }

    /// What goes wrong with the photo of this index.
    pub fn fate_of(&self, image_index: u32) -> PhotoFate {
        let hits = |every: Option<u32>| every.is_some_and(|n| n > 0 && image_index.is_multiple_of(n));
        PhotoFate {
            lost: hits(self.lost),
            half: hits(self.half),
            twice: hits(self.twice),
            corrupt: hits(self.corrupt),
        }
    }
}

impl PhotoFate {
    /// Name of the fault, for the truth; the first if there are several.
    pub fn word(&self) -> Option<&'static str> {
        [
            (self.lost, "photo_lost"),
            (self.half, "photo_half"),
            (self.twice, "photo_twice"),
            (self.corrupt, "photo_corrupt"),
        ]
        .into_iter()
        .find_map(|(hit, word)| hit.then_some(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_fault_can_be_set_and_hits_every_third() {
        for (name, takes, _) in PHOTO_FAULTS {
            let mut faults = PhotoFaults::default();
            faults.set(name, (!takes.is_empty()).then_some("3")).unwrap();
            assert_ne!(faults, PhotoFaults::default());
            let hits: Vec<u32> = (1..=9)
                .filter(|i| faults.fate_of(*i).word() == Some(name))
                .collect();
            let expected: &[u32] = if takes.is_empty() { &[] } else { &[3, 6, 9] };
            assert_eq!(hits, expected, "{name}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let mut faults = PhotoFaults::default();
        for (name, value) in [
            ("photo_lost", None),
            ("photo_lost", Some("0")),
            ("photo_half", Some("x")),
            ("uploads_slow", Some("1")),
            ("photo_blue", Some("1")),
        ] {
            assert!(faults.set(name, value).is_err(), "{name} {value:?}");
        }
        assert_eq!(faults, PhotoFaults::default());
    }
}
