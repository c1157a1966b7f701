//! Checks the poses of a sortie's photos against each other before anything rests on them, and places anew what
//! rested on poses that turned out wrong. The rules are `survey::pose_checks`; this reads, compares pictures and
//! writes. A sortie is checked again when it has got more photos.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use formats::photo::PhotoMetadata;
use serde::{Deserialize, Serialize};
use store::poses::{PoseChange, PoseCheckRow};
use store::rows::{DetectionRow, NewFootprint, PhotoRow, Placement};
use survey::camera::CameraModel;
use survey::pose::Pose;
use survey::pose_checks::{
    PicturePair, PoseFinding, StatedPose, check_times, check_track, first_pairs, flights, groups, is_settled,
    judge, pairs_to_compare,
};

use crate::clock;
use crate::stage::description::lies_inside;
use crate::stage::look::place_of_box;
use crate::stage::picture_pairs::{Comparable, Pictures, compare};
use crate::stage::placing::StoredPose;
use crate::stage::relief::{Takeoff, datum_mismatch, on_terrain};
use crate::workplace::Workplace;

/// What checking a sortie came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PoseCheckSummary {
    /// Photos with a pose.
    pub photos: usize,
    /// Pairs of pictures that were compared.
    pub pairs_compared: usize,
    /// Pairs that fit clearly.
    pub pairs_clear: usize,
    /// Photos with each finding, by its code.
    pub findings: BTreeMap<String, usize>,
}

impl PoseCheckSummary {
    /// Adds another sortie's.
    pub fn add(&mut self, other: &Self) {
        self.photos += other.photos;
        self.pairs_compared += other.pairs_compared;
        self.pairs_clear += other.pairs_clear;
        for (code, n) in &other.findings {
            *self.findings.entry(code.clone()).or_default() += n;
        }
    }
}

/// A photo with a pose, as read from its row.
struct Placed<'r> {
    row: &'r PhotoRow,
    stored: StoredPose,
    camera: CameraModel,
    metadata: Option<PhotoMetadata>,
    stated: StatedPose,
}

impl Placed<'_> {
    /// The pose on the height model, if there is one and it reaches here; else as stated, on flat ground.
    fn on_ground(&self, workplace: &Workplace, first: &Placed<'_>) -> Pose {
        let stated = self.stored.as_stated();
        let on = || {
            let terrain = workplace.terrain.as_deref()?;
            on_terrain(terrain, &first.takeoff()?, (stated, self.metadata.as_ref()?))
        };
        on().unwrap_or_else(|| stated.clone())
    }

    fn takeoff(&self) -> Option<Takeoff<'_>> {
        Some(Takeoff {
            pose: self.stored.as_stated(),
            metadata: self.metadata.as_ref()?,
        })
    }
}

/// Checks every sortie that has photos nobody checked.
///
/// # Errors
/// The database, or rows that cannot be read.
pub async fn check_all(workplace: &Workplace) -> Result<PoseCheckSummary> {
    let mut total = PoseCheckSummary::default();
    for sortie_id in workplace.store.sorties_to_check(&ground_of(workplace)).await? {
        let checked = check_sortie(workplace, &sortie_id).await;
        let checked = checked.with_context(|| format!("while checking the poses of sortie {sortie_id}"))?;
        total.add(&checked.unwrap_or_default());
    }
    Ok(total)
}

/// Names and versions of the height and surface models in force.
fn ground_of(workplace: &Workplace) -> String {
    let models = workplace.terrain.iter().chain(&workplace.surface);
    let named: Vec<String> = models
        .map(|model| format!("{} {}", model.name, model.version))
        .collect();
    named.join("; ")
}

