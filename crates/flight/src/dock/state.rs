//! What is known about one dock, and how old it is. Old knowledge is no knowledge: 30 seconds after a dock was last
//! heard, nobody knows whether it is online, and 30 seconds after its last telemetry nobody knows the weather.

use std::time::{Duration, Instant};

use schedule::interlock::{DockFacts, DockWork};
use serde_json::{Map, Value};
use survey::geodesy::Wgs84;

use super::messages::{ChargeMessage, PlaceMessage, StatusMessage, TelemetryMessage, WeatherMessage};

/// How long something heard counts.
pub const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// The lid. Only [`Lid::Open`] lets a vehicle through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lid {
    /// Fully closed.
    Closed,
    /// On its way to open.
    Opening,
    /// Fully open.
    Open,
    /// On its way to closed.
    Closing,
    /// Stopped half way.
    Half,
    /// Broken.
    Fault,
    /// Nobody said, or in a word we do not know (then the word is in [`DockState::unknown`] under `lid`).
    #[default]
    Unknown,
}

/// What the dock is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DockMode {
    /// Ready.
    Idle,
    /// At work on a command or a sortie.
    Busy,
    /// People work on it.
    Debug,
    /// It changes its own software.
    Upgrading,
    /// Nobody said, or in a word we do not know (then the word is in [`DockState::unknown`] under `mode`).
    #[default]
    Unknown,
}

/// What the charger is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeState {
    /// Not charging.
    Idle,
    /// Charging.
    Charging,
    /// Done.
    Full,
    /// Broken.
    Fault,
    /// A word we do not know.
    Unknown,
}

/// The charger and the battery on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charge {
    /// What the charger is doing.
    pub state: ChargeState,
    /// Charge of the vehicle's battery, per cent.
    pub percent: Option<f64>,
}

/// The weather at the dock. A value that no sensor gives, or that no air can have, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Weather {
    /// Mean wind, m/s.
    pub wind_ms: Option<f64>,
    /// Strongest gust, m/s.
    pub gust_ms: Option<f64>,
    /// 0 none, 1 light, 2 moderate, 3 heavy.
    pub rain_level: Option<u8>,
    /// Air outside, °C.
    pub temperature_c: Option<f64>,
    /// Relative humidity, per cent.
    pub humidity_percent: Option<f64>,
}

/// Where the pad is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DockPosition {
    /// WGS-84.
    pub place: Wgs84,
    /// Above mean sea level, m.
    pub height_amsl_m: Option<f64>,
}

/// Where a vehicle lands when the dock cannot take it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlternateLanding {
    /// WGS-84.
    pub place: Wgs84,
    /// Height above the pad at which the way there is free, m.
    pub safe_height_m: Option<f64>,
}

/// Everything known about one dock at the moment it was asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DockState {
    /// Its name.
    pub dock_id: String,
    /// `None`: nobody knows; it never said, or was last heard more than [`HEARD_WITHIN`] ago.
    pub online: Option<bool>,
    /// The lid.
    pub lid: Lid,
    /// A vehicle stands on the pad.
    pub vehicle_present: Option<bool>,
    /// MAVLink system id of its vehicle.
    pub system_id: Option<u8>,
    /// What it is doing.
    pub mode: DockMode,
    /// The emergency stop is pressed.
    pub emergency_stop: Option<bool>,
    /// The sortie that is assigned to it, in its own words.
    pub sortie_id: Option<String>,
    /// The charger; `None` also when the telemetry is too old.
    pub charge: Option<Charge>,
    /// The weather; `None` also when the telemetry is too old.
    pub weather: Option<Weather>,
    /// Its own position is RTK fixed.
    pub rtk_fixed: Option<bool>,
    /// Charge of its own battery, per cent.
    pub backup_battery_percent: Option<f64>,
    /// Where it is; does not grow old.
    pub position: Option<DockPosition>,
    /// Where to land instead; does not grow old.
    pub alternate_landing: Option<AlternateLanding>,
    /// Photos it holds and has not handed in.
    pub media_waiting: Option<u64>,
    /// When the last status came in.
    pub status_at: Option<Instant>,
    /// When the last telemetry came in.
    pub telemetry_at: Option<Instant>,
    /// When the dock itself was last heard; a retained status that the broker repeats does not count.
    pub heard_at: Option<Instant>,
    /// Fields and words that this program does not know, as they came.
    pub unknown: Map<String, Value>,
}

