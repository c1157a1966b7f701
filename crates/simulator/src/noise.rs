//! Procedural noise for textures: value noise summed over octaves, cut off where a pixel can no longer show it.

use std::sync::LazyLock;

use crate::random::lattice_unit;

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

/// Most octaves of a sum.
const MOST_OCTAVES: usize = 4;
/// Table samples across a cell of the finest octave.
const SAMPLES_PER_CELL: usize = 4;

/// Sums of one to four octaves over a square that repeats: summed once, looked up for every pixel.
struct Table {
    /// Samples across a wave of the coarsest octave.
    samples_per_wave: f32,
    /// Side in samples, a power of two.
    side: usize,
    sums: Vec<f32>,
}

static TABLES: LazyLock<[Table; MOST_OCTAVES]> =
    LazyLock::new(|| std::array::from_fn(|index| Table::of(index + 1)));

impl Table {
    fn of(octaves: usize) -> Self {
        let waves = if octaves <= 2 { 64 } else { 32 };
        let samples_per_wave = SAMPLES_PER_CELL << (octaves - 1);
        let side = waves * samples_per_wave;
        let mut sums = vec![0.0f32; side * side];
        let mut amplitude = 0.5;
        for octave in 0..octaves {
            let cells = (waves << octave) as i32;
            let step = cells as f32 / side as f32;
            for (index, sum) in sums.iter_mut().enumerate() {
                let at = [index % side, index / side].map(|v| v as f32 * step);
                *sum += amplitude * repeating(at, cells, octave as u32 + 1);
            }
            amplitude *= 0.55;
        }
        Self {
            samples_per_wave: samples_per_wave as f32,
            side,
            sums,
        }
    }

    /// The sum at the sample below a place.
    fn nearest(&self, u: f32, v: f32) -> f32 {
        let mask = self.side - 1;
        self.sums[(whole(v) as usize & mask) * self.side + (whole(u) as usize & mask)]
    }

    /// The sum at a place in samples, linear between four of them.
    fn at(&self, u: f32, v: f32) -> f32 {
        let (left, low) = (whole(u), whole(v));
        let (share_u, share_v) = (u - left as f32, v - low as f32);
        let mask = self.side - 1;
        let columns = [left as usize & mask, (left as usize).wrapping_add(1) & mask];
        let row = |number: usize| &self.sums[(number & mask) * self.side..][..self.side];
        let along = |row: &[f32]| {
            let (a, b) = (row[columns[0]], row[columns[1]]);
            a + (b - a) * share_u
        };
        let (under, over) = (
            along(row(low as usize)),
            along(row((low as usize).wrapping_add(1))),
        );
        under + (over - under) * share_v
    }
}

/// Value noise in [-1, 1] that repeats after `cells`.
fn repeating([x, y]: [f32; 2], cells: i32, seed: u32) -> f32 {
    let (column, row) = (whole(x), whole(y));
    let ease = |f: f32| f * f * (3.0 - 2.0 * f);
    let (share_x, share_y) = (ease(x - column as f32), ease(y - row as f32));
    let corner = |dx: i32, dy: i32| lattice_unit((column + dx) % cells, (row + dy) % cells, seed) * 2.0 - 1.0;
    let low = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * share_x;
    let high = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * share_x;
    low + (high - low) * share_y
}

/// The greatest whole number not above `x`; the library call is slow without SSE 4.1.
pub(crate) fn whole(x: f32) -> i32 {
    let cut = x as i32;
    cut - i32::from(cut as f32 > x)
}

/// What is left of `x` above the greatest whole number, in [0, 1).
pub(crate) fn fraction(x: f32) -> f32 {
    x - whole(x) as f32
}

/// Octave sum of value noise, about [-1, 1]; each octave halves the wavelength and takes 0.55 of the amplitude.
pub(crate) fn octaves(x: f32, y: f32, grain: Grain, seed: u32) -> f32 {
    let finest_m = 1.5 * grain.pixel_m;
    let most = (grain.octaves as usize).min(MOST_OCTAVES);
    let mut count = 0;
    let mut wavelength = grain.wavelength_m;
    while count < most && wavelength >= finest_m {
        count += 1;
        wavelength *= 0.5;
    }
    let Some(table) = count.checked_sub(1).map(|index| &TABLES[index]) else {
        return 0.0;
    };
    // Every seed looks at the table from another place.
    let mixed = (seed ^ (seed >> 15)).wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE35);
    let scale = table.samples_per_wave / grain.wavelength_m;
    let (u, v) = (
        x * scale + (mixed & 1023) as f32,
        y * scale + ((mixed >> 12) & 1023) as f32,
    );
    // Where pixels step over samples there is nothing between two samples to show.
    if grain.pixel_m * scale >= 1.0 {
        return table.nearest(u, v);
    }
    table.at(u, v)
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
