//! The ground that two photos both show, as one grid of square ground pixels that both can be laid on.

use thiserror::Error;

use crate::camera::CameraModel;
use crate::footprint::{CUT_DEPRESSION_RAD, FootprintError, footprint};
use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::pixel_from_ground;
use crate::pose::Pose;

/// No grid has more pixels along a side.
pub const LONGEST_SIDE_PX: u32 = 4096;
/// Less shared ground than a square of this side cannot be compared, grid pixels.
pub const SMALLEST_SIDE_PX: f64 = 64.0;

/// Why two photos cannot be laid on one grid.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SharedGroundError {
    /// They show different places.
    #[error("the photos show no common ground: the middles of what they show are {apart_m:.0} m apart")]
    Apart {
        /// Between the middles of the footprints, m.
        apart_m: f64,
    },
    /// They share a corner only.
    #[error(
        "the photos share only {area_m2:.0} m² of ground, too little to compare at {gsd_cm:.1} cm per pixel"
    )]
    TooLittle {
        /// Shared ground, m².
        area_m2: f64,
        /// Pixel of the grid, cm.
        gsd_cm: f64,
    },
    /// One of them shows no ground.
    #[error("{which} photo: {cause}")]
    NoFootprint {
        /// "first" or "second".
        which: &'static str,
        /// Why.
        cause: FootprintError,
    },
}

/// A north-up grid of square ground pixels, x to the east, y to the south, on the plane touching the ground at
/// its middle.
#[derive(Debug, Clone, PartialEq)]
pub struct GroundGrid {
    /// The middle of the grid.
    pub centre: Wgs84,
    /// Pixels from west to east.
    pub width_px: u32,
    /// Pixels from north to south.
    pub height_px: u32,
    /// Side of a pixel, m.
    pub gsd_m: f64,
    /// Ground that both footprints hold, m².
    pub shared_m2: f64,
    /// Share of the first photo's footprint that the second shows too, 0..1.
    pub share_of_first: f64,
    /// Angle between the two directions in which the cameras look at the middle, rad.
    pub view_angle_rad: f64,
    outline: Vec<[f64; 2]>,
}

impl GroundGrid {
    /// The grid over what both photos show, no finer than `finest_gsd_m` and no finer than either photo.
    ///
    /// # Errors
    /// Any [`SharedGroundError`].
    pub fn shared(
        first: (&Pose, &CameraModel),
        second: (&Pose, &CameraModel),
        finest_gsd_m: f64,
    ) -> Result<Self, SharedGroundError> {
        let shown = |(pose, camera): (&Pose, &CameraModel), which| {
            footprint(pose, camera).map_err(|cause| SharedGroundError::NoFootprint { which, cause })
        };
        let (one, two) = (shown(first, "first")?, shown(second, "second")?);
        let plane = LocalTangent::at(first.0.position);
        let flat = |outline: &[Wgs84]| -> Vec<[f64; 2]> {
            outline.iter().map(|point| plane.enu_from_wgs84(*point)).collect()
        };
        let (one_m, two_m) = (flat(&one.outline), flat(&two.outline));
        let shared = common_part(&one_m, &two_m);
        let shared_m2 = area(&shared);
        if shared.len() < 3 || shared_m2 <= 0.0 {
            let (a, b) = (middle(&one_m), middle(&two_m));
            return Err(SharedGroundError::Apart {
                apart_m: (a[0] - b[0]).hypot(a[1] - b[1]),
            });
        }
        let bounds = bounds(&shared);
        let size_m = [bounds[2] - bounds[0], bounds[3] - bounds[1]];
        let gsd_m = (one.gsd_centre_cm.max(two.gsd_centre_cm) / 100.0)
            .max(finest_gsd_m)
            .max(size_m[0].max(size_m[1]) / f64::from(LONGEST_SIDE_PX));
        if shared_m2 < (SMALLEST_SIDE_PX * gsd_m).powi(2) {
            return Err(SharedGroundError::TooLittle {
                area_m2: shared_m2,
                gsd_cm: gsd_m * 100.0,
            });
        }
        let side = |length_m: f64| ((length_m / gsd_m).ceil() as u32).clamp(1, LONGEST_SIDE_PX);
        let at = [(bounds[0] + bounds[2]) / 2.0, (bounds[1] + bounds[3]) / 2.0];
        let centre = plane.wgs84_from_enu(at[0], at[1]);
        let around: Vec<[f64; 2]> = shared.iter().map(|p| [p[0] - at[0], p[1] - at[1]]).collect();
        Ok(Self {
            centre,
            width_px: side(size_m[0]),
            height_px: side(size_m[1]),
            gsd_m,
            shared_m2,
            share_of_first: (shared_m2 / one.area_m2).min(1.0),
            view_angle_rad: view_angle(first.0, second.0, centre),
            outline: around,
        })
    }

