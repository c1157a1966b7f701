//! Loose material on the ground: bare soil, heaps and dumps of refuse.

use crate::material::{Material, Texture};
use crate::plan::{Builder, ObjectClass, Rect, Skin};
use crate::relief::{Relief, ReliefKind};
use crate::shape::Form;

/// Bare ground with a ragged outline.
pub(crate) fn bare_soil(builder: &mut Builder, rect: &Rect) {
    let soil = builder
        .palette
        .soil(&mut builder.dice)
        .spaced(builder.dice.between(0.0, 5.0));
    let id = builder.plant(ObjectClass::BareSoil, rect, [0.0, 0.0], None);
    let ragged_m = rect.half_m[0].min(rect.half_m[1]) * builder.dice.between(0.12, 0.3);
    builder.paint(rect, ragged_m, soil, id);
}

/// One heap of loose material.
pub(crate) fn heap(builder: &mut Builder, rect: &Rect) {
    let height_m = rect.half_m[1].min(rect.half_m[0]) * builder.dice.between(0.35, 0.6);
    let id = builder.plant(ObjectClass::Heap, rect, [0.0, height_m], None);
    let soil = builder.palette.soil(&mut builder.dice).worn(0.9).spaced(500.0);
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

fn relief(
    builder: &mut Builder,
    rect: &Rect,
    (kind, height_m): (ReliefKind, f64),
    material: Material,
    id: u32,
) {
    let seed = builder.grain();
    let form = Form::Relief(Relief::new(kind, rect.half_f32(), height_m as f32, seed));
    builder.put(
        rect,
        0.0,
        form,
        Skin {
            top: material,
            side: material,
        },
        id,
    );
}
