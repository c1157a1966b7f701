//! Flights: where each stands and why, what became of its photos, and the story of one of them.

use anyhow::{Context, Result};
use schedule::mission::MissionItem;
use schedule::photo_ledger::{LossReason, PhotoState};
use serde::Serialize;
use serde_json::Value;
use store::flights::{FlightRow, MissionPhoto, ShotCounts, ShotRow, StepRow};
use store::rows::SortieKind;
use utoipa::ToSchema;

use crate::answers::checks::GateShown;
use crate::answers::looks::SortieLooks;
use crate::answers::place::rounded;
use crate::config::roster::NO_SYSTEM_ID;
use crate::fleet::words::{next_step_words, reason_words, state_words, step_words};
use crate::lang::Words;

/// One flight in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FlightSummary {
    /// Identity.
    pub sortie_id: String,
    /// Name of the mission.
    pub mission: String,
    /// The dock it starts from.
    pub dock_id: Option<String>,
    /// MAVLink system id of the vehicle; `null` where the dock flies it by itself (Cloud API).
    pub system_id: Option<u8>,
    /// The instant of the calendar it is flown for, RFC 3339.
    pub slot_at: Option<String>,
    /// `due`, `preparing`, `launching`, `flying`, `returning`, `landed`, `closed`, `refused` or `failed`.
    pub state: String,
    /// Words for the state.
    pub state_words: Words,
    /// Code of the refusal or failure.
    pub code: Option<String>,
    /// What the code means.
    pub words: Option<Words>,
    /// What to do about it.
    pub next_step: Option<Words>,
    /// Free words of the last move.
    pub note: Option<String>,
    /// When it took off, RFC 3339.
    pub launched_at: Option<String>,
    /// When it landed, RFC 3339.
    pub landed_at: Option<String>,
    /// Whether a simulator flies it.
    pub simulated: bool,
    /// What became of its photos.
    pub shots: ShotTotals,
}

/// How many photos came how far.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShotTotals {
    /// In the plan.
    pub planned: u32,
    /// The camera was told to take it.
    pub triggered: u32,
    /// The camera took it.
    pub captured: u32,
    /// Its file is here.
    pub stored: u32,
    /// The model looked at it.
    pub looked_at: u32,
    /// Lost, by reason.
    pub lost: LostTotals,
    /// Not in the plan.
    pub extra: u32,
}

/// Lost photos by reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LostTotals {
    /// The flight ended before it.
    pub not_flown: u32,
    /// The camera was told and took nothing.
    pub misfire: u32,
    /// Taken, but no file came.
    pub never_arrived: u32,
    /// The file cannot be read.
    pub unreadable: u32,
}

/// A page of flights.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FlightList {
    /// Newest first.
    pub flights: Vec<FlightSummary>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One flight with its story.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FlightDetail {
    /// As in a list.
    #[serde(flatten)]
    pub summary: FlightSummary,
    /// SHA-256 of the plan's file.
    pub plan_sha256: String,
    /// Address of the link.
    pub link: String,
    /// What happened, in order.
    pub steps: Vec<StepAnswer>,
    /// How the gate stood when it asked to arm, or was refused; none where it never came so far.
    pub gate: Option<GateShown>,
    /// How its ground was looked at, one for every model.
    pub looks: Vec<SortieLooks>,
    /// Every photo by its number.
    pub photos: Vec<ShotAnswer>,
    /// Places of the plan in order.
    pub plan: Vec<PlanPoint>,
    /// The whole mission, where more than this sortie flew for it.
    pub mission_so_far: Option<MissionSummary>,
}

/// A mission that took several sorties: its photos by what became of them in the end.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MissionSummary {
    /// The first sortie.
    pub first: String,
    /// Those that flew on, oldest first.
    pub follow_ups: Vec<String>,
    /// Photos planned.
    pub planned: usize,
    /// Taken, file still awaited.
    pub awaited: usize,
    /// Stored, not looked at yet.
    pub stored: usize,
    /// Looked at.
    pub looked_at: usize,
    /// Still in the plan of a sortie that is under way.
    pub to_come: usize,
    /// Lost in every sortie that was to take them, with the reason of the last: numbers of the first sortie.
    pub lost: Vec<LostPhoto>,
}

