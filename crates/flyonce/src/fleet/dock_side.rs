//! What a sortie asks of its dock: under which name the photos come, the lid before arming and before landing,
//! charging afterwards; and the interlocks, with every value and limit.

use std::time::{Duration, Instant};

use flight::dock::{Bound, DockCommandError, DockLine, DockMethod, DockState};
use schedule::interlock::{self, Check, DockFacts, Limits, VehicleFacts, Verdict};
use schedule::photo_ledger::SortieId;
use schedule::refusal::RefusalCode;
use serde_json::Map;

use crate::config::roster::DockEntry;

/// Longer than any lid takes; a command older than this is not carried out any more.
const COMMAND_DEADLINE: Duration = Duration::from_secs(45);
/// What moves nothing is answered within this time.
const ANSWER_DEADLINE: Duration = Duration::from_secs(8);

/// A dock that is on the line has told everything within this time.
const HEARD_SOON: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A refusal with its reason in a sentence.
pub type Refused = (RefusalCode, String);

/// Notes on checks who overrides them.
pub type Overriding<'o> = dyn Fn(Vec<Check>) -> Vec<Check> + Sync + 'o;

/// One dock, spoken to on behalf of one sortie.
#[derive(Clone)]
pub struct DockSide {
    /// Commands and state of all docks.
    pub line: DockLine,
    /// This dock.
    pub dock: DockEntry,
    /// The sortie.
    pub sortie: SortieId,
    /// What weather, battery and place must keep to.
    pub limits: Limits,
}

impl DockSide {
    /// What is known of the dock now.
    pub fn state(&self) -> Option<DockState> {
        self.line.dock(&self.dock.dock_id)
    }

