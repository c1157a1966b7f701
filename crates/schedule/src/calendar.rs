//! The calendar of sorties: which mission is due at which instant of the city's clock, and what to do about an
//! instant that was missed.

mod civil;

use survey::time::{CityZone, CivilDay, LocalTime, TimeError, UtcMicros};

pub use civil::{CalendarError, CivilDateTime, CivilTime, MissedPolicy, weekday_number};

/// First and last day looked at: 1990-01-01 and 2200-12-31, the years an instant may lie in.
const DAYS: std::ops::RangeInclusive<i32> = 7_305..=84_370;
const MINUTE_US: i64 = 60_000_000;
const MINUTES_A_DAY: u16 = 24 * 60;

/// One line of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the mission.
    pub mission: String,
    /// Its flight plan.
    pub plan: String,
    /// The dock it starts from.
    pub dock_id: String,
    /// When it is flown.
    pub when: When,
    /// What happens when that was missed.
    pub if_missed: MissedPolicy,
    /// What happens when it broke off with photos missing.
    pub resume: ResumePolicy,
}

/// Whether the rest of a mission that broke off is flown without being asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResumePolicy {
    /// When a person says so.
    #[default]
    ByHand,
    /// The same day, once the vehicle is charged.
    Auto,
}

/// When a mission is flown, on the city's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Once.
    Once(CivilDateTime),
    /// On some days of the week.
    Daily {
        /// The time of day.
        time: CivilTime,
        /// Monday first.
        weekdays: [bool; 7],
    },
}

/// An instant at which a mission is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Name of the mission.
    pub mission: String,
    /// The dock it starts from.
    pub dock_id: String,
    /// Its flight plan.
    pub plan: String,
    /// The instant.
    pub at: UtcMicros,
}

/// What to do about an instant of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotDecision {
    /// Wait.
    NotYet,
    /// Start now.
    Launch,
    /// Too late; write it down as missed.
    Missed,
}

/// Every instant at which something is due, from `from` to before `until`, in the order of time, then mission. A
/// mission that two lines name for one instant is due once.
///
/// A time that the city's clock shows twice means the first. A time it jumps over means the instant of the jump;
/// only a time on a day that the clock leaves out altogether has no instant.
#[must_use]
pub fn slots_between(entries: &[Entry], zone: &CityZone, from: UtcMicros, until: UtcMicros) -> Vec<Slot> {
    let mut slots: Vec<Slot> = entries
        .iter()
        .flat_map(|entry| {
            instants(entry.when, zone, from, until)
                .into_iter()
                .map(move |at| slot_of(entry, at))
        })
        .filter(|slot| slot.at >= from && slot.at < until)
        .collect();
    slots.sort_by(|a, b| (a.at, &a.mission).cmp(&(b.at, &b.mission)));
    slots.dedup_by(|a, b| a.at == b.at && a.mission == b.mission);
    slots
}

/// What to do about `slot` at `now`. Within 60 s of its instant it is always launched.
#[must_use]
pub fn decide(slot: &Slot, now: UtcMicros, policy: MissedPolicy) -> SlotDecision {
    let late_us = now.0.saturating_sub(slot.at.0);
    let patience_us = match policy {
        MissedPolicy::Skip => MINUTE_US,
        MissedPolicy::WithinMinutes(minutes) => MINUTE_US * i64::from(minutes.max(1)),
    };
    if late_us < 0 {
        SlotDecision::NotYet
    } else if late_us <= patience_us {
        SlotDecision::Launch
    } else {
        SlotDecision::Missed
    }
}

fn slot_of(entry: &Entry, at: UtcMicros) -> Slot {
    Slot {
        mission: entry.mission.clone(),
        dock_id: entry.dock_id.clone(),
        plan: entry.plan.clone(),
        at,
    }
}

