//! What is said of coverage: three numbers that are never mixed, with everything they rest on.
//!
//! *Reachable* (可达): ground that docks' vehicles can get to, work over and come back from. *Planned* (计划): ground
//! that the planned photos of the calendar's missions show. *Imaged* (实拍): ground that photos showed sharply and well
//! enough within the last days. Each in km² and in per cent of the same ground; what is not known is absent and said in
//! words, never zero.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lang::Words;

/// Ground, and its share of the row's ground (of the row's length for corridors).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Amount {
    /// Ground, km²; absent for corridors and where it is not known.
    pub km2: Option<f64>,
    /// Length, km; only for corridors.
    pub km: Option<f64>,
    /// Share of the row's ground or length, 0 to 100; absent where it is not known.
    pub percent: Option<f64>,
    /// Why it is not known; absent where it is.
    pub unknown: Option<Words>,
}

/// How long ago ground was last seen sharply enough, in days before the day of the figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgeAnswer {
    /// Half of the seen ground was seen at most so many days ago; absent where nothing was seen.
    pub p50_days: Option<u32>,
    /// Nine tenths of the seen ground was.
    pub p90_days: Option<u32>,
    /// All of it was.
    pub max_days: Option<u32>,
    /// Share of the ground that was never seen, 0 to 100.
    pub never_percent: Option<f64>,
}

/// What a row of figures is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// All flyable ground of the layers; then each district that the layers name.
    District,
    /// A town (街镇).
    Town,
    /// A dock: what it reaches, what its missions plan, what its photos show.
    Dock,
    /// All targets of one class.
    Class,
    /// A river reach, a stretch of sea wall.
    Corridor,
}

/// The three numbers of one piece of ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageRow {
    /// What it is.
    pub kind: RowKind,
    /// Its name, or the dock's id.
    pub name: String,
    /// Its code, where the layer has one.
    pub code: Option<String>,
    /// Ground the shares are taken of, km²: its flyable ground; of targets all of their ground. Absent for corridors that
    /// are lines.
    pub area_km2: Option<f64>,
    /// Of targets: share of that ground or length that is flyable, 0 to 100; absent without a flyable layer.
    #[serde(default)]
    pub flyable_percent: Option<f64>,
    /// Its length, km; only for corridors that are lines.
    pub length_km: Option<f64>,
    /// 可达.
    pub reachable: Amount,
    /// 计划.
    pub planned: Amount,
    /// 实拍, within the last days of the parameters.
    pub imaged: Amount,
    /// How old what was imaged is, whatever the number of days.
    pub ages: AgeAnswer,
    /// Of a dock: imaged ground that no other dock's photos show, km².
    pub alone_km2: Option<f64>,
    /// Of a class or corridor: days between two looks that people wish for.
    pub wished_interval_days: Option<f64>,
}

/// A layer that a figure rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerUse {
    /// Kind, such as `flyable` or `town`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// First day on which it counts, if stated.
    pub valid_from: Option<String>,
    /// Last day on which it counts, if stated.
    pub valid_to: Option<String>,
    /// Who made it.
    pub source: Option<String>,
}

/// A target and whether it is met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Goal {
    /// `reachable` or `imaged`.
    pub number: String,
    /// Target, per cent of the flyable ground.
    pub target_percent: f64,
    /// The figure it is held against.
    pub percent: Option<f64>,
    /// Whether it is met; absent where the figure is not known.
    pub met: Option<bool>,
}

/// Numbers and limits that the figures were made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageSetting {
    /// Imaged ground counts for so many days, the day of the figures among them.
    pub within_days: u32,
    /// First civil day of that window, yyyy-mm-dd.
    pub since: String,
    /// Last civil day of that window.
    pub until: String,
    /// Coarsest ground sampling distance that counts, cm per pixel.
    pub max_gsd_cm: f64,
    /// The limits that can be asked for, the finest first.
    #[serde(default)]
    pub gsd_classes_cm: Vec<f64>,
    /// Side of a ground cell, metres.
    pub cell_m: f64,
    /// Zone of the civil days.
    pub time_zone: String,
    /// How reach was computed.
    pub reach: Words,
    /// Missions whose planned photos count, and the days of the calendar they stand on.
    pub plan: Words,
}

