//! Gaps as people and programs take them: ranked by age and class weight, by town and by what docks reach, with the
//! flights they need, one battery each; as GeoJSON.

use anyhow::Result;
use formats::geojson::{Feature, FeatureCollection, Geometry};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use survey::area::Polygon;
use survey::cells::CellSet;
use survey::flight_lines::SortieRules;
use survey::gaps::{Gap, GapPiece, GapRules, Gaps, SHARE_FOR_STRAIGHT_WAYS, gaps, pieces_for};
use survey::geodesy::{Wgs84, geodesic_distance_m};
use survey::ledger::LedgerQuery;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::config::settings::Settings;
use crate::coverage::answer::{GapAnswer, GapFlight, GapList};
use crate::coverage::figures::{Figures, target_ground};
use crate::lang::Words;

/// A gap with what is said of it.
#[derive(Debug, Clone)]
pub struct FoundGap {
    /// Where it is.
    pub gap: Gap,
    /// Its pieces, one battery each; none where no dock gets there.
    pub pieces: Vec<GapPiece>,
    /// What is said.
    pub answer: GapAnswer,
}

/// All gaps of a question, the most urgent first, and what was too small.
#[derive(Debug, Clone)]
pub struct FoundGaps {
    /// The gaps.
    pub gaps: Vec<FoundGap>,
    /// How many were too small.
    pub small: u64,
    /// Their area, m².
    pub small_m2: f64,
    /// How gaps are flown.
    pub rules: SortieRules,
}

