//! After landing: the reports of exposures that got lost on the way are asked for again.

use std::time::Duration;

use super::event::Step;
use super::pilot::Pilot;
use super::streams::{ask_capture_status, ask_feedback};

/// The component that cameras use (MAV_COMP_ID_CAMERA), and the autopilot, which may speak for one.
const CAMERA_COMPONENTS: [u8; 2] = [100, 1];
/// Between two rounds of questions. Wall.
const ROUND: Duration = Duration::from_millis(400);
/// Questions in one round.
const AT_ONCE: usize = 16;
/// Rounds in which the vehicle's count is asked for.
const COUNT_ROUNDS: u32 = 3;

/// Asks for what is missing until nothing is, or the vehicle has no more, or time is up.
pub(super) async fn collect(pilot: &mut Pilot<'_>, watched_from_the_start: bool) {
    if pilot.exposures.camera.is_none() && pilot.repeats_feedback() {
        collect_feedback(pilot).await;
        return;
    }
    let limit = pilot.pace.wall_limit(pilot.order.deadlines.captures);
    let system_id = pilot.vehicle.system_id();
    let mut counts_asked = 0;
    while !pilot.pace.is_over(limit) && pilot.check().is_ok() {
        let (missing, requests) = pilot.exposures.ask_missing(system_id, true, AT_ONCE);
        if missing.is_empty() && (watched_from_the_start || counts_asked >= COUNT_ROUNDS) {
            return;
        }
        let has_count = pilot.exposures.book.count_of_vehicle().is_some();
        if !watched_from_the_start && counts_asked < COUNT_ROUNDS && !has_count {
            counts_asked += 1;
            for component in CAMERA_COMPONENTS {
                pilot.send(&ask_capture_status(system_id, component)).await;
            }
        } else if missing.is_empty() {
            return;
        }
        let only_the_end = missing.len() == 1 && pilot.exposures.book.is_beyond(missing[0]);
        pilot.exposures.denied = false;
        for request in &requests {
            pilot.send(request).await;
        }
        let before = pilot.exposures.book.count();
        let pause = pilot.pace.wall_limit(ROUND);
        let answered = |pilot: &Pilot<'_>| {
            (pilot.exposures.denied || pilot.exposures.book.count() > before).then_some(())
        };
        let denied = match pilot
            .until(pause, |pilot| if only_the_end { answered(pilot) } else { None })
            .await
        {
            Ok(_) => pilot.exposures.denied,
            Err(_interrupted) => return,
        };
        if only_the_end && denied && pilot.exposures.book.count() == before {
            return;
        }
    }
}

/// An ArduPilot repeats its last report, and counts them all: the last one cannot get lost, and how many others did is
/// said.
async fn collect_feedback(pilot: &mut Pilot<'_>) {
    let system_id = pilot.vehicle.system_id();
    for _round in 0..COUNT_ROUNDS {
        pilot.send(&ask_feedback(system_id)).await;
        pilot.send(&ask_capture_status(system_id, 1)).await;
        let pause = pilot.pace.wall_limit(ROUND);
        let counted = |pilot: &Pilot<'_>| pilot.exposures.book.count_of_vehicle();
        match pilot.until(pause, counted).await {
            Ok(Some(_)) => break,
            Ok(None) => {}
            Err(_interrupted) => return,
        }
    }
    if let Some(unreported) = pilot.exposures.unreported().filter(|count| *count > 0) {
        let heard = pilot.exposures.book.count();
        let text = format!(
            "{unreported} reports of exposures were lost on the line and cannot be repeated ({heard} came); their photos \
             are told by time and place"
        );
        pilot.outbox.step(Step::Notice, text);
    }
}
