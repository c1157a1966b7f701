//! From what a photo says of itself to a pose and a camera, or to the reason why it has no place.
//! Nothing is guessed: a field that is absent or was found absurd makes the photo unplaced, by name.

use formats::photo::PhotoMetadata;
use serde::{Deserialize, Serialize};
use survey::camera::{CameraCard, CameraError, CameraHints, CameraModel, Dewarp};
use survey::geodesy::{AltitudeAglM, Wgs84};
use survey::pose::{Attitude, FixQuality, GroundAssumption, Pose, PoseSigmas};
use survey::pose_checks::PoseFinding;

use crate::config::settings::GeolocationSettings;
use crate::lang::Words;

/// Where a photo was taken from, and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// Position, height above the assumed ground, attitude, uncertainties.
    pub pose: Pose,
    /// Camera and lens.
    pub camera: CameraModel,
}

/// A pose as a photo's row keeps it: with what checking the flight found, and what the file stated where that was
/// something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPose {
    /// The pose that places are computed from.
    #[serde(flatten)]
    pub pose: Pose,
    /// What did not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<PoseFinding>,
    /// As the file stated it, if that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Pose>,
}

impl StoredPose {
    /// What the file stated.
    pub fn as_stated(&self) -> &Pose {
        self.stated.as_ref().unwrap_or(&self.pose)
    }
}

/// Why a photo has no usable pose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplaced {
    /// No position, or one that contradicts itself.
    NoPosition,
    /// No height above the take-off point.
    NoHeight,
    /// At or below the take-off point: no ground in the picture can be computed.
    NotAboveGround,
    /// No gimbal angles.
    NoGimbalAngles,
    /// Nothing tells the focal length.
    NoCamera,
    /// The camera looks at or above the horizon.
    NoGroundInView,
    /// Too far from the working grid of this data folder.
    OutsideWorkingArea,
}

impl Unplaced {
    /// Stable code, as stored with the photo.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPosition => "no_position",
            Self::NoHeight => "no_height",
            Self::NotAboveGround => "not_above_ground",
            Self::NoGimbalAngles => "no_gimbal_angles",
            Self::NoCamera => "no_camera",
            Self::NoGroundInView => "no_ground_in_view",
            Self::OutsideWorkingArea => "outside_working_area",
        }
    }
}

/// Words for a problem code of a photo row; an unknown code is shown as it is.
pub fn problem_words(code: &str) -> Words {
    let (zh, en) = match code {
        "no_position" => ("没有可用的位置", "no usable position"),
        "no_height" => ("没有相对起飞点的高度", "no height above the take-off point"),
        "not_above_ground" => ("高度不高于起飞点", "not above the take-off point"),
        "no_gimbal_angles" => ("没有云台角度", "no gimbal angles"),
        "no_camera" => (
            "焦距未知(可在配置中写 [[camera]] 相机卡片)",
            "focal length unknown; a [[camera]] card in the configuration can state it",
        ),
        "no_ground_in_view" => (
            "镜头朝向地平线以上,看不到地面",
            "looks above the horizon: no ground in view",
        ),
        "outside_working_area" => (
            "距工作区过远,不计入覆盖",
            "too far from the working area to count",
        ),
        "no_time" => (
            "没有拍摄时间,不计入覆盖",
            "no capture time: does not count for coverage",
        ),
        "truncated" => ("文件不完整(被截断)", "file is truncated"),
        "unreadable" => ("图像无法解码", "picture cannot be decoded"),
        "index_differs" => (
            "图像编号与时间、位置对应的拍摄点不同",
            "the image number and the time and place name different shots",
        ),
        "clock_differs" => (
            "相机时间与飞行记录不符,按编号和位置归位",
            "the camera's clock is off; matched by number and place",
        ),
        "shot_taken" => (
            "该拍摄点已有照片,作为额外照片保存",
            "another file is this shot already; kept as one photo more",
        ),
        "blurred" => (
            "图像模糊,未识别,不计入覆盖",
            "blurred: not looked at, no coverage",
        ),
        "too_dark" => (
            "图像过暗,未识别,不计入覆盖",
            "too dark: not looked at, no coverage",
        ),
        "over_exposed" => (
            "图像过曝,未识别,不计入覆盖",
            "over-exposed: not looked at, no coverage",
        ),
        "hazy" => ("雾霾遮挡,未识别,不计入覆盖", "hazy: not looked at, no coverage"),
        "sortie_withdrawn" => (
            "所属架次已撤销,不计入覆盖",
            "its sortie was withdrawn: no coverage",
        ),
        "too_large" => ("图像过大,未识别", "picture too large to be looked at"),
        other => (other, other),
    };
    Words::new(zh, en)
}

