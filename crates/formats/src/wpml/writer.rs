//! Writes both texts with every element that the documentation calls required for aircraft of docks.

use quick_xml::escape::escape;

use super::{Action, ActionGroup, FinishAction, Heading, HeightMode, LinkLost, Trigger, Wayline, Waypoint};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\" \
                    xmlns:wpml=\"http://www.dji.com/wpmz/1.0.6\">\n<Document>\n";
const FOOT: &str = "</Document>\n</kml>\n";

/// `wpmz/template.kml`: the same points for tools that show and edit waylines.
pub(super) fn template(wayline: &Wayline) -> String {
    let mut xml = Xml(HEAD.to_owned());
    xml.text("author", &wayline.author);
    xml.value("createTime", wayline.created_at_ms);
    xml.value("updateTime", wayline.created_at_ms);
    mission_config(&mut xml, wayline);
    xml.plain("<Folder>");
    xml.text("templateType", "waypoint");
    xml.value("templateId", 0);
    xml.within("waylineCoordinateSysParam", |xml| {
        xml.text("coordinateMode", "WGS84");
        xml.text("heightMode", template_height_mode(wayline.height_mode));
    });
    xml.value("autoFlightSpeed", wayline.speed_ms);
    xml.text("gimbalPitchMode", "manual");
    xml.within("globalWaypointHeadingParam", |xml| {
        heading(xml, Heading::FollowWayline)
    });
    xml.text(
        "globalWaypointTurnMode",
        "toPointAndStopWithDiscontinuityCurvature",
    );
    xml.value("globalUseStraightLine", 1);
    for (index, waypoint) in wayline.waypoints.iter().enumerate() {
        placemark(&mut xml, wayline, (index, waypoint), |xml| {
            xml.value("ellipsoidHeight", waypoint.height_m);
            xml.value("height", waypoint.height_m);
            xml.value("useGlobalHeight", 0);
            xml.value("useGlobalSpeed", u8::from(waypoint.speed_ms.is_none()));
            xml.value("useGlobalHeadingParam", 0);
            xml.value("useGlobalTurnParam", 1);
        });
    }
    xml.plain("</Folder>");
    xml.0 + FOOT
}

/// `wpmz/waylines.wpml`: what the aircraft flies.
pub(super) fn waylines(wayline: &Wayline) -> String {
    let mut xml = Xml(HEAD.to_owned());
    mission_config(&mut xml, wayline);
    xml.plain("<Folder>");
    xml.value("templateId", 0);
    xml.text("executeHeightMode", execute_height_mode(wayline.height_mode));
    xml.value("waylineId", 0);
    xml.value("autoFlightSpeed", wayline.speed_ms);
    for (index, waypoint) in wayline.waypoints.iter().enumerate() {
        placemark(&mut xml, wayline, (index, waypoint), |xml| {
            xml.value("executeHeight", waypoint.height_m);
        });
    }
    xml.plain("</Folder>");
    xml.0 + FOOT
}

fn mission_config(xml: &mut Xml, wayline: &Wayline) {
    xml.within("missionConfig", |xml| {
        xml.text("flyToWaylineMode", "safely");
        xml.text("finishAction", finish_word(wayline.finish));
        let (exit, action) = link_lost_words(wayline.on_link_lost);
        xml.text("exitOnRCLost", exit);
        xml.text("executeRCLostAction", action);
        xml.value("takeOffSecurityHeight", wayline.takeoff_height_m);
        xml.value("globalTransitionalSpeed", wayline.transitional_speed_ms);
        if let Some(height_m) = wayline.return_height_m {
            xml.value("globalRTHHeight", height_m);
        }
        xml.within("droneInfo", |xml| {
            xml.value("droneEnumValue", wayline.drone.0);
            xml.value("droneSubEnumValue", wayline.drone.1);
        });
        xml.within("payloadInfo", |xml| {
            xml.value("payloadEnumValue", wayline.payload.0);
            xml.value("payloadSubEnumValue", wayline.payload.1);
            xml.value("payloadPositionIndex", wayline.payload.2);
        });
    });
}

fn placemark(
    xml: &mut Xml,
    wayline: &Wayline,
    (index, waypoint): (usize, &Waypoint),
    heights: impl FnOnce(&mut Xml),
) {
    xml.plain("<Placemark>");
    xml.plain(&format!(
        "<Point><coordinates>{},{}</coordinates></Point>",
        waypoint.longitude_deg, waypoint.latitude_deg
    ));
    xml.value("index", index);
    heights(xml);
    xml.value("waypointSpeed", waypoint.speed_ms.unwrap_or(wayline.speed_ms));
    xml.within("waypointHeadingParam", |xml| heading(xml, waypoint.heading));
    xml.within("waypointTurnParam", |xml| {
        xml.text("waypointTurnMode", "toPointAndStopWithDiscontinuityCurvature");
        xml.value("waypointTurnDampingDist", 0);
    });
    xml.value("useStraightLine", 1);
    for (id, group) in wayline.action_groups.iter().enumerate() {
        if group.start == index {
            action_group(xml, (id, group), wayline.payload.2);
        }
    }
    xml.plain("</Placemark>");
}

fn heading(xml: &mut Xml, heading: Heading) {
    let (word, angle_deg) = match heading {
        Heading::FollowWayline => ("followWayline", None),
        Heading::Fixed => ("fixed", None),
        Heading::Manually => ("manually", None),
        Heading::TowardPoi => ("towardPOI", None),
        Heading::SmoothTransition { angle_deg } => ("smoothTransition", Some(angle_deg)),
    };
    xml.text("waypointHeadingMode", word);
    if let Some(angle_deg) = angle_deg {
        xml.value("waypointHeadingAngle", angle_deg);
    }
    xml.text("waypointHeadingPathMode", "followBadArc");
}

