//! Bringing a vehicle down: why it leaves its mission, whether the dock can take it, where it goes instead, and
//! what is done when it does not get there.

use std::time::Duration;

use schedule::refusal::RefusalCode;
use survey::geodesy::{Wgs84, geodesic_distance_m};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::event::{FlightEvent, Gate, GateAnswer, Instruction, Step};
use super::ladder::{Aim, Ladder, Next, Rung, THERE_M};
use super::pace::Limit;
use super::pilot::Pilot;
use super::report::{End, Recall};
use crate::profile::{FlightMode, Profile};
use crate::telemetry::Landed;

/// Below this height above home, over the dock, an open question about the dock is a "no", m.
const DECISION_HEIGHT_M: f64 = 12.0;
/// So soon after take-off it is not on its way down (vehicle time).
const JUST_ALOFT: Duration = Duration::from_secs(15);
/// Faster than this it is on its way up, m/s.
const CLIMBS_MS: f64 = 0.3;
/// "Over the dock", m.
const DECISION_RADIUS_M: f64 = 15.0;
/// Another landing place is flown to at least at this height above home, m: over the roofs around.
const DIVERT_HEIGHT_M: f64 = 30.0;

/// The way to the ground.
#[derive(Debug)]
pub(super) struct Homing {
    pub recall: Option<Recall>,
    /// Only watched: no command but instructions.
    passive: bool,
    ladder: Option<Ladder>,
    question: Question,
    landing: Option<Limit>,
    told_to_land: bool,
    landing_told: bool,
    /// Somebody else has taken over: deadlines of ours do not command it any more.
    hands_off: bool,
}

#[derive(Debug)]
enum Question {
    NotAsked,
    Asked {
        answer: oneshot::Receiver<GateAnswer>,
        limit: Limit,
    },
    Answered,
}

impl Homing {
    /// `passive`: the mission on board is not ours, so that nothing is commanded but what a person instructs.
    pub fn new(passive: bool) -> Self {
        Self {
            recall: None,
            passive,
            ladder: None,
            question: Question::NotAsked,
            landing: None,
            told_to_land: false,
            landing_told: false,
            hands_off: false,
        }
    }

    /// Somebody else has changed its mode, or given it back.
    pub fn somebody_else_flies(&mut self, flies: bool) {
        self.hands_off = flies;
    }

