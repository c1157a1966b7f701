//! Lays two small pictures of one ground over each other: which turn and shift makes the second fit the first.
//!
//! Both are grey, straightened to the ground by the caller and strongly reduced; what is compared is their fine
//! structure (local mean taken out), so that light, shadow and haze matter little. All turns asked for and all whole
//! shifts within reach are tried on pictures reduced once more by three, the best is then refined at full size.

use image::RgbImage;

/// A grey picture, row by row, with pixels that show nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    width: usize,
    height: usize,
    values: Vec<f32>,
    /// 1 where a value is known, else 0.
    known: Vec<f32>,
}

/// How the second patch lies on the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Turn of the second patch about its centre, clockwise as seen, rad.
    pub turn_rad: f64,
    /// Where the second patch's centre lies from the first one's, (right, down), px.
    pub shift_px: [f64; 2],
    /// Normalised correlation, −1 to 1.
    pub score: f64,
    /// The best correlation at a clearly different turn or shift.
    pub runner_up: f64,
    /// Share of the smaller patch that overlaps.
    pub overlap: f64,
}

impl Match {
    /// Whether it stands out: well correlated, and nothing else nearly as well.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.score >= LEAST_SCORE && self.runner_up <= MOST_RIVAL * self.score
    }
}

/// Correlation below this is chance.
const LEAST_SCORE: f64 = 0.25;
/// A rival this near to the best makes it unclear.
const MOST_RIVAL: f64 = 0.75;
/// Reduction of the first search.
const COARSE: usize = 3;
/// Half the side of the square whose mean is taken out, coarse px.
const LOCAL_PX: usize = 3;
/// Patches that overlap by less than this share of the smaller one are not compared.
const LEAST_OVERLAP: f64 = 0.2;
/// Shifts nearer than this are the same place, coarse px.
const SAME_PLACE_PX: f64 = 4.0;
/// Sums that are kept apart while correlating.
const LANES: usize = 8;
/// Turns nearer than this are the same turn, rad.
const SAME_TURN_RAD: f64 = 0.5;

impl Patch {
    /// A patch of `width` × `height` whose pixel (x, y) shows what `picture` shows at `at(x, y)`, in its own pixels;
    /// `None` and places outside the picture are unknown. Bilinear between pixel centres.
    pub fn sampled(
        picture: &Grey,
        [width, height]: [usize; 2],
        at: impl Fn(usize, usize) -> Option<[f64; 2]>,
    ) -> Self {
        let mut patch = Self::empty(width, height);
        for y in 0..height {
            for x in 0..width {
                if let Some(value) = at(x, y).and_then(|place| picture.at(place)) {
                    patch.values[y * width + x] = value;
                    patch.known[y * width + x] = 1.0;
                }
            }
        }
        patch
    }

