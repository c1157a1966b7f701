//! A vehicle's side of the protocol in memory.

use mavlink::dialects::ardupilotmega::MavMissionResult;
use schedule::mission::MissionItem;

use super::super::message::{Incoming, Outgoing};
use super::item;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Firmware {
    ArduPilot,
    Px4,
}

/// A vehicle's side of the protocol as the sources of the two firmwares have it: ArduPilot 4.5
/// `MissionItemProtocol.cpp`, PX4 1.15 `mavlink_mission.cpp`.
pub(super) struct Peer {
    pub(super) firmware: Firmware,
    pub(super) list: Vec<MissionItem>,
    pub(super) staged: Vec<MissionItem>,
    pub(super) announced: Option<u16>,
    pub(super) done: Option<u16>,
    /// PX4 only: the item it hands out next.
    pub(super) handing: Option<u16>,
    pub(super) idle_since: u64,
    pub(super) asked_at: u64,
    /// Items that came.
    pub(super) items_heard: u32,
    /// Stores item `.0` wrongly in the next `.1` uploads.
    pub(super) spoils: (u16, u32),
}

impl Peer {
    pub(super) fn new(firmware: Firmware) -> Self {
        Self {
            firmware,
            list: vec![item(99), item(98)],
            staged: Vec::new(),
            announced: None,
            done: None,
            handing: None,
            idle_since: 0,
            asked_at: 0,
            items_heard: 0,
            spoils: (0, 0),
        }
    }

    pub(super) fn hears(
        &mut self,
        message: &Outgoing,
        content: Option<&MissionItem>,
        now: u64,
    ) -> Vec<Incoming> {
        match (self.firmware, message) {
            (_, Outgoing::Count(count)) => self.is_told(*count, now),
            (Firmware::ArduPilot, Outgoing::Item(number)) => self.ardupilot_gets(*number, content, now),
            (Firmware::Px4, Outgoing::Item(number)) => self.px4_gets(*number, content, now),
            (Firmware::ArduPilot, Outgoing::RequestList | Outgoing::Request(_))
                if self.announced.is_some() =>
            {
                vec![Incoming::Ack(MavMissionResult::MAV_MISSION_DENIED)]
            }
            (Firmware::ArduPilot, Outgoing::RequestList) => vec![Incoming::Count(self.list.len() as u16)],
            (Firmware::ArduPilot, Outgoing::Request(number)) => self.hand_out(*number),
            (Firmware::ArduPilot, Outgoing::Accept) => Vec::new(),
            (Firmware::ArduPilot, Outgoing::Clear) if self.announced.is_some() => {
                vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR)]
            }
            (Firmware::Px4, _) => self.px4_hands_out(message, now),
            (_, Outgoing::Clear) => self.clear(),
        }
    }

    fn clear(&mut self) -> Vec<Incoming> {
        self.list.clear();
        vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED)]
    }

    fn is_told(&mut self, count: u16, now: u64) -> Vec<Incoming> {
        let busy = self.handing.is_some() || (self.announced.is_some() && !self.staged.is_empty());
        if self.firmware == Firmware::Px4 && busy {
            return vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR)];
        }
        self.idle_since = now;
        self.announced = Some(count);
        self.staged.clear();
        if self.firmware == Firmware::ArduPilot {
            self.list.truncate(usize::from(count));
        }
        self.asks(now)
    }

    fn px4_hands_out(&mut self, message: &Outgoing, now: u64) -> Vec<Incoming> {
        let is_idle = self.announced.is_none() && self.handing.is_none();
        match message {
            Outgoing::Clear if is_idle => self.clear(),
            Outgoing::RequestList if self.announced.is_none() => {
                self.idle_since = now;
                self.handing = Some(0);
                vec![Incoming::Count(self.list.len() as u16)]
            }
            Outgoing::Accept if self.announced.is_none() => {
                self.handing = None;
                Vec::new()
            }
            Outgoing::Request(number) => match self.handing {
                Some(next) if *number == next || *number + 1 == next => {
                    self.idle_since = now;
                    self.handing = Some(number + 1);
                    self.hand_out(*number)
                }
                Some(_) => {
                    self.handing = None;
                    vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR)]
                }
                None => Vec::new(),
            },
            _ignored => Vec::new(),
        }
    }

    fn hand_out(&self, number: u16) -> Vec<Incoming> {
        match self.list.get(usize::from(number)) {
            Some(item) => vec![Incoming::Item {
                number,
                item: item.clone(),
            }],
            None => vec![Incoming::Ack(MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)],
        }
    }

    fn ardupilot_gets(&mut self, number: u16, content: Option<&MissionItem>, now: u64) -> Vec<Incoming> {
        self.items_heard += 1;
        if self.announced.is_none() {
            return vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR)];
        }
        if usize::from(number) != self.staged.len() {
            return vec![Incoming::Ack(MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)];
        }
        let item = self.spoil(number, content);
        match self.list.get_mut(usize::from(number)) {
            Some(place) => *place = item.clone(),
            None => self.list.push(item.clone()),
        }
        self.keep(number, item, now)
    }

    fn px4_gets(&mut self, number: u16, content: Option<&MissionItem>, now: u64) -> Vec<Incoming> {
        self.items_heard += 1;
        if self.announced.is_none() {
            let repeated_last = self.done == Some(number) && self.handing.is_none();
            return vec![Incoming::Ack(if repeated_last {
                MavMissionResult::MAV_MISSION_ACCEPTED
            } else {
                MavMissionResult::MAV_MISSION_ERROR
            })];
        }
        self.idle_since = now;
        if usize::from(number) != self.staged.len() {
            return Vec::new();
        }
        let item = self.spoil(number, content);
        self.keep(number, item, now)
    }

    fn spoil(&mut self, number: u16, content: Option<&MissionItem>) -> MissionItem {
        let mut item = content.unwrap().clone();
        if self.spoils.1 > 0 && self.spoils.0 == number {
            item.z += 7.0;
            self.spoils.1 -= 1;
        }
        item
    }

    fn keep(&mut self, number: u16, item: MissionItem, now: u64) -> Vec<Incoming> {
        self.idle_since = now;
        self.staged.push(item);
        if Some(self.staged.len()) != self.announced.map(usize::from) {
            return self.asks(now);
        }
        self.list = std::mem::take(&mut self.staged);
        self.announced = None;
        self.done = Some(number);
        vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED)]
    }

    fn asks(&mut self, now: u64) -> Vec<Incoming> {
        self.asked_at = now;
        vec![Incoming::Request(self.staged.len() as u16)]
    }

    /// Both ask again on their own, and give up after some seconds; only ArduPilot says so.
    pub(super) fn ticks(&mut self, now: u64) -> Vec<Incoming> {
        let (again, give_up) = match self.firmware {
            Firmware::ArduPilot => (1_000, 8_000),
            Firmware::Px4 => (250, 5_000),
        };
        if self.announced.is_none() && self.handing.is_none() {
            return Vec::new();
        }
        if now - self.idle_since > give_up {
            self.announced = None;
            self.handing = None;
            return match self.firmware {
                Firmware::ArduPilot => vec![Incoming::Ack(MavMissionResult::MAV_MISSION_OPERATION_CANCELLED)],
                Firmware::Px4 => Vec::new(),
            };
        }
        if self.announced.is_some() && now - self.asked_at >= again {
            self.asks(now)
        } else {
            Vec::new()
        }
    }
}
