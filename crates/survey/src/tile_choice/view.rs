//! One photo over the sortie's ground: which pixel shows a cell, and where tiles can lie.

use nalgebra::{Matrix3, Vector3};

use crate::geodesy::{LocalTangent, Wgs84};
use crate::geolocate::{SMALLEST_DEPRESSION_RAD, check_pose};
use crate::sharpness::Sharpness;
use crate::tile_choice::frame::{BINS_PER_TILE, Frame};
use crate::tile_choice::{ChosenTile, FRAME_REACH_M, ModelScale, SortiePhoto};
use crate::tiles::{LARGEST_SCALE, SMALLEST_SCALE, TileRect};

/// Rays along each side of the photo that find out which ground it shows.
const SAMPLES: u32 = 33;
/// The ground found by samples is enlarged by this share, since its true edge lies between two of them.
const BEYOND_SAMPLES: f64 = 0.1;
/// Parts of each side of the photo that are told apart by how steeply they look down.
const STEEPNESS_PARTS: usize = 12;
/// Weight of ground seen straight down.
const FULL_WEIGHT: f64 = 250.0;

/// A cell that a photo shows.
#[derive(Debug, Clone, Copy)]
pub struct SeenCell {
    /// Number of the cell.
    pub id: u32,
    /// Pixel of its middle.
    pub x_px: u16,
    /// Pixel of its middle.
    pub y_px: u16,
}

/// A place for a tile along one side of the photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Where the tile starts, px.
    pub start_px: u32,
    /// First bin that is safely inside.
    pub from_bin: usize,
    /// Bin behind the last that is safely inside.
    pub to_bin: usize,
}

/// A photo over the frame.
#[derive(Debug)]
pub struct View<'p> {
    /// The photo.
    pub photo: &'p SortiePhoto,
    /// Ground sampling distance that its tiles are scaled by, cm per photo pixel.
    pub typical_cm: f64,
    /// Model pixels per photo pixel of its tiles.
    pub scale: f64,
    /// Side of its tiles, px.
    pub side_px: u32,
    /// Distance from a tile's border at which a thing counts as whole, px.
    pub margin_px: f64,
    /// West, south, east, north of the ground shown, frame, m.
    pub bounds_m: [f64; 4],
    /// The cells that count for this photo.
    pub cells: Vec<SeenCell>,
    /// Side of a bin, px.
    pub bin_px: f64,
    bins_per_px: f32,
    /// Bins across and down.
    pub bins: [usize; 2],
    /// Places for tiles across and down.
    pub stops: [Vec<Stop>; 2],
    /// Weight of the ground by part of the photo, rows from the top.
    steepness: Vec<u32>,
    usable_to_cm: f64,
    place_m: [f64; 2],
    height_m: f64,
    /// Columns: what a metre along the frame's first and second axis and down is in camera axes.
    camera_from_frame: Matrix3<f64>,
}

impl<'p> View<'p> {
    /// `None` where the photo shows no usable ground or lies beyond the frame.
    pub fn of(photo: &'p SortiePhoto, model: &ModelScale, frame: &Frame) -> Option<Self> {
        check_pose(&photo.pose).ok()?;
        let camera = &photo.camera;
        let fits = |length: u32| (1..=u32::from(u16::MAX)).contains(&length);
        if !fits(camera.width_px) || !fits(camera.height_px) {
            return None;
        }
        let sharpness = Sharpness::of(&photo.pose, camera)?;
        let usable_to_cm = sharpness.usable_to_cm(model.trained_to_cm);
        let typical_cm = sharpness.typical_cm(usable_to_cm);
        let scale = (typical_cm / model.ground_scale_cm).clamp(SMALLEST_SCALE, LARGEST_SCALE);
        let side_px = (f64::from(model.tile_px) / scale).ceil() as u32;
        let margin_px = margin_px(model.overlap_px, scale);
        // One pixel less, so that a tile that starts on a whole pixel still covers its bins.
        let bin_px = ((f64::from(side_px) - 2.0 * margin_px - 1.0) / BINS_PER_TILE).max(1.0);
        let place_m = frame.along_across_from_wgs84(photo.pose.position);
        if place_m[0].hypot(place_m[1]) > FRAME_REACH_M {
            return None;
        }
        let sizes = [camera.width_px, camera.height_px];
        let mut view = Self {
            photo,
            typical_cm,
            scale,
            side_px,
            margin_px,
            bounds_m: [0.0; 4],
            cells: Vec::new(),
            bin_px,
            bins_per_px: (1.0 / bin_px) as f32,
            bins: sizes.map(|length| (f64::from(length) / bin_px).ceil() as usize),
            stops: sizes.map(|length| stops(length, side_px, margin_px, bin_px)),
            steepness: Vec::new(),
            usable_to_cm,
            place_m,
            height_m: photo.pose.altitude_agl_m.0,
            camera_from_frame: camera_from_frame(photo, frame)?,
        };
        view.bounds_m = view.measured_bounds()?;
        view.steepness = view.measured_steepness();
        Some(view)
    }

