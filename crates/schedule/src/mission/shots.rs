//! Where a mission takes photos, computed before it is flown: the plan side of the photo ledger.

use survey::geodesy::{LocalTangent, Wgs84};

use crate::mission::MissionItem;

/// Most photos that are planned for one mission; a camera would be full, and a distance of a millimetre is a slip.
pub const MOST_SHOTS: usize = 10_000;
/// Ground speed where the mission sets none, m/s (ArduCopter's `WPNAV_SPEED`).
const USUAL_SPEED_MS: f64 = 10.0;

const NAV_LOITER_UNLIM: u16 = 17;
const NAV_RETURN_TO_LAUNCH: u16 = 20;
const NAV_TAKEOFF: u16 = 22;
const NAV_VTOL_TAKEOFF: u16 = 84;
const NAV_DELAY: u16 = 93;
const DO_CHANGE_SPEED: u16 = 178;
const DO_DIGICAM_CONTROL: u16 = 203;
const DO_SET_CAM_TRIGG_DIST: u16 = 206;
const DO_SET_CAM_TRIGG_INTERVAL: u16 = 214;
const IMAGE_START_CAPTURE: u16 = 2000;
const IMAGE_STOP_CAPTURE: u16 = 2001;

/// A photo the mission is expected to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedShot {
    /// 1, 2, 3… in the order of the flight.
    pub index: u32,
    /// Where the vehicle is then.
    pub position: Wgs84,
    /// How high it is then, m above home. Absolute heights cannot be told from here: the height before counts on.
    pub height_above_home_m: f64,
    /// The item (0-based) whose command, or whose leg, brings the photo about.
    pub after_item: usize,
}

/// Every photo of a mission, flown along straight legs from `home` (without it: from the first place named).
///
/// The distance trigger (206) works as in ArduPilot (`AP_Camera_Backend::update`): a photo whenever the straight
/// distance over ground from the last photo, or from where the trigger was switched on, reaches parameter 1;
/// parameter 3 = 1 takes one at once; it works on through turns and the way home until parameter 1 is 0. Interval
/// triggers (2000, 214) count time at the speed the mission sets (178). Climbing takes no time. At most
/// `MOST_SHOTS`.
#[must_use]
pub fn planned_shots(items: &[MissionItem], home: Option<Wgs84>) -> Vec<PlannedShot> {
    fly(items, home).map_or_else(Vec::new, |walk| walk.shots)
}

/// The straight line that a mission flies for one of its items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Leg {
    /// The item (0-based).
    pub item: usize,
    pub from: Wgs84,
    pub to: Wgs84,
    /// Heights at both ends, m above home, counted as for the photos.
    pub heights_m: [f64; 2],
}

/// Every straight line of a mission, in the order of the flight.
pub(super) fn legs(items: &[MissionItem], home: Option<Wgs84>) -> Vec<Leg> {
    fly(items, home).map_or_else(Vec::new, |walk| walk.legs)
}

fn fly(items: &[MissionItem], home: Option<Wgs84>) -> Option<Walk> {
    let start = home.or_else(|| items.iter().find_map(MissionItem::place))?;
    let mut walk = Walk::begin(start);
    for (number, item) in items.iter().enumerate() {
        walk.item = number;
        if walk.follow(item) == Next::Ends {
            break;
        }
    }
    Some(walk)
}

#[derive(PartialEq)]
enum Next {
    GoesOn,
    Ends,
}

struct DistanceTrigger {
    every_m: f64,
    last: [f64; 2],
}

struct Timer {
    every_s: f64,
    next_s: f64,
    left: Option<u32>,
}

/// The vehicle on its imagined way: east and north of the start, m; time since the start, s.
struct Walk {
    plane: LocalTangent,
    at: [f64; 2],
    height_m: f64,
    speed_ms: f64,
    now_s: f64,
    distance: Option<DistanceTrigger>,
    timer: Option<Timer>,
    item: usize,
    shots: Vec<PlannedShot>,
    legs: Vec<Leg>,
}

impl Walk {
    fn begin(start: Wgs84) -> Self {
        Walk {
            plane: LocalTangent::at(start),
            at: [0.0, 0.0],
            height_m: 0.0,
            speed_ms: USUAL_SPEED_MS,
            now_s: 0.0,
            distance: None,
            timer: None,
            item: 0,
            shots: Vec::new(),
            legs: Vec::new(),
        }
    }

