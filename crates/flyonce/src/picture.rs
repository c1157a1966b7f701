//! Views derived from an original: smaller, cropped, and without EXIF, so that a page never needs the
//! original and never gets more of it than it shows.

use anyhow::{Context, Result};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{crop_imm, thumbnail};

/// Quality of derived pictures: artefacts stay below what matters at review zoom.
const JPEG_QUALITY: u8 = 86;

/// The whole picture, at most `width_px` wide; never enlarged.
///
/// # Errors
/// A picture that cannot be encoded.
pub fn view(photo: &RgbImage, width_px: u32) -> Result<Vec<u8>> {
    let whole = Window {
        x: 0.0,
        y: 0.0,
        width: f64::from(photo.width()),
        height: f64::from(photo.height()),
    };
    render(photo, whole, width_px)
}

/// The surroundings of a box: `margin` box sizes on each side, at most `width_px` wide.
///
/// # Errors
/// A picture that cannot be encoded.
pub fn crop(photo: &RgbImage, box_px: [f64; 4], margin: f64, width_px: u32) -> Result<Vec<u8>> {
    render(
        photo,
        Window::around(box_px, margin, photo.width(), photo.height()),
        width_px,
    )
}

/// A rectangle in photo pixels, inside the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A crop shows at least this much, or a small box would be a blur without surroundings.
const SMALLEST_CROP_PX: f64 = 160.0;

impl Window {
    /// The surroundings of a box: `margin` box sizes on each side, moved and cut so that it lies inside.
    pub fn around([x0, y0, x1, y1]: [f64; 4], margin: f64, width_px: u32, height_px: u32) -> Self {
        let (photo_width, photo_height) = (f64::from(width_px), f64::from(height_px));
        let side = |length: f64, limit: f64| {
            (length * (1.0 + 2.0 * margin))
                .max(SMALLEST_CROP_PX)
                .min(limit)
                .max(1.0)
        };
        let (width, height) = (side(x1 - x0, photo_width), side(y1 - y0, photo_height));
        let start = |centre: f64, length: f64, limit: f64| (centre - length / 2.0).clamp(0.0, limit - length);
        Self {
            x: start((x0 + x1) / 2.0, width, photo_width),
            y: start((y0 + y1) / 2.0, height, photo_height),
            width,
            height,
        }
    }
}

/// A part of the picture as JPEG, at most `width_px` wide; never enlarged.
///
/// # Errors
/// A picture that cannot be encoded.
pub fn render(photo: &RgbImage, window: Window, width_px: u32) -> Result<Vec<u8>> {
    let [x, y] = [window.x, window.y].map(|start| start.floor() as u32);
    let full_width = (window.width.round() as u32).clamp(1, photo.width() - x);
    let full_height = (window.height.round() as u32).clamp(1, photo.height() - y);
    let part = crop_imm(photo, x, y, full_width, full_height);
    let width = full_width.min(width_px.max(1));
    let height = (u64::from(full_height) * u64::from(width) / u64::from(full_width)).max(1) as u32;
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(&thumbnail(&*part, width, height))
        .context("cannot encode the picture")?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_never_enlarged_and_keeps_its_shape() {
        let photo = RgbImage::from_fn(400, 300, |x, y| image::Rgb([x as u8, y as u8, 90]));
        let small = image::load_from_memory(&view(&photo, 200).unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (200, 150));
        let same = image::load_from_memory(&view(&photo, 4000).unwrap()).unwrap();
        assert_eq!((same.width(), same.height()), (400, 300));
    }

    #[test]
    fn a_crop_at_the_corner_stays_inside() {
        let window = Window::around([390.0, 295.0, 400.0, 300.0], 0.6, 400, 300);
        assert_eq!(
            window,
            Window {
                x: 240.0,
                y: 140.0,
                width: 160.0,
                height: 160.0
            }
        );
        let tiny = RgbImage::new(20, 10);
        assert!(crop(&tiny, [1.0, 1.0, 3.0, 3.0], 0.5, 512).is_ok());
    }
}
