//! From "everything is ready" to "in the air": the caller's last word, arming, and a start that is believed only
//! when the vehicle is armed and off the ground.
//!
//! What starts motors is never repeated blindly. A repeat is decided here, each time on what the vehicle shows: it
//! says that it is disarmed, or that it is armed and still stands.

use std::time::{Duration, Instant as StdInstant};

use mavlink::dialects::ardupilotmega::{MavCmd, MavResult};
use schedule::refusal::RefusalCode;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::event::{FlightEvent, Gate, GateAnswer, Step};
use super::pilot::{Broken, Pilot, Race};
use super::prepare::{NotFlown, must_stand_alone};
use super::streams::ask_heartbeat;
use crate::command::{CommandError, CommandRequest};
use crate::profile::{FlightMode, Order, Profile, may_pass};

/// Armed and started so often; more would hide a fault. A real ArduCopter disarms itself after 10 s on the ground.
const MOST_STARTS: u32 = 3;
/// Refusals without words after which it is given up: words get lost on a bad link.
const MOST_UNEXPLAINED: u32 = 3;
/// Vehicle time between two attempts to arm.
const ARM_PAUSE: Duration = Duration::from_secs(2);
/// After this an armed vehicle that still stands, and does not fly its mission, is told again. Wall.
const START_PAUSE: Duration = Duration::from_secs(1);
/// Between two commands to change the mode, or to disarm.
const MODE_PAUSE: Duration = Duration::from_millis(600);
/// Between two requests for a heartbeat that shows whether it is armed. Wall.
const HEARTBEAT_PAUSE: Duration = Duration::from_millis(250);
/// The answer to one command to arm. Wall.
const ARM_ANSWER: Duration = Duration::from_millis(1500);

/// How far a flight came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Launched {
    /// Seen in the air.
    InAir,
    /// It was armed when it fell silent; it may fly.
    Unknown,
}

enum Start {
    InAir,
    Disarmed,
    StillStands,
}

/// Arms and starts.
pub(super) async fn launch(pilot: &mut Pilot<'_>) -> Result<Launched, NotFlown> {
    // The dock is still opening its lid: the time is used.
    match enter_mode_for_arming(pilot).await {
        Ok(()) => {}
        Err(Halt::NotFlown(not_flown)) => return Err(not_flown),
        Err(Halt::Broken(broken)) => return Err(broken.into()),
    }
    ask_to_arm(pilot).await?;
    must_stand_alone(pilot)?;
    match take_off(pilot).await {
        Ok(()) => Ok(Launched::InAir),
        Err(Halt::NotFlown(not_flown)) => Err(not_flown),
        Err(Halt::Broken(Broken::Silent)) if pilot.seen.armed => Ok(Launched::Unknown),
        Err(Halt::Broken(Broken::Instructed)) if pilot.seen.armed => call_off(pilot).await,
        Err(Halt::Broken(broken)) => Err(broken.into()),
    }
}

/// The caller's interlocks have the last word.
async fn ask_to_arm(pilot: &mut Pilot<'_>) -> Result<(), NotFlown> {
    let patience = pilot.order.deadlines.gate_arming;
    let (answer, answered) = oneshot::channel();
    pilot.outbox.tell(FlightEvent::Gate {
        gate: Gate::Arming,
        answer,
    });
    match pilot.through(timeout(patience, answered)).await? {
        Ok(Ok(GateAnswer::Go)) => {
            pilot.may_arm = true;
            Ok(())
        }
        Ok(Ok(GateAnswer::Refuse { code, text })) => Err(NotFlown::refused(code, text)),
        Ok(Err(_dropped)) => Err(NotFlown::refused(
            RefusalCode::Internal,
            "nobody answers whether it may arm",
        )),
        Err(_elapsed) => {
            let waited_s = patience.as_secs();
            let text = format!("no answer within {waited_s} s whether it may arm");
            Err(NotFlown::refused(RefusalCode::Internal, text))
        }
    }
}

enum Halt {
    NotFlown(NotFlown),
    Broken(Broken),
}

