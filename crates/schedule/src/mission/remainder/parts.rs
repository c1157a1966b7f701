//! Single items and places of which the rest of a mission is put together.

use survey::geodesy::{LocalTangent, Wgs84};

use super::{
    ABOVE_HOME, DO_DIGICAM_CONTROL, DO_SET_CAM_TRIGG_DIST, DO_SET_CAM_TRIGG_INTERVAL, IMAGE_START_CAPTURE,
    IMAGE_STOP_CAPTURE,
};
use crate::mission::MissionItem;
use crate::mission::shots::Leg;

pub(super) fn takes_photos(item: &MissionItem) -> bool {
    matches!(
        item.command,
        DO_DIGICAM_CONTROL
            | DO_SET_CAM_TRIGG_DIST
            | DO_SET_CAM_TRIGG_INTERVAL
            | IMAGE_START_CAPTURE
            | IMAGE_STOP_CAPTURE
    )
}

pub(super) fn plain(command: u16, params: [f32; 4]) -> MissionItem {
    MissionItem {
        frame: 2,
        command,
        params,
        x: 0,
        y: 0,
        z: 0.0,
        auto_continue: true,
    }
}

/// A waypoint in the frame of `template`, whose own height holds where heights of photos are not told in that frame.
pub(super) fn waypoint(template: &MissionItem, at: Wgs84, height_above_home_m: f64) -> MissionItem {
    let z = if ABOVE_HOME.contains(&template.frame) {
        height_above_home_m as f32
    } else {
        template.z
    };
    MissionItem {
        x: (at.latitude_deg * 1e7).round() as i32,
        y: (at.longitude_deg * 1e7).round() as i32,
        z,
        ..template.clone()
    }
}

/// The place on a leg that lies `back_m` before `at`, at most its beginning; how far along it that is; its length.
pub(super) fn back_on(leg: &Leg, at: Wgs84, back_m: f64) -> (Wgs84, f64, f64) {
    let plane = LocalTangent::at(leg.from);
    let [east_m, north_m] = plane.enu_from_wgs84(leg.to);
    let length_m = east_m.hypot(north_m);
    let [x, y] = plane.enu_from_wgs84(at);
    let done_m = (x.hypot(y) - back_m).max(0.0);
    if length_m <= 0.0 {
        return (leg.from, 0.0, 0.0);
    }
    let part = (done_m / length_m).min(1.0);
    (
        plane.wgs84_from_enu(part * east_m, part * north_m),
        done_m,
        length_m,
    )
}

pub(super) fn midpoint(a: Wgs84, b: Wgs84) -> Wgs84 {
    let plane = LocalTangent::at(a);
    let [east_m, north_m] = plane.enu_from_wgs84(b);
    plane.wgs84_from_enu(east_m / 2.0, north_m / 2.0)
}
