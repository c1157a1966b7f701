//! The geometry of a fence as both autopilots read it from their stored items: areas in metres north and east of the
//! dock, and whether a place is outside.

use mavlink::dialects::ardupilotmega::MavCmd;

use super::local::LocalFrame;
use super::mission::Item;

/// One area.
#[derive(Clone, Debug, PartialEq)]
struct Area {
    inclusion: bool,
    outline: Outline,
}

#[derive(Clone, Debug, PartialEq)]
enum Outline {
    Polygon(Vec<[f64; 2]>),
    Circle([f64; 2], f64),
}

/// All areas of a stored fence.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FenceLines(Vec<Area>);

impl FenceLines {
    /// The areas that items are; `None` where a polygon lacks corners, has fewer than three, or its corners disagree
    /// on their number.
    pub(super) fn of(items: &[Item], frame: &LocalFrame) -> Option<Self> {
        let mut areas = Vec::new();
        let mut rest = items;
        while let Some(first) = rest.first() {
            let flat = |item: &Item| frame.metres(f64::from(item.x) * 1e-7, f64::from(item.y) * 1e-7);
            let inclusion = matches!(
                first.command,
                MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
                    | MavCmd::MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION
            );
            let (used, outline) = match first.command {
                MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION
                | MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION => {
                    let count = first.params[0] as usize;
                    let corners = rest.get(..count).filter(|_| count >= 3)?;
                    let agree =
                        |item: &Item| item.command == first.command && item.params[0] as usize == count;
                    if !corners.iter().all(agree) {
                        return None;
                    }
                    (count, Some(Outline::Polygon(corners.iter().map(flat).collect())))
                }
                MavCmd::MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION | MavCmd::MAV_CMD_NAV_FENCE_CIRCLE_EXCLUSION => {
                    (1, Some(Outline::Circle(flat(first), f64::from(first.params[0]))))
                }
                _return_point => (1, None),
            };
            areas.extend(outline.map(|outline| Area { inclusion, outline }));
            rest = &rest[used..];
        }
        Some(Self(areas))
    }

    /// There is something to stay in or out of.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A place is outside: in an exclusion area, or outside every inclusion area (`any_will_do`) or outside one.
    pub(super) fn forbid(&self, place: [f64; 2], any_will_do: bool) -> bool {
        let inside = |area: &&Area| match &area.outline {
            Outline::Circle(centre, radius_m) => {
                (place[0] - centre[0]).hypot(place[1] - centre[1]) < *radius_m
            }
            Outline::Polygon(corners) => is_inside(corners, place),
        };
        let (to_stay_in, to_stay_out): (Vec<&Area>, Vec<&Area>) =
            self.0.iter().partition(|area| area.inclusion);
        let kept_in = if any_will_do {
            to_stay_in.is_empty() || to_stay_in.iter().any(inside)
        } else {
            to_stay_in.iter().all(inside)
        };
        !kept_in || to_stay_out.iter().any(inside)
    }
}

/// By the number of edges to the east.
fn is_inside(corners: &[[f64; 2]], [north, east]: [f64; 2]) -> bool {
    let mut inside = false;
    for (index, a) in corners.iter().enumerate() {
        let b = &corners[(index + 1) % corners.len()];
        if (a[0] > north) != (b[0] > north) && east < a[1] + (north - a[0]) / (b[0] - a[0]) * (b[1] - a[1]) {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::MavFrame;

    use super::*;
    use crate::frame::GeoPoint;

    fn frame() -> LocalFrame {
        let origin = GeoPoint {
            latitude_deg: 31.2,
            longitude_deg: 121.6,
        };
        LocalFrame::about(origin, 0.0)
    }

    fn item(command: MavCmd, first: f32, [north, east]: [f64; 2]) -> Item {
        let place = frame().degrees(north, east);
        Item {
            frame: MavFrame::MAV_FRAME_GLOBAL,
            command,
            params: [first, 0.0, 0.0, 0.0],
            x: (place.latitude_deg * 1e7).round() as i32,
            y: (place.longitude_deg * 1e7).round() as i32,
            z: 0.0,
            auto_continue: 0,
        }
    }

    fn square(command: MavCmd, from: f64, to: f64) -> Vec<Item> {
        [[from, from], [to, from], [to, to], [from, to]]
            .map(|corner| item(command, 4.0, corner))
            .to_vec()
    }

    #[test]
    fn several_areas_are_all_kept_or_one_of_them() {
        use MavCmd as C;
        let mut items = square(C::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION, -50.0, 50.0);
        items.push(item(C::MAV_CMD_NAV_FENCE_CIRCLE_INCLUSION, 30.0, [40.0, 0.0]));
        items.push(item(C::MAV_CMD_NAV_FENCE_CIRCLE_EXCLUSION, 5.0, [30.0, 0.0]));
        items.push(item(C::MAV_CMD_NAV_FENCE_RETURN_POINT, 0.0, [0.0, 0.0]));
        let lines = FenceLines::of(&items, &frame()).unwrap();
        let outside = |place| [lines.forbid(place, false), lines.forbid(place, true)];
        assert_eq!(outside([45.0, 0.0]), [false, false]);
        assert_eq!(outside([0.0, 0.0]), [true, false]);
        assert_eq!(outside([60.0, 0.0]), [true, false]);
        assert_eq!(outside([30.0, 2.0]), [true, true]);
        assert_eq!(outside([90.0, 90.0]), [true, true]);
    }

    #[test]
    fn polygons_that_are_none_are_no_fence() {
        let inside = MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION;
        let mut lacking = square(inside, 0.0, 9.0);
        lacking.pop();
        assert_eq!(FenceLines::of(&lacking, &frame()), None);
        let mut other = square(inside, 0.0, 9.0);
        other[2].params[0] = 3.0;
        assert_eq!(FenceLines::of(&other, &frame()), None);
        assert!(FenceLines::of(&[], &frame()).unwrap().is_empty());
    }
}
