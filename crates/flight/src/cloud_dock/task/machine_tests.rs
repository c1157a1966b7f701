//! The life of a task, walk by walk.

use std::time::Duration;

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::super::dock_properties::TaskStage;
use super::super::progress::{BreakPoint, Progress, TaskStatus};
use super::machine::{Action, Call, Input, Machine, Now, Phase};
use super::order::TaskDeadlines;
use super::sight::Sight;
use crate::dock::DockMode;
use crate::sortie::{BY_VEHICLE, FailureCode, GateAnswer, Outcome, Step};

pub(super) const ID: &str = "f";

/// A machine with a clock.
pub(super) struct Life {
    pub(super) machine: Machine,
    pub(super) second: u64,
    pub(super) actions: Vec<Action>,
}

impl Life {
    pub(super) fn begin() -> Self {
        Self::of(Machine::begin(ID, vec![4, 5, 7], TaskDeadlines::default(), None))
    }

    pub(super) fn resumed(launched: bool) -> Self {
        let launched_at = launched.then_some(UtcMicros(1));
        Self::of(Machine::resume(
            ID,
            vec![4, 5, 7],
            TaskDeadlines::default(),
            launched_at,
        ))
    }

    pub(super) fn of(machine: Machine) -> Self {
        Self {
            machine,
            second: 0,
            actions: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, input: Input) -> &mut Self {
        let now = Now {
            elapsed: Duration::from_secs(self.second),
            utc: UtcMicros(i64::try_from(self.second).unwrap() * 1_000_000),
        };
        self.actions.extend(self.machine.take(input, now));
        self
    }

    pub(super) fn wait(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            self.second += 1;
            self.take(Input::Tick);
        }
        self
    }

    pub(super) fn sent_up(&mut self) -> &mut Self {
        self.take(Input::Tick)
            .take(Input::Replied(Call::Prepare, Some(0)))
            .take(Input::Gate(GateAnswer::Go))
            .take(Input::Replied(Call::Execute, Some(0)))
            .take(Input::Progress(progress(TaskStatus::InProgress, 20)))
            .take(Input::Sight(aloft()))
    }

    pub(super) fn calls(&self, call: Call) -> usize {
        self.actions
            .iter()
            .filter(|action| **action == Action::Call(call))
            .count()
    }

    pub(super) fn has_step(&self, step: Step) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::Step(found, _) if *found == step))
    }

    pub(super) fn outcome(&self) -> Outcome {
        assert!(self.machine.is_over(), "{:?}", self.machine.phase());
        self.machine.end.report().outcome
    }
}

pub(super) fn progress(status: TaskStatus, step: i64) -> Progress {
    Progress {
        flight_id: Some(ID.to_owned()),
        bid: String::new(),
        timestamp_ms: None,
        result: 0,
        status,
        step: Some(step),
        percent: None,
        waypoint_index: None,
        mission_state: None,
        media_count: None,
        break_point: None,
    }
}

pub(super) fn aloft() -> Sight {
    Sight {
        is_online: true,
        in_dock: Some(false),
        mode: DockMode::Busy,
        stage: Some(TaskStage::InFlight),
        is_flying: Some(true),
        height_m: Some(40.0),
        ..Sight::default()
    }
}

pub(super) fn inside(mode: DockMode) -> Sight {
    Sight {
        is_online: true,
        in_dock: Some(true),
        mode,
        is_flying: None,
        ..Sight::default()
    }
}

pub(super) fn homing() -> Sight {
    Sight {
        is_homing: true,
        ..aloft()
    }
}

#[test]
fn a_task_is_flown_from_hand_over_to_the_closed_lid() {
    let mut life = Life::begin();
    life.sent_up();
    let at_waypoint = Progress {
        waypoint_index: Some(2),
        mission_state: Some(6),
        media_count: Some(9),
        ..progress(TaskStatus::InProgress, 21)
    };
    life.take(Input::Progress(at_waypoint))
        .take(Input::Sight(homing()))
        .wait(2);
    life.take(Input::Sight(inside(DockMode::Busy))).wait(2);
    life.take(Input::Progress(progress(TaskStatus::Ok, 31)));
    assert_eq!(life.outcome(), Outcome::Completed);
    let report = life.machine.end.report();
    assert!(report.took_off && report.landed);
    assert_eq!((report.items_reached, report.captures), (7, 9));
    for step in [
        Step::Uploading,
        Step::Ready,
        Step::Arming,
        Step::TookOff,
        Step::Returning,
        Step::Landed,
    ] {
        assert!(life.has_step(step), "{step}");
    }
    assert_eq!(
        (
            life.calls(Call::Prepare),
            life.calls(Call::Execute),
            life.calls(Call::Undo)
        ),
        (1, 1, 0)
    );
}

