//! Where people live: dense village lots, rows of slabs, parks, fields and river banks.

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, Rect};

use super::{houses, loose, sheds, trees, vehicles};

/// A dense quarter: lots with houses, yards, sheds and trees.
pub(crate) fn village(builder: &mut Builder, block: &Rect) {
    let mut lots = Vec::new();
    let lot_m = builder.dice.between(10.0, 19.0);
    divide(builder, block, lot_m, &mut lots);
    let density = builder.dice.between(0.68, 0.92);
    litter_about(builder, block);
    for lot in lots {
        let lot = lot.turned(0.03 * builder.dice.normal().clamp(-2.0, 2.0));
        if builder.dice.chance(density) {
            let setback = builder.dice.between(0.2, 1.6);
            let height_m = 3.2 * f64::from(builder.dice.whole(2, 5)) + builder.dice.between(-0.4, 0.8);
            houses::house(builder, &lot.grown(-setback), height_m);
        } else {
            open_lot(builder, &lot);
        }
    }
}

/// Worn spots, weeds and odds and ends lying between the houses.
fn litter_about(builder: &mut Builder, block: &Rect) {
    for _ in 0..(block.area_m2() / 90.0) as u32 {
        let reach = block.half_m;
        let at = [
            reach[0] * builder.dice.between(-0.95, 0.95),
            reach[1] * builder.dice.between(-0.95, 0.95),
        ];
        let half = [builder.dice.between(0.5, 4.0), builder.dice.between(0.4, 2.2)];
        let spot = block.part(at, half).turned(builder.dice.between(0.0, 0.3));
        let material = match builder.dice.weighted(&[3.0, 2.0, 2.0]) {
            0 => builder.palette.yard(&mut builder.dice),
            1 => builder.palette.grass(&mut builder.dice),
            _ => builder.palette.soil(&mut builder.dice),
        };
        builder.paint(&spot, half[1] * 0.4, material, 0);
        if builder.dice.chance(0.6) {
            houses::odd_piece(builder, &spot.part([0.0, 0.0], [0.5, 0.5]), 0.0, 0);
        }
    }
}

/// Parallel slabs of flats with green between them.
pub(crate) fn slabs(builder: &mut Builder, block: &Rect) {
    let lawn = builder.palette.grass(&mut builder.dice);
    builder.paint(&block.grown(-2.0), 0.0, lawn, 0);
    let storeys = builder.dice.whole(4, 9);
    let depth_m = builder.dice.between(10.0, 14.0);
    let pitch_m = depth_m + builder.dice.between(14.0, 22.0);
    let rows = ((2.0 * block.half_m[1]) / pitch_m).floor().max(1.0) as u32;
    let tiled = builder.dice.chance(0.4);
    for row in 0..rows {
        let y = -block.half_m[1] + pitch_m * (f64::from(row) + 0.5);
        let length = block.half_m[0] * builder.dice.between(0.7, 0.92);
        let lane = block.part([0.0, y - pitch_m / 2.0 + 2.5], [block.half_m[0], 2.2]);
        let paving = builder.palette.asphalt(&mut builder.dice);
        builder.paint(&lane, 0.0, paving, 0);
        vehicles::kerb_parking(builder, &lane);
        let parts = if length > 32.0 { 2 } else { 1 };
        for part in 0..parts {
            let half = (length - 3.0 * f64::from(parts - 1)) / f64::from(parts);
            let x = (f64::from(part) - f64::from(parts - 1) / 2.0) * 2.0 * (half + 3.0);
            let slab = block.part([x, y + 1.0], [half, depth_m / 2.0]);
            let height_m = (3.0 * f64::from(storeys)).min(28.5);
            if tiled {
                houses::pitched_house(builder, &slab, height_m)
            } else {
                houses::flat_house(builder, &slab, height_m)
            }
        }
        trees::scatter_trees(
            builder,
            &block.part([0.0, y + depth_m / 2.0 + 4.0], [block.half_m[0], 2.0]),
            0.012,
        );
    }
}

fn divide(builder: &mut Builder, ground: &Rect, lot_m: f64, lots: &mut Vec<Rect>) {
    let ground = ground.along_longer();
    let [half_x, half_y] = ground.half_m;
    if 2.0 * half_x < lot_m * builder.dice.between(1.0, 1.7) {
        lots.push(ground);
        return;
    }
    let alley_m = if half_x > 28.0 {
        builder.dice.between(2.0, 4.5)
    } else {
        builder.dice.between(0.0, 1.4)
    };
    let cut = half_x * builder.dice.between(-0.25, 0.25);
    let low = (cut - alley_m / 2.0 + half_x) / 2.0;
    let high = (half_x - cut - alley_m / 2.0) / 2.0;
    divide(
        builder,
        &ground.part([low - half_x, 0.0], [low, half_y]),
        lot_m,
        lots,
    );
    divide(
        builder,
        &ground.part([half_x - high, 0.0], [high, half_y]),
        lot_m,
        lots,
    );
}

