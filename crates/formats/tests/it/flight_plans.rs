//! Flight plans: what a planner writes is read as it is, and what cannot be meant is refused by item and field.

use formats::plan::{FenceOutline, PlanError, read_plan};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Take-off, a survey with its generated items, return: as QGroundControl 4.4 saves it.
const SURVEY: &str = include_str!("survey.plan");

fn survey_plan() -> Value {
    serde_json::from_str(SURVEY).unwrap()
}

fn refusal(plan: &Value) -> String {
    read_plan(&plan.to_string()).unwrap_err().to_string()
}

#[test]
fn a_survey_is_taken_with_the_items_the_planner_generated() {
    let plan = read_plan(&survey_plan().to_string()).unwrap();
    let commands: Vec<u16> = plan.items.iter().map(|item| item.command).collect();
    assert_eq!(commands, [22, 16, 206, 16, 206, 16, 206, 16, 206, 20]);
    let first = &plan.items[1];
    assert_eq!(
        (first.frame, first.params[4], first.params[5]),
        (3, 31.2214, 121.5436)
    );
    assert!(first.params[3].is_nan(), "null is an open parameter");
    assert_eq!(first.origin, "item 2 (survey), generated item 1");
    let home = plan.home.unwrap();
    assert_eq!(
        (home.latitude_deg, home.longitude_deg, home.altitude_amsl_m),
        (31.2210, 121.5440, Some(4.5))
    );
    assert_eq!(
        (plan.hover_speed_ms, plan.cruise_speed_ms),
        (Some(6.0), Some(15.0))
    );
    let [keep_out, stay_in] = plan.fence.as_slice() else {
        panic!("{:?}", plan.fence)
    };
    assert!(!keep_out.inclusion && stay_in.inclusion);
    assert!(matches!(&keep_out.outline, FenceOutline::Polygon(corners) if corners[0] == [121.5401, 31.2231]));
    assert!(matches!(stay_in.outline, FenceOutline::Circle { radius_m, .. } if radius_m == 900.5));
    assert_eq!(plan.rally[0].height_m, Some(30.0));
}

#[test]
fn every_kind_of_complex_item_is_taken_or_named() {
    let mut plan = survey_plan();
    for kind in ["survey", "CorridorScan", "StructureScan"] {
        plan["mission"]["items"][1]["complexItemType"] = json!(kind);
        assert_eq!(read_plan(&plan.to_string()).unwrap().items.len(), 10, "{kind}");
    }
    let generated = plan["mission"]["items"][1]["TransectStyleComplexItem"]["Items"].take();
    assert_eq!(
        refusal(&plan),
        "item 2 is a StructureScan without generated items; open the plan in QGroundControl 4 or later and save it again"
    );
    plan["mission"]["items"][1]["Items"] = generated;
    assert_eq!(read_plan(&plan.to_string()).unwrap().items.len(), 10);
}

/// Place in the plan, what is put there, and words that the refusal has to hold.
type Spoiled = (&'static str, &'static str, &'static [&'static str]);

