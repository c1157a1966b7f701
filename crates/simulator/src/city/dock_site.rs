//! Where a dock can stand and a vehicle can set down: open level spots at street level, and the dock itself.

use crate::material::{Material, Texture, srgb};
use crate::plan::{Builder, Patch, Rect, Skin};

/// Distance between the spots that are looked at, metres.
const RASTER_M: f64 = 4.0;

/// The most open spot of those at `reach_m` (least and greatest distance) from a place: at street level, on neither
/// street nor water, with at least `clear_m` to anything standing if there is such a spot. Among spots that are
/// clear enough the one nearest the middle of the reach is taken.
pub(crate) fn open_spot(builder: &Builder, near_m: [f64; 2], reach_m: [f64; 2], clear_m: f64) -> [f64; 2] {
    let steps = (reach_m[1] / RASTER_M).ceil() as i32;
    let middle = f64::midpoint(reach_m[0], reach_m[1]);
    let mut spots: Vec<(f64, [f64; 2])> = (-steps..=steps)
        .flat_map(|row| (-steps..=steps).map(move |column| [column, row]))
        .filter_map(|[column, row]| {
            let offset = [f64::from(column) * RASTER_M, f64::from(row) * RASTER_M];
            let distance = offset[0].hypot(offset[1]);
            let spot = [near_m[0] + offset[0], near_m[1] + offset[1]];
            (reach_m[0]..=reach_m[1])
                .contains(&distance)
                .then_some(((distance - middle).abs(), spot))
        })
        .collect();
    spots.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best = (f64::NEG_INFINITY, near_m);
    for (_, spot) in spots {
        if !is_good_ground(builder, spot) {
            continue;
        }
        let clear = clearance_m(builder, spot);
        if clear >= clear_m {
            return spot;
        }
        if clear > best.0 {
            best = (clear, spot);
        }
    }
    best.1
}

/// The dock: a concrete pad with a white box, its lid at `height_m` above the street.
pub(crate) fn raise_dock(builder: &mut Builder, centre_m: [f64; 2], height_m: f64) {
    let pad = Rect {
        centre_m,
        half_m: [3.0, 3.0],
        angle_rad: 0.0,
    };
    let concrete = Material::new(Texture::Concrete, srgb(176.0, 174.0, 168.0), builder.grain()).spaced(3.0);
    builder.paint(&pad, 0.0, concrete, 0);
    let white = Material::new(Texture::Paint, srgb(226.0, 228.0, 230.0), builder.grain());
    let skin = Skin {
        top: white,
        side: white,
    };
    builder.block(&pad.part([0.0, 0.0], [0.95, 0.8]), [0.0, height_m], skin, 0);
}

/// Whether the ground shows water at a place.
pub(crate) fn ground_shows_water(builder: &Builder, place_m: [f64; 2]) -> bool {
    top_patch(builder, place_m).is_some_and(|patch| patch.material.texture == Texture::Water)
}

/// No street, water or planted ground under the spot or right beside it.
fn is_good_ground(builder: &Builder, [x, y]: [f64; 2]) -> bool {
    let beside = [[0.0, 0.0], [4.0, 0.0], [-4.0, 0.0], [0.0, 4.0], [0.0, -4.0]];
    beside.iter().all(|[dx, dy]| {
        top_patch(builder, [x + dx, y + dy]).is_some_and(|patch| {
            let texture = patch.material.texture;
            patch.object == 0 && ![Texture::Water, Texture::Street, Texture::Marking].contains(&texture)
        })
    })
}

fn top_patch(builder: &Builder, place_m: [f64; 2]) -> Option<&Patch> {
    let place = place_m.map(|v| v as f32);
    builder
        .patches
        .iter()
        .rev()
        .find(|patch| patch.covers(patch.place.local_of(place)))
}

/// Distance to the nearest solid's rectangle, metres; negative inside one.
fn clearance_m(builder: &Builder, place_m: [f64; 2]) -> f64 {
    let place = place_m.map(|v| v as f32);
    builder
        .solids
        .iter()
        .map(|solid| {
            let (local, half) = (solid.place.local_of(place), solid.form.half_extent_m());
            let outside = [local[0].abs() - half[0], local[1].abs() - half[1]];
            f64::from(outside[0].max(outside[1]))
        })
        .fold(f64::INFINITY, f64::min)
}
