//! `flyonce layers`: bring in, list, compare, check, take out of use, export.

pub mod arguments;
mod compared;
mod importing;
mod shown;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use survey::geodesy::{OrthometricHeightM, Wgs84};
use survey::grid::WorkingGrid;
use survey::time::{CityZone, CivilDay};

use crate::answers::layers::{FLYABLE, computed_flyable, entries, find};
use crate::cli::layers::arguments::{CompareLayersArguments, LayersCommand, RetireArguments};
use crate::cli::output::Output;
use crate::clock;
use crate::config::Config;
use crate::lang::{Lang, Words};
use crate::layers::building::grid_around;
use crate::layers::features::{flyable_members, ground_geojson, layer_geojson};
use crate::layers::shelf::{Deed, Shelf};
use crate::layers::words::{Refused, chinese};
use crate::layers::{LayerBook, compare, picture};
use crate::whole_file::write_whole;

/// Does one of them.
///
/// # Errors
/// Why it could not be done, in words of the chosen language.
pub fn run(output: Output, config: &Config, command: LayersCommand) -> Result<()> {
    do_one(output, config, command).map_err(|error| match output.lang {
        Lang::Zh => anyhow::Error::msg(chinese(&error)),
        Lang::En => error,
    })
}

fn do_one(output: Output, config: &Config, command: LayersCommand) -> Result<()> {
    let today = CityZone::named(&config.settings.time_zone)?.civil_day(clock::now());
    let book = || LayerBook::open(&config.settings);
    match command {
        LayersCommand::Import(arguments) => importing::import(output, config, *arguments),
        LayersCommand::Check(arguments) => importing::check(output, config, &arguments),
        LayersCommand::Airport(arguments) => importing::airport(output, config, &arguments, today),
        LayersCommand::Demo => importing::demo(output, config),
        LayersCommand::List { on, all } => list(output, config, on.unwrap_or(today), all),
        LayersCommand::Show { layer } => show(output, config, &layer, today),
        LayersCommand::Compare(arguments) => {
            let on = arguments.on.unwrap_or(today);
            compare_two(output, &book()?, &arguments, on)
        }
        LayersCommand::Remove(arguments) => retire(output, config, &arguments, true),
        LayersCommand::Restore(arguments) => retire(output, config, &arguments, false),
        LayersCommand::Export { layer, out, on } => {
            export(output, &book()?, &layer, out.as_deref(), on.unwrap_or(today))
        }
        LayersCommand::Flyable { on } => flyable(output, &book()?, on.unwrap_or(today)),
        LayersCommand::At {
            place,
            latitude_deg,
            ground_amsl_m,
            on,
        } => {
            let place = place_of(&place, latitude_deg)?;
            let ground = ground_amsl_m.map(OrthometricHeightM);
            at(output, &book()?, place, ground, on.unwrap_or(today))
        }
    }
}

fn list(output: Output, config: &Config, on: CivilDay, all: bool) -> Result<()> {
    let book = LayerBook::open(&config.settings)?;
    let layers = entries(&book, on)?;
    let mut retired = Shelf::of(&config.settings.data_folder).entries()?;
    retired.retain(|entry| all && entry.retired.is_some());
    let answer = json!({ "on": on.to_string(), "layers": layers, "retired": retired });
    output.show(&answer, |lang| shown::list(&layers, &retired, on, lang))
}

fn show(output: Output, config: &Config, text: &str, today: CivilDay) -> Result<()> {
    let book = LayerBook::open(&config.settings)?;
    let shelf = Shelf::of(&config.settings.data_folder);
    let kept = shelf.entries()?;
    // A layer that is out of use can be looked at by its id.
    let by_id = kept.iter().find(|entry| entry.id == text);
    let layer = match by_id {
        Some(entry) => shelf.layer(entry)?,
        None => find(&book, text, today)?.0.clone(),
    };
    let entry = kept.iter().find(|entry| entry.record == layer.record);
    let overlaps = layer.overlaps(&grid_around(&layer)?)?;
    let shown = LayerBook::of(vec![layer.clone()]);
    let about = entries(&shown, today)?.pop().context("the layer is gone")?;
    let answer = json!({ "layer": about, "kept": entry, "overlaps": overlaps });
    output.show(&answer, |lang| shown::one(&about, entry, &overlaps, lang))
}

fn compare_two(
    output: Output,
    book: &LayerBook,
    arguments: &CompareLayersArguments,
    on: CivilDay,
) -> Result<()> {
    let (first, _) = find(book, &arguments.first, on)?;
    let (second, _) = find(book, &arguments.second, on)?;
    let grid = grid_around(first)?;
    let towns = book.towns(on);
    let (comparison, found) = compare::compare(first, second, &towns, &grid)?;
    if let Some(out) = &arguments.out {
        let text = serde_json::to_vec(&compare::geojson(&comparison, &found)?)?;
        write_whole(out, &text)?;
    }
    if let Some(out) = &arguments.png {
        let (before, after) = (first.polygons(), second.polygons());
        let kept = survey::layers::shared_ground(&before, &after, &grid)?;
        let ground = (&kept[..], &found);
        let png = picture::map_png(&comparison, ground, &towns, &grid, output.lang)?;
        write_whole(out, &png)?;
    }
    output.show(&comparison, |lang| compared::comparison(&comparison, lang))
}

