//! Procedural noise for textures: value noise summed over octaves, cut off where a pixel can no longer show it.

use crate::random::lattice_unit;

/// Smooth value noise in [-1, 1] with one lattice point per unit.
pub(crate) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (floor_x, floor_y) = (x.floor(), y.floor());
    let (ix, iy) = (floor_x as i32, floor_y as i32);
    let ease = |f: f32| f * f * (3.0 - 2.0 * f);
    let (sx, sy) = (ease(x - floor_x), ease(y - floor_y));
    let corner = |dx, dy| lattice_unit(ix.wrapping_add(dx), iy.wrapping_add(dy), seed);
    let low = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * sx;
    let high = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * sx;
    (low + (high - low) * sy) * 2.0 - 1.0
}

/// Scale of one noise sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grain {
    /// Longest wavelength, metres.
    pub(crate) wavelength_m: f32,
    /// Size of a pixel on the surface, metres; octaves finer than two pixels are left out.
    pub(crate) pixel_m: f32,
    /// Most octaves to add.
    pub(crate) octaves: u32,
}

/// Octave sum of value noise, about [-1, 1]; each octave halves the wavelength and takes 0.55 of the amplitude.
pub(crate) fn octaves(x: f32, y: f32, grain: Grain, seed: u32) -> f32 {
    let mut wavelength = grain.wavelength_m;
    let mut amplitude = 0.5;
    let mut sum = 0.0;
    for octave in 0..grain.octaves {
        if wavelength < 1.5 * grain.pixel_m {
            break;
        }
        sum += amplitude * value(x / wavelength, y / wavelength, seed.wrapping_add(octave.wrapping_mul(7919)));
        amplitude *= 0.55;
        wavelength *= 0.5;
    }
    sum
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn smooth_step(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octaves_stop_at_the_pixel_size() {
        let coarse = Grain { wavelength_m: 1.0, pixel_m: 2.0, octaves: 5 };
        assert_eq!(octaves(3.3, 4.4, coarse, 1), 0.0);
        let fine = Grain { pixel_m: 0.05, ..coarse };
        assert_ne!(octaves(3.3, 4.4, fine, 1), 0.0);
    }

    #[test]
    fn noise_is_bounded_and_continuous() {
        for step in 0..2000 {
            let x = step as f32 * 0.017 - 12.0;
            let here = value(x, 2.5, 9);
            assert!(here.abs() <= 1.0);
            assert!((value(x + 1e-3, 2.5, 9) - here).abs() < 0.02);
        }
    }
}
