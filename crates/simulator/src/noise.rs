//! Procedural noise for textures: value noise summed over octaves, cut off where a pixel can no longer show it.

/// Smooth value noise in [-1, 1] with one lattice point per unit.
pub(crate) fn value(x: f32, y: f32, seed: u32) -> f32 {
    // Floor by truncation: the library call is slow without SSE 4.1, and this is the hottest function here.
    let (ix, iy) = (x as i32 - i32::from(x < 0.0), y as i32 - i32::from(y < 0.0));
    let ease = |f: f32| f * f * (3.0 - 2.0 * f);
    let (sx, sy) = (ease(x - ix as f32), ease(y - iy as f32));
    let (west, south) = (
        (ix as u32).wrapping_mul(0x8DA6_B343),
        (iy as u32).wrapping_mul(0xD816_3841),
    );
    let (east, north) = (west.wrapping_add(0x8DA6_B343), south.wrapping_add(0xD816_3841));
    let salt = seed.wrapping_mul(0xCB1A_B31F);
    let corner = |column: u32, row: u32| {
        let h = (column ^ row).wrapping_add(salt);
        let h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA6B);
        ((h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35) >> 8) as f32
    };
    let (low_west, high_west) = (corner(west, south), corner(west, north));
    let low = low_west + (corner(east, south) - low_west) * sx;
    let high = high_west + (corner(east, north) - high_west) * sx;
    (low + (high - low) * sy) * (2.0 / (1u32 << 24) as f32) - 1.0
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
    let finest_m = 1.5 * grain.pixel_m;
    let mut wavelength = grain.wavelength_m;
    let mut frequency = 1.0 / wavelength;
    let mut amplitude = 0.5;
    let mut sum = 0.0;
    for octave in 0..grain.octaves {
        if wavelength < finest_m {
            break;
        }
        sum += amplitude
            * value(
                x * frequency,
                y * frequency,
                seed.wrapping_add(octave.wrapping_mul(7919)),
            );
        amplitude *= 0.55;
        wavelength *= 0.5;
        frequency *= 2.0;
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
        let coarse = Grain {
            wavelength_m: 1.0,
            pixel_m: 2.0,
            octaves: 5,
        };
        assert_eq!(octaves(3.3, 4.4, coarse, 1), 0.0);
        let fine = Grain {
            pixel_m: 0.05,
            ..coarse
        };
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
