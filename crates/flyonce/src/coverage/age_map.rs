//! The age of ground as pictures: a map with docks, gaps, legend, scale bar and north, and tiles for the page's map.

use anyhow::{Context, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use survey::cells::CellSet;
use survey::geodesy::Wgs84;
use survey::ledger::{GroundRaster, RasterFrame};

use crate::answers::layer_kinds::{layer_words, sources};
use crate::coverage::answer::{Amount, CoverageRow};
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps};
use crate::lang::{Lang, Words};
use crate::map_picture::colours::{AGES, BORDER, Colour, DOCK, GAP, NEVER};
use crate::map_picture::labels::{Labels, numbered_words};
use crate::map_picture::panel::{Panel, Sample, bare};
use crate::map_picture::{Board, Form, Frame, MAP_PX, PAGE_MAP_PX, around_cells, rings_on_grid};

/// Classes of age: up to so many days, the newest first; each has its colour of [`AGES`].
pub const AGE_CLASSES: [(i32, Colour); 5] = [
    (7, AGES[0]),
    (14, AGES[1]),
    (30, AGES[2]),
    (90, AGES[3]),
    (i32::MAX, AGES[4]),
];

/// What colours and signs mean.
pub fn legend() -> Vec<(Sample, Words)> {
    let mut from = 0;
    let mut entries = Vec::new();
    for (to, colour) in AGE_CLASSES {
        let words = if to == i32::MAX {
            Words::new(
                format!("{from} 天前或更早拍到"),
                format!("seen {from} or more days ago"),
            )
        } else {
            Words::new(
                format!("{from}–{to} 天前拍到"),
                format!("seen {from}–{to} days ago"),
            )
        };
        entries.push((Sample::Ground(colour), words));
        from = to.saturating_add(1);
    }
    entries.push((
        Sample::Ground(NEVER),
        Words::new("适飞,从未拍到", "flyable, never seen"),
    ));
    entries.push((
        Sample::Line(GAP),
        Words::new(
            "空白:期限内未拍到(按街镇和可达机场分块)",
            "gap: not seen in time (parted by town and by dock that reaches it)",
        ),
    ));
    entries.push((Sample::Line(BORDER), Words::new("街镇界", "border of a town")));
    entries.push((Sample::Sign(Form::Disc, DOCK), Words::new("机场", "dock")));
    entries
}

fn colour_of(age_days: i32) -> Colour {
    let class = AGE_CLASSES.iter().find(|(to, _)| age_days <= *to);
    class.map_or(NEVER, |(_, colour)| *colour)
}

/// Flyable ground where there is such a layer, else what was ever seen.
///
/// # Errors
/// Parameters that a ledger cannot answer.
pub fn shown_ground(figures: &Figures<'_>) -> Result<CellSet> {
    let flyable = &figures.scene.basis.flyable_cells;
    if flyable.is_empty() {
        return Ok(figures.ledger.imaged_cells(&figures.ever())?);
    }
    Ok(flyable.clone())
}

/// The map of all flyable ground, with everything that is to be said of it.
///
/// # Errors
/// Nothing to show, parameters that a ledger cannot answer.
pub fn map_png(figures: &Figures<'_>, found: &FoundGaps, lang: Lang) -> Result<Vec<u8>> {
    let (map, numbered) = painted(figures, found, (None, 0))?;
    panel(figures, &numbered, lang)?.beside(&map).png()
}

/// The map of a town, or of all flyable ground, with scale bar and north only: the page around it says the rest, see
/// [`legend`]. Its first gaps, so many, bear their rank.
///
/// # Errors
/// As [`map_png`].
pub fn plain_map_png(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (town, ranked): (Option<usize>, usize),
) -> Result<Vec<u8>> {
    let (map, _) = painted(figures, found, (town, ranked))?;
    bare(&map).png()
}

