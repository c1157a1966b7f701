//! Gaps that one battery does not fly become several flights: pieces in the list, demands for a scheduler, and numbered
//! plans, each of which may fly.

use std::fs;

use serde_json::{Value, json};

use crate::coverage::{SETTINGS, city};
use crate::program::Program;
use crate::serving::Service;

const ASKED: [&str; 3] = ["coverage", "--until", "2026-03-28"];
/// Longest flight, minutes.
const BUDGET_MIN: f64 = 8.5;

/// The city with flights no longer than so many minutes.
fn city_of_flights(minutes: f64) -> Program {
    let program = city();
    let settings = SETTINGS.replace("[fleet]\nendurance_min = 40\n", "");
    let limit = format!("[reach]\nendurance_min = 40\n\n[coverage]\ngap_flight_min = {minutes:.1}\n");
    program.write("flyonce.toml", settings.replace("[coverage]\n", &limit));
    program
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_large_gap_becomes_flights_of_one_battery_each() {
    let program = city_of_flights(BUDGET_MIN);
    let answer = program.json(&[&ASKED[..], &["--gaps", "gaps.geojson", "--gap-plans", "plans"]].concat());
    let gap = &answer["gaps"]["gaps"][0];
    assert_eq!(gap["town"], "东镇");
    let flights = gap["flights"].as_array().unwrap();
    // Half a km² in lines 98 m apart is 540 s of lines at 10 m/s; of 510 s of a flight 137 are climb, descent and landing,
    // up to 100 the ways out and back, 51 are kept.
    assert!((3..=5).contains(&flights.len()), "{gap:#}");
    assert_eq!(gap["sorties"], flights.len());
    let sum = |key: &str| flights.iter().map(|flight| number(&flight[key])).sum::<f64>();
    assert!((sum("area_m2") - number(&gap["area_m2"])).abs() < 1.0, "{gap:#}");
    assert!(
        (sum("minutes") - number(&gap["flight_minutes"])).abs() < 0.1,
        "{gap:#}"
    );
    assert_eq!(gap["beyond_battery_m2"], 0.0);
    let plans = answer["gap_plans"]["plans"].as_array().unwrap();
    let of_gap: Vec<&Value> = plans.iter().filter(|plan| plan["gap"] == "gap-0001").collect();
    assert_eq!(of_gap.len(), flights.len(), "{of_gap:#?}");
    for (index, plan) in of_gap.iter().enumerate() {
        let file = plan["file"].as_str().unwrap();
        assert_eq!(file, format!("plans/gap-0001-{}.plan", index + 1));
        assert!(number(&plan["minutes"]) <= BUDGET_MIN, "{plan:#}");
        let checked = program.run(&["fly", file, "--check"]);
        assert!(checked.ok, "{file}: {}{}", checked.stdout, checked.stderr);
    }
    let text = program
        .run(&[&ASKED[..], &["--gaps", "gaps.geojson"]].concat())
        .stdout;
    assert!(text.contains("min of each") && text.contains(" + "), "{text}");
}

#[test]
fn the_api_has_demands_and_plans_of_each_flight() {
    let program = city_of_flights(BUDGET_MIN);
    let service = Service::start(&program);
    let day = "as_of=2026-03-28";
    let gaps = service.json(&format!("/api/v1/coverage/gaps?{day}"));
    let demands = service.json(&format!("/api/v1/coverage/demands?{day}"));
    let demands = demands["demands"].as_array().unwrap();
    let flown: usize = gaps["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["flights"].as_array().unwrap().len())
        .sum();
    assert_eq!(demands.len(), flown);
    let gap = &gaps["gaps"][0];
    let gap_id = gap["gap_id"].as_str().unwrap();
    let pieces: Vec<&Value> = demands
        .iter()
        .filter(|demand| demand["gap_id"] == gap_id)
        .collect();
    assert_eq!(pieces.len(), gap["flights"].as_array().unwrap().len());
    for (index, demand) in pieces.iter().enumerate() {
        assert_eq!(
            (&demand["piece"], &demand["pieces"]),
            (&json!(index + 1), &json!(pieces.len()))
        );
        assert!(number(&demand["flight_minutes"]) <= BUDGET_MIN, "{demand:#}");
        let ring = &demand["geometry"]["coordinates"][0];
        assert_eq!(ring[0], ring[ring.as_array().unwrap().len() - 1], "{demand:#}");
    }
    let ids: std::collections::BTreeSet<&str> = demands
        .iter()
        .map(|demand| demand["demand_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), demands.len());

    let plans = service.json(&format!("/api/v1/coverage/gaps/{gap_id}/plans?{day}"));
    assert_eq!(
        plans,
        service.json(&format!("/api/v1/coverage/gaps/gap-0001/plans?{day}"))
    );
    assert_eq!(plans["plans"].as_array().unwrap().len(), pieces.len());
    program.json(&[&ASKED[..], &["--gap-plans", "plans", "--most-gaps", "1"]].concat());
    for plan in plans["plans"].as_array().unwrap() {
        let path = format!(
            "/api/v1/coverage/gaps/{gap_id}/plans/{}.plan?{day}",
            plan["number"]
        );
        let answer = service.request("GET", &path, None);
        assert_eq!(answer.status, 200, "{path}");
        let name = plan["name"].as_str().unwrap();
        assert!(
            answer.headers.contains(&format!("filename=\"{name}.plan\"")),
            "{}",
            answer.headers
        );
        let written = fs::read(program.path(&format!("plans/{name}.plan"))).unwrap();
        assert_eq!(answer.body, written, "the same plan as on the command line");
    }
    nothing_is_said_of_other_gaps(&service, day);
}

fn nothing_is_said_of_other_gaps(service: &Service, day: &str) {
    for missing in ["gap-9999/plans", "gap-0001/plans/99.plan", "gap-0001/plans/1"] {
        let path = format!("/api/v1/coverage/gaps/{missing}?{day}");
        assert_eq!(service.request("GET", &path, None).status, 404, "{path}");
    }
}

#[test]
fn ground_that_no_battery_lasts_for_is_named() {
    let program = city_of_flights(3.0);
    let answer = program.json(&[&ASKED[..], &["--gap-plans", "plans"]].concat());
    let gaps = answer["gaps"]["gaps"].as_array().unwrap();
    let beyond: f64 = gaps.iter().map(|gap| number(&gap["beyond_battery_m2"])).sum();
    assert!(beyond > 1e5, "{answer:#}");
    for gap in gaps {
        let flown: f64 = gap["flights"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flight| number(&flight["area_m2"]))
            .sum();
        let left = number(&gap["area_m2"]) - number(&gap["beyond_battery_m2"]) - flown;
        assert!(gap["reachable_percent"] == 0.0 || left.abs() < 1.0, "{gap:#}");
    }
}
