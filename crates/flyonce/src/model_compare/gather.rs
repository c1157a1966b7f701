//! What every model saw in the photos of a flight, and what reviewers said of it.

use std::collections::BTreeMap;

use anyhow::Result;
use casework::lead::LeadState;
use store::leads::LeadFilter;
use store::rows::{ModelRole, NewDetection};

use crate::workplace::Workplace;

/// What reviewers found a lead to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There: confirmed, or known stock.
    Real,
    /// Not there.
    FalseAlarm,
}

/// A thing that a model saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// Class id.
    pub class: String,
    /// Score, 0 to 1.
    pub score: f64,
    /// Left, top, right, bottom, photo pixels.
    pub box_px: [f64; 4],
    /// Of its lead, where that is decided; shadow models have no leads.
    pub verdict: Option<Verdict>,
}

/// What one model did with a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// As what it looked.
    pub role: ModelRole,
    /// The tiles it looked at: left, top, right, bottom, photo pixels.
    pub looked: Vec<[f64; 4]>,
    /// What it saw.
    pub things: Vec<Thing>,
    /// Code of why it got nothing, where others may have.
    pub problem: Option<String>,
    /// Wall clock that it took, microseconds.
    pub took_us: u64,
}

/// A photo as the models saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenPhoto {
    /// Identity.
    pub photo_id: String,
    /// SHA-256 of the original.
    pub sha256: String,
    /// By SHA-256 of the model.
    pub views: BTreeMap<String, View>,
}

/// A flight as the models saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenFlight {
    /// Its photos, by number.
    pub photos: Vec<SeenPhoto>,
    /// Ground that the photos show sharply enough, by SHA-256 of the model, m².
    pub ground_m2: BTreeMap<String, f64>,
}

impl SeenPhoto {
    fn view(&mut self, model_sha256: &str, role: ModelRole) -> &mut View {
        self.views.entry(model_sha256.to_owned()).or_insert_with(|| View {
            role,
            looked: Vec::new(),
            things: Vec::new(),
            problem: None,
            took_us: 0,
        })
    }

    /// Views of the models that leads were made of.
    pub fn active(&self) -> impl Iterator<Item = &View> {
        self.views.values().filter(|view| view.role == ModelRole::Active)
    }
}

/// The decided leads.
///
/// # Errors
/// The database.
pub async fn verdicts(workplace: &Workplace) -> Result<BTreeMap<String, Verdict>> {
    let mut verdicts = BTreeMap::new();
    for (state, verdict) in [
        (LeadState::Confirmed, Verdict::Real),
        (LeadState::KnownStock, Verdict::Real),
        (LeadState::FalseAlarm, Verdict::FalseAlarm),
    ] {
        let filter = LeadFilter {
            state: Some(state),
            ..LeadFilter::default()
        };
        let leads = workplace.store.list_leads(&filter, u32::MAX, None).await?;
        verdicts.extend(leads.into_iter().map(|lead| (lead.lead_id, verdict)));
    }
    Ok(verdicts)
}

/// Reads a flight.
///
/// # Errors
/// The database.
pub async fn flight(
    workplace: &Workplace,
    sortie_id: &str,
    verdicts: &BTreeMap<String, Verdict>,
) -> Result<SeenFlight> {
    let store = &workplace.store;
    let mut photos = BTreeMap::new();
    let mut order = Vec::new();
    for row in store.photos_of_sortie(sortie_id).await? {
        order.push(row.photo_id.clone());
        let photo = SeenPhoto {
            photo_id: row.photo_id.clone(),
            sha256: row.sha256,
            views: BTreeMap::new(),
        };
        photos.insert(row.photo_id, photo);
    }
    for look in store.photo_looks(sortie_id).await? {
        if let Some(photo) = photos.get_mut(&look.photo_id) {
            let view = photo.view(&look.model_sha256, look.role);
            view.problem = look.problem.map(|problem| problem.code);
            view.took_us = look.took_us;
        }
    }
    for (photo_id, model, row) in store.tiles_of_sortie(sortie_id).await? {
        let view = photos
            .get_mut(&photo_id)
            .and_then(|photo| photo.views.get_mut(&model));
        if let Some(view) = view.filter(|_| row.looked) {
            let rect = row.tile.rect;
            let [left, top] = [rect.x_px, rect.y_px].map(f64::from);
            let [width, height] = [rect.width_px, rect.height_px].map(f64::from);
            view.looked.push([left, top, left + width, top + height]);
        }
    }
    for row in store.detections_of_sortie(sortie_id).await? {
        let verdict = row.lead_id.as_ref().and_then(|lead| verdicts.get(lead)).copied();
        if let Some(photo) = photos.get_mut(&row.photo_id) {
            let view = photo.view(&row.model_sha256, ModelRole::Active);
            view.things.push(thing(row.detection, verdict));
        }
    }
    for row in store.shadow_detections_of_sortie(sortie_id).await? {
        let photo = photos.get_mut(&row.photo_id);
        let view = photo.map(|photo| photo.view(&row.model_sha256, ModelRole::Shadow));
        // A model that was made an active one meanwhile is none to be compared with the active ones.
        if let Some(view) = view.filter(|view| view.role == ModelRole::Shadow) {
            view.things.push(thing(row.detection, None));
        }
    }
    let choices = store.choices_of_sortie(sortie_id).await?;
    Ok(SeenFlight {
        photos: order.iter().filter_map(|id| photos.remove(id)).collect(),
        ground_m2: choices
            .into_iter()
            .map(|(row, _)| (row.model_sha256, row.seen.shown_m2))
            .collect(),
    })
}

fn thing(detection: NewDetection, verdict: Option<Verdict>) -> Thing {
    Thing {
        class: detection.class,
        score: detection.score,
        box_px: detection.box_px,
        verdict,
    }
}
