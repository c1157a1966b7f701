//! KML: what was written is found again by an XML parser, and GDAL reads it where it is installed.

use std::io::Write;
use std::process::Command;

use formats::kml::{HeightFrom, KmlDocument, KmlError, KmlGeometry, KmlPlacemark, KmlPosition};
use jiff::Timestamp;
use proptest::prelude::*;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

fn at(longitude_deg: f64, latitude_deg: f64, height_m: f64) -> KmlPosition {
    KmlPosition {
        longitude_deg,
        latitude_deg,
        height_m,
    }
}

fn placemark(name: &str, geometry: KmlGeometry) -> KmlPlacemark {
    KmlPlacemark {
        name: name.to_owned(),
        description: None,
        when: None,
        data: Vec::new(),
        height_from: HeightFrom::SeaLevel,
        geometry,
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_416_800 + second).unwrap()
}

fn track() -> KmlDocument {
    let positions = (0..5).map(|i| {
        let step = f64::from(i);
        (moment(i64::from(i)), at(121.54 + step * 1e-4, 31.22, 60.0 + step))
    });
    let mut shot = placemark("1", KmlGeometry::Point(at(121.54, 31.22, 0.0)));
    shot.when = Some(moment(2));
    shot.data = vec![("photo_id".to_owned(), "S-1/00001".to_owned())];
    shot.height_from = HeightFrom::Ground;
    KmlDocument {
        name: "架次 S-1 <&>".to_owned(),
        description: Some("track".to_owned()),
        placemarks: vec![
            placemark("S-1", KmlGeometry::Track(positions.collect())),
            placemark(
                "plan",
                KmlGeometry::LineString(vec![at(121.54, 31.22, 60.0), at(121.55, 31.23, 60.0)]),
            ),
            shot,
        ],
    }
}

/// Name and text of every element that has text.
fn texts(kml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(kml);
    let (mut open, mut text, mut found) = (Vec::new(), String::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.xml_content(XmlVersion::Explicit1_0)),
            Event::GeneralRef(entity) => {
                let name = format!("&{};", entity.as_ref() as &str);
                text.push_str(&quick_xml::escape::unescape(&name).unwrap());
            }
            Event::End(_) => {
                let name = open.pop().unwrap();
                if !text.trim().is_empty() {
                    found.push((name, std::mem::take(&mut text)));
                }
                text.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} not closed");
    found
}

fn all<'t>(texts: &'t [(String, String)], name: &str) -> Vec<&'t str> {
    let of_name = texts.iter().filter(|(element, _)| element == name);
    of_name.map(|(_, text)| text.as_str()).collect()
}

#[test]
fn a_track_is_found_again_with_its_times() {
    let texts = texts(&track().to_kml().unwrap());
    assert_eq!(all(&texts, "name"), ["架次 S-1 <&>", "S-1", "plan", "1"]);
    let coordinates = all(&texts, "gx:coord");
    let times = all(&texts, "when");
    assert_eq!(
        (coordinates.len(), times.len()),
        (5, 6),
        "one time a point, one of the shot"
    );
    assert_eq!(coordinates[1], "121.5401000 31.2200000 61.00");
    assert_eq!(times[1], "2026-03-02T02:00:01Z");
    assert_eq!(
        all(&texts, "coordinates"),
        [
            "121.5400000,31.2200000,60.00 121.5500000,31.2300000,60.00",
            "121.5400000,31.2200000,0.00"
        ]
    );
    assert_eq!(
        all(&texts, "altitudeMode"),
        ["absolute", "absolute", "clampToGround"]
    );
    assert_eq!(all(&texts, "value"), ["S-1/00001"]);
}

#[test]
fn what_is_no_place_and_what_is_no_line_is_refused() {
    let nowhere = at(f64::NAN, 31.0, 0.0);
    let beyond = at(121.0, 91.0, 0.0);
    let endless = at(121.0, 31.0, f64::INFINITY);
    for place in [nowhere, beyond, endless] {
        for geometry in [
            KmlGeometry::Point(place),
            KmlGeometry::LineString(vec![at(1.0, 1.0, 1.0), place]),
            KmlGeometry::Track(vec![(moment(0), place)]),
        ] {
            let mut document = track();
            document.placemarks.push(placemark("bad", geometry));
            let refused = document.to_kml();
            assert!(
                matches!(refused, Err(KmlError::NoSuchPlace { .. })),
                "{refused:?}"
            );
        }
    }
    let mut document = track();
    document.placemarks = vec![placemark(
        "short",
        KmlGeometry::LineString(vec![at(1.0, 1.0, 1.0)]),
    )];
    assert!(matches!(
        document.to_kml(),
        Err(KmlError::TooShort { found: 1, .. })
    ));
}

#[test]
fn gdal_reads_the_track() {
    let installed = Command::new("ogrinfo").arg("--version").output();
    if installed.is_err() {
        let mut terminal = std::io::stderr().lock();
        writeln!(
            terminal,
            "SKIPPED: gdal_reads_the_track: ogrinfo is not installed"
        )
        .unwrap();
        return;
    }
    let path = std::env::temp_dir().join(format!("flyonce-{}.kml", std::process::id()));
    std::fs::write(&path, track().to_kml().unwrap()).unwrap();
    let told = Command::new("ogrinfo")
        .args(["-ro", "-al"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("121.54 31.22"), "{told}");
    assert!(told.contains("LINESTRING"), "{told}");
}

proptest! {
    #[test]
    fn any_name_survives_without_what_xml_forbids(name in ".{1,40}") {
        let mut document = track();
        document.placemarks[0].name.clone_from(&name);
        let kml = document.to_kml().unwrap();
        let texts = texts(&kml);
        let forbidden = |c: char| (c < ' ' && !"\t\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
        let kept: String = name.chars().filter(|c| !forbidden(*c)).collect();
        if !kept.trim().is_empty() {
            prop_assert!(all(&texts, "name").contains(&kept.as_str()), "{:?} not in {}", kept, kml);
        }
    }
}
