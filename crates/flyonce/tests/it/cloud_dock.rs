//! A simulated dock of DJI's Cloud API, written from the protocol alone, beside one with a vehicle over MAVLink: one
//! calendar, one gate, one ledger.

use serde_json::Value;

use crate::fleet::{Site, UNHURRIED_SPEED, wait_until};
use crate::program::Ran;

#[test]
fn a_dock_of_the_cloud_api_flies_beside_one_with_a_vehicle_over_mavlink() {
    let mut site = Site::new();
    site.photo_width = "640";
    let _city = site.city_with(2, &["--dji", "D01"]);
    let _service = site.service();
    let flights = site.wait_for_the_end(2);
    for flight in &flights {
        assert_eq!(flight["state"], "closed", "{flight}");
        let shots = &flight["shots"];
        assert_eq!(shots["planned"], 15, "{flight}");
        // The dock's camera takes one more where a line begins; they are photos like any other.
        assert!(shots["stored"].as_u64() >= Some(15), "{flight}");
        for loss in ["not_flown", "misfire", "never_arrived", "unreadable"] {
            assert_eq!(shots["lost"][loss], 0, "{flight}");
        }
    }
    let cloud = flights.iter().find(|flight| flight["dock_id"] == "D01").unwrap();
    let shown = site
        .program
        .json(&["flights", "show", cloud["sortie_id"].as_str().unwrap()]);
    let told = |code: &str| {
        let steps = shown["steps"].as_array().unwrap();
        steps.iter().any(|step| step["code"] == code)
    };
    for code in ["interlocks", "took_off", "returning", "landed", "done"] {
        assert!(told(code), "{code}: {shown}");
    }
}

/// Runs an order to the service.
fn order(site: &Site, words: &[&str]) -> Ran {
    let service = site.address();
    site.program
        .run(&[words, &["--as", "tester", "--service", &service]].concat())
}

fn told(site: &Site, words: &[&str]) {
    let ran = order(site, words);
    assert!(ran.ok, "{words:?}: {}", ran.stderr);
}

fn refused(site: &Site, words: &[&str], why: &str) {
    let ran = order(site, words);
    assert!(
        !ran.ok && ran.stderr.contains(why),
        "{words:?}: {} {}",
        ran.stdout,
        ran.stderr
    );
}

fn steps(site: &Site, sortie: &str) -> Vec<Value> {
    site.program.json(&["flights", "show", sortie])["steps"]
        .as_array()
        .unwrap()
        .clone()
}

fn wait_for_step(site: &Site, sortie: &str, code: &str) {
    wait_until(code, || {
        steps(site, sortie).iter().any(|step| step["code"] == code)
    });
}

fn dock(site: &Site) -> Value {
    let fleet = site
        .program
        .json(&["fleet", "status", "--service", &site.address()]);
    fleet["docks"][0].clone()
}

