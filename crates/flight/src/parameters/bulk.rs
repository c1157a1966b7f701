//! Many parameters at once: several questions are under way, lost ones are asked again, and a name that the vehicle
//! does not have costs about a second, not the patience of a lost answer. Autopilots keep a short queue of
//! questions (ArduPilot 20) and drop the rest without a word, so that no more than half of that is asked at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{
    MavMessage, MavParamError, MavParamType, PARAM_REQUEST_READ_DATA, PARAM_SET_DATA, PARAM_VALUE_DATA,
};
use tokio::sync::broadcast::Receiver;

use super::{AUTOPILOT_COMPONENT, ParameterError, check_name, decoded, encoded, same};
use crate::vehicle::{Turn, Vehicle, VehicleMessage};

/// Questions under way at once.
const AT_ONCE: usize = 10;
/// Wait for the answers to one round of questions.
const ROUND: Duration = Duration::from_millis(450);
/// After so many rounds without an answer a name counts as missing on a line that lost nothing else.
const ROUNDS_CLEAN: u32 = 3;
/// The same on a line that loses frames: at a third lost each way one answer in 330 is still missing then.
const ROUNDS_LOSSY: u32 = 10;

/// A parameter as the vehicle keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// How it is kept.
    kind: MavParamType,
}

/// Names of one meaning: firmwares renamed parameters over time, the first that answers is taken.
pub type Alternatives<'a> = &'a [&'a str];

/// Answers so far, by name; None for a name that the vehicle said it does not have.
type Answers = BTreeMap<String, Option<PARAM_VALUE_DATA>>;

impl Vehicle {
    /// Reads one parameter of each group, in the order of the groups; None for a group without any name that the
    /// vehicle has.
    ///
    /// # Errors
    /// [`ParameterError`] for a bad name or a message that could not be sent; silence is no error.
    pub async fn parameters(
        &self,
        groups: &[Alternatives<'_>],
    ) -> Result<Vec<Option<ParameterValue>>, ParameterError> {
        for name in groups.iter().copied().flatten() {
            check_name(name)?;
        }
        let lock = self.turn(Turn::Parameters);
        let _turn = lock.lock().await;
        self.read_groups(groups).await
    }

    /// Sets parameters that were read before, and reads them back; the values as the vehicle keeps them, in the same
    /// order. One that does not answer any more has None.
    ///
    /// # Errors
    /// [`ParameterError`] for values that do not fit and messages that could not be sent; then some may be set and
    /// others not.
    pub async fn set_parameters(
        &self,
        wanted: &[(ParameterValue, f64)],
    ) -> Result<Vec<Option<f64>>, ParameterError> {
        let system_id = self.system_id();
        if self.conflict() {
            return Err(ParameterError::TwoVehicles { system_id });
        }
        let lock = self.turn(Turn::Parameters);
        let _turn = lock.lock().await;
        let autopilot = self.telemetry().autopilot;
        let mut open = BTreeMap::new();
        for (parameter, value) in wanted {
            let kind = parameter.kind;
            let param_value = encoded(*value, kind, autopilot).ok_or_else(|| ParameterError::DoesNotFit {
                name: parameter.name.clone(),
                value: *value,
                kind,
            })?;
            let set = MavMessage::PARAM_SET(PARAM_SET_DATA {
                param_value,
                target_system: system_id,
                target_component: AUTOPILOT_COMPONENT,
                param_id: parameter.name.as_str().into(),
                param_type: kind,
            });
            open.insert(parameter.name.clone(), (set, *value));
        }
        self.set_until_echoed(&mut open).await?;
        let names: Vec<[&str; 1]> = wanted.iter().map(|(it, _)| [it.name.as_str()]).collect();
        let groups: Vec<Alternatives<'_>> = names.iter().map(<[&str; 1]>::as_slice).collect();
        let kept = self.read_groups(&groups).await?;
        Ok(kept.into_iter().map(|kept| kept.map(|kept| kept.value)).collect())
    }

    /// Sends each PARAM_SET until the vehicle echoes the value. What it really keeps is read afterwards.
    async fn set_until_echoed(
        &self,
        open: &mut BTreeMap<String, (MavMessage, f64)>,
    ) -> Result<(), ParameterError> {
        let autopilot = self.telemetry().autopilot;
        let mut messages = self.subscribe();
        for _round in 0..ROUNDS_LOSSY {
            let asked: Vec<String> = open.keys().take(AT_ONCE).cloned().collect();
            if asked.is_empty() {
                return Ok(());
            }
            for name in &asked {
                if let Some((set, _)) = open.get(name) {
                    self.send(set).await?;
                }
            }
            let until = Instant::now() + ROUND;
            while asked.iter().any(|name| open.contains_key(name)) {
                let Some(message) = next_of(&mut messages, until).await else {
                    break;
                };
                let MavMessage::PARAM_VALUE(data) = message.message.as_ref() else {
                    continue;
                };
                let name = data.param_id.to_str().unwrap_or_default();
                let echoed = decoded(data.param_value, data.param_type, autopilot);
                if open.get(name).is_some_and(|(_, value)| same(echoed, *value)) {
                    open.remove(name);
                }
            }
        }
        Ok(())
    }

    async fn read_groups(
        &self,
        groups: &[Alternatives<'_>],
    ) -> Result<Vec<Option<ParameterValue>>, ParameterError> {
        let mut messages = self.subscribe();
        let mut answers = Answers::new();
        let (mut round, mut lost) = (0, false);
        let mut asked: BTreeMap<&str, u32> = BTreeMap::new();
        loop {
            let patience = if lost { ROUNDS_LOSSY } else { ROUNDS_CLEAN };
            let due: Vec<&str> = open_names(groups, &answers)
                .into_iter()
                .filter(|name| asked.get(name).copied().unwrap_or(0) < patience)
                .take(AT_ONCE)
                .collect();
            if due.is_empty() {
                break;
            }
            for name in &due {
                self.send(&read_message(self.system_id(), name)).await?;
                *asked.entry(name).or_default() += 1;
            }
            let until = Instant::now() + ROUND;
            while due.iter().any(|name| is_open(name, groups, &answers)) {
                let Some(message) = next_of(&mut messages, until).await else {
                    break;
                };
                let Some((name, answer)) = answer_in(&message) else {
                    continue;
                };
                lost |= asked.get(name.as_str()).is_some_and(|times| *times > 1);
                answers.insert(name, answer);
            }
            round += 1;
            tracing::debug!(
                round,
                asked = due.len(),
                answered = answers.len(),
                "parameters read"
            );
        }
        let autopilot = self.telemetry().autopilot;
        let value = |data: &PARAM_VALUE_DATA, name: &str| ParameterValue {
            name: name.to_owned(),
            value: decoded(data.param_value, data.param_type, autopilot),
            kind: data.param_type,
        };
        let found = |group: &Alternatives<'_>| {
            group
                .iter()
                .find_map(|name| answers.get(*name)?.as_ref().map(|data| value(data, name)))
        };
        Ok(groups.iter().map(found).collect())
    }
}

/// Names that are still to be asked for, in the order of the groups.
fn open_names<'a>(groups: &[Alternatives<'a>], answers: &Answers) -> Vec<&'a str> {
    groups
        .iter()
        .filter(|group| !is_answered(group, answers))
        .flat_map(|group| group.iter().copied())
        .filter(|name| !answers.contains_key(*name))
        .collect()
}

