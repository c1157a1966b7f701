//! From the text of `waylines.wpml` to its first wayline. What is optional and missing takes the documented default.

use super::writer::{execute_height_mode, finish_word};
use super::{
    Action, ActionGroup, FEWEST_WAYPOINTS, FinishAction, Heading, HeightMode, LinkLost, Trigger, Wayline,
    Waypoint, WpmlError,
};
use crate::xml::{Element, XmlLimits};

/// Deeper than any WPML text, and more elements than the largest wayline has.
const LIMITS: XmlLimits = XmlLimits {
    deepest: 32,
    most_elements: 8_000_000,
};

pub(super) fn read(text: &str) -> Result<Wayline, WpmlError> {
    let root = Element::parse(text, LIMITS).map_err(WpmlError::Xml)?;
    let document = root
        .at(&["kml", "Document"])
        .ok_or(missing("Document", "inside kml"))?;
    let config = document
        .child("missionConfig")
        .ok_or(missing("missionConfig", "an element"))?;
    let folder = document.child("Folder").ok_or(missing("Folder", "a wayline"))?;
    let mut waypoints = Vec::new();
    let mut action_groups = Vec::new();
    for placemark in folder.all("Placemark") {
        waypoints.push(waypoint(placemark, waypoints.len())?);
        for group in placemark.all("actionGroup") {
            action_groups.push(action_group(group)?);
        }
    }
    if waypoints.len() < FEWEST_WAYPOINTS {
        return Err(WpmlError::Waypoints {
            found: waypoints.len(),
        });
    }
    let wayline = Wayline {
        author: document.text_of("author").unwrap_or_default().to_owned(),
        created_at_ms: document.number("createTime").unwrap_or(0),
        finish: finish(config)?,
        on_link_lost: on_link_lost(config),
        takeoff_height_m: required(config, "takeOffSecurityHeight")?,
        transitional_speed_ms: required(config, "globalTransitionalSpeed")?,
        return_height_m: config.number("globalRTHHeight"),
        drone: drone(config),
        payload: payload(config),
        speed_ms: required(folder, "autoFlightSpeed")?,
        height_mode: height_mode(folder)?,
        waypoints,
        action_groups,
    };
    wayline.check()?;
    Ok(wayline)
}

fn missing(element: &'static str, expected: &'static str) -> WpmlError {
    WpmlError::Element { element, expected }
}

fn required(parent: &Element, name: &'static str) -> Result<f64, WpmlError> {
    parent.number(name).ok_or(missing(name, "a number"))
}

fn finish(config: &Element) -> Result<FinishAction, WpmlError> {
    let all = [
        FinishAction::GoHome,
        FinishAction::NoAction,
        FinishAction::AutoLand,
        FinishAction::GotoFirstWaypoint,
    ];
    let word = config.text_of("finishAction").unwrap_or_default();
    all.into_iter()
        .find(|action| finish_word(*action) == word)
        .ok_or(missing(
            "finishAction",
            "goHome, noAction, autoLand or gotoFirstWaypoint",
        ))
}

fn on_link_lost(config: &Element) -> LinkLost {
    if config.text_of("exitOnRCLost") == Some("goContinue") {
        return LinkLost::Continue;
    }
    match config.text_of("executeRCLostAction") {
        Some("landing") => LinkLost::Landing,
        Some("hover") => LinkLost::Hover,
        _ => LinkLost::GoBack,
    }
}

fn drone(config: &Element) -> (u32, u32) {
    let number = |name| config.child("droneInfo").and_then(|info| info.number(name));
    (
        number("droneEnumValue").unwrap_or(0),
        number("droneSubEnumValue").unwrap_or(0),
    )
}

fn payload(config: &Element) -> (u32, u32, u32) {
    let number = |name| config.child("payloadInfo").and_then(|info| info.number(name));
    (
        number("payloadEnumValue").unwrap_or(0),
        number("payloadSubEnumValue").unwrap_or(0),
        number("payloadPositionIndex").unwrap_or(0),
    )
}

fn height_mode(folder: &Element) -> Result<HeightMode, WpmlError> {
    let all = [
        HeightMode::RelativeToStartPoint,
        HeightMode::Wgs84,
        HeightMode::RealTimeFollowSurface,
    ];
    let word = folder.text_of("executeHeightMode").unwrap_or_default();
    let expected = "relativeToStartPoint, WGS84 or realTimeFollowSurface";
    all.into_iter()
        .find(|mode| execute_height_mode(*mode) == word)
        .ok_or(missing("executeHeightMode", expected))
}

