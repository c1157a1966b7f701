//! What the guard of a link believes, and with which key it speaks.

use mavlink::dialects::ardupilotmega::{HEARTBEAT_DATA, RADIO_STATUS_DATA};

use proptest::prelude::*;

use super::super::{RADIO_STATUS, Signing, SigningSettings};
use super::*;
use crate::wire::FrameReader;

const UTC: UtcMicros = UtcMicros(1_700_000_000_000_000);

fn key(word: &str) -> SecretKey {
    SecretKey::from_passphrase(word).unwrap()
}

fn guard(keys: &[&str], unsigned_too: bool) -> Guard {
    let vehicle = VehicleKeys {
        system_id: 7,
        link: None,
        keys: keys.iter().map(|word| key(word)).collect(),
        unsigned_too,
    };
    let settings = SigningSettings {
        vehicles: vec![vehicle],
        accept_unsigned: [RADIO_STATUS].into(),
        timestamp_file: None,
    };
    let signing = Signing::open(settings).unwrap();
    signing.guard(&"udpin:127.0.0.1:1".parse().unwrap())
}

fn header() -> MavHeader {
    MavHeader {
        system_id: 7,
        component_id: 1,
        sequence: 0,
    }
}

fn heartbeat() -> MavMessage {
    MavMessage::HEARTBEAT(HEARTBEAT_DATA::default())
}

fn read(raw: &[u8]) -> Frame {
    FrameReader::default().datagram(raw).remove(0)
}

fn signed_at(word: &str, timestamp: u64) -> Frame {
    let trailer = Trailer {
        link_id: 0,
        timestamp,
    };
    read(&signed(header(), &heartbeat(), &key(word), trailer))
}

fn now_units() -> u64 {
    super::super::clock::units(UTC)
}

#[test]
fn only_the_right_key_counts_and_each_trouble_is_told() {
    let guard = guard(&["the right key"], false);
    let now = Instant::now();
    let judge = |frame: &Frame| guard.judge(7, frame, now, UTC);
    assert_eq!(judge(&signed_at("another key", now_units())), Verdict::Refuse);
    assert_eq!(guard.trouble(7, now), Some(SigningTrouble::WrongKey));
    assert_eq!(judge(&read(&encode(header(), &heartbeat()))), Verdict::Refuse);
    assert_eq!(guard.trouble(7, now), Some(SigningTrouble::Unsigned));
    let old = signed_at("the right key", now_units() - 7_000_000);
    assert_eq!(judge(&old), Verdict::Refuse);
    assert_eq!(guard.trouble(7, now), Some(SigningTrouble::Stale));
    let right = signed_at("the right key", now_units());
    assert_eq!(judge(&right), Verdict::Take);
    assert_eq!(guard.trouble(7, now), None);
    assert_eq!(judge(&right), Verdict::Refuse);
    let radio = encode(header(), &MavMessage::RADIO_STATUS(RADIO_STATUS_DATA::default()));
    assert_eq!(judge(&read(&radio)), Verdict::Take);
    let wanted = SigningCounts {
        signed: 1,
        unsigned_taken: 1,
        unsigned_refused: 1,
        wrong_key: 1,
        replayed: 1,
        stale: 1,
        unchecked: 0,
    };
    assert_eq!(guard.counts()[&7], wanted);
}

#[test]
fn others_without_a_key_are_believed_and_it_is_told_when_they_sign() {
    let guard = guard(&["the right key"], false);
    let now = Instant::now();
    let frame = signed_at("some other key", now_units());
    assert_eq!(guard.judge(8, &frame, now, UTC), Verdict::Take);
    assert_eq!(guard.trouble(8, now), Some(SigningTrouble::NoKeyHere));
    assert_eq!(guard.trouble(9, now), None);
    assert!(!read(&guard.seal(8, header(), &heartbeat(), UTC)).signed);
}

