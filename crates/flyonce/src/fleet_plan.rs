//! From a flight plan on disk to the items a vehicle is told: QGroundControl `.plan` and mission text files
//! (`.waypoints`, `QGC WPL 110`) are read by `formats`, here each item takes the form it has on the wire.

use std::path::Path;

use anyhow::{Context, Result, bail};
use formats::plan::{FenceOutline, LARGEST_PLAN_BYTES, Plan, PlanItem, PlanPosition, has_place, read_plan};
use schedule::mission::{Fence, FenceArea, FenceShape, MissionItem, RallyPoint};
use sha2::{Digest, Sha256};
use survey::geodesy::Wgs84;

/// A plan ready to be checked and flown.
#[derive(Debug, Clone)]
pub struct Mission {
    /// Name of the file without its ending.
    pub name: String,
    /// The items, home not among them.
    pub items: Vec<MissionItem>,
    /// Where it may be; empty where the plan has no fence.
    pub fence: Fence,
    /// Where a return may lead instead of home.
    pub rally: Vec<RallyPoint>,
    /// Where the planner thought the vehicle would start.
    pub home: Option<Wgs84>,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// As read: fence, rally points, speeds, and where each item stands in the file.
    pub plan: Plan,
}

/// `MAV_FRAME_MISSION`: the parameters are no place.
const FRAME_MISSION: u8 = 2;
/// Units of x and y of an item with a place.
const UNITS_PER_DEGREE: f64 = 1e7;

/// Reads the plan at `path`.
///
/// # Errors
/// A file that cannot be read or is no plan; the message names file, item and field.
pub fn read_mission(path: &Path) -> Result<Mission> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("cannot read the plan {shown}"))?
        .len();
    if size > LARGEST_PLAN_BYTES as u64 {
        bail!("{shown}: {size} bytes; no flight plan is that large");
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read the plan {shown}"))?;
    let text = std::str::from_utf8(&bytes).with_context(|| format!("{shown}: not a text file"))?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    mission_of(name.unwrap_or_default(), text).with_context(|| shown.to_string())
}

/// The mission of a plan's text; `name` is that of the file without its ending.
///
/// # Errors
/// A text that is no plan; the message names item and field.
pub fn mission_of(name: String, text: &str) -> Result<Mission> {
    let plan = read_plan(text)?;
    let home = plan.home.as_ref();
    Ok(Mission {
        name,
        items: plan.items.iter().map(on_the_wire).collect::<Result<_>>()?,
        fence: fence_of(&plan)?,
        rally: rally_of(&plan)?,
        home: home.and_then(|home| Wgs84::new(home.latitude_deg, home.longitude_deg).ok()),
        sha256: hex::encode(Sha256::digest(text.as_bytes())),
        plan,
    })
}

/// The plan's areas as places.
fn fence_of(plan: &Plan) -> Result<Fence> {
    let corner = |[longitude_deg, latitude_deg]: [f64; 2]| {
        Wgs84::new(latitude_deg, longitude_deg).context("a corner of the fence is no place")
    };
    let areas = plan.fence.iter().map(|area| {
        let shape = match &area.outline {
            FenceOutline::Polygon(corners) => {
                FenceShape::Polygon(corners.iter().copied().map(corner).collect::<Result<_>>()?)
            }
            FenceOutline::Circle {
                longitude_deg,
                latitude_deg,
                radius_m,
            } => FenceShape::Circle {
                centre: corner([*longitude_deg, *latitude_deg])?,
                radius_m: *radius_m,
            },
        };
        Ok(FenceArea {
            inclusion: area.inclusion,
            shape,
        })
    });
    let point = plan
        .fence_return
        .map(|point| corner([point.longitude_deg, point.latitude_deg]));
    Ok(Fence {
        areas: areas.collect::<Result<_>>()?,
        return_point: point.transpose()?,
    })
}

/// The plan's rally points. Each needs a height: what a planner leaves open, nobody else knows.
fn rally_of(plan: &Plan) -> Result<Vec<RallyPoint>> {
    let point = |(index, point): (usize, &PlanPosition)| {
        let number = index + 1;
        Ok(RallyPoint {
            position: Wgs84::new(point.latitude_deg, point.longitude_deg)
                .with_context(|| format!("rally point {number} is no place"))?,
            height_above_home_m: point
                .height_m
                .with_context(|| format!("rally point {number} has no height"))?,
        })
    };
    plan.rally.iter().enumerate().map(point).collect()
}

