//! Where a pixel lies on the ground, and what that rests on.

use anyhow::{Result, bail};
use serde::Serialize;
use survey::camera::{CameraModel, CameraSource};
use survey::footprint::{NotInView, check_in_view};
use survey::geodesy::Wgs84;
use survey::geolocate::{BasePixel, bounds, ground_from_outline, pixel_of_box};
use survey::pose::{GroundAssumption, Pose, TakeoffHeight};

use crate::answers::place::{Place, rounded};
use crate::answers::poses::PoseFindingAnswer;
use crate::lang::Words;
use crate::stage::placing::StoredPose;
use crate::stage::relief::Ground;

/// What was marked in the picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Marked {
    /// One pixel.
    Pixel([f64; 2]),
    /// Left, top, right, bottom.
    Box([f64; 4]),
    /// Three points or more.
    Outline(Vec<[f64; 2]>),
}

impl Marked {
    /// From numbers as they are typed: two, four, or six and more in pairs.
    ///
    /// # Errors
    /// Another number of them, or a box without size.
    pub fn from_numbers(numbers: &[f64]) -> Result<Self> {
        match *numbers {
            [x, y] => Ok(Self::Pixel([x, y])),
            [left, top, right, bottom] if left < right && top < bottom => {
                Ok(Self::Box([left, top, right, bottom]))
            }
            [_, _, _, _] => bail!(
                "a box needs its left below its right and its top below its bottom / 框的左应小于右,上应小于下"
            ),
            _ if numbers.len() >= 6 && numbers.len().is_multiple_of(2) => Ok(Self::Outline(
                numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
            )),
            _ => bail!(
                "give two numbers for a pixel, four for a box, six or more in pairs for an outline / \
                 像素给两个数,框给四个数,轮廓给六个以上成对的数"
            ),
        }
    }

    fn outline_px(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Pixel(_) => Vec::new(),
            Self::Box([left, top, right, bottom]) => {
                vec![[*left, *top], [*right, *top], [*right, *bottom], [*left, *bottom]]
            }
            Self::Outline(points) => points.clone(),
        }
    }

    /// The pixel that stands for it.
    fn base(&self, pose: &Pose, camera: &CameraModel) -> BasePixel {
        match self {
            Self::Pixel(pixel) => BasePixel {
                pixel: *pixel,
                sigma_px: [0.0; 2],
            },
            Self::Box(of_box) => pixel_of_box(pose, camera, *of_box),
            Self::Outline(points) => pixel_of_box(pose, camera, bounds(points)),
        }
    }
}

/// The ground under a pixel, a box or an outline.
#[derive(Debug, Clone, Serialize)]
pub struct GeotagAnswer {
    /// The photo as it was named.
    pub photo: String,
    /// The pixel that was placed; of a box or an outline the one that stands for it.
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
    /// Whether the ground was taken as flat there.
    pub flat_ground: bool,
    /// Outline on the ground, `[longitude, latitude]`; of a box or an outline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<Vec<[f64; 2]>>,
    /// Its area, m².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_m2: Option<f64>,
    /// What did not fit when the poses of the flight were compared.
    pub pose_findings: Vec<PoseFindingAnswer>,
    /// What the place rests on.
    pub assumptions: Vec<Words>,
}

/// Puts what is marked in a placed photo on the ground.
///
/// # Errors
/// A pixel outside the picture or that shows no ground; a place outside the ground that the photo shows.
pub fn geotag(
    photo: &str,
    (stored, camera): (&StoredPose, &CameraModel),
    ground: Ground<'_>,
    marked: &Marked,
) -> Result<GeotagAnswer> {
    let pose = &stored.pose;
    let base = marked.base(pose, camera);
    let (fix, flat_ground) = ground.place(pose, camera, base.pixel)?;
    let outline_px = marked.outline_px();
    let place = |pixel: [f64; 2]| ground.place(pose, camera, pixel).map(|(fix, _)| fix);
    let shape = match outline_px.is_empty() {
        true => None,
        false => Some(ground_from_outline(&base, &outline_px, place)?),
    };
    let fix = shape.as_ref().map_or(fix, |shape| shape.centre.clone());
    let in_view = check_in_view(pose, camera, &fix);
    if let Err(NotInView::Outside { .. }) = in_view {
        bail!("the place lies outside the ground that the photo shows / 位置不在照片所示地面之内");
    }
    let point = |point: &Wgs84| [rounded(point.longitude_deg, 7), rounded(point.latitude_deg, 7)];
    let mut said = assumptions(pose, camera);
    if flat_ground && matches!(pose.ground, GroundAssumption::HeightModel { .. }) {
        said.push(Words::new(
            "此处高程模型没有高程:按相机下方高程的平面计",
            "the height model has no height here: level ground at the height below the camera is taken",
        ));
    }
    if let Err(NotInView::TooFlat { depression_deg }) = in_view {
        said.push(Words::new(
            format!("视线仅在水平线下 {depression_deg:.1}°:15° 以外的地面不算看到,此位置只供参考"),
            format!(
                "the line of sight goes only {depression_deg:.1}° below the horizon: ground beyond 15° does not \
                 count as seen, take this place as a hint only"
            ),
        ));
    }
    Ok(GeotagAnswer {
        photo: photo.to_owned(),
        pixel: base.pixel.map(|axis| rounded(axis, 2)),
        place: Place::new(fix.position, fix.covariance_m2),
        offset_enu_m: fix.offset_enu_m.map(|metres| rounded(metres, 2)),
        slant_range_m: rounded(fix.slant_range_m, 2),
        depression_deg: rounded(fix.depression_rad.to_degrees(), 2),
        gsd_cm: rounded(fix.gsd_cm, 2),
        flat_ground,
        outline: shape
            .as_ref()
            .map(|shape| shape.outline.iter().map(point).collect()),
        area_m2: shape.as_ref().map(|shape| rounded(shape.area_m2, 1)),
        pose_findings: stored.findings.iter().map(PoseFindingAnswer::of).collect(),
        assumptions: said,
    })
}

/// What a place from this pose and camera rests on, for people.
pub fn assumptions(pose: &Pose, camera: &CameraModel) -> Vec<Words> {
    let sigmas = &pose.sigmas;
    let focal_px = camera.focal_px;
    let (zh, en) = camera_source_words(camera.source);
    vec![
        ground_words(pose),
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

fn ground_words(pose: &Pose) -> Words {
    let height_m = pose.altitude_agl_m.0;
    match &pose.ground {
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
        GroundAssumption::HeightModel {
            layer,
            version,
            takeoff,
            ..
        } => {
            let (zh, en) = match takeoff {
                TakeoffHeight::Receiver => ("接收机高程", "the receiver's height"),
                TakeoffHeight::TerrainUnderFirstPhoto => (
                    "起飞点按首张照片下方地形计",
                    "take-off taken at the terrain under the first photo",
                ),
            };
            Words::new(
                format!("地面按高程模型 {layer}({version}),相机离地 {height_m:.1} m({zh})"),
                format!(
                    "ground by the height model {layer} ({version}), the camera {height_m:.1} m above it ({en})"
                ),
            )
        }
    }
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
