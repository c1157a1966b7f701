//! The layers of a made-up district round the docks of the simulated city, one of every kind: `layers/demo` in the
//! repository, embedded here. Nothing in them is a real boundary, permission or object.

use anyhow::Result;
use survey::airspace::{Annex14, runways_of};
use survey::geodesy::OrthometricHeightM;
use survey::layers::{LayerKind, Validity};
use survey::time::{CivilDay, UtcMicros};

use crate::layers::airport;
use crate::layers::building::{Built, Statement, build, grid_around};
use crate::layers::reading::{self, Originals, ReadFile};
use crate::layers::shelf::{Deed, Shelf};

const SOURCE: &str = "made up for the simulated city, CC0";
/// Height of the made-up aerodrome above sea level, m.
const AERODROME_AMSL_M: f64 = 4.0;

struct DemoLayer {
    kind: LayerKind,
    name: &'static str,
    version: &'static str,
    valid: (Option<&'static str>, Option<&'static str>),
    document: Option<&'static str>,
    text: &'static str,
}

macro_rules! layer {
    ($kind:ident, $name:literal, $version:literal, $valid:expr, $document:expr, $file:literal) => {
        DemoLayer {
            kind: LayerKind::$kind,
            name: $name,
            version: $version,
            valid: $valid,
            document: $document,
            text: include_str!(concat!("../../../../layers/demo/", $file, ".geojson")),
        }
    };
}

const EVER: (Option<&str>, Option<&str>) = (None, None);

const LAYERS: &[DemoLayer] = &[
    layer!(District, "滨海示范区", "2025", EVER, None, "district"),
    layer!(Town, "街镇", "2025", EVER, None, "towns"),
    layer!(
        LegalFree,
        "适飞空域",
        "2025.1",
        (Some("2025-01-01"), None),
        Some("示〔2025〕1"),
        "legal-free-2025.1"
    ),
    layer!(
        LegalFree,
        "适飞空域",
        "2026.1",
        (Some("2026-02-01"), None),
        Some("示〔2026〕1"),
        "legal-free-2026.1"
    ),
    layer!(
        Approved,
        "批准空域",
        "2026.2",
        (Some("2026-02-01"), Some("2027-01-31")),
        Some("示〔2026〕2"),
        "approved-2026.2"
    ),
    layer!(
        ObstacleFree,
        "净空区域",
        "2026.1",
        (Some("2026-01-01"), None),
        None,
        "obstacle-free-2026.1"
    ),
    layer!(NoFly, "禁飞目标", "2026.1", EVER, None, "no-fly"),
    layer!(
        Temporary,
        "临时管制",
        "2026.1",
        (Some("2026-01-01"), Some("2026-12-31")),
        Some("示〔2026〕9"),
        "temporary"
    ),
    layer!(Runway, "跑道", "2025", EVER, None, "runways"),
    layer!(
        TargetCorridor,
        "河段海塘",
        "2026.1",
        EVER,
        None,
        "target-corridors"
    ),
    layer!(TargetPoint, "点位", "2026.1", EVER, None, "target-points"),
    layer!(TargetArea, "片区", "2026.1", EVER, None, "target-areas"),
    layer!(TargetSite, "工地堆场", "2026.1", EVER, None, "target-sites"),
];

/// Builds every layer of the set, the surfaces round the airport included.
///
/// # Errors
/// None but a fault of this program.
pub fn built() -> Result<Vec<(Built, Originals)>> {
    let mut all = Vec::new();
    let mut surfaces = None;
    for layer in LAYERS {
        let file = ReadFile::of_geojson(layer.name, layer.text)?;
        let originals = file.originals.clone();
        let built = build(file, &layer.statement()?, layer.name)?;
        if layer.kind == LayerKind::Runway {
            let grid = grid_around(&built.layer)?;
            let found = Annex14::default().surfaces(
                &runways_of(&built.layer)?,
                OrthometricHeightM(AERODROME_AMSL_M),
                &grid,
            )?;
            let statement = Statement {
                kind: LayerKind::HeightLimit,
                name: Some("机场障碍物限制面".to_owned()),
                ..layer.statement()?
            };
            surfaces = Some(airport::height_layer(&found, &statement)?);
        }
        all.push((built, originals));
    }
    all.extend(surfaces);
    Ok(all)
}

/// Brings the set into a data folder; layers that are there already are left as they are. Gives how many are new.
///
/// # Errors
/// A folder that cannot be written.
pub fn import(shelf: &Shelf, now: UtcMicros) -> Result<usize> {
    let mut new = 0;
    for (built, originals) in built()? {
        let deed = Deed {
            at: now,
            by: None,
            reason: Some("demo".to_owned()),
        };
        new += usize::from(shelf.import(&built, &originals, deed)?.1);
    }
    Ok(new)
}

