//! From a photo file to the planned photo it is. Number, time and place of the file are held against the reports
//! and the plan; two of the three have to agree, and where a place is known, it must not be another photo's place:
//! autopilots count reports of photos that no camera took, cameras do not, so that numbers may run apart by one
//! while the times are still alike.

use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use super::capture::{CLEARLY_NEARER, CaptureSeen, distance_m, known_place};
use super::file::{FileMatch, least_interval_us, match_file};

/// A file's time may differ from the capture's report: EXIF counts whole seconds, autopilots report the trigger
/// and not the exposure.
const CLOCK_TOLERANCE_US: u64 = 3_000_000;
/// A file and a shot are at one place up to this distance, m: errors of two receivers and of the flight.
pub const SAME_PLACE_M: f64 = 15.0;
/// Two planned photos nearer to each other than this are of one place, flown over twice, m.
const ONE_PLACE_M: f64 = 5.0;
/// Reports nearer in time than this may be of one exposure, µs.
const ONE_MOMENT_US: u64 = 500_000;
/// A file lies at the place of a numbered shot up to this part of the distance to the next photo.
const HALF_WAY: f64 = 0.5;

/// A photo of a flight as far as it is known, planned or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotSeen {
    /// Its number in the flight.
    pub index: u32,
    /// Where it was planned; None for a photo nobody planned.
    pub planned: Option<Wgs84>,
    /// The report of its exposure.
    pub capture: Option<CaptureSeen>,
    /// Whether its file is here.
    pub has_file: bool,
}

/// What a file says that tells its shot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileSeen {
    /// The camera's number.
    pub image_index: Option<u32>,
    /// On the camera's clock.
    pub taken_at: Option<UtcMicros>,
    /// Where, by the camera; 0, 0 counts as unknown.
    pub position: Option<Wgs84>,
    /// What to add to UTC for the clock of the captures, where the flight knows it, µs. A camera set by the vehicle
    /// runs on its clock, one set by satellites on UTC: both are tried, the vehicle's clock first.
    pub clock_offset_us: i64,
}

/// In what a file contradicts its flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// The number names one shot, place or time another.
    Index,
    /// Number and place agree, the time does not: the camera's clock is off.
    Clock,
}

/// Which shot a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShotFound {
    /// Its number; None for one photo more.
    pub shot_index: Option<u32>,
    /// What disagrees, where something does.
    pub contradiction: Option<Contradiction>,
}

/// The shot of a file. A shot that has a file already is answered only where number and time name it; everywhere else
/// the file is one photo more.
#[must_use]
pub fn find_shot(shots: &[ShotSeen], file: &FileSeen) -> ShotFound {
    let known = Known { shots, file };
    let numbered = known.by_number_and_time();
    let place = known.by_place();
    let found = |shot: &ShotSeen, contradiction| ShotFound {
        shot_index: Some(shot.index),
        contradiction,
    };
    match (numbered, place) {
        (Some(shot), _) if known.lies_at(shot) => return found(shot, None),
        (Some(shot), Some(other)) => {
            // A report without a place was counted wrongly, or numbers run apart.
            let differs = shot.planned.is_some() && shot.index != other.index;
            return ShotFound {
                shot_index: (!other.has_file).then_some(other.index),
                contradiction: differs.then_some(Contradiction::Index),
            };
        }
        // Where it was taken, something else was planned, and it is not clear what.
        (Some(shot), None) if known.is_somewhere() && !known.is_near(shot) => {}
        (Some(shot), None) => return found(shot, None),
        _ => {}
    }
    if let Some(shot) = known.by_number_and_place() {
        return found(shot, Some(Contradiction::Clock));
    }
    let free = match file_place(file) {
        Some(_) => place.filter(|shot| !shot.has_file),
        None => known.by_time().filter(|shot| !shot.has_file),
    };
    let any = shots.iter().any(|shot| known.has_number(shot));
    ShotFound {
        shot_index: free.map(|shot| shot.index),
        contradiction: any.then_some(Contradiction::Index),
    }
}

fn file_place(file: &FileSeen) -> Option<Wgs84> {
    known_place(file.position)
}

