//! The rest of a mission that was broken off, as a mission of its own: every photo that is still missing, none that is
//! there, with camera, gimbal and speed told again as they stood.

mod parts;

use std::collections::BTreeSet;
use std::ops::Range;

use survey::geodesy::{Wgs84, geodesic_distance_m};

use self::parts::{back_on, midpoint, plain, takes_photos, waypoint};
use crate::mission::shots::{Leg, legs};
use crate::mission::{MissionItem, PlannedShot, Triggering, planned_shots, standing, triggering};

const NAV_RETURN_TO_LAUNCH: u16 = 20;
const NAV_LAND: u16 = 21;
const NAV_WAYPOINT: u16 = 16;
const NAV_TAKEOFFS: [u16; 2] = [22, 84];
const WAYS_HOME: [u16; 3] = [NAV_RETURN_TO_LAUNCH, NAV_LAND, 85];
const NAV_LAST: u16 = 95;
const CONDITION_YAW: u16 = 115;
const DO_LAND_START: u16 = 189;
const ROI_LOCATION: u16 = 195;
const ROI_NONE: u16 = 197;
const ROI: u16 = 201;
const DO_DIGICAM_CONTROL: u16 = 203;
const DO_SET_CAM_TRIGG_DIST: u16 = 206;
const DO_SET_CAM_TRIGG_INTERVAL: u16 = 214;
const DO_CHANGE_SPEED: u16 = 178;
const IMAGE_START_CAPTURE: u16 = 2000;
const IMAGE_STOP_CAPTURE: u16 = 2001;
/// Frames whose height counts from home.
const ABOVE_HOME: [u8; 2] = [3, 6];
/// A photo of the rest is the one that was missing if it is taken so near to it, m.
const SAME_PLACE_M: f64 = 1.0;
const SAME_HEIGHT_M: f64 = 3.0;
/// Two places nearer than this are one, m.
const ONE_PLACE_M: f64 = 0.3;
/// Ground speed where the mission sets none, m/s.
const USUAL_SPEED_MS: f64 = 10.0;

/// The rest of a mission.
#[derive(Debug, Clone, PartialEq)]
pub struct Remainder {
    /// What is flown.
    pub items: Vec<MissionItem>,
    /// Its photos, each with the number of the photo of the whole mission that it is.
    pub photos: Vec<(PlannedShot, Option<u32>)>,
}

/// Why there is nothing to fly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRemainder {
    /// Every photo of the mission is there.
    #[error("every photo of the mission is there")]
    NothingMissing,
    /// The mission has no take-off, so that its rest would have none.
    #[error("the mission has no take-off")]
    NoTakeoff,
}

/// Plans the rest of the mission `items` from `home`. `done`: the numbers of its photos (`PlannedShot::index`) that
/// need not be taken again.
///
/// It climbs at once to the greatest height that the left-out part had, flies straight to one trigger distance before
/// the first missing photo, on that photo's own line, and from there on as the whole mission would. Where photos in
/// between are there already, the camera is off and whole legs are left out. The end is the mission's own.
///
/// # Errors
/// Nothing is missing, or there is no take-off.
pub fn remainder(
    items: &[MissionItem],
    home: Option<Wgs84>,
    done: &BTreeSet<u32>,
) -> Result<Remainder, NoRemainder> {
    let shots = planned_shots(items, home);
    let missing: Vec<_> = shots
        .iter()
        .filter(|shot| !done.contains(&shot.index))
        .copied()
        .collect();
    if missing.is_empty() {
        return Err(NoRemainder::NothingMissing);
    }
    let takeoff = items.iter().position(|item| NAV_TAKEOFFS.contains(&item.command));
    let takeoff = takeoff.ok_or(NoRemainder::NoTakeoff)?;
    let mut rest = Rest {
        items,
        legs: legs(items, home),
        shots: &shots,
        out: Vec::new(),
        told: Vec::new(),
        last_leg: 0,
        is_home: false,
    };
    let runs = runs(items, &shots, &missing);
    rest.take_off(takeoff, &runs);
    for run in &runs {
        rest.fly_run(run);
    }
    rest.go_home();
    let out = rest.out;
    let photos = matched(&planned_shots(&out, home), &missing);
    let covered = photos.iter().filter(|(_, of)| of.is_some()).count();
    if covered == missing.len() {
        return Ok(Remainder { items: out, photos });
    }
    // Never a gap: a mission that cannot be cut this way is flown as a whole.
    let photos = matched(&shots, &missing);
    let items = items.to_vec();
    Ok(Remainder { items, photos })
}

/// How a photo comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// By this command (0-based), once.
    Once(usize),
    /// By a trigger that runs.
    Running(Triggering),
}

