//! Disturbed ground: building sites with bare soil, heaps and machinery, and yards full of waste.

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::shape::{Form, Relief, ReliefKind};

use super::{greenery, houses, sheds, vehicles};

/// A building site.
pub(crate) fn building_site(builder: &mut Builder, block: &Rect) {
    let scrub = builder.palette.grass(&mut builder.dice);
    builder.paint(&block.grown(-1.0), 0.0, scrub, 0);
    bare_soil(builder, &block.grown(-2.0));
    for _ in 0..builder.dice.whole(2, 7) {
        let at = random_spot(builder, block, 0.75);
        let half = builder.dice.between(2.0, 7.0);
        let longer = half * builder.dice.between(1.0, 1.6);
        heap(builder, &block.part(at, [longer, half]));
    }
    for _ in 0..builder.dice.whole(1, 5) {
        let at = random_spot(builder, block, 0.75);
        let turn = builder.dice.between(0.0, 6.28);
        machine(builder, &block.part(at, [1.0, 1.0]).turned(turn));
    }
    if builder.dice.chance(0.7) {
        let at = [block.half_m[0] * 0.8, block.half_m[1] * 0.85];
        let row = block.part(at, [builder.dice.between(4.0, 9.0), builder.dice.between(2.0, 3.0)]);
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
        bare_soil(builder, &block.part(at, half));
    }
    for _ in 0..builder.dice.whole(3, 9) {
        let at = random_spot(builder, block, 0.85);
        let half = builder.dice.between(1.5, 8.0);
        let longer = half * builder.dice.between(1.0, 2.2);
        let turn = builder.dice.between(0.0, 3.14);
        let height_m = builder.dice.between(0.5, 1.4);
        dump(builder, &block.part(at, [longer, half]).turned(turn), height_m);
    }
    for _ in 0..builder.dice.whole(0, 4) {
        let at = random_spot(builder, block, 0.8);
        let half = builder.dice.between(1.5, 5.0);
        heap(builder, &block.part(at, [half * 1.3, half]));
    }
    for _ in 0..builder.dice.whole(0, 3) {
        let at = random_spot(builder, block, 0.9);
        let half = [builder.dice.between(2.0, 6.0), builder.dice.between(1.5, 4.0)];
        let sheet = if builder.dice.chance(0.6) { sheds::Sheet::Blue } else { sheds::Sheet::Other };
        sheds::shed(builder, &block.part(at, half), 3.2, sheet);
    }
    if builder.dice.chance(0.4) {
        let at = random_spot(builder, block, 0.7);
        machine(builder, &block.part(at, [1.0, 1.0]));
    }
    greenery::scatter_trees(builder, block, 0.004);
}

/// Bare ground with a ragged outline.
pub(crate) fn bare_soil(builder: &mut Builder, rect: &Rect) {
    let soil = builder.palette.soil(&mut builder.dice).spaced(builder.dice.between(0.0, 5.0));
    let id = builder.plant(ObjectClass::BareSoil, rect, [0.0, 0.0], None);
    let ragged_m = rect.half_m[0].min(rect.half_m[1]) * builder.dice.between(0.12, 0.3);
    builder.paint(rect, ragged_m, soil, id);
}

/// One heap of loose material.
pub(crate) fn heap(builder: &mut Builder, rect: &Rect) {
    let height_m = rect.half_m[1].min(rect.half_m[0]) * builder.dice.between(0.35, 0.6);
    let id = builder.plant(ObjectClass::Heap, rect, [0.0, height_m], None);
    let soil = builder.palette.soil(&mut builder.dice).worn(0.9).spaced(30.0);
    relief(builder, rect, (ReliefKind::Heap, height_m), soil, id);
}

/// One dump of refuse.
pub(crate) fn dump(builder: &mut Builder, rect: &Rect, height_m: f64) {
    if rect.half_m[0] < 0.8 || rect.half_m[1] < 0.8 {
        return;
    }
    let id = builder.plant(ObjectClass::Waste, rect, [0.0, height_m], None);
    let ground = builder.palette.near([104.0, 94.0, 82.0], 14.0, &mut builder.dice);
    let refuse = Material::new(Texture::Refuse, ground, builder.grain())
        .worn(builder.dice.between(0.2, 1.0))
        .spaced(builder.dice.between(0.1, 1.0));
    relief(builder, rect, (ReliefKind::Dump, height_m), refuse, id);
}

fn relief(builder: &mut Builder, rect: &Rect, (kind, height_m): (ReliefKind, f64), material: Material, id: u32) {
    let seed = builder.grain();
    let form = Form::Relief(Relief { kind, half_m: rect.half_f32(), height_m: height_m as f32, seed });
    builder.put(rect, 0.0, form, Skin { top: material, side: material }, id);
}

