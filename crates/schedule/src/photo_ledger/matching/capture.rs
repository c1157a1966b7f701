//! From a capture report to the planned photo it belongs to.

use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use crate::mission::PlannedShot;

/// Reach around a planned photo whose neighbours say nothing about the spacing, m.
const LONE_REACH_M: f64 = 30.0;
/// Least reach around a planned photo, m: position error of vehicle and report.
const LEAST_REACH_M: f64 = 15.0;
/// Reach as a part of the spacing: a path flown may be shifted against the plan by more than half of it.
const REACH_PER_SPACING: f64 = 0.75;
/// The nearest is taken without further questions when it is this much nearer than the next.
pub(super) const CLEARLY_NEARER: f64 = 0.6;
/// What one number of difference from the expected photo weighs against metres, as a part of the spacing.
const WEIGHT_PER_NUMBER: f64 = 0.25;
/// Differences above this many numbers weigh no more.
const GREATEST_DIFFERENCE: u32 = 8;
/// A report without a place is counted to a photo when number and time differ by at most this many photos.
const COUNT_AND_TIME_AGREE: f64 = 0.3;
/// And when it is the next photo to one that is known, or the next but one where the usual time is well known.
const INTERVALS_FOR_TWO: usize = 3;
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
    let found = match known_place(new.position) {
        // Most cameras count from 1; where this one does not, every photo is equally far off.
        Some(place) => {
            let expected = expected_index(planned, taken, new);
            by_place(planned, taken, place, expected.unwrap_or(new.image_index))
        }
        None => by_count(planned, taken, new).filter(|index| is_free(planned, taken, *index)),
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

/// One number, and one moment or to the last digit one place: what a vehicle repeats long afterwards may get another
/// time on the way here, but no vehicle is at one place twice so exactly.
fn same_report(seen: &CaptureSeen, new: &CaptureSeen) -> bool {
    let one_moment = seen.at.0.abs_diff(new.at.0) <= SAME_REPORT_US;
    let one_place = || known_place(seen.position).is_some() && seen.position == new.position;
    seen.image_index == new.image_index && (one_moment || one_place())
}

pub(super) fn known_place(position: Option<Wgs84>) -> Option<Wgs84> {
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

/// The photo of a report without a place, where number and time say the same: as many photos on from the report
/// nearest in time by number as by the usual time between photos. A number alone would be wrong by every report that
/// nobody took, a time alone by every corner.
fn by_count(planned: &[PlannedShot], taken: &[(u32, CaptureSeen)], new: &CaptureSeen) -> Option<u32> {
    let mut known: Vec<&(u32, CaptureSeen)> = taken
        .iter()
        .filter(|(index, _)| planned.iter().any(|shot| shot.index == *index))
        .collect();
    known.sort_by_key(|(index, _)| *index);
    let per_photo = |pair: &[&(u32, CaptureSeen)]| {
        let photos = f64::from(pair[1].0.abs_diff(pair[0].0));
        (pair[1].1.at.0.abs_diff(pair[0].1.at.0)) as f64 / photos
    };
    let mut intervals_us: Vec<f64> = known.windows(2).map(per_photo).filter(|us| *us > 0.0).collect();
    intervals_us.sort_by(f64::total_cmp);
    let interval_us = *intervals_us.get(intervals_us.len() / 2)?;
    let (index, nearest) = known
        .iter()
        .min_by_key(|(index, seen)| (seen.at.0.abs_diff(new.at.0), *index))?;
    let by_number = i64::from(new.image_index) - i64::from(nearest.image_index);
    let by_time = (new.at.0 - nearest.at.0) as f64 / interval_us;
    let most = if intervals_us.len() < INTERVALS_FOR_TWO {
        1
    } else {
        2
    };
    let agree =
        (1..=most).contains(&by_number.abs()) && (by_time - by_number as f64).abs() <= COUNT_AND_TIME_AGREE;
    agree
        .then(|| u32::try_from(i64::from(*index) + by_number).ok())
        .flatten()
}

/// The free photo within reach that fits best. The nearest of all photos, taken or not, settles it when it is
/// clearly nearer than the next: a second report there is one too many and not its neighbour.
fn by_place(
    planned: &[PlannedShot],
    taken: &[(u32, CaptureSeen)],
    place: Wgs84,
    expected: u32,
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
        let off = expected.abs_diff(*index).min(GREATEST_DIFFERENCE);
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

pub(super) fn distance_m(from: &LocalTangent, to: Wgs84) -> f64 {
    let [east_m, north_m] = from.enu_from_wgs84(to);
    east_m.hypot(north_m)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::samples::{any_flight, feed, flown, lanes, place, report, reports, survey_of, zigzag};
    use super::*;
    use crate::mission::planned_shots;

    fn planned_of(answers: &[Assignment]) -> Vec<u32> {
        let planned = |answer: &Assignment| match answer {
            Assignment::Planned { shot_index } => Some(*shot_index),
            _ => None,
        };
        answers.iter().filter_map(planned).collect()
    }

    #[test]
    fn one_photo_missing_shifts_nothing() {
        let planned = lanes(2, 5, 20.0);
        let mut seen = reports(&planned);
        seen.remove(3);
        // The camera's numbers go on without the missing one.
        for (capture, number) in seen.iter_mut().zip(1..) {
            capture.image_index = number;
        }
        assert_eq!(planned_of(&feed(&planned, &seen)), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn one_photo_more_is_extra_and_shifts_nothing() {
        let planned = lanes(1, 5, 20.0);
        let mut seen = reports(&planned);
        let mut again = seen[2];
        again.at = UtcMicros(again.at.0 + 900_000);
        again.image_index = 4;
        seen.insert(3, again);
        seen[4].image_index = 5;
        seen[5].image_index = 6;
        let answers = feed(&planned, &seen);
        assert_eq!(answers[3], Assignment::Extra { shot_index: 6 });
        assert_eq!(planned_of(&answers), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_repeated_report_is_known_by_number_and_time_or_place() {
        let planned = lanes(1, 3, 20.0);
        let seen = reports(&planned);
        let moved = CaptureSeen {
            position: None,
            at: UtcMicros(seen[1].at.0 + 2_000_000),
            ..seen[1]
        };
        // Asked for again minutes later, and dated by a clock that was taken for one that had jumped.
        let late = CaptureSeen {
            at: UtcMicros(seen[1].at.0 + 160_000_000),
            ..seen[1]
        };
        let answers = feed(&planned, &[seen[0], seen[1], seen[1], moved, late]);
        assert_eq!(answers[2..], [Assignment::Duplicate { shot_index: 2 }; 3]);
    }

    #[test]
    fn a_camera_that_counts_anew_does_not_repeat_itself() {
        let planned = lanes(1, 8, 20.0);
        let mut seen = reports(&planned);
        for (capture, number) in seen[4..].iter_mut().zip(1..) {
            capture.image_index = number;
        }
        assert_eq!(planned_of(&feed(&planned, &seen)), (1..=8).collect::<Vec<_>>());
    }

    #[test]
    fn without_a_place_number_and_time_say_which_if_one_before_is_known() {
        let planned = lanes(1, 6, 20.0);
        let mut seen = reports(&planned);
        seen[3].position = Wgs84::new(0.0, 0.0).ok();
        seen[4].position = None;
        assert_eq!(planned_of(&feed(&planned, &seen)), (1..=6).collect::<Vec<_>>());
        let alone = assign(&planned, &[], &seen[3]);
        assert_eq!(alone, Assignment::Extra { shot_index: 7 });
    }

    #[test]
    fn places_flown_over_twice_are_told_apart_by_time() {
        let mut planned = lanes(1, 5, 20.0);
        let back: Vec<_> = (0..5)
            .map(|n| PlannedShot {
                index: 6 + n,
                position: planned[4 - n as usize].position,
                ..planned[0]
            })
            .collect();
        planned.extend(back);
        let seen = reports(&planned);
        assert_eq!(planned_of(&feed(&planned, &seen)), (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn a_path_shifted_by_half_a_spacing_loses_no_photo() {
        let planned = lanes(1, 20, 20.0);
        for share in [0.3, 0.45, 0.5, 0.55, 0.7] {
            let shifted: Vec<_> = planned.iter().map(|s| report(s, (0.0, share * 20.0))).collect();
            let lost = 20 - planned_of(&feed(&planned, &shifted)).len();
            assert!(lost <= usize::from(share > 0.5), "{lost} lost at {share}");
        }
    }

    #[test]
    fn a_photo_far_from_the_plan_is_extra_and_numbers_end_somewhere() {
        let planned = lanes(1, 3, 20.0);
        let mut far = reports(&planned)[0];
        far.position = Some(place(-500.0, 0.0));
        assert_eq!(assign(&planned, &[], &far), Assignment::Extra { shot_index: 4 });
        assert_eq!(assign(&[], &[], &far), Assignment::Extra { shot_index: 1 });
        let last = CaptureSeen {
            image_index: 77,
            ..far
        };
        assert_eq!(
            assign(&planned, &[(u32::MAX, last)], &far),
            Assignment::Ignored(IgnoredBecause::NoNumberLeft)
        );
    }

    fn number_by_report(answers: &[Assignment], reports: &[CaptureSeen]) -> BTreeMap<u32, u32> {
        let pairs = answers
            .iter()
            .zip(reports)
            .filter_map(|(answer, seen)| match answer {
                Assignment::Planned { shot_index } => Some((seen.image_index, *shot_index)),
                _ => None,
            });
        pairs.collect()
    }

    proptest! {
        #[test]
        fn any_reports_in_any_order_find_their_own_photo((planned, reports) in any_flight()) {
            let answers = feed(&planned, &reports);
            let own: BTreeMap<u32, u32> = reports.iter().map(|seen| (seen.image_index, seen.image_index)).collect();
            prop_assert_eq!(number_by_report(&answers, &reports), own);
            let own_only = answers.iter().all(|a| matches!(a, Assignment::Planned { .. } | Assignment::Duplicate { .. }));
            prop_assert!(own_only);
        }

        #[test]
        fn a_clock_that_is_an_hour_off_changes_nothing((planned, mut reports) in any_flight(), hours in -30..30_i64) {
            let before = feed(&planned, &reports);
            for seen in &mut reports {
                seen.at.0 += hours * 3_600_000_000;
            }
            prop_assert_eq!(feed(&planned, &reports), before);
        }

        /// Reports that say anything at all: every photo gets at most one, and every number is given once.
        #[test]
        fn every_photo_gets_at_most_one_report(
            spacing_m in 0.0..40.0,
            raw in prop::collection::vec((0..30_u32, -20_000_000..20_000_000_i64, prop::option::of((-80.0..80.0, -50.0..200.0))), 0..40),
        ) {
            let planned = lanes(2, 6, spacing_m);
            let reports: Vec<_> = raw.iter().map(|(image_index, at, position)| CaptureSeen {
                image_index: *image_index, at: UtcMicros(*at), position: position.map(|(east_m, north_m)| place(east_m, north_m)),
            }).collect();
            let answers = feed(&planned, &reports);
            let given: Vec<_> = answers.iter().filter_map(|answer| match answer {
                Assignment::Planned { shot_index } | Assignment::Extra { shot_index } => Some(*shot_index),
                _ => None,
            }).collect();
            prop_assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len());
            for answer in answers {
                match answer {
                    Assignment::Planned { shot_index } => prop_assert!(shot_index <= 12),
                    Assignment::Extra { shot_index } => prop_assert!(shot_index > 12),
                    Assignment::Duplicate { shot_index } => prop_assert!(given.contains(&shot_index)),
                    Assignment::Ignored(_) => {}
                }
            }
        }
    }

    /// A real path cuts corners and takes every photo a little late, so photos move against the plan along the way
    /// and there are fewer of them. Each is still matched, whatever the order of the reports, and none is extra.
    #[test]
    fn photos_of_a_path_that_cuts_corners_are_all_matched() {
        for (corners, every_m) in [(zigzag(4, 200.0, 40.0), 20.0), (zigzag(8, 500.0, 35.0), 15.0)] {
            let planned = planned_shots(&survey_of(&corners, every_m), Some(place(0.0, 0.0)));
            for turn_m in [2.0, 5.0, 10.0] {
                let mut seen = flown(&corners, every_m, turn_m);
                assert!(seen.len() > planned.len() * 9 / 10, "{} flown", seen.len());
                assert_eq!(planned_of(&feed(&planned, &seen)).len(), seen.len());
                seen.reverse();
                assert_eq!(planned_of(&feed(&planned, &seen)).len(), seen.len());
            }
        }
    }
}