impl Lid {
    /// The word in JSON; `unknown` for [`Lid::Unknown`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Half => "half",
            Self::Fault => "fault",
            Self::Unknown => "unknown",
        }
    }
}

impl DockMode {
    /// For the interlocks; none when not known.
    fn work(self) -> Option<DockWork> {
        Some(match self {
            Self::Idle => DockWork::Idle,
            Self::Busy => DockWork::Busy,
            Self::Debug => DockWork::Debug,
            Self::Upgrading => DockWork::Upgrading,
            Self::Unknown => return None,
        })
    }

    /// The word in JSON; `unknown` for [`DockMode::Unknown`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Debug => "debug",
            Self::Upgrading => "upgrading",
            Self::Unknown => "unknown",
        }
    }
}

impl ChargeState {
    /// The word in JSON; `unknown` for [`ChargeState::Unknown`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Charging => "charging",
            Self::Full => "full",
            Self::Fault => "fault",
            Self::Unknown => "unknown",
        }
    }
}

impl DockState {
    /// What the interlocks may count on at `now`. Of a dock that is offline or silent only the position is known.
    #[must_use]
    pub fn facts(&self, now: Instant) -> DockFacts {
        let state = self.clone().aged(now);
        let position = state.position.map(|position| position.place);
        let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
        let status_age_s = seconds(state.status_age(now));
        if state.online != Some(true) {
            return DockFacts {
                online: state.online,
                position,
                status_age_s,
                ..DockFacts::default()
            };
        }
        let weather = state.weather.unwrap_or_default();
        DockFacts {
            online: state.online,
            lid_open: (state.lid != Lid::Unknown).then_some(state.lid == Lid::Open),
            vehicle_present: state.vehicle_present,
            emergency_stop: state.emergency_stop,
            work: state.mode.work(),
            wind_ms: weather.wind_ms,
            gust_ms: weather.gust_ms,
            rain_level: weather.rain_level,
            temperature_c: weather.temperature_c,
            position,
            status_age_s,
            telemetry_age_s: seconds(state.telemetry_age(now)),
        }
    }

    /// How long ago the last status came in.
    #[must_use]
    pub fn status_age(&self, now: Instant) -> Option<Duration> {
        self.status_at.map(|at| now.saturating_duration_since(at))
    }

    /// How long ago the last telemetry came in.
    #[must_use]
    pub fn telemetry_age(&self, now: Instant) -> Option<Duration> {
        self.telemetry_at.map(|at| now.saturating_duration_since(at))
    }

    /// A dock of which nothing is known but its name.
    pub(crate) fn unheard(dock_id: &str) -> Self {
        Self {
            dock_id: dock_id.to_owned(),
            online: None,
            lid: Lid::Unknown,
            vehicle_present: None,
            system_id: None,
            mode: DockMode::Unknown,
            emergency_stop: None,
            sortie_id: None,
            charge: None,
            weather: None,
            rtk_fixed: None,
            backup_battery_percent: None,
            position: None,
            alternate_landing: None,
            media_waiting: None,
            status_at: None,
            telemetry_at: None,
            heard_at: None,
            unknown: Map::new(),
        }
    }

    /// This state with everything forgotten that is too old at `now`. "Offline" stays: silence does not contradict it.
    #[must_use]
    pub(crate) fn aged(mut self, now: Instant) -> Self {
        let is_old =
            |at: Option<Instant>| at.is_none_or(|at| now.saturating_duration_since(at) > HEARD_WITHIN);
        if self.online == Some(true) && is_old(self.heard_at) {
            self.online = None;
        }
        if is_old(self.telemetry_at) {
            self.charge = None;
            self.weather = None;
            self.rtk_fixed = None;
            self.backup_battery_percent = None;
        }
        self
    }

    /// Takes over a status. The last will says only `online: false`: what was known before stays to be looked at.
    pub(super) fn take_status(&mut self, message: StatusMessage) {
        self.online = Some(message.online);
        self.keep_unknown(message.unknown);
        if !message.online {
            return;
        }
        self.lid = self
            .known_or_kept("lid", message.lid, lid_word)
            .unwrap_or_default();
        self.mode = self
            .known_or_kept("mode", message.mode, mode_word)
            .unwrap_or_default();
        self.vehicle_present = message.vehicle_present;
        // 0 is MAVLink's "everybody", never one vehicle.
        self.system_id = message.system_id.filter(|id| *id > 0);
        self.emergency_stop = message.emergency_stop;
        self.sortie_id = message.sortie_id;
    }

