//! Leads as lists and as single cases.

use std::collections::BTreeMap;

use casework::evidence::StoredEvent;
use serde::Serialize;
use store::rows::{DetectionRow, LeadRow};
use utoipa::ToSchema;

use crate::answers::place::{Place, rounded};
use crate::lang::Words;

/// A lead in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadSummary {
    /// Identity.
    pub lead_id: String,
    /// Number people call it by.
    pub lead_no: String,
    /// State.
    pub state: String,
    /// Matter.
    pub matter_code: String,
    /// Class of the best detection.
    pub class: String,
    /// Best score, 0 to 1.
    pub score: f64,
    /// Urgency; higher comes first.
    pub priority: f64,
    /// Photos that show it.
    pub n_photos: u32,
    /// Where it is; absent when no photo of it has a usable pose.
    pub place: Option<Place>,
    /// First photo, RFC 3339.
    pub first_seen_at: Option<String>,
    /// Last photo, RFC 3339.
    pub last_seen_at: Option<String>,
    /// Picture of the best detection.
    pub crop_url: Option<String>,
    /// Whether it comes from simulated photos.
    pub simulated: bool,
}

impl LeadSummary {
    /// From its row.
    pub fn of(row: &LeadRow) -> Self {
        Self {
            lead_id: row.lead_id.clone(),
            lead_no: row.lead_no.clone(),
            state: row.state.to_string(),
            matter_code: row.matter_code.clone(),
            class: row.class.clone(),
            score: rounded(row.score, 4),
            priority: rounded(row.priority, 2),
            n_photos: row.n_photos,
            place: row.place.as_ref().map(Place::of),
            first_seen_at: row.first_seen.map(|at| at.to_string()),
            last_seen_at: row.last_seen.map(|at| at.to_string()),
            crop_url: row.best_detection_id.as_deref().map(crop_url),
            simulated: row.simulated,
        }
    }
}

/// A page of leads.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadList {
    /// Most urgent first.
    pub leads: Vec<LeadSummary>,
    /// How many match the filter.
    pub total: u64,
    /// Leads in every state, whatever the filter.
    pub counts: BTreeMap<String, u64>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Everything about one lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeadDetail {
    /// As in lists.
    #[serde(flatten)]
    pub summary: LeadSummary,
    /// The best detection of each photo that shows it, best first.
    pub views: Vec<ViewAnswer>,
    /// What the place rests on.
    pub assumptions: Vec<Words>,
    /// The model that found it.
    pub model: Option<ModelAnswer>,
    /// Its history.
    pub events: Vec<EventAnswer>,
    /// 95 % ellipse as a ring of `[longitude, latitude]`.
    pub ellipse_outline: Option<Vec<[f64; 2]>>,
}

/// One detection of a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ViewAnswer {
    /// Identity.
    pub detection_id: String,
    /// Its photo.
    pub photo_id: String,
    /// SHA-256 of the photo.
    pub sha256: String,
    /// Class.
    pub class: String,
    /// Score, 0 to 1.
    pub score: f64,
    /// Left, top, right, bottom in photo pixels.
    pub box_px: [f64; 4],
    /// Width of the photo.
    pub image_width_px: u32,
    /// Height of the photo.
    pub image_height_px: u32,
    /// When the photo was taken, RFC 3339.
    pub captured_at: Option<String>,
    /// Ground sampling distance at the photo's centre.
    pub gsd_cm: Option<f64>,
    /// The picture without EXIF.
    pub image_url: String,
    /// The original file.
    pub original_url: String,
    /// The surroundings of the box.
    pub crop_url: String,
    /// Place by this photo alone.
    pub place: Option<Place>,
}

impl ViewAnswer {
    /// From its row.
    pub fn of(row: &DetectionRow) -> Self {
        let detection = &row.detection;
        Self {
            detection_id: detection.detection_id.clone(),
            photo_id: row.photo_id.clone(),
            sha256: row.sha256.clone(),
            class: detection.class.clone(),
            score: rounded(detection.score, 4),
            box_px: detection.box_px,
            image_width_px: row.photo_width_px,
            image_height_px: row.photo_height_px,
            captured_at: row.captured_at.map(|at| at.to_string()),
            gsd_cm: row.photo_gsd_cm,
            image_url: image_url(&row.sha256),
            original_url: format!("/api/v1/images/{}/original", row.sha256),
            crop_url: crop_url(&detection.detection_id),
            place: detection.place.as_ref().map(Place::of),
        }
    }
}

/// The model behind a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ModelAnswer {
    /// Name on its card.
    pub name: String,
    /// SHA-256 of the model file.
    pub sha256: String,
    /// Score from which the class is reported.
    pub threshold: Option<f64>,
}

/// One entry of a history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventAnswer {
    /// Number over all events.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Kind of event.
    pub kind: String,
    /// Reason code.
    pub reason: Option<String>,
    /// Free words.
    pub note: Option<String>,
    /// Hash of this event and the chain before it.
    pub hash: String,
    /// Hash of the event before.
    pub prev_hash: Option<String>,
}

impl EventAnswer {
    /// From its row.
    pub fn of(event: &StoredEvent) -> Self {
        let body = event.body.clone();
        Self {
            seq: event.seq,
            at: body.at.to_string(),
            actor: body.actor,
            role: body.role,
            from: body.from,
            to: body.to,
            kind: body.kind,
            reason: body.reason,
            note: body.note,
            hash: event.hash.clone(),
            prev_hash: event.prev_hash.clone(),
        }
    }
}

/// Address of a photo's picture.
pub fn image_url(sha256: &str) -> String {
    format!("/api/v1/images/{sha256}")
}

/// Address of the picture of a detection.
pub fn crop_url(detection_id: &str) -> String {
    format!("/api/v1/crops/{detection_id}")
}
