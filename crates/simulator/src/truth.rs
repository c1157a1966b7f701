//! What a picture truly shows: pixel boxes of visible objects, read from the id picture.

use image::GrayImage;
use serde::Serialize;

use crate::camera::Camera;
use crate::plan::{ObjectClass, PlantedObject};
use crate::render::{ROOF_BIT, Rendering};
use crate::scene::Scene;

/// A visible object in a picture.
#[derive(Clone, Debug, Serialize)]
pub struct VisibleObject {
    /// Object number.
    pub id: u32,
    /// Class of this label; an object with several classes appears once for each.
    pub class: ObjectClass,
    /// Left, top, right, bottom in pixels; right and bottom are the far edges.
    pub box_px: [f64; 4],
    /// Pixels that show it.
    pub visible_px: u32,
    /// Share of its outline in the picture that is not hidden, 0 to 1.
    pub visible_fraction: f64,
}

/// Least visible pixels and least visible share of a labelled object.
const LEAST_PX: u32 = 14;
const LEAST_FRACTION: f64 = 0.2;

/// Extent of an object's pixels.
#[derive(Clone, Copy)]
struct Extent {
    box_px: [u32; 4],
    count: u32,
}

const NOTHING: Extent = Extent {
    box_px: [u32::MAX, u32::MAX, 0, 0],
    count: 0,
};

/// Labels of everything visible enough. Sheet roofs are boxed by their roof faces, all else by every visible
/// part, a building together with what stands on its roof.
pub fn visible_objects(scene: &Scene, camera: &Camera, rendering: &Rendering) -> Vec<VisibleObject> {
    let mut whole = vec![NOTHING; scene.objects.len()];
    let mut roof = whole.clone();
    for (index, &pixel) in rendering.ids.iter().enumerate() {
        let id = (pixel & !ROOF_BIT) as usize;
        if id == 0 {
            continue;
        }
        let at = [
            index as u32 % rendering.width_px,
            index as u32 / rendering.width_px,
        ];
        whole[id - 1].add(at);
        if pixel & ROOF_BIT != 0 {
            roof[id - 1].add(at);
        }
    }
    let mut with_children = whole.clone();
    for (object, extent) in scene.objects.iter().zip(&whole) {
        if let Some(parent) = object.parent {
            with_children[parent as usize - 1].join(extent);
        }
    }
    let mut visible = Vec::new();
    for object in &scene.objects {
        let index = object.id as usize - 1;
        for class in object.classes() {
            let sheet = matches!(class, ObjectClass::BlueMetalRoof | ObjectClass::MetalRoof);
            let extent = if sheet { roof[index] } else { with_children[index] };
            visible.extend(label(camera, object, class, &extent));
        }
    }
    visible
}

/// Which pixels show a roof: 1 roof, 0 none, 255 walls (not to be judged).
pub fn roof_mask(scene: &Scene, rendering: &Rendering) -> GrayImage {
    GrayImage::from_fn(rendering.width_px, rendering.height_px, |x, y| {
        let pixel = rendering.ids[(y * rendering.width_px + x) as usize];
        let roofed = |object: &PlantedObject| {
            matches!(
                object.class,
                ObjectClass::Building | ObjectClass::BlueMetalRoof | ObjectClass::MetalRoof
            )
        };
        let object = ((pixel & !ROOF_BIT) as usize)
            .checked_sub(1)
            .and_then(|index| scene.objects.get(index));
        image::Luma([match object {
            Some(object) if roofed(object) && pixel & ROOF_BIT != 0 => 1,
            Some(object) if roofed(object) => 255,
            _ => 0,
        }])
    })
}

/// Text of a YOLO label file: class number, centre and size as shares of the picture, one object a line.
pub fn yolo_text(visible: &[VisibleObject], width_px: u32, height_px: u32) -> String {
    let mut text = String::new();
    let (w, h) = (f64::from(width_px), f64::from(height_px));
    for object in visible {
        let [left, top, right, bottom] = object.box_px;
        let centre = [(left + right) / 2.0 / w, (top + bottom) / 2.0 / h];
        let size = [(right - left) / w, (bottom - top) / h];
        let label = object.class.label();
        text.push_str(&format!(
            "{label} {:.6} {:.6} {:.6} {:.6}\n",
            centre[0], centre[1], size[0], size[1]
        ));
    }
    text
}

impl Extent {
    fn add(&mut self, [x, y]: [u32; 2]) {
        self.join(&Extent {
            box_px: [x, y, x + 1, y + 1],
            count: 1,
        });
    }

    fn join(&mut self, other: &Extent) {
        let [a, b] = [self.box_px, other.box_px];
        self.box_px = [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
        self.count += other.count;
    }
}

fn label(
    camera: &Camera,
    object: &PlantedObject,
    class: ObjectClass,
    extent: &Extent,
) -> Option<VisibleObject> {
    if extent.count < LEAST_PX {
        return None;
    }
    let expected = outline_area_px(camera, object)?;
    let visible_fraction = (f64::from(extent.count) / expected.max(1.0)).min(1.0);
    let box_px = extent.box_px.map(f64::from);
    let small = box_px[2] - box_px[0] < 4.0 || box_px[3] - box_px[1] < 4.0;
    let shown = !small && visible_fraction >= LEAST_FRACTION;
    shown.then_some(VisibleObject {
        id: object.id,
        class,
        box_px,
        visible_px: extent.count,
        visible_fraction,
    })
}

/// Area in pixels of the object's top outline if nothing hid it, cut at the picture's edges only roughly:
/// by the share of its bounding box inside. `None` when part of it is behind the camera.
fn outline_area_px(camera: &Camera, object: &PlantedObject) -> Option<f64> {
    let corners: Vec<[f64; 2]> = object
        .outline_enu_m
        .iter()
        .map(|p| camera.pixel_from_enu([p[0], p[1], object.top_m]))
        .collect::<Option<_>>()?;
    let doubled: f64 = (0..corners.len())
        .map(|i| {
            let (a, b) = (corners[i], corners[(i + 1) % corners.len()]);
            a[0] * b[1] - b[0] * a[1]
        })
        .sum();
    // Loose things do not fill their outline.
    let filling = match object.class {
        ObjectClass::Waste | ObjectClass::Machinery => 0.45,
        ObjectClass::Heap | ObjectClass::BareSoil => 0.65,
        _ => 1.0,
    };
    let range = |axis: usize, limit: f64| {
        let low = corners.iter().map(|c| c[axis]).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(|c| c[axis]).fold(f64::NEG_INFINITY, f64::max);
        ((high.min(limit) - low.max(0.0)) / (high - low).max(1e-9)).clamp(0.05, 1.0)
    };
    let inside = range(0, f64::from(camera.width_px)) * range(1, f64::from(camera.height_px));
    Some(doubled.abs() / 2.0 * filling * inside)
}
