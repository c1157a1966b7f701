//! The measures on painted scenes whose blur, light and haze are known.

use image::{Rgb, imageops};
use proptest::prelude::*;

use super::*;

/// Roofs, roads and cars of a painted town: straight edges in all directions, shadows, one noise seed.
fn town(width: u32, height: u32) -> RgbImage {
    let mut photo = RgbImage::from_fn(width, height, |x, y| {
        let (cell_x, cell_y) = (x / 37, y / 29);
        let hash = (cell_x * 7919 + cell_y * 104_729 + 13).wrapping_mul(2_654_435_761) >> 16;
        let slanted = ((x + y) / 53).is_multiple_of(5) || ((x + 3 * height - y) / 61).is_multiple_of(7);
        let level = if slanted { 30 } else { 40 + hash % 170 };
        let noise =
            (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)).wrapping_mul(1_274_126_177) >> 30;
        let value = (level + noise) as u8;
        Rgb([value, value.saturating_sub(10), value.saturating_sub(25)])
    });
    // A lens is not sharper than this.
    photo = imageops::blur(&photo, 0.5);
    photo
}

fn mapped(photo: &RgbImage, of: impl Fn(f64) -> f64) -> RgbImage {
    let table: Vec<u8> = (0..=255u8)
        .map(|value| of(f64::from(value)).round().clamp(0.0, 255.0) as u8)
        .collect();
    let mut photo = photo.clone();
    for value in photo.iter_mut() {
        *value = table[usize::from(*value)];
    }
    photo
}

/// Exposure by so many stops, for pictures with a gamma of 2.2.
fn exposed(photo: &RgbImage, stops: f64) -> RgbImage {
    mapped(photo, |value| value * 2f64.powf(stops / 2.2))
}

fn moved(photo: &RgbImage, pixels: u32) -> RgbImage {
    let (width, height) = photo.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let mean = |channel: usize| {
            let sum: u32 = (0..pixels)
                .map(|by| u32::from(photo.get_pixel((x + by).min(width - 1), y)[channel]))
                .sum();
            (sum / pixels) as u8
        };
        Rgb([mean(0), mean(1), mean(2)])
    })
}

fn faults(photo: &RgbImage) -> Vec<QualityFault> {
    Quality::of(photo).faults(&QualityLimits::default())
}

#[test]
fn a_good_picture_passes_at_any_size() {
    for (width, height) in [(1200, 900), (640, 640), (256, 256)] {
        let photo = town(width, height);
        assert_eq!(faults(&photo), [], "{width}×{height}: {:?}", Quality::of(&photo));
    }
}

#[test]
fn each_fault_is_told_by_name() {
    let photo = town(800, 600);
    for (worse, fault) in [
        (moved(&photo, 6), QualityFault::Blurred),
        (imageops::blur(&photo, 2.5), QualityFault::Blurred),
        (exposed(&photo, -4.0), QualityFault::TooDark),
        (exposed(&photo, 3.0), QualityFault::OverExposed),
        (
            mapped(&photo, |value| 0.35 * value + 0.65 * 228.0),
            QualityFault::Hazy,
        ),
    ] {
        assert_eq!(faults(&worse), [fault], "{:?}", Quality::of(&worse));
    }
}

#[test]
fn the_width_of_an_edge_is_the_length_of_the_motion() {
    let photo = town(800, 600);
    for length in [4, 6, 8] {
        let blur = Quality::of(&moved(&photo, length)).blur.unwrap();
        let wanted = f64::from(length);
        assert!(
            (blur.typical_px - wanted).abs() < 0.3 * wanted,
            "{length}: {blur:?}"
        );
    }
}

#[test]
fn even_surfaces_are_neither_blurred_nor_hazy() {
    for level in [70, 120, 200, 235] {
        let even = RgbImage::from_fn(800, 600, |x, y| {
            let grain = (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)) % 9;
            Rgb([(level + grain) as u8; 3])
        });
        let quality = Quality::of(&even);
        assert_eq!(quality.blur, None, "{level}");
        assert_eq!(
            quality.faults(&QualityLimits::default()),
            [],
            "{level}: {quality:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No size and no content makes it fail, and every figure is a number in its range.
    #[test]
    fn any_picture_gives_figures(width in 0u32..300, height in 0u32..300, seed in any::<u32>()) {
        let photo = RgbImage::from_fn(width, height, |x, y| {
            let value = (x ^ y.rotate_left(7) ^ seed).wrapping_mul(2_654_435_761);
            Rgb(value.to_le_bytes()[..3].try_into().unwrap())
        });
        let quality = Quality::of(&photo);
        for level in [quality.median_level, quality.bright_level, quality.veil_level, quality.contrast_levels] {
            prop_assert!((0.0..=255.0).contains(&level));
        }
        prop_assert!((0.0..=1.0).contains(&quality.over_exposed_share));
        prop_assert!(quality.blur.is_none_or(|blur| blur.typical_px >= blur.sharpest_px && blur.direction_ratio >= 1.0));
        prop_assert_eq!(quality, Quality::of(&photo));
    }
}