/// A photo of a mission that no sortie brought.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LostPhoto {
    /// Number in the first sortie.
    pub index: u32,
    /// `lost:` and why.
    pub state: String,
}

impl MissionSummary {
    /// From rows.
    pub fn of(first: &str, follow_ups: &[FlightRow], photos: &[MissionPhoto]) -> Self {
        let count = |wanted: &[PhotoState]| {
            photos
                .iter()
                .filter(|photo| wanted.contains(&photo.state))
                .count()
        };
        use PhotoState as S;
        let lost = photos.iter().filter(|photo| matches!(photo.state, S::Lost(_)));
        Self {
            first: first.to_owned(),
            follow_ups: follow_ups.iter().map(|row| row.sortie_id.clone()).collect(),
            planned: photos.len(),
            awaited: count(&[S::Triggered, S::Captured]),
            stored: count(&[S::Stored]),
            looked_at: count(&[S::LookedAt, S::Reviewed]),
            to_come: count(&[S::Planned]),
            lost: lost
                .map(|photo| LostPhoto {
                    index: photo.shot_index,
                    state: photo.state.to_string(),
                })
                .collect(),
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepAnswer {
    /// When, RFC 3339.
    pub at: String,
    /// What.
    pub code: String,
    /// Words for it.
    pub words: Words,
    /// More about it.
    pub text: Option<String>,
}

/// One photo of a flight.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShotAnswer {
    /// Number in the flight.
    pub index: u32,
    /// False for a photo nobody planned.
    pub planned: bool,
    /// State in the photo ledger; `lost:…` with the reason.
    pub state: String,
    /// Words for the state.
    pub words: Words,
    /// Number given by the camera.
    pub image_index: Option<u32>,
    /// When, RFC 3339, on the vehicle's clock.
    pub captured_at: Option<String>,
    /// Degrees east where it was taken, or planned.
    pub longitude_deg: Option<f64>,
    /// Degrees north where it was taken, or planned.
    pub latitude_deg: Option<f64>,
    /// The photo, once there is a file.
    pub photo_id: Option<String>,
}

/// A place of the plan.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PlanPoint {
    /// Degrees east.
    pub longitude_deg: f64,
    /// Degrees north.
    pub latitude_deg: f64,
}

impl FlightSummary {
    /// From its row.
    pub fn of(row: &FlightRow) -> Self {
        let code = row.state_code.as_deref();
        Self {
            sortie_id: row.sortie_id.clone(),
            mission: row.mission_name.clone(),
            dock_id: row.dock_id.clone(),
            system_id: Some(row.system_id).filter(|id| *id != NO_SYSTEM_ID),
            slot_at: row.slot_at.map(|at| at.to_string()),
            state: row.state.to_string(),
            state_words: state_words(row.state.as_str()),
            code: row.state_code.clone(),
            words: code.map(reason_words),
            next_step: code.and_then(next_step_words),
            note: row.state_note.clone(),
            launched_at: row.launched_at.map(|at| at.to_string()),
            landed_at: row.landed_at.map(|at| at.to_string()),
            simulated: row.kind == SortieKind::Simulated,
            shots: ShotTotals::of(&row.shots),
        }
    }
}

impl ShotTotals {
    fn of(counts: &ShotCounts) -> Self {
        Self {
            planned: counts.planned,
            triggered: counts.triggered,
            captured: counts.captured,
            stored: counts.stored,
            looked_at: counts.looked_at,
            lost: LostTotals {
                not_flown: counts.lost_not_flown,
                misfire: counts.lost_misfire,
                never_arrived: counts.lost_never_arrived,
                unreadable: counts.lost_unreadable,
            },
            extra: counts.extra,
        }
    }
}

impl FlightList {
    /// A page of at most `limit` rows.
    pub fn of(rows: &[FlightRow], limit: u32) -> Self {
        let full_page = rows.len() as u64 == u64::from(limit);
        Self {
            next: rows.last().filter(|_| full_page).map(|row| row.sortie_id.clone()),
            flights: rows.iter().map(FlightSummary::of).collect(),
        }
    }
}

impl FlightDetail {
    /// From its rows.
    ///
    /// # Errors
    /// A stored mission that cannot be read.
    pub fn of(
        row: &FlightRow,
        steps: &[StepRow],
        shots: &[ShotRow],
        looks: Vec<SortieLooks>,
    ) -> Result<Self> {
        Ok(Self {
            summary: FlightSummary::of(row),
            plan_sha256: row.plan_sha256.clone(),
            link: row.link.clone(),
            steps: steps.iter().map(StepAnswer::of).collect(),
            gate: GateShown::last_of(steps),
            looks,
            photos: shots.iter().map(ShotAnswer::of).collect(),
            plan: plan_points(row)?,
            mission_so_far: None,
        })
    }
}

/// The places of a flight's mission, in order.
///
/// # Errors
/// A stored mission that cannot be read.
pub fn plan_points(row: &FlightRow) -> Result<Vec<PlanPoint>> {
    let items: Vec<MissionItem> = serde_json::from_str(&row.mission_json)
        .with_context(|| format!("the stored mission of {} cannot be read", row.sortie_id))?;
    let point = |item: &MissionItem| {
        let place = item.place()?;
        Some(PlanPoint {
            longitude_deg: rounded(place.longitude_deg, 7),
            latitude_deg: rounded(place.latitude_deg, 7),
        })
    };
    Ok(items.iter().filter_map(point).collect())
}

impl StepAnswer {
    fn of(row: &StepRow) -> Self {
        let detail = row
            .detail_json
            .as_deref()
            .map(|json| serde_json::from_str::<Value>(json).unwrap_or_else(|_| Value::from(json)));
        // A text on its own, the `text` of an object, or the whole detail as it is.
        let text = detail.and_then(|detail| match &detail {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Object(members) => match members.get("text") {
                Some(Value::String(text)) => Some(text.clone()),
                _ => Some(detail.to_string()),
            },
            other => Some(other.to_string()),
        });
        Self {
            at: row.at.to_string(),
            code: row.code.clone(),
            words: step_words(&row.code),
            text: text.filter(|text| !text.is_empty()),
        }
    }
}

impl ShotAnswer {
    /// From its row.
    pub fn of(row: &ShotRow) -> Self {
        let degrees =
            |taken: Option<f64>, planned: Option<f64>| taken.or(planned).map(|degrees| rounded(degrees, 7));
        Self {
            index: row.shot_index,
            planned: row.planned,
            state: row.state.to_string(),
            words: shot_words(row.state),
            image_index: row.image_index,
            captured_at: row.captured_at.map(|at| at.to_string()),
            longitude_deg: degrees(row.longitude_deg, row.planned_longitude_deg),
            latitude_deg: degrees(row.latitude_deg, row.planned_latitude_deg),
            photo_id: row.photo_id.clone(),
        }
    }
}

/// Words for where a photo of a flight stands.
pub fn shot_words(state: PhotoState) -> Words {
    match state {
        PhotoState::Planned => Words::new("计划中", "planned"),
        PhotoState::Triggered => Words::new("已触发", "triggered"),
        PhotoState::Captured => Words::new("已拍摄,待回传", "taken, file awaited"),
        PhotoState::Stored => Words::new("已入库", "stored"),
        PhotoState::LookedAt => Words::new("已识别", "looked at"),
        PhotoState::Reviewed => Words::new("已审核", "reviewed"),
        PhotoState::Lost(LossReason::NotFlown) => Words::new("缺失:未飞到", "lost: not flown"),
        PhotoState::Lost(LossReason::Misfire) => Words::new("缺失:相机未拍", "lost: the camera misfired"),
        PhotoState::Lost(LossReason::NeverArrived) => {
            Words::new("缺失:已拍摄但未回传", "lost: taken, the file never arrived")
        }
        PhotoState::Lost(LossReason::Unreadable) => {
            Words::new("缺失:文件无法解码", "lost: the file cannot be read")
        }
    }
}
