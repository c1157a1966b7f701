//! Ray-cast picture of a scene: sun, cast shadows, sky light, and which object every pixel shows.

use crate::camera::Camera;
use crate::material::{Look, Rgb, Spot};
use crate::plan::Solid;
use crate::random::lattice_hash;
use crate::scene::Scene;
use crate::shape::{Form, Hit, Placement, Ray, scene_direction, unit};
use crate::view::View;

/// Bit of an id pixel that marks a roof face (as against a wall).
pub const ROOF_BIT: u32 = 1 << 31;

/// A rendered view before the camera's electronics.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// Width, pixels.
    pub width_px: u32,
    /// Height, pixels.
    pub height_px: u32,
    /// Linear light, row by row.
    pub light: Vec<[f32; 3]>,
    /// Object id per pixel centre (0 none), with [`ROOF_BIT`] on roof faces.
    pub ids: Vec<u32>,
}

/// Threads to render on: what the machine offers.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// One ray's result.
struct Sample {
    colour: Rgb,
    id: u32,
    /// Changes where a smoother edge is needed.
    signature: u32,
}

/// Side of the squares in which pixels are taken one after another.
const TILE: usize = 16;
/// Nothing is seen farther away, metres.
const FARTHEST_M: f32 = 4000.0;
/// Least difference of light, as a share of the brighter pixel, that is worth a smoother edge.
const EDGE_CONTRAST: f32 = 0.2;

/// Renders the scene on up to `threads` threads; the result does not depend on their number.
pub fn render(scene: &Scene, camera: &Camera, threads: usize) -> Rendering {
    let (width, height) = (camera.width_px as usize, camera.height_px as usize);
    let mut light = vec![[0.0f32; 3]; width * height];
    let mut ids = vec![0u32; width * height];
    let mut signatures = vec![0u32; width * height];
    let view = View::of(scene, camera);
    let workers = threads.max(1);
    // Whole tiles of rows: neighbours both ways find the same textures and solids in the processor's cache.
    let band = height.div_ceil(workers * 4).next_multiple_of(TILE).max(TILE);
    let bands: Vec<_> = light
        .chunks_mut(band * width)
        .zip(ids.chunks_mut(band * width))
        .zip(signatures.chunks_mut(band * width))
        .enumerate()
        .collect();
    share_out(bands, workers, |(index, ((light, ids), signatures))| {
        let mut eye = Eye::new(scene, camera, &view);
        for [x, y] in by_tiles(width, light.len() / width) {
            let sample = eye.sample([x as f32 + 0.5, (index * band + y) as f32 + 0.5]);
            let at = y * width + x;
            (light[at], ids[at], signatures[at]) = (sample.colour, sample.id, sample.signature);
        }
    });
    let edges = edges(&light, &signatures, width);
    let rows: Vec<_> = light.chunks_mut(band * width).enumerate().collect();
    share_out(rows, workers, |(index, light)| {
        let mut eye = Eye::new(scene, camera, &view);
        for [x, y] in by_tiles(width, light.len() / width) {
            let at = y * width + x;
            if edges[index * band * width + at] {
                light[at] = eye.smooth([x, index * band + y], light[at]);
            }
        }
    });
    Rendering {
        width_px: camera.width_px,
        height_px: camera.height_px,
        light,
        ids,
    }
}

/// All pixels of a band, tile after tile.
fn by_tiles(width: usize, height: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..height).step_by(TILE).flat_map(move |top| {
        (0..width).step_by(TILE).flat_map(move |left| {
            (top..(top + TILE).min(height))
                .flat_map(move |y| (left..(left + TILE).min(width)).map(move |x| [x, y]))
        })
    })
}

/// Runs `work` over all parts, part i on thread i modulo `workers`; a single worker is the calling thread.
fn share_out<T: Send>(parts: Vec<T>, workers: usize, work: impl Fn(T) + Sync) {
    if workers == 1 {
        return parts.into_iter().for_each(work);
    }
    let mut hands: Vec<Vec<T>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, part) in parts.into_iter().enumerate() {
        hands[index % workers].push(part);
    }
    std::thread::scope(|scope| {
        for hand in hands {
            let work = &work;
            scope.spawn(move || hand.into_iter().for_each(work));
        }
    });
}

