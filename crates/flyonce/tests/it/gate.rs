//! The gate through the real program: what it says of every check, what a named person may let pass, and what the
//! vehicles are told to do by themselves.

use serde_json::Value;

use crate::fleet::{Site, wait_until};

fn gate_of(site: &Site, sortie: &str) -> Value {
    site.program.json(&["flights", "show", sortie])["gate"].clone()
}

fn check<'g>(gate: &'g Value, name: &str) -> &'g Value {
    let checks = gate["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["check"] == name)
        .unwrap_or_else(|| panic!("no check {name} in {gate}"))
}

#[test]
fn a_named_person_lets_the_wind_pass_for_one_dock_and_nothing_is_hidden() {
    let site = Site::new();
    let settings = std::fs::read_to_string(site.program.path("flyonce.toml")).unwrap()
        + "[failsafe]\nlost_link_after_s = 20\nlow_battery_percent = 25\nreturn_height_m = 40\n[fleet]\nendurance_min = 25\n";
    site.program.write("flyonce.toml", settings);
    let _city = site.city(3, &["D01:wind=9", "D02:wind=9", "D03:stubborn_parameters"]);
    let _service = site.service();
    let address = site.address();
    let order = |words: &[&str]| {
        let mut arguments = vec!["fleet"];
        arguments.extend(words);
        arguments.extend(["--service", &address]);
        site.program.run(&arguments)
    };
    let given = order(&[
        "override",
        "D01",
        "wind",
        "--as",
        "李雷",
        "--reason",
        "风速计损坏",
        "--for",
        "2h",
        "--json",
    ]);
    assert!(given.ok, "{}", given.stderr);
    let given: Value = serde_json::from_str(&given.stdout).unwrap();
    assert_eq!((&given["id"], &given["in_force"]), (&"V1".into(), &true.into()));
    let gusts = order(&[
        "override",
        "D01",
        "gust",
        "--as",
        "李雷",
        "--reason",
        "风速计损坏",
    ]);
    assert!(gusts.ok, "{}", gusts.stderr);
    for (refused, why) in [
        (["D01", "lid_not_open"], "cannot be overridden"),
        (["D99", "wind"], "no dock D99"),
    ] {
        let said = order(&["override", refused[0], refused[1], "--as", "x", "--reason", "y"]);
        assert!(!said.ok && said.stderr.contains(why), "{}", said.stderr);
    }

    let flights = site.wait_for_the_end(3);
    let of = |dock: &str| flights.iter().find(|flight| flight["dock_id"] == dock).unwrap();
    let name = |dock: &str| of(dock)["sortie_id"].as_str().unwrap().to_owned();
    assert_eq!(of("D01")["state"], "closed", "{}", of("D01"));
    assert_eq!(
        (&of("D02")["state"], &of("D02")["code"]),
        (&"refused".into(), &"wind".into())
    );
    assert_eq!(
        (&of("D03")["state"], &of("D03")["code"]),
        (&"refused".into(), &"policy_not_kept".into())
    );

    let flown = gate_of(&site, &name("D01"));
    assert_eq!(flown["allowed"], true);
    let wind = check(&flown, "wind");
    assert_eq!((&wind["verdict"], &wind["limit"]), (&"fail".into(), &8.0.into()));
    assert!(wind["value"].as_f64().unwrap() > 8.0, "{wind}");
    assert_eq!(wind["overridden"]["actor"], "李雷");
    for (name, source) in [
        ("no_position", "EKF_STATUS_REPORT/ESTIMATOR_STATUS"),
        ("gps_fix", "GPS_RAW_INT"),
        ("readback_differs", "mission read back"),
        ("policy_not_kept", "PARAM_VALUE"),
    ] {
        let check = check(&flown, name);
        assert_eq!(
            (&check["verdict"], &check["source"]),
            (&"pass".into(), &source.into()),
            "{check}"
        );
    }
    let policy = check(&flown, "policy_not_kept")["text"].as_str().unwrap();
    assert!(
        policy.contains("FS_GCS_TIMEOUT 5 → 20") && policy.contains("RTL_ALT 1500 → 4000"),
        "{policy}"
    );
    assert!(check(&flown, "flight_time")["value"].as_f64() > check(&flown, "flight_time")["limit"].as_f64());

    let refused = gate_of(&site, &name("D02"));
    assert_eq!(refused["allowed"], false);
    assert_eq!(check(&refused, "wind")["forbids"], true);
    assert!(refused["checks"].as_array().unwrap().len() > 20, "{refused}");
    let stubborn = gate_of(&site, &name("D03"));
    let text = check(&stubborn, "policy_not_kept")["text"].as_str().unwrap();
    assert!(text.contains("FS_GCS_TIMEOUT stays 5 instead of 20"), "{text}");

    let shown = site.program.run(&["flights", "show", &name("D01")]).stdout;
    assert!(
        shown.contains("overridden") && shown.contains("V1 李雷: 风速计损坏"),
        "{shown}"
    );
    let withdrawn = order(&["withdraw", "V1", "--as", "韩梅梅"]);
    assert!(withdrawn.ok, "{}", withdrawn.stderr);
    let list = order(&["overrides", "--json"]);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let first = list["overrides"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "V1");
    assert_eq!(first.unwrap()["withdrawn_by"], "韩梅梅");
    wait_until("the dock without its override", || {
        let fleet = order(&["status", "--json"]);
        let fleet: Value = serde_json::from_str(&fleet.stdout).unwrap();
        let wind = fleet["docks"][0]["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["check"] == "wind")
            .unwrap()
            .clone();
        wind["overridden"].is_null() && wind["forbids"] == true
    });
}
