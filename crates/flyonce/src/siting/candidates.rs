//! Places where a dock could stand: points of a file, a square lattice over the demand, or the docks of the roster.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use survey::cells::CellSet;
use survey::geodesy::{Datum, Gcj02, Wgs84, wgs84_from_gcj02};
use survey::grid::GridPoint;
use survey::reach::FreeSpace;

use crate::config::roster::Roster;

/// Most candidates of a lattice: beyond, nobody waits for the answer.
const MOST_CANDIDATES: usize = 20_000;

/// A place where a dock could stand or stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Short name, such as `D07`.
    pub id: String,
    /// Name people use; may be empty.
    pub name: String,
    /// Where it is.
    pub position: Wgs84,
}

/// The docks of the roster.
pub fn of_roster(roster: &Roster) -> Vec<Candidate> {
    let candidate = |dock: &crate::config::roster::DockEntry| Candidate {
        id: dock.dock_id.clone(),
        name: dock.name.clone(),
        position: dock.position,
    };
    roster.docks.iter().map(candidate).collect()
}

/// The points of a GeoJSON file. The datum is that of the argument or of the file's `datum` member.
///
/// # Errors
/// A file that cannot be read, no datum or two, a feature that is no point, by its number.
pub fn of_file(file: &Path, datum: Option<Datum>) -> Result<Vec<Candidate>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    of_text(&text, datum).with_context(|| format!("points of {shown}"))
}

fn of_text(text: &str, datum: Option<Datum>) -> Result<Vec<Candidate>> {
    let content: Value = serde_json::from_str(text).context("this is no JSON")?;
    let declared: Option<Datum> = content["datum"].as_str().map(str::parse).transpose()?;
    let datum = match (datum, declared) {
        (Some(given), Some(written)) if given != written => {
            bail!("the file says it is on {written}, --datum says {given}; one of them is wrong")
        }
        (Some(datum), _) | (None, Some(datum)) => datum,
        (None, None) => bail!(
            "the datum is not stated (未注明坐标系); say WGS-84, CGCS2000 or GCJ-02 with --datum or a \"datum\" member in the file"
        ),
    };
    let features = content["features"]
        .as_array()
        .context("there is no FeatureCollection with `features`")?;
    let points = features.iter().enumerate().map(|(index, feature)| {
        point(feature, datum, index + 1).with_context(|| format!("feature {}", index + 1))
    });
    points.collect()
}

fn point(feature: &Value, datum: Datum, number: usize) -> Result<Candidate> {
    let geometry = &feature["geometry"];
    if geometry["type"] != "Point" {
        bail!("a Point is expected, not {}", geometry["type"]);
    }
    let axis = |at: usize| {
        geometry["coordinates"][at]
            .as_f64()
            .context("coordinates are [longitude, latitude]")
    };
    let (longitude_deg, latitude_deg) = (axis(0)?, axis(1)?);
    let position = match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => Wgs84::new(latitude_deg, longitude_deg)?,
        Datum::Gcj02 => wgs84_from_gcj02(Gcj02::new(latitude_deg, longitude_deg)?),
    };
    let property = |key: &str| match &feature["properties"][key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Ok(Candidate {
        id: property("id").unwrap_or_else(|| format!("C{number:04}")),
        name: property("name").unwrap_or_default(),
        position,
    })
}

/// A square lattice of points over the demand, those inside no-fly areas left out, from south to north.
///
/// # Errors
/// More than 20,000 points.
pub fn of_lattice(
    demand: &CellSet,
    space: &FreeSpace,
    bounds_m: [f64; 4],
    step_m: f64,
) -> Result<Vec<Candidate>> {
    let [west, north, east, south] = bounds_m;
    let (columns, rows) = (((east - west) / step_m).ceil(), ((north - south) / step_m).ceil());
    if columns * rows > 4.0 * MOST_CANDIDATES as f64 {
        bail!("a lattice of {step_m} m has too many points here; take a coarser one");
    }
    let mut candidates = Vec::new();
    for row in 0..rows as u32 {
        for column in 0..columns as u32 {
            let at = GridPoint {
                easting_m: west + (f64::from(column) + 0.5) * step_m,
                northing_m: south + (f64::from(row) + 0.5) * step_m,
            };
            if demand.contains(at) && space.is_free(at) {
                candidates.push(Candidate {
                    id: format!("R{row}C{column}"),
                    name: String::new(),
                    position: demand.grid().wgs84_from_grid(at)?,
                });
            }
        }
    }
    if candidates.len() > MOST_CANDIDATES {
        bail!(
            "a lattice of {step_m} m has {} points; at most {MOST_CANDIDATES}",
            candidates.len()
        );
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: &str = r#"{"type": "FeatureCollection", "features": [
        {"properties": {"id": "D01", "name": "花木"}, "geometry": {"type": "Point", "coordinates": [121.545, 31.212]}},
        {"properties": {"id": 2}, "geometry": {"type": "Point", "coordinates": [121.6, 31.205]}},
        {"properties": null, "geometry": {"type": "Point", "coordinates": [121.7, 31.2]}}]}"#;

    #[test]
    fn points_have_names_and_a_datum() {
        let points = of_text(POINTS, Some(Datum::Wgs84)).unwrap();
        let ids: Vec<&str> = points.iter().map(|point| point.id.as_str()).collect();
        assert_eq!(ids, ["D01", "2", "C0003"]);
        assert_eq!(
            (points[0].name.as_str(), points[0].position.latitude_deg),
            ("花木", 31.212)
        );
        let shifted = of_text(POINTS, Some(Datum::Gcj02)).unwrap();
        let off_m = survey::geodesy::geodesic_distance_m(points[0].position, shifted[0].position);
        assert!((400.0..600.0).contains(&off_m), "{off_m}");
    }

    #[test]
    fn what_is_no_point_is_named() {
        let told = |text: &str, datum| format!("{:#}", of_text(text, datum).unwrap_err());
        assert!(told(POINTS, None).contains("datum is not stated"));
        let line =
            POINTS
                .replacen("\"Point\"", "\"LineString\"", 2)
                .replacen("\"LineString\"", "\"Point\"", 1);
        assert!(
            told(&line, Some(Datum::Wgs84)).contains("feature 2"),
            "{}",
            told(&line, Some(Datum::Wgs84))
        );
        let exchanged = POINTS.replace("[121.6, 31.205]", "[31.205, 121.6]");
        assert!(told(&exchanged, Some(Datum::Wgs84)).contains("feature 2: latitude 121.6"));
        assert!(told("{}", Some(Datum::Wgs84)).contains("features"));
        assert!(told("[", None).contains("no JSON"));
    }
}
