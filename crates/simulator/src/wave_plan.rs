//! The flight plan of a neighbourhood as a QGroundControl file (plan version 1, mission version 2,
//! <https://docs.qgroundcontrol.com/master/en/qgc-dev-guide/file_formats/plan.html>): parallel lanes over the block
//! with photos at a fixed distance, a fence around them and the alternate landing place.

use serde_json::{Value, json};

use crate::camera::FOCAL_PER_WIDTH;
use crate::frame::GeoPoint;
use crate::neighbourhood::Neighbourhood;
use crate::photo::PHOTO_SIZE_PX;

/// Flying height above the street, metres: one below the ceiling of 120 m.
pub const FLYING_HEIGHT_M: f64 = 119.0;
/// Ground speed along the lanes, metres per second.
pub const SURVEY_SPEED_M_S: f64 = 11.0;
/// Overlap of pictures along a lane and of neighbouring lanes.
const FORWARD_OVERLAP: f64 = 0.65;
const SIDE_OVERLAP: f64 = 0.40;
const LANES: u32 = 3;
const PHOTOS_PER_LANE: u32 = 5;
/// Straight flight before a lane, so that the vehicle looks along it when the first photo is due, metres.
const LEAD_IN_M: f64 = 20.0;
/// Room between the flight and its fence, metres.
const FENCE_MARGIN_M: f64 = 60.0;

/// MAVLink commands and frames (common.xml).
const NAV_WAYPOINT: u16 = 16;
const NAV_RETURN_TO_LAUNCH: u16 = 20;
const NAV_TAKEOFF: u16 = 22;
const DO_CHANGE_SPEED: u16 = 178;
const DO_MOUNT_CONTROL: u16 = 205;
const DO_SET_CAM_TRIGG_DIST: u16 = 206;
const FRAME_MISSION: u8 = 2;
const FRAME_GLOBAL_RELATIVE: u8 = 3;

/// Distance between photos and between lanes, metres.
pub(crate) fn spacing_m() -> [f64; 2] {
    let gsd_m = FLYING_HEIGHT_M / (FOCAL_PER_WIDTH * f64::from(PHOTO_SIZE_PX[0]));
    let [width_m, height_m] = PHOTO_SIZE_PX.map(|side| f64::from(side) * gsd_m);
    [height_m * (1.0 - FORWARD_OVERLAP), width_m * (1.0 - SIDE_OVERLAP)]
}

