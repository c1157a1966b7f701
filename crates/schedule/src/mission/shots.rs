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
/// [`MOST_SHOTS`].
#[must_use]
pub fn planned_shots(items: &[MissionItem], home: Option<Wgs84>) -> Vec<PlannedShot> {
    let Some(start) = home.or_else(|| items.iter().find_map(MissionItem::place)) else {
        return Vec::new();
    };
    let mut walk = Walk::begin(start);
    for (number, item) in items.iter().enumerate() {
        walk.item = number;
        if walk.follow(item) == Next::Ends {
            break;
        }
    }
    walk.shots
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
