//! Fence and rally points of a QGroundControl plan. A fence that cannot be read is refused, never dropped:
//! somebody drew it for a reason.

use serde_json::{Map, Value};

use super::error::PlanError;
use super::field::{array, number, object, position, shown, wrong};
use super::{FenceArea, FenceOutline, PlanPosition};

const VERSION: u32 = 2;

/// The areas of `geoFence`, in the order of the file: polygons, then circles.
///
/// # Errors
/// Another version, or an area that is none.
pub(super) fn fence(plan: &Map<String, Value>) -> Result<Vec<FenceArea>, PlanError> {
    let Some(fence) = part(plan, "geoFence")? else {
        return Ok(Vec::new());
    };
    let mut areas = Vec::new();
    for (index, value) in optional_array(fence, "polygons", "geoFence")?.iter().enumerate() {
        areas.push(polygon(value, &format!("geoFence.polygons[{index}]"))?);
    }
    for (index, value) in optional_array(fence, "circles", "geoFence")?.iter().enumerate() {
        areas.push(circle(value, &format!("geoFence.circles[{index}]"))?);
    }
    Ok(areas)
}

/// The point of `geoFence.breachReturn`; absent, null or empty is none.
///
/// # Errors
/// Another version, or a place that is none.
pub(super) fn breach_return(plan: &Map<String, Value>) -> Result<Option<PlanPosition>, PlanError> {
    let point = part(plan, "geoFence")?.and_then(|fence| fence.get("breachReturn"));
    let is_open = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let Some(value) = point.filter(|value| !is_open(value)) else {
        return Ok(None);
    };
    let ([longitude_deg, latitude_deg], height_m) = position(value, "breachReturn", "geoFence", 2)?;
    Ok(Some(PlanPosition {
        longitude_deg,
        latitude_deg,
        height_m,
    }))
}

/// The rally points.
///
/// # Errors
/// Another version, or a point that is none.
pub(super) fn rally(plan: &Map<String, Value>) -> Result<Vec<PlanPosition>, PlanError> {
    let Some(rally) = part(plan, "rallyPoints")? else {
        return Ok(Vec::new());
    };
    let points = optional_array(rally, "points", "rallyPoints")?;
    let point = |(index, value): (usize, &Value)| {
        let ([longitude_deg, latitude_deg], height_m) =
            position(value, &format!("points[{index}]"), "rallyPoints", 2)?;
        Ok(PlanPosition {
            longitude_deg,
            latitude_deg,
            height_m,
        })
    };
    points.iter().enumerate().map(point).collect()
}

/// A part of the plan; absent, null or empty is none.
fn part<'v>(plan: &'v Map<String, Value>, name: &str) -> Result<Option<&'v Map<String, Value>>, PlanError> {
    match plan.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) if members.is_empty() => return Ok(None),
        Some(_) => {}
    }
    let part = object(plan, name, "plan")?;
    let version = part.get("version").unwrap_or(&Value::Null);
    if version.as_f64() != Some(f64::from(VERSION)) {
        return Err(PlanError::Version {
            part: name.to_owned(),
            found: shown(version),
            known: VERSION,
        });
    }
    Ok(Some(part))
}

fn optional_array<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
    origin: &str,
) -> Result<&'v [Value], PlanError> {
    match parent.get(name) {
        None => Ok(&[]),
        Some(_) => array(parent, name, origin),
    }
}

fn members<'v>(value: &'v Value, origin: &str) -> Result<&'v Map<String, Value>, PlanError> {
    value
        .as_object()
        .ok_or_else(|| wrong("geoFence", origin, value, "an object"))
}

fn inclusion(area: &Map<String, Value>, origin: &str) -> Result<bool, PlanError> {
    let value = area.get("inclusion").unwrap_or(&Value::Null);
    value
        .as_bool()
        .ok_or_else(|| wrong(origin, "inclusion", value, "true or false"))
}

fn polygon(value: &Value, origin: &str) -> Result<FenceArea, PlanError> {
    let area = members(value, origin)?;
    let corners = array(area, "polygon", origin)?;
    if corners.len() < 3 {
        let found = area.get("polygon").unwrap_or(&Value::Null);
        return Err(wrong(origin, "polygon", found, "at least 3 corners"));
    }
    let corner = |(index, value): (usize, &Value)| {
        position(value, &format!("polygon[{index}]"), origin, 2).map(|(place, _)| place)
    };
    let corners = corners.iter().enumerate().map(corner).collect::<Result<_, _>>()?;
    Ok(FenceArea {
        inclusion: inclusion(area, origin)?,
        outline: FenceOutline::Polygon(corners),
    })
}

fn circle(value: &Value, origin: &str) -> Result<FenceArea, PlanError> {
    let area = members(value, origin)?;
    let circle = object(area, "circle", origin)?;
    let centre = circle.get("center").unwrap_or(&Value::Null);
    let ([longitude_deg, latitude_deg], _) = position(centre, "circle.center", origin, 2)?;
    let radius = circle.get("radius").unwrap_or(&Value::Null);
    let radius_m = number(radius, "circle.radius", origin)?;
    if radius_m <= 0.0 {
        return Err(wrong(origin, "circle.radius", radius, "metres above 0"));
    }
    Ok(FenceArea {
        inclusion: inclusion(area, origin)?,
        outline: FenceOutline::Circle {
            longitude_deg,
            latitude_deg,
            radius_m,
        },
    })
}