fn retire(output: Output, config: &Config, arguments: &RetireArguments, retired: bool) -> Result<()> {
    let shelf = Shelf::of(&config.settings.data_folder);
    let entries = shelf.entries()?;
    let text = &arguments.layer;
    let is_it = |entry: &&crate::layers::shelf::ShelfEntry| {
        let record = &entry.record;
        entry.id == *text || record.name == *text || format!("{}@{}", record.name, record.version) == *text
    };
    let found: Vec<_> = entries
        .iter()
        .filter(is_it)
        .filter(|entry| entry.retired.is_some() != retired)
        .collect();
    let entry = match found[..] {
        [one] => one,
        [] => {
            let (zh, en) = if retired {
                ("没有在用的导入图层", "in use")
            } else {
                ("没有已停用的导入图层", "out of use")
            };
            return Err(Refused::error(
                format!("{zh} {text}"),
                format!("no imported layer {text} is {en}"),
            ));
        }
        _ => {
            let ids: Vec<&str> = found.iter().map(|entry| entry.id.as_str()).collect();
            return Err(Refused::error(
                format!("有 {} 个图层叫 {text},请用编号指定:{}", ids.len(), ids.join("、")),
                format!(
                    "{} layers are called {text}; name one by its id: {}",
                    ids.len(),
                    ids.join(", ")
                ),
            ));
        }
    };
    let deed = Deed {
        at: clock::now(),
        by: arguments.actor.clone(),
        reason: arguments.reason.clone(),
    };
    shelf.set_retired(&entry.id, retired, deed)?;
    let who = entry.record.layer_ref();
    let answer = json!({ "id": entry.id, "layer": who, "in_use": !retired });
    output.show(&answer, |lang| match (lang, retired) {
        (Lang::Zh, true) => format!("已停用图层 {who};恢复:flyonce layers restore {}", entry.id),
        (Lang::Zh, false) => format!("已恢复图层 {who}"),
        (Lang::En, true) => {
            format!(
                "layer {who} is out of use; `flyonce layers restore {}` brings it back",
                entry.id
            )
        }
        (Lang::En, false) => format!("layer {who} is in use again"),
    })
}

fn export(output: Output, book: &LayerBook, text: &str, out: Option<&Path>, on: CivilDay) -> Result<()> {
    let computed = if text == FLYABLE {
        computed_flyable(book, on)?
    } else {
        None
    };
    let value = match computed {
        Some(area) => ground_geojson(&area.polygons, flyable_members(&area, on))?,
        None => layer_geojson(find(book, text, on)?.0)?,
    };
    let json = serde_json::to_string(&value)?;
    match out {
        None => output.print(&json),
        Some(file) => {
            write_whole(file, json.as_bytes())?;
            output.say(&Words::new(
                format!("已写入 {}", file.display()),
                format!("wrote {}", file.display()),
            ));
            Ok(())
        }
    }
}

fn flyable(output: Output, book: &LayerBook, on: CivilDay) -> Result<()> {
    let Some(grid) = book_grid(book)? else {
        return Err(Refused::error("没有图层", "there is no layer (没有图层)"));
    };
    let Some(area) = book.flyable(on, &grid)? else {
        return Err(Refused::error(
            format!("{on} 没有适飞空域或批准空域图层"),
            format!("no layer says where may be flown on {on} (当日没有适飞空域或批准空域图层)"),
        ));
    };
    let answer = json!({
        "on": on.to_string(), "area_km2": area.area_m2 / 1e6, "rests_on": area.rests_on, "missing": area.missing,
    });
    output.show(&answer, |lang| shown::flyable(&area, on, lang))
}

fn book_grid(book: &LayerBook) -> Result<Option<WorkingGrid>> {
    book.layers().first().map(grid_around).transpose()
}

/// `LAT,LON` in one word, or longitude and latitude in two.
fn place_of(text: &str, latitude_deg: Option<f64>) -> Result<Wgs84> {
    let numbers: Vec<Option<f64>> = text
        .split([',', ','])
        .map(|number| number.trim().parse().ok())
        .collect();
    let (latitude_deg, longitude_deg) = match (&numbers[..], latitude_deg) {
        ([Some(latitude_deg), Some(longitude_deg)], None) => (*latitude_deg, *longitude_deg),
        ([Some(longitude_deg)], Some(latitude_deg)) => (latitude_deg, *longitude_deg),
        _ => {
            return Err(Refused::error(
                format!("{text}:位置写作 纬度,经度(例如 31.14,121.80),或分开写 经度 纬度"),
                format!(
                    "{text}: a place is LATITUDE,LONGITUDE (such as 31.14,121.80), or LONGITUDE LATITUDE in two words"
                ),
            ));
        }
    };
    Wgs84::new(latitude_deg, longitude_deg).map_err(|error| {
        let exchanged = Wgs84::new(longitude_deg, latitude_deg).is_ok();
        let hint = if exchanged {
            Words::new(";纬度和经度是否写反?", "; were latitude and longitude exchanged?")
        } else {
            Words::new("", "")
        };
        Refused::error(
            format!(
                "北纬 {latitude_deg}、东经 {longitude_deg} 不是地球上的位置{}",
                hint.zh
            ),
            format!("{error}{}", hint.en),
        )
    })
}

fn at(
    output: Output,
    book: &LayerBook,
    place: Wgs84,
    ground: Option<OrthometricHeightM>,
    on: CivilDay,
) -> Result<()> {
    let grid = WorkingGrid::centred(place)?;
    let book = book.limits_near(place);
    let heights = book.heights(on, &grid)?;
    let ceiling = heights.at(place)?;
    let mut closed = Vec::new();
    for zone in book.no_fly(on, &grid)? {
        if zone.contains(place, &grid)? {
            closed.push(zone);
        }
    }
    let answer = shown::height_answer(&ceiling, &closed, ground, on);
    output.show(&answer, |lang| shown::height(&ceiling, &closed, ground, on, lang))
}
