//! What a vehicle says of its own health: sensors (SYS_STATUS), battery cells and faults (BATTERY_STATUS), which
//! ground station it listens to (PARAM_VALUE), and how old each kind of news is.

use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{
    BATTERY_STATUS_DATA, MavBatteryChargeState, MavBatteryFault, MavMessage, MavSysStatusSensor,
    SYS_STATUS_DATA,
};

/// Names of the parameter that says which ground station's heartbeats hold off the lost-link failsafe: ArduPilot
/// up to 4.6, ArduPilot after that. PX4 listens to any.
pub const GROUND_STATION_PARAMETERS: [&str; 2] = ["SYSID_MYGCS", "MAV_GCS_SYSID"];

/// A single lithium cell is within this, V; ArduPilot puts the voltage of a whole battery into the first place.
const CELL_V: std::ops::RangeInclusive<f64> = 1.0..=5.0;

/// The fence, among the sensors: unhealthy while it is breached.
pub(crate) const GEOFENCE: &str = "geofence";

/// Sensors without which a multicopter must not take off on a mission.
const NEEDED: [(u32, &str); 10] = [
    (1, "gyro"),
    (2, "accelerometer"),
    (4, "compass"),
    (8, "barometer"),
    (32, "GPS"),
    (1 << 15, "motor outputs"),
    (1 << 21, "attitude estimate"),
    (1 << 25, "battery"),
    (1 << 30, "propulsion"),
    (1 << 20, GEOFENCE),
];
/// Sensors and services that docks often fly without.
const OTHERS: [(u32, &str); 10] = [
    (1 << 6, "optical flow"),
    (1 << 8, "rangefinder"),
    (1 << 16, "RC receiver"),
    (1 << 17, "second gyro"),
    (1 << 18, "second accelerometer"),
    (1 << 19, "second compass"),
    (1 << 22, "terrain"),
    (1 << 24, "logging"),
    (1 << 26, "proximity"),
    (1 << 29, "obstacle avoidance"),
];

/// What is known of a vehicle's health.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// Sensors it has switched on and calls unhealthy, of those it needs. None: it never said.
    pub sensors_unhealthy: Option<Vec<&'static str>>,
    /// Since how long one of those is unhealthy without a break; none while all are well.
    pub unhealthy_for: Option<Duration>,
    /// The same of those it can fly without.
    pub others_unhealthy: Vec<&'static str>,
    /// Voltage of each cell, V; empty where single cells are not told.
    pub cells_v: Vec<f64>,
    /// What is wrong with the battery, empty for nothing. None: it never said.
    pub battery_fault: Option<String>,
    /// System number of the ground station it listens to. None: not read.
    pub ground_station: Option<u8>,
}

/// Time since news of each kind; None before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsAges {
    /// SYS_STATUS.
    pub system: Option<Duration>,
    /// Charge and voltage, from SYS_STATUS or BATTERY_STATUS.
    pub battery: Option<Duration>,
    /// EKF_STATUS_REPORT or ESTIMATOR_STATUS.
    pub estimator: Option<Duration>,
    /// GPS_RAW_INT.
    pub gps: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
struct News {
    system: Option<Instant>,
    battery: Option<Instant>,
    estimator: Option<Instant>,
    gps: Option<Instant>,
}

/// Keeps a [`Health`] up to date.
#[derive(Debug, Clone, Default)]
pub(super) struct HealthFold {
    known: Health,
    news: News,
    unhealthy_since: Option<Instant>,
}

impl HealthFold {
    /// The picture and its age at `now`.
    pub fn snapshot(&self, now: Instant) -> (Health, NewsAges) {
        let age = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        let ages = NewsAges {
            system: age(self.news.system),
            battery: age(self.news.battery),
            estimator: age(self.news.estimator),
            gps: age(self.news.gps),
        };
        let health = Health {
            unhealthy_for: age(self.unhealthy_since),
            ..self.known.clone()
        };
        (health, ages)
    }