/// Checks one sortie; `None` when that was done on the same ground and no photo came since.
///
/// # Errors
/// The database, or rows that cannot be read.
pub async fn check_sortie(workplace: &Workplace, sortie_id: &str) -> Result<Option<PoseCheckSummary>> {
    let rows = workplace.store.photos_of_sortie(sortie_id).await?;
    let before = workplace.store.pose_check(sortie_id).await?;
    let ground = ground_of(workplace);
    let on_other_ground = before.as_ref().is_some_and(|before| before.ground != ground);
    if before.is_some_and(|before| before.n_photos == rows.len() as u64) && !on_other_ground {
        return Ok(None);
    }
    let mut placed = rows
        .iter()
        .filter_map(|row| read(row).transpose())
        .collect::<Result<Vec<_>>>()?;
    let mut findings: Vec<Vec<PoseFinding>> = check_times(&times(&placed));
    // In the order of capture, where every photo has a time.
    if placed.iter().all(|photo| photo.row.captured_at.is_some()) {
        let mut order: Vec<usize> = (0..placed.len()).collect();
        order.sort_by_key(|at| (placed[*at].row.captured_at, *at));
        findings = order.iter().map(|at| findings[*at].clone()).collect();
        placed.sort_by_key(|photo| (photo.row.captured_at, photo.row.photo_index));
    }
    let mut summary = PoseCheckSummary {
        photos: placed.len(),
        ..PoseCheckSummary::default()
    };
    let stated: Vec<StatedPose> = placed.iter().map(|photo| photo.stated.clone()).collect();
    let mut changes = Vec::new();
    for flight in flights(&stated) {
        let photos = &placed[flight.clone()];
        let found = tokio::task::block_in_place(|| check_flight(workplace, photos, &mut summary));
        add_all(&mut findings, &flight, found);
        for (photo, findings) in photos.iter().zip(&findings[flight]) {
            findings.iter().for_each(|finding| {
                *summary.findings.entry(finding.code().to_owned()).or_default() += 1;
            });
            let on_ground = photo.on_ground(workplace, &photos[0]);
            changes.extend(change(workplace, (photo, on_other_ground), (on_ground, findings)).await?);
        }
    }
    let check = PoseCheckRow {
        n_photos: rows.len() as u64,
        ground,
        summary_json: serde_json::to_string(&summary)?,
    };
    workplace
        .store
        .save_pose_check(sortie_id, &check, &changes, clock::now())
        .await?;
    for (code, photos) in &summary.findings {
        tracing::warn!(sortie.id = %sortie_id, finding = %code, photos, "poses do not fit together");
    }
    Ok(Some(summary))
}

fn times(placed: &[Placed<'_>]) -> Vec<Option<survey::time::UtcMicros>> {
    placed.iter().map(|photo| photo.row.captured_at).collect()
}

fn add_all(findings: &mut [Vec<PoseFinding>], flight: &Range<usize>, found: Vec<Vec<PoseFinding>>) {
    for (all, found) in findings[flight.clone()].iter_mut().zip(found) {
        all.extend(found);
    }
}

fn read(row: &PhotoRow) -> Result<Option<Placed<'_>>> {
    let (Some(pose), Some(camera)) = (&row.pose_json, &row.camera_json) else {
        return Ok(None);
    };
    let unreadable = || format!("the stored pose of {} cannot be read", row.photo_id);
    let stored: StoredPose = serde_json::from_str(pose).with_context(unreadable)?;
    let camera: CameraModel = serde_json::from_str(camera).with_context(unreadable)?;
    let metadata: Option<PhotoMetadata> =
        serde_json::from_str(&row.metadata_json).with_context(unreadable)?;
    let pose = stored.as_stated();
    let metres_per_px = pose.altitude_agl_m.0 / camera.focal_px;
    let stated = StatedPose {
        position: pose.position,
        above_takeoff_m: metadata
            .as_ref()
            .and_then(|metadata| metadata.relative_altitude_m)
            .unwrap_or(pose.altitude_agl_m.0),
        absolute_altitude_m: metadata
            .as_ref()
            .and_then(|metadata| metadata.gnss.as_ref()?.absolute_altitude_m),
        attitude: pose.attitude,
        airframe_yaw_rad: metadata
            .as_ref()
            .and_then(|metadata| metadata.flight)
            .map(|angles| angles.yaw.to_radians()),
        captured_at: row.captured_at,
        sigmas: pose.sigmas,
        shown_m: [camera.width_px, camera.height_px].map(|side| f64::from(side) * metres_per_px),
    };
    Ok(Some(Placed {
        row,
        stored,
        camera,
        metadata,
        stated,
    }))
}

