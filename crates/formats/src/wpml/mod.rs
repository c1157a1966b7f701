//! Waylines of DJI docks: WPML 1.0.6 inside a KMZ file (`wpmz/template.kml` for people's tools, `wpmz/waylines.wpml`
//! for the aircraft). Places are WGS-84, heights as [`HeightMode`] says, angles in degrees.
//!
//! Names of elements and values: DJI Cloud API documentation, "DJI WPML" (template.kml, waylines.wpml, common
//! elements). What is read and not known here is kept by its name ([`Action::Other`]), never dropped.

mod archive;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use thiserror::Error;

/// Most waypoints of one wayline (`wpml:index` is 0 to 65535).
pub const MOST_WAYPOINTS: usize = 65_536;
/// Fewest waypoints that an aircraft takes as a wayline.
pub const FEWEST_WAYPOINTS: usize = 2;

/// One executable wayline and what holds for its whole flight.
#[derive(Debug, Clone, PartialEq)]
pub struct Wayline {
    /// Who made it.
    pub author: String,
    /// When it was made, Unix milliseconds.
    pub created_at_ms: i64,
    /// After the last waypoint.
    pub finish: FinishAction,
    /// When the remote link is lost.
    pub on_link_lost: LinkLost,
    /// The aircraft climbs so high above its take-off point first, m (2 to 1500).
    pub takeoff_height_m: f64,
    /// Speed to the first waypoint and back to a break point, m/s (at most 15).
    pub transitional_speed_ms: f64,
    /// Height of the way home above the take-off point, m.
    pub return_height_m: Option<f64>,
    /// `droneEnumValue` and `droneSubEnumValue`, such as 91 and 0 for a Matrice 3D.
    pub drone: (u32, u32),
    /// `payloadEnumValue`, `payloadSubEnumValue` and `payloadPositionIndex`.
    pub payload: (u32, u32, u32),
    /// Speed where a waypoint says nothing else, m/s.
    pub speed_ms: f64,
    /// What heights are measured from.
    pub height_mode: HeightMode,
    /// At least [`FEWEST_WAYPOINTS`].
    pub waypoints: Vec<Waypoint>,
    /// What is done on the way.
    pub action_groups: Vec<ActionGroup>,
}

/// `wpml:finishAction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishAction {
    /// Home and land.
    GoHome,
    /// Stay.
    NoAction,
    /// Land on the spot.
    AutoLand,
    /// Back to the first waypoint.
    GotoFirstWaypoint,
}

/// `wpml:exitOnRCLost` and `wpml:executeRCLostAction` as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkLost {
    /// The wayline is flown on.
    Continue,
    /// Home.
    GoBack,
    /// Land on the spot.
    Landing,
    /// Hover.
    Hover,
}

/// `wpml:executeHeightMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightMode {
    /// Above the take-off point.
    RelativeToStartPoint,
    /// Above the ellipsoid.
    Wgs84,
    /// Above the ground below, measured in flight.
    RealTimeFollowSurface,
}

/// A point of the wayline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint {
    /// Degrees east.
    pub longitude_deg: f64,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Height, m.
    pub height_m: f64,
    /// Speed from here to the next one, m/s; `None`: the wayline's.
    pub speed_ms: Option<f64>,
    /// Where the nose points on the way to the next one.
    pub heading: Heading,
}

/// `wpml:waypointHeadingMode`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heading {
    /// Along the way.
    FollowWayline,
    /// As it is.
    Fixed,
    /// By hand.
    Manually,
    /// Turning evenly to this angle from true north, −180 to 180.
    SmoothTransition {
        /// Degrees.
        angle_deg: f64,
    },
    /// Towards a point of interest that is not kept here.
    TowardPoi,
}

/// Actions with what sets them off, valid from one waypoint to another.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionGroup {
    /// Index of the first waypoint.
    pub start: usize,
    /// Index of the last waypoint, not before `start`.
    pub end: usize,
    /// What sets them off.
    pub trigger: Trigger,
    /// One after the other.
    pub actions: Vec<Action>,
}

/// `wpml:actionTriggerType`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trigger {
    /// At the waypoint.
    ReachPoint,
    /// On the whole leg.
    BetweenAdjacentPoints,
    /// Again and again after so many seconds.
    MultipleTiming {
        /// Seconds, above 0.
        every_s: f64,
    },
    /// Again and again after so many metres.
    MultipleDistance {
        /// Metres, above 0.
        every_m: f64,
    },
}

/// `wpml:actionActuatorFunc`.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// One photo.
    TakePhoto {
        /// Added to the file's name.
        suffix: String,
    },
    /// Turns the gimbal to these angles; what is `None` stays as it is.
    GimbalRotate {
        /// Degrees, −90 straight down.
        pitch_deg: Option<f64>,
        /// Degrees from true north.
        yaw_deg: Option<f64>,
    },
    /// Turns the aircraft.
    RotateYaw {
        /// Degrees from true north, −180 to 180.
        heading_deg: f64,
    },
    /// Stays in the air.
    Hover {
        /// Seconds, above 0.
        seconds: f64,
    },
    /// Begins a video.
    StartRecord {
        /// Added to the file's name.
        suffix: String,
    },
    /// Ends the video.
    StopRecord,
    /// Something that is not known here.
    Other {
        /// Its name.
        func: String,
    },
}

