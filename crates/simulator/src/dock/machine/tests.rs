//! Commands against a dock without a network.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::dock::lid::LidWord;
use crate::dock::message::ReplyResult;

const SECOND: i64 = 1_000_000;
const HOME: VehicleSeen = VehicleSeen {
    present: true,
    armed: false,
    airborne: false,
    distance_m: 0.0,
    battery_percent: 90.0,
};

fn at(second: i64) -> Moment {
    Moment {
        city_us: second * SECOND,
        wall_ms: second * 1000,
    }
}

fn dock(faults: &DockFaults) -> Dock {
    Dock::new(7, faults, HOME)
}

fn command(id: &str, method: &str) -> Value {
    json!({"v": 1, "id": id, "method": method, "deadline_ms": 1_000_000})
}

fn tell(dock: &mut Dock, command: &Value, second: i64) -> Vec<Outgoing> {
    dock.hear(&Command::read(command.to_string().as_bytes()), false, at(second))
}

fn code(said: &[Outgoing]) -> Option<&str> {
    said.iter().find_map(|message| match message {
        Outgoing::Reply(reply) => reply.code.as_deref(),
        Outgoing::Progress(_) => None,
    })
}

fn last_status(said: &[Outgoing]) -> Option<(ProgressStatus, u8)> {
    said.iter().rev().find_map(|message| match message {
        Outgoing::Progress(progress) => Some((progress.status, progress.percent)),
        Outgoing::Reply(_) => None,
    })
}

#[test]
fn the_lid_opens_with_progress_and_a_repeat_is_not_carried_out_twice() {
    let mut dock = dock(&DockFaults::default());
    let open = command("a", "open_lid");
    let said = tell(&mut dock, &open, 0);
    assert!(matches!(&said[0], Outgoing::Reply(r) if r.result == ReplyResult::Accepted));
    assert_eq!(
        last_status(&dock.advance(2 * SECOND)),
        Some((ProgressStatus::InProgress, 25))
    );
    assert!(dock.advance(3 * SECOND).is_empty(), "not every percent is told");
    assert_eq!(
        last_status(&dock.advance(8 * SECOND)),
        Some((ProgressStatus::Done, 100))
    );
    assert_eq!(dock.lid().word(), LidWord::Open);

    tell(&mut dock, &command("b", "close_lid"), 9);
    dock.advance(20 * SECOND);
    let again = tell(&mut dock, &open, 21);
    assert_eq!(said[0], again[0], "the same reply");
    assert_eq!(last_status(&again), Some((ProgressStatus::Done, 100)));
    assert_eq!(dock.lid().word(), LidWord::Closed, "not opened again");
}

#[test]
fn stale_commands_are_refused_by_both_clocks() {
    let mut dock = dock(&DockFaults::default());
    let late = tell(&mut dock, &command("late", "open_lid"), 1001);
    assert_eq!(code(&late), Some("expired"));
    let heard = Command::read(command("old", "open_lid").to_string().as_bytes());
    assert_eq!(code(&dock.hear(&heard, true, at(1))), Some("expired"));
    assert_eq!(dock.lid().word(), LidWord::Closed);
}

#[test]
fn what_a_dock_refuses() {
    let mut dock = dock(&DockFaults::default());
    let mut other = command("1", "open_lid");
    other["system_id"] = json!(8);
    assert_eq!(code(&tell(&mut dock, &other, 1)), Some("wrong_vehicle"));

    tell(&mut dock, &command("2", "open_lid"), 1);
    assert_eq!(
        code(&tell(&mut dock, &command("3", "close_lid"), 2)),
        Some("busy")
    );
    dock.advance(20 * SECOND);

    let near = VehicleSeen {
        present: false,
        armed: true,
        airborne: true,
        distance_m: 12.0,
        ..HOME
    };
    dock.see(near);
    assert_eq!(
        code(&tell(&mut dock, &command("4", "close_lid"), 21)),
        Some("vehicle_near")
    );
    assert_eq!(
        code(&tell(&mut dock, &command("5", "start_charging"), 21)),
        Some("vehicle_absent")
    );
    dock.see(VehicleSeen {
        distance_m: 31.0,
        ..near
    });
    assert_eq!(code(&tell(&mut dock, &command("6", "close_lid"), 22)), None);

    let mut stopped = super::Dock::new(
        7,
        &DockFaults {
            emergency_stop: true,
            ..DockFaults::default()
        },
        HOME,
    );
    assert_eq!(
        code(&tell(&mut stopped, &command("7", "open_lid"), 1)),
        Some("emergency_stop")
    );
    assert_eq!(stopped.charge().state, ChargeState::Idle);
}

