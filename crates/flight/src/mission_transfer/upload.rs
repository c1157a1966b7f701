//! The sending half of a mission transfer: the vehicle asks for item after item, we answer
//! (<https://mavlink.io/en/services/mission.html#uploading_mission>). Pure: messages and time go in, messages come out.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;

use super::message::{Conversation, End, Incoming, Outgoing, Setback, Step};
use super::pace::Pace;

/// The vehicle's first answer may take long: it erases its storage.
const FIRST_WAIT: Duration = Duration::from_millis(1500);
/// Fruitless repeats before the transfer is given up.
const MOST_REPEATS: u32 = 20;
/// So many fruitless repeats of an item, and the count is sent again: the vehicle may have dropped the transfer.
const START_OVER_EVERY: u32 = 7;
/// So many times a vehicle that says it is not taking a mission is told of it anew before it is believed.
const MOST_NEW_STARTS: u32 = 4;
/// Fruitless repeats of the last item before its acknowledgement is given up; reading back tells.
const LAST_ITEM_REPEATS: u32 = 5;

/// An upload of `length` items on its way.
#[derive(Debug)]
pub struct Upload {
    length: u16,
    pace: Pace,
    times_sent: Vec<u32>,
    last_sent: Option<u16>,
    sent: u32,
    retransmissions: u32,
    /// What the vehicle complained of, until it asks for something again.
    complaint: Option<MavMissionResult>,
    new_starts: u32,
    end: Option<End<bool>>,
}

impl Upload {
    /// Begins: the message to send first. Ends with whether the vehicle acknowledged the whole.
    pub fn start(length: u16, now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        let upload = Self {
            length,
            pace,
            times_sent: vec![0; usize::from(length)],
            last_sent: None,
            sent: 1,
            retransmissions: 0,
            complaint: None,
            new_starts: 0,
            end: None,
        };
        (upload, vec![Outgoing::Count(length)])
    }

    /// How it ended, once it did.
    pub fn end(&self) -> Option<&End<bool>> {
        self.end.as_ref()
    }

    fn answer(&mut self, number: u16, now: Duration) -> Vec<Outgoing> {
        if number >= self.length {
            return Vec::new();
        }
        self.complaint = None;
        let is_new = self.times_sent[usize::from(number)] == 0;
        let goes_on = self
            .last_sent
            .is_some_and(|last| number == last.saturating_add(1));
        if is_new {
            self.pace.answered(now);
        } else {
            self.retransmissions += 1;
        }
        // A vehicle that began anew asks for what it had: that is progress too.
        if is_new || goes_on {
            self.pace.ask(now);
        } else {
            self.pace.prolong(now);
        }
        self.send_item(number)
    }

    fn send_item(&mut self, number: u16) -> Vec<Outgoing> {
        self.times_sent[usize::from(number)] += 1;
        self.last_sent = Some(number);
        self.spend(Outgoing::Item(number))
    }

    /// A vehicle that asks for the same things for ever must not keep us here for ever.
    fn spend(&mut self, message: Outgoing) -> Vec<Outgoing> {
        self.sent += 1;
        if self.sent > 20 * u32::from(self.length) + 200 {
            self.end = Some(Err(Setback::GoesRound));
            return Vec::new();
        }
        vec![message]
    }

    fn judge(&mut self, result: MavMissionResult) {
        let last_times = self.times_sent.last().copied().unwrap_or(0);
        self.end = match result {
            // An acceptance before all was asked for belongs to something earlier.
            MavMissionResult::MAV_MISSION_ACCEPTED => self.is_whole().then_some(Ok(true)),
            // ArduPilot complains of every repeated item and goes on all the same.
            MavMissionResult::MAV_MISSION_INVALID_SEQUENCE => None,
            // The transfer was over at the other end when our repeated last item came: its acknowledgement was lost.
            _ if self.is_whole() && last_times > 1 => Some(Ok(false)),
            // "I am taking no mission": a late word of a transfer before this one, or a late copy of our own "clear"
            // has ended this one. Whether the vehicle goes on asking tells which; if not, it is told anew.
            MavMissionResult::MAV_MISSION_ERROR | MavMissionResult::MAV_MISSION_OPERATION_CANCELLED
                if self.new_starts < MOST_NEW_STARTS =>
            {
                self.complaint = Some(result);
                None
            }
            refusal => Some(Err(Setback::Refused {
                result: refusal,
                step: self.refused_step(),
            })),
        };
    }

    fn refused_step(&self) -> Step {
        self.last_sent.map_or(Step::Announce, Step::Item)
    }

    fn is_whole(&self) -> bool {
        self.times_sent.iter().all(|times| *times > 0)
    }
}

impl Conversation for Upload {
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
            Incoming::Request(number) => self.answer(*number, now),
            Incoming::Ack(result) => {
                self.judge(*result);
                Vec::new()
            }
            Incoming::Count(_) | Incoming::Item { .. } => Vec::new(),
        }
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        if self.complaint.take().is_some() {
            self.new_starts += 1;
            self.pace.ask_again(now);
            return self.spend(Outgoing::Count(self.length));
        }
        let repeats = self.pace.repeats();
        let whole = self.is_whole();
        if whole && repeats >= LAST_ITEM_REPEATS {
            self.end = Some(Ok(false));
            return Vec::new();
        }
        if repeats >= MOST_REPEATS {
            let step = self
                .last_sent
                .map_or(Step::Announce, |number| Step::Item(number.saturating_add(1)));
            self.end = Some(Err(Setback::Silent {
                step,
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        self.pace.ask_again(now);
        self.retransmissions += 1;
        match self.last_sent {
            Some(number) if whole || !(repeats + 1).is_multiple_of(START_OVER_EVERY) => {
                self.send_item(number)
            }
            _ => self.spend(Outgoing::Count(self.length)),
        }
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}