    fn follow(&mut self, item: &MissionItem) -> Next {
        let [p1, p2, p3, _] = item.params.map(f64::from);
        match item.command {
            DO_CHANGE_SPEED if p2 > 0.0 => self.speed_ms = p2,
            DO_SET_CAM_TRIGG_DIST => self.set_distance(p1, p3 == 1.0),
            DO_SET_CAM_TRIGG_INTERVAL => self.timer = timer(self.now_s + p1 / 1e3, p1 / 1e3, None),
            DO_DIGICAM_CONTROL if item.x == 1 => self.shoot(),
            IMAGE_START_CAPTURE => self.start_capture(p2, p3),
            IMAGE_STOP_CAPTURE => self.timer = None,
            NAV_DELAY => self.hold(p1),
            NAV_RETURN_TO_LAUNCH => self.fly_to([0.0, 0.0], self.height_m),
            _ => self.navigate(item, p1),
        }
        // Nothing follows a return, a landing, or circling without end.
        match item.command {
            NAV_LOITER_UNLIM | NAV_RETURN_TO_LAUNCH | 21 | 85 => Next::Ends,
            _ => Next::GoesOn,
        }
    }

    /// Items that move the vehicle; all others leave it where it is. A take-off goes straight up.
    fn navigate(&mut self, item: &MissionItem, hold_s: f64) {
        let is_takeoff = matches!(item.command, NAV_TAKEOFF | NAV_VTOL_TAKEOFF);
        if !is_takeoff && !matches!(item.command, 16..=19 | 21 | 31 | 82 | 85) {
            return;
        }
        let lands = matches!(item.command, 21 | 85);
        let z = f64::from(item.z);
        let height_m = match item.frame {
            3 | 6 | 10 | 11 if z.is_finite() && !lands => z,
            _ => self.height_m,
        };
        match item.place() {
            Some(place) if !is_takeoff => self.fly_to(self.plane.enu_from_wgs84(place), height_m),
            _ => self.height_m = height_m,
        }
        if matches!(item.command, 16 | 19 | 82) {
            self.hold(hold_s);
        }
    }

    fn set_distance(&mut self, every_m: f64, one_now: bool) {
        let last = match &self.distance {
            Some(trigger) => trigger.last,
            None => self.at,
        };
        self.distance = (every_m > 0.0).then_some(DistanceTrigger { every_m, last });
        if one_now {
            self.shoot();
        }
    }

    fn start_capture(&mut self, every_s: f64, count: f64) {
        self.shoot();
        let left = (count >= 1.0).then_some((count - 1.0) as u32);
        self.timer = timer(self.now_s + every_s, every_s, left);
    }

    fn fly_to(&mut self, to: [f64; 2], height_m: f64) {
        let (from, from_height_m) = (self.at, self.height_m);
        let place = |[east_m, north_m]: [f64; 2]| self.plane.wgs84_from_enu(east_m, north_m);
        self.legs.push(Leg {
            item: self.item,
            from: place(from),
            to: place(to),
            heights_m: [from_height_m, height_m],
        });
        let length_m = (to[0] - from[0]).hypot(to[1] - from[1]);
        let begin_s = self.now_s;
        let mut done = 0.0;
        while self.shots.len() < MOST_SHOTS && length_m > 0.0 {
            let by_distance = self.distance.as_ref().and_then(|d| d.next(from, to, done));
            let by_time = self
                .timer
                .as_ref()
                .map(|t| (t.next_s - begin_s) * self.speed_ms / length_m);
            let Some(next) = earlier(by_distance, by_time).filter(|part| *part <= 1.0) else {
                break;
            };
            done = next.max(done);
            self.at = [0, 1].map(|axis| from[axis] + done * (to[axis] - from[axis]));
            self.height_m = from_height_m + done * (height_m - from_height_m);
            self.now_s = begin_s + done * length_m / self.speed_ms;
            if by_time == Some(next) {
                self.tick();
            }
            self.shoot();
        }
        self.at = to;
        self.height_m = height_m;
        self.now_s = begin_s + length_m / self.speed_ms;
    }

    fn hold(&mut self, seconds: f64) {
        let until_s = self.now_s + if seconds > 0.0 { seconds } else { 0.0 };
        while self.shots.len() < MOST_SHOTS
            && self.timer.as_ref().is_some_and(|timer| timer.next_s <= until_s)
        {
            self.tick();
            self.shoot();
        }
        self.now_s = until_s;
    }

    /// The timer has fired: when does it again?
    fn tick(&mut self) {
        let Some(timer) = &mut self.timer else { return };
        timer.next_s += timer.every_s;
        timer.left = timer.left.map(|left| left.saturating_sub(1));
        if timer.left == Some(0) {
            self.timer = None;
        }
    }

