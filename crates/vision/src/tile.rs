//! The rectangle of a photo that one run of the model looks at, and at which scale.

use std::fmt;

/// A rectangle in photo pixels, origin at the top left corner of the photo as stored in the file.
///
/// A tile may reach beyond the right or lower edge of the photo; that part is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileRect {
    /// Left edge in photo pixels.
    pub x_px: u32,
    /// Upper edge in photo pixels.
    pub y_px: u32,
    /// Width in photo pixels.
    pub width_px: u32,
    /// Height in photo pixels.
    pub height_px: u32,
}

/// A rectangle of a photo with the scale it is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaledTile {
    /// The rectangle, in photo pixels.
    pub rect: TileRect,
    /// Model pixels per photo pixel; below 1 the photo is shrunk.
    pub scale: f64,
}

impl TileRect {
    /// The part of this tile inside a photo of `width_px` × `height_px`, or `None` where nothing is inside.
    pub fn clipped_to(&self, width_px: u32, height_px: u32) -> Option<TileRect> {
        let inside = TileRect {
            x_px: self.x_px,
            y_px: self.y_px,
            width_px: self.width_px.min(width_px.saturating_sub(self.x_px)),
            height_px: self.height_px.min(height_px.saturating_sub(self.y_px)),
        };
        (inside.width_px > 0 && inside.height_px > 0).then_some(inside)
    }
}

impl fmt::Display for TileRect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}×{} px at ({}, {})",
            self.width_px, self.height_px, self.x_px, self.y_px
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_over_the_edge_is_cut_and_one_outside_is_none() {
        let tile = TileRect {
            x_px: 90,
            y_px: 0,
            width_px: 64,
            height_px: 64,
        };
        let inside = tile.clipped_to(100, 50).unwrap();
        assert_eq!(
            inside,
            TileRect {
                x_px: 90,
                y_px: 0,
                width_px: 10,
                height_px: 50
            }
        );
        assert_eq!(tile.clipped_to(90, 50), None);
        assert_eq!(
            TileRect {
                width_px: u32::MAX,
                ..tile
            }
            .clipped_to(100, 50),
            Some(inside)
        );
    }
}
