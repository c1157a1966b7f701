//! Where the camera was, how it was turned, and how sure that is.

use nalgebra::{Matrix3, Rotation3, Vector3};
use serde::{Deserialize, Serialize};

use crate::geodesy::{AltitudeAglM, Wgs84};

/// How far roofs, walls and uneven ground lie from the flat ground assumed, one standard deviation, m.
pub const GROUND_HEIGHT_SIGMA_M: f64 = 4.0;
/// Smallest position sigma believed, m: an RTK report of 1 cm is for the antenna, not for the lens.
pub const SMALLEST_POSITION_SIGMA_M: f64 = 0.05;

/// Gimbal attitude as DJI writes it: north-east-down axes, turned by yaw, then pitch, then roll. Yaw is
/// clockwise from north; pitch 0 looks at the horizon, −π/2 straight down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attitude {
    /// Clockwise from true north.
    pub yaw_rad: f64,
    /// Up is positive; −π/2 is nadir.
    pub pitch_rad: f64,
    /// Right side down is positive.
    pub roll_rad: f64,
}

impl Attitude {
    /// From degrees, as files carry them.
    #[must_use]
    pub fn from_degrees(yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> Self {
        Self {
            yaw_rad: yaw_deg.to_radians(),
            pitch_rad: pitch_deg.to_radians(),
            roll_rad: roll_deg.to_radians(),
        }
    }

    /// The rotation that takes camera axes (x right, y down, z forward) to north, east, down: columns are the
    /// camera's axes in the ground frame, R = Rz(yaw)·Ry(pitch)·Rx(roll)·(camera → forward-right-down).
    #[must_use]
    pub fn ned_from_camera(&self) -> Matrix3<f64> {
        let turned = Rotation3::from_axis_angle(&Vector3::z_axis(), self.yaw_rad)
            * Rotation3::from_axis_angle(&Vector3::y_axis(), self.pitch_rad)
            * Rotation3::from_axis_angle(&Vector3::x_axis(), self.roll_rad);
        let body_from_camera = Matrix3::new(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
        turned.matrix() * body_from_camera
    }
}

/// What the ground is taken to be; shown beside every lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GroundAssumption {
    /// Flat, at the height of the point of take-off.
    FlatAtTakeoff,
    /// Flat, at a stated elevation.
    FlatAtElevation {
        /// Elevation of the ground above the take-off point, m.
        above_takeoff_m: f64,
    },
    /// A height model.
    HeightModel {
        /// Name of its layer.
        layer: String,
        /// Version of the layer.
        version: String,
        /// Height of the camera in the model's datum, m.
        camera_height_m: f64,
        /// Where that height comes from.
        takeoff: TakeoffHeight,
    },
}

/// What ties a camera's height to a height model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeoffHeight {
    /// The receiver states the camera's height in a datum that is known.
    Receiver,
    /// Height above take-off, the take-off point taken to lie at the terrain under the flight's first photo.
    TerrainUnderFirstPhoto,
}

/// One standard deviation of each part of a pose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoseSigmas {
    /// Camera position, east, m.
    pub east_m: f64,
    /// Camera position, north, m.
    pub north_m: f64,
    /// Camera height above the point looked at, m: camera height and ground height together.
    pub height_m: f64,
    /// Each of two tilts of the optical axis, rad.
    pub tilt_rad: f64,
    /// Turn about the vertical (compass), rad.
    pub yaw_rad: f64,
}

/// How good a satellite fix its receiver says it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixQuality {
    /// Corrections in use, ambiguities fixed: centimetres.
    RtkFixed,
    /// Corrections in use, ambiguities not fixed: decimetres.
    RtkFloat,
    /// No corrections: metres.
    SinglePoint,
}

impl FixQuality {
    /// From DJI's `RtkFlag`: 50 fixed, 32 to 49 float, 16 single point, 0 none. Any other word is taken as single
    /// point, which claims least; `None` is a receiver without fix, whose stated sigmas mean nothing.
    #[must_use]
    pub fn from_rtk_flag(flag: Option<u32>) -> Option<Self> {
        match flag {
            Some(0) => None,
            Some(50) => Some(Self::RtkFixed),
            Some(32..=49) => Some(Self::RtkFloat),
            _ => Some(Self::SinglePoint),
        }
    }

    /// Smallest sigmas believed of such a fix, horizontal (each axis) and vertical, m. For a fixed one the antenna's
    /// place beside the lens; float and single point as such receivers do in the open, which in a street they miss.
    #[must_use]
    pub fn smallest_sigmas_m(self) -> [f64; 2] {
        match self {
            Self::RtkFixed => [SMALLEST_POSITION_SIGMA_M; 2],
            Self::RtkFloat => [0.3, 0.6],
            Self::SinglePoint => [1.5, 3.0],
        }
    }
}

impl PoseSigmas {
    /// The same with the position sigmas that a receiver states for its fix (east, north, height; m), held above
    /// what such a fix can claim. The height keeps the uncertainty of roofs and ground.
    #[must_use]
    pub fn with_fix(self, quality: FixQuality, stated_m: [f64; 3]) -> Self {
        let [horizontal_m, vertical_m] = quality.smallest_sigmas_m();
        let [east_m, north_m, height_m] = stated_m;
        self.with_rtk(
            east_m.max(horizontal_m),
            north_m.max(horizontal_m),
            height_m.max(vertical_m),
        )
    }