/// Where it was taken, or else where it was planned.
fn place_of(shot: &ShotSeen) -> Option<Wgs84> {
    shot.capture
        .and_then(|capture| known_place(capture.position))
        .or(shot.planned)
}

/// Whether a planned photo may be the one that an unplanned report is of: it has no file, and no report but one that was
/// only counted to it, or one of the same moment, which then is the one that nobody took.
fn is_photo_of(planned: &ShotSeen, extra: &ShotSeen) -> bool {
    let gives_way = planned.capture.zip(extra.capture).is_none_or(|(own, other)| {
        known_place(own.position).is_none() || own.at.0.abs_diff(other.at.0) <= ONE_MOMENT_US
    });
    planned.planned.is_some() && !planned.has_file && gives_way
}

struct Known<'k> {
    shots: &'k [ShotSeen],
    file: &'k FileSeen,
}

impl<'k> Known<'k> {
    fn has_number(&self, shot: &ShotSeen) -> bool {
        let number = shot.capture.map(|capture| capture.image_index);
        self.file.image_index.is_some() && number == self.file.image_index
    }

    /// Metres between file and shot, where both places are known.
    fn distance_m(&self, shot: &ShotSeen) -> Option<f64> {
        let plane = LocalTangent::at(file_place(self.file)?);
        Some(distance_m(&plane, place_of(shot)?))
    }

    fn captures(&self, of: impl Fn(&ShotSeen) -> bool) -> Vec<(u32, CaptureSeen)> {
        let wanted = self.shots.iter().filter(|shot| of(shot));
        wanted
            .filter_map(|shot| Some((shot.index, shot.capture?)))
            .collect()
    }

