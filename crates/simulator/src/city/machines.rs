//! Construction machinery: excavators, loaders, rollers and tippers.

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::shape::Form;

/// An excavator, loader, roller or dump truck at a rectangle's centre, heading along its x axis.
pub(crate) fn machine(builder: &mut Builder, rect: &Rect) {
    match builder.dice.weighted(&[5.0, 2.0, 1.0, 2.0]) {
        0 => excavator(builder, rect),
        1 => loader(builder, rect),
        2 => roller(builder, rect),
        _ => dump_truck(builder, rect),
    }
}

fn excavator(builder: &mut Builder, rect: &Rect) {
    let scale = builder.dice.between(0.75, 1.15);
    let id = builder.plant(
        ObjectClass::Machinery,
        &rect.part([1.3 * scale, 0.0], [4.4 * scale, 1.6 * scale]),
        [0.0, 3.2],
        None,
    );
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    for side in [-1.1, 1.1] {
        builder.block(
            &rect.part([0.0, side * scale], [2.1 * scale, 0.35 * scale]),
            [0.0, 0.9],
            dark,
            id,
        );
    }
    let cabin = rect.turned(builder.dice.between(-0.9, 0.9));
    let body = cabin.part([-0.5 * scale, 0.0], [1.9 * scale, 1.35 * scale]);
    builder.block(&body, [0.9, 2.1 * scale], yellow, id);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(
        &cabin.part([0.7 * scale, 0.75 * scale], [0.8 * scale, 0.55 * scale]),
        [0.9, 2.9 * scale],
        Skin {
            top: yellow.top,
            side: glass,
        },
        id,
    );
    let engine = cabin.part([-1.7 * scale, 0.0], [0.6 * scale, 1.25 * scale]);
    builder.block(&engine, [0.9, 2.3 * scale], dark, id);
    // The boom is a roof plane falling forwards; the stick and bucket hang below its end.
    let boom = cabin
        .part([3.1 * scale, -0.25 * scale], [0.28 * scale, 2.0 * scale])
        .turned(-std::f64::consts::FRAC_PI_2);
    builder.put(
        &boom,
        0.8,
        Form::lean_to([0.28 * scale as f32, 2.2 * scale as f32], 2.6, 1.4),
        yellow,
        id,
    );
    let bucket = cabin.part([5.2 * scale, -0.25 * scale], [0.5 * scale, 0.6 * scale]);
    builder.block(&bucket, [0.0, 1.1], dark, id);
}

fn loader(builder: &mut Builder, rect: &Rect) {
    let id = builder.plant(
        ObjectClass::Machinery,
        &rect.part([0.4, 0.0], [3.7, 1.4]),
        [0.0, 3.2],
        None,
    );
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    for (x, y) in [(-1.6, -1.0), (-1.6, 1.0), (1.5, -1.0), (1.5, 1.0)] {
        builder.block(&rect.part([x, y], [0.7, 0.35]), [0.0, 1.4], dark, id);
    }
    builder.block(&rect.part([-1.6, 0.0], [1.6, 0.85]), [0.8, 2.1], yellow, id);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(
        &rect.part([0.2, 0.0], [0.8, 0.75]),
        [0.8, 3.2],
        Skin {
            top: yellow.top,
            side: glass,
        },
        id,
    );
    builder.block(&rect.part([2.0, 0.0], [1.4, 0.4]), [0.8, 1.5], yellow, id);
    builder.block(&rect.part([3.5, 0.0], [0.55, 1.35]), [0.1, 1.1], dark, id);
}

fn roller(builder: &mut Builder, rect: &Rect) {
    let id = builder.plant(
        ObjectClass::Machinery,
        &rect.part([0.0, 0.0], [2.7, 1.1]),
        [0.0, 2.9],
        None,
    );
    let yellow = machine_paint(builder);
    let dark = dark_paint(builder);
    builder.block(&rect.part([1.9, 0.0], [0.75, 1.05]), [0.0, 1.4], dark, id);
    builder.block(&rect.part([-1.2, 0.0], [1.3, 0.95]), [0.5, 1.8], yellow, id);
    builder.block(&rect.part([0.2, 0.0], [0.7, 0.8]), [0.5, 2.9], yellow, id);
}

/// A tipper: machinery by label.
pub(crate) fn dump_truck(builder: &mut Builder, at: &Rect) {
    let rect = at.part([0.0, 0.0], [4.1, 1.3]);
    let id = builder.plant(ObjectClass::Machinery, &rect, [0.0, 3.0], None);
    let skin = machine_paint(builder);
    builder.block(&rect.part([3.1, 0.0], [0.95, 1.2]), [0.5, 2.9], skin, id);
    builder.block(&rect.part([-0.9, 0.0], [3.0, 1.28]), [0.6, 1.4], skin, id);
    for side in [-1.18, 1.18] {
        builder.block(&rect.part([-0.9, side], [3.0, 0.09]), [1.4, 2.3], skin, id);
    }
    builder.block(&rect.part([2.0, 0.0], [0.09, 1.2]), [1.4, 2.5], skin, id);
    if builder.dice.chance(0.6) {
        let soil = builder.palette.soil(&mut builder.dice);
        builder.put(
            &rect.part([-0.9, 0.0], [2.7, 1.05]),
            1.4,
            Form::hip([2.7, 1.05], 0.1, 0.9),
            Skin {
                top: soil,
                side: soil,
            },
            id,
        );
    }
}

/// Construction yellow, sometimes orange or red.
pub(crate) fn machine_paint(builder: &mut Builder) -> Skin {
    let kinds = [[214.0, 166.0, 40.0], [206.0, 134.0, 44.0], [188.0, 74.0, 52.0]];
    let base = kinds[builder.dice.weighted(&[7.0, 2.0, 0.7])];
    let paint = builder.palette.paint(base, &mut builder.dice);
    Skin {
        top: paint,
        side: Material {
            colour: paint.colour.map(|c| c * 0.85),
            ..paint
        },
    }
}

fn dark_paint(builder: &mut Builder) -> Skin {
    let paint = Material::new(Texture::Paint, srgb(58.0, 54.0, 50.0), builder.grain());
    Skin {
        top: paint,
        side: paint,
    }
}