    /// A consumer drone without RTK over a town: position 2 m (published 1.5 m plus shutter delay), height
    /// 5 m (barometer 3 m and roofs 4 m), gimbal 1°, compass 3°. Assumptions for a camera that nobody has measured, not
    /// vendor figures: makers state how still a gimbal holds (hundredths of a degree), not how true its angles are, and
    /// compasses in use are off by degrees. So the ellipse of a better camera is too wide (99 % where it says 95 %, in
    /// `benches`) until a camera card states its sigmas. Each cause is counted once: tilts about two axes, yaw about the
    /// vertical, roofs in the height; what a box leaves open of a thing's foot is added by
    /// [`ground_from_outline`](crate::geolocate::ground_from_outline). Two photos of the same ground from the same
    /// camera agree better, since part of these errors is shared.
    #[must_use]
    pub fn consumer_gnss() -> Self {
        Self {
            east_m: 2.0,
            north_m: 2.0,
            height_m: 5.0,
            tilt_rad: 1.0_f64.to_radians(),
            yaw_rad: 3.0_f64.to_radians(),
        }
    }

    /// The same with position sigmas reported by a fixed RTK solution, m. The height keeps the uncertainty
    /// of roofs and ground ([`GROUND_HEIGHT_SIGMA_M`]); no sigma goes below [`SMALLEST_POSITION_SIGMA_M`].
    #[must_use]
    pub fn with_rtk(self, east_m: f64, north_m: f64, height_m: f64) -> Self {
        Self {
            east_m: east_m.max(SMALLEST_POSITION_SIGMA_M),
            north_m: north_m.max(SMALLEST_POSITION_SIGMA_M),
            height_m: height_m
                .max(SMALLEST_POSITION_SIGMA_M)
                .hypot(GROUND_HEIGHT_SIGMA_M),
            ..self
        }
    }

    /// Whether every sigma is a number and not negative.
    #[must_use]
    pub fn are_usable(&self) -> bool {
        let Self {
            east_m,
            north_m,
            height_m,
            tilt_rad,
            yaw_rad,
        } = *self;
        [east_m, north_m, height_m, tilt_rad, yaw_rad]
            .iter()
            .all(|sigma| sigma.is_finite() && *sigma >= 0.0)
    }
}

/// A camera's place and attitude at the moment of exposure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pose {
    /// Where the camera was.
    pub position: Wgs84,
    /// Height above the assumed ground.
    pub altitude_agl_m: AltitudeAglM,
    /// What the ground is taken to be.
    pub ground: GroundAssumption,
    /// How the camera was turned.
    pub attitude: Attitude,
    /// How sure all of this is.
    pub sigmas: PoseSigmas,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(attitude: Attitude, camera: [f64; 3]) -> [f64; 3] {
        (attitude.ned_from_camera() * Vector3::from(camera)).into()
    }

    fn close(a: [f64; 3], b: [f64; 3]) -> bool {
        (0..3).all(|i| (a[i] - b[i]).abs() < 1e-12)
    }

    #[test]
    fn level_north_looks_north_with_east_to_the_right() {
        let level = Attitude::from_degrees(0.0, 0.0, 0.0);
        assert!(close(axis(level, [0.0, 0.0, 1.0]), [1.0, 0.0, 0.0]));
        assert!(close(axis(level, [1.0, 0.0, 0.0]), [0.0, 1.0, 0.0]));
        assert!(close(axis(level, [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0]));
    }

    #[test]
    fn nadir_facing_east_has_east_at_the_top() {
        let nadir = Attitude::from_degrees(90.0, -90.0, 0.0);
        assert!(close(axis(nadir, [0.0, 0.0, 1.0]), [0.0, 0.0, 1.0]));
        assert!(close(axis(nadir, [0.0, -1.0, 0.0]), [0.0, 1.0, 0.0]));
        assert!(close(axis(nadir, [1.0, 0.0, 0.0]), [-1.0, 0.0, 0.0]));
    }

    #[test]
    fn positive_roll_lowers_the_right_side() {
        let rolled = Attitude::from_degrees(0.0, 0.0, 10.0);
        assert!(axis(rolled, [1.0, 0.0, 0.0])[2] > 0.17);
    }

    #[test]
    fn a_single_or_float_fix_never_claims_centimetres() {
        let stated = |flag| {
            let quality = FixQuality::from_rtk_flag(flag).unwrap();
            PoseSigmas::consumer_gnss().with_fix(quality, [0.012, 0.013, 0.03])
        };
        assert_eq!(stated(Some(50)).east_m, SMALLEST_POSITION_SIGMA_M);
        for flag in [Some(34), Some(49)] {
            assert_eq!(stated(flag).east_m, 0.3);
        }
        for flag in [Some(16), Some(7), None] {
            assert_eq!((stated(flag).east_m, stated(flag).height_m), (1.5, 5.0));
        }
        assert_eq!(FixQuality::from_rtk_flag(Some(0)), None);
        let poor = PoseSigmas::consumer_gnss().with_fix(FixQuality::RtkFloat, [3.0, 2.0, 4.0]);
        assert_eq!((poor.east_m, poor.north_m), (3.0, 2.0), "a poor fix is believed");
    }

    #[test]
    fn rtk_keeps_the_uncertainty_of_roofs() {
        let sigmas = PoseSigmas::consumer_gnss().with_rtk(0.01, 0.02, 0.03);
        assert_eq!((sigmas.east_m, sigmas.north_m), (0.05, 0.05));
        assert!((sigmas.height_m - 4.0).abs() < 0.01);
        assert!(sigmas.are_usable());
        assert!(
            !PoseSigmas {
                east_m: f64::NAN,
                ..sigmas
            }
            .are_usable()
        );
    }
}