impl From<Broken> for Halt {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

fn refuse(code: RefusalCode, text: impl Into<String>) -> Halt {
    Halt::NotFlown(NotFlown::refused(code, text))
}

async fn take_off(pilot: &mut Pilot<'_>) -> Result<(), Halt> {
    for attempt in 1..=MOST_STARTS {
        enter_mode_for_arming(pilot).await?;
        arm(pilot).await?;
        pilot.track.record(true);
        pilot.outbox.step(Step::Starting, format!("attempt {attempt}"));
        match start(pilot).await? {
            Start::InAir => return Ok(()),
            Start::Disarmed => tracing::warn!(attempt, "disarmed itself before take-off, starting again"),
            Start::StillStands => {
                disarm(pilot).await?;
                return Err(refuse(
                    RefusalCode::NoTakeoff,
                    "armed and started, and still on the ground",
                ));
            }
        }
    }
    let text = format!("started {MOST_STARTS} times, and each time it disarmed itself on the ground");
    Err(refuse(RefusalCode::NoTakeoff, text))
}

async fn enter_mode_for_arming(pilot: &mut Pilot<'_>) -> Result<(), Halt> {
    match pilot.profile.mode_for_arming() {
        Some(mode) => enter(pilot, mode).await,
        None => Ok(()),
    }
}

/// Changes the mode; what counts is the mode in its heartbeat.
async fn enter(pilot: &mut Pilot<'_>, mode: FlightMode) -> Result<(), Halt> {
    let limit = pilot.pace.wall_limit(pilot.order.deadlines.mode);
    let asked = StdInstant::now();
    while pilot.profile.is_in(mode, pilot.seen.custom_mode) == Some(false) {
        if pilot.pace.is_over(limit) {
            let words = pilot.complaints_since(asked).join("; ");
            let text = format!(
                "it stays in mode {} and does not change to {mode:?}. {words}",
                pilot.seen.mode_name
            );
            return Err(refuse(RefusalCode::ArmingRefused, text.trim_end().to_owned()));
        }
        if let Some(order) = pilot.profile.set_mode(mode, pilot.seen.armed) {
            pilot.say(order).await;
        }
        let pause = pilot.pace.wall_limit(MODE_PAUSE);
        let there = |pilot: &Pilot<'_>| pilot.profile.is_in(mode, pilot.seen.custom_mode);
        pilot
            .until(pause, |pilot| there(pilot).filter(|in_mode| *in_mode))
            .await?;
    }
    Ok(())
}

/// Arms. Tried again only while the reason it gives is one that passes, or while it cannot be heard to have refused.
async fn arm(pilot: &mut Pilot<'_>) -> Result<(), Halt> {
    let limit = pilot.pace.limit(pilot.order.deadlines.ready);
    pilot
        .outbox
        .step(Step::Arming, format!("in mode {}", pilot.seen.mode_name));
    let mut unexplained = 0;
    loop {
        let reason = match arm_once(pilot).await? {
            None => {
                pilot
                    .outbox
                    .step(Step::Armed, format!("in mode {}", pilot.seen.mode_name));
                return Ok(());
            }
            Some(reason) => reason,
        };
        match judge(&reason, &mut unexplained) {
            Verdict::Again if !pilot.pace.is_over(limit) => {}
            _final_or_late => return Err(refuse(RefusalCode::ArmingRefused, reason.to_string())),
        }
        tracing::info!(%reason, "arming refused, trying again");
        let pause = pilot.pace.limit(ARM_PAUSE);
        pilot.until(pause, |_| None::<()>).await?;
        must_stand_alone(pilot).map_err(Halt::NotFlown)?;
    }
}

/// One command to arm: None when it is armed.
async fn arm_once(pilot: &mut Pilot<'_>) -> Result<Option<Reason>, Halt> {
    let vehicle = pilot.vehicle.clone();
    let request = CommandRequest {
        timeout: ARM_ANSWER,
        retries: 0,
        ..CommandRequest::new(
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM,
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        )
    };
    let armed = |pilot: &Pilot<'_>| pilot.seen.armed.then_some(());
    let answer = match pilot.race(vehicle.command(request), armed).await? {
        Race::Shown(()) => return Ok(None),
        Race::Done(answer) => answer,
    };
    let reason = match answer {
        Ok(_accepted) => Reason::Nothing("it accepted and did not arm".to_owned()),
        Err(CommandError::Refused { result, reason, .. }) => Reason::of(result, reason),
        Err(error @ CommandError::TwoVehicles { .. }) => {
            return Err(refuse(RefusalCode::TwoVehiclesOneId, error.to_string()));
        }
        Err(error) => Reason::Nothing(error.to_string()),
    };
    if matches!(reason, Reason::Said { .. }) {
        return Ok(Some(reason));
    }
    // Without a clear "no" it may have armed all the same: the heartbeat tells. It is asked for, because the next one
    // of its own may be a second away, and that second is lost on the ground.
    let limit = pilot.pace.limit(pilot.order.deadlines.arm);
    let mut shown = armed(pilot);
    while shown.is_none() && !pilot.pace.is_over(limit) {
        pilot.send(&ask_heartbeat(pilot.vehicle.system_id())).await;
        let pause = pilot.pace.wall_limit(HEARTBEAT_PAUSE);
        shown = pilot.until(pause, armed).await?;
    }
    Ok(if shown.is_some() { None } else { Some(reason) })
}

/// Why a vehicle did not arm.
#[derive(Clone, Debug, PartialEq)]
enum Reason {
    /// In its own words.
    Said { result: MavResult, words: Vec<String> },
    /// It refused without words.
    Unexplained { result: MavResult },
    /// No refusal was heard.
    Nothing(String),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Said { words, .. } => f.write_str(&words.join("; ")),
            Self::Unexplained { result } => write!(f, "refused without a word ({result:?})"),
            Self::Nothing(text) => f.write_str(text),
        }
    }
}

