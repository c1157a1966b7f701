//! KML and KMZ in.

use std::io::{Cursor, Write};

use formats::features::{FileGeometry, Note};
use formats::kml::{
    HeightFrom, KmlDocument, KmlGeometry, KmlPlacemark, KmlPosition, KmlReadError, read_kml, read_kmz,
};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn document(placemarks: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\
         <name>图层</name><Folder><Folder>{placemarks}</Folder></Folder></Document></kml>"
    )
}

const SQUARE: &str = "121.5,31.2,0 121.6,31.2,0\n 121.6,31.3 121.5,31.3,9 121.5,31.2";

fn polygon(holes: &str) -> String {
    format!(
        "<Polygon><outerBoundaryIs><LinearRing><coordinates> {SQUARE} </coordinates></LinearRing></outerBoundaryIs>{holes}</Polygon>"
    )
}

#[test]
fn placemarks_of_every_shape_are_read_with_their_data() {
    let hole = "<innerBoundaryIs><LinearRing><coordinates>121.52,31.22 121.54,31.22 121.54,31.24 121.52,31.22</coordinates></LinearRing></innerBoundaryIs>";
    let file = read_kml(
        document(&format!(
            "<Placemark><name>甲 &amp; 乙</name><description><![CDATA[<b>x</b>]]></description><ExtendedData>\
             <Data name=\"margin_m\"><value>50</value></Data><SchemaData><SimpleData name=\"类别\">重点</SimpleData>\
             </SchemaData></ExtendedData><MultiGeometry>{}<Point><coordinates>121.5,31.2</coordinates></Point>\
             <MultiGeometry><LineString><coordinates>121.5,31.2 121.6,31.3</coordinates></LineString></MultiGeometry>\
             </MultiGeometry></Placemark><Placemark><name>nothing</name></Placemark>",
            polygon(hole)
        ))
        .as_bytes(),
    )
    .unwrap();
    assert_eq!(file.name.as_deref(), Some("图层"));
    assert_eq!((file.declared, file.ignored.len()), (None, 1));
    let [point, line, area] = &file.features[..] else {
        panic!("{:?}", file.features);
    };
    assert_eq!(point.path, "Placemark 1 (甲 & 乙)");
    assert_eq!(area.properties["margin_m"], "50");
    assert_eq!(
        (
            area.properties["类别"].as_str(),
            area.properties["description"].as_str()
        ),
        ("重点", "<b>x</b>")
    );
    assert_eq!(
        line.geometry,
        FileGeometry::Lines(vec![vec![[121.5, 31.2], [121.6, 31.3]]])
    );
    let FileGeometry::Areas(areas) = &area.geometry else {
        panic!("{area:?}");
    };
    assert_eq!(
        (
            areas[0].exterior.len(),
            areas[0].holes.len(),
            areas[0].holes[0].len()
        ),
        (4, 1, 3)
    );
}

#[test]
fn faults_name_the_placemark() {
    let error = |placemarks: &str| read_kml(document(placemarks).as_bytes()).unwrap_err().to_string();
    let point = |coordinates: &str| {
        format!(
            "<Placemark><name>p</name><Point><coordinates>{coordinates}</coordinates></Point></Placemark>"
        )
    };
    assert_eq!(
        error(&format!("{}{}", point("1,2"), point("1;2"))),
        "Placemark 2 (p): position 1 is \"1;2\"; longitude,latitude is expected"
    );
    assert!(error(&point("")).contains("has 0 positions"));
    assert!(error(&point("NaN,2")).contains("position 1"));
    assert!(error("<Placemark><Polygon/></Placemark>").contains("outerBoundaryIs"));
    assert_eq!(error(""), KmlReadError::NoFeature.to_string());
    assert!(error("<Placemark>").contains("XML"));
}

#[test]
fn encodings_are_followed() {
    let text = "<?xml version=\"1.0\" encoding=\"GB2312\"?><kml><Placemark><name>花木</name><Point><coordinates>1,2</coordinates></Point></Placemark></kml>";
    let (head, tail) = text.split_once("花木").unwrap();
    let gbk = [head.as_bytes(), &[0xBB, 0xA8, 0xC4, 0xBE], tail.as_bytes()].concat();
    assert_eq!(read_kml(&gbk).unwrap().features[0].properties["name"], "花木");
    let as_utf8 = [
        head.replace("GB2312", "UTF-8").as_bytes(),
        &[0xBB, 0xA8, 0xC4, 0xBE],
        tail.as_bytes(),
    ]
    .concat();
    assert!(matches!(read_kml(&as_utf8), Err(KmlReadError::NoText(_))));
}

