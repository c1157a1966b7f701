//! Photos as lists: what each is, what it lacks, and what was seen in it.

use anyhow::Result;
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::rows::{DetectionRow, FootprintRow, PhotoRow};
use store::tiles::TileRow;
use utoipa::ToSchema;

use crate::answers::leads::image_url;
use crate::answers::place::{hidden, outline, rounded};
use crate::answers::poses::{PoseFindingAnswer, findings_of};
use crate::lang::Words;
use crate::stage::placing::problem_words;

/// One photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoAnswer {
    /// Identity: sortie and index.
    pub photo_id: String,
    /// The flight it was taken on, or the import it came with.
    pub sortie_id: String,
    /// SHA-256 of the original.
    pub sha256: String,
    /// Names it came under.
    pub names: Vec<String>,
    /// When it was taken, RFC 3339.
    pub captured_at: Option<String>,
    /// What tells the zone of that: `stated` or `assumed_city`.
    pub capture_zone: Option<String>,
    /// State in the photo ledger.
    pub state: String,
    /// Whether its detections can be put on the ground.
    pub pose_usable: bool,
    /// What it lacks.
    pub problem: Option<Words>,
    /// Code of what it lacks.
    pub problem_code: Option<String>,
    /// What did not fit when the poses of its flight were compared.
    pub pose_findings: Vec<PoseFindingAnswer>,
    /// Fields of the file that were missing or not believed.
    pub warnings: Vec<String>,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Ground sampling distance at the centre.
    pub gsd_cm: Option<f64>,
    /// Camera model.
    pub camera: Option<String>,
    /// Number of detections.
    pub n_detections: u32,
    /// Whether a simulator made it.
    pub simulated: bool,
    /// The tiles of it that models look at; not in lists of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<Vec<PhotoTile>>,
    /// The picture without EXIF.
    pub image_url: String,
    /// A small picture.
    pub thumbnail_url: String,
}

impl PhotoAnswer {
    /// From its row.
    pub fn of(row: &PhotoRow) -> Self {
        let metadata: Value = serde_json::from_str(&row.metadata_json).unwrap_or_default();
        let problem_code = row.problem.as_ref().map(|problem| problem.code.clone());
        Self {
            photo_id: row.photo_id.clone(),
            sortie_id: row.sortie_id.clone(),
            sha256: row.sha256.clone(),
            names: row.names.clone(),
            captured_at: row.captured_at.map(|at| at.to_string()),
            capture_zone: row.capture_zone.clone(),
            state: row.state.to_string(),
            pose_usable: row.pose_json.is_some(),
            problem: problem_code.as_deref().map(problem_words),
            problem_code,
            pose_findings: findings_of(row),
            warnings: warnings(&metadata),
            width_px: row.width_px,
            height_px: row.height_px,
            gsd_cm: row.gsd_cm,
            camera: metadata["model"].as_str().map(str::to_owned),
            n_detections: row.n_detections,
            simulated: row.simulated,
            tiles: None,
            image_url: image_url(&row.sha256),
            thumbnail_url: format!("{}?width=320", image_url(&row.sha256)),
        }
    }
}

/// A tile of a photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoTile {
    /// SHA-256 of the model that it is for.
    pub model_sha256: String,
    /// Left, top, width, height in photo pixels; what lies beyond the photo is padding.
    pub rect_px: [u32; 4],
    /// Model pixels per photo pixel.
    pub scale: f64,
    /// `ground` or `full_frame`.
    pub pass: &'static str,
    /// Whether the model has looked at it.
    pub looked: bool,
}

impl PhotoTile {
    /// From its row.
    pub fn of((model_sha256, row): (String, TileRow)) -> Self {
        let rect = row.tile.rect;
        Self {
            model_sha256,
            rect_px: [rect.x_px, rect.y_px, rect.width_px, rect.height_px],
            scale: row.tile.scale,
            pass: row.tile.pass.as_str(),
            looked: row.looked,
        }
    }
}

fn warnings(metadata: &Value) -> Vec<String> {
    let listed = metadata["warnings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let warning =
        |value: &Value| serde_json::from_value::<formats::photo::MetadataWarning>(value.clone()).ok();
    listed
        .iter()
        .filter_map(warning)
        .map(|warning| warning.to_string())
        .collect()
}

/// A page of photos.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoList {
    /// Newest first.
    pub photos: Vec<PhotoAnswer>,
    /// All photos there are.
    pub total: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One detection in a photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoDetection {
    /// Identity.
    pub detection_id: String,
    /// Class.
    pub class: String,
    /// Score, 0 to 1.
    pub score: f64,
    /// Left, top, right, bottom in photo pixels.
    pub box_px: [f64; 4],
    /// Its lead; context classes have none.
    pub lead_id: Option<String>,
}

/// Everything seen in a photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoDetections {
    /// Best first.
    pub detections: Vec<PhotoDetection>,
}

impl PhotoDetections {
    /// From rows.
    pub fn of(rows: &[DetectionRow]) -> Self {
        let one = |row: &DetectionRow| PhotoDetection {
            detection_id: row.detection.detection_id.clone(),
            class: row.detection.class.clone(),
            score: rounded(row.detection.score, 4),
            box_px: row.detection.box_px,
            lead_id: row.lead_id.clone(),
        };
        Self {
            detections: rows.iter().map(one).collect(),
        }
    }
}

/// Footprints as GeoJSON polygons.
///
/// # Errors
/// A stored outline that cannot be read.
pub fn footprints_geojson(rows: &[FootprintRow]) -> Result<Value> {
    let features = rows.iter().map(footprint_feature).collect::<Result<Vec<_>>>()?;
    Ok(FeatureCollection {
        features,
        members: Map::new(),
    }
    .to_json()?)
}

fn footprint_feature(row: &FootprintRow) -> Result<Feature> {
    let outline = outline(row)?;
    let hidden = hidden(row)?;
    let ring: Vec<[f64; 2]> = outline
        .iter()
        .map(|point| [point.longitude_deg, point.latitude_deg])
        .collect();
    let Value::Object(properties) = json!({
        "photo_id": row.photo_id,
        "captured_at": row.captured_at.map(|at| at.to_string()),
        "civil_day": row.footprint.civil_day.to_string(),
        "gsd_cm": row.footprint.gsd_cm,
        "area_m2": row.footprint.area_m2,
        "truncated": row.footprint.truncated,
        "ground": if row.footprint.on_terrain { "terrain" } else { "flat" },
        // Null where no surface model tells what buildings hide.
        "hidden_m2": hidden.as_ref().map(|hidden| rounded(hidden.area_m2(), 1)),
        "surface": hidden.as_ref().map(|hidden| &hidden.surface),
        "surface_unknown_m2": hidden.as_ref().map(|hidden| rounded(hidden.unknown_m2, 1)),
    }) else {
        anyhow::bail!("a footprint is not written as an object");
    };
    Ok(Feature {
        id: Some(row.photo_id.clone()),
        geometry: Some(Geometry::Polygon(vec![ring])),
        properties,
    })
}
