//! Which planned photo a capture report belongs to, and which capture a file belongs to. By place first, by image
//! number and time where the place leaves a choice, never by order of arrival: one misfire, one lost report or
//! one report too many would shift everything after it.

use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use crate::mission::PlannedShot;

/// Reach around a planned photo whose neighbours say nothing about the spacing, m.
const LONE_REACH_M: f64 = 30.0;
/// Least reach around a planned photo, m: position error of vehicle and report.
const LEAST_REACH_M: f64 = 15.0;
/// Reach as a part of the spacing: a path flown may be shifted against the plan by more than half of it.
const REACH_PER_SPACING: f64 = 0.75;
/// The nearest photo is taken without further questions when it is this much nearer than the next.
const CLEARLY_NEARER: f64 = 0.6;
/// What one number of difference from the expected photo weighs against metres, as a part of the spacing.
const WEIGHT_PER_NUMBER: f64 = 0.25;
/// Differences above this many numbers weigh no more.
const GREATEST_DIFFERENCE: u32 = 8;
/// Two reports with one image number are one report when their times differ by at most this.
const SAME_REPORT_US: u64 = 2_000_000;

/// What a camera, or the vehicle for it, reports about one photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaptureSeen {
    /// Number given by the camera; may begin anywhere and may begin anew.
    pub image_index: u32,
    /// When, on the vehicle's clock.
    pub at: UtcMicros,
    /// Where the vehicle was; 0, 0 counts as unknown.
    pub position: Option<Wgs84>,
}

/// What a capture report means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// It is this planned photo.
    Planned {
        /// Number of the photo.
        shot_index: u32,
    },
    /// A photo nobody planned, or one more at a place that has its photo.
    Extra {
        /// Next free number behind the planned ones.
        shot_index: u32,
    },
    /// Reported before.
    Duplicate {
        /// Number of the photo it was taken for then.
        shot_index: u32,
    },
    /// It cannot be kept.
    Ignored(IgnoredBecause),
}

/// Why a report cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredBecause {
    /// All numbers for photos of one flight are used up.
    NoNumberLeft,
}

/// Finds the photo a report belongs to.
///
/// `taken` holds every report accepted so far with the number it got, misfires included. Only differences between
/// times count, so a vehicle clock that is off does no harm. While reports lie nearer to their own photo than to
/// any other, the answer does not depend on the order in which they come.
#[must_use]
pub fn assign(planned: &[PlannedShot], taken: &[(u32, CaptureSeen)], new: &CaptureSeen) -> Assignment {
    if let Some((shot_index, _)) = taken.iter().find(|(_, seen)| same_report(seen, new)) {
        return Assignment::Duplicate {
            shot_index: *shot_index,
        };
    }
    let expected = expected_index(planned, taken, new);
    let found = match known_place(new.position) {
        Some(place) => by_place(planned, taken, place, expected),
        None => expected.filter(|index| is_free(planned, taken, *index)),
    };
    if let Some(shot_index) = found {
        return Assignment::Planned { shot_index };
    }
    let last = planned.iter().map(|shot| shot.index);
    let last = last
        .chain(taken.iter().map(|(index, _)| *index))
        .max()
        .unwrap_or(0);
    match last.checked_add(1) {
        Some(shot_index) => Assignment::Extra { shot_index },
        None => Assignment::Ignored(IgnoredBecause::NoNumberLeft),
    }
}

/// Which capture a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMatch {
    /// This one.
    Shot {
        /// Number of the photo.
        shot_index: u32,
    },
    /// More than one would fit.
    Several,
    /// None fits.
    Nothing,
}

/// Finds the capture a file belongs to, by the camera's image number and the time written in the file, by place
/// where these leave a choice.
///
/// `taken_at` is on the clock of the captures: the caller takes a known offset out first. What contradicts (a time
/// further away than `clock_tolerance_us` microseconds) outweighs an equal number, because cameras count anew after
/// a restart.
#[must_use]
pub fn match_file(
    captures: &[(u32, CaptureSeen)],
    image_index: Option<u32>,
    taken_at: Option<UtcMicros>,
    position: Option<Wgs84>,
    clock_tolerance_us: u64,
) -> FileMatch {
    let in_time =
        |seen: &CaptureSeen| taken_at.is_none_or(|at| at.0.abs_diff(seen.at.0) <= clock_tolerance_us);
    let numbered = |seen: &CaptureSeen| image_index.is_some_and(|index| index == seen.image_index);
    if image_index.is_none() && taken_at.is_none() {
        return FileMatch::Nothing;
    }
    let mut fitting: Vec<_> = captures.iter().filter(|(_, seen)| in_time(seen)).collect();
    if fitting.iter().any(|(_, seen)| numbered(seen)) {
        fitting.retain(|(_, seen)| numbered(seen));
    } else if taken_at.is_none() {
        return FileMatch::Nothing;
    }
    if let [(shot_index, _)] = fitting[..] {
        return FileMatch::Shot {
            shot_index: *shot_index,
        };
    }
    best_of(&fitting, taken_at, known_place(position))
}

