//! The receiving half of a mission transfer: we ask for item after item
//! (<https://mavlink.io/en/services/mission.html#download_mission>). Pure: messages and time go in, messages come out.
//!
//! Where the vehicle hands out any item at any time, a few are asked for at once (see [`Manners`]).

use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;
use schedule::mission::MissionItem;

use super::message::{Conversation, End, Incoming, Manners, Outgoing, Setback, Step};
use super::pace::Pace;

const FIRST_WAIT: Duration = Duration::from_millis(1500);
/// Fruitless repeats before the transfer is given up.
const MOST_REPEATS: u32 = 20;
/// A refusal may be a late word about an earlier transfer; so many in a row are meant.
const MEANT: u32 = 3;
/// Times the list is asked for anew because the vehicle broke off handing out its items.
const MOST_NEW_STARTS: u32 = 8;
/// Silent for so long, PX4 has broken off: it waits 5 s for a request, and our requests may have been lost as well.
const VEHICLE_GAVE_UP: Duration = Duration::from_secs(9);
/// Where the vehicle broke off, a late copy of a request came after the next one: from then on the next one waits,
/// longer with every time, so that copies have come before it goes out.
const PAUSE: Duration = Duration::from_millis(60);
/// Answers that may overtake each other before the one that is missing counts as lost.
const OVERTAKING: u32 = 1;

/// An item of the vehicle's list.
#[derive(Debug, Clone, Default)]
struct Place {
    item: Option<MissionItem>,
    /// How often it was asked for.
    times: u32,
    asked_at: Duration,
    /// Running number of the last request for it.
    order: u32,
}

impl Place {
    fn is_out(&self) -> bool {
        self.times > 0 && self.item.is_none()
    }
}

/// A download on its way.
#[derive(Debug)]
pub struct Download {
    manners: Manners,
    pace: Pace,
    began_at: Duration,
    heard_at: Duration,
    lists_asked: u32,
    list: Option<Vec<Place>>,
    refusals: u32,
    new_starts: u32,
    /// The next request waits for this.
    paused_until: Option<Duration>,
    asked: u32,
    retransmissions: u32,
    end: Option<End<Vec<MissionItem>>>,
}

