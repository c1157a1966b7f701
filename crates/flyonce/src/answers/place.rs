//! A place on the ground with its 95 % error ellipse.

use anyhow::{Context, Result};
use serde::Serialize;
use store::rows::{FootprintRow, Placement};
use survey::geodesy::Wgs84;
use survey::geolocate::ErrorEllipse;
use survey::occlusion::HiddenGround;
use utoipa::ToSchema;

/// Share of true places that lie inside the ellipses shown.
const CONFIDENCE: f64 = 0.95;
const OUTLINE_POINTS: usize = 48;

/// A WGS-84 position and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Place {
    /// Degrees east.
    pub longitude_deg: f64,
    /// Degrees north.
    pub latitude_deg: f64,
    /// Error ellipse.
    pub ellipse: Ellipse,
}

/// An error ellipse.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Ellipse {
    /// Half of the long axis, metres.
    pub semi_major_m: f64,
    /// Half of the short axis, metres.
    pub semi_minor_m: f64,
    /// Direction of the long axis, degrees clockwise from north, 0 to 180.
    pub azimuth_deg: f64,
    /// Share of true places inside.
    pub confidence: f64,
}

impl Place {
    /// A position with the covariance `[[east², east·north], [east·north, north²]]`, m².
    pub fn new(position: Wgs84, covariance_m2: [[f64; 2]; 2]) -> Self {
        let ellipse = ErrorEllipse::from_covariance(covariance_m2, CONFIDENCE);
        Self {
            longitude_deg: rounded(position.longitude_deg, 7),
            latitude_deg: rounded(position.latitude_deg, 7),
            ellipse: Ellipse {
                semi_major_m: rounded(ellipse.semi_major_m, 2),
                semi_minor_m: rounded(ellipse.semi_minor_m, 2),
                azimuth_deg: rounded(ellipse.azimuth_rad.to_degrees(), 1),
                confidence: CONFIDENCE,
            },
        }
    }

    /// The place of a row.
    pub fn of(stored: &Placement) -> Self {
        Self::new(position(stored), covariance(stored))
    }
}

/// The ellipse of a row as a ring of `[longitude, latitude]`, for maps.
pub fn ellipse_outline(stored: &Placement) -> Vec<[f64; 2]> {
    let ellipse = ErrorEllipse::from_covariance(covariance(stored), CONFIDENCE);
    let ring = ellipse.outline(position(stored), OUTLINE_POINTS);
    ring.iter()
        .map(|point| [rounded(point.longitude_deg, 7), rounded(point.latitude_deg, 7)])
        .collect()
}

/// The outline of a stored footprint.
///
/// # Errors
/// A row that cannot be read.
pub fn outline(row: &FootprintRow) -> Result<Vec<Wgs84>> {
    serde_json::from_str(&row.footprint.outline_json)
        .with_context(|| format!("the footprint of {} cannot be read", row.photo_id))
}

/// What of a stored footprint is hidden behind buildings, where a surface model tells.
///
/// # Errors
/// A row that cannot be read.
pub fn hidden(row: &FootprintRow) -> Result<Option<HiddenGround>> {
    let hidden = row.footprint.hidden_json.as_deref().map(serde_json::from_str);
    hidden
        .transpose()
        .with_context(|| format!("the hidden ground of {} cannot be read", row.photo_id))
}

/// Position of a row.
pub fn position(stored: &Placement) -> Wgs84 {
    Wgs84 {
        latitude_deg: stored.latitude_deg,
        longitude_deg: stored.longitude_deg,
    }
}

/// Covariance of a row, (east, north), m².
pub fn covariance(stored: &Placement) -> [[f64; 2]; 2] {
    [
        [stored.cov_ee_m2, stored.cov_en_m2],
        [stored.cov_en_m2, stored.cov_nn_m2],
    ]
}

/// `value` with so many decimals: more would claim what is not known.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}
