//! A finished scene: objects with their truth, solids and ground patches behind a spatial index, and the light.

use crate::city;
use crate::day::{day_seed, turn_to};
use crate::frame::LocalFrame;
use crate::material::{Material, Rgb};
use crate::palette::Palette;
use crate::plan::{Builder, Patch, PlantedObject, Solid};
use crate::random::Dice;
use crate::shade::ShadeCeiling;
use crate::shape::{Ray, local_ray};

/// Side of an index cell, metres.
const CELL_M: f32 = 4.0;
/// Half size of the indexed square, metres.
const REACH_M: f32 = 560.0;
/// No shadow is longer, metres.
const LONGEST_SHADOW_M: f32 = 400.0;

/// Sun and sky of a scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Light {
    /// Direction towards the sun, length 1.
    pub(crate) sun: [f32; 3],
    /// Light of the sun on a surface facing it.
    pub(crate) sun_colour: Rgb,
    /// Light of the whole sky on an open level surface.
    pub(crate) sky_colour: Rgb,
    /// Share of the air's veil over 100 m of path.
    pub(crate) haze: f32,
}

/// A seeded city block with its truth.
#[derive(Debug)]
pub struct Scene {
    /// The seed it was made from.
    pub seed: u64,
    /// Where it lies.
    pub frame: LocalFrame,
    /// Planted objects; object `id` is at index `id - 1`.
    pub objects: Vec<PlantedObject>,
    /// Numbers of the objects that are not there on this day.
    pub missing: Vec<u32>,
    pub(crate) light: Light,
    solids: Vec<Solid>,
    patches: Vec<Patch>,
    backdrop: Material,
    solid_index: Index,
    patch_index: Index,
    /// Greatest height over each cell, metres.
    cell_top_m: Vec<f32>,
    tallest_m: f32,
    shade: ShadeCeiling,
}

/// Lists of item numbers per cell, one after another.
#[derive(Debug)]
struct Index {
    starts: Vec<u32>,
    items: Vec<u32>,
}

/// A ground patch found under a point.
pub(crate) struct Ground<'a> {
    pub(crate) material: &'a Material,
    pub(crate) local_m: [f32; 2],
    pub(crate) half_m: [f32; 2],
    pub(crate) axis: [f32; 2],
    pub(crate) object: u32,
}

impl Scene {
    /// Makes the scene of a seed: about 800 × 680 m of city around the origin. Seeds from
    /// [`crate::FIRST_TRAINING_SEED`] on use the training palette.
    pub fn generate(seed: u64) -> Self {
        Self::on_day(seed, 0)
    }

    /// The scene of a seed on another day: some sheds and vehicles are missing, sun and green have changed. Day 0
    /// is [`Scene::generate`].
    pub fn on_day(seed: u64, day: u32) -> Self {
        let mut builder = Builder::new(
            LocalFrame::DEMONSTRATION,
            Dice::new(seed, 1),
            Palette::of_seed(seed),
        );
        city::lay_out(&mut builder, city::Water::AsItComes);
        let missing = turn_to(&mut builder, seed, day);
        let scene = Self::finished(seed, builder, light_of(day_seed(seed, day)));
        Self { missing, ..scene }
    }

    /// Puts a filled drawing board behind its index.
    pub(crate) fn finished(seed: u64, mut builder: Builder, light: Light) -> Self {
        let backdrop = builder.palette.grass(&mut builder.dice);
        let solid_index = Index::over(builder.solids.iter().map(Solid::bounds));
        let patch_index =
            Index::over(builder.patches.iter().map(Patch::bounds)).without_covered(&builder.patches);
        let top = |solid: &Solid| solid.place.base_m + solid.form.top_m();
        let cell_top_m: Vec<f32> = (0..cells_per_side() * cells_per_side())
            .map(|cell| {
                solid_index
                    .at(cell)
                    .iter()
                    .map(|&i| top(&builder.solids[i as usize]))
                    .fold(0.0, f32::max)
            })
            .collect();
        let tallest_m = cell_top_m.iter().copied().fold(0.0, f32::max);
        Self {
            seed,
            frame: builder.frame,
            shade: ShadeCeiling::of(&builder.solids, light.sun, REACH_M),
            light,
            objects: builder.objects,
            missing: Vec::new(),
            solids: builder.solids,
            patches: builder.patches,
            backdrop,
            solid_index,
            patch_index,
            cell_top_m,
            tallest_m,
        }
    }

    /// The objects that are there on this day.
    pub fn present(&self) -> impl Iterator<Item = &PlantedObject> {
        self.objects
            .iter()
            .filter(|object| self.missing.binary_search(&object.id).is_err())
    }

    /// All solids.
    pub(crate) fn solids(&self) -> &[Solid] {
        &self.solids
    }

