//! What counts and what does not, message by message and under random input.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::state::{ChargeState, DockMode, Lid};
use super::*;

fn status(seq: u64) -> Value {
    json!({"v":1,"dock_id":"D07","online":true,"at_ms":1_000 + seq,"seq":seq,"lid":"open","vehicle_present":true,
        "system_id":7,"mode":"idle","emergency_stop":false,"sortie_id":null})
}

fn telemetry(seq: u64) -> Value {
    json!({"v":1,"dock_id":"D07","at_ms":1_000 + seq,"seq":seq,"charge":{"state":"full","percent":98.5},
        "weather":{"wind_ms":3.2,"gust_ms":5.1,"rain_level":0,"temperature_c":11.5,"humidity_percent":64},
        "rtk_fixed":true,"backup_battery_percent":100,
        "position":{"longitude_deg":121.5447,"latitude_deg":31.2216,"height_amsl_m":38.4},
        "alternate_landing":{"longitude_deg":121.5461,"latitude_deg":31.2209,"safe_height_m":60},"media_waiting":0})
}

fn take(book: &mut Book, kind: &str, message: &Value, now: Instant) -> Result<Taken, BadMessage> {
    take_bytes(book, kind, message.to_string().as_bytes(), now)
}

fn take_bytes(book: &mut Book, kind: &str, payload: &[u8], now: Instant) -> Result<Taken, BadMessage> {
    let topic = format!("flyonce/docks/D07/{kind}");
    let incoming = Incoming {
        topic: topic.as_bytes(),
        payload,
        retained: false,
    };
    book.take(incoming, now)
}

fn changed(value: &Value, field: &str, to: Value) -> Value {
    let mut value = value.clone();
    value[field] = to;
    value
}

#[test]
fn status_and_telemetry_become_facts() {
    let (mut book, now) = (Book::default(), Instant::now());
    take(&mut book, "status", &status(1), now).unwrap();
    take(&mut book, "telemetry", &telemetry(1), now).unwrap();
    let state = book.state("D07", now).unwrap();
    assert_eq!(
        (state.lid, state.mode, state.system_id),
        (Lid::Open, DockMode::Idle, Some(7))
    );
    assert_eq!(state.charge.unwrap().state, ChargeState::Full);
    assert_eq!(state.alternate_landing.unwrap().safe_height_m, Some(60.0));
    assert_eq!(state.status_age(now), Some(Duration::ZERO));
    let facts = state.facts(now);
    assert_eq!(facts.online, Some(true));
    assert_eq!(facts.lid_open, Some(true));
    assert_eq!((facts.wind_ms, facts.rain_level), (Some(3.2), Some(0)));
    assert!((facts.position.unwrap().latitude_deg - 31.2216).abs() < 1e-9);
}

#[test]
fn thirty_silent_seconds_make_a_dock_unknown() {
    let (mut book, then) = (Book::default(), Instant::now());
    take(&mut book, "status", &status(1), then).unwrap();
    take(&mut book, "telemetry", &telemetry(1), then).unwrap();
    let now = then + Duration::from_secs(29);
    take(&mut book, "status", &status(2), now).unwrap();
    let later = now + Duration::from_secs(2);
    let state = book.state("D07", later).unwrap();
    assert_eq!(
        (state.online, state.weather, state.charge),
        (Some(true), None, None),
        "only telemetry is old"
    );
    assert!(state.position.is_some(), "a dock does not walk");
    let facts = state.facts(later);
    assert_eq!((facts.lid_open, facts.wind_ms), (Some(true), None));
    let much_later = now + Duration::from_secs(31);
    assert_eq!(book.state("D07", much_later).unwrap().online, None);
    let kept_too_long = state.facts(much_later);
    assert_eq!((kept_too_long.online, kept_too_long.lid_open), (None, None));
    assert!(kept_too_long.position.is_some());
}

#[test]
fn a_retained_status_is_no_sign_of_life() {
    let (mut book, now) = (Book::default(), Instant::now());
    let payload = status(1).to_string();
    let retained = Incoming {
        topic: b"flyonce/docks/D07/status",
        payload: payload.as_bytes(),
        retained: true,
    };
    book.take(retained, now).unwrap();
    let state = book.state("D07", now).unwrap();
    assert_eq!((state.online, state.lid), (None, Lid::Open));
    take(&mut book, "telemetry", &telemetry(1), now).unwrap();
    assert_eq!(book.state("D07", now).unwrap().online, Some(true));
}

