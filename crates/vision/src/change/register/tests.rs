//! Random warps come back, two different places are refused.

use image::{Rgb, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::change::resample::through_affine;

/// A picture of turned rectangles on mottled ground.
fn town(side: u32, seed: u32) -> RgbImage {
    // SplitMix64: neighbouring seeds give towns that have nothing in common.
    let mut state = u64::from(seed);
    let mut next = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let [across, down, slant] = [next(), next(), next()].map(|v| 0.1 + 0.2 * v);
    let houses: Vec<[f64; 6]> = (0..side * side / 900)
        .map(|_| {
            let side = f64::from(side);
            [
                next() * side,
                next() * side,
                5.0 + 14.0 * next(),
                4.0 + 9.0 * next(),
                3.0 * next(),
                40.0 + 200.0 * next(),
            ]
        })
        .collect();
    RgbImage::from_fn(side, side, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let mut grey = 90.0 + 12.0 * ((x * across).sin() * (y * down + x * slant).cos());
        for [cx, cy, long, wide, turn, tone] in &houses {
            let (sin, cos) = turn.sin_cos();
            let (u, v) = (cos * (x - cx) + sin * (y - cy), cos * (y - cy) - sin * (x - cx));
            if u.abs() < *long && v.abs() < *wide {
                grey = *tone;
            }
        }
        Rgb([grey as u8; 3])
    })
}

fn whole(picture: &RgbImage) -> Plane {
    Plane::filled(picture.width() as usize, picture.height() as usize, 1.0)
}

/// Other light: half as bright, another tone curve, a veil.
fn other_light(picture: &RgbImage) -> RgbImage {
    let mut other = picture.clone();
    for pixel in other.pixels_mut() {
        let value = f64::from(pixel.0[0]) / 255.0;
        pixel.0 = [0.8, 0.7, 0.6].map(|gain| (35.0 + 150.0 * gain * value.powf(0.7)) as u8);
    }
    other
}

fn check(map: &Affine, relit: bool) -> Registration {
    let first = town(300, 3);
    let valid = whole(&first);
    let source = if relit { other_light(&first) } else { first.clone() };
    // The second picture shows at `map(p)` what the first shows at p.
    let (second, second_valid) = through_affine((&source, &valid), [300, 300], &map.inverse().unwrap());
    register(
        (&first, &valid),
        (&second, &second_valid),
        &RegisterOptions::default(),
    )
    .unwrap()
}

fn worst(found: &Registration, map: &Affine) -> f64 {
    let places = [
        [60.0, 60.0],
        [240.0, 60.0],
        [60.0, 240.0],
        [240.0, 240.0],
        [150.0, 150.0],
    ];
    let off = places.map(|place| {
        let (a, b) = (found.second_from_first.apply(place), map.apply(place));
        (a[0] - b[0]).hypot(a[1] - b[1])
    });
    off.into_iter().fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    /// Shifts, turns and scales as poses leave them come back to half a pixel, whatever the light.
    #[test]
    fn random_warps_come_back(
        x in -25.0..25.0f64, y in -25.0..25.0f64, turn in -0.05..0.05f64, scale in 0.97..1.03f64, relit in any::<bool>(),
    ) {
        let map = Affine::similarity([150.0, 150.0], turn, scale, [x, y]);
        let found = check(&map, relit);
        prop_assert!(worst(&found, &map) < 0.5, "off by {} px: {found:?}", worst(&found, &map));
        prop_assert!(found.residual_px < 1.0);
    }
}

#[test]
fn what_lies_on_itself_stays() {
    let found = check(&Affine::IDENTITY, false);
    assert!(worst(&found, &Affine::IDENTITY) < 0.05, "{found:?}");
    assert_eq!(found.agreeing, found.blocks);
}

#[test]
fn changed_houses_do_not_pull_it_away() {
    let first = town(300, 3);
    let valid = whole(&first);
    let map = Affine::similarity([150.0, 150.0], 0.02, 1.01, [6.0, -9.0]);
    let (mut second, second_valid) = through_affine((&first, &valid), [300, 300], &map.inverse().unwrap());
    let other = town(300, 77);
    for (x, y, pixel) in second.enumerate_pixels_mut() {
        if x < 140 {
            *pixel = *other.get_pixel(x, y);
        }
    }
    let found = register(
        (&first, &valid),
        (&second, &second_valid),
        &RegisterOptions::default(),
    )
    .unwrap();
    let off = [[200.0, 80.0], [250.0, 250.0]].map(|place| {
        let (a, b) = (found.second_from_first.apply(place), map.apply(place));
        (a[0] - b[0]).hypot(a[1] - b[1])
    });
    assert!(off.iter().all(|off| *off < 0.7), "{off:?} {found:?}");
}

#[test]
fn two_places_are_refused_and_so_are_empty_pictures() {
    let first = town(300, 3);
    for seed in [50, 51, 52] {
        let other = town(300, seed);
        let answer = register(
            (&first, &whole(&first)),
            (&other, &whole(&other)),
            &RegisterOptions::default(),
        );
        assert!(answer.is_err(), "{answer:?}");
    }
    let grey = RgbImage::from_pixel(300, 300, Rgb([90; 3]));
    let answer = register(
        (&first, &whole(&first)),
        (&grey, &whole(&grey)),
        &RegisterOptions::default(),
    );
    assert!(
        matches!(answer, Err(RegisterError::TooLittleShared { .. })),
        "{answer:?}"
    );
    let nothing = Plane::filled(300, 300, 0.0);
    assert!(
        register(
            (&first, &nothing),
            (&first, &whole(&first)),
            &RegisterOptions::default()
        )
        .is_err()
    );
}
