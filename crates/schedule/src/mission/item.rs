//! One mission item in the form in which it goes over the wire (MISSION_ITEM_INT), without its number.

use serde::{Deserialize, Deserializer, Serialize};
use survey::geodesy::Wgs84;

/// Commands whose x and y are a place (MAVLink `common.xml`, commands with `hasLocation`, and the older
/// regions of interest).
const PLACED: &[u16] = &[
    16, 17, 18, 19, 21, 22, 31, 33, 34, 36, 80, 81, 82, 84, 85, 94, 179, 189, 192, 195, 201, 5000, 5001,
    5002, 5003, 5004, 5100,
];
/// MAV_FRAME values that mean degrees on the Earth: absolute, relative, terrain, each plain and `_INT`.
const GLOBAL_FRAMES: [u8; 6] = [0, 3, 5, 6, 10, 11];
/// Greatest relative difference of a number that went through a vehicle's single precision storage.
const NOISE: f32 = 1e-4;
/// ArduPilot keeps heights in whole centimetres, cut off.
const HEIGHT_STEP_M: f32 = 0.0101;

/// A mission item as MAVLink's MISSION_ITEM_INT carries it: raw, without home at 0 and without sequence number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissionItem {
    /// MAV_FRAME.
    pub frame: u8,
    /// MAV_CMD.
    pub command: u16,
    /// Parameters 1 to 4; NaN (in JSON null) means "not given".
    #[serde(deserialize_with = "numbers_or_null")]
    pub params: [f32; 4],
    /// Latitude, 1e-7 degrees, of commands with a place; parameter 5 otherwise.
    pub x: i32,
    /// Longitude, 1e-7 degrees, of commands with a place; parameter 6 otherwise.
    pub y: i32,
    /// Height, m, in the reference of `frame`, of commands with a place; parameter 7 otherwise.
    #[serde(deserialize_with = "number_or_null")]
    pub z: f32,
    /// Whether the vehicle goes on to the next item by itself.
    pub auto_continue: bool,
}

impl MissionItem {
    /// The place on the ground this item names. None for commands without a place, for 0, 0 and for
    /// `i32::MAX` (both mean "where the vehicle is"), and for numbers that are no place on Earth.
    #[must_use]
    pub fn place(&self) -> Option<Wgs84> {
        let unset = (self.x == 0 && self.y == 0) || self.x == i32::MAX || self.y == i32::MAX;
        if !self.can_be_placed() || unset {
            return None;
        }
        Wgs84::new(f64::from(self.x) / 1e7, f64::from(self.y) / 1e7).ok()
    }

    /// Whether x and y are latitude and longitude.
    #[must_use]
    pub fn can_be_placed(&self) -> bool {
        PLACED.contains(&self.command) && GLOBAL_FRAMES.contains(&self.frame)
    }
}

/// Whether what a vehicle gives back is the item it was given.
///
/// Numbers may differ by single precision noise (1e-4 of their size), places by one unit of 1e-7 degrees (1 cm),
/// heights of placed items by 1 cm; a frame equals its `_INT` twin. NaN equals NaN, and 0, which is what a
/// vehicle that cannot store "not given" answers. Everything else must be equal.
#[must_use]
pub fn same_on_wire(a: &MissionItem, b: &MissionItem) -> bool {
    let near = |p: i32, q: i32| p.abs_diff(q) <= 1;
    plain_frame(a.frame) == plain_frame(b.frame)
        && a.command == b.command
        && a.auto_continue == b.auto_continue
        && a.params.iter().zip(&b.params).all(|(p, q)| same_number(*p, *q))
        && near(a.x, b.x)
        && near(a.y, b.y)
        && (same_number(a.z, b.z) || (a.can_be_placed() && (a.z - b.z).abs() <= HEIGHT_STEP_M))
}

fn same_number(a: f32, b: f32) -> bool {
    let given = |v: f32| if v.is_nan() { 0.0 } else { v };
    let (a, b) = (given(a), given(b));
    a == b || (a - b).abs() <= NOISE * a.abs().max(b.abs())
}

fn plain_frame(frame: u8) -> u8 {
    match frame {
        5 => 0,
        6 => 3,
        11 => 10,
        other => other,
    }
}

fn number_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(input)?.unwrap_or(f32::NAN))
}

fn numbers_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<[f32; 4], D::Error> {
    let numbers = <[Option<f32>; 4]>::deserialize(input)?;
    Ok(numbers.map(|number| number.unwrap_or(f32::NAN)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waypoint() -> MissionItem {
        MissionItem {
            frame: 3,
            command: 16,
            params: [0.0, 0.0, 0.0, f32::NAN],
            x: 312_000_000,
            y: 1_215_000_000,
            z: 60.0,
            auto_continue: true,
        }
    }

    #[test]
    fn what_a_vehicle_gives_back_is_recognised() {
        let sent = waypoint();
        let back = MissionItem {
            frame: 6,
            params: [0.0; 4],
            x: sent.x - 1,
            y: sent.y + 1,
            z: 59.99,
            ..sent.clone()
        };
        assert!(same_on_wire(&sent, &sent), "NaN equals NaN");
        assert!(same_on_wire(&sent, &back));
    }

    #[test]
    fn what_would_fly_elsewhere_is_not() {
        let sent = waypoint();
        let changed: [fn(&mut MissionItem); 7] = [
            |i| i.frame = 0,
            |i| i.frame = 10,
            |i| i.command = 19,
            |i| i.params[0] = 0.01,
            |i| i.x += 2,
            |i| i.z = 59.9,
            |i| i.auto_continue = false,
        ];
        for change in changed {
            let mut other = sent.clone();
            change(&mut other);
            assert!(!same_on_wire(&sent, &other), "{other:?}");
        }
    }

    #[test]
    fn only_commands_with_a_place_in_a_global_frame_have_one() {
        let item = waypoint();
        let place = item.place().unwrap();
        assert_eq!((place.latitude_deg, place.longitude_deg), (31.2, 121.5));
        let nowhere: [fn(&mut MissionItem); 5] = [
            |i| i.command = 206,
            |i| i.frame = 1,
            |i| (i.x, i.y) = (0, 0),
            |i| i.x = i32::MAX,
            |i| i.x = 900_000_001,
        ];
        for change in nowhere {
            let mut other = item.clone();
            change(&mut other);
            assert_eq!(other.place(), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn noise_of_the_wire_is_forgiven_both_ways(
            params: [f32; 4], x: i32, y: i32, z in -500.0..5000.0_f32, noise in -5e-5..5e-5_f32, dx in -1..=1_i32,
        ) {
            let a = MissionItem { params, x, y, z, ..waypoint() };
            let b = MissionItem { params: params.map(|p| p * (1.0 + noise)), x: x.saturating_add(dx), ..a.clone() };
            prop_assert!(same_on_wire(&a, &b) && same_on_wire(&b, &a));
        }
    }
}
