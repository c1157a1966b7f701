//! Reads `wpmz/waylines.wpml` out of a KMZ (DJI WPML, dji-sdk/Cloud-API-Doc). What the aircraft cannot do is refused
//! with the code the dock gives: 321000 + the break reason.

use std::io::{Cursor, Read as _};

use crate::cloud_dock::codes;
use crate::cloud_dock::tree::{Element, parse};
use crate::cloud_dock::wayline::{
    Act, FASTEST_MS, Finish, Group, Heading, HeightMode, Mission, Trigger, Wayline, Waypoint,
};

/// Largest waylines.wpml, bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Most waypoints of a wayline.
const MOST_WAYPOINTS: usize = 65_536;

/// A refusal: result code and reason.
type Refusal = (i64, String);

/// Reads the mission of a KMZ.
///
/// # Errors
/// The result code and the reason.
pub(crate) fn read_kmz(bytes: &[u8]) -> Result<Mission, Refusal> {
    let no_kmz = |reason: String| (codes::WRONG_WAYLINE_FILE, reason);
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| no_kmz(format!("no zip: {error}")))?;
    let packed = archive
        .by_name("wpmz/waylines.wpml")
        .map_err(|error| no_kmz(format!("wpmz/waylines.wpml: {error}")))?;
    let mut text = String::new();
    packed
        .take(LARGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| no_kmz(format!("wpmz/waylines.wpml: {error}")))?;
    if text.len() as u64 > LARGEST {
        return Err(no_kmz("wpmz/waylines.wpml is too large".to_owned()));
    }
    read_wpml(&text)
}

/// Reads the mission of a waylines.wpml.
///
/// # Errors
/// The result code and the reason.
pub(crate) fn read_wpml(text: &str) -> Result<Mission, Refusal> {
    let broken = |reason: &str| (codes::WRONG_WAYLINE_FILE, reason.to_owned());
    let root = parse(text).map_err(|error| broken(&error))?;
    let document = match root.name.as_str() {
        "kml" => root.child("Document").ok_or_else(|| broken("no Document"))?,
        _ => return Err(broken("the root is no kml")),
    };
    let config = document
        .child("missionConfig")
        .ok_or_else(|| broken("no missionConfig"))?;
    let waylines: Vec<Wayline> = document.all("Folder").map(wayline).collect::<Result<_, _>>()?;
    if waylines.is_empty() {
        return Err(broken("no Folder"));
    }
    for name in ["flyToWaylineMode", "finishAction", "exitOnRCLost"] {
        config
            .text_of(name)
            .ok_or_else(|| broken(&format!("no {name}")))?;
    }
    let takeoff_height_m = number(config, "takeOffSecurityHeight", codes::WRONG_WAYLINE_FILE)?;
    let transit_speed_ms = number(config, "globalTransitionalSpeed", codes::WRONG_WAYLINE_FILE)?;
    // A dock's aircraft leaves from 8 m and up.
    if !(8.0..=1500.0).contains(&takeoff_height_m) {
        return Err((
            codes::HEIGHT_LIMIT,
            format!("takeOffSecurityHeight {takeoff_height_m}"),
        ));
    }
    Ok(Mission {
        takeoff_height_m,
        transit_speed_ms: speed(transit_speed_ms, "globalTransitionalSpeed")?,
        finish: match config.text_of("finishAction") {
            Some("gotoFirstWaypoint") => Finish::FirstWaypoint,
            _ => Finish::Home,
        },
        waylines,
    })
}

