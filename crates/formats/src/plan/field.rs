//! Fields of a JSON plan, each with a readable refusal.

use serde_json::{Map, Value};

use super::error::PlanError;

/// Metres, m/s and seconds in a plan stay far below this; above it a number is a mistake.
const ABSURD: f64 = 1e7;

/// The member `name` as an object.
pub(super) fn object<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
    origin: &str,
) -> Result<&'v Map<String, Value>, PlanError> {
    let value = parent.get(name).unwrap_or(&Value::Null);
    value
        .as_object()
        .ok_or_else(|| wrong(origin, name, value, "an object"))
}

/// The member `name` as an array.
pub(super) fn array<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
    origin: &str,
) -> Result<&'v [Value], PlanError> {
    let value = parent.get(name).unwrap_or(&Value::Null);
    match value.as_array() {
        Some(array) => Ok(array),
        None => Err(wrong(origin, name, value, "an array")),
    }
}

/// The member `name` as a whole number up to `most`.
pub(super) fn whole(
    parent: &Map<String, Value>,
    name: &str,
    origin: &str,
    most: u64,
) -> Result<u64, PlanError> {
    let value = parent.get(name).unwrap_or(&Value::Null);
    // Some planners write whole numbers as 3.0.
    let number = value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && (0.0..=9e15).contains(&float)).then_some(float as u64)
    });
    number
        .filter(|number| *number <= most)
        .ok_or_else(|| wrong(origin, name, value, "a whole number in range"))
}

/// The member `name` as text.
pub(super) fn text<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
    origin: &str,
) -> Result<&'v str, PlanError> {
    let value = parent.get(name).unwrap_or(&Value::Null);
    value.as_str().ok_or_else(|| wrong(origin, name, value, "a text"))
}

/// A number that can be meant.
pub(super) fn number(value: &Value, field: &str, origin: &str) -> Result<f64, PlanError> {
    value
        .as_f64()
        .filter(|number| number.is_finite() && number.abs() <= ABSURD)
        .ok_or_else(|| wrong(origin, field, value, "a number of sensible size"))
}

/// A number, or NaN for null: the planner left it open.
pub(super) fn number_or_open(value: &Value, field: &str, origin: &str) -> Result<f64, PlanError> {
    match value {
        Value::Null => Ok(f64::NAN),
        value => number(value, field, origin),
    }
}

/// The member `name` as a positive speed; absent or null is none.
pub(super) fn speed(parent: &Map<String, Value>, name: &str, origin: &str) -> Result<Option<f64>, PlanError> {
    let Some(value) = parent.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let speed = number(value, name, origin)?;
    if speed > 0.0 && speed <= 200.0 {
        return Ok(Some(speed));
    }
    Err(wrong(origin, name, value, "a speed in m/s"))
}

/// `[latitude, longitude, …]` with at least `least` members, as longitude, latitude and the third number if any.
pub(super) fn position(
    value: &Value,
    field: &str,
    origin: &str,
    least: usize,
) -> Result<([f64; 2], Option<f64>), PlanError> {
    let members = value
        .as_array()
        .filter(|members| (least..=3).contains(&members.len()));
    let members =
        members.ok_or_else(|| wrong(origin, field, value, "[latitude, longitude] or with a height"))?;
    let latitude_deg = number(&members[0], &format!("{field}[0]"), origin)?;
    let longitude_deg = number(&members[1], &format!("{field}[1]"), origin)?;
    check_place(latitude_deg, longitude_deg, origin)?;
    let third = match members.get(2) {
        None | Some(Value::Null) => None,
        Some(value) => Some(number(value, &format!("{field}[2]"), origin)?),
    };
    Ok(([longitude_deg, latitude_deg], third))
}

/// Refuses what is no place on earth; a latitude beyond 90 that would do as a longitude hints at swapped numbers.
pub(super) fn check_place(latitude_deg: f64, longitude_deg: f64, origin: &str) -> Result<(), PlanError> {
    if latitude_deg.abs() <= 90.0 && longitude_deg.abs() <= 180.0 {
        return Ok(());
    }
    let swapped = latitude_deg.abs() <= 180.0 && longitude_deg.abs() <= 90.0;
    let hint = if swapped {
        " (latitude comes first in a plan: are they swapped?)"
    } else if latitude_deg.abs() > 1000.0 {
        " (degrees are needed, not degrees × 10⁷)"
    } else {
        ""
    };
    Err(PlanError::NoSuchPlace {
        origin: origin.to_owned(),
        latitude_deg,
        longitude_deg,
        hint,
    })
}

/// The refusal of one field.
pub(super) fn wrong(origin: &str, field: &str, found: &Value, expected: &'static str) -> PlanError {
    PlanError::Field {
        origin: origin.to_owned(),
        field: field.to_owned(),
        found: shown(found),
        expected,
    }
}

/// A value as a message shows it: whole if short, else its kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "missing or null".to_owned(),
        Value::Array(members) => format!("an array of {}", members.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        other => other.to_string(),
    }
}