    fn shot(&self, found: FileMatch) -> Option<&'k ShotSeen> {
        let FileMatch::Shot { shot_index } = found else {
            return None;
        };
        self.shots.iter().find(|shot| shot.index == shot_index)
    }

    fn match_in_time(&self, captures: &[(u32, CaptureSeen)], image_index: Option<u32>) -> FileMatch {
        let (taken_at, position) = (self.file.taken_at, self.file.position);
        let matched = |taken_at| match_file(captures, image_index, taken_at, position, CLOCK_TOLERANCE_US);
        match matched(taken_at) {
            FileMatch::Nothing if self.file.clock_offset_us != 0 => {
                let offset_us = self.file.clock_offset_us;
                matched(taken_at.map(|at| UtcMicros(at.0.saturating_add(offset_us))))
            }
            found => found,
        }
    }

    /// The shot whose report has the file's number and its time. Without a place to go by, the time has to be nearer
    /// to it than to any other photo's, or a number that has run on by one would go unnoticed.
    fn by_number_and_time(&self) -> Option<&'k ShotSeen> {
        let captures = self.captures(|_| true);
        let shot = self.shot(self.match_in_time(&captures, self.file.image_index))?;
        (self.has_number(shot) && (self.distance_m(shot).is_some() || self.is_at_its_time(shot, &captures)))
            .then_some(shot)
    }

    /// Nearer than half way to the next photo, in time; unknown times exclude nothing.
    fn is_at_its_time(&self, shot: &ShotSeen, captures: &[(u32, CaptureSeen)]) -> bool {
        let (Some(at), Some(own)) = (self.file.taken_at, shot.capture) else {
            return true;
        };
        let shifted = UtcMicros(at.0.saturating_add(self.file.clock_offset_us));
        let off_us = shifted.0.abs_diff(own.at.0).min(at.0.abs_diff(own.at.0));
        off_us as f64 <= HALF_WAY * least_interval_us(captures)
    }

    /// Whether the file lies nearer to this shot than half way to the next; unknown places exclude nothing. A photo
    /// nobody planned gives way to a planned one of the same place that still has no file.
    fn lies_at(&self, shot: &ShotSeen) -> bool {
        let Some(off_m) = self.distance_m(shot) else {
            return file_place(self.file).is_none();
        };
        if shot.planned.is_none() {
            let outdone = self.by_place().is_some_and(|other| {
                let is_nearer = self.distance_m(other).is_some_and(|m| m < CLEARLY_NEARER * off_m);
                other.index != shot.index && (is_nearer || is_photo_of(other, shot))
            });
            return off_m <= SAME_PLACE_M && !outdone;
        }
        let half_m = self.spacing_m(shot).map_or(SAME_PLACE_M, |m| HALF_WAY * m);
        off_m <= half_m.clamp(ONE_PLACE_M, SAME_PLACE_M)
    }

    fn is_near(&self, shot: &ShotSeen) -> bool {
        self.distance_m(shot).is_some_and(|m| m <= SAME_PLACE_M)
    }

    /// Whether the file lies at any shot.
    fn is_somewhere(&self) -> bool {
        self.shots.iter().any(|shot| self.is_near(shot))
    }

    /// Distance to the nearest other planned photo that is not of the same place, m.
    fn spacing_m(&self, shot: &ShotSeen) -> Option<f64> {
        let plane = LocalTangent::at(place_of(shot)?);
        let others = self.shots.iter().filter(|other| other.index != shot.index);
        let planned = others.filter_map(|other| Some(distance_m(&plane, other.planned?)));
        planned.filter(|m| *m > ONE_PLACE_M).min_by(f64::total_cmp)
    }

    /// The shot that is clearly the nearest, a planned one if there is one; of one place flown over twice, the one
    /// whose time fits.
    fn by_place(&self) -> Option<&'k ShotSeen> {
        let planned = self.nearest(|shot| shot.planned.is_some());
        planned.unwrap_or_else(|| self.nearest(|shot| shot.planned.is_none()).flatten())
    }

    /// None: nothing here. Some(None): something, but not clearly which.
    fn nearest(&self, of: impl Fn(&ShotSeen) -> bool) -> Option<Option<&'k ShotSeen>> {
        let shots = self.shots.iter().filter(|shot| of(shot));
        let mut near: Vec<(f64, &ShotSeen)> = shots
            .filter_map(|shot| Some((self.distance_m(shot)?, shot)))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (nearest_m, nearest) = *near.first().filter(|(m, _)| *m <= SAME_PLACE_M)?;
        near.retain(|(m, _)| nearest_m >= CLEARLY_NEARER * *m);
        let [_] = near[..] else {
            return Some(self.of_one_place(nearest, &near));
        };
        Some(Some(nearest))
    }

    /// Of shots that are all at one place, the one whose report fits the file's time, or the only one without a file.
    fn of_one_place(&self, nearest: &'k ShotSeen, near: &[(f64, &'k ShotSeen)]) -> Option<&'k ShotSeen> {
        let plane = LocalTangent::at(nearest.planned?);
        let together = |shot: &ShotSeen| shot.planned.is_some_and(|p| distance_m(&plane, p) <= ONE_PLACE_M);
        if !near.iter().all(|(_, shot)| together(shot)) {
            return None;
        }
        let captures = self.captures(|shot| near.iter().any(|(_, one)| one.index == shot.index));
        if let Some(shot) = self.shot(self.match_in_time(&captures, self.file.image_index)) {
            return Some(shot);
        }
        let mut free = near.iter().map(|(_, shot)| *shot).filter(|shot| !shot.has_file);
        free.find(|shot| shot.capture.is_none()).or_else(|| free.next())
    }

    /// The only one with the file's number, if it lies where the file was taken.
    fn by_number_and_place(&self) -> Option<&'k ShotSeen> {
        let mut numbered = self.shots.iter().filter(|shot| self.has_number(shot));
        let (shot, None) = (numbered.next()?, numbered.next()) else {
            return None;
        };
        (self.distance_m(shot).is_some() && self.lies_at(shot)).then_some(shot)
    }

    /// By time alone, a planned one first: a report that nobody took may be of the same moment.
    fn by_time(&self) -> Option<&'k ShotSeen> {
        let planned = self.captures(|shot| shot.planned.is_some());
        let shot = self.shot(self.match_in_time(&planned, None));
        shot.or_else(|| self.shot(self.match_in_time(&self.captures(|_| true), None)))
    }
}
