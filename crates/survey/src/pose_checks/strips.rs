//! Straight runs of photos with one stored yaw: what track and pictures are compared with.

use std::f64::consts::PI;
use std::ops::Range;

use super::{PoseFinding, StatedPose, circular_mean, half_turn, median};
use crate::geodesy::LocalTangent;

/// Photos further apart in direction than this are not one strip.
const BEND_RAD: f64 = 30.0 * PI / 180.0;
/// A change of stored yaw above this begins a new group.
const YAW_STEP_RAD: f64 = 60.0 * PI / 180.0;
/// Shorter steps have no direction, m.
const LEAST_STEP_M: f64 = 6.0;
/// Longer steps belong to no strip, as multiples of the longer side of the ground shown.
const LONGEST_STEP: f64 = 1.2;
/// A yaw further from its group's median than this is an outlier (the group still holds together at 60°).
const OUTLIER_RAD: f64 = 15.0 * PI / 180.0;
/// Groups smaller than this have no median to speak of.
const LEAST_GROUP: usize = 4;

/// Consecutive photos on one straight line, flown in one direction, with one stored yaw.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which photos, as places in the flight.
    pub photos: Range<usize>,
    /// Direction of flight, clockwise from north, rad.
    pub track_rad: f64,
    /// Mean stored yaw minus track, −π to π, rad.
    pub from_track_rad: f64,
}

impl Group {
    /// Whether the stored yaw follows the track.
    #[must_use]
    pub fn follows_track(&self) -> bool {
        self.from_track_rad.abs() < PI / 4.0
    }
}

/// The groups of a flight; photos on no straight line, or alone, are in none.
#[must_use]
pub fn groups(photos: &[StatedPose]) -> Vec<Group> {
    let steps: Vec<Option<f64>> = photos
        .windows(2)
        .map(|pair| direction(&pair[0], &pair[1]))
        .collect();
    let mut groups = Vec::new();
    let mut start = 0;
    while start < steps.len() {
        let Some(track_rad) = steps[start] else {
            start += 1;
            continue;
        };
        let mut end = start + 1;
        while end < steps.len() && goes_on(photos, &steps, (start, end), track_rad) {
            end += 1;
        }
        groups.push(group(photos, start..end + 1));
        // A photo at a bend belongs to the strip before it.
        start = end;
        if start < steps.len() && steps[start].is_some() {
            start = bend_passed(photos, &steps, start);
        }
    }
    groups.retain(|group| group.photos.len() >= 2);
    groups
}

/// A step across from one strip to the next is no strip of its own: it is passed over when the next step goes
/// elsewhere again.
fn bend_passed(photos: &[StatedPose], steps: &[Option<f64>], at: usize) -> usize {
    let yaw_changes = yaw_apart(photos, at, at + 1) >= YAW_STEP_RAD;
    match (steps[at], steps.get(at + 1).copied().flatten()) {
        (Some(here), Some(next)) if half_turn(next - here).abs() >= BEND_RAD || yaw_changes => at + 1,
        (Some(_), None) => at + 1,
        _ => at,
    }
}

fn goes_on(
    photos: &[StatedPose],
    steps: &[Option<f64>],
    (start, end): (usize, usize),
    track_rad: f64,
) -> bool {
    let straight = steps[end].is_some_and(|step| half_turn(step - track_rad).abs() < BEND_RAD);
    straight
        && yaw_apart(photos, start, end) < YAW_STEP_RAD
        && yaw_apart(photos, start, end + 1) < YAW_STEP_RAD
}

fn yaw_apart(photos: &[StatedPose], a: usize, b: usize) -> f64 {
    half_turn(photos[a].attitude.yaw_rad - photos[b].attitude.yaw_rad).abs()
}

fn group(photos: &[StatedPose], range: Range<usize>) -> Group {
    let (first, last) = (&photos[range.start], &photos[range.end - 1]);
    let [east, north] = LocalTangent::at(first.position).enu_from_wgs84(last.position);
    let track_rad = east.atan2(north);
    let apart = photos[range.clone()]
        .iter()
        .map(|photo| photo.attitude.yaw_rad - track_rad);
    Group {
        from_track_rad: circular_mean(apart),
        track_rad,
        photos: range,
    }
}

/// Direction from one photo to the next, where they can be neighbours in a strip.
fn direction(from: &StatedPose, to: &StatedPose) -> Option<f64> {
    let [east, north] = LocalTangent::at(from.position).enu_from_wgs84(to.position);
    let step_m = east.hypot(north);
    let longest_m = LONGEST_STEP * from.shown_m[0].max(from.shown_m[1]);
    let level = (from.above_takeoff_m - to.above_takeoff_m).abs() < 0.2 * from.above_takeoff_m.abs();
    let alike = (from.attitude.pitch_rad - to.attitude.pitch_rad).abs() < BEND_RAD;
    (alike && level && (LEAST_STEP_M..=longest_m).contains(&step_m)).then(|| east.atan2(north))
}

/// Notes photos whose yaw is not that of their group.
pub(super) fn outliers(photos: &[StatedPose], group: &Group, findings: &mut [Vec<PoseFinding>]) {
    if group.photos.len() < LEAST_GROUP {
        return;
    }
    let start_rad = photos[group.photos.start].attitude.yaw_rad;
    let turned = |place: usize| half_turn(photos[place].attitude.yaw_rad - start_rad);
    let Some(middle) = median(group.photos.clone().map(turned).collect()) else {
        return;
    };
    for place in group.photos.clone() {
        let off_rad = turned(place) - middle;
        if off_rad.abs() > OUTLIER_RAD {
            findings[place].push(PoseFinding::YawOutlier {
                from_strip_deg: off_rad.to_degrees(),
            });
        }
    }
}