/// `GET /api/v1/coverage/figures`: the three numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageFigures {
    /// Civil day of the figures, yyyy-mm-dd.
    pub as_of: String,
    /// Whether only what was known on that day counts.
    pub as_known_then: bool,
    /// Which parts of that are of that day, and which of today; absent unless only what was known then counts.
    #[serde(default)]
    pub known_then: Option<AsKnownThen>,
    /// Photos of the window that count; with none, imaged ground is 0.
    #[serde(default)]
    pub photos: u64,
    /// Civil day of the newest photo that is sharp enough, whatever the window, yyyy-mm-dd; absent where there is none.
    #[serde(default)]
    pub newest_photo: Option<String>,
    /// All flyable ground.
    pub whole: CoverageRow,
    /// 75 % against reachable, and the target of imaged.
    pub goals: Vec<Goal>,
    /// Layers that the figures rest on.
    pub layers: Vec<LayerUse>,
    /// Kinds of layers that there are none of, so that they could not be taken into account.
    pub missing_layers: Vec<String>,
    /// Parameters.
    pub setting: CoverageSetting,
}

/// What figures as known on a day rest on: not everything was kept as it was then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AsKnownThen {
    /// The end of that day, RFC 3339 UTC.
    pub at: String,
    /// What is as it was known then.
    pub of_then: Vec<Words>,
    /// What is as it is today, because nothing keeps how it was.
    pub of_today: Vec<Words>,
    /// What was stated on that day, as it was stated; absent where nobody asked on that day.
    pub stated: Option<StatedDay>,
}

/// `GET /api/v1/coverage/by/{town|dock|class|corridor}`: one row each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageTable {
    /// Civil day of the figures.
    pub as_of: String,
    /// What the rows are.
    pub kind: RowKind,
    /// The rows, in the order of their layer.
    pub rows: Vec<CoverageRow>,
    /// Layers that the rows rest on.
    pub layers: Vec<LayerUse>,
    /// Parameters.
    pub setting: CoverageSetting,
    /// Why there are no rows; absent where there are.
    pub unknown: Option<Words>,
}

/// Photos that do not count, by reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotCounted {
    /// Code of the reason.
    pub code: String,
    /// The reason.
    pub words: Words,
    /// Photos.
    pub photos: u64,
}

/// `GET /api/v1/coverage/explain`: everything the figures rest on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The figures.
    pub figures: CoverageFigures,
    /// Photos in the data folder.
    pub photos: u64,
    /// Photos that make the imaged number: in the window, sharp enough, usable.
    pub photos_counted: u64,
    /// Photos in the ledger, whatever their day.
    pub photos_in_ledger: u64,
    /// Photos that do not count, by reason; these and the counted ones are all.
    pub not_counted: Vec<NotCounted>,
    /// Definition of the grid that areas are measured on.
    #[schema(value_type = Option<Object>)]
    pub grid: Option<survey::grid::GridDefinition>,
    /// Upper limits of the ledger's GSD classes, cm.
    pub gsd_classes_cm: Vec<f64>,
    /// SHA-256 of the saved form of the ledger: equal for equal photos.
    pub ledger_sha256: String,
    /// Docks whose reach counts.
    pub docks: Vec<String>,
    /// Missions whose planned photos count.
    pub missions: Vec<MissionUse>,
    /// How the numbers are defined.
    pub definitions: Vec<Words>,
}

/// A mission of the calendar that the planned number rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MissionUse {
    /// Its name in the calendar.
    pub mission: String,
    /// Its dock.
    pub dock_id: String,
    /// File of its plan.
    pub plan: String,
    /// Planned photos; absent where the plan cannot be used.
    pub photos: Option<u64>,
    /// Why it does not count; absent where it does.
    pub problem: Option<String>,
}