    fn shoot(&mut self) {
        if self.shots.len() >= MOST_SHOTS {
            return;
        }
        if let Some(trigger) = &mut self.distance {
            trigger.last = self.at;
        }
        self.shots.push(PlannedShot {
            index: self.shots.len() as u32 + 1,
            position: self.plane.wgs84_from_enu(self.at[0], self.at[1]),
            height_above_home_m: self.height_m,
            after_item: self.item,
        });
    }
}

impl DistanceTrigger {
    /// The part of the leg, from `done` on, at which the distance from the last photo reaches the set one.
    fn next(&self, from: [f64; 2], to: [f64; 2], done: f64) -> Option<f64> {
        let leg = [to[0] - from[0], to[1] - from[1]];
        let off = [from[0] - self.last[0], from[1] - self.last[1]];
        let here = [off[0] + done * leg[0], off[1] + done * leg[1]];
        if here[0].hypot(here[1]) >= self.every_m {
            return Some(done);
        }
        // |off + t·leg| = every_m; inside the circle now, so the greater root is where the leg leaves it.
        let square = leg[0] * leg[0] + leg[1] * leg[1];
        let half_linear = off[0] * leg[0] + off[1] * leg[1];
        let constant = off[0] * off[0] + off[1] * off[1] - self.every_m * self.every_m;
        let root = (half_linear * half_linear - square * constant).max(0.0).sqrt();
        // A leg that ends on the circle up to rounding ends with a photo.
        let part = (root - half_linear) / square;
        (part <= 1.0 + 1e-9).then_some(part.min(1.0))
    }
}

fn timer(next_s: f64, every_s: f64, left: Option<u32>) -> Option<Timer> {
    (every_s > 0.0 && left != Some(0)).then_some(Timer {
        every_s,
        next_s,
        left,
    })
}

