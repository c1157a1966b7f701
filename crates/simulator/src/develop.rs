//! From linear light to an 8-bit picture: blur, sharpening, vignette, exposure, sensor noise and tone curve.

use std::collections::VecDeque;

use image::RgbImage;

use crate::random::{Dice, lattice_hash};
use crate::render::Rendering;

/// Settings of the camera's electronics for one sortie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Development {
    /// Blur of lens and sensor, pixels (standard deviation).
    pub(crate) blur_px: f32,
    /// In-camera sharpening.
    pub(crate) sharpen: f32,
    /// Loss of light in the corners.
    pub(crate) vignette: f32,
    /// Gains of red, green and blue.
    pub(crate) gain: [f32; 3],
    /// Sensor noise at middle grey, in linear light.
    pub(crate) noise: f32,
    /// Saturation, 1 neutral.
    pub(crate) saturation: f32,
    /// Strength of the S-shaped tone curve.
    pub(crate) contrast: f32,
    /// Seed of the noise.
    pub(crate) seed: u32,
}

impl Development {
    /// Settings for a picture of a seeded sortie; `vary` widens them for training.
    pub(crate) fn draw(dice: &mut Dice, vary: bool) -> Self {
        let reach = if vary { 1.0 } else { 0.35 };
        let around = |dice: &mut Dice, middle: f64, spread: f64| {
            (middle + reach * spread * dice.between(-1.0, 1.0)) as f32
        };
        let exposure = around(dice, 1.0, 0.22);
        Self {
            blur_px: around(dice, 0.62, 0.3),
            sharpen: around(dice, 0.4, 0.4),
            vignette: around(dice, 0.14, 0.1),
            gain: [
                exposure * around(dice, 1.0, 0.07),
                exposure,
                exposure * around(dice, 1.0, 0.08),
            ],
            noise: around(dice, 0.010, 0.008),
            saturation: around(dice, 0.92, 0.22),
            contrast: around(dice, 0.12, 0.18),
            seed: dice.bits() as u32,
        }
    }

    /// The same camera on a further picture: fresh noise.
    pub(crate) fn for_photo(self, number: u32) -> Self {
        Self {
            seed: self.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9)),
            ..self
        }
    }
}

/// The finished 8-bit picture of a rendering.
pub(crate) fn develop(rendering: &Rendering, settings: &Development) -> RgbImage {
    let (width, height) = (rendering.width_px as usize, rendering.height_px as usize);
    let mut image = RgbImage::new(rendering.width_px, rendering.height_px);
    let finish = Finish::new(settings, [width, height]);
    let (mut soft, mut softer) = (Blur::new(settings.blur_px, width), Blur::new(1.1, width));
    // Each blur needs two rows more than it gives.
    for row in 0..height + 4 {
        let source = row.min(height - 1);
        soft.push(&rendering.light[source * width..][..width]);
        if row < 2 {
            continue;
        }
        if row < height + 2 {
            soft.blend();
        }
        softer.push(&soft.row);
        soft.keep();
        if row < 4 {
            continue;
        }
        softer.blend();
        let at = row - 4;
        let pixels = &mut image.as_flat_samples_mut().samples[at * width * 3..][..width * 3];
        finish.row(at, [soft.kept(), &softer.row], pixels);
    }
    image
}

/// A Gaussian blur with five taps each way, fed row by row.
struct Blur {
    /// Weights of the middle, the neighbours and theirs.
    weights: [f32; 3],
    padded: Vec<[f32; 3]>,
    /// The last five rows blurred along, the newest last.
    rows: VecDeque<Vec<[f32; 3]>>,
    /// The last row blurred both ways.
    row: Vec<[f32; 3]>,
    /// The last three of them, the newest last.
    kept: VecDeque<Vec<[f32; 3]>>,
}

impl Blur {
    fn new(sigma_px: f32, width: usize) -> Self {
        let weight = |d: f32| (-d * d / (2.0 * sigma_px * sigma_px)).exp();
        let total = weight(0.0) + 2.0 * (weight(1.0) + weight(2.0));
        Self {
            weights: [0.0, 1.0, 2.0].map(|d| weight(d) / total),
            padded: vec![[0.0; 3]; width + 4],
            rows: VecDeque::new(),
            row: vec![[0.0; 3]; width],
            kept: VecDeque::new(),
        }
    }

    /// Takes the next row; the first stands for those above it as well.
    fn push(&mut self, source: &[[f32; 3]]) {
        let width = source.len();
        self.padded[2..width + 2].copy_from_slice(source);
        (self.padded[0], self.padded[1]) = (source[0], source[0]);
        (self.padded[width + 2], self.padded[width + 3]) = (source[width - 1], source[width - 1]);
        let mut along = if self.rows.len() < 5 {
            vec![[0.0; 3]; width]
        } else {
            self.rows.pop_front().unwrap_or_default()
        };
        let [middle, near, far] = self.weights;
        let padded = self.padded.as_flattened();
        for (index, value) in along.as_flattened_mut().iter_mut().enumerate() {
            *value = far * (padded[index] + padded[index + 12])
                + near * (padded[index + 3] + padded[index + 9])
                + middle * padded[index + 6];
        }
        if self.rows.is_empty() {
            self.rows.extend([along.clone(), along.clone()]);
        }
        self.rows.push_back(along);
    }

    /// Blurs across the last five rows.
    fn blend(&mut self) {
        let [middle, near, far] = self.weights;
        let [a, b, c, d, e] = std::array::from_fn(|k| self.rows[k].as_flattened());
        let row = self.row.as_flattened_mut();
        let length = row.len();
        let (a, b, c, d, e) = (
            &a[..length],
            &b[..length],
            &c[..length],
            &d[..length],
            &e[..length],
        );
        for index in 0..length {
            row[index] = far * (a[index] + e[index]) + near * (b[index] + d[index]) + middle * c[index];
        }
    }