/// The one that is clearly nearest: in place where places are known, in time otherwise.
fn best_of(
    fitting: &[&(u32, CaptureSeen)],
    taken_at: Option<UtcMicros>,
    position: Option<Wgs84>,
) -> FileMatch {
    let distance = |seen: &CaptureSeen| -> Option<f64> {
        match (position, known_place(seen.position), taken_at) {
            (Some(file), Some(capture), _) => Some(distance_m(&LocalTangent::at(file), capture)),
            (None, _, Some(at)) => Some(at.0.abs_diff(seen.at.0) as f64),
            _ => None,
        }
    };
    let mut ranked: Vec<_> = fitting
        .iter()
        .filter_map(|(shot_index, seen)| Some((distance(seen)?, *shot_index)))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    match ranked[..] {
        [] if fitting.is_empty() => FileMatch::Nothing,
        [] => FileMatch::Several,
        [(_, shot_index)] => FileMatch::Shot { shot_index },
        [(first, shot_index), (second, _), ..] if first < CLEARLY_NEARER * second => {
            FileMatch::Shot { shot_index }
        }
        _ => FileMatch::Several,
    }
}

fn same_report(seen: &CaptureSeen, new: &CaptureSeen) -> bool {
    seen.image_index == new.image_index && seen.at.0.abs_diff(new.at.0) <= SAME_REPORT_US
}

fn known_place(position: Option<Wgs84>) -> Option<Wgs84> {
    position.filter(|p| p.latitude_deg != 0.0 || p.longitude_deg != 0.0)
}

fn is_free(planned: &[PlannedShot], taken: &[(u32, CaptureSeen)], index: u32) -> bool {
    planned.iter().any(|shot| shot.index == index) && taken.iter().all(|(taken, _)| *taken != index)
}

/// The number the report would have if the camera took every photo since the report nearest in time, counted by
/// image numbers; one on where the camera began to count anew. None without a report of a planned photo.
fn expected_index(planned: &[PlannedShot], taken: &[(u32, CaptureSeen)], new: &CaptureSeen) -> Option<u32> {
    let is_planned = |index: u32| planned.iter().any(|shot| shot.index == index);
    let (index, nearest) = taken
        .iter()
        .filter(|(index, _)| is_planned(*index))
        .min_by_key(|(index, seen)| (seen.at.0.abs_diff(new.at.0), *index))?;
    let later = new.at >= nearest.at;
    let counted = i64::from(new.image_index) - i64::from(nearest.image_index);
    let step = match (later, counted) {
        (true, 1..) | (false, ..=-1) => counted,
        (true, _) => 1,
        (false, _) => -1,
    };
    u32::try_from(i64::from(*index) + step).ok()
}

/// The free photo within reach that fits best. The nearest of all photos, taken or not, settles it when it is
/// clearly nearer than the next: a second report there is one too many and not its neighbour.
fn by_place(
    planned: &[PlannedShot],
    taken: &[(u32, CaptureSeen)],
    place: Wgs84,
    expected: Option<u32>,
) -> Option<u32> {
    let plane = LocalTangent::at(place);
    let mut near: Vec<(f64, u32)> = planned
        .iter()
        .map(|shot| (distance_m(&plane, shot.position), shot.index))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (nearest_m, nearest) = *near.first()?;
    let spacing_m = spacing_m(planned, nearest);
    let reach_m = spacing_m.map_or(LONE_REACH_M, |s| (REACH_PER_SPACING * s).max(LEAST_REACH_M));
    near.retain(|(distance, _)| *distance <= reach_m);
    let clear = match near.get(1) {
        Some((second_m, _)) => nearest_m < CLEARLY_NEARER * second_m,
        None => true,
    };
    if clear {
        return near
            .first()
            .map(|n| n.1)
            .filter(|index| is_free(planned, taken, *index));
    }
    let weight_m = WEIGHT_PER_NUMBER * spacing_m.unwrap_or(LONE_REACH_M);
    let cost = |(distance, index): &(f64, u32)| {
        let off = expected.map_or(0, |e| e.abs_diff(*index).min(GREATEST_DIFFERENCE));
        distance + weight_m * f64::from(off)
    };
    near.retain(|(_, index)| is_free(planned, taken, *index));
    let best = near.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    best.map(|(_, index)| *index)
}

/// Distance between a planned photo and its nearer neighbour in the plan, m.
fn spacing_m(planned: &[PlannedShot], index: u32) -> Option<f64> {
    let place = |wanted: u32| {
        planned
            .iter()
            .find(|shot| shot.index == wanted)
            .map(|shot| shot.position)
    };
    let plane = LocalTangent::at(place(index)?);
    let neighbours = [index.checked_sub(1), index.checked_add(1)];
    let distances = neighbours
        .iter()
        .flatten()
        .filter_map(|n| place(*n))
        .map(|p| distance_m(&plane, p));
    distances.filter(|d| *d > 0.0).min_by(f64::total_cmp)
}

fn distance_m(from: &LocalTangent, to: Wgs84) -> f64 {
    let [east_m, north_m] = from.enu_from_wgs84(to);
    east_m.hypot(north_m)
}
