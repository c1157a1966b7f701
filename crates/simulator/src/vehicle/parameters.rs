//! The parameters a ground station reads and sets: a small part of the real tables, with the names and defaults of
//! ArduCopter 4.5 and PX4 1.15.

use super::options::Profile;

/// How a parameter travels in PARAM_VALUE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int8,
    Int16,
    Int32,
    Real,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) value: f32,
}

const COPTER: &[(&str, Kind, f32)] = &[
    ("SYSID_THISMAV", Kind::Int16, 1.0),
    ("SYSID_MYGCS", Kind::Int16, 255.0),
    ("FS_GCS_ENABLE", Kind::Int8, 1.0),
    ("FS_GCS_TIMEOUT", Kind::Real, 5.0),
    ("FS_OPTIONS", Kind::Int32, 0.0),
    ("FS_THR_ENABLE", Kind::Int8, 0.0),
    ("RTL_ALT", Kind::Int32, 1500.0),
    ("RTL_LOIT_TIME", Kind::Int32, 5000.0),
    ("RTL_ALT_FINAL", Kind::Int16, 0.0),
    ("WPNAV_SPEED", Kind::Real, 1000.0),
    ("WPNAV_SPEED_UP", Kind::Real, 250.0),
    ("WPNAV_SPEED_DN", Kind::Real, 150.0),
    ("WPNAV_RADIUS", Kind::Real, 200.0),
    ("WPNAV_ACCEL", Kind::Real, 250.0),
    ("LAND_SPEED", Kind::Int16, 50.0),
    ("LAND_ALT_LOW", Kind::Int16, 1000.0),
    ("DISARM_DELAY", Kind::Int8, 10.0),
    ("BATT_CAPACITY", Kind::Int32, 9460.0),
    ("BATT_FS_LOW_ACT", Kind::Int8, 2.0),
    ("BATT_FS_CRT_ACT", Kind::Int8, 1.0),
    ("BATT_LOW_MAH", Kind::Real, 0.0),
    ("BATT_CRT_MAH", Kind::Real, 0.0),
    ("BATT_LOW_VOLT", Kind::Real, 21.0),
    ("BATT_CRT_VOLT", Kind::Real, 20.4),
    ("MIS_RESTART", Kind::Int8, 0.0),
    ("MIS_OPTIONS", Kind::Int16, 0.0),
    ("MIS_TOTAL", Kind::Int16, 0.0),
    ("AUTO_OPTIONS", Kind::Int32, 0.0),
    ("WP_YAW_BEHAVIOR", Kind::Int8, 2.0),
    ("CAM1_TYPE", Kind::Int8, 1.0),
    ("CAM_AUTO_ONLY", Kind::Int8, 0.0),
    ("ARMING_CHECK", Kind::Int32, 1.0),
    ("FENCE_ENABLE", Kind::Int8, 0.0),
    ("FENCE_TYPE", Kind::Int8, 7.0),
    ("FENCE_ACTION", Kind::Int8, 1.0),
    ("FENCE_ALT_MAX", Kind::Real, 100.0),
    ("FENCE_RADIUS", Kind::Real, 300.0),
    ("FENCE_OPTIONS", Kind::Int16, 1.0),
    ("FENCE_TOTAL", Kind::Int8, 0.0),
    ("RALLY_TOTAL", Kind::Int8, 0.0),
    ("RALLY_LIMIT_KM", Kind::Real, 0.3),
    ("RALLY_INCL_HOME", Kind::Int8, 1.0),
];

