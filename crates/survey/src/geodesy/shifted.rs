//! GCJ-02, the shifted datum of Chinese web maps: the published polynomial forward, its exact inverse by
//! fixed-point iteration. Outside the rough box of China both directions change nothing, as maps do.

use std::f64::consts::PI;

use super::{Gcj02, Wgs84};

/// Krasovsky 1940 semi-major axis, m: the ellipsoid the shift is defined on.
const SEMI_MAJOR_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// Ten nanodegrees of the last step leave about 1e-9 m after the contraction.
const CONVERGED_DEG: f64 = 1e-14;
const MOST_STEPS: usize = 30;

/// The shifted position of a true one.
#[must_use]
pub fn gcj02_from_wgs84(position: Wgs84) -> Gcj02 {
    let [north, east] = shift_deg(position.latitude_deg, position.longitude_deg);
    Gcj02 {
        latitude_deg: position.latitude_deg + north,
        longitude_deg: position.longitude_deg + east,
    }
}

/// The true position of a shifted one, to better than 1e-6 m: the inverse has no closed form, but the shift
/// varies so slowly that `w ← g − shift(w)` gains three digits a step.
#[must_use]
pub fn wgs84_from_gcj02(shifted: Gcj02) -> Wgs84 {
    let (mut latitude_deg, mut longitude_deg) = (shifted.latitude_deg, shifted.longitude_deg);
    for _ in 0..MOST_STEPS {
        let [north, east] = shift_deg(latitude_deg, longitude_deg);
        let (next_latitude, next_longitude) = (shifted.latitude_deg - north, shifted.longitude_deg - east);
        let step = (next_latitude - latitude_deg)
            .abs()
            .max((next_longitude - longitude_deg).abs());
        (latitude_deg, longitude_deg) = (next_latitude, next_longitude);
        if step < CONVERGED_DEG {
            break;
        }
    }
    Wgs84 {
        latitude_deg,
        longitude_deg,
    }
}

/// North and east shift at a true position, degrees.
fn shift_deg(latitude_deg: f64, longitude_deg: f64) -> [f64; 2] {
    let in_china = (0.8293..=55.8271).contains(&latitude_deg) && (72.004..=137.8347).contains(&longitude_deg);
    if !in_china {
        return [0.0, 0.0];
    }
    let [north_m, east_m] = shift_m(longitude_deg - 105.0, latitude_deg - 35.0);
    let (sin_lat, cos_lat) = latitude_deg.to_radians().sin_cos();
    let flat = 1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat;
    let meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (flat * flat.sqrt());
    let parallel_m = SEMI_MAJOR_M / flat.sqrt() * cos_lat;
    [
        (north_m / meridian_m).to_degrees(),
        (east_m / parallel_m).to_degrees(),
    ]
}

/// The published polynomial with its waves; `x` degrees east of 105°E, `y` degrees north of 35°N.
fn shift_m(x: f64, y: f64) -> [f64; 2] {
    let wave = |amplitude: f64, angle: f64| amplitude * (angle * PI).sin();
    let ripple = (wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x)) * 2.0 / 3.0;
    let root = x.abs().sqrt();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + ripple
        + (wave(20.0, y) + wave(40.0, y / 3.0)) * 2.0 / 3.0
        + (wave(160.0, y / 12.0) + wave(320.0, y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + ripple
        + (wave(20.0, x) + wave(40.0, x / 3.0)) * 2.0 / 3.0
        + (wave(150.0, x / 12.0) + wave(300.0, x / 30.0)) * 2.0 / 3.0;
    [north, east]
}
