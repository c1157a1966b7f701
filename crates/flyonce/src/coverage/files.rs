//! Coverage as files for other programs: last-seen day and sharpness as GeoTIFF, gaps as FlatGeobuf.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use formats::flatgeobuf::{self, ColumnKind};
use formats::geotiff::writer::{self, Band, Raster, Reference, TILE_CELLS, TransverseMercator};
use formats::placed::{Feature, Shape, Value};
use survey::ledger::{GroundRaster, RasterFrame};

use crate::answers::layer_kinds::layer_words;
use crate::coverage::age_map::shown_ground;
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps, rings};
use crate::map_picture::bounds_m;

/// Pixels of a GeoTIFF; larger ground gets larger pixels.
const MOST_PIXELS: f64 = 25e6;

/// Last-seen day (days since 1970-01-01), sharpest class seen (cm) and age on the day of the figures (days) of the ground
/// of the figures, on its grid.
///
/// # Errors
/// Nothing to show, parameters that a ledger cannot answer.
pub fn geotiff(figures: &Figures<'_>) -> Result<Vec<u8>> {
    let ground = shown_ground(figures)?;
    let [west, north, east, south] =
        bounds_m(&ground).context("there is no ground to write: no flyable layer and no photo")?;
    let (width_m, height_m) = (east - west, north - south);
    let (cell_m, finest_m) = (figures.setting.cell_m, (width_m * height_m / MOST_PIXELS).sqrt());
    // Whole metres, where cells themselves would be too many.
    let step_m = if finest_m > cell_m {
        finest_m.ceil()
    } else {
        cell_m
    };
    let (columns, rows) = (
        (width_m / step_m).ceil() as usize,
        (height_m / step_m).ceil() as usize,
    );
    let frame = RasterFrame::Grid {
        west_m: west,
        north_m: north,
        step_m,
        columns,
        rows,
    };
    let seen = figures.ledger.raster(&figures.ever(), &frame)?;
    let definition = figures.scene.basis.grid.definition();
    let band = |name: &str, unit: &str| Band {
        name: name.to_owned(),
        unit: unit.to_owned(),
        scale: 1.0,
    };
    let raster = Raster {
        columns,
        rows,
        corner: [west, north],
        cell: [step_m, step_m],
        reference: Reference::TransverseMercator(TransverseMercator {
            name: "FlyOnce working grid".to_owned(),
            origin_latitude_deg: definition.origin_latitude_deg,
            origin_longitude_deg: definition.origin_longitude_deg,
            scale: 1.0,
        }),
        bands: vec![
            band("last seen", "days since 1970-01-01"),
            band("sharpest GSD class seen", "cm"),
            band(&format!("age on {}", figures.setting.until), "days"),
        ],
        notes: notes(figures),
        nothing: f32::NAN,
    };
    let value = |band: usize, index: usize| match band {
        1 => seen.best_gsd_cm[index],
        _ if seen.last_seen_day[index] == GroundRaster::NEVER => f32::NAN,
        // Days of this century fit into 24 bits.
        0 => seen.last_seen_day[index] as f32,
        _ => (figures.until.0 - seen.last_seen_day[index]) as f32,
    };
    Ok(writer::write(&raster, |place, cells| {
        for (row, line) in (place.top..rows).zip(cells.chunks_mut(TILE_CELLS)) {
            for (column, cell) in (place.left..columns).zip(line) {
                *cell = value(place.band, row * columns + column);
            }
        }
    })?)
}

/// What a raster rests on, as metadata that programs show.
fn notes(figures: &Figures<'_>) -> Vec<(String, String)> {
    let setting = &figures.setting;
    let layers = figures.scene.basis.figure_layers();
    let layers: Vec<String> = layers.iter().map(|layer| layer_words(layer).zh).collect();
    [
        ("AS_OF", setting.until.clone()),
        ("MAX_GSD_CM", setting.max_gsd_cm.to_string()),
        ("CELL_M", setting.cell_m.to_string()),
        ("TIME_ZONE", setting.time_zone.clone()),
        ("LAYERS", layers.join("; ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The gaps with their values.
///
/// # Errors
/// Places that FlatGeobuf cannot hold.
pub fn flatgeobuf(figures: &Figures<'_>, found: &FoundGaps) -> Result<Vec<u8>> {
    let columns = [
        ("name", ColumnKind::Text),
        ("rank", ColumnKind::Whole),
        ("town", ColumnKind::Text),
        ("area_m2", ColumnKind::Number),
        ("age_days", ColumnKind::Number),
        ("last_seen", ColumnKind::Text),
        ("never_seen_percent", ColumnKind::Number),
        ("classes", ColumnKind::Text),
        ("class_weight", ColumnKind::Number),
        ("priority", ColumnKind::Number),
        ("dock_id", ColumnKind::Text),
        ("dock_distance_m", ColumnKind::Number),
        ("flight_minutes", ColumnKind::Number),
        ("sorties", ColumnKind::Whole),
    ];
    let layer = flatgeobuf::Layer {
        name: "gaps".to_owned(),
        description: format!(
            "as of {}, not seen since {}, GSD <= {} cm; {}",
            figures.setting.until,
            figures.setting.since,
            figures.setting.max_gsd_cm,
            figures.scene.basis.label_key()
        ),
        columns: columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec(),
        features: found.gaps.iter().map(feature).collect(),
    };
    Ok(flatgeobuf::write(&layer)?)
}

fn feature(FoundGap { gap, answer, .. }: &FoundGap) -> Feature {
    let mut values = BTreeMap::from([
        ("name".to_owned(), Value::Text(answer.name.clone())),
        ("rank".to_owned(), Value::Whole(i64::from(answer.rank))),
        ("area_m2".to_owned(), Value::Number(answer.area_m2)),
        ("age_days".to_owned(), Value::Number(answer.age_days)),
        (
            "never_seen_percent".to_owned(),
            Value::Number(answer.never_seen_percent),
        ),
        ("classes".to_owned(), Value::Text(answer.classes.join("、"))),
        ("class_weight".to_owned(), Value::Number(answer.class_weight)),
        ("priority".to_owned(), Value::Number(answer.priority)),
    ]);
    for (name, text) in [
        ("town", &answer.town),
        ("last_seen", &answer.last_seen),
        ("dock_id", &answer.dock_id),
    ] {
        if let Some(text) = text {
            values.insert(name.to_owned(), Value::Text(text.clone()));
        }
    }
    for (name, number) in [
        ("dock_distance_m", answer.dock_distance_m),
        ("flight_minutes", answer.flight_minutes),
    ] {
        if let Some(number) = number {
            values.insert(name.to_owned(), Value::Number(number));
        }
    }
    if let Some(sorties) = answer.sorties {
        values.insert("sorties".to_owned(), Value::Whole(i64::from(sorties)));
    }
    Feature {
        shape: Shape::Polygons(vec![rings(&gap.polygon)]),
        values,
    }
}
