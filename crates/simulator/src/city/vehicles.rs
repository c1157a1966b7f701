//! Cars, vans, buses and lorries: driving in lanes, parked at kerbs and in yards.

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::shape::Form;

/// Moving and parked vehicles of one street (x along the street).
pub(crate) fn traffic(builder: &mut Builder, street: &Rect) {
    let wide = street.half_m[1] > 5.0;
    let carriageway = street.half_m[1] - if wide { 2.6 } else { 0.0 };
    let gap_m = builder.dice.between(14.0, 70.0);
    // A narrow street has room for one row of parked cars and one lane beside it.
    let kerb_side = if builder.dice.chance(0.5) { 1.0 } else { -1.0 };
    for side in [-1.0, 1.0] {
        if wide || side != kerb_side {
            drive_in_lane(
                builder,
                street,
                (side, carriageway * if wide { 0.35 } else { 0.4 }),
                gap_m,
            );
        }
        if (wide || side == kerb_side) && builder.dice.chance(0.6) {
            parked_row(builder, street, side * (carriageway - 1.1));
        }
    }
}

/// Vehicles one after another, keeping to the right.
fn drive_in_lane(builder: &mut Builder, street: &Rect, (side, offset_m): (f64, f64), gap_m: f64) {
    let heading = if side > 0.0 { std::f64::consts::PI } else { 0.0 };
    let mut x = -street.half_m[0] + builder.dice.between(3.0, gap_m);
    while x < street.half_m[0] - 5.0 {
        let y = side * offset_m + builder.dice.between(-0.2, 0.2);
        any_vehicle(builder, &street.part([x, y], [2.2, 0.9]).turned(heading));
        x += 13.0 - gap_m * (1.0 - builder.dice.unit()).ln();
    }
}

/// Cars parked along a lane.
pub(crate) fn kerb_parking(builder: &mut Builder, lane: &Rect) {
    parked_row(builder, lane, lane.half_m[1] - 1.0);
}

/// Lorries and vans standing in a factory yard.
pub(crate) fn yard_vehicles(builder: &mut Builder, yard: &Rect) {
    let mut x = -yard.half_m[0] + 2.0;
    while x < yard.half_m[0] - 2.0 {
        if builder.dice.chance(0.35) {
            let at = yard
                .part([x, 0.0], [2.2, 0.9])
                .turned(std::f64::consts::FRAC_PI_2 + 0.1 * builder.dice.normal());
            if builder.dice.chance(0.5) {
                lorry(builder, &at)
            } else {
                any_vehicle(builder, &at)
            }
        }
        x += builder.dice.between(3.4, 6.0);
    }
}

/// A car centred on a rectangle, nose along its x axis.
pub(crate) fn car(builder: &mut Builder, at: &Rect) {
    let half = [builder.dice.between(1.95, 2.45), builder.dice.between(0.84, 0.96)];
    let rect = at.part([0.0, 0.0], half);
    let id = builder.plant(ObjectClass::Vehicle, &rect, [0.0, 1.5], None);
    let paint = body_paint(builder);
    let glass = builder.palette.glass(&mut builder.dice);
    let [x, y] = half;
    builder.block(
        &rect.part([0.0, 0.0], [x, y * 0.97]),
        [0.18, 0.82],
        Skin {
            top: paint,
            side: paint,
        },
        id,
    );
    // Greenhouse: sloped glass all round with the painted roof inside it.
    let cabin = rect.part([-0.18 * x, 0.0], [0.56 * x, 0.86 * y]);
    let form = Form::hip(cabin.half_f32(), 0.05, 0.60);
    builder.put(
        &cabin,
        0.82,
        form,
        Skin {
            top: glass,
            side: glass,
        },
        id,
    );
    let roof = rect.part([-0.2 * x, 0.0], [0.34 * x, 0.74 * y]);
    builder.block(
        &roof,
        [0.85, 1.45],
        Skin {
            top: paint,
            side: glass,
        },
        id,
    );
}

