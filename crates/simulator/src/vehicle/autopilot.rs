//! The whole state of one vehicle without socket or wall clock: it hears messages, advances by fixed steps and leaves
//! what it says and photographs in queues. Everything else here adds to it.

use std::collections::VecDeque;

use mavlink::dialects::ardupilotmega::{
    CAMERA_FEEDBACK_DATA, MavMessage, MavResult, MavSeverity, STATUSTEXT_DATA,
};

use super::areas::Areas;
use super::battery::Battery;
use super::body::Body;
use super::camera::Camera;
use super::clock::VehicleClock;
use super::fence::FenceWatch;
use super::guidance::Task;
use super::local::{LocalFrame, Neu, distance_m};
use super::mischief::Mischief;
use super::mission::Mission;
use super::options::{DockSide, Exposure, Profile, VehicleOptions, VehicleStatus};
use super::parameters::Parameters;
use super::profile::Mode;
use super::streams::Streams;
use super::transfer::Upload;
use super::wind::{PositionNoise, Wind};

/// What a frame on its way out says.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// A message of the dialect.
    Message(Box<MavMessage>),
    /// A COMMAND_ACK for a number that the dialect has no command for.
    Acknowledgement {
        peer: Peer,
        number: u16,
        result: MavResult,
    },
}

/// A frame on its way out.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) said: Said,
    /// An answer, which the fault `late` holds back; streams are never late.
    pub(super) is_answer: bool,
}

/// Who is talking to the vehicle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) system_id: u32,
    pub(super) component_id: u8,
}

impl Peer {
    /// The system id as the 8-bit target fields carry it; 0 (everyone) for the long ids of newer stations.
    pub(super) fn target_system(&self) -> u8 {
        u8::try_from(self.system_id).unwrap_or(0)
    }
}

/// The mission as it is being flown.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Number of the item being flown.
    pub(super) current: u16,
    /// The item has been started.
    pub(super) is_running: bool,
    /// All items are done.
    pub(super) is_complete: bool,
    /// Commands between the last item and this one that have not run yet.
    pub(super) pending: VecDeque<u16>,
    /// Where the line to the next place begins.
    pub(super) leg_start: Option<Neu>,
    /// What the first pending command waits for.
    pub(super) waiting: Option<Condition>,
    /// Jumps left per DO_JUMP item; negative for ever.
    pub(super) jumps: Vec<(u16, i32)>,
}

/// A CONDITION_* command being waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Condition {
    /// Steps left.
    Delay(u32),
    /// Metres from the next waypoint.
    Distance(f64),
    /// The nose points there.
    Yaw,
}

/// Failsafe state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failsafe {
    /// Boot step of the last heartbeat of the configured ground station.
    pub(super) gcs_seen: Option<u64>,
    pub(super) gcs_lost: bool,
    pub(super) battery_low: bool,
    pub(super) battery_critical: bool,
}

/// One vehicle.
#[derive(Debug)]
pub(super) struct Autopilot {
    pub(super) options: VehicleOptions,
    pub(super) frame: LocalFrame,
    pub(super) clock: VehicleClock,
    pub(super) body: Body,
    pub(super) battery: Battery,
    pub(super) wind: Wind,
    pub(super) noise: PositionNoise,
    pub(super) camera: Camera,
    pub(super) parameters: Parameters,
    pub(super) mission: Mission,
    pub(super) progress: Progress,
    pub(super) upload: Option<Upload>,
    /// Fence and rally points.
    pub(super) areas: Areas,
    pub(super) streams: Streams,
    pub(super) failsafe: Failsafe,
    pub(super) fence: FenceWatch,
    pub(super) dock: DockSide,
    pub(super) mode: Mode,
    pub(super) armed: bool,
    pub(super) on_ground: bool,
    /// The motors stopped in the air.
    pub(super) falling: bool,
    /// It has left the ground since it was armed.
    pub(super) flown: bool,
    /// Steps spent armed on the ground.
    pub(super) idle_steps: u32,
    /// What to do, first things first.
    pub(super) plan: VecDeque<Task>,
    /// What it was doing when its mission was held up (ArduCopter stays in AUTO meanwhile).
    pub(super) held_plan: Option<VecDeque<Task>>,
    /// Home, north, east and up of the dock.
    pub(super) home: Neu,
    /// Speed on legs, m/s.
    pub(super) cruise_ms: f64,
    /// Where the nose should point, if something says so.
    pub(super) wanted_yaw_rad: Option<f64>,
    /// The link is gone until this boot step (after a restart).
    pub(super) mute_until: u64,
    /// The restart of the fault `reboot_at` has happened.
    pub(super) rebooted: bool,
    /// Leave to arm counts until this boot step.
    pub(super) authorised_until: u64,
    pub(super) said_using_gps: bool,
    pub(super) lost_final_ack: bool,
    /// What the faults of the protocols have done so far.
    pub(super) mischief: Mischief,
    pub(super) captured: Vec<MavMessage>,
    /// The last CAMERA_FEEDBACK, which is repeated when asked for.
    pub(super) last_feedback: Option<CAMERA_FEEDBACK_DATA>,
    /// Exposures that the feedback pin has counted.
    pub(super) pin_count: u16,
    pub(super) outbox: Vec<Outgoing>,
    pub(super) exposures: Vec<Exposure>,
}