    /// Whether a place of the frame lies in the box around the ground shown.
    pub fn may_show(&self, place_m: [f64; 2]) -> bool {
        let [west, south, east, north] = self.bounds_m;
        (west..=east).contains(&place_m[0]) && (south..=north).contains(&place_m[1])
    }

    /// The pixel that shows a place of the frame, where it does so sharply enough.
    pub fn pixel_of(&self, place_m: [f64; 2]) -> Option<[f64; 2]> {
        let sight = Vector3::new(
            place_m[0] - self.place_m[0],
            place_m[1] - self.place_m[1],
            self.height_m,
        );
        let ray = self.camera_from_frame * sight;
        if !self.is_sharp(&sight, ray.z) {
            return None;
        }
        let pixel = self.photo.camera.pixel_from_ray(ray.into())?;
        self.photo.camera.contains(pixel).then_some(pixel)
    }

    /// Whether a thing at a pixel is whole in the photo.
    pub fn is_whole(&self, pixel: [f64; 2]) -> bool {
        let (width, height) = (
            f64::from(self.photo.camera.width_px),
            f64::from(self.photo.camera.height_px),
        );
        (self.margin_px..=width - self.margin_px).contains(&pixel[0])
            && (self.margin_px..=height - self.margin_px).contains(&pixel[1])
    }

    /// Column and row of the bin of a pixel.
    pub fn bin_of(&self, x_px: u16, y_px: u16) -> [usize; 2] {
        let bin = |at: u16, bins: usize| ((f32::from(at) * self.bins_per_px) as usize).min(bins - 1);
        [bin(x_px, self.bins[0]), bin(y_px, self.bins[1])]
    }

    /// Weight of the ground in a bin, at most 250: the steeper, the more.
    pub fn weight(&self, column: usize, row: usize) -> u32 {
        let part = |bin: usize, bins: usize| bin * STEEPNESS_PARTS / bins.max(1);
        self.steepness[part(row, self.bins[1]) * STEEPNESS_PARTS + part(column, self.bins[0])]
    }

    /// The part of a tile, px from its left or top to its right or bottom, in which a cell counts as looked at.
    pub fn safe_part(&self, tile: &ChosenTile, overlap_px: u32) -> [[f64; 2]; 2] {
        let margin_px = margin_px(overlap_px, tile.scale);
        let TileRect {
            x_px,
            y_px,
            width_px,
            height_px,
        } = tile.rect;
        let camera = &self.photo.camera;
        [
            safe_range((x_px, width_px), camera.width_px, margin_px),
            safe_range((y_px, height_px), camera.height_px, margin_px),
        ]
    }

    /// Sharp enough for the model, and not too flat.
    fn is_sharp(&self, sight: &Vector3<f64>, along_axis: f64) -> bool {
        let range_m = sight.norm();
        let (sin_depression, cos_off_axis) = (sight.z / range_m, along_axis / range_m);
        if cos_off_axis <= 0.0 || sin_depression < SMALLEST_DEPRESSION_RAD.sin() {
            return false;
        }
        // As in `footprint`: side of the square with the ground area of one pixel.
        let gsd_m = range_m * (cos_off_axis.powi(3) / sin_depression).sqrt() / self.photo.camera.focal_px;
        gsd_m * 100.0 <= self.usable_to_cm
    }

    /// The line of sight of a pixel in the frame, down to the ground; `None` above the horizon or where the lens
    /// model fails.
    fn sight(&self, pixel: [f64; 2]) -> Option<Vector3<f64>> {
        let ray = self.photo.camera.ray_from_pixel(pixel).ok()?;
        let sight = self.camera_from_frame.transpose() * Vector3::from(ray);
        (sight.z > 0.0).then(|| sight * (self.height_m / sight.z))
    }

