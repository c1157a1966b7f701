//! Where a wayline that was broken off goes on: the dock flies the same file once more, from the photo before the first
//! one that is missing. (`break_point` of `flighttask_prepare`.)

use std::collections::BTreeSet;

use flight::cloud_dock::BreakPoint;
use schedule::mission::{MissionItem, PlannedShot, Remainder, planned_shots};
use serde_json::Value;
use store::flights::{FlightRow, StepRow};
use survey::geodesy::{Wgs84, geodesic_distance_m};

use crate::config::roster::DockEntry;
use crate::fleet::cloud::wayline::{Airframe, wayline_of};

/// Step that says what a sortie goes on from.
pub const FLIES_ON: &str = "flies_on";
/// Any aircraft: only the places of the waypoints count here.
const ANY: Airframe = Airframe {
    drone: (0, 0),
    payload: (0, 0, 0),
};

/// The rest of a mission whose last sortie the dock broke off, as the whole mission from a break point. `None` where
/// that would take photos again, or where the last sortie flew another wayline: then the rest is a mission of its own.
pub fn go_on(
    (first, last): (&FlightRow, &FlightRow),
    items: &[MissionItem],
    dock: &DockEntry,
    done: &BTreeSet<u32>,
) -> Option<(Remainder, BreakPoint)> {
    let reported = reported(last)?;
    if first.mission_json != last.mission_json {
        return None;
    }
    let shots = planned_shots(items, Some(dock.position));
    let at = shots.iter().position(|shot| !done.contains(&shot.index))?;
    let missing = shots.get(at..)?;
    if at == 0 || missing.iter().any(|shot| done.contains(&shot.index)) {
        return None;
    }
    let flown = wayline_of(items, dock.height_amsl_m, ANY).ok()?;
    let places: Vec<Wgs84> = flown
        .wayline
        .waypoints
        .iter()
        .filter_map(|waypoint| Wgs84::new(waypoint.latitude_deg, waypoint.longitude_deg).ok())
        .collect();
    let (index, state, progress) = place_before(&shots, at, (&places, &flown.waypoint_items))?;
    let point = BreakPoint {
        index: i64::try_from(index).ok()?,
        state,
        progress,
        reason: None,
        ..reported
    };
    let rest = Remainder {
        items: items.to_vec(),
        photos: missing.iter().map(|shot| (*shot, Some(shot.index))).collect(),
    };
    Some((rest, point))
}

/// Where a sortie that was sent to fly on begins, by its steps.
pub fn ordered(steps: &[StepRow]) -> Option<BreakPoint> {
    let step = steps.iter().rev().find(|step| step.code == FLIES_ON)?;
    let detail: Value = serde_json::from_str(step.detail_json.as_deref()?).ok()?;
    BreakPoint::from_json(detail.get("break_point")?)
}

fn reported(flight: &FlightRow) -> Option<BreakPoint> {
    let facts: Value = serde_json::from_str(flight.facts_json.as_deref()?).ok()?;
    BreakPoint::from_json(facts.get("break_point")?)
}

/// Waypoint, whether on it (1) or behind it (0), and the part of the way to the next one. A photo that is taken on the
/// way is begun one photo earlier: docks may or may not take one where they go on, and the others keep their places.
fn place_before(
    shots: &[PlannedShot],
    at: usize,
    (places, waypoint_items): (&[Wgs84], &[u16]),
) -> Option<(usize, i64, f64)> {
    let shot = shots.get(at)?;
    let item = u16::try_from(shot.after_item + 1).ok()?;
    let Some(to) = waypoint_items.iter().position(|waypoint| *waypoint == item) else {
        let at_waypoint = waypoint_items.iter().rposition(|waypoint| *waypoint < item)?;
        return Some((at_waypoint, 1, 0.0));
    };
    let from = to.checked_sub(1)?;
    let (begin, end) = (places.get(from)?, places.get(to)?);
    let before = shots.get(at.checked_sub(1)?)?;
    let is_on_the_way = before.after_item == shot.after_item;
    let length_m = geodesic_distance_m(*begin, *end);
    let progress = match is_on_the_way && length_m > 0.0 {
        true => geodesic_distance_m(*begin, before.position) / length_m,
        false => 0.0,
    };
    Some((from, 0, progress.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(index: u32, after_item: usize, place: Wgs84) -> PlannedShot {
        PlannedShot {
            index,
            position: place,
            height_above_home_m: 80.0,
            after_item,
        }
    }

    fn place(latitude_deg: f64) -> Wgs84 {
        Wgs84::new(latitude_deg, 121.5).unwrap()
    }

    #[test]
    fn it_goes_on_one_photo_before_the_first_that_is_missing() {
        // Waypoints are the items 4, 5 and 7 from 1; a photo at the second one by command, then three on the way.
        let places = [place(31.2), place(31.21), place(31.25)];
        let shots = [
            shot(1, 5, place(31.21)),
            shot(2, 6, place(31.22)),
            shot(3, 6, place(31.23)),
            shot(4, 6, place(31.24)),
        ];
        let found = |at| place_before(&shots, at, (&places, &[4, 5, 7]));
        assert_eq!(found(0), Some((1, 1, 0.0)), "the photo at the waypoint itself");
        assert_eq!(found(1), Some((1, 0, 0.0)), "the first on the way");
        let (index, state, progress) = found(3).unwrap();
        assert_eq!((index, state), (1, 0));
        assert!((progress - 0.5).abs() < 1e-3, "{progress}");
        assert_eq!(found(4), None);
        let on_the_way_there = [shot(1, 3, place(31.1)), shot(2, 3, place(31.15))];
        assert_eq!(place_before(&on_the_way_there, 1, (&places, &[4, 5, 7])), None);
    }

    #[test]
    fn the_order_is_read_from_the_steps() {
        let step = |detail: &str| StepRow {
            at: survey::time::UtcMicros(0),
            code: FLIES_ON.to_owned(),
            detail_json: Some(detail.to_owned()),
        };
        let with = step(r#"{"text":"x","break_point":{"index":3,"state":0,"progress":0.25,"wayline_id":0}}"#);
        let point = ordered(&[with]).unwrap();
        assert_eq!((point.index, point.progress, point.reason), (3, 0.25, None));
        assert_eq!(ordered(&[step(r#"{"text":"x"}"#)]), None);
        assert_eq!(ordered(&[]), None);
    }
}