    /// The modes that what was told here may lead to on the way to the ground; None: any.
    pub fn expected(&self) -> Option<&'static [FlightMode]> {
        use FlightMode as M;
        let Some(ladder) = self.ladder.as_ref().filter(|ladder| ladder.is_shown()) else {
            // Not told, it comes by its mission or by itself; told without effect so far, it may be in any.
            return self
                .ladder
                .is_none()
                .then_some(&[M::Mission, M::Return, M::Land][..]);
        };
        Some(match ladder.aim() {
            Aim::Return | Aim::Land => &[M::Return, M::Land],
            Aim::Go { .. } => &[M::Guided, M::Land],
            Aim::Hold | Aim::GoOn => &[M::Mission, M::Guided],
        })
    }

    /// It was paused, and somebody has to end that.
    pub fn end_hold(&mut self, pilot: &mut Pilot<'_>, by: String) {
        self.recall = Some(Recall::Person { by });
        self.aim_at(pilot, Aim::Return);
    }

    /// Whether it is on its way to the ground.
    pub fn has_begun(&self) -> bool {
        self.landing.is_some()
    }

    /// Whether an instruction stayed without effect, whichever way it was given.
    pub fn is_disobeyed(&self) -> bool {
        self.ladder
            .as_ref()
            .is_some_and(|ladder| !ladder.is_shown() && ladder.is_without_effect())
    }

    /// A person's instruction.
    pub fn instruct(&mut self, pilot: &mut Pilot<'_>, instruction: Instruction) {
        let (by, aim) = match instruction {
            Instruction::Return { by } => (by, Aim::Return),
            Instruction::Land { by } => (by, Aim::Land),
            Instruction::Divert { to, by } => (by, Aim::Go { to }),
            Instruction::Pause { .. } | Instruction::Continue { .. } => return,
        };
        self.hands_off = false;
        tracing::info!(%by, ?aim, "instructed");
        self.recall = Some(Recall::Person { by });
        if aim != Aim::Return {
            // The dock is not asked: it is not landed at.
            self.question = Question::Answered;
        }
        self.aim_at(pilot, aim);
    }

    /// It stands still without reason.
    pub fn call_home(&mut self, pilot: &mut Pilot<'_>) {
        self.recall = Some(Recall::NoProgress);
        self.aim_at(pilot, Aim::Return);
    }

    /// The mission is flown and has no way home of its own.
    pub fn fly_home(&mut self, pilot: &mut Pilot<'_>) {
        if !self.passive && self.ladder.is_none() {
            self.aim_at(pilot, Aim::Return);
        }
    }

    /// It turned home, by its mission or by itself.
    pub fn notice(&mut self, pilot: &mut Pilot<'_>, why: &str) {
        if self.has_begun() {
            return;
        }
        self.landing = Some(pilot.pace.limit(pilot.order.deadlines.landing));
        pilot.outbox.step(Step::Returning, why);
    }

    /// It hangs in the air on its way home: nothing moves any more.
    pub fn hangs(&mut self, pilot: &mut Pilot<'_>) {
        let landing = matches!(self.ladder.as_ref().map(Ladder::aim), Some(Aim::Land));
        if !self.passive && !self.hands_off && !landing {
            tracing::warn!("hangs in the air on its way home, told to land");
            self.aim_at(pilot, Aim::Land);
        }
    }

    /// One look: what is due is said, and the end when all deadlines are over.
    pub async fn turn(&mut self, pilot: &mut Pilot<'_>) -> Option<End> {
        self.ask_dock(pilot);
        self.hear_dock(pilot);
        self.arrive(pilot);
        self.climb_ladder(pilot).await;
        self.tell_landing(pilot);
        self.watch_deadline(pilot)
    }

    fn aim_at(&mut self, pilot: &mut Pilot<'_>, aim: Aim) {
        self.ladder = Some(Ladder::new(aim, pilot.profile, pilot.order.deadlines.effect));
        self.landing = Some(pilot.pace.limit(pilot.order.deadlines.landing));
        self.landing_told = false;
    }

    /// Asks as soon as the way home begins: a lid needs time to open.
    fn ask_dock(&mut self, pilot: &mut Pilot<'_>) {
        let homeward = match self.ladder.as_ref().map(Ladder::aim) {
            None | Some(Aim::Return) => self.has_begun(),
            Some(Aim::Land | Aim::Go { .. } | Aim::Hold | Aim::GoOn) => false,
        };
        if self.passive || !homeward || !matches!(self.question, Question::NotAsked) {
            return;
        }
        let (answer, answered) = oneshot::channel();
        pilot.outbox.tell(FlightEvent::Gate {
            gate: Gate::Landing,
            answer,
        });
        let limit = pilot.pace.wall_limit(pilot.order.deadlines.gate_landing);
        self.question = Question::Asked {
            answer: answered,
            limit,
        };
    }

    fn hear_dock(&mut self, pilot: &mut Pilot<'_>) {
        let Question::Asked { answer, limit } = &mut self.question else {
            return;
        };
        let refusal = match answer.try_recv() {
            Ok(GateAnswer::Go) => None,
            Ok(GateAnswer::Refuse { code, text }) => Some((code, text)),
            Err(TryRecvError::Closed) => {
                Some((RefusalCode::Internal, "nobody answers for the dock".to_owned()))
            }
            Err(TryRecvError::Empty) if pilot.pace.is_over(*limit) || is_about_to_touch(pilot) => Some((
                RefusalCode::Internal,
                "no answer in time whether the dock can take it".to_owned(),
            )),
            Err(TryRecvError::Empty) => return,
        };
        self.question = Question::Answered;
        let Some((code, text)) = refusal else {
            return;
        };
        match pilot.order.alternate {
            Some(to) => {
                tracing::warn!(code = code.as_str(), %text, "the dock cannot take it, another place is flown to");
                self.recall = Some(Recall::DockRefused);
                self.aim_at(pilot, Aim::Go { to });
            }
            None => {
                let text =
                    format!("no other landing place is known, it lands at home all the same; dock: {text}");
                pilot.outbox.step(Step::Returning, text);
            }
        }
    }

    /// Over the other landing place it is told to land.
    fn arrive(&mut self, pilot: &mut Pilot<'_>) {
        let Some(ladder) = self.ladder.as_ref().filter(|ladder| ladder.is_shown()) else {
            return;
        };
        let Aim::Go { to } = ladder.aim() else {
            return;
        };
        let near = pilot
            .seen
            .position
            .is_some_and(|at| geodesic_distance_m(at, to) <= THERE_M);
        let slow = pilot.seen.ground_speed_ms.is_none_or(|speed_ms| speed_ms < 1.5);
        if near && slow {
            self.aim_at(pilot, Aim::Land);
        }
    }

    async fn climb_ladder(&mut self, pilot: &mut Pilot<'_>) {
        let Some(ladder) = &mut self.ladder else {
            return;
        };
        match ladder.step(&pilot.pace, pilot.glimpse()) {
            Next::Wait => {}
            Next::Repeat { rung } => say(pilot, rung).await,
            Next::Say { rung, attempt } => {
                if attempt > 1 {
                    tracing::warn!(attempt, ?rung, "an instruction does not show, told again");
                }
                say(pilot, rung).await;
            }
            Next::Shown => {
                let (step, text) = match ladder.aim() {
                    Aim::Return => (Step::Returning, "on its way home".to_owned()),
                    Aim::Land => (Step::Landing, "coming down where it is".to_owned()),
                    Aim::Go { to } => (Step::Diverting, format!("on its way to {}", place(to))),
                    Aim::Hold | Aim::GoOn => return,
                };
                self.landing_told |= step == Step::Landing;
                pilot.outbox.step(step, text);
            }
        }
    }

    fn tell_landing(&mut self, pilot: &mut Pilot<'_>) {
        let coming_down = pilot.seen.landed == Some(Landed::Landing) || is_about_to_touch(pilot);
        if self.has_begun() && coming_down && !self.landing_told && !pilot.is_on_ground() {
            self.landing_told = true;
            pilot.outbox.step(Step::Landing, "coming down");
        }
    }

    fn watch_deadline(&mut self, pilot: &mut Pilot<'_>) -> Option<End> {
        let over = self.landing.is_some_and(|limit| pilot.pace.is_over(limit));
        if !over || !pilot.is_heard() || self.hands_off {
            return None;
        }
        if self.told_to_land || self.passive {
            return Some(End::StillInAir);
        }
        self.told_to_land = true;
        tracing::warn!("not on the ground in time, told to land where it is");
        self.aim_at(pilot, Aim::Land);
        None
    }
}