#[test]
fn a_refusal_keeps_its_code() {
    let mut life = Life::begin();
    life.take(Input::Tick)
        .take(Input::Replied(Call::Prepare, Some(514_134)));
    assert!(matches!(
        life.outcome(),
        Outcome::Refused {
            code: RefusalCode::Rain,
            ..
        }
    ));
    let mut life = Life::begin();
    life.take(Input::Tick)
        .take(Input::Replied(Call::Prepare, Some(0)))
        .take(Input::Gate(GateAnswer::Go))
        .take(Input::Replied(Call::Execute, Some(777)));
    let Outcome::Refused { code, text } = life.outcome() else {
        panic!()
    };
    assert_eq!(code, RefusalCode::DockRefused);
    assert!(text.contains("777"), "{text}");
}

#[test]
fn a_lost_answer_is_asked_for_again_and_a_lost_start_is_watched() {
    let mut life = Life::begin();
    life.take(Input::Tick).take(Input::Replied(Call::Prepare, None));
    assert_eq!(life.calls(Call::Prepare), 2);
    life.take(Input::Replied(Call::Prepare, Some(0)))
        .take(Input::Gate(GateAnswer::Go))
        .take(Input::Replied(Call::Execute, None));
    assert_eq!(
        (life.calls(Call::Execute), life.machine.phase()),
        (1, Phase::Launching)
    );
    life.take(Input::Sight(aloft()));
    assert_eq!(life.machine.phase(), Phase::Aloft);
    let mut silent = Life::begin();
    silent.take(Input::Tick);
    for _ in 0..3 {
        silent.take(Input::Replied(Call::Prepare, None));
    }
    assert!(matches!(
        silent.outcome(),
        Outcome::Refused {
            code: RefusalCode::DockOffline,
            ..
        }
    ));
}

#[test]
fn a_closed_gate_takes_the_task_back() {
    let mut life = Life::begin();
    life.take(Input::Tick)
        .take(Input::Replied(Call::Prepare, Some(0)));
    let refuse = GateAnswer::Refuse {
        code: RefusalCode::Wind,
        text: "9 m/s".to_owned(),
    };
    life.take(Input::Gate(refuse));
    assert!(matches!(
        life.outcome(),
        Outcome::Refused {
            code: RefusalCode::Wind,
            ..
        }
    ));
    assert_eq!((life.calls(Call::Undo), life.calls(Call::Execute)), (1, 0));
}

#[test]
fn one_that_never_takes_off_is_taken_back() {
    let mut life = Life::begin();
    life.take(Input::Tick)
        .take(Input::Replied(Call::Prepare, Some(0)))
        .take(Input::Gate(GateAnswer::Go))
        .take(Input::Replied(Call::Execute, Some(0)))
        .wait(601);
    assert_eq!(life.calls(Call::Undo), 1);
    life.take(Input::Replied(Call::Undo, Some(319_006)));
    assert!(!life.machine.is_over(), "it may still take off");
    life.wait(601).take(Input::Replied(Call::Undo, Some(0)));
    assert!(matches!(
        life.outcome(),
        Outcome::Refused {
            code: RefusalCode::NoTakeoff,
            ..
        }
    ));
}

#[test]
fn a_recall_is_given_until_it_shows() {
    let mut life = Life::begin();
    life.sent_up().take(Input::Return("Li".to_owned()));
    assert_eq!(life.calls(Call::ReturnHome), 1);
    life.take(Input::Replied(Call::ReturnHome, Some(316_023)));
    for _ in 0..20 {
        life.take(Input::Sight(aloft())).wait(1);
    }
    assert_eq!(life.calls(Call::ReturnHome), 2);
    life.take(Input::Sight(homing()));
    for _ in 0..60 {
        life.take(Input::Sight(homing())).wait(1);
    }
    assert_eq!(life.calls(Call::ReturnHome), 2, "it shows");
    life.take(Input::Sight(inside(DockMode::Busy)))
        .take(Input::Progress(progress(TaskStatus::Canceled, 31)));
    assert_eq!(life.outcome(), Outcome::Returned { by: "Li".to_owned() });
}

#[test]
fn a_recall_before_take_off_takes_the_task_back() {
    let mut life = Life::begin();
    life.take(Input::Tick).take(Input::Return("Li".to_owned()));
    assert!(matches!(
        life.outcome(),
        Outcome::Refused {
            code: RefusalCode::Recalled,
            ..
        }
    ));
    let mut late = Life::begin();
    late.take(Input::Tick)
        .take(Input::Replied(Call::Prepare, Some(0)))
        .take(Input::Gate(GateAnswer::Go))
        .take(Input::Replied(Call::Execute, Some(0)))
        .take(Input::Return("Li".to_owned()))
        .take(Input::Replied(Call::Undo, Some(319_006)))
        .take(Input::Sight(aloft()));
    assert_eq!(
        late.calls(Call::ReturnHome),
        1,
        "told as soon as it is in the air"
    );
}

