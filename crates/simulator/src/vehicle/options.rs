//! What one simulated vehicle is told at its start, and what it tells the process around it: its state for the
//! dock beneath it, and every opening of the shutter for the camera that makes the pictures.

use std::net::SocketAddr;

use thiserror::Error;

use super::faults::VehicleFaults;
use crate::frame::GeoPoint;

/// Whose manners the vehicle has on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// ArduCopter 4.5.6: asks with MISSION_REQUEST, keeps home at item 0, reports CAMERA_FEEDBACK.
    #[default]
    ArduCopter,
    /// PX4 1.15: asks with MISSION_REQUEST_INT, no home item, reports CAMERA_IMAGE_CAPTURED.
    Px4,
}

/// How one vehicle is set up.
#[derive(Clone, Debug)]
pub struct VehicleOptions {
    /// MAVLink system id, 1–255.
    pub system_id: u8,
    /// Whose manners it has.
    pub profile: Profile,
    /// Where its dock stands, WGS-84.
    pub home: GeoPoint,
    /// Height of the dock's plate above the sea, metres.
    pub home_amsl_m: f64,
    /// Seeds wind, position noise and lost frames; the same seed flies the same flight bit for bit.
    pub seed: u64,
    /// Ground station that hears the vehicle first.
    pub gcs: SocketAddr,
    /// Vehicle seconds per second of the wall clock.
    pub speed: f64,
    /// Vehicle clock at the first start from the ground, microseconds since 1970; the k-th start happens
    /// (k − 1) · 30 min later on that clock, whatever the wall clock says.
    pub start_unix_us: i64,
    /// What goes wrong.
    pub faults: VehicleFaults,
    /// Battery at the start, percent.
    pub battery_percent: f64,
}

/// One opening of the shutter, with the truth about where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// Vehicle that took it.
    pub system_id: u8,
    /// Starts from the ground so far, from 1.
    pub flight_number: u32,
    /// Image number within the flight, from 1; the same number the camera feedback carries.
    pub image_index: u32,
    /// True instant on the city's clock, microseconds since 1970.
    pub unix_us: i64,
    /// True latitude, degrees (WGS-84).
    pub latitude_deg: f64,
    /// True longitude, degrees (WGS-84).
    pub longitude_deg: f64,
    /// True height above the dock's plate, metres.
    pub height_above_home_m: f64,
    /// Where the nose (and so the top of the picture) points, clockwise from north, radians in [0, 2π).
    pub course_rad: f64,
    /// Camera elevation, radians; −π/2 looks straight down.
    pub gimbal_pitch_rad: f64,
    /// Speed over ground, m/s.
    pub ground_speed_ms: f64,
}

/// The vehicle as its dock sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VehicleStatus {
    /// Motors may turn.
    pub armed: bool,
    /// Stands on something.
    pub on_ground: bool,
    /// Stands within a metre of its dock's plate.
    pub at_home: bool,
    /// Battery, percent.
    pub battery_percent: f64,
    /// True latitude, degrees.
    pub latitude_deg: f64,
    /// True longitude, degrees.
    pub longitude_deg: f64,
    /// True height above the dock's plate, metres.
    pub height_above_home_m: f64,
    /// Starts from the ground so far.
    pub flight_number: u32,
}

/// What the dock does to the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DockSide {
    /// The charger is on; it fills the battery only while the vehicle stands at home, disarmed.
    pub charging: bool,
}

/// Why a vehicle could not run.
#[derive(Debug, Error)]
pub enum VehicleError {
    /// No socket towards the ground station.
    #[error("vehicle {system_id}: no UDP socket: {source}")]
    Socket {
        /// Which vehicle.
        system_id: u8,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Options that make no sense.
    #[error("vehicle {system_id}: {problem}")]
    Options {
        /// Which vehicle.
        system_id: u8,
        /// What is wrong with them.
        problem: &'static str,
    },
}
