//! Streets, river and blocks: recursive splitting of the city's ground, then one use per block.

use std::f64::consts::FRAC_PI_2;

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, Rect};

use super::{quarters, trees, vehicles, yards};

/// Whether a city must have water.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Water {
    /// A river in most cities, none in some.
    AsItComes,
    /// A river or, where none came, a pond.
    Wanted,
}

/// Blocks and the strips between them.
#[derive(Default)]
struct Layout {
    blocks: Vec<Rect>,
    /// Street rectangles, x along the street, widest first.
    streets: Vec<Rect>,
    river: Option<Rect>,
}

/// Half size of the built-up ground, metres.
const CITY_HALF_M: [f64; 2] = [400.0, 340.0];

/// Fills the drawing board with a city.
pub(crate) fn lay_out(builder: &mut Builder, water: Water) {
    let angle_rad = builder.dice.between(-0.6, 0.6);
    let city = Rect {
        centre_m: [0.0, 0.0],
        half_m: CITY_HALF_M,
        angle_rad,
    };
    let mut layout = Layout::default();
    let smallest_m = builder.dice.between(70.0, 120.0);
    split(builder, &city, (0, smallest_m), &mut layout);
    let weights = use_weights(builder);
    for block in &layout.blocks {
        let ground = builder.palette.yard(&mut builder.dice);
        builder.paint(&block.grown(0.4), 0.0, ground, 0);
    }
    paint_streets(builder, &layout);
    let pond = if water == Water::Wanted && layout.river.is_none() {
        pond_block(&layout.blocks)
    } else {
        None
    };
    for (index, block) in layout.blocks.iter().enumerate() {
        if pond == Some(index) {
            quarters::pond(builder, &block.grown(-1.0));
        } else {
            fill(builder, block, &weights);
        }
    }
    for street in &layout.streets {
        vehicles::traffic(builder, street);
        if street.half_m[1] > 5.0 && builder.dice.chance(0.75) {
            trees::street_trees(builder, street);
        }
    }
}

/// Cuts a rectangle across its longer side until blocks are small enough.
fn split(builder: &mut Builder, ground: &Rect, (depth, smallest_m): (u32, f64), layout: &mut Layout) {
    let ground = ground.along_longer();
    let [half_x, half_y] = ground.half_m;
    if half_x * 2.0 < smallest_m * builder.dice.between(1.0, 1.6) {
        layout.blocks.push(ground);
        return;
    }
    let is_river = depth == 1 && layout.river.is_none() && builder.dice.chance(0.7);
    let width_m = match depth {
        _ if is_river => builder.dice.between(18.0, 42.0),
        0 | 1 => builder.dice.between(15.0, 23.0),
        2 | 3 => builder.dice.between(7.5, 12.5),
        _ => builder.dice.between(4.5, 7.5),
    };
    let cut = half_x * builder.dice.between(-0.28, 0.28);
    let strip = ground.part([cut, 0.0], [width_m / 2.0, half_y]).turned(0.0);
    let strip = Rect {
        half_m: [half_y, width_m / 2.0],
        angle_rad: strip.angle_rad + FRAC_PI_2,
        ..strip
    };
    if is_river {
        layout.river = Some(strip);
    } else {
        layout
            .streets
            .push(strip.part([0.0, 0.0], [half_y + 3.0, width_m / 2.0]));
    }
    let low = (cut - width_m / 2.0 + half_x) / 2.0;
    let high = (half_x - cut - width_m / 2.0) / 2.0;
    let jitter = if depth >= 2 {
        builder.dice.between(-0.01, 0.01)
    } else {
        0.0
    };
    split(
        builder,
        &ground.part([low - half_x, 0.0], [low, half_y]).turned(jitter),
        (depth + 1, smallest_m),
        layout,
    );
    split(
        builder,
        &ground.part([half_x - high, 0.0], [high, half_y]).turned(jitter),
        (depth + 1, smallest_m),
        layout,
    );
}

/// The block for a pond: the one nearest the middle that is wide enough.
fn pond_block(blocks: &[Rect]) -> Option<usize> {
    let wide = |block: &Rect| block.half_m[0].min(block.half_m[1]) > 15.0;
    let off = |block: &Rect| block.centre_m[0].hypot(block.centre_m[1]);
    (0..blocks.len())
        .filter(|&index| wide(&blocks[index]))
        .min_by(|&a, &b| off(&blocks[a]).total_cmp(&off(&blocks[b])))
}

fn paint_streets(builder: &mut Builder, layout: &Layout) {
    if let Some(river) = &layout.river {
        let bank = builder.palette.grass(&mut builder.dice);
        builder.paint(&river.grown(1.0), 0.0, bank, 0);
        let water = quarters::water(builder);
        let bed = river.grown(-builder.dice.between(2.0, 6.0));
        builder.paint(
            &bed.part([0.0, 0.0], [river.half_m[0] + 30.0, bed.half_m[1]]),
            0.0,
            water,
            0,
        );
        quarters::river_bank(builder, river);
    }
    for street in &layout.streets {
        let asphalt = builder.palette.asphalt(&mut builder.dice);
        builder.paint(street, 0.0, asphalt, 0);
    }
    for street in layout.streets.iter().filter(|s| s.half_m[1] > 5.0) {
        for end in [-1.0, 1.0] {
            // Zebra crossings: bars along the street, side by side across it.
            let at = end * (street.half_m[0] - 7.5);
            let zebra = street
                .part([at, 0.0], [1.8, street.half_m[1] - 3.0])
                .turned(FRAC_PI_2);
            let zebra = Rect {
                half_m: [zebra.half_m[1], zebra.half_m[0]],
                ..zebra
            };
            let bars = Material::new(Texture::Marking, srgb(196.0, 196.0, 190.0), builder.grain()).worn(0.5);
            builder.paint(&zebra, 0.0, bars.spaced(1.0), 0);
        }
    }
}

/// How likely each use is in this city.
fn use_weights(builder: &mut Builder) -> Vec<f64> {
    // Village, slabs, factory, building site, park, dump yard, car park, fields.
    let typical = [3.8, 1.3, 2.2, 2.0, 0.5, 1.8, 0.35, 0.8];
    typical
        .iter()
        .map(|weight| weight * builder.dice.between(0.35, 1.8))
        .collect()
}

fn fill(builder: &mut Builder, block: &Rect, weights: &[f64]) {
    let inside = block.grown(-1.0);
    match builder.dice.weighted(weights) {
        0 => quarters::village(builder, &inside),
        1 => quarters::slabs(builder, &inside),
        2 => yards::factory(builder, &inside),
        3 => yards::building_site(builder, &inside),
        4 => quarters::park(builder, &inside),
        5 => yards::dump_yard(builder, &inside),
        6 => yards::car_park(builder, &inside),
        _ => quarters::fields(builder, &inside),
    }
}
