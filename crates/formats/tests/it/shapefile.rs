//! Shapefiles: parts, rings, encodings and coordinate systems; broken ones are refused and never ask for the memory
//! they name.

use std::io::{Cursor, Write};
use std::process::Command;

use formats::features::{Declared, FileGeometry, Note};
use formats::shapefile::{ShapefileError, ShapefileParts, read_shapefile, unpack};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const CGCS2000_3_DEGREE_120: &str = r#"PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",
    DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],
    UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],
    PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],
    PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;

type Ring<'a> = &'a [[f64; 2]];

const OUTER: Ring<'_> = &[[0.0, 0.0], [0.0, 10.0], [10.0, 10.0], [10.0, 0.0], [0.0, 0.0]];
const HOLE: Ring<'_> = &[[2.0, 2.0], [4.0, 2.0], [4.0, 4.0], [2.0, 4.0], [2.0, 2.0]];
const ISLAND: Ring<'_> = &[[2.5, 2.5], [2.5, 3.5], [3.5, 3.5], [3.5, 2.5], [2.5, 2.5]];
const APART: Ring<'_> = &[[20.0, 0.0], [20.0, 5.0], [25.0, 5.0], [20.0, 0.0]];

/// Content of a line or polygon record.
fn parts(kind: i32, rings: &[Ring<'_>]) -> Vec<u8> {
    let mut content = kind.to_le_bytes().to_vec();
    content.extend([0; 32]);
    let points: usize = rings.iter().map(|ring| ring.len()).sum();
    content.extend((rings.len() as i32).to_le_bytes());
    content.extend((points as i32).to_le_bytes());
    let mut start = 0;
    for ring in rings {
        content.extend((start as i32).to_le_bytes());
        start += ring.len();
    }
    for number in rings.iter().flat_map(|ring| ring.iter()).flatten() {
        content.extend(number.to_le_bytes());
    }
    content
}

fn point(x: f64, y: f64) -> Vec<u8> {
    let mut content = 1_i32.to_le_bytes().to_vec();
    content.extend(x.to_le_bytes());
    content.extend(y.to_le_bytes());
    content
}

fn shp(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    bytes[..4].copy_from_slice(&9994_i32.to_be_bytes());
    for (index, content) in records.iter().enumerate() {
        bytes.extend((index as i32 + 1).to_be_bytes());
        bytes.extend((content.len() as i32 / 2).to_be_bytes());
        bytes.extend(content);
    }
    let words = bytes.len() as i32 / 2;
    bytes[24..28].copy_from_slice(&words.to_be_bytes());
    bytes
}

/// A table of text fields of 20 bytes; values as bytes in whatever encoding.
fn dbf(driver: u8, fields: &[&[u8]], rows: &[&[&[u8]]]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4..8].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(33 + 32 * fields.len() as u16).to_le_bytes());
    bytes[10..12].copy_from_slice(&(1 + 20 * fields.len() as u16).to_le_bytes());
    bytes[29] = driver;
    for field in fields {
        let mut descriptor = [0; 32];
        descriptor[..field.len()].copy_from_slice(field);
        descriptor[11] = b'C';
        descriptor[16] = 20;
        bytes.extend(descriptor);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for value in *row {
            let mut cell = [b' '; 20];
            cell[..value.len()].copy_from_slice(value);
            bytes.extend(cell);
        }
    }
    bytes
}

fn only_shp(records: &[Vec<u8>]) -> ShapefileParts {
    ShapefileParts {
        shp: shp(records),
        ..ShapefileParts::default()
    }
}

/// `花木街道` in GBK.
const HUAMU_GBK: &[u8] = &[0xBB, 0xA8, 0xC4, 0xBE, 0xBD, 0xD6, 0xB5, 0xC0];

#[test]
fn rings_are_outlines_and_holes_by_where_they_lie() {
    let areas = |rings: &[Ring<'_>]| {
        let file = read_shapefile(&only_shp(&[parts(5, rings)])).unwrap();
        let FileGeometry::Areas(areas) = file.features[0].geometry.clone() else {
            panic!("{file:?}");
        };
        let holes: Vec<usize> = areas.iter().map(|area| area.holes.len()).collect();
        (holes, file.notes.len())
    };
    let no_dbf = 1;
    assert_eq!(areas(&[OUTER]), (vec![0], no_dbf));
    assert_eq!(areas(&[HOLE, OUTER, APART, ISLAND]), (vec![1, 0, 0], no_dbf));
    // All rings turned: still an outline with a hole.
    let turn = |ring: Ring<'_>| ring.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(areas(&[&turn(OUTER), &turn(HOLE)]), (vec![1], no_dbf));
    // A hole that turns like its outline is told.
    assert_eq!(areas(&[OUTER, &turn(HOLE)]), (vec![1], no_dbf + 1));
    // The same ring twice is two outlines; the repair of areas drops one.
    assert_eq!(areas(&[OUTER, OUTER]), (vec![0, 0], no_dbf));
}

