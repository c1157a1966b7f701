//! The file `instances.json`.

use serde::Serialize;

/// The whole file.
#[derive(Debug, Serialize)]
pub(super) struct Instances {
    pub(super) info: Info,
    pub(super) images: Vec<Image>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) categories: Vec<Category>,
}

#[derive(Debug, Serialize)]
pub(super) struct Info {
    pub(super) description: String,
    pub(super) date_created: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) neg_category_ids: Vec<u64>,
    pub(super) flyonce: ImageExtra,
}

#[derive(Debug, Serialize)]
pub(super) struct ImageExtra {
    pub(super) set: &'static str,
    pub(super) split: &'static str,
    pub(super) group: String,
    pub(super) labelled_classes: Vec<String>,
    pub(super) negative_categories: Vec<String>,
    pub(super) rejected: Vec<Rejected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cm_per_px: Option<f64>,
    pub(super) photo_sha256: String,
    pub(super) photo_window_px: [u32; 4],
    pub(super) sortie_id: String,
    pub(super) site_ids: Vec<String>,
    pub(super) captured_at: Option<String>,
    pub(super) simulated: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Rejected {
    pub(super) category: String,
    pub(super) bbox: [f64; 4],
    #[serde(flatten)]
    pub(super) basis: Basis,
}

#[derive(Debug, Serialize)]
pub(super) struct Annotation {
    pub(super) id: u64,
    pub(super) image_id: u64,
    pub(super) category_id: u64,
    pub(super) bbox: [f64; 4],
    pub(super) area: f64,
    pub(super) iscrowd: u8,
    pub(super) flyonce: Basis,
}

/// What a box rests on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Basis {
    pub(super) detection_id: String,
    pub(super) lead_no: Option<String>,
    pub(super) decision: Option<&'static str>,
    pub(super) reason: Option<String>,
    pub(super) decided_at: Option<String>,
    pub(super) score: f64,
    pub(super) model_sha256: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Category {
    pub(super) id: u64,
    pub(super) name: String,
}
