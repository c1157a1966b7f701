//! Plain structs that go into and come out of the tables, and how a row becomes one.

use std::str::FromStr;

use casework::lead::LeadState;
use schedule::photo_ledger::{PhotoState, SortieId};
use sqlx::Row;
use sqlx::any::AnyRow;
use survey::time::{CivilDay, UtcMicros};

use crate::error::{Result, StoreError};

/// Who did something, and in which role: a person, or a part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Name of the person or program part.
    pub name: String,
    /// Role: `reviewer`, `intake`, `worker`…
    pub role: String,
}

/// What brought the photos of a sortie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortieKind {
    /// A folder of existing photos.
    Import,
    /// A flight of this program.
    Flight,
    /// A simulated flight.
    Simulated,
}

impl SortieKind {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SortieKind::Import => "import",
            SortieKind::Flight => "flight",
            SortieKind::Simulated => "simulated",
        }
    }
}

impl FromStr for SortieKind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let all = [SortieKind::Import, SortieKind::Flight, SortieKind::Simulated];
        let known = all.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no kind of sortie"))
    }
}

/// Why a photo is of less use than it could be: no pose, not readable…
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code.
    pub code: String,
    /// Details as JSON text.
    pub detail_json: Option<String>,
}

/// A place on the ground with its uncertainty (east, north; 1 σ variances) and size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// WGS-84 longitude, degrees.
    pub longitude_deg: f64,
    /// WGS-84 latitude, degrees.
    pub latitude_deg: f64,
    /// Variance east, m².
    pub cov_ee_m2: f64,
    /// Covariance east–north, m².
    pub cov_en_m2: f64,
    /// Variance north, m².
    pub cov_nn_m2: f64,
    /// Size east–west, m.
    pub extent_e_m: f64,
    /// Size north–south, m.
    pub extent_n_m: f64,
}

impl Placement {
    pub(crate) fn from_row(row: &AnyRow) -> Result<Option<Placement>> {
        let Some(longitude_deg) = row.try_get("longitude_deg")? else {
            return Ok(None);
        };
        Ok(Some(Placement {
            longitude_deg,
            latitude_deg: row.try_get("latitude_deg")?,
            cov_ee_m2: row.try_get("cov_ee_m2")?,
            cov_en_m2: row.try_get("cov_en_m2")?,
            cov_nn_m2: row.try_get("cov_nn_m2")?,
            extent_e_m: row.try_get("extent_e_m")?,
            extent_n_m: row.try_get("extent_n_m")?,
        }))
    }

    /// The seven columns in the order of the tables.
    pub(crate) fn columns(&self) -> [f64; 7] {
        [
            self.longitude_deg,
            self.latitude_deg,
            self.cov_ee_m2,
            self.cov_en_m2,
            self.cov_nn_m2,
            self.extent_e_m,
            self.extent_n_m,
        ]
    }
}

/// A photo whose original is already in the folder, ready to get its row.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// Sortie it belongs to; created when new.
    pub sortie_id: SortieId,
    /// Its place in the sortie, where a capture said so; none for the next free one.
    pub shot_index: Option<u32>,
    /// What brought the sortie's photos; used when the sortie is new.
    pub sortie_kind: SortieKind,
    /// SHA-256 of the original.
    pub sha256: String,
    /// Size of the original, bytes.
    pub byte_len: u64,
    /// File name it came under.
    pub name: String,
    /// Capture time, where known.
    pub captured_at: Option<UtcMicros>,
    /// How the capture time became UTC: `exif_offset`, `gps_utc`, `assumed_city`…
    pub capture_zone: Option<String>,
    /// Width, px; 0 where the file does not say.
    pub width_px: u32,
    /// Height, px; 0 where the file does not say.
    pub height_px: u32,
    /// What the file says about itself, JSON text.
    pub metadata_json: String,
    /// Pose, JSON text, where usable.
    pub pose_json: Option<String>,
    /// Camera model, JSON text, where known.
    pub camera_json: Option<String>,
    /// What is missing.
    pub problem: Option<Problem>,
    /// Ground sampling distance at the image centre, cm.
    pub gsd_cm: Option<f64>,
    /// True for photos of a simulator.
    pub simulated: bool,
    /// The ground it shows, where the pose is usable.
    pub footprint: Option<NewFootprint>,
    /// Who brought it.
    pub actor: Actor,
}

