//! A simulated dock of DJI's Cloud API, written from the protocol alone, beside one with a vehicle over MAVLink: one
//! calendar, one gate, one ledger.

use crate::fleet::Site;

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
