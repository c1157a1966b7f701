//! Commands and their answers. An answer names only the command's number, so one command of a kind runs at a time;
//! what starts motors is never sent twice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{COMMAND_ACK_DATA, COMMAND_LONG_DATA, MavCmd, MavMessage, MavResult};
use thiserror::Error;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::vehicle::{SendError, Turn, Vehicle, VehicleMessage};

const AUTOPILOT_COMPONENT: u8 = 1;
/// A command in progress may be silent for so long.
const PROGRESS_PATIENCE: Duration = Duration::from_secs(5);
/// A command in progress is given up after so long.
const LONGEST_PROGRESS: Duration = Duration::from_secs(120);

/// What the vehicle is told to do.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRequest {
    /// Which command.
    pub command: MavCmd,
    /// Its seven parameters; NaN or 0 for those that do not matter, as the command's definition says.
    pub params: [f32; 7],
    /// How long to wait for the answer to one sending.
    pub timeout: Duration,
    /// How often it is sent again when no answer comes. Commands that start motors are never sent again,
    /// whatever stands here.
    pub retries: u8,
}

impl CommandRequest {
    /// 1.5 seconds for the answer, 4 repeats.
    #[must_use]
    pub fn new(command: MavCmd, params: [f32; 7]) -> Self {
        Self {
            command,
            params,
            timeout: Duration::from_millis(1500),
            retries: 4,
        }
    }

    /// Whether the command starts motors or a flight: it may have been carried out although its answer was lost, and
    /// a second one might come when nobody expects it any more.
    #[must_use]
    pub fn is_once_only(&self) -> bool {
        match self.command {
            MavCmd::MAV_CMD_COMPONENT_ARM_DISARM => self.params[0] != 0.0,
            MavCmd::MAV_CMD_NAV_TAKEOFF
            | MavCmd::MAV_CMD_NAV_TAKEOFF_LOCAL
            | MavCmd::MAV_CMD_NAV_VTOL_TAKEOFF
            | MavCmd::MAV_CMD_MISSION_START
            | MavCmd::MAV_CMD_DO_MOTOR_TEST
            | MavCmd::MAV_CMD_PREFLIGHT_REBOOT_SHUTDOWN
            | MavCmd::MAV_CMD_DO_FLIGHTTERMINATION => true,
            _ => false,
        }
    }
}

/// Why a command did not come to a good end.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The vehicle said no.
    #[error("vehicle {system_id} refused {command:?} ({result:?}){}", said(.reason))]
    Refused {
        /// The vehicle.
        system_id: u8,
        /// The command.
        command: MavCmd,
        /// Its answer.
        result: MavResult,
        /// What it said in words meanwhile.
        reason: Option<String>,
    },
    /// No answer came. The command may have been carried out all the same.
    #[error(
        "vehicle {system_id} did not answer {command:?} (sent {sent} times); it may have been carried out, look at what the vehicle does"
    )]
    NoAnswer {
        /// The vehicle.
        system_id: u8,
        /// The command.
        command: MavCmd,
        /// How often it was sent.
        sent: u8,
    },
    /// The vehicle began and did not come to an end.
    #[error("vehicle {system_id} began {command:?} and did not report its end")]
    NotFinished {
        /// The vehicle.
        system_id: u8,
        /// The command.
        command: MavCmd,
    },
    /// The same command is still running for somebody else.
    #[error("{command:?} is still running on vehicle {system_id}; wait for its end")]
    Busy {
        /// The vehicle.
        system_id: u8,
        /// The command.
        command: MavCmd,
    },
    /// Two vehicles share one number, so that the command could reach either.
    #[error("two vehicles use the number {system_id} ({}): no command is sent before one of them is renumbered", list(.addresses))]
    TwoVehicles {
        /// The number.
        system_id: u8,
        /// Where they are heard from.
        addresses: Vec<SocketAddr>,
    },
    /// It could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
}