    /// Takes in a message of the autopilot.
    pub fn note(&mut self, message: &MavMessage, now: Instant) {
        match message {
            MavMessage::SYS_STATUS(data) => {
                self.news.system = Some(now);
                if data.battery_remaining >= 0 {
                    self.news.battery = Some(now);
                }
                self.note_sensors(data, now);
            }
            MavMessage::BATTERY_STATUS(data) if data.id == 0 => {
                self.news.battery = Some(now);
                self.note_battery(data);
            }
            MavMessage::EKF_STATUS_REPORT(_) | MavMessage::ESTIMATOR_STATUS(_) => {
                self.news.estimator = Some(now);
            }
            MavMessage::GPS_RAW_INT(_) => self.news.gps = Some(now),
            MavMessage::PARAM_VALUE(data) => {
                let named = data
                    .param_id
                    .to_str()
                    .is_ok_and(|name| GROUND_STATION_PARAMETERS.contains(&name));
                // ArduPilot carries integers as numbers; PX4 has no such parameter.
                let value = data.param_value;
                if named && (0.0..=255.0).contains(&value) && value.fract() == 0.0 {
                    self.known.ground_station = Some(value as u8);
                }
            }
            _others => {}
        }
    }

    /// A restart forgets everything but what is kept in its parameters.
    pub fn restart(&mut self) {
        let ground_station = self.known.ground_station;
        *self = Self::default();
        self.known.ground_station = ground_station;
    }

