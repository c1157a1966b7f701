//! Docks at the hand of people: lid, charger, aircraft, debug mode. One order per dock at a time, only where the dock's
//! own state permits it, never while a sortie is under way there; each is written down with who gave it and how it ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flight::cloud_dock::{CodeKind, HandCommand, HandError, HandProgress, result_words};
use flight::dock::{Bound, DockCommandError, DockMethod, DockMode, DockState};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use store::dock_orders::NewDockOrder;
use utoipa::ToSchema;

use crate::config::roster::DockEntry;
use crate::fleet::orders::Refusal;
use crate::fleet::service::Fleet;
use crate::fleet::words::reason_words;
use crate::lang::Words;

/// Longer than any part of a dock moves.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a dock can be told by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "kebab-case")]
pub enum Hand {
    /// Open the lid / 开盖
    OpenLid,
    /// Close the lid / 关盖
    CloseLid,
    /// Charge the aircraft / 开始充电
    StartCharging,
    /// Stop charging / 停止充电
    StopCharging,
    /// Switch the aircraft in the dock on / 飞机开机
    AircraftOn,
    /// Switch it off / 飞机关机
    AircraftOff,
    /// Debug mode on: no task begins until it is off / 进入调试
    DebugOn,
    /// Debug mode off / 退出调试
    DebugOff,
}

impl Hand {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenLid => "open_lid",
            Self::CloseLid => "close_lid",
            Self::StartCharging => "start_charging",
            Self::StopCharging => "stop_charging",
            Self::AircraftOn => "aircraft_on",
            Self::AircraftOff => "aircraft_off",
            Self::DebugOn => "debug_on",
            Self::DebugOff => "debug_off",
        }
    }

    /// For people.
    pub fn words(self) -> Words {
        let (zh, en) = match self {
            Self::OpenLid => ("打开舱盖", "open the lid"),
            Self::CloseLid => ("关闭舱盖", "close the lid"),
            Self::StartCharging => ("开始充电", "start charging"),
            Self::StopCharging => ("停止充电", "stop charging"),
            Self::AircraftOn => ("飞机开机", "switch the aircraft on"),
            Self::AircraftOff => ("飞机关机", "switch the aircraft off"),
            Self::DebugOn => ("进入调试模式", "switch the debug mode on"),
            Self::DebugOff => ("退出调试模式", "switch the debug mode off"),
        };
        Words::new(zh, en)
    }

    fn of_cloud(self) -> HandCommand {
        match self {
            Self::OpenLid => HandCommand::OpenLid,
            Self::CloseLid => HandCommand::CloseLid,
            Self::StartCharging => HandCommand::StartCharging,
            Self::StopCharging => HandCommand::StopCharging,
            Self::AircraftOn => HandCommand::AircraftOn,
            Self::AircraftOff => HandCommand::AircraftOff,
            Self::DebugOn => HandCommand::DebugOn,
            Self::DebugOff => HandCommand::DebugOff,
        }
    }

    /// As docks of the other kind know it.
    fn method(self) -> Option<DockMethod> {
        Some(match self {
            Self::OpenLid => DockMethod::OpenLid,
            Self::CloseLid => DockMethod::CloseLid,
            Self::StartCharging => DockMethod::StartCharging,
            Self::StopCharging => DockMethod::StopCharging,
            Self::AircraftOn | Self::AircraftOff | Self::DebugOn | Self::DebugOff => return None,
        })
    }

    /// Everything that such a dock can be told.
    pub fn of_dock(dock: &DockEntry) -> Vec<Self> {
        let all = [
            Self::OpenLid,
            Self::CloseLid,
            Self::StartCharging,
            Self::StopCharging,
            Self::AircraftOn,
            Self::AircraftOff,
            Self::DebugOn,
            Self::DebugOff,
        ];
        let can = |hand: &Self| dock.cloud.is_some() || hand.method().is_some();
        all.into_iter().filter(can).collect()
    }
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandState {
    /// It is carried out.
    UnderWay,
    /// Done, by the dock's word.
    Done,
    /// Not done.
    Failed,
}

/// The last order to a dock by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandView {
    /// Its number.
    pub id: String,
    /// What it is to do.
    pub command: Hand,
    /// The same for people.
    pub words: Words,
    /// Who said so.
    pub actor: String,
    /// When, RFC 3339, city time.
    pub at: String,
    /// How it stands.
    pub state: HandState,
    /// 0 to 100, where the dock tells.
    pub percent: Option<i64>,
    /// The dock's own word for what it does.
    pub step: Option<String>,
    /// Why it was not done, with what to do.
    pub why: Option<Words>,
}

/// The last order to each dock.
#[derive(Debug, Default)]
pub struct Hands(Mutex<BTreeMap<String, HandView>>);

impl Hands {
    /// The last order to a dock since the program began.
    pub fn last(&self, dock_id: &str) -> Option<HandView> {
        self.now().get(dock_id).cloned()
    }

    fn change(&self, dock_id: &str, change: impl FnOnce(&mut HandView)) {
        if let Some(view) = self.now().get_mut(dock_id) {
            change(view);
        }
    }

    fn now(&self) -> MutexGuard<'_, BTreeMap<String, HandView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives an order and begins to carry it out; how far it is, is in [`Hands`].
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
    {
        // Two people may have been asked at once.
        let mut hands = fleet.hands().now();
        if hands
            .get(dock_id)
            .is_some_and(|last| last.state == HandState::UnderWay)
        {
            return Ok(Err(refused("dock_busy")));
        }
        hands.insert(dock_id.to_owned(), view.clone());
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
