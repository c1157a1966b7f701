//! Flights for the tests of matching.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use super::capture::{Assignment, CaptureSeen, assign};
use crate::mission::{MissionItem, PlannedShot};

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

/// Corners of lanes `lane_m` long and `apart_m` apart, flown to and fro; metres east and north.
pub(super) fn zigzag(lanes: u32, lane_m: f64, apart_m: f64) -> Vec<[f64; 2]> {
    let lane = |lane: u32| {
        let x = 100.0 + apart_m * f64::from(lane);
        let ends = [[x, 50.0], [x, 50.0 + lane_m]];
        if lane.is_multiple_of(2) {
            ends
        } else {
            [ends[1], ends[0]]
        }
    };
    (0..lanes).flat_map(lane).collect()
}

/// The mission that flies these corners with a photo every `every_m`, the first at the first corner.
pub(super) fn survey_of(corners: &[[f64; 2]], every_m: f64) -> Vec<MissionItem> {
    let item = |command, params, [east_m, north_m]: [f64; 2]| {
        let place = place(east_m, north_m);
        MissionItem {
            frame: 3,
            command,
            params,
            x: (place.latitude_deg * 1e7).round() as i32,
            y: (place.longitude_deg * 1e7).round() as i32,
            z: 60.0,
            auto_continue: true,
        }
    };
    let trigger = |every_m: f64| item(206, [every_m as f32, 0.0, 1.0, 0.0], [0.0, 0.0]);
    let mut items: Vec<_> = corners.iter().map(|corner| item(16, [0.0; 4], *corner)).collect();
    items.insert(1, trigger(every_m));
    items
}

/// Reports of a vehicle on that mission: 25 times a second it looks whether the last photo is `every_m` away, it
/// turns `turn_m` before a corner, and its position swims by 1.5 m.
pub(super) fn flown(corners: &[[f64; 2]], every_m: f64, turn_m: f64) -> Vec<CaptureSeen> {
    let (mut at, mut velocity) = (corners[0], [0.0, 10.0]);
    let (mut last, mut seen, mut ticks) = (None::<[f64; 2]>, Vec::new(), 0_u32);
    for corner in &corners[1..] {
        loop {
            let to = [corner[0] - at[0], corner[1] - at[1]];
            let left_m = to[0].hypot(to[1]);
            if left_m < turn_m {
                break;
            }
            for axis in 0..2 {
                velocity[axis] += (10.0 * to[axis] / left_m - velocity[axis]) * 0.08;
                at[axis] += velocity[axis] / 25.0;
            }
            ticks += 1;
            let near = last.is_some_and(|l| (at[0] - l[0]).hypot(at[1] - l[1]) < every_m);
            if near {
                continue;
            }
            last = Some(at);
            let swim_m = 1.5 * (f64::from(ticks) / 300.0).sin();
            seen.push(CaptureSeen {
                // A vehicle that flew before goes on counting.
                image_index: 40 + seen.len() as u32,
                at: UtcMicros(i64::from(ticks) * 40_000),
                position: Some(place(at[0] + swim_m, at[1] - swim_m)),
            });
        }
    }
    seen
}
