//! What a flight is asked to be: the mission, what must hold before it, and how long each part may take.

use std::time::Duration;

use schedule::mission::{Fence, MissionItem, RallyPoint};
use schedule::photo_ledger::SortieId;
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

use super::event::Instruction;
use super::laid::Laid;
use crate::policy::FailsafePolicy;

/// What is done about what the vehicle does by itself on a lost link or a low battery.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PolicyOrder {
    /// Nothing; it is not even read.
    #[default]
    Leave,
    /// It is read and told.
    Read,
    /// It is made so and read back.
    Keep {
        /// As it has to be.
        policy: FailsafePolicy,
        /// Whether the flight is refused otherwise.
        required: bool,
    },
}

/// One flight.
#[derive(Clone, Debug, PartialEq)]
pub struct FlightOrder {
    /// The sortie it is flown for.
    pub sortie_id: SortieId,
    /// The mission, without home at 0.
    pub items: Vec<MissionItem>,
    /// Where it may be. Empty: the vehicle keeps the fence it has, and the mission has to stay within it.
    pub fence: Fence,
    /// Where a return may lead instead of home. Empty: the vehicle keeps the points it has, if they do not take the
    /// return at the end of the mission.
    pub rally: Vec<RallyPoint>,
    /// What an earlier flight, or an earlier run of this one, laid on this vehicle and did not take back.
    pub owed: Option<Laid>,
    /// How long each part may take.
    pub deadlines: Deadlines,
    /// Where the vehicle must stand before it may arm, and how far from it, m. None: anywhere.
    pub home_expected: Option<(Wgs84, f64)>,
    /// Where it lands when the dock cannot take it. None: it lands at home all the same, and a step says so.
    pub alternate: Option<Wgs84>,
    /// Least battery before arming, percent. A vehicle that does not tell its battery is then refused.
    pub min_battery_percent: Option<f64>,
    /// What the vehicle has to do by itself.
    pub policy: PolicyOrder,
    /// When an earlier run of the program saw it take off. Read by `resume` alone: a vehicle found on the ground
    /// has landed if this is set, and never took off if it is not.
    pub launched_at: Option<UtcMicros>,
    /// How long a person may hold it in the air.
    pub pause: PauseLimits,
    /// What an earlier run of the program was told last and had not brought to its end. Read by `resume` alone.
    pub standing: Option<Standing>,
}

/// How long a person may hold a vehicle in the air. Then it comes home by itself and says so.
#[derive(Clone, Debug, PartialEq)]
pub struct PauseLimits {
    /// The longest pause. Vehicle time.
    pub longest: Duration,
    /// Least battery while it is paused, percent.
    pub battery_percent: f64,
}

impl Default for PauseLimits {
    fn default() -> Self {
        Self {
            longest: Duration::from_secs(600),
            battery_percent: 30.0,
        }
    }
}

/// An instruction that was given before this run of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// What.
    pub instruction: Instruction,
    /// For how long it holds already, vehicle time.
    pub for_so_long: Duration,
}

impl FlightOrder {
    /// An order with default deadlines and nothing demanded of home, battery or an alternate.
    #[must_use]
    pub fn new(sortie_id: SortieId, items: Vec<MissionItem>) -> Self {
        Self {
            sortie_id,
            items,
            fence: Fence::default(),
            rally: Vec::new(),
            owed: None,
            deadlines: Deadlines::default(),
            home_expected: None,
            alternate: None,
            min_battery_percent: None,
            policy: PolicyOrder::Leave,
            launched_at: None,
            pause: PauseLimits::default(),
            standing: None,
        }
    }
}