/// The figures of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DayFigures {
    /// Civil day, yyyy-mm-dd.
    pub day: String,
    /// 实拍: imaged within the days of the parameters, as the ledger knows it today; per cent of today's flyable ground.
    pub imaged_percent: Option<f64>,
    /// The same, km².
    pub imaged_km2: f64,
    /// Photos taken on that day that count.
    pub photos: u64,
    /// What was stated on that day, as it was stated; absent where nobody asked on that day.
    pub stated: Option<StatedDay>,
}

/// What was stated on a day, kept as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatedDay {
    /// 可达, per cent.
    pub reachable_percent: Option<f64>,
    /// 计划, per cent.
    pub planned_percent: Option<f64>,
    /// 实拍, per cent.
    pub imaged_percent: Option<f64>,
    /// 可达, km².
    pub reachable_km2: Option<f64>,
    /// 计划, km².
    pub planned_km2: Option<f64>,
    /// 实拍, km².
    pub imaged_km2: Option<f64>,
    /// Flyable ground, km².
    pub flyable_km2: Option<f64>,
    /// Layers it rested on, `kind name version`.
    pub layers: Vec<String>,
}

impl StatedDay {
    /// Figures of a day as they are shown beside later ones.
    pub fn of(figures: &CoverageFigures) -> Self {
        let whole = &figures.whole;
        let layer = |layer: &LayerUse| format!("{} {} {}", layer.kind, layer.name, layer.version);
        Self {
            reachable_percent: whole.reachable.percent,
            planned_percent: whole.planned.percent,
            imaged_percent: whole.imaged.percent,
            reachable_km2: whole.reachable.km2,
            planned_km2: whole.planned.km2,
            imaged_km2: whole.imaged.km2,
            flyable_km2: whole.area_km2,
            layers: figures.layers.iter().map(layer).collect(),
        }
    }
}

/// `GET /api/v1/coverage/history?days=90`: each number by day, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The days.
    pub days: Vec<DayFigures>,
    /// Parameters.
    pub setting: CoverageSetting,
}

/// A forecast of one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForecastAnswer {
    /// `imaged`.
    pub number: String,
    /// Target, per cent.
    pub target_percent: f64,
    /// The figure today, per cent.
    pub percent: Option<f64>,
    /// `reached`, `expected`, `never_at_this_rate`, `too_few_days` or `unknown`.
    pub outlook: String,
    /// Day on which it is expected, yyyy-mm-dd.
    pub day: Option<String>,
    /// By the fastest rate of the 90 % interval.
    pub earliest: Option<String>,
    /// By the slowest; absent where that never reaches it.
    pub latest: Option<String>,
    /// Median rate, percentage points per day.
    pub rate_per_day: Option<f64>,
    /// Its 90 % interval.
    pub rate_range_per_day: Option<[f64; 2]>,
    /// Weeks the rate was taken from.
    pub weeks: u32,
    /// In words.
    pub words: Words,
}

/// A gap: ground that may be flown and was not seen in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GapAnswer {
    /// Its place in the list, from 1.
    pub rank: u32,
    /// Name for files, such as `gap-0001`; another gap's when the list changes.
    pub name: String,
    /// A hash of its outline: the same for the same ground, whatever its rank.
    pub gap_id: String,
    /// The town it lies in.
    pub town: Option<String>,
    /// Area, m².
    pub area_m2: f64,
    /// Days since it was seen, mean over its ground; ground never seen counts as so many days as the parameters say.
    pub age_days: f64,
    /// The last day on which any of it was seen; absent where none ever was.
    pub last_seen: Option<String>,
    /// Share that was never seen, 0 to 100.
    pub never_seen_percent: f64,
    /// Classes of targets in it.
    pub classes: Vec<String>,
    /// Greatest weight of a target in it, 1 without targets.
    pub class_weight: f64,
    /// What the list is ordered by: age × class weight.
    pub priority: f64,
    /// A point inside it, `[longitude, latitude]`.
    pub inside: [f64; 2],
    /// The nearest dock.
    pub dock_id: Option<String>,
    /// Distance from that dock, m.
    pub dock_distance_m: Option<f64>,
    /// Share that is within the docks' reach, 0 to 100; absent where reach is not known.
    pub reachable_percent: Option<f64>,
    /// Minutes of flight it needs, take-off to touch-down, all sorties together; absent where no dock gets there.
    pub flight_minutes: Option<f64>,
    /// Sorties it needs.
    pub sorties: Option<u32>,
    /// Each of them: pieces of the gap that one battery flies from the dock.
    pub flights: Vec<GapFlight>,
    /// Ground of it that no battery lasts for from the dock, m².
    pub beyond_battery_m2: f64,
}