/// Low over its home, and not on its way up: a way home that begins right after take-off climbs first.
fn is_about_to_touch(pilot: &Pilot<'_>) -> bool {
    let home = pilot.seen.home.map(|(home, _)| home);
    let over_home = home
        .zip(pilot.seen.position)
        .is_some_and(|(home, at)| geodesic_distance_m(home, at) <= DECISION_RADIUS_M);
    let climbs = pilot.seen.climb_ms.is_some_and(|climb_ms| climb_ms > CLIMBS_MS);
    let young = pilot
        .aloft_since
        .is_some_and(|since| pilot.pace.now().saturating_sub(since) < JUST_ALOFT);
    over_home
        && !climbs
        && !young
        && pilot
            .seen
            .height_above_home_m
            .is_some_and(|height_m| height_m <= DECISION_HEIGHT_M)
}

async fn say(pilot: &Pilot<'_>, rung: Rung) {
    match rung {
        Rung::Reposition { to } => {
            let height_m = pilot
                .seen
                .height_above_home_m
                .unwrap_or(DIVERT_HEIGHT_M)
                .max(DIVERT_HEIGHT_M);
            let home_amsl_m = pilot.seen.home.map(|(_, amsl_m)| amsl_m);
            let altitude_m = home_amsl_m.map(|home_m| home_m + height_m);
            let system_id = pilot.vehicle.system_id();
            pilot
                .send(&pilot.profile.reposition(system_id, to, height_m, altitude_m))
                .await;
        }
        Rung::Mode(mode) => {
            let by_mode = pilot.profile.set_mode(mode, pilot.seen.armed);
            pilot.say(by_mode.unwrap_or_else(|| Profile::plain(mode))).await;
        }
        Rung::Plain(mode) => pilot.say(Profile::plain(mode)).await,
        Rung::Pause | Rung::GoOn => {}
    }
}

fn place(at: Wgs84) -> String {
    format!("{:.6}, {:.6}", at.latitude_deg, at.longitude_deg)
}

/// Whether the vehicle shows that it comes home or down by itself.
pub(super) fn turned_home_by_itself(pilot: &Pilot<'_>) -> bool {
    let mode = pilot.seen.custom_mode;
    let coming = [FlightMode::Return, FlightMode::Land];
    coming
        .iter()
        .any(|wanted| pilot.profile.is_in(*wanted, mode) == Some(true))
}