/// How long each part of a flight may take.
///
/// Two clocks: **wall** is ours and never scaled, for everything that depends on the network or on people.
/// **Vehicle** is the vehicle's own time since boot, which in a time-lapse runs faster than ours; where it is not
/// heard, the wall clock times its last measured speed. No wait in vehicle time ends before one second of wall
/// time has passed, so that a fast time-lapse leaves room for a round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// First HEARTBEAT. Wall.
    pub heartbeat: Duration,
    /// Listening for a second vehicle under the same number before anything is sent. Vehicle.
    pub listen: Duration,
    /// AUTOPILOT_VERSION, which is asked for and not required. Wall.
    pub identify: Duration,
    /// Position estimate in use and home known; also how long arming is tried again while the reason the
    /// vehicle gives is one that passes. Vehicle.
    pub ready: Duration,
    /// The caller's answer whether it may arm; no answer refuses. Wall.
    pub gate_arming: Duration,
    /// The caller's answer whether the dock can take it; no answer is "no". Wall.
    pub gate_landing: Duration,
    /// A change of mode before take-off: autopilots do it at once, so that only the line takes time. Wall.
    pub mode: Duration,
    /// The armed flag after the command to arm. Vehicle.
    pub arm: Duration,
    /// In the air after the start. Longer than the vehicle's own disarm delay (ArduCopter: 10 s). Vehicle.
    pub takeoff: Duration,
    /// Least distance of two track points. Vehicle.
    pub track: Duration,
    /// No progress of the mission and no movement, on top of the longest wait the mission itself asks for. Then
    /// it is called home. Vehicle.
    pub no_progress: Duration,
    /// An instruction in the air must show by mode and movement. Then it is given again, or another way. Vehicle.
    pub effect: Duration,
    /// Nothing heard for so long is a lost link. Wall.
    pub silence: Duration,
    /// A lost link in the air for so long ends the flight as failed. Vehicle.
    pub lost_for_good: Duration,
    /// From the way home to the ground. Then it is told to land where it is, and has as long again. Vehicle.
    pub landing: Duration,
    /// From the ground to disarmed. Then it is told to disarm, and has as long again. Vehicle.
    pub disarm: Duration,
    /// Asking again for reports of exposures that are missing. Wall.
    pub captures: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(10),
            listen: Duration::from_millis(2500),
            identify: Duration::from_secs(3),
            ready: Duration::from_secs(180),
            gate_arming: Duration::from_secs(90),
            gate_landing: Duration::from_secs(60),
            mode: Duration::from_secs(6),
            arm: Duration::from_secs(5),
            takeoff: Duration::from_secs(30),
            track: Duration::from_millis(500),
            no_progress: Duration::from_secs(120),
            effect: Duration::from_secs(8),
            silence: Duration::from_secs(5),
            lost_for_good: Duration::from_secs(40 * 60),
            landing: Duration::from_secs(10 * 60),
            disarm: Duration::from_secs(45),
            captures: Duration::from_secs(6),
        }
    }
}

impl Deadlines {
    /// The longest the vehicle may stand still without it being a fault: the longest single wait the mission
    /// asks for (hold at a waypoint, loiter, delay; parameter 1, s), and `no_progress` on top.
    #[must_use]
    pub fn stillness(&self, items: &[MissionItem]) -> Duration {
        const WAYPOINT: u16 = 16;
        const LOITER_TIME: u16 = 19;
        const DELAY: u16 = 93;
        const CONDITION_DELAY: u16 = 112;
        let waits = [WAYPOINT, LOITER_TIME, DELAY, CONDITION_DELAY];
        let longest_s = items
            .iter()
            .filter(|item| waits.contains(&item.command))
            .map(|item| item.params[0])
            .filter(|wait_s| wait_s.is_finite() && *wait_s > 0.0)
            .fold(0.0_f32, f32::max);
        self.no_progress + Duration::from_secs_f32(longest_s.min(3600.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mission_that_waits_is_given_the_time() {
        let item = |command, wait_s| MissionItem {
            frame: 3,
            command,
            params: [wait_s, 0.0, 0.0, 0.0],
            x: 0,
            y: 0,
            z: 0.0,
            auto_continue: true,
        };
        let deadlines = Deadlines::default();
        let plain = deadlines.no_progress;
        assert_eq!(deadlines.stillness(&[item(22, 15.0), item(16, 0.0)]), plain);
        let patient = [item(16, 30.0), item(19, 90.0), item(16, f32::NAN)];
        assert_eq!(deadlines.stillness(&patient), plain + Duration::from_secs(90));
    }
}
