//! Drawing board of a scene: rectangles on the ground, the planted objects with their truth, and the builder
//! that collects solids and ground patches.

use serde::Serialize;

use crate::frame::{GeoPoint, LocalFrame};
use crate::material::Material;
use crate::noise::{Grain, octaves};
use crate::palette::Palette;
use crate::random::Dice;
use crate::shape::{Form, Placement};

/// What a planted object is; the order gives the label numbers 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectClass {
    /// A building of any roof.
    Building,
    /// A blue colour-steel roof or shed.
    BlueMetalRoof,
    /// A car, van, bus or lorry.
    Vehicle,
    /// A waste dump.
    Waste,
    /// A heap of soil, sand, gravel or rubble.
    Heap,
    /// An excavator, loader, roller or dump truck.
    Machinery,
    /// Any sheet-metal roof or shed.
    MetalRoof,
    /// Freshly graded or excavated ground.
    BareSoil,
}

impl ObjectClass {
    /// All classes in label order.
    pub const ALL: [Self; 8] = [
        Self::Building,
        Self::BlueMetalRoof,
        Self::Vehicle,
        Self::Waste,
        Self::Heap,
        Self::Machinery,
        Self::MetalRoof,
        Self::BareSoil,
    ];

    /// Label number, 0 to 7.
    pub fn label(self) -> usize {
        self as usize
    }

    /// Name as in the class list of the training data.
    pub fn name(self) -> &'static str {
        [
            "building",
            "blue_metal_roof",
            "vehicle",
            "waste",
            "heap",
            "machinery",
            "metal_roof",
            "bare_soil",
        ][self.label()]
    }
}

/// One object of the scene with its true place.
#[derive(Clone, Debug, Serialize)]
pub struct PlantedObject {
    /// Number in the scene, from 1; also its value in the id picture.
    pub id: u32,
    /// Class.
    pub class: ObjectClass,
    /// Further classes under which it is labelled as well.
    pub also: Vec<ObjectClass>,
    /// The building on whose roof it stands.
    pub parent: Option<u32>,
    /// Ground outline, anticlockwise, east and north in metres.
    pub outline_enu_m: Vec<[f64; 2]>,
    /// Underside above the street, metres.
    pub base_m: f64,
    /// Top above the street, metres.
    pub top_m: f64,
    /// Middle of the outline, east, north and top in metres.
    pub centre_enu_m: [f64; 3],
    /// Middle of the outline.
    pub centre_wgs84: GeoPoint,
    /// The outline.
    pub outline_wgs84: Vec<GeoPoint>,
}

impl PlantedObject {
    /// Every class the object is labelled under.
    pub fn classes(&self) -> impl Iterator<Item = ObjectClass> + '_ {
        std::iter::once(self.class).chain(self.also.iter().copied())
    }
}

/// A turned rectangle on the ground.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rect {
    pub(crate) centre_m: [f64; 2],
    pub(crate) half_m: [f64; 2],
    /// Direction of the local x axis, anticlockwise from east.
    pub(crate) angle_rad: f64,
}

impl Rect {
    /// Scene position of a local offset.
    pub(crate) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let (s, c) = self.angle_rad.sin_cos();
        [self.centre_m[0] + c * x - s * y, self.centre_m[1] + s * x + c * y]
    }

    /// A rectangle of the same direction at a local offset.
    pub(crate) fn part(&self, offset_m: [f64; 2], half_m: [f64; 2]) -> Self {
        Self {
            centre_m: self.at(offset_m[0], offset_m[1]),
            half_m,
            angle_rad: self.angle_rad,
        }
    }

    /// The same, turned about its centre.
    pub(crate) fn turned(&self, by_rad: f64) -> Self {
        Self {
            angle_rad: self.angle_rad + by_rad,
            ..*self
        }
    }

    /// The same with every side moved outwards.
    pub(crate) fn grown(&self, by_m: f64) -> Self {
        Self {
            half_m: self.half_m.map(|h| (h + by_m).max(0.05)),
            ..*self
        }
    }

    /// The same rectangle with its x axis along the longer side.
    pub(crate) fn along_longer(&self) -> Self {
        if self.half_m[0] >= self.half_m[1] {
            return *self;
        }
        Self {
            half_m: [self.half_m[1], self.half_m[0]],
            angle_rad: self.angle_rad + std::f64::consts::FRAC_PI_2,
            ..*self
        }
    }

    /// Corners, anticlockwise.
    pub(crate) fn corners(&self) -> Vec<[f64; 2]> {
        let [x, y] = self.half_m;
        vec![self.at(-x, -y), self.at(x, -y), self.at(x, y), self.at(-x, y)]
    }

    /// Area, square metres.
    pub(crate) fn area_m2(&self) -> f64 {
        4.0 * self.half_m[0] * self.half_m[1]
    }

    /// Half sizes in single precision.
    pub(crate) fn half_f32(&self) -> [f32; 2] {
        self.half_m.map(|h| h as f32)
    }

    fn placement(&self, base_m: f64) -> Placement {
        Placement {
            centre_m: self.centre_m.map(|c| c as f32),
            axis: [self.angle_rad.cos() as f32, self.angle_rad.sin() as f32],
            base_m: base_m as f32,
        }
    }
}

