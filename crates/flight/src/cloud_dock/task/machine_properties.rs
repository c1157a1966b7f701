//! What holds for a task whatever comes in whatever order.

use proptest::prelude::*;

use super::super::dock_properties::TaskStage;
use super::super::progress::{Progress, TaskStatus};
use super::machine::{Call, Input};
use super::machine_tests::{ID, Life, inside, progress};
use super::sight::Sight;
use crate::dock::DockMode;
use crate::sortie::{GateAnswer, Outcome, Step};

fn any_progress() -> impl Strategy<Value = Progress> {
    let statuses = [
        TaskStatus::Sent,
        TaskStatus::InProgress,
        TaskStatus::Paused,
        TaskStatus::Ok,
        TaskStatus::PartiallyDone,
        TaskStatus::Failed,
        TaskStatus::Canceled,
        TaskStatus::Other("x".to_owned()),
    ];
    (
        prop::sample::select(statuses.to_vec()),
        prop::option::of(-1..50_i64),
        prop::option::of(-1..10_i64),
        prop::option::of(-1..5_i64),
        prop::option::of(0..5_i64),
        any::<bool>(),
    )
        .prop_map(
            |(status, step, mission_state, waypoint_index, timestamp_ms, is_mine)| Progress {
                flight_id: is_mine.then(|| ID.to_owned()),
                step,
                mission_state,
                waypoint_index,
                timestamp_ms,
                ..progress(status, 0)
            },
        )
}

fn any_sight() -> impl Strategy<Value = Sight> {
    (
        any::<[bool; 4]>(),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        0..6_i64,
        0.0..60.0_f64,
    )
        .prop_map(
            |([is_online, is_homing, is_landing, busy], in_dock, is_flying, stage, height_m)| Sight {
                is_online,
                in_dock,
                mode: if busy { DockMode::Busy } else { DockMode::Idle },
                stage: [
                    None,
                    Some(TaskStage::InFlight),
                    Some(TaskStage::Idle),
                    None,
                    Some(TaskStage::Preparing),
                    None,
                ][usize::try_from(stage).unwrap()],
                is_flying,
                is_homing,
                is_landing,
                height_m: Some(height_m),
                battery_percent: Some(height_m),
            },
        )
}

fn any_input() -> impl Strategy<Value = Input> {
    let calls = [
        Call::Prepare,
        Call::Execute,
        Call::Undo,
        Call::Stop,
        Call::ReturnHome,
        Call::CancelHome,
        Call::Pause,
        Call::Recovery,
    ];
    let result = prop_oneof![Just(None), Just(Some(0)), Just(Some(319_006))];
    prop_oneof![
        4 => Just(Input::Tick),
        4 => any_sight().prop_map(Input::Sight),
        4 => any_progress().prop_map(Input::Progress),
        3 => (prop::sample::select(calls.to_vec()), result).prop_map(|(call, result)| Input::Replied(call, result)),
        1 => Just(Input::Homing),
        1 => Just(Input::HomingStopped(String::new())),
        2 => Just(Input::Gate(GateAnswer::Go)),
        1 => Just(Input::Return("Li".to_owned())),
        1 => any::<bool>().prop_map(|hold| Input::Hold(hold, "Li".to_owned())),
    ]
}

proptest! {
    /// Whatever comes in whatever order: one end, nothing after it, never a start without leave, and a report that
    /// claims no more than was seen.
    #[test]
    fn no_order_of_events_breaks_a_task(
        inputs in prop::collection::vec((any_input(), 0..200_u64), 0..80), resumed: bool, launched: bool,
    ) {
        let mut life = if resumed { Life::resumed(launched) } else { Life::begin() };
        let (mut leave, mut went) = (false, false);
        for (input, seconds) in inputs {
            leave = leave || matches!(input, Input::Gate(GateAnswer::Go));
            life.second += seconds;
            let was_over = life.machine.is_over();
            let before = life.actions.len();
            life.take(input);
            prop_assert!(!was_over || life.actions.len() == before);
            went = went || life.has_step(Step::TookOff);
        }
        prop_assert!(life.calls(Call::Execute) <= 1);
        prop_assert!(leave || life.calls(Call::Execute) == 0);
        for _ in 0..40 {
            life.second += 300;
            life.take(Input::Sight(inside(DockMode::Idle)));
            life.take(Input::Replied(Call::Prepare, None));
            life.take(Input::Replied(Call::Execute, None));
            life.take(Input::Replied(Call::Undo, Some(0)));
        }
        prop_assert!(life.machine.is_over(), "{:?}", life.machine.phase());
        let report = life.machine.end.report();
        prop_assert!(!report.landed || report.took_off);
        if matches!(report.outcome, Outcome::Completed | Outcome::Returned { .. } | Outcome::Diverted) {
            prop_assert!(report.took_off && report.landed);
        }
        if matches!(report.outcome, Outcome::Refused { .. }) {
            prop_assert!(!report.took_off && !went);
        }
    }

    /// Every message may come twice.
    #[test]
    fn duplicates_change_nothing(
        sights in prop::collection::vec(any_sight(), 0..20), reports in prop::collection::vec(any_progress(), 0..20),
    ) {
        let (mut once, mut twice) = (Life::begin(), Life::begin());
        for life in [&mut once, &mut twice] {
            life.sent_up();
        }
        for (sight, report) in sights.into_iter().zip(reports) {
            once.take(Input::Sight(sight)).take(Input::Progress(report.clone()));
            twice.take(Input::Sight(sight)).take(Input::Sight(sight));
            twice.take(Input::Progress(report.clone())).take(Input::Progress(report));
        }
        prop_assert_eq!(once.machine.end.report(), twice.machine.end.report());
    }
}