fn wayline(folder: &Element) -> Result<Wayline, Refusal> {
    let heights = match folder.text_of("executeHeightMode") {
        Some("WGS84") => HeightMode::Ellipsoid,
        Some("relativeToStartPoint") => HeightMode::TakeOff,
        other => return Err((codes::of_break(1541), format!("executeHeightMode {other:?}"))),
    };
    let global_ms = number(folder, "autoFlightSpeed", codes::of_break(1547))?;
    let global_ms = speed(global_ms, "autoFlightSpeed")?;
    let places: Vec<&Element> = folder.all("Placemark").collect();
    if !(2..=MOST_WAYPOINTS).contains(&places.len()) {
        return Err((codes::of_break(1548), format!("{} waypoints", places.len())));
    }
    let mut waypoints = Vec::with_capacity(places.len());
    let mut groups = Vec::new();
    for (place_number, place) in places.iter().enumerate() {
        if number(place, "index", codes::of_break(1548))? != place_number as f64 {
            return Err((
                codes::of_break(1548),
                format!("waypoint {place_number} has another index"),
            ));
        }
        waypoints.push(waypoint(place, global_ms)?);
        for element in place.all("actionGroup") {
            groups.push(group(element, places.len())?);
        }
    }
    let start_acts = match folder.child("startActionGroup") {
        Some(element) => acts(element)?,
        None => Vec::new(),
    };
    Ok(Wayline {
        id: number(folder, "waylineId", codes::WRONG_WAYLINE_FILE)? as i64,
        heights,
        waypoints,
        start_acts,
        groups,
    })
}

fn waypoint(place: &Element, global_ms: f64) -> Result<Waypoint, Refusal> {
    let bad_place = || (codes::of_break(1549), "a waypoint's coordinates".to_owned());
    let coordinates = place
        .child("Point")
        .and_then(|point| point.text_of("coordinates"))
        .ok_or_else(bad_place)?;
    let mut parts = coordinates.split(',').map(|part| part.trim().parse::<f64>());
    let (Some(Ok(longitude_deg)), Some(Ok(latitude_deg))) = (parts.next(), parts.next()) else {
        return Err(bad_place());
    };
    if !(latitude_deg.abs() <= 90.0 && longitude_deg.abs() <= 180.0) {
        return Err(bad_place());
    }
    let speed_ms = match place.text_of("waypointSpeed") {
        Some(_) => speed(
            number(place, "waypointSpeed", codes::of_break(1552))?,
            "waypointSpeed",
        )?,
        None => global_ms,
    };
    let turn = place.child("waypointTurnParam");
    let turn_mode = turn.and_then(|turn| turn.text_of("waypointTurnMode"));
    let stops = match turn_mode {
        Some("coordinateTurn" | "toPointAndPassWithContinuityCurvature") => false,
        Some("toPointAndStopWithDiscontinuityCurvature" | "toPointAndStopWithContinuityCurvature") | None => {
            true
        }
        Some(other) => return Err((codes::of_break(1545), format!("waypointTurnMode {other}"))),
    };
    let damping_m = turn
        .and_then(|turn| turn.text_of("waypointTurnDampingDist"))
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|metres| (0.0..=1000.0).contains(metres))
        .unwrap_or(0.0);
    Ok(Waypoint {
        latitude_deg,
        longitude_deg,
        height_m: number(place, "executeHeight", codes::of_break(1541))?,
        speed_ms,
        heading: heading(place)?,
        stops,
        damping_m,
    })
}

fn heading(place: &Element) -> Result<Heading, Refusal> {
    let Some(param) = place.child("waypointHeadingParam") else {
        return Ok(Heading::AlongWay);
    };
    match param.text_of("waypointHeadingMode") {
        None | Some("followWayline") => Ok(Heading::AlongWay),
        Some("fixed" | "manually") => Ok(Heading::Keep),
        Some("smoothTransition") => {
            let angle = number(param, "waypointHeadingAngle", codes::of_break(1553))?;
            match (-180.0..=180.0).contains(&angle) {
                true => Ok(Heading::Angle(angle)),
                false => Err((codes::of_break(1553), format!("waypointHeadingAngle {angle}"))),
            }
        }
        Some("towardPOI") => {
            let point = param.text_of("waypointPoiPoint").unwrap_or_default();
            let mut parts = point.split(',').map(|part| part.trim().parse::<f64>());
            match (parts.next(), parts.next()) {
                (Some(Ok(latitude)), Some(Ok(longitude)))
                    if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 =>
                {
                    Ok(Heading::Toward([latitude, longitude]))
                }
                _ => Err((codes::of_break(1543), format!("waypointPoiPoint {point:?}"))),
            }
        }
        Some(other) => Err((codes::of_break(1543), format!("waypointHeadingMode {other}"))),
    }
}

