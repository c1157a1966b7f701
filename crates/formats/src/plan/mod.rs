//! Flight plans as people draw them: QGroundControl `.plan` (JSON, version 1) and mission text files
//! (`QGC WPL 110`, `.waypoints`) become a list of raw mission items with home, speeds, fence and rally points.
//! What an autopilot may be told is not decided here: the plan is only read, and refused where it contradicts
//! itself or cannot be what was meant.

mod error;
mod fence;
mod field;
mod item;
mod qgc;
mod wpl;
mod writer;

pub use error::PlanError;
pub use writer::write_plan;

/// Plans above this are refused; a survey of a whole city block takes a hundredth of it.
pub const LARGEST_PLAN_BYTES: usize = 8 * 1024 * 1024;
/// No autopilot stores so many items.
pub const MOST_ITEMS: usize = 10_000;

/// A flight plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The items in the order of the flight, those that the planner generated for surveys included. Home is not
    /// among them.
    pub items: Vec<PlanItem>,
    /// Where the planner thought the vehicle would start.
    pub home: Option<PlanHome>,
    /// Speed of a multicopter between waypoints, m/s.
    pub hover_speed_ms: Option<f64>,
    /// Speed of an aeroplane between waypoints, m/s.
    pub cruise_speed_ms: Option<f64>,
    /// Areas to stay in or out of.
    pub fence: Vec<FenceArea>,
    /// Where an aeroplane goes after a breach of the fence; multicopters go home.
    pub fence_return: Option<PlanPosition>,
    /// Places to land when home cannot be reached.
    pub rally: Vec<PlanPosition>,
}

/// One mission item as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanItem {
    /// `MAV_FRAME`: 0, 2, 3, 5, 6, 10 or 11.
    pub frame: u8,
    /// `MAV_CMD`.
    pub command: u16,
    /// The seven parameters; what the file leaves open is NaN. For commands with a place in a global frame,
    /// 4 is the latitude, 5 the longitude (degrees, WGS-84) and 6 the height in metres.
    pub params: [f64; 7],
    /// Whether the flight goes on by itself after this item.
    pub auto_continue: bool,
    /// Where it stands in the file, for messages: `item 3`, `item 2 (survey), generated item 5`, `line 7`.
    pub origin: String,
}

/// Longitude, latitude (degrees, WGS-84) and a height above the start, metres, where the file gives one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanPosition {
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Height above the start, metres.
    pub height_m: Option<f64>,
}

/// The planned start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanHome {
    /// Longitude, degrees.
    pub longitude_deg: f64,
    /// Latitude, degrees.
    pub latitude_deg: f64,
    /// Height above mean sea level, metres; `None` where the planner did not know it.
    pub altitude_amsl_m: Option<f64>,
}

/// An area of the fence.
#[derive(Debug, Clone, PartialEq)]
pub struct FenceArea {
    /// True: stay inside. False: stay outside.
    pub inclusion: bool,
    /// Its outline.
    pub outline: FenceOutline,
}

/// Outline of an area of the fence.
#[derive(Debug, Clone, PartialEq)]
pub enum FenceOutline {
    /// Corners as `[longitude_deg, latitude_deg]`, at least three, not closed.
    Polygon(Vec<[f64; 2]>),
    /// A circle.
    Circle {
        /// Longitude of the centre, degrees.
        longitude_deg: f64,
        /// Latitude of the centre, degrees.
        latitude_deg: f64,
        /// Radius, metres.
        radius_m: f64,
    },
}

/// Reads a `.plan` or a `.waypoints` file, whichever the text is.
///
/// # Errors
/// Not such a file, a version that is not known, or an item that cannot be flown as written; the error names the
/// item (or line), the field, and what stands there.
pub fn read_plan(text: &str) -> Result<Plan, PlanError> {
    if text.len() > LARGEST_PLAN_BYTES {
        return Err(PlanError::TooLarge { bytes: text.len() });
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with("QGC WPL") {
        return wpl::read(text);
    }
    qgc::read(text)
}

/// Whether parameters 5 to 7 of a command are a place (`hasLocation` in the MAVLink `common.xml` and
/// `ardupilotmega.xml`).
#[must_use]
pub fn has_place(command: u16) -> bool {
    matches!(
        command,
        16..=19 | 21 | 22 | 31 | 36 | 80 | 81 | 82 | 84 | 85 | 94 | 179 | 189 | 195 | 201
    )
}

/// Whether a command with a place may leave it open: it then means the place where the vehicle is, or none.
#[must_use]
pub fn place_may_be_open(command: u16) -> bool {
    matches!(command, 17..=19 | 21 | 22 | 84 | 85 | 179 | 189 | 195 | 201)
}
