//! Trees and bushes: scattered, along streets, in pots.

use crate::material::Material;
use crate::plan::{Builder, Rect, Skin};
use crate::relief::{Relief, ReliefKind};
use crate::shape::Form;

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

/// A potted plant or bush on a roof.
pub(crate) fn pot_plant(builder: &mut Builder, rect: &Rect, base_m: f64, object: u32) {
    let leaves = builder.palette.leaves(&mut builder.dice);
    let radius = builder.dice.between(0.4, 0.9);
    crown(
        builder,
        &rect.part([0.0, 0.0], [radius, radius]),
        [base_m, base_m + radius * 1.3],
        leaves,
        object,
    );
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
    let form = Form::Relief(Relief::new(ReliefKind::Crown, rect.half_f32(), height_m, seed));
    builder.put(
        rect,
        heights_m[0],
        form,
        Skin {
            top: leaves,
            side: leaves,
        },
        object,
    );
}
