//! Looking for blocks of one picture in another.

use super::super::affine::Tie;
use super::super::gradients::{DIRECTIONS, Gradients};
use super::super::plane::Plane;

/// Side of a block, pixels of the level.
const BLOCK_PX: usize = 40;
/// Blocks along one side of a picture at most.
const MOST_ALONG: usize = 12;
/// Every so many-th pixel of a block is compared, in the wide search of the coarsest level and in the others.
const STEPS: [usize; 2] = [3, 2];
/// Least share of a block that both pictures have to show.
const LEAST_SHOWN: f32 = 0.85;
/// Least mean strength of edges in a block, of at most 1.
const LEAST_TEXTURE: f32 = 0.12;
/// Least likeness of a block to its best place.
const LEAST_LIKENESS: f32 = 0.3;
/// A block counts only if its best place stands out by this from all others.
const LEAST_LEAD: f32 = 0.015;
/// After the common shift is known, a block's own may differ from it by this, pixels of the coarsest level.
const OWN_REACH_PX: isize = 6;

/// Two pictures of one size and where they show something.
pub(super) struct Matching<'g> {
    pub(super) first: &'g Gradients,
    pub(super) second: &'g Gradients,
    pub(super) first_valid: &'g Plane,
    pub(super) second_valid: &'g Plane,
    /// Whether this is the wide search.
    pub(super) wide: bool,
}

/// Likeness of one block to the places around it.
struct Surface {
    centre: [f64; 2],
    reach: isize,
    likeness: Vec<f32>,
}

/// Where the blocks of the first picture lie in the second. In the wide search, the shift that all blocks like best
/// is found first, so that a block cannot be led far astray by something that looks like it.
pub(super) fn matches(matching: &Matching<'_>, reach: usize) -> Vec<Tie> {
    let (width, height) = (matching.first.width, matching.first.height);
    let mut surfaces = Vec::new();
    for top in starts(height) {
        for left in starts(width) {
            surfaces.extend(matching.surface([left, top], reach as isize));
        }
    }
    let middle = if matching.wide {
        common_shift(&surfaces, reach as isize)
    } else {
        [0, 0]
    };
    let own_reach = if matching.wide {
        OWN_REACH_PX
    } else {
        reach as isize
    };
    surfaces
        .iter()
        .filter_map(|surface| surface.tie(middle, own_reach))
        .collect()
}

fn starts(length: usize) -> Vec<usize> {
    let Some(room) = length.checked_sub(BLOCK_PX) else {
        return Vec::new();
    };
    let count = (room * 3 / (2 * BLOCK_PX) + 1).min(MOST_ALONG);
    (0..count)
        .map(|index| room * index / (count - 1).max(1))
        .collect()
}

fn common_shift(surfaces: &[Surface], reach: isize) -> [isize; 2] {
    let side = 2 * reach + 1;
    let mut best = ([0, 0], f32::NEG_INFINITY);
    for index in 0..(side * side) as usize {
        let (sum, count) = surfaces
            .iter()
            .map(|surface| surface.likeness[index])
            .filter(|likeness| likeness.is_finite())
            .fold((0.0, 0usize), |(sum, count), likeness| {
                (sum + likeness, count + 1)
            });
        // A shift that leaves most blocks outside is no candidate.
        if count * 2 < surfaces.len() || count == 0 {
            continue;
        }
        let mean = sum / count as f32;
        if mean > best.1 {
            let index = index as isize;
            best = ([index % side - reach, index / side - reach], mean);
        }
    }
    best.0
}

