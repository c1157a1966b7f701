//! What a dock decides: commands in, replies and progress out. No network and no clock of its own.

use crate::dock::faults::DockFaults;
use crate::dock::lid::{Lid, LidMoment};
use crate::dock::memory::Memory;
use crate::dock::message::{Command, Method, Outgoing, Progress, ProgressStatus, Reply, Unreadable};
use crate::dock::status::{Charge, ChargeState, Mode};

/// Within this distance of an airborne vehicle the lid does not close, metres.
const LID_GUARD_M: f64 = 30.0;
/// A battery counts as full from here, percent.
const FULL_PERCENT: f64 = 99.5;
/// Progress is told in steps of this many percent.
const PROGRESS_STEP: u8 = 25;

/// What a dock sees of its vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VehicleSeen {
    /// Stands in the dock.
    pub present: bool,
    /// Motors armed.
    pub armed: bool,
    /// In the air.
    pub airborne: bool,
    /// From the dock, metres.
    pub distance_m: f64,
    /// Charge of its battery.
    pub battery_percent: f64,
}

/// When something happens, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// City time, microseconds since 1970 UTC.
    pub city_us: i64,
    /// Wall time, milliseconds since 1970 UTC.
    pub wall_ms: i64,
}

/// The sortie under which the vehicle's photos go, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The sortie.
    pub sortie_id: String,
    /// `http://host:port/path` of the photo door.
    pub photo_door_url: String,
}

/// One dock's insides.
#[derive(Debug)]
pub struct Dock {
    system_id: u8,
    emergency_stop: bool,
    mute: bool,
    jams_on_return: bool,
    lid: Lid,
    moving_for: Option<(String, Method)>,
    told_percent: u8,
    charging_wanted: bool,
    vehicle: VehicleSeen,
    assignment: Option<Assignment>,
    memory: Memory,
}

