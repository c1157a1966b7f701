//! What goes wrong on each day, by a seeded die: faults per dock, kills of the service, a ground stop.

use survey::time::UtcMicros;

/// First simulated day: Monday 2026-03-02, 10:00 in Shanghai, the minute of the wave.
const FIRST_WAVE: UtcMicros = UtcMicros(1_772_416_800_000_000);
const DAY_US: i64 = 86_400_000_000;

/// One simulated day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPlan {
    /// From 0.
    pub number: u32,
    /// When its wave is due.
    pub wave_at: UtcMicros,
    /// Faults by dock, `D01` and on; none for a dock without.
    pub faults: Vec<Vec<String>>,
    /// Moments at which the service is killed with SIGKILL, as shares of the wave.
    pub kills: Vec<f64>,
    /// When the broker is killed and started again, as a share of the wave; where the broker is a process of its own.
    pub broker_restart: Option<f64>,
    /// When everyone is called home, as a share of the wave.
    pub ground_stop: Option<f64>,
}

/// How a fault's value is drawn.
#[derive(Debug, Clone, Copy)]
enum Value {
    None,
    /// A share between the two.
    Share(f64, f64),
    /// A whole number between the two.
    Whole(u32, u32),
    /// Always this.
    Text(&'static str),
}

/// Faults that leave the flight possible, and those that should end it. Values are chosen so that a day ends: what is
/// told in milliseconds of the wall clock is many times longer for a vehicle in time-lapse.
const MENU: &[(&str, Value)] = &[
    ("drop", Value::Share(0.03, 0.2)),
    ("drop_out", Value::Share(0.05, 0.25)),
    ("drop_in", Value::Share(0.05, 0.25)),
    ("delay", Value::Whole(5, 25)),
    ("jitter", Value::Whole(5, 20)),
    ("duplicate", Value::Share(0.02, 0.2)),
    ("reorder", Value::Share(0.02, 0.1)),
    ("foreign_heartbeat", Value::None),
    ("lose_first_ack", Value::None),
    ("lose_final_ack", Value::None),
    ("wrong_sequence", Value::None),
    ("ack_before_items", Value::None),
    ("request_storm", Value::None),
    ("ignore_command", Value::Text("MISSION_START")),
    ("late", Value::Whole(10, 60)),
    ("refuse_arming", Value::None),
    ("refuse_upload", Value::None),
    ("silent", Value::None),
    ("no_takeoff", Value::None),
    ("altered_item", Value::Whole(1, 5)),
    ("new_parameter_names", Value::None),
    ("stubborn_parameters", Value::None),
    ("asks_authorisation", Value::None),
    ("events_only", Value::None),
    ("reboot_at", Value::Whole(20, 90)),
    ("late_gps", Value::Whole(60, 180)),
    ("prearm_lies", Value::Whole(60, 150)),
    ("auto_disarm", Value::Whole(15, 25)),
    ("low_battery", Value::Whole(10, 45)),
    ("battery_sag_at", Value::Whole(10, 90)),
    ("gust_at", Value::Whole(10, 90)),
    ("strays_at", Value::Whole(10, 90)),
    ("gps_jump", Value::Whole(3, 8)),
    ("clock_off", Value::Whole(1, 7200)),
    ("clock_jump_at", Value::Text("45,1800")),
    ("clock_jump_at", Value::Text("45,-1800")),
    ("misfire", Value::Whole(2, 6)),
    ("silent_capture", Value::Whole(2, 6)),
    ("feedback_without_photo", Value::Whole(2, 6)),
    ("zero_position", Value::Whole(2, 6)),
    ("double_feedback", Value::Whole(1, 5)),
    ("feedback_pin", Value::None),
    ("old_camera", Value::None),
    ("photo_lost", Value::Whole(3, 8)),
    ("photo_half", Value::Whole(2, 6)),
    ("photo_twice", Value::Whole(2, 6)),
    ("photo_corrupt", Value::Whole(2, 6)),
    ("uploads_slow", Value::None),
    ("lid_stuck", Value::None),
    ("lid_stuck_on_return", Value::None),
    ("lid_half", Value::None),
    ("slow_lid", Value::None),
    ("dock_offline", Value::Whole(0, 30)),
    ("dock_offline_in_flight", Value::Whole(10, 90)),
    ("wind", Value::Whole(12, 20)),
    ("rain", Value::Whole(2, 3)),
    ("emergency_stop", Value::None),
    ("no_vehicle", Value::None),
    ("dock_mute", Value::None),
];

/// A vehicle whose radio is dead in the air is waited for 40 vehicle minutes; that is drawn more rarely.
const LONG_ENDING: (&str, Value) = ("lost_link_at", Value::Whole(30, 100));
const LONG_ENDING_SHARE: f64 = 0.01;

impl DayPlan {
    /// The day of that number; the same seed gives the same day.
    pub fn of(seed: u64, number: u32, docks: u16) -> Self {
        let mut dice = Dice(seed ^ u64::from(number).wrapping_mul(0xA24B_AED4_963E_E407));
        let faults = (0..docks).map(|_| faults_of_one(&mut dice)).collect();
        let mut kills: Vec<f64> = match dice.unit() {
            luck if luck < 0.4 => Vec::new(),
            luck if luck < 0.8 => vec![dice.unit()],
            _ => (0..3).map(|_| dice.unit()).collect(),
        };
        kills.sort_by(f64::total_cmp);
        let broker_restart = (dice.unit() < 0.3).then(|| dice.unit());
        let ground_stop = (dice.unit() < 0.1).then(|| dice.unit());
        Self {
            number,
            wave_at: UtcMicros(FIRST_WAVE.0 + i64::from(number) * DAY_US),
            faults,
            kills,
            broker_restart,
            ground_stop,
        }
    }

