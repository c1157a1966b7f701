//! Which parameters make a policy, per autopilot. Sources: ArduCopter 4.5 and 4.7 parameter lists (`FS_GCS_ENABLE`,
//! `FS_OPTIONS`, `BATT_FS_*`; RTL_ALT in cm became RTL_ALT_M in m, SYSID_MYGCS became MAV_GCS_SYSID), PX4 1.15
//! parameter reference (`NAV_DLL_ACT`, `COM_DLL_EXCEPT`, `COM_LOW_BAT_ACT`, `BAT_*_THR`).

use std::collections::BTreeMap;

use super::{BatteryAction, FailsafePolicy, LostLink};
use crate::profile::Profile;
use crate::telemetry::GROUND_STATION_PARAMETERS;

/// What a parameter has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Want {
    /// This.
    Value(f64),
    /// These bits of it, the others stay.
    Bits { mask: u32, set: u32 },
    /// This part of the capacity of the battery, percent.
    OfCapacity(f64),
    /// A height above home, m, in the unit of the name.
    HeightM(f64),
    /// Anything; it is told.
    Told,
}

/// One meaning with the names it has or had.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub names: &'static [&'static str],
    pub want: Want,
    /// A firmware without it does already what is wanted.
    pub may_lack: bool,
}

const CAPACITY: &str = "BATT_CAPACITY";
const RETURN_HEIGHT: &[&str] = &["RTL_ALT", "RTL_ALT_M"];
/// ArduCopter FS_OPTIONS: continue in AUTO on the loss of the ground station.
const CONTINUE_IN_AUTO: u32 = 1 << 1;
/// PX4 COM_DLL_EXCEPT: no failsafe in mission mode.
const EXCEPT_MISSION: u32 = 1;
/// PX4 warns so much above the threshold at which it acts, as a part of the capacity.
const WARN_ABOVE: f64 = 0.05;

impl Row {
    /// The value that the parameter of this name has to have; none for one that is only told.
    pub fn target(&self, name: &str, now: f64, all: &BTreeMap<&str, f64>) -> Result<Option<f64>, String> {
        Ok(match self.want {
            Want::Told => None,
            Want::Value(value) => Some(value),
            Want::Bits { mask, set } => {
                // Bit masks of autopilots are small whole numbers; anything else is put right as well.
                let bits = if now >= 0.0 { now as u32 } else { 0 };
                Some(f64::from((bits & !mask) | set))
            }
            Want::OfCapacity(percent) => match all.get(CAPACITY) {
                Some(mah) if *mah > 0.0 => Some((mah * percent / 100.0).round()),
                _unset => {
                    return Err(format!(
                        "{CAPACITY} is not set, so that {name} cannot be {percent} % of it"
                    ));
                }
            },
            Want::HeightM(height_m) if name == "RTL_ALT" => Some((height_m * 100.0).round()),
            Want::HeightM(height_m) => Some(height_m),
        })
    }
}

/// The parameters of a policy on this kind of autopilot; without a policy those worth telling.
pub(super) fn rows(profile: Profile, policy: Option<&FailsafePolicy>) -> Vec<Row> {
    match (profile, policy) {
        (Profile::ArduCopter, Some(policy)) => ardu_copter(policy),
        (Profile::Px4, Some(policy)) => px4(policy),
        (Profile::ArduCopter, None) => told(&[
            &["FS_GCS_ENABLE"],
            &["FS_OPTIONS"],
            &["FS_GCS_TIMEOUT"],
            &["BATT_FS_LOW_ACT"],
            &["BATT_FS_CRT_ACT"],
            RETURN_HEIGHT,
            &GROUND_STATION_PARAMETERS,
        ]),
        (Profile::Px4, None) => told(&[
            &["NAV_DLL_ACT"],
            &["COM_DL_LOSS_T"],
            &["COM_LOW_BAT_ACT"],
            &["RTL_RETURN_ALT"],
            &["RTL_TYPE"],
        ]),
        (Profile::Generic, _) => Vec::new(),
    }
}

fn told(names: &[&'static [&'static str]]) -> Vec<Row> {
    names
        .iter()
        .map(|names| Row {
            names,
            want: Want::Told,
            may_lack: true,
        })
        .collect()
}

fn row(names: &'static [&'static str], want: Want) -> Row {
    Row {
        names,
        want,
        may_lack: false,
    }
}

