//! A wayline as the aircraft flies it, and the limits it has to keep.

use crate::cloud_dock::codes;

/// Where heights count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeightMode {
    /// `WGS84`: the ellipsoid.
    Ellipsoid,
    /// `relativeToStartPoint`: the place of take-off.
    TakeOff,
}

/// What the nose does on the way to the next waypoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Heading {
    /// `followWayline`: along the way.
    AlongWay,
    /// `fixed` or `manually`: as it is.
    Keep,
    /// `smoothTransition`: to this angle, degrees clockwise from north.
    Angle(f64),
    /// `towardPOI`: to this place, latitude and longitude in degrees.
    Toward([f64; 2]),
}

/// What the aircraft does at a waypoint or on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Takes a photo.
    Photo,
    /// Turns the gimbal: pitch, yaw (degrees; yaw clockwise from north where absolute, else from the nose).
    Gimbal {
        pitch_deg: Option<f64>,
        yaw_deg: Option<f64>,
        absolute: bool,
    },
    /// Turns the gimbal's pitch evenly until the next waypoint.
    EvenPitch(f64),
    /// Turns the nose, degrees clockwise from north.
    Yaw(f64),
    /// Waits, seconds.
    Hover(f64),
    /// Films, focuses, zooms or names a folder: nothing that a photo of this camera shows.
    Nothing,
}

/// When the actions of a group happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trigger {
    /// At the waypoint.
    ReachPoint,
    /// On the way to the next one.
    BetweenPoints,
    /// Every so many seconds.
    Every(f64),
    /// Every so many metres.
    EachMetres(f64),
}

/// A group of actions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// First and last waypoint of it.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// When.
    pub(crate) trigger: Trigger,
    /// What, one after the other.
    pub(crate) acts: Vec<Act>,
}

/// A waypoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waypoint {
    /// Latitude and longitude, degrees.
    pub(crate) latitude_deg: f64,
    pub(crate) longitude_deg: f64,
    /// Height as the wayline's mode says, metres.
    pub(crate) height_m: f64,
    /// Speed on the way to the next one, metres per second.
    pub(crate) speed_ms: f64,
    /// The nose on the way to the next one.
    pub(crate) heading: Heading,
    /// Whether the aircraft stops here.
    pub(crate) stops: bool,
    /// How far before it the aircraft turns where it does not stop, metres.
    pub(crate) damping_m: f64,
}

/// One wayline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wayline {
    /// Its number.
    pub(crate) id: i64,
    /// Where heights count from.
    pub(crate) heights: HeightMode,
    /// Its waypoints.
    pub(crate) waypoints: Vec<Waypoint>,
    /// Actions before it begins.
    pub(crate) start_acts: Vec<Act>,
    /// Its groups of actions.
    pub(crate) groups: Vec<Group>,
}

/// What a mission does after its last wayline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// `goHome` and whatever ends elsewhere than at home: a dock brings its aircraft home.
    Home,
    /// `gotoFirstWaypoint`, then home.
    FirstWaypoint,
}

/// A mission: the waylines of one file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mission {
    /// Height above take-off from which the aircraft leaves for the first waypoint, metres.
    pub(crate) takeoff_height_m: f64,
    /// Speed to the first waypoint and between waylines, metres per second.
    pub(crate) transit_speed_ms: f64,
    /// What comes after.
    pub(crate) finish: Finish,
    /// At least one.
    pub(crate) waylines: Vec<Wayline>,
}

/// Where a broken wayline goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BreakPoint {
    /// Waypoint behind which (or at which) it was.
    pub(crate) index: usize,
    /// On a waypoint, not on the way.
    pub(crate) on_waypoint: bool,
    /// Share of the way to the next waypoint.
    pub(crate) progress: f64,
    /// The wayline.
    pub(crate) wayline_id: i64,
}

/// Highest flight above the dock, metres (Dock 2, Matrice 3D: 500 m in China's firmware).
const HIGHEST_M: f64 = 500.0;
/// Farthest waypoint, metres (Matrice 3D: 10 km round the dock).
const FARTHEST_M: f64 = 10_000.0;
/// Fastest along a wayline, metres per second.
pub(crate) const FASTEST_MS: f64 = 15.0;

impl Mission {
    /// All waypoints of all waylines.
    pub(crate) fn waypoint_count(&self) -> usize {
        self.waylines.iter().map(|line| line.waypoints.len()).sum()
    }

    /// Holds the mission against the aircraft's limits; `place_of` gives a waypoint's place in metres about the dock.
    ///
    /// # Errors
    /// The result code and the reason.
    pub(crate) fn check(
        &self,
        place_of: impl Fn(HeightMode, &Waypoint) -> [f64; 3],
    ) -> Result<(), (i64, String)> {
        for line in &self.waylines {
            for (number, waypoint) in line.waypoints.iter().enumerate() {
                let [e, n, up] = place_of(line.heights, waypoint);
                if !(2.0..=HIGHEST_M).contains(&up) {
                    return Err((
                        codes::HEIGHT_LIMIT,
                        format!("waypoint {number} lies {up:.0} m above the dock"),
                    ));
                }
                if e.hypot(n) > FARTHEST_M {
                    return Err((
                        codes::DISTANCE_LIMIT,
                        format!("waypoint {number} lies {:.0} m from the dock", e.hypot(n)),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Holds a break point against the mission.
    ///
    /// # Errors
    /// The result code and the reason.
    pub(crate) fn check_break_point(&self, point: &BreakPoint) -> Result<(), (i64, String)> {
        let line = self.waylines.iter().find(|line| line.id == point.wayline_id);
        let fits = line.is_some_and(|line| {
            point.index < line.waypoints.len()
                && (point.on_waypoint || point.index + 1 < line.waypoints.len())
        });
        match fits && (0.0..=1.0).contains(&point.progress) {
            true => Ok(()),
            false => Err((codes::WRONG_BREAKPOINT, format!("{point:?} is not on the way"))),
        }
    }
}
