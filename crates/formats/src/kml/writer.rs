//! Writes the elements in the order the KML schema asks for: 7 decimals of a degree (1 cm), 2 of a metre.

use quick_xml::escape::escape;

use super::{HeightFrom, KmlDocument, KmlGeometry, KmlPlacemark, KmlPosition};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
<Document>
"#;

/// The text of a document whose places were checked.
pub(super) fn document(document: &KmlDocument) -> String {
    let mut xml = HEAD.to_owned();
    element(&mut xml, "name", &document.name);
    if let Some(description) = &document.description {
        element(&mut xml, "description", description);
    }
    for placemark in &document.placemarks {
        write_placemark(&mut xml, placemark);
    }
    xml.push_str("</Document>\n</kml>\n");
    xml
}

fn write_placemark(xml: &mut String, placemark: &KmlPlacemark) {
    xml.push_str("<Placemark>\n");
    element(xml, "name", &placemark.name);
    if let Some(description) = &placemark.description {
        element(xml, "description", description);
    }
    if let Some(when) = placemark.when {
        xml.push_str("<TimeStamp>\n");
        element(xml, "when", &when.to_string());
        xml.push_str("</TimeStamp>\n");
    }
    if !placemark.data.is_empty() {
        write_data(xml, &placemark.data);
    }
    write_geometry(xml, placemark);
    xml.push_str("</Placemark>\n");
}

fn write_data(xml: &mut String, data: &[(String, String)]) {
    xml.push_str("<ExtendedData>\n");
    for (name, value) in data {
        xml.push_str(&format!("<Data name=\"{}\">\n", clean(name)));
        element(xml, "value", value);
        xml.push_str("</Data>\n");
    }
    xml.push_str("</ExtendedData>\n");
}

fn write_geometry(xml: &mut String, placemark: &KmlPlacemark) {
    let mode = match placemark.height_from {
        HeightFrom::Ground => "clampToGround",
        HeightFrom::SeaLevel => "absolute",
        HeightFrom::AboveGround => "relativeToGround",
    };
    match &placemark.geometry {
        KmlGeometry::Point(position) => {
            xml.push_str("<Point>\n");
            element(xml, "altitudeMode", mode);
            element(xml, "coordinates", &tuple(position, ","));
            xml.push_str("</Point>\n");
        }
        KmlGeometry::LineString(line) => {
            xml.push_str("<LineString>\n");
            element(xml, "altitudeMode", mode);
            let positions: Vec<String> = line.iter().map(|position| tuple(position, ",")).collect();
            element(xml, "coordinates", &positions.join(" "));
            xml.push_str("</LineString>\n");
        }
        KmlGeometry::Track(track) => {
            xml.push_str("<gx:Track>\n");
            element(xml, "altitudeMode", mode);
            for (when, _) in track {
                element(xml, "when", &when.to_string());
            }
            for (_, position) in track {
                element(xml, "gx:coord", &tuple(position, " "));
            }
            xml.push_str("</gx:Track>\n");
        }
    }
}

fn tuple(position: &KmlPosition, separator: &str) -> String {
    format!(
        "{:.7}{separator}{:.7}{separator}{:.2}",
        position.longitude_deg, position.latitude_deg, position.height_m
    )
}

fn element(xml: &mut String, name: &str, text: &str) {
    xml.push_str(&format!("<{name}>{}</{name}>\n", clean(text)));
}

/// Escaped, and without the control characters that no XML document may hold.
fn clean(text: &str) -> String {
    let allowed =
        |c: &char| matches!(c, '\t' | '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let kept: String = text.chars().filter(allowed).collect();
    escape(kept.as_str()).into_owned()
}
