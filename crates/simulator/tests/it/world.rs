//! The simulated world looked at from outside: places on earth, flight plans and calendar, read again from the files
//! with arithmetic of their own.

use std::path::Path;

use serde_json::Value;
use simulator::{GeoPoint, Neighbourhood, WorldOptions, flight_plan, neighbourhoods, write_world};

/// 2026-03-02T02:00:00Z, ten in the morning in the city.
const START_UNIX_US: i64 = 1_772_416_800_000_000;

fn options() -> WorldOptions {
    WorldOptions {
        seed: 1,
        mavlink_host: "127.0.0.1".to_owned(),
        mavlink_base_port: 14550,
        start_unix_us: START_UNIX_US,
        photo_size_px: simulator::PHOTO_SIZE_PX,
        cloud_docks: Vec::new(),
    }
}

/// Metres between two places by the haversine formula on a sphere of 6 371 km: right to half a percent.
fn metres(a: GeoPoint, b: GeoPoint) -> f64 {
    let (low, high) = (a.latitude_deg.to_radians(), b.latitude_deg.to_radians());
    let turn = (b.longitude_deg - a.longitude_deg).to_radians();
    let h = ((high - low) / 2.0).sin().powi(2) + low.cos() * high.cos() * (turn / 2.0).sin().powi(2);
    2.0 * 6_371_000.0 * h.sqrt().asin()
}

#[test]
fn neighbourhoods_lie_apart_and_each_dock_has_a_landing_place_near_it() {
    let places = neighbourhoods(1, 16);
    assert_eq!(places.len(), 16);
    for (index, place) in places.iter().enumerate() {
        assert_eq!(place.dock_id, format!("D{:02}", index + 1));
        assert_eq!(usize::from(place.system_id), index + 1);
        assert!(place.name_zh.contains("模拟"));
        let away = metres(place.dock, place.alternate_landing);
        assert!((55.0..155.0).contains(&away), "{}: {away} m", place.dock_id);
        assert!((0.4..1.3).contains(&place.dock_above_street_m));
        let street = place.dock_amsl_m - place.dock_above_street_m;
        assert!((street - place.scene.frame.street_amsl_m).abs() < 1e-9);
        for other in &places[..index] {
            let away = metres(place.scene.frame.origin, other.scene.frame.origin);
            // Half the diagonal of a neighbourhood is 525 m.
            assert!(away > 2000.0, "{} and {}: {away} m", place.dock_id, other.dock_id);
        }
    }
}

