//! A ground station for unit tests: talks to a vehicle by function calls, in vehicle time, without a socket.

use mavlink::dialects::ardupilotmega::{
    COMMAND_LONG_DATA, HEARTBEAT_DATA, MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MavCmd, MavFrame,
    MavMessage, MavMissionResult, MavResult, MavType,
};

use super::autopilot::{Autopilot, Peer, Said};
use super::body::STEP_S;
use super::faults::VehicleFaults;
use super::options::{Exposure, Profile, VehicleOptions};
use crate::frame::GeoPoint;

pub(super) const HOME: GeoPoint = GeoPoint {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};
pub(super) const START_US: i64 = 1_772_416_800_000_000;
pub(super) const STATION: Peer = Peer {
    system_id: 255,
    component_id: 190,
};

/// A vehicle and everything it said and photographed.
pub(super) struct Ground {
    pub(super) vehicle: Autopilot,
    pub(super) heard: Vec<MavMessage>,
    pub(super) pictures: Vec<Exposure>,
    /// Sends heartbeats while time passes.
    pub(super) beats: bool,
}

pub(super) fn options(profile: Profile, faults: &str) -> VehicleOptions {
    VehicleOptions {
        system_id: 7,
        profile,
        home: HOME,
        home_amsl_m: 25.0,
        seed: 11,
        gcs: ([127, 0, 0, 1], 1).into(),
        speed: 1.0,
        start_unix_us: START_US,
        faults: faults.parse::<VehicleFaults>().unwrap(),
        battery_percent: 95.0,
    }
}

impl Ground {
    pub(super) fn new(profile: Profile, faults: &str) -> Self {
        Self {
            vehicle: Autopilot::new(options(profile, faults)),
            heard: Vec::new(),
            pictures: Vec::new(),
            beats: true,
        }
    }

    /// A vehicle that has been on for ten seconds.
    pub(super) fn ready(profile: Profile, faults: &str) -> Self {
        let mut ground = Self::new(profile, faults);
        ground.pass(10.0);
        ground
    }

    /// Lets vehicle seconds pass.
    pub(super) fn pass(&mut self, seconds: f64) {
        self.pass_until(seconds, |_| false);
    }

    /// Lets time pass until something holds; true if it came to hold.
    pub(super) fn pass_until(&mut self, seconds: f64, holds: impl Fn(&Autopilot) -> bool) -> bool {
        for step in 0..(seconds / STEP_S).round() as u32 {
            if self.beats && step % 50 == 0 {
                self.tell(STATION, &beat());
            }
            self.vehicle.step();
            self.collect();
            if holds(&self.vehicle) {
                return true;
            }
        }
        false
    }

    pub(super) fn tell(&mut self, peer: Peer, message: &MavMessage) {
        self.vehicle.hear(peer, message);
        self.collect();
    }

    fn collect(&mut self) {
        self.pictures.append(&mut self.vehicle.exposures);
        for outgoing in self.vehicle.outbox.drain(..) {
            if let Said::Message(message) = outgoing.said {
                self.heard.push(*message);
            }
        }
    }