impl Reason {
    /// Only words about arming count: other warnings come in between.
    fn of(result: MavResult, reason: Option<String>) -> Self {
        const ABOUT_ARMING: &[&str] = &["arm", "preflight", "not ready"];
        let all: Vec<String> = reason
            .iter()
            .flat_map(|reason| reason.split("; "))
            .map(str::to_owned)
            .collect();
        let about = |text: &&String| ABOUT_ARMING.iter().any(|part| text.to_lowercase().contains(part));
        let words: Vec<String> = all.iter().filter(about).cloned().collect();
        if words.is_empty() {
            return Self::Unexplained { result };
        }
        Self::Said { result, words }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Again,
    GiveUp,
}

/// Whether to try again. The caller holds the deadline.
fn judge(reason: &Reason, unexplained: &mut u32) -> Verdict {
    let passing = match reason {
        Reason::Said { result, words } => {
            *result == MavResult::MAV_RESULT_TEMPORARILY_REJECTED || words.iter().all(|words| may_pass(words))
        }
        Reason::Unexplained {
            result: MavResult::MAV_RESULT_TEMPORARILY_REJECTED,
        }
        | Reason::Nothing(_) => true,
        Reason::Unexplained { .. } => {
            *unexplained += 1;
            *unexplained < MOST_UNEXPLAINED
        }
    };
    if passing { Verdict::Again } else { Verdict::GiveUp }
}

/// Begins the mission on an armed vehicle and waits until it is off the ground.
async fn start(pilot: &mut Pilot<'_>) -> Result<Start, Broken> {
    let limit = pilot.pace.limit(pilot.order.deadlines.takeoff);
    let mut first = true;
    while !pilot.pace.is_over(limit) {
        if let Some(order) = start_order(pilot, first) {
            pilot.say(order).await;
        }
        first = false;
        let pause = pilot.pace.wall_limit(START_PAUSE);
        let changed = |pilot: &Pilot<'_>| match (pilot.is_in_air(), pilot.seen.armed) {
            (true, _) => Some(Start::InAir),
            (false, false) if pilot.is_on_ground() => Some(Start::Disarmed),
            _still_stands => None,
        };
        if let Some(found) = pilot.until(pause, changed).await? {
            return Ok(found);
        }
    }
    Ok(Start::StillStands)
}

