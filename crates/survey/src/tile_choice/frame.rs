//! The plane that the cells of a sortie lie in: its origin, and the direction of its rows.

use crate::geodesy::{LocalTangent, Wgs84};
use crate::tile_choice::{GroundFrame, ModelScale, SortiePhoto};

/// A tile's safe part is so many bins wide; tiles are tried at every bin.
pub const BINS_PER_TILE: f64 = 32.0;

/// A [`GroundFrame`] at work.
#[derive(Debug, Clone)]
pub struct Frame {
    tangent: LocalTangent,
    sin_cos: (f64, f64),
    /// Edge of a cell, m.
    pub cell_m: f64,
}

impl Frame {
    pub fn of(frame: &GroundFrame) -> Self {
        Self {
            tangent: LocalTangent::at(frame.origin),
            sin_cos: frame.turn_rad.sin_cos(),
            cell_m: frame.cell_m,
        }
    }

    /// Metres along the rows and across them.
    pub fn along_across_from_wgs84(&self, position: Wgs84) -> [f64; 2] {
        let [east_m, north_m] = self.tangent.enu_from_wgs84(position);
        let (sin, cos) = self.sin_cos;
        [east_m * cos + north_m * sin, north_m * cos - east_m * sin]
    }
}

/// The frame of a sortie that has none yet: in the middle of its photos, so that one with a wild position does not
/// drag it away, with rows along the sides of most photos, so that tiles fit the rows of cells.
pub fn first_frame(photos: &[&SortiePhoto], model: &ModelScale) -> Option<GroundFrame> {
    let middle = |degrees: fn(&Wgs84) -> f64| {
        let mut all: Vec<f64> = photos.iter().map(|photo| degrees(&photo.pose.position)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let latitude_deg = middle(|position| position.latitude_deg)?;
    let longitude_deg = middle(|position| position.longitude_deg)?;
    // Four times the angle: a photo turned by a quarter has the same sides.
    let (mut sin_sum, mut cos_sum) = (0.0, 0.0);
    for photo in photos {
        let right = photo.pose.attitude.ned_from_camera().column(0).into_owned();
        let (sin, cos) = (4.0 * right.x.atan2(right.y)).sin_cos();
        if sin.is_finite() && cos.is_finite() {
            sin_sum += sin;
            cos_sum += cos;
        }
    }
    let safe_px = f64::from(model.tile_px.saturating_sub(model.overlap_px).max(1));
    Some(GroundFrame {
        origin: Wgs84::new(latitude_deg, longitude_deg).ok()?,
        turn_rad: sin_sum.atan2(cos_sum) / 4.0,
        cell_m: safe_px * model.ground_scale_cm / 100.0 / BINS_PER_TILE,
    })
}
