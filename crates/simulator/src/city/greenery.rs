//! Trees, gardens, parks, fields and river banks.

use crate::material::{Material, Texture};
use crate::plan::{Builder, Rect, Skin};
use crate::shape::{Form, Relief, ReliefKind};

use super::{grounds, sheds};

/// Lawn, paths and trees.
pub(crate) fn park(builder: &mut Builder, block: &Rect) {
    let lawn = builder.palette.grass(&mut builder.dice);
    builder.paint(block, 0.0, lawn, 0);
    for _ in 0..builder.dice.whole(1, 3) {
        let turn = builder.dice.between(-0.5, 0.5);
        let y = block.half_m[1] * builder.dice.between(-0.6, 0.6);
        let path = builder.palette.yard(&mut builder.dice);
        let strip = block.part([0.0, y], [block.half_m[0] * 0.9, 1.3]).turned(turn);
        builder.paint(&strip, 0.0, path, 0);
    }
    let density = builder.dice.between(0.004, 0.016);
    scatter_trees(builder, &block.grown(-3.0), density);
}

/// Strips of crops, some under a shed roof beside them.
pub(crate) fn fields(builder: &mut Builder, block: &Rect) {
    let earth = builder.palette.grass(&mut builder.dice);
    builder.paint(block, 0.0, earth, 0);
    let mut y = -block.half_m[1] + 1.0;
    while y < block.half_m[1] - 3.0 {
        let depth = builder.dice.between(4.0, 14.0).min(block.half_m[1] - y);
        let strip = block.part([0.0, y + depth / 2.0], [block.half_m[0] - 1.0, depth / 2.0 - 0.5]);
        let green = builder.palette.leaves(&mut builder.dice).colour;
        let crops = Material::new(Texture::Crops, green.map(|c| c * 1.3), builder.grain());
        let rows_m = builder.dice.between(0.6, 1.6);
        builder.paint(&strip, 0.0, crops.spaced(rows_m), 0);
        y += depth + builder.dice.between(0.0, 1.0);
    }
    if builder.dice.chance(0.7) {
        let half = [builder.dice.between(2.0, 6.0), builder.dice.between(1.5, 3.5)];
        let at = [block.half_m[0] * builder.dice.between(-0.8, 0.8), block.half_m[1] * 0.8];
        let sheet = if builder.dice.chance(0.6) { sheds::Sheet::Blue } else { sheds::Sheet::Other };
        sheds::shed(builder, &block.part(at, half), 3.0, sheet);
    }
    if builder.dice.chance(0.5) {
        let at = [block.half_m[0] * builder.dice.between(-0.8, 0.8), -block.half_m[1] * 0.85];
        grounds::dump(builder, &block.part(at, [3.5, 2.0]), 0.7);
    }
    scatter_trees(builder, block, 0.0015);
}

/// Beds, bushes and a tree or two on a small lot.
pub(crate) fn garden(builder: &mut Builder, lot: &Rect) {
    let green = builder.palette.grass(&mut builder.dice);
    builder.paint(&lot.grown(-0.4), 0.0, green, 0);
    scatter_trees(builder, &lot.grown(-1.5), 0.03);
}

/// Trees on both pavements of a street.
pub(crate) fn street_trees(builder: &mut Builder, street: &Rect) {
    let spacing = builder.dice.between(7.0, 14.0);
    let size = builder.dice.between(1.4, 2.6);
    for side in [-1.0, 1.0] {
        let mut x = -street.half_m[0] + 6.0;
        while x < street.half_m[0] - 6.0 {
            if builder.dice.chance(0.8) {
                let centre = street.at(x, side * (street.half_m[1] - 0.9));
                let radius = size * builder.dice.between(0.75, 1.25);
                tree(builder, centre, radius);
            }
            x += spacing * builder.dice.between(0.8, 1.2);
        }
    }
}

/// Bushes and trees along both banks.
pub(crate) fn river_bank(builder: &mut Builder, river: &Rect) {
    for side in [-1.0, 1.0] {
        let bank = river.part([0.0, side * (river.half_m[1] - 1.5)], [river.half_m[0], 1.5]);
        scatter_trees(builder, &bank, 0.035);
        for _ in 0..3 {
            if builder.dice.chance(0.5) {
                let at = [bank.half_m[0] * builder.dice.between(-0.9, 0.9), 0.0];
                grounds::dump(builder, &bank.part(at, [4.0, 1.6]), 0.6);
            }
        }
    }
}

/// Trees at random places, `density` per square metre.
pub(crate) fn scatter_trees(builder: &mut Builder, rect: &Rect, density: f64) {
    let count = (rect.area_m2() * density).round() as u32;
    for _ in 0..count {
        let at = rect.at(
            rect.half_m[0] * builder.dice.between(-1.0, 1.0),
            rect.half_m[1] * builder.dice.between(-1.0, 1.0),
        );
        let radius = 0.8 + 2.6 * builder.dice.unit().powf(1.6);
        tree(builder, at, radius);
    }
}

/// A potted plant or bush on a roof.
pub(crate) fn pot_plant(builder: &mut Builder, rect: &Rect, base_m: f64, object: u32) {
    let leaves = builder.palette.leaves(&mut builder.dice);
    let radius = builder.dice.between(0.4, 0.9);
    crown(builder, &rect.part([0.0, 0.0], [radius, radius]), [base_m, base_m + radius * 1.3], leaves, object);
}

fn tree(builder: &mut Builder, centre_m: [f64; 2], radius_m: f64) {
    let leaves = builder.palette.leaves(&mut builder.dice);
    let stretch = builder.dice.between(0.85, 1.2);
    let rect = Rect {
        centre_m,
        half_m: [radius_m * stretch * 1.25, radius_m * 1.25 / stretch],
        angle_rad: builder.dice.between(0.0, 3.0),
    };
    let height_m = radius_m * builder.dice.between(1.4, 2.2);
    crown(builder, &rect, [0.0, height_m], leaves, 0);
}

fn crown(builder: &mut Builder, rect: &Rect, heights_m: [f64; 2], leaves: Material, object: u32) {
    let seed = builder.grain();
    let height_m = (heights_m[1] - heights_m[0]) as f32;
    let form = Form::Relief(Relief { kind: ReliefKind::Crown, half_m: rect.half_f32(), height_m, seed });
    builder.put(rect, heights_m[0], form, Skin { top: leaves, side: leaves }, object);
}
