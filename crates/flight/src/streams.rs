//! Which messages we want of a vehicle, and asking for those that do not come. ArduPilot does not send
//! EXTENDED_SYS_STATE by itself, and a vehicle that started again has forgotten what it was asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{COMMAND_LONG_DATA, MavCmd, MavMessage};

use crate::telemetry::Autopilot;

/// Asked at most so many at once.
const AT_ONCE: usize = 3;
/// Time between two questions for one message at first; doubled each time up to [`RARELY`].
const AGAIN: Duration = Duration::from_secs(2);
const RARELY: Duration = Duration::from_secs(60);
/// A wanted message that is so much late does not come.
const LATE: Duration = Duration::from_secs(4);

/// (message number, interval in ms) for every vehicle.
const ALWAYS: [(u32, u32); 10] = [
    (1, 1000),   // SYS_STATUS
    (2, 1000),   // SYSTEM_TIME
    (24, 1000),  // GPS_RAW_INT
    (30, 500),   // ATTITUDE
    (33, 250),   // GLOBAL_POSITION_INT
    (42, 1000),  // MISSION_CURRENT
    (74, 500),   // VFR_HUD
    (147, 2000), // BATTERY_STATUS
    (242, 2000), // HOME_POSITION
    (245, 500),  // EXTENDED_SYS_STATE
];
/// EKF_STATUS_REPORT, WIND.
const ARDUPILOT: [(u32, u32); 2] = [(193, 1000), (168, 1000)];
/// ESTIMATOR_STATUS, WIND_COV.
const PX4: [(u32, u32); 2] = [(230, 1000), (231, 1000)];

#[derive(Debug)]
struct Wish {
    heard_at: Option<Instant>,
    ask_at: Instant,
    patience: Duration,
}

/// Follows what comes and asks for the rest.
#[derive(Debug, Default)]
pub(crate) struct StreamWishes {
    wishes: BTreeMap<u32, Wish>,
    heard: BTreeMap<u32, Instant>,
}

impl StreamWishes {
    /// A message of this number came from the autopilot.
    pub(crate) fn note(&mut self, message_id: u32, now: Instant) {
        match self.wishes.get_mut(&message_id) {
            Some(wish) => {
                wish.heard_at = Some(now);
                wish.patience = AGAIN;
            }
            None => {
                self.heard.insert(message_id, now);
            }
        }
    }

    /// The vehicle started again: ask for everything that does not come by itself, without waiting long.
    pub(crate) fn restart(&mut self) {
        self.wishes.clear();
        self.heard.clear();
    }

    /// What to ask now.
    pub(crate) fn due(&mut self, system_id: u8, autopilot: Autopilot, now: Instant) -> Vec<MavMessage> {
        let own: &[(u32, u32)] = match autopilot {
            Autopilot::Unknown => return Vec::new(),
            Autopilot::ArduPilot => &ARDUPILOT,
            Autopilot::Px4 => &PX4,
            Autopilot::Other => &[],
        };
        let mut questions = Vec::new();
        for (message_id, interval_ms) in ALWAYS.iter().chain(own) {
            let heard = self.heard.get(message_id).copied();
            let wish = self.wishes.entry(*message_id).or_insert(Wish {
                heard_at: heard,
                ask_at: now + AGAIN,
                patience: AGAIN,
            });
            let comes = wish
                .heard_at
                .is_some_and(|at| now.saturating_duration_since(at) < LATE);
            if comes || now < wish.ask_at || questions.len() >= AT_ONCE {
                continue;
            }
            wish.ask_at = now + wish.patience;
            wish.patience = (wish.patience * 2).min(RARELY);
            questions.push(question(system_id, *message_id, *interval_ms));
        }
        questions
    }
}

/// MAV_CMD_SET_MESSAGE_INTERVAL: parameter 1 the message, parameter 2 µs.
fn question(system_id: u8, message_id: u32, interval_ms: u32) -> MavMessage {
    MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
        command: MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL,
        param1: message_id as f32,
        param2: interval_ms as f32 * 1000.0,
        target_system: system_id,
        target_component: 1,
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(messages: &[MavMessage]) -> Vec<u32> {
        let number = |message: &MavMessage| match message {
            MavMessage::COMMAND_LONG(data) => data.param1 as u32,
            other => panic!("{other:?}"),
        };
        messages.iter().map(number).collect()
    }

    #[test]
    fn only_what_does_not_come_is_asked_for_and_ever_more_rarely() {
        let (mut wishes, start) = (StreamWishes::default(), Instant::now());
        assert!(wishes.due(1, Autopilot::ArduPilot, start).is_empty());
        let mut counts = BTreeMap::new();
        for second in 1..200 {
            let now = start + Duration::from_secs(second);
            for (id, _) in ALWAYS.iter().chain(&ARDUPILOT).filter(|(id, _)| *id != 245) {
                wishes.note(*id, now);
            }
            for id in asked(&wishes.due(1, Autopilot::ArduPilot, now)) {
                *counts.entry(id).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), 1);
        assert!((5..12).contains(&counts[&245]), "{counts:?}");
    }

    #[test]
    fn nothing_is_asked_of_an_unknown_vehicle_and_few_at_once() {
        let (mut wishes, start) = (StreamWishes::default(), Instant::now());
        assert!(wishes.due(1, Autopilot::Unknown, start).is_empty());
        wishes.due(1, Autopilot::Px4, start);
        let later = start + Duration::from_secs(5);
        assert_eq!(wishes.due(1, Autopilot::Px4, later).len(), AT_ONCE);
    }
}
