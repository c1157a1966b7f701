//! The state machines against vehicles in memory that behave like ArduPilot and like PX4, over a line that loses,
//! repeats, delays and reorders. Time is counted, not waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavMissionResult;
use proptest::prelude::*;
use schedule::mission::{MissionItem, same_on_wire};

use super::message::{Conversation, Incoming, Outgoing, Setback};
use super::verified::{Failure, VerifiedUpload};

/// Events after which a transfer is taken to go on for ever.
const MOST_EVENTS: usize = 200_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Firmware {
    ArduPilot,
    Px4,
}

/// A vehicle's side of the protocol, as far as the two firmwares differ in it.
struct Peer {
    firmware: Firmware,
    list: Vec<MissionItem>,
    staged: Vec<MissionItem>,
    announced: Option<u16>,
    done: Option<u16>,
    idle_since: u64,
    asked_at: u64,
    /// Stores item `.0` wrongly in the next `.1` uploads.
    spoils: (u16, u32),
}

impl Peer {
    fn new(firmware: Firmware) -> Self {
        Self {
            firmware,
            list: vec![item(99), item(98)],
            staged: Vec::new(),
            announced: None,
            done: None,
            idle_since: 0,
            asked_at: 0,
            spoils: (0, 0),
        }
    }

    fn hears(&mut self, message: &Outgoing, content: Option<&MissionItem>, now: u64) -> Vec<Incoming> {
        self.idle_since = now;
        match message {
            Outgoing::Count(count) => {
                self.announced = Some(*count);
                self.staged.clear();
                if self.firmware == Firmware::ArduPilot {
                    self.list.truncate(usize::from(*count));
                }
                self.asks(now)
            }
            Outgoing::Item(number) => self.gets(*number, content, now),
            Outgoing::RequestList => vec![Incoming::Count(self.list.len() as u16)],
            Outgoing::Request(number) => match self.list.get(usize::from(*number)) {
                Some(item) => vec![Incoming::Item {
                    number: *number,
                    item: item.clone(),
                }],
                None => vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ERROR)],
            },
            Outgoing::Accept => Vec::new(),
            Outgoing::Clear => {
                if self.announced.is_some() && self.firmware == Firmware::Px4 {
                    return Vec::new();
                }
                self.announced = None;
                self.list.clear();
                vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED)]
            }
        }
    }

    fn gets(&mut self, number: u16, content: Option<&MissionItem>, now: u64) -> Vec<Incoming> {
        let Some(announced) = self.announced else {
            let repeated_last = self.done == Some(number) && self.firmware == Firmware::Px4;
            let result = if repeated_last {
                MavMissionResult::MAV_MISSION_ACCEPTED
            } else {
                MavMissionResult::MAV_MISSION_ERROR
            };
            return vec![Incoming::Ack(result)];
        };
        if usize::from(number) != self.staged.len() {
            return match self.firmware {
                Firmware::ArduPilot => vec![Incoming::Ack(MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)],
                Firmware::Px4 => Vec::new(),
            };
        }
        let mut item = content.unwrap().clone();
        if self.spoils.1 > 0 && self.spoils.0 == number {
            item.z += 7.0;
            self.spoils.1 -= 1;
        }
        self.staged.push(item.clone());
        if self.firmware == Firmware::ArduPilot {
            match self.list.get_mut(usize::from(number)) {
                Some(place) => *place = item,
                None => self.list.push(item),
            }
        }
        if self.staged.len() == usize::from(announced) {
            self.list = std::mem::take(&mut self.staged);
            self.announced = None;
            self.done = Some(number);
            return vec![Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED)];
        }
        self.asks(now)
    }

    fn asks(&mut self, now: u64) -> Vec<Incoming> {
        self.asked_at = now;
        vec![Incoming::Request(self.staged.len() as u16)]
    }

    /// Both ask again on their own, and give up after some seconds.
    fn ticks(&mut self, now: u64) -> Vec<Incoming> {
        let (again, give_up) = match self.firmware {
            Firmware::ArduPilot => (1_000, 8_000),
            Firmware::Px4 => (250, 5_000),
        };
        if self.announced.is_none() {
            return Vec::new();
        }
        if now - self.idle_since > give_up {
            self.announced = None;
            return vec![Incoming::Ack(MavMissionResult::MAV_MISSION_OPERATION_CANCELLED)];
        }
        if now - self.asked_at >= again {
            self.asks(now)
        } else {
            Vec::new()
        }
    }
}

struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[derive(Clone)]
enum Event {
    ToPeer(Outgoing, Option<MissionItem>),
    ToUs(Incoming),
    Tick,
}

struct Line {
    noise: Noise,
    lost_percent: u64,
    slowest_ms: u64,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    /// Loses this many acknowledgements of a whole upload before any other chance.
    lost_acks: u32,
}

impl Line {
    fn new(seed: u64, lost_percent: u64, slowest_ms: u64) -> Self {
        Self {
            noise: Noise(seed),
            lost_percent,
            slowest_ms,
            events: BTreeMap::new(),
            count: 0,
            lost_acks: 0,
        }
    }

    fn carry(&mut self, now: u64, event: Event) {
        if matches!(
            event,
            Event::ToUs(Incoming::Ack(MavMissionResult::MAV_MISSION_ACCEPTED))
        ) && self.lost_acks > 0
        {
            self.lost_acks -= 1;
            return;
        }
        let copies = if self.noise.below(100) < 10 { 2 } else { 1 };
        for _ in 0..copies {
            if self.noise.below(100) >= self.lost_percent {
                let delay = 5 + self.noise.below(self.slowest_ms);
                self.at(now + delay, event.clone());
            }
        }
    }

    fn at(&mut self, when: u64, event: Event) {
        self.count += 1;
        self.events.insert((when, self.count), event);
    }
}

/// Runs a verified upload to its end; the machine and the time it took, ms.
fn upload(items: &[MissionItem], peer: &mut Peer, line: &mut Line) -> (VerifiedUpload, u64) {
    let same = |_number: usize, a: &MissionItem, b: &MissionItem| same_on_wire(a, b);
    let (mut machine, first) = VerifiedUpload::start(items.to_vec(), same, Duration::ZERO);
    let mut now = 0;
    line.at(50, Event::Tick);
    let mut outgoing = first;
    for _event in 0..MOST_EVENTS {
        for message in outgoing.drain(..) {
            let content = match &message {
                Outgoing::Item(number) => machine.item(*number).cloned(),
                _ => None,
            };
            line.carry(now, Event::ToPeer(message, content));
        }
        if machine.end().is_some() {
            return (machine, now);
        }
        let deadline = machine.deadline().as_millis() as u64 + 1;
        let next = line.events.first_key_value().map(|(key, _)| key.0).unwrap();
        if deadline <= next {
            now = now.max(deadline);
            outgoing = machine.timeout(Duration::from_millis(now));
            continue;
        }
        let ((when, _), event) = line.events.pop_first().unwrap();
        now = now.max(when);
        match event {
            Event::ToUs(message) => outgoing = machine.take(&message, Duration::from_millis(now)),
            Event::ToPeer(message, content) => {
                let answers = peer.hears(&message, content.as_ref(), now);
                answers
                    .into_iter()
                    .for_each(|answer| line.carry(now, Event::ToUs(answer)));
            }
            Event::Tick => {
                peer.ticks(now)
                    .into_iter()
                    .for_each(|word| line.carry(now, Event::ToUs(word)));
                line.at(now + 50, Event::Tick);
            }
        }
    }
    panic!("no end after {MOST_EVENTS} events at {now} ms: {machine:?}");
}

fn item(number: i32) -> MissionItem {
    MissionItem {
        frame: 3,
        command: 16,
        params: [0.0; 4],
        x: 399_000_000 + number * 1_000,
        y: 1_163_000_000,
        z: 60.0,
        auto_continue: true,
    }
}

fn mission(length: i32) -> Vec<MissionItem> {
    (0..length).map(item).collect()
}

fn firmware() -> impl Strategy<Value = Firmware> {
    prop_oneof![Just(Firmware::ArduPilot), Just(Firmware::Px4)]
}

#[test]
fn a_good_line_needs_no_repeats() {
    for firmware in [Firmware::ArduPilot, Firmware::Px4] {
        let (items, mut peer, mut line) = (mission(25), Peer::new(firmware), Line::new(1, 0, 1));
        line.noise = Noise(0);
        let (machine, took_ms) = upload(&items, &mut peer, &mut line);
        assert_eq!(machine.end(), Some(&Ok(())));
        assert!(machine.acknowledged());
        assert_eq!(peer.list, items);
        assert!(took_ms < 2_000, "{took_ms} ms");
    }
}

