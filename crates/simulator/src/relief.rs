//! Reliefs: tree crowns, heaps and dumps as height functions over an ellipse, looked up from a raster that is made
//! when the first ray comes near.

use std::sync::{Arc, OnceLock};

use crate::noise::{Grain, octaves, smooth_step, value};

/// Side of a raster cell, metres, and the least and greatest number of cells along a side.
const CELL_M: f32 = 0.2;
const FEWEST_CELLS: f32 = 8.0;
const MOST_CELLS: f32 = 96.0;

/// What a relief is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ReliefKind {
    /// Tree or bush.
    Crown,
    /// Sand, soil or rubble.
    Heap,
    /// Loose refuse.
    Dump,
}

/// A height function over an ellipse.
#[derive(Clone, Debug)]
pub(crate) struct Relief {
    pub(crate) kind: ReliefKind,
    pub(crate) half_m: [f32; 2],
    pub(crate) height_m: f32,
    seed: u32,
    raster: Arc<OnceLock<Raster>>,
}

/// Heights at the corners of cells over the bounding rectangle.
#[derive(Debug)]
struct Raster {
    cells: [usize; 2],
    cells_per_m: [f32; 2],
    heights_m: Vec<f32>,
}

impl Relief {
    /// A relief over an ellipse.
    pub(crate) fn new(kind: ReliefKind, half_m: [f32; 2], height_m: f32, seed: u32) -> Self {
        Self {
            kind,
            half_m,
            height_m,
            seed,
            raster: Arc::default(),
        }
    }

    /// Height above the base at a local position; 0 or less is outside.
    pub(crate) fn height_at(&self, x: f32, y: f32) -> f32 {
        let (raster, at) = self.cell_at(x, y);
        raster.corners(at).height(at)
    }

    /// Slope along local x and y.
    pub(crate) fn slope_at(&self, x: f32, y: f32) -> [f32; 2] {
        let (raster, at) = self.cell_at(x, y);
        let corners = raster.corners(at);
        let rise = corners.rise(at);
        std::array::from_fn(|axis| rise[axis] * raster.cells_per_m[axis])
    }

    fn cell_at(&self, x: f32, y: f32) -> (&Raster, [f32; 2]) {
        let raster = self.raster.get_or_init(|| Raster::of(self));
        let at = std::array::from_fn(|axis| {
            let cells = ([x, y][axis] + self.half_m[axis]) * raster.cells_per_m[axis];
            cells.clamp(0.0, raster.cells[axis] as f32 - 1e-3)
        });
        (raster, at)
    }

    /// The height function itself.
    fn shape_at(&self, x: f32, y: f32) -> f32 {
        let grain = |wavelength_m| Grain {
            wavelength_m,
            pixel_m: 0.0,
            octaves: 3,
        };
        let radius = ((x / self.half_m[0]).powi(2) + (y / self.half_m[1]).powi(2)).sqrt();
        if radius > 1.45 {
            // Beyond every outline; noise would be wasted here.
            return -self.height_m;
        }
        let span = self.half_m[0].min(self.half_m[1]);
        match self.kind {
            ReliefKind::Crown => {
                let ragged = radius
                    + 0.26 * value(x / span * 1.7, y / span * 1.7, self.seed)
                    + 0.20 * octaves(x, y, grain(1.0), self.seed ^ 5);
                let dome = (1.0 - ragged * ragged).max(-0.2);
                let boughs = 0.24 * octaves(x, y, grain(1.3), self.seed ^ 9);
                self.height_m * ((0.30 + 0.55 * dome.abs().sqrt()) * dome.signum() + boughs)
            }
            ReliefKind::Heap => {
                let lobes = 0.30 * value(x / span * 1.3, y / span * 1.3, self.seed);
                let cone = 1.0 - (radius * (1.0 + lobes)) / 0.92;
                // The tip is rounded and the foot runs out gently.
                let tip = 1.0 - ((1.0 - cone).powi(2) + 0.02).sqrt();
                let profile = 0.5 * (tip + (tip * tip + 0.006).sqrt()) - 0.02;
                let rough = octaves(x, y, grain(0.9), self.seed ^ 3) * smooth_step(0.0, 0.3, cone);
                self.height_m * (profile + 0.10 * rough)
            }
            ReliefKind::Dump => {
                let ragged = radius + 0.45 * octaves(x, y, grain(span * 0.9), self.seed);
                let cover = smooth_step(1.0, 0.45, ragged);
                self.height_m * (cover * (0.45 + 0.9 * octaves(x, y, grain(1.2), self.seed ^ 7)) - 0.08)
            }
        }
    }
}

impl Raster {
    fn of(relief: &Relief) -> Self {
        let cells = relief
            .half_m
            .map(|half| (2.0 * half / CELL_M).clamp(FEWEST_CELLS, MOST_CELLS) as usize);
        let place = |number: usize, axis: usize| {
            (number as f32 / cells[axis] as f32 * 2.0 - 1.0) * relief.half_m[axis]
        };
        let heights_m = (0..=cells[1])
            .flat_map(|row| (0..=cells[0]).map(move |column| (column, row)))
            .map(|(column, row)| relief.shape_at(place(column, 0), place(row, 1)))
            .collect();
        Self {
            cells,
            cells_per_m: std::array::from_fn(|axis| cells[axis] as f32 / (2.0 * relief.half_m[axis])),
            heights_m,
        }
    }

    fn corners(&self, at: [f32; 2]) -> Corners {
        let first = at[1] as usize * (self.cells[0] + 1) + at[0] as usize;
        let pair = |index: usize| [self.heights_m[index], self.heights_m[index + 1]];
        Corners([pair(first), pair(first + self.cells[0] + 1)])
    }
}

/// Heights at the corners of one cell, row by row.
struct Corners([[f32; 2]; 2]);

impl Corners {
    fn height(&self, at: [f32; 2]) -> f32 {
        let share = at.map(|v| v - v as i32 as f32);
        let [low, high] = self.0.map(|[a, b]| a + (b - a) * share[0]);
        low + (high - low) * share[1]
    }

    /// Rise over a cell along each axis.
    fn rise(&self, at: [f32; 2]) -> [f32; 2] {
        let share = at.map(|v| v - v as i32 as f32);
        let [low, high] = self.0;
        let along = |side: [f32; 2], t: f32| side[0] + (side[1] - side[0]) * t;
        [
            along([low[1] - low[0], high[1] - high[0]], share[1]),
            along([high[0] - low[0], high[1] - low[1]], share[0]),
        ]
    }
}
