//! The same city on another day: some sheds are not there, cars stand elsewhere, sun and green have moved on.

use crate::material::{Material, Texture};
use crate::plan::{Builder, ObjectClass, PlantedObject};
use crate::random::Dice;

/// Share of sheds (sheet-metal roofs on the ground and on houses) that are missing on a later day.
const SHEDS_MISSING: f64 = 0.3;
/// Share of vehicles that are away on a later day.
const VEHICLES_AWAY: f64 = 0.5;

/// A seed for what differs from day to day; day 0 keeps the scene's own.
pub(crate) fn day_seed(seed: u64, day: u32) -> u64 {
    seed ^ u64::from(day).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Takes away what is missing on a day and turns the green to its season; gives the numbers of the missing
/// objects. Day 0 has everything. Every day is drawn from the whole city, so that between two later days some
/// sheds appear and others disappear.
pub(crate) fn turn_to(builder: &mut Builder, seed: u64, day: u32) -> Vec<u32> {
    if day == 0 {
        return Vec::new();
    }
    let mut dice = Dice::new(day_seed(seed, day), 71);
    let mut missing = vec![false; builder.objects.len() + 1];
    for object in &builder.objects {
        let draw = dice.unit();
        let parent_is_missing = object.parent.is_some_and(|parent| missing[parent as usize]);
        missing[object.id as usize] = parent_is_missing || draw < chance_of_missing(object);
    }
    builder.solids.retain(|solid| !missing[solid.object as usize]);
    builder.patches.retain(|patch| !missing[patch.object as usize]);
    let season = Season::draw(&mut dice);
    let solids = builder
        .solids
        .iter_mut()
        .flat_map(|solid| [&mut solid.top, &mut solid.side]);
    let patches = builder.patches.iter_mut().map(|patch| &mut patch.material);
    solids.chain(patches).for_each(|material| season.colour(material));
    (1..)
        .zip(&missing[1..])
        .filter_map(|(id, missing)| missing.then_some(id))
        .collect()
}

fn chance_of_missing(object: &PlantedObject) -> f64 {
    match object.class {
        ObjectClass::BlueMetalRoof | ObjectClass::MetalRoof => SHEDS_MISSING,
        ObjectClass::Vehicle => VEHICLES_AWAY,
        _ => 0.0,
    }
}

/// How the green of a day differs from the scene's own.
struct Season {
    gain: [f32; 3],
}

impl Season {
    fn draw(dice: &mut Dice) -> Self {
        // From straw (red up, green down) to fresh green.
        let towards_straw = dice.between(-0.35, 0.6) as f32;
        let dark = dice.between(0.8, 1.15) as f32;
        Self {
            gain: [
                dark * (1.0 + towards_straw),
                dark * (1.0 - 0.1 * towards_straw),
                dark * (1.0 + 0.3 * towards_straw),
            ],
        }
    }

    fn colour(&self, material: &mut Material) {
        if matches!(
            material.texture,
            Texture::Grass | Texture::Foliage | Texture::Crops
        ) {
            for (colour, gain) in material.colour.iter_mut().zip(self.gain) {
                *colour = (*colour * gain).min(0.9);
            }
        }
    }
}