/// Missing photos that follow each other and come about in one way.
#[derive(Debug)]
struct Run {
    cause: Cause,
    /// Positions in the list of all photos.
    shots: Range<usize>,
}

fn runs(items: &[MissionItem], shots: &[PlannedShot], missing: &[PlannedShot]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for shot in missing {
        let at = shot.index as usize - 1;
        let cause = cause_of(items, &shots[at]);
        match runs.last_mut() {
            Some(run) if run.cause == cause && run.shots.end == at && matches!(cause, Cause::Running(_)) => {
                run.shots.end = at + 1;
            }
            _begins => runs.push(Run {
                cause,
                shots: at..at + 1,
            }),
        }
    }
    runs
}

fn cause_of(items: &[MissionItem], shot: &PlannedShot) -> Cause {
    let number = shot.after_item;
    let item = &items[number];
    match item.command {
        DO_SET_CAM_TRIGG_DIST if item.params[0] > 0.0 => Cause::Running(Triggering::ByDistance(number)),
        IMAGE_START_CAPTURE if item.params[1] > 0.0 && item.params[2] != 1.0 => {
            Cause::Running(Triggering::ByTime(number))
        }
        command if command < NAV_LAST => Cause::Running(triggering(items, number)),
        _single => Cause::Once(number),
    }
}

/// The rest while it is being put together.
struct Rest<'a> {
    items: &'a [MissionItem],
    legs: Vec<Leg>,
    shots: &'a [PlannedShot],
    out: Vec<MissionItem>,
    /// What was told last about speed, gimbal and so on.
    told: Vec<MissionItem>,
    /// Legs of the whole mission that lie behind.
    last_leg: usize,
    /// The way home is part of it already.
    is_home: bool,
}