    /// Sends a command and returns its acknowledgement.
    pub(super) fn command(&mut self, command: MavCmd, p: &[f32]) -> MavResult {
        let at = |index: usize| p.get(index).copied().unwrap_or(0.0);
        self.heard.clear();
        self.tell(
            STATION,
            &MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
                param1: at(0),
                param2: at(1),
                param3: at(2),
                param4: at(3),
                param5: at(4),
                param6: at(5),
                param7: at(6),
                command,
                target_system: 7,
                target_component: 1,
                confirmation: 0,
            }),
        );
        self.heard
            .iter()
            .find_map(|message| match message {
                MavMessage::COMMAND_ACK(ack) if ack.command == command => Some(ack.result),
                _ => None,
            })
            .unwrap()
    }

    pub(super) fn mode(&mut self, custom_mode: f32) -> MavResult {
        self.command(MavCmd::MAV_CMD_DO_SET_MODE, &[1.0, custom_mode])
    }

    pub(super) fn arm(&mut self) -> MavResult {
        self.command(MavCmd::MAV_CMD_COMPONENT_ARM_DISARM, &[1.0])
    }

    /// Uploads without a loss and returns how it ended.
    pub(super) fn upload(&mut self, items: &[MISSION_ITEM_INT_DATA]) -> MavMissionResult {
        self.heard.clear();
        self.tell(STATION, &count(items.len() as u16));
        for _ in 0..2 * items.len() + 2 {
            match self.heard.pop() {
                Some(MavMessage::MISSION_ACK(ack)) => return ack.mavtype,
                Some(MavMessage::MISSION_REQUEST(request)) => self.send_item(items, request.seq),
                Some(MavMessage::MISSION_REQUEST_INT(request)) => self.send_item(items, request.seq),
                _ => {}
            }
        }
        panic!("the upload did not end");
    }

    pub(super) fn send_item(&mut self, items: &[MISSION_ITEM_INT_DATA], seq: u16) {
        let mut item = items[usize::from(seq)].clone();
        item.seq = seq;
        self.tell(STATION, &MavMessage::MISSION_ITEM_INT(item));
    }

    /// Arms and starts the mission as each autopilot wants it.
    pub(super) fn start(&mut self) {
        match self.vehicle.options.profile {
            Profile::ArduCopter => {
                assert_eq!(self.mode(4.0), MavResult::MAV_RESULT_ACCEPTED);
                assert_eq!(self.arm(), MavResult::MAV_RESULT_ACCEPTED);
                let started = self.command(MavCmd::MAV_CMD_MISSION_START, &[]);
                assert_eq!(started, MavResult::MAV_RESULT_ACCEPTED);
            }
            Profile::Px4 => {
                let mode = self.command(MavCmd::MAV_CMD_DO_SET_MODE, &[1.0, 4.0, 4.0]);
                assert_eq!(mode, MavResult::MAV_RESULT_ACCEPTED);
                assert_eq!(self.arm(), MavResult::MAV_RESULT_ACCEPTED);
            }
        }
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.heard
            .iter()
            .filter_map(|message| match message {
                MavMessage::STATUSTEXT(text) => Some(text.text.to_str().unwrap().to_owned()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn said(&self, text: &str) -> bool {
        self.texts().iter().any(|line| line.contains(text))
    }
}

pub(super) fn beat() -> MavMessage {
    MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        mavtype: MavType::MAV_TYPE_GCS,
        ..HEARTBEAT_DATA::default()
    })
}

pub(super) fn count(count: u16) -> MavMessage {
    MavMessage::MISSION_COUNT(MISSION_COUNT_DATA {
        count,
        target_system: 7,
        target_component: 1,
        ..MISSION_COUNT_DATA::default()
    })
}

/// An item in metres from home; commands that lead nowhere ignore the place.
pub(super) fn item(
    command: MavCmd,
    params: [f32; 4],
    north_m: f64,
    east_m: f64,
    up_m: f32,
) -> MISSION_ITEM_INT_DATA {
    let metre = 1.0 / 110_900.0;
    let placed = north_m != 0.0 || east_m != 0.0;
    MISSION_ITEM_INT_DATA {
        param1: params[0],
        param2: params[1],
        param3: params[2],
        param4: params[3],
        x: if placed {
            ((31.2 + north_m * metre) * 1e7) as i32
        } else {
            0
        },
        y: if placed {
            ((121.6 + east_m * metre * 1.168) * 1e7) as i32
        } else {
            0
        },
        z: up_m,
        command,
        frame: MavFrame::MAV_FRAME_GLOBAL_RELATIVE_ALT_INT,
        target_system: 7,
        target_component: 1,
        autocontinue: 1,
        ..MISSION_ITEM_INT_DATA::default()
    }
}

pub(super) fn waypoint(north_m: f64, east_m: f64, up_m: f32) -> MISSION_ITEM_INT_DATA {
    item(MavCmd::MAV_CMD_NAV_WAYPOINT, [0.0; 4], north_m, east_m, up_m)
}

/// Take-off to 40 m, two legs of 100 m with a picture every 20 m, home. With home at 0 for ArduCopter.
pub(super) fn survey(profile: Profile) -> Vec<MISSION_ITEM_INT_DATA> {
    let mut items = vec![
        item(MavCmd::MAV_CMD_NAV_TAKEOFF, [0.0; 4], 0.0, 0.0, 40.0),
        item(
            MavCmd::MAV_CMD_DO_CHANGE_SPEED,
            [1.0, 8.0, -1.0, 0.0],
            0.0,
            0.0,
            0.0,
        ),
        waypoint(20.0, 20.0, 40.0),
        item(
            MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST,
            [20.0, 0.0, 1.0, 0.0],
            0.0,
            0.0,
            0.0,
        ),
        waypoint(20.0, 120.0, 40.0),
        waypoint(120.0, 120.0, 40.0),
        item(MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST, [0.0; 4], 0.0, 0.0, 0.0),
        item(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, [0.0; 4], 0.0, 0.0, 0.0),
    ];
    if profile == Profile::ArduCopter {
        items.insert(0, waypoint(1.0, 1.0, 0.0));
    }
    items
}