    /// East and north of the grid's middle, m, of a place on the grid, pixels.
    #[must_use]
    pub fn enu_from_pixel(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            (x - f64::from(self.width_px) / 2.0) * self.gsd_m,
            (f64::from(self.height_px) / 2.0 - y) * self.gsd_m,
        ]
    }

    /// The ground at a place on the grid, pixels.
    #[must_use]
    pub fn wgs84_from_pixel(&self, pixel: [f64; 2]) -> Wgs84 {
        let [east_m, north_m] = self.enu_from_pixel(pixel);
        LocalTangent::at(self.centre).wgs84_from_enu(east_m, north_m)
    }

    /// Whether both footprints hold a place on the grid, pixels.
    #[must_use]
    pub fn is_shared(&self, pixel: [f64; 2]) -> bool {
        let point = self.enu_from_pixel(pixel);
        let next = self.outline.iter().cycle().skip(1);
        self.outline
            .iter()
            .zip(next)
            .all(|(a, b)| side_of(*a, *b, point) >= 0.0)
    }

    /// The photo's pixel that shows a place on the grid; `None` where the photo does not show it, or too flatly.
    #[must_use]
    pub fn photo_from_pixel(&self, pixel: [f64; 2], pose: &Pose, camera: &CameraModel) -> Option<[f64; 2]> {
        let ground = self.wgs84_from_pixel(pixel);
        let [east_m, north_m] = LocalTangent::at(pose.position).enu_from_wgs84(ground);
        let depression_rad = pose.altitude_agl_m.0.atan2(east_m.hypot(north_m));
        (depression_rad >= CUT_DEPRESSION_RAD)
            .then(|| pixel_from_ground(pose, camera, ground))
            .flatten()
    }
}

/// Angle between the lines of sight of two cameras to one place.
fn view_angle(first: &Pose, second: &Pose, ground: Wgs84) -> f64 {
    let towards = |pose: &Pose| {
        let [east_m, north_m] = LocalTangent::at(pose.position).enu_from_wgs84(ground);
        nalgebra::Vector3::new(east_m, north_m, -pose.altitude_agl_m.0)
    };
    towards(first).angle(&towards(second))
}

/// Where two convex areas overlap (Sutherland and Hodgman 1974); both counter-clockwise.
fn common_part(one: &[[f64; 2]], two: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut left = one.to_vec();
    for (a, b) in two.iter().zip(two.iter().cycle().skip(1)) {
        let mut kept = Vec::with_capacity(left.len() + 1);
        for (p, q) in left.iter().zip(left.iter().cycle().skip(1)) {
            let (from, to) = (side_of(*a, *b, *p), side_of(*a, *b, *q));
            if from >= 0.0 {
                kept.push(*p);
            }
            if (from >= 0.0) != (to >= 0.0) {
                let part = from / (from - to);
                kept.push([0, 1].map(|axis| p[axis] + part * (q[axis] - p[axis])));
            }
        }
        left = kept;
    }
    left
}

/// Positive to the left of the line from `a` to `b`.
fn side_of(a: [f64; 2], b: [f64; 2], point: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
}

fn area(points: &[[f64; 2]]) -> f64 {
    points
        .iter()
        .zip(points.iter().cycle().skip(1))
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum::<f64>()
        / 2.0
}

fn middle(points: &[[f64; 2]]) -> [f64; 2] {
    let count = points.len().max(1) as f64;
    [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / count)
}