/// The ground a photo shows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFootprint {
    /// Civil day of the city on which it was taken.
    pub civil_day: CivilDay,
    /// Ground sampling distance that counts for coverage, cm.
    pub gsd_cm: f64,
    /// Area, m².
    pub area_m2: f64,
    /// True when flat rays were cut off.
    pub truncated: bool,
    /// Outline as JSON text.
    pub outline_json: String,
    /// Whether the outline rests on a height model; else the ground is taken as flat.
    pub on_terrain: bool,
    /// What of it a surface model says is hidden, as JSON text; none where no surface model was asked.
    pub hidden_json: Option<String>,
}

/// A footprint as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct FootprintRow {
    /// Its photo.
    pub photo_id: String,
    /// Capture time of the photo.
    pub captured_at: Option<UtcMicros>,
    /// The ground shown.
    pub footprint: NewFootprint,
}

/// A photo as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoRow {
    /// Identity: sortie and index as one text.
    pub photo_id: String,
    /// Its sortie.
    pub sortie_id: String,
    /// 1, 2, 3… within the sortie.
    pub photo_index: u32,
    /// SHA-256 of the original.
    pub sha256: String,
    /// Size of the original, bytes.
    pub byte_len: u64,
    /// All names it came under, in order of first sight.
    pub names: Vec<String>,
    /// State in the photo ledger.
    pub state: PhotoState,
    /// Capture time, where known.
    pub captured_at: Option<UtcMicros>,
    /// How the capture time became UTC.
    pub capture_zone: Option<String>,
    /// Width, px; 0 where the file does not say.
    pub width_px: u32,
    /// Height, px; 0 where the file does not say.
    pub height_px: u32,
    /// What the file says about itself, JSON text.
    pub metadata_json: String,
    /// Pose, JSON text, where usable.
    pub pose_json: Option<String>,
    /// Camera model, JSON text, where known.
    pub camera_json: Option<String>,
    /// What is missing.
    pub problem: Option<Problem>,
    /// Ground sampling distance at the image centre, cm.
    pub gsd_cm: Option<f64>,
    /// True for photos of a simulator.
    pub simulated: bool,
    /// When its row was committed.
    pub stored_at: UtcMicros,
    /// Number of detections in it.
    pub n_detections: u32,
}

impl PhotoRow {
    pub(crate) fn from_row(row: &AnyRow) -> Result<PhotoRow> {
        let code: Option<String> = row.try_get("problem_code")?;
        let detail_json = row.try_get("problem_json")?;
        Ok(PhotoRow {
            photo_id: row.try_get("photo_id")?,
            sortie_id: row.try_get("sortie_id")?,
            photo_index: whole(row, "photo", "photo_index")?,
            sha256: row.try_get("sha256")?,
            byte_len: whole(row, "photo", "byte_len")?,
            names: Vec::new(),
            state: word(row, "photo", "state")?,
            captured_at: maybe_utc(row, "captured_at_us")?,
            capture_zone: row.try_get("capture_zone")?,
            width_px: whole(row, "photo", "width_px")?,
            height_px: whole(row, "photo", "height_px")?,
            metadata_json: row.try_get("metadata_json")?,
            pose_json: row.try_get("pose_json")?,
            camera_json: row.try_get("camera_json")?,
            problem: code.map(|code| Problem { code, detail_json }),
            gsd_cm: row.try_get("gsd_cm")?,
            simulated: truth(row, "simulated")?,
            stored_at: utc(row, "stored_at_us")?,
            n_detections: whole(row, "photo", "n_detections")?,
        })
    }
}

