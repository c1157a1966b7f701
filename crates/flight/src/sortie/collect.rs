//! After landing: the reports of exposures that got lost on the way are asked for again.

use std::time::Duration;

use super::pilot::Pilot;
use super::streams::{ask_capture, ask_capture_status};

/// The component that cameras use (MAV_COMP_ID_CAMERA), and the autopilot, which may speak for one.
const CAMERA_COMPONENTS: [u8; 2] = [100, 1];
/// Between two rounds of questions. Wall.
const ROUND: Duration = Duration::from_millis(400);
/// Questions in one round.
const AT_ONCE: usize = 16;
/// Rounds in which the vehicle's count is asked for.
const COUNT_ROUNDS: u32 = 3;

/// Asks for what is missing until nothing is, or the vehicle has no more, or time is up.
///
/// Only for vehicles that report by CAMERA_IMAGE_CAPTURED: CAMERA_FEEDBACK cannot be asked for by number, so that a
/// report of an ArduPilot that got lost stays lost, and its photo is matched by place and time.
pub(super) async fn collect(pilot: &mut Pilot<'_>, watched_from_the_start: bool) {
    let limit = pilot.pace.wall_limit(pilot.order.deadlines.captures);
    let system_id = pilot.vehicle.system_id();
    let mut counts_asked = 0;
    while !pilot.pace.is_over(limit) && pilot.check().is_ok() {
        let missing = match pilot.camera {
            Some(_) => pilot.book.missing(true, AT_ONCE),
            None => Vec::new(),
        };
        if missing.is_empty() && (watched_from_the_start || counts_asked >= COUNT_ROUNDS) {
            return;
        }
        if !watched_from_the_start && counts_asked < COUNT_ROUNDS && !pilot.book.has_count() {
            counts_asked += 1;
            for component in CAMERA_COMPONENTS {
                pilot.send(&ask_capture_status(system_id, component)).await;
            }
        } else if missing.is_empty() {
            return;
        }
        let only_the_end = missing.len() == 1 && pilot.book.is_beyond(missing[0]);
        pilot.request_denied = false;
        if let Some(camera) = pilot.camera {
            for index in &missing {
                pilot.send(&ask_capture(system_id, camera, *index)).await;
            }
        }
        let before = pilot.book.count();
        let pause = pilot.pace.wall_limit(ROUND);
        let answered =
            |pilot: &Pilot<'_>| (pilot.request_denied || pilot.book.count() > before).then_some(());
        let denied = match pilot
            .until(pause, |pilot| if only_the_end { answered(pilot) } else { None })
            .await
        {
            Ok(_) => pilot.request_denied,
            Err(_interrupted) => return,
        };
        if only_the_end && denied && pilot.book.count() == before {
            return;
        }
    }
}
