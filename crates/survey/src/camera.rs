//! Which ray belongs to a pixel: focal length, principal point and lens distortion, taken from the best hint
//! a photo carries. Pixels are continuous: (0, 0) is the corner of the top left pixel, its centre (0.5, 0.5).

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod card;
mod lens;
mod table;
#[cfg(test)]
mod tests;

pub use card::{CameraCard, CardFocal};
pub use lens::BrownConrady;
pub use table::{CameraTable, SensorEntry};

/// Diagonal of a 36 × 24 mm frame, mm: what "35 mm equivalent" refers to.
const FULL_FRAME_DIAGONAL_MM: f64 = 43.266_615_305_567_87;
/// fx and fy farther apart than this are not one lens.
const MOST_ANISOTROPY: f64 = 0.02;

/// Why no camera model can be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CameraError {
    /// Width or height is zero.
    #[error("the image is {width_px} × {height_px} pixels")]
    EmptyImage {
        /// Pixels.
        width_px: u32,
        /// Pixels.
        height_px: u32,
    },
    /// Neither calibration nor a known camera nor a focal length is given.
    #[error(
        "the focal length of camera `{model}` is unknown: no calibration, not in the table, no 35 mm figure"
    )]
    NoFocalLength {
        /// EXIF model, empty when absent.
        model: String,
    },
    /// The focal length is not a number or lies outside 0.2 to 100 image widths.
    #[error("focal length {focal_px} px from {origin:?} is impossible for an image {width_px} px wide")]
    ImpossibleFocal {
        /// Pixels.
        focal_px: f64,
        /// Pixels.
        width_px: u32,
        /// Which hint gave it.
        origin: CameraSource,
    },
    /// The calibration's fx and fy differ by more than 2 %, or a coefficient is not a number.
    #[error("the lens calibration in the photo is not usable: {problem}")]
    BadCalibration {
        /// What is wrong with it.
        problem: String,
    },
    /// No ray belongs to this pixel: the distortion polynomial folds over there.
    #[error("the lens model cannot be inverted at pixel ({x_px:.1}, {y_px:.1})")]
    NotInvertible {
        /// Pixels.
        x_px: f64,
        /// Pixels.
        y_px: f64,
    },
}

/// Which hint the focal length came from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraSource {
    /// The vendor's calibration with distortion (DJI `DewarpData`).
    Dewarp,
    /// The vendor's calibrated focal length (DJI `CalibratedFocalLength`).
    Calibrated,
    /// Focal length in mm and the sensor width of this known camera.
    CameraTable,
    /// EXIF focal plane resolution.
    FocalPlane,
    /// EXIF 35 mm equivalent.
    Equivalent35mm,
    /// A figure somebody wrote down for this camera.
    ModelCard,
}

impl CameraSource {
    /// One standard deviation of the focal length from this source, relative. Assumptions: a per-lens
    /// calibration keeps 0.2 %, a calibrated centre value 0.5 %, nominal millimetres are rounded to about
    /// 2 % (FC220: table 3066 px, 35 mm figure 3005 px), the 35 mm figure is a whole number of mm.
    #[must_use]
    pub fn focal_sigma_rel(self) -> f64 {
        match self {
            Self::Dewarp => 0.002,
            Self::Calibrated => 0.005,
            Self::CameraTable | Self::FocalPlane => 0.02,
            Self::Equivalent35mm | Self::ModelCard => 0.03,
        }
    }
}

/// DJI `DewarpData`: focal lengths and principal point offset in pixels, distortion as Brown–Conrady.
/// Only for pictures that were not already straightened in the camera (`DewarpFlag` 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dewarp {
    /// Focal length across, px.
    pub fx: f64,
    /// Focal length down, px.
    pub fy: f64,
    /// Principal point right of the image centre, px.
    pub cx: f64,
    /// Principal point below the image centre, px.
    pub cy: f64,
    /// Radial, r².
    pub k1: f64,
    /// Radial, r⁴.
    pub k2: f64,
    /// Tangential.
    pub p1: f64,
    /// Tangential.
    pub p2: f64,
    /// Radial, r⁶.
    pub k3: f64,
}

