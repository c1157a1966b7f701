//! How one picture lies on another: coarse to fine, blocks of oriented gradients are looked for in the other
//! picture, and the map that most of them agree on is kept. What cannot be agreed on is an error, not a guess.

use image::RgbImage;
use thiserror::Error;

use super::affine::{Affine, Tie};
use super::gradients::Gradients;
use super::plane::Plane;

mod blocks;

use blocks::{Matching, matches};

/// How far and how finely to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegisterOptions {
    /// Farthest shift that is looked for, pixels of the first picture.
    pub reach_px: f64,
}

impl Default for RegisterOptions {
    /// 48 px: three of the pose's standard deviations at 25 cm a pixel.
    fn default() -> Self {
        Self { reach_px: 48.0 }
    }
}

/// How the second picture lies on the first, and how sure that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// From pixels of the first picture to those of the second.
    pub second_from_first: Affine,
    /// Root mean square of what is left between the blocks that agree, pixels (both axes together).
    pub residual_px: f64,
    /// Blocks that agree.
    pub agreeing: usize,
    /// Blocks with enough in them to be looked for.
    pub blocks: usize,
}

/// Why two pictures cannot be laid on each other.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RegisterError {
    /// Hardly anything is seen by both.
    #[error("the pictures share too little ground: only {blocks} places are seen sharply enough by both")]
    TooLittleShared {
        /// Blocks that could be compared.
        blocks: usize,
    },
    /// The blocks do not agree on one map.
    #[error("the pictures do not lie on each other: only {agreeing} of {blocks} places agree on how")]
    NoAgreement {
        /// Blocks that agree.
        agreeing: usize,
        /// Blocks with enough in them to be looked for.
        blocks: usize,
    },
}

/// The finest level that is looked at has no longer side than this: finer ones cost more than they give.
const FINEST_SIDE_PX: usize = 1200;
/// The coarsest level has about this shorter side.
const COARSEST_SIDE_PX: usize = 150;
/// Blocks within this distance of the map agree with it, pixels of the level.
const AGREES_PX: f64 = 1.6;
/// Fewest blocks that have to agree, on the coarsest level and in the end, and least share of all.
const FEWEST_AT_FIRST: usize = 5;
const FEWEST_AGREEING: usize = 8;
const LEAST_SHARE: f64 = 0.25;
/// So many agreeing blocks allow an affine map; fewer, only turn, scale and shift.
const ENOUGH_FOR_AFFINE: usize = 20;
/// Search at all levels but the coarsest, pixels of the level.
const NEARBY_PX: usize = 5;

/// Finds how `second` lies on `first`. `valid` planes are 1 where there is a picture and 0 elsewhere. Both
/// pictures are about as sharp and turned about the same way: within some 6° and 6 % of scale.
///
/// # Errors
/// Any [`RegisterError`].
pub fn register(
    (first, first_valid): (&RgbImage, &Plane),
    (second, second_valid): (&RgbImage, &Plane),
    options: &RegisterOptions,
) -> Result<Registration, RegisterError> {
    let levels = pyramid(
        (Plane::brightness(first), first_valid.clone()),
        (Plane::brightness(second), second_valid.clone()),
    );
    let mut map = Affine::IDENTITY;
    let mut agreement = None;
    for (number, level) in levels.iter().enumerate().rev() {
        let factor = f64::from(1u32 << number);
        let coarsest = number + 1 == levels.len();
        let reach = if coarsest {
            (options.reach_px / factor).ceil() as usize + 1
        } else {
            NEARBY_PX
        };
        let found = level.refine(&map.scaled(1.0 / factor), reach, coarsest)?;
        map = found.map.scaled(factor);
        agreement = Some((found, factor));
        if level.first.0.width.max(level.first.0.height) * 2 > FINEST_SIDE_PX && number > 0 {
            break;
        }
    }
    let Some((found, factor)) = agreement else {
        return Err(RegisterError::TooLittleShared { blocks: 0 });
    };
    Ok(Registration {
        second_from_first: map,
        residual_px: found.residual_px * factor,
        agreeing: found.agreeing,
        blocks: found.blocks,
    })
}

type Half = (Plane, Plane);

struct Level {
    first: Half,
    second: Half,
}

struct Agreement {
    map: Affine,
    residual_px: f64,
    agreeing: usize,
    blocks: usize,
}

fn pyramid(first: Half, second: Half) -> Vec<Level> {
    let mut levels = vec![Level { first, second }];
    while let Some(last) = levels.last() {
        let side = last.first.0.width.min(last.first.0.height);
        if side < 2 * COARSEST_SIDE_PX {
            break;
        }
        let half = |(picture, valid): &Half| {
            let mut valid = valid.halved();
            valid
                .values
                .iter_mut()
                .for_each(|value| *value = if *value > 0.99 { 1.0 } else { 0.0 });
            (picture.halved(), valid)
        };
        let next = Level {
            first: half(&last.first),
            second: half(&last.second),
        };
        levels.push(next);
    }
    levels
}

