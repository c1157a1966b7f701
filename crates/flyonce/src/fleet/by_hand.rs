//! Docks at the hand of people: lid, charger, aircraft, debug mode. One order per dock at a time, only where the dock's
//! own state permits it, never while a sortie is under way there; each is written down with who gave it and how it ended.

use std::time::Duration;

use flight::cloud_dock::{CodeKind, HandError, HandProgress, result_words};
use flight::dock::{Bound, DockCommandError, DockMode, DockState};
use serde_json::Map;
use store::dock_orders::NewDockOrder;

use crate::config::roster::DockEntry;
use crate::fleet::hands::{Hand, HandState, HandView};
use crate::fleet::orders::Refusal;
use crate::fleet::service::Fleet;
use crate::fleet::words::reason_words;
use crate::lang::Words;

/// Longer than any part of a dock moves.
const DEADLINE: Duration = Duration::from_secs(120);

/// Gives an order and begins to carry it out; how far it is, is in `fleet::hands::Hands`.
///
/// # Errors
/// Inside: why it cannot be given, in words. Outside: the database.
pub async fn give(
    fleet: &Fleet,
    dock_id: &str,
    hand: Hand,
    (actor, reason): (&str, Option<&str>),
) -> anyhow::Result<Result<HandView, Refusal>> {
    let Some(dock) = fleet.roster().dock(dock_id).cloned() else {
        return Ok(Err(refused("dock_unknown")));
    };
    if let Err(refusal) = may_be_given(fleet, &dock, hand) {
        return Ok(Err(refusal));
    }
    let now = fleet.clock().now();
    let order = NewDockOrder {
        dock_id: dock_id.to_owned(),
        command: hand.as_str().to_owned(),
        actor: actor.to_owned(),
        reason: reason.map(str::to_owned),
        at: now,
    };
    let view = HandView {
        id: fleet.workplace().store.give_dock_order(&order).await?,
        command: hand,
        words: hand.words(),
        actor: actor.to_owned(),
        at: now.to_string(),
        state: HandState::UnderWay,
        percent: None,
        step: None,
        why: None,
    };
    // Two people may have been asked at once.
    if !fleet.hands().begin(dock_id, view.clone()) {
        let why = refused("dock_busy");
        let store = &fleet.workplace().store;
        store.end_dock_order(&view.id, Some(&why.words.en), now).await?;
        return Ok(Err(why));
    }
    tracing::info!(
        dock.id = dock_id,
        command = hand.as_str(),
        actor,
        reason,
        "a dock is ordered by hand"
    );
    let (fleet_of_task, id) = (fleet.clone(), view.id.clone());
    fleet
        .tasks()
        .spawn(async move { carry_out(&fleet_of_task, &dock, hand, &id).await });
    Ok(Ok(view))
}

async fn carry_out(fleet: &Fleet, dock: &DockEntry, hand: Hand, id: &str) {
    let dock_id = &dock.dock_id;
    let done = match fleet.cloud().filter(|_| dock.cloud.is_some()) {
        Some(cloud) => {
            let told = |progress: HandProgress| {
                fleet.hands().change(dock_id, |view| {
                    view.percent = progress.percent.or(view.percent);
                    view.step = progress.step.or(view.step.take());
                });
            };
            let done = cloud
                .desk
                .by_hand(dock_id, hand.of_cloud(), DEADLINE, &told)
                .await;
            done.map_err(|error| why_of_cloud(&error))
        }
        None => by_method(fleet, dock, hand).await,
    };
    let why = done.err();
    let text = why.as_ref().map(|why| why.en.clone());
    fleet.hands().change(dock_id, |view| {
        view.state = match why {
            None => HandState::Done,
            Some(_) => HandState::Failed,
        };
        view.percent = view.percent.filter(|_| why.is_some());
        view.why = why;
    });
    tracing::info!(
        dock.id = dock_id,
        command = hand.as_str(),
        why = text,
        "the order by hand has ended"
    );
    let (store, now) = (&fleet.workplace().store, fleet.clock().now());
    if let Err(error) = store.end_dock_order(id, text.as_deref(), now).await {
        tracing::error!(dock.id = dock_id, %error, "the end of an order by hand could not be written down");
    }
}

async fn by_method(fleet: &Fleet, dock: &DockEntry, hand: Hand) -> Result<(), Words> {
    let Some(method) = hand.method() else {
        return Err(refused("not_supported").words);
    };
    let bound = Bound {
        sortie: None,
        system_id: Some(dock.system_id),
    };
    let asked = fleet
        .docks()
        .command(&dock.dock_id, method, &Map::new(), DEADLINE, bound)
        .await;
    asked.map_err(|error| match error {
        DockCommandError::Offline { .. } | DockCommandError::BrokerGone => refused("dock_offline").words,
        told => Words::new(format!("机场未执行:{told}"), told.to_string()),
    })
}