fn earlier(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn home() -> Wgs84 {
        Wgs84::new(31.2, 121.5).unwrap()
    }

    fn doing(command: u16, params: [f32; 4]) -> MissionItem {
        MissionItem {
            frame: 3,
            command,
            params,
            x: 0,
            y: 0,
            z: 0.0,
            auto_continue: true,
        }
    }

    /// A waypoint so many metres east and north of home.
    fn to(east_m: f64, north_m: f64, height_m: f32) -> MissionItem {
        let place = LocalTangent::at(home()).wgs84_from_enu(east_m, north_m);
        MissionItem {
            x: (place.latitude_deg * 1e7).round() as i32,
            y: (place.longitude_deg * 1e7).round() as i32,
            z: height_m,
            ..doing(16, [0.0; 4])
        }
    }

    fn trigger(every_m: f32, one_now: bool) -> MissionItem {
        doing(206, [every_m, 0.0, f32::from(u8::from(one_now)), 0.0])
    }

    /// Metres east and north of home, rounded, with the height.
    fn places(items: &[MissionItem]) -> Vec<(i32, i32, i32)> {
        let plane = LocalTangent::at(home());
        let shots = planned_shots(items, Some(home()));
        assert!(shots.iter().zip(1..).all(|(shot, index)| shot.index == index));
        let place = |shot: &PlannedShot| {
            let [east_m, north_m] = plane.enu_from_wgs84(shot.position);
            (
                east_m.round() as i32,
                north_m.round() as i32,
                shot.height_above_home_m.round() as i32,
            )
        };
        shots.iter().map(place).collect()
    }

    fn takeoff() -> MissionItem {
        MissionItem {
            z: 50.0,
            ..doing(22, [0.0; 4])
        }
    }

    #[test]
    fn the_first_photo_comes_one_distance_after_the_trigger_unless_one_is_asked_for_now() {
        let flight = |one_now| {
            vec![
                takeoff(),
                to(0.0, 100.0, 50.0),
                trigger(30.0, one_now),
                to(0.0, 195.0, 50.0),
                trigger(0.0, false),
                to(0.0, 300.0, 50.0),
            ]
        };
        assert_eq!(places(&flight(false)), [(0, 130, 50), (0, 160, 50), (0, 190, 50)]);
        assert_eq!(
            places(&flight(true)),
            [(0, 100, 50), (0, 130, 50), (0, 160, 50), (0, 190, 50)]
        );
    }

    #[test]
    fn the_trigger_goes_on_through_the_turn_by_the_straight_distance() {
        let items = [
            takeoff(),
            trigger(50.0, true),
            to(0.0, 80.0, 50.0),
            to(30.0, 80.0, 50.0),
            to(30.0, 0.0, 50.0),
        ];
        // The last photo before the turn is at 50 north. 30 m east of the corner it is √(30² + 30²) = 42 m away;
        // back south it is 50 m away again where 30² + (50 − n)² = 50², n = 10.
        assert_eq!(places(&items), [(0, 0, 50), (0, 50, 50), (30, 10, 50)]);
    }

    #[test]
    fn it_goes_on_on_the_way_home_and_ends_there() {
        let items = [
            takeoff(),
            to(100.0, 0.0, 50.0),
            trigger(40.0, false),
            doing(20, [0.0; 4]),
            to(500.0, 0.0, 50.0),
        ];
        assert_eq!(places(&items), [(60, 0, 50), (20, 0, 50)]);
    }

    #[test]
    fn a_changed_distance_counts_from_the_last_photo_a_new_trigger_from_where_it_begins() {
        let items = [
            takeoff(),
            trigger(50.0, false),
            to(60.0, 0.0, 50.0),
            trigger(20.0, false),
            to(80.0, 0.0, 50.0),
        ];
        assert_eq!(places(&items), [(50, 0, 50), (70, 0, 50)]);
        let again = [
            takeoff(),
            trigger(50.0, false),
            to(60.0, 0.0, 50.0),
            trigger(0.0, false),
            trigger(20.0, false),
            to(81.0, 0.0, 50.0),
        ];
        assert_eq!(places(&again), [(50, 0, 50), (80, 0, 50)]);
    }

    #[test]
    fn intervals_count_time_at_the_speed_of_the_mission() {
        let items = [
            takeoff(),
            doing(178, [1.0, 5.0, -1.0, 0.0]),
            doing(2000, [0.0, 4.0, 3.0, 0.0]),
            to(0.0, 100.0, 70.0),
        ];
        assert_eq!(places(&items), [(0, 0, 50), (0, 20, 54), (0, 40, 58)]);
        let until_stopped = [
            takeoff(),
            doing(2000, [0.0, 2.0, 0.0, 0.0]),
            to(0.0, 50.0, 50.0),
            doing(2001, [0.0; 4]),
            to(0.0, 100.0, 50.0),
        ];
        assert_eq!(places(&until_stopped), [(0, 0, 50), (0, 20, 50), (0, 40, 50)]);
        let waiting = [
            takeoff(),
            doing(214, [1500.0, 0.0, 0.0, 0.0]),
            doing(93, [4.0, 0.0, 0.0, 0.0]),
        ];
        assert_eq!(places(&waiting), [(0, 0, 50), (0, 0, 50)]);
    }

    #[test]
    fn single_photos_are_taken_where_the_vehicle_is() {
        let shoot = MissionItem {
            x: 1,
            ..doing(203, [0.0; 4])
        };
        let items = [
            takeoff(),
            to(0.0, 40.0, 60.0),
            shoot,
            doing(203, [0.0; 4]),
            doing(2000, [0.0, 0.0, 1.0, 0.0]),
        ];
        assert_eq!(places(&items), [(0, 40, 60), (0, 40, 60)]);
        assert_eq!(planned_shots(&items, None)[0].after_item, 2);
    }

    proptest! {
        /// On any path, photos of one trigger lie exactly one distance apart, and none is missing.
        #[test]
        fn photos_lie_one_distance_apart(
            corners in prop::collection::vec((-500.0..500.0, -500.0..500.0), 1..8), every_m in 5.0..80.0_f32,
        ) {
            let mut items = vec![takeoff(), trigger(every_m, true)];
            items.extend(corners.iter().map(|(east_m, north_m)| to(*east_m, *north_m, 50.0)));
            let plane = LocalTangent::at(home());
            let shots: Vec<_> = planned_shots(&items, Some(home())).iter().map(|s| plane.enu_from_wgs84(s.position)).collect();
            let every_m = f64::from(every_m);
            for pair in shots.windows(2) {
                let apart_m = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
                prop_assert!((apart_m - every_m).abs() < 1e-3, "{apart_m} instead of {every_m}");
            }
            let (last, end) = (shots[shots.len() - 1], corners[corners.len() - 1]);
            prop_assert!((end.0 - last[0]).hypot(end.1 - last[1]) <= every_m + 0.02);
        }

        #[test]
        fn any_items_are_answered(raw in prop::collection::vec(
            (prop::sample::select(&[16, 17, 19, 20, 21, 22, 82, 93, 178, 203, 206, 214, 2000, 2001][..]), any::<[f32; 4]>(), any::<i32>(), any::<i32>(), any::<f32>()),
            0..12,
        )) {
            let items: Vec<_> = raw.into_iter().map(|(command, params, x, y, z)| MissionItem { x, y, z, ..doing(command, params) }).collect();
            let shots = planned_shots(&items, Some(home()));
            prop_assert!(shots.len() <= MOST_SHOTS);
        }
    }
}