/// A detection as the model gave it, placed where the pose allows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDetection {
    /// Identity; the same photo, model and box must give the same one, so that a repeat adds nothing.
    pub detection_id: String,
    /// Class id.
    pub class: String,
    /// Score of the model, 0 to 1.
    pub score: f64,
    /// x0, y0, x1, y1, px of the photo.
    pub box_px: [f64; 4],
    /// Where on the ground.
    pub place: Option<Placement>,
}

/// A detection as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionRow {
    /// As it was given.
    pub detection: NewDetection,
    /// Its photo.
    pub photo_id: String,
    /// The sortie of its photo.
    pub sortie_id: String,
    /// SHA-256 of the photo's original.
    pub sha256: String,
    /// The model that saw it.
    pub model_sha256: String,
    /// Its site, once associated.
    pub site_id: Option<String>,
    /// The lead of its site.
    pub lead_id: Option<String>,
    /// Capture time of the photo.
    pub captured_at: Option<UtcMicros>,
    /// Width of the photo, px.
    pub photo_width_px: u32,
    /// Height of the photo, px.
    pub photo_height_px: u32,
    /// Ground sampling distance of the photo, cm.
    pub photo_gsd_cm: Option<f64>,
    /// True when the photo came from a simulator.
    pub simulated: bool,
}

impl DetectionRow {
    pub(crate) fn from_row(row: &AnyRow) -> Result<DetectionRow> {
        Ok(DetectionRow {
            detection: NewDetection {
                detection_id: row.try_get("detection_id")?,
                class: row.try_get("class")?,
                score: row.try_get("score")?,
                box_px: box_of(row)?,
                place: Placement::from_row(row)?,
            },
            photo_id: row.try_get("photo_id")?,
            sortie_id: row.try_get("sortie_id")?,
            sha256: row.try_get("sha256")?,
            model_sha256: row.try_get("model_sha256")?,
            site_id: row.try_get("site_id")?,
            lead_id: row.try_get("lead_id")?,
            captured_at: maybe_utc(row, "captured_at_us")?,
            photo_width_px: whole(row, "photo", "photo_width_px")?,
            photo_height_px: whole(row, "photo", "photo_height_px")?,
            photo_gsd_cm: row.try_get("photo_gsd_cm")?,
            simulated: truth(row, "simulated")?,
        })
    }
}

/// As what a model looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRole {
    /// What it finds is made into leads.
    Active,
    /// What it finds is only compared with what the active ones find.
    Shadow,
}

impl ModelRole {
    /// The word in the database and in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Shadow => "shadow",
        }
    }
}

/// A model that looked at photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRow {
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// Name on its card.
    pub name: String,
    /// The whole card, as it was when the model was used.
    pub card_text: String,
}

impl ModelRow {
    pub(crate) fn from_row(row: &AnyRow) -> Result<ModelRow> {
        Ok(ModelRow {
            model_sha256: row.try_get("model_sha256")?,
            name: row.try_get("name")?,
            card_text: row.try_get("card_text")?,
        })
    }
}

/// A place on the ground with its history.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRow {
    /// Identity.
    pub site_id: String,
    /// Class id.
    pub class: String,
    /// Where; none when no photo of it has a usable pose.
    pub place: Option<Placement>,
    /// Number of photos that show it.
    pub n_views: u32,
    /// Capture time of the first photo, where known.
    pub first_seen: Option<UtcMicros>,
    /// Capture time of the last photo, where known.
    pub last_seen: Option<UtcMicros>,
}