#[test]
fn chinese_attributes_are_read_in_every_encoding() {
    let records = [parts(5, &[OUTER])];
    let read = |driver: u8, name: &[u8], cpg: Option<&str>| {
        read_shapefile(&ShapefileParts {
            dbf: Some(dbf(driver, &[b"NAME"], &[&[name]])),
            cpg: cpg.map(str::to_owned),
            ..only_shp(&records)
        })
    };
    let utf8 = "花木街道".as_bytes();
    for (driver, name, cpg, notes) in [
        (0x4D, HUAMU_GBK, None, 0),
        (0, HUAMU_GBK, Some("GBK"), 0),
        (0, HUAMU_GBK, Some("936"), 0),
        (0x57, HUAMU_GBK, Some("GB18030\r\n"), 0),
        (0, utf8, Some("UTF-8"), 0),
        (0, utf8, Some("65001"), 0),
        (0, utf8, None, 1),
        (0, HUAMU_GBK, None, 1),
    ] {
        let file = read(driver, name, cpg).unwrap();
        assert_eq!(
            file.features[0].properties["NAME"], "花木街道",
            "{driver} {cpg:?}"
        );
        assert_eq!(file.notes.len(), notes, "{:?}", file.notes);
    }
    let wrong = read(0, HUAMU_GBK, Some("UTF-8")).unwrap_err();
    assert!(
        matches!(wrong, ShapefileError::NoText { record: 1, .. }),
        "{wrong}"
    );
    assert!(
        read(0, utf8, Some("Klingon"))
            .unwrap_err()
            .to_string()
            .contains("Klingon")
    );
    // Bytes that were relabelled: the names are garbled, and why is told.
    let relabelled = read(0x4D, utf8, None).unwrap();
    assert_eq!(relabelled.notes, [Note::LooksLikeUtf8 { stated: "GBK" }]);
    // What says nothing: the setting and not the encoding, "whatever this Windows uses", a mark before the name.
    for (driver, cpg, notes) in [
        (0, Some("System"), 1),
        (0x57, None, 1),
        (0, Some("\u{feff}UTF-8"), 0),
    ] {
        let file = read(driver, utf8, cpg).unwrap();
        assert_eq!(file.features[0].properties["NAME"], "花木街道", "{cpg:?}");
        assert_eq!(file.notes.len(), notes, "{cpg:?}: {:?}", file.notes);
    }
    // A writer that cut a character in half at the end of the field.
    let cut = "花木街道花木街".as_bytes();
    let file = read(0, &cut[..20], Some("UTF-8")).unwrap();
    assert_eq!(file.features[0].properties["NAME"], "花木街道花木");
}

#[test]
fn open_rings_are_closed_and_heights_are_told() {
    let mut with_heights = parts(15, &[&OUTER[..4]]);
    // Two bounds, then a height a point.
    for height_m in [0.0, 9.0, 0.0, 9.0, 9.0, 9.0_f64] {
        with_heights.extend(height_m.to_le_bytes());
    }
    let file = read_shapefile(&only_shp(&[parts(5, &[OUTER]), with_heights])).unwrap();
    assert_eq!(
        file.notes[..2],
        [
            Note::RingsClosed {
                count: 1,
                first: "record 2, ring 1".to_owned()
            },
            Note::HeightsDropped { count: 3 },
        ]
    );
    assert_eq!(file.features[0].geometry, file.features[1].geometry);
}

