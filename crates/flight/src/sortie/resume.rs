//! Picking a vehicle up in whatever state it is, after this program was down: in the air with our mission it is
//! followed, with another one only watched, on the ground it has landed or never took off.

use std::time::Duration;

use schedule::mission::{MissionItem, same_on_wire};
use schedule::refusal::RefusalCode;
use tokio::time::timeout;

use super::bounds::verify_bounds;
use super::event::Step;
use super::follow::Start;
use super::pilot::{Broken, Pilot};
use super::prepare::{NotFlown, identify};
use super::report::{End, Recall, Seen};
use crate::mission_transfer::is_kept;
use crate::telemetry::Autopilot;

/// The mission on board is read so often before it counts as not readable.
const READS: u32 = 5;
/// One reading, and how long the vehicle's word whether it is on the ground is waited for. Wall.
const READ: Duration = Duration::from_secs(8);
const GROUND_WORD: Duration = Duration::from_secs(3);
/// So far from home it still stands at home, m.
const AT_HOME_M: f64 = 10.0;

/// What a vehicle was found doing.
pub(super) enum Found {
    /// To be followed.
    Aloft(Start),
    /// On the ground; it had taken off when an earlier run watched it.
    Landed(Seen),
    /// Not to be followed.
    NotFlown(NotFlown),
    /// Not heard for so long that it is given up.
    Lost,
}

/// Finds out what the vehicle is doing. Instructions that come meanwhile wait until that is known.
pub(super) async fn find(pilot: &mut Pilot<'_>) -> Found {
    let system_id = pilot.vehicle.system_id();
    pilot
        .outbox
        .step(Step::Connecting, format!("looking for system {system_id} again"));
    pilot.exposures.of_flight_since(pilot.order.launched_at);
    // It may be in the air: silence before it was heard does not break a wait.
    pilot.aloft_since = Some(pilot.pace.now());
    let found = look(pilot).await;
    pilot.aloft_since = None;
    found
}

async fn look(pilot: &mut Pilot<'_>) -> Found {
    match wait_for_heartbeat(pilot).await {
        Err(stopped) => return Found::NotFlown(stopped),
        Ok(false) => return Found::Lost,
        Ok(true) => {}
    }
    pilot.outbox.step(
        Step::Connected,
        format!("system {} answers", pilot.vehicle.system_id()),
    );
    let held = pilot.instruction.take();
    let identified = identify(pilot).await;
    let limit = pilot.pace.wall_limit(GROUND_WORD);
    while pilot.seen.landed.is_none() && !pilot.pace.is_over(limit) && !pilot.stopped {
        pilot.pump().await;
    }
    pilot.instruction = pilot.instruction.take().or(held);
    if pilot.stopped || identified == Err(Broken::Stopped) {
        return Found::NotFlown(NotFlown::Stopped);
    }
    if !pilot.seen.armed && pilot.is_on_ground() {
        return on_ground(pilot);
    }
    let mission = compare_mission(pilot).await;
    if pilot.stopped {
        return Found::NotFlown(NotFlown::Stopped);
    }
    let in_air = pilot.is_in_air() || !pilot.is_on_ground();
    let ours = matches!(mission, OnBoard::Ours);
    let text = match (&mission, in_air) {
        (OnBoard::Ours, true) => "found in the air with the mission of this sortie",
        (OnBoard::Ours, false) => "found armed on the ground with the mission of this sortie",
        (OnBoard::Other, _) => "found armed with another mission: watched and not commanded",
        (OnBoard::Unreadable, _) => "its mission cannot be read: watched and not commanded",
    };
    pilot.outbox.step(Step::LinkBack, text);
    if ours && pilot.instruction.is_none() {
        verify_bounds(pilot).await;
    }
    let launched_at = pilot.order.launched_at;
    // One that was seen taking off and stands has come down, and its motors still turn.
    if ours && !in_air && launched_at.is_none() {
        return Found::Aloft(Start::Unknown);
    }
    Found::Aloft(Start::Found {
        launched_at,
        foreign: !ours,
    })
}

