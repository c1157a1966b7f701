//! Looks at the tiles of one photo with one model: run it, put every detection on the ground. A detection's identity is what
//! it is made of, so that a repeat after a crash gives the same rows.

use anyhow::{Context, Result};
use image::RgbImage;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::rows::{NewDetection, PhotoRow, Placement as Place};
use store::tiles::TileRow;
use survey::camera::CameraModel;
use survey::footprint::check_in_view;
use survey::geolocate::{ground_from_outline, pixel_of_box};
use survey::pose::Pose;
use survey::sharpness::Sharpness;
use vision::{Card, Detection, Detector, ScaledTile, TileRect};

use crate::stage::relief::Ground;

/// A further look at a photo, or another model, finds again what is found already: boxes that share this much of the
/// smaller one.
pub const SAME_THING_SHARE: f64 = 0.6;

/// Where the time of looking went, microseconds of wall clock, summed over photos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LookTimes {
    /// Reading and checking the original.
    pub read_us: u64,
    /// JPEG to pixels.
    pub decode_us: u64,
    /// Cutting, shrinking and filling tiles.
    pub prepare_us: u64,
    /// The model.
    pub infer_us: u64,
    /// Merging across tiles.
    pub merge_us: u64,
    /// Rows.
    pub commit_us: u64,
    /// Choosing tiles, whole sorties at a time.
    pub choose_us: u64,
    /// Measuring whether a picture is good enough.
    pub quality_us: u64,
    /// Tiles that models looked at.
    pub tiles: u64,
    /// Everything that shadow models took; it is in none of the other figures.
    pub shadow_us: u64,
    /// Tiles that shadow models looked at.
    pub shadow_tiles: u64,
}

impl LookTimes {
    /// Adds another photo's times.
    pub fn add(&mut self, other: &Self) {
        self.read_us += other.read_us;
        self.decode_us += other.decode_us;
        self.prepare_us += other.prepare_us;
        self.infer_us += other.infer_us;
        self.merge_us += other.merge_us;
        self.commit_us += other.commit_us;
        self.choose_us += other.choose_us;
        self.quality_us += other.quality_us;
        self.tiles += other.tiles;
        self.shadow_us += other.shadow_us;
        self.shadow_tiles += other.shadow_tiles;
    }
}

/// Where a placed photo was taken from, and how far into it a model can tell things apart.
#[derive(Debug)]
pub struct Sight {
    pose: Pose,
    camera: CameraModel,
    usable_to_cm: f64,
}

impl Sight {
    /// Of a photo row; `None` without a usable pose.
    ///
    /// # Errors
    /// A stored pose that cannot be read.
    pub fn of(photo: &PhotoRow, card: &Card) -> Result<Option<Self>> {
        let Some((pose, camera)) = stored_placement(photo)? else {
            return Ok(None);
        };
        let usable = Sharpness::of(&pose, &camera).map(|it| it.usable_to_cm(card.scale.trained_to_cm_per_px));
        Ok(usable.map(|usable_to_cm| Self {
            pose,
            camera,
            usable_to_cm,
        }))
    }
}

/// What the model sees in the tiles, in photo pixels.
///
/// # Errors
/// A tile outside the photo, or a model that cannot run.
pub fn detect(
    detector: &mut Detector,
    pixels: &RgbImage,
    tiles: &[TileRow],
    times: &mut LookTimes,
) -> Result<Vec<Detection>> {
    let scaled = |row: &TileRow| {
        let rect = row.tile.rect;
        ScaledTile {
            rect: TileRect {
                x_px: rect.x_px,
                y_px: rect.y_px,
                width_px: rect.width_px,
                height_px: rect.height_px,
            },
            scale: row.tile.scale,
        }
    };
    let scaled: Vec<ScaledTile> = tiles.iter().map(scaled).collect();
    let output = detector.detect(pixels, &scaled)?;
    times.prepare_us += micros(output.timings.resize) + micros(output.timings.prepare);
    times.infer_us += micros(output.timings.infer);
    times.merge_us += micros(output.timings.merge);
    times.tiles += scaled.len() as u64;
    Ok(output.detections)
}