const SPOILED: &[Spoiled] = &[
    ("/fileType", r#""Mission""#, &["fileType is \"Mission\""]),
    ("/fileType", "null", &["not a QGroundControl plan"]),
    ("/version", "2", &["plan.version is 2", "version 1"]),
    ("/mission/version", "1", &["mission.version is 1"]),
    ("/mission/items", "[]", &["no mission items"]),
    ("/mission/items", "{}", &["mission: items is an object"]),
    (
        "/mission/items/0/type",
        r#""missionItem""#,
        &["item 1: type is \"missionItem\""],
    ),
    ("/mission/items/0/command", "70000", &["item 1: command is 70000"]),
    ("/mission/items/0/command", "-1", &["item 1: command is -1"]),
    ("/mission/items/0/frame", "1", &["item 1: frame is 1"]),
    (
        "/mission/items/0/params",
        "[0, 0]",
        &["item 1: params is an array of 2"],
    ),
    (
        "/mission/items/0/params/4",
        r#""31.2""#,
        &["item 1: params[4] is \"31.2\""],
    ),
    (
        "/mission/items/0/params/4",
        "121.544",
        &["item 1", "no place on earth"],
    ),
    (
        "/mission/items/0/params/4",
        "1e99",
        &["item 1: params[4] is 1e+99"],
    ),
    ("/mission/items/0/params/5", "-200", &["longitude -200"]),
    (
        "/mission/items/0/params/6",
        "55",
        &["item 1: Altitude is 60 but params[6] is 55"],
    ),
    (
        "/mission/items/0/frame",
        "0",
        &["item 1: AltitudeMode 1 and frame 0"],
    ),
    ("/mission/items/0/autoContinue", "1", &["autoContinue"]),
    (
        "/mission/items/1/TransectStyleComplexItem/Items/2/params/5",
        "null",
        &["item 2 (survey), generated item 3: params[5] is missing or null"],
    ),
    (
        "/mission/items/1/TransectStyleComplexItem/Items/2/params/6",
        "null",
        &["generated item 3: params[6]", "a height in metres"],
    ),
    ("/mission/hoverSpeed", "-3", &["hoverSpeed is -3"]),
    (
        "/mission/plannedHomePosition",
        "[312210000, 121, 0]",
        &["plannedHomePosition[0]"],
    ),
    ("/geoFence/version", "1", &["geoFence.version is 1"]),
    (
        "/geoFence/polygons/0/polygon",
        "[[31, 121]]",
        &["geoFence.polygons[0]", "3 corners"],
    ),
    (
        "/geoFence/circles/0/circle/radius",
        "0",
        &["geoFence.circles[0]: circle.radius is 0"],
    ),
    (
        "/geoFence/polygons/0/inclusion",
        r#""yes""#,
        &["inclusion is \"yes\""],
    ),
    (
        "/rallyPoints/points/0",
        "[31]",
        &["rallyPoints: points[0] is an array of 1"],
    ),
];

#[test]
fn what_cannot_be_meant_is_refused_by_item_and_field() {
    for (pointer, value, words) in SPOILED {
        let mut plan = survey_plan();
        *plan.pointer_mut(pointer).unwrap() = serde_json::from_str(value).unwrap();
        let said = refusal(&plan);
        for word in *words {
            assert!(
                said.contains(word),
                "{pointer} = {value}: {said:?} lacks {word:?}"
            );
        }
    }
}

#[test]
fn broken_json_names_its_line_and_column() {
    let text = "{\n  \"fileType\": \"Plan\",\n  \"version\": 1,,\n}";
    let error = read_plan(text).unwrap_err();
    assert!(
        matches!(
            error,
            PlanError::Syntax {
                line: 3,
                column: 16,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        !error.to_string().contains(" at line "),
        "the place is said once: {error}"
    );
    assert!(matches!(read_plan(""), Err(PlanError::Syntax { line: 1, .. })));
}

#[test]
fn nesting_and_size_are_bounded() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read_plan(&deep), Err(PlanError::Syntax { .. })));
    let huge = " ".repeat(formats::plan::LARGEST_PLAN_BYTES + 1);
    assert!(matches!(read_plan(&huge), Err(PlanError::TooLarge { .. })));
    let mut plan = survey_plan();
    let item = plan["mission"]["items"][2].clone();
    plan["mission"]["items"] = json!(vec![item; formats::plan::MOST_ITEMS + 1]);
    assert!(matches!(
        read_plan(&plan.to_string()),
        Err(PlanError::TooManyItems { .. })
    ));
}

