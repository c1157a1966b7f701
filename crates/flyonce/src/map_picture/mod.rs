//! A small drawing board for maps as pictures: lines, discs, boxes and letters on the working grid, north up.

use anyhow::{Context, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};
use survey::grid::GridPoint;

pub mod glyphs;

/// A colour.
pub type Colour = [u8; 3];

/// A picture with a scale.
#[derive(Debug, Clone)]
pub struct Board {
    picture: RgbImage,
    /// Western and northern edge on the grid, m.
    corner: [f64; 2],
    /// Side of a pixel, m.
    step_m: f64,
}

impl Board {
    /// A picture of one colour, whose upper left corner is at a place of the grid.
    pub fn new((width, height): (u32, u32), ground: Colour, corner: [f64; 2], step_m: f64) -> Self {
        Self {
            picture: RgbImage::from_pixel(width, height, Rgb(ground)),
            corner,
            step_m,
        }
    }

    /// Where a place is, pixels from the upper left corner.
    pub fn pixel(&self, point: GridPoint) -> [f64; 2] {
        [
            (point.easting_m - self.corner[0]) / self.step_m,
            (self.corner[1] - point.northing_m) / self.step_m,
        ]
    }

    /// Colours a pixel; beyond the picture nothing happens.
    pub fn set(&mut self, x: i64, y: i64, colour: Colour) {
        let inside = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        if let Some(pixel) = inside.and_then(|(x, y)| self.picture.get_pixel_mut_checked(x, y)) {
            *pixel = Rgb(colour);
        }
    }

    /// A filled box.
    pub fn fill(&mut self, [x, y]: [i64; 2], [width, height]: [i64; 2], colour: Colour) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, colour);
            }
        }
    }

    /// A closed line along places, `width` pixels wide.
    pub fn ring(&mut self, ring: &[GridPoint], width: i64, colour: Colour) {
        let pixels: Vec<[f64; 2]> = ring.iter().map(|point| self.pixel(*point)).collect();
        for (a, b) in pixels.iter().zip(pixels.iter().cycle().skip(1)) {
            self.line(*a, *b, width, colour);
        }
    }

    /// A straight line between pixels.
    pub fn line(&mut self, a: [f64; 2], b: [f64; 2], width: i64, colour: Colour) {
        let steps = (b[0] - a[0])
            .abs()
            .max((b[1] - a[1]).abs())
            .ceil()
            .clamp(1.0, 20_000.0);
        for step in 0..=steps as u32 {
            let along = f64::from(step) / steps;
            let x = (a[0] + along * (b[0] - a[0])).round() as i64;
            let y = (a[1] + along * (b[1] - a[1])).round() as i64;
            self.fill([x - (width - 1) / 2, y - (width - 1) / 2], [width, width], colour);
        }
    }

    /// A filled disc about a pixel.
    pub fn disc(&mut self, [x, y]: [f64; 2], radius: i64, colour: Colour) {
        for row in -radius..=radius {
            for column in -radius..=radius {
                if row * row + column * column <= radius * radius {
                    self.set(x.round() as i64 + column, y.round() as i64 + row, colour);
                }
            }
        }
    }

    /// A filled triangle between pixels.
    pub fn triangle(&mut self, corners: [[f64; 2]; 3], colour: Colour) {
        let side = |a: [f64; 2], b: [f64; 2], p: [f64; 2]| {
            (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
        };
        let [a, b, c] = corners;
        let bound = |axis: usize, pick: fn(f64, f64) -> f64| {
            corners.iter().map(|corner| corner[axis]).fold(a[axis], pick)
        };
        for y in bound(1, f64::min) as i64..=bound(1, f64::max) as i64 {
            for x in bound(0, f64::min) as i64..=bound(0, f64::max) as i64 {
                let point = [x as f64, y as f64];
                let sides = [side(a, b, point), side(b, c, point), side(c, a, point)];
                if sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0) {
                    self.set(x, y, colour);
                }
            }
        }
    }

    /// Letters from an upper left pixel, each letter pixel `scale` pixels wide.
    pub fn text(&mut self, text: &str, [x, y]: [i64; 2], scale: i64, colour: Colour) {
        let mut left = x;
        for letter in text.chars() {
            for (row, bits) in glyphs::rows(letter).into_iter().enumerate() {
                for column in 0..5 {
                    if bits >> (4 - column) & 1 == 1 {
                        self.fill(
                            [left + column * scale, y + row as i64 * scale],
                            [scale, scale],
                            colour,
                        );
                    }
                }
            }
            left += i64::from(glyphs::ADVANCE) * scale;
        }
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut png = Vec::new();
        let (width, height) = self.picture.dimensions();
        PngEncoder::new(&mut png)
            .write_image(self.picture.as_raw(), width, height, ExtendedColorType::Rgb8)
            .context("cannot encode the picture")?;
        Ok(png)
    }
}

/// A round length near a quarter of a map's width, m, for its scale bar.
pub fn bar_m(map_width_m: f64) -> f64 {
    let target_m = map_width_m / 4.0;
    let decade = 10_f64.powf(target_m.max(1.0).log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|times| times * decade)
        .find(|bar_m| *bar_m <= target_m)
        .unwrap_or(decade)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_round_and_fit() {
        assert_eq!(
            [bar_m(4000.0), bar_m(9000.0), bar_m(30_000.0), bar_m(50.0)],
            [1000.0, 2000.0, 5000.0, 10.0]
        );
    }

    #[test]
    fn what_is_drawn_lies_where_it_belongs() {
        let mut board = Board::new((40, 30), [255; 3], [1000.0, 2000.0], 10.0);
        let place = GridPoint {
            easting_m: 1200.0,
            northing_m: 1900.0,
        };
        assert_eq!(board.pixel(place), [20.0, 10.0]);
        board.disc(board.pixel(place), 2, [200, 0, 0]);
        board.text("N", [-3, 27], 1, [0; 3]);
        let drawn = image::load_from_memory(&board.png().unwrap()).unwrap().to_rgb8();
        assert_eq!(drawn.get_pixel(20, 10).0, [200, 0, 0]);
        assert_eq!(drawn.get_pixel(24, 10).0, [255; 3]);
        assert_eq!(
            drawn.get_pixel(1, 27).0,
            [0; 3],
            "cut off at the edge, not refused"
        );
    }
}