/// False when it was not heard until all hope was given up.
async fn wait_for_heartbeat(pilot: &mut Pilot<'_>) -> Result<bool, NotFlown> {
    let patient = pilot.pace.wall_limit(pilot.order.deadlines.heartbeat);
    let hope = pilot.pace.limit(pilot.order.deadlines.lost_for_good);
    let mut told = false;
    while !(pilot.is_heard() && pilot.airframe.is_some()) {
        if pilot.stopped {
            return Err(NotFlown::Stopped);
        }
        if pilot.pace.is_over(hope) {
            return Ok(false);
        }
        if !told && pilot.pace.is_over(patient) {
            told = true;
            pilot
                .outbox
                .step(Step::LinkLost, "no heartbeat yet, listening on");
        }
        pilot.pump().await;
    }
    Ok(true)
}

enum OnBoard {
    Ours,
    Other,
    Unreadable,
}

async fn compare_mission(pilot: &mut Pilot<'_>) -> OnBoard {
    let items = &pilot.order.items;
    let vehicle = pilot.vehicle.clone();
    for _attempt in 0..READS {
        let read = timeout(READ, vehicle.download_mission());
        let mut read = std::pin::pin!(read);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut read => break result,
                () = pilot.pump() => {}
            }
            if pilot.stopped {
                return OnBoard::Unreadable;
            }
        };
        match result {
            Ok(Ok(found)) => {
                return if is_same(pilot.seen.autopilot, items, &found) {
                    OnBoard::Ours
                } else {
                    OnBoard::Other
                };
            }
            Ok(Err(error)) => tracing::warn!(%error, "the mission on board could not be read"),
            Err(_elapsed) => tracing::warn!("the mission on board could not be read in time"),
        }
    }
    OnBoard::Unreadable
}

/// By the rule of reading back after an upload; beyond it, a parameter that comes back as 0 says nothing: autopilots
/// keep only those they use.
fn is_same(autopilot: Autopilot, ours: &[MissionItem], found: &[MissionItem]) -> bool {
    let same = |(ours, found): (&MissionItem, &MissionItem)| {
        let mut kept = ours.clone();
        for (kept, found) in kept.params.iter_mut().zip(found.params) {
            if found == 0.0 {
                *kept = 0.0;
            }
        }
        same_on_wire(&kept, found) || is_kept(autopilot, ours, found)
    };
    ours.len() == found.len() && ours.iter().zip(found).all(same)
}

fn on_ground(pilot: &mut Pilot<'_>) -> Found {
    if pilot.order.launched_at.is_none() {
        let text = "found on the ground with motors off; no take-off was seen, it may be flown again";
        return Found::NotFlown(NotFlown::refused(RefusalCode::NoTakeoff, text));
    }
    pilot.outbox.step(Step::Landed, "found on the ground");
    pilot.outbox.step(Step::Disarmed, "motors off");
    let home = pilot
        .seen
        .home
        .map(|(home, _)| home)
        .or(pilot.order.home_expected.map(|(dock, _)| dock));
    let off_m = home
        .zip(pilot.seen.position)
        .map(|(home, at)| survey::geodesy::geodesic_distance_m(home, at));
    let recall: Option<Recall> = None;
    Found::Landed(Seen {
        end: End::OnGround,
        recall,
        // Nobody saw how far it came: the photo ledger knows better.
        flown: false,
        at_home: off_m.map(|off_m| off_m <= AT_HOME_M),
        rebooted: false,
        disobeyed: false,
        foreign: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(command: u16, params: [f32; 4], x: i32) -> MissionItem {
        MissionItem {
            frame: 3,
            command,
            params,
            x,
            y: 1_210_000_000,
            z: 40.0,
            auto_continue: true,
        }
    }

    #[test]
    fn parameters_an_autopilot_does_not_keep_make_no_other_mission() {
        let ours = [
            item(22, [0.0; 4], 310_000_000),
            item(16, [2.0, 5.0, 0.0, f32::NAN], 310_001_000),
        ];
        let kept = [
            item(22, [0.0; 4], 310_000_000),
            item(16, [2.0, 0.0, 0.0, 0.0], 310_001_000),
        ];
        assert!(is_same(Autopilot::Px4, &ours, &kept));
        let elsewhere = [kept[0].clone(), item(16, [2.0, 0.0, 0.0, 0.0], 310_002_000)];
        assert!(!is_same(Autopilot::Px4, &ours, &elsewhere));
        let longer_hold = [kept[0].clone(), item(16, [9.0, 0.0, 0.0, 0.0], 310_001_000)];
        assert!(!is_same(Autopilot::Px4, &ours, &longer_hold));
        assert!(!is_same(Autopilot::Px4, &ours, &kept[..1]));
    }
}