/// The map, and the towns that have a number on it instead of their name.
fn painted(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (town, ranked): (Option<usize>, usize),
) -> Result<(Board, Vec<String>)> {
    // On a page stand the gaps' ranks.
    let longest_px = if ranked > 0 { PAGE_MAP_PX } else { MAP_PX };
    let ground = match town {
        Some(town) => figures.scene.town_cells[town].clone(),
        None => shown_ground(figures)?,
    };
    let bounds =
        around_cells(&ground).context("there is no ground to show: no flyable layer and no photo")?;
    let mut board = Board::new(Frame::around(bounds, longest_px));
    paint_ages(&mut board, figures, &ground)?;
    let numbered = paint_lines(&mut board, figures, found, (town, ranked))?;
    Ok((board, numbered))
}

fn paint_ages(board: &mut Board, figures: &Figures<'_>, ground: &CellSet) -> Result<()> {
    let frame = board.frame();
    let raster = figures.ledger.raster(
        &figures.ever(),
        &RasterFrame::Grid {
            west_m: frame.west_m,
            north_m: frame.north_m,
            step_m: frame.step_m,
            columns: frame.columns as usize,
            rows: frame.rows as usize,
        },
    )?;
    board.paint(|column, row| {
        let day = raster.last_seen_day[row as usize * raster.columns + column as usize];
        ground.contains(frame.place(column, row)).then(|| {
            if day == GroundRaster::NEVER {
                NEVER
            } else {
                colour_of(figures.until.0 - day)
            }
        })
    });
    Ok(())
}

fn paint_lines(
    board: &mut Board,
    figures: &Figures<'_>,
    found: &FoundGaps,
    (town, ranked): (Option<usize>, usize),
) -> Result<Vec<String>> {
    let basis = &figures.scene.basis;
    let mut towns = Vec::new();
    for of_town in &basis.towns {
        towns.push((
            of_town.name.clone(),
            rings_on_grid(&of_town.polygons, &basis.grid)?,
        ));
    }
    for (_, rings) in &towns {
        board.outlines(rings, 1.2, BORDER);
    }
    let name = town.map(|town| basis.towns[town].name.as_str());
    let shown = |gap: &&FoundGap| name.is_none() || gap.answer.town.as_deref() == name;
    let gaps: Vec<&FoundGap> = found.gaps.iter().filter(shown).collect();
    for gap in &gaps {
        board.outlines(&gap.gap.rings, 1.6, GAP);
    }
    let mut docks = Vec::new();
    for dock in &basis.roster.docks {
        docks.push((
            board.pixel(basis.grid.grid_from_wgs84(dock.position)?),
            &dock.dock_id,
        ));
    }
    let mut labels = Labels::default();
    labels.keep_clear(docks.iter().map(|(at, _)| *at));
    for (at, id) in docks {
        board.sign(at, Form::Disc, DOCK);
        labels.beside(board, id, at);
    }
    for gap in gaps.iter().take(ranked) {
        let at = board.pixel(basis.grid.grid_from_wgs84(gap.gap.inside)?);
        labels.rank(board, gap.answer.rank, at);
    }
    // On the map of one town its name is the page's title, and numbers are gaps.
    towns.retain(|(of, _)| Some(of.as_str()) != name);
    Ok(labels.inside(board, &towns, ranked == 0))
}

