//! The quality gate on real pictures, as they are and degraded: how many it refuses, printed as a table
//! (`cargo test -p vision --test it quality -- --nocapture`).

use std::path::{Path, PathBuf};

use image::{RgbImage, imageops};
use vision::{Quality, QualityFault, QualityLimits, decode_jpeg};

use crate::support::aloud;

/// Part of a photo that is degraded, so that the test does not take minutes.
const CROP_PX: [u32; 2] = [1024, 768];

/// What has to come of a picture.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Passes,
    /// Between good and bad: only shown.
    Either,
    Refused(QualityFault),
}

/// Name of a degradation, how it is made, and what has to come of it.
type Degradation = (&'static str, fn(&RgbImage) -> RgbImage, Wanted);

const DEGRADATIONS: [Degradation; 11] = [
    ("as it is", Clone::clone, Wanted::Passes),
    ("motion 3 px", |photo| moved(photo, 3, 20.0), Wanted::Either),
    (
        "motion 5 px",
        |photo| moved(photo, 5, 20.0),
        Wanted::Refused(QualityFault::Blurred),
    ),
    (
        "motion 6 px",
        |photo| moved(photo, 6, 65.0),
        Wanted::Refused(QualityFault::Blurred),
    ),
    (
        "motion 8 px",
        |photo| moved(photo, 8, 110.0),
        Wanted::Refused(QualityFault::Blurred),
    ),
    (
        "defocus 6 px",
        |photo| defocused(photo, 3.0),
        Wanted::Refused(QualityFault::Blurred),
    ),
    (
        "defocus 8 px",
        |photo| defocused(photo, 4.0),
        Wanted::Refused(QualityFault::Blurred),
    ),
    (
        "-3 EV",
        |photo| exposed(photo, -3.0),
        Wanted::Refused(QualityFault::TooDark),
    ),
    (
        "-4 EV",
        |photo| exposed(photo, -4.0),
        Wanted::Refused(QualityFault::TooDark),
    ),
    (
        "+3 EV",
        |photo| exposed(photo, 3.0),
        Wanted::Refused(QualityFault::OverExposed),
    ),
    (
        "haze 65 %",
        |photo| hazed(photo, 0.65),
        Wanted::Refused(QualityFault::Hazy),
    ),
];

/// Mean of each pixel's neighbours at these offsets.
fn averaged(photo: &RgbImage, offsets: &[(f64, f64)]) -> RgbImage {
    let (width, height) = photo.dimensions();
    let mut sums = vec![0.0f32; photo.as_raw().len()];
    for &(dx, dy) in offsets {
        let (x0, y0) = (dx.floor() as i64, dy.floor() as i64);
        let (fx, fy) = ((dx - dx.floor()) as f32, (dy - dy.floor()) as f32);
        let corners = [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ];
        for (right, down, weight) in corners.into_iter().filter(|(_, _, weight)| *weight > 0.0) {
            for y in 0..height {
                let from_y = (i64::from(y) + y0 + down).clamp(0, i64::from(height) - 1) as u32;
                for x in 0..width {
                    let from_x = (i64::from(x) + x0 + right).clamp(0, i64::from(width) - 1) as u32;
                    let to = ((y * width + x) * 3) as usize;
                    let from = ((from_y * width + from_x) * 3) as usize;
                    for channel in 0..3 {
                        sums[to + channel] += weight * f32::from(photo.as_raw()[from + channel]);
                    }
                }
            }
        }
    }
    let mean = |sum: f32| (sum / offsets.len() as f32).round() as u8;
    RgbImage::from_raw(width, height, sums.into_iter().map(mean).collect()).unwrap()
}

fn moved(photo: &RgbImage, length_px: u32, towards_deg: f64) -> RgbImage {
    let (sin, cos) = f64::to_radians(towards_deg).sin_cos();
    let middle = f64::from(length_px - 1) / 2.0;
    let offsets: Vec<_> = (0..length_px)
        .map(|step| f64::from(step) - middle)
        .map(|along| (along * cos, along * sin))
        .collect();
    averaged(photo, &offsets)
}

fn defocused(photo: &RgbImage, radius_px: f64) -> RgbImage {
    let reach = radius_px.ceil() as i32;
    let offsets: Vec<_> = (-reach..=reach)
        .flat_map(|y| (-reach..=reach).map(move |x| (f64::from(x), f64::from(y))))
        .filter(|(x, y)| x.hypot(*y) <= radius_px)
        .collect();
    averaged(photo, &offsets)
}

fn mapped(photo: &RgbImage, of: impl Fn(f64) -> f64) -> RgbImage {
    let table: Vec<u8> = (0..=255u8)
        .map(|value| of(f64::from(value)).round().clamp(0.0, 255.0) as u8)
        .collect();
    let mut photo = photo.clone();
    photo
        .iter_mut()
        .for_each(|value| *value = table[usize::from(*value)]);
    photo
}

/// For a gamma of 2.2; what is beyond the end of the scale is lost.
fn exposed(photo: &RgbImage, stops: f64) -> RgbImage {
    mapped(photo, |value| value * 2f64.powf(stops / 2.2))
}

/// Koschmieder's law with this share of air light.
fn hazed(photo: &RgbImage, share: f64) -> RgbImage {
    mapped(photo, |value| value * (1.0 - share) + 228.0 * share)
}

/// Every n-th picture below a folder, in order of name, cut to its middle.
fn pictures(folder: &Path, every: usize) -> Vec<RgbImage> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("jpg"))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    let middle = |photo: RgbImage| {
        let [width, height] = CROP_PX;
        let (x, y) = (
            photo.width().saturating_sub(width) / 2,
            photo.height().saturating_sub(height) / 2,
        );
        imageops::crop_imm(&photo, x, y, width, height).to_image()
    };
    files
        .iter()
        .step_by(every)
        .map(|file| middle(decode_jpeg(&std::fs::read(file).unwrap(), 120_000_000).unwrap()))
        .collect()
}

