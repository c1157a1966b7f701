//! Files of layers as people bring them: odd, broken, in the wrong order; and what a place is told of its surfaces.

use serde_json::{Value, json};

use crate::layering::{import, polygon};
use crate::program::Program;

const HERE: &str = "[[121.6,31.2],[121.61,31.2],[121.61,31.21],[121.6,31.2]]";

#[test]
fn files_as_people_bring_them_are_read_or_refused_with_what_to_do() {
    let program = Program::new();
    let ring: Value = serde_json::from_str(HERE).unwrap();
    let good = polygon(&ring, "\"datum\":\"WGS-84\",");
    std::fs::create_dir_all(program.path("one")).unwrap();
    std::fs::create_dir_all(program.path("none")).unwrap();
    program.write("one/a.geojson", good.clone());
    program.write("empty.geojson", "");
    program.write("cut.geojson", &good[..good.len() - 40]);
    program.write("drawing.dxf", "0");
    program.write("alone.dbf", "0");
    program.write("lines.geojsonl", format!("{good}\n{good}\n"));
    let check =
        |file: &str, lang: &str| program.run(&["layers", "check", file, "--kind", "shown", "--lang", lang]);
    assert!(check("one", "en").stdout.contains("can be imported: 1 features"));
    let lines = check("lines.geojsonl", "zh").stdout;
    assert!(
        lines.contains("2 个要素") && lines.contains("文件每行一个对象(共 2 个)"),
        "{lines}"
    );
    for (file, chinese, english) in [
        ("empty.geojson", "文件是空的", "the file is empty"),
        (
            "cut.geojson",
            "内容到此中断,文件是否完整复制?",
            "the text breaks off",
        ),
        ("drawing.dxf", "请先转换:ogr2ogr", "convert other formats"),
        ("alone.dbf", "旁边没有 .shp", "there is no .shp beside it"),
        ("none", "没有图层文件", "no file of a layer"),
        (
            "gone\\a.geojson",
            "没有这个文件(这里的路径用 / 分隔)",
            "folders are separated by /",
        ),
    ] {
        for (lang, words) in [("zh", chinese), ("en", english)] {
            let ran = check(file, lang);
            assert!(!ran.ok && ran.stderr.contains(words), "{file}: {}", ran.stderr);
        }
    }
    program.write("one/b.geojson", good);
    assert!(
        check("one", "zh")
            .stderr
            .contains("请指定一个:a.geojson、b.geojson")
    );
}

/// The same ring rightly and wrongly written.
fn rings_of_many_kinds() -> Program {
    let program = Program::new();
    let write = |name: &str, ring: Value| program.write(name, polygon(&ring, ""));
    let turned = |ring: &[[f64; 2]]| json!(ring.iter().map(|[x, y]| [*y, *x]).collect::<Vec<_>>());
    let degrees = [[121.6, 31.2], [121.61, 31.2], [121.61, 31.21], [121.6, 31.2]];
    let urumqi = [[87.6, 43.8], [87.61, 43.8], [87.61, 43.81], [87.6, 43.8]];
    let zone = [
        [642_964.2, 3_454_118.1],
        [643_964.2, 3_454_118.1],
        [643_964.2, 3_455_118.1],
        [642_964.2, 3_454_118.1],
    ];
    let numbered = zone.map(|[x, y]| [x + 4e7, y]);
    write("right.geojson", json!(degrees));
    write("turned.geojson", turned(&degrees));
    write("arctic.geojson", turned(&urumqi));
    write("zone.geojson", json!(zone));
    write("northing.geojson", turned(&zone));
    write("numbered.geojson", json!(numbered));
    import(
        &program,
        "right.geojson",
        &["--kind", "shown", "--datum", "WGS-84"],
    );
    program
}

