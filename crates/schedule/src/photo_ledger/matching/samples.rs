//! Flights for the tests of matching.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use super::capture::{Assignment, CaptureSeen, assign};
use crate::mission::PlannedShot;

fn origin() -> Wgs84 {
    Wgs84::new(31.2, 121.5).unwrap()
}

pub(super) fn place(east_m: f64, north_m: f64) -> Wgs84 {
    LocalTangent::at(origin()).wgs84_from_enu(east_m, north_m)
}

/// Lanes 60 m apart, `per_lane` photos each, `spacing_m` apart, flown to and fro.
pub(super) fn lanes(lanes: u32, per_lane: u32, spacing_m: f64) -> Vec<PlannedShot> {
    let shot = |n: u32| {
        let (lane, step) = (n / per_lane, n % per_lane);
        let north = if lane.is_multiple_of(2) {
            step
        } else {
            per_lane - 1 - step
        };
        PlannedShot {
            index: n + 1,
            position: place(60.0 * f64::from(lane), spacing_m * f64::from(north)),
            height_above_home_m: 60.0,
            after_item: 0,
        }
    };
    (0..lanes * per_lane).map(shot).collect()
}

/// The report of a photo, 2 s after the one before, `east_m` and `north_m` off its place.
pub(super) fn report(shot: &PlannedShot, (east_m, north_m): (f64, f64)) -> CaptureSeen {
    let plane = LocalTangent::at(shot.position);
    CaptureSeen {
        image_index: shot.index,
        at: UtcMicros(1_772_416_800_000_000 + i64::from(shot.index) * 2_000_000),
        position: Some(plane.wgs84_from_enu(east_m, north_m)),
    }
}

pub(super) fn reports(planned: &[PlannedShot]) -> Vec<CaptureSeen> {
    planned.iter().map(|shot| report(shot, (0.0, 0.0))).collect()
}

/// Feeds reports one after the other; answers what each became.
pub(super) fn feed(planned: &[PlannedShot], reports: &[CaptureSeen]) -> Vec<Assignment> {
    let mut taken = Vec::new();
    let mut answers = Vec::new();
    for new in reports {
        let answer = assign(planned, &taken, new);
        if let Assignment::Planned { shot_index } | Assignment::Extra { shot_index } = answer {
            taken.push((shot_index, *new));
        }
        answers.push(answer);
    }
    answers
}

/// A flight, which of its reports survive, in which order they come, some of them twice; noise within 5 m.
pub(super) fn any_flight() -> impl Strategy<Value = (Vec<PlannedShot>, Vec<CaptureSeen>)> {
    let plan =
        (1..5_u32, 2..9_u32, 16.0..60.0).prop_map(|(n, per_lane, spacing_m)| lanes(n, per_lane, spacing_m));
    let noisy = plan.prop_flat_map(|planned| {
        let offsets = prop::collection::vec((0.0..5.0, 0.0..std::f64::consts::TAU), planned.len());
        (Just(planned), offsets)
    });
    let survivors = noisy.prop_flat_map(|(planned, offsets)| {
        let off = |(far, angle): &(f64, f64)| (far * angle.cos(), far * angle.sin());
        let seen: Vec<_> = planned
            .iter()
            .zip(&offsets)
            .map(|(shot, o)| report(shot, off(o)))
            .collect();
        let all = seen.len();
        (Just(planned), subsequence(seen, 0..=all).prop_shuffle())
    });
    let repeats = prop::collection::vec(any::<(Index, Index)>(), 0..6);
    (survivors, repeats).prop_map(|((planned, mut seen), repeats)| {
        for (from, to) in repeats {
            if !seen.is_empty() {
                let again = seen[from.index(seen.len())];
                seen.insert(to.index(seen.len() + 1), again);
            }
        }
        (planned, seen)
    })
}