#[test]
fn we_sign_as_the_vehicle_signs_while_a_key_is_exchanged() {
    let guard = guard(&["the old key"], false);
    let now = Instant::now();
    let sealed = || guard.seal(7, header(), &heartbeat(), UTC);
    assert!(is_signed_with(&sealed(), &key("the old key")));
    assert_eq!(guard.offer(7, &key("the new key")), Some(key("the old key")));
    assert!(is_signed_with(&sealed(), &key("the old key")));
    let units = now_units();
    assert_eq!(
        guard.judge(7, &signed_at("the new key", units), now, UTC),
        Verdict::Take
    );
    assert!(is_signed_with(&sealed(), &key("the new key")));
    assert_eq!(guard.signed_with(7, &key("the new key")), 1);
    let back = signed_at("the old key", units + 5);
    assert_eq!(guard.judge(7, &back, now, UTC), Verdict::Take);
    assert!(is_signed_with(&sealed(), &key("the old key")));
    guard.settle(7, &key("the new key"));
    let late = signed_at("the old key", units + 9);
    assert_eq!(guard.judge(7, &late, now, UTC), Verdict::Refuse);
}

#[test]
fn a_vehicle_that_got_its_first_key_may_still_be_heard_unsigned() {
    let guard = guard(&["the first key"], true);
    let now = Instant::now();
    let plain = read(&encode(header(), &heartbeat()));
    assert_eq!(guard.judge(7, &plain, now, UTC), Verdict::Take);
    assert!(!read(&guard.seal(7, header(), &heartbeat(), UTC)).signed);
    let signs = signed_at("the first key", now_units());
    assert_eq!(guard.judge(7, &signs, now, UTC), Verdict::Take);
    assert!(read(&guard.seal(7, header(), &heartbeat(), UTC)).signed);
}

#[test]
fn our_timestamps_follow_a_vehicle_whose_clock_is_ahead() {
    let guard = guard(&["the right key"], false);
    let ahead = now_units() + 900_000_000;
    let frame = signed_at("the right key", ahead);
    assert_eq!(guard.judge(7, &frame, Instant::now(), UTC), Verdict::Take);
    let sealed = guard.seal(7, header(), &heartbeat(), UTC);
    assert_eq!(trailer(&sealed).unwrap().timestamp, ahead + 1);
}

/// What happens while a key is exchanged, in any order and any number of times.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// A frame of the vehicle arrives.
    Speaks,
    /// One is lost, or comes late and then for the second time.
    SpeaksLate,
    /// SETUP_SIGNING reached it, which we cannot know.
    TakesNew,
    /// It started again from an old memory.
    TakesOld,
    /// Our program ends at any moment and starts from its key file, which has both.
    WeRestart,
}

proptest! {
    /// Nobody is locked out: after the first frame that arrives, both sides sign with one key, whatever happened.
    #[test]
    fn any_course_of_an_exchange_leaves_both_sides_with_one_key(
        course in prop::collection::vec(
            prop_oneof![
                Just(Happens::Speaks), Just(Happens::SpeaksLate), Just(Happens::TakesNew),
                Just(Happens::TakesOld), Just(Happens::WeRestart),
            ],
            1..60,
        ),
    ) {
        let both = ["the old key", "the new key"];
        let (mut ours, now) = (guard(&both, false), Instant::now());
        let (mut theirs, mut units) = (both[0], now_units());
        let mut last: Option<Frame> = None;
        for happens in course {
            units += 3;
            match happens {
                Happens::Speaks => {
                    let frame = signed_at(theirs, units);
                    prop_assert_eq!(ours.judge(7, &frame, now, UTC), Verdict::Take);
                    let sealed = ours.seal(7, header(), &heartbeat(), UTC);
                    prop_assert!(is_signed_with(&sealed, &key(theirs)));
                    prop_assert!(trailer(&sealed).unwrap().timestamp > units);
                    last = Some(frame);
                }
                Happens::SpeaksLate => {
                    if let Some(frame) = &last {
                        prop_assert_eq!(ours.judge(7, frame, now, UTC), Verdict::Refuse);
                    }
                }
                Happens::TakesNew => theirs = both[1],
                Happens::TakesOld => theirs = both[0],
                Happens::WeRestart => {
                    ours = guard(&both, false);
                    last = None;
                }
            }
        }
    }
}
