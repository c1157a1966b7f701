//! Which ground a photo shows on a height model.

use geo::Validation;
use nalgebra::{Vector2, Vector3};

use super::{Surroundings, Terrain};
use crate::camera::CameraModel;
use crate::footprint::{CUT_DEPRESSION_RAD, Footprint, FootprintError, footprint, sampling_m};
use crate::geodesy::LocalTangent;
use crate::pose::Pose;

/// The footprint of a photo with its outline where the border's lines of sight meet a height model, the camera at
/// `camera_m` in the model's datum. The cut at [`CUT_DEPRESSION_RAD`] is one of lines of sight and stays what it is.
/// Sampling distances are those of the slant ranges to the model.
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
    let on = terrain
        .around(pose.position)
        .and_then(|around| raised(&flat, (pose, camera), (&around, camera_m)));
    Ok(on.map_or((flat, true), |on| (on, false)))
}

fn raised(
    flat: &Footprint,
    (pose, camera): (&Pose, &CameraModel),
    (around, camera_m): (&Surroundings<'_>, f64),
) -> Option<Footprint> {
    let plane = LocalTangent::at(pose.position);
    // Where a line of sight comes down: east and north of the camera's foot, and down from the camera, m.
    let met = |sight: &Vector3<f64>| {
        let away_m = around.meeting_m(camera_m, sight).ok()?;
        let at = Vector2::new(sight.y, sight.x) * (away_m / sight.y.hypot(sight.x).max(1e-12));
        Some(Vector3::new(at.y, at.x, camera_m - around.height_m(at)?))
    };
    let sights = flat.outline.iter().map(|place| {
        let [east_m, north_m] = plane.enu_from_wgs84(*place);
        Vector3::new(north_m, east_m, pose.altitude_agl_m.0).normalize()
    });
    let border = sights.map(|sight| met(&sight)).collect::<Option<Vec<_>>>()?;
    let ring: geo::LineString = border.iter().map(|at| (at.y, at.x)).collect();
    let outline = geo::Polygon::new(ring, Vec::new());
    let area_m2 = geo::Area::signed_area(&outline);
    if !outline.is_valid() || area_m2 <= 0.0 {
        return None;
    }
    let ned_from_camera = pose.attitude.ned_from_camera();
    let gsd_m = |at: &Vector3<f64>| sampling_m(camera, &ned_from_camera, (&at.normalize(), at.norm()));
    let axis = ned_from_camera.column(2).into_owned();
    let centre = if axis.z >= CUT_DEPRESSION_RAD.sin() {
        met(&axis)?
    } else {
        let middle = border.iter().sum::<Vector3<f64>>() / border.len().max(1) as f64;
        met(&middle.normalize())?
    };
    let coarsest_m = border.iter().map(gsd_m).fold(gsd_m(&centre), f64::max);
    Some(Footprint {
        outline: border.iter().map(|at| plane.wgs84_from_enu(at.y, at.x)).collect(),
        area_m2,
        gsd_centre_cm: gsd_m(&centre) * 100.0,
        gsd_worst_cm: coarsest_m * 100.0,
        ..flat.clone()
    })
}
