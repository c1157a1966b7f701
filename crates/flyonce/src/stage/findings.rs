//! What a sortie's detections come to before they are joined over photos: only classes that a matter wants, and
//! one finding for each thing in a photo, whatever number of classes were reported for it.

use std::collections::{BTreeMap, BTreeSet};

use casework::association::{DetectionForSite, PhotoBatch};
use store::rows::{DetectionRow, Placement};
use store::sites::GeoBox;
use survey::time::UtcMicros;

use crate::answers::place::{covariance, position};
use crate::config::catalogue::{Catalogue, Matter};
use crate::stage::sights::Sights;

/// Known sites this far around a sortie's detections are looked at; above any believable position error.
const REACH_DEG: f64 = 0.003;

/// Boxes of one photo and matter that overlap more than this are one thing that two classes were reported for.
const SAME_THING_IOU: f64 = 0.5;

/// A detection that matters, and the detections of the same thing that another class was reported for.
pub struct Finding {
    /// The matter of its class.
    pub matter: Matter,
    /// The best-scored detection of the thing in its photo.
    pub row: DetectionRow,
    /// What other classes were reported for the same thing.
    pub same_thing: Vec<DetectionRow>,
}

/// The findings of a sortie in the order of capture.
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Drops context classes and collapses what is one thing within a photo.
    pub fn of(pending: Vec<DetectionRow>, catalogue: &Catalogue) -> Self {
        let mut by_photo_and_matter: BTreeMap<(usize, String), Vec<(Matter, DetectionRow)>> = BTreeMap::new();
        let mut order: BTreeMap<String, usize> = BTreeMap::new();
        for row in pending {
            let Some(matter) = catalogue.matter_of_class(&row.detection.class) else {
                continue;
            };
            let next = order.len();
            let photo = *order.entry(row.photo_id.clone()).or_insert(next);
            by_photo_and_matter
                .entry((photo, matter.code.clone()))
                .or_default()
                .push((matter.clone(), row));
        }
        Self(by_photo_and_matter.into_values().flat_map(collapse).collect())
    }

    /// Findings with a place.
    pub fn placed(&self) -> impl Iterator<Item = (&Finding, &Placement)> {
        self.0
            .iter()
            .filter_map(|finding| finding.row.detection.place.as_ref().map(|place| (finding, place)))
    }

    /// Findings without a place.
    pub fn unplaced(&self) -> impl Iterator<Item = &Finding> {
        self.0
            .iter()
            .filter(|finding| finding.row.detection.place.is_none())
    }

    /// Codes of the matters that occur.
    pub fn matter_codes(&self) -> Vec<String> {
        let codes: BTreeSet<String> = self.0.iter().map(|finding| finding.matter.code.clone()).collect();
        codes.into_iter().collect()
    }

    /// The surroundings in which known sites may be the same things; `None` when nothing has a place.
    pub fn reach(&self) -> Option<GeoBox> {
        self.placed()
            .map(|(_, place)| place)
            .fold(None, |area: Option<GeoBox>, place| {
                let (longitude, latitude) = (place.longitude_deg, place.latitude_deg);
                let area = area.unwrap_or(GeoBox {
                    west_deg: longitude,
                    south_deg: latitude,
                    east_deg: longitude,
                    north_deg: latitude,
                });
                Some(GeoBox {
                    west_deg: area.west_deg.min(longitude - REACH_DEG),
                    south_deg: area.south_deg.min(latitude - REACH_DEG),
                    east_deg: area.east_deg.max(longitude + REACH_DEG),
                    north_deg: area.north_deg.max(latitude + REACH_DEG),
                })
            })
    }

    /// All detections behind them.
    pub fn rows(&self) -> impl Iterator<Item = &DetectionRow> {
        self.0.iter().map(|finding| &finding.row)
    }

    /// Photo by photo, as casework takes them in.
    pub fn batches(&self, sights: &Sights) -> Vec<PhotoBatch> {
        let mut batches: Vec<PhotoBatch> = Vec::new();
        for (finding, place) in self.placed() {
            let detection = DetectionForSite {
                detection_id: finding.row.detection.detection_id.clone(),
                photo_id: finding.row.photo_id.clone(),
                class: finding.matter.code.clone(),
                position: position(place),
                covariance_m2: covariance(place),
                extent_m: [place.extent_e_m, place.extent_n_m],
                score: finding.row.detection.score,
                sight: sights.of(&finding.row),
            };
            match batches
                .last_mut()
                .filter(|batch| batch.photo_id == finding.row.photo_id)
            {
                Some(batch) => batch.detections.push(detection),
                None => batches.push(PhotoBatch {
                    photo_id: finding.row.photo_id.clone(),
                    captured_at: finding.row.captured_at.unwrap_or(UtcMicros(0)),
                    detections: vec![detection],
                }),
            }
        }
        batches
    }

    /// Findings by detection id.
    pub fn by_id(&self) -> BTreeMap<&str, &Finding> {
        self.0
            .iter()
            .map(|finding| (finding.row.detection.detection_id.as_str(), finding))
            .collect()
    }
}

/// Within one photo and matter: the best-scored box of each thing, with the others of the same thing.
fn collapse(mut group: Vec<(Matter, DetectionRow)>) -> Vec<Finding> {
    group.sort_by(|(_, a), (_, b)| {
        let by_score = b.detection.score.total_cmp(&a.detection.score);
        by_score.then_with(|| a.detection.detection_id.cmp(&b.detection.detection_id))
    });
    let mut things: Vec<Finding> = Vec::new();
    for (matter, row) in group {
        let same = |thing: &&mut Finding| {
            thing.row.detection.class != row.detection.class
                && vision::intersection_over_union(&thing.row.detection.box_px, &row.detection.box_px)
                    > SAME_THING_IOU
        };
        match things.iter_mut().find(same) {
            Some(thing) => thing.same_thing.push(row),
            None => things.push(Finding {
                matter,
                row,
                same_thing: Vec::new(),
            }),
        }
    }
    things
}
