//! From a photo file to the capture report it belongs to.

use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use super::capture::{CLEARLY_NEARER, CaptureSeen, distance_m, known_place};

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

/// A file without a matching number and without a place is given to a capture only if it lies this much of the least
/// time between captures from it: with half of it or more, the file of a photo whose report was lost would go to its
/// neighbour.
const SHARE_OF_INTERVAL: f64 = 0.45;
/// Time between captures that is likely where nothing else is known, µs: 20 m at 10 m/s.
const LIKELY_INTERVAL_US: f64 = 2e6;
/// Captures nearer in time than this are reports of one moment, µs.
const ONE_MOMENT_US: f64 = 1e5;

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
    let by_number = fitting.iter().any(|(_, seen)| numbered(seen));
    if by_number {
        fitting.retain(|(_, seen)| numbered(seen));
    } else if taken_at.is_none() {
        return FileMatch::Nothing;
    }
    let position = known_place(position);
    let found = match fitting[..] {
        [(shot_index, _)] => FileMatch::Shot {
            shot_index: *shot_index,
        },
        _ => best_of(&fitting, taken_at, position),
    };
    match (found, taken_at) {
        (FileMatch::Shot { shot_index }, Some(at)) if !by_number && position.is_none() => {
            let near = is_near_in_time(captures, shot_index, at);
            if near { found } else { FileMatch::Several }
        }
        _ => found,
    }
}

/// Whether the time alone says that it is this one, by how far apart captures are at least.
fn is_near_in_time(captures: &[(u32, CaptureSeen)], shot_index: u32, at: UtcMicros) -> bool {
    let own = captures.iter().find(|(index, _)| *index == shot_index);
    let Some((_, own)) = own else {
        return false;
    };
    at.0.abs_diff(own.at.0) as f64 <= SHARE_OF_INTERVAL * least_interval_us(captures)
}

/// The least time between captures of this flight, µs, and no more than is likely: where reports got lost, those left
/// are further apart than photos are.
pub(super) fn least_interval_us(captures: &[(u32, CaptureSeen)]) -> f64 {
    let mut times: Vec<i64> = captures.iter().map(|(_, seen)| seen.at.0).collect();
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| pair[1].abs_diff(pair[0]) as f64);
    gaps.filter(|gap| *gap > ONE_MOMENT_US)
        .fold(LIKELY_INTERVAL_US, f64::min)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::capture::Assignment;
    use super::super::samples::{any_flight, feed, lanes, reports};
    use super::*;

    /// Four captures 2 s apart; the camera counted anew after the second.
    fn restarted() -> Vec<(u32, CaptureSeen)> {
        let mut seen = reports(&lanes(1, 4, 20.0));
        seen[2].image_index = 1;
        seen[3].image_index = 2;
        (1..).zip(seen).collect()
    }

    #[test]
    fn a_number_given_twice_is_decided_by_time_then_by_place() {
        let captures = restarted();
        let shot = |shot_index| FileMatch::Shot { shot_index };
        let find = |number, at: Option<usize>, position| {
            let taken_at = at.map(|i| captures[i].1.at);
            match_file(&captures, number, taken_at, position, 1_000_000)
        };
        assert_eq!(find(Some(1), Some(2), None), shot(3));
        assert_eq!(find(Some(1), None, None), FileMatch::Several);
        assert_eq!(find(Some(1), None, captures[2].1.position), shot(3));
        assert_eq!(
            find(Some(9), Some(3), None),
            shot(4),
            "an unknown number with a known time"
        );
        assert_eq!(find(Some(9), None, None), FileMatch::Nothing);
        assert_eq!(find(None, None, captures[0].1.position), FileMatch::Nothing);
        let hour_off = Some(UtcMicros(captures[0].1.at.0 + 3_600_000_000));
        assert_eq!(
            match_file(&captures, Some(1), hour_off, None, 1_000_000),
            FileMatch::Nothing
        );
    }

    #[test]
    fn a_time_between_two_captures_is_decided_by_place_or_not_at_all() {
        let captures = restarted();
        let between = Some(UtcMicros(captures[0].1.at.0 + 1_000_000));
        let find = |position| match_file(&captures, None, between, position, 1_500_000);
        assert_eq!(find(None), FileMatch::Several);
        assert_eq!(find(captures[1].1.position), FileMatch::Shot { shot_index: 2 });
    }

    proptest! {
        /// A file finds its capture by number or by time, whatever order captures and files come in.
        #[test]
        fn files_find_their_capture(
            (planned, reports) in any_flight(), pick: Index, late_us in -900_000..900_000_i64, with_number: bool,
        ) {
            let answers = feed(&planned, &reports);
            let captures: Vec<_> = answers.iter().zip(&reports).filter_map(|(answer, seen)| match answer {
                Assignment::Planned { shot_index } => Some((*shot_index, *seen)),
                _ => None,
            }).collect();
            if !captures.is_empty() {
                let (shot_index, seen) = captures[pick.index(captures.len())];
                let number = with_number.then_some(seen.image_index);
                let taken_at = Some(UtcMicros(seen.at.0 + late_us));
                let found = match_file(&captures, number, taken_at, None, 1_000_000);
                prop_assert_eq!(found, FileMatch::Shot { shot_index });
            }
        }
    }
}
