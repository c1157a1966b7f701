//! Places where a dock could stand: points of a file, a square lattice over the demand, or the docks of the roster.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use survey::cells::CellSet;
use survey::geodesy::Wgs84;
use survey::grid::GridPoint;
use survey::layers::properties::{CODE, Field};
use survey::layers::{LayerFeature, LayerKind, Shape, Validity};
use survey::reach::FreeSpace;
use survey::reference::Reference;

use crate::config::roster::{DockEntry, Roster};
use crate::layers::building::{Statement, build};
use crate::layers::reading;

/// Most candidates: beyond, nobody waits for the answer.
const MOST_CANDIDATES: usize = 20_000;
/// Names of the property that holds a candidate's short name.
const ID: Field = Field(&["id", "ID", "Id", "dock_id", "编号"]);
/// Points closer than this, degrees, are the same place: about a metre.
const SAME_PLACE_DEG: f64 = 1e-5;

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
    let candidate = |dock: &DockEntry| Candidate {
        id: dock.dock_id.clone(),
        name: dock.name.clone(),
        position: dock.position,
    };
    roster.docks.iter().map(candidate).collect()
}

/// The points of a GeoJSON, KML, KMZ or Shapefile, read as layers are: what their coordinates are in is that of the
/// argument or of the file.
///
/// # Errors
/// A file that cannot be read, coordinates whose system nobody states or two state differently, a feature that is no
/// point, by its number.
pub fn of_file(file: &Path, reference: Option<Reference>) -> Result<Vec<Candidate>> {
    let shown = file.display().to_string();
    let statement = Statement {
        kind: LayerKind::Shown,
        name: None,
        version: String::new(),
        reference,
        validity: Validity::default(),
        source: String::new(),
        document: None,
        margin_m: None,
    };
    let layer = build(reading::read(file)?, &statement, &shown)?.layer;
    let mut candidates = Vec::new();
    for (index, feature) in layer.features.iter().enumerate() {
        candidates.extend(of_feature(index + 1, feature).with_context(|| format!("points of {shown}"))?);
    }
    Ok(candidates)
}

/// The points of a feature: one as a rule.
fn of_feature(number: usize, feature: &LayerFeature) -> Result<Vec<Candidate>> {
    let name = feature.name.clone().unwrap_or_default();
    let points = match &feature.shape {
        Shape::Points(points) => points,
        other => {
            let found = if matches!(other, Shape::Lines(_)) {
                "a line"
            } else {
                "an area"
            };
            let named = if name.is_empty() {
                String::new()
            } else {
                format!(" ({name})")
            };
            bail!("feature {number}{named} is {found}; a place for a dock is a point (候选点必须是点)");
        }
    };
    let id = ID.of(feature).or_else(|| CODE.of(feature)).map(str::to_owned);
    let id = id.unwrap_or_else(|| format!("C{number:04}"));
    let numbered = |(index, position): (usize, &Wgs84)| Candidate {
        id: match points.len() {
            1 => id.clone(),
            _ => format!("{id}-{}", index + 1),
        },
        name: name.clone(),
        position: *position,
    };
    Ok(points.iter().enumerate().map(numbered).collect())
}

/// Kept sites, then the other candidates that stand elsewhere; and how many did not.
///
/// # Errors
/// No candidate, too many, or one name for two places.
pub fn joined(kept: Vec<Candidate>, free: Vec<Candidate>) -> Result<(Vec<Candidate>, usize)> {
    let place = |candidate: &Candidate| {
        let at = candidate.position;
        [at.latitude_deg, at.longitude_deg].map(|degrees| (degrees / SAME_PLACE_DEG).round() as i64)
    };
    let mut taken: HashSet<[i64; 2]> = kept.iter().map(place).collect();
    let (mut all, mut repeated) = (kept, 0);
    for candidate in free {
        match taken.insert(place(&candidate)) {
            true => all.push(candidate),
            false => repeated += 1,
        }
    }
    ensure!(
        !all.is_empty(),
        "there is no candidate (没有候选点): no point in the file, or none of the lattice outside no-fly areas"
    );
    ensure!(
        all.len() <= MOST_CANDIDATES,
        "{} candidates; {MOST_CANDIDATES} is the most",
        all.len()
    );
    let mut names: HashMap<&str, Wgs84> = HashMap::new();
    for candidate in &all {
        if let Some(other) = names.insert(&candidate.id, candidate.position) {
            let [a, b] = [other, candidate.position]
                .map(|at| format!("{:.5}, {:.5}", at.longitude_deg, at.latitude_deg));
            bail!(
                "two candidates are called {} (候选点编号重复), at {a} and at {b}; give each its own `id`",
                candidate.id
            );
        }
    }
    Ok((all, repeated))
}

