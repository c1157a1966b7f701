//! Laying a picture on another grid of pixels.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::affine::Affine;
use super::plane::Plane;

/// Where the points of a coarse lattice over a new picture lie in the old one; between them it is linear.
#[derive(Debug, Clone, PartialEq)]
pub struct Lattice {
    /// Size of the new picture, pixels.
    pub width_px: u32,
    /// Size of the new picture, pixels.
    pub height_px: u32,
    /// Pixels of the new picture between neighbouring points.
    pub step_px: u32,
    /// Row by row from (0, 0), [`Lattice::size`] of them: pixels of the old picture, `None` where it shows
    /// nothing.
    pub points: Vec<Option<[f64; 2]>>,
}

impl Lattice {
    /// Points across and down of a lattice over a picture of this size.
    #[must_use]
    pub fn size(width_px: u32, height_px: u32, step_px: u32) -> [usize; 2] {
        [width_px, height_px].map(|side| (side.div_ceil(step_px.max(1)) + 1) as usize)
    }

    /// A lattice from a function of places in the new picture.
    #[must_use]
    pub fn from_fn(
        [width_px, height_px]: [u32; 2],
        step_px: u32,
        at: impl Fn([f64; 2]) -> Option<[f64; 2]>,
    ) -> Self {
        let step_px = step_px.max(1);
        let [across, down] = Self::size(width_px, height_px, step_px);
        let points = (0..across * down)
            .map(|index| at([index % across, index / across].map(|i| (i * step_px as usize) as f64)))
            .collect();
        Self {
            width_px,
            height_px,
            step_px,
            points,
        }
    }

    /// The old pixel that belongs to a place of the new picture.
    #[must_use]
    pub fn old_from_new(&self, place: [f64; 2]) -> Option<[f64; 2]> {
        let [across, down] = Self::size(self.width_px, self.height_px, self.step_px);
        let [x, y] = place.map(|p| p / f64::from(self.step_px));
        let column = (x.max(0.0) as usize).min(across - 2);
        let row = (y.max(0.0) as usize).min(down - 2);
        let (right, low) = (x - column as f64, y - row as f64);
        let corner = |dx: usize, dy: usize| self.points[(row + dy) * across + column + dx];
        let (a, b, c, d) = (corner(0, 0)?, corner(1, 0)?, corner(0, 1)?, corner(1, 1)?);
        Some([0, 1].map(|axis| {
            (a[axis] * (1.0 - right) + b[axis] * right) * (1.0 - low)
                + (c[axis] * (1.0 - right) + d[axis] * right) * low
        }))
    }

    /// Old pixels per new pixel, the middle of all that is shown; 1 where nothing is.
    fn old_per_new(&self) -> f64 {
        let [across, _] = Self::size(self.width_px, self.height_px, self.step_px);
        let mut steps: Vec<f64> = self
            .points
            .chunks(across)
            .flat_map(|row| row.windows(2))
            .filter_map(|pair| match pair {
                [Some(a), Some(b)] => Some((b[0] - a[0]).hypot(b[1] - a[1])),
                _ => None,
            })
            .collect();
        steps.sort_by(f64::total_cmp);
        steps
            .get(steps.len() / 2)
            .map_or(1.0, |step| step / f64::from(self.step_px))
    }
}

/// The old picture on the new grid, and a plane that is 1 where it shows something. A picture much sharper than
/// the grid is shrunk first, so that nothing aliases.
#[must_use]
pub fn through_lattice(picture: &RgbImage, lattice: &Lattice) -> (RgbImage, Plane) {
    let shrink = lattice.old_per_new();
    let shrunk = (shrink > 1.3).then(|| smaller(picture, shrink)).flatten();
    let source = shrunk.as_ref().unwrap_or(picture);
    let ratio = [
        f64::from(source.width()) / f64::from(picture.width()),
        f64::from(source.height()) / f64::from(picture.height()),
    ];
    laid_out([lattice.width_px, lattice.height_px], source, |place| {
        lattice
            .old_from_new(place)
            .map(|[x, y]| [x * ratio[0], y * ratio[1]])
    })
}

/// The second picture laid on the first, of `size` pixels, by a map from the first to the second. `valid` is 1
/// where the second shows something.
#[must_use]
pub fn through_affine(
    (second, valid): (&RgbImage, &Plane),
    size: [u32; 2],
    second_from_first: &Affine,
) -> (RgbImage, Plane) {
    laid_out(size, second, |place| {
        let there = second_from_first.apply(place);
        (valid.at(there[0].floor() as isize, there[1].floor() as isize) > 0.5).then_some(there)
    })
}