/// A piece of a gap that one battery flies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GapFlight {
    /// Its number in the gap, from 1.
    pub number: u32,
    /// Area, m².
    pub area_m2: f64,
    /// Minutes from take-off to touch-down, on straight ways out and back.
    pub minutes: f64,
}

/// `GET /api/v1/coverage/gaps`: gaps, the most urgent first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GapList {
    /// Civil day of the list.
    pub as_of: String,
    /// The gaps.
    pub gaps: Vec<GapAnswer>,
    /// How many there are in all.
    pub total: usize,
    /// Area of all of them, km².
    pub total_km2: f64,
    /// Gaps too small for the list.
    pub small: u64,
    /// Their area, km².
    pub small_km2: f64,
    /// Smallest area of the list, m².
    pub smallest_m2: f64,
    /// Days that ground counts as which was never seen.
    pub never_seen_days: u32,
    /// Layers that the gaps rest on.
    pub layers: Vec<LayerUse>,
    /// Parameters.
    pub setting: CoverageSetting,
    /// What flight times were computed with.
    pub flying: Words,
}

/// One wish for a flight: what the scheduler takes. A piece of a gap that one battery flies from its dock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Demand {
    /// Stable for the same ground on the same day: day, dock and a hash of the outline.
    pub demand_id: String,
    /// `gap`.
    pub kind: String,
    /// The gap it is a piece of, see the list of gaps.
    pub gap_id: String,
    /// Which piece, from 1.
    pub piece: u32,
    /// How many pieces the gap has that can be flown.
    pub pieces: u32,
    /// The dock that is first there.
    pub dock_id: String,
    /// Ground to be seen: a GeoJSON Polygon, or a MultiPolygon where cutting the gap left parts of it apart; WGS-84.
    #[schema(value_type = Object)]
    pub geometry: serde_json::Value,
    /// Its area, m².
    pub area_m2: f64,
    /// Age × class weight; larger is more urgent.
    pub priority: f64,
    /// When it should have been seen at the latest, yyyy-mm-dd; absent where it was never seen.
    pub due: Option<String>,
    /// Coarsest ground sampling distance that satisfies it, cm per pixel.
    pub max_gsd_cm: f64,
    /// Minutes of flight it needs, on straight ways out and back; within what a battery gives.
    pub flight_minutes: f64,
    /// The town.
    pub town: Option<String>,
    /// Classes of targets in the gap.
    pub classes: Vec<String>,
}

/// `GET /api/v1/coverage/demands`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DemandList {
    /// Civil day of the list.
    pub as_of: String,
    /// The wishes, the most urgent first.
    pub demands: Vec<Demand>,
    /// Gaps of which no piece can be flown from where the docks stand.
    pub out_of_reach: usize,
    /// Ground that cannot, km²: these gaps, and pieces of others.
    pub out_of_reach_km2: f64,
}

/// The audit of an imaged number: exact polygons against cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Audit {
    /// Whole and town by town.
    pub rows: Vec<AuditRow>,
    /// Largest difference, percentage points.
    pub largest_difference_points: f64,
    /// Footprints that were united.
    pub footprints: u64,
    /// How it was computed.
    pub method: Words,
}

/// One piece of ground of an audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    /// Its name.
    pub name: String,
    /// Exact union, per cent of the flyable ground.
    pub exact_percent: f64,
    /// The ledger's figure, per cent.
    pub ledger_percent: f64,
    /// Ledger less exact, percentage points.
    pub difference_points: f64,
}