/// The instants of one line that may lie in the span, some outside it.
fn instants(when: When, zone: &CityZone, from: UtcMicros, until: UtcMicros) -> Vec<UtcMicros> {
    match when {
        When::Once(once) => instant(once.day, once.time, zone).into_iter().collect(),
        When::Daily { .. } if until <= from => Vec::new(),
        When::Daily { time, weekdays } => {
            let first = zone.civil_day(from).0.clamp(*DAYS.start(), *DAYS.end());
            let last = zone.civil_day(until).0.clamp(*DAYS.start(), *DAYS.end());
            (first..=last)
                .map(CivilDay)
                .filter(|day| weekdays[weekday_number(*day)])
                .filter_map(|day| instant(day, time, zone))
                .collect()
        }
    }
}

/// The instant at which the city's clock shows this, or jumps over it.
fn instant(day: CivilDay, time: CivilTime, zone: &CityZone) -> Option<UtcMicros> {
    let asked = time.minute_of_day();
    for minute in asked..MINUTES_A_DAY {
        match zone.utc_from_local(local_time(day, CivilTime::at_minute(minute)?)) {
            Ok(instant) => return Some(instant),
            Err(TimeError::Skipped { .. }) => {}
            Err(_no_such_time) => return None,
        }
    }
    None
}