fn laid_out(
    [width, height]: [u32; 2],
    source: &RgbImage,
    old_from_new: impl Fn([f64; 2]) -> Option<[f64; 2]>,
) -> (RgbImage, Plane) {
    let mut picture = RgbImage::new(width, height);
    let mut valid = Plane::filled(width as usize, height as usize, 0.0);
    let limits = [source.width(), source.height()].map(f64::from);
    for (index, pixel) in picture.pixels_mut().enumerate() {
        let place = [index as u32 % width, index as u32 / width].map(|at| f64::from(at) + 0.5);
        let inside = old_from_new(place)
            .filter(|[x, y]| (0.0..=limits[0]).contains(x) && (0.0..=limits[1]).contains(y));
        if let Some(there) = inside {
            *pixel = image::Rgb(colour_between(source, there));
            valid.values[index] = 1.0;
        }
    }
    (picture, valid)
}

fn colour_between(source: &RgbImage, [x, y]: [f64; 2]) -> [u8; 3] {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_share, low_share) = ((x - left) as f32, (y - top) as f32);
    let at = |dx: i64, dy: i64| {
        let x = (left as i64 + dx).clamp(0, i64::from(source.width()) - 1) as u32;
        let y = (top as i64 + dy).clamp(0, i64::from(source.height()) - 1) as u32;
        source.get_pixel(x, y).0.map(f32::from)
    };
    let (a, b, c, d) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
    [0, 1, 2].map(|channel| {
        let upper = a[channel] * (1.0 - right_share) + b[channel] * right_share;
        let lower = c[channel] * (1.0 - right_share) + d[channel] * right_share;
        (upper * (1.0 - low_share) + lower * low_share).round() as u8
    })
}

/// The picture at `1 / shrink` of its size; `None` where the resizer refuses, which it does only for sizes of zero.
fn smaller(picture: &RgbImage, shrink: f64) -> Option<RgbImage> {
    let side = |side: u32| ((f64::from(side) / shrink).round() as u32).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let source =
        TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw()).ok()?;
    let mut pixels = vec![0; width as usize * height as usize * 3];
    let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut pixels).ok()?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false);
    Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
    RgbImage::from_raw(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lattice_of_a_straight_map_gives_that_map_and_its_edges() {
        let picture = RgbImage::from_fn(60, 40, |x, y| image::Rgb([4 * x as u8, 5 * y as u8, 7]));
        let lattice = Lattice::from_fn([30, 30], 16, |[x, y]| (x <= 32.0).then_some([x + 10.0, y + 5.0]));
        assert!((lattice.old_per_new() - 1.0).abs() < 1e-9);
        let (laid, valid) = through_lattice(&picture, &lattice);
        assert_eq!(laid.get_pixel(3, 4), picture.get_pixel(13, 9));
        assert!(valid.values.iter().all(|value| *value == 1.0));
        let beyond = Lattice::from_fn([80, 30], 16, |[x, y]| (x <= 32.0).then_some([x, y]));
        let (_, valid) = through_lattice(&picture, &beyond);
        assert_eq!((valid.at(31, 3), valid.at(33, 3)), (1.0, 0.0));
    }

    #[test]
    fn a_sharper_picture_is_shrunk_not_sampled() {
        let picture = RgbImage::from_fn(400, 400, |x, y| image::Rgb([((x + y) % 2 * 255) as u8; 3]));
        let lattice = Lattice::from_fn([100, 100], 20, |place| Some(place.map(|p| 4.0 * p)));
        let (laid, _) = through_lattice(&picture, &lattice);
        assert!(laid.pixels().all(|pixel| (110..146).contains(&pixel.0[0])));
    }

    #[test]
    fn an_affine_shift_moves_the_picture_back() {
        let picture = RgbImage::from_fn(50, 50, |x, y| image::Rgb([5 * x as u8, 5 * y as u8, 0]));
        let shift = Affine([[1.0, 0.0, 4.0], [0.0, 1.0, -3.0]]);
        let whole = Plane::filled(50, 50, 1.0);
        let (laid, valid) = through_affine((&picture, &whole), [50, 50], &shift);
        assert_eq!(laid.get_pixel(10, 10), picture.get_pixel(14, 7));
        assert_eq!(
            (valid.at(10, 1), valid.at(47, 20), valid.at(20, 20)),
            (0.0, 0.0, 1.0)
        );
    }
}