/// The file's content.
pub fn flight_plan(place: &Neighbourhood) -> Value {
    let height_m = tenths(FLYING_HEIGHT_M - place.dock_above_street_m);
    let lanes = lanes(place);
    let mut items = Items::default();
    items.fly_to(NAV_TAKEOFF, place.dock, height_m);
    items.act(DO_CHANGE_SPEED, [1.0, SURVEY_SPEED_M_S, -1.0, 0.0, 0.0, 0.0, 0.0]);
    // Straight down, by angles (MAV_MOUNT_MODE_MAVLINK_TARGETING).
    items.act(DO_MOUNT_CONTROL, [-90.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]);
    for [before, start, end] in lanes.iter().map(|lane| lane.map(|enu_m| geodetic(place, enu_m))) {
        items.fly_to(NAV_WAYPOINT, before, height_m);
        items.fly_to(NAV_WAYPOINT, start, height_m);
        // A photo at once and then one each so many metres.
        items.act(
            DO_SET_CAM_TRIGG_DIST,
            [tenths(spacing_m()[0]), 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        );
        items.fly_to(NAV_WAYPOINT, end, height_m);
        items.act(DO_SET_CAM_TRIGG_DIST, [0.0; 7]);
    }
    items.act(NAV_RETURN_TO_LAUNCH, [0.0; 7]);
    json!({
        "fileType": "Plan",
        "version": 1,
        "groundStation": "QGroundControl",
        "mission": {
            "version": 2,
            "firmwareType": 3,
            "vehicleType": 2,
            "cruiseSpeed": SURVEY_SPEED_M_S,
            "hoverSpeed": SURVEY_SPEED_M_S,
            "globalPlanAltitudeMode": 1,
            "plannedHomePosition": [place.dock.latitude_deg, place.dock.longitude_deg, place.dock_amsl_m],
            "items": items.list,
        },
        "geoFence": {
            "version": 2,
            "circles": [],
            "polygons": [{"version": 1, "inclusion": true, "polygon": fence(place, &lanes)}],
        },
        // The alternate landing place is the dock's, and flown to on command: as a rally point it would take any return
        // that begins nearer to it than to the dock.
        "rallyPoints": { "version": 2, "points": [] },
    })
}

/// Mission items one after another.
#[derive(Default)]
struct Items {
    list: Vec<Value>,
}

impl Items {
    /// Flies to a place at a height above the take-off point; the heading is left to the vehicle.
    fn fly_to(&mut self, command: u16, place: GeoPoint, height_m: f64) {
        self.list.push(json!({
            "type": "SimpleItem",
            "AMSLAltAboveTerrain": null,
            "Altitude": height_m,
            "AltitudeMode": 1,
            "autoContinue": true,
            "command": command,
            "doJumpId": self.list.len() + 1,
            "frame": FRAME_GLOBAL_RELATIVE,
            "params": [0, 0, 0, null, place.latitude_deg, place.longitude_deg, height_m],
        }));
    }

    /// Does something that has no place.
    fn act(&mut self, command: u16, params: [f64; 7]) {
        self.list.push(json!({
            "type": "SimpleItem",
            "autoContinue": true,
            "command": command,
            "doJumpId": self.list.len() + 1,
            "frame": FRAME_MISSION,
            "params": params,
        }));
    }
}

/// Lead-in, start and end of each lane, back and forth, beginning at the lane end nearest the dock.
fn lanes(place: &Neighbourhood) -> Vec<[[f64; 2]; 3]> {
    let [step_m, lane_m] = spacing_m();
    // Half a step more than the last photo needs.
    let half_m = step_m * (f64::from(PHOTOS_PER_LANE) - 0.5) / 2.0;
    let survey = &place.survey;
    let laid = |first_way: f64, first_side: f64| -> Vec<[[f64; 2]; 3]> {
        (0..LANES)
            .map(|lane| {
                let way = if lane % 2 == 0 { first_way } else { -first_way };
                let across = first_side * (f64::from(lane) - f64::from(LANES - 1) / 2.0) * lane_m;
                [-half_m - LEAD_IN_M, -half_m, half_m].map(|along| survey.enu_from_lane(way * along, across))
            })
            .collect()
    };
    let dock = place.scene.frame.enu_from_wgs84(place.dock, 0.0);
    let way_to = |lanes: &Vec<[[f64; 2]; 3]>| {
        let [e, n] = lanes.first().map_or([0.0; 2], |lane| lane[0]);
        (e - dock[0]).hypot(n - dock[1])
    };
    [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
        .map(|(way, side)| laid(way, side))
        .into_iter()
        .min_by(|a, b| way_to(a).total_cmp(&way_to(b)))
        .unwrap_or_default()
}

/// Corners of the upright rectangle around everything that is flown over, latitude before longitude.
fn fence(place: &Neighbourhood, lanes: &[[[f64; 2]; 3]]) -> Vec<[f64; 2]> {
    let ends = [place.dock, place.alternate_landing].map(|end| {
        let [e, n, _] = place.scene.frame.enu_from_wgs84(end, 0.0);
        [e, n]
    });
    let mut low = ends[0];
    let mut high = ends[0];
    for point in ends.iter().chain(lanes.iter().flatten()) {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis] - FENCE_MARGIN_M);
            high[axis] = high[axis].max(point[axis] + FENCE_MARGIN_M);
        }
    }
    [low, [high[0], low[1]], high, [low[0], high[1]]]
        .map(|corner| {
            let corner = geodetic(place, corner);
            [corner.latitude_deg, corner.longitude_deg]
        })
        .to_vec()
}

/// Position of a scene place at street level, to the 1e-7 degrees that MAVLink carries.
fn geodetic(place: &Neighbourhood, [e, n]: [f64; 2]) -> GeoPoint {
    place.scene.frame.wgs84_from_enu([e, n, 0.0]).rounded()
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).floor() / 10.0
}
