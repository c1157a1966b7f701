//! Flights as they are told: list, story, track and log on the command line and over HTTP; the watched folder.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use store::flights::{StepRow, TrackRow};

use crate::flown::{
    LONGITUDE_DEG, SORTIE, at, capture, latitude_deg, launch, names_in, on_store, photo, put_whole, sortie,
};
use crate::program::{Program, small_photo};
use crate::serving::Service;

/// Five planned photos, four taken, three files here; the flight's story and track.
fn flown() -> Program {
    let program = Program::new();
    launch(&program, 5);
    capture(&program, 1..=4);
    on_store(&program, async |store| {
        let step = |second: i64, code: &str, text: &str| StepRow {
            at: at(second),
            code: code.to_owned(),
            detail_json: Some(serde_json::json!({ "text": text }).to_string()),
        };
        let steps = [step(0, "took_off", "at 1.2 m"), step(30, "landed", "")];
        store.add_steps(&sortie(), &steps).await.unwrap();
        let point = |second: i64| TrackRow {
            at: at(second),
            longitude_deg: LONGITUDE_DEG,
            latitude_deg: latitude_deg(1) + second as f64 * 1e-5,
            height_above_home_m: 60.0,
            altitude_amsl_m: 64.5,
            heading_deg: Some(0.0),
            ground_speed_ms: Some(5.0),
            battery_percent: Some(80.0),
        };
        let points: Vec<_> = (0..1000).map(point).collect();
        store.add_track(&sortie(), &points).await.unwrap();
    });
    let service = Service::start(&program);
    for number in 1..=3 {
        assert_eq!(
            put_whole(&service.address, number, &photo(number, u64::from(number))).0,
            201
        );
    }
    on_store(&program, async |store| {
        store.settle_shots(&sortie(), at(60)).await.unwrap();
    });
    program.write(&format!("data/tlogs/{SORTIE}.tlog"), b"telemetry");
    program
}