/// Vehicle seconds from boot to the first healthy PREARM bit.
const PREARM_HEALTHY_S: f64 = 1.0;
/// Vehicle seconds from boot to a position estimate, unless a fault makes it later.
const POSITION_AFTER_S: f64 = 4.0;

impl Autopilot {
    /// A vehicle just switched on, standing at its dock.
    pub(super) fn new(options: VehicleOptions) -> Self {
        let percent = options
            .faults
            .low_battery_percent
            .unwrap_or(options.battery_percent);
        let mut parameters = Parameters::new(options.profile, options.system_id);
        if options.faults.new_parameter_names {
            parameters = parameters.renamed();
        }
        Self {
            frame: LocalFrame::about(options.home, options.home_amsl_m),
            clock: VehicleClock::new(options.start_unix_us),
            body: Body::default(),
            battery: Battery::charged(percent),
            wind: Wind::new(options.seed, 0),
            noise: PositionNoise::new(options.seed, 0),
            camera: Camera::default(),
            cruise_ms: parameters.cruise_ms(),
            parameters,
            mission: Mission::new(options.profile),
            progress: Progress::default(),
            upload: None,
            areas: Areas::default(),
            streams: Streams::new(options.profile, options.speed),
            failsafe: Failsafe::default(),
            fence: FenceWatch::default(),
            dock: DockSide::default(),
            mode: first_mode(options.profile),
            armed: false,
            on_ground: true,
            falling: false,
            flown: false,
            idle_steps: 0,
            plan: VecDeque::new(),
            held_plan: None,
            home: [0.0; 3],
            wanted_yaw_rad: None,
            mute_until: 0,
            rebooted: false,
            authorised_until: 0,
            said_using_gps: false,
            lost_final_ack: false,
            mischief: Mischief::default(),
            captured: Vec::new(),
            last_feedback: None,
            pin_count: 0,
            outbox: Vec::new(),
            exposures: Vec::new(),
            options,
        }
    }

    /// The estimator has a position.
    pub(super) fn knows_position(&self) -> bool {
        let faults = &self.options.faults;
        let after_s = faults.late_gps_s.or(faults.flight.prearm_lies_s);
        self.clock.boot_s() >= after_s.unwrap_or(POSITION_AFTER_S)
    }

    /// The PREARM bit of SYS_STATUS; ArduCopter sets it before the estimator uses GPS.
    pub(super) fn prearm_is_healthy(&self) -> bool {
        self.options.faults.flight.prearm_lies_s.is_some()
            || self.clock.boot_s() >= PREARM_HEALTHY_S
                && (self.options.profile == Profile::ArduCopter || self.knows_position())
    }

    /// Where the vehicle believes to be: north, east and up of the dock.
    pub(super) fn believed_m(&self) -> Neu {
        let t = self.clock.flight_s();
        let noise = self.noise.at(t);
        let jump = match self.options.faults.gps_jump_m {
            Some(metres) if self.clock.flight_number() > 0 && t >= 40.0 => metres,
            _ => 0.0,
        };
        let [n, e, u] = self.body.position_m;
        [n + noise[0], e + noise[1] + jump, u + noise[2]]
    }

    /// Says a line, at most 50 bytes of it.
    pub(super) fn say(&mut self, severity: MavSeverity, text: &str) {
        let message = MavMessage::STATUSTEXT(STATUSTEXT_DATA {
            severity,
            text: text.into(),
            id: 0,
            chunk_seq: 0,
        });
        self.send(message);
    }

    /// Sends something of its own accord.
    pub(super) fn send(&mut self, message: MavMessage) {
        self.outbox.push(Outgoing {
            said: Said::Message(Box::new(message)),
            is_answer: false,
        });
    }

    /// Answers somebody.
    pub(super) fn answer(&mut self, message: MavMessage) {
        for message in self.twisted(message) {
            self.outbox.push(Outgoing {
                said: Said::Message(Box::new(message)),
                is_answer: true,
            });
        }
    }

    /// Answers a command by a number that the dialect may not know.
    pub(super) fn acknowledge_number(&mut self, peer: Peer, number: u16, result: MavResult) {
        self.outbox.push(Outgoing {
            said: Said::Acknowledgement { peer, number, result },
            is_answer: true,
        });
    }

    /// The radio works at this moment.
    pub(super) fn is_audible(&self) -> bool {
        let lost = self
            .options
            .faults
            .lost_link_at_s
            .is_some_and(|at| self.clock.flight_number() > 0 && self.clock.flight_s() >= at);
        !self.options.faults.silent && !lost && self.clock.boot_steps() >= self.mute_until
    }

    /// What the dock can see.
    pub(super) fn status(&self) -> VehicleStatus {
        let [north, east, up] = self.body.position_m;
        let place = self.frame.degrees(north, east);
        VehicleStatus {
            armed: self.armed,
            on_ground: self.on_ground,
            at_home: self.on_ground && distance_m(&self.body.position_m, &[0.0; 3]) < 1.0,
            battery_percent: self.battery.percent(),
            latitude_deg: place.latitude_deg,
            longitude_deg: place.longitude_deg,
            height_above_home_m: up,
            flight_number: self.clock.flight_number(),
        }
    }
}

/// The mode after boot.
pub(super) fn first_mode(profile: Profile) -> Mode {
    match profile {
        Profile::ArduCopter => Mode::Stabilize,
        Profile::Px4 => Mode::Loiter,
    }
}
