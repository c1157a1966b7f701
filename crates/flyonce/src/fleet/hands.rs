//! What docks can be told by hand, and how the last order to each stands.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use flight::cloud_dock::HandCommand;
use flight::dock::DockMethod;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::roster::DockEntry;
use crate::lang::Words;

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

    /// As docks of the Cloud API know it.
    pub fn of_cloud(self) -> HandCommand {
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

    /// As docks of the other kind know it, if they do.
    pub fn method(self) -> Option<DockMethod> {
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

    /// Changes the last order to a dock.
    pub fn change(&self, dock_id: &str, change: impl FnOnce(&mut HandView)) {
        if let Some(view) = self.now().get_mut(dock_id) {
            change(view);
        }
    }

    /// Takes an order up, unless one is under way there.
    pub fn begin(&self, dock_id: &str, view: HandView) -> bool {
        let mut hands = self.now();
        let is_free = hands
            .get(dock_id)
            .is_none_or(|last| last.state != HandState::UnderWay);
        if is_free {
            hands.insert(dock_id.to_owned(), view);
        }
        is_free
    }

    fn now(&self) -> MutexGuard<'_, BTreeMap<String, HandView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