#[test]
fn a_flight_is_told_in_words_with_every_loss_named() {
    let program = flown();
    let list = program.json(&["flights", "list"]);
    let flight = &list["flights"][0];
    assert_eq!(
        (&flight["state"], &flight["simulated"]),
        (&Value::from("flying"), &Value::from(true))
    );
    assert_eq!(
        (&flight["shots"]["planned"], &flight["shots"]["stored"]),
        (&Value::from(5), &Value::from(3))
    );
    assert_eq!(flight["shots"]["lost"]["never_arrived"], 1);
    assert_eq!(flight["shots"]["lost"]["not_flown"], 1);
    let told = program.run(&["flights", "show", SORTIE]);
    for words in [
        "flying  (simulated)",
        "5 planned",
        "took off  at 1.2 m",
        "4  lost: taken, the file never arrived",
        "5  lost: not flown",
        "took off: 2026-03-02 10:00:00",
    ] {
        assert!(told.stdout.contains(words), "{words:?} is not in {}", told.stdout);
    }
    let chinese = program.run(&["flights", "show", SORTIE, "--lang", "zh"]).stdout;
    assert!(chinese.contains("缺失:已拍摄但未回传"), "{chinese}");
    assert_eq!(
        program.json(&["flights", "list", "--state", "closed"])["flights"],
        serde_json::json!([])
    );
    let wrong = program.run(&["flights", "list", "--state", "lost"]);
    assert!(!wrong.ok && wrong.stderr.contains("lost"), "{}", wrong.stderr);
    let nobody = program.run(&["flights", "show", "NOBODY"]);
    assert!(
        !nobody.ok && nobody.stderr.contains("no flight NOBODY"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn a_track_goes_to_maps_with_plan_and_photos() {
    let program = flown();
    let track = program.json(&["flights", "track", SORTIE]);
    let of_kind = |kind: &str| -> Vec<Value> {
        let features = track["features"].as_array().unwrap().iter();
        features
            .filter(|feature| feature["properties"]["kind"] == kind)
            .cloned()
            .collect()
    };
    let line = &of_kind("track")[0];
    assert_eq!(line["geometry"]["type"], "LineString");
    assert_eq!(line["geometry"]["coordinates"].as_array().unwrap().len(), 1000);
    assert_eq!(line["properties"]["coordTimes"][1], "2026-03-02T02:00:01Z");
    assert_eq!(line["properties"]["altitude_amsl_m"][0], 64.5);
    assert_eq!((of_kind("plan").len(), of_kind("shot").len()), (1, 5));
    let kml = program
        .run(&["flights", "track", SORTIE, "--format", "kml"])
        .stdout;
    assert_eq!(kml.matches("<gx:coord>").count(), 1000);
    assert!(kml.contains("<altitudeMode>absolute</altitudeMode>") && kml.contains(" 64.50</gx:coord>"));
    let written = program.run(&["flights", "track", SORTIE, "--format", "kml", "--out", "t.kml"]);
    assert!(written.ok && written.stdout.is_empty(), "{}", written.stdout);
    assert_eq!(
        fs::read_to_string(program.path("t.kml")).unwrap().trim_end(),
        kml.trim_end()
    );
    let tlog = program.run(&["flights", "tlog", SORTIE, "--out", "copy.tlog"]);
    assert!(tlog.ok, "{}", tlog.stderr);
    assert_eq!(fs::read(program.path("copy.tlog")).unwrap(), b"telemetry");
}

#[test]
fn the_same_is_told_over_http() {
    let program = flown();
    let service = Service::start(&program);
    let list = service.json("/api/v1/flights?dock=D01&limit=1");
    assert_eq!(list["next"], SORTIE, "a full page says where the next begins");
    assert_eq!(
        service.json(&format!("/api/v1/flights?after={SORTIE}"))["flights"],
        serde_json::json!([])
    );
    assert_eq!(
        service.json("/api/v1/flights?dock=D02")["flights"],
        serde_json::json!([])
    );
    assert_eq!(
        service.request("GET", "/api/v1/flights?state=lost", None).status,
        400
    );
    let detail = service.json(&format!("/api/v1/flights/{SORTIE}"));
    assert_eq!(detail, program.json(&["flights", "show", SORTIE]));
    assert_eq!(detail["steps"][0]["words"]["zh"], "已离地");
    assert_eq!(detail["plan"].as_array().unwrap().len(), 2);
    for (file, kind) in [
        ("track.geojson", "application/json"),
        ("track.kml", "application/vnd.google-earth.kml+xml"),
        ("flight.tlog", "application/octet-stream"),
    ] {
        let answer = service.request("GET", &format!("/api/v1/flights/{SORTIE}/{file}"), None);
        assert_eq!(answer.status, 200, "{file}");
        assert!(
            answer.headers.contains(&format!("content-type: {kind}")),
            "{}",
            answer.headers
        );
        let missing = service.request("GET", &format!("/api/v1/flights/NOBODY/{file}"), None);
        assert_eq!(missing.status, 404, "{file}");
    }
    let tracks = service.json("/api/v1/fleet/tracks.geojson");
    let line = &tracks["features"][0];
    let points = line["geometry"]["coordinates"].as_array().unwrap();
    assert!(points.len() <= 301, "{} points", points.len());
    assert_eq!(
        points[points.len() - 1][1],
        31.23017,
        "the last point is where it is now"
    );
    assert_eq!(line["properties"]["dock_id"], "D01");
}

#[test]
fn the_calendar_of_a_day_shows_what_was_taken_on() {
    let program = Program::new();
    on_store(&program, async |store| {
        assert!(store.claim_slot("街区周检", at(0), "D01", at(0)).await.unwrap());
    });
    let service = Service::start(&program);
    let day = service.json("/api/v1/calendar?day=2026-03-02");
    assert_eq!(day["slots"][0]["mission"], "街区周检");
    assert_eq!(day["slots"][0]["at"], "2026-03-02T02:00:00Z");
    assert_eq!(day["slots"][0]["state"], "due");
    assert_eq!(
        service.json("/api/v1/calendar?day=2026-03-03")["slots"],
        serde_json::json!([])
    );
    assert_eq!(
        service
            .request("GET", "/api/v1/calendar?day=tomorrow", None)
            .status,
        400
    );
}

#[test]
fn a_watched_folder_gives_each_photo_to_its_flight() {
    let program = Program::new();
    launch(&program, 5);
    capture(&program, 1..=5);
    program.write("flyonce.toml", "[photo_door]\nwatched_folder = \"drop\"\n");
    program.write(&format!("drop/{SORTIE}/00002.jpg"), photo(2, 2));
    program.write("drop/card/DJI_0815.JPG", photo(4, 4));
    program.write("drop/card/elsewhere.jpg", small_photo(9).bytes().unwrap());
    program.write("drop/empty.jpg", b"");
    program.write("drop/readme.txt", b"left alone");
    program.write("drop/text.jpg", b"no photo");
    let service = Service::start(&program);
    let settled = || {
        let refused = names_in(&program.path("drop/refused/card")).len()
            + names_in(&program.path("drop/refused")).len();
        let taken = program.path("drop/taken/card/DJI_0815.JPG").is_file()
            && program.path(&format!("drop/taken/{SORTIE}/00002.jpg")).is_file();
        taken && refused >= 5
    };
    let started = Instant::now();
    while !settled() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{:?}",
            names_in(&program.path("drop"))
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(service);
    let shots = program.json(&["flights", "show", SORTIE])["photos"].clone();
    assert_eq!(shots[1]["photo_id"], format!("{SORTIE}/00002"));
    assert_eq!(
        shots[3]["photo_id"],
        format!("{SORTIE}/00004"),
        "by time and place"
    );
    assert_eq!(program.json(&["photos"])["total"], 2);
    let why = fs::read_to_string(program.path("drop/refused/card/elsewhere.txt")).unwrap();
    assert!(why.contains("no flight took a photo"), "{why}");
    let why = fs::read_to_string(program.path("drop/refused/text.txt")).unwrap();
    assert!(why.contains("not a JPEG"), "{why}");
    assert!(program.path("drop/readme.txt").is_file() && program.path("drop/empty.jpg").is_file());
}
