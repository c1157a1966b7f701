//! Bringing layers in, or only looking whether they could be.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::json;
use survey::airspace::{Annex14, Runway, SteppedCaps, runways_of};
use survey::geodesy::OrthometricHeightM;
use survey::layers::{FeatureLayer, LayerKind, Validity};
use survey::time::CivilDay;

use super::arguments::{AirportArguments, CheckArguments, ImportArguments, SurfaceSet};
use super::shown;
use crate::answers::layers::find;
use crate::cli::output::Output;
use crate::clock;
use crate::config::Config;
use crate::lang::{Lang, Words};
use crate::layers::building::{Built, Statement, build, far_from_others, grid_around};
use crate::layers::shelf::{Deed, Shelf};
use crate::layers::words::Refused;
use crate::layers::{LayerBook, airport as surfaces, demo as demo_set, reading};

fn deed(actor: Option<String>) -> Deed {
    Deed {
        at: clock::now(),
        by: actor,
        reason: None,
    }
}

pub(super) fn import(output: Output, config: &Config, arguments: ImportArguments) -> Result<()> {
    let stated = arguments.stated;
    let statement = Statement {
        kind: stated.kind,
        name: stated.name,
        version: arguments.layer_version,
        reference: stated.datum,
        validity: Validity {
            from: stated.valid_from,
            to: stated.valid_to,
        },
        source: arguments.source,
        document: stated.document,
        margin_m: stated.margin_m,
    };
    let mut file = reading::read(&arguments.file)?;
    let originals = std::mem::take(&mut file.originals);
    let built = build(file, &statement, &arguments.file.display().to_string())?;
    keep(output, config, &built, &originals, deed(arguments.actor))
}

fn keep(
    output: Output,
    config: &Config,
    built: &Built,
    originals: &[(String, Vec<u8>)],
    deed: Deed,
) -> Result<()> {
    let shelf = Shelf::of(&config.settings.data_folder);
    let far = far(built, &shelf)?;
    let (entry, is_new) = shelf.import(built, originals, deed)?;
    let overlaps = built.layer.overlaps(&grid_around(&built.layer)?)?;
    let answer = json!({
        "new": is_new, "kept": entry, "overlaps": overlaps,
        "ignored": built.ignored, "mind": far,
    });
    output.show(&answer, |lang| {
        let head = match (lang, is_new) {
            (Lang::Zh, true) => format!(
                "已导入图层 {}(编号 {},{} 个要素)",
                entry.record.layer_ref(),
                entry.id,
                entry.features
            ),
            (Lang::Zh, false) => format!(
                "图层 {} 已存在且内容相同(编号 {})",
                entry.record.layer_ref(),
                entry.id
            ),
            (Lang::En, true) => {
                format!(
                    "brought in layer {} (id {}, {} features)",
                    entry.record.layer_ref(),
                    entry.id,
                    entry.features
                )
            }
            (Lang::En, false) => {
                format!(
                    "layer {} is there already, with the same content (id {})",
                    entry.record.layer_ref(),
                    entry.id
                )
            }
        };
        let far = far.as_ref().map_or("", |far| far.pick(lang));
        format!("{head}\n{}\n{far}", shown::findings(built, &overlaps, lang))
    })
}

/// Whether it lies far from all layers in use.
fn far(built: &Built, shelf: &Shelf) -> Result<Option<Words>> {
    let mut entries = shelf.entries()?;
    entries.retain(|entry| entry.retired.is_none());
    let bounds = entries
        .iter()
        .filter_map(|entry| entry.measured.map(|it| it.bounds_deg));
    Ok(far_from_others(&built.measured, bounds))
}

pub(super) fn check(output: Output, config: &Config, arguments: &CheckArguments) -> Result<()> {
    let (Some(path), Some(kind)) = (&arguments.file, arguments.kind) else {
        return check_all(output, config);
    };
    let statement = Statement {
        kind,
        name: None,
        version: "unversioned".to_owned(),
        reference: arguments.datum,
        validity: Validity::default(),
        source: String::new(),
        document: None,
        margin_m: arguments.margin_m,
    };
    let built = build(reading::read(path)?, &statement, &path.display().to_string())?;
    let overlaps = built.layer.overlaps(&grid_around(&built.layer)?)?;
    let area_km2 = built.measured.area_m2.unwrap_or_default() / 1e6;
    let far = far(&built, &Shelf::of(&config.settings.data_folder))?;
    let answer = json!({
        "features": built.layer.features.len(), "datum": built.layer.record.reference.to_string(),
        "area_km2": area_km2, "repairs": built.repairs, "notes": built.notes, "overlaps": overlaps,
        "ignored": built.ignored, "mind": far,
    });
    output.show(&answer, |lang| {
        let count = built.layer.features.len();
        let head = match lang {
            Lang::Zh => format!(
                "可以导入:{count} 个要素,{area_km2:.4} km²,{}",
                built.layer.record.reference
            ),
            Lang::En => format!(
                "can be imported: {count} features, {area_km2:.4} km², {}",
                built.layer.record.reference
            ),
        };
        let far = far.as_ref().map_or("", |far| far.pick(lang));
        format!("{head}\n{}\n{far}", shown::findings(&built, &overlaps, lang))
    })
}

