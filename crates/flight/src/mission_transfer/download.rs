//! The receiving half of a mission transfer: we ask for item after item
//! (<https://mavlink.io/en/services/mission.html#download_mission>), and clearing. Pure: messages and time go in,
//! messages come out.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;
use schedule::mission::MissionItem;

use super::message::{Conversation, End, Incoming, Outgoing, Setback, Step};
use super::pace::Pace;

const FIRST_WAIT: Duration = Duration::from_millis(1500);
/// Fruitless repeats before the transfer is given up.
const MOST_REPEATS: u32 = 20;
/// Fruitless repeats of clearing.
const MOST_CLEAR_REPEATS: u32 = 8;
/// A refusal may be a late word about an earlier transfer; so many in a row are meant.
const MEANT: u32 = 3;

/// A download on its way.
#[derive(Debug)]
pub struct Download {
    pace: Pace,
    items: Option<Vec<Option<MissionItem>>>,
    refusals: u32,
    asked: u32,
    retransmissions: u32,
    end: Option<End<Vec<MissionItem>>>,
}

impl Download {
    /// Begins: the message to send first.
    pub fn start(now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        let download = Self {
            pace,
            items: None,
            refusals: 0,
            asked: 1,
            retransmissions: 0,
            end: None,
        };
        (download, vec![Outgoing::RequestList])
    }

    /// How it ended, once it did.
    pub fn end(&self) -> Option<&End<Vec<MissionItem>>> {
        self.end.as_ref()
    }

    fn begin(&mut self, length: u16, now: Duration) -> Vec<Outgoing> {
        let is_known = self
            .items
            .as_ref()
            .is_some_and(|items| items.len() == usize::from(length));
        if is_known {
            return Vec::new();
        }
        self.pace.answered(now);
        self.items = Some(vec![None; usize::from(length)]);
        self.next(now)
    }

    /// Only the item that was asked for counts: any other is a late word of an earlier transfer.
    fn keep(&mut self, number: u16, item: &MissionItem, now: Duration) -> Vec<Outgoing> {
        if self.wanted() != Some(number) {
            return Vec::new();
        }
        let place = self
            .items
            .as_mut()
            .and_then(|items| items.get_mut(usize::from(number)));
        if let Some(place) = place {
            *place = Some(item.clone());
        }
        self.pace.answered(now);
        self.next(now)
    }

    fn next(&mut self, now: Duration) -> Vec<Outgoing> {
        self.refusals = 0;
        self.asked += 1;
        let length = self.items.as_ref().map_or(0, Vec::len);
        if self.asked as usize > 20 * length + 200 {
            self.end = Some(Err(Setback::GoesRound));
            return Vec::new();
        }
        self.pace.ask(now);
        if let Some(number) = self.wanted() {
            return vec![Outgoing::Request(number)];
        }
        let items = self.items.take().unwrap_or_default();
        self.end = Some(Ok(items.into_iter().flatten().collect()));
        vec![Outgoing::Accept]
    }

    fn note_ack(&mut self, result: MavMissionResult) {
        if matches!(
            result,
            MavMissionResult::MAV_MISSION_ACCEPTED | MavMissionResult::MAV_MISSION_INVALID_SEQUENCE
        ) {
            return;
        }
        self.refusals += 1;
        if self.refusals >= MEANT {
            self.end = Some(Err(Setback::Refused {
                result,
                step: self.step(),
            }));
        }
    }

    fn wanted(&self) -> Option<u16> {
        let missing = self.items.as_ref()?.iter().position(Option::is_none)?;
        u16::try_from(missing).ok()
    }

    fn step(&self) -> Step {
        self.wanted().map_or(Step::Announce, Step::Item)
    }
}

impl Conversation for Download {
    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn deadline(&self) -> Duration {
        self.pace.deadline()
    }

    fn take(&mut self, message: &Incoming, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        match message {
            Incoming::Count(length) => self.begin(*length, now),
            Incoming::Item { number, item } => self.keep(*number, item, now),
            Incoming::Ack(result) => {
                self.note_ack(*result);
                Vec::new()
            }
            // A late word of an upload.
            Incoming::Request(_) => Vec::new(),
        }
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        let repeats = self.pace.repeats();
        if repeats >= MOST_REPEATS {
            self.end = Some(Err(Setback::Silent {
                step: self.step(),
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        self.pace.ask_again(now);
        self.retransmissions += 1;
        self.asked += 1;
        match self.wanted() {
            Some(number) => vec![Outgoing::Request(number)],
            None => vec![Outgoing::RequestList],
        }
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}

/// Clearing on its way.
#[derive(Debug)]
pub struct Clear {
    pace: Pace,
    retransmissions: u32,
    end: Option<End<()>>,
}

impl Clear {
    /// Begins: the message to send first.
    pub fn start(now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        (
            Self {
                pace,
                retransmissions: 0,
                end: None,
            },
            vec![Outgoing::Clear],
        )
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
        match result {
            MavMissionResult::MAV_MISSION_ACCEPTED => self.end = Some(Ok(())),
            MavMissionResult::MAV_MISSION_INVALID_SEQUENCE
            | MavMissionResult::MAV_MISSION_OPERATION_CANCELLED => {}
            refusal => {
                self.end = Some(Err(Setback::Refused {
                    result: *refusal,
                    step: Step::Clear,
                }))
            }
        }
        Vec::new()
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        let repeats = self.pace.repeats();
        if repeats >= MOST_CLEAR_REPEATS {
            self.end = Some(Err(Setback::Silent {
                step: Step::Clear,
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        self.pace.ask_again(now);
        self.retransmissions += 1;
        vec![Outgoing::Clear]
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}
