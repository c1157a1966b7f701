//! Pictures to try a model on: a few painted ones, and those that are named.

use std::path::Path;

use anyhow::Result;
use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};

/// Larger pictures are not read.
const MAX_PIXELS: u64 = 200_000_000;

/// Grey, bright, and painted roofs and roads, RGB row by row.
pub fn painted([height, width]: [usize; 2]) -> Vec<Vec<u8>> {
    let picture = |paint: &dyn Fn(usize, usize) -> [u8; 3]| {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        pixels.flat_map(|(x, y)| paint(x, y)).collect()
    };
    let town = |x: usize, y: usize| {
        let hash = (x / 46 * 7919 + y / 38 * 104_729 + 13).wrapping_mul(2_654_435_761) >> 9;
        let roof = [[60, 90, 170], [150, 60, 50], [120, 120, 115], [70, 110, 60]][hash % 4];
        let is_road = x % 46 < 9 || y % 38 < 8;
        if is_road { [88, 88, 90] } else { roof }
    };
    vec![
        picture(&|_, _| [114, 114, 114]),
        picture(&|_, _| [240, 240, 240]),
        picture(&town),
    ]
}

/// The middle of a JPEG file at the model's size, RGB row by row.
///
/// # Errors
/// A file that cannot be read or decoded.
pub fn read(path: &Path, [height, width]: [usize; 2]) -> Result<Vec<u8>> {
    let photo = vision::decode_jpeg(&std::fs::read(path)?, MAX_PIXELS)?;
    let (width, height) = (u32::try_from(width)?, u32::try_from(height)?);
    let photo = if photo.width() < width || photo.height() < height {
        resize(&photo, width, height, FilterType::Triangle)
    } else {
        photo
    };
    let (left, top) = ((photo.width() - width) / 2, (photo.height() - height) / 2);
    let picture = RgbImage::from_fn(width, height, |x, y| -> Rgb<u8> {
        *photo.get_pixel(left + x, top + y)
    });
    Ok(picture.into_raw())
}
