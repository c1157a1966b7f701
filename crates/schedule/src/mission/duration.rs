//! How long a mission will take from take-off to landing: enough to tell that a charge will not last, not to tell
//! when it lands. Wind, other speeds set on the vehicle and jumps in the mission are left out.

use survey::geodesy::{Wgs84, geodesic_distance_m};

use super::item::MissionItem;

/// Speed on legs until the mission sets one, m/s: between PX4's default (5) and ArduCopter's (10).
const CRUISE_MS: f64 = 7.0;
/// Climb and descent, m/s (ArduCopter 2.5 and 1.5; PX4 3 and 1.5).
const CLIMB_MS: f64 = 2.5;
const DESCENT_MS: f64 = 1.5;
/// The last metres are flown down slowly.
const SLOW_BELOW_M: f64 = 10.0;
const TOUCHDOWN_MS: f64 = 0.5;
/// Braking and speeding up again at a waypoint, s.
const TURN_S: f64 = 3.0;
/// Spooling up, and hovering above home before the descent, s.
const START_S: f64 = 5.0;
const HOVER_S: f64 = 5.0;
/// Longest single wait that is believed, s.
const LONGEST_WAIT_S: f64 = 3600.0;

const WAYPOINT: u16 = 16;
const LOITER_TIME: u16 = 19;
const RETURN: u16 = 20;
const LAND: u16 = 21;
const DELAY: u16 = 93;
const CONDITION_DELAY: u16 = 112;
const CHANGE_SPEED: u16 = 178;
/// MAV_CMD_NAV_LAST: places of later commands are looked at, not flown to.
const LAST_NAVIGATION: u16 = 95;

/// Estimated time of a mission, s; none for one that has no places.
#[must_use]
pub fn estimated_duration_s(items: &[MissionItem], home: Option<Wgs84>) -> Option<f64> {
    let start = home.or_else(|| items.iter().find_map(MissionItem::place))?;
    let mut at = start;
    let (mut height_m, mut speed_ms, mut total_s) = (0.0_f64, CRUISE_MS, START_S);
    for item in items {
        match item.command {
            CHANGE_SPEED => {
                let wanted_ms = f64::from(item.params[1]);
                if wanted_ms.is_finite() && wanted_ms > 0.1 {
                    speed_ms = wanted_ms;
                }
            }
            RETURN | LAND => {
                let to = match item.command {
                    RETURN => start,
                    _land => item.place().unwrap_or(at),
                };
                let way_s = geodesic_distance_m(at, to) / speed_ms;
                return Some(total_s + way_s + HOVER_S + down_s(height_m));
            }
            _elsewhere => {}
        }
        total_s += wait_s(item);
        let Some(place) = item.place().filter(|_| item.command <= LAST_NAVIGATION) else {
            continue;
        };
        let to_m = f64::from(item.z);
        let climb_m = if to_m.is_finite() { to_m - height_m } else { 0.0 };
        let vertical_s = climb_m.max(0.0) / CLIMB_MS + (-climb_m).max(0.0) / DESCENT_MS;
        total_s += (geodesic_distance_m(at, place) / speed_ms).max(vertical_s) + TURN_S;
        at = place;
        height_m += climb_m;
    }
    Some(total_s + geodesic_distance_m(at, start) / speed_ms + HOVER_S + down_s(height_m))
}

fn down_s(height_m: f64) -> f64 {
    let slow_m = height_m.clamp(0.0, SLOW_BELOW_M);
    (height_m - SLOW_BELOW_M).max(0.0) / DESCENT_MS + slow_m / TOUCHDOWN_MS
}

fn wait_s(item: &MissionItem) -> f64 {
    let waits = [WAYPOINT, LOITER_TIME, DELAY, CONDITION_DELAY].contains(&item.command);
    let wait_s = f64::from(item.params[0]);
    if waits && wait_s.is_finite() {
        wait_s.clamp(0.0, LONGEST_WAIT_S)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use survey::geodesy::LocalTangent;

    use super::*;

    fn home() -> Wgs84 {
        Wgs84::new(31.2, 121.5).unwrap()
    }

    fn item(command: u16, first: f32, second: f32, to: Option<(f64, f64, f32)>) -> MissionItem {
        let place = to.map(|(east_m, north_m, _)| LocalTangent::at(home()).wgs84_from_enu(east_m, north_m));
        MissionItem {
            frame: if to.is_some() { 3 } else { 2 },
            command,
            params: [first, second, 0.0, 0.0],
            x: place.map_or(0, |place| (place.latitude_deg * 1e7).round() as i32),
            y: place.map_or(0, |place| (place.longitude_deg * 1e7).round() as i32),
            z: to.map_or(0.0, |(.., z)| z),
            auto_continue: true,
        }
    }

    #[test]
    fn a_square_takes_its_way_its_climb_and_its_turns() {
        let items = [
            item(22, 0.0, 0.0, Some((0.0, 0.0, 40.0))),
            item(178, 1.0, 5.0, None),
            item(16, 0.0, 0.0, Some((0.0, 300.0, 40.0))),
            item(16, 10.0, 0.0, Some((300.0, 300.0, 40.0))),
            item(20, 0.0, 0.0, None),
        ];
        // 5 start; 16 climb; 60 + 60 + 84.9 on legs; 3 turns of 3; 10 wait; 5 hover; 20 + 20 down.
        let estimated_s = estimated_duration_s(&items, Some(home())).unwrap();
        assert!((estimated_s - 289.9).abs() < 1.0, "{estimated_s}");
        assert_eq!(estimated_duration_s(&[], None), None);
    }

    proptest! {
        /// Any mission has a finite estimate, and waiting longer never makes it shorter.
        #[test]
        fn any_mission_has_a_finite_estimate(
            commands in prop::collection::vec((0_u16..300, any::<f32>(), any::<f32>(), -900.0..900.0, any::<f32>()), 0..30),
            wait_s in 0.0_f32..600.0,
        ) {
            let mut items: Vec<MissionItem> = commands
                .iter()
                .map(|(command, first, second, north_m, z)| item(*command, *first, *second, Some((0.0, *north_m, z.clamp(-500.0, 500.0)))))
                .collect();
            let before_s = estimated_duration_s(&items, Some(home())).unwrap();
            prop_assert!(before_s.is_finite() && before_s > 0.0);
            items.insert(0, item(93, wait_s, 0.0, None));
            prop_assert!(estimated_duration_s(&items, Some(home())).unwrap() >= before_s - 1e-6);
        }
    }
}
