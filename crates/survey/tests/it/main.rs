//! Checks that need many poses, real photos or a clock: calibration of the error ellipse, agreement of real
//! photos of the same ground, speed.

#[cfg(test)]
mod airport;
#[cfg(test)]
mod calibration;
#[cfg(test)]
mod minsk;
#[cfg(test)]
mod pudong;
#[cfg(test)]
mod speed;

/// A small reproducible stream of numbers (Knuth's MMIX generator), so that the checks need no other crate.
struct Stream(u64);

impl Stream {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal after Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
