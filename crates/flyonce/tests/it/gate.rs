//! The gate through the real program: what it says of every check, what a named person may let pass, and what the
//! vehicles are told to do by themselves.

use serde_json::Value;

use crate::fleet::{Site, wait_until};
use crate::program::Ran;

fn gate_of(site: &Site, flight: &Value) -> Value {
    let sortie = flight["sortie_id"].as_str().unwrap();
    site.program.json(&["flights", "show", sortie])["gate"].clone()
}

fn check<'g>(gate: &'g Value, name: &str) -> &'g Value {
    let checks = gate["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).unwrap()
}

/// `flyonce fleet …` at the running service.
fn fleet(site: &Site, words: &[&str]) -> Ran {
    let address = site.address();
    let mut arguments = vec!["fleet"];
    arguments.extend(words);
    arguments.extend(["--service", &address]);
    site.program.run(&arguments)
}

#[test]
fn a_named_person_lets_the_wind_pass_for_one_dock_and_nothing_is_hidden() {
    let site = Site::new();
    let settings = std::fs::read_to_string(site.program.path("flyonce.toml")).unwrap()
        + "[failsafe]\nlost_link_after_s = 20\nlow_battery_percent = 25\nreturn_height_m = 40\n[fleet]\nendurance_min = 25\n";
    site.program.write("flyonce.toml", settings);
    let _city = site.city(3, &["D01:wind=9", "D02:wind=9", "D03:stubborn_parameters"]);
    let _service = site.service();
    wind_and_gusts_are_let_pass(&site);

    let flights = site.wait_for_the_end(3);
    let of = |dock: &str| flights.iter().find(|flight| flight["dock_id"] == dock).unwrap();
    assert_eq!(of("D01")["state"], "closed", "{}", of("D01"));
    assert_eq!(of("D01")["code"], Value::Null, "it came home: {}", of("D01"));
    for (dock, code) in [("D02", "wind"), ("D03", "policy_not_kept")] {
        let flight = of(dock);
        assert_eq!(
            (&flight["state"], &flight["code"]),
            (&"refused".into(), &code.into()),
            "{flight}"
        );
    }
    the_gate_that_was_passed_says_all(&gate_of(&site, of("D01")));
    let refused = gate_of(&site, of("D02"));
    assert_eq!(refused["allowed"], false);
    assert_eq!(check(&refused, "wind")["forbids"], true);
    assert!(refused["checks"].as_array().unwrap().len() > 20, "{refused}");
    let stubborn = gate_of(&site, of("D03"));
    let text = check(&stubborn, "policy_not_kept")["text"].as_str().unwrap();
    assert!(text.contains("FS_GCS_TIMEOUT stays 5 instead of 20"), "{text}");

    let sortie = of("D01")["sortie_id"].as_str().unwrap();
    let shown = site.program.run(&["flights", "show", sortie]).stdout;
    assert!(
        shown.contains("overridden") && shown.contains("V1 李雷: 风速计损坏"),
        "{shown}"
    );
    withdrawn_it_forbids_again(&site);
}

fn wind_and_gusts_are_let_pass(site: &Site) {
    let given = fleet(
        site,
        &[
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
        ],
    );
    assert!(given.ok, "{}", given.stderr);
    let given: Value = serde_json::from_str(&given.stdout).unwrap();
    assert_eq!((&given["id"], &given["in_force"]), (&"V1".into(), &true.into()));
    let gusts = [
        "override",
        "D01",
        "gust",
        "--as",
        "李雷",
        "--reason",
        "风速计损坏",
    ];
    let gusts = fleet(site, &gusts);
    assert!(gusts.ok, "{}", gusts.stderr);
    for (dock, check, why) in [
        ("D01", "lid_not_open", "cannot be overridden"),
        ("D99", "wind", "no dock D99"),
    ] {
        let said = fleet(site, &["override", dock, check, "--as", "x", "--reason", "y"]);
        assert!(!said.ok && said.stderr.contains(why), "{}", said.stderr);
    }
}

fn the_gate_that_was_passed_says_all(gate: &Value) {
    assert_eq!(gate["allowed"], true);
    let wind = check(gate, "wind");
    assert_eq!((&wind["verdict"], &wind["limit"]), (&"fail".into(), &8.0.into()));
    assert!(wind["value"].as_f64().unwrap() > 8.0, "{wind}");
    assert_eq!(wind["overridden"]["actor"], "李雷");
    for (name, source) in [
        ("no_position", "EKF_STATUS_REPORT/ESTIMATOR_STATUS"),
        ("gps_fix", "GPS_RAW_INT"),
        ("readback_differs", "mission read back"),
        ("policy_not_kept", "PARAM_VALUE"),
    ] {
        let check = check(gate, name);
        assert_eq!(
            (&check["verdict"], &check["source"]),
            (&"pass".into(), &source.into()),
            "{check}"
        );
    }
    let policy = check(gate, "policy_not_kept")["text"].as_str().unwrap();
    assert!(
        policy.contains("FS_GCS_TIMEOUT 5 → 20") && policy.contains("RTL_ALT 1500 → 4000"),
        "{policy}"
    );
    let fence = check(gate, "fence_on_board");
    assert_eq!(
        (&fence["verdict"], &fence["source"]),
        (&"pass".into(), &"fence read back".into()),
        "{fence}"
    );
    assert_eq!(
        (&fence["value"], &fence["limit"]),
        (&4.0.into(), &4.0.into()),
        "{fence}"
    );
    let age = check(gate, "fence_outdated");
    assert_eq!(
        (&age["verdict"], &age["limit"], &age["unit"]),
        (&"pass".into(), &24.0.into(), &"h".into()),
        "{age}"
    );
    let time = check(gate, "flight_time");
    assert!(time["value"].as_f64() > time["limit"].as_f64(), "{time}");
}

fn withdrawn_it_forbids_again(site: &Site) {
    let withdrawn = fleet(site, &["withdraw", "V1", "--as", "韩梅梅"]);
    assert!(withdrawn.ok, "{}", withdrawn.stderr);
    let list: Value = serde_json::from_str(&fleet(site, &["overrides", "--json"]).stdout).unwrap();
    let first = list["overrides"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "V1");
    assert_eq!(first.unwrap()["withdrawn_by"], "韩梅梅");
    wait_until("the dock without its override", || {
        let view: Value = serde_json::from_str(&fleet(site, &["status", "--json"]).stdout).unwrap();
        let wind = view["docks"][0]["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["check"] == "wind")
            .unwrap()
            .clone();
        wind["overridden"].is_null() && wind["forbids"] == true
    });
}