impl Level {
    /// The map after looking for every block `reach` pixels around where `map` puts it.
    fn refine(&self, map: &Affine, reach: usize, coarsest: bool) -> Result<Agreement, RegisterError> {
        let warped = self.second_on_first(map);
        let first = Gradients::of(&self.first.0, &self.first.1);
        let second = Gradients::of(&warped.0, &warped.1);
        let matching = Matching {
            first: &first,
            second: &second,
            first_valid: &self.first.1,
            second_valid: &warped.1,
            wide: coarsest,
        };
        let ties = matches(&matching, reach);
        let fewest = if coarsest {
            FEWEST_AT_FIRST
        } else {
            FEWEST_AGREEING
        };
        if ties.len() < fewest {
            return Err(RegisterError::TooLittleShared { blocks: ties.len() });
        }
        let step = agreed(&ties, coarsest);
        let near = |tie: &&Tie| distance(&step, tie) <= AGREES_PX;
        let inner: Vec<Tie> = ties.iter().filter(near).copied().collect();
        let needed = fewest.max((LEAST_SHARE * ties.len() as f64).ceil() as usize);
        if inner.len() < needed {
            return Err(RegisterError::NoAgreement {
                agreeing: inner.len(),
                blocks: ties.len(),
            });
        }
        let squares: f64 = inner.iter().map(|tie| distance(&step, tie).powi(2)).sum();
        Ok(Agreement {
            map: step.then(map),
            residual_px: (squares / inner.len() as f64).sqrt(),
            agreeing: inner.len(),
            blocks: ties.len(),
        })
    }

    /// The second picture laid on the first by `map`.
    fn second_on_first(&self, map: &Affine) -> Half {
        let (picture, valid) = &self.second;
        let (width, height) = (self.first.0.width, self.first.0.height);
        let mut warped = (
            Plane::filled(width, height, 0.0),
            Plane::filled(width, height, 0.0),
        );
        for y in 0..height {
            for x in 0..width {
                let [u, v] = map.apply([x as f64 + 0.5, y as f64 + 0.5]);
                let inside = u >= 0.5
                    && v >= 0.5
                    && u <= picture.width as f64 - 0.5
                    && v <= picture.height as f64 - 0.5;
                if inside && valid.at(u as isize, v as isize) > 0.5 {
                    warped.0.values[y * width + x] = picture.between([u, v]);
                    warped.1.values[y * width + x] = 1.0;
                }
            }
        }
        warped
    }
}

fn distance(map: &Affine, tie: &Tie) -> f64 {
    let [x, y] = map.apply(tie.from);
    (x - tie.to[0]).hypot(y - tie.to[1])
}

/// The map that most ties agree on: from the best of many exact ones through two ties each (all pairs of a few,
/// so that the answer is always the same), then least squares with outliers weighed down.
fn agreed(ties: &[Tie], coarsest: bool) -> Affine {
    let loose = if coarsest { 2.0 * AGREES_PX } else { AGREES_PX };
    let support = |map: &Affine| {
        ties.iter()
            .map(|tie| tie.weight * (1.0 - (distance(map, tie) / loose).powi(2)).max(0.0))
            .sum::<f64>()
    };
    let mut best = (Affine::IDENTITY, support(&Affine::IDENTITY));
    let mut consider = |map: Option<Affine>| {
        if let Some(map) = map.filter(is_near_identity) {
            let score = support(&map);
            if score > best.1 {
                best = (map, score);
            }
        }
    };
    let stride = (ties.len() / 40).max(1);
    let few: Vec<Tie> = ties.iter().step_by(stride).copied().collect();
    for (index, one) in few.iter().enumerate() {
        consider(Affine::fit_shift(&[*one]));
        for other in &few[index + 1..] {
            consider(Affine::fit_similarity(&[*one, *other]));
        }
    }
    polished(ties, best.0, loose)
}

fn polished(ties: &[Tie], start: Affine, loose: f64) -> Affine {
    let mut map = start;
    for round in 0..8 {
        let reach = if round < 3 { loose } else { AGREES_PX };
        let weighed: Vec<Tie> = ties
            .iter()
            .map(|tie| {
                let off = (distance(&map, tie) / (1.5 * reach)).min(1.0);
                Tie {
                    weight: tie.weight * (1.0 - off * off).powi(2),
                    ..*tie
                }
            })
            .filter(|tie| tie.weight > 0.0)
            .collect();
        let fitted = if weighed.len() >= ENOUGH_FOR_AFFINE && round >= 3 {
            Affine::fit(&weighed)
        } else if weighed.len() >= 4 {
            Affine::fit_similarity(&weighed)
        } else {
            Affine::fit_shift(&weighed)
        };
        match fitted.filter(is_near_identity) {
            Some(next) => map = next,
            None => break,
        }
    }
    map
}

/// Largest turn and change of scale of one step.
fn is_near_identity(map: &Affine) -> bool {
    let (turn, scale) = map.turn_and_scale();
    let [[a, b, _], [d, e, _]] = map.0;
    let skewed = (a - e).abs().max((b + d).abs());
    turn.abs() < 0.14 && (0.88..1.14).contains(&scale) && skewed < 0.08
}

#[cfg(test)]
mod tests;
