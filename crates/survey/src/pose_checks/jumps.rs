//! Positions, heights and times beside those of the photos before and after.

use super::{PoseFinding, StatedPose, median};
use crate::geodesy::LocalTangent;
use crate::time::UtcMicros;

/// No camera drone of this kind flies faster over ground, m/s; with the position noise on top.
const FASTEST_M_S: f64 = 25.0;
/// Nor climbs or sinks faster, m/s.
const FASTEST_CLIMB_M_S: f64 = 10.0;
/// A position nearer to the line of its neighbours than this is no jump, whatever the speed, m …
const LEAST_JUMP_M: f64 = 15.0;
/// … nor one within so many of its sigmas.
const JUMP_SIGMAS: f64 = 6.0;
/// A height nearer to its neighbours than this is no jump, m.
const LEAST_HEIGHT_JUMP_M: f64 = 15.0;
/// Positions of two exposures never agree to this by chance, m: the receiver repeated itself.
const SAME_M: f64 = 1e-3;
/// A strip slower than this may well stand still, m/s.
const MOVING_M_S: f64 = 2.0;
/// The height of the take-off point wanders with the air pressure; more than this is another thing, m.
const LEAST_TAKEOFF_JUMP_M: f64 = 8.0;

/// Seconds between two photos, at least half of one: most clocks write whole seconds.
fn seconds(from: &StatedPose, to: &StatedPose) -> Option<f64> {
    let (from, to) = (from.captured_at?, to.captured_at?);
    Some(((to.0 - from.0) as f64 / 1e6).max(0.5))
}

fn step_m(from: &StatedPose, to: &StatedPose) -> f64 {
    let [east, north] = LocalTangent::at(from.position).enu_from_wgs84(to.position);
    east.hypot(north)
}

pub(super) fn positions(photos: &[StatedPose], findings: &mut [Vec<PoseFinding>]) {
    for at in 1..photos.len().saturating_sub(1) {
        if let Some(jump) = position_jump([&photos[at - 1], &photos[at], &photos[at + 1]]) {
            findings[at].push(jump);
        }
    }
    for (at, findings) in findings.iter_mut().enumerate().take(photos.len()).skip(1) {
        findings.extend(photos.get(at + 1).and_then(|next| frozen(photos, at, next)));
    }
}

/// A spike: both steps are too fast, the one that leaves it out is not.
fn position_jump([before, here, after]: [&StatedPose; 3]) -> Option<PoseFinding> {
    let plane = LocalTangent::at(before.position);
    let (reached, end) = (
        plane.enu_from_wgs84(here.position),
        plane.enu_from_wgs84(after.position),
    );
    let (to_here, from_here) = (seconds(before, here)?, seconds(here, after)?);
    let share = to_here / (to_here + from_here);
    let off_line_m = (reached[0] - share * end[0]).hypot(reached[1] - share * end[1]);
    let sigma_m = here.sigmas.east_m.max(here.sigmas.north_m);
    let speed_m_s = (step_m(before, here) / to_here).min(step_m(here, after) / from_here);
    let past_m_s = end[0].hypot(end[1]) / (to_here + from_here);
    let jumps = speed_m_s > FASTEST_M_S
        && past_m_s <= FASTEST_M_S
        && off_line_m > LEAST_JUMP_M.max(JUMP_SIGMAS * sigma_m);
    jumps.then_some(PoseFinding::PositionJump {
        speed_m_s,
        off_line_m,
    })
}

/// The same position as the photo before, and the next one as far away as two steps of the flight.
fn frozen(photos: &[StatedPose], at: usize, next: &StatedPose) -> Option<PoseFinding> {
    let (before, here) = (&photos[at - 1], &photos[at]);
    if step_m(before, here) > SAME_M {
        return None;
    }
    let waited_s = seconds(before, here)?;
    let onward_s = seconds(here, next)?;
    // At one speed the whole way, this much of the distance was flown while the position stood still.
    let onward_m = step_m(here, next);
    let missed_m = onward_m * waited_s / (waited_s + onward_s);
    let earlier = at.checked_sub(2).map(|place| &photos[place]);
    let moving = earlier.is_some_and(|earlier| {
        seconds(earlier, before).is_some_and(|time_s| step_m(earlier, before) / time_s > MOVING_M_S)
    });
    (moving && onward_m / onward_s > MOVING_M_S).then_some(PoseFinding::PositionFrozen { missed_m })
}

pub(super) fn heights(photos: &[StatedPose], findings: &mut [Vec<PoseFinding>]) {
    for at in 1..photos.len().saturating_sub(1) {
        let [before, here, after] = [&photos[at - 1], &photos[at], &photos[at + 1]];
        let (Some(to_here), Some(from_here)) = (seconds(before, here), seconds(here, after)) else {
            continue;
        };
        let off_m = here.above_takeoff_m - (before.above_takeoff_m + after.above_takeoff_m) / 2.0;
        let climb = (here.above_takeoff_m - before.above_takeoff_m).abs() / to_here;
        let sink = (here.above_takeoff_m - after.above_takeoff_m).abs() / from_here;
        let least_m = LEAST_HEIGHT_JUMP_M.max(JUMP_SIGMAS * here.sigmas.height_m);
        if off_m.abs() > least_m && climb.min(sink) > FASTEST_CLIMB_M_S {
            findings[at].push(PoseFinding::HeightJump { off_m });
        }
    }
    let takeoff_m = |photo: &StatedPose| Some(photo.absolute_altitude_m? - photo.above_takeoff_m);
    let Some(middle_m) = median(photos.iter().filter_map(takeoff_m).collect()) else {
        return;
    };
    for (photo, findings) in photos.iter().zip(findings) {
        let off_m = takeoff_m(photo).map_or(0.0, |takeoff_m| takeoff_m - middle_m);
        if off_m.abs() > LEAST_TAKEOFF_JUMP_M {
            findings.push(PoseFinding::TakeoffHeightDiffers { off_m });
        }
    }
}

/// Findings per photo, given the capture times in the order of the photos' names. Names start again after 9999, so
/// a step back is told, not judged.
#[must_use]
pub fn check_times(captured: &[Option<UtcMicros>]) -> Vec<Vec<PoseFinding>> {
    let earlier = |at: usize| {
        let (before, here) = (captured[at.checked_sub(1)?]?, captured[at]?);
        (here < before).then(|| PoseFinding::TimeOrder {
            earlier_s: (before.0 - here.0) as f64 / 1e6,
        })
    };
    (0..captured.len())
        .map(|at| earlier(at).into_iter().collect())
        .collect()
}