#[test]
fn folders_times_heights_and_spaces_are_read_and_what_is_no_feature_is_told() {
    let text = "<kml><Document><Folder><name>浦东</name><Folder><name>北片</name><Placemark><name>a</name>\
        <TimeSpan><begin>2026-01-01</begin></TimeSpan><Polygon><outerBoundaryIs><LinearRing><coordinates>121.5, 31.2, 9 \
        121.6, 31.2, 9, 121.6,31.3,9</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>\
        <Placemark><Point><coordinates>1, 2</coordinates></Point></Placemark></Folder>\
        <NetworkLink><name>更多</name></NetworkLink><GroundOverlay/>\
        <Placemark><Point><coordinates>3,4</coordinates></Point></Placemark></Document></kml>";
    let file = read_kml(text.as_bytes()).unwrap();
    let [area, near, far] = &file.features[..] else {
        panic!("{:?}", file.features);
    };
    assert_eq!(
        (
            area.properties["folder"].as_str(),
            area.properties["begin"].as_str()
        ),
        ("浦东/北片", "2026-01-01")
    );
    assert!(matches!(&area.geometry, FileGeometry::Areas(areas) if areas[0].exterior[1] == [121.6, 31.2]));
    assert_eq!(near.properties["folder"], "浦东");
    assert!(!far.properties.contains_key("folder"));
    assert_eq!(
        file.notes,
        [
            Note::RingsClosed {
                count: 1,
                first: "Placemark 1 (a)".to_owned()
            },
            Note::HeightsDropped { count: 3 },
        ]
    );
    let ignored: Vec<&str> = file.ignored.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(ignored, ["NetworkLink 更多", "GroundOverlay"]);
    // A comma between tuples holds two of them together: none of both is lost silently.
    let joined =
        "<kml><Placemark><LineString><coordinates>1,2, 3,4, 5,6</coordinates></LineString></Placemark></kml>";
    assert!(matches!(
        read_kml(joined.as_bytes()),
        Err(KmlReadError::BadPlacemark { .. })
    ));
}

#[test]
fn every_kml_of_a_kmz_is_read() {
    let placemark = |name: &str| {
        document(&format!(
            "<Placemark><name>{name}</name><Point><coordinates>1,2</coordinates></Point></Placemark>"
        ))
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (file, name) in [("doc.kml", "a"), ("files/第二.kml", "b"), ("__MACOSX/x.kml", "c")] {
        zip.start_file(file, SimpleFileOptions::default()).unwrap();
        zip.write_all(placemark(name).as_bytes()).unwrap();
    }
    let file = read_kmz(&zip.finish().unwrap().into_inner()).unwrap();
    let paths: Vec<&str> = file
        .features
        .iter()
        .map(|feature| feature.path.as_str())
        .collect();
    assert_eq!(
        paths,
        ["doc.kml, Placemark 1 (a)", "files/第二.kml, Placemark 1 (b)"]
    );
    assert_eq!(
        file.notes,
        [Note::SeveralFiles(vec![
            "doc.kml".to_owned(),
            "files/第二.kml".to_owned()
        ])]
    );
}

fn zipped(name: &str, chunks: &[&[u8]]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("files/picture.png", SimpleFileOptions::default())
        .unwrap();
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    chunks.iter().for_each(|chunk| zip.write_all(chunk).unwrap());
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_kmz_is_unpacked_and_a_bomb_is_not() {
    let text = document("<Placemark><Point><coordinates>1,2</coordinates></Point></Placemark>");
    assert_eq!(
        read_kmz(&zipped("doc.KML", &[text.as_bytes()]))
            .unwrap()
            .features
            .len(),
        1
    );
    assert!(
        read_kmz(&zipped("doc.txt", &[b"x"]))
            .unwrap_err()
            .to_string()
            .contains("no .kml")
    );
    let spaces = vec![b' '; 1 << 20];
    let bomb = zipped("doc.kml", &vec![spaces.as_slice(); 300]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert!(read_kmz(&bomb).unwrap_err().to_string().contains("larger than"));
    assert!(read_kmz(b"no zip").is_err());
}

#[test]
fn nesting_is_bounded_and_entities_are_not_expanded() {
    let deep = "<Folder>".repeat(200_000);
    let error = read_kml(format!("<kml>{deep}").as_bytes())
        .unwrap_err()
        .to_string();
    assert!(error.contains("nested more than 64 deep"), "{error}");
    let laughs = "<!DOCTYPE kml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><kml><Placemark><name>&b;</name></Placemark></kml>";
    assert!(matches!(read_kml(laughs.as_bytes()), Err(KmlReadError::Xml(_))));
}

#[test]
fn what_this_crate_writes_it_reads() {
    let position = |longitude_deg: f64, latitude_deg: f64| KmlPosition {
        longitude_deg,
        latitude_deg,
        height_m: 80.0,
    };
    let track = KmlDocument {
        name: "架次".to_owned(),
        placemarks: vec![KmlPlacemark {
            name: "甲 <乙>".to_owned(),
            description: None,
            when: None,
            data: vec![("dock".to_owned(), "D01".to_owned())],
            height_from: HeightFrom::SeaLevel,
            geometry: KmlGeometry::LineString(vec![position(121.5, 31.2), position(121.6, 31.3)]),
        }],
        ..KmlDocument::default()
    };
    let file = read_kml(track.to_kml().unwrap().as_bytes()).unwrap();
    assert_eq!(file.name.as_deref(), Some("架次"));
    let line = &file.features[0];
    assert_eq!(
        (line.properties["name"].as_str(), line.properties["dock"].as_str()),
        ("甲 <乙>", "D01")
    );
    assert_eq!(
        line.geometry,
        FileGeometry::Lines(vec![vec![[121.5, 31.2], [121.6, 31.3]]])
    );
}

proptest! {
    #[test]
    fn any_text_and_bytes_are_no_trouble(text in "(<[a-zA-Z/]{0,12}>|&[a-z#0-9]{0,4};|[0-9., \\n]{0,6}|\\PC){0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_kml(text.as_bytes());
        let _ = read_kml(document(&text).as_bytes());
        let _ = read_kml(&bytes);
        let _ = read_kmz(&bytes);
    }

    #[test]
    fn damaged_zips_never_panic(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = zipped("doc.kml", &[document(&polygon("")).as_bytes()]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = read_kmz(&bytes);
    }
}
