//! What must hold after every simulated day, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use schedule::photo_ledger::PhotoState;
use schedule::sortie::SortieState;
use serde::Serialize;
use store::flights::{FlightFilter, FlightRow, SlotRow, SlotState};
use survey::time::UtcMicros;

use crate::cli::soak::mix::DayPlan;
use crate::cli::soak::news::DockNews;
use crate::flight_log::tlog_path;
use crate::workplace::Workplace;

/// Half a day to either side of the wave, µs.
const HALF_A_DAY_US: i64 = 43_200_000_000;
/// An order reaches everyone within this time; who took off in it took off before it, milliseconds.
const ORDER_TAKES_MS: i64 = 2_000;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Day, from 0.
    pub day: u32,
    /// Which rule.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

/// What a day came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DayResult {
    /// Slots of the calendar.
    pub slots: usize,
    /// Vehicles that took off, by the city's own word.
    pub took_off: usize,
    /// Sorties by their final state.
    pub ended: BTreeMap<String, usize>,
    /// Refusals and failures by code.
    pub codes: BTreeMap<String, usize>,
    /// Planned photos by their end.
    pub photos: BTreeMap<String, usize>,
    /// Photos that nobody planned.
    pub extra_photos: usize,
}

/// What is known of a day besides the rows.
pub struct DaySeen<'d> {
    /// What was to go wrong.
    pub plan: &'d DayPlan,
    /// What the city told, by dock.
    pub city: &'d BTreeMap<String, DockNews>,
    /// When a ground stop was in force, wall milliseconds.
    pub grounded_at_ms: Option<i64>,
    /// Everything came to its end in time.
    pub is_over: bool,
    /// Docks in the calendar.
    pub docks: u16,
}

/// Collects violations of one day.
struct Judge {
    day: u32,
    violations: Vec<Violation>,
}

impl Judge {
    fn must(&mut self, rule: &'static str, holds: bool, found: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(Violation {
                day: self.day,
                rule,
                found: found(),
            });
        }
    }
}

/// Slots and flights of the day.
///
/// # Errors
/// The database.
pub async fn rows(workplace: &Workplace, plan: &DayPlan) -> Result<(Vec<SlotRow>, Vec<FlightRow>)> {
    let from = UtcMicros(plan.wave_at.0 - HALF_A_DAY_US);
    let until = UtcMicros(plan.wave_at.0 + HALF_A_DAY_US);
    let slots = workplace.store.slots_between(from, until).await?;
    let filter = FlightFilter {
        limit: 500,
        ..FlightFilter::default()
    };
    let mut flights = workplace.store.list_flights(&filter).await?;
    flights.retain(|flight| flight.slot_at.is_some_and(|at| at >= from && at < until));
    Ok((slots, flights))
}

/// Holds every rule against a day.
///
/// # Errors
/// The database.
pub async fn check(workplace: &Workplace, seen: &DaySeen<'_>) -> Result<(DayResult, Vec<Violation>)> {
    let (slots, flights) = rows(workplace, seen.plan).await?;
    let mut judge = Judge {
        day: seen.plan.number,
        violations: Vec::new(),
    };
    let mut result = DayResult {
        slots: slots.len(),
        took_off: seen
            .city
            .values()
            .filter(|dock| !dock.took_off_ms.is_empty())
            .count(),
        ..DayResult::default()
    };
    judge.must("the day comes to its end", seen.is_over, || {
        "sorties or photos were still open".to_owned()
    });
    check_slots(&mut judge, seen, &slots, &flights);
    for flight in &flights {
        *result.ended.entry(flight.state.to_string()).or_default() += 1;
        if let Some(code) = &flight.state_code {
            *result.codes.entry(code.clone()).or_default() += 1;
        }
        check_flight(&mut judge, workplace, seen, flight);
        check_photos(&mut judge, workplace, flight, &mut result).await?;
    }
    check_city(&mut judge, seen);
    let chain = workplace.store.verify_chains().await?;
    judge.must("the chain of events is whole", chain.broken.is_none(), || {
        format!("{:?}", chain.broken)
    });
    let unlike = workplace.store.overrides_unlike_their_events().await?;
    judge.must("overrides are as the chain has them", unlike.is_empty(), || {
        unlike.join(", ")
    });
    Ok((result, judge.violations))
}

