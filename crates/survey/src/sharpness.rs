//! How sharply a photo shows the ground from its near to its far edge, and which part of it a detector can use.
//! Straight down it is the same everywhere; towards the horizon of an oblique photo it falls off without end.

use crate::camera::CameraModel;
use crate::geolocate::ground_from_pixel;
use crate::pose::Pose;
use crate::tiles::TileRect;

/// A photo that is coarser all over than a detector was trained for is used as far as it is at most this much
/// coarser than at its sharpest.
const COARSE_PHOTO_RANGE: f64 = 1.25;
/// Pixels sampled along each side of a rectangle.
const SAMPLES: u32 = 9;

/// The ground sampling distance over one photo.
#[derive(Debug, Clone, Copy)]
pub struct Sharpness<'p> {
    pose: &'p Pose,
    camera: &'p CameraModel,
    /// Finest ground sampling distance in the photo, cm per pixel.
    pub near_cm: f64,
    /// Coarsest where the ray still meets the ground, cm per pixel.
    pub far_cm: f64,
}

impl<'p> Sharpness<'p> {
    /// Of a placed photo; `None` when it shows no ground.
    #[must_use]
    pub fn of(pose: &'p Pose, camera: &'p CameraModel) -> Option<Self> {
        let whole = TileRect {
            x_px: 0,
            y_px: 0,
            width_px: camera.width_px,
            height_px: camera.height_px,
        };
        let unmeasured = Self {
            pose,
            camera,
            near_cm: 0.0,
            far_cm: 0.0,
        };
        let gsds_cm: Vec<f64> = unmeasured.samples_cm(&whole).collect();
        let near_cm = gsds_cm.iter().copied().reduce(f64::min)?;
        let far_cm = gsds_cm.iter().copied().reduce(f64::max)?;
        Some(Self {
            near_cm,
            far_cm,
            ..unmeasured
        })
    }

    /// The coarsest ground sampling distance that a detector trained up to `trained_to_cm` can use here.
    #[must_use]
    pub fn usable_to_cm(&self, trained_to_cm: f64) -> f64 {
        trained_to_cm.max(COARSE_PHOTO_RANGE * self.near_cm)
    }

    /// The ground sampling distance to scale the usable part by: the geometric mean of its ends, so that both are
    /// off by the same factor.
    #[must_use]
    pub fn typical_cm(&self, usable_to_cm: f64) -> f64 {
        (self.near_cm * self.far_cm.min(usable_to_cm)).sqrt()
    }

    /// Whether any sampled part of a tile shows ground at least as sharp as `usable_to_cm`.
    #[must_use]
    pub fn is_usable(&self, tile: &TileRect, usable_to_cm: f64) -> bool {
        self.samples_cm(tile).any(|gsd_cm| gsd_cm <= usable_to_cm)
    }

    fn samples_cm(&self, area: &TileRect) -> impl Iterator<Item = f64> {
        let Self { pose, camera, .. } = *self;
        let (area, last) = (*area, f64::from(SAMPLES - 1));
        (0..SAMPLES * SAMPLES).filter_map(move |sample| {
            let part = |index: u32, start: u32, length: u32, limit: u32| {
                let end = f64::from(limit.saturating_sub(1));
                (f64::from(start) + f64::from(length) * f64::from(index) / last).min(end)
            };
            let x = part(sample % SAMPLES, area.x_px, area.width_px, camera.width_px);
            let y = part(sample / SAMPLES, area.y_px, area.height_px, camera.height_px);
            ground_from_pixel(pose, camera, [x, y]).ok().map(|fix| fix.gsd_cm)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CameraSource;
    use crate::geodesy::{AltitudeAglM, Wgs84};
    use crate::pose::{Attitude, GroundAssumption, PoseSigmas};

    fn pose(pitch_deg: f64, altitude_agl_m: f64) -> Pose {
        Pose {
            position: Wgs84 {
                latitude_deg: 31.2,
                longitude_deg: 121.6,
            },
            altitude_agl_m: AltitudeAglM(altitude_agl_m),
            ground: GroundAssumption::FlatAtTakeoff,
            attitude: Attitude::from_degrees(0.0, pitch_deg, 0.0),
            sigmas: PoseSigmas::consumer_gnss(),
        }
    }

    fn camera() -> CameraModel {
        CameraModel::pinhole(4000, 2250, 3066.0, CameraSource::CameraTable).unwrap()
    }

    #[test]
    fn straight_down_everything_is_usable_at_any_height() {
        let camera = camera();
        for altitude_agl_m in [60.0, 120.0, 1000.0] {
            let pose = pose(-90.0, altitude_agl_m);
            let sharpness = Sharpness::of(&pose, &camera).unwrap();
            let expected_cm = altitude_agl_m / 3066.0 * 100.0;
            assert!(
                (sharpness.near_cm / expected_cm - 1.0).abs() < 0.02,
                "{sharpness:?}"
            );
            let usable_to_cm = sharpness.usable_to_cm(20.0);
            let corner = TileRect {
                x_px: 3900,
                y_px: 2150,
                width_px: 100,
                height_px: 100,
            };
            assert!(sharpness.is_usable(&corner, usable_to_cm));
        }
    }

    #[test]
    fn towards_the_horizon_only_the_near_part_is_usable() {
        let (camera, pose) = (camera(), pose(-19.0, 120.0));
        let sharpness = Sharpness::of(&pose, &camera).unwrap();
        let usable_to_cm = sharpness.usable_to_cm(20.0);
        assert_eq!(usable_to_cm, 20.0);
        let typical_cm = sharpness.typical_cm(usable_to_cm);
        assert!(
            sharpness.near_cm < typical_cm && typical_cm < 20.0,
            "{sharpness:?} {typical_cm}"
        );
        let near = TileRect {
            x_px: 1500,
            y_px: 1800,
            width_px: 400,
            height_px: 400,
        };
        let far = TileRect {
            x_px: 1500,
            y_px: 0,
            width_px: 400,
            height_px: 400,
        };
        assert!(sharpness.is_usable(&near, usable_to_cm));
        assert!(!sharpness.is_usable(&far, usable_to_cm));
    }

    #[test]
    fn a_photo_of_the_sky_has_none() {
        assert!(Sharpness::of(&pose(60.0, 120.0), &camera()).is_none());
    }
}
