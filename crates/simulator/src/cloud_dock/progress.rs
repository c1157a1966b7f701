//! What a dock says about its task, as data.

use serde_json::{Value, json};

use crate::cloud_dock::flight::{Flight, Phase};
use crate::cloud_dock::state::{Stage, Task};

/// Steps in flight: the wayline, the way home, the landing.
const WAYLINE: i64 = 25;
const HOMING: i64 = 26;
const LANDING: i64 = 27;
/// Steps that are said before and after the numbered ones.
const LAST_BEFORE: i64 = 24;
const LAST_AFTER: i64 = 35;

/// Steps by number, each with how long it takes, s.
type Steps<'a> = &'a [(i64, f64)];

/// The data of a `flighttask_progress`.
pub(crate) fn progress(
    task: &Task,
    (before, after): (Steps<'_>, Steps<'_>),
    (status, result): (&str, i64),
) -> Value {
    let flight = task.flight.as_ref();
    let share = flight.map_or(0.0, Flight::share_done);
    let phase = flight.map(|flight| flight.phase);
    let (step, percent) = match (task.stage, phase) {
        (Stage::Before(at), _) => (
            before.get(at).map_or(LAST_BEFORE, |(step, _)| *step),
            at as f64 * 0.8,
        ),
        (Stage::Flying, Some(Phase::Homing)) => (HOMING, 10.0 + 75.0 * share),
        (Stage::Flying, Some(Phase::Landing | Phase::Landed)) => (LANDING, 12.0 + 75.0 * share),
        (Stage::Flying, _) => (WAYLINE, 10.0 + 75.0 * share),
        (Stage::After(at), _) => (
            after.get(at).map_or(LAST_AFTER, |(step, _)| *step),
            95.0 + at as f64,
        ),
    };
    let percent = if status == "ok" { 100 } else { percent as i64 };
    let mission_state = match (flight, phase) {
        (None, _) => 2,
        (Some(flight), _) if flight.complete => 9,
        (Some(flight), _) if flight.paused || task.broken.is_some() => 7,
        (_, Some(Phase::Entering)) => 5,
        _ => 6,
    };
    let mut ext = json!({
        "current_waypoint_index": flight.map_or(0, Flight::waypoint_index),
        "wayline_mission_state": mission_state,
        "media_count": flight.map_or(0, |flight| flight.camera.count),
        "track_id": task.track_id,
        "flight_id": task.prepared.order.flight_id,
        "wayline_id": flight.map_or(0, Flight::wayline_id),
    });
    if let Some((reason, point, [latitude, longitude, height, head])) = &task.broken {
        ext["break_point"] = json!({
            "index": point.index, "state": i32::from(point.on_waypoint), "progress": point.progress,
            "wayline_id": point.wayline_id, "break_reason": reason, "latitude": latitude,
            "longitude": longitude, "height": height, "attitude_head": head,
        });
    }
    json!({
        "result": result,
        "output": {
            "status": status,
            "progress": {"current_step": step, "percent": percent},
            "ext": ext,
        },
    })
}