    fn empty(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
            known: vec![0.0; width * height],
        }
    }

    /// Mean of squares of `by` × `by`, known where most of the square is.
    fn reduced(&self, by: usize) -> Self {
        let mut small = Self::empty(self.width / by, self.height / by);
        for y in 0..small.height {
            for x in 0..small.width {
                let (mut sum, mut n) = (0.0, 0.0);
                for row in y * by..(y + 1) * by {
                    for at in row * self.width + x * by..row * self.width + (x + 1) * by {
                        sum += self.values[at] * self.known[at];
                        n += self.known[at];
                    }
                }
                if 2.0 * n > (by * by) as f32 {
                    small.values[y * small.width + x] = sum / n;
                    small.known[y * small.width + x] = 1.0;
                }
            }
        }
        small
    }

    /// Turned clockwise about its centre.
    fn turned(&self, turn_rad: f64) -> Self {
        let (sin, cos) = turn_rad.sin_cos();
        let middle = [self.width as f64 / 2.0, self.height as f64 / 2.0];
        let side = self.width.max(self.height);
        let half = side as f64 / 2.0;
        let mut turned = Self::empty(side, side);
        for y in 0..side {
            for x in 0..side {
                let (right, down) = (x as f64 + 0.5 - half, y as f64 + 0.5 - half);
                // Back: anticlockwise on a picture whose y goes down.
                let from = [
                    middle[0] + cos * right + sin * down,
                    middle[1] - sin * right + cos * down,
                ];
                if let Some(value) = self.between(from) {
                    turned.values[y * side + x] = value;
                    turned.known[y * side + x] = 1.0;
                }
            }
        }
        turned
    }

    fn between(&self, [x, y]: [f64; 2]) -> Option<f32> {
        let (x, y) = (x - 0.5, y - 0.5);
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.width || top + 1 >= self.height {
            return None;
        }
        let at = top * self.width + left;
        let places = [at, at + 1, at + self.width, at + self.width + 1];
        if places.iter().any(|place| self.known[*place] == 0.0) {
            return None;
        }
        let [a, b, c, d] = places.map(|place| self.values[place]);
        let (fx, fy) = ((x - left as f64) as f32, (y - top as f64) as f32);
        let (upper, lower) = (a + (b - a) * fx, c + (d - c) * fx);
        Some(upper + (lower - upper) * fy)
    }

    /// Fine structure: each value less the mean of the known ones around it; unknown ones become 0.
    fn fine(&self, half: usize) -> Fine {
        let (sums, counts) = (self.integral(true), self.integral(false));
        let wide = self.width + 1;
        let mut values = vec![0.0; self.values.len()];
        for y in 0..self.height {
            let (top, bottom) = (y.saturating_sub(half), (y + half + 1).min(self.height));
            for x in 0..self.width {
                let (left, right) = (x.saturating_sub(half), (x + half + 1).min(self.width));
                let of = |table: &[f64]| {
                    table[bottom * wide + right] - table[top * wide + right] - table[bottom * wide + left]
                        + table[top * wide + left]
                };
                let at = y * self.width + x;
                let mean = of(&sums) / of(&counts).max(1.0);
                values[at] = (self.values[at] - mean as f32) * self.known[at];
            }
        }
        Fine {
            width: self.width,
            height: self.height,
            squares: values.iter().map(|value| value * value).collect(),
            known: self.known.clone(),
            values,
        }
    }

    /// Summed-area table of the known values, or of how many there are.
    fn integral(&self, of_values: bool) -> Vec<f64> {
        let wide = self.width + 1;
        let mut table = vec![0.0; wide * (self.height + 1)];
        for y in 0..self.height {
            let mut row = 0.0;
            for x in 0..self.width {
                let at = y * self.width + x;
                let value = if of_values { self.values[at] } else { 1.0 };
                row += f64::from(value * self.known[at]);
                table[(y + 1) * wide + x + 1] = table[y * wide + x + 1] + row;
            }
        }
        table
    }
}

/// The fine structure of a patch.
struct Fine {
    width: usize,
    height: usize,
    values: Vec<f32>,
    squares: Vec<f32>,
    known: Vec<f32>,
}

impl Fine {
    fn known_count(&self) -> f64 {
        f64::from(self.known.iter().sum::<f32>())
    }
}

/// A grey picture of 0 to 255.
#[derive(Debug, Clone, PartialEq)]
pub struct Grey {
    width: usize,
    height: usize,
    values: Vec<f32>,
    /// Original pixels per pixel.
    scale: f64,
}

impl Grey {
    /// `picture` with its longer side reduced to about `longest_px` by the mean of whole squares.
    #[must_use]
    pub fn reduced(picture: &RgbImage, longest_px: u32) -> Self {
        let by = (picture.width().max(picture.height()) / longest_px.max(1)).max(1) as usize;
        let (width, height) = (picture.width() as usize / by, picture.height() as usize / by);
        let mut values = vec![0.0; width * height];
        let row_bytes = picture.width() as usize * 3;
        let raw = picture.as_raw();
        for (y, row) in values.chunks_mut(width.max(1)).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let mut sum = 0_u32;
                for line in y * by..(y + 1) * by {
                    let start = line * row_bytes + x * by * 3;
                    sum += raw[start..start + by * 3]
                        .chunks_exact(3)
                        .map(|pixel| 2 * u32::from(pixel[0]) + 5 * u32::from(pixel[1]) + u32::from(pixel[2]))
                        .sum::<u32>();
                }
                *value = sum as f32 / (8 * by * by) as f32;
            }
        }
        Self {
            width,
            height,
            values,
            scale: by as f64,
        }
    }

    /// The value at a place in pixels of the original picture.
    fn at(&self, [x_px, y_px]: [f64; 2]) -> Option<f32> {
        let (x, y) = (x_px / self.scale - 0.5, y_px / self.scale - 0.5);
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.width || top + 1 >= self.height {
            return None;
        }
        let at = top * self.width + left;
        let (fx, fy) = ((x - left as f64) as f32, (y - top as f64) as f32);
        let along = |at: usize| self.values[at] + (self.values[at + 1] - self.values[at]) * fx;
        let (upper, lower) = (along(at), along(at + self.width));
        Some(upper + (lower - upper) * fy)
    }
}

