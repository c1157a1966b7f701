//! Orders of people to a task, walk by walk.

use schedule::refusal::RefusalCode;
use survey::time::UtcMicros;

use super::super::progress::TaskStatus;
use super::machine::{Action, Call, Input, Machine};
use super::machine_tests::{ID, Life, aloft, homing, inside, progress};
use super::order::TaskDeadlines;
use super::sight::Sight;
use crate::dock::DockMode;
use crate::sortie::{GateAnswer, Outcome, Step};

fn hold(hold: bool) -> Input {
    Input::Hold(hold, "Li".to_owned())
}

fn steps(life: &Life, wanted: Step) -> usize {
    let is_it = |action: &&Action| matches!(action, Action::Step(step, _) if *step == wanted);
    life.actions.iter().filter(is_it).count()
}

#[test]
fn a_way_home_is_held_up_and_flown_on() {
    let mut life = Life::begin();
    life.sent_up().take(Input::Sight(homing())).take(hold(true));
    assert_eq!((life.calls(Call::CancelHome), steps(&life, Step::Paused)), (1, 0));
    life.take(Input::Sight(homing()));
    life.take(Input::HomingStopped("somebody".to_owned()))
        .take(Input::Sight(aloft()));
    assert_eq!((life.calls(Call::ReturnHome), steps(&life, Step::Paused)), (0, 1));
    for _ in 0..9 {
        life.take(Input::Sight(aloft())).wait(60);
    }
    assert!(!life.machine.is_over() && life.calls(Call::ReturnHome) == 0);
    life.take(hold(false))
        .take(Input::Replied(Call::ReturnHome, None));
    for _ in 0..20 {
        life.take(Input::Sight(aloft())).wait(1);
    }
    assert_eq!(life.calls(Call::ReturnHome), 2, "it did not show");
    life.take(Input::Sight(homing()));
    assert_eq!(
        (steps(&life, Step::Continued), steps(&life, Step::Returning)),
        (1, 1)
    );
    life.take(Input::Sight(inside(DockMode::Busy)))
        .take(Input::Progress(progress(TaskStatus::Ok, 31)));
    assert_eq!(life.outcome(), Outcome::Completed);
}

#[test]
fn a_refused_hold_leaves_it_on_its_way_and_a_call_ends_one() {
    let mut life = Life::begin();
    life.sent_up()
        .take(Input::Sight(homing()))
        .take(hold(true))
        .take(Input::Replied(Call::CancelHome, Some(319_043)));
    life.take(Input::HomingStopped("an obstacle".to_owned()));
    assert_eq!(life.calls(Call::ReturnHome), 1, "nobody holds it");
    life.take(hold(true))
        .take(Input::Replied(Call::CancelHome, Some(0)))
        .take(Input::Sight(aloft()))
        .take(Input::Return("Li".to_owned()));
    assert_eq!(life.calls(Call::ReturnHome), 2);
    life.take(Input::Sight(homing()))
        .take(Input::Sight(inside(DockMode::Busy)))
        .take(Input::Progress(progress(TaskStatus::Canceled, 31)));
    assert_eq!(life.outcome(), Outcome::Returned { by: "Li".to_owned() });
}

#[test]
fn nobody_holds_it_until_its_battery_is_empty() {
    let paused = || {
        let mut life = Life::begin();
        life.sent_up()
            .take(hold(true))
            .take(Input::Progress(progress(TaskStatus::Paused, 21)));
        assert_eq!((life.calls(Call::Pause), steps(&life, Step::Paused)), (1, 1));
        life
    };
    let mut long = paused();
    for _ in 0..9 {
        long.wait(60).take(Input::Sight(aloft()));
    }
    assert_eq!(long.calls(Call::ReturnHome), 0);
    long.wait(61);
    assert_eq!(long.calls(Call::ReturnHome), 1, "ten minutes are the longest");
    let mut low = paused();
    low.take(Input::Sight(Sight {
        battery_percent: Some(29.0),
        ..aloft()
    }));
    assert_eq!(low.calls(Call::ReturnHome), 1);
    let mut on = paused();
    on.take(hold(false))
        .take(Input::Progress(progress(TaskStatus::InProgress, 21)));
    for _ in 0..20 {
        on.wait(60).take(Input::Sight(aloft()));
    }
    assert_eq!((on.calls(Call::Recovery), on.calls(Call::ReturnHome)), (1, 0));
}

#[test]
fn a_started_task_is_stopped_where_it_cannot_be_taken_back() {
    let started = || {
        let mut life = Life::begin();
        life.take(Input::Tick)
            .take(Input::Replied(Call::Prepare, Some(0)))
            .take(Input::Gate(GateAnswer::Go))
            .take(Input::Replied(Call::Execute, Some(0)))
            .take(Input::Sight(inside(DockMode::Busy)))
            .take(Input::Return("Li".to_owned()))
            .take(Input::Replied(Call::Undo, Some(319_006)));
        assert_eq!(life.calls(Call::Stop), 1);
        life.take(Input::Replied(Call::Stop, Some(0)));
        assert!(!life.machine.is_over(), "an answer is no end");
        life
    };
    let recalled = |life: &Life| {
        let code = RefusalCode::Recalled;
        assert!(matches!(life.outcome(), Outcome::Refused { code: found, .. } if found == code));
    };
    let mut told = started();
    told.take(Input::Progress(progress(TaskStatus::Canceled, 7)));
    recalled(&told);
    let mut seen = started();
    seen.take(Input::Sight(inside(DockMode::Idle)));
    recalled(&seen);
}

#[test]
fn a_call_home_outlives_a_restart() {
    let machine = Machine::resume(ID, vec![4, 5, 7], TaskDeadlines::default(), Some(UtcMicros(1)));
    let mut life = Life::of(machine.called_home(Some("Li".to_owned())));
    life.take(Input::Sight(aloft()));
    assert_eq!(life.calls(Call::ReturnHome), 1);
    life.take(Input::Sight(homing()))
        .take(Input::Sight(inside(DockMode::Idle)))
        .take(Input::Progress(progress(TaskStatus::Canceled, 31)));
    assert_eq!(life.outcome(), Outcome::Returned { by: "Li".to_owned() });
}