/// Track first, then pictures.
fn check_flight(
    workplace: &Workplace,
    photos: &[Placed<'_>],
    summary: &mut PoseCheckSummary,
) -> Vec<Vec<PoseFinding>> {
    let stated: Vec<StatedPose> = photos.iter().map(|photo| photo.stated.clone()).collect();
    let mut findings = check_track(&stated);
    let groups = groups(&stated);
    let comparable: Vec<Comparable<'_>> = photos
        .iter()
        .map(|photo| Comparable {
            sha256: &photo.row.sha256,
            pose: photo.stored.as_stated(),
            camera: &photo.camera,
        })
        .collect();
    let max_pixels = u64::from(workplace.config.settings.max_megapixels) * 1_000_000;
    let first = first_pairs(&stated, &groups);
    let mut more = pairs_to_compare(&stated, &groups);
    more.retain(|pair| !first.contains(pair));
    let mut pictures = Pictures::new();
    let mut look = |pairs: &[PicturePair], later: &[PicturePair]| {
        let originals = (&workplace.store, max_pixels);
        compare(originals, (&comparable, &stated), (pairs, later), &mut pictures)
    };
    let mut compared = look(&first, &more);
    if !is_settled(&stated, &groups, &compared.evidence) {
        compared.add(look(&more, &[]));
    }
    summary.pairs_compared += compared.pairs;
    summary.pairs_clear += compared.evidence.len();
    for (findings, judged) in findings
        .iter_mut()
        .zip(judge(&stated, &groups, &compared.evidence))
    {
        findings.extend(judged);
    }
    let mismatch = || {
        let terrain = workplace.terrain.as_deref()?;
        datum_mismatch(terrain, &photos.first()?.takeoff()?)
    };
    if let Some(finding) = mismatch() {
        findings.iter_mut().for_each(|of_photo| of_photo.push(finding));
    }
    findings
}

/// The photo's rows as they should be now, if that differs from what they are.
async fn change(
    workplace: &Workplace,
    (photo, on_other_ground): (&Placed<'_>, bool),
    (on_ground, findings): (Pose, &[PoseFinding]),
) -> Result<Option<PoseChange>> {
    let stated = photo.stored.as_stated();
    let turned = findings
        .iter()
        .fold((on_ground.attitude, on_ground.sigmas), |turned, finding| {
            finding.applied(turned)
        });
    let pose = Pose {
        attitude: turned.0,
        sigmas: turned.1,
        ..on_ground
    };
    let is_known = photo.stored.findings == findings && photo.stored.pose == pose;
    if is_known && !on_other_ground {
        return Ok(None);
    }
    let ground = workplace.ground();
    let shown = tokio::task::block_in_place(|| ground.footprint(&pose, &photo.camera)).ok();
    let grid = workplace.working_grid_around(pose.position).await?;
    let before = workplace.store.stored_footprint(&photo.row.photo_id).await?;
    let before = before.map(|row| row.footprint);
    let footprint = match (&shown, &before) {
        (Some(shown), Some(before)) if lies_inside(&grid, &shown.footprint.outline) => Some(NewFootprint {
            civil_day: before.civil_day,
            gsd_cm: shown.footprint.gsd_centre_cm,
            area_m2: shown.footprint.area_m2,
            truncated: shown.footprint.truncated,
            outline_json: serde_json::to_string(&shown.footprint.outline)?,
            on_terrain: shown.on_terrain,
            hidden_json: shown.hidden.as_ref().map(serde_json::to_string).transpose()?,
        }),
        _ => None,
    };
    if is_known && footprint == before {
        return Ok(None);
    }
    let places = places(workplace, &photo.row.photo_id, (&pose, &photo.camera)).await?;
    let stored = StoredPose {
        stated: (pose != *stated).then(|| stated.clone()),
        findings: findings.to_vec(),
        pose: pose.clone(),
    };
    Ok(Some(PoseChange {
        photo_id: photo.row.photo_id.clone(),
        pose_json: serde_json::to_string(&stored)?,
        findings_json: serde_json::to_string(findings)?,
        gsd_cm: shown
            .map(|shown| shown.footprint.gsd_centre_cm)
            .or(photo.row.gsd_cm),
        footprint,
        places,
    }))
}

/// The places of a photo's detections by a pose.
async fn places(
    workplace: &Workplace,
    photo_id: &str,
    placement: (&Pose, &CameraModel),
) -> Result<Vec<(String, Option<Placement>)>> {
    let detections = workplace.store.detections_of_photo(photo_id).await?;
    let place = |row: &DetectionRow| {
        let place = place_of_box(workplace.ground(), placement, row.detection.box_px);
        (
            row.detection.detection_id.clone(),
            place.and_then(|(place, _)| place),
        )
    };
    Ok(detections.iter().map(place).collect())
}

/// Puts the detections of a sortie on the height model: looking places them on level ground below the camera.
///
/// # Errors
/// The database, or rows that cannot be read.
pub async fn place_on_terrain(workplace: &Workplace, sortie_id: &str) -> Result<()> {
    if workplace.terrain.is_none() {
        return Ok(());
    }
    let mut all = Vec::new();
    for row in workplace.store.photos_of_sortie(sortie_id).await? {
        if let Some(photo) = read(&row)? {
            all.extend(places(workplace, &row.photo_id, (&photo.stored.pose, &photo.camera)).await?);
        }
    }
    Ok(workplace.store.place_detections(&all).await?)
}
