//! Ordinary buildings: flat and pitched roofs with parapets, clutter and additions.

use std::f64::consts::FRAC_PI_2;

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::shape::Form;

use super::{sheds, trees};

/// One house filling a rectangle with a roof of some kind.
pub(crate) fn house(builder: &mut Builder, rect: &Rect, height_m: f64) {
    if rect.half_m[0] < 1.5 || rect.half_m[1] < 1.5 {
        return;
    }
    match builder.dice.weighted(&[6.0, 1.3, 1.1, 0.9]) {
        0 => flat_house(builder, rect, height_m),
        1 => pitched_house(builder, rect, height_m.min(11.0)),
        2 => sheds::shed(builder, rect, height_m.min(8.0), sheds::Sheet::Other),
        _ => sheds::shed(builder, rect, height_m.min(9.0), sheds::Sheet::Blue),
    }
}

pub(crate) fn flat_house(builder: &mut Builder, rect: &Rect, height_m: f64) {
    let roof = builder.palette.flat_roof(&mut builder.dice);
    let wall = builder.palette.wall(&mut builder.dice);
    let parapet_m = builder.dice.between(0.3, 1.1);
    let id = builder.plant(ObjectClass::Building, rect, [0.0, height_m + parapet_m], None);
    let skin = Skin {
        top: roof,
        side: wall,
    };
    builder.block(rect, [0.0, height_m], skin, id);
    parapet(builder, rect, [height_m, height_m + parapet_m], (wall, id));
    roof_clutter(builder, rect, height_m, id);
    if rect.area_m2() > 45.0 && builder.dice.chance(0.5) {
        sheds::roof_shed(builder, rect, height_m, id);
    }
}

pub(crate) fn pitched_house(builder: &mut Builder, rect: &Rect, height_m: f64) {
    let rect = rect.along_longer();
    let rise = rect.half_m[1] * builder.dice.between(0.35, 0.6);
    let skin = Skin {
        top: builder.palette.tiles(&mut builder.dice),
        side: builder.palette.wall(&mut builder.dice),
    };
    let id = builder.plant(ObjectClass::Building, &rect, [0.0, height_m + rise], None);
    builder.block(&rect.grown(-0.4), [0.0, height_m], skin, id);
    let half = rect.half_f32();
    let form = if builder.dice.chance(0.4) {
        Form::hip(half, 0.25, rise as f32)
    } else {
        Form::gable(half, 0.25, rise as f32)
    };
    builder.put(&rect, height_m - 0.1, form, skin, id);
    if builder.dice.chance(0.5) {
        let heater = rect.part(
            [
                rect.half_m[0] * builder.dice.between(-0.7, 0.7),
                rect.half_m[1] * 0.5,
            ],
            [0.9, 0.8],
        );
        let panel = Material::new(Texture::Solar, srgb(38.0, 48.0, 72.0), builder.grain());
        builder.block(
            &heater,
            [height_m + rise * 0.3, height_m + rise * 0.75],
            Skin {
                top: panel,
                side: panel,
            },
            id,
        );
    }
}

fn parapet(builder: &mut Builder, rect: &Rect, heights_m: [f64; 2], (wall, id): (Material, u32)) {
    let cap = Material {
        texture: Texture::Concrete,
        colour: wall.colour.map(|c| c * 1.1),
        ..wall
    }
    .spaced(40.0);
    let skin = Skin { top: cap, side: cap };
    let [x, y] = rect.half_m;
    let thick = 0.13;
    let sides = [
        ([0.0, y - thick], [x, thick]),
        ([0.0, thick - y], [x, thick]),
        ([x - thick, 0.0], [thick, y]),
        ([thick - x, 0.0], [thick, y]),
    ];
    for (offset, half) in sides {
        builder.block(&rect.part(offset, half), heights_m, skin, id);
    }
}

