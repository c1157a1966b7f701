//! Seeded dice and lattice hashes: every random choice of a scene, a picture or a noise draw comes from here,
//! so that the same seed always gives the same bytes.

/// SplitMix64 generator (Steele, Lea, Flood 2014); small, seedable and good enough for scenery and noise.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// A generator for one purpose: `stream` keeps the draws of separate purposes independent.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self {
            state: seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03),
        };
        dice.bits();
        dice.bits();
        dice
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in `low..=high`.
    pub(crate) fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.bits() % u64::from(high - low + 1)) as u32
    }

    /// Index drawn in proportion to the weights; 0 for an empty list.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Standard normal (Box–Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Student t with 6 degrees of freedom scaled to unit variance: tails a little heavier than normal.
    pub(crate) fn heavy_tailed(&mut self) -> f64 {
        let chi_squared: f64 = (0..6).map(|_| self.normal().powi(2)).sum();
        self.normal() / (chi_squared / 6.0).sqrt() * (4.0f64 / 6.0).sqrt()
    }
}

/// 32 well-mixed bits of a lattice point.
pub(crate) fn lattice_hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x8DA6_B343)
        ^ (y as u32).wrapping_mul(0xD816_3841)
        ^ seed.wrapping_mul(0xCB1A_B31F);
    h = (h ^ (h >> 15)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// Uniform in [0, 1) at a lattice point.
pub(crate) fn lattice_unit(x: i32, y: i32, seed: u32) -> f32 {
    (lattice_hash(x, y, seed) >> 8) as f32 / (1u32 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_tails_have_unit_variance_and_more_than_normal_kurtosis() {
        let mut dice = Dice::new(7, 1);
        let draws: Vec<f64> = (0..40_000).map(|_| dice.heavy_tailed()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        let fourth = draws.iter().map(|d| (d - mean).powi(4)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.06, "variance {variance}");
        assert!(
            fourth / variance.powi(2) > 3.5,
            "kurtosis {}",
            fourth / variance.powi(2)
        );
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |stream| Dice::new(3, stream).bits();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