#[test]
fn old_news_are_ignored_and_restarts_are_not() {
    let (mut book, now) = (Book::default(), Instant::now());
    take(&mut book, "status", &status(10), now).unwrap();
    let late = changed(&status(9), "lid", json!("closed"));
    assert!(matches!(
        take(&mut book, "status", &late, now),
        Ok(Taken::OutOfOrder)
    ));
    let twice = changed(&status(10), "lid", json!("closed"));
    assert!(matches!(
        take(&mut book, "status", &twice, now),
        Ok(Taken::OutOfOrder)
    ));
    assert_eq!(book.state("D07", now).unwrap().lid, Lid::Open);

    let will = json!({"v":1,"dock_id":"D07","online":false});
    assert!(matches!(take(&mut book, "status", &will, now), Ok(Taken::State)));
    let offline = book.state("D07", now).unwrap();
    assert_eq!((offline.online, offline.lid), (Some(false), Lid::Open));
    assert_eq!(
        offline.facts(now).lid_open,
        None,
        "what an offline dock once said is no fact"
    );
    let restarted = changed(&status(1), "lid", json!("closed"));
    assert!(matches!(take(&mut book, "status", &restarted, now), Ok(Taken::DockIsBack(id)) if id == "D07"));
    assert_eq!(book.state("D07", now).unwrap().lid, Lid::Closed);

    let unnoticed_restart = changed(&status(0), "at_ms", json!(99_000));
    assert!(matches!(
        take(&mut book, "status", &unnoticed_restart, now),
        Ok(Taken::State)
    ));
    let old_but_all_there_is = changed(&status(0), "at_ms", json!(5));
    assert!(matches!(
        take(&mut book, "status", &old_but_all_there_is, now),
        Ok(Taken::OutOfOrder)
    ));
    let later = now + Duration::from_secs(31);
    assert!(matches!(
        take(&mut book, "status", &old_but_all_there_is, later),
        Ok(Taken::State)
    ));
}

#[test]
fn unknown_fields_and_words_are_kept() {
    let (mut book, now) = (Book::default(), Instant::now());
    let tomorrow = changed(
        &changed(&status(1), "lid", json!("ajar")),
        "roof_colour",
        json!("red"),
    );
    take(&mut book, "status", &tomorrow, now).unwrap();
    let state = book.state("D07", now).unwrap();
    assert_eq!(state.lid, Lid::Unknown);
    assert_eq!(
        (&state.unknown["lid"], &state.unknown["roof_colour"]),
        (&json!("ajar"), &json!("red"))
    );
    assert_eq!(state.facts(now).lid_open, None);
    take(&mut book, "status", &status(2), now).unwrap();
    let state = book.state("D07", now).unwrap();
    assert_eq!((state.lid, state.unknown.get("lid")), (Lid::Open, None));
}

#[test]
fn bad_messages_change_nothing() {
    let (mut book, now) = (Book::default(), Instant::now());
    take(&mut book, "status", &status(1), now).unwrap();
    take(&mut book, "telemetry", &telemetry(1), now).unwrap();
    let before = book.state("D07", now).unwrap();
    for bad in [
        changed(&status(2), "dock_id", json!("D08")),
        changed(&status(2), "v", json!(2)),
        changed(&status(2), "lid", json!(3)),
        changed(&status(2), "online", json!("yes")),
        changed(&status(2), "system_id", json!(256)),
        changed(&status(2), "seq", json!(null)),
        changed(&status(2), "seq", json!(-1)),
        json!([1, 2, 3]),
        json!(null),
    ] {
        take(&mut book, "status", &bad, now).unwrap_err();
    }
    take(
        &mut book,
        "telemetry",
        &changed(&telemetry(2), "weather", json!("sunny")),
        now,
    )
    .unwrap_err();
    take_bytes(&mut book, "telemetry", b"{", now).unwrap_err();
    let huge = vec![b' '; MAX_PAYLOAD + 1];
    let error = take_bytes(&mut book, "status", &huge, now).unwrap_err();
    assert_eq!(
        error,
        BadMessage::TooLarge {
            bytes: MAX_PAYLOAD + 1
        }
    );
    let deep = "[".repeat(60_000);
    take_bytes(&mut book, "status", deep.as_bytes(), now).unwrap_err();
    assert_eq!(book.state("D07", now).unwrap(), before);
}