fn waypoint(placemark: &Element, expected_index: usize) -> Result<Waypoint, WpmlError> {
    let index: usize = placemark
        .number("index")
        .ok_or(missing("index", "the number of the waypoint"))?;
    if index != expected_index {
        return Err(missing("index", "0, 1, 2… in the order of the waypoints"));
    }
    let coordinates = placemark
        .at(&["Point", "coordinates"])
        .map(|element| element.text.trim())
        .unwrap_or_default();
    let mut numbers = coordinates.split(',').map(|text| text.trim().parse::<f64>().ok());
    let (Some(Some(longitude_deg)), Some(Some(latitude_deg))) = (numbers.next(), numbers.next()) else {
        return Err(missing("coordinates", "longitude,latitude"));
    };
    Ok(Waypoint {
        longitude_deg,
        latitude_deg,
        height_m: required(placemark, "executeHeight")?,
        speed_ms: placemark.number("waypointSpeed"),
        heading: heading(placemark),
    })
}

fn heading(placemark: &Element) -> Heading {
    let parameters = placemark.child("waypointHeadingParam");
    let angle_deg = parameters
        .and_then(|p| p.number("waypointHeadingAngle"))
        .unwrap_or(0.0);
    match parameters.and_then(|p| p.text_of("waypointHeadingMode")) {
        Some("fixed") => Heading::Fixed,
        Some("manually") => Heading::Manually,
        Some("towardPOI") => Heading::TowardPoi,
        Some("smoothTransition") => Heading::SmoothTransition { angle_deg },
        _ => Heading::FollowWayline,
    }
}

fn action_group(group: &Element) -> Result<ActionGroup, WpmlError> {
    let index = |name| {
        group
            .number(name)
            .ok_or(missing(name, "the number of a waypoint"))
    };
    Ok(ActionGroup {
        start: index("actionGroupStartIndex")?,
        end: index("actionGroupEndIndex")?,
        trigger: trigger(group)?,
        actions: group.all("action").map(action).collect(),
    })
}

fn trigger(group: &Element) -> Result<Trigger, WpmlError> {
    let trigger = group
        .child("actionTrigger")
        .ok_or(missing("actionTrigger", "an element"))?;
    let parameter = required(trigger, "actionTriggerParam");
    match trigger.text_of("actionTriggerType") {
        Some("reachPoint") => Ok(Trigger::ReachPoint),
        Some("betweenAdjacentPoints") => Ok(Trigger::BetweenAdjacentPoints),
        Some("multipleTiming") => Ok(Trigger::MultipleTiming { every_s: parameter? }),
        Some("multipleDistance") => Ok(Trigger::MultipleDistance { every_m: parameter? }),
        _ => Err(missing("actionTriggerType", "a known trigger")),
    }
}

fn action(element: &Element) -> Action {
    let parameters = element.child("actionActuatorFuncParam");
    let number = |name| parameters.and_then(|p| p.number::<f64>(name));
    let enabled = |name| number(name).is_some_and(|flag| flag != 0.0);
    let suffix = || {
        let suffix = parameters.and_then(|p| p.text_of("fileSuffix"));
        suffix.unwrap_or_default().to_owned()
    };
    let func = element.text_of("actionActuatorFunc").unwrap_or_default();
    match func {
        "takePhoto" => Action::TakePhoto { suffix: suffix() },
        "startRecord" => Action::StartRecord { suffix: suffix() },
        "stopRecord" => Action::StopRecord,
        "gimbalRotate" => Action::GimbalRotate {
            pitch_deg: number("gimbalPitchRotateAngle").filter(|_| enabled("gimbalPitchRotateEnable")),
            yaw_deg: number("gimbalYawRotateAngle").filter(|_| enabled("gimbalYawRotateEnable")),
        },
        "rotateYaw" => match number("aircraftHeading") {
            Some(heading_deg) => Action::RotateYaw { heading_deg },
            None => other(func),
        },
        "hover" => match number("hoverTime") {
            Some(seconds) => Action::Hover { seconds },
            None => other(func),
        },
        _ => other(func),
    }
}

fn other(func: &str) -> Action {
    Action::Other {
        func: func.to_owned(),
    }
}
