//! The sending half of a mission transfer: the vehicle asks for item after item, we answer
//! (<https://mavlink.io/en/services/mission.html#uploading_mission>). Pure: messages and time go in, messages come out.
//!
//! On a line that loses, waiting for each request costs most of the time: the request may be what was lost. Then a few
//! items follow the one that was asked for (see [`Manners`]), and a request for any later one tells that all before it
//! have arrived.

use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;

use super::message::{Conversation, End, Incoming, Manners, Outgoing, Setback, Step};
use super::pace::Pace;

/// The vehicle's first answer may take long: it erases its storage.
const FIRST_WAIT: Duration = Duration::from_millis(1500);
/// Fruitless repeats before the transfer is given up.
const MOST_REPEATS: u32 = 20;
/// So many fruitless repeats of an item, and the count is sent again: the vehicle may have dropped the transfer…
const START_OVER_EVERY: u32 = 7;
/// … provided that it was silent for longer than either firmware waits (ArduPilot 8 s, PX4 5 s): told of a new
/// transfer while one is going on, ArduPilot begins anew.
const VEHICLE_GIVES_UP: Duration = Duration::from_secs(8);
/// So long without an item in between a vehicle that says it is not taking a mission is told of it anew before it is
/// believed: PX4 is busy for 5 s after a transfer that broke off, and on a line that has just become slow the
/// complaints of what was sent before keep coming.
const COMPLAINTS_BORNE: Duration = Duration::from_secs(30);
/// Complaints after so many repeats in a row are no late words.
const MEANT: u32 = 2;
/// Fruitless repeats of the last item before its acknowledgement is given up; reading back tells.
const LAST_ITEM_REPEATS: u32 = 5;

#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    times: u32,
    at: Duration,
}

/// An upload of `length` items on its way.
#[derive(Debug)]
pub struct Upload {
    length: u16,
    manners: Manners,
    pace: Pace,
    began_at: Duration,
    items: Vec<Sent>,
    /// The item that the vehicle waits for, by its last word: all before it are there.
    wanted: Option<u16>,
    /// The first item that has not been sent since the vehicle's last word or our last repeat.
    next: u16,
    /// Times that nothing came in time.
    waits_in_vain: u16,
    /// Copies of the count that are out.
    counts: u32,
    sent: u32,
    retransmissions: u32,
    heard_at: Duration,
    /// What the vehicle complained of, until it asks for something again.
    complaint: Option<MavMissionResult>,
    /// Waits in a row in which it complained.
    waits_with_complaint: u32,
    /// Since when it takes nothing and says so.
    refused_since: Option<Duration>,
    end: Option<End<bool>>,
}