/// Flyable ground that no photo of the window shows, in connected pieces. A piece ends at the border of a town and
/// where another dock is first or none reaches.
///
/// # Errors
/// Parameters that a ledger cannot answer, layers outside the working area.
pub fn find(figures: &Figures<'_>, settings: &Settings) -> Result<FoundGaps> {
    let basis = &figures.scene.basis;
    let unseen = basis
        .flyable_cells
        .difference(&figures.ledger.imaged_cells(&figures.query())?);
    // Gaps were not seen within the window: only what is older is theirs.
    let before = LedgerQuery {
        until: Some(CivilDay(figures.since.0 - 1)),
        ..figures.ever()
    };
    let ages = figures.ledger.last_days(&before, &unseen)?;
    let rules = GapRules {
        today: figures.until,
        smallest_m2: settings.coverage.smallest_gap_m2,
        never_seen_days: settings.coverage.never_seen_days,
    };
    let weights = weighted_ground(figures, &unseen)?;
    let mut found = FoundGaps {
        gaps: Vec::new(),
        small: 0,
        small_m2: 0.0,
        rules: sortie_rules(figures, settings),
    };
    for (town, piece) in by_town(figures, &unseen) {
        for (reached, piece) in by_reach(figures, piece) {
            let Gaps {
                gaps,
                small,
                small_m2,
            } = gaps(&piece, &rules, |row, column| ages.at(row, column))?;
            found.small += small;
            found.small_m2 += small_m2;
            for gap in gaps {
                let gap = described(figures, gap, (town, reached), (&weights, &found.rules))?;
                found.gaps.push(gap);
            }
        }
    }
    let urgency = |found: &FoundGap| (found.answer.priority, found.answer.area_m2);
    found.gaps.sort_by(|a, b| {
        let (a, b) = (urgency(a), urgency(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    for (index, gap) in found.gaps.iter_mut().enumerate() {
        gap.answer.rank = index as u32 + 1;
        gap.answer.name = format!("gap-{:04}", index + 1);
    }
    Ok(found)
}

/// How the fleet's camera flies gaps.
pub fn sortie_rules(figures: &Figures<'_>, settings: &Settings) -> SortieRules {
    let camera = &figures.scene.basis.roster.camera;
    let flights = &settings.coverage.gap_flights;
    let photo_width_m = f64::from(camera.width_px) / camera.focal_px * flights.height_agl_m;
    flights.rules(
        photo_width_m,
        (settings.fleet.endurance_s, settings.fleet.reserve_percent),
    )
}

fn by_town<'a>(figures: &'a Figures<'_>, unseen: &CellSet) -> Vec<(Option<&'a str>, CellSet)> {
    let scene = figures.scene;
    let mut rest = unseen.clone();
    let mut parts = Vec::new();
    for (town, cells) in scene.basis.towns.iter().zip(&scene.town_cells) {
        parts.push((Some(town.name.as_str()), rest.intersection(cells)));
        rest = rest.difference(cells);
    }
    parts.push((None, rest));
    parts.retain(|(_, cells)| !cells.is_empty());
    parts
}

/// What each dock is first at and what none reaches; all as unknown where there are no docks.
fn by_reach(figures: &Figures<'_>, piece: CellSet) -> Vec<(Option<bool>, CellSet)> {
    let Some(reached) = &figures.scene.reached else {
        return vec![(None, piece)];
    };
    let beyond = piece.difference(&reached.all);
    let of_docks = reached
        .first
        .iter()
        .map(|first| (Some(true), piece.intersection(first)));
    let mut parts: Vec<_> = of_docks.chain([(Some(false), beyond)]).collect();
    parts.retain(|(_, cells)| !cells.is_empty());
    parts
}

/// Unseen ground of targets with their class and weight.
type Weighted = Vec<(String, f64, CellSet)>;

fn weighted_ground(figures: &Figures<'_>, unseen: &CellSet) -> Result<Weighted> {
    let basis = &figures.scene.basis;
    let mut grounds: Vec<(&str, f64, Vec<Polygon>)> = Vec::new();
    for target in &basis.targets {
        let ground = target_ground(target, &basis.grid)?;
        match grounds
            .iter_mut()
            .find(|(class, weight, _)| *class == target.class && *weight == target.weight)
        {
            Some((_, _, all)) => all.extend(ground),
            None => grounds.push((&target.class, target.weight, ground)),
        }
    }
    let cells = |(class, weight, ground): (&str, f64, Vec<Polygon>)| {
        Ok((
            class.to_owned(),
            weight,
            basis.cells(&ground)?.intersection(unseen),
        ))
    };
    grounds.into_iter().map(cells).collect()
}

fn described(
    figures: &Figures<'_>,
    gap: Gap,
    (town, reached): (Option<&str>, Option<bool>),
    (weights, rules): (&Weighted, &SortieRules),
) -> Result<FoundGap> {
    let basis = &figures.scene.basis;
    let touching = weights.iter().filter(|(_, _, cells)| touches(&gap, cells));
    let (mut classes, mut class_weight): (Vec<String>, Option<f64>) = (Vec::new(), None);
    for (class, weight, _) in touching {
        if !classes.contains(class) {
            classes.push(class.clone());
        }
        class_weight = Some(class_weight.map_or(*weight, |most| most.max(*weight)));
    }
    let class_weight = class_weight.unwrap_or(1.0);
    let dock = nearest_dock(figures, gap.inside)?;
    let pieces = match dock.filter(|_| reached != Some(false)) {
        Some((index, _)) => {
            let on_grid = basis.grid.grid_from_wgs84(basis.roster.docks[index].position)?;
            let dock = [on_grid.easting_m, on_grid.northing_m];
            pieces_for(&gap.cells, (&basis.grid, basis.lattice), dock, rules)?
        }
        None => Vec::new(),
    };
    let flights = flights(&pieces);
    let minutes: f64 = flights.iter().map(|flight| flight.minutes).sum();
    let beyond = pieces.iter().filter(|piece| piece.flight_s.is_none());
    let beyond_m2 = beyond.fold(0.0, |sum, piece| sum + piece.area_m2);
    let answer = GapAnswer {
        rank: 0,
        name: String::new(),
        gap_id: outline_hash(&json!(rings(&gap.polygon))),
        town: town.map(str::to_owned),
        area_m2: rounded(gap.area_m2, 1),
        age_days: rounded(gap.age.mean_days, 2),
        last_seen: gap.age.last_seen.map(|day| day.to_string()),
        never_seen_percent: rounded(100.0 * gap.age.never_seen_share, 2),
        classes,
        class_weight,
        priority: rounded(gap.age.mean_days * class_weight, 2),
        inside: [
            rounded(gap.inside.longitude_deg, 7),
            rounded(gap.inside.latitude_deg, 7),
        ],
        dock_id: dock.map(|(index, _)| basis.roster.docks[index].dock_id.clone()),
        dock_distance_m: dock.map(|(_, distance_m)| rounded(distance_m, 0)),
        reachable_percent: reached.map(|reached| if reached { 100.0 } else { 0.0 }),
        flight_minutes: (!flights.is_empty()).then(|| rounded(minutes, 1)),
        sorties: (!flights.is_empty()).then_some(flights.len() as u32),
        beyond_battery_m2: rounded(beyond_m2, 1),
        flights,
    };
    Ok(FoundGap { gap, pieces, answer })
}

/// The pieces that can be flown, numbered.
fn flights(pieces: &[GapPiece]) -> Vec<GapFlight> {
    let flown = pieces
        .iter()
        .filter_map(|piece| Some((piece.area_m2, piece.flight_s?)));
    flown
        .enumerate()
        .map(|(index, (area_m2, flight_s))| GapFlight {
            number: index as u32 + 1,
            area_m2: rounded(area_m2, 1),
            minutes: rounded(flight_s / 60.0, 1),
        })
        .collect()
}

/// What tells an outline from others: the first 12 digits of its SHA-256.
pub fn outline_hash(outline: &Value) -> String {
    let mut digest = hex::encode(Sha256::digest(outline.to_string()));
    digest.truncate(12);
    digest
}

fn touches(gap: &Gap, cells: &CellSet) -> bool {
    gap.cells
        .iter()
        .any(|run| cells.has_any(run.row, run.start..run.end))
}

/// The dock that is first at a place, and the distance to it; the nearest where none reaches it.
fn nearest_dock(figures: &Figures<'_>, place: Wgs84) -> Result<Option<(usize, f64)>> {
    let basis = &figures.scene.basis;
    let on_grid = basis.grid.grid_from_wgs84(place)?;
    let first = figures
        .scene
        .reached
        .as_ref()
        .and_then(|reached| reached.quickest(on_grid));
    let distance_m = |index: usize| geodesic_distance_m(basis.roster.docks[index].position, place);
    let nearest = || (0..basis.roster.docks.len()).min_by(|a, b| distance_m(*a).total_cmp(&distance_m(*b)));
    Ok(first.or_else(nearest).map(|index| (index, distance_m(index))))
}

/// The list as it is said, at most `limit` gaps long.
pub fn gap_list(figures: &Figures<'_>, found: &FoundGaps, settings: &Settings, limit: usize) -> GapList {
    let total_m2: f64 = found.gaps.iter().map(|found| found.gap.area_m2).sum();
    GapList {
        as_of: figures.until.to_string(),
        gaps: found
            .gaps
            .iter()
            .take(limit)
            .map(|found| found.answer.clone())
            .collect(),
        total: found.gaps.len(),
        total_km2: rounded(total_m2 / 1e6, 6),
        small: found.small,
        small_km2: rounded(found.small_m2 / 1e6, 6),
        smallest_m2: settings.coverage.smallest_gap_m2,
        never_seen_days: settings.coverage.never_seen_days,
        layers: figures.scene.basis.figure_layers(),
        setting: figures.setting.clone(),
        flying: flying_words(&found.rules, settings),
    }
}

fn flying_words(rules: &SortieRules, settings: &Settings) -> Words {
    let (height, speed, spacing) = (
        settings.coverage.gap_flights.height_agl_m,
        rules.lines.speed_ms,
        rules.lines.spacing_m,
    );
    let minutes = SHARE_FOR_STRAIGHT_WAYS * rules.budget_s / 60.0;
    let left = 100.0 * (1.0 - SHARE_FOR_STRAIGHT_WAYS);
    Words::new(
        format!(
            "真高 {height:.0} m,{speed:.0} m/s,航线间距 {spacing:.1} m,每架次一块电池、不超过 {minutes:.0} 分钟(余下 {left:.0} % 留给绕行);时间按实际航线、转弯、直线往返与起降计"
        ),
        format!(
            "{height:.0} m above ground, {speed:.0} m/s, lines {spacing:.1} m apart, one battery and at most {minutes:.0} min a sortie ({left:.0} % of the battery's time kept for ways round); time of the lines, turns, straight ways out and back, climb and landing"
        ),
    )
}

/// The gaps as GeoJSON (RFC 7946, WGS-84), with the parameters of the list as members.
///
/// # Errors
/// Numbers that GeoJSON cannot hold.
pub fn geojson(list: &GapList, found: &FoundGaps) -> Result<Value> {
    let mut features = Vec::new();
    for FoundGap { gap, answer, .. } in found.gaps.iter().take(list.gaps.len()) {
        let Value::Object(properties) = serde_json::to_value(answer)? else {
            anyhow::bail!("a gap is an object");
        };
        features.push(Feature {
            id: Some(answer.name.clone()),
            geometry: Some(Geometry::Polygon(rings(&gap.polygon))),
            properties,
        });
    }
    let members = Map::from_iter([
        ("as_of".to_owned(), json!(list.as_of)),
        ("setting".to_owned(), json!(list.setting)),
        ("layers".to_owned(), json!(list.layers)),
    ]);
    Ok(FeatureCollection { features, members }.to_json()?)
}

/// Rings as `[longitude, latitude]`, not closed.
pub fn rings(polygon: &Polygon) -> Vec<Vec<[f64; 2]>> {
    let position = |point: &Wgs84| [rounded(point.longitude_deg, 7), rounded(point.latitude_deg, 7)];
    let ring = |points: &Vec<Wgs84>| points.iter().map(position).collect();
    std::iter::once(&polygon.exterior)
        .chain(&polygon.holes)
        .map(ring)
        .collect()
}