const PX4: &[(&str, Kind, f32)] = &[
    ("MAV_SYS_ID", Kind::Int32, 1.0),
    ("MAV_COMP_ID", Kind::Int32, 1.0),
    ("GF_ACTION", Kind::Int32, 2.0),
    ("COM_FAIL_ACT_T", Kind::Real, 5.0),
    ("NAV_DLL_ACT", Kind::Int32, 2.0),
    ("COM_DL_LOSS_T", Kind::Int32, 5.0),
    ("COM_DLL_EXCEPT", Kind::Int32, 0.0),
    ("NAV_RCL_ACT", Kind::Int32, 2.0),
    ("COM_RC_IN_MODE", Kind::Int32, 4.0),
    ("COM_DISARM_LAND", Kind::Real, 2.0),
    ("COM_DISARM_PRFLT", Kind::Real, 10.0),
    ("COM_LOW_BAT_ACT", Kind::Int32, 3.0),
    ("BAT_LOW_THR", Kind::Real, 0.25),
    ("BAT_CRIT_THR", Kind::Real, 0.2),
    ("BAT_EMERGEN_THR", Kind::Real, 0.08),
    ("RTL_RETURN_ALT", Kind::Real, 30.0),
    ("RTL_LAND_DELAY", Kind::Real, 5.0),
    ("RTL_TYPE", Kind::Int32, 0.0),
    ("MIS_TAKEOFF_ALT", Kind::Real, 10.0),
    ("MPC_XY_CRUISE", Kind::Real, 10.0),
    ("MPC_Z_VEL_MAX_UP", Kind::Real, 2.5),
    ("MPC_LAND_SPEED", Kind::Real, 0.5),
    ("NAV_ACC_RAD", Kind::Real, 2.0),
    ("TRIG_MODE", Kind::Int32, 1.0),
];

/// Names that ArduCopter 4.7 has instead, each with the factor of its unit.
const RENAMED: [(&str, &str, f32); 3] = [
    ("SYSID_THISMAV", "MAV_SYSID", 1.0),
    ("SYSID_MYGCS", "MAV_GCS_SYSID", 1.0),
    ("RTL_ALT", "RTL_ALT_M", 0.01),
];

/// What a failsafe does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    Return,
    Land,
    Hold,
}

/// All parameters of one vehicle, by index.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    table: Vec<Parameter>,
    profile: Profile,
}

impl Parameters {
    /// Defaults of the profile.
    pub(super) fn new(profile: Profile, system_id: u8) -> Self {
        let defaults = match profile {
            Profile::ArduCopter => COPTER,
            Profile::Px4 => PX4,
        };
        let mut table: Vec<Parameter> = defaults
            .iter()
            .map(|(name, kind, value)| Parameter {
                name,
                kind: *kind,
                value: *value,
            })
            .collect();
        if let Some(own) = table.first_mut() {
            own.value = f32::from(system_id);
        }
        Self { table, profile }
    }

    /// The same with the names of ArduCopter 4.7.
    pub(super) fn renamed(mut self) -> Self {
        for parameter in &mut self.table {
            let newer = RENAMED.iter().find(|(old, ..)| *old == parameter.name);
            if let Some((_, name, factor)) = newer {
                parameter.name = name;
                parameter.value *= factor;
                if *factor != 1.0 {
                    parameter.kind = Kind::Real;
                }
            }
        }
        self
    }

    /// How many there are.
    pub(super) fn count(&self) -> u16 {
        self.table.len() as u16
    }

    /// By index.
    pub(super) fn at(&self, index: usize) -> Option<&Parameter> {
        self.table.get(index)
    }

