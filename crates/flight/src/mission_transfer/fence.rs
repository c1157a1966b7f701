//! A fence in the form in which a vehicle keeps it: a polygon is as many items as it has corners, each of which says
//! how many there are; circles and the return point are one item each.
//!
//! Sources: ArduPilot 4.5 `MissionItemProtocol_Fence.cpp`, `AC_PolyFence_loader.cpp` (8 bits of corners, one return
//! point, validated as a whole after the last item; gives back neither frame nor height); PX4 1.15
//! `mavlink_mission.cpp` (at least 3 corners; gives back absolute frames).

use schedule::mission::{Fence, FenceArea, FenceShape, MissionItem};
use survey::geodesy::Wgs84;
use thiserror::Error;

const FRAME_GLOBAL: u8 = 0;
const RETURN_POINT: u16 = 5000;
const INSIDE_POLYGON: u16 = 5001;
const OUTSIDE_POLYGON: u16 = 5002;
const INSIDE_CIRCLE: u16 = 5003;
const OUTSIDE_CIRCLE: u16 = 5004;
const UNITS_PER_DEGREE: f64 = 1e7;
/// ArduPilot keeps a radius this close above whole metres as whole metres.
const RADIUS_STEP_M: f32 = 0.001;
const FEWEST_CORNERS: usize = 3;
const MOST_CORNERS: usize = 255;
/// Items that can be numbered.
const MOST_ITEMS: usize = 65_534;

/// A fence that cannot be sent, or was read and is none. Areas and items count from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FenceError {
    /// Nothing to send: to have no fence, clear it.
    #[error("the fence has no areas")]
    Empty,
    /// Fewer than 3 or more than 255 corners.
    #[error("area {area} of the fence has {corners} corners; it needs 3 to 255")]
    Corners {
        /// Which area.
        area: usize,
        /// Its corners.
        corners: usize,
    },
    /// A circle without a size.
    #[error("area {area} of the fence is a circle of {radius_m} m")]
    Radius {
        /// Which area.
        area: usize,
        /// Its radius.
        radius_m: f64,
    },
    /// More items than can be numbered.
    #[error("the fence has {count} corners and circles; at most 65534 can be sent")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// Read from the vehicle, and not part of a fence there.
    #[error("item {item} of the vehicle's fence cannot be read: {reason}")]
    NotOne {
        /// Which item.
        item: usize,
        /// Why.
        reason: &'static str,
    },
}

/// The fence as items, numbered from 0.
pub fn fence_items(fence: &Fence) -> Result<Vec<MissionItem>, FenceError> {
    if fence.is_empty() {
        return Err(FenceError::Empty);
    }
    let mut items = Vec::new();
    for (area, FenceArea { inclusion, shape }) in fence.areas.iter().enumerate() {
        match shape {
            FenceShape::Polygon(corners) => {
                let count = corners.len();
                if !(FEWEST_CORNERS..=MOST_CORNERS).contains(&count) {
                    return Err(FenceError::Corners { area, corners: count });
                }
                let command = if *inclusion {
                    INSIDE_POLYGON
                } else {
                    OUTSIDE_POLYGON
                };
                items.extend(corners.iter().map(|corner| item(command, count as f32, *corner)));
            }
            FenceShape::Circle { centre, radius_m } => {
                if !radius_m.is_finite() || *radius_m <= 0.0 {
                    return Err(FenceError::Radius {
                        area,
                        radius_m: *radius_m,
                    });
                }
                let command = if *inclusion { INSIDE_CIRCLE } else { OUTSIDE_CIRCLE };
                items.push(item(command, *radius_m as f32, *centre));
            }
        }
    }
    items.extend(fence.return_point.map(|place| item(RETURN_POINT, 0.0, place)));
    if items.len() > MOST_ITEMS {
        return Err(FenceError::TooMany { count: items.len() });
    }
    Ok(items)
}

fn item(command: u16, first: f32, place: Wgs84) -> MissionItem {
    MissionItem {
        frame: FRAME_GLOBAL,
        command,
        params: [first, 0.0, 0.0, 0.0],
        x: (place.latitude_deg * UNITS_PER_DEGREE).round() as i32,
        y: (place.longitude_deg * UNITS_PER_DEGREE).round() as i32,
        z: 0.0,
        auto_continue: true,
    }
}

/// The fence that items are.
pub fn fence_of(items: &[MissionItem]) -> Result<Fence, FenceError> {
    let mut fence = Fence::default();
    let mut rest = items;
    while let Some(first) = rest.first() {
        let number = items.len() - rest.len();
        let wrong = |reason| FenceError::NotOne { item: number, reason };
        let (count, area) = match first.command {
            INSIDE_POLYGON | OUTSIDE_POLYGON => {
                let corners = corners(rest).map_err(wrong)?;
                (corners.len(), Some(FenceShape::Polygon(corners)))
            }
            INSIDE_CIRCLE | OUTSIDE_CIRCLE => {
                let radius_m = f64::from(first.params[0]);
                if !radius_m.is_finite() || radius_m <= 0.0 {
                    return Err(wrong("a circle without a radius"));
                }
                let centre = place(first).map_err(wrong)?;
                (1, Some(FenceShape::Circle { centre, radius_m }))
            }
            RETURN_POINT if fence.return_point.is_none() => {
                fence.return_point = Some(place(first).map_err(wrong)?);
                (1, None)
            }
            RETURN_POINT => return Err(wrong("a second return point")),
            _other => return Err(wrong("a command that is no part of a fence")),
        };
        let inclusion = matches!(first.command, INSIDE_POLYGON | INSIDE_CIRCLE);
        fence
            .areas
            .extend(area.map(|shape| FenceArea { inclusion, shape }));
        rest = &rest[count..];
    }
    Ok(fence)
}