fn why_of_cloud(error: &HandError) -> Words {
    match error {
        HandError::Code(code) => {
            let words = result_words(*code);
            let [remedy_zh, remedy_en] = words.map_or(CodeKind::Unknown, |words| words.kind).remedy();
            let (zh, en) = words.map_or(("机场拒绝执行", "the dock refuses"), |words| {
                (words.zh, words.en)
            });
            Words::new(
                format!("{zh}(DJI {code});{remedy_zh}"),
                format!("{en} (DJI {code}); {remedy_en}"),
            )
        }
        HandError::Busy => refused("dock_busy").words,
        HandError::UnknownDock => refused("dock_unknown").words,
        HandError::BrokerGone => refused("dock_offline").words,
        HandError::TimedOut => Words::new(
            "机场未在限定时间内完成;请现场查看实际状态",
            "the dock did not finish in time; have a look at how it stands",
        ),
        HandError::Ended(status) => Words::new(
            format!("机场回报:{status};请现场查看实际状态"),
            format!("the dock says {status}; have a look at how it stands"),
        ),
    }
}

/// Whether the dock's own state and what the program does with it permit an order.
fn may_be_given(fleet: &Fleet, dock: &DockEntry, hand: Hand) -> Result<(), Refusal> {
    let last = fleet.hands().last(&dock.dock_id);
    if last.is_some_and(|last| last.state == HandState::UnderWay) {
        return Err(refused("dock_busy"));
    }
    let under_way = fleet.under_way();
    if under_way.values().any(|one| one.dock_id == dock.dock_id) {
        return Err(refused("still_flying"));
    }
    if !Hand::of_dock(dock).contains(&hand) {
        return Err(refused("not_supported"));
    }
    match forbids(fleet.docks().dock(&dock.dock_id).as_ref(), hand) {
        Some(code) => Err(refused(code)),
        None => Ok(()),
    }
}

fn forbids(state: Option<&DockState>, hand: Hand) -> Option<&'static str> {
    let Some(state) = state.filter(|state| state.online == Some(true)) else {
        return Some("dock_offline");
    };
    let moves = !matches!(hand, Hand::DebugOn | Hand::DebugOff);
    let needs_aircraft = matches!(hand, Hand::StartCharging | Hand::AircraftOn | Hand::AircraftOff);
    match state.mode {
        DockMode::Busy | DockMode::Upgrading => Some("dock_busy"),
        _ if moves && state.emergency_stop == Some(true) => Some("emergency_stop"),
        _ if needs_aircraft && state.vehicle_present == Some(false) => Some("vehicle_absent"),
        DockMode::Idle | DockMode::Debug | DockMode::Unknown => None,
    }
}

fn refused(code: &'static str) -> Refusal {
    let words = match code {
        "not_supported" => Words::new(
            "这种机场没有此项操作(仅上云 API 机场支持)",
            "this kind of dock knows no such order (only docks of the Cloud API do)",
        ),
        "dock_unknown" => Words::new("没有此机场", "there is no such dock"),
        code => reason_words(code),
    };
    Refusal { code, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docks_own_state_decides() {
        let idle = DockState {
            online: Some(true),
            mode: DockMode::Idle,
            vehicle_present: Some(true),
            ..DockState::default()
        };
        let with = |change: fn(&mut DockState), hand| {
            let mut state = idle.clone();
            change(&mut state);
            forbids(Some(&state), hand)
        };
        assert_eq!(with(|_| {}, Hand::OpenLid), None);
        assert_eq!(forbids(None, Hand::DebugOn), Some("dock_offline"));
        assert_eq!(
            with(|s| s.online = Some(false), Hand::OpenLid),
            Some("dock_offline")
        );
        assert_eq!(
            with(|s| s.mode = DockMode::Busy, Hand::DebugOff),
            Some("dock_busy")
        );
        assert_eq!(with(|s| s.mode = DockMode::Debug, Hand::CloseLid), None);
        assert_eq!(
            with(|s| s.emergency_stop = Some(true), Hand::CloseLid),
            Some("emergency_stop")
        );
        assert_eq!(with(|s| s.emergency_stop = Some(true), Hand::DebugOff), None);
        assert_eq!(
            with(|s| s.vehicle_present = Some(false), Hand::AircraftOn),
            Some("vehicle_absent")
        );
        assert_eq!(with(|s| s.vehicle_present = Some(false), Hand::CloseLid), None);
    }

    #[test]
    fn a_code_is_told_in_both_languages_with_its_number() {
        let why = why_of_cloud(&HandError::Code(514_107));
        assert!(why.zh.contains("514107") && why.en.contains("514107"));
        let unknown = why_of_cloud(&HandError::Code(987_654));
        assert!(unknown.zh.contains("987654") && unknown.en.contains("987654"));
    }
}
