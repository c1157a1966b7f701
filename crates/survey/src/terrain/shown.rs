//! Which ground a photo shows on a height model.

use geo::Validation;
use nalgebra::{Vector2, Vector3};

use super::Terrain;
use crate::camera::CameraModel;
use crate::footprint::{Footprint, FootprintError, footprint};
use crate::geodesy::LocalTangent;
use crate::pose::Pose;

/// The footprint of a photo with its outline where the border's lines of sight meet a height model, the camera at
/// `camera_m` in the model's datum. Sampling distances grow and shrink with the range: the worst by the border point
/// that is furthest drawn out, the centre's by the mean of all.
///
/// It stays the one on flat ground, which the second value says, where the model has no height for a border point, and
/// where ground so rough is between camera and border that the outline would cross itself.
///
/// # Errors
/// Any [`FootprintError`].
pub fn footprint_on_terrain(
    pose: &Pose,
    camera: &CameraModel,
    (terrain, camera_m): (&Terrain, f64),
) -> Result<(Footprint, bool), FootprintError> {
    let flat = footprint(pose, camera)?;
    let Some(around) = terrain.around(pose.position) else {
        return Ok((flat, true));
    };
    let plane = LocalTangent::at(pose.position);
    let level_m: Vec<Vector2<f64>> = flat
        .outline
        .iter()
        .map(|place| Vector2::from(plane.enu_from_wgs84(*place)))
        .collect();
    let met = |at: &Vector2<f64>| {
        let sight = Vector3::new(at.y, at.x, pose.altitude_agl_m.0);
        let away_m = around.meeting_m(camera_m, &sight).ok()?;
        Some(at * (away_m / at.norm().max(1e-9)))
    };
    let Some(met_m) = level_m.iter().map(met).collect::<Option<Vec<_>>>() else {
        return Ok((flat, true));
    };
    let ring: geo::LineString = met_m.iter().map(|at| (at.x, at.y)).collect();
    let outline = geo::Polygon::new(ring, Vec::new());
    let area_m2 = geo::Area::signed_area(&outline);
    if !outline.is_valid() || area_m2 <= 0.0 {
        return Ok((flat, true));
    }
    let drawn_out: Vec<f64> = met_m
        .iter()
        .zip(&level_m)
        .map(|(met, level)| met.norm() / level.norm().max(1e-9))
        .collect();
    let mean = drawn_out.iter().sum::<f64>() / drawn_out.len().max(1) as f64;
    let most = drawn_out.iter().copied().fold(1.0, f64::max);
    let on = Footprint {
        outline: met_m.iter().map(|at| plane.wgs84_from_enu(at.x, at.y)).collect(),
        area_m2,
        gsd_centre_cm: flat.gsd_centre_cm * mean,
        gsd_worst_cm: flat.gsd_worst_cm * most,
        ..flat
    };
    Ok((on, false))
}