/// What to say now to an armed vehicle on the ground. One that flies its mission already needs no second word.
fn start_order(pilot: &Pilot<'_>, first: bool) -> Option<Order> {
    let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
    match (pilot.profile.starts_by_arming(), in_mission) {
        (true, Some(true)) => None,
        (true, _) => pilot.profile.set_mode(FlightMode::Mission, pilot.seen.armed),
        (false, Some(true)) if !first => None,
        _to_be_started => Some(Profile::plain(FlightMode::Mission)),
    }
}

/// Called back between arming and take-off: disarmed if it still stands, and if it does not, the flight goes on and
/// the instruction is carried out in the air.
async fn call_off(pilot: &mut Pilot<'_>) -> Result<Launched, NotFlown> {
    // Kept apart while it is disarmed, and put back if that comes too late.
    let instruction = pilot.instruction.take();
    let end = disarm(pilot).await;
    if pilot.is_in_air() || pilot.seen.armed {
        pilot.instruction = pilot.instruction.take().or(instruction);
        return Ok(if pilot.is_in_air() {
            Launched::InAir
        } else {
            Launched::Unknown
        });
    }
    match end {
        Err(Broken::Stopped) => Err(NotFlown::Stopped),
        _disarmed => Err(Broken::Instructed.into()),
    }
}

/// Switches the motors off of a vehicle that stands. Without force: one that flies refuses it.
async fn disarm(pilot: &mut Pilot<'_>) -> Result<(), Broken> {
    let limit = pilot.pace.limit(pilot.order.deadlines.takeoff);
    while pilot.seen.armed && !pilot.is_in_air() && !pilot.pace.is_over(limit) {
        pilot
            .say(Order {
                command: MavCmd::MAV_CMD_COMPONENT_ARM_DISARM,
                params: [0.0; 7],
            })
            .await;
        let pause = pilot.pace.wall_limit(MODE_PAUSE);
        pilot
            .until(pause, |pilot| {
                (!pilot.seen.armed || pilot.is_in_air()).then_some(())
            })
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: MavResult = MavResult::MAV_RESULT_FAILED;

    fn verdict(result: MavResult, reason: Option<&str>) -> Verdict {
        judge(&Reason::of(result, reason.map(str::to_owned)), &mut 0)
    }

    #[test]
    fn a_reason_that_passes_is_waited_for() {
        assert_eq!(
            verdict(FAILED, Some("Arm: Need Position Estimate")),
            Verdict::Again
        );
        assert_eq!(
            verdict(FAILED, Some("GCS Failsafe Cleared; PreArm: GPS 1: Bad fix")),
            Verdict::Again
        );
        assert_eq!(
            verdict(MavResult::MAV_RESULT_TEMPORARILY_REJECTED, None),
            Verdict::Again
        );
    }

    #[test]
    fn a_reason_that_stays_is_a_refusal_at_once() {
        assert_eq!(verdict(FAILED, Some("Arm: Compass not healthy")), Verdict::GiveUp);
        let both = Some("Arm: Need Position Estimate; PreArm: Battery failsafe");
        assert_eq!(verdict(FAILED, both), Verdict::GiveUp);
        assert_eq!(
            verdict(
                MavResult::MAV_RESULT_DENIED,
                Some("Arming denied: Kill switch on")
            ),
            Verdict::GiveUp
        );
    }

    #[test]
    fn lost_words_are_asked_for_again_and_not_for_ever() {
        let mut unexplained = 0;
        let silent = Reason::of(FAILED, Some("GCS Failsafe Cleared".to_owned()));
        let verdicts: Vec<Verdict> = (0..3).map(|_| judge(&silent, &mut unexplained)).collect();
        assert_eq!(verdicts, [Verdict::Again, Verdict::Again, Verdict::GiveUp]);
        assert_eq!(
            judge(&Reason::Nothing("no answer".to_owned()), &mut 9),
            Verdict::Again
        );
    }
}