#[test]
fn impossible_measurements_are_no_measurements() {
    let (mut book, now) = (Book::default(), Instant::now());
    let mut broken = telemetry(1);
    broken["weather"] = json!({"wind_ms":-1.0,"gust_ms":1e9,"rain_level":9,"temperature_c":11.5});
    broken["charge"]["percent"] = json!(250);
    broken["position"] = json!({"longitude_deg":0,"latitude_deg":0});
    take(&mut book, "telemetry", &broken, now).unwrap();
    let state = book.state("D07", now).unwrap();
    let weather = state.weather.unwrap();
    assert_eq!(
        (weather.wind_ms, weather.gust_ms, weather.rain_level),
        (None, None, None)
    );
    assert_eq!(weather.temperature_c, Some(11.5));
    assert_eq!((state.charge.unwrap().percent, state.position), (None, None));
}

#[test]
fn invented_docks_do_not_fill_the_memory() {
    let (mut book, now) = (Book::default(), Instant::now());
    let will = |id: usize| json!({"v":1,"dock_id":format!("D{id}"),"online":false}).to_string();
    let last = (0..=MOST_DOCKS)
        .map(|id| {
            let topic = format!("flyonce/docks/D{id}/status");
            let payload = will(id);
            let incoming = Incoming {
                topic: topic.as_bytes(),
                payload: payload.as_bytes(),
                retained: false,
            };
            book.take(incoming, now).map(|_| ())
        })
        .last();
    assert_eq!(last, Some(Err(BadMessage::TooManyDocks)));
    assert_eq!(book.states(now).len(), MOST_DOCKS);
}

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_]{1,12}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_break_the_book(
        payload in proptest::collection::vec(any::<u8>(), 0..300),
        kind in prop_oneof![Just("status"), Just("telemetry"), Just("reply"), Just("progress")],
    ) {
        let (mut book, now) = (Book::default(), Instant::now());
        take(&mut book, "status", &status(1), now).unwrap();
        let before = book.state("D07", now);
        if take_bytes(&mut book, kind, &payload, now).is_err() {
            prop_assert_eq!(book.state("D07", now), before);
        }
    }

    #[test]
    fn no_field_breaks_the_book(
        field in prop_oneof![
            Just("v"), Just("dock_id"), Just("online"), Just("at_ms"), Just("seq"), Just("lid"), Just("system_id"),
            Just("mode"), Just("charge"), Just("weather"), Just("position"), Just("alternate_landing"), Just("extra"),
        ],
        value in any_json(),
    ) {
        let (mut book, now) = (Book::default(), Instant::now());
        for (kind, message) in [("status", status(5)), ("telemetry", telemetry(5))] {
            take(&mut book, kind, &message, now).unwrap();
            let before = book.state("D07", now).unwrap();
            let mut next = changed(&message, "seq", json!(6));
            next[field] = value.clone();
            if take(&mut book, kind, &next, now).is_err() {
                prop_assert_eq!(book.state("D07", now).unwrap(), before);
            }
            let facts = book.state("D07", now).unwrap().facts(now);
            for measured in [facts.wind_ms, facts.gust_ms, facts.temperature_c].into_iter().flatten() {
                prop_assert!(measured.is_finite());
            }
        }
    }

    /// Whatever order messages of one uptime arrive in, the state ends as the newest one says.
    #[test]
    fn the_newest_message_wins(order in Just((1u64..20).collect::<Vec<_>>()).prop_shuffle()) {
        let (mut book, now) = (Book::default(), Instant::now());
        for seq in order {
            let message = changed(&status(seq), "system_id", json!(seq));
            take(&mut book, "status", &message, now).unwrap();
        }
        prop_assert_eq!(book.state("D07", now).unwrap().system_id, Some(19));
    }
}