/// An item as MISSION_ITEM_INT carries it. A place left open becomes 0, 0 ("where the vehicle is"); parameters
/// 1 to 4 left open stay NaN ("not given").
fn on_the_wire(item: &PlanItem) -> Result<MissionItem> {
    let [p1, p2, p3, p4, p5, p6, p7] = item.params;
    let placed = has_place(item.command) && item.frame != FRAME_MISSION;
    let (x, y) = if placed {
        (
            integer(p5 * UNITS_PER_DEGREE, item)?,
            integer(p6 * UNITS_PER_DEGREE, item)?,
        )
    } else {
        (whole(p5, item)?, whole(p6, item)?)
    };
    Ok(MissionItem {
        frame: item.frame,
        command: item.command,
        params: [p1, p2, p3, p4].map(|param| param as f32),
        x,
        y,
        z: if p7.is_nan() { 0.0 } else { p7 as f32 },
        auto_continue: item.auto_continue,
    })
}

/// Parameters 5 and 6 of a command without a place travel as whole numbers; a fraction would be cut off unseen.
fn whole(value: f64, item: &PlanItem) -> Result<i32> {
    if value.fract() != 0.0 && !value.is_nan() {
        bail!(
            "{}: command {} has no place, its parameters 5 and 6 must be whole numbers, found {value}",
            item.origin,
            item.command
        );
    }
    integer(value, item)
}

fn integer(value: f64, item: &PlanItem) -> Result<i32> {
    if value.is_nan() {
        return Ok(0);
    }
    let rounded = value.round();
    if rounded.abs() >= f64::from(i32::MAX) {
        bail!("{}: {value} does not fit into the message", item.origin);
    }
    Ok(rounded as i32)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use schedule::mission::{MissionRules, Severity, check, planned_shots};

    use super::*;

    fn example(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../flight-plans")
            .join(name)
    }

    fn written(name: &str, text: &str) -> Result<Mission> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_mission(&path)
    }

    #[test]
    fn every_example_can_be_flown_and_takes_photos() {
        let mut seen = 0;
        for entry in std::fs::read_dir(example("")).unwrap() {
            let path = entry.unwrap().path();
            if !path
                .extension()
                .is_some_and(|end| end == "plan" || end == "waypoints")
            {
                continue;
            }
            let mission = read_mission(&path).unwrap();
            let home = mission.home;
            let rules = MissionRules {
                home,
                home_amsl_m: mission.plan.home.and_then(|home| home.altitude_amsl_m),
                ..MissionRules::default()
            };
            let problems = check(&mission.items, &rules);
            let errors: Vec<_> = problems
                .iter()
                .filter(|problem| problem.code.severity() == Severity::Error)
                .collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            let shots = planned_shots(&mission.items, home);
            assert!(shots.len() >= 10, "{}: {} photos", path.display(), shots.len());
            seen += 1;
        }
        assert!(seen >= 3, "{seen} examples");
    }

    #[test]
    fn items_take_the_form_of_the_wire() {
        let text = "QGC WPL 110\n0 1 0 16 0 0 0 0 31.2 121.5 4 1\n1 0 3 22 0 0 0 nan 0 0 60 1\n\
            2 0 3 16 0 0 0 nan 31.2214001 121.5436 60 1\n3 0 2 205 -90 0 0 0 0 0 2 0\n";
        let mission = written("纬七路.waypoints", text).unwrap();
        assert_eq!(mission.name, "纬七路");
        assert_eq!(
            (mission.items[1].x, mission.items[1].y),
            (312_214_001, 1_215_436_000)
        );
        assert!(mission.items[0].params[3].is_nan() && mission.items[0].place().is_none());
        assert_eq!((mission.items[2].z, mission.items[2].auto_continue), (2.0, false));
        assert_eq!(mission.home.unwrap().latitude_deg, 31.2);
        assert_eq!(mission.sha256, hex::encode(Sha256::digest(text.as_bytes())));
    }

    #[test]
    fn what_cannot_be_sent_is_named_with_file_and_item() {
        let fraction = "QGC WPL 110\n1 0 2 205 0 0 0 0 0.5 0 2 1\n";
        let said = format!("{:#}", written("a.waypoints", fraction).unwrap_err());
        assert!(said.contains("a.waypoints") && said.contains("line 2"), "{said}");
        let said = format!("{:#}", written("b.plan", "{}").unwrap_err());
        assert!(
            said.contains("b.plan") && said.contains("not a QGroundControl plan"),
            "{said}"
        );
        let said = format!("{:#}", read_mission(Path::new("/nowhere.plan")).unwrap_err());
        assert!(said.contains("/nowhere.plan"), "{said}");
    }
}