/// Stair head, tanks, heaters, plants and odds and ends on a flat roof.
fn roof_clutter(builder: &mut Builder, rect: &Rect, height_m: f64, id: u32) {
    let [x, y] = rect.half_m;
    if x > 3.5 && y > 3.0 && builder.dice.chance(0.6) {
        let half = [builder.dice.between(1.2, 2.0), builder.dice.between(1.3, 1.9)];
        let corner = [
            (x - half[0] - 0.3) * sign(builder),
            (y - half[1] - 0.3) * sign(builder),
        ];
        let skin = Skin {
            top: builder.palette.flat_roof(&mut builder.dice),
            side: builder.palette.wall(&mut builder.dice),
        };
        builder.block(&rect.part(corner, half), [height_m, height_m + 2.6], skin, id);
    }
    let pieces = ((rect.area_m2() / 28.0) * builder.dice.between(0.2, 1.6)) as u32;
    for _ in 0..pieces.min(14) {
        let at = [
            x * builder.dice.between(-0.82, 0.82),
            y * builder.dice.between(-0.82, 0.82),
        ];
        odd_piece(builder, &rect.part(at, [0.5, 0.5]), height_m, id);
    }
    if x > 5.0 && builder.dice.chance(0.15) {
        let panel = Material::new(Texture::Solar, srgb(34.0, 44.0, 70.0), builder.grain());
        let field = rect.part([0.0, 0.0], [x * 0.5, y * 0.4]);
        builder.put(
            &field,
            height_m + 0.2,
            Form::lean_to(field.half_f32(), 0.1, 0.9),
            Skin {
                top: panel,
                side: panel,
            },
            id,
        );
    }
}

/// A tank, box, solar heater or pot plant standing at a height.
pub(crate) fn odd_piece(builder: &mut Builder, rect: &Rect, height_m: f64, id: u32) {
    let colours = [
        [210.0, 212.0, 214.0],
        [60.0, 62.0, 64.0],
        [70.0, 110.0, 160.0],
        [150.0, 120.0, 90.0],
        [120.0, 60.0, 52.0],
    ];
    match builder.dice.weighted(&[3.0, 4.0, 1.5, 1.2]) {
        0 => {
            let base = colours[builder.dice.weighted(&[4.0, 1.5, 0.8, 0.0, 0.0])];
            let skin = plain(builder, base);
            let radius_m = builder.dice.between(0.4, 0.8) as f32;
            builder.put(
                rect,
                height_m,
                Form::Round {
                    radius_m,
                    height_m: radius_m * 2.0,
                },
                skin,
                id,
            );
        }
        1 => {
            let base = colours[builder.dice.weighted(&[3.0, 2.0, 0.5, 2.0, 1.0])];
            let skin = plain(builder, base);
            let half = [builder.dice.between(0.25, 1.0), builder.dice.between(0.2, 0.7)];
            let turned = rect
                .part([0.0, 0.0], half)
                .turned(builder.dice.between(0.0, FRAC_PI_2));
            let top = height_m + builder.dice.between(0.2, 1.1);
            builder.block(&turned, [height_m, top], skin, id);
        }
        2 => {
            let panel = Material::new(Texture::Solar, srgb(40.0, 46.0, 66.0), builder.grain());
            let field = rect.part([0.0, 0.0], [1.0, 0.8]);
            builder.put(
                &field,
                height_m,
                Form::lean_to(field.half_f32(), 0.2, 1.2),
                Skin {
                    top: panel,
                    side: panel,
                },
                id,
            );
        }
        _ => trees::pot_plant(builder, rect, height_m, id),
    }
}

fn plain(builder: &mut Builder, base: [f64; 3]) -> Skin {
    let paint = builder.palette.paint(base, &mut builder.dice);
    Skin {
        top: paint,
        side: paint,
    }
}

fn sign(builder: &mut Builder) -> f64 {
    if builder.dice.chance(0.5) { 1.0 } else { -1.0 }
}
