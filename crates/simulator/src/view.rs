//! What a camera can see of a scene: the solids in view, sorted into square tiles of the picture, nearest first, so that
//! a pixel's ray meets only the few that can be in its way.

use crate::camera::Camera;
use crate::plan::Solid;
use crate::scene::Scene;
use crate::shape::{Hit, Ray, local_ray};

/// Side of a tile, pixels.
const TILE_PX: f32 = 16.0;

/// The solids in a camera's view.
pub(crate) struct View<'a> {
    seen: Vec<Seen<'a>>,
    columns: usize,
    rows: usize,
    starts: Vec<u32>,
    items: Vec<u32>,
}

/// A solid in view.
struct Seen<'a> {
    solid: &'a Solid,
    /// Left, top, right, bottom, pixels.
    box_px: [f32; 4],
    /// No point of it is nearer, metres.
    nearest_m: f32,
}

impl<'a> View<'a> {
    /// Sorts a scene's solids into the tiles of a camera's picture.
    pub(crate) fn of(scene: &'a Scene, camera: &Camera) -> Self {
        let size_px = [camera.width_px, camera.height_px].map(|side| side as f32);
        let mut seen: Vec<Seen> = scene
            .solids()
            .iter()
            .filter_map(|solid| seen(solid, camera, size_px))
            .collect();
        seen.sort_by(|a, b| a.nearest_m.total_cmp(&b.nearest_m));
        let [columns, rows] = size_px.map(|side| (side / TILE_PX).ceil() as usize);
        let mut view = Self {
            seen,
            columns,
            rows,
            starts: vec![0; columns * rows + 1],
            items: Vec::new(),
        };
        for one in &view.seen {
            for tile in tiles(one.box_px, [columns, rows]) {
                view.starts[tile + 1] += 1;
            }
        }
        for tile in 0..columns * rows {
            view.starts[tile + 1] += view.starts[tile];
        }
        let mut next = view.starts.clone();
        view.items = vec![0; view.starts[columns * rows] as usize];
        for (number, one) in view.seen.iter().enumerate() {
            for tile in tiles(one.box_px, [columns, rows]) {
                view.items[next[tile] as usize] = number as u32;
                next[tile] += 1;
            }
        }
        view
    }

    /// First solid that the ray of a pixel enters within `limit_m`.
    pub(crate) fn first_solid(&self, [x, y]: [f32; 2], ray: &Ray, limit_m: f32) -> Option<(&'a Solid, Hit)> {
        let column = ((x / TILE_PX) as usize).min(self.columns - 1);
        let row = ((y / TILE_PX) as usize).min(self.rows - 1);
        let tile = row * self.columns + column;
        let mut best: Option<(&Solid, Hit)> = None;
        let mut closest_m = limit_m;
        for &item in &self.items[self.starts[tile] as usize..self.starts[tile + 1] as usize] {
            let one = &self.seen[item as usize];
            if one.nearest_m >= closest_m {
                break;
            }
            let [left, top, right, bottom] = one.box_px;
            if x < left || x > right || y < top || y > bottom {
                continue;
            }
            if let Some(hit) = one.solid.form.enter(&local_ray(ray, &one.solid.place))
                && hit.distance_m < closest_m
            {
                closest_m = hit.distance_m;
                best = Some((one.solid, hit));
            }
        }
        best
    }
}

/// A solid by the corners of its box; `None` outside the picture.
fn seen<'a>(solid: &'a Solid, camera: &Camera, size_px: [f32; 2]) -> Option<Seen<'a>> {
    let half = solid.form.half_extent_m();
    let low_m = solid.place.base_m;
    let high_m = low_m + solid.form.top_m();
    let mut box_px = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
    let [c, s] = solid.place.axis;
    for [x, y] in [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0f32]] {
        let (x, y) = (x * half[0], y * half[1]);
        let east = solid.place.centre_m[0] + c * x - s * y;
        let north = solid.place.centre_m[1] + s * x + c * y;
        for up in [low_m, high_m] {
            let Some(pixel) = camera.pixel_from_enu([east, north, up].map(f64::from)) else {
                // Partly beside or behind the camera: it may show anywhere.
                box_px = [0.0, 0.0, size_px[0], size_px[1]];
                continue;
            };
            let [x, y] = pixel.map(|v| v as f32);
            box_px = [
                box_px[0].min(x - 0.5),
                box_px[1].min(y - 0.5),
                box_px[2].max(x + 0.5),
                box_px[3].max(y + 0.5),
            ];
        }
    }
    let outside = box_px[2] < 0.0 || box_px[3] < 0.0 || box_px[0] > size_px[0] || box_px[1] > size_px[1];
    let origin = camera.position_enu_m.map(|v| v as f32);
    let [x, y] = solid.place.local_of([origin[0], origin[1]]);
    let off = [
        (x.abs() - half[0]).max(0.0),
        (y.abs() - half[1]).max(0.0),
        (origin[2] - high_m).max(low_m - origin[2]).max(0.0),
    ];
    let nearest_m = (off[0] * off[0] + off[1] * off[1] + off[2] * off[2]).sqrt() * 0.999;
    (!outside).then_some(Seen {
        solid,
        box_px,
        nearest_m,
    })
}

/// Numbers of the tiles that a box touches.
fn tiles(box_px: [f32; 4], [columns, rows]: [usize; 2]) -> impl Iterator<Item = usize> {
    let index = |v: f32, count: usize| ((v / TILE_PX).max(0.0) as usize).min(count - 1);
    let [left, right] = [index(box_px[0], columns), index(box_px[2], columns)];
    (index(box_px[1], rows)..=index(box_px[3], rows))
        .flat_map(move |row| (left..=right).map(move |column| row * columns + column))
}
