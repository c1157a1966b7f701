//! Dev-only: generators of benchmark inputs, and medians. The benches print figures and ratios and assert
//! nothing about time: machines are shared and noisy.

use std::time::{Duration, Instant};

use survey::geodesy::{LocalTangent, Wgs84};

/// Median wall time of `runs` runs of `work`, after one that does not count.
pub fn median(runs: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// Footprints of lawnmower sorties over Pudong: 120 × 90 m, 70 % forward and 60 % side overlap, 800 photos a
/// sortie, each sortie with a heading and a place of its own (a fixed sequence), corners counter-clockwise.
pub fn lawnmower_footprints(photos: usize) -> Vec<Vec<Wgs84>> {
    let tangent = LocalTangent::at(Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.6,
    });
    (0..photos).map(|photo| footprint(&tangent, photo)).collect()
}

fn footprint(tangent: &LocalTangent, photo: usize) -> Vec<Wgs84> {
    let (sortie, index) = (photo / 800, photo % 800);
    let (strip, step) = (index / 40, index % 40);
    // Golden-ratio sequences spread headings and places evenly without a random generator.
    let spread = |factor: f64| (sortie as f64 * factor).fract();
    let (sin, cos) = (spread(0.618_034) * std::f64::consts::TAU).sin_cos();
    let (east_0, north_0) = (
        spread(0.754_878) * 12_000.0 - 6_000.0,
        spread(0.569_84) * 12_000.0 - 6_000.0,
    );
    let centre = [step as f64 * 27.0, strip as f64 * 48.0];
    [[-60.0, -45.0], [60.0, -45.0], [60.0, 45.0], [-60.0, 45.0]]
        .map(|[x, y]| {
            let (along, across) = (centre[1] + x, centre[0] + y);
            tangent.wgs84_from_enu(
                east_0 + along * cos - across * sin,
                north_0 + along * sin + across * cos,
            )
        })
        .to_vec()
}

/// Processor time of this thread so far, s: on a machine that others use too it says more than the clock.
pub fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    first.unwrap_or_default() / 1e9
}

/// Numbers from 0 to 1, the same ones for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Spread(u64);

impl Spread {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
}