    /// Whether something stands between a point and the sun. `last` is the solid that shaded the point before:
    /// neighbours mostly lie in the same shadow.
    pub(crate) fn is_shaded(&self, point: [f32; 3], last: &mut usize) -> bool {
        if self.shade.is_clear(point) {
            return false;
        }
        let ray = Ray {
            origin: point,
            direction: self.light.sun,
        };
        let blocks = |solid: &Solid| solid.form.enter(&local_ray(&ray, &solid.place)).is_some();
        if self.solids.get(*last).is_some_and(blocks) {
            return true;
        }
        let Some(mut walk) = Walk::start(&ray, self.tallest_m, LONGEST_SHADOW_M) else {
            return false;
        };
        loop {
            let low = ray.origin[2] + ray.direction[2] * walk.enter_m;
            if low <= self.cell_top_m[walk.cell] {
                for &item in self.solid_index.at(walk.cell) {
                    let solid = &self.solids[item as usize];
                    if solid.place.base_m + solid.form.top_m() >= low && blocks(solid) {
                        *last = item as usize;
                        return true;
                    }
                }
            }
            if !walk.step() {
                return false;
            }
        }
    }

    /// The ground's surface at a place.
    pub(crate) fn ground_at(&self, point: [f32; 2]) -> Ground<'_> {
        if let Some(cell) = cell_of(point) {
            for &item in self.patch_index.at(cell).iter().rev() {
                let patch = &self.patches[item as usize];
                let local_m = patch.place.local_of(point);
                if patch.covers(local_m) {
                    let Patch {
                        material,
                        half_m,
                        place,
                        object,
                        ..
                    } = patch;
                    return Ground {
                        material,
                        local_m,
                        half_m: *half_m,
                        axis: place.axis,
                        object: *object,
                    };
                }
            }
        }
        Ground {
            material: &self.backdrop,
            local_m: point,
            half_m: [1e4; 2],
            axis: [1.0, 0.0],
            object: 0,
        }
    }

    /// Share of the open sky seen from a point near the ground: less in narrow gaps between tall things.
    pub(crate) fn sky_share(&self, point: [f32; 3]) -> f32 {
        let mut above = 0.0;
        for (dx, dy) in [(3.0, 0.0), (-3.0, 0.0), (0.0, 3.0), (0.0, -3.0)] {
            let top = cell_of([point[0] + dx, point[1] + dy]).map_or(0.0, |cell| self.cell_top_m[cell]);
            above += (top - point[2]).clamp(0.0, 12.0);
        }
        1.0 / (1.0 + 0.022 * above)
    }
}

/// Sun and sky drawn from the seed: clear to overcast, sun 28 to 68° high.
pub(crate) fn light_of(seed: u64) -> Light {
    let mut dice = Dice::new(seed, 21);
    let azimuth = dice.between(1.7, 4.6);
    let elevation = dice.between(0.5, 1.18);
    let overcast = if dice.chance(0.25) {
        dice.between(0.6, 0.92)
    } else {
        dice.between(0.0, 0.3)
    };
    let sky = 0.30 + 0.6 * overcast;
    let sun = [
        azimuth.sin() * elevation.cos(),
        azimuth.cos() * elevation.cos(),
        elevation.sin(),
    ];
    let warm = 0.10 * (1.2 - elevation);
    let strength = (1.0 - sky) / elevation.sin();
    let tint = 0.12 * (1.0 - overcast);
    Light {
        sun: sun.map(|v| v as f32),
        sun_colour: [strength * (1.02 + warm), strength, strength * (0.97 - 1.3 * warm)].map(|v| v as f32),
        sky_colour: [sky * (1.0 - tint), sky, sky * (1.0 + 1.3 * tint)].map(|v| v as f32),
        haze: dice.between(0.004, 0.045) as f32,
    }
}

impl Index {
    fn over(bounds: impl Iterator<Item = [f32; 4]> + Clone) -> Self {
        let cells = cells_per_side() * cells_per_side();
        let mut counts = vec![0u32; cells + 1];
        for bound in bounds.clone() {
            for_cells(bound, |cell| counts[cell + 1] += 1);
        }
        for cell in 0..cells {
            counts[cell + 1] += counts[cell];
        }
        let mut next = counts.clone();
        let mut items = vec![0u32; counts[cells] as usize];
        for (number, bound) in bounds.enumerate() {
            for_cells(bound, |cell| {
                items[next[cell] as usize] = number as u32;
                next[cell] += 1;
            });
        }
        Self {
            starts: counts,
            items,
        }
    }

