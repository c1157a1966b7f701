//! Gaps as wishes for flights, one battery each: what a scheduler takes.

use serde_json::{Value, json};
use survey::gaps::GapPiece;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::answer::{Demand, DemandList, GapFlight};
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps, outline_hash, rings};

/// At most `limit` wishes, those of the most urgent gaps.
pub fn demands(figures: &Figures<'_>, found: &FoundGaps, limit: usize) -> DemandList {
    let mut demands = Vec::new();
    let (mut out_of_reach, mut beyond_m2) = (0, 0.0);
    for gap in &found.gaps {
        let flown = gap.pieces.iter().filter(|piece| piece.flight_s.is_some());
        let flown = flown.zip(&gap.answer.flights);
        if gap.answer.flights.is_empty() {
            out_of_reach += 1;
            beyond_m2 += gap.gap.area_m2;
        } else {
            beyond_m2 += gap.answer.beyond_battery_m2;
        }
        let room = limit - demands.len();
        demands.extend(flown.take(room).filter_map(|piece| demand(figures, gap, piece)));
    }
    DemandList {
        as_of: figures.until.to_string(),
        demands,
        out_of_reach,
        out_of_reach_km2: rounded(beyond_m2 / 1e6, 6),
    }
}

fn demand(
    figures: &Figures<'_>,
    found: &FoundGap,
    (piece, flight): (&GapPiece, &GapFlight),
) -> Option<Demand> {
    let answer = &found.answer;
    let dock_id = answer.dock_id.clone()?;
    let geometry = geometry(piece);
    let due = found
        .gap
        .age
        .last_seen
        .map(|seen| CivilDay(seen.0 + figures.setting.within_days as i32));
    Some(Demand {
        demand_id: format!("{}-{dock_id}-{}", figures.until, outline_hash(&geometry)),
        kind: "gap".to_owned(),
        gap_id: answer.gap_id.clone(),
        piece: flight.number,
        pieces: answer.flights.len() as u32,
        dock_id,
        geometry,
        area_m2: flight.area_m2,
        priority: answer.priority,
        due: due.map(|day| day.to_string()),
        max_gsd_cm: figures.max_gsd_cm,
        flight_minutes: flight.minutes,
        town: answer.town.clone(),
        classes: answer.classes.clone(),
    })
}

/// A GeoJSON geometry, its rings closed.
fn geometry(piece: &GapPiece) -> Value {
    let closed = |polygon| {
        let mut rings = rings(polygon);
        for ring in &mut rings {
            ring.extend(ring.first().copied());
        }
        rings
    };
    let mut polygons: Vec<_> = piece.polygons.iter().map(closed).collect();
    match polygons.len() {
        1 => json!({ "type": "Polygon", "coordinates": polygons.remove(0) }),
        _ => json!({ "type": "MultiPolygon", "coordinates": polygons }),
    }
}
