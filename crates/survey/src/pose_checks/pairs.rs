//! Which pictures of a flight are worth comparing. Opening a picture costs as much as a run of the model, so first a
//! few that are spread over all strips; only where these leave something open, more of them within and across strips.

use std::collections::BTreeSet;
use std::f64::consts::PI;

use super::{Group, StatedPose};
use crate::geodesy::LocalTangent;

/// Most pairs of pictures compared for one flight.
pub const MOST_PAIRS: usize = 96;
/// Pairs that show whether there is anything to find out: enough for a common offset, though a few tell nothing.
const FIRST_PAIRS: usize = 8;
/// Pairs within one strip.
const WITHIN: usize = 3;
/// Pairs across to each other strip that overlaps.
const ACROSS: usize = 1;
/// Flatter views than this are left out: a wall moves against the ground there.
const FLATTEST_PITCH_RAD: f64 = -60.0 * PI / 180.0;
/// Nearer positions tell no direction, as a multiple of the position sigma.
const LEAST_APART_SIGMAS: f64 = 5.0;
/// Pictures that share less than this of their ground are left out.
const LEAST_SHARED: f64 = 0.3;

/// Two photos of a flight to be laid over each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PicturePair {
    /// Place in the flight.
    pub a: usize,
    /// Place in the flight, larger than `a`.
    pub b: usize,
}

/// The pairs to compare first, by place, evenly from all strips.
#[must_use]
pub fn first_pairs(photos: &[StatedPose], groups: &[Group]) -> Vec<PicturePair> {
    let of_strip = FIRST_PAIRS.div_ceil(groups.len().max(1));
    let pairs: Vec<PicturePair> = groups
        .iter()
        .flat_map(|group| within(photos, group, of_strip))
        .collect();
    spread(&pairs, FIRST_PAIRS)
}

/// The pairs to compare where the first leave something open, by place; strips whose yaw points away from the track come first when there are too many.
#[must_use]
pub fn pairs_to_compare(photos: &[StatedPose], groups: &[Group]) -> Vec<PicturePair> {
    let mut order: Vec<&Group> = groups.iter().collect();
    order.sort_by_key(|group| (group.follows_track(), group.photos.start));
    let mut chosen: BTreeSet<PicturePair> = BTreeSet::new();
    for group in &order {
        chosen.extend(within(photos, group, WITHIN));
        if chosen.len() >= MOST_PAIRS {
            break;
        }
        for other in groups {
            if other.photos.start != group.photos.start {
                chosen.extend(across(photos, group, other));
            }
        }
    }
    let mut chosen: Vec<PicturePair> = chosen.into_iter().collect();
    chosen.truncate(MOST_PAIRS);
    chosen
}

/// Neighbours spread evenly along the strip. Where neighbours are too near each other the next but one is taken.
fn within(photos: &[StatedPose], group: &Group, most: usize) -> Vec<PicturePair> {
    let usable: Vec<PicturePair> = group
        .photos
        .clone()
        .filter_map(|a| {
            let later = (a + 1)..group.photos.end;
            later
                .map(|b| PicturePair { a, b })
                .find(|pair| are_comparable(photos, *pair))
        })
        .collect();
    spread(&usable, most)
}

/// The pairs of two strips that lie nearest to each other.
fn across(photos: &[StatedPose], group: &Group, other: &Group) -> Vec<PicturePair> {
    let mut usable: Vec<(f64, PicturePair)> = Vec::new();
    for a in group.photos.clone() {
        for b in other.photos.clone() {
            let pair = PicturePair {
                a: a.min(b),
                b: a.max(b),
            };
            if are_comparable(photos, pair) {
                usable.push((apart_m(photos, pair), pair));
            }
        }
    }
    usable.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    usable.into_iter().take(ACROSS).map(|(_, pair)| pair).collect()
}

fn spread(pairs: &[PicturePair], most: usize) -> Vec<PicturePair> {
    if pairs.len() <= most {
        return pairs.to_vec();
    }
    (0..most)
        .map(|i| pairs[(2 * i + 1) * pairs.len() / (2 * most)])
        .collect()
}

fn apart_m(photos: &[StatedPose], pair: PicturePair) -> f64 {
    let [east, north] = LocalTangent::at(photos[pair.a].position).enu_from_wgs84(photos[pair.b].position);
    east.hypot(north)
}

fn are_comparable(photos: &[StatedPose], pair: PicturePair) -> bool {
    let (a, b) = (&photos[pair.a], &photos[pair.b]);
    let steep = a.attitude.pitch_rad.max(b.attitude.pitch_rad) <= FLATTEST_PITCH_RAD;
    let sigma_m = a.sigmas.east_m.max(b.sigmas.east_m);
    steep && apart_m(photos, pair) >= LEAST_APART_SIGMAS * sigma_m && shared(a, b) >= LEAST_SHARED
}

/// Share of the first picture's ground that the second shows too, both taken as straight down and alike turned, be
/// it by half a turn.
fn shared(a: &StatedPose, b: &StatedPose) -> f64 {
    let [east, north] = LocalTangent::at(a.position).enu_from_wgs84(b.position);
    let (sin, cos) = a.attitude.yaw_rad.sin_cos();
    let (right, up) = (east * cos - north * sin, east * sin + north * cos);
    let left = |apart: f64, side: f64| (1.0 - apart.abs() / side).max(0.0);
    left(right, a.shown_m[0]) * left(up, a.shown_m[1])
}
