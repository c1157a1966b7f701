//! The smallest flights that make sense.

use schedule::photo_ledger::{PhotoState, SortieId};
use schedule::sortie::SortieState;
use store::Store;
use store::flights::{CaptureRow, Created, Move, NewFlight, ShotPlan, StepRow, TrackRow};
use store::rows::{NewPhoto, SortieKind};
use survey::time::UtcMicros;

use crate::harness::{NOW, actor, after, photo};

pub const PLANNED: u32 = 6;
/// 20 m of latitude, degrees.
const STEP_DEG: f64 = 0.000_18;

pub fn id(name: &str) -> SortieId {
    name.parse().unwrap()
}

pub fn plan(shots: u32) -> Vec<ShotPlan> {
    let shot = |shot_index| ShotPlan {
        shot_index,
        longitude_deg: 121.5,
        latitude_deg: 31.2 + f64::from(shot_index) * STEP_DEG,
        height_above_home_m: 60.0,
    };
    (1..=shots).map(shot).collect()
}

/// A flight of dock D01 with six photos in a line, 20 m apart.
pub fn new_flight(name: &str) -> NewFlight {
    NewFlight {
        sortie_id: id(name),
        kind: SortieKind::Simulated,
        mission_name: "north".to_owned(),
        plan_sha256: "a".repeat(64),
        mission_json: "[]".to_owned(),
        bounds_json: None,
        dock_id: Some("D01".to_owned()),
        system_id: 7,
        link: "udpin:127.0.0.1:14557".to_owned(),
        slot_at: Some(after(-60)),
        shots: plan(PLANNED),
        actor: actor("calendar"),
    }
}

pub async fn create(store: &Store, name: &str) -> SortieId {
    let made = store.create_flight(&new_flight(name), NOW).await.unwrap();
    assert_eq!(made, Created::New);
    id(name)
}

pub fn plain_move(at: UtcMicros) -> Move {
    Move {
        code: None,
        note: None,
        payload_json: None,
        actor: actor("fleet"),
        at,
    }
}

pub async fn move_to(store: &Store, sortie: &SortieId, to: SortieState) -> SortieState {
    let step = plain_move(after(10));
    store.move_flight(sortie, to, &step, NOW).await.unwrap()
}

/// The report of planned photo `n`, taken on the spot.
pub fn capture(n: u32) -> CaptureRow {
    CaptureRow {
        image_index: n,
        captured_at: after(i64::from(n) * 2),
        longitude_deg: Some(121.5),
        latitude_deg: Some(31.2 + f64::from(n) * STEP_DEG),
        height_above_home_m: Some(60.5),
        succeeded: true,
    }
}

/// The file of photo `n` of a flight.
pub fn file(name: &str, n: u32) -> NewPhoto {
    NewPhoto {
        sortie_id: id(name),
        shot_index: Some(n),
        sortie_kind: SortieKind::Simulated,
        simulated: true,
        ..photo(&format!("{name} {n}"))
    }
}

pub fn track_point(second: i64) -> TrackRow {
    TrackRow {
        at: after(second),
        longitude_deg: 121.5,
        latitude_deg: 31.2,
        height_above_home_m: 60.0,
        altitude_amsl_m: 64.0,
        heading_deg: (second % 3 != 0).then_some(359.5),
        ground_speed_ms: (second % 2 == 0).then_some(10.0),
        battery_percent: Some(80.0),
    }
}

pub fn step(second: i64, code: &str) -> StepRow {
    StepRow {
        at: after(second),
        code: code.to_owned(),
        detail_json: (second % 2 == 0).then(|| "{}".to_owned()),
    }
}

pub async fn states(store: &Store, name: &str) -> Vec<PhotoState> {
    let shots = store.shots(name).await.unwrap();
    assert!(
        shots
            .iter()
            .zip(1..)
            .all(|(shot, index)| shot.shot_index == index)
    );
    shots.iter().map(|shot| shot.state).collect()
}