impl SiteRow {
    pub(crate) fn from_row(row: &AnyRow) -> Result<SiteRow> {
        Ok(SiteRow {
            site_id: row.try_get("site_id")?,
            class: row.try_get("class")?,
            place: Placement::from_row(row)?,
            n_views: whole(row, "site", "n_views")?,
            first_seen: maybe_utc(row, "first_seen_us")?,
            last_seen: maybe_utc(row, "last_seen_us")?,
        })
    }
}

/// A lead as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadRow {
    /// Identity.
    pub lead_id: String,
    /// Number for people.
    pub lead_no: String,
    /// Its site.
    pub site_id: String,
    /// Matter it belongs to.
    pub matter_code: String,
    /// Class id.
    pub class: String,
    /// Where it stands.
    pub state: LeadState,
    /// Urgency; higher comes first.
    pub priority: f64,
    /// Best score of its detections, 0 to 1.
    pub score: f64,
    /// Number of photos that show it.
    pub n_photos: u32,
    /// Capture time of the first photo, where known.
    pub first_seen: Option<UtcMicros>,
    /// Capture time of the last photo, where known.
    pub last_seen: Option<UtcMicros>,
    /// When it became a lead.
    pub created_at: UtcMicros,
    /// Place of its site.
    pub place: Option<Placement>,
    /// The detection with the best score.
    pub best_detection_id: Option<String>,
    /// True when any photo of it came from a simulator.
    pub simulated: bool,
}

impl LeadRow {
    pub(crate) fn from_row(row: &AnyRow) -> Result<LeadRow> {
        Ok(LeadRow {
            lead_id: row.try_get("lead_id")?,
            lead_no: row.try_get("lead_no")?,
            site_id: row.try_get("site_id")?,
            matter_code: row.try_get("matter_code")?,
            class: row.try_get("class")?,
            state: word(row, "lead", "state")?,
            priority: row.try_get("priority")?,
            score: row.try_get("score")?,
            n_photos: whole(row, "lead", "n_photos")?,
            first_seen: maybe_utc(row, "first_seen_us")?,
            last_seen: maybe_utc(row, "last_seen_us")?,
            created_at: utc(row, "created_at_us")?,
            place: Placement::from_row(row)?,
            best_detection_id: row.try_get("best_detection_id")?,
            simulated: truth(row, "simulated")?,
        })
    }
}

/// Left, top, right, bottom of a detection.
pub(crate) fn box_of(row: &AnyRow) -> Result<[f64; 4]> {
    Ok([
        row.try_get("x0_px")?,
        row.try_get("y0_px")?,
        row.try_get("x1_px")?,
        row.try_get("y1_px")?,
    ])
}

pub(crate) fn utc(row: &AnyRow, field: &'static str) -> Result<UtcMicros> {
    Ok(UtcMicros(row.try_get(field)?))
}

pub(crate) fn maybe_utc(row: &AnyRow, field: &'static str) -> Result<Option<UtcMicros>> {
    Ok(row.try_get::<Option<i64>, _>(field)?.map(UtcMicros))
}

pub(crate) fn truth(row: &AnyRow, field: &'static str) -> Result<bool> {
    Ok(row.try_get::<i64, _>(field)? != 0)
}

/// A whole number that fits `T`; anything else was not written by this program.
pub(crate) fn whole<T: TryFrom<i64>>(row: &AnyRow, table: &'static str, field: &'static str) -> Result<T> {
    let value: i64 = row.try_get(field)?;
    let fitting = T::try_from(value).ok();
    fitting.ok_or_else(|| StoreError::BadRow {
        table,
        field,
        problem: format!("{value} does not fit"),
    })
}

/// A word of a closed vocabulary; anything else was not written by this program.
pub(crate) fn word<T>(row: &AnyRow, table: &'static str, field: &'static str) -> Result<T>
where
    T: FromStr<Err: std::fmt::Display>,
{
    let text: &str = row.try_get(field)?;
    text.parse().map_err(|e: T::Err| StoreError::BadRow {
        table,
        field,
        problem: e.to_string(),
    })
}
