//! QGroundControl `.plan` files, version 1 with mission version 2
//! (<https://docs.qgroundcontrol.com/master/en/qgc-dev-guide/file_formats/plan.html>). Unknown members are left
//! alone; latitude comes before longitude.

use serde_json::{Map, Value};

use super::error::PlanError;
use super::field::{array, number, number_or_open, object, position, shown, speed, text, whole, wrong};
use super::item::checked;
use super::{MOST_ITEMS, Plan, PlanHome, PlanItem, fence};

const PLAN_VERSION: u32 = 1;
const MISSION_VERSION: u32 = 2;
/// Two heights of one item may differ by rounding, metres.
const SAME_HEIGHT_M: f64 = 0.05;

pub(super) fn read(text: &str) -> Result<Plan, PlanError> {
    let value: Value = serde_json::from_str(text).map_err(|error| PlanError::Syntax {
        line: error.line(),
        column: error.column(),
        reason: reason(&error),
    })?;
    let plan = value
        .as_object()
        .ok_or_else(|| PlanError::NotAPlan { found: shown(&value) })?;
    let file_type = plan.get("fileType").unwrap_or(&Value::Null);
    if file_type.as_str() != Some("Plan") {
        return Err(PlanError::NotAPlan {
            found: shown(file_type),
        });
    }
    check_version(plan, "plan", PLAN_VERSION)?;
    let mission = object(plan, "mission", "plan")?;
    check_version(mission, "mission", MISSION_VERSION)?;
    let mut items = Vec::new();
    for (index, value) in array(mission, "items", "mission")?.iter().enumerate() {
        read_item(value, &format!("item {}", index + 1), &mut items)?;
        if items.len() > MOST_ITEMS {
            return Err(PlanError::TooManyItems { most: MOST_ITEMS });
        }
    }
    if items.is_empty() {
        return Err(PlanError::Empty);
    }
    Ok(Plan {
        items,
        home: home(mission)?,
        hover_speed_ms: speed(mission, "hoverSpeed", "mission")?,
        cruise_speed_ms: speed(mission, "cruiseSpeed", "mission")?,
        fence: fence::fence(plan)?,
        fence_return: fence::breach_return(plan)?,
        rally: fence::rally(plan)?,
    })
}

/// The reader's words without its own position, which the error states already.
fn reason(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match words.rfind(" at line ") {
        Some(end) => words[..end].to_owned(),
        None => words,
    }
}

fn check_version(part: &Map<String, Value>, name: &str, known: u32) -> Result<(), PlanError> {
    let version = part.get("version").unwrap_or(&Value::Null);
    if version.as_f64() == Some(f64::from(known)) {
        return Ok(());
    }
    Err(PlanError::Version {
        part: name.to_owned(),
        found: shown(version),
        known,
    })
}

/// `plannedHomePosition`: latitude, longitude, height. A planner that never knew a place writes 0, 0 or null.
fn home(mission: &Map<String, Value>) -> Result<Option<PlanHome>, PlanError> {
    let Some(value) = mission
        .get("plannedHomePosition")
        .filter(|value| !value.is_null())
    else {
        return Ok(None);
    };
    let is_open = |value: &Value| value.is_null() || value.as_f64() == Some(0.0);
    if value
        .as_array()
        .is_some_and(|parts| parts.iter().take(2).all(is_open))
    {
        return Ok(None);
    }
    let ([longitude_deg, latitude_deg], altitude_amsl_m) =
        position(value, "plannedHomePosition", "mission", 2)?;
    Ok(Some(PlanHome {
        longitude_deg,
        latitude_deg,
        altitude_amsl_m,
    }))
}

fn read_item(value: &Value, origin: &str, items: &mut Vec<PlanItem>) -> Result<(), PlanError> {
    let item = value
        .as_object()
        .ok_or_else(|| wrong(origin, "the item", value, "an object"))?;
    match text(item, "type", origin)? {
        "SimpleItem" => items.push(simple_item(item, origin.to_owned())?),
        "ComplexItem" => complex_item(item, origin, items)?,
        _ => {
            let found = item.get("type").unwrap_or(&Value::Null);
            return Err(wrong(origin, "type", found, "SimpleItem or ComplexItem"));
        }
    }
    Ok(())
}

