//! Layers through the command line: brought in from every format, listed by day, compared, taken out of use and back.

use serde_json::{Value, json};

use crate::program::Program;
use crate::serving::Service;

const DAY: &str = "2026-03-02";

pub(crate) fn import(program: &Program, file: &str, more: &[&str]) -> Value {
    let fixed = [
        "layers",
        "import",
        file,
        "--layer-version",
        "1",
        "--source",
        "made up",
    ];
    program.json(&[&fixed[..], more].concat())
}

fn refused(program: &Program, arguments: &[&str]) -> String {
    let ran = program.run(arguments);
    assert!(!ran.ok, "{}", ran.stdout);
    ran.stderr
}

pub(crate) fn polygon(ring: &Value, members: &str) -> String {
    format!(
        "{{\"type\":\"FeatureCollection\",{members}\"features\":[{{\"type\":\"Feature\",\
         \"properties\":{{\"name\":\"甲镇\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}}}]}}"
    )
}

#[test]
fn a_layer_is_kept_once_and_out_of_use_until_it_is_restored() {
    let program = Program::new();
    program.write("town.geojson", fixtures::layers::square_km2([121.6, 31.2], 4.0));
    let first = import(
        &program,
        "town.geojson",
        &["--kind", "town", "--name", "towns", "--as", "王工"],
    );
    assert_eq!(
        (&first["new"], &first["kept"]["imported"]["by"]),
        (&json!(true), &json!("王工"))
    );
    let again = import(&program, "town.geojson", &["--kind", "town", "--name", "towns"]);
    assert_eq!(
        (&again["new"], &again["kept"]["id"]),
        (&json!(false), &first["kept"]["id"])
    );
    program.write("town.geojson", fixtures::layers::square_km2([121.6, 31.2], 5.0));
    let arguments = [
        "layers",
        "import",
        "town.geojson",
        "--kind",
        "town",
        "--name",
        "towns",
    ];
    let other = refused(
        &program,
        &[&arguments[..], &["--layer-version", "1", "--source", "x"]].concat(),
    );
    assert!(other.contains("needs a new version"), "{other}");

    let listed = |program: &Program| {
        program.json(&["layers", "list"])["layers"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(listed(&program), 1);
    let id = first["kept"]["id"].as_str().unwrap();
    program.json(&["layers", "remove", "towns", "--reason", "wrong file"]);
    assert_eq!(listed(&program), 0);
    assert!(refused(&program, &["layers", "remove", "towns"]).contains("no imported layer towns is in use"));
    let all = program.json(&["layers", "list", "--all"]);
    assert_eq!(all["retired"][0]["retired"]["reason"], "wrong file");
    program.json(&["layers", "restore", id]);
    assert_eq!(listed(&program), 1);

    assert_eq!(program.json(&["layers", "check"])["problems"], json!([]));
    let kept = program.path(&format!(
        "data/layers/{}.json",
        first["kept"]["sha256"].as_str().unwrap()
    ));
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replace("甲", "乙") + " ").unwrap();
    assert!(refused(&program, &["layers", "list"]).contains("was changed after it was imported"));
    assert!(refused(&program, &["layers", "check"]).contains("1 problem"));
}

#[test]
fn coordinates_have_to_be_stated_once_and_the_same() {
    let program = Program::new();
    let ring = json!([[121.6, 31.2], [121.61, 31.2], [121.61, 31.21], [121.6, 31.2]]);
    program.write("silent.geojson", polygon(&ring, ""));
    program.write("stated.geojson", polygon(&ring, "\"datum\":\"GCJ-02\","));
    program.write(
        "drawn.kml",
        "<kml><Placemark><name>a</name><Point><coordinates>121.6,31.2</coordinates></Point></Placemark></kml>",
    );
    let check = |file: &str, more: &[&str]| {
        program.run(&[&["layers", "check", file, "--kind", "shown"][..], more].concat())
    };
    assert!(
        check("silent.geojson", &[])
            .stderr
            .contains("datum is not stated")
    );
    assert!(
        check("drawn.kml", &[])
            .stderr
            .contains("many files drawn on Chinese web maps are GCJ-02")
    );
    assert!(
        check("stated.geojson", &["--datum", "WGS-84"])
            .stderr
            .contains("one of them is wrong")
    );
    assert!(
        check("silent.geojson", &["--datum", "EPSG:4549"])
            .stderr
            .contains("look like degrees")
    );
    assert!(
        check("silent.geojson", &["--datum", "Beijing 1954"])
            .stderr
            .contains("converted to CGCS2000")
    );
    for (file, more) in [
        ("silent.geojson", &["--datum", "CGCS2000"][..]),
        ("stated.geojson", &[][..]),
        ("stated.geojson", &["--datum", "GCJ-02"][..]),
        ("drawn.kml", &["--datum", "GCJ-02"][..]),
    ] {
        let ran = check(file, more);
        assert!(ran.ok, "{file} {more:?}: {}", ran.stderr);
    }
}

#[test]
fn one_place_in_gauss_krueger_and_in_degrees_is_one_place() {
    let program = Program::new();
    let metres = json!([
        [642_964.16, 3_454_118.13],
        [643_964.16, 3_454_118.13],
        [643_964.16, 3_455_118.13],
        [642_964.16, 3_454_118.13]
    ]);
    program.write(
        "zone.geojson",
        polygon(
            &metres,
            "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::4549\"}},",
        ),
    );
    import(&program, "zone.geojson", &["--kind", "town", "--name", "zone"]);
    let exported = program.json(&["layers", "export", "zone"]);
    let corner = &exported["features"][0]["geometry"]["coordinates"][0][0];
    let (longitude, latitude) = (corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap());
    assert!(
        (longitude - 121.5).abs() < 1e-6 && (latitude - 31.2).abs() < 1e-6,
        "{corner}"
    );
}

#[test]
fn what_was_mended_is_told_and_what_cannot_be_is_refused() {
    let program = Program::new();
    program.write(
        "bow-tie.geojson",
        fixtures::layers::self_crossing([121.6, 31.2], 1.0),
    );
    let checked = program.json(&["layers", "check", "bow-tie.geojson", "--kind", "flyable"]);
    assert_eq!(checked["repairs"][0]["repair"]["kind"], "self_crossing");
    let area = checked["area_km2"].as_f64().unwrap();
    assert!((area - 0.5).abs() < 1e-3, "{area}");
    let said = program
        .run(&["layers", "check", "bow-tie.geojson", "--kind", "flyable"])
        .stdout;
    assert!(said.contains("crosses itself near 31.2"), "{said}");
    let flat = json!([[121.6, 31.2], [121.61, 31.2], [121.62, 31.2], [121.6, 31.2]]);
    program.write("flat.geojson", polygon(&flat, "\"datum\":\"WGS-84\","));
    let error = refused(
        &program,
        &["layers", "check", "flat.geojson", "--kind", "flyable"],
    );
    assert!(
        error.contains("features[0].geometry: polygon 1, ring 0 encloses no area near 31.2"),
        "{error}"
    );
    program.write(
        "point.geojson",
        "{\"type\":\"Point\",\"datum\":\"WGS-84\",\"coordinates\":[121.6,31.2]}",
    );
    let error = refused(
        &program,
        &["layers", "check", "point.geojson", "--kind", "no-fly"],
    );
    assert!(error.contains("margin_m is missing"), "{error}");
    program.json(&[
        "layers",
        "check",
        "point.geojson",
        "--kind",
        "no-fly",
        "--margin-m",
        "50",
    ]);
}

#[test]
fn the_made_up_city_answers_every_question() {
    let program = Program::new();
    assert_eq!(program.json(&["layers", "demo"])["new"], 14);
    assert_eq!(program.json(&["layers", "demo"])["new"], 0);
    let flyable = program.json(&["layers", "flyable", "--on", DAY]);
    assert_eq!(
        (
            flyable["missing"].clone(),
            flyable["rests_on"].as_array().unwrap().len()
        ),
        (json!([]), 3)
    );
    let earlier = program.json(&["layers", "flyable", "--on", "2026-01-15"]);
    assert_eq!(earlier["missing"], json!(["approved"]));
    assert!(
        refused(&program, &["layers", "flyable", "--on", "2020-01-01"])
            .contains("no layer says where may be flown")
    );
}

#[test]
fn two_versions_are_compared_by_town_and_drawn() {
    let program = Program::new();
    program.json(&["layers", "demo"]);
    let compare = ["layers", "compare", "适飞空域@2025.1", "适飞空域@2026.1"];
    let found = program.json(&[&compare[..], &["--out", "change.geojson", "--png", "change.png"]].concat());
    let (gained, lost) = (
        found["gained_km2"].as_f64().unwrap(),
        found["lost_km2"].as_f64().unwrap(),
    );
    let balance =
        found["first_km2"].as_f64().unwrap() + gained - lost - found["second_km2"].as_f64().unwrap();
    assert!(gained > 50.0 && lost < 0.01 && balance.abs() < 1e-5, "{found}");
    let by_town: f64 = found["towns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|town| town["gained_km2"].as_f64().unwrap())
        .sum();
    assert!((by_town - gained).abs() < 0.01, "{by_town} {gained}");
    let change: Value =
        serde_json::from_slice(&std::fs::read(program.path("change.geojson")).unwrap()).unwrap();
    assert_eq!(change["features"][0]["properties"]["change"], "gained");
    let picture = image::open(program.path("change.png")).unwrap().into_rgb8();
    let gained = picture.pixels().filter(|pixel| pixel.0 == [31, 120, 180]).count();
    // On the map, not only in the legend.
    assert!(gained > 10_000, "{gained}");
}

#[test]
fn heights_and_closed_ground_are_told_for_a_place() {
    let program = Program::new();
    program.json(&["layers", "demo"]);
    let at = |place: [&str; 2], more: &[&str]| {
        program.json(&[&["layers", "at", place[0], place[1], "--on", DAY][..], more].concat())
    };
    let runway = at(["121.8226", "31.105"], &["--ground-amsl-m", "4"]);
    assert_eq!(runway["greatest_height_agl_m"], 0.0);
    let near = ["121.80", "31.085"];
    assert_eq!(at(near, &[])["greatest_height_agl_m"], "unknown");
    assert_eq!(at(near, &["--ground-amsl-m", "4"])["greatest_height_agl_m"], 45.0);
    let substation = at(["121.628", "31.189"], &[]);
    assert_eq!(
        (
            &substation["greatest_height_agl_m"],
            &substation["no_fly"][0]["name"]
        ),
        (&json!("unlimited"), &json!("示范变电站"))
    );

    program.json(&[
        "layers",
        "airport",
        "跑道",
        "--surfaces",
        "stepped",
        "--name",
        "限高",
        "--layer-version",
        "1",
    ]);
    assert_eq!(at(near, &["--ground-amsl-m", "4"])["max_agl_m"], 30.0);
}

#[test]
fn the_api_serves_layers_and_hears_of_new_ones() {
    let program = Program::new();
    let service = Service::start(&program);
    assert_eq!(service.json("/api/v1/layers"), json!([]));
    program.json(&["layers", "demo"]);
    let layers = service.json(&format!("/api/v1/layers?on={DAY}"));
    let flyable = &layers[0];
    assert_eq!(
        (&flyable["name"], &flyable["role"]),
        (&json!("flyable"), &json!("flyable"))
    );
    assert!(
        flyable["version"]
            .as_str()
            .unwrap()
            .contains("适飞空域 (legal-free 2026.1)"),
        "{flyable}"
    );
    let towns = layers
        .as_array()
        .unwrap()
        .iter()
        .find(|layer| layer["kind"] == "town")
        .unwrap();
    assert_eq!((&towns["counts"], &towns["features"]), (&json!(true), &json!(8)));
    assert!(
        towns["feature_names"]
            .as_array()
            .unwrap()
            .contains(&json!("金河镇")),
        "{towns}"
    );
    let ground = service.json(&format!("/api/v1/layers/flyable.geojson?on={DAY}"));
    assert_eq!(ground["features"][0]["geometry"]["type"], "Polygon");
    let id = towns["id"].as_str().unwrap();
    assert_eq!(
        service.json(&format!("/api/v1/layers/{id}.geojson"))["features"]
            .as_array()
            .unwrap()
            .len(),
        8
    );
    assert_eq!(
        service.request("GET", "/api/v1/layers/none.geojson", None).status,
        404
    );
    assert_eq!(
        service.request("GET", "/api/v1/layers?on=tomorrow", None).status,
        400
    );
}

#[test]
fn real_towns_and_runways_become_layers() {
    let Some(data) = fixtures::shared_data_or_skip("real_towns_and_runways_become_layers") else {
        return;
    };
    let program = Program::new();
    let file = |name: &str| data.join("geo").join(name).display().to_string();
    let datum = ["--datum", "WGS-84", "--name"];
    let towns = import(
        &program,
        &file("pudong_towns_wgs84.geojson"),
        &[&["--kind", "town"][..], &datum, &["towns"]].concat(),
    );
    println!(
        "towns: {} repairs, {} overlaps",
        towns["kept"]["repairs"], towns["overlaps"]
    );
    let shown = program.json(&["layers", "show", "towns"]);
    let area = shown["layer"]["area_km2"].as_f64().unwrap();
    assert!(
        (area - 1402.6).abs() < 0.1 && shown["layer"]["features"] == 36,
        "{area}"
    );
    import(
        &program,
        &file("airport_runways_wgs84.geojson"),
        &[&["--kind", "runway"][..], &datum, &["runways"]].concat(),
    );
    let build = [
        "layers",
        "airport",
        "runways",
        "--name",
        "surfaces",
        "--layer-version",
        "1",
    ];
    let error = refused(&program, &[&build[..], &["--elevation-amsl-m", "4"]].concat());
    assert!(error.contains("ZSPD, ZSSS"), "{error}");
    program.json(&[&build[..], &["--elevation-amsl-m", "4", "--airport", "ZSPD"]].concat());
    let near = program.json(&["layers", "at", "121.77", "31.14", "--ground-amsl-m", "4"]);
    assert_eq!(near["greatest_height_agl_m"], 45.0);
    for name in [
        "pudong_boundary_amap_wgs84",
        "pudong_flyable_demo_wgs84",
        "shanghai_districts_wgs84",
        "ocean_mask_wgs84",
    ] {
        let name = file(&format!("{name}.geojson"));
        let checked = program.json(&["layers", "check", &name, "--kind", "shown", "--datum", "WGS-84"]);
        println!(
            "{name}: {} features, {} km², repairs {}",
            checked["features"], checked["area_km2"], checked["repairs"]
        );
    }
}