/// A lot without a house: garden, yard shed, parked cars, a small dump or a heap.
fn open_lot(builder: &mut Builder, lot: &Rect) {
    match builder.dice.weighted(&[2.5, 3.0, 1.2, 1.6, 1.0, 0.8]) {
        0 => garden(builder, lot),
        1 => {
            let half = [
                lot.half_m[0] * builder.dice.between(0.3, 0.75),
                lot.half_m[1] * builder.dice.between(0.3, 0.75),
            ];
            let kind = if builder.dice.chance(0.65) {
                sheds::Sheet::Blue
            } else {
                sheds::Sheet::Other
            };
            let height_m = builder.dice.between(2.6, 4.5);
            let place = lot.part(
                [lot.half_m[0] - half[0], half[1] - lot.half_m[1]].map(|v| 0.8 * v),
                half,
            );
            sheds::shed(builder, &place, height_m, kind);
        }
        2 => {
            for _ in 0..builder.dice.whole(1, 3) {
                let spot = [0.6, 0.6].map(|f| f * builder.dice.between(-1.0, 1.0));
                let at = lot.part([spot[0] * lot.half_m[0], spot[1] * lot.half_m[1]], [2.2, 0.9]);
                let askew = builder.dice.between(-0.3, 0.3);
                vehicles::car(builder, &at.turned(askew));
            }
        }
        3 => loose::dump(builder, &lot.grown(-1.0), 0.8),
        5 => loose::bare_soil(builder, &lot.grown(-0.8)),
        _ => loose::heap(
            builder,
            &lot.part([0.0, 0.0], lot.half_m.map(|h| (h * 0.5).min(4.0))),
        ),
    }
}

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
    trees::scatter_trees(builder, &block.grown(-3.0), density);
}

/// Murky inland water.
pub(crate) fn water(builder: &mut Builder) -> Material {
    let murk = builder.dice.between(0.0, 1.0);
    let colour = srgb(58.0 + 34.0 * murk, 74.0 + 22.0 * murk, 66.0 + 4.0 * murk);
    Material::new(Texture::Water, colour, builder.grain())
}

/// A park around a pond.
pub(crate) fn pond(builder: &mut Builder, block: &Rect) {
    park(builder, block);
    let span = block.half_m[0].min(block.half_m[1]);
    let bed = block.part([0.0, 0.0], block.half_m.map(|h| (h * 0.7).min(2.2 * span)));
    let surface = water(builder);
    builder.paint(&bed, span * 0.12, surface, 0);
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
        let at = [
            block.half_m[0] * builder.dice.between(-0.8, 0.8),
            block.half_m[1] * 0.8,
        ];
        let sheet = if builder.dice.chance(0.6) {
            sheds::Sheet::Blue
        } else {
            sheds::Sheet::Other
        };
        sheds::shed(builder, &block.part(at, half), 3.0, sheet);
    }
    if builder.dice.chance(0.5) {
        let at = [
            block.half_m[0] * builder.dice.between(-0.8, 0.8),
            -block.half_m[1] * 0.85,
        ];
        loose::dump(builder, &block.part(at, [3.5, 2.0]), 0.7);
    }
    trees::scatter_trees(builder, block, 0.0015);
}

/// Bushes and trees along both banks.
pub(crate) fn river_bank(builder: &mut Builder, river: &Rect) {
    for side in [-1.0, 1.0] {
        let bank = river.part([0.0, side * (river.half_m[1] - 1.5)], [river.half_m[0], 1.5]);
        trees::scatter_trees(builder, &bank, 0.035);
        for _ in 0..3 {
            if builder.dice.chance(0.5) {
                let at = [bank.half_m[0] * builder.dice.between(-0.9, 0.9), 0.0];
                loose::dump(builder, &bank.part(at, [4.0, 1.6]), 0.6);
            }
        }
    }
}

/// Beds, bushes and a tree or two on a small lot.
pub(crate) fn garden(builder: &mut Builder, lot: &Rect) {
    let green = builder.palette.grass(&mut builder.dice);
    builder.paint(&lot.grown(-0.4), 0.0, green, 0);
    trees::scatter_trees(builder, &lot.grown(-1.5), 0.03);
}
