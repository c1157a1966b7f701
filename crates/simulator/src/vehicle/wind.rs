//! Wind and position noise as functions of a seed and of the time since the start, so that a flight can be repeated.

use crate::random::Dice;

/// Slow sines with seeded periods and phases; the sum has unit variance.
#[derive(Clone, Debug)]
struct Wander {
    sines: [(f64, f64); 4],
}

impl Wander {
    fn new(dice: &mut Dice, shortest_s: f64, longest_s: f64) -> Self {
        Self {
            sines: std::array::from_fn(|_| {
                let period = dice.between(shortest_s, longest_s);
                (
                    std::f64::consts::TAU / period,
                    dice.between(0.0, std::f64::consts::TAU),
                )
            }),
        }
    }

    fn at(&self, t_s: f64) -> f64 {
        let sum: f64 = self
            .sines
            .iter()
            .map(|(rate, phase)| (rate * t_s + phase).sin())
            .sum();
        // Four sines have variance 4 · 1/2.
        sum / 2.0f64.sqrt()
    }
}

/// Wind over a dock.
#[derive(Clone, Debug)]
pub(super) struct Wind {
    mean_ms: [f64; 2],
    gusts: [Wander; 2],
}

impl Wind {
    /// Wind of one flight: 1.5 to 5 m/s on average, from anywhere.
    pub(super) fn new(seed: u64, flight_number: u32) -> Self {
        let mut dice = Dice::new(seed ^ (u64::from(flight_number) << 40), 0x57_49_4E_44);
        let speed = dice.between(1.5, 5.0);
        let towards = dice.between(0.0, std::f64::consts::TAU);
        Self {
            mean_ms: [speed * towards.cos(), speed * towards.sin()],
            gusts: [
                Wander::new(&mut dice, 4.0, 25.0),
                Wander::new(&mut dice, 4.0, 25.0),
            ],
        }
    }

    /// Velocity of the air, north and east, m/s; gusts have a standard deviation of a fifth of the mean.
    pub(super) fn at(&self, t_s: f64) -> [f64; 2] {
        let gust = 0.2 * self.mean_ms[0].hypot(self.mean_ms[1]);
        [
            self.mean_ms[0] + gust * self.gusts[0].at(t_s),
            self.mean_ms[1] + gust * self.gusts[1].at(t_s),
        ]
    }

    /// The part of the wind that the attitude controller does not take out in time, m/s.
    pub(super) fn drift(&self, t_s: f64) -> [f64; 2] {
        let [north, east] = self.at(t_s);
        [0.1 * (north - self.mean_ms[0]), 0.1 * (east - self.mean_ms[1])]
    }
}

/// What the satellites get wrong: a slowly wandering offset, north, east and up.
#[derive(Clone, Debug)]
pub(super) struct PositionNoise {
    axes: [Wander; 3],
}

/// One standard deviation of the believed position, metres, per horizontal axis (good multi-band GNSS).
const HORIZONTAL_SIGMA_M: f64 = 0.35;
/// One standard deviation of the believed height, metres (barometer and GNSS together).
const VERTICAL_SIGMA_M: f64 = 0.25;

impl PositionNoise {
    /// Noise of one flight.
    pub(super) fn new(seed: u64, flight_number: u32) -> Self {
        let mut dice = Dice::new(seed ^ (u64::from(flight_number) << 40), 0x47_4E_53_53);
        Self {
            axes: std::array::from_fn(|_| Wander::new(&mut dice, 20.0, 120.0)),
        }
    }

    /// Believed minus true position: north, east, up in metres.
    pub(super) fn at(&self, t_s: f64) -> [f64; 3] {
        [
            HORIZONTAL_SIGMA_M * self.axes[0].at(t_s),
            HORIZONTAL_SIGMA_M * self.axes[1].at(t_s),
            VERTICAL_SIGMA_M * self.axes[2].at(t_s),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wind_repeats_and_differs_by_flight() {
        assert_eq!(Wind::new(3, 1).at(12.34), Wind::new(3, 1).at(12.34));
        assert_ne!(Wind::new(3, 1).at(12.34), Wind::new(3, 2).at(12.34));
        assert_ne!(Wind::new(3, 1).at(12.34), Wind::new(4, 1).at(12.34));
    }

    #[test]
    fn noise_has_the_stated_spread_and_wanders_slowly() {
        let mut squares = 0.0;
        let mut count = 0.0;
        for seed in 0..60 {
            let noise = PositionNoise::new(seed, 1);
            for step in 0..100 {
                let t = f64::from(step) * 7.0;
                squares += noise.at(t)[0].powi(2);
                count += 1.0;
                assert!((noise.at(t + 0.02)[0] - noise.at(t)[0]).abs() < 0.02);
            }
        }
        let sigma = f64::sqrt(squares / count);
        assert!((sigma - HORIZONTAL_SIGMA_M).abs() < 0.06, "{sigma}");
    }
}