impl Matching<'_> {
    fn step(&self) -> usize {
        STEPS[usize::from(!self.wide)]
    }

    fn surface(&self, [left, top]: [usize; 2], reach: isize) -> Option<Surface> {
        if shown(self.first_valid, left as isize, top as isize) < LEAST_SHOWN {
            return None;
        }
        let width = self.first.width;
        let mut own = 0.0;
        let mut count = 0;
        for y in (top..top + BLOCK_PX).step_by(self.step()) {
            for x in (left..left + BLOCK_PX).step_by(self.step()) {
                own += square(&self.first.cells[y * width + x]);
                count += 1;
            }
        }
        if (own / count as f32).sqrt() < LEAST_TEXTURE {
            return None;
        }
        let mut likeness = Vec::with_capacity((2 * reach + 1).pow(2) as usize);
        for down in -reach..=reach {
            for across in -reach..=reach {
                likeness.push(self.likeness([left, top], [across, down], own));
            }
        }
        Some(Surface {
            centre: [left, top].map(|start| start as f64 + BLOCK_PX as f64 / 2.0),
            reach,
            likeness,
        })
    }

    /// Normalised correlation; not a number where the second picture shows too little.
    fn likeness(&self, [left, top]: [usize; 2], [across, down]: [isize; 2], own: f32) -> f32 {
        let (x0, y0) = (left as isize + across, top as isize + down);
        let fits = x0 >= 0
            && y0 >= 0
            && x0 as usize + BLOCK_PX <= self.second.width
            && y0 as usize + BLOCK_PX <= self.second.height;
        if !fits || shown(self.second_valid, x0, y0) < LEAST_SHOWN {
            return f32::NAN;
        }
        let (x0, y0) = (x0 as usize, y0 as usize);
        let (mut product, mut other) = (0.0, 0.0);
        for y in (0..BLOCK_PX).step_by(self.step()) {
            let ours = &self.first.cells[(top + y) * self.first.width + left..][..BLOCK_PX];
            let theirs = &self.second.cells[(y0 + y) * self.second.width + x0..][..BLOCK_PX];
            for (a, b) in ours
                .iter()
                .step_by(self.step())
                .zip(theirs.iter().step_by(self.step()))
            {
                product += dot(a, b);
                other += square(b);
            }
        }
        product / (own * other).sqrt().max(1e-6)
    }
}

impl Surface {
    fn at(&self, [across, down]: [isize; 2]) -> f32 {
        if across.abs() > self.reach || down.abs() > self.reach {
            return f32::NAN;
        }
        let side = 2 * self.reach + 1;
        self.likeness[((down + self.reach) * side + across + self.reach) as usize]
    }

    /// The block's best place within `reach` of `middle`, between pixels, if it stands out.
    fn tie(&self, middle: [isize; 2], reach: isize) -> Option<Tie> {
        let mut best = ([0, 0], f32::NEG_INFINITY);
        for down in middle[1] - reach..=middle[1] + reach {
            for across in middle[0] - reach..=middle[0] + reach {
                let likeness = self.at([across, down]);
                if likeness > best.1 {
                    best = ([across, down], likeness);
                }
            }
        }
        let ([across, down], likeness) = best;
        if likeness < LEAST_LIKENESS {
            return None;
        }
        let mut rival = f32::NEG_INFINITY;
        for y in middle[1] - reach..=middle[1] + reach {
            for x in middle[0] - reach..=middle[0] + reach {
                if (x - across).abs().max((y - down).abs()) > 2 {
                    rival = rival.max(self.at([x, y]));
                }
            }
        }
        let lead = likeness - rival.max(0.0);
        if lead < LEAST_LEAD {
            return None;
        }
        // A peak on the rim may be the slope of one beyond it.
        let x = vertex([-1, 0, 1].map(|step| self.at([across + step, down])))?;
        let y = vertex([-1, 0, 1].map(|step| self.at([across, down + step])))?;
        Some(Tie {
            from: self.centre,
            to: [
                self.centre[0] + across as f64 + x,
                self.centre[1] + down as f64 + y,
            ],
            weight: f64::from(likeness),
        })
    }
}

/// Where the parabola through three neighbours has its top, −½ to ½ from the middle one.
fn vertex([before, here, after]: [f32; 3]) -> Option<f64> {
    let curve = before - 2.0 * here + after;
    // Not a number fails this, too.
    (curve < 0.0).then(|| f64::from((0.5 * (before - after) / curve).clamp(-0.5, 0.5)))
}

/// Share of a block that a picture shows, from nine places of it.
fn shown(valid: &Plane, left: isize, top: isize) -> f32 {
    let far = BLOCK_PX as isize - 1;
    let places = [0, far / 2, far];
    let sum: f32 = places
        .iter()
        .flat_map(|down| {
            places
                .iter()
                .map(move |across| valid.at(left + across, top + down))
        })
        .sum();
    sum / 9.0
}

fn dot(a: &[f32; DIRECTIONS], b: &[f32; DIRECTIONS]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn square(a: &[f32; DIRECTIONS]) -> f32 {
    dot(a, a)
}