fn action_group(xml: &mut Xml, (id, group): (usize, &ActionGroup), payload_position: u32) {
    xml.within("actionGroup", |xml| {
        xml.value("actionGroupId", id);
        xml.value("actionGroupStartIndex", group.start);
        xml.value("actionGroupEndIndex", group.end);
        xml.text("actionGroupMode", "sequence");
        xml.within("actionTrigger", |xml| {
            let (word, parameter) = match group.trigger {
                Trigger::ReachPoint => ("reachPoint", None),
                Trigger::BetweenAdjacentPoints => ("betweenAdjacentPoints", None),
                Trigger::MultipleTiming { every_s } => ("multipleTiming", Some(every_s)),
                Trigger::MultipleDistance { every_m } => ("multipleDistance", Some(every_m)),
            };
            xml.text("actionTriggerType", word);
            if let Some(parameter) = parameter {
                xml.value("actionTriggerParam", parameter);
            }
        });
        for (id, action) in group.actions.iter().enumerate() {
            xml.within("action", |xml| {
                xml.value("actionId", id);
                xml.text("actionActuatorFunc", func_word(action));
                xml.within("actionActuatorFuncParam", |xml| {
                    parameters(xml, action, payload_position)
                });
            });
        }
    });
}

fn func_word(action: &Action) -> &str {
    match action {
        Action::TakePhoto { .. } => "takePhoto",
        Action::GimbalRotate { .. } => "gimbalRotate",
        Action::RotateYaw { .. } => "rotateYaw",
        Action::Hover { .. } => "hover",
        Action::StartRecord { .. } => "startRecord",
        Action::StopRecord => "stopRecord",
        Action::Other { func } => func,
    }
}

fn parameters(xml: &mut Xml, action: &Action, payload_position: u32) {
    match action {
        Action::TakePhoto { suffix } | Action::StartRecord { suffix } => {
            xml.value("payloadPositionIndex", payload_position);
            xml.text("fileSuffix", suffix);
            xml.value("useGlobalPayloadLensIndex", 0);
            xml.text("payloadLensIndex", "wide");
        }
        Action::GimbalRotate { pitch_deg, yaw_deg } => {
            xml.value("payloadPositionIndex", payload_position);
            xml.text("gimbalHeadingYawBase", "north");
            xml.text("gimbalRotateMode", "absoluteAngle");
            xml.value("gimbalPitchRotateEnable", u8::from(pitch_deg.is_some()));
            xml.value("gimbalPitchRotateAngle", pitch_deg.unwrap_or(0.0));
            xml.value("gimbalRollRotateEnable", 0);
            xml.value("gimbalRollRotateAngle", 0);
            xml.value("gimbalYawRotateEnable", u8::from(yaw_deg.is_some()));
            xml.value("gimbalYawRotateAngle", yaw_deg.unwrap_or(0.0));
            xml.value("gimbalRotateTimeEnable", 0);
            xml.value("gimbalRotateTime", 0);
        }
        Action::RotateYaw { heading_deg } => {
            xml.value("aircraftHeading", heading_deg);
            xml.text("aircraftPathMode", "counterClockwise");
        }
        Action::Hover { seconds } => xml.value("hoverTime", seconds),
        Action::StopRecord => {
            xml.value("payloadPositionIndex", payload_position);
            xml.text("payloadLensIndex", "wide");
        }
        Action::Other { .. } => {}
    }
}

pub(super) fn finish_word(finish: FinishAction) -> &'static str {
    match finish {
        FinishAction::GoHome => "goHome",
        FinishAction::NoAction => "noAction",
        FinishAction::AutoLand => "autoLand",
        FinishAction::GotoFirstWaypoint => "gotoFirstWaypoint",
    }
}

fn link_lost_words(lost: LinkLost) -> (&'static str, &'static str) {
    match lost {
        LinkLost::Continue => ("goContinue", "goBack"),
        LinkLost::GoBack => ("executeLostAction", "goBack"),
        LinkLost::Landing => ("executeLostAction", "landing"),
        LinkLost::Hover => ("executeLostAction", "hover"),
    }
}

pub(super) fn execute_height_mode(mode: HeightMode) -> &'static str {
    match mode {
        HeightMode::RelativeToStartPoint => "relativeToStartPoint",
        HeightMode::Wgs84 => "WGS84",
        HeightMode::RealTimeFollowSurface => "realTimeFollowSurface",
    }
}

fn template_height_mode(mode: HeightMode) -> &'static str {
    match mode {
        HeightMode::RelativeToStartPoint => "relativeToStartPoint",
        HeightMode::Wgs84 => "EGM96",
        HeightMode::RealTimeFollowSurface => "realTimeFollowSurface",
    }
}

/// The text so far.
struct Xml(String);

impl Xml {
    fn plain(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.plain(&format!("<wpml:{name}>{value}</wpml:{name}>"));
    }

    /// Escaped, and without the control characters that no XML document may hold.
    fn text(&mut self, name: &str, text: &str) {
        let allowed = |c: &char| matches!(c, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        let kept: String = text.chars().filter(allowed).collect();
        self.value(name, escape(kept.as_str()));
    }

    fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.plain(&format!("<wpml:{name}>"));
        inner(self);
        self.plain(&format!("</wpml:{name}>"));
    }
}