#[test]
fn positions_of_findings_come_back_in_their_own_frame() {
    for place in neighbourhoods(3, 3) {
        for object in place.scene.objects.iter().step_by(97) {
            let back = place
                .scene
                .frame
                .enu_from_wgs84(object.centre_wgs84, object.top_m);
            for axis in 0..2 {
                assert!((back[axis] - object.centre_enu_m[axis]).abs() < 1e-3, "{back:?}");
            }
            assert!(metres(object.centre_wgs84, place.scene.frame.origin) < 560.0);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for (dir, seed) in dirs.iter().zip([1, 1, 2]) {
        let places = neighbourhoods(seed, 4);
        write_world(dir.path(), &places, &WorldOptions { seed, ..options() }).unwrap();
    }
    let read = |dir: usize, file: &str| std::fs::read(dirs[dir].path().join(file)).unwrap();
    for file in [
        "fleet.toml",
        "flight-plans/D03.plan",
        "flight-plans/calendar.toml",
        "truth/truth.json",
    ] {
        assert_eq!(read(0, file), read(1, file), "{file}");
    }
    assert_ne!(read(0, "truth/truth.json"), read(2, "truth/truth.json"));
    assert_ne!(read(0, "flight-plans/D03.plan"), read(2, "flight-plans/D03.plan"));
}

#[test]
fn the_files_of_sixteen_docks_agree_with_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let places = neighbourhoods(1, 16);
    write_world(dir.path(), &places, &options()).unwrap();
    let read = |file: &str| std::fs::read_to_string(dir.path().join(file)).unwrap();
    let (fleet, calendar) = (read("fleet.toml"), read("flight-plans/calendar.toml"));
    assert_eq!(fleet.matches("[[dock]]").count(), 16);
    assert!(fleet.contains("id = \"D16\"") && fleet.contains("link = \"udpin:127.0.0.1:14566\""));
    assert_eq!(calendar.matches("[[mission]]").count(), 16);
    assert_eq!(calendar.matches("once = \"2026-03-02T10:00\"").count(), 16);
    for place in &places {
        assert!(
            dir.path()
                .join(format!("flight-plans/{}.plan", place.dock_id))
                .is_file()
        );
        assert!(calendar.contains(&format!("plan = \"{0}.plan\"\ndock = \"{0}\"", place.dock_id)));
    }
    check_truth(dir.path(), &places);
}

fn check_truth(dir: &Path, places: &[Neighbourhood]) {
    let truth: Value = serde_json::from_slice(&std::fs::read(dir.join("truth/truth.json")).unwrap()).unwrap();
    assert_eq!(truth["simulated"], true);
    assert_eq!(truth["seed"], 1);
    let docks = truth["docks"].as_array().unwrap();
    assert_eq!(docks.len(), 16);
    for (dock, place) in docks.iter().zip(places) {
        assert_eq!(dock["dock_id"], place.dock_id.as_str());
        let planted = dock["planted"].as_array().unwrap();
        assert_eq!(planted.len(), place.scene.objects.len());
        for (written, object) in planted.iter().zip(&place.scene.objects).step_by(101) {
            assert_eq!(written["id"], object.id);
            assert_eq!(written["class"], object.class.name());
            assert_eq!(written["outline_wgs84"].as_array().unwrap().len(), 4);
            let latitude = written["centre_wgs84"]["latitude_deg"].as_f64().unwrap();
            assert!((latitude - object.centre_wgs84.latitude_deg).abs() <= 0.6e-7);
            assert!(written["top_m"].as_f64() >= written["base_m"].as_f64());
        }
    }
}

/// A place and height that the vehicle flies to.
fn place_of(item: &Value) -> Option<(GeoPoint, f64)> {
    let params = item["params"].as_array().unwrap();
    (item["frame"] == 3).then(|| {
        let at = |index: usize| params[index].as_f64().unwrap();
        let point = GeoPoint {
            latitude_deg: at(4),
            longitude_deg: at(5),
        };
        (point, at(6))
    })
}

/// Photos that a plan takes, and the length of its way in metres: a photo at once where parameter 3 says so, then one
/// each time the distance has been flown.
fn photos_and_way(items: &[Value], dock: GeoPoint) -> (u32, f64) {
    let (mut photos, mut way_m, mut here, mut every_m) = (0, 0.0, dock, 0.0f64);
    let mut since_m = 0.0;
    for item in items {
        let param = |index: usize| item["params"][index].as_f64().unwrap();
        if item["command"] == 206 {
            (every_m, since_m) = (param(0), 0.0);
            photos += u32::from(every_m > 0.0 && param(2) == 1.0);
        }
        let Some((there, _)) = place_of(item) else {
            continue;
        };
        let leg_m = metres(here, there);
        way_m += leg_m;
        if every_m > 0.0 {
            photos += ((since_m + leg_m) / every_m) as u32;
            since_m = (since_m + leg_m) % every_m;
        }
        here = there;
    }
    (photos, way_m + metres(here, dock))
}

#[test]
fn every_plan_takes_about_fifteen_photos_in_a_few_minutes_under_the_ceiling() {
    for place in neighbourhoods(1, 16).iter().chain(&neighbourhoods(7, 16)) {
        let plan = flight_plan(place);
        assert_eq!(plan["fileType"], "Plan");
        assert_eq!(
            (&plan["version"], &plan["mission"]["version"]),
            (&1.into(), &2.into())
        );
        assert_eq!(
            (&plan["mission"]["firmwareType"], &plan["mission"]["vehicleType"]),
            (&3.into(), &2.into())
        );
        let items = plan["mission"]["items"].as_array().unwrap();
        assert_eq!(items[0]["command"], 22);
        assert_eq!(items[items.len() - 1]["command"], 20);
        for (number, item) in items.iter().enumerate() {
            assert_eq!(item["type"], "SimpleItem");
            assert_eq!(item["doJumpId"], number + 1);
            assert_eq!(item["params"].as_array().unwrap().len(), 7);
        }
        let heights = items.iter().filter_map(place_of).map(|(_, height)| height);
        for above_street_m in heights.map(|height| height + place.dock_above_street_m) {
            assert!((118.8..=120.0).contains(&above_street_m), "{above_street_m}");
        }
        let (photos, way_m) = photos_and_way(items, place.dock);
        assert!((14..=16).contains(&photos), "{}: {photos}", place.dock_id);
        // Up at 2.5 m/s and down at 1.5 m/s.
        let minutes = (way_m / 11.0 + 119.0 / 2.5 + 119.0 / 1.5) / 60.0;
        assert!((3.0..=5.0).contains(&minutes), "{}: {minutes} min", place.dock_id);
    }
}

#[test]
fn the_fence_holds_the_whole_flight_and_the_alternate_landing_place_is_no_rally_point() {
    for place in neighbourhoods(1, 16) {
        let plan = flight_plan(&place);
        let fence = &plan["geoFence"]["polygons"][0];
        assert_eq!(fence["inclusion"], true);
        let corners: Vec<[f64; 2]> = serde_json::from_value(fence["polygon"].clone()).unwrap();
        assert_eq!(plan["rallyPoints"]["points"], serde_json::json!([]));
        let mut flown: Vec<GeoPoint> = plan["mission"]["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(place_of)
            .map(|(point, _)| point)
            .collect();
        flown.extend([place.dock, place.alternate_landing]);
        for point in flown {
            assert!(
                holds(&corners, [point.latitude_deg, point.longitude_deg]),
                "{}",
                place.dock_id
            );
        }
    }
}

/// Whether a polygon holds a point (crossing number).
fn holds(corners: &[[f64; 2]], [y, x]: [f64; 2]) -> bool {
    let mut inside = false;
    for (index, a) in corners.iter().enumerate() {
        let b = corners[(index + 1) % corners.len()];
        if (a[0] > y) != (b[0] > y) && x < a[1] + (y - a[0]) / (b[0] - a[0]) * (b[1] - a[1]) {
            inside = !inside;
        }
    }
    inside
}
