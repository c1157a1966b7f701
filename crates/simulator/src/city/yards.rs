//! Working ground: factories, building sites, dump yards and car parks.

use crate::material::{Material, Texture};
use crate::plan::{Builder, Rect, Skin};

use super::{houses, loose, machines, sheds, trees, vehicles};

/// A yard with large halls, lean-tos, lorries and goods.
pub(crate) fn factory(builder: &mut Builder, block: &Rect) {
    let halls = if block.area_m2() > 5000.0 {
        builder.dice.whole(2, 4)
    } else {
        builder.dice.whole(1, 2)
    };
    let slot = 2.0 * block.half_m[0] / f64::from(halls);
    let blue_share = builder.dice.between(0.3, 0.8);
    for hall in 0..halls {
        let x = -block.half_m[0] + slot * (f64::from(hall) + 0.5);
        let half = [
            slot / 2.0 - builder.dice.between(2.5, 7.0),
            block.half_m[1] * builder.dice.between(0.45, 0.85),
        ];
        if half[0] < 4.0 || half[1] < 4.0 {
            continue;
        }
        let y = (block.half_m[1] - half[1]) * builder.dice.between(-0.8, 0.8);
        let rect = block.part([x, y], half);
        let sheet = if builder.dice.chance(blue_share) {
            sheds::Sheet::Blue
        } else {
            sheds::Sheet::Other
        };
        let height_m = builder.dice.between(6.0, 11.0);
        sheds::shed(builder, &rect, height_m, sheet);
        for _ in 0..builder.dice.whole(0, 2) {
            sheds::lean_to(builder, &rect);
        }
        let yard = block.part([x, y + half[1] + 4.0], [slot / 2.0 - 2.0, 3.0]);
        if y + half[1] + 8.0 < block.half_m[1] {
            vehicles::yard_vehicles(builder, &yard);
        }
    }
    goods(builder, block);
    if builder.dice.chance(0.5) {
        let corner = block.part([block.half_m[0] * 0.85, -block.half_m[1] * 0.85], [5.0, 4.0]);
        loose::dump(builder, &corner, 0.9);
    }
}

/// Containers, pallets and crates in a yard.
fn goods(builder: &mut Builder, block: &Rect) {
    let colours = [
        [150.0, 62.0, 50.0],
        [62.0, 90.0, 120.0],
        [190.0, 190.0, 186.0],
        [96.0, 110.0, 84.0],
        [170.0, 140.0, 96.0],
    ];
    for _ in 0..builder.dice.whole(2, 14) {
        let edge = if builder.dice.chance(0.5) { 0.93 } else { -0.93 };
        let at = [
            block.half_m[0] * builder.dice.between(-0.9, 0.9),
            block.half_m[1] * edge,
        ];
        let big = builder.dice.chance(0.3);
        let half = if big {
            [3.0, 1.22]
        } else {
            [builder.dice.between(0.4, 1.3), builder.dice.between(0.4, 0.9)]
        };
        let base = colours[builder.dice.weighted(&[1.0, 1.0, 1.0, 1.0, 2.0])];
        let paint = builder.palette.paint(base, &mut builder.dice);
        let ribbed = Material {
            texture: if big { Texture::Sheet } else { Texture::Paint },
            ..paint
        }
        .spaced(0.3);
        let height_m = if big { 2.6 } else { builder.dice.between(0.4, 1.6) };
        let crate_place = block.part(at, half).turned(0.1 * builder.dice.normal());
        builder.block(
            &crate_place,
            [0.0, height_m],
            Skin {
                top: ribbed,
                side: paint,
            },
            0,
        );
    }
}