/// Everything a photo may say about its lens.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CameraHints {
    /// EXIF make.
    pub make: Option<String>,
    /// EXIF model.
    pub model: Option<String>,
    /// Pixels.
    pub image_width_px: u32,
    /// Pixels.
    pub image_height_px: u32,
    /// EXIF focal length, mm.
    pub focal_length_mm: Option<f64>,
    /// EXIF 35 mm equivalent, mm.
    pub focal_length_35mm: Option<f64>,
    /// DJI calibration.
    pub dewarp: Option<Dewarp>,
    /// DJI calibrated focal length, px.
    pub calibrated_focal_length_px: Option<f64>,
}

/// A camera: which ray belongs to which pixel. Camera axes: x right, y down, z forward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraModel {
    /// Image width, px.
    pub width_px: u32,
    /// Image height, px.
    pub height_px: u32,
    /// Focal length, px.
    pub focal_px: f64,
    /// Where the optical axis meets the image, px from the top left corner.
    pub principal_px: [f64; 2],
    /// Lens distortion, if known.
    pub distortion: Option<BrownConrady>,
    /// One standard deviation of the focal length, relative.
    pub focal_sigma_rel: f64,
    /// Where the focal length came from.
    pub source: CameraSource,
}

impl CameraModel {
    /// A camera without distortion, its axis in the middle of the image.
    ///
    /// # Errors
    /// [`CameraError::EmptyImage`], [`CameraError::ImpossibleFocal`].
    pub fn pinhole(
        width_px: u32,
        height_px: u32,
        focal_px: f64,
        source: CameraSource,
    ) -> Result<Self, CameraError> {
        if width_px == 0 || height_px == 0 {
            return Err(CameraError::EmptyImage { width_px, height_px });
        }
        let longest = f64::from(width_px.max(height_px));
        if !(0.2 * longest..=100.0 * longest).contains(&focal_px) {
            return Err(CameraError::ImpossibleFocal {
                focal_px,
                width_px,
                origin: source,
            });
        }
        Ok(Self {
            width_px,
            height_px,
            focal_px,
            principal_px: [f64::from(width_px) / 2.0, f64::from(height_px) / 2.0],
            distortion: None,
            focal_sigma_rel: source.focal_sigma_rel(),
            source,
        })
    }

    /// A camera from the 35 mm equivalent focal length. The figure refers to the whole sensor's diagonal. A
    /// picture of 4:3 to 3:2 is taken as the whole sensor; a longer one (16:9) as the full width of a 4:3
    /// sensor cut at top and bottom, which is what drones of this kind write.
    ///
    /// # Errors
    /// [`CameraError::EmptyImage`], [`CameraError::ImpossibleFocal`].
    pub fn from_equivalent_35mm(
        width_px: u32,
        height_px: u32,
        equivalent_mm: f64,
    ) -> Result<Self, CameraError> {
        let (long, short) = (
            f64::from(width_px.max(height_px)),
            f64::from(width_px.min(height_px)),
        );
        let sensor_short = if long > 1.51 * short { long * 0.75 } else { short };
        let focal_px = equivalent_mm / FULL_FRAME_DIAGONAL_MM * long.hypot(sensor_short);
        Self::pinhole(width_px, height_px, focal_px, CameraSource::Equivalent35mm)
    }

