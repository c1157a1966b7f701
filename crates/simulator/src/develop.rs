//! From linear light to an 8-bit picture: blur, sharpening, vignette, exposure, sensor noise and tone curve.

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
    let soft = blur(&rendering.light, [width, height], settings.blur_px);
    let softer = blur(&soft, [width, height], 1.1);
    let mut image = RgbImage::new(rendering.width_px, rendering.height_px);
    let half = [width as f32 / 2.0, height as f32 / 2.0];
    for (index, pixel) in image.pixels_mut().enumerate() {
        let (x, y) = (index % width, index / width);
        let off = ((x as f32 - half[0]).powi(2) + (y as f32 - half[1]).powi(2))
            / (half[0] * half[0] + half[1] * half[1]);
        let dim = 1.0 - settings.vignette * off * (0.6 + 0.4 * off);
        let mut linear: [f32; 3] = std::array::from_fn(|k| {
            let sharp = soft[index][k] + settings.sharpen * (soft[index][k] - softer[index][k]);
            (sharp * dim * settings.gain[k]).max(0.0)
        });
        let common = bell(x as i32, y as i32, settings.seed);
        for (k, value) in linear.iter_mut().enumerate() {
            let own = bell(
                x as i32,
                y as i32,
                settings.seed ^ (k as u32 + 1).wrapping_mul(0x9E37_79B9),
            );
            // Photon noise grows with the square root of the light.
            *value += settings.noise * (0.25 + value.max(0.0) * 1.6).sqrt() * (0.8 * common + 0.5 * own);
        }
        pixel.0 = tone(linear, settings);
    }
    image
}

/// Sum of four uniform draws scaled to unit variance: close to a normal.
fn bell(x: i32, y: i32, seed: u32) -> f32 {
    let h = lattice_hash(x, y, seed);
    let sum: u32 = (0..4).map(|part| (h >> (8 * part)) & 255).sum();
    (sum as f32 - 510.0) / 147.8
}

fn tone(linear: [f32; 3], settings: &Development) -> [u8; 3] {
    let grey = 0.30 * linear[0] + 0.59 * linear[1] + 0.11 * linear[2];
    linear.map(|value| {
        let value = (grey + settings.saturation * (value - grey)).max(0.0);
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
        let mixed = encoded + settings.contrast * (curved - encoded);
        (mixed * 255.0 + 0.5).clamp(0.0, 255.0) as u8
    })
}

/// Separable Gaussian blur with a five-tap kernel.
fn blur(source: &[[f32; 3]], [width, height]: [usize; 2], sigma_px: f32) -> Vec<[f32; 3]> {
    let weight = |d: f32| (-d * d / (2.0 * sigma_px * sigma_px)).exp();
    let total = weight(0.0) + 2.0 * (weight(1.0) + weight(2.0));
    let kernel = [
        weight(2.0) / total,
        weight(1.0) / total,
        weight(0.0) / total,
        weight(1.0) / total,
        weight(2.0) / total,
    ];
    let pass = |from: &[[f32; 3]], across: bool| -> Vec<[f32; 3]> {
        let (last, stride) = if across {
            (width - 1, 1)
        } else {
            (height - 1, width)
        };
        (0..from.len())
            .map(|index| {
                let at = if across { index % width } else { index / width };
                let mut sum = [0.0f32; 3];
                for (tap, share) in kernel.iter().enumerate() {
                    let other = (at + tap).saturating_sub(2).min(last);
                    let value = from[index - at * stride + other * stride];
                    for k in 0..3 {
                        sum[k] += share * value[k];
                    }
                }
                sum
            })
            .collect()
    };
    pass(&pass(source, true), false)
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
