//! How good a map of changes is where the truth is known, and the plain difference to measure it against.

use image::RgbImage;

use super::plane::Plane;
use super::regions::hanging_together;

/// Counts of one pair or of many, which are added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changed pixels that were found.
    pub found_px: u64,
    /// Pixels that were called changed and are not.
    pub false_px: u64,
    /// Changed pixels that were not found.
    pub missed_px: u64,
    /// Objects of the truth.
    pub objects: u64,
    /// Of these, found: enough of their pixels were.
    pub objects_found: u64,
    /// Objects that were called changed.
    pub called: u64,
    /// Of these, right: enough of their pixels are.
    pub called_right: u64,
}

impl Counts {
    /// Compares a result with the truth, both row by row in `width` columns. An object is what hangs together
    /// over pixel sides, of at least `smallest_px` pixels; it is found, and a called one is right, where more
    /// than `overlap` of its own pixels are in the other.
    #[must_use]
    pub fn of(called: &[bool], truth: &[bool], width: usize, (overlap, smallest_px): (f64, u64)) -> Self {
        let count = |call: bool, is: bool| {
            called
                .iter()
                .zip(truth)
                .filter(|(a, b)| **a == call && **b == is)
                .count() as u64
        };
        let (objects, objects_found) = objects(truth, called, width, (overlap, smallest_px));
        let (things, things_right) = self::objects(called, truth, width, (overlap, smallest_px));
        Self {
            found_px: count(true, true),
            false_px: count(true, false),
            missed_px: count(false, true),
            objects,
            objects_found,
            called: things,
            called_right: things_right,
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            found_px: self.found_px + other.found_px,
            false_px: self.false_px + other.false_px,
            missed_px: self.missed_px + other.missed_px,
            objects: self.objects + other.objects,
            objects_found: self.objects_found + other.objects_found,
            called: self.called + other.called,
            called_right: self.called_right + other.called_right,
        }
    }

    /// F1 of the pixels: 2 found / (2 found + false + missed); 1 where nothing changed and nothing was called.
    #[must_use]
    pub fn pixel_f1(&self) -> f64 {
        share(
            2 * self.found_px,
            2 * self.found_px + self.false_px + self.missed_px,
        )
    }

    /// Share of the objects that were found; 1 where there are none.
    #[must_use]
    pub fn object_recall(&self) -> f64 {
        share(self.objects_found, self.objects)
    }

    /// Share of the called objects that are right; 1 where none was called.
    #[must_use]
    pub fn object_precision(&self) -> f64 {
        share(self.called_right, self.called)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn objects(of: &[bool], other: &[bool], width: usize, (overlap, smallest_px): (f64, u64)) -> (u64, u64) {
    let (labels, count) = hanging_together(of, width.max(1));
    let mut sizes = vec![(0u64, 0u64); count as usize + 1];
    for (label, other) in labels.iter().zip(other) {
        let (size, shared) = &mut sizes[*label as usize];
        *size += 1;
        *shared += u64::from(*other);
    }
    let large: Vec<_> = sizes[1..]
        .iter()
        .filter(|(size, _)| *size >= smallest_px)
        .collect();
    let met = large
        .iter()
        .filter(|(size, shared)| *shared as f64 > overlap * *size as f64)
        .count();
    (large.len() as u64, met as u64)
}

/// Mean absolute difference of the three colours, 0..255: the plainest way to compare two pictures of one size.
#[must_use]
pub fn plain_difference(first: &RgbImage, second: &RgbImage) -> Plane {
    let values = first
        .pixels()
        .zip(second.pixels())
        .map(|(a, b)| {
            let sum: u32 = a.0.iter().zip(b.0).map(|(a, b)| u32::from(a.abs_diff(b))).sum();
            sum as f32 / 3.0
        })
        .collect();
    Plane {
        width: first.width() as usize,
        height: first.height() as usize,
        values,
    }
}

/// The threshold that parts the values 0..255 best into two groups (Otsu 1979).
#[must_use]
pub fn otsu(plane: &Plane) -> f32 {
    let mut counts = [0u64; 256];
    for value in &plane.values {
        counts[value.clamp(0.0, 255.0) as usize] += 1;
    }
    let total: u64 = counts.iter().sum();
    let sum: f64 = (0u32..)
        .zip(counts)
        .map(|(value, count)| f64::from(value) * count as f64)
        .sum();
    let (mut below, mut below_sum) = (0u64, 0.0);
    let mut best = (0.0, 0.0f32);
    for (value, count) in (0u16..).zip(counts) {
        below += count;
        below_sum += f64::from(value) * count as f64;
        let above = total - below;
        if below == 0 || above == 0 {
            continue;
        }
        let apart = below_sum / below as f64 - (sum - below_sum) / above as f64;
        let between = below as f64 * above as f64 * apart * apart;
        if between > best.0 {
            best = (between, f32::from(value) + 1.0);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_their_definitions() {
        // Two objects of the truth; the first is found by three quarters, the second not at all.
        let truth = [1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1].map(|v| v == 1);
        let called = [1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0].map(|v| v == 1);
        let counts = Counts::of(&called, &truth, 6, (0.5, 1));
        assert_eq!((counts.found_px, counts.false_px, counts.missed_px), (3, 1, 3));
        assert!((counts.pixel_f1() - 0.6).abs() < 1e-12);
        assert_eq!((counts.objects, counts.objects_found), (2, 1));
        assert_eq!((counts.called, counts.called_right), (2, 1));
        let none = Counts::of(&[false; 4], &[false; 4], 2, (0.5, 1));
        assert_eq!(
            (none.pixel_f1(), none.object_recall(), none.object_precision()),
            (1.0, 1.0, 1.0)
        );
        assert_eq!(counts.and(&none), counts);
    }

    #[test]
    fn otsu_parts_two_groups() {
        let plane = Plane {
            width: 4,
            height: 2,
            values: vec![3.0, 5.0, 4.0, 6.0, 120.0, 130.0, 125.0, 4.0],
        };
        let threshold = otsu(&plane);
        assert!(threshold > 6.0 && threshold <= 120.0, "{threshold}");
    }

    #[test]
    fn plain_difference_is_the_mean_over_the_colours() {
        let first = RgbImage::from_pixel(2, 1, image::Rgb([10, 20, 30]));
        let second = RgbImage::from_pixel(2, 1, image::Rgb([13, 14, 30]));
        assert_eq!(plain_difference(&first, &second).values, [3.0, 3.0]);
    }
}