fn panel(figures: &Figures<'_>, numbered: &[String], lang: Lang) -> Result<Panel> {
    let told = figures.figures()?;
    let setting = &told.setting;
    let CoverageRow {
        reachable,
        planned,
        imaged,
        ..
    } = &told.whole;
    let mut notes = vec![
        match lang {
            Lang::Zh => format!(
                "占适飞面积的比例。实拍:{} 至 {}({} 天)内拍到,GSD ≤ {} cm",
                setting.since, setting.until, setting.within_days, setting.max_gsd_cm
            ),
            Lang::En => format!(
                "Shares of flyable ground. Imaged: seen from {} to {} ({} days), GSD ≤ {} cm",
                setting.since, setting.until, setting.within_days, setting.max_gsd_cm
            ),
        },
        format!(
            "{} {} m · {}",
            lang.pick("格网", "Cells of"),
            setting.cell_m,
            setting.time_zone
        ),
    ];
    notes.extend(
        told.layers
            .iter()
            .map(|layer| layer_words(layer).pick(lang).to_owned()),
    );
    notes.extend(sources(&told.layers).map(|words| words.pick(lang).to_owned()));
    notes.extend(numbered_words(numbered).map(|words| words.pick(lang).to_owned()));
    notes.push("飞一次 FlyOnce".to_owned());
    Ok(Panel {
        title: lang.pick("实拍龄期图", "Age of what was seen").to_owned(),
        subtitle: match lang {
            Lang::Zh => format!("统计日 {}", told.as_of),
            Lang::En => format!("as of {}", told.as_of),
        },
        figures: [
            (lang.pick("可达", "Reachable"), reachable),
            (lang.pick("计划", "Planned"), planned),
            (lang.pick("实拍", "Imaged"), imaged),
        ]
        .into_iter()
        .map(|(name, amount)| format!("{name}{}{}", lang.pick(":", ": "), amount_text(amount, lang)))
        .collect(),
        keys: legend()
            .into_iter()
            .map(|(sample, words)| (sample, words.pick(lang).to_owned()))
            .collect(),
        notes,
    })
}

fn amount_text(amount: &Amount, lang: Lang) -> String {
    match (amount.percent, amount.km2) {
        (Some(percent), Some(km2)) => format!("{percent:.1} % · {km2:.2} km²"),
        (None, Some(km2)) => format!("{km2:.2} km²"),
        _ => amount.unknown.as_ref().map_or_else(
            || lang.pick("未知", "unknown").to_owned(),
            |why| why.pick(lang).to_owned(),
        ),
    }
}

/// A tile of the web's map (256 × 256 pixels, Web Mercator, `z/x/y`): ages of flyable ground, the rest transparent.
///
/// # Errors
/// No such tile, parameters that a ledger cannot answer.
pub fn tile_png(figures: &Figures<'_>, (zoom, x, y): (u32, u32, u32)) -> Result<Vec<u8>> {
    const SIDE: usize = 256;
    anyhow::ensure!(
        zoom <= 20 && x < 1 << zoom && y < 1 << zoom,
        "there is no tile {zoom}/{x}/{y}"
    );
    let tiles = f64::from(1_u32 << zoom);
    let latitude_deg = |row: f64| {
        (std::f64::consts::PI * (1.0 - 2.0 * row / tiles))
            .sinh()
            .atan()
            .to_degrees()
    };
    let west_deg = f64::from(x) / tiles * 360.0 - 180.0;
    let (north_deg, south_deg) = (latitude_deg(f64::from(y)), latitude_deg(f64::from(y) + 1.0));
    let step_deg = [360.0 / tiles / SIDE as f64, (north_deg - south_deg) / SIDE as f64];
    let frame = RasterFrame::Degrees {
        west_deg,
        north_deg,
        step_deg,
        columns: SIDE,
        rows: SIDE,
    };
    let raster = figures.ledger.raster(&figures.ever(), &frame)?;
    let basis = &figures.scene.basis;
    let mut rgba = vec![0; SIDE * SIDE * 4];
    for (index, day) in raster.last_seen_day.iter().enumerate() {
        let seen = *day != GroundRaster::NEVER;
        let place = Wgs84 {
            latitude_deg: north_deg - ((index / SIDE) as f64 + 0.5) * step_deg[1],
            longitude_deg: west_deg + ((index % SIDE) as f64 + 0.5) * step_deg[0],
        };
        // A place beyond the working area is not flyable ground.
        let flyable = || {
            basis
                .grid
                .grid_from_wgs84(place)
                .is_ok_and(|point| basis.flyable_cells.contains(point))
        };
        let shown = if basis.flyable.is_some() { flyable() } else { seen };
        if shown {
            let colour = if seen {
                colour_of(figures.until.0 - day)
            } else {
                NEVER
            };
            rgba[index * 4..index * 4 + 3].copy_from_slice(&colour);
            rgba[index * 4 + 3] = 200;
        }
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&rgba, SIDE as u32, SIDE as u32, ExtendedColorType::Rgba8)
        .context("cannot encode the tile")?;
    Ok(png)
}