/// The heights a camera drone can be above its take-off point and still see usable ground, metres.
const LOWEST_AGL_M: f64 = 2.0;

/// Puts a photo into space.
///
/// # Errors
/// The first thing that is missing.
pub fn place(metadata: &PhotoMetadata, settings: &GeolocationSettings) -> Result<Placement, Unplaced> {
    let fix = metadata.gnss.as_ref().ok_or(Unplaced::NoPosition)?;
    let position = Wgs84::new(fix.latitude_deg, fix.longitude_deg)
        .ok()
        .ok_or(Unplaced::NoPosition)?;
    let gimbal = metadata.gimbal.ok_or(Unplaced::NoGimbalAngles)?;
    let height_m = metadata.relative_altitude_m.ok_or(Unplaced::NoHeight)?;
    if height_m < LOWEST_AGL_M {
        return Err(Unplaced::NotAboveGround);
    }
    let camera = camera_of(metadata, settings).ok().ok_or(Unplaced::NoCamera)?;
    let pose = Pose {
        position,
        altitude_agl_m: AltitudeAglM(height_m),
        ground: GroundAssumption::FlatAtTakeoff,
        attitude: Attitude {
            yaw_rad: gimbal.yaw.to_radians(),
            pitch_rad: gimbal.pitch.to_radians(),
            roll_rad: gimbal.roll.to_radians(),
        },
        sigmas: sigmas(metadata, settings),
    };
    Ok(Placement { pose, camera })
}

/// The sigmas of the configuration or of the camera's card; of the position the receiver's own where it states all
/// three, held above what such a fix can claim.
fn sigmas(metadata: &PhotoMetadata, settings: &GeolocationSettings) -> PoseSigmas {
    let card = card_of(metadata, settings);
    let assumed = PoseSigmas {
        east_m: settings.horizontal_sigma_m,
        north_m: settings.horizontal_sigma_m,
        height_m: settings.height_sigma_m,
        tilt_rad: card
            .and_then(|card| card.tilt_sigma_rad)
            .unwrap_or(settings.tilt_sigma_rad),
        yaw_rad: card
            .and_then(|card| card.yaw_sigma_rad)
            .unwrap_or(settings.yaw_sigma_rad),
    };
    let stated = metadata.rtk.as_ref().and_then(|rtk| {
        let quality = FixQuality::from_rtk_flag(rtk.flag)?;
        Some((quality, [rtk.std_lon_m?, rtk.std_lat_m?, rtk.std_hgt_m?]))
    });
    match stated {
        Some((quality, sigmas_m)) => assumed.with_fix(quality, sigmas_m),
        None => assumed,
    }
}

/// The lens: by a card of the configuration if one fits the camera, else by what the photo says.
fn camera_of(metadata: &PhotoMetadata, settings: &GeolocationSettings) -> Result<CameraModel, CameraError> {
    match card_of(metadata, settings) {
        Some(card) => card.camera(metadata.width_px, metadata.height_px),
        None => CameraModel::from_hints(&hints(metadata)),
    }
}

/// The first card of the configuration that is for this photo's camera.
fn card_of<'s>(metadata: &PhotoMetadata, settings: &'s GeolocationSettings) -> Option<&'s CameraCard> {
    let (make, model) = (metadata.make.as_deref(), metadata.model.as_deref());
    settings.cameras.iter().find(|card| card.is_for(make, model))
}

fn hints(metadata: &PhotoMetadata) -> CameraHints {
    CameraHints {
        make: metadata.make.clone(),
        model: metadata.model.clone(),
        image_width_px: metadata.width_px,
        image_height_px: metadata.height_px,
        focal_length_mm: metadata.focal_length_mm,
        focal_length_35mm: metadata.focal_length_35mm,
        dewarp: dewarp(metadata),
        calibrated_focal_length_px: metadata.calibrated_focal_length_px,
    }
}

/// The factory calibration; its distortion terms only where the camera has not removed them already.
fn dewarp(metadata: &PhotoMetadata) -> Option<Dewarp> {
    let data = metadata.dewarp.as_ref()?;
    let terms = match metadata.dewarp_applied {
        Some(true) => [0.0; 5],
        _ => [data.k1, data.k2, data.p1, data.p2, data.k3],
    };
    let [k1, k2, p1, p2, k3] = terms;
    Some(Dewarp {
        fx: data.fx,
        fy: data.fy,
        cx: data.cx,
        cy: data.cy,
        k1,
        k2,
        p1,
        p2,
        k3,
    })
}