/// A lorry with a cab and a load bed or box.
pub(crate) fn lorry(builder: &mut Builder, at: &Rect) {
    let length = builder.dice.between(3.0, 6.0);
    let rect = at.part([0.0, 0.0], [length, 1.22]);
    let id = builder.plant(ObjectClass::Vehicle, &rect, [0.0, 3.2], None);
    let cab = body_paint(builder);
    builder.block(
        &rect.part([length - 0.95, 0.0], [0.95, 1.15]),
        [0.4, 2.6],
        Skin { top: cab, side: cab },
        id,
    );
    let boxes = [
        [214.0, 216.0, 216.0],
        [62.0, 104.0, 160.0],
        [96.0, 100.0, 92.0],
        [150.0, 66.0, 54.0],
        [128.0, 110.0, 88.0],
    ];
    let base = boxes[builder.dice.weighted(&[4.0, 1.0, 1.5, 1.0, 1.0])];
    let load = builder.palette.paint(base, &mut builder.dice);
    let top = 1.2 + builder.dice.between(0.2, 2.0);
    builder.block(
        &rect.part([-1.1, 0.0], [length - 1.1, 1.2]),
        [0.5, top],
        Skin {
            top: load,
            side: load,
        },
        id,
    );
}

fn any_vehicle(builder: &mut Builder, at: &Rect) {
    match builder.dice.weighted(&[10.0, 2.0, 1.2, 0.6]) {
        0 => car(builder, at),
        1 => van(builder, at),
        2 => lorry(builder, at),
        _ => bus(builder, at),
    }
}

fn van(builder: &mut Builder, at: &Rect) {
    let rect = at.part([0.0, 0.0], [2.5, 0.95]);
    let id = builder.plant(ObjectClass::Vehicle, &rect, [0.0, 2.1], None);
    let paint = builder.palette.paint([206.0, 206.0, 204.0], &mut builder.dice);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(
        &rect.part([-0.25, 0.0], [2.2, 0.93]),
        [0.2, 2.05],
        Skin {
            top: paint,
            side: paint,
        },
        id,
    );
    let screen = rect
        .part([1.98, 0.0], [0.85, 0.35])
        .turned(-std::f64::consts::FRAC_PI_2);
    builder.put(
        &screen,
        0.2,
        Form::lean_to([0.85, 0.4], 1.8, 0.9),
        Skin {
            top: glass,
            side: paint,
        },
        id,
    );
}

fn bus(builder: &mut Builder, at: &Rect) {
    let rect = at.part([0.0, 0.0], [5.6, 1.25]);
    let id = builder.plant(ObjectClass::Vehicle, &rect, [0.0, 3.0], None);
    let kinds = [[214.0, 214.0, 210.0], [60.0, 120.0, 110.0], [196.0, 84.0, 60.0]];
    let base = kinds[builder.dice.weighted(&[2.0, 1.0, 1.0])];
    let paint = builder.palette.paint(base, &mut builder.dice);
    let white = builder.palette.paint([210.0, 210.0, 208.0], &mut builder.dice);
    let glass = builder.palette.glass(&mut builder.dice);
    builder.block(
        &rect,
        [0.3, 2.9],
        Skin {
            top: paint,
            side: glass,
        },
        id,
    );
    for x in [-2.8, 1.2] {
        builder.block(
            &rect.part([x, 0.0], [1.1, 0.75]),
            [2.9, 3.15],
            Skin {
                top: white,
                side: white,
            },
            id,
        );
    }
}

fn parked_row(builder: &mut Builder, street: &Rect, y: f64) {
    let fullness = builder.dice.between(0.1, 0.7);
    let mut x = -street.half_m[0] + 12.0;
    while x < street.half_m[0] - 12.0 {
        if builder.dice.chance(fullness) {
            let heading = if builder.dice.chance(0.8) {
                0.0
            } else {
                std::f64::consts::PI
            };
            let askew = 0.02 * builder.dice.normal();
            car(builder, &street.part([x, y], [2.2, 0.9]).turned(heading + askew));
        }
        x += 5.8;
    }
}

fn body_paint(builder: &mut Builder) -> Material {
    let kinds = [
        [212.0, 212.0, 210.0],
        [44.0, 44.0, 46.0],
        [136.0, 138.0, 140.0],
        [88.0, 90.0, 94.0],
        [140.0, 42.0, 40.0],
        [48.0, 70.0, 120.0],
        [130.0, 114.0, 92.0],
        [64.0, 92.0, 74.0],
        [196.0, 160.0, 50.0],
    ];
    let base = kinds[builder
        .dice
        .weighted(&[6.0, 4.5, 4.0, 3.0, 1.5, 1.5, 1.0, 0.6, 0.4])];
    let colour = if base[0] < 60.0 {
        srgb(base[0], base[1], base[2])
    } else {
        builder.palette.near(base, 8.0, &mut builder.dice)
    };
    Material::new(Texture::Paint, colour, builder.grain())
}
