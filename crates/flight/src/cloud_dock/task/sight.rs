//! What can be seen of dock and aircraft at a moment, as far as it is fresh.

use std::time::{Duration, Instant};

use super::super::desk::Snapshot;
use super::super::dock_properties::TaskStage;
use crate::dock::DockMode;

/// Aircraft tell their place every two seconds; after several of these nobody knows where they are.
const AIRCRAFT_FRESH: Duration = Duration::from_secs(15);
/// Above this an aircraft has left its pad, m.
const OFF_THE_PAD_M: f64 = 2.0;

/// Dock and aircraft.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sight {
    /// The dock was heard lately.
    pub(super) is_online: bool,
    /// The aircraft is inside.
    pub(super) in_dock: Option<bool>,
    /// The dock is free, busy and so on.
    pub(super) mode: DockMode,
    /// What it does with a task.
    pub(super) stage: Option<TaskStage>,
    /// The aircraft's motors turn, by its own mode.
    pub(super) is_flying: Option<bool>,
    /// It is on its own way home, by its own mode.
    pub(super) is_homing: bool,
    /// It comes down, by its own mode.
    pub(super) is_landing: bool,
    /// Height above the take-off point, m.
    pub(super) height_m: Option<f64>,
    /// Its battery, percent.
    pub(super) battery_percent: Option<f64>,
}

impl Sight {
    /// What a snapshot shows at `now`.
    pub(super) fn of(snapshot: &Snapshot, now: Instant) -> Self {
        let aircraft = snapshot
            .aircraft
            .as_ref()
            .filter(|aircraft| aircraft.is_heard(now, AIRCRAFT_FRESH));
        let mode_code = aircraft.and_then(|aircraft| aircraft.mode_code);
        Self {
            is_online: snapshot.state.online == Some(true),
            in_dock: snapshot.state.vehicle_present,
            mode: snapshot.state.mode,
            stage: snapshot.stage,
            is_flying: aircraft
                .filter(|_| mode_code.is_some())
                .map(super::super::aircraft::AircraftState::is_flying),
            is_homing: mode_code == Some(9),
            is_landing: matches!(mode_code, Some(10..=12)),
            height_m: aircraft.and_then(|aircraft| aircraft.height_above_home_m),
            battery_percent: aircraft.and_then(|aircraft| aircraft.battery_percent),
        }
    }

    /// Seen in the air: out of the dock, and by its own word or by the dock's.
    pub(super) fn is_aloft(&self) -> bool {
        let by_itself =
            self.is_flying == Some(true) && self.height_m.is_some_and(|height_m| height_m > OFF_THE_PAD_M);
        let by_dock = self.in_dock == Some(false) && self.stage == Some(TaskStage::InFlight);
        self.in_dock != Some(true) && (by_itself || by_dock)
    }

    /// The dock has nothing to do and its aircraft inside.
    pub(super) fn is_put_away(&self) -> bool {
        self.is_online && self.mode == DockMode::Idle && self.in_dock == Some(true)
    }

    /// Seen on the ground, in the dock or beside it.
    pub(super) fn is_down(&self) -> bool {
        self.in_dock == Some(true) || self.is_beside()
    }

    /// Seen on the ground outside the dock.
    pub(super) fn is_beside(&self) -> bool {
        self.in_dock == Some(false) && self.is_flying == Some(false)
    }
}