/// A building site.
pub(crate) fn building_site(builder: &mut Builder, block: &Rect) {
    let scrub = builder.palette.grass(&mut builder.dice);
    builder.paint(&block.grown(-1.0), 0.0, scrub, 0);
    loose::bare_soil(builder, &block.grown(-2.0));
    for _ in 0..builder.dice.whole(3, 12) {
        let at = random_spot(builder, block, 0.75);
        let half = builder.dice.between(2.0, 7.0);
        let longer = half * builder.dice.between(1.0, 1.6);
        loose::heap(builder, &block.part(at, [longer, half]));
    }
    for _ in 0..builder.dice.whole(2, 7) {
        let at = random_spot(builder, block, 0.75);
        let turn = builder.dice.between(0.0, std::f64::consts::TAU);
        machines::machine(builder, &block.part(at, [1.0, 1.0]).turned(turn));
    }
    if builder.dice.chance(0.7) {
        let at = [block.half_m[0] * 0.8, block.half_m[1] * 0.85];
        let row = block.part(
            at,
            [builder.dice.between(4.0, 9.0), builder.dice.between(2.0, 3.0)],
        );
        sheds::shed(builder, &row, 2.8, sheds::Sheet::Blue);
    }
    if builder.dice.chance(0.4) {
        let half = [builder.dice.between(8.0, 14.0), builder.dice.between(6.0, 10.0)];
        let at = random_spot(builder, block, 0.4);
        let storeys = builder.dice.between(3.0, 14.0);
        houses::house(builder, &block.part(at, half), storeys);
    }
}

/// A yard or waste ground with dumps.
pub(crate) fn dump_yard(builder: &mut Builder, block: &Rect) {
    let scrub = builder.palette.grass(&mut builder.dice);
    builder.paint(block, 0.0, scrub, 0);
    if builder.dice.chance(0.5) {
        let half = block.half_m.map(|h| h * 0.6);
        let at = random_spot(builder, block, 0.3);
        loose::bare_soil(builder, &block.part(at, half));
    }
    for _ in 0..builder.dice.whole(4, 14) {
        let at = random_spot(builder, block, 0.85);
        let half = builder.dice.between(1.5, 8.0);
        let longer = half * builder.dice.between(1.0, 2.2);
        let turn = builder.dice.between(0.0, std::f64::consts::PI);
        let height_m = builder.dice.between(0.5, 1.4);
        loose::dump(builder, &block.part(at, [longer, half]).turned(turn), height_m);
    }
    for _ in 0..builder.dice.whole(1, 6) {
        let at = random_spot(builder, block, 0.8);
        let half = builder.dice.between(1.5, 5.0);
        loose::heap(builder, &block.part(at, [half * 1.3, half]));
    }
    for _ in 0..builder.dice.whole(0, 3) {
        let at = random_spot(builder, block, 0.9);
        let half = [builder.dice.between(2.0, 6.0), builder.dice.between(1.5, 4.0)];
        let sheet = if builder.dice.chance(0.6) {
            sheds::Sheet::Blue
        } else {
            sheds::Sheet::Other
        };
        sheds::shed(builder, &block.part(at, half), 3.2, sheet);
    }
    if builder.dice.chance(0.6) {
        let at = random_spot(builder, block, 0.7);
        machines::machine(builder, &block.part(at, [1.0, 1.0]));
    }
    trees::scatter_trees(builder, block, 0.004);
}

fn random_spot(builder: &mut Builder, rect: &Rect, reach: f64) -> [f64; 2] {
    [
        rect.half_m[0] * builder.dice.between(-reach, reach),
        rect.half_m[1] * builder.dice.between(-reach, reach),
    ]
}

/// A car park with rows of bays.
pub(crate) fn car_park(builder: &mut Builder, block: &Rect) {
    let asphalt = builder.palette.asphalt(&mut builder.dice);
    let ground = Material {
        texture: Texture::Concrete,
        ..asphalt
    }
    .spaced(60.0);
    builder.paint(block, 0.0, ground, 0);
    let fullness = builder.dice.between(0.3, 0.9);
    let mut y = -block.half_m[1] + 4.0;
    while y < block.half_m[1] - 4.0 {
        let mut x = -block.half_m[0] + 3.0;
        while x < block.half_m[0] - 3.0 {
            if builder.dice.chance(fullness) {
                let nose = if builder.dice.chance(0.5) { 1.0 } else { -1.0 };
                let at = block
                    .part([x, y], [2.2, 0.9])
                    .turned(nose * std::f64::consts::FRAC_PI_2);
                vehicles::car(builder, &at);
            }
            x += 2.6;
        }
        y += if builder.dice.chance(0.5) { 5.4 } else { 11.0 };
    }
    trees::scatter_trees(builder, block, 0.002);
}
