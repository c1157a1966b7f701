//! Camera cards: what somebody has measured or looked up of a camera's lens, for photos that say less or worse.

use serde::{Deserialize, Serialize};

use super::{BrownConrady, CameraError, CameraModel, CameraSource};

/// A camera known by its EXIF make and model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraCard {
    /// EXIF make; absent fits any.
    pub make: Option<String>,
    /// EXIF model.
    pub model: String,
    /// Focal length.
    pub focal: CardFocal,
    /// Where the optical axis meets the picture, px of a picture of the card's size; absent is its middle.
    pub principal_px: Option<[f64; 2]>,
    /// Lens distortion, if measured.
    pub distortion: Option<BrownConrady>,
    /// One standard deviation of the focal length, relative.
    pub focal_sigma_rel: f64,
    /// One standard deviation of the camera's tilt about each of its axes, rad, where it is known.
    pub tilt_sigma_rad: Option<f64>,
    /// One standard deviation of its yaw, rad, where it is known.
    pub yaw_sigma_rad: Option<f64>,
    /// Who says so.
    pub source: String,
}

/// A focal length and what it is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardFocal {
    /// In pixels of pictures of one size; smaller copies have it in proportion.
    Pixels {
        /// px.
        focal_px: f64,
        /// Longer side of those pictures, px.
        longer_side_px: f64,
    },
    /// In millimetres; the picture's longer side is the whole width of the sensor.
    Millimetres {
        /// mm, true and not "35 mm equivalent".
        focal_mm: f64,
        /// mm.
        sensor_width_mm: f64,
    },
}

impl CameraCard {
    /// Whether it is for a photo of this EXIF make and model, in any case, blanks around them aside.
    #[must_use]
    pub fn is_for(&self, make: Option<&str>, model: Option<&str>) -> bool {
        let same = |own: &str, given: Option<&str>| {
            given.is_some_and(|given| given.trim().eq_ignore_ascii_case(own.trim()))
        };
        same(&self.model, model) && self.make.as_deref().is_none_or(|own| same(own, make))
    }

    /// The camera of pictures of this size.
    ///
    /// # Errors
    /// [`CameraError::EmptyImage`], [`CameraError::ImpossibleFocal`].
    pub fn camera(&self, width_px: u32, height_px: u32) -> Result<CameraModel, CameraError> {
        let longer_px = f64::from(width_px.max(height_px));
        let (focal_px, scale) = match self.focal {
            CardFocal::Pixels {
                focal_px,
                longer_side_px,
            } => (focal_px * longer_px / longer_side_px, longer_px / longer_side_px),
            CardFocal::Millimetres {
                focal_mm,
                sensor_width_mm,
            } => (focal_mm / sensor_width_mm * longer_px, 1.0),
        };
        let plain = CameraModel::pinhole(width_px, height_px, focal_px, CameraSource::ModelCard)?;
        Ok(CameraModel {
            principal_px: self
                .principal_px
                .map_or(plain.principal_px, |principal| principal.map(|axis| axis * scale)),
            distortion: self.distortion,
            focal_sigma_rel: self.focal_sigma_rel,
            ..plain
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(focal: CardFocal) -> CameraCard {
        CameraCard {
            make: None,
            model: "FC220".to_owned(),
            focal,
            principal_px: Some([1990.0, 1130.0]),
            distortion: None,
            focal_sigma_rel: 0.004,
            tilt_sigma_rad: None,
            yaw_sigma_rad: None,
            source: "test".to_owned(),
        }
    }

    #[test]
    fn a_smaller_copy_has_the_card_in_proportion() {
        let pixels = card(CardFocal::Pixels {
            focal_px: 3066.0,
            longer_side_px: 4000.0,
        });
        let half = pixels.camera(2000, 1125).unwrap();
        assert_eq!((half.focal_px, half.principal_px), (1533.0, [995.0, 565.0]));
        assert_eq!(
            (half.source, half.focal_sigma_rel),
            (CameraSource::ModelCard, 0.004)
        );
        let millimetres = card(CardFocal::Millimetres {
            focal_mm: 4.73,
            sensor_width_mm: 6.17,
        });
        assert!((millimetres.camera(4000, 2250).unwrap().focal_px - 3066.45).abs() < 0.01);
    }

    #[test]
    fn a_card_without_a_make_fits_any_make_and_an_absent_model_fits_none() {
        let any = card(CardFocal::Pixels {
            focal_px: 3066.0,
            longer_side_px: 4000.0,
        });
        assert!(any.is_for(Some("DJI"), Some(" fc220")) && any.is_for(None, Some("FC220")));
        assert!(!any.is_for(Some("DJI"), None) && !any.is_for(Some("DJI"), Some("FC330")));
    }
}
