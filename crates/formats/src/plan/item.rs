//! One mission item: the checks that hold for both kinds of file.

use super::error::PlanError;
use super::field::check_place;
use super::{PlanItem, has_place, place_may_be_open};

/// `MAV_FRAME` values whose places are on the globe.
const GLOBAL_FRAMES: [u8; 6] = [0, 3, 5, 6, 10, 11];
/// `MAV_FRAME_MISSION`: the parameters are no place.
const FRAME_MISSION: u8 = 2;

/// Checks an item whose parts were read.
///
/// # Errors
/// A frame that is not flown here, a place that is none or is missing, an open height of a waypoint.
pub(super) fn checked(item: PlanItem) -> Result<PlanItem, PlanError> {
    if item.frame != FRAME_MISSION && !GLOBAL_FRAMES.contains(&item.frame) {
        let expected = "a global frame (0, 3, 5, 6, 10, 11) or 2";
        return Err(field(&item.origin, "frame", item.frame.to_string(), expected));
    }
    if !has_place(item.command) {
        return Ok(item);
    }
    let [.., latitude_deg, longitude_deg, height_m] = item.params;
    let is_open = |degrees: f64| degrees.is_nan() || degrees == 0.0;
    let left_open = place_may_be_open(item.command) && is_open(latitude_deg) && is_open(longitude_deg);
    if item.frame == FRAME_MISSION && left_open {
        return Ok(item);
    }
    if item.frame == FRAME_MISSION {
        let expected = "a global frame: the command has a place";
        return Err(field(&item.origin, "frame", "2".to_owned(), expected));
    }
    match (latitude_deg.is_nan(), longitude_deg.is_nan()) {
        (false, false) => check_place(latitude_deg, longitude_deg, &item.origin)?,
        (true, true) if place_may_be_open(item.command) => {}
        (open, _) => {
            let missing = if open { "params[4]" } else { "params[5]" };
            let expected = "latitude and longitude in degrees";
            return Err(field(
                &item.origin,
                missing,
                "missing or null".to_owned(),
                expected,
            ));
        }
    }
    let on_null_island = latitude_deg == 0.0 && longitude_deg == 0.0;
    if on_null_island && !place_may_be_open(item.command) {
        return Err(PlanError::NoSuchPlace {
            origin: item.origin,
            latitude_deg,
            longitude_deg,
            hint: " that anybody flies to: the place was left empty",
        });
    }
    if height_m.is_nan() && !place_may_be_open(item.command) {
        let expected = "a height in metres";
        return Err(field(
            &item.origin,
            "params[6]",
            "missing or null".to_owned(),
            expected,
        ));
    }
    Ok(item)
}

fn field(origin: &str, field: &str, found: String, expected: &'static str) -> PlanError {
    PlanError::Field {
        origin: origin.to_owned(),
        field: field.to_owned(),
        found,
        expected,
    }
}