/// A survey and the like: the items that the planner generated for it are taken as they are, because nobody else
/// knows the camera and the overlap that were meant.
fn complex_item(item: &Map<String, Value>, origin: &str, items: &mut Vec<PlanItem>) -> Result<(), PlanError> {
    let kind = text(item, "complexItemType", origin)?.to_owned();
    let transects = item.get("TransectStyleComplexItem").and_then(Value::as_object);
    let generated = transects
        .and_then(|transects| transects.get("Items"))
        .filter(|generated| !generated.is_null())
        .or_else(|| item.get("Items"))
        .and_then(Value::as_array)
        .filter(|generated| !generated.is_empty());
    let Some(generated) = generated else {
        return Err(PlanError::NotGenerated {
            origin: origin.to_owned(),
            kind,
        });
    };
    for (index, value) in generated.iter().enumerate() {
        let origin = format!("{origin} ({kind}), generated item {}", index + 1);
        let simple = value
            .as_object()
            .ok_or_else(|| wrong(&origin, "the item", value, "an object"))?;
        if text(simple, "type", &origin)? != "SimpleItem" {
            let found = simple.get("type").unwrap_or(&Value::Null);
            return Err(wrong(&origin, "type", found, "SimpleItem"));
        }
        items.push(simple_item(simple, origin)?);
        if items.len() > MOST_ITEMS {
            return Err(PlanError::TooManyItems { most: MOST_ITEMS });
        }
    }
    Ok(())
}

fn simple_item(item: &Map<String, Value>, origin: String) -> Result<PlanItem, PlanError> {
    let frame = whole(item, "frame", &origin, u64::from(u8::MAX))? as u8;
    let command = whole(item, "command", &origin, u64::from(u16::MAX))? as u16;
    let found = array(item, "params", &origin)?;
    let mut params = [f64::NAN; 7];
    if found.len() != params.len() {
        let value = item.get("params").unwrap_or(&Value::Null);
        return Err(wrong(&origin, "params", value, "7 numbers"));
    }
    for (index, (param, value)) in params.iter_mut().zip(found).enumerate() {
        *param = number_or_open(value, &format!("params[{index}]"), &origin)?;
    }
    let auto_continue = match item.get("autoContinue") {
        None => true,
        Some(Value::Bool(go_on)) => *go_on,
        Some(other) => return Err(wrong(&origin, "autoContinue", other, "true or false")),
    };
    let read = checked(PlanItem {
        frame,
        command,
        params,
        auto_continue,
        origin,
    })?;
    check_height(item, &read)?;
    Ok(read)
}

/// `Altitude` is what the planner shows, `params[6]` what the vehicle gets; a file edited by hand may hold two
/// heights. With mode 3 (above terrain, computed) they differ by design.
fn check_height(item: &Map<String, Value>, read: &PlanItem) -> Result<(), PlanError> {
    let Some(mode) = item.get("AltitudeMode").filter(|mode| !mode.is_null()) else {
        return Ok(());
    };
    let mode = mode
        .as_u64()
        .ok_or_else(|| wrong(&read.origin, "AltitudeMode", mode, "a whole number"))?;
    let level_fits = match mode {
        1 => matches!(read.frame, 3 | 6),
        2 | 3 => matches!(read.frame, 0 | 5),
        4 => matches!(read.frame, 10 | 11),
        _ => true,
    };
    if !level_fits {
        return Err(PlanError::LevelsDisagree {
            origin: read.origin.clone(),
            mode,
            frame: read.frame,
        });
    }
    let altitude = item.get("Altitude").filter(|altitude| !altitude.is_null());
    let Some(altitude) = altitude.filter(|_| matches!(mode, 1 | 2 | 4)) else {
        return Ok(());
    };
    let altitude_m = number(altitude, "Altitude", &read.origin)?;
    let param_m = read.params[6];
    if (altitude_m - param_m).abs() > SAME_HEIGHT_M {
        return Err(PlanError::HeightsDisagree {
            origin: read.origin.clone(),
            altitude_m,
            param_m,
        });
    }
    Ok(())
}
