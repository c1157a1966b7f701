//! The `.prj`: well-known text 1 of a geographic or transverse Mercator system on WGS-84 or CGCS2000.

use super::ShapefileError;
use crate::features::{Declared, ProjectionText};

/// Deeper than any coordinate system is written.
const DEEPEST: usize = 16;

/// `NAME["text", number, NODE[…], …]`.
#[derive(Debug, Default)]
struct Node {
    name: String,
    texts: Vec<String>,
    numbers: Vec<f64>,
    children: Vec<Node>,
}

pub(super) fn declared(text: &str) -> Result<Declared, ShapefileError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let bad = |problem: String| ShapefileError::BadPrj(problem);
    let mut rest = text;
    let root = Node::parse(&mut rest, 0).ok_or_else(|| bad("it is no well-known text".to_owned()))?;
    match root.name.as_str() {
        "GEOGCS" => root.datum().map(Declared::Named).map_err(bad),
        "PROJCS" => projected(&root).map(Declared::TransverseMercator).map_err(bad),
        other => Err(bad(format!(
            "{other} is not read; GEOGCS or PROJCS (well-known text 1) is expected"
        ))),
    }
}

fn projected(root: &Node) -> Result<ProjectionText, String> {
    let geographic = root
        .child("GEOGCS")
        .ok_or("the projected system names no geographic one")?;
    let projection = root.child("PROJECTION").map(Node::text).unwrap_or_default();
    let folded = projection.to_ascii_lowercase().replace([' ', '-'], "_");
    if !matches!(folded.as_str(), "transverse_mercator" | "gauss_kruger") {
        return Err(format!(
            "projection {projection:?} is not read; Transverse_Mercator or Gauss_Kruger is"
        ));
    }
    let unit = root.child("UNIT").and_then(|unit| unit.numbers.first().copied());
    if unit != Some(1.0) {
        return Err("its unit is not the metre".to_owned());
    }
    let parameter = |name: &str| {
        let mut parameters = root.children.iter().filter(|child| child.name == "PARAMETER");
        let found = parameters.find(|parameter| parameter.text().eq_ignore_ascii_case(name));
        found.and_then(|parameter| parameter.numbers.first().copied())
    };
    let needed = |name: &str| parameter(name).ok_or_else(|| format!("parameter {name} is missing"));
    Ok(ProjectionText {
        name: root.text().to_owned(),
        datum: geographic.datum()?,
        central_meridian_deg: needed("central_meridian")?,
        origin_latitude_deg: needed("latitude_of_origin")?,
        scale: needed("scale_factor")?,
        false_easting_m: needed("false_easting")?,
        false_northing_m: needed("false_northing")?,
    })
}

impl Node {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn text(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    /// The datum of a GEOGCS, checked: degrees from Greenwich on WGS-84 or CGCS2000.
    fn datum(&self) -> Result<String, String> {
        let name = self.child("DATUM").map(Self::text).unwrap_or_default();
        let folded = name.to_ascii_lowercase().replace([' ', '-'], "_");
        let datum = match folded.trim_start_matches("d_") {
            "wgs_1984" | "wgs84" | "wgs_84" | "world_geodetic_system_1984" => "WGS-84",
            "china_2000"
            | "cgcs2000"
            | "cgcs_2000"
            | "china_geodetic_coordinate_system_2000"
            | "cgcs2000_datum" => "CGCS2000",
            _ => {
                return Err(format!(
                    "datum {name:?} is not read; older systems have to be converted to CGCS2000 by whoever holds \
                     their parameters"
                ));
            }
        };
        let meridian = self
            .child("PRIMEM")
            .and_then(|meridian| meridian.numbers.first().copied());
        if meridian.is_some_and(|meridian| meridian != 0.0) {
            return Err("its longitudes do not count from Greenwich".to_owned());
        }
        let degree = self.child("UNIT").and_then(|unit| unit.numbers.first().copied());
        if degree.is_some_and(|unit| (unit - 1.0_f64.to_radians()).abs() > 1e-9) {
            return Err("its angles are not degrees".to_owned());
        }
        Ok(datum.to_owned())
    }

    fn parse(rest: &mut &str, depth: usize) -> Option<Self> {
        let open = rest.find(['[', '('])?;
        let name = rest[..open].trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if depth > DEEPEST || !is_name {
            return None;
        }
        let mut node = Self {
            name: name.to_ascii_uppercase(),
            ..Self::default()
        };
        *rest = rest[open + 1..].trim_start();
        loop {
            node.item(rest, depth)?;
            let separator = rest.chars().next()?;
            *rest = rest[separator.len_utf8()..].trim_start();
            match separator {
                ',' => {}
                ']' | ')' => {
                    return Some(node);
                }
                _ => return None,
            }
        }
    }

    fn item(&mut self, rest: &mut &str, depth: usize) -> Option<()> {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"')?;
            self.texts.push(quoted[..end].to_owned());
            *rest = quoted[end + 1..].trim_start();
            return Some(());
        }
        let end = rest.find([',', '[', '(', ']', ')'])?;
        if rest[end..].starts_with(['[', '(']) {
            self.children.push(Self::parse(rest, depth + 1)?);
            return Some(());
        }
        // A bare word (AXIS["x",EAST]) says nothing that is needed.
        if let Ok(number) = rest[..end].trim().parse::<f64>() {
            self.numbers.push(number);
        }
        *rest = &rest[end..];
        Some(())
    }
}