/// A solid standing in the scene.
#[derive(Clone, Debug)]
pub(crate) struct Solid {
    pub(crate) place: Placement,
    pub(crate) form: Form,
    pub(crate) top: Material,
    pub(crate) side: Material,
    /// Id of the planted object it belongs to; 0 for scenery.
    pub(crate) object: u32,
}

/// A painted area of the ground; later patches cover earlier ones.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    pub(crate) place: Placement,
    pub(crate) half_m: [f32; 2],
    /// How far the edge wanders, metres; 0 for a straight edge, else the outline is an ellipse.
    pub(crate) ragged_m: f32,
    pub(crate) material: Material,
    pub(crate) object: u32,
}

impl Solid {
    /// Least and greatest east and north, metres: west, south, east, north.
    pub(crate) fn bounds(&self) -> [f32; 4] {
        self.place.bounds(self.form.half_extent_m())
    }
}

impl Patch {
    /// Least and greatest east and north, metres: west, south, east, north.
    pub(crate) fn bounds(&self) -> [f32; 4] {
        self.place.bounds(self.half_m)
    }

    /// Whether a straight-edged patch covers the whole of a convex area given by its corners.
    pub(crate) fn fills(&self, corners: [[f32; 2]; 4]) -> bool {
        self.ragged_m <= 0.0
            && corners
                .iter()
                .all(|&corner| self.covers(self.place.local_of(corner)))
    }

    /// Whether a place in the patch's own frame lies on it.
    pub(crate) fn covers(&self, local_m: [f32; 2]) -> bool {
        let [x, y] = local_m;
        if x.abs() > self.half_m[0] || y.abs() > self.half_m[1] {
            return false;
        }
        if self.ragged_m <= 0.0 {
            return true;
        }
        // A rounded rectangle (superellipse) whose edge wanders with the noise.
        let level = (x / self.half_m[0]).powi(4) + (y / self.half_m[1]).powi(4);
        let span = self.half_m[0].min(self.half_m[1]);
        let grain = Grain {
            wavelength_m: span * 0.8,
            pixel_m: 0.1,
            octaves: 5,
        };
        let wander = octaves(x, y, grain, self.material.seed) * 2.2 * self.ragged_m / span;
        level.sqrt().sqrt() < 1.0 - 0.5 * self.ragged_m / span + wander
    }
}

/// The two materials of a solid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skin {
    pub(crate) top: Material,
    pub(crate) side: Material,
}

/// Collects the parts of a scene.
#[derive(Debug)]
pub(crate) struct Builder {
    pub(crate) frame: LocalFrame,
    pub(crate) dice: Dice,
    pub(crate) palette: Palette,
    pub(crate) solids: Vec<Solid>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) objects: Vec<PlantedObject>,
}

impl Builder {
    /// An empty drawing board.
    pub(crate) fn new(frame: LocalFrame, dice: Dice, palette: Palette) -> Self {
        Self {
            frame,
            dice,
            palette,
            solids: Vec::new(),
            patches: Vec::new(),
            objects: Vec::new(),
        }
    }

    /// A fresh texture seed.
    pub(crate) fn grain(&mut self) -> u32 {
        self.dice.bits() as u32
    }

    /// Adds a solid over a rectangle.
    pub(crate) fn put(&mut self, rect: &Rect, base_m: f64, form: Form, skin: Skin, object: u32) {
        let place = rect.placement(base_m);
        self.solids.push(Solid {
            place,
            form,
            top: skin.top,
            side: skin.side,
            object,
        });
    }

    /// Adds a flat-topped box over a rectangle.
    pub(crate) fn block(&mut self, rect: &Rect, heights_m: [f64; 2], skin: Skin, object: u32) {
        let form = Form::block(rect.half_f32(), (heights_m[1] - heights_m[0]) as f32);
        self.put(rect, heights_m[0], form, skin, object);
    }

    /// Paints the ground.
    pub(crate) fn paint(&mut self, rect: &Rect, ragged_m: f64, material: Material, object: u32) {
        self.patches.push(Patch {
            place: rect.placement(0.0),
            half_m: rect.half_f32(),
            ragged_m: ragged_m as f32,
            material,
            object,
        });
    }

    /// Records an object and gives its id.
    pub(crate) fn plant(
        &mut self,
        class: ObjectClass,
        rect: &Rect,
        heights_m: [f64; 2],
        parent: Option<u32>,
    ) -> u32 {
        let id = self.objects.len() as u32 + 1;
        let [e, n] = rect.centre_m;
        let outline_enu_m = rect.corners();
        self.objects.push(PlantedObject {
            id,
            class,
            also: Vec::new(),
            parent,
            base_m: heights_m[0],
            top_m: heights_m[1],
            centre_enu_m: [e, n, heights_m[1]],
            centre_wgs84: self.frame.wgs84_from_enu([e, n, heights_m[1]]),
            outline_wgs84: outline_enu_m
                .iter()
                .map(|p| self.frame.wgs84_from_enu([p[0], p[1], heights_m[0]]))
                .collect(),
            outline_enu_m,
        });
        id
    }

    /// Labels an object under a further class.
    pub(crate) fn label_also(&mut self, id: u32, class: ObjectClass) {
        if let Some(object) = self.objects.get_mut(id as usize - 1)
            && object.class != class
            && !object.also.contains(&class)
        {
            object.also.push(class);
        }
    }
}