/// Pixels beside one of another surface and clearly different light.
fn edges(light: &[Rgb], signatures: &[u32], width: usize) -> Vec<bool> {
    let mut edges = vec![false; light.len()];
    let differ = |a: usize, b: usize| {
        let contrast = |k: usize| {
            let (a, b) = (light[a][k], light[b][k]);
            (a - b).abs() > EDGE_CONTRAST * a.max(b)
        };
        signatures[a] != signatures[b] && (contrast(0) || contrast(1) || contrast(2))
    };
    for index in 0..light.len() {
        let right = index + 1;
        if right % width != 0 && differ(index, right) {
            (edges[index], edges[right]) = (true, true);
        }
        let below = index + width;
        if below < light.len() && differ(index, below) {
            (edges[index], edges[below]) = (true, true);
        }
    }
    edges
}

/// A camera looking at a scene, with what it learns from one pixel to the next.
struct Eye<'a> {
    scene: &'a Scene,
    view: &'a View<'a>,
    origin: [f32; 3],
    /// Scene direction of the first pixel corner, and its change from pixel to pixel along x and y.
    corner: [f32; 3],
    across: [f32; 3],
    down: [f32; 3],
    focal_px: f32,
    last_shade: usize,
}

impl<'a> Eye<'a> {
    fn new(scene: &'a Scene, camera: &Camera, view: &'a View<'a>) -> Self {
        let axis = |c: usize| camera.enu_from_camera.map(|row| row[c] as f32);
        Self {
            scene,
            view,
            origin: camera.position_enu_m.map(|v| v as f32),
            corner: camera.enu_ray_from_pixel([0.0, 0.0]).map(|v| v as f32),
            across: axis(0),
            down: axis(1),
            focal_px: camera.focal_px as f32,
            last_shade: usize::MAX,
        }
    }

    /// Mean of the centre sample and two more.
    fn smooth(&mut self, [x, y]: [usize; 2], centre: Rgb) -> Rgb {
        let mut sum = centre;
        for (dx, dy) in [(0.15, 0.3), (0.85, 0.7)] {
            let sample = self.sample([x as f32 + dx, y as f32 + dy]);
            for (total, part) in sum.iter_mut().zip(sample.colour) {
                *total += part;
            }
        }
        sum.map(|v| v / 3.0)
    }

    fn sample(&mut self, [x, y]: [f32; 2]) -> Sample {
        let towards = std::array::from_fn(|k| self.corner[k] + x * self.across[k] + y * self.down[k]);
        let ray = Ray {
            origin: self.origin,
            direction: unit(towards),
        };
        let ground_m = if ray.direction[2] < -1e-3 {
            -ray.origin[2] / ray.direction[2]
        } else {
            FARTHEST_M
        };
        let limit_m = ground_m.min(FARTHEST_M);
        match self.view.first_solid([x, y], &ray, limit_m) {
            Some((solid, hit)) => self.shade_solid(&ray, (solid, &hit)),
            None if limit_m < FARTHEST_M => self.shade_ground(&ray, limit_m),
            None => Sample {
                colour: [0.62, 0.70, 0.80],
                id: 0,
                signature: 1,
            },
        }
    }

