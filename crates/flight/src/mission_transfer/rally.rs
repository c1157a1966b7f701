//! Rally points in the form in which a vehicle keeps them.
//!
//! Sources: ArduPilot 4.5 `MissionItemProtocol_Rally.cpp` (height above home only, in whole metres), PX4 1.15
//! `mavlink_mission.cpp` (kept whole).

use schedule::mission::{MissionItem, RallyPoint};
use survey::geodesy::Wgs84;
use thiserror::Error;

const FRAME_RELATIVE: u8 = 3;
const RELATIVE: [u8; 2] = [FRAME_RELATIVE, 6];
const RALLY_POINT: u16 = 5100;
const UNITS_PER_DEGREE: f64 = 1e7;
/// ArduPilot keeps whole metres in 16 bits.
const HEIGHTS_M: std::ops::RangeInclusive<f64> = -32_768.0..=32_767.0;

/// Rally points that cannot be sent, or were read and are none.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RallyError {
    /// None at all: to have none, clear them.
    #[error("there are no rally points to send")]
    Empty,
    /// More than can be numbered.
    #[error("{count} rally points; at most 255 can be kept")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A height that no autopilot keeps.
    #[error("rally point {point} has a height of {height_m} m above home")]
    Height {
        /// Which one, from 0.
        point: usize,
        /// Its height.
        height_m: f64,
    },
    /// Read from the vehicle, and not a rally point.
    #[error("item {item} of the vehicle's rally points is none: command {command}, frame {frame}")]
    NotOne {
        /// Which one, from 0.
        item: usize,
        /// Its command.
        command: u16,
        /// Its frame.
        frame: u8,
    },
}

/// The points as items, numbered from 0.
pub fn rally_items(points: &[RallyPoint]) -> Result<Vec<MissionItem>, RallyError> {
    if points.is_empty() {
        return Err(RallyError::Empty);
    }
    if points.len() > usize::from(u8::MAX) {
        return Err(RallyError::TooMany { count: points.len() });
    }
    let item = |(point, rally): (usize, &RallyPoint)| {
        let height_m = rally.height_above_home_m;
        if !HEIGHTS_M.contains(&height_m) {
            return Err(RallyError::Height { point, height_m });
        }
        Ok(MissionItem {
            frame: FRAME_RELATIVE,
            command: RALLY_POINT,
            params: [0.0; 4],
            x: (rally.position.latitude_deg * UNITS_PER_DEGREE).round() as i32,
            y: (rally.position.longitude_deg * UNITS_PER_DEGREE).round() as i32,
            // What ArduPilot would cut off is rounded here, so that it is known.
            z: height_m.round() as f32,
            auto_continue: true,
        })
    };
    points.iter().enumerate().map(item).collect()
}

/// The points that items are.
pub fn rally_of(items: &[MissionItem]) -> Result<Vec<RallyPoint>, RallyError> {
    let point = |(item, found): (usize, &MissionItem)| {
        let wrong = || RallyError::NotOne {
            item,
            command: found.command,
            frame: found.frame,
        };
        if found.command != RALLY_POINT || !RELATIVE.contains(&found.frame) {
            return Err(wrong());
        }
        let place = |units: i32| f64::from(units) / UNITS_PER_DEGREE;
        let position = Wgs84::new(place(found.x), place(found.y)).map_err(|_out_of_range| wrong())?;
        Ok(RallyPoint {
            position,
            height_above_home_m: f64::from(found.z),
        })
    };
    items.iter().enumerate().map(point).collect()
}

/// Whether what a vehicle gave back is what it was given: ArduPilot keeps whole metres and answers neither parameters
/// nor "auto continue".
pub fn same_rally(_number: usize, sent: &MissionItem, found: &MissionItem) -> bool {
    sent.command == found.command
        && RELATIVE.contains(&found.frame)
        && sent.x.abs_diff(found.x) <= 1
        && sent.y.abs_diff(found.y) <= 1
        && (sent.z - found.z).abs() < 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(height_above_home_m: f64) -> RallyPoint {
        RallyPoint {
            position: Wgs84::new(31.2, 121.5).unwrap(),
            height_above_home_m,
        }
    }

    #[test]
    fn points_go_out_in_whole_metres_and_come_back() {
        let items = rally_items(&[point(30.4), point(0.0)]).unwrap();
        assert_eq!(
            (items[0].x, items[0].z, items[0].command),
            (312_000_000, 30.0, 5100)
        );
        assert_eq!(rally_of(&items).unwrap()[0], point(30.0));
        let found = MissionItem {
            auto_continue: false,
            frame: 6,
            ..items[0].clone()
        };
        assert!(same_rally(0, &items[0], &found));
        for change in [
            |item: &mut MissionItem| item.z += 1.0,
            |item: &mut MissionItem| item.y += 9,
            |item: &mut MissionItem| item.frame = 0,
            |item: &mut MissionItem| item.command = 16,
        ] {
            let mut other = found.clone();
            change(&mut other);
            assert!(!same_rally(0, &items[0], &other));
        }
    }

    #[test]
    fn what_is_no_rally_point_is_named() {
        assert_eq!(rally_items(&[]), Err(RallyError::Empty));
        assert!(matches!(
            rally_items(&[point(f64::NAN)]),
            Err(RallyError::Height { point: 0, .. })
        ));
        let mut items = rally_items(&[point(3.0), point(4.0)]).unwrap();
        items[1].command = 16;
        assert!(matches!(
            rally_of(&items),
            Err(RallyError::NotOne { item: 1, .. })
        ));
    }
}