fn ardu_copter(policy: &FailsafePolicy) -> Vec<Row> {
    let lost_link = match policy.lost_link {
        LostLink::Return | LostLink::Continue => 1.0,
        LostLink::Land => 5.0,
    };
    let action = |action: BatteryAction| match action {
        BatteryAction::Warn => 0.0,
        BatteryAction::Land => 1.0,
        BatteryAction::Return => 2.0,
    };
    let continues = policy.lost_link == LostLink::Continue;
    let mut rows = vec![
        row(&["FS_GCS_ENABLE"], Want::Value(lost_link)),
        row(
            &["FS_OPTIONS"],
            Want::Bits {
                mask: CONTINUE_IN_AUTO,
                set: if continues { CONTINUE_IN_AUTO } else { 0 },
            },
        ),
        row(&["BATT_FS_LOW_ACT"], Want::Value(action(policy.low_battery))),
        row(&["BATT_FS_CRT_ACT"], Want::Value(action(policy.critical_battery))),
        // A mission that was left for a while goes on where it was, not from its beginning.
        row(&["MIS_RESTART"], Want::Value(0.0)),
    ];
    let chosen = [
        (&["FS_GCS_TIMEOUT"], policy.lost_link_after_s.map(Want::Value)),
        (
            &["BATT_LOW_MAH"],
            policy.low_battery_percent.map(Want::OfCapacity),
        ),
        (
            &["BATT_CRT_MAH"],
            policy.critical_battery_percent.map(Want::OfCapacity),
        ),
        (&["BATT_LOW_VOLT"], policy.low_battery_v.map(Want::Value)),
        (&["BATT_CRT_VOLT"], policy.critical_battery_v.map(Want::Value)),
    ];
    rows.extend(
        chosen
            .into_iter()
            .filter_map(|(names, want)| Some(row(names, want?))),
    );
    rows.extend(
        policy
            .return_height_m
            .map(|height_m| row(RETURN_HEIGHT, Want::HeightM(height_m))),
    );
    rows.extend(told(&[
        &[CAPACITY],
        &["FS_THR_ENABLE"],
        &GROUND_STATION_PARAMETERS,
    ]));
    rows
}