/// Why a wayline cannot be written or read.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WpmlError {
    /// Fewer waypoints than an aircraft flies, or more than can be counted.
    #[error("{found} waypoints: a wayline has {FEWEST_WAYPOINTS} to {MOST_WAYPOINTS}")]
    Waypoints {
        /// How many there are.
        found: usize,
    },
    /// A number outside its range.
    #[error("{what} is {value}, which is not within {least} to {most}")]
    Range {
        /// What it is.
        what: &'static str,
        /// What was found.
        value: f64,
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// Actions for waypoints that are not there.
    #[error("an action group is valid from waypoint {start} to {end}, there are {waypoints}")]
    Group {
        /// First waypoint.
        start: usize,
        /// Last waypoint.
        end: usize,
        /// Number of waypoints.
        waypoints: usize,
    },
    /// Not a zip file with `wpmz/waylines.wpml`, or one that is too large.
    #[error("not a KMZ file of waylines: {0}")]
    Archive(String),
    /// Not the XML it should be.
    #[error("waylines.wpml: {0}")]
    Xml(String),
    /// An element that must be there.
    #[error("waylines.wpml: {element} is missing or is not {expected}")]
    Element {
        /// Its name.
        element: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

impl Wayline {
    /// The KMZ file.
    ///
    /// # Errors
    /// Numbers that no aircraft takes; nothing is guessed.
    pub fn to_kmz(&self) -> Result<Vec<u8>, WpmlError> {
        self.check()?;
        archive::pack(&writer::template(self), &writer::waylines(self))
    }

    /// Reads the first wayline of a KMZ file.
    ///
    /// # Errors
    /// Bytes that are no such file, by the element that is wrong.
    pub fn from_kmz(bytes: &[u8]) -> Result<Self, WpmlError> {
        reader::read(&archive::waylines(bytes)?)
    }

    /// Reads the text of `waylines.wpml`.
    ///
    /// # Errors
    /// The element that is wrong.
    pub fn from_wpml(text: &str) -> Result<Self, WpmlError> {
        reader::read(text)
    }

    fn check(&self) -> Result<(), WpmlError> {
        let waypoints = self.waypoints.len();
        if !(FEWEST_WAYPOINTS..=MOST_WAYPOINTS).contains(&waypoints) {
            return Err(WpmlError::Waypoints { found: waypoints });
        }
        within("the take-off height", self.takeoff_height_m, 2.0, 1500.0)?;
        within("the transitional speed", self.transitional_speed_ms, 0.1, 15.0)?;
        within("the speed", self.speed_ms, 0.1, 25.0)?;
        if let Some(height_m) = self.return_height_m {
            within("the height of the way home", height_m, 2.0, 1500.0)?;
        }
        for waypoint in &self.waypoints {
            waypoint.check()?;
        }
        for group in &self.action_groups {
            if group.start > group.end || group.end >= waypoints {
                let (start, end) = (group.start, group.end);
                return Err(WpmlError::Group {
                    start,
                    end,
                    waypoints,
                });
            }
            group.check()?;
        }
        Ok(())
    }
}

impl Waypoint {
    fn check(&self) -> Result<(), WpmlError> {
        within("a longitude", self.longitude_deg, -180.0, 180.0)?;
        within("a latitude", self.latitude_deg, -90.0, 90.0)?;
        within("a height", self.height_m, -1500.0, 10_000.0)?;
        if let Some(speed_ms) = self.speed_ms {
            within("a waypoint's speed", speed_ms, 0.1, 25.0)?;
        }
        match self.heading {
            Heading::SmoothTransition { angle_deg } => within("a heading", angle_deg, -180.0, 180.0),
            _ => Ok(()),
        }
    }
}

impl ActionGroup {
    fn check(&self) -> Result<(), WpmlError> {
        match self.trigger {
            Trigger::MultipleTiming { every_s } => within("a photo interval", every_s, 0.1, 3600.0)?,
            Trigger::MultipleDistance { every_m } => within("a photo distance", every_m, 0.1, 10_000.0)?,
            Trigger::ReachPoint | Trigger::BetweenAdjacentPoints => {}
        }
        for action in &self.actions {
            match action {
                Action::GimbalRotate { pitch_deg, yaw_deg } => {
                    within("a gimbal pitch", pitch_deg.unwrap_or(0.0), -180.0, 180.0)?;
                    within("a gimbal yaw", yaw_deg.unwrap_or(0.0), -360.0, 360.0)?;
                }
                Action::RotateYaw { heading_deg } => within("a heading", *heading_deg, -180.0, 180.0)?,
                Action::Hover { seconds } => within("a hover", *seconds, 0.1, 3600.0)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// NaN is within nothing.
fn within(what: &'static str, value: f64, least: f64, most: f64) -> Result<(), WpmlError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(WpmlError::Range {
        what,
        value,
        least,
        most,
    })
}