    fn shade_solid(&mut self, ray: &Ray, (solid, hit): (&Solid, &Hit)) -> Sample {
        let pixel_m = hit.distance_m / self.focal_px;
        let roof = hit.face >= 4;
        let [x, y, z] = hit.local_m;
        let half = solid.form.half_extent_m();
        let (material, uv_m, half_m) = match hit.face {
            0 | 1 => (&solid.side, [y, z + solid.place.base_m], [half[1], 50.0]),
            2 | 3 => (&solid.side, [x, z + solid.place.base_m], [half[0], 50.0]),
            _ => (&solid.top, [x, y], half),
        };
        let look = material.look(&Spot {
            uv_m,
            half_m,
            pixel_m,
        });
        let local_normal = match hit.face {
            0..=3 => hit.normal,
            _ => unit([
                hit.normal[0] - look.bump[0],
                hit.normal[1] - look.bump[1],
                hit.normal[2],
            ]),
        };
        let normal = scene_direction(local_normal, &solid.place);
        let flat = scene_direction(hit.normal, &solid.place);
        let point = point_on(ray, hit.distance_m, flat);
        let (colour, lit) = self.lighten(ray, &look, (point, normal));
        let soft = matches!(solid.form, Form::Relief(_));
        let part = lattice_hash(
            solid.place.centre_m[0].to_bits() as i32,
            solid.place.centre_m[1].to_bits() as i32,
            u32::from(hit.face),
        );
        let signature = if soft {
            solid.top.seed | 4
        } else {
            (part << 1) ^ u32::from(lit)
        };
        let id = if solid.object > 0 && roof {
            solid.object | ROOF_BIT
        } else {
            solid.object
        };
        Sample {
            colour: veil(self.scene, colour, hit.distance_m),
            id,
            signature,
        }
    }

    fn shade_ground(&mut self, ray: &Ray, distance_m: f32) -> Sample {
        let pixel_m = distance_m / self.focal_px;
        let point = point_on(ray, distance_m, [0.0, 0.0, 1.0]);
        let ground = self.scene.ground_at([point[0], point[1]]);
        let slant = pixel_m / (-ray.direction[2]).max(0.1);
        let look = ground.material.look(&Spot {
            uv_m: ground.local_m,
            half_m: ground.half_m,
            pixel_m: slant,
        });
        let place = Placement {
            centre_m: [0.0; 2],
            axis: ground.axis,
            base_m: 0.0,
        };
        let normal = scene_direction(unit([-look.bump[0], -look.bump[1], 1.0]), &place);
        let (colour, lit) = self.lighten(ray, &look, (point, normal));
        let signature = (ground.material.seed << 1) ^ u32::from(lit);
        Sample {
            colour: veil(self.scene, colour, distance_m),
            id: ground.object,
            signature,
        }
    }

    /// Light leaving a surface towards the viewer, and whether the sun reaches it.
    fn lighten(&mut self, ray: &Ray, look: &Look, (point, normal): ([f32; 3], [f32; 3])) -> (Rgb, bool) {
        let light = &self.scene.light;
        let facing = dot(normal, light.sun);
        let lit = facing > 0.0 && !self.scene.is_shaded(point, &mut self.last_shade);
        let sun = if lit { facing } else { 0.0 };
        let sky = self.scene.sky_share(point) * (0.40 + 0.60 * normal[2].max(0.0));
        let mirror = 2.0 * dot(normal, ray.direction);
        let reflected: [f32; 3] = std::array::from_fn(|k| ray.direction[k] - mirror * normal[k]);
        let glint = if lit {
            dot(reflected, light.sun).max(0.0).powi(24) * look.gloss * 0.6
        } else {
            0.0
        };
        let grazing = (1.0 - dot(normal, ray.direction).abs()).clamp(0.0, 1.0).powi(4);
        let sheen = look.gloss * (0.05 + 0.5 * grazing);
        let colour = std::array::from_fn(|k| {
            let diffuse =
                look.albedo[k].max(0.002) * (sun * light.sun_colour[k] + sky * light.sky_colour[k] + 0.02);
            diffuse * (1.0 - 0.5 * sheen) + sheen * light.sky_colour[k] * 0.9 + glint * light.sun_colour[k]
        });
        (colour, lit)
    }
}

/// The air's veil over a path.
fn veil(scene: &Scene, colour: Rgb, distance_m: f32) -> Rgb {
    let depth = scene.light.haze * distance_m / 100.0;
    // 1 − exp(−depth) by its (1, 2) Padé approximation.
    let share = depth / (1.0 + depth * (0.5 + depth / 12.0));
    let air = [0.55, 0.60, 0.66];
    std::array::from_fn(|k| colour[k] + (air[k] - colour[k]) * share)
}

/// The point at a distance, lifted a little off its surface so that it does not shade itself.
fn point_on(ray: &Ray, distance_m: f32, normal: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|k| ray.origin[k] + distance_m * ray.direction[k] + 0.02 * normal[k])
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