    fn measured_bounds(&self) -> Option<[f64; 4]> {
        let camera = &self.photo.camera;
        let at = |index: u32, length: u32| f64::from(length) * f64::from(index) / f64::from(SAMPLES - 1);
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for sample in 0..SAMPLES * SAMPLES {
            let pixel = [
                at(sample % SAMPLES, camera.width_px),
                at(sample / SAMPLES, camera.height_px),
            ];
            let Some(sight) = self.sight(pixel) else { continue };
            if !self.is_sharp(&sight, (self.camera_from_frame * sight).z) {
                continue;
            }
            for axis in 0..2 {
                bounds[axis] = bounds[axis].min(sight[axis]);
                bounds[axis + 2] = bounds[axis + 2].max(sight[axis]);
            }
        }
        (bounds[0] <= bounds[2]).then_some(())?;
        let beyond = [0, 1].map(|axis| BEYOND_SAMPLES * (bounds[axis + 2] - bounds[axis]));
        Some([
            self.place_m[0] + bounds[0] - beyond[0],
            self.place_m[1] + bounds[1] - beyond[1],
            self.place_m[0] + bounds[2] + beyond[0],
            self.place_m[1] + bounds[3] + beyond[1],
        ])
    }

    fn measured_steepness(&self) -> Vec<u32> {
        let parts = STEEPNESS_PARTS as f64;
        let sizes = [self.photo.camera.width_px, self.photo.camera.height_px].map(f64::from);
        let weight = |part: usize| {
            let pixel = [
                ((part % STEEPNESS_PARTS) as f64 + 0.5) / parts * sizes[0],
                ((part / STEEPNESS_PARTS) as f64 + 0.5) / parts * sizes[1],
            ];
            let sin_depression = self.sight(pixel).map_or(0.0, |sight| sight.z / sight.norm());
            ((FULL_WEIGHT * sin_depression).round() as u32).max(1)
        };
        (0..STEEPNESS_PARTS * STEEPNESS_PARTS).map(weight).collect()
    }
}

/// Half of the largest thing that is whole in a tile, photo px.
pub fn margin_px(overlap_px: u32, scale: f64) -> f64 {
    f64::from(overlap_px) / 2.0 / scale
}

/// From where to where along one side a cell counts as looked at: a margin inside the tile, but up to the edge where
/// the photo ends with the tile.
fn safe_range((start_px, side_px): (u32, u32), length_px: u32, margin_px: f64) -> [f64; 2] {
    let end_px = start_px.saturating_add(side_px);
    let from = if start_px == 0 {
        0.0
    } else {
        f64::from(start_px) + margin_px
    };
    let to = if end_px >= length_px {
        f64::from(length_px)
    } else {
        f64::from(end_px) - margin_px
    };
    [from, to]
}

/// All places of a tile along one side that are worth trying: flush with either end, and with its safe part on every
/// bin between.
fn stops(length_px: u32, side_px: u32, margin_px: f64, bin_px: f64) -> Vec<Stop> {
    let bins = (f64::from(length_px) / bin_px).ceil() as usize;
    let stop = |start_px: u32| {
        let [from, to] = safe_range((start_px, side_px), length_px, margin_px);
        let to_bin = if to >= f64::from(length_px) {
            bins
        } else {
            (to / bin_px).floor() as usize
        };
        Stop {
            start_px,
            from_bin: (from / bin_px).ceil() as usize,
            to_bin: to_bin.min(bins),
        }
    };
    let last_px = length_px.saturating_sub(side_px);
    let between = (0..bins)
        .map(|bin| (bin as f64 * bin_px - margin_px).floor())
        .filter(|start| *start > 0.0 && *start < f64::from(last_px))
        .map(|start| start as u32);
    let mut starts: Vec<u32> = std::iter::once(0).chain(between).chain([last_px]).collect();
    starts.dedup();
    starts.into_iter().map(stop).collect()
}

/// Carries the frame's axes into camera axes; north turns and lengths shrink with the distance from the frame's
/// origin, so both are measured at the camera.
fn camera_from_frame(photo: &SortiePhoto, frame: &Frame) -> Option<Matrix3<f64>> {
    const STEP_M: f64 = 100.0;
    let here = LocalTangent::at(photo.pose.position);
    let start = frame.along_across_from_wgs84(photo.pose.position);
    let step = |east_m: f64, north_m: f64| {
        let there: Wgs84 = here.wgs84_from_enu(east_m, north_m);
        let end = frame.along_across_from_wgs84(there);
        [(end[0] - start[0]) / STEP_M, (end[1] - start[1]) / STEP_M]
    };
    let (east, north) = (step(STEP_M, 0.0), step(0.0, STEP_M));
    let frame_from_ned = Matrix3::new(
        north[0], east[0], 0.0, //
        north[1], east[1], 0.0, //
        0.0, 0.0, 1.0,
    );
    let ned_from_frame = frame_from_ned.try_inverse()?;
    Some(photo.pose.attitude.ned_from_camera().transpose() * ned_from_frame)
}