#[test]
fn people_hold_it_call_it_home_and_have_the_rest_flown_from_the_break_point() {
    let mut site = Site::new();
    site.photo_width = "640";
    site.speed = UNHURRIED_SPEED;
    let _city = site.city_with(1, &["--dji", "D01"]);
    let _service = site.service();
    wait_until("take-off", || {
        let flights = site.flights();
        flights.iter().any(|flight| flight["state"] == "flying")
    });
    let sortie = site.flights()[0]["sortie_id"].as_str().unwrap().to_owned();
    let city_log = || std::fs::read_to_string(site.program.path("city.log")).unwrap();
    wait_until("some photos", || city_log().contains("flight 1 photo 5 of"));
    told(&site, &["fleet", "pause", &sortie]);
    wait_for_step(&site, &sortie, "paused");
    assert_eq!(dock(&site)["paused"], true);
    refused(&site, &["fleet", "land", &sortie], "call it home instead");
    refused(&site, &["fleet", "divert", &sortie], "call it home instead");
    refused(&site, &["fleet", "dock", "D01", "open-lid"], "still flying");
    told(&site, &["fleet", "continue", &sortie]);
    wait_for_step(&site, &sortie, "continued");
    told(&site, &["fleet", "home", "--only", &sortie]);
    wait_for_step(&site, &sortie, "returning");
    wait_until("the end", || {
        site.flights().iter().all(|flight| flight["state"] == "closed")
    });
    let first = site.program.json(&["flights", "show", &sortie]);
    let missing = first["shots"]["lost"]["not_flown"].as_u64().unwrap();
    assert!(missing > 0, "{first}");
    assert_eq!(first["code"], "returned", "{first}");

    // The dock says every two seconds what it does; until it says that it is free the rest would be refused.
    wait_until("a free dock", || dock(&site)["mode"] == "idle");
    told(&site, &["flights", "resume", &sortie]);
    let rest = format!("{sortie}-R1");
    wait_until("the rest", || {
        let flights = site.flights();
        let is_over =
            |flight: &Value| ["closed", "refused", "failed"].contains(&flight["state"].as_str().unwrap());
        flights
            .iter()
            .any(|flight| flight["sortie_id"] == rest.as_str() && is_over(flight))
    });
    let flown = site.program.json(&["flights", "show", &rest]);
    assert_eq!(flown["state"], "closed", "{flown}");
    assert_eq!(flown["shots"]["planned"], missing, "{flown}");
    let so_far = &flown["mission_so_far"];
    assert_eq!(so_far["lost"], Value::Array(Vec::new()), "{so_far}");
    // The dock took up its own wayline where it had left it.
    let city = city_log();
    assert!(city.contains("goes on at waypoint"), "{city}");
}

#[test]
fn people_move_the_parts_of_a_dock_and_its_alarms_are_told_in_words() {
    let mut site = Site::new();
    site.speed = UNHURRIED_SPEED;
    let _city = site.city_with(1, &["--dji", "D01", "--fault", "D01:dji_hms=0x19110801"]);
    // Nothing is due: the dock is people's own.
    std::fs::remove_file(site.program.path("data/flight-plans/calendar.toml")).unwrap();
    let _service = site.service();
    wait_until("the dock with its alarm", || {
        let dock = dock(&site);
        dock["online"] == true && dock["health"][0]["code"] == "0x19110801"
    });
    let seen = dock(&site);
    assert!(seen["vehicle"]["system_id"].is_null(), "{seen}");
    assert_eq!(seen["health"][0]["level"], 2, "{seen}");
    let words = &seen["health"][0]["words"];
    assert!(
        words["zh"].is_string() && words["en"] == "the dock's backup battery is low",
        "{seen}"
    );
    let status = order_less(&site, &["fleet", "status"]);
    assert!(
        status.contains("backup battery is low") && status.contains("0x19110801"),
        "{status}"
    );

    told(&site, &["fleet", "dock", "D01", "open-lid"]);
    wait_until("an open lid", || dock(&site)["lid"] == "open");
    told(&site, &["fleet", "dock", "D01", "close-lid"]);
    wait_until("a closed lid", || dock(&site)["lid"] == "closed");
    told(&site, &["fleet", "dock", "D01", "aircraft-off"]);
    told(&site, &["fleet", "dock", "D01", "aircraft-on"]);
    told(&site, &["fleet", "dock", "D01", "debug-on"]);
    wait_until("the debug mode", || dock(&site)["mode"] == "debug");
    told(&site, &["fleet", "dock", "D01", "stop-charging"]);
    assert_eq!(dock(&site)["mode"], "debug", "who switched it on switches it off");
    told(&site, &["fleet", "dock", "D01", "debug-off"]);
    wait_until("a free dock", || dock(&site)["mode"] == "idle");
    refused(&site, &["fleet", "dock", "D99", "open-lid"], "no such dock");
    let last = dock(&site)["by_hand"].clone();
    assert_eq!(
        (&last["command"], &last["state"]),
        (&"debug_off".into(), &"done".into()),
        "{last}"
    );
}

fn order_less(site: &Site, words: &[&str]) -> String {
    let service = site.address();
    let ran = site.program.run(&[words, &["--service", &service]].concat());
    assert!(ran.ok, "{}", ran.stderr);
    ran.stdout
}
