//! What the pictures say of the yaw, put together with the track.

use std::f64::consts::PI;

use super::{Group, PicturePair, PoseFinding, StatedPose, circular_mean, half_turn, median};
use crate::geodesy::LocalTangent;

/// A vote for "as stored" or "half a turn off" lies within this of it, rad.
const VOTE_RAD: f64 = 45.0 * PI / 180.0;
/// This share of the votes has to agree.
const AGREEING: f64 = 0.75;
/// Fewer votes settle nothing.
const LEAST_VOTES: usize = 2;
/// Photos in a line that make a strip: fewer have a direction, but no track that a yaw should follow.
const LEAST_STRIP: usize = 3;
/// A pair whose distance in the picture is off by more than this factor from that of the positions is a mismatch.
const MOST_STRETCH: f64 = 1.7;
/// A common offset below this is not worth a correction, rad.
const LEAST_OFFSET_RAD: f64 = 3.0 * PI / 180.0;
/// Pairs that a common offset or scale has to rest on.
const LEAST_COMMON: usize = 6;
/// A common offset or scale counts from so many of its standard deviations on.
const SIGNIFICANT: f64 = 4.0;
/// A scale this near to 1 is not told, since heights are uncertain by as much anyway.
const LEAST_SCALE: f64 = 0.06;

/// Two pictures laid over each other, both straightened to the ground by their stored poses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairEvidence {
    /// Which two.
    pub pair: PicturePair,
    /// Turn of the second picture that makes it fit, clockwise, rad.
    pub turn_rad: f64,
    /// Where the second camera's ground point lies in the first picture, (east, north) by its stored yaw, m.
    pub shift_m: [f64; 2],
}

/// One picture pair's word on the yaw of one photo.
#[derive(Debug, Clone, Copy)]
struct Vote {
    photo: usize,
    /// To be added to the stored yaw.
    offset_rad: f64,
    /// Between different strips.
    across: bool,
}

/// Judges the yaw of a flight: findings per photo, in the order given.
///
/// A pair that fits when the second picture is turned by τ and shifted by s, while the positions lie d apart, says
/// that the first yaw is off by δ = bearing(d) − bearing(s) and the second by δ + τ: picture content against the
/// track of the positions, whatever the compass said. A strip is turned round when at least two pairs and three
/// quarters of them say half a turn, **and** a second source agrees: the stored yaw points away from the track, or
/// the picture of a strip that is right in itself fits only turned. Strips against the track that pictures confirm
/// are flown backwards; what nothing settles stays doubtful.
#[must_use]
pub fn judge(photos: &[StatedPose], groups: &[Group], pairs: &[PairEvidence]) -> Vec<Vec<PoseFinding>> {
    let sound: Vec<PairEvidence> = pairs
        .iter()
        .filter(|pair| fits_positions(photos, pair))
        .copied()
        .collect();
    let votes: Vec<Vote> = sound
        .iter()
        .flat_map(|pair| votes(photos, groups, pair))
        .collect();
    let mut findings = vec![Vec::new(); photos.len()];
    for group in groups {
        if let Some(finding) = of_group(group, &votes) {
            group
                .photos
                .clone()
                .for_each(|place| findings[place].push(finding));
        }
    }
    let common = common_offset(&findings, &votes)
        .into_iter()
        .chain(scale(photos, &sound));
    for finding in common {
        findings.iter_mut().for_each(|of_photo| of_photo.push(finding));
    }
    findings
}

/// Whether the pictures compared so far leave nothing open: every strip looks along its track, and enough pairs say
/// that yaws and heights are as stored.
#[must_use]
pub fn is_settled(photos: &[StatedPose], groups: &[Group], pairs: &[PairEvidence]) -> bool {
    let n = pairs.iter().filter(|pair| fits_positions(photos, pair)).count();
    let votes = pairs.iter().flat_map(|pair| votes(photos, groups, pair));
    let offsets: Vec<f64> = votes.map(|vote| vote.offset_rad).collect();
    // More pairs would tell more of what is half significant.
    let is_small = |value: f64, sigma: f64, least: f64| value.abs() < least.max(SIGNIFICANT / 2.0 * sigma);
    groups.iter().all(Group::follows_track)
        && n == pairs.len()
        && n >= LEAST_COMMON
        && offsets.iter().all(|offset| is_right(*offset))
        && robust_mean(&offsets).is_some_and(|(offset, sigma, _)| is_small(offset, sigma, LEAST_OFFSET_RAD))
        && scale_ratio(photos, pairs)
            .is_some_and(|(ratio, sigma, _)| is_small(ratio - 1.0, sigma, LEAST_SCALE))
}

fn apart(photos: &[StatedPose], pair: PicturePair) -> [f64; 2] {
    LocalTangent::at(photos[pair.a].position).enu_from_wgs84(photos[pair.b].position)
}

fn fits_positions(photos: &[StatedPose], pair: &PairEvidence) -> bool {
    let [east, north] = apart(photos, pair.pair);
    let stretch = pair.shift_m[0].hypot(pair.shift_m[1]) / east.hypot(north);
    (1.0 / MOST_STRETCH..=MOST_STRETCH).contains(&stretch)
}

