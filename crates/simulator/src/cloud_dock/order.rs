//! The content of `flighttask_prepare`: read, and held against what a dock takes.

use serde_json::{Map, Value};

use crate::cloud_dock::codes;
use crate::cloud_dock::wayline::BreakPoint;
use crate::dock::is_name;

/// Conditions under which a conditional task may start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ready {
    /// The battery must be above this, percent.
    pub(crate) battery_percent: f64,
    /// Milliseconds since 1970 between which it may start.
    pub(crate) from_ms: i64,
    pub(crate) until_ms: i64,
}

/// A task as the cloud orders it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    /// Its name.
    pub(crate) flight_id: String,
    /// When it is to be executed, milliseconds since 1970.
    pub(crate) execute_time_ms: Option<i64>,
    /// For conditional tasks.
    pub(crate) ready: Option<Ready>,
    /// Where the KMZ lies.
    pub(crate) url: String,
    /// MD5 of the KMZ, hexadecimal, lower case.
    pub(crate) fingerprint: String,
    /// Storage that must be free, megabytes as the service counts them.
    pub(crate) storage: Option<f64>,
    /// Where it goes on.
    pub(crate) break_point: Option<BreakPoint>,
    /// Height of the way home above the dock, metres.
    pub(crate) rth_altitude_m: f64,
}

/// A refusal: result code and reason.
type Refusal = (i64, String);

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// The result code and the reason.
    pub(crate) fn read(data: &Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |reason: &str| (codes::WRONG_PARAM, reason.to_owned());
        let flight_id = data
            .get("flight_id")
            .and_then(Value::as_str)
            .filter(|id| is_name(id))
            .ok_or_else(|| wrong("flight_id"))?;
        let file = data
            .get("file")
            .and_then(Value::as_object)
            .ok_or_else(|| wrong("file"))?;
        let text = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        let (url, fingerprint) = (text("url"), text("fingerprint").to_ascii_lowercase());
        if url.is_empty() {
            return Err(wrong("file.url"));
        }
        if fingerprint.is_empty() {
            return Err((codes::MD5_EMPTY, "file.fingerprint is empty".to_owned()));
        }
        let task_type = data
            .get("task_type")
            .and_then(Value::as_u64)
            .filter(|kind| *kind <= 2);
        let conditional = task_type.ok_or_else(|| wrong("task_type"))? == 2;
        let execute_time_ms = data.get("execute_time").and_then(Value::as_i64);
        if !conditional && execute_time_ms.is_none() {
            return Err(wrong("execute_time"));
        }
        let rth_altitude_m = data
            .get("rth_altitude")
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN);
        if !(20.0..=1500.0).contains(&rth_altitude_m) {
            return Err(wrong("rth_altitude must be 20 to 1500"));
        }
        let when_lost = data.get("out_of_control_action").and_then(Value::as_u64);
        if when_lost.is_none_or(|kind| kind > 2) {
            return Err(wrong("out_of_control_action"));
        }
        Ok(Self {
            flight_id: flight_id.to_owned(),
            execute_time_ms,
            ready: match conditional {
                true => Some(ready(data.get("ready_conditions")).ok_or_else(|| wrong("ready_conditions"))?),
                false => None,
            },
            url: url.to_owned(),
            fingerprint,
            storage: storage(data),
            break_point: match data.get("break_point") {
                None | Some(Value::Null) => None,
                Some(value) => Some(
                    break_point(value)
                        .ok_or_else(|| (codes::WRONG_BREAKPOINT, format!("break_point {value}")))?,
                ),
            },
            rth_altitude_m,
        })
    }
}

/// Room on the aircraft that the task needs.
fn storage(data: &Map<String, Value>) -> Option<f64> {
    data.get("executable_conditions")?
        .get("storage_capacity")?
        .as_f64()
}

fn ready(value: Option<&Value>) -> Option<Ready> {
    let value = value?;
    Some(Ready {
        battery_percent: value.get("battery_capacity")?.as_f64()?,
        from_ms: value.get("begin_time")?.as_i64()?,
        until_ms: value.get("end_time")?.as_i64()?,
    })
}

fn break_point(value: &Value) -> Option<BreakPoint> {
    Some(BreakPoint {
        index: usize::try_from(value.get("index")?.as_u64()?).ok()?,
        on_waypoint: match value.get("state")?.as_u64()? {
            0 => false,
            1 => true,
            _ => return None,
        },
        progress: value.get("progress")?.as_f64()?,
        wayline_id: value.get("wayline_id")?.as_i64()?,
    })
}