/// PX4 only warns at its "low" threshold; it acts at "critical" and lands at "emergency".
fn px4(policy: &FailsafePolicy) -> Vec<Row> {
    let lost_link = match policy.lost_link {
        LostLink::Return | LostLink::Continue => 2.0,
        LostLink::Land => 3.0,
    };
    let comes_home = [policy.low_battery, policy.critical_battery].contains(&BatteryAction::Return);
    let lands = [policy.low_battery, policy.critical_battery].contains(&BatteryAction::Land);
    let action = match (comes_home, lands) {
        (true, _) => 3.0,
        (false, true) => 2.0,
        (false, false) => 0.0,
    };
    let acts_first = if policy.low_battery == BatteryAction::Warn {
        policy.critical_battery_percent
    } else {
        policy.low_battery_percent
    };
    let continues = policy.lost_link == LostLink::Continue;
    let share = |percent: Option<f64>| percent.map(|percent| percent / 100.0);
    let mut rows = vec![
        row(&["NAV_DLL_ACT"], Want::Value(lost_link)),
        Row {
            names: &["COM_DLL_EXCEPT"],
            want: Want::Bits {
                mask: EXCEPT_MISSION,
                set: if continues { EXCEPT_MISSION } else { 0 },
            },
            // Firmware before this parameter makes no exceptions.
            may_lack: !continues,
        },
        row(&["COM_LOW_BAT_ACT"], Want::Value(action)),
    ];
    let chosen = [
        (&["COM_DL_LOSS_T"], policy.lost_link_after_s.map(f64::round)),
        (&["BAT_CRIT_THR"], share(acts_first)),
        (
            &["BAT_EMERGEN_THR"],
            share(policy.critical_battery_percent).filter(|_| action > 2.5),
        ),
        (
            &["BAT_LOW_THR"],
            share(acts_first).map(|share| share + WARN_ABOVE),
        ),
        (&["RTL_RETURN_ALT"], policy.return_height_m),
    ];
    rows.extend(
        chosen
            .into_iter()
            .filter_map(|(names, value)| Some(row(names, Want::Value(value?)))),
    );
    rows.extend(told(&[&["RTL_TYPE"], &["NAV_RCL_ACT"]]));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(rows: &[Row], name: &str, now: f64, all: &BTreeMap<&str, f64>) -> Option<f64> {
        let row = rows.iter().find(|row| row.names.contains(&name))?;
        row.target(name, now, all).unwrap()
    }

    fn full() -> FailsafePolicy {
        FailsafePolicy {
            lost_link_after_s: Some(8.0),
            low_battery_percent: Some(25.0),
            critical_battery_percent: Some(10.0),
            return_height_m: Some(60.0),
            ..FailsafePolicy::default()
        }
    }

    #[test]
    fn a_policy_is_written_in_the_words_of_each_autopilot() {
        let all = BTreeMap::from([(CAPACITY, 9460.0)]);
        let copter = rows(Profile::ArduCopter, Some(&full()));
        for (name, now, wanted) in [
            ("FS_GCS_ENABLE", 0.0, 1.0),
            ("FS_OPTIONS", 18.0, 16.0),
            ("FS_GCS_TIMEOUT", 5.0, 8.0),
            ("BATT_FS_LOW_ACT", 0.0, 2.0),
            ("BATT_FS_CRT_ACT", 0.0, 1.0),
            ("BATT_LOW_MAH", 0.0, 2365.0),
            ("BATT_CRT_MAH", 0.0, 946.0),
            ("RTL_ALT", 1500.0, 6000.0),
            ("RTL_ALT_M", 15.0, 60.0),
        ] {
            assert_eq!(value(&copter, name, now, &all), Some(wanted), "{name}");
        }
        assert_eq!(value(&copter, "FS_THR_ENABLE", 1.0, &all), None);
        let px4 = rows(Profile::Px4, Some(&full()));
        for (name, wanted) in [
            ("NAV_DLL_ACT", 2.0),
            ("COM_DLL_EXCEPT", 0.0),
            ("COM_DL_LOSS_T", 8.0),
            ("COM_LOW_BAT_ACT", 3.0),
            ("BAT_LOW_THR", 0.3),
            ("BAT_CRIT_THR", 0.25),
            ("BAT_EMERGEN_THR", 0.1),
            ("RTL_RETURN_ALT", 60.0),
        ] {
            assert_eq!(value(&px4, name, 1.0, &all), Some(wanted), "{name}");
        }
    }

    #[test]
    fn continuing_and_landing_have_their_own_values() {
        let all = BTreeMap::new();
        for (lost_link, copter, options, px4, except) in [
            (LostLink::Continue, 1.0, 3.0, 2.0, 1.0),
            (LostLink::Land, 5.0, 1.0, 3.0, 0.0),
        ] {
            let policy = FailsafePolicy {
                lost_link,
                ..FailsafePolicy::default()
            };
            let rows_of = |profile| rows(profile, Some(&policy));
            assert_eq!(
                value(&rows_of(Profile::ArduCopter), "FS_GCS_ENABLE", 0.0, &all),
                Some(copter)
            );
            assert_eq!(
                value(&rows_of(Profile::ArduCopter), "FS_OPTIONS", 1.0, &all),
                Some(options)
            );
            assert_eq!(value(&rows_of(Profile::Px4), "NAV_DLL_ACT", 0.0, &all), Some(px4));
            assert_eq!(
                value(&rows_of(Profile::Px4), "COM_DLL_EXCEPT", 0.0, &all),
                Some(except)
            );
        }
    }

    #[test]
    fn a_share_of_an_unknown_capacity_is_said_to_be_impossible() {
        let rows = rows(Profile::ArduCopter, Some(&full()));
        let row = rows.iter().find(|row| row.names == ["BATT_LOW_MAH"]).unwrap();
        for all in [BTreeMap::new(), BTreeMap::from([(CAPACITY, 0.0)])] {
            let problem = row.target("BATT_LOW_MAH", 0.0, &all).unwrap_err();
            assert!(problem.contains("BATT_CAPACITY is not set"), "{problem}");
        }
    }

    proptest! {
        /// Only the bit that is meant changes, and asking twice changes nothing more.
        #[test]
        fn other_options_stay(now in 0_u32..65_536, lands in any::<bool>()) {
            let lost_link = if lands { LostLink::Land } else { LostLink::Continue };
            let policy = FailsafePolicy { lost_link, ..FailsafePolicy::default() };
            let rows = rows(Profile::ArduCopter, Some(&policy));
            let all = BTreeMap::new();
            let once = value(&rows, "FS_OPTIONS", f64::from(now), &all).unwrap();
            prop_assert_eq!(once as u32 & !CONTINUE_IN_AUTO, now & !CONTINUE_IN_AUTO);
            prop_assert_eq!(value(&rows, "FS_OPTIONS", once, &all), Some(once));
        }
    }
}
