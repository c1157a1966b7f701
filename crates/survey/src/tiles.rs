//! Which rectangles of a photo a detector looks at, and at what scale, so that things have the size on the
//! detector's input that it was trained on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Photos are enlarged at most this much; beyond, there is nothing left to see.
pub const LARGEST_SCALE: f64 = 2.0;
/// Photos are reduced at most to this.
pub const SMALLEST_SCALE: f64 = 0.05;

/// Why no tiles can be chosen.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TileError {
    /// The image has no pixels.
    #[error("the image is {width_px} × {height_px} pixels")]
    EmptyImage {
        /// Pixels.
        width_px: u32,
        /// Pixels.
        height_px: u32,
    },
    /// The overlap leaves no step between tiles.
    #[error("tiles of {tile_px} px cannot overlap by {overlap_px} px; half a tile is the most")]
    OverlapTooLarge {
        /// Model pixels.
        tile_px: u32,
        /// Model pixels.
        overlap_px: u32,
    },
    /// A ground sampling distance is not a positive number.
    #[error("ground sampling distance {gsd_cm} cm per pixel is impossible")]
    ImpossibleGsd {
        /// As given, cm.
        gsd_cm: f64,
    },
}

/// What the choice of tiles depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TileRequest {
    /// Photo pixels.
    pub image_width_px: u32,
    /// Photo pixels.
    pub image_height_px: u32,
    /// Ground sampling distance of the photo, cm per photo pixel; `None` without a pose.
    pub gsd_cm: Option<f64>,
    /// Ground sampling distance the detector was trained at, cm per model pixel.
    pub model_gsd_cm: f64,
    /// Side of the detector's input, model pixels.
    pub tile_px: u32,
    /// Least overlap of neighbouring tiles, model pixels.
    pub overlap_px: u32,
}

/// A rectangle in photo pixels. It reaches beyond the photo only where the photo is smaller than one tile;
/// that part is padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TileRect {
    /// Left edge.
    pub x_px: u32,
    /// Top edge.
    pub y_px: u32,
    /// Width, the same for all tiles of a plan.
    pub width_px: u32,
    /// Height, the same for all tiles of a plan.
    pub height_px: u32,
}

/// The tiles of one photo, row by row from the top left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TilePlan {
    /// Model pixels per photo pixel: below 1 the photo is reduced.
    pub scale: f64,
    /// Rectangles in photo pixels; together they cover every pixel.
    pub tiles: Vec<TileRect>,
}

/// Chooses the fewest tiles of one size that cover the photo with at least the overlap asked for (to within one photo pixel). The scale
/// is photo GSD over model GSD, held between [`SMALLEST_SCALE`] and [`LARGEST_SCALE`]. Without a GSD the photo
/// is reduced (never enlarged) until two overlapping tiles span its longest side.
///
/// # Errors
/// Any [`TileError`].
pub fn choose_tiles(request: &TileRequest) -> Result<TilePlan, TileError> {
    let &TileRequest {
        image_width_px,
        image_height_px,
        tile_px,
        overlap_px,
        ..
    } = request;
    if image_width_px == 0 || image_height_px == 0 {
        return Err(TileError::EmptyImage {
            width_px: image_width_px,
            height_px: image_height_px,
        });
    }
    if tile_px == 0 || overlap_px > tile_px / 2 {
        return Err(TileError::OverlapTooLarge { tile_px, overlap_px });
    }
    let scale = scale_of(request)?;
    // Tiles rounded up and overlap down, so that rounding never costs another row of tiles.
    let side = (f64::from(tile_px) / scale).ceil() as u32;
    let overlap = (f64::from(overlap_px) / scale).floor() as u32;
    let rows = starts(image_height_px, side, overlap);
    let columns = starts(image_width_px, side, overlap);
    let tiles = rows
        .iter()
        .flat_map(|y| {
            columns.iter().map(|x| TileRect {
                x_px: *x,
                y_px: *y,
                width_px: side,
                height_px: side,
            })
        })
        .collect();
    Ok(TilePlan { scale, tiles })
}

fn scale_of(request: &TileRequest) -> Result<f64, TileError> {
    let positive = |gsd_cm: f64| {
        if gsd_cm.is_finite() && gsd_cm > 0.0 {
            Ok(gsd_cm)
        } else {
            Err(TileError::ImpossibleGsd { gsd_cm })
        }
    };
    let model_gsd_cm = positive(request.model_gsd_cm)?;
    if let Some(gsd_cm) = request.gsd_cm {
        return Ok((positive(gsd_cm)? / model_gsd_cm).clamp(SMALLEST_SCALE, LARGEST_SCALE));
    }
    let longest = f64::from(request.image_width_px.max(request.image_height_px));
    let two_tiles = 2.0 * f64::from(request.tile_px) - f64::from(request.overlap_px);
    Ok((two_tiles / longest).clamp(SMALLEST_SCALE, 1.0))
}