/// An excavator, loader, roller or dump truck at a rectangle's centre, heading along its x axis.
pub(crate) fn machine(builder: &mut Builder, rect: &Rect) {
    match builder.dice.weighted(&[5.0, 2.0, 1.0, 2.0]) {
        0 => excavator(builder, rect),
        1 => loader(builder, rect),
        2 => roller(builder, rect),
        _ => vehicles::dump_truck(builder, rect),
    }
}

fn excavator(builder: &mut Builder, rect: &Rect) {
    let scale = builder.dice.between(0.75, 1.15);
    let id = builder.plant(ObjectClass::Machinery, &rect.part([1.3 * scale, 0.0], [4.4 * scale, 1.6 * scale]), [0.0, 3.2], None);
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    for side in [-1.1, 1.1] {
        builder.block(&rect.part([0.0, side * scale], [2.1 * scale, 0.35 * scale]), [0.0, 0.9], dark, id);
    }
    let cabin = rect.turned(builder.dice.between(-0.9, 0.9));
    let body = cabin.part([-0.5 * scale, 0.0], [1.9 * scale, 1.35 * scale]);
    builder.block(&body, [0.9, 2.1 * scale], yellow, id);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(&cabin.part([0.7 * scale, 0.75 * scale], [0.8 * scale, 0.55 * scale]), [0.9, 2.9 * scale], Skin { top: yellow.top, side: glass }, id);
    let engine = cabin.part([-1.7 * scale, 0.0], [0.6 * scale, 1.25 * scale]);
    builder.block(&engine, [0.9, 2.3 * scale], dark, id);
    // The boom is a roof plane falling forwards; the stick and bucket hang below its end.
    let boom = cabin.part([3.1 * scale, -0.25 * scale], [0.28 * scale, 2.0 * scale]).turned(-std::f64::consts::FRAC_PI_2);
    builder.put(&boom, 0.8, Form::lean_to([0.28 * scale as f32, 2.2 * scale as f32], 2.6, 1.4), yellow, id);
    let bucket = cabin.part([5.2 * scale, -0.25 * scale], [0.5 * scale, 0.6 * scale]);
    builder.block(&bucket, [0.0, 1.1], dark, id);
}

fn loader(builder: &mut Builder, rect: &Rect) {
    let id = builder.plant(ObjectClass::Machinery, &rect.part([0.4, 0.0], [3.7, 1.4]), [0.0, 3.2], None);
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    for (x, y) in [(-1.6, -1.0), (-1.6, 1.0), (1.5, -1.0), (1.5, 1.0)] {
        builder.block(&rect.part([x, y], [0.7, 0.35]), [0.0, 1.4], dark, id);
    }
    builder.block(&rect.part([-1.6, 0.0], [1.6, 0.85]), [0.8, 2.1], yellow, id);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(&rect.part([0.2, 0.0], [0.8, 0.75]), [0.8, 3.2], Skin { top: yellow.top, side: glass }, id);
    builder.block(&rect.part([2.0, 0.0], [1.4, 0.4]), [0.8, 1.5], yellow, id);
    builder.block(&rect.part([3.5, 0.0], [0.55, 1.35]), [0.1, 1.1], dark, id);
}

fn roller(builder: &mut Builder, rect: &Rect) {
    let id = builder.plant(ObjectClass::Machinery, &rect.part([0.0, 0.0], [2.7, 1.1]), [0.0, 2.9], None);
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    builder.block(&rect.part([1.9, 0.0], [0.75, 1.05]), [0.0, 1.4], dark, id);
    builder.block(&rect.part([-1.2, 0.0], [1.3, 0.95]), [0.5, 1.8], yellow, id);
    builder.block(&rect.part([0.2, 0.0], [0.7, 0.8]), [0.5, 2.9], yellow, id);
}

/// Construction yellow, sometimes orange or red.
pub(crate) fn machine_paint(builder: &mut Builder) -> Skin {
    let kinds = [[214.0, 166.0, 40.0], [206.0, 134.0, 44.0], [188.0, 74.0, 52.0]];
    let base = kinds[builder.dice.weighted(&[7.0, 2.0, 0.7])];
    let paint = builder.palette.paint(base, &mut builder.dice);
    Skin { top: paint, side: Material { colour: paint.colour.map(|c| c * 0.85), ..paint } }
}

fn dark_paint(builder: &mut Builder) -> Skin {
    let paint = Material::new(Texture::Paint, srgb(58.0, 54.0, 50.0), builder.grain());
    Skin { top: paint, side: paint }
}

fn random_spot(builder: &mut Builder, rect: &Rect, reach: f64) -> [f64; 2] {
    [rect.half_m[0] * builder.dice.between(-reach, reach), rect.half_m[1] * builder.dice.between(-reach, reach)]
}