#[test]
fn ten_thousands_of_rings_in_one_record_are_sorted_into_outlines_and_holes() {
    let square = |x: f64, y: f64, side: f64| {
        [[0.0, 0.0], [0.0, side], [side, side], [side, 0.0], [0.0, 0.0]].map(|[dx, dy]| [x + dx, y + dy])
    };
    let mut rings = Vec::new();
    for row in 0..200 {
        for column in 0..200 {
            let (x, y) = (f64::from(column) * 20.0, f64::from(row) * 20.0);
            rings.push(square(x, y, 10.0).to_vec());
            let mut hole = square(x + 2.0, y + 2.0, 3.0).to_vec();
            hole.reverse();
            rings.push(hole);
        }
    }
    let rings: Vec<Ring<'_>> = rings.iter().map(Vec::as_slice).collect();
    let file = read_shapefile(&only_shp(&[parts(5, &rings)])).unwrap();
    let FileGeometry::Areas(areas) = &file.features[0].geometry else {
        panic!("areas are expected");
    };
    assert_eq!(areas.len(), 40_000);
    assert!(areas.iter().all(|area| area.holes.len() == 1));
    assert_eq!(file.notes, [Note::NoAttributes]);
}

#[test]
fn the_prj_says_what_coordinates_are_in() {
    let declared = |prj: &str| {
        read_shapefile(&ShapefileParts {
            prj: Some(prj.to_owned()),
            ..only_shp(&[point(642_964.0, 3_454_118.0)])
        })
        .map(|file| file.declared)
    };
    let Some(Declared::TransverseMercator(zone)) = declared(CGCS2000_3_DEGREE_120).unwrap() else {
        panic!("a projection is expected");
    };
    assert_eq!(
        (zone.datum.as_str(), zone.central_meridian_deg),
        ("CGCS2000", 120.0)
    );
    assert_eq!((zone.false_easting_m, zone.scale), (500_000.0, 1.0));
    let geographic = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],
        PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    assert_eq!(
        declared(geographic).unwrap(),
        Some(Declared::Named("WGS-84".to_owned()))
    );
    for (prj, word) in [
        ("", "well-known"),
        ("LOCAL_CS[\"x\"]", "LOCAL_CS"),
        (
            &CGCS2000_3_DEGREE_120.replace("D_China_2000", "D_Beijing_1954"),
            "D_Beijing_1954",
        ),
        (
            &CGCS2000_3_DEGREE_120.replace("Gauss_Kruger", "Lambert_Conformal_Conic"),
            "Lambert",
        ),
        (
            &CGCS2000_3_DEGREE_120.replace("UNIT[\"Meter\",1.0]", "UNIT[\"Foot_US\",0.3048006]"),
            "metre",
        ),
        (
            &CGCS2000_3_DEGREE_120.replace("Central_Meridian", "Somewhere"),
            "central_meridian",
        ),
        (&"A[".repeat(100_000), "well-known"),
    ] {
        let error = declared(prj).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_zip_holds_exactly_one_shapefile() {
    let zipped = |files: &[(&str, &[u8])]| {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let (shp, dbf) = (shp(&[point(1.0, 2.0)]), dbf(0, &[b"NAME"], &[&[b"a"]]));
    let one = zipped(&[
        ("街镇/towns.SHP", &shp),
        ("街镇/towns.dbf", &dbf),
        ("towns.prj", b"not beside it"),
    ]);
    let parts = unpack(&one).unwrap();
    assert_eq!(
        (parts.name.as_deref(), parts.prj.is_none()),
        (Some("towns"), true)
    );
    let file = read_shapefile(&parts).unwrap();
    assert_eq!(file.features[0].properties["NAME"], "a");
    assert_eq!(file.features[0].geometry, FileGeometry::Points(vec![[1.0, 2.0]]));
    for files in [
        &[("a.shp", &shp[..]), ("b.shp", &shp[..])][..],
        &[("a.dbf", &dbf[..])][..],
    ] {
        assert!(
            unpack(&zipped(files))
                .unwrap_err()
                .to_string()
                .contains("exactly one")
        );
    }
    assert!(unpack(b"PK no zip").is_err());
    // 600 MB of zeros pack into half a megabyte; they are not unpacked to the end.
    let mut bomb = ZipWriter::new(Cursor::new(Vec::new()));
    bomb.start_file("a.shp", SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..600).for_each(|_| bomb.write_all(&zeros).unwrap());
    let error = unpack(&bomb.finish().unwrap().into_inner()).unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

#[test]
fn what_breaks_the_format_is_named_by_record() {
    let error = |records: &[Vec<u8>]| read_shapefile(&only_shp(records)).unwrap_err().to_string();
    let mut huge = parts(5, &[OUTER]);
    huge[40..44].copy_from_slice(&i32::MAX.to_le_bytes());
    assert!(
        error(&[point(0.0, 0.0), huge.clone()]).contains("record 2: it is shorter"),
        "counts that lie"
    );
    huge[40..44].copy_from_slice(&(-1_i32).to_le_bytes());
    assert!(error(&[huge]).contains("record 1"));
    assert!(error(&[parts(31, &[OUTER])]).contains("MultiPatch"));
    assert!(error(&[parts(77, &[OUTER])]).contains("77"));
    assert!(error(&[point(f64::NAN, 0.0)]).contains("no number"));
    assert!(error(&[parts(5, &[&OUTER[..2]])]).contains("part 1 has 2 points"));
    assert_eq!(
        error(&[0_i32.to_le_bytes().to_vec()]),
        ShapefileError::NoFeature.to_string()
    );
    let counts = read_shapefile(&ShapefileParts {
        dbf: Some(dbf(0, &[b"A"], &[])),
        ..only_shp(&[point(0.0, 0.0)])
    });
    assert_eq!(counts, Err(ShapefileError::CountsDiffer { shapes: 1, rows: 0 }));
    assert!(read_shapefile(&ShapefileParts::default()).is_err());
}

#[test]
fn files_written_by_gdal_are_read() {
    let folder = std::env::temp_dir().join(format!("flyonce-shapefile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = folder.join("in.geojson");
    let ring = "[[121.5,31.2],[121.6,31.2],[121.6,31.3],[121.5,31.3],[121.5,31.2]]";
    let hole = "[[121.52,31.22],[121.54,31.22],[121.54,31.24],[121.52,31.22]]";
    let feature = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"名称":"张江镇","n":7}},"geometry":{{"type":"MultiPolygon","coordinates":[[{ring},{hole}]]}}}}]}}"#
    );
    std::fs::write(&source, feature).unwrap();
    let target = folder.join("out.shp");
    let made = Command::new("ogr2ogr")
        .args(["-t_srs", "EPSG:4549", "-lco", "ENCODING=GBK"])
        .args([&target, &source])
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: files_written_by_gdal_are_read: no ogr2ogr");
        return;
    }
    let part = |ending: &str| std::fs::read(target.with_extension(ending)).ok();
    let text = |ending: &str| part(ending).map(|bytes| String::from_utf8(bytes).unwrap());
    let file = read_shapefile(&ShapefileParts {
        name: None,
        shp: part("shp").unwrap(),
        dbf: part("dbf"),
        prj: text("prj"),
        cpg: text("cpg"),
    })
    .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(file.features[0].properties["名称"], "张江镇");
    assert_eq!(file.features[0].properties["n"], "7");
    let FileGeometry::Areas(areas) = &file.features[0].geometry else {
        panic!("{file:?}");
    };
    assert_eq!(
        (areas.len(), areas[0].holes.len(), areas[0].exterior.len()),
        (1, 1, 4)
    );
    assert!(matches!(&file.declared, Some(Declared::TransverseMercator(zone)) if zone.datum == "CGCS2000"));
    assert!(file.notes.is_empty(), "{:?}", file.notes);
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        keep in any::<prop::sample::Index>(),
    ) {
        let shp = shp(&[parts(5, &[OUTER, HOLE]), parts(3, &[APART]), point(1.0, 2.0)]);
        let dbf = dbf(0x4D, &[b"NAME", b"B"], &[&[HUAMU_GBK, b"x"], &[b"", b"y"], &[b"c", b""]]);
        let damage = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes
        };
        let mut cut = shp.clone();
        cut.truncate(keep.index(shp.len()));
        for (shp, dbf) in [(damage(&shp), dbf.clone()), (shp.clone(), damage(&dbf)), (cut, dbf.clone())] {
            let _ = read_shapefile(&ShapefileParts { shp, dbf: Some(dbf), ..ShapefileParts::default() });
        }
    }

    #[test]
    fn any_bytes_are_no_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,120}") {
        let _ = unpack(&bytes);
        let _ = read_shapefile(&ShapefileParts {
            shp: shp(std::slice::from_ref(&bytes)),
            dbf: Some(bytes.clone()),
            prj: Some(text.clone()),
            cpg: Some(text.chars().take(6).collect()),
            ..ShapefileParts::default()
        });
        let _ = read_shapefile(&ShapefileParts { shp: bytes, ..ShapefileParts::default() });
    }
}
