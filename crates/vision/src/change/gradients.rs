//! Channels of oriented gradients, by which pictures of different light and season are laid on each other
//! (after CFOG: Ye, Bruzzone, Shan, Bovolo, Zhu 2019). An edge counts the same whichever side is the brighter.

use super::plane::Plane;

/// Directions of edges, 0 to 180°.
pub(super) const DIRECTIONS: usize = 8;
/// Share of the mean gradient below which a gradient is taken for noise.
const NOISE_SHARE: f32 = 0.3;

/// The oriented gradients of a picture, each pixel's of length 1 or less.
pub(super) struct Gradients {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row by row.
    pub(super) cells: Vec<[f32; DIRECTIONS]>,
}

impl Gradients {
    /// Of a picture of brightness; `valid` is 1 where there is a picture.
    pub(super) fn of(brightness: &Plane, valid: &Plane) -> Self {
        let (width, height) = (brightness.width, brightness.height);
        let mut cells = vec![[0.0f32; DIRECTIONS]; width * height];
        let inner = valid.extreme(1, true);
        for y in 0..height as isize {
            for x in 0..width as isize {
                let at = y as usize * width + x as usize;
                if inner.values[at] < 1.0 {
                    continue;
                }
                let across = brightness.at(x + 1, y) - brightness.at(x - 1, y);
                let down = brightness.at(x, y + 1) - brightness.at(x, y - 1);
                let strength = across.hypot(down);
                let turn = down.atan2(across).rem_euclid(std::f32::consts::PI);
                let place = turn / std::f32::consts::PI * DIRECTIONS as f32;
                let low = place as usize % DIRECTIONS;
                let share = place - place.floor();
                cells[at][low] += strength * (1.0 - share);
                cells[at][(low + 1) % DIRECTIONS] += strength * share;
            }
        }
        let mut soft = Self { width, height, cells }.softened();
        soft.normalise();
        soft
    }

    /// Each pixel the weighted mean of the 3 × 3 around it.
    fn softened(&self) -> Self {
        let mut cells = self.cells.clone();
        for y in 1..self.height.saturating_sub(1) {
            for x in 1..self.width.saturating_sub(1) {
                let mut sum = [0.0; DIRECTIONS];
                for (row, row_weight) in [(y - 1, 0.25), (y, 0.5), (y + 1, 0.25)] {
                    for (column, weight) in [(x - 1, 0.25), (x, 0.5), (x + 1, 0.25)] {
                        let cell = &self.cells[row * self.width + column];
                        for (sum, value) in sum.iter_mut().zip(cell) {
                            *sum += row_weight * weight * value;
                        }
                    }
                }
                cells[y * self.width + x] = sum;
            }
        }
        Self { cells, ..*self }
    }

    fn normalise(&mut self) {
        let length = |cell: &[f32; DIRECTIONS]| cell.iter().map(|v| v * v).sum::<f32>().sqrt();
        let (sum, count) = self
            .cells
            .iter()
            .map(length)
            .filter(|length| *length > 0.0)
            .fold((0.0f64, 0u32), |(sum, count), length| {
                (sum + f64::from(length), count + 1)
            });
        let noise = NOISE_SHARE * (sum / f64::from(count.max(1))) as f32 + 1e-3;
        for cell in &mut self.cells {
            let scale = 1.0 / (length(cell) + noise);
            cell.iter_mut().for_each(|value| *value *= scale);
        }
    }
}