#[test]
fn abort_stops_the_lid_where_it_is_and_fails_the_command() {
    let mut dock = dock(&DockFaults::default());
    tell(&mut dock, &command("a", "open_lid"), 0);
    dock.advance(4 * SECOND);
    let said = tell(&mut dock, &command("b", "abort"), 4);
    let failed = said
        .iter()
        .any(|m| matches!(m, Outgoing::Progress(p) if p.id == "a" && p.status == ProgressStatus::Failed));
    assert!(failed, "{said:?}");
    assert_eq!(dock.lid().word(), LidWord::Half);
    let again = tell(&mut dock, &command("a", "open_lid"), 5);
    assert_eq!(last_status(&again).unwrap().0, ProgressStatus::Failed);
}

#[test]
fn a_sortie_is_assigned_kept_and_released() {
    let mut dock = dock(&DockFaults::default());
    let assign = |id: &str, sortie: &str, url: &str| {
        let mut value = command(id, "assign_sortie");
        value["sortie_id"] = json!(sortie);
        value["args"] = json!({"photo_door_url": url});
        value
    };
    let door = "http://127.0.0.1:8700/api/v1/photo-door";
    assert_eq!(
        code(&tell(&mut dock, &assign("1", "S1", "https://x/"), 0)),
        Some("bad_command")
    );
    assert_eq!(
        code(&tell(&mut dock, &command("2", "assign_sortie"), 0)),
        Some("bad_command")
    );
    assert_eq!(code(&tell(&mut dock, &assign("3", "S1", door), 0)), None);
    assert_eq!(dock.mode(), Mode::Busy);
    dock.see(VehicleSeen {
        airborne: true,
        present: false,
        ..HOME
    });
    assert_eq!(code(&tell(&mut dock, &assign("4", "S2", door), 0)), Some("busy"));
    assert_eq!(
        code(&tell(&mut dock, &assign("5", "S1", door), 0)),
        None,
        "the same again"
    );
    let mut release = command("6", "release_sortie");
    release["sortie_id"] = json!("S2");
    assert_eq!(code(&tell(&mut dock, &release, 0)), Some("wrong_sortie"));
    assert_eq!(code(&tell(&mut dock, &command("7", "release_sortie"), 0)), None);
    assert_eq!((dock.assignment(), dock.mode()), (None, Mode::Idle));
}

#[test]
fn the_charger_works_only_on_a_vehicle_that_stands_there() {
    let mut dock = dock(&DockFaults::default());
    assert_eq!(dock.charge().state, ChargeState::Charging);
    tell(&mut dock, &command("1", "stop_charging"), 0);
    assert_eq!(dock.charge().state, ChargeState::Idle);
    tell(&mut dock, &command("2", "start_charging"), 0);
    dock.see(VehicleSeen {
        battery_percent: 100.0,
        ..HOME
    });
    assert_eq!(dock.charge().state, ChargeState::Full);
    dock.see(VehicleSeen { armed: true, ..HOME });
    assert_eq!(dock.charge().state, ChargeState::Idle);
}

proptest! {
    #[test]
    fn any_run_of_commands_is_answered_once_each_and_the_lid_comes_to_rest(
        orders in prop::collection::vec((0u8..12, 0usize..8, 0i64..15, any::<bool>()), 1..60),
        stuck: bool, half: bool,
    ) {
        let methods = ["open_lid", "close_lid", "start_charging", "stop_charging", "assign_sortie",
            "release_sortie", "abort", "dance"];
        let faults = DockFaults { lid_stuck: stuck, lid_half: half, ..DockFaults::default() };
        let mut dock = dock(&faults);
        let mut second = 0;
        let mut first_replies = std::collections::HashMap::new();
        for (id, method, wait_s, stale) in orders {
            let id = id.to_string();
            let heard = Command::read(command(&id, methods[method]).to_string().as_bytes());
            let said = dock.hear(&heard, stale, at(second));
            let replies: Vec<Outgoing> =
                said.into_iter().filter(|m| matches!(m, Outgoing::Reply(_))).collect();
            prop_assert_eq!(replies.len(), 1);
            let first = first_replies.entry(id).or_insert_with(|| replies[0].clone());
            prop_assert_eq!(&*first, &replies[0]);
            second += wait_s;
            dock.advance(second * SECOND);
        }
        dock.advance((second + 60) * SECOND);
        prop_assert!(!dock.lid().is_moving());
        prop_assert!(dock.moving_for.is_none());
    }
}