impl DemoLayer {
    fn statement(&self) -> Result<Statement> {
        let day = |text: Option<&str>| text.map(str::parse::<CivilDay>).transpose();
        Ok(Statement {
            kind: self.kind,
            name: Some(self.name.to_owned()),
            version: self.version.to_owned(),
            reference: None,
            validity: Validity {
                from: day(self.valid.0)?,
                to: day(self.valid.1)?,
            },
            source: SOURCE.to_owned(),
            document: self.document.map(str::to_owned),
            margin_m: None,
        })
    }
}

impl ReadFile {
    /// A GeoJSON text that lies in this program.
    fn of_geojson(name: &str, text: &str) -> Result<Self> {
        Ok(reading::ReadFile {
            content: formats::geojson::read_features(text)?,
            originals: vec![(format!("{name}.geojson"), text.as_bytes().to_vec())],
            stem: name.to_owned(),
            is_kml: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use survey::airspace::GreatestHeight;
    use survey::geodesy::{AltitudeAglM, Wgs84};

    use super::*;
    use crate::layers::LayerBook;

    fn book() -> LayerBook {
        LayerBook::of(
            built()
                .unwrap()
                .into_iter()
                .map(|(built, _)| built.layer)
                .collect(),
        )
    }

    #[test]
    fn every_layer_is_clean_and_the_towns_make_the_district() {
        for (built, _) in built().unwrap() {
            assert!(
                built.repairs.is_empty(),
                "{}: {:?}",
                built.layer.layer_ref(),
                built.repairs
            );
            assert!(built.ignored.is_empty() && built.notes.is_empty());
        }
        let (book, day) = (book(), "2026-03-02".parse().unwrap());
        let grid = grid_around(&book.layers()[0]).unwrap();
        let area = |kind| book.of_kind(kind, day)[0].area_m2(&grid).unwrap() / 1e6;
        let (district, towns) = (area(LayerKind::District), area(LayerKind::Town));
        assert!(
            (district - towns).abs() < 0.001 && (1800.0..2000.0).contains(&district),
            "{district} {towns}"
        );
        assert_eq!(book.towns(day).len(), 8);
        let overlaps = book.of_kind(LayerKind::Town, day)[0].overlaps(&grid).unwrap();
        let shared: f64 = overlaps.iter().map(|overlap| overlap.area_m2).sum();
        // Borders that were rounded to six decimals on their own.
        assert!(shared < 2_000.0, "{overlaps:?}");
    }

    #[test]
    fn the_flyable_area_follows_the_day() {
        let book = book();
        let grid = grid_around(&book.layers()[0]).unwrap();
        let on = |day: &str| book.flyable(day.parse().unwrap(), &grid).unwrap().unwrap();
        let before = on("2026-01-15");
        assert_eq!(before.missing, [LayerKind::Approved]);
        assert!(before.rests_on.iter().any(|layer| layer.version == "2025.1"));
        let after = on("2026-03-02");
        assert!(
            after.missing.is_empty() && after.area_m2 > before.area_m2,
            "{} {}",
            after.area_m2,
            before.area_m2
        );
        let versions: Vec<&str> = after
            .rests_on
            .iter()
            .map(|layer| layer.version.as_str())
            .collect();
        assert_eq!(versions, ["2026.1", "2026.2", "2026.1"]);
    }

    #[test]
    fn heights_targets_and_closed_ground_are_there() {
        let (book, day) = (book(), "2026-03-02".parse().unwrap());
        let grid = grid_around(&book.layers()[0]).unwrap();
        let heights = book.heights(day, &grid).unwrap();
        let on_runway = Wgs84::new(31.105, 121.8226).unwrap();
        let ground = Some(OrthometricHeightM(AERODROME_AMSL_M));
        let height = |place| heights.at(place).unwrap().greatest_height(ground);
        assert_eq!(height(on_runway), GreatestHeight::AboveGround(AltitudeAglM(0.0)));
        let dock_at_chuansha = Wgs84::new(31.19, 121.7).unwrap();
        assert_eq!(height(dock_at_chuansha), GreatestHeight::Unlimited);
        assert_eq!(book.no_fly(day, &grid).unwrap().len(), 8);
        let targets = book.targets(day).unwrap();
        let kinds: std::collections::BTreeSet<_> = targets.iter().map(|target| target.kind).collect();
        assert_eq!((targets.len(), kinds.len()), (16, 4));
        assert!(targets.iter().all(|target| target.wished_interval_days.is_some()));
    }
}