#[test]
fn a_mission_text_file_gives_the_same_items() {
    let text = "QGC WPL 110\r\n\
        0\t1\t0\t16\t0\t0\t0\t0\t31.2210\t121.5440\t4.5\t1\r\n\
        1\t0\t3\t22\t0\t0\t0\t0\t0\t0\t60\t1\r\n\
        2\t0\t3\t16\t0\t0\t0\tnan\t31.2214\t121.5436\t60\t1\r\n\
        3\t0\t2\t206\t20\t0\t1\t0\t0\t0\t0\t1\r\n\
        4\t0\t2\t20\t0\t0\t0\t0\t0\t0\t0\t1\r\n";
    let plan = read_plan(text).unwrap();
    let commands: Vec<u16> = plan.items.iter().map(|item| item.command).collect();
    assert_eq!(commands, [22, 16, 206, 20], "home is no item");
    assert_eq!(plan.home.unwrap().altitude_amsl_m, Some(4.5));
    assert_eq!(plan.items[1].origin, "line 4");
    assert!(plan.items[1].params[3].is_nan());

    let without_home = text.replace("0\t1\t0\t16\t0\t0\t0\t0\t31.2210\t121.5440\t4.5\t1\r\n", "");
    let plan = read_plan(&without_home).unwrap();
    assert_eq!((plan.items.len(), plan.home), (4, None));
}

#[test]
fn a_bad_line_of_a_text_file_is_named() {
    for (text, words) in [
        ("QGC WPL 120\n", "QGC WPL.version is \"120\""),
        ("QGC WPL 110\n", "no mission items"),
        ("QGC WPL 110\n1\t0\t3\t16\n", "line 2: 4 columns"),
        (
            "QGC WPL 110\n1\t0\t3\t16\t0\t0\t0\t0\t31.2x\t121.5\t60\t1\n",
            "line 2: column 9 is \"31.2x\"",
        ),
        (
            "QGC WPL 110\n1\t0\t3\t16\t0\t0\t0\t0\t0\t0\t60\t1\n",
            "the place was left empty",
        ),
        (
            "QGC WPL 110\n1\t0\t3\t16\t0\t0\t0\t0\t121.5\t31.2\t60\t1\n",
            "swapped",
        ),
        (
            "QGC WPL 110\n1\t0\t3\t16\t0\t0\t0\tinf\t31.2\t121.5\t60\t1\n",
            "column 8 is \"inf\"",
        ),
    ] {
        let said = read_plan(text).unwrap_err().to_string();
        assert!(said.contains(words), "{said:?} lacks {words:?}");
    }
}

/// Any JSON value in any place of a plan.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Paths of all values below `value`.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, member)| pointers(member, &format!("{path}/{name}"), found));
        }
        Value::Array(members) => {
            members
                .iter()
                .enumerate()
                .for_each(|(index, member)| pointers(member, &format!("{path}/{index}"), found));
        }
        _ => {}
    }
}

fn well_formed(text: &str) {
    let Ok(plan) = read_plan(text) else { return };
    assert!(!plan.items.is_empty());
    for item in &plan.items {
        assert!(!item.origin.is_empty());
        if formats::plan::has_place(item.command) && !item.params[4].is_nan() {
            assert!(
                item.params[4].abs() <= 90.0 && item.params[5].abs() <= 180.0,
                "{item:?}"
            );
        }
        assert!(
            item.params
                .iter()
                .all(|param| param.is_nan() || param.abs() <= 1e7)
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        well_formed(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_file_is_read_or_refused(lines in prop::collection::vec("[-0-9.\\tenaif ]{0,60}", 0..8)) {
        well_formed(&format!("QGC WPL 110\n{}", lines.join("\n")));
    }

    #[test]
    fn a_plan_with_any_value_replaced_is_read_or_refused(place in any::<prop::sample::Index>(), value in any_json()) {
        let mut plan = survey_plan();
        let mut found = Vec::new();
        pointers(&plan, "", &mut found);
        *plan.pointer_mut(&found[place.index(found.len())]).unwrap() = value;
        well_formed(&plan.to_string());
    }

    #[test]
    fn a_plan_with_bytes_changed_is_read_or_refused(at in any::<prop::sample::Index>(), byte in 0_u8..128, cut in any::<prop::sample::Index>()) {
        let mut bytes = survey_plan().to_string().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        well_formed(&String::from_utf8_lossy(&bytes));
        bytes.truncate(cut.index(bytes.len()));
        well_formed(&String::from_utf8_lossy(&bytes));
    }
}