/// Those of the candidates that are called so, in the order of the names.
///
/// # Errors
/// A name that no candidate has.
pub fn called(candidates: &[Candidate], names: &str) -> Result<Vec<Candidate>> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut found: Vec<Candidate> = Vec::new();
    for name in names {
        let candidate = candidates.iter().find(|candidate| candidate.id == name);
        let candidate = candidate.with_context(|| {
            let some: Vec<&str> = candidates.iter().take(5).map(|one| one.id.as_str()).collect();
            format!(
                "--keep: no candidate is called {name} (没有此候选点); the {} candidates are {}, …",
                candidates.len(),
                some.join(", ")
            )
        })?;
        if !found.contains(candidate) {
            found.push(candidate.clone());
        }
    }
    ensure!(!found.is_empty(), "--keep ids: names no candidate");
    Ok(found)
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
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use survey::geodesy::Datum;

    use super::*;

    const POINTS: &str = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"id": "D01", "name": "花木"}, "geometry": {"type": "Point", "coordinates": [121.545, 31.212]}},
        {"type": "Feature", "properties": {"id": 2}, "geometry": {"type": "Point", "coordinates": [121.6, 31.205]}},
        {"type": "Feature", "properties": null, "geometry": {"type": "MultiPoint", "coordinates": [[121.7, 31.2], [121.71, 31.2]]}}]}"#;
    const KML: &str = r#"<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>花木</name>
        <Point><coordinates>121.545,31.212,0</coordinates></Point></Placemark></Document></kml>"#;

    fn read(name: &str, text: &str, datum: Option<Datum>) -> Result<Vec<Candidate>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        of_file(&file, datum.map(Reference::Geographic))
    }

    #[test]
    fn points_have_names_and_a_datum_whatever_the_file() {
        let points = read("p.geojson", POINTS, Some(Datum::Wgs84)).unwrap();
        let ids: Vec<&str> = points.iter().map(|point| point.id.as_str()).collect();
        assert_eq!(ids, ["D01", "2", "C0003-1", "C0003-2"]);
        assert_eq!(
            (points[0].name.as_str(), points[0].position.latitude_deg),
            ("花木", 31.212)
        );
        let shifted = read("p.geojson", POINTS, Some(Datum::Gcj02)).unwrap();
        let off_m = survey::geodesy::geodesic_distance_m(points[0].position, shifted[0].position);
        assert!((400.0..600.0).contains(&off_m), "{off_m}");
        let drawn = read("p.kml", KML, Some(Datum::Wgs84)).unwrap();
        assert_eq!(
            (drawn[0].name.as_str(), drawn[0].position),
            ("花木", points[0].position)
        );
    }

    #[test]
    fn what_is_no_point_is_named() {
        let told = |name: &str, text: &str, datum| format!("{:#}", read(name, text, datum).unwrap_err());
        assert!(told("p.geojson", POINTS, None).contains("datum is not stated"));
        assert!(told("p.kml", KML, None).contains("GCJ-02"));
        let line = POINTS.replace("\"MultiPoint\"", "\"LineString\"");
        let error = told("p.geojson", &line, Some(Datum::Wgs84));
        assert!(error.contains("feature 3 is a line"), "{error}");
        let exchanged = POINTS.replace("[121.6, 31.205]", "[31.205, 121.6]");
        let error = told("p.geojson", &exchanged, Some(Datum::Wgs84));
        assert!(
            error.contains("121.6") && error.contains("features[1]"),
            "{error}"
        );
        assert!(told("p.geojson", "{}", Some(Datum::Wgs84)).contains("p.geojson"));
    }

    #[test]
    fn one_place_is_one_candidate_and_one_name_is_one_place() {
        let points = read("p.geojson", POINTS, Some(Datum::Wgs84)).unwrap();
        let kept = called(&points, "2, D01,2").unwrap();
        assert_eq!(
            (kept.len(), kept[0].id.as_str(), kept[1].id.as_str()),
            (2, "2", "D01")
        );
        let error = called(&points, "D09").unwrap_err().to_string();
        assert!(error.contains("no candidate is called D09"), "{error}");
        let (all, repeated) = joined(kept, points.clone()).unwrap();
        assert_eq!((all.len(), repeated), (4, 2));
        assert_eq!((all[0].id.as_str(), all[2].id.as_str()), ("2", "C0003-1"));
        let mut moved = points.clone();
        moved[0].position.latitude_deg += 0.01;
        let error = joined(points, moved).unwrap_err().to_string();
        assert!(error.contains("two candidates are called D01"), "{error}");
        assert!(joined(Vec::new(), Vec::new()).is_err());
    }
}