/// Start of each tile along one side: the fewest, evenly spread, the last one flush with the edge.
fn starts(length: u32, side: u32, overlap: u32) -> Vec<u32> {
    if length <= side {
        return vec![0];
    }
    let (room, step) = (u64::from(length - side), u64::from(side - overlap));
    let gaps = room.div_ceil(step);
    // Rounding down keeps each gap at or below `step`, because the even gap is at most `step`, a whole number.
    (0..=gaps).map(|i| (i * room / gaps) as u32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(width: u32, height: u32, gsd_cm: Option<f64>) -> TileRequest {
        TileRequest {
            image_width_px: width,
            image_height_px: height,
            gsd_cm,
            model_gsd_cm: 6.0,
            tile_px: 640,
            overlap_px: 96,
        }
    }

    #[test]
    fn finer_photo_is_reduced() {
        let plan = choose_tiles(&request(4000, 3000, Some(3.0))).unwrap();
        assert_eq!(plan.scale, 0.5);
        // Tiles of 1280 photo px, overlap 192: 4 across, 3 down.
        assert_eq!(plan.tiles.len(), 12);
        assert_eq!(
            plan.tiles[0],
            TileRect {
                x_px: 0,
                y_px: 0,
                width_px: 1280,
                height_px: 1280
            }
        );
        assert_eq!(
            plan.tiles[11],
            TileRect {
                x_px: 2720,
                y_px: 1720,
                width_px: 1280,
                height_px: 1280
            }
        );
    }

    #[test]
    fn unknown_gsd_spans_the_longest_side_with_two_tiles() {
        let plan = choose_tiles(&request(4000, 2250, None)).unwrap();
        assert_eq!(plan.tiles.len(), 4);
        let small = choose_tiles(&request(300, 200, None)).unwrap();
        assert_eq!((small.scale, small.tiles.len()), (1.0, 1));
    }

    #[test]
    fn scale_stays_within_limits() {
        assert_eq!(
            choose_tiles(&request(4000, 3000, Some(600.0))).unwrap().scale,
            LARGEST_SCALE
        );
        assert_eq!(
            choose_tiles(&request(4000, 3000, Some(0.001))).unwrap().scale,
            SMALLEST_SCALE
        );
    }

    #[test]
    fn refuses_impossible_requests() {
        assert!(matches!(
            choose_tiles(&request(0, 10, None)),
            Err(TileError::EmptyImage { .. })
        ));
        let nan = choose_tiles(&request(10, 10, Some(f64::NAN)));
        assert!(matches!(nan, Err(TileError::ImpossibleGsd { .. })));
        let greedy = TileRequest {
            overlap_px: 400,
            ..request(10, 10, None)
        };
        assert!(matches!(
            choose_tiles(&greedy),
            Err(TileError::OverlapTooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn every_pixel_is_covered_by_the_fewest_tiles(
            length in 1..9000_u32, tile in 1..1500_u32, share in 0.0..0.5_f64, gsd in prop::option::of(0.2..50.0_f64),
        ) {
            let overlap = (f64::from(tile) * share) as u32;
            let asked = TileRequest { tile_px: tile, overlap_px: overlap, ..request(length, 1, gsd) };
            prop_assume!(choose_tiles(&asked).unwrap().tiles.len() < 5000);
            let plan = choose_tiles(&asked).unwrap();
            let (first, last) = (plan.tiles[0], plan.tiles[plan.tiles.len() - 1]);
            prop_assert_eq!(first.x_px, 0);
            prop_assert!(last.x_px + last.width_px >= length);
            prop_assert!(plan.tiles.len() == 1 || last.x_px + last.width_px == length);
            let side = first.width_px;
            let least = (f64::from(overlap) / plan.scale).floor() as u32;
            for pair in plan.tiles.windows(2) {
                prop_assert!(pair[1].x_px > pair[0].x_px);
                prop_assert!(pair[1].x_px + least <= pair[0].x_px + side);
            }
            // One tile fewer could not reach the end.
            let n = plan.tiles.len() as u64;
            if n > 1 {
                let reach = u64::from(side) + (n - 2) * u64::from(side - least);
                prop_assert!(reach < u64::from(length));
            }
        }

        #[test]
        fn tiles_form_a_full_grid(width in 1..6000_u32, height in 1..6000_u32) {
            let plan = choose_tiles(&request(width, height, Some(5.0))).unwrap();
            let rows = plan.tiles.iter().filter(|tile| tile.x_px == 0).count();
            let columns = plan.tiles.iter().filter(|tile| tile.y_px == 0).count();
            prop_assert_eq!(rows * columns, plan.tiles.len());
        }
    }
}