impl Rest<'_> {
    fn take_off(&mut self, takeoff: usize, runs: &[Run]) {
        let mut up = self.items[takeoff].clone();
        let first = runs.first().map_or(0, |run| self.leg_of(run.shots.start));
        if ABOVE_HOME.contains(&up.frame) {
            up.z = up.z.max(self.greatest_height_m(0..first + 1) as f32);
        }
        self.out.push(up);
        // A trigger that was running at the break may run on over a landing.
        let used = |command| self.items.iter().any(|item| item.command == command);
        let quiet: Vec<_> = [
            (DO_SET_CAM_TRIGG_DIST, DO_SET_CAM_TRIGG_DIST),
            (DO_SET_CAM_TRIGG_INTERVAL, DO_SET_CAM_TRIGG_INTERVAL),
            (IMAGE_START_CAPTURE, IMAGE_STOP_CAPTURE),
        ]
        .into_iter()
        .filter(|(command, _)| used(*command))
        .map(|(_, stop)| plain(stop, [0.0; 4]))
        .collect();
        self.out.extend(quiet);
    }

    fn fly_run(&mut self, run: &Run) {
        let leg = self.leg_of(run.shots.start);
        match run.cause {
            Cause::Once(number) => self.shoot_once(number, leg),
            Cause::Running(trigger) => self.shoot_run(run, trigger, leg),
        }
    }

    /// The leg on which, or at whose end, a photo is taken.
    fn leg_of(&self, shot: usize) -> usize {
        let item = self.shots[shot].after_item;
        self.legs.iter().rposition(|leg| leg.item <= item).unwrap_or(0)
    }

    /// A photo by a command of its own: to the place before it, with its wait, and what stands between.
    fn shoot_once(&mut self, number: usize, leg: usize) {
        let place = self.items[..number]
            .iter()
            .rposition(|item| item.command < NAV_LAST);
        let Some(place) = place else {
            self.out.push(self.items[number].clone());
            return;
        };
        self.tell(standing(self.items, place));
        if !NAV_TAKEOFFS.contains(&self.items[place].command) && !self.is_at(place) {
            self.rise_over_what_is_left_out(leg, None);
            self.out.push(self.items[place].clone());
        }
        let between = self.items[place + 1..number]
            .iter()
            .filter(|item| !takes_photos(item));
        self.out.extend(between.cloned());
        self.out.push(self.items[number].clone());
        self.told = standing(self.items, number);
        self.last_leg = leg + 1;
    }

    /// Whether the last place of the rest is the place of an item, of which nothing is left to be waited for.
    fn is_at(&self, number: usize) -> bool {
        let last = self.out.iter().rev().find(|item| item.command < NAV_LAST);
        last.is_some_and(|last| *last == self.items[number])
    }

    fn shoot_run(&mut self, run: &Run, trigger: Triggering, leg: usize) {
        let (first, last) = (self.shots[run.shots.start], self.shots[run.shots.end - 1]);
        let moves = |number: &usize| self.items[*number].command < NAV_LAST;
        let begins = (first.after_item..self.items.len())
            .find(moves)
            .unwrap_or(first.after_item);
        let number = match trigger {
            Triggering::ByDistance(number) | Triggering::ByTime(number) => number,
            Triggering::Off => return,
        };
        let (nose, told): (Vec<_>, Vec<_>) = standing(self.items, begins)
            .into_iter()
            .partition(|item| item.command == CONDITION_YAW);
        self.tell(told);
        self.lead_in(&first, number, leg);
        self.switch_on(number, run.shots.len());
        self.out.extend(nose);
        if last.after_item >= begins {
            self.fly_on(begins, run.shots.end - 1);
        }
        if !self.is_home {
            self.switch_off(number);
        }
        self.last_leg = self.leg_of(run.shots.end - 1) + 1;
    }

    /// To a trigger distance before the first photo, on its own line, and then to where it is taken.
    fn lead_in(&mut self, first: &PlannedShot, trigger: usize, leg: usize) {
        let on = self.legs.get(leg).copied();
        let template = self.template(on.map_or(first.after_item, |leg| leg.item));
        let target = waypoint(&template, first.position, first.height_above_home_m);
        let lead = on.filter(|leg| leg.item == first.after_item).map(|leg| {
            let back_m = self.spacing_m(trigger);
            let (at, done_m, length_m) = back_on(&leg, first.position, back_m);
            let part = if length_m > 0.0 { done_m / length_m } else { 1.0 };
            let height_m = leg.heights_m[0] + part * (leg.heights_m[1] - leg.heights_m[0]);
            waypoint(&template, at, height_m)
        });
        let entry = lead.as_ref().unwrap_or(&target).clone();
        self.rise_over_what_is_left_out(leg, Some(&entry));
        for stop in lead.into_iter().chain([target]) {
            self.fly_to(stop);
        }
    }

    /// From the first photo's leg to the last one's, as the whole mission flies.
    fn fly_on(&mut self, begins: usize, last: usize) {
        let end = self.shots[last].after_item;
        for number in begins..end {
            let item = self.items[number].clone();
            match item.command < NAV_LAST {
                true => self.fly_to(item),
                false if takes_photos(&item) => {}
                false => self.out.push(item),
            }
        }
        self.told = standing(self.items, end);
        let here = self.shots[last];
        let next = self.shots.get(last + 1).filter(|next| {
            next.after_item == end && cause_of(self.items, next) == cause_of(self.items, &here)
        });
        let apart_m = next.map_or(0.0, |next| geodesic_distance_m(here.position, next.position));
        match next.filter(|_| apart_m > ONE_PLACE_M) {
            Some(next) => {
                let height_m = (here.height_above_home_m + next.height_above_home_m) / 2.0;
                let between = midpoint(here.position, next.position);
                self.fly_to(waypoint(&self.template(end), between, height_m));
            }
            None => {
                self.is_home |= WAYS_HOME.contains(&self.items[end].command);
                self.fly_to(self.items[end].clone());
            }
        }
    }

    /// A place that it is at already is flown to once.
    fn fly_to(&mut self, item: MissionItem) {
        let last = self.out.iter().rev().find(|item| item.command < NAV_LAST);
        let waits = item.command != NAV_WAYPOINT || item.params[0] > 0.0;
        let there = last.and_then(MissionItem::place).zip(item.place());
        let near = there.is_some_and(|(a, b)| geodesic_distance_m(a, b) < ONE_PLACE_M);
        let level = last.is_some_and(|last| last.frame == item.frame && (last.z - item.z).abs() < 0.5);
        if waits || !near || !level {
            self.out.push(item);
        }
    }

    /// Legs are left out before this one: what they rose over is risen over on the straight line too.
    fn rise_over_what_is_left_out(&mut self, leg: usize, entry: Option<&MissionItem>) {
        let height_m = self.greatest_height_m(self.last_leg..leg) as f32;
        let last = self
            .out
            .iter()
            .rev()
            .find(|item| item.command < NAV_LAST)
            .cloned();
        let (Some(last), Some(entry)) = (last, entry) else {
            return;
        };
        let comparable = ABOVE_HOME.contains(&last.frame) && ABOVE_HOME.contains(&entry.frame);
        if self.last_leg >= leg || !comparable || height_m <= last.z.max(entry.z) + 0.5 {
            return;
        }
        if last.place().is_some() && !NAV_TAKEOFFS.contains(&last.command) {
            let command = NAV_WAYPOINT;
            self.out.push(MissionItem {
                z: height_m,
                command,
                params: entry.params,
                ..last
            });
        }
        self.out.push(MissionItem {
            z: height_m,
            ..entry.clone()
        });
    }

    fn greatest_height_m(&self, legs: Range<usize>) -> f64 {
        let legs = self
            .legs
            .get(legs.start..legs.end.min(self.legs.len()))
            .unwrap_or_default();
        let outward = legs
            .iter()
            .filter(|leg| !WAYS_HOME.contains(&self.items[leg.item].command));
        outward
            .map(|leg| leg.heights_m[0].max(leg.heights_m[1]))
            .fold(0.0, f64::max)
    }

    /// How far apart the photos of a trigger are.
    fn spacing_m(&self, trigger: usize) -> f64 {
        let item = &self.items[trigger];
        let told = standing(self.items, trigger);
        let speed = told
            .iter()
            .find(|item| item.command == DO_CHANGE_SPEED && item.params[0] <= 1.0);
        let speed_ms = speed.map_or(USUAL_SPEED_MS, |item| f64::from(item.params[1]));
        match item.command {
            DO_SET_CAM_TRIGG_DIST => f64::from(item.params[0]),
            DO_SET_CAM_TRIGG_INTERVAL => f64::from(item.params[0]) / 1e3 * speed_ms,
            _image_start_capture => f64::from(item.params[1]) * speed_ms,
        }
    }

    /// The first photo is taken at once, and the trigger counts on from it.
    fn switch_on(&mut self, trigger: usize, photos: usize) {
        let mut item = self.items[trigger].clone();
        match item.command {
            DO_SET_CAM_TRIGG_DIST => item.params[2] = 1.0,
            DO_SET_CAM_TRIGG_INTERVAL => self.out.push(plain(IMAGE_START_CAPTURE, [0.0, 0.0, 1.0, 0.0])),
            _image_start_capture if item.params[2] >= 1.0 => item.params[2] = photos as f32,
            _goes_on => {}
        }
        self.out.push(item);
    }

    fn switch_off(&mut self, trigger: usize) {
        let stop = match self.items[trigger].command {
            IMAGE_START_CAPTURE => IMAGE_STOP_CAPTURE,
            by_zero => by_zero,
        };
        self.out.push(plain(stop, [0.0; 4]));
    }

    /// Says what holds now and was not said before; a region of interest that holds no more is let go.
    fn tell(&mut self, now: Vec<MissionItem>) {
        let interest = |items: &[MissionItem]| items.iter().any(|i| [ROI_LOCATION, ROI].contains(&i.command));
        if interest(&self.told) && !interest(&now) {
            self.out.push(plain(ROI_NONE, [0.0; 4]));
        }
        let news = now
            .iter()
            .filter(|item| !self.told.contains(item) && item.command != CONDITION_YAW);
        let news: Vec<_> = news.cloned().collect();
        self.out.extend(news);
        self.told = now;
    }

    /// The item whose frame heights on a leg are given in.
    fn template(&self, item: usize) -> MissionItem {
        let until = item.min(self.items.len() - 1);
        let placed = self.items[..=until]
            .iter()
            .rev()
            .find(|item| item.place().is_some() && item.command < NAV_LAST);
        let found = placed.cloned().unwrap_or_else(|| plain(NAV_WAYPOINT, [0.0; 4]));
        MissionItem {
            command: NAV_WAYPOINT,
            params: [0.0, 0.0, 0.0, f32::NAN],
            ..found
        }
    }

    /// The mission's own end: its return or landing, with the approach where it marks one.
    fn go_home(&mut self) {
        let way = self
            .items
            .iter()
            .rposition(|item| WAYS_HOME.contains(&item.command));
        let Some(way) = way.filter(|_| !self.is_home) else {
            return;
        };
        let approach = self.items[..way]
            .iter()
            .rposition(|item| item.command == DO_LAND_START);
        self.out
            .extend(self.items[approach.unwrap_or(way)..].iter().cloned());
    }
}

/// Which missing photo each photo of the rest is. They are taken in the order of the whole mission, so that of several
/// at one place the first is meant.
fn matched(shots: &[PlannedShot], missing: &[PlannedShot]) -> Vec<(PlannedShot, Option<u32>)> {
    let mut open: Vec<PlannedShot> = missing.to_vec();
    let mut photos = Vec::with_capacity(shots.len());
    for shot in shots {
        let away_m = |other: &PlannedShot| geodesic_distance_m(shot.position, other.position);
        let level = |other: &&PlannedShot| {
            (shot.height_above_home_m - other.height_above_home_m).abs() <= SAME_HEIGHT_M
                && away_m(other) <= SAME_PLACE_M
        };
        let of = open.iter().find(level).map(|found| found.index);
        open.retain(|other| Some(other.index) != of);
        photos.push((*shot, of));
    }
    photos
}

#[cfg(test)]
mod tests;