    /// Whether a dock has a fault of that name.
    pub fn has(&self, dock: usize, fault: &str) -> bool {
        let named = |text: &String| text.split('=').next() == Some(fault);
        self.faults
            .get(dock)
            .is_some_and(|faults| faults.iter().any(named))
    }

    /// Faults of all docks.
    pub fn fault_count(&self) -> usize {
        self.faults.iter().map(Vec::len).sum()
    }
}

/// None to three faults, each of another kind.
fn faults_of_one(dice: &mut Dice) -> Vec<String> {
    let count = match dice.unit() {
        luck if luck < 0.25 => 0,
        luck if luck < 0.70 => 1,
        luck if luck < 0.92 => 2,
        _ => 3,
    };
    let mut chosen: Vec<(&str, Value)> = Vec::new();
    while chosen.len() < count {
        let fault = match dice.unit() < LONG_ENDING_SHARE {
            true => LONG_ENDING,
            false => MENU[dice.below(MENU.len())],
        };
        if chosen.iter().all(|(name, _)| *name != fault.0) {
            chosen.push(fault);
        }
    }
    chosen.into_iter().map(|fault| text_of(fault, dice)).collect()
}

fn text_of((name, value): (&str, Value), dice: &mut Dice) -> String {
    match value {
        Value::None => name.to_owned(),
        Value::Share(low, high) => format!("{name}={:.2}", low + (high - low) * dice.unit()),
        Value::Whole(low, high) => format!("{name}={}", low + dice.below((high - low + 1) as usize) as u32),
        Value::Text(text) => format!("{name}={text}"),
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.bits() % count.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use simulator::fleet::{FAULT_CATALOGUE, FaultSet};

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_days_and_days_differ() {
        assert_eq!(DayPlan::of(5, 2, 8), DayPlan::of(5, 2, 8));
        assert_ne!(DayPlan::of(5, 2, 8).faults, DayPlan::of(5, 3, 8).faults);
        assert_ne!(DayPlan::of(5, 2, 8).faults, DayPlan::of(6, 2, 8).faults);
    }

    #[test]
    fn every_drawn_fault_is_one_the_simulator_knows() {
        for day in 0..300 {
            for faults in DayPlan::of(1, day, 16).faults {
                let mut set = FaultSet::default();
                for fault in &faults {
                    set.add(fault).unwrap();
                }
            }
        }
    }

    #[test]
    fn every_fault_of_the_catalogue_is_drawn_some_day() {
        // Two vehicles under one number on ports of their own are two vehicles, and a vehicle with a key wants a key file;
        // the tests of `flight` have them.
        let left_out = ["same_system_id", "signing_key", "signing_ignored_setup"];
        let days: Vec<DayPlan> = (0..2000).map(|day| DayPlan::of(1, day, 8)).collect();
        for (name, ..) in FAULT_CATALOGUE.iter().flat_map(|(_, faults)| *faults) {
            let drawn = days.iter().any(|day| (0..8).any(|dock| day.has(dock, name)));
            // Docks of the Cloud API are not part of the soak.
            let wanted = !left_out.contains(name) && !name.starts_with("dji_");
            assert_eq!(drawn, wanted, "{name}");
        }
    }
}
