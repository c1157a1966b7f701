//! Taking everything of one kind off a vehicle. Pure: messages and time go in, messages come out.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;

use super::message::{Conversation, End, Incoming, Outgoing, Setback, Step};
use super::pace::Pace;

const FIRST_WAIT: Duration = Duration::from_millis(1500);
/// Fruitless repeats.
const MOST_REPEATS: u32 = 8;
/// ArduPilot refuses while an upload that broke off is still open, for 8 s; so many refusals in a row outlast that.
const MEANT: u32 = 6;

/// Clearing on its way.
#[derive(Debug)]
pub struct Clear {
    pace: Pace,
    refusals: u32,
    has_refused: bool,
    retransmissions: u32,
    end: Option<End<()>>,
}

impl Clear {
    /// Begins: the message to send first.
    pub fn start(now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        let clear = Self {
            pace,
            refusals: 0,
            has_refused: false,
            retransmissions: 0,
            end: None,
        };
        (clear, vec![Outgoing::Clear])
    }

    /// How it ended, once it did.
    pub fn end(&self) -> Option<&End<()>> {
        self.end.as_ref()
    }
}

impl Conversation for Clear {
    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn deadline(&self) -> Duration {
        self.pace.deadline()
    }

    fn take(&mut self, message: &Incoming, _now: Duration) -> Vec<Outgoing> {
        let Incoming::Ack(result) = message else {
            return Vec::new();
        };
        let refusal = Setback::Refused {
            result: *result,
            step: Step::Clear,
        };
        match result {
            MavMissionResult::MAV_MISSION_ACCEPTED => self.end = Some(Ok(())),
            MavMissionResult::MAV_MISSION_INVALID_SEQUENCE
            | MavMissionResult::MAV_MISSION_OPERATION_CANCELLED => {}
            // Copies of one refusal count once.
            MavMissionResult::MAV_MISSION_ERROR | MavMissionResult::MAV_MISSION_DENIED => {
                self.refusals += u32::from(!std::mem::replace(&mut self.has_refused, true));
                if self.refusals >= MEANT {
                    self.end = Some(Err(refusal));
                }
            }
            _other => self.end = Some(Err(refusal)),
        }
        Vec::new()
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        let repeats = self.pace.repeats();
        if repeats >= MOST_REPEATS {
            self.end = Some(Err(Setback::Silent {
                step: Step::Clear,
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        self.has_refused = false;
        self.pace.ask_again(now);
        self.retransmissions += 1;
        vec![Outgoing::Clear]
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}
