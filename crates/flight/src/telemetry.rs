//! What is known of a vehicle at this moment, folded from its messages. No socket, no clock: the caller says when
//! a message came.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mavlink::MavHeader;
use mavlink::dialects::ardupilotmega::{
    EkfStatusFlags, EstimatorStatusFlags, GpsFixType, HEARTBEAT_DATA, MavAutopilot, MavLandedState,
    MavMessage, MavModeFlag, MavProtocolCapability, MavState, MavSysStatusSensor, MavType, MissionState,
    SYS_STATUS_DATA,
};
use survey::geodesy::Wgs84;
use survey::time::UtcMicros;

mod boot_clock;
mod event;
mod health;
mod mode;
mod status_text;
#[cfg(test)]
mod tests;

pub(crate) use health::GEOFENCE;
pub use health::{GROUND_STATION_PARAMETERS, Health, NewsAges};
pub use mode::mode_name;
pub use status_text::StatusText;

use boot_clock::BootClock;
use event::event_text;
use health::HealthFold;
use status_text::TextAssembly;

/// The component that flies; the only one whose HEARTBEAT says whether the vehicle is armed.
const AUTOPILOT_COMPONENT: u8 = 1;
/// Status texts that are kept.
const KEPT_TEXTS: usize = 20;
/// Earliest time that a clock which was set can show: 2020-01-01.
const FIRST_UTC_MICROS: u64 = 1_577_836_800_000_000;

/// Whose firmware flies the vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Autopilot {
    /// No heartbeat yet.
    #[default]
    Unknown,
    /// ArduPilot.
    ArduPilot,
    /// PX4.
    Px4,
    /// Another one.
    Other,
}

/// Where the vehicle is between ground and air, by its own word (EXTENDED_SYS_STATE).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// Stands.
    OnGround,
    /// Leaves the ground.
    TakingOff,
    /// Flies.
    InAir,
    /// Comes down.
    Landing,
}

/// A picture of the vehicle at one moment. None means "never said", not "no".
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    /// Whether its autopilot ever sent a heartbeat.
    pub heard: bool,
    /// Time since the autopilot's last message of any kind; `Duration::MAX` before the first.
    pub last_heard_age: Duration,
    /// Time since the autopilot's last heartbeat; `Duration::MAX` before the first.
    pub last_heartbeat_age: Duration,
    /// Whose firmware it is.
    pub autopilot: Autopilot,
    /// What its firmware says it can do (AUTOPILOT_VERSION).
    pub capabilities: Option<MavProtocolCapability>,
    /// Raw mode number.
    pub custom_mode: u32,
    /// The mode as its firmware calls it (`AUTO`, `MISSION`); empty before the first heartbeat.
    pub mode_name: String,
    /// Motors may turn.
    pub armed: bool,
    /// MAV_STATE: standby, active, critical …
    pub system_status: Option<MavState>,
    /// Ground or air.
    pub landed: Option<Landed>,
    /// The estimated position.
    pub position: Option<Wgs84>,
    /// Time since that position came; `Duration::MAX` before the first.
    pub position_age: Duration,
    /// Height above sea level, m.
    pub altitude_amsl_m: Option<f64>,
    /// Height above home, m.
    pub height_above_home_m: Option<f64>,
    /// Where the nose points, degrees clockwise from north.
    pub heading_deg: Option<f64>,
    /// Speed over ground, m/s.
    pub ground_speed_ms: Option<f64>,
    /// Climb, m/s, up positive.
    pub climb_ms: Option<f64>,
    /// Roll, rad, right wing down positive.
    pub roll_rad: Option<f64>,
    /// Pitch, rad, nose up positive.
    pub pitch_rad: Option<f64>,
    /// What is left in the battery, percent.
    pub battery_percent: Option<f64>,
    /// Battery, V.
    pub voltage: Option<f64>,
    /// Home and its height above sea level, m.
    pub home: Option<(Wgs84, f64)>,
    /// Kind of satellite fix.
    pub gps_fix: Option<GpsFixType>,
    /// Satellites in view.
    pub satellites: Option<u8>,
    /// Whether the estimator uses an absolute position, without which arming is refused.
    pub position_estimate_in_use: Option<bool>,
    /// The vehicle's own checks before arming. On ArduPilot this turns true many seconds before a position is in use.
    pub prearm_ok: Option<bool>,
    /// What it says of its sensors and its battery.
    pub health: Health,
    /// How old the news behind this picture are.
    pub ages: NewsAges,
    /// Item being flown, as the vehicle counts (ArduPilot: 0 is home, 1 the first item).
    pub mission_current: Option<u16>,
    /// Number of items, as the vehicle counts; None when it does not say.
    pub mission_total: Option<u16>,
    /// Last item reached since it was armed, as the vehicle counts.
    pub mission_reached: Option<u16>,
    /// Whether the vehicle holds up its mission (MISSION_CURRENT.mission_state); None while it says nothing of it.
    pub mission_paused: Option<bool>,
    /// Wind as the vehicle estimates it, m/s.
    pub wind_ms: Option<f64>,
    /// Time since the vehicle's start, ms.
    pub boot_ms: Option<u32>,
    /// The vehicle's own clock, once it was set.
    pub clock_utc: Option<UtcMicros>,
    /// What the vehicle said in words, oldest first, at most 20.
    pub status_texts: VecDeque<StatusText>,
    /// How much faster the vehicle's clock runs than ours; 1 until measured.
    pub speed_factor: f64,
    /// Whether `speed_factor` was measured.
    pub speed_measured: bool,
    /// How often the vehicle's time since start went back.
    pub reboots: u32,
}