impl Vehicle {
    /// Tells the vehicle to do something and waits for its answer. [`MavResult::MAV_RESULT_ACCEPTED`] means only that
    /// it agreed: whether it does so is seen in its telemetry.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn command(&self, request: CommandRequest) -> Result<MavResult, CommandError> {
        let (system_id, command) = (self.system_id(), request.command);
        let lock = self.turn(Turn::Command(command as u32));
        let Ok(_turn) = tokio::time::timeout(request.timeout, lock.lock()).await else {
            return Err(CommandError::Busy { system_id, command });
        };
        let mut messages = self.subscribe();
        let retries = if request.is_once_only() {
            0
        } else {
            request.retries
        };
        let started = Instant::now();
        for confirmation in 0..=retries {
            let addresses = self.conflict_addresses();
            if !addresses.is_empty() {
                return Err(CommandError::TwoVehicles { system_id, addresses });
            }
            self.send(&as_message(&request, system_id, confirmation)).await?;
            let Some(answer) = self
                .answer(&mut messages, command, Instant::now() + request.timeout)
                .await
            else {
                continue;
            };
            let result = match answer.result {
                MavResult::MAV_RESULT_IN_PROGRESS => self.until_finished(&mut messages, &request).await?,
                result => result,
            };
            return self.judge(command, result, started).await;
        }
        Err(CommandError::NoAnswer {
            system_id,
            command,
            sent: retries.saturating_add(1),
        })
    }

    async fn until_finished(
        &self,
        messages: &mut broadcast::Receiver<VehicleMessage>,
        request: &CommandRequest,
    ) -> Result<MavResult, CommandError> {
        let give_up = Instant::now() + LONGEST_PROGRESS;
        let patience = request.timeout.max(PROGRESS_PATIENCE);
        while Instant::now() < give_up {
            match self
                .answer(messages, request.command, Instant::now() + patience)
                .await
            {
                Some(answer) if answer.result == MavResult::MAV_RESULT_IN_PROGRESS => {}
                Some(answer) => return Ok(answer.result),
                None => break,
            }
        }
        Err(CommandError::NotFinished {
            system_id: self.system_id(),
            command: request.command,
        })
    }

    async fn answer(
        &self,
        messages: &mut broadcast::Receiver<VehicleMessage>,
        command: MavCmd,
        until: Instant,
    ) -> Option<COMMAND_ACK_DATA> {
        loop {
            let message = match tokio::time::timeout_at(until.into(), messages.recv()).await {
                Err(_elapsed) => return None,
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(_))) => continue,
                Ok(Ok(message)) => message,
            };
            let MavMessage::COMMAND_ACK(data) = message.message.as_ref() else {
                continue;
            };
            // Gimbals and cameras behind the same number obey, and answer, the same commands.
            if message.header.component_id != AUTOPILOT_COMPONENT {
                continue;
            }
            let (system, component) = self.own();
            // 0 is "everybody", and what vehicles send that do not know this field.
            let ours =
                [0, system].contains(&data.target_system) && [0, component].contains(&data.target_component);
            if data.command == command && ours {
                return Some(data.clone());
            }
        }
    }

    async fn judge(
        &self,
        command: MavCmd,
        result: MavResult,
        started: Instant,
    ) -> Result<MavResult, CommandError> {
        if result == MavResult::MAV_RESULT_ACCEPTED {
            return Ok(result);
        }
        let reason = self.complaints_since(started).await;
        Err(CommandError::Refused {
            system_id: self.system_id(),
            command,
            result,
            reason,
        })
    }
}

fn as_message(request: &CommandRequest, system_id: u8, confirmation: u8) -> MavMessage {
    let [param1, param2, param3, param4, param5, param6, param7] = request.params;
    MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
        param1,
        param2,
        param3,
        param4,
        param5,
        param6,
        param7,
        command: request.command,
        target_system: system_id,
        target_component: AUTOPILOT_COMPONENT,
        confirmation,
    })
}

fn said(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default()
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses
        .iter()
        .map(SocketAddr::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
