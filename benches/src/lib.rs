//! Dev-only: generators of benchmark inputs, and medians. The benches print figures and ratios and assert
//! nothing about time: machines are shared and noisy.

use std::time::{Duration, Instant};

pub mod sorties;

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

/// Seconds this thread has spent on a processor, so that other work on the machine does not count (Linux: first
/// field of schedstat, ns); 0 elsewhere.
#[must_use]
pub fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) * 1e-9
}

/// Processor seconds of one run of `work`: the mean of as many as take 0.3 s together, because the processor's time is
/// told in steps of some milliseconds. One run before does not count.
pub fn mean_processor_seconds(mut work: impl FnMut()) -> f64 {
    work();
    let (started, mut runs) = (processor_seconds(), 0_u32);
    loop {
        work();
        runs += 1;
        let passed = processor_seconds() - started;
        if passed >= 0.3 {
            return passed / f64::from(runs);
        }
    }
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