/// Keeps a [`Telemetry`] up to date.
#[derive(Debug)]
pub struct TelemetryFold {
    known: Telemetry,
    heard_at: Option<Instant>,
    heartbeat_at: Option<Instant>,
    position_at: Option<Instant>,
    estimator_said: bool,
    boot: BootClock,
    texts: TextAssembly,
    health: HealthFold,
}

impl Default for TelemetryFold {
    fn default() -> Self {
        Self {
            known: Telemetry {
                speed_factor: 1.0,
                ..Telemetry::default()
            },
            heard_at: None,
            heartbeat_at: None,
            position_at: None,
            estimator_said: false,
            boot: BootClock::default(),
            texts: TextAssembly::default(),
            health: HealthFold::default(),
        }
    }
}

impl TelemetryFold {
    /// The picture at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Telemetry {
        let age = |at: Option<Instant>| at.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        let (health, ages) = self.health.snapshot(now);
        Telemetry {
            health,
            ages,
            last_heard_age: age(self.heard_at),
            last_heartbeat_age: age(self.heartbeat_at),
            position_age: age(self.position_at),
            ..self.known.clone()
        }
    }

    /// How much faster the vehicle's clock runs than ours; 1 until measured.
    #[must_use]
    pub fn speed_factor(&self) -> f64 {
        self.known.speed_factor
    }

    /// How often the vehicle's time since start went back.
    #[must_use]
    pub fn reboots(&self) -> u32 {
        self.known.reboots
    }

    /// Takes one message of the vehicle's in, which came at `now` (`utc` by our clock).
    pub fn apply(&mut self, header: MavHeader, message: &MavMessage, now: Instant, utc: UtcMicros) {
        match message {
            MavMessage::STATUSTEXT(text) => self.texts.add(header.component_id, text, now, utc),
            MavMessage::EVENT(event) if header.component_id == AUTOPILOT_COMPONENT => {
                let told = event_text(event).map(|(severity, text)| StatusText {
                    severity,
                    text,
                    at: utc,
                    received_at: now,
                });
                self.known.status_texts.extend(told);
            }
            _others => {}
        }
        for text in self.texts.take_whole(now) {
            self.known.status_texts.push_back(text);
        }
        while self.known.status_texts.len() > KEPT_TEXTS {
            self.known.status_texts.pop_front();
        }
        // Gimbals, cameras and ground stations share the vehicle's number; only the autopilot speaks for it.
        if header.component_id != AUTOPILOT_COMPONENT {
            return;
        }
        self.heard_at = Some(now);
        self.note_boot(message, now);
        self.note_state(message, now);
        self.health.note(message, now);
        self.note_movement(message, now);
        self.note_mission(message);
    }

    fn note_boot(&mut self, message: &MavMessage, now: Instant) {
        let boot_ms = match message {
            MavMessage::SYSTEM_TIME(data) => {
                if data.time_unix_usec >= FIRST_UTC_MICROS {
                    self.known.clock_utc = i64::try_from(data.time_unix_usec).ok().map(UtcMicros);
                }
                data.time_boot_ms
            }
            MavMessage::GLOBAL_POSITION_INT(data) => data.time_boot_ms,
            MavMessage::ATTITUDE(data) => data.time_boot_ms,
            _ => return,
        };
        if self.boot.note(boot_ms, now) {
            self.known.reboots += 1;
            self.forget_what_a_reboot_loses();
        }
        self.known.boot_ms = Some(boot_ms);
        if let Some(factor) = self.boot.speed_factor() {
            self.known.speed_factor = factor;
            self.known.speed_measured = true;
        }
    }

    fn forget_what_a_reboot_loses(&mut self) {
        self.estimator_said = false;
        self.health.restart();
        let known = &mut self.known;
        known.position_estimate_in_use = None;
        known.prearm_ok = None;
        known.landed = None;
        known.home = None;
        known.mission_reached = None;
        known.clock_utc = None;
    }

    fn note_state(&mut self, message: &MavMessage, now: Instant) {
        let known = &mut self.known;
        match message {
            MavMessage::HEARTBEAT(data) => self.note_heartbeat(data, now),
            MavMessage::SYS_STATUS(data) => self.note_sys_status(data),
            MavMessage::EXTENDED_SYS_STATE(data) => {
                known.landed = match data.landed_state {
                    MavLandedState::MAV_LANDED_STATE_UNDEFINED => None,
                    MavLandedState::MAV_LANDED_STATE_ON_GROUND => Some(Landed::OnGround),
                    MavLandedState::MAV_LANDED_STATE_IN_AIR => Some(Landed::InAir),
                    MavLandedState::MAV_LANDED_STATE_TAKEOFF => Some(Landed::TakingOff),
                    MavLandedState::MAV_LANDED_STATE_LANDING => Some(Landed::Landing),
                };
            }
            MavMessage::AUTOPILOT_VERSION(data) => known.capabilities = Some(data.capabilities),
            MavMessage::BATTERY_STATUS(data) if data.id == 0 && data.battery_remaining >= 0 => {
                known.battery_percent = Some(f64::from(data.battery_remaining));
            }
            MavMessage::EKF_STATUS_REPORT(data) => {
                self.estimator_said = true;
                let lacking = EkfStatusFlags::EKF_CONST_POS_MODE | EkfStatusFlags::EKF_UNINITIALIZED;
                let has_place = data.flags.contains(EkfStatusFlags::EKF_POS_HORIZ_ABS);
                known.position_estimate_in_use = Some(has_place && !data.flags.intersects(lacking));
            }
            MavMessage::ESTIMATOR_STATUS(data) => {
                self.estimator_said = true;
                let lacking = EstimatorStatusFlags::ESTIMATOR_CONST_POS_MODE;
                let has_place = data.flags.contains(EstimatorStatusFlags::ESTIMATOR_POS_HORIZ_ABS);
                known.position_estimate_in_use = Some(has_place && !data.flags.intersects(lacking));
            }
            _ => {}
        }
    }

    fn note_heartbeat(&mut self, data: &HEARTBEAT_DATA, now: Instant) {
        if data.mavtype == MavType::MAV_TYPE_GCS || data.autopilot == MavAutopilot::MAV_AUTOPILOT_INVALID {
            return;
        }
        self.heartbeat_at = Some(now);
        let known = &mut self.known;
        known.heard = true;
        known.autopilot = match data.autopilot {
            MavAutopilot::MAV_AUTOPILOT_ARDUPILOTMEGA => Autopilot::ArduPilot,
            MavAutopilot::MAV_AUTOPILOT_PX4 => Autopilot::Px4,
            _ => Autopilot::Other,
        };
        let armed = data.base_mode.contains(MavModeFlag::MAV_MODE_FLAG_SAFETY_ARMED);
        if armed && !known.armed {
            // What the flight before had reached says nothing about this one.
            known.mission_reached = None;
        }
        known.armed = armed;
        known.system_status = Some(data.system_status);
        if known.custom_mode != data.custom_mode || known.mode_name.is_empty() {
            known.custom_mode = data.custom_mode;
            known.mode_name = mode_name(known.autopilot, data.custom_mode);
        }
    }

    fn note_sys_status(&mut self, data: &SYS_STATUS_DATA) {
        let known = &mut self.known;
        let healthy = data.onboard_control_sensors_health;
        if data.battery_remaining >= 0 {
            known.battery_percent = Some(f64::from(data.battery_remaining));
        }
        if data.voltage_battery != u16::MAX {
            known.voltage = Some(f64::from(data.voltage_battery) / 1e3);
        }
        let prearm = MavSysStatusSensor::MAV_SYS_STATUS_PREARM_CHECK;
        let says_prearm = data.onboard_control_sensors_present.contains(prearm);
        known.prearm_ok = says_prearm.then(|| healthy.contains(prearm));
        if !self.estimator_said && known.autopilot == Autopilot::Px4 {
            // PX4 sends GLOBAL_POSITION_INT only while its global position is valid.
            let gps = healthy.contains(MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_GPS);
            known.position_estimate_in_use = Some(gps && known.position.is_some());
        }
    }

    fn note_movement(&mut self, message: &MavMessage, now: Instant) {
        let known = &mut self.known;
        match message {
            MavMessage::GLOBAL_POSITION_INT(data) => {
                let position = place(data.lat, data.lon);
                if position.is_some() {
                    known.position = position;
                    self.position_at = Some(now);
                }
                known.altitude_amsl_m = Some(f64::from(data.alt) / 1e3);
                known.height_above_home_m = Some(f64::from(data.relative_alt) / 1e3);
                known.ground_speed_ms = Some(f64::from(data.vx).hypot(f64::from(data.vy)) / 100.0);
                known.climb_ms = Some(f64::from(data.vz) / -100.0);
                if data.hdg != u16::MAX {
                    known.heading_deg = Some(f64::from(data.hdg) / 100.0);
                }
            }
            MavMessage::ATTITUDE(data) => {
                known.roll_rad = finite(data.roll);
                known.pitch_rad = finite(data.pitch);
            }
            MavMessage::VFR_HUD(data) => {
                known.ground_speed_ms = finite(data.groundspeed);
                known.climb_ms = finite(data.climb);
            }
            MavMessage::GPS_RAW_INT(data) => {
                known.gps_fix = Some(data.fix_type);
                known.satellites = (data.satellites_visible != u8::MAX).then_some(data.satellites_visible);
            }
            MavMessage::HOME_POSITION(data) => {
                known.home =
                    place(data.latitude, data.longitude).map(|at| (at, f64::from(data.altitude) / 1e3));
            }
            MavMessage::WIND(data) => known.wind_ms = finite(data.speed),
            MavMessage::WIND_COV(data) => known.wind_ms = finite(data.wind_x.hypot(data.wind_y)),
            _ => {}
        }
    }

    fn note_mission(&mut self, message: &MavMessage) {
        let known = &mut self.known;
        match message {
            MavMessage::MISSION_CURRENT(data) => {
                known.mission_current = Some(data.seq);
                known.mission_paused = match data.mission_state {
                    MissionState::MISSION_STATE_UNKNOWN => None,
                    state => Some(state == MissionState::MISSION_STATE_PAUSED),
                };
                known.mission_total = match data.total {
                    0 => None,
                    u16::MAX => Some(0),
                    total => Some(total),
                };
            }
            MavMessage::MISSION_ITEM_REACHED(data) => known.mission_reached = Some(data.seq),
            _ => {}
        }
    }
}

fn place(latitude: i32, longitude: i32) -> Option<Wgs84> {
    if latitude == 0 && longitude == 0 {
        return None;
    }
    Wgs84::new(f64::from(latitude) / 1e7, f64::from(longitude) / 1e7).ok()
}

fn finite(value: f32) -> Option<f64> {
    value.is_finite().then(|| f64::from(value))
}