    /// Index by name.
    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        self.table.iter().position(|parameter| parameter.name == name)
    }

    /// Sets a value; a whole-number parameter takes the nearest whole number.
    pub(super) fn set(&mut self, index: usize, value: f32) {
        if let Some(parameter) = self.table.get_mut(index)
            && value.is_finite()
        {
            parameter.value = if parameter.kind == Kind::Real {
                value
            } else {
                value.round()
            };
        }
    }

    fn value(&self, copter: &str, px4: &str) -> f64 {
        self.number(match self.profile {
            Profile::ArduCopter => copter,
            Profile::Px4 => px4,
        })
    }

    /// A value by name; 0 where there is none.
    pub(super) fn number(&self, name: &str) -> f64 {
        self.index_of(name)
            .and_then(|index| self.at(index))
            .map_or(0.0, |parameter| f64::from(parameter.value))
    }

    /// Sets what the vehicle itself counts.
    pub(super) fn count_of(&mut self, name: &str, count: usize) {
        if let Some(index) = self.index_of(name) {
            self.set(index, count as f32);
        }
    }

    /// The only ground station whose heartbeats hold off the failsafe; `None` where any does.
    pub(super) fn ground_station(&self) -> Option<u32> {
        match self.profile {
            Profile::ArduCopter => {
                let number = self.value("SYSID_MYGCS", "") + self.value("MAV_GCS_SYSID", "");
                Some(number as u32)
            }
            Profile::Px4 => None,
        }
    }

    /// What the loss of the ground station does; in a mission it may be excepted.
    pub(super) fn lost_link_action(&self, in_mission: bool) -> Action {
        let excepted = self.value("FS_OPTIONS", "COM_DLL_EXCEPT") as u32;
        let bit = match self.profile {
            Profile::ArduCopter => 1 << 1,
            Profile::Px4 => 1,
        };
        if in_mission && excepted & bit != 0 {
            return Action::Nothing;
        }
        let action = self.value("FS_GCS_ENABLE", "NAV_DLL_ACT") as u32;
        match (self.profile, action) {
            (_, 0) => Action::Nothing,
            (Profile::ArduCopter, 5) | (Profile::Px4, 3) => Action::Land,
            (Profile::Px4, 1) => Action::Hold,
            _return => Action::Return,
        }
    }

    /// Silence after which the ground station counts as lost, seconds.
    pub(super) fn gcs_timeout_s(&self) -> f64 {
        self.value("FS_GCS_TIMEOUT", "COM_DL_LOSS_T")
    }

    /// The two battery thresholds, each in percent with what it does. `usual` are the percents that the voltages of
    /// ArduCopter's thresholds stand for.
    pub(super) fn battery_failsafes(&self, usual: [f64; 2]) -> [(f64, Action); 2] {
        match self.profile {
            Profile::ArduCopter => {
                let capacity_mah = self.value("BATT_CAPACITY", "");
                let threshold = |name: &str, usual: f64| match self.value(name, "") {
                    mah if mah > 0.0 && capacity_mah > 0.0 => 100.0 * mah / capacity_mah,
                    _by_voltage => usual,
                };
                let action = |name: &str| match self.value(name, "") as u32 {
                    0 => Action::Nothing,
                    1 => Action::Land,
                    _return => Action::Return,
                };
                [
                    (threshold("BATT_LOW_MAH", usual[0]), action("BATT_FS_LOW_ACT")),
                    (threshold("BATT_CRT_MAH", usual[1]), action("BATT_FS_CRT_ACT")),
                ]
            }
            Profile::Px4 => {
                let [first, second] = match self.value("", "COM_LOW_BAT_ACT") as u32 {
                    0 => [Action::Nothing; 2],
                    2 => [Action::Land; 2],
                    _return => [Action::Return, Action::Land],
                };
                [
                    (100.0 * self.value("", "BAT_CRIT_THR"), first),
                    (100.0 * self.value("", "BAT_EMERGEN_THR"), second),
                ]
            }
        }
    }

    /// Least height of the way home, metres.
    pub(super) fn return_height_m(&self) -> f64 {
        match self.profile {
            Profile::ArduCopter => self.value("RTL_ALT", "") / 100.0 + self.value("RTL_ALT_M", ""),
            Profile::Px4 => self.value("", "RTL_RETURN_ALT"),
        }
    }

    /// How long it hovers over home before it lands, seconds.
    pub(super) fn return_wait_s(&self) -> f64 {
        match self.profile {
            Profile::ArduCopter => self.value("RTL_LOIT_TIME", "") / 1000.0,
            Profile::Px4 => self.value("", "RTL_LAND_DELAY").max(0.0),
        }
    }

    /// Speed on legs unless the mission says otherwise, m/s.
    pub(super) fn cruise_ms(&self) -> f64 {
        match self.profile {
            Profile::ArduCopter => (self.value("WPNAV_SPEED", "") / 100.0).clamp(0.5, 15.0),
            Profile::Px4 => self.value("", "MPC_XY_CRUISE").clamp(0.5, 15.0),
        }
    }

    /// How long it stays armed on the ground before a start, seconds; 0 for ever.
    pub(super) fn disarm_delay_s(&self) -> f64 {
        self.value("DISARM_DELAY", "COM_DISARM_PRFLT")
    }

    /// How long PX4 stays armed after a landing, seconds; 0 for ever.
    pub(super) fn disarm_after_landing_s(&self) -> f64 {
        self.value("", "COM_DISARM_LAND")
    }

    /// Arming is allowed in AUTO.
    pub(super) fn arms_in_auto(&self) -> bool {
        match self.profile {
            Profile::ArduCopter => self.value("AUTO_OPTIONS", "") as i64 & 1 == 1,
            Profile::Px4 => true,
        }
    }

    /// A mission that is entered again begins anew.
    pub(super) fn restarts_mission(&self) -> bool {
        self.profile == Profile::ArduCopter && self.value("MIS_RESTART", "") > 0.0
    }

    /// Height a take-off without a height of its own climbs to, metres.
    pub(super) fn takeoff_height_m(&self) -> f64 {
        match self.profile {
            Profile::ArduCopter => 10.0,
            Profile::Px4 => self.value("", "MIS_TAKEOFF_ALT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_whole_and_nothing_infinite_gets_in() {
        let mut parameters = Parameters::new(Profile::ArduCopter, 7);
        assert_eq!(parameters.at(0).map(|p| p.value), Some(7.0));
        let index = parameters.index_of("SYSID_MYGCS").unwrap();
        parameters.set(index, 42.4);
        assert_eq!(parameters.ground_station(), Some(42));
        parameters.set(index, f32::NAN);
        assert_eq!(parameters.ground_station(), Some(42));
        assert_eq!(Parameters::new(Profile::Px4, 1).return_height_m(), 30.0);
    }

    #[test]
    fn newer_names_mean_the_same() {
        let older = Parameters::new(Profile::ArduCopter, 7);
        let newer = Parameters::new(Profile::ArduCopter, 7).renamed();
        assert_eq!(newer.index_of("RTL_ALT"), None);
        assert_eq!(newer.ground_station(), older.ground_station());
        assert!((newer.return_height_m() - older.return_height_m()).abs() < 1e-6);
    }

    #[test]
    fn what_a_failsafe_does_is_in_the_parameters() {
        let mut copter = Parameters::new(Profile::ArduCopter, 7);
        let mut set = |name: &str, value: f32| {
            let index = copter.index_of(name).unwrap();
            copter.set(index, value);
            copter.clone()
        };
        assert_eq!(set("FS_GCS_ENABLE", 5.0).lost_link_action(true), Action::Land);
        assert_eq!(set("FS_OPTIONS", 2.0).lost_link_action(true), Action::Nothing);
        assert_eq!(set("FS_OPTIONS", 2.0).lost_link_action(false), Action::Land);
        let [low, _] = set("BATT_LOW_MAH", 2838.0).battery_failsafes([20.0, 8.0]);
        assert!((low.0 - 30.0).abs() < 0.01 && low.1 == Action::Return, "{low:?}");
        let px4 = Parameters::new(Profile::Px4, 7).battery_failsafes([0.0, 0.0]);
        assert!(
            (px4[0].0 - 20.0).abs() < 1e-3 && px4[1].1 == Action::Land,
            "{px4:?}"
        );
    }
}