    /// What can be known before the lid is asked to open: a flight that cannot be is refused without moving anything.
    /// `overridden` notes on checks who overrides them. With patience for a dock that only just came on the line: after a restart its
    /// status is there before its weather is.
    ///
    /// # Errors
    /// The first rule that fails, or that still lacks data when patience is over.
    pub async fn may_prepare_soon(&self, overridden: &Overriding<'_>) -> Result<(), Refused> {
        let begun = Instant::now();
        loop {
            let verdict = self.may_prepare(overridden);
            let heard = self
                .state()
                .is_some_and(|state| state.online == Some(true) && state.weather.is_some());
            if verdict.is_ok() || heard || begun.elapsed() > HEARD_SOON {
                return verdict;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn may_prepare(&self, overridden: &Overriding<'_>) -> Result<(), Refused> {
        let Some(state) = self.state() else {
            return Err((RefusalCode::DockOffline, "the dock was never heard".to_owned()));
        };
        if state
            .system_id
            .is_some_and(|system_id| system_id != self.dock.system_id)
        {
            let text = format!(
                "the dock holds vehicle {:?}, the roster says {}",
                state.system_id, self.dock.system_id
            );
            return Err((RefusalCode::WrongVehicle, text));
        }
        let early = [
            RefusalCode::DockOffline,
            RefusalCode::EmergencyStop,
            RefusalCode::DockBusy,
            RefusalCode::VehicleAbsent,
            RefusalCode::Wind,
            RefusalCode::Gust,
            RefusalCode::Rain,
            RefusalCode::Temperature,
        ];
        let mut facts = state.facts(Instant::now());
        facts.position = None;
        let checks = interlock::before_arming(&facts, &VehicleFacts::default(), &self.limits);
        let known: Vec<Check> = checks
            .into_iter()
            .filter(|check| early.contains(&check.code))
            .collect();
        refused_by(interlock::forbids_arming(&overridden(known)))
    }

    /// What is known of the dock for the interlocks; where it stands is taken from the roster.
    pub fn facts(&self) -> DockFacts {
        let mut facts = self
            .state()
            .map(|state| state.facts(Instant::now()))
            .unwrap_or_default();
        facts.position = Some(self.dock.position);
        facts
    }

    /// May the vehicle land here?
    ///
    /// # Errors
    /// The first rule that fails.
    pub fn may_land(&self, overridden: &Overriding<'_>) -> Result<(), Refused> {
        let checks = interlock::before_landing(&self.facts(), &self.limits);
        refused_by(interlock::forbids_landing(&overridden(checks)))
    }

    /// Tells the dock whose photos come next and where to bring them.
    ///
    /// # Errors
    /// The dock's refusal.
    pub async fn assign(&self, photo_door_url: &str) -> Result<(), Refused> {
        let args = DockMethod::photo_door(photo_door_url);
        self.command(DockMethod::AssignSortie, args, ANSWER_DEADLINE)
            .await
            .map_err(|(code, text)| match code {
                // Nothing moves for it: a dock that does not answer this does not hear us.
                RefusalCode::Internal => (RefusalCode::DockOffline, text),
                told => (told, text),
            })
    }

    /// Opens the lid and waits until it is open.
    ///
    /// # Errors
    /// `lid_not_open` and why.
    pub async fn open_lid(&self) -> Result<(), Refused> {
        self.command(DockMethod::OpenLid, Map::new(), COMMAND_DEADLINE)
            .await
            .map_err(|(code, text)| match code {
                RefusalCode::Internal => (RefusalCode::LidNotOpen, text),
                told => (told, text),
            })
    }

    /// Closes the lid. A lid that stays open is told by the dock's own state; the flight does not depend on it.
    pub async fn close_lid(&self) {
        self.try_command(DockMethod::CloseLid).await;
    }

    /// Charges the vehicle.
    pub async fn charge(&self) {
        self.try_command(DockMethod::StartCharging).await;
    }

    async fn try_command(&self, method: DockMethod) {
        if let Err((code, text)) = self.command(method, Map::new(), COMMAND_DEADLINE).await {
            tracing::warn!(dock.id = %self.dock.dock_id, sortie.id = %self.sortie, method = method.as_str(),
                code = code.as_str(), text, "the dock did not do it");
        }
    }

    async fn command(
        &self,
        method: DockMethod,
        args: Map<String, serde_json::Value>,
        deadline: Duration,
    ) -> Result<(), Refused> {
        let bound = Bound {
            sortie: Some(&self.sortie),
            system_id: Some(self.dock.system_id),
        };
        let asked = self
            .line
            .command(&self.dock.dock_id, method, &args, deadline, bound)
            .await;
        asked.map_err(|error| (code_of(&error), error.to_string()))
    }
}

/// The check in words of numbers: `wind: 9.1 m/s, limit 8 m/s`.
pub fn check_text(check: &Check) -> String {
    let unit = check.unit;
    let told = match (check.value, check.limit.filter(|limit| limit.is_finite())) {
        (Some(value), Some(limit)) => format!("{}: {value:.1} {unit}, limit {limit} {unit}", check.name),
        (None, Some(limit)) => format!("{}: not known, limit {limit} {unit}", check.name),
        _no_number => {
            let verdict = match check.verdict {
                Verdict::Unknown => "not known",
                told => told.as_str(),
            };
            format!("{}: {verdict}", check.name)
        }
    };
    match &check.text {
        Some(text) if check.verdict != Verdict::Pass => format!("{told} ({text})"),
        _none => told,
    }
}

fn refused_by(check: Option<&Check>) -> Result<(), Refused> {
    match check {
        Some(check) => Err((check.code, check_text(check))),
        None => Ok(()),
    }
}

fn code_of(error: &DockCommandError) -> RefusalCode {
    match error {
        DockCommandError::Offline { .. } | DockCommandError::BrokerGone => RefusalCode::DockOffline,
        DockCommandError::Refused { code, .. } => code.parse().unwrap_or(RefusalCode::DockBusy),
        _ => RefusalCode::Internal,
    }
}