    /// Takes over a telemetry message.
    pub(super) fn take_telemetry(&mut self, message: TelemetryMessage) {
        self.keep_unknown(message.unknown);
        self.charge = message.charge.map(|charge| self.charge_of(charge));
        self.weather = message.weather.map(|weather| weather_of(&weather));
        self.rtk_fixed = message.rtk_fixed;
        self.backup_battery_percent = within(message.backup_battery_percent, 0.0, 100.0);
        self.media_waiting = message.media_waiting;
        if let Some(position) = message.position.as_ref().and_then(position_of) {
            self.position = Some(position);
        }
        self.alternate_landing = message.alternate_landing.as_ref().and_then(alternate_of);
    }

    fn charge_of(&mut self, message: ChargeMessage) -> Charge {
        Charge {
            state: self
                .known_or_kept("charge.state", Some(message.state), charge_word)
                .unwrap_or(ChargeState::Unknown),
            percent: within(message.percent, 0.0, 100.0),
        }
    }

    /// The value of a word; a word that is not known is kept under `name`.
    fn known_or_kept<T>(
        &mut self,
        name: &str,
        word: Option<String>,
        known: fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.unknown.remove(name);
        let word = word?;
        let value = known(&word);
        if value.is_none() {
            self.unknown.insert(name.to_owned(), Value::from(word));
        }
        value
    }

    fn keep_unknown(&mut self, fields: Map<String, Value>) {
        /// A dock has a handful of extra fields; one that sends ever new names may not fill the memory.
        const MOST: usize = 64;
        for (name, value) in fields {
            if self.unknown.len() < MOST || self.unknown.contains_key(&name) {
                self.unknown.insert(name, value);
            }
        }
    }
}

fn lid_word(word: &str) -> Option<Lid> {
    Some(match word {
        "closed" => Lid::Closed,
        "opening" => Lid::Opening,
        "open" => Lid::Open,
        "closing" => Lid::Closing,
        "half" => Lid::Half,
        "fault" => Lid::Fault,
        _ => return None,
    })
}

fn mode_word(word: &str) -> Option<DockMode> {
    Some(match word {
        "idle" => DockMode::Idle,
        "busy" => DockMode::Busy,
        "debug" => DockMode::Debug,
        "upgrading" => DockMode::Upgrading,
        _ => return None,
    })
}

fn charge_word(word: &str) -> Option<ChargeState> {
    Some(match word {
        "idle" => ChargeState::Idle,
        "charging" => ChargeState::Charging,
        "full" => ChargeState::Full,
        "fault" => ChargeState::Fault,
        _ => return None,
    })
}

fn weather_of(message: &WeatherMessage) -> Weather {
    Weather {
        wind_ms: within(message.wind_ms, 0.0, 100.0),
        gust_ms: within(message.gust_ms, 0.0, 150.0),
        rain_level: message.rain_level.filter(|level| *level <= 3),
        temperature_c: within(message.temperature_c, -90.0, 90.0),
        humidity_percent: within(message.humidity_percent, 0.0, 100.0),
    }
}

fn position_of(message: &PlaceMessage) -> Option<DockPosition> {
    Some(DockPosition {
        place: place_of(message)?,
        height_amsl_m: within(message.height_amsl_m, -500.0, 9000.0),
    })
}

fn alternate_of(message: &PlaceMessage) -> Option<AlternateLanding> {
    Some(AlternateLanding {
        place: place_of(message)?,
        safe_height_m: within(message.safe_height_m, 0.0, 1000.0),
    })
}

/// 0/0 is what a receiver without a fix says, and no dock stands in the Gulf of Guinea.
fn place_of(message: &PlaceMessage) -> Option<Wgs84> {
    if message.longitude_deg == 0.0 && message.latitude_deg == 0.0 {
        return None;
    }
    Wgs84::new(message.latitude_deg, message.longitude_deg).ok()
}

/// A number outside what can be measured is no measurement.
fn within(value: Option<f64>, least: f64, most: f64) -> Option<f64> {
    value.filter(|value| (least..=most).contains(value))
}