    /// The best model the hints allow: DJI calibration, else calibrated focal length, else the camera table
    /// with the focal length in mm, else the 35 mm figure. A worse hint never overrules a better one, even
    /// where they disagree; [`CameraModel::source`] says which one was used.
    ///
    /// # Errors
    /// Any [`CameraError`]; a hint that is present but impossible is an error, not a reason to try the next.
    pub fn from_hints(hints: &CameraHints) -> Result<Self, CameraError> {
        let (width_px, height_px) = (hints.image_width_px, hints.image_height_px);
        if let Some(dewarp) = &hints.dewarp {
            return Self::from_dewarp(width_px, height_px, dewarp);
        }
        if let Some(focal_px) = hints.calibrated_focal_length_px {
            return Self::pinhole(width_px, height_px, focal_px, CameraSource::Calibrated);
        }
        let model = hints.model.as_deref().unwrap_or_default();
        if let Some((sensor_width_mm, focal_mm)) = CameraTable::sensor(model, hints.focal_length_mm) {
            let focal_px = focal_mm / sensor_width_mm * f64::from(width_px.max(height_px));
            return Self::pinhole(width_px, height_px, focal_px, CameraSource::CameraTable);
        }
        if let Some(equivalent_mm) = hints.focal_length_35mm {
            return Self::from_equivalent_35mm(width_px, height_px, equivalent_mm);
        }
        Err(CameraError::NoFocalLength {
            model: model.trim().to_owned(),
        })
    }

    /// The direction a pixel looks in, camera axes, forward component 1.
    ///
    /// # Errors
    /// [`CameraError::NotInvertible`].
    pub fn ray_from_pixel(&self, pixel: [f64; 2]) -> Result<[f64; 3], CameraError> {
        let [x_px, y_px] = pixel;
        let seen = [
            (x_px - self.principal_px[0]) / self.focal_px,
            (y_px - self.principal_px[1]) / self.focal_px,
        ];
        let Some(distortion) = &self.distortion else {
            return Ok([seen[0], seen[1], 1.0]);
        };
        let ideal = distortion
            .ideal_from_seen(seen)
            .ok_or(CameraError::NotInvertible { x_px, y_px })?;
        Ok([ideal[0], ideal[1], 1.0])
    }

    /// The pixel that looks in a direction (camera axes), also beyond the image's edge; `None` behind the
    /// camera or where the lens model does not hold.
    #[must_use]
    pub fn pixel_from_ray(&self, ray: [f64; 3]) -> Option<[f64; 2]> {
        if ray[2] <= 1e-9 {
            return None;
        }
        let ideal = [ray[0] / ray[2], ray[1] / ray[2]];
        let seen = match &self.distortion {
            Some(distortion) => distortion.seen_from_ideal_checked(ideal)?,
            None => ideal,
        };
        Some([0, 1].map(|axis| self.principal_px[axis] + self.focal_px * seen[axis]))
    }

    /// Whether a pixel lies on the image, edges included.
    #[must_use]
    pub fn contains(&self, pixel: [f64; 2]) -> bool {
        (0.0..=f64::from(self.width_px)).contains(&pixel[0])
            && (0.0..=f64::from(self.height_px)).contains(&pixel[1])
    }

    fn from_dewarp(width_px: u32, height_px: u32, dewarp: &Dewarp) -> Result<Self, CameraError> {
        let bad = |problem: &str| {
            Err(CameraError::BadCalibration {
                problem: problem.to_owned(),
            })
        };
        let Dewarp {
            fx,
            fy,
            cx,
            cy,
            k1,
            k2,
            p1,
            p2,
            k3,
        } = *dewarp;
        if ![fx, fy, cx, cy, k1, k2, p1, p2, k3]
            .iter()
            .all(|value| value.is_finite())
        {
            return bad("a value is not a number");
        }
        let focal_px = (fx + fy) / 2.0;
        let plain = Self::pinhole(width_px, height_px, focal_px, CameraSource::Dewarp)?;
        if (fx - fy).abs() > MOST_ANISOTROPY * focal_px {
            return bad("fx and fy differ by more than 2 %");
        }
        if cx.abs() > 0.25 * f64::from(width_px) || cy.abs() > 0.25 * f64::from(height_px) {
            return bad("the principal point is more than a quarter of the image away from the centre");
        }
        let principal_px = [plain.principal_px[0] + cx, plain.principal_px[1] + cy];
        Ok(Self {
            principal_px,
            distortion: Some(BrownConrady { k1, k2, p1, p2, k3 }),
            ..plain
        })
    }
}