#[test]
fn lost_acknowledgements_do_not_make_a_good_upload_fail() {
    for firmware in [Firmware::ArduPilot, Firmware::Px4] {
        for lost_acks in [1, 2, 50] {
            let (items, mut peer, mut line) = (mission(9), Peer::new(firmware), Line::new(3, 0, 20));
            line.lost_acks = lost_acks;
            let (machine, _) = upload(&items, &mut peer, &mut line);
            assert_eq!(machine.end(), Some(&Ok(())), "{firmware:?}, {lost_acks} lost");
            assert_eq!(machine.attempts(), 1);
            assert_eq!(peer.list, items);
        }
    }
}

#[test]
fn a_wrong_item_is_sent_again_once_and_then_named_and_nothing_is_left_behind() {
    for firmware in [Firmware::ArduPilot, Firmware::Px4] {
        let (items, mut line) = (mission(9), Line::new(5, 0, 20));
        let mut once = Peer {
            spoils: (4, 1),
            ..Peer::new(firmware)
        };
        let (machine, _) = upload(&items, &mut once, &mut line);
        assert_eq!((machine.end(), machine.attempts()), (Some(&Ok(())), 2));
        assert_eq!(once.list, items);
        let mut always = Peer {
            spoils: (4, u32::MAX),
            ..Peer::new(firmware)
        };
        let (machine, _) = upload(&items, &mut always, &mut Line::new(5, 0, 20));
        let Some(Err(Failure::OtherItem { number: 4, .. })) = machine.end() else {
            panic!("{:?}", machine.end());
        };
        assert!(always.list.is_empty());
    }
}

#[test]
fn a_silent_vehicle_is_given_up_in_good_time() {
    let (items, mut peer, mut line) = (mission(9), Peer::new(Firmware::Px4), Line::new(5, 100, 20));
    let (machine, took_ms) = upload(&items, &mut peer, &mut line);
    assert!(
        matches!(machine.end(), Some(Err(Failure::Setback(Setback::Silent { .. })))),
        "{:?}",
        machine.end()
    );
    assert!(took_ms < 180_000, "{took_ms} ms");
}

/// Late copies of our own words once ended these transfers: an error answered to a repeated last item, a second
/// "clear" behind the next announcement.
#[test]
fn late_copies_of_earlier_words_do_not_end_a_transfer() {
    for (firmware, seed) in [
        (Firmware::ArduPilot, 3_889_666_867_808_777_476),
        (Firmware::ArduPilot, 2_133_435_402_812_681_242),
        (Firmware::ArduPilot, 14_129_244_548_412_577_356),
        (Firmware::Px4, 8_867_610_644_505_398_187),
    ] {
        let (items, mut peer, mut line) = (mission(200), Peer::new(firmware), Line::new(seed, 20, 120));
        let (machine, _) = upload(&items, &mut peer, &mut line);
        assert_eq!(machine.end(), Some(&Ok(())), "{firmware:?}, {seed}");
        assert_eq!(peer.list, items);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_fifth_message_lost_each_way_never_stops_two_hundred_items(seed in any::<u64>(), firmware in firmware()) {
        let (items, mut peer, mut line) = (mission(200), Peer::new(firmware), Line::new(seed, 20, 120));
        let (machine, took_ms) = upload(&items, &mut peer, &mut line);
        prop_assert_eq!(machine.end(), Some(&Ok(())));
        prop_assert_eq!(&peer.list, &items);
        prop_assert!(took_ms < 600_000, "{} ms", took_ms);
    }

    #[test]
    fn success_is_never_declared_over_another_list(
        seed in any::<u64>(),
        firmware in firmware(),
        length in 1_i32..30,
        lost_percent in 0_u64..80,
        slowest_ms in 1_u64..900,
        spoils in (0_u16..30, 0_u32..4),
    ) {
        let items = mission(length);
        let (mut peer, mut line) = (Peer::new(firmware), Line::new(seed, lost_percent, slowest_ms));
        peer.spoils = spoils;
        let (machine, _) = upload(&items, &mut peer, &mut line);
        if machine.end() == Some(&Ok(())) {
            prop_assert_eq!(&peer.list, &items);
        }
    }
}