fn local_time(day: CivilDay, time: CivilTime) -> LocalTime {
    let (year, month, day) = civil::year_month_day(day);
    LocalTime {
        year,
        month,
        day,
        hour: time.hour(),
        minute: time.minute(),
        second: 0,
        micros: 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn zone(name: &str) -> CityZone {
        CityZone::named(name).unwrap()
    }

    fn utc(text: &str) -> UtcMicros {
        UtcMicros::parse_rfc3339(text).unwrap()
    }

    fn entry(mission: &str, when: When) -> Entry {
        Entry {
            mission: mission.to_owned(),
            plan: format!("{mission}.plan"),
            dock_id: "D01".to_owned(),
            when,
            if_missed: MissedPolicy::Skip,
            resume: ResumePolicy::ByHand,
        }
    }

    fn daily(time: &str, weekdays: [bool; 7]) -> When {
        When::Daily {
            time: time.parse().unwrap(),
            weekdays,
        }
    }

    fn texts(slots: &[Slot]) -> Vec<String> {
        slots.iter().map(|slot| slot.at.to_string()).collect()
    }

    #[test]
    fn once_is_the_citys_clock() {
        let once = entry("north", When::Once("2026-03-02T10:00".parse().unwrap()));
        let slots = slots_between(
            &[once],
            &zone("Asia/Shanghai"),
            utc("2026-03-02T02:00:00Z"),
            utc("2026-03-02T02:00:01Z"),
        );
        assert_eq!(texts(&slots), ["2026-03-02T02:00:00Z"]);
        assert_eq!(
            (slots[0].plan.as_str(), slots[0].dock_id.as_str()),
            ("north.plan", "D01")
        );
    }

    #[test]
    fn weekdays_count_from_monday() {
        // 2026-03-02 is a Monday (`date -d 2026-03-02 +%A`).
        let weekdays = [true, false, true, false, false, false, true];
        let slots = slots_between(
            &[entry("a", daily("07:30", weekdays))],
            &zone("Asia/Shanghai"),
            utc("2026-03-01T16:00:00Z"),
            utc("2026-03-08T16:00:00Z"),
        );
        assert_eq!(
            texts(&slots),
            [
                "2026-03-01T23:30:00Z",
                "2026-03-03T23:30:00Z",
                "2026-03-07T23:30:00Z"
            ]
        );
    }

    #[test]
    fn clock_changes_neither_lose_nor_double_a_flight() {
        let berlin = zone("Europe/Berlin");
        let entries = [entry("night", daily("02:30", [true; 7]))];
        let spring = slots_between(
            &entries,
            &berlin,
            utc("2026-03-27T23:00:00Z"),
            utc("2026-03-30T22:00:00Z"),
        );
        assert_eq!(
            texts(&spring),
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ],
            "the clock jumps from 2:00 to 3:00 on the 29th"
        );
        let autumn = slots_between(
            &entries,
            &berlin,
            utc("2026-10-24T22:00:00Z"),
            utc("2026-10-26T23:00:00Z"),
        );
        assert_eq!(
            texts(&autumn),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
            "2:30 comes twice on the 25th"
        );
        // Samoa left out 30 December 2011.
        let samoa = slots_between(
            &entries,
            &zone("Pacific/Apia"),
            utc("2011-12-29T00:00:00Z"),
            utc("2011-12-31T10:00:00Z"),
        );
        assert_eq!(texts(&samoa), ["2011-12-29T12:30:00Z", "2011-12-30T12:30:00Z"]);
    }

    #[test]
    fn slots_come_in_order_and_once_each() {
        let entries = [
            entry("b", daily("10:00", [true; 7])),
            entry("a", daily("10:00", [true; 7])),
            entry("b", When::Once("2026-03-02T10:00".parse().unwrap())),
            entry("c", daily("09:00", [true; 7])),
        ];
        let slots = slots_between(
            &entries,
            &zone("Asia/Shanghai"),
            utc("2026-03-01T16:00:00Z"),
            utc("2026-03-02T16:00:00Z"),
        );
        let missions: Vec<_> = slots.iter().map(|slot| slot.mission.as_str()).collect();
        assert_eq!(missions, ["c", "a", "b"]);
    }

    #[test]
    fn lateness_is_forgiven_as_the_policy_says() {
        let slot = slot_of(&entry("a", daily("10:00", [true; 7])), UtcMicros(1_000_000_000));
        let at = |seconds: i64| UtcMicros(slot.at.0 + seconds * 1_000_000);
        let skip = |seconds| decide(&slot, at(seconds), MissedPolicy::Skip);
        assert_eq!(skip(-1), SlotDecision::NotYet);
        assert_eq!([skip(0), skip(60)], [SlotDecision::Launch; 2]);
        assert_eq!(skip(61), SlotDecision::Missed);
        let within = |seconds| decide(&slot, at(seconds), MissedPolicy::WithinMinutes(30));
        assert_eq!(
            (within(1800), within(1801)),
            (SlotDecision::Launch, SlotDecision::Missed)
        );
        assert_eq!(
            decide(&slot, at(60), MissedPolicy::WithinMinutes(0)),
            SlotDecision::Launch
        );
    }

    proptest! {
        /// However the time is cut into spans, every instant is met once: nobody flies twice or never.
        #[test]
        fn spans_that_meet_meet_every_slot_once(
            begin in 0..300_000_i64,
            cuts in prop::collection::vec(1..200_i64, 1..20),
            minute in 0..1440_u16,
            weekdays: [bool; 7],
            name in prop::sample::select(&["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"][..]),
        ) {
            let time = CivilTime::at_minute(minute).unwrap();
            let entries = [entry("a", When::Daily { time, weekdays })];
            let city = zone(name);
            let begin = UtcMicros(utc("1995-01-01T00:00:00Z").0 + begin * HOUR_US);
            let mut at = begin;
            let mut pieces = Vec::new();
            for hours in cuts {
                let next = UtcMicros(at.0 + hours * HOUR_US);
                pieces.extend(slots_between(&entries, &city, at, next));
                at = next;
            }
            let whole = slots_between(&entries, &city, begin, at);
            prop_assert_eq!(&pieces, &whole);
            for slot in &whole {
                let day = city.civil_day(slot.at);
                prop_assert!(weekdays[weekday_number(day)]);
                prop_assert!(city.local_text(slot.at)[11..16] >= *time.to_string());
            }
            let days: std::collections::BTreeSet<_> = whole.iter().map(|slot| city.civil_day(slot.at)).collect();
            prop_assert_eq!(days.len(), whole.len());
        }

        #[test]
        fn any_span_is_answered(from: i64, span in 0..1_000_000_000_000_i64) {
            let entries = [entry("a", daily("10:00", [true; 7]))];
            let until = UtcMicros(from.saturating_add(span));
            for slot in slots_between(&entries, &zone("Asia/Shanghai"), UtcMicros(from), until) {
                prop_assert!(slot.at.0 >= from && slot.at < until);
            }
        }
    }
}
