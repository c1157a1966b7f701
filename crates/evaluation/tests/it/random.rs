//! Pictures with boxes, drawn by a small seeded generator.

use evaluation::picture::{FoundBox, Picture, TruthBox};

/// SplitMix64 (Steele et al. 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn whole(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    pub fn unit(&mut self) -> f64 {
        self.whole(1 << 53) as f64 / (1_u64 << 53) as f64
    }
}

/// What a case is to be full of.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub pictures: u64,
    pub classes: usize,
    pub truths: u64,
    pub noise: u64,
    /// Scores are rounded to this many steps: few steps make many ties.
    pub score_steps: f64,
    /// Coordinates on a grid of whole pixels: equal overlaps occur.
    pub on_grid: bool,
    pub crowd_share: f64,
    pub unlabelled_share: f64,
}

pub fn pictures(seed: u64, recipe: Recipe) -> Vec<Picture> {
    let mut dice = Dice(seed);
    (0..recipe.pictures).map(|_| picture(&mut dice, recipe)).collect()
}

fn picture(dice: &mut Dice, recipe: Recipe) -> Picture {
    let mut picture = Picture {
        judged: (0..recipe.classes)
            .map(|_| dice.unit() >= recipe.unlabelled_share)
            .collect(),
        ..Picture::default()
    };
    for _ in 0..dice.whole(recipe.truths + 1) {
        let class = class(dice, recipe);
        let xywh_px = rectangle(dice, recipe);
        let crowd = dice.unit() < recipe.crowd_share;
        let area_px2 = xywh_px[2] * xywh_px[3] * (0.6 + 0.4 * dice.unit());
        picture.truths.push(TruthBox {
            class,
            xywh_px,
            area_px2,
            crowd,
        });
        for _ in 0..dice.whole(3) {
            let shifted = [0, 1, 2, 3].map(|side| {
                let shift = xywh_px[2 + side % 2] * 0.25 * (dice.unit() - 0.5);
                rounded(xywh_px[side] + shift, recipe).max(1.0)
            });
            push_find(&mut picture, dice, recipe, (class, shifted));
        }
    }
    for _ in 0..dice.whole(recipe.noise + 1) {
        let find = (class(dice, recipe), rectangle(dice, recipe));
        push_find(&mut picture, dice, recipe, find);
    }
    picture
}

/// The last class never occurs.
fn class(dice: &mut Dice, recipe: Recipe) -> usize {
    dice.whole(recipe.classes as u64 - 1) as usize
}

fn push_find(picture: &mut Picture, dice: &mut Dice, recipe: Recipe, (class, xywh_px): (usize, [f64; 4])) {
    let score = (dice.unit() * recipe.score_steps).round() / recipe.score_steps;
    picture.found.push(FoundBox {
        class,
        xywh_px,
        score,
    });
}

fn rectangle(dice: &mut Dice, recipe: Recipe) -> [f64; 4] {
    let side = |dice: &mut Dice| (1.0 + 7.0 * dice.unit()).exp2();
    [
        rounded(600.0 * dice.unit(), recipe),
        rounded(600.0 * dice.unit(), recipe),
        rounded(side(dice), recipe).max(1.0),
        rounded(side(dice), recipe).max(1.0),
    ]
}

fn rounded(value: f64, recipe: Recipe) -> f64 {
    if recipe.on_grid { value.round() } else { value }
}