fn check_slots(judge: &mut Judge, seen: &DaySeen<'_>, slots: &[SlotRow], flights: &[FlightRow]) {
    judge.must(
        "every slot has a row",
        slots.len() == usize::from(seen.docks),
        || format!("{} of {}", slots.len(), seen.docks),
    );
    for slot in slots {
        judge.must("every slot has an end", slot.state != SlotState::Due, || {
            slot.dock_id.clone()
        });
        let named = slot.state == SlotState::Launched || slot.code.is_some();
        judge.must("a slot that was not flown says why", named, || {
            slot.dock_id.clone()
        });
        let kept = slot
            .sortie_id
            .as_ref()
            .is_none_or(|sortie| flights.iter().any(|flight| flight.sortie_id == *sortie));
        judge.must("no sortie is lost", kept, || format!("{:?}", slot.sortie_id));
    }
}

fn check_flight(judge: &mut Judge, workplace: &Workplace, seen: &DaySeen<'_>, flight: &FlightRow) {
    let name = || flight.sortie_id.clone();
    judge.must("every sortie is over", flight.state.is_final(), || {
        format!("{} is {}", flight.sortie_id, flight.state)
    });
    let named = flight.state == SortieState::Closed || flight.state_code.is_some();
    judge.must("a sortie that went wrong says why", named, name);
    let flew = flight
        .dock_id
        .as_ref()
        .and_then(|dock_id| seen.city.get(dock_id))
        .is_some_and(|dock| !dock.took_off_ms.is_empty());
    judge.must(
        "what flew is told as flown, and nothing else",
        flew == flight.launched_at.is_some(),
        || {
            format!(
                "{}: in the city {flew}, in the rows {:?}",
                flight.sortie_id, flight.launched_at
            )
        },
    );
    if flew {
        let frames = flight::tlog::frames_in(&tlog_path(workplace, &flight.sortie_id));
        let readable = matches!(frames, Ok(Some(frames)) if frames > 0);
        judge.must("every telemetry log can be read", readable, || {
            format!("{}: {frames:?}", flight.sortie_id)
        });
    }
}

async fn check_photos(
    judge: &mut Judge,
    workplace: &Workplace,
    flight: &FlightRow,
    result: &mut DayResult,
) -> Result<()> {
    let shots = workplace.store.shots(&flight.sortie_id).await?;
    let mut files = BTreeSet::new();
    for shot in &shots {
        let place = || format!("{} photo {}: {}", flight.sortie_id, shot.shot_index, shot.state);
        let ended = matches!(
            shot.state,
            PhotoState::LookedAt | PhotoState::Reviewed | PhotoState::Lost(_)
        );
        if shot.planned {
            *result.photos.entry(shot.state.to_string()).or_default() += 1;
            judge.must(
                "every planned photo was looked at or is a named loss",
                ended,
                place,
            );
        } else {
            result.extra_photos += 1;
        }
        let twice = shot
            .photo_id
            .as_ref()
            .is_some_and(|photo| !files.insert(photo.clone()));
        judge.must("no photo counts twice", !twice, place);
    }
    Ok(())
}

/// The city's own word: what no row can hide.
fn check_city(judge: &mut Judge, seen: &DaySeen<'_>) {
    for (number, dock_id) in (1..=seen.docks).map(|number| format!("D{number:02}")).enumerate() {
        let Some(dock) = seen.city.get(&dock_id) else {
            continue;
        };
        let name = || dock_id.clone();
        judge.must(
            "no vehicle starts or lands under a closed lid",
            dock.lid_strikes == 0,
            name,
        );
        judge.must("no vehicle is left with its motors on", !dock.armed, name);
        judge.must("a slot is flown once", dock.took_off_ms.len() <= 1, || {
            format!("{dock_id} took off {} times", dock.took_off_ms.len())
        });
        for fault in ["wind", "rain", "emergency_stop", "refuse_arming", "altered_item"] {
            let flew = seen.plan.has(number, fault) && !dock.took_off_ms.is_empty();
            judge.must("nothing flies that must not", !flew, || {
                format!("{dock_id} in spite of {fault}")
            });
        }
        let late = seen.grounded_at_ms.is_some_and(|grounded_ms| {
            dock.took_off_ms
                .iter()
                .any(|took_off_ms| *took_off_ms > grounded_ms + ORDER_TAKES_MS)
        });
        judge.must("nothing takes off in a ground stop", !late, name);
    }
}