fn votes(photos: &[StatedPose], groups: &[Group], pair: &PairEvidence) -> [Vote; 2] {
    let [east, north] = apart(photos, pair.pair);
    let offset_rad = east.atan2(north) - pair.shift_m[0].atan2(pair.shift_m[1]);
    let PicturePair { a, b } = pair.pair;
    let across = !groups
        .iter()
        .any(|group| group.photos.contains(&a) && group.photos.contains(&b));
    [(a, offset_rad), (b, offset_rad + pair.turn_rad)].map(|(photo, offset_rad)| Vote {
        photo,
        offset_rad: half_turn(offset_rad),
        across,
    })
}

fn of_group(group: &Group, votes: &[Vote]) -> Option<PoseFinding> {
    let own: Vec<&Vote> = votes
        .iter()
        .filter(|vote| group.photos.contains(&vote.photo))
        .collect();
    // Both photos of a pair within the strip vote, and say the same: they count as one.
    let weight = |vote: &Vote| if vote.across { 1.0 } else { 0.5 };
    let share = |wanted: fn(f64) -> bool| -> f64 {
        own.iter()
            .filter(|vote| wanted(vote.offset_rad))
            .map(|vote| weight(vote))
            .sum()
    };
    let (all, right, reversed) = (share(|_| true), share(is_right), share(is_reversed));
    let from_track_deg = group.from_track_rad.to_degrees();
    let settled = |part: f64| part >= LEAST_VOTES as f64 && part >= AGREEING * all;
    let away = !group.follows_track();
    if settled(reversed) {
        let second_source = away || own.iter().any(|vote| vote.across && is_reversed(vote.offset_rad));
        let turned = own.iter().filter(|vote| is_reversed(vote.offset_rad));
        return Some(if second_source {
            PoseFinding::YawReversed {
                measured_deg: circular_mean(turned.map(|vote| vote.offset_rad))
                    .to_degrees()
                    .abs(),
                pairs: reversed.round() as u32,
                against: (all - reversed).round() as u32,
            }
        } else {
            PoseFinding::YawDoubtful { from_track_deg }
        });
    }
    if settled(right) {
        return away.then_some(PoseFinding::FliesBackwards {
            from_track_deg,
            pairs: right.round() as u32,
        });
    }
    // Two photos make no strip, and a picture that says "as stored", if only once, outweighs the track: people fly
    // sideways by hand.
    let confirmed = all > 0.0 && right >= AGREEING * all;
    let doubtful = away && !confirmed && (group.photos.len() >= LEAST_STRIP || all > 0.0);
    doubtful.then_some(PoseFinding::YawDoubtful { from_track_deg })
}

fn is_right(offset_rad: f64) -> bool {
    offset_rad.abs() <= VOTE_RAD
}

fn is_reversed(offset_rad: f64) -> bool {
    half_turn(offset_rad - PI).abs() <= VOTE_RAD
}

/// An offset that all photos share, half turns set aside.
fn common_offset(findings: &[Vec<PoseFinding>], votes: &[Vote]) -> Option<PoseFinding> {
    let is_turned = |photo: usize| {
        findings[photo]
            .iter()
            .any(|finding| matches!(finding, PoseFinding::YawReversed { .. }))
    };
    let left: Vec<f64> = votes
        .iter()
        .map(|vote| half_turn(vote.offset_rad + if is_turned(vote.photo) { PI } else { 0.0 }))
        .filter(|offset| is_right(*offset))
        .collect();
    let (added_rad, sigma_rad, n) = robust_mean(&left)?;
    // Two votes come from one pair.
    let (pairs, sigma_rad) = (n / 2, sigma_rad * std::f64::consts::SQRT_2);
    let counts = pairs >= LEAST_COMMON && added_rad.abs() > LEAST_OFFSET_RAD.max(SIGNIFICANT * sigma_rad);
    counts.then_some(PoseFinding::YawOffset {
        added_deg: added_rad.to_degrees(),
        sigma_deg: sigma_rad.to_degrees(),
        pairs: pairs as u32,
    })
}

/// Height that fits the pictures over the height used, if it is another.
fn scale(photos: &[StatedPose], pairs: &[PairEvidence]) -> Option<PoseFinding> {
    let (ratio, sigma, n) = scale_ratio(photos, pairs)?;
    let counts = n >= LEAST_COMMON && (ratio - 1.0).abs() > LEAST_SCALE.max(SIGNIFICANT * sigma);
    counts.then_some(PoseFinding::HeightScale { ratio, sigma })
}

/// Positions d apart, pictures |s| apart at the height used: its mean over the pairs, as [`robust_mean`] gives it.
fn scale_ratio(photos: &[StatedPose], pairs: &[PairEvidence]) -> Option<(f64, f64, usize)> {
    let ratio = |pair: &PairEvidence| {
        let [east, north] = apart(photos, pair.pair);
        east.hypot(north) / pair.shift_m[0].hypot(pair.shift_m[1])
    };
    robust_mean(&pairs.iter().map(ratio).collect::<Vec<f64>>())
}

/// Median, its standard deviation from the median absolute deviation (1.4826 · MAD · √(π/2) / √n), and the number.
fn robust_mean(values: &[f64]) -> Option<(f64, f64, usize)> {
    let middle = median(values.to_vec())?;
    let spread = median(values.iter().map(|value| (value - middle).abs()).collect())?;
    let sigma = 1.4826 * spread * (PI / 2.0).sqrt() / (values.len() as f64).sqrt();
    Some((middle, sigma, values.len()))
}