#[test]
fn quality_of_real_pictures_good_and_degraded() {
    let Some(data) = fixtures::shared_data_or_skip("quality of real pictures") else {
        return;
    };
    let sets = [
        ("photos/dji_minsk", 3, true),
        ("photos/gps_only", 4, true),
        ("detect/banepa", 3, true),
        ("detect/jekhor_vehicles", 16, true),
        ("detect/raven", 15, false),
        ("scenes", 24, false),
    ];
    let limits = QualityLimits::default();
    let mut wrongly_refused = (0, 0);
    let mut wrongly_passed = (0, 0);
    let header: Vec<&str> = DEGRADATIONS.iter().map(|(name, _, _)| *name).collect();
    aloud(&format!("refused pictures | of | {}", header.join(" | ")));
    for (set, every, is_large) in sets {
        let pictures = pictures(&data.join(set), every);
        let mut row = Vec::new();
        for (_, degrade, wanted) in DEGRADATIONS {
            let refused = |photo: &&RgbImage| {
                let faults = Quality::of(&degrade(photo)).faults(&limits);
                match wanted {
                    Wanted::Refused(fault) => faults.contains(&fault),
                    Wanted::Passes | Wanted::Either => !faults.is_empty(),
                }
            };
            let count = pictures.iter().filter(refused).count();
            row.push(count.to_string());
            // The small ones have one patch; a photo has 24.
            match wanted {
                Wanted::Passes => {
                    wrongly_refused = (wrongly_refused.0 + count, wrongly_refused.1 + pictures.len())
                }
                Wanted::Refused(_) if is_large => {
                    wrongly_passed = (
                        wrongly_passed.0 + pictures.len() - count,
                        wrongly_passed.1 + pictures.len(),
                    );
                }
                Wanted::Refused(_) | Wanted::Either => {}
            }
        }
        aloud(&format!("{set} | {} | {}", pictures.len(), row.join(" | ")));
    }
    aloud(&format!(
        "refused though good: {} of {}; passed though degraded, of the larger pictures: {} of {}",
        wrongly_refused.0, wrongly_refused.1, wrongly_passed.0, wrongly_passed.1
    ));
    assert!(wrongly_refused.0 * 12 <= wrongly_refused.1, "{wrongly_refused:?}");
    assert!(wrongly_passed.0 * 5 <= wrongly_passed.1, "{wrongly_passed:?}");
}