/// The corners of the polygon that `items` begin with.
fn corners(items: &[MissionItem]) -> Result<Vec<Wgs84>, &'static str> {
    let [first, ..] = items else {
        return Err("no corners");
    };
    let count = first.params[0];
    if !(FEWEST_CORNERS as f32..=MOST_CORNERS as f32).contains(&count) {
        return Err("a polygon of fewer than 3 or more than 255 corners");
    }
    let corners = items
        .get(..count as usize)
        .ok_or("a polygon that lacks corners")?;
    let same = |corner: &MissionItem| corner.command == first.command && corner.params[0] == count;
    if !corners.iter().all(same) {
        return Err("a polygon whose corners do not agree on their number");
    }
    corners.iter().map(place).collect()
}

fn place(item: &MissionItem) -> Result<Wgs84, &'static str> {
    let degrees = |units: i32| f64::from(units) / UNITS_PER_DEGREE;
    Wgs84::new(degrees(item.x), degrees(item.y)).map_err(|_out_of_range| "no place on Earth")
}

/// Whether what a vehicle gave back is what it was given; frames and heights of a fence mean nothing.
pub fn same_fence(_number: usize, sent: &MissionItem, found: &MissionItem) -> bool {
    let (p, q) = (sent.params[0], found.params[0]);
    sent.command == found.command
        && (sent.command == RETURN_POINT || (p - q).abs() <= RADIUS_STEP_M.max(1e-6 * p.abs()))
        && sent.x.abs_diff(found.x) <= 1
        && sent.y.abs_diff(found.y) <= 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude_deg: f64, longitude_deg: f64) -> Wgs84 {
        Wgs84::new(latitude_deg, longitude_deg).unwrap()
    }

    fn fence() -> Fence {
        let corners = vec![
            at(31.2, 121.5),
            at(31.21, 121.5),
            at(31.21, 121.51),
            at(31.2, 121.51),
        ];
        let circle = FenceShape::Circle {
            centre: at(31.205, 121.505),
            radius_m: 25.5,
        };
        Fence {
            areas: vec![
                FenceArea {
                    inclusion: true,
                    shape: FenceShape::Polygon(corners),
                },
                FenceArea {
                    inclusion: false,
                    shape: circle,
                },
            ],
            return_point: Some(at(31.2, 121.5)),
        }
    }

    #[test]
    fn every_corner_says_how_many_there_are() {
        let items = fence_items(&fence()).unwrap();
        let commands: Vec<(u16, f32)> = items.iter().map(|item| (item.command, item.params[0])).collect();
        assert_eq!(
            commands[..5],
            [(5001, 4.0), (5001, 4.0), (5001, 4.0), (5001, 4.0), (5004, 25.5)]
        );
        assert_eq!((items[5].command, items[5].x), (5000, 312_000_000));
        assert_eq!(fence_of(&items), Ok(fence()));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_before_it_is_sent() {
        assert_eq!(fence_items(&Fence::default()), Err(FenceError::Empty));
        let of = |shape| Fence {
            areas: vec![FenceArea {
                inclusion: true,
                shape,
            }],
            return_point: None,
        };
        for count in [2, 256] {
            let corners = (0..count)
                .map(|n| at(31.0 + f64::from(n) * 1e-3, 121.0))
                .collect();
            let refused = fence_items(&of(FenceShape::Polygon(corners)));
            assert!(matches!(refused, Err(FenceError::Corners { area: 0, .. })));
        }
        let nothing = FenceShape::Circle {
            centre: at(31.0, 121.0),
            radius_m: 0.0,
        };
        assert!(matches!(
            fence_items(&of(nothing)),
            Err(FenceError::Radius { area: 0, .. })
        ));
    }

    #[test]
    fn what_vehicles_change_is_no_difference_and_the_rest_is() {
        let sent = fence_items(&fence()).unwrap();
        let back = |item: &MissionItem| MissionItem {
            frame: 5,
            auto_continue: false,
            ..item.clone()
        };
        assert!((0..sent.len()).all(|n| same_fence(n, &sent[n], &back(&sent[n]))));
        for change in [
            |item: &mut MissionItem| item.command = 5002,
            |item: &mut MissionItem| item.params[0] = 3.0,
            |item: &mut MissionItem| item.x += 5,
        ] {
            let mut other = sent[1].clone();
            change(&mut other);
            assert!(!same_fence(1, &sent[1], &other));
        }
    }

    proptest! {
        #[test]
        fn any_items_are_a_fence_or_a_readable_error(
            found in prop::collection::vec((4998_u16..5006, prop_oneof![Just(3.0_f32), any::<f32>()], any::<i32>()), 0..12),
        ) {
            let items: Vec<MissionItem> = found
                .into_iter()
                .map(|(command, first, x)| MissionItem { x, ..item(command, first, at(31.0, 121.0)) })
                .collect();
            if let Ok(fence) = fence_of(&items) {
                prop_assert!(fence.is_empty() || fence_items(&fence).unwrap().len() == items.len());
            }
        }
    }
}