#[test]
fn a_broken_wayline_comes_home_by_itself_and_says_why() {
    let mut life = Life::begin();
    life.sent_up();
    let point = BreakPoint {
        index: 1,
        state: 0,
        progress: 0.4,
        wayline_id: 0,
        reason: Some(773),
    };
    let broken = Progress {
        break_point: Some(point),
        ..progress(TaskStatus::Failed, 22)
    };
    life.take(Input::Progress(broken)).take(Input::Sight(homing()));
    assert!(!life.machine.is_over(), "it is still in the air");
    life.take(Input::Sight(inside(DockMode::Idle)));
    assert_eq!(
        life.outcome(),
        Outcome::Returned {
            by: BY_VEHICLE.to_owned()
        }
    );
    assert_eq!(life.machine.end.break_point, Some(point));
    assert!(
        life.machine.end.why().contains("773"),
        "{}",
        life.machine.end.why()
    );
}

#[test]
fn one_beside_the_dock_is_diverted_and_one_never_seen_again_failed() {
    let mut life = Life::begin();
    life.sent_up().take(Input::Sight(homing()));
    let beside = Sight {
        is_flying: Some(false),
        height_m: Some(0.1),
        ..aloft()
    };
    life.take(Input::Sight(beside))
        .take(Input::Progress(progress(TaskStatus::Failed, 26)));
    assert_eq!(life.outcome(), Outcome::Diverted);
    let mut silent = Life::begin();
    silent.sent_up().wait(40);
    assert!(silent.has_step(Step::LinkLost));
    silent.wait(41 * 60);
    assert!(matches!(
        silent.outcome(),
        Outcome::Failed {
            code: FailureCode::LinkLost,
            ..
        }
    ));
}

#[test]
fn after_a_restart_the_dock_tells_where_it_is() {
    let mut aloft_again = Life::resumed(true);
    aloft_again.take(Input::Sight(aloft()));
    assert_eq!(aloft_again.machine.phase(), Phase::Aloft);
    assert!(!aloft_again.has_step(Step::TookOff), "it was told before");
    let mut landed = Life::resumed(true);
    landed.take(Input::Sight(inside(DockMode::Idle))).wait(10);
    assert_eq!(
        landed.outcome(),
        Outcome::Returned {
            by: BY_VEHICLE.to_owned()
        }
    );
    let mut never = Life::resumed(false);
    never.take(Input::Sight(inside(DockMode::Idle))).wait(10);
    let report = never.machine.end.report();
    assert!(!report.took_off);
    assert!(matches!(
        report.outcome,
        Outcome::Refused {
            code: RefusalCode::NoTakeoff,
            ..
        }
    ));
    let mut starting = Life::resumed(false);
    starting.take(Input::Sight(inside(DockMode::Busy))).wait(10);
    assert_eq!(starting.machine.phase(), Phase::Launching);
    let mut over = Life::resumed(true);
    over.take(Input::Progress(progress(TaskStatus::Ok, 31)));
    assert_eq!(over.outcome(), Outcome::Completed);
    let mut silent = Life::resumed(true);
    silent.wait(6 * 60);
    assert!(matches!(
        silent.outcome(),
        Outcome::Failed {
            code: FailureCode::LinkLost,
            ..
        }
    ));
}

#[test]
fn a_way_home_that_was_given_up_is_ordered_again() {
    let mut life = Life::begin();
    life.sent_up()
        .take(Input::Sight(homing()))
        .take(Input::HomingStopped("an obstacle".to_owned()));
    assert_eq!(life.calls(Call::ReturnHome), 1);
    life.take(Input::Hold(true, "Li".to_owned()));
    assert_eq!(life.calls(Call::Pause), 0, "not on the way home");
}

#[test]
fn another_task_and_a_late_report_change_nothing() {
    let mut life = Life::begin();
    life.sent_up();
    let foreign = Progress {
        flight_id: Some("other".to_owned()),
        ..progress(TaskStatus::Failed, 31)
    };
    life.take(Input::Progress(foreign));
    let newer = Progress {
        timestamp_ms: Some(2_000),
        media_count: Some(3),
        ..progress(TaskStatus::InProgress, 21)
    };
    let older = Progress {
        timestamp_ms: Some(1_000),
        media_count: Some(2),
        ..progress(TaskStatus::Paused, 21)
    };
    life.take(Input::Progress(newer)).take(Input::Progress(older));
    assert!(!life.has_step(Step::Paused));
    assert_eq!(life.machine.end.report().captures, 3);
    assert!(!life.machine.is_over());
}
