//! Sheet-metal roofs: colour-steel sheds in yards and on roofs, and lean-tos.

use crate::material::Material;
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::shape::Form;

/// Colour family of a sheet-metal roof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sheet {
    Blue,
    Other,
}

/// Standing sheds larger than this count as buildings too, square metres.
const BUILDING_AREA_M2: f64 = 30.0;

/// A free-standing shed on the ground.
pub(crate) fn shed(builder: &mut Builder, rect: &Rect, height_m: f64, sheet: Sheet) {
    if rect.half_m[0] < 0.8 || rect.half_m[1] < 0.8 {
        return;
    }
    let id = raise(builder, &rect.along_longer(), [0.0, height_m], sheet, None);
    if rect.area_m2() > BUILDING_AREA_M2 {
        builder.label_also(id, ObjectClass::Building);
    }
}

/// A shed added on part of a flat roof.
pub(crate) fn roof_shed(builder: &mut Builder, roof: &Rect, roof_m: f64, parent: u32) {
    let [x, y] = roof.half_m;
    let half = [
        x * builder.dice.between(0.3, 0.95),
        y * builder.dice.between(0.35, 0.95),
    ];
    let side = |builder: &mut Builder| if builder.dice.chance(0.5) { 0.97 } else { -0.97 };
    let offset = [(x - half[0]) * side(builder), (y - half[1]) * side(builder)];
    let sheet = if builder.dice.chance(0.62) {
        Sheet::Blue
    } else {
        Sheet::Other
    };
    let rise_m = builder.dice.between(2.2, 3.2);
    let rect = roof.part(offset, half).along_longer();
    raise(builder, &rect, [roof_m, roof_m + rise_m], sheet, Some(parent));
}

/// A low shed leaning on the side of a hall.
pub(crate) fn lean_to(builder: &mut Builder, hall: &Rect) {
    let depth = builder.dice.between(1.5, 3.5);
    let half = [hall.half_m[0] * builder.dice.between(0.2, 0.6), depth];
    let x = (hall.half_m[0] - half[0]) * builder.dice.between(-1.0, 1.0);
    let outside = if builder.dice.chance(0.5) { 1.0 } else { -1.0 };
    let rect = hall.part([x, outside * (hall.half_m[1] + depth + 0.2)], half);
    let sheet = if builder.dice.chance(0.6) {
        Sheet::Blue
    } else {
        Sheet::Other
    };
    let height_m = builder.dice.between(2.8, 4.2);
    shed(builder, &rect, height_m, sheet);
}

/// Walls and roof of a shed; gives the object's id.
fn raise(builder: &mut Builder, rect: &Rect, heights_m: [f64; 2], sheet: Sheet, parent: Option<u32>) -> u32 {
    let dice = &mut builder.dice;
    let (class, top) = match sheet {
        Sheet::Blue => {
            let colour = builder.palette.blue(dice);
            (ObjectClass::BlueMetalRoof, builder.palette.sheet(colour, dice))
        }
        Sheet::Other => (ObjectClass::MetalRoof, builder.palette.other_sheet(dice)),
    };
    let walls = if dice.chance(0.35) {
        top.spaced(0.3)
    } else {
        builder.palette.wall(dice)
    };
    let slope = dice.between(0.06, 0.22);
    let wide = rect.half_m[1] > 3.0 || dice.chance(0.4);
    let rise = slope * rect.half_m[1] * if wide { 1.0 } else { 2.0 };
    let [base, eave] = heights_m;
    let id = builder.plant(class, rect, [base, eave + rise], parent);
    if sheet == Sheet::Blue {
        builder.label_also(id, ObjectClass::MetalRoof);
    }
    let half = rect.half_f32();
    let form = if wide {
        Form::gable(half, 0.12, 0.12 + rise as f32)
    } else {
        Form::lean_to(half, 0.1, 0.1 + rise as f32)
    };
    let body = rect.grown(-0.25);
    builder.block(
        &body,
        [base, eave],
        Skin {
            top: walls,
            side: walls,
        },
        id,
    );
    builder.put(
        rect,
        eave - 0.12,
        form,
        Skin {
            top,
            side: Material {
                colour: top.colour.map(|c| 0.8 * c),
                ..top
            },
        },
        id,
    );
    if rect.area_m2() > 250.0 && builder.dice.chance(0.5) {
        vents(builder, rect, eave + rise, id);
    }
    id
}

/// Ridge ventilators or skylight strips on a hall.
fn vents(builder: &mut Builder, rect: &Rect, ridge_m: f64, id: u32) {
    let paint = builder.palette.paint([190.0, 194.0, 196.0], &mut builder.dice);
    let skin = Skin {
        top: paint,
        side: paint,
    };
    let count = (rect.half_m[0] / 4.0) as i32;
    for index in -count / 2..=count / 2 {
        let at = rect.part([f64::from(index) * 7.0, 0.0], [0.4, 0.4]);
        if f64::from(index).abs() * 7.0 < rect.half_m[0] - 1.0 {
            builder.put(
                &at,
                ridge_m - 0.2,
                Form::Round {
                    radius_m: 0.4,
                    height_m: 0.7,
                },
                skin,
                id,
            );
        }
    }
}