/// The turn (of those in `turns_rad`) and the shift (up to `reach_px` right, left, up and down together) that make
/// `b` fit `a` best; `None` where they hardly overlap or show nothing. Its cost grows with the square of the reach.
#[must_use]
pub fn register(a: &Patch, b: &Patch, turns_rad: &[f64], reach_px: f64) -> Option<Match> {
    let coarse_a = a.reduced(COARSE).fine(LOCAL_PX);
    let coarse_b = b.reduced(COARSE);
    let reach = (reach_px / COARSE as f64).ceil() as i64;
    let mut tried: Vec<(f64, [i64; 2], f64)> = Vec::new();
    for &turn_rad in turns_rad {
        let turned = coarse_b.turned(turn_rad).fine(LOCAL_PX);
        let smaller = coarse_a.known_count().min(turned.known_count());
        for down in -reach..=reach {
            for right in -reach..=reach {
                if right * right + down * down > reach * reach {
                    continue;
                }
                if let Some((score, _)) = correlation(&coarse_a, &turned, [right, down], smaller) {
                    tried.push((turn_rad, [right, down], score));
                }
            }
        }
    }
    let best = tried.iter().copied().max_by(|x, y| x.2.total_cmp(&y.2))?;
    let is_rival = |other: &&(f64, [i64; 2], f64)| {
        let apart = ((other.1[0] - best.1[0]) as f64).hypot((other.1[1] - best.1[1]) as f64);
        let turn = (other.0 - best.0).rem_euclid(std::f64::consts::TAU);
        apart > SAME_PLACE_PX || turn.min(std::f64::consts::TAU - turn) > SAME_TURN_RAD
    };
    let runner_up = tried
        .iter()
        .filter(is_rival)
        .map(|other| other.2)
        .fold(0.0, f64::max);
    refined(a, b, best, runner_up)
}

/// The best of the first search again at full size, with a parabola through the neighbours for the fraction.
fn refined(a: &Patch, b: &Patch, best: (f64, [i64; 2], f64), runner_up: f64) -> Option<Match> {
    let (turn_rad, coarse, score) = best;
    let half = LOCAL_PX * COARSE;
    let (a, b) = (a.fine(half), b.turned(turn_rad).fine(half));
    let smaller = a.known_count().min(b.known_count());
    let at = |place: [i64; 2]| correlation(&a, &b, place, smaller);
    let start = coarse.map(|place| place * COARSE as i64);
    let reach = COARSE as i64 + 1;
    let around = (-reach..=reach).flat_map(|down| (-reach..=reach).map(move |right| [right, down]));
    let (place, overlap, fine_score) = around
        .filter_map(|step| {
            let place = [start[0] + step[0], start[1] + step[1]];
            at(place).map(|(score, overlap)| (place, overlap, score))
        })
        .max_by(|x, y| x.2.total_cmp(&y.2))?;
    let fraction = |axis: usize| {
        let step = |by: i64| {
            let mut moved = place;
            moved[axis] += by;
            at(moved).map_or(-1.0, |(score, _)| score)
        };
        let (less, more) = (step(-1), step(1));
        let bend = less - 2.0 * fine_score + more;
        if bend < -1e-9 {
            ((less - more) / (2.0 * bend)).clamp(-0.5, 0.5)
        } else {
            0.0
        }
    };
    Some(Match {
        turn_rad,
        shift_px: [place[0] as f64 + fraction(0), place[1] as f64 + fraction(1)],
        score,
        runner_up,
        overlap,
    })
}

/// Correlation of `b`, its centre moved by `shift` from that of `a`, over what both know, and the share of overlap.
fn correlation(a: &Fine, b: &Fine, shift: [i64; 2], smaller: f64) -> Option<(f64, f64)> {
    let offset = [
        shift[0] + (a.width as i64 - b.width as i64) / 2,
        shift[1] + (a.height as i64 - b.height as i64) / 2,
    ];
    let rows = offset[1].max(0)..(offset[1] + b.height as i64).min(a.height as i64);
    let columns = offset[0].max(0)..(offset[0] + b.width as i64).min(a.width as i64);
    if rows.is_empty() || columns.is_empty() {
        return None;
    }
    let length = (columns.end - columns.start) as usize;
    let mut sums = [[0.0_f32; LANES]; 4];
    for row in rows {
        let in_a = row as usize * a.width + columns.start as usize;
        let in_b = (row - offset[1]) as usize * b.width + (columns.start - offset[0]) as usize;
        let (va, ka) = (&a.values[in_a..in_a + length], &a.known[in_a..in_a + length]);
        let (vb, kb) = (&b.values[in_b..in_b + length], &b.known[in_b..in_b + length]);
        let (qa, qb) = (&a.squares[in_a..in_a + length], &b.squares[in_b..in_b + length]);
        for (sum, (x, y)) in sums.iter_mut().zip([(va, vb), (qa, kb), (qb, ka), (ka, kb)]) {
            add_products(sum, x, y);
        }
    }
    let [ab, aa, bb, n] = sums.map(|lanes| lanes.into_iter().map(f64::from).sum::<f64>());
    let enough = n >= LEAST_OVERLAP * smaller && aa > 0.0 && bb > 0.0;
    enough.then(|| (ab / (aa * bb).sqrt(), n / smaller.max(1.0)))
}

