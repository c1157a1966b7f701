//! A plan as QGroundControl writes it: simple items, a fence, rally points. What is written reads back the same.

use serde_json::{Value, json};

use super::{FenceOutline, Plan, PlanItem, PlanPosition};

/// Take-off and the like, whose height a planner shows (`MAV_CMD` 16 to 19, 22, 84).
const SHOWS_HEIGHT: [u16; 6] = [16, 17, 18, 19, 22, 84];

/// The text of a `.plan` file.
#[must_use]
pub fn write_plan(plan: &Plan) -> String {
    let items: Vec<Value> = plan
        .items
        .iter()
        .enumerate()
        .map(|(index, item)| simple_item(item, index + 1))
        .collect();
    let home = plan.home.map_or(Value::Null, |home| {
        json!([home.latitude_deg, home.longitude_deg, home.altitude_amsl_m])
    });
    let polygons: Vec<Value> = plan
        .fence
        .iter()
        .filter_map(|area| match &area.outline {
            FenceOutline::Polygon(corners) => Some(json!({
                "inclusion": area.inclusion,
                "polygon": corners.iter().map(|[longitude, latitude]| [latitude, longitude]).collect::<Vec<_>>(),
                "version": 1,
            })),
            FenceOutline::Circle { .. } => None,
        })
        .collect();
    let circles: Vec<Value> = plan
        .fence
        .iter()
        .filter_map(|area| match &area.outline {
            FenceOutline::Circle {
                longitude_deg,
                latitude_deg,
                radius_m,
            } => Some(json!({
                "inclusion": area.inclusion,
                "circle": {"center": [latitude_deg, longitude_deg], "radius": radius_m},
                "version": 1,
            })),
            FenceOutline::Polygon(_) => None,
        })
        .collect();
    let rally: Vec<Value> = plan.rally.iter().map(rally_point).collect();
    let mut fence = json!({"version": 2, "polygons": polygons, "circles": circles});
    if let Some(point) = &plan.fence_return {
        fence["breachReturn"] = rally_point(point);
    }
    let text = json!({
        "fileType": "Plan",
        "groundStation": "QGroundControl",
        "version": 1,
        "geoFence": fence,
        "rallyPoints": {"version": 2, "points": rally},
        "mission": {
            "version": 2,
            "firmwareType": 3,
            "vehicleType": 2,
            "globalPlanAltitudeMode": 1,
            "hoverSpeed": plan.hover_speed_ms.unwrap_or(5.0),
            "cruiseSpeed": plan.cruise_speed_ms.unwrap_or(15.0),
            "plannedHomePosition": home,
            "items": items,
        },
    });
    format!("{text:#}\n")
}

fn simple_item(item: &PlanItem, number: usize) -> Value {
    // What is open is null; JSON has no NaN.
    let mut written = json!({
        "type": "SimpleItem",
        "frame": item.frame,
        "command": item.command,
        "params": item.params,
        "autoContinue": item.auto_continue,
        "doJumpId": number,
    });
    let mode = match item.frame {
        3 | 6 => 1,
        0 | 5 => 2,
        10 | 11 => 4,
        _ => return written,
    };
    if let Some(members) = written
        .as_object_mut()
        .filter(|_| SHOWS_HEIGHT.contains(&item.command))
    {
        members.insert("AltitudeMode".to_owned(), json!(mode));
        members.insert("Altitude".to_owned(), json!(item.params[6]));
        members.insert("AMSLAltAboveTerrain".to_owned(), Value::Null);
    }
    written
}

fn rally_point(point: &PlanPosition) -> Value {
    json!([
        point.latitude_deg,
        point.longitude_deg,
        point.height_m.unwrap_or(0.0)
    ])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FenceArea, PlanHome, read_plan};
    use super::*;

    fn waypoint(latitude_deg: f64, longitude_deg: f64, height_m: f64) -> PlanItem {
        PlanItem {
            frame: 3,
            command: 16,
            params: [0.0, 0.0, 0.0, f64::NAN, latitude_deg, longitude_deg, height_m],
            auto_continue: true,
            origin: String::new(),
        }
    }

    /// NaN equals nothing, so plans are held against each other as text, without where items stood.
    fn shown(plan: &Plan) -> String {
        let mut plan = plan.clone();
        plan.items.iter_mut().for_each(|item| item.origin.clear());
        format!("{plan:?}")
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            places in prop::collection::vec((1.0..80.0_f64, -170.0..170.0_f64, 1.0..119.0_f64), 1..20), inclusion: bool,
        ) {
            // Places to the centimetre, as planners write them: the reader takes 17 digits to within the last bit.
            let to = |value: f64, digits: f64| (value * digits).round() / digits;
            let mut items: Vec<PlanItem> =
                places.iter().map(|(lat, lon, height)| waypoint(to(*lat, 1e7), to(*lon, 1e7), to(*height, 1e3))).collect();
            items.push(PlanItem { frame: 2, command: 206, params: [20.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], ..items[0].clone() });
            let plan = Plan {
                items,
                home: Some(PlanHome { longitude_deg: 121.5, latitude_deg: 31.2, altitude_amsl_m: Some(5.0) }),
                hover_speed_ms: Some(12.0),
                cruise_speed_ms: Some(15.0),
                fence: vec![
                    FenceArea { inclusion, outline: FenceOutline::Polygon(vec![[121.0, 31.0], [122.0, 31.0], [122.0, 32.0]]) },
                    FenceArea { inclusion: true, outline: FenceOutline::Circle { longitude_deg: 121.5, latitude_deg: 31.2, radius_m: 900.0 } },
                ],
                fence_return: Some(PlanPosition { longitude_deg: 121.5, latitude_deg: 31.2, height_m: Some(30.0) }),
                rally: vec![PlanPosition { longitude_deg: 121.51, latitude_deg: 31.21, height_m: Some(40.0) }],
            };
            let read = read_plan(&write_plan(&plan)).unwrap();
            prop_assert_eq!(shown(&read), shown(&plan));
        }
    }
}