impl Upload {
    /// Begins: the message to send first. Ends with whether the vehicle acknowledged the whole.
    pub fn start(length: u16, manners: Manners, now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        let upload = Self {
            length,
            manners,
            pace,
            began_at: now,
            items: vec![Sent::default(); usize::from(length)],
            wanted: None,
            next: 0,
            waits_in_vain: 0,
            counts: 1,
            sent: 1,
            retransmissions: 0,
            heard_at: now,
            complaint: None,
            waits_with_complaint: 0,
            refused_since: None,
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
        self.waits_with_complaint = 0;
        let before = self.wanted.replace(number);
        if before.is_none_or(|before| number > before) {
            self.measure(number, now);
            self.pace.ask(now);
            if number > 0 {
                self.refused_since = None;
            }
            // Those that went ahead are on their way already.
            self.next = self.next.max(number);
            return self.fill(now);
        }
        // Asked again: by the vehicle's own timer, by a copy on the line, or because it began anew.
        if before == Some(number) && !self.pace.is_due(self.items[usize::from(number)].at, now) {
            return Vec::new();
        }
        self.pace.prolong(now);
        self.next = number;
        let message = self.send_next(now);
        self.spend(vec![message])
    }

    /// A request for `number` answers the item before it, or the count.
    fn measure(&mut self, number: u16, now: Duration) {
        match number
            .checked_sub(1)
            .map(|before| self.items[usize::from(before)])
        {
            Some(Sent { times: 1, at }) => self.pace.measured(at, now),
            Some(_) => {}
            None if self.counts == 1 => self.pace.measured(self.began_at, now),
            None => {}
        }
    }

    /// Sends what may be on its way now.
    fn fill(&mut self, now: Duration) -> Vec<Outgoing> {
        let Some(wanted) = self.wanted else {
            return Vec::new();
        };
        let ahead = self.manners.ahead.min(self.waits_in_vain);
        let end = wanted.saturating_add(1).saturating_add(ahead).min(self.length);
        let mut messages = Vec::new();
        while self.next < end {
            messages.push(self.send_next(now));
        }
        self.spend(messages)
    }

    fn send_next(&mut self, now: Duration) -> Outgoing {
        let item = &mut self.items[usize::from(self.next)];
        self.retransmissions += u32::from(item.times > 0);
        item.times += 1;
        item.at = now;
        self.next += 1;
        Outgoing::Item(self.next - 1)
    }

    /// A vehicle that asks for the same things for ever must not keep us here for ever.
    fn spend(&mut self, messages: Vec<Outgoing>) -> Vec<Outgoing> {
        self.sent += messages.len() as u32;
        if self.sent > 20 * u32::from(self.length) + 200 {
            self.end = Some(Err(Setback::GoesRound));
            return Vec::new();
        }
        messages
    }

    fn judge(&mut self, result: MavMissionResult, now: Duration) -> Vec<Outgoing> {
        let last_times = self.items.last().map_or(0, |item| item.times);
        self.end = match result {
            // An acceptance before all was sent belongs to something earlier.
            MavMissionResult::MAV_MISSION_ACCEPTED => self.is_whole().then_some(Ok(true)),
            // ArduPilot complains of every item it does not wait for and goes on all the same.
            MavMissionResult::MAV_MISSION_INVALID_SEQUENCE => return self.go_back(now),
            // The transfer was over at the other end when our repeated last item came: its acknowledgement was lost.
            _ if self.is_whole() && last_times > 1 => Some(Ok(false)),
            // "I am taking no mission": a late word of a transfer before this one, or a late copy of our own "clear"
            // has ended this one. Whether the vehicle goes on asking, or complains of the next repeat too, tells which.
            MavMissionResult::MAV_MISSION_ERROR | MavMissionResult::MAV_MISSION_OPERATION_CANCELLED => {
                self.complaint = Some(result);
                None
            }
            refusal => Some(Err(Setback::Refused {
                result: refusal,
                step: self.step(),
            })),
        };
        Vec::new()
    }

    /// An item came that was not waited for. Where the awaited one went out once and long enough ago, it or its
    /// request was lost: no need to wait for the timer. Copies of our own make the same complaint, once is enough.
    fn go_back(&mut self, now: Duration) -> Vec<Outgoing> {
        let Some(wanted) = self.wanted.filter(|wanted| self.next > wanted.saturating_add(1)) else {
            return Vec::new();
        };
        let item = self.items[usize::from(wanted)];
        if item.times != 1 || !self.pace.is_due(item.at, now) {
            return Vec::new();
        }
        self.pace.prolong(now);
        self.next = wanted;
        self.fill(now)
    }

    fn step(&self) -> Step {
        self.wanted.map_or(Step::Announce, Step::Item)
    }

    fn is_whole(&self) -> bool {
        self.items.iter().all(|item| item.times > 0)
    }

    /// The vehicle takes nothing: it is told anew how many items come.
    fn start_anew(&mut self, result: MavMissionResult, now: Duration) -> Vec<Outgoing> {
        if now.saturating_sub(*self.refused_since.get_or_insert(now)) >= COMPLAINTS_BORNE {
            let step = self.step();
            self.end = Some(Err(Setback::Refused { result, step }));
            return Vec::new();
        }
        self.waits_with_complaint = 0;
        self.wanted = None;
        self.next = 0;
        self.count_again(now)
    }

    fn count_again(&mut self, now: Duration) -> Vec<Outgoing> {
        self.pace.ask_again(now);
        self.counts += 1;
        self.spend(vec![Outgoing::Count(self.length)])
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
        let messages = match message {
            Incoming::Request(number) => self.answer(*number, now),
            Incoming::Ack(result) => self.judge(*result, now),
            Incoming::Count(_) | Incoming::Item { .. } => return Vec::new(),
        };
        self.heard_at = now;
        messages
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        if let Some(result) = self.complaint.take() {
            self.waits_with_complaint += 1;
            if self.wanted.is_none() || self.waits_with_complaint >= MEANT {
                return self.start_anew(result, now);
            }
        }
        let repeats = self.pace.repeats();
        if self.is_whole() && repeats >= LAST_ITEM_REPEATS {
            self.end = Some(Ok(false));
            return Vec::new();
        }
        if repeats >= MOST_REPEATS {
            self.end = Some(Err(Setback::Silent {
                step: self.step(),
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        self.waits_in_vain = self.waits_in_vain.saturating_add(1);
        let is_silent = now.saturating_sub(self.heard_at) > VEHICLE_GIVES_UP;
        let starts_over = is_silent && (repeats + 1).is_multiple_of(START_OVER_EVERY) && !self.is_whole();
        match self.wanted {
            Some(wanted) if !starts_over => {
                self.pace.ask_again(now);
                self.next = wanted;
                self.fill(now)
            }
            _ => {
                self.retransmissions += 1;
                self.count_again(now)
            }
        }
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIP: Duration = Duration::from_millis(40);

    /// An upload of three items to a vehicle that answers every count with MAV_MISSION_ERROR until `busy_until`.
    fn to_a_busy_vehicle(busy_until: Duration) -> (Upload, Duration) {
        let mut now = Duration::ZERO;
        let (mut upload, mut said) = Upload::start(3, Manners::PX4, now);
        while !upload.is_over() {
            let answer = said.into_iter().next_back().map(|message| match message {
                Outgoing::Count(_) if now < busy_until => Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR),
                Outgoing::Item(2) => Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED),
                Outgoing::Item(number) => Incoming::Request(number + 1),
                _ => Incoming::Request(0),
            });
            said = match answer {
                Some(answer) => {
                    now += TRIP;
                    upload.take(&answer, now)
                }
                None => {
                    now = upload.deadline();
                    upload.timeout(now)
                }
            };
        }
        (upload, now)
    }

    #[test]
    fn a_vehicle_that_is_busy_for_a_while_gets_its_mission() {
        let (upload, took) = to_a_busy_vehicle(Duration::from_secs(12));
        assert_eq!(upload.end(), Some(&Ok(true)));
        assert!(took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn a_vehicle_that_never_takes_a_mission_is_believed_in_the_end() {
        let (upload, took) = to_a_busy_vehicle(Duration::MAX);
        assert!(
            matches!(upload.end(), Some(Err(Setback::Refused { .. }))),
            "{:?}",
            upload.end()
        );
        assert!(took < COMPLAINTS_BORNE + Duration::from_secs(10), "{took:?}");
    }
}