/// West, south, east, north.
fn bounds(points: &[[f64; 2]]) -> [f64; 4] {
    let range = |axis: usize| {
        let values = points.iter().map(move |point| point[axis]);
        (
            values.clone().fold(f64::INFINITY, f64::min),
            values.fold(f64::NEG_INFINITY, f64::max),
        )
    };
    let ((west, east), (south, north)) = (range(0), range(1));
    [west, south, east, north]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::CameraSource;
    use crate::geodesy::AltitudeAglM;
    use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

    const HERE: Wgs84 = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    };

    fn camera() -> CameraModel {
        CameraModel::pinhole(4000, 3000, 2900.0, CameraSource::Calibrated).unwrap()
    }

    fn pose(east_m: f64, yaw_deg: f64, pitch_deg: f64) -> Pose {
        Pose {
            position: LocalTangent::at(HERE).wgs84_from_enu(east_m, 0.0),
            altitude_agl_m: AltitudeAglM(120.0),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(yaw_deg, pitch_deg, 0.0),
            sigmas: PoseSigmas::consumer_gnss(),
        }
    }

    #[test]
    fn half_overlapping_nadir_photos_share_half() {
        let camera = camera();
        let (one, two) = (pose(0.0, 0.0, -90.0), pose(82.76, 0.0, -90.0));
        let grid = GroundGrid::shared((&one, &camera), (&two, &camera), 0.05).unwrap();
        assert!((grid.share_of_first - 0.5).abs() < 0.001, "{grid:?}");
        assert!((grid.gsd_m - 0.05).abs() < 1e-9);
        assert!((f64::from(grid.width_px) * 0.05 - 82.76).abs() < 0.1);
        assert!((f64::from(grid.height_px) * 0.05 - 124.14).abs() < 0.1);
        let middle = [f64::from(grid.width_px) / 2.0, f64::from(grid.height_px) / 2.0];
        let shown = grid.photo_from_pixel(middle, &one, &camera).unwrap();
        assert!(
            (shown[0] - 3000.0).abs() < 0.1 && (shown[1] - 1500.0).abs() < 0.1,
            "{shown:?}"
        );
        assert!((grid.view_angle_rad - 2.0 * (41.38_f64 / 120.0).atan()).abs() < 1e-6);
    }

    #[test]
    fn photos_of_different_places_say_how_far_apart() {
        let camera = camera();
        let answer = GroundGrid::shared(
            (&pose(0.0, 0.0, -90.0), &camera),
            (&pose(900.0, 0.0, -90.0), &camera),
            0.05,
        );
        assert!(matches!(answer, Err(SharedGroundError::Apart { apart_m }) if (apart_m - 900.0).abs() < 1.0));
        let corner = GroundGrid::shared(
            (&pose(0.0, 0.0, -90.0), &camera),
            (&pose(164.0, 0.0, -90.0), &camera),
            0.5,
        );
        assert!(
            matches!(corner, Err(SharedGroundError::TooLittle { .. })),
            "{corner:?}"
        );
    }

    proptest! {
        /// What the grid calls shared is shown by both photos, and its place is where both see it.
        #[test]
        fn shared_places_are_seen_by_both(
            east in -60.0..60.0f64, yaw in 0.0..360.0f64, pitch in -90.0..-50.0f64, x in 0.0..1.0f64, y in 0.0..1.0f64,
        ) {
            let camera = camera();
            let (one, two) = (pose(0.0, 10.0, -90.0), pose(east, yaw, pitch));
            if let Ok(grid) = GroundGrid::shared((&one, &camera), (&two, &camera), 0.1) {
                let place = [x * f64::from(grid.width_px), y * f64::from(grid.height_px)];
                let inner = [[0.0, 0.0], [3.0, 0.0], [-3.0, 0.0], [0.0, 3.0], [0.0, -3.0]]
                    .iter()
                    .all(|step| grid.is_shared([place[0] + step[0], place[1] + step[1]]));
                if inner {
                    prop_assert!(grid.photo_from_pixel(place, &one, &camera).is_some());
                    prop_assert!(grid.photo_from_pixel(place, &two, &camera).is_some());
                }
            }
        }
    }
}
