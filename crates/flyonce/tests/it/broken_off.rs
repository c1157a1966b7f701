//! A mission that broke off for its battery, through the real program: the rest is flown by itself once the vehicle is
//! charged, also by a service that was started meanwhile, and no photo of the mission is missing in the end.

use serde_json::Value;

use crate::fleet::{Site, wait_until};

/// With so little the vehicle's own failsafe (20 %) brings it home in the middle of its mission.
const LOW: &str = "D01:low_battery=18";

fn limits(site: &Site, least_percent: u32) {
    let text = site.configuration() + &format!("[fleet]\nmin_battery_percent = {least_percent}\n");
    site.program.write("flyonce.toml", text);
}

fn sortie<'a>(flights: &'a [Value], name: &str) -> &'a Value {
    flights.iter().find(|flight| flight["sortie_id"] == name).unwrap()
}

#[test]
fn what_a_low_battery_left_out_is_flown_by_itself_and_nothing_else() {
    let site = Site::new();
    let _city = site.city(1, &[LOW]);
    limits(&site, 15);
    let service = site.service();
    wait_until("the mission to break off", || {
        site.flights().iter().any(|flight| flight["state"] == "closed")
    });
    let first = site.flights().pop().unwrap();
    let name = first["sortie_id"].as_str().unwrap().to_owned();
    let missing = first["shots"]["lost"]["not_flown"].as_u64().unwrap();
    assert!(missing > 0, "it broke off: {first}");
    let steps = site.program.run(&["flights", "show", &name]).stdout;
    assert!(steps.contains("a failsafe of the vehicle"), "{steps}");
    // Orders to what does not fly are answered in words.
    let order = [
        "fleet",
        "pause",
        &name,
        "--as",
        "tester",
        "--service",
        &site.address(),
    ];
    let refused = site.program.run(&order);
    assert!(
        !refused.ok && refused.stderr.contains("is not under way"),
        "{}",
        refused.stderr
    );
    drop(service);

    // Enough for the rest; the service that flies it is another run of the program.
    limits(&site, 45);
    let calendar = site.program.path("data/flight-plans/calendar.toml");
    let lines = std::fs::read_to_string(&calendar).unwrap();
    std::fs::write(&calendar, lines.trim_end().to_owned() + "\nresume = \"auto\"\n").unwrap();
    let _service = site.service();
    let rest = format!("{name}-R1");
    wait_until("the rest to be flown", || {
        let flights = site.flights();
        let over = flights
            .iter()
            .filter(|flight| flight["sortie_id"] == rest.as_str());
        over.map(|flight| flight["state"].as_str().unwrap().to_owned())
            .any(|state| state == "closed" || state == "refused")
    });
    nothing_is_left_of(&site, (&name, &rest), missing);
    // The plan's fence is kept with the mission: the rest flies within it, and the vehicle gets its own back.
    for sortie in [&name, &rest] {
        let steps = site.program.run(&["flights", "show", sortie]).stdout;
        for words in ["the fence was read back", "the vehicle has its own fence"] {
            assert!(steps.contains(words), "{sortie} lacks {words:?}: {steps}");
        }
    }
}

/// The rest was flown as one sortie, the mission has every photo, and nothing more can be flown of it.
fn nothing_is_left_of(site: &Site, (name, rest): (&str, &str), missing: u64) {
    let flights = site.flights();
    let flown = sortie(&flights, rest);
    assert_eq!(flown["state"], "closed", "{flown}");
    assert_eq!(flown["shots"]["planned"], missing, "{flown}");
    let whole = site.program.json(&["flights", "show", name])["mission_so_far"].clone();
    assert_eq!(whole["follow_ups"], Value::from(vec![rest.to_owned()]), "{whole}");
    assert_eq!(
        (&whole["lost"], &whole["to_come"]),
        (&Value::Array(Vec::new()), &Value::from(0)),
        "{whole}"
    );
    let photos = ["awaited", "stored", "looked_at"].map(|state| whole[state].as_u64().unwrap());
    assert_eq!(whole["planned"], photos.iter().sum::<u64>(), "{whole}");
    let order = [
        "flights",
        "resume",
        name,
        "--as",
        "tester",
        "--service",
        &site.address(),
    ];
    let nothing = site.program.run(&order);
    assert!(
        !nothing.ok && nothing.stderr.contains("every photo"),
        "{}",
        nothing.stderr
    );
}