fn group(element: &Element, waypoints: usize) -> Result<Group, Refusal> {
    let range = codes::of_break(1603);
    let from = number(element, "actionGroupStartIndex", range)?;
    let to = number(element, "actionGroupEndIndex", range)?;
    if !(0.0 <= from && from <= to && to < waypoints as f64) {
        return Err((range, format!("an action group from {from} to {to}")));
    }
    let bad_trigger = |what: &str| (codes::of_break(1649), format!("actionTrigger {what}"));
    let trigger = element
        .child("actionTrigger")
        .ok_or_else(|| bad_trigger("is missing"))?;
    let step = || {
        let value = number(trigger, "actionTriggerParam", codes::of_break(1649))?;
        match value > 0.0 {
            true => Ok(value),
            false => Err(bad_trigger("needs a positive actionTriggerParam")),
        }
    };
    let trigger = match trigger.text_of("actionTriggerType") {
        Some("reachPoint") => Trigger::ReachPoint,
        Some("betweenAdjacentPoints") => Trigger::BetweenPoints,
        Some("multipleTiming") => Trigger::Every(step()?),
        Some("multipleDistance") => Trigger::EachMetres(step()?),
        other => return Err(bad_trigger(other.unwrap_or("has no type"))),
    };
    Ok(Group {
        from: from as usize,
        to: to as usize,
        trigger,
        acts: acts(element)?,
    })
}

fn acts(group: &Element) -> Result<Vec<Act>, Refusal> {
    let mut ids = Vec::new();
    let mut acts = Vec::new();
    for action in group.all("action") {
        let id = number(action, "actionId", codes::of_break(1588))?;
        if id == 65_535.0 {
            return Err((codes::of_break(1598), "actionId 65535".to_owned()));
        }
        if ids.contains(&id) {
            return Err((codes::of_break(1595), format!("actionId {id} twice in a group")));
        }
        ids.push(id);
        acts.extend(act(action)?);
    }
    Ok(acts)
}

fn act(action: &Element) -> Result<Vec<Act>, Refusal> {
    let none = Element::default();
    let param = action.child("actionActuatorFuncParam").unwrap_or(&none);
    let on = |name: &str| param.text_of(name) == Some("1");
    let angle = |name: &str| number(param, name, codes::of_break(1588));
    Ok(match action.text_of("actionActuatorFunc") {
        Some("takePhoto") => vec![Act::Photo],
        Some("gimbalRotate") => vec![Act::Gimbal {
            pitch_deg: on("gimbalPitchRotateEnable")
                .then(|| angle("gimbalPitchRotateAngle"))
                .transpose()?,
            yaw_deg: on("gimbalYawRotateEnable")
                .then(|| angle("gimbalYawRotateAngle"))
                .transpose()?,
            absolute: param.text_of("gimbalRotateMode") != Some("relativeAngle"),
        }],
        Some("gimbalEvenlyRotate") => vec![Act::EvenPitch(angle("gimbalPitchRotateAngle")?)],
        Some("rotateYaw") => vec![Act::Yaw(angle("aircraftHeading")?)],
        Some("hover") => vec![Act::Hover(angle("hoverTime")?.clamp(0.0, 900.0))],
        // One photo with the gimbal set as the action says.
        Some("orientedShoot" | "accurateShoot") => vec![
            Act::Gimbal {
                pitch_deg: Some(angle("gimbalPitchRotateAngle")?),
                yaw_deg: Some(angle("gimbalYawRotateAngle")?),
                absolute: true,
            },
            Act::Photo,
        ],
        Some("startRecord" | "stopRecord" | "focus" | "zoom" | "customDirName" | "recordPointCloud") => {
            vec![Act::Nothing]
        }
        other => return Err((codes::of_break(1588), format!("actionActuatorFunc {other:?}"))),
    })
}

fn speed(metres_per_second: f64, name: &str) -> Result<f64, Refusal> {
    match metres_per_second > 0.0 && metres_per_second <= FASTEST_MS {
        true => Ok(metres_per_second),
        false => Err((codes::of_break(1547), format!("{name} {metres_per_second}"))),
    }
}

/// A finite number of moderate size.
fn number(element: &Element, name: &str, code: i64) -> Result<f64, Refusal> {
    let text = element.text_of(name);
    text.and_then(|text| text.parse::<f64>().ok())
        .filter(|value| value.abs() < 1e6)
        .ok_or_else(|| (code, format!("{name} {text:?}")))
}

#[cfg(test)]
mod tests;