/// Adds the products of two rows. In lanes, since a processor adds several at once only where the order of adding is
/// left to it.
fn add_products(sums: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in whole_a.iter().zip(whole_b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *sum += a * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scatter of blots, the same whatever the place it is looked at from.
    fn scene(x: f64, y: f64) -> u8 {
        let cell = |x: f64, y: f64| {
            let h = ((x.floor() as i64).wrapping_mul(73_856_093)
                ^ (y.floor() as i64).wrapping_mul(19_349_663)) as u64;
            (h.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
        };
        cell(x / 7.0, y / 7.0) / 2 + cell(x / 17.0 + 300.0, y / 17.0) / 2
    }

    /// A picture of 240 × 180 taken at `centre`, turned clockwise by `turn_rad`: its up is there.
    fn picture(centre: [f64; 2], turn_rad: f64) -> Patch {
        let (sin, cos) = turn_rad.sin_cos();
        let image = RgbImage::from_fn(240, 180, |x, y| {
            let (right, down) = (f64::from(x) - 119.5, f64::from(y) - 89.5);
            let value = scene(
                centre[0] + cos * right - sin * down,
                centre[1] + sin * right + cos * down,
            );
            image::Rgb([value; 3])
        });
        Patch::sampled(&Grey::reduced(&image, 240), [240, 180], |x, y| {
            Some([x as f64 + 0.5, y as f64 + 0.5])
        })
    }

    const TURNS: [f64; 6] = [
        -0.1,
        0.0,
        0.1,
        std::f64::consts::PI - 0.1,
        std::f64::consts::PI,
        std::f64::consts::PI + 0.1,
    ];

    #[test]
    fn a_shift_is_found_to_the_pixel() {
        let found = register(
            &picture([500.0, 500.0], 0.0),
            &picture([537.0, 488.0], 0.0),
            &TURNS,
            60.0,
        )
        .unwrap();
        assert!(found.is_clear(), "{found:?}");
        assert_eq!(found.turn_rad, 0.0);
        assert!(
            (found.shift_px[0] - 37.0).abs() < 0.6 && (found.shift_px[1] + 12.0).abs() < 0.6,
            "{found:?}"
        );
    }

    #[test]
    fn a_picture_upside_down_is_found_turned() {
        let turned = picture([480.0, 520.0], std::f64::consts::PI);
        let found = register(&picture([500.0, 500.0], 0.0), &turned, &TURNS, 60.0).unwrap();
        assert!(found.is_clear(), "{found:?}");
        assert_eq!(found.turn_rad, std::f64::consts::PI);
        assert!(
            (found.shift_px[0] + 20.0).abs() < 1.2 && (found.shift_px[1] - 20.0).abs() < 1.2,
            "{found:?}"
        );
    }

    #[test]
    fn other_ground_is_not_clear_and_plain_ground_is_nothing() {
        let other = register(
            &picture([500.0, 500.0], 0.0),
            &picture([5000.0, 900.0], 0.0),
            &TURNS,
            60.0,
        )
        .unwrap();
        assert!(!other.is_clear(), "{other:?}");
        let plain = RgbImage::from_pixel(240, 180, image::Rgb([90; 3]));
        let plain = Patch::sampled(&Grey::reduced(&plain, 240), [240, 180], |x, y| {
            Some([x as f64, y as f64])
        });
        assert!(register(&plain, &plain, &TURNS, 30.0).is_none());
    }

    #[test]
    fn what_a_picture_does_not_show_is_unknown() {
        let image = RgbImage::from_fn(60, 40, |x, _| image::Rgb([x as u8; 3]));
        let patch = Patch::sampled(&Grey::reduced(&image, 60), [10, 1], |x, _| {
            Some([x as f64 * 10.0, 20.0])
        });
        assert_eq!(patch.known, [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(patch.values[2], 19.5);
    }
}