fn is_answered(group: &Alternatives<'_>, answers: &Answers) -> bool {
    group
        .iter()
        .any(|name| answers.get(*name).is_some_and(Option::is_some))
}

fn is_open(name: &str, groups: &[Alternatives<'_>], answers: &Answers) -> bool {
    !answers.contains_key(name)
        && groups
            .iter()
            .any(|group| group.contains(&name) && !is_answered(group, answers))
}

fn answer_in(message: &VehicleMessage) -> Option<(String, Option<PARAM_VALUE_DATA>)> {
    match message.message.as_ref() {
        MavMessage::PARAM_VALUE(data) => {
            let name = data.param_id.to_str().ok()?.to_owned();
            Some((name, Some(data.clone())))
        }
        MavMessage::PARAM_ERROR(data) if data.error == MavParamError::MAV_PARAM_ERROR_DOES_NOT_EXIST => {
            let name = data.param_id.to_str().ok()?.to_owned();
            Some((name, None))
        }
        _others => None,
    }
}

/// The autopilot's next message; None when the time is over.
async fn next_of(messages: &mut Receiver<VehicleMessage>, until: Instant) -> Option<VehicleMessage> {
    loop {
        let received = tokio::time::timeout_at(until.into(), messages.recv())
            .await
            .ok()?;
        match received {
            Ok(message) if message.header.component_id == AUTOPILOT_COMPONENT => return Some(message),
            Ok(_other_component) => {}
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
        }
    }
}

fn read_message(system_id: u8, name: &str) -> MavMessage {
    MavMessage::PARAM_REQUEST_READ(PARAM_REQUEST_READ_DATA {
        param_index: -1,
        target_system: system_id,
        target_component: AUTOPILOT_COMPONENT,
        param_id: name.into(),
    })
}