impl Download {
    /// Begins: the message to send first.
    pub fn start(manners: Manners, now: Duration) -> (Self, Vec<Outgoing>) {
        let mut pace = Pace::new(FIRST_WAIT);
        pace.ask(now);
        let download = Self {
            manners,
            pace,
            began_at: now,
            heard_at: now,
            lists_asked: 1,
            list: None,
            refusals: 0,
            new_starts: 0,
            paused_until: None,
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
        let length = usize::from(length);
        if self.list.as_ref().is_some_and(|list| list.len() == length) {
            return Vec::new();
        }
        if self.lists_asked == 1 {
            self.pace.measured(self.began_at, now);
        }
        self.list = Some(vec![Place::default(); length]);
        self.go_on(now)
    }

    /// Only an item that was asked for counts: any other is a late word of an earlier transfer.
    fn keep(&mut self, number: u16, item: &MissionItem, now: Duration) -> Vec<Outgoing> {
        let place = self
            .list
            .as_mut()
            .and_then(|list| list.get_mut(usize::from(number)))
            .filter(|place| place.is_out());
        let Some(place) = place else {
            return Vec::new();
        };
        place.item = Some(item.clone());
        let (times, asked_at, order) = (place.times, place.asked_at, place.order);
        if times == 1 {
            self.pace.measured(asked_at, now);
        }
        self.refusals = 0;
        let overtaken = |place: &Place| place.is_out() && place.order.saturating_add(OVERTAKING) < order;
        let mut messages = self.ask_again_for(overtaken, now);
        if self.new_starts > 0 && self.is_incomplete() {
            self.paused_until = Some(now + PAUSE * self.new_starts);
        } else {
            messages.extend(self.go_on(now));
        }
        messages
    }

    fn is_incomplete(&self) -> bool {
        let places = self.list.as_deref().unwrap_or_default();
        places.iter().any(|place| place.item.is_none())
    }

    /// Asks for as many further items as may be asked for at once, or ends.
    fn go_on(&mut self, now: Duration) -> Vec<Outgoing> {
        self.pace.ask(now);
        let window = usize::from(self.manners.window);
        if !self.is_incomplete() {
            let items = self.list.take().unwrap_or_default();
            self.end = Some(Ok(items.into_iter().filter_map(|place| place.item).collect()));
            return vec![Outgoing::Accept];
        }
        let places = self.list.as_deref().unwrap_or_default();
        let out = places.iter().filter(|place| place.is_out()).count();
        let mut room = window.saturating_sub(out);
        self.ask_for(
            |place| {
                let asks = place.times == 0 && room > 0;
                room -= usize::from(asks);
                asks
            },
            now,
        )
    }

    fn ask_again_for(&mut self, wanted: impl FnMut(&Place) -> bool, now: Duration) -> Vec<Outgoing> {
        let messages = self.ask_for(wanted, now);
        self.retransmissions += messages.len() as u32;
        messages
    }

    fn ask_for(&mut self, mut wanted: impl FnMut(&Place) -> bool, now: Duration) -> Vec<Outgoing> {
        let places = self.list.as_deref_mut().unwrap_or_default();
        let limit = 20 * places.len() + 200 * (1 + self.new_starts as usize);
        let mut messages = Vec::new();
        for (place, number) in places.iter_mut().zip(0..=u16::MAX) {
            if wanted(place) {
                self.asked += 1;
                place.times += 1;
                place.asked_at = now;
                place.order = self.asked;
                messages.push(Outgoing::Request(number));
            }
        }
        if self.asked as usize > limit {
            self.end = Some(Err(Setback::GoesRound));
            return Vec::new();
        }
        messages
    }

    fn note_ack(&mut self, result: MavMissionResult, now: Duration) -> Vec<Outgoing> {
        let in_order_only = self.manners.window == 1 && self.list.is_some();
        match result {
            MavMissionResult::MAV_MISSION_ACCEPTED | MavMissionResult::MAV_MISSION_INVALID_SEQUENCE => {
                return Vec::new();
            }
            // PX4 breaks off when a late copy of a request comes out of order, and hands out no more.
            MavMissionResult::MAV_MISSION_ERROR if in_order_only && self.new_starts < MOST_NEW_STARTS => {
                return self.start_over(now);
            }
            _ => {}
        }
        self.refusals += 1;
        if self.refusals >= MEANT {
            self.end = Some(Err(Setback::Refused {
                result,
                step: self.step(),
            }));
        }
        Vec::new()
    }

    fn start_over(&mut self, now: Duration) -> Vec<Outgoing> {
        self.new_starts += 1;
        self.paused_until = None;
        self.list = None;
        self.pace.ask(now);
        self.ask_for_list()
    }

    fn ask_for_list(&mut self) -> Vec<Outgoing> {
        self.lists_asked += 1;
        self.asked += 1;
        self.retransmissions += 1;
        vec![Outgoing::RequestList]
    }

    fn step(&self) -> Step {
        let missing = self
            .list
            .as_ref()
            .and_then(|list| list.iter().position(|place| place.item.is_none()))
            .and_then(|number| u16::try_from(number).ok());
        missing.map_or(Step::Announce, Step::Item)
    }
}

impl Conversation for Download {
    fn is_over(&self) -> bool {
        self.end.is_some()
    }

    fn deadline(&self) -> Duration {
        if let Some(until) = self.paused_until {
            return until;
        }
        let places = self.list.as_deref().unwrap_or_default();
        let oldest = places
            .iter()
            .filter(|place| place.is_out())
            .map(|place| place.asked_at);
        match oldest.min() {
            Some(asked_at) => asked_at + self.pace.wait(),
            None => self.pace.deadline(),
        }
    }

    fn take(&mut self, message: &Incoming, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        let messages = match message {
            Incoming::Count(length) => self.begin(*length, now),
            Incoming::Item { number, item } => self.keep(*number, item, now),
            Incoming::Ack(result) => self.note_ack(*result, now),
            // A late word of an upload.
            Incoming::Request(_) => return Vec::new(),
        };
        self.heard_at = now;
        messages
    }

    fn timeout(&mut self, now: Duration) -> Vec<Outgoing> {
        if self.end.is_some() {
            return Vec::new();
        }
        if self.paused_until.take().is_some() {
            return self.go_on(now);
        }
        let repeats = self.pace.repeats();
        if repeats >= MOST_REPEATS {
            self.end = Some(Err(Setback::Silent {
                step: self.step(),
                tries: repeats + 1,
            }));
            return Vec::new();
        }
        let is_silent = now.saturating_sub(self.heard_at) > VEHICLE_GAVE_UP;
        if self.list.is_some() && is_silent && self.new_starts < MOST_NEW_STARTS {
            self.heard_at = now;
            return self.start_over(now);
        }
        let wait = self.pace.wait();
        self.pace.ask_again(now);
        if self.list.is_none() {
            return self.ask_for_list();
        }
        self.ask_again_for(|place| place.is_out() && place.asked_at + wait <= now, now)
    }

    fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}