    /// The same without the patches that lie wholly under a later one in a cell.
    fn without_covered(mut self, patches: &[Patch]) -> Self {
        let mut items = Vec::with_capacity(self.items.len());
        let mut starts = vec![0];
        for cell in 0..self.starts.len() - 1 {
            let here = self.at(cell);
            let cover = here
                .iter()
                .rposition(|&item| patches[item as usize].fills(corners_of(cell)));
            items.extend_from_slice(&here[cover.unwrap_or(0)..]);
            starts.push(items.len() as u32);
        }
        self.items = items;
        self.starts = starts;
        self
    }

    fn at(&self, cell: usize) -> &[u32] {
        &self.items[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }
}

/// A ray's way through the cells (Amanatides and Woo 1987).
struct Walk {
    cell: usize,
    enter_m: f32,
    leave_m: f32,
    end_m: f32,
    at: [i32; 2],
    step: [i32; 2],
    next_m: [f32; 2],
    stride_m: [f32; 2],
}

impl Walk {
    fn start(ray: &Ray, tallest_m: f32, limit_m: f32) -> Option<Self> {
        let [o, d] = [ray.origin, ray.direction];
        let (mut near, mut far) = (0.0f32, limit_m);
        if d[2] < 0.0 {
            near = near.max((tallest_m + 0.01 - o[2]) / d[2]);
            far = far.min(-o[2] / d[2]);
        } else {
            far = far.min((tallest_m + 0.01 - o[2]) / d[2].max(1e-6));
        }
        for axis in 0..2 {
            if d[axis].abs() > 1e-9 {
                let (a, b) = ((-REACH_M - o[axis]) / d[axis], (REACH_M - o[axis]) / d[axis]);
                near = near.max(a.min(b));
                far = far.min(a.max(b));
            }
        }
        if near >= far {
            return None;
        }
        let from = [o[0] + d[0] * near, o[1] + d[1] * near];
        let last = cells_per_side() as i32 - 1;
        let at = from.map(|p| (((p + REACH_M) / CELL_M).floor() as i32).clamp(0, last));
        let step = [d[0], d[1]].map(|v| if v < 0.0 { -1 } else { 1 });
        let border = |axis: usize| {
            let edge = (at[axis] + i32::from(step[axis] > 0)) as f32 * CELL_M - REACH_M;
            if d[axis].abs() < 1e-9 {
                f32::INFINITY
            } else {
                (edge - o[axis]) / d[axis]
            }
        };
        let next_m = [border(0), border(1)];
        let stride_m = [d[0], d[1]].map(|v| CELL_M / v.abs().max(1e-9));
        let leave_m = next_m[0].min(next_m[1]).min(far);
        Some(Self {
            cell: cell_number(at),
            enter_m: near,
            leave_m,
            end_m: far,
            at,
            step,
            next_m,
            stride_m,
        })
    }

    /// Moves to the next cell; false at the end of the ray.
    fn step(&mut self) -> bool {
        if self.leave_m >= self.end_m {
            return false;
        }
        let axis = usize::from(self.next_m[1] < self.next_m[0]);
        self.at[axis] += self.step[axis];
        if self.at[axis] < 0 || self.at[axis] >= cells_per_side() as i32 {
            return false;
        }
        self.enter_m = self.next_m[axis];
        self.next_m[axis] += self.stride_m[axis];
        self.leave_m = self.next_m[0].min(self.next_m[1]).min(self.end_m);
        self.cell = cell_number(self.at);
        true
    }
}

fn cells_per_side() -> usize {
    (2.0 * REACH_M / CELL_M) as usize
}

fn cell_number(at: [i32; 2]) -> usize {
    at[1] as usize * cells_per_side() + at[0] as usize
}

fn cell_of(point: [f32; 2]) -> Option<usize> {
    // Where no coordinate is negative, cutting off is rounding down.
    let at = point.map(|p| (p + REACH_M) * (1.0 / CELL_M));
    let inside = at.iter().all(|&v| v >= 0.0 && v < cells_per_side() as f32);
    inside.then(|| cell_number(at.map(|v| v as i32)))
}

fn corners_of(cell: usize) -> [[f32; 2]; 4] {
    let [x, y] = [cell % cells_per_side(), cell / cells_per_side()].map(|v| v as f32 * CELL_M - REACH_M);
    [[x, y], [x + CELL_M, y], [x + CELL_M, y + CELL_M], [x, y + CELL_M]]
}

fn for_cells(bound: [f32; 4], mut visit: impl FnMut(usize)) {
    let last = cells_per_side() as i32 - 1;
    let index = |v: f32| (((v + REACH_M) / CELL_M).floor() as i32).clamp(0, last);
    for row in index(bound[1])..=index(bound[3]) {
        for column in index(bound[0])..=index(bound[2]) {
            visit(cell_number([column, row]));
        }
    }
}