type Refusal = (&'static str, String);

impl Dock {
    /// A closed dock whose charger is on, with the vehicle as seen.
    pub fn new(system_id: u8, faults: &DockFaults, vehicle: VehicleSeen) -> Self {
        Self {
            system_id,
            emergency_stop: faults.emergency_stop,
            mute: faults.mute,
            jams_on_return: faults.lid_stuck_on_return,
            lid: Lid::closed(faults),
            moving_for: None,
            told_percent: 0,
            charging_wanted: true,
            vehicle,
            assignment: None,
            memory: Memory::default(),
        }
    }

    /// Takes a command (or bytes that are none) and says what to send. `stale` when the message outlived its MQTT
    /// expiry on the way.
    pub fn hear(&mut self, heard: &Result<Command, Unreadable>, stale: bool, at: Moment) -> Vec<Outgoing> {
        if self.mute {
            return Vec::new();
        }
        let said = match heard {
            Ok(command) => match self.memory.recall(&command.id) {
                Some(said) => return said,
                None => self.obey(command, stale, at),
            },
            Err(unreadable) => match &unreadable.id {
                None => return Vec::new(),
                Some(id) => match self.memory.recall(id) {
                    Some(said) => return said,
                    None => vec![Outgoing::Reply(Reply::refused(
                        id,
                        unreadable.code,
                        &unreadable.text,
                    ))],
                },
            },
        };
        self.memory.keep(&said, at.wall_ms);
        said
    }

    /// Lets the lid run until now (city time, microseconds) and says what to send.
    pub fn advance(&mut self, city_us: i64) -> Vec<Outgoing> {
        let moment = self.lid.advance(city_us);
        let Some((id, method)) = self.moving_for.clone() else {
            return Vec::new();
        };
        let progress = match moment {
            LidMoment::Resting => return Vec::new(),
            LidMoment::Moving(percent) => {
                let step = percent / PROGRESS_STEP * PROGRESS_STEP;
                if step <= self.told_percent {
                    return Vec::new();
                }
                self.told_percent = step;
                Progress::new(&id, method, ProgressStatus::InProgress, step, "lid_moving")
            }
            LidMoment::Arrived => Progress::new(&id, method, ProgressStatus::Done, 100, "lid_arrived"),
            LidMoment::Failed(percent, step) => {
                Progress::new(&id, method, ProgressStatus::Failed, percent, step)
            }
        };
        if progress.status != ProgressStatus::InProgress {
            self.moving_for = None;
        }
        self.memory.keep_progress(&progress);
        vec![Outgoing::Progress(progress)]
    }

    /// Takes note of the vehicle.
    pub fn see(&mut self, vehicle: VehicleSeen) {
        self.vehicle = vehicle;
    }

    /// What it sees of the vehicle.
    pub fn vehicle(&self) -> VehicleSeen {
        self.vehicle
    }

    /// The lid.
    pub fn lid(&self) -> &Lid {
        &self.lid
    }

    /// The sortie it has.
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// Whether the emergency stop is pressed.
    pub fn emergency_stop(&self) -> bool {
        self.emergency_stop
    }

    /// What it is doing.
    pub fn mode(&self) -> Mode {
        if self.lid.is_moving() || self.assignment.is_some() {
            Mode::Busy
        } else {
            Mode::Idle
        }
    }

    /// Whether current flows into the vehicle.
    pub fn is_charging(&self) -> bool {
        self.charge().state == ChargeState::Charging
    }

    /// The charger.
    pub fn charge(&self) -> Charge {
        let contact = self.vehicle.present && !self.vehicle.armed && !self.emergency_stop;
        let percent = self.vehicle.battery_percent;
        let state = match contact && self.charging_wanted {
            false => ChargeState::Idle,
            true if percent >= FULL_PERCENT => ChargeState::Full,
            true => ChargeState::Charging,
        };
        Charge {
            state,
            percent: self.vehicle.present.then_some((percent * 10.0).round() / 10.0),
        }
    }

    fn obey(&mut self, command: &Command, stale: bool, at: Moment) -> Vec<Outgoing> {
        let refuse = |(code, text): Refusal| vec![Outgoing::Reply(Reply::refused(&command.id, code, &text))];
        if stale || at.wall_ms >= command.deadline_ms {
            return refuse(("expired", "the command came after its deadline".to_owned()));
        }
        if command.system_id.is_some_and(|id| id != self.system_id) {
            let text = format!("this dock's vehicle has system id {}", self.system_id);
            return refuse(("wrong_vehicle", text));
        }
        match self.try_obey(command, at) {
            Err(refusal) => refuse(refusal),
            Ok(more) => {
                let mut said = vec![Outgoing::Reply(Reply::accepted(&command.id))];
                said.extend(more.into_iter().map(Outgoing::Progress));
                said
            }
        }
    }

    fn try_obey(&mut self, command: &Command, at: Moment) -> Result<Vec<Progress>, Refusal> {
        match command.method {
            Method::OpenLid => return self.drive_lid(command, true, at),
            Method::CloseLid => return self.drive_lid(command, false, at),
            Method::Abort => return Ok(self.abort(command)),
            Method::StartCharging => self.start_charging()?,
            Method::StopCharging => self.charging_wanted = false,
            Method::AssignSortie => self.assign(command)?,
            Method::ReleaseSortie => self.release(command)?,
        }
        Ok(vec![done(command)])
    }

    fn drive_lid(&mut self, command: &Command, opening: bool, at: Moment) -> Result<Vec<Progress>, Refusal> {
        self.refuse_when_stopped()?;
        if self.lid.is_moving() {
            return Err(("busy", "the lid is moving".to_owned()));
        }
        let vehicle = self.vehicle;
        if !opening && vehicle.airborne && vehicle.distance_m < LID_GUARD_M {
            let text = format!("the vehicle is in the air {:.0} m away", vehicle.distance_m);
            return Err(("vehicle_near", text));
        }
        if opening && self.jams_on_return && vehicle.airborne {
            self.lid.jam();
        }
        if !self.lid.drive(opening, at.city_us) {
            return Ok(vec![done(command)]);
        }
        self.moving_for = Some((command.id.clone(), command.method));
        self.told_percent = 0;
        Ok(vec![Progress::new(
            &command.id,
            command.method,
            ProgressStatus::InProgress,
            0,
            "lid_moving",
        )])
    }

    /// Stops the lid; the command that moved it fails, this one is done.
    fn abort(&mut self, command: &Command) -> Vec<Progress> {
        self.lid.halt();
        let mut said = Vec::new();
        if let Some((id, method)) = self.moving_for.take() {
            let aborted = Progress::new(&id, method, ProgressStatus::Failed, self.told_percent, "aborted");
            self.memory.keep_progress(&aborted);
            said.push(aborted);
        }
        said.push(done(command));
        said
    }

    fn start_charging(&mut self) -> Result<(), Refusal> {
        self.refuse_when_stopped()?;
        if !self.vehicle.present {
            return Err(("vehicle_absent", "there is no vehicle in the dock".to_owned()));
        }
        self.charging_wanted = true;
        Ok(())
    }

    fn assign(&mut self, command: &Command) -> Result<(), Refusal> {
        let bad = |text: &str| ("bad_command", text.to_owned());
        let sortie_id = command
            .sortie_id
            .clone()
            .ok_or_else(|| bad("assign_sortie needs a sortie_id"))?;
        let url = command.args.get("photo_door_url").and_then(|v| v.as_str());
        let photo_door_url = url
            .filter(|url| url.starts_with("http://") && url.len() > "http://".len())
            .ok_or_else(|| bad("assign_sortie needs args.photo_door_url, an http:// address"))?
            .to_owned();
        let other = self.assignment.as_ref().filter(|a| a.sortie_id != sortie_id);
        if let (Some(other), true) = (other, self.vehicle.airborne) {
            let text = format!("the vehicle is flying sortie {}", other.sortie_id);
            return Err(("busy", text));
        }
        self.assignment = Some(Assignment {
            sortie_id,
            photo_door_url,
        });
        Ok(())
    }

    fn release(&mut self, command: &Command) -> Result<(), Refusal> {
        let other = self
            .assignment
            .as_ref()
            .filter(|a| command.sortie_id.as_ref().is_some_and(|id| *id != a.sortie_id));
        if let Some(other) = other {
            let text = format!("this dock has sortie {}", other.sortie_id);
            return Err(("wrong_sortie", text));
        }
        self.assignment = None;
        Ok(())
    }

    fn refuse_when_stopped(&self) -> Result<(), Refusal> {
        match self.emergency_stop {
            true => Err(("emergency_stop", "the emergency stop is pressed".to_owned())),
            false => Ok(()),
        }
    }
}

fn done(command: &Command) -> Progress {
    Progress::new(&command.id, command.method, ProgressStatus::Done, 100, "done")
}

#[cfg(test)]
mod tests;