#[test]
fn numbers_in_the_wrong_order_or_zone_are_noticed() {
    let program = rings_of_many_kinds();
    for (file, datum, zh, en) in [
        (
            "turned.geojson",
            "WGS-84",
            "纬度和经度似乎写反了",
            "look exchanged (longitude comes first)",
        ),
        (
            "arctic.geojson",
            "WGS-84",
            "纬度和经度是否写反",
            "were latitude and longitude exchanged?",
        ),
        (
            "northing.geojson",
            "EPSG:4549",
            "纵横坐标似乎写反了",
            "easting and northing look exchanged",
        ),
        (
            "numbered.geojson",
            "EPSG:4549",
            "东坐标带有带号",
            "carries the number of its zone",
        ),
        (
            "zone.geojson",
            "EPSG:4528",
            "东坐标没有带号",
            "carries no number of its zone",
        ),
        // The zone of 117° E: nothing is impossible, but all of it is 280 km off.
        (
            "zone.geojson",
            "EPSG:4548",
            "图层距离其他图层",
            "from every other layer",
        ),
    ] {
        for (lang, words) in [("zh", zh), ("en", en)] {
            let ran = program.run(&[
                "layers", "check", file, "--kind", "shown", "--datum", datum, "--lang", lang,
            ]);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert!(said.contains(words), "{file} {datum}: {said}");
        }
    }
    let right = program.json(&[
        "layers",
        "check",
        "zone.geojson",
        "--kind",
        "shown",
        "--datum",
        "EPSG:4549",
    ]);
    assert_eq!(right["mind"], Value::Null);
}

#[test]
fn the_ceiling_names_its_surface_and_cities_do_not_meet() {
    let program = Program::new();
    // A runway of 3,800 m along the meridian, and closed ground in a city 1,600 km away.
    program.write(
        "runway.geojson",
        "{\"type\":\"Feature\",\"datum\":\"WGS-84\",\"properties\":{\"runway\":\"18/36\",\"airport\":\"ZZZZ\"},\
         \"geometry\":{\"type\":\"LineString\",\"coordinates\":[[121.8,31.117137],[121.8,31.082863]]}}",
    );
    program.write(
        "far.geojson",
        "{\"type\":\"Feature\",\"datum\":\"WGS-84\",\"properties\":{\"name\":\"far\",\"margin_m\":100},\
         \"geometry\":{\"type\":\"Point\",\"coordinates\":[104.07,30.67]}}",
    );
    import(
        &program,
        "runway.geojson",
        &["--kind", "runway", "--name", "runway"],
    );
    import(&program, "far.geojson", &["--kind", "no-fly", "--name", "far"]);
    program.json(&[
        "layers",
        "airport",
        "runway",
        "--name",
        "surfaces",
        "--layer-version",
        "1",
        "--elevation-amsl-m",
        "4",
        "--step-m",
        "5",
    ]);
    let at = |place: &str| program.json(&["layers", "at", place, "--ground-amsl-m", "4"]);
    // 250 m beside the centre line: 100 m from the strip at 14.3 % are 14.3 m; the step begins at 10 m.
    let beside = at("31.1,121.80262");
    assert_eq!(beside["greatest_height_agl_m"], 10.0, "{beside}");
    assert_eq!(
        beside["max_amsl_by"],
        "18/36 过渡面 transitional +10 m · surfaces (height-limit 1)"
    );
    // 1,065 m beyond the inner edge of the approach of 18, which begins 60 m north of the runway.
    let approach = at("31.12728,121.8");
    assert_eq!(approach["greatest_height_agl_m"], 20.0, "{approach}");
    assert!(
        approach["max_amsl_by"]
            .as_str()
            .unwrap()
            .starts_with("18 进近面 approach +20 m"),
        "{approach}"
    );
    assert_eq!(at("31.1,121.8")["greatest_height_agl_m"], 0.0);
    // Longitude and latitude in two words, as before.
    let two = program.json(&["layers", "at", "121.80262", "31.1", "--ground-amsl-m", "4"]);
    assert_eq!(two["max_amsl_by"], beside["max_amsl_by"]);
    assert_eq!(at("30.67,104.07")["no_fly"][0]["name"], "far");
    let turned = program.run(&["layers", "at", "121.8,31.1", "--lang", "zh"]);
    assert!(
        !turned.ok && turned.stderr.contains("纬度和经度是否写反"),
        "{}",
        turned.stderr
    );
}
