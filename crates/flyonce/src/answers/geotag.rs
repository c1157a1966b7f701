//! Where a pixel lies on the ground, and what that rests on.

use anyhow::Result;
use serde::Serialize;
use survey::camera::{CameraModel, CameraSource};
use survey::geolocate::ground_from_pixel;
use survey::pose::{GroundAssumption, Pose};

use crate::answers::place::{Place, rounded};
use crate::lang::Words;

/// The ground under a pixel.
#[derive(Debug, Clone, Serialize)]
pub struct GeotagAnswer {
    /// The photo as it was named.
    pub photo: String,
    /// The pixel.
    pub pixel: [f64; 2],
    /// Where it is.
    pub place: Place,
    /// Offset from the camera's ground point, (east, north), metres.
    pub offset_enu_m: [f64; 2],
    /// Distance from the camera, metres.
    pub slant_range_m: f64,
    /// Angle of the ray below the horizon, degrees.
    pub depression_deg: f64,
    /// Ground sampling distance there, cm per pixel.
    pub gsd_cm: f64,
    /// What the place rests on.
    pub assumptions: Vec<Words>,
}

/// Puts `pixel` of a placed photo on the ground.
///
/// # Errors
/// A pixel outside the picture or that shows no ground.
pub fn geotag(photo: &str, pose: &Pose, camera: &CameraModel, pixel: [f64; 2]) -> Result<GeotagAnswer> {
    let fix = ground_from_pixel(pose, camera, pixel)?;
    Ok(GeotagAnswer {
        photo: photo.to_owned(),
        pixel,
        place: Place::new(fix.position, fix.covariance_m2),
        offset_enu_m: fix.offset_enu_m.map(|metres| rounded(metres, 2)),
        slant_range_m: rounded(fix.slant_range_m, 2),
        depression_deg: rounded(fix.depression_rad.to_degrees(), 2),
        gsd_cm: rounded(fix.gsd_cm, 2),
        assumptions: assumptions(pose, camera),
    })
}

/// What a place from this pose and camera rests on, for people.
pub fn assumptions(pose: &Pose, camera: &CameraModel) -> Vec<Words> {
    let sigmas = &pose.sigmas;
    let (height_m, focal_px) = (pose.altitude_agl_m.0, camera.focal_px);
    let ground = match pose.ground {
        GroundAssumption::FlatAtTakeoff => Words::new(
            format!("地面按起飞点高度的平面计,相机高 {height_m:.1} m;屋顶会偏移"),
            format!(
                "the ground is taken as flat at the take-off height, the camera {height_m:.1} m above it; roofs are displaced"
            ),
        ),
        GroundAssumption::FlatAtElevation { .. } => Words::new(
            format!("地面按给定高程的平面计,相机高 {height_m:.1} m"),
            format!(
                "the ground is taken as flat at the given elevation, the camera {height_m:.1} m above it"
            ),
        ),
    };
    let (zh, en) = camera_source_words(camera.source);
    vec![
        ground,
        Words::new(
            format!("焦距 {focal_px:.0} 像素,来自{zh}"),
            format!("focal length {focal_px:.0} px, from {en}"),
        ),
        Words::new(
            format!(
                "误差(1σ):位置 {:.1} m,高度 {:.1} m,倾角 {:.1}°,航向 {:.1}°",
                sigmas.east_m.max(sigmas.north_m),
                sigmas.height_m,
                sigmas.tilt_rad.to_degrees(),
                sigmas.yaw_rad.to_degrees()
            ),
            format!(
                "uncertainties (1σ): position {:.1} m, height {:.1} m, tilt {:.1}°, yaw {:.1}°",
                sigmas.east_m.max(sigmas.north_m),
                sigmas.height_m,
                sigmas.tilt_rad.to_degrees(),
                sigmas.yaw_rad.to_degrees()
            ),
        ),
        Words::new("坐标系 WGS-84", "datum WGS-84"),
    ]
}

fn camera_source_words(source: CameraSource) -> (&'static str, &'static str) {
    match source {
        CameraSource::Dewarp => ("照片中的出厂标定", "the factory calibration in the photo"),
        CameraSource::Calibrated => ("照片中的标定焦距", "the calibrated focal length in the photo"),
        CameraSource::CameraTable => ("相机型号表", "the table of camera models"),
        CameraSource::FocalPlane => ("EXIF 焦平面分辨率", "the EXIF focal plane resolution"),
        CameraSource::Equivalent35mm => ("35 mm 等效焦距(较不准)", "the 35 mm equivalent (less exact)"),
        CameraSource::ModelCard => ("相机卡片", "a camera card"),
    }
}