fn check_all(output: Output, config: &Config) -> Result<()> {
    let shelf = Shelf::of(&config.settings.data_folder);
    let mut problems = Vec::new();
    for entry in shelf.entries()? {
        if let Err(error) = shelf.layer(&entry) {
            problems.push(format!("{error:#}"));
        }
        for name in shelf.damaged_originals(&entry) {
            problems.push(format!(
                "{}: the original {name} is gone or was changed",
                entry.record.layer_ref()
            ));
        }
    }
    let configured = crate::config::layers::load_all(&config.settings);
    if let Err(error) = &configured {
        problems.push(format!("{error:#}"));
    }
    output.show(&json!({ "problems": problems }), |lang| {
        match problems.as_slice() {
            [] => lang.pick("全部图层完好", "every layer is whole").to_owned(),
            problems => problems.join("\n"),
        }
    })?;
    if problems.is_empty() {
        Ok(())
    } else {
        bail!("{} problem(s) / {} 处问题", problems.len(), problems.len())
    }
}

pub(super) fn airport(
    output: Output,
    config: &Config,
    arguments: &AirportArguments,
    today: CivilDay,
) -> Result<()> {
    let book = LayerBook::open(&config.settings)?;
    let (layer, _) = find(&book, &arguments.runways, today)?;
    if layer.record.kind != LayerKind::Runway {
        return Err(Refused::error(
            format!("{} 不是跑道图层", layer.layer_ref()),
            format!("{} is no layer of runways", layer.layer_ref()),
        ));
    }
    let runways = runways_of_one(layer, arguments.airport.as_deref())?;
    let grid = grid_around(layer)?;
    let (built, what) = match arguments.surfaces {
        SurfaceSet::Annex14 => {
            let elevation = arguments
                .elevation_amsl_m
                .context("--elevation-amsl-m is needed")?;
            let parameters = Annex14 {
                step_m: arguments.step_m,
                ..Annex14::default()
            };
            let found = parameters.surfaces(&runways, OrthometricHeightM(elevation), &grid)?;
            (
                found,
                format!(
                    "ICAO Annex 14 code 4, aerodrome at {elevation} m, steps of {} m",
                    arguments.step_m
                ),
            )
        }
        SurfaceSet::Stepped => (
            SteppedCaps::default().surfaces(&runways, &grid)?,
            "stepped caps".to_owned(),
        ),
    };
    let statement = Statement {
        kind: LayerKind::HeightLimit,
        name: Some(arguments.name.clone()),
        version: arguments.layer_version.clone(),
        reference: None,
        validity: Validity {
            from: arguments.valid_from,
            to: None,
        },
        source: format!("{what}, from runways {}", layer.layer_ref()),
        document: None,
        margin_m: None,
    };
    let (built, originals) = surfaces::height_layer(&built, &statement)?;
    keep(output, config, &built, &originals, deed(arguments.actor.clone()))
}

/// The runways of one airport: the one that is named, or the only one.
fn runways_of_one(layer: &FeatureLayer, airport: Option<&str>) -> Result<Vec<Runway>> {
    let mut runways = runways_of(layer)?;
    if let Some(airport) = airport {
        runways.retain(|runway| runway.airport == airport);
    }
    let airports: BTreeSet<&str> = runways.iter().map(|runway| runway.airport.as_str()).collect();
    if airports.len() != 1 {
        let names: Vec<&str> = airports.into_iter().collect();
        return Err(Refused::error(
            format!(
                "一次只生成一个机场的限制面;请用 --airport 选择:{}",
                names.join("、")
            ),
            format!(
                "surfaces are built for one airport; choose with --airport among: {}",
                names.join(", ")
            ),
        ));
    }
    Ok(runways)
}

pub(super) fn demo(output: Output, config: &Config) -> Result<()> {
    let shelf = Shelf::of(&config.settings.data_folder);
    let new = demo_set::import(&shelf, clock::now())?;
    output.show(&json!({ "new": new }), |lang| match lang {
        Lang::Zh => format!("【模拟】已导入 {new} 个虚构图层;查看:flyonce layers list"),
        Lang::En => format!("[simulated] brought in {new} made-up layers; see `flyonce layers list`"),
    })
}