    /// Remembers the blurred row for two more rows.
    fn keep(&mut self) {
        let mut row = if self.kept.len() < 3 {
            Vec::new()
        } else {
            self.kept.pop_front().unwrap_or_default()
        };
        row.clone_from(&self.row);
        self.kept.push_back(row);
    }

    /// The blurred row of two rows ago.
    fn kept(&self) -> &[[f32; 3]] {
        self.kept.front().map_or(&[], Vec::as_slice)
    }
}

/// Entries of the noise table, a power of two.
const NOISE_ENTRIES: usize = 8192;
/// Entries of the tone table and the light at its end.
const TONE_ENTRIES: usize = 16_384;
const BRIGHTEST: f32 = 2.0;

/// What happens to the blurred light: sharpening, vignette, noise, saturation and tone, with the slow parts in tables.
struct Finish {
    settings: Development,
    half: [f32; 2],
    noise: Vec<f32>,
    tones: Vec<u8>,
}

impl Finish {
    fn new(settings: &Development, size: [usize; 2]) -> Self {
        let light = |entry: usize| (entry as f32 + 0.5) / TONE_ENTRIES as f32 * BRIGHTEST;
        Self {
            settings: *settings,
            half: size.map(|side| side as f32 / 2.0),
            noise: (0..NOISE_ENTRIES as i32)
                .map(|entry| bell(entry, 0, settings.seed))
                .collect(),
            tones: (0..TONE_ENTRIES)
                .map(|entry| tone(light(entry), settings.contrast))
                .collect(),
        }
    }

    fn row(&self, y: usize, [soft, softer]: [&[[f32; 3]]; 2], pixels: &mut [u8]) {
        let settings = &self.settings;
        let diagonal = self.half[0] * self.half[0] + self.half[1] * self.half[1];
        let down = (y as f32 - self.half[1]).powi(2);
        // Every row reads the noise from other places: one shared by the colours and one for each.
        let places: [usize; 4] =
            std::array::from_fn(|k| lattice_hash(k as i32, y as i32, settings.seed) as usize);
        let noise = |place: usize, x: usize| self.noise[places[place].wrapping_add(x) % NOISE_ENTRIES];
        for (x, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            let off = ((x as f32 - self.half[0]).powi(2) + down) / diagonal;
            let dim = 1.0 - settings.vignette * off * (0.6 + 0.4 * off);
            let common = 0.8 * noise(0, x);
            let linear: [f32; 3] = std::array::from_fn(|k| {
                let sharp = soft[x][k] + settings.sharpen * (soft[x][k] - softer[x][k]);
                let value = (sharp * dim * settings.gain[k]).max(0.0);
                // Photon noise grows with the square root of the light.
                value + settings.noise * (0.25 + value * 1.6).sqrt() * (common + 0.5 * noise(k + 1, x))
            });
            let grey = 0.30 * linear[0] + 0.59 * linear[1] + 0.11 * linear[2];
            for (byte, value) in pixel.iter_mut().zip(linear) {
                let value = grey + settings.saturation * (value - grey);
                let entry = (value * (TONE_ENTRIES as f32 / BRIGHTEST)) as usize;
                *byte = self.tones[entry.min(TONE_ENTRIES - 1)];
            }
        }
    }
}

/// Sum of four uniform draws scaled to unit variance: close to a normal.
fn bell(x: i32, y: i32, seed: u32) -> f32 {
    let h = lattice_hash(x, y, seed);
    let sum: u32 = (0..4).map(|part| (h >> (8 * part)) & 255).sum();
    (sum as f32 - 510.0) / 147.8
}

/// Picture value of linear light: highlights roll off, then the sRGB curve and an S-shaped one.
fn tone(value: f32, contrast: f32) -> u8 {
    // Highlights roll off instead of clipping.
    let value = if value > 0.7 {
        0.7 + 0.3 * (1.0 - (-(value - 0.7) / 0.3).exp())
    } else {
        value
    };
    let encoded = if value <= 0.003_130_8 {
        12.92 * value
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    };
    let curved = encoded * encoded * (3.0 - 2.0 * encoded);
    let mixed = encoded + contrast * (curved - encoded);
    (mixed * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Development {
        Development {
            blur_px: 0.6,
            sharpen: 0.0,
            vignette: 0.3,
            gain: [1.0; 3],
            noise: 0.0,
            saturation: 1.0,
            contrast: 0.0,
            seed: 1,
        }
    }

    #[test]
    fn even_light_stays_even_but_for_the_vignette() {
        let rendering = Rendering {
            width_px: 40,
            height_px: 30,
            light: vec![[0.2; 3]; 1200],
            ids: vec![0; 1200],
        };
        let flat = develop(
            &rendering,
            &Development {
                vignette: 0.0,
                ..settings()
            },
        );
        assert!(flat.pixels().all(|p| p.0 == flat.get_pixel(0, 0).0));
        let image = develop(&rendering, &settings());
        assert!(image.get_pixel(0, 0).0[0] < image.get_pixel(20, 15).0[0]);
    }

    #[test]
    fn noise_has_the_stated_strength() {
        let mean: f32 = (0..10_000).map(|i| bell(i, i / 7, 5)).sum::<f32>() / 10_000.0;
        let power: f32 = (0..10_000).map(|i| bell(i, i / 7, 5).powi(2)).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.04 && (power - 1.0).abs() < 0.06, "{mean} {power}");
    }
}