/// Those of `found` that no earlier look at the photo found: tiles of several looks may overlap.
pub fn not_found_before(found: Vec<Detection>, before: &[NewDetection]) -> Vec<Detection> {
    let is_new = |one: &Detection| {
        !before
            .iter()
            .any(|row| row.class == one.class && share_of_smaller(row.box_px, one.box_px) > SAME_THING_SHARE)
    };
    found.into_iter().filter(is_new).collect()
}

/// Which part of the smaller of two boxes lies in the other.
pub fn share_of_smaller(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[x0, y0, x1, y1]: [f64; 4]| (x1 - x0).max(0.0) * (y1 - y0).max(0.0);
    let common = [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])];
    area(common) / area(a).min(area(b)).max(f64::MIN_POSITIVE)
}

/// Detections as rows: with identity, and with a place where the photo has a pose. What lies further away than
/// the model can tell things apart is left out: it would be guesswork with an ellipse of a street block. What lies
/// beyond the ground that counts as seen is kept without a place.
pub fn rows(
    photo: &PhotoRow,
    sight: Option<&Sight>,
    card: &Card,
    detections: &[Detection],
) -> Vec<NewDetection> {
    let row = |detection: &Detection, place: Option<Place>| NewDetection {
        detection_id: detection_id(&photo.sha256, &card.sha256, detection),
        class: detection.class.clone(),
        score: f64::from(detection.score),
        box_px: detection.box_px,
        place,
    };
    let Some(sight) = sight else {
        return detections.iter().map(|detection| row(detection, None)).collect();
    };
    let placed = detections.iter().filter_map(|detection| {
        let (place, gsd_cm) =
            place_of_box(Ground::default(), (&sight.pose, &sight.camera), detection.box_px)?;
        (gsd_cm <= sight.usable_to_cm).then(|| row(detection, place))
    });
    placed.collect()
}

/// Pose and camera of a photo row, `None` without a usable pose.
///
/// # Errors
/// A stored pose that cannot be read.
pub fn stored_placement(photo: &PhotoRow) -> Result<Option<(Pose, CameraModel)>> {
    let (Some(pose), Some(camera)) = (&photo.pose_json, &photo.camera_json) else {
        return Ok(None);
    };
    let unreadable = || format!("the stored pose of {} cannot be read", photo.photo_id);
    let pose = serde_json::from_str(pose).with_context(unreadable)?;
    Ok(Some((
        pose,
        serde_json::from_str(camera).with_context(unreadable)?,
    )))
}

/// The ground under a box, with its size from the corners, and its ground sampling distance in cm. A box that touches
/// the sky has neither; one outside the ground that the photo can be said to show has no place.
pub fn place_of_box(
    ground: Ground<'_>,
    (pose, camera): (&Pose, &CameraModel),
    [x0, y0, x1, y1]: [f64; 4],
) -> Option<(Option<Place>, f64)> {
    let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    let base = pixel_of_box(pose, camera, [x0, y0, x1, y1]);
    let shown = ground_from_outline(&base, &corners, |pixel| {
        ground.place(pose, camera, pixel).map(|(fix, _)| fix)
    });
    let shown = shown.ok()?;
    let centre = &shown.centre;
    let in_view = check_in_view(pose, camera, centre).is_ok();
    let place = in_view.then_some(Place {
        longitude_deg: centre.position.longitude_deg,
        latitude_deg: centre.position.latitude_deg,
        cov_ee_m2: centre.covariance_m2[0][0],
        cov_en_m2: centre.covariance_m2[0][1],
        cov_nn_m2: centre.covariance_m2[1][1],
        extent_e_m: shown.extent_m[0],
        extent_n_m: shown.extent_m[1],
    });
    Some((place, centre.gsd_cm))
}

fn detection_id(photo_sha256: &str, model_sha256: &str, detection: &Detection) -> String {
    let [x0, y0, x1, y1] = detection.box_px;
    let made_of = format!(
        "{photo_sha256} {model_sha256} {} {x0:.2} {y0:.2} {x1:.2} {y1:.2}",
        detection.class
    );
    let digest = hex::encode(Sha256::digest(made_of));
    digest.chars().take(24).collect()
}

/// Whole microseconds of a duration.
pub fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