    fn note_sensors(&mut self, data: &SYS_STATUS_DATA, now: Instant) {
        let watched = data.onboard_control_sensors_present & data.onboard_control_sensors_enabled;
        if data.onboard_control_sensors_present.is_empty() {
            return;
        }
        let bad = watched & !data.onboard_control_sensors_health;
        let names = |table: &[(u32, &'static str)]| {
            let unhealthy =
                |(bit, _): &&(u32, &'static str)| bad.contains(MavSysStatusSensor::from_bits_retain(*bit));
            table.iter().filter(unhealthy).map(|(_, name)| *name).collect()
        };
        let needed: Vec<&str> = names(&NEEDED);
        self.unhealthy_since = match needed.is_empty() {
            true => None,
            false => self.unhealthy_since.or(Some(now)),
        };
        self.known.sensors_unhealthy = Some(needed);
        self.known.others_unhealthy = names(&OTHERS);
    }

    fn note_battery(&mut self, data: &BATTERY_STATUS_DATA) {
        let told = data.voltages.iter().copied().filter(|mv| *mv != u16::MAX);
        // In the extension a cell that is not told is 0.
        let more = data
            .voltages_ext
            .iter()
            .copied()
            .filter(|mv| !matches!(*mv, 0 | u16::MAX));
        let cells: Vec<f64> = told.chain(more).map(|mv| f64::from(mv) / 1e3).collect();
        let single = cells.len() > 1 && cells.iter().all(|volts| CELL_V.contains(volts));
        self.known.cells_v = if single { cells } else { Vec::new() };
        self.known.battery_fault = battery_fault(data);
    }
}

fn battery_fault(data: &BATTERY_STATUS_DATA) -> Option<String> {
    type Fault = MavBatteryFault;
    let mut faults: Vec<&str> = match data.charge_state {
        MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_FAILED => vec!["battery failed"],
        MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_UNHEALTHY => vec!["battery unhealthy"],
        MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_CRITICAL => vec!["charge critical"],
        MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_EMERGENCY => vec!["charge at emergency"],
        _usable => Vec::new(),
    };
    let bits = [
        (Fault::MAV_BATTERY_FAULT_DEEP_DISCHARGE, "deep discharge"),
        (Fault::MAV_BATTERY_FAULT_SPIKES, "voltage spikes"),
        (Fault::MAV_BATTERY_FAULT_CELL_FAIL, "cell failed"),
        (Fault::MAV_BATTERY_FAULT_OVER_CURRENT, "over-current"),
        (Fault::MAV_BATTERY_FAULT_OVER_TEMPERATURE, "too hot"),
        (Fault::MAV_BATTERY_FAULT_UNDER_TEMPERATURE, "too cold"),
        (Fault::MAV_BATTERY_FAULT_INCOMPATIBLE_VOLTAGE, "wrong voltage"),
        (Fault::MAV_BATTERY_FAULT_INCOMPATIBLE_FIRMWARE, "wrong firmware"),
        (
            Fault::BATTERY_FAULT_INCOMPATIBLE_CELLS_CONFIGURATION,
            "wrong number of cells",
        ),
    ];
    let said = |(bit, words): &(Fault, &'static str)| data.fault_bitmask.contains(*bit).then_some(*words);
    faults.extend(bits.iter().filter_map(said));
    let told = data.charge_state != MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_UNDEFINED
        || !data.fault_bitmask.is_empty();
    told.then(|| faults.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mavlink::dialects::ardupilotmega::PARAM_VALUE_DATA;

    fn told(message: MavMessage) -> Health {
        let (mut fold, now) = (HealthFold::default(), Instant::now());
        fold.note(&message, now);
        fold.snapshot(now).0
    }

    #[test]
    fn only_sensors_that_are_switched_on_can_be_unhealthy() {
        let bits = MavSysStatusSensor::from_bits_retain;
        let health = told(MavMessage::SYS_STATUS(SYS_STATUS_DATA {
            onboard_control_sensors_present: bits(1 | 4 | 8 | 1 << 16),
            onboard_control_sensors_enabled: bits(1 | 4 | 1 << 16),
            onboard_control_sensors_health: bits(1),
            ..Default::default()
        }));
        assert_eq!(health.sensors_unhealthy, Some(vec!["compass"]));
        assert_eq!(health.others_unhealthy, ["RC receiver"]);
        let silent = told(MavMessage::SYS_STATUS(SYS_STATUS_DATA {
            onboard_control_sensors_present: bits(0),
            ..Default::default()
        }));
        assert_eq!(silent.sensors_unhealthy, None);
        let (mut fold, start) = (HealthFold::default(), Instant::now());
        let mut at = |seconds: u64, health: u32| {
            let now = start + Duration::from_secs(seconds);
            let status = SYS_STATUS_DATA {
                onboard_control_sensors_present: bits(4),
                onboard_control_sensors_enabled: bits(4),
                onboard_control_sensors_health: bits(health),
                ..Default::default()
            };
            fold.note(&MavMessage::SYS_STATUS(status), now);
            fold.snapshot(now).0.unhealthy_for
        };
        let told = [at(0, 0), at(4, 0), at(5, 4), at(6, 0)].map(|age| age.map(|age| age.as_secs()));
        assert_eq!(told, [Some(0), Some(4), None, Some(0)]);
    }

    #[test]
    fn cells_are_told_from_the_voltage_of_a_whole_battery() {
        let battery = |first: &[u16]| {
            let mut voltages = [u16::MAX; 10];
            voltages[..first.len()].copy_from_slice(first);
            told(MavMessage::BATTERY_STATUS(BATTERY_STATUS_DATA {
                voltages,
                ..Default::default()
            }))
        };
        assert_eq!(battery(&[4100, 3400, 4090]).cells_v, [4.1, 3.4, 4.09]);
        assert!(battery(&[25_200]).cells_v.is_empty());
        // Above 65.5 V ArduPilot goes on in the second place.
        assert!(battery(&[65_534, 1200]).cells_v.is_empty());
    }

    #[test]
    fn a_battery_says_what_is_wrong_or_that_nothing_is_or_nothing() {
        let said = |charge_state, fault_bitmask| {
            told(MavMessage::BATTERY_STATUS(BATTERY_STATUS_DATA {
                charge_state,
                fault_bitmask,
                ..Default::default()
            }))
            .battery_fault
        };
        let none = MavBatteryFault::empty();
        let ok = MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_OK;
        let untold = MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_UNDEFINED;
        assert_eq!(said(untold, none), None);
        assert_eq!(said(ok, none).as_deref(), Some(""));
        let cell = MavBatteryFault::MAV_BATTERY_FAULT_CELL_FAIL;
        assert_eq!(said(untold, cell).as_deref(), Some("cell failed"));
    }

    #[test]
    fn the_ground_station_number_is_read_by_either_name() {
        for name in GROUND_STATION_PARAMETERS {
            let health = told(MavMessage::PARAM_VALUE(PARAM_VALUE_DATA {
                param_id: name.into(),
                param_value: 254.0,
                ..Default::default()
            }));
            assert_eq!(health.ground_station, Some(254), "{name}");
        }
    }

    #[test]
    fn news_grow_old_and_a_restart_forgets_them() {
        let (mut fold, start) = (HealthFold::default(), Instant::now());
        fold.note(&MavMessage::GPS_RAW_INT(Default::default()), start);
        let later = start + Duration::from_secs(7);
        assert_eq!(fold.snapshot(later).1.gps, Some(Duration::from_secs(7)));
        fold.restart();
        assert_eq!(fold.snapshot(later).1, NewsAges::default());
    }
}
