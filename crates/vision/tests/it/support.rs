//! The tiny model, its card and painted pictures.

use std::io::Write;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use vision::{Card, Detector, Runtime, ScaledTile, SearchPlaces, TileRect};

pub const BLUE: Rgb<u8> = Rgb([0, 0, 255]);
pub const RED: Rgb<u8> = Rgb([255, 0, 0]);

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

pub fn card() -> Card {
    Card::read(&folder().join("tiny.toml")).expect("the card beside the tests")
}

/// The runtime of this machine; without one the test is skipped aloud, and fails where CI=true.
pub fn runtime() -> Option<Runtime> {
    let places = SearchPlaces {
        beside_exe: None,
        ..SearchPlaces::of_this_process(None)
    };
    match Runtime::locate(&places) {
        Ok(path) => Some(Runtime::load(&path).expect("a library that was found must load")),
        Err(missing) => {
            assert!(
                std::env::var_os("CI").is_none_or(|value| value != "true"),
                "{missing}"
            );
            aloud(&format!("SKIPPED: {missing}"));
            None
        }
    }
}

/// A line that is seen even where the test passes; the test harness would swallow `eprintln!`.
pub fn aloud(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("stderr");
}

pub fn detector() -> Option<Detector> {
    Some(Detector::load(&runtime()?, &card(), &folder()).expect("the tiny model"))
}

/// A grey photo with painted rectangles `[left, top, right, bottom]`.
pub fn photo(width_px: u32, height_px: u32, patches: &[(Rgb<u8>, [u32; 4])]) -> RgbImage {
    let mut photo = RgbImage::from_pixel(width_px, height_px, Rgb([120, 120, 120]));
    for &(colour, [left, top, right, bottom]) in patches {
        for (x, y) in (left..right).flat_map(|x| (top..bottom).map(move |y| (x, y))) {
            photo.put_pixel(x, y, colour);
        }
    }
    photo
}

/// Square tiles of `side` photo pixels every `step` at one scale, the last ones reaching over the edge.
pub fn tiles(photo: &RgbImage, side: u32, step: u32, scale: f64) -> Vec<ScaledTile> {
    let starts = |length: u32| {
        (0..)
            .map(move |n| n * step)
            .take_while(move |&at| at == 0 || at + side < length + step)
    };
    let rows: Vec<u32> = starts(photo.height()).collect();
    let columns: Vec<u32> = starts(photo.width()).collect();
    let tile = |x_px, y_px| ScaledTile {
        rect: TileRect {
            x_px,
            y_px,
            width_px: side,
            height_px: side,
        },
        scale,
    };
    rows.iter()
        .flat_map(|&y| columns.iter().map(move |&x| tile(x, y)))
        .collect()
}
