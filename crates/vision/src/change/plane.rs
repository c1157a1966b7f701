//! A picture of one number per pixel.

use image::RgbImage;

/// One number per pixel, row by row from the top left. Pixel (0, 0) has its centre at (0.5, 0.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl Plane {
    /// A plane of one value.
    #[must_use]
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        Self {
            width,
            height,
            values: vec![value; width * height],
        }
    }

    /// Brightness of a picture, 0..255 (ITU-R BT.601 weights).
    #[must_use]
    pub fn brightness(picture: &RgbImage) -> Self {
        let values = picture
            .pixels()
            .map(|pixel| {
                let [red, green, blue] = pixel.0.map(f32::from);
                0.299 * red + 0.587 * green + 0.114 * blue
            })
            .collect();
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            values,
        }
    }

    /// The value of a pixel; those beyond an edge are as those on it.
    #[must_use]
    pub fn at(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.values[y * self.width + x]
    }

    /// The value at a place between pixel centres, linear between the four around it.
    #[must_use]
    pub fn between(&self, [x, y]: [f64; 2]) -> f32 {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_share, lower_share) = ((x - left) as f32, (y - top) as f32);
        let (left, top) = (left as isize, top as isize);
        let row = |y: isize| self.at(left, y) * (1.0 - right_share) + self.at(left + 1, y) * right_share;
        row(top) * (1.0 - lower_share) + row(top + 1) * lower_share
    }

    /// The plane at half the size, each pixel the mean of four.
    #[must_use]
    pub fn halved(&self) -> Self {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height as isize {
            for x in 0..width as isize {
                let sum = self.at(2 * x, 2 * y)
                    + self.at(2 * x + 1, 2 * y)
                    + self.at(2 * x, 2 * y + 1)
                    + self.at(2 * x + 1, 2 * y + 1);
                values.push(sum / 4.0);
            }
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// Every value replaced by the mean of the square of `2·reach + 1` pixels around it, cut at the edges.
    #[must_use]
    pub fn box_blurred(&self, reach: usize) -> Self {
        let mut across = vec![0.0; self.values.len()];
        for (source, target) in self
            .values
            .chunks_exact(self.width.max(1))
            .zip(across.chunks_exact_mut(self.width.max(1)))
        {
            running_mean(source.iter().copied(), reach, target.iter_mut());
        }
        let mut values = vec![0.0; across.len()];
        for x in 0..self.width {
            let column = across.iter().skip(x).step_by(self.width).copied();
            running_mean(column, reach, values.iter_mut().skip(x).step_by(self.width));
        }
        Self { values, ..*self }
    }

    /// The greatest (or, with `least`, the least) value within `reach` pixels in both directions.
    #[must_use]
    pub fn extreme(&self, reach: usize, least: bool) -> Self {
        let better = |a: f32, b: f32| if least { a.min(b) } else { a.max(b) };
        let start = if least { f32::INFINITY } else { f32::NEG_INFINITY };
        let line = |get: &dyn Fn(usize) -> f32, length: usize, at: usize| {
            (at.saturating_sub(reach)..(at + reach + 1).min(length))
                .map(get)
                .fold(start, better)
        };
        let mut across = Vec::with_capacity(self.values.len());
        for row in self.values.chunks_exact(self.width.max(1)) {
            across.extend((0..self.width).map(|x| line(&|at| row[at], self.width, x)));
        }
        let mut values = Vec::with_capacity(across.len());
        for y in 0..self.height {
            values.extend((0..self.width).map(|x| line(&|at| across[at * self.width + x], self.height, y)));
        }
        Self { values, ..*self }
    }

    /// The plane at another size, linear between the pixels of this one.
    #[must_use]
    pub fn enlarged(&self, width: usize, height: usize) -> Self {
        let (across, down) = (
            self.width as f64 / width.max(1) as f64,
            self.height as f64 / height.max(1) as f64,
        );
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                values.push(self.between([(x as f64 + 0.5) * across, (y as f64 + 0.5) * down]));
            }
        }
        Self {
            width,
            height,
            values,
        }
    }
}

/// Means over a window of `2·reach + 1` along one line, the window cut at the ends.
fn running_mean<'t>(
    source: impl Iterator<Item = f32>,
    reach: usize,
    target: impl Iterator<Item = &'t mut f32>,
) {
    let mut sums = vec![0.0_f64];
    let mut total = 0.0;
    for value in source {
        total += f64::from(value);
        sums.push(total);
    }
    let length = sums.len() - 1;
    for (at, mean) in target.enumerate() {
        let (from, to) = (at.saturating_sub(reach), (at + reach + 1).min(length));
        *mean = ((sums[to] - sums[from]) / (to - from).max(1) as f64) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Plane {
        Plane {
            width,
            height,
            values: (0..width * height)
                .map(|i| (i % width) as f32 + 10.0 * (i / width) as f32)
                .collect(),
        }
    }

    #[test]
    fn between_pixels_a_ramp_stays_a_ramp() {
        let plane = ramp(8, 6);
        assert!((plane.between([3.5, 2.5]) - 23.0).abs() < 1e-5);
        assert!((plane.between([4.0, 3.25]) - (3.5 + 27.5)).abs() < 1e-5);
        assert_eq!(plane.between([-4.0, -4.0]), 0.0);
        let twice = plane.enlarged(16, 12);
        assert!((twice.between([7.0, 5.0]) - plane.between([3.5, 2.5])).abs() < 1e-5);
        assert!((plane.halved().between([1.5, 1.5]) - plane.between([3.0, 3.0])).abs() < 1e-5);
    }

    #[test]
    fn blur_and_extremes_look_only_as_far_as_told() {
        let mut plane = Plane::filled(9, 7, 0.0);
        plane.values[3 * 9 + 4] = 9.0;
        let blurred = plane.box_blurred(1);
        assert!((blurred.at(5, 4) - 1.0).abs() < 1e-6 && blurred.at(6, 3) == 0.0);
        assert!((blurred.values.iter().sum::<f32>() - 9.0).abs() < 1e-4);
        let most = plane.extreme(2, false);
        assert_eq!((most.at(6, 5), most.at(7, 5), most.at(2, 1)), (9.0, 0.0, 9.0));
        assert_eq!(plane.extreme(0, true), plane);
    }
}
