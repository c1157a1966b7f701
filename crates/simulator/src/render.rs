//! Ray-cast picture of a scene: sun, cast shadows, sky light, and which object every pixel shows.

use crate::camera::Camera;
use crate::material::{Look, Rgb, Spot};
use crate::plan::Solid;
use crate::random::lattice_hash;
use crate::scene::{Scene, ray_towards};
use crate::shape::{Form, Hit, Placement, Ray, scene_direction, unit};

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

/// Renders the scene on up to `threads` threads; the result does not depend on their number.
pub fn render(scene: &Scene, camera: &Camera, threads: usize) -> Rendering {
    let (width, height) = (camera.width_px as usize, camera.height_px as usize);
    let mut light = vec![[0.0f32; 3]; width * height];
    let mut ids = vec![0u32; width * height];
    let mut signatures = vec![0u32; width * height];
    let band = height.div_ceil(threads.max(1) * 4).max(1);
    let workers = threads.max(1);
    let mut bands: Vec<_> = light
        .chunks_mut(band * width)
        .zip(ids.chunks_mut(band * width))
        .zip(signatures.chunks_mut(band * width))
        .enumerate()
        .collect();
    share_out(&mut bands, workers, |(index, ((light, ids), signatures))| {
        for (offset, pixel) in light.iter_mut().enumerate() {
            let at = [
                (offset % width) as f64 + 0.5,
                (*index * band + offset / width) as f64 + 0.5,
            ];
            let sample = sample_pixel(scene, camera, at);
            (*pixel, ids[offset], signatures[offset]) = (sample.colour, sample.id, sample.signature);
        }
    });
    let mut rows: Vec<_> = light.chunks_mut(band * width).enumerate().collect();
    share_out(&mut rows, workers, |(index, light)| {
        for (offset, pixel) in light.iter_mut().enumerate() {
            let (x, y) = (offset % width, *index * band + offset / width);
            if is_edge(&signatures, [width, height], [x, y]) {
                *pixel = smooth_pixel(scene, camera, [x, y], *pixel);
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

/// Runs `work` over all parts, part i on thread i modulo `workers`.
fn share_out<T: Send>(parts: &mut Vec<T>, workers: usize, work: impl Fn(&mut T) + Sync) {
    let mut hands: Vec<Vec<T>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, part) in parts.drain(..).enumerate() {
        hands[index % workers].push(part);
    }
    std::thread::scope(|scope| {
        for hand in hands {
            let work = &work;
            scope.spawn(move || hand.into_iter().for_each(|mut part| work(&mut part)));
        }
    });
}

fn is_edge(signatures: &[u32], [width, height]: [usize; 2], [x, y]: [usize; 2]) -> bool {
    let here = signatures[y * width + x];
    (x > 0 && signatures[y * width + x - 1] != here)
        || (x + 1 < width && signatures[y * width + x + 1] != here)
        || (y > 0 && signatures[(y - 1) * width + x] != here)
        || (y + 1 < height && signatures[(y + 1) * width + x] != here)
}

/// Mean of the centre sample and three more.
fn smooth_pixel(scene: &Scene, camera: &Camera, [x, y]: [usize; 2], centre: Rgb) -> Rgb {
    let mut sum = centre;
    for (dx, dy) in [(0.18, 0.30), (0.80, 0.22), (0.44, 0.86)] {
        let sample = sample_pixel(scene, camera, [x as f64 + dx, y as f64 + dy]);
        for (total, part) in sum.iter_mut().zip(sample.colour) {
            *total += part;
        }
    }
    sum.map(|v| v / 4.0)
}

fn sample_pixel(scene: &Scene, camera: &Camera, pixel: [f64; 2]) -> Sample {
    let ray = ray_towards(camera.position_enu_m, camera.enu_ray_from_pixel(pixel));
    let ground_m = if ray.direction[2] < -1e-3 {
        -ray.origin[2] / ray.direction[2]
    } else {
        4000.0
    };
    let limit_m = ground_m.min(4000.0);
    let pixel_m = |distance_m: f32| distance_m / camera.focal_px as f32;
    match scene.first_solid(&ray, limit_m) {
        Some((solid, hit)) => shade_solid(scene, &ray, (solid, &hit), pixel_m(hit.distance_m)),
        None if limit_m < 4000.0 => shade_ground(scene, &ray, limit_m, pixel_m(limit_m)),
        None => Sample {
            colour: [0.62, 0.70, 0.80],
            id: 0,
            signature: 1,
        },
    }
}

fn shade_solid(scene: &Scene, ray: &Ray, (solid, hit): (&Solid, &Hit), pixel_m: f32) -> Sample {
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
    let (colour, lit) = lighten(scene, ray, &look, (point, normal));
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
        colour: veil(scene, colour, hit.distance_m),
        id,
        signature,
    }
}

fn shade_ground(scene: &Scene, ray: &Ray, distance_m: f32, pixel_m: f32) -> Sample {
    let point = point_on(ray, distance_m, [0.0, 0.0, 1.0]);
    let ground = scene.ground_at([point[0], point[1]]);
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
    let (colour, lit) = lighten(scene, ray, &look, (point, normal));
    let signature = (ground.material.seed << 1) ^ u32::from(lit);
    Sample {
        colour: veil(scene, colour, distance_m),
        id: ground.object,
        signature,
    }
}

/// Light leaving a surface towards the viewer, and whether the sun reaches it.
fn lighten(scene: &Scene, ray: &Ray, look: &Look, (point, normal): ([f32; 3], [f32; 3])) -> (Rgb, bool) {
    let light = &scene.light;
    let facing = dot(normal, light.sun);
    let to_sun = Ray {
        origin: point,
        direction: light.sun,
    };
    let lit = facing > 0.0 && scene.first_solid(&to_sun, 400.0).is_none();
    let sun = if lit { facing } else { 0.0 };
    let sky = scene.sky_share(point) * (0.40 + 0.60 * normal[2].max(0.0));
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

/// The air's veil over a path.
fn veil(scene: &Scene, colour: Rgb, distance_m: f32) -> Rgb {
    let share = 1.0 - (-scene.light.haze * distance_m / 100.0).exp();
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
