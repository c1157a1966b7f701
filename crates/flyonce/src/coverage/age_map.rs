//! The age of ground as pictures: a map with docks, gaps, legend, scale bar and north, and tiles for the page's map.

use anyhow::{Context, Result};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use survey::cells::CellSet;
use survey::geodesy::Wgs84;
use survey::grid::GridPoint;
use survey::ledger::{GroundRaster, RasterFrame};
use survey::raster::TILE_CELLS;

use crate::coverage::figures::Figures;
use crate::coverage::gap_list::FoundGaps;
use crate::lang::Words;
use crate::map_picture::{Board, Colour, bar_m};

/// Ages with a colour of their own: up to so many days.
pub const AGE_CLASSES: [(i32, Colour); 5] = [
    (7, [26, 120, 80]),
    (14, [102, 178, 98]),
    (30, [222, 203, 93]),
    (90, [233, 142, 66]),
    (i32::MAX, [190, 66, 52]),
];
/// Flyable ground that was never seen.
pub const NEVER: Colour = [206, 211, 219];
const PAPER: Colour = [255, 255, 255];
const INK: Colour = [28, 37, 48];
const BORDER: Colour = [120, 130, 144];
const GAP: Colour = [201, 42, 42];
const DOCK: Colour = [22, 99, 199];

/// Longer side of the map, pixels.
const MAP_PX: f64 = 1400.0;
/// Width of the legend beside it, pixels.
const LEGEND_PX: u32 = 330;
const MARGIN_PX: i64 = 20;

/// What the colours mean, with `n` days of the last-but-one class in words.
pub fn legend() -> Vec<(Colour, Words)> {
    let mut from = 0;
    let mut entries = Vec::new();
    for (to, colour) in AGE_CLASSES {
        let words = if to == i32::MAX {
            Words::new(format!("{from} 天以上"), format!("{from} days and more"))
        } else {
            Words::new(format!("{from}–{to} 天"), format!("{from} to {to} days"))
        };
        entries.push((colour, words));
        from = to.saturating_add(1);
    }
    entries.push((NEVER, Words::new("从未拍到(适飞)", "never seen (flyable)")));
    entries.push((
        GAP,
        Words::new(
            "空白(期限内未拍到)边界",
            "outline of gaps (not seen within the limit)",
        ),
    ));
    entries.push((DOCK, Words::new("机场", "dock")));
    entries
}

fn colour_of(age_days: i32) -> Colour {
    let class = AGE_CLASSES.iter().find(|(to, _)| age_days <= *to);
    class.map_or(NEVER, |(_, colour)| *colour)
}

/// West, north, east and south of the ground of a set, m on its grid. `None` for an empty one.
pub fn bounds_m(cells: &CellSet) -> Option<[f64; 4]> {
    let lattice = cells.lattice();
    let half_m = 0.7 * f64::from(TILE_CELLS) * lattice.cell_m();
    let corners = cells.tiles().keys().map(|key| lattice.tile_centre(*key));
    corners
        .map(|at| {
            [
                at.easting_m - half_m,
                at.northing_m + half_m,
                at.easting_m + half_m,
                at.northing_m - half_m,
            ]
        })
        .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1]), a[2].max(b[2]), a[3].min(b[3])])
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

/// The map, of all flyable ground or of one town.
///
/// # Errors
/// Nothing to show, parameters that a ledger cannot answer.
pub fn map_png(figures: &Figures<'_>, found: &FoundGaps, town: Option<usize>) -> Result<Vec<u8>> {
    let ground = match town {
        Some(town) => figures.scene.town_cells[town].clone(),
        None => shown_ground(figures)?,
    };
    let [west, north, east, south] =
        bounds_m(&ground).context("there is no ground to show: no flyable layer and no photo")?;
    let step_m = ((east - west).max(north - south) / MAP_PX).max(0.5);
    let columns = ((east - west) / step_m).ceil() as u32;
    let rows = (((north - south) / step_m).ceil() as u32).max(620);
    let frame = RasterFrame::Grid {
        west_m: west,
        north_m: north,
        step_m,
        columns: columns as usize,
        rows: rows as usize,
    };
    let raster = figures.ledger.raster(&figures.ever(), &frame)?;
    let mut board = Board::new((columns + LEGEND_PX, rows), PAPER, [west, north], step_m);
    paint_ages(&mut board, figures, &ground, &raster, ([west, north], step_m));
    paint_lines(&mut board, figures, found, town)?;
    board.fill(
        [i64::from(columns), 0],
        [i64::from(LEGEND_PX), i64::from(rows)],
        PAPER,
    );
    paint_legend(&mut board, figures, (i64::from(columns) + MARGIN_PX, step_m));
    board.png()
}

fn paint_ages(
    board: &mut Board,
    figures: &Figures<'_>,
    ground: &CellSet,
    raster: &GroundRaster,
    ([west, north], step_m): ([f64; 2], f64),
) {
    for (index, day) in raster.last_seen_day.iter().enumerate() {
        let (row, column) = (index / raster.columns, index % raster.columns);
        let centre = GridPoint {
            easting_m: west + (column as f64 + 0.5) * step_m,
            northing_m: north - (row as f64 + 0.5) * step_m,
        };
        if ground.contains(centre) {
            let seen = *day != GroundRaster::NEVER;
            let colour = if seen {
                colour_of(figures.until.0 - day)
            } else {
                NEVER
            };
            board.set(column as i64, row as i64, colour);
        }
    }
}

fn paint_lines(
    board: &mut Board,
    figures: &Figures<'_>,
    found: &FoundGaps,
    town: Option<usize>,
) -> Result<()> {
    let basis = &figures.scene.basis;
    let grid = &basis.grid;
    for of_town in &basis.towns {
        for polygon in &of_town.polygons {
            for ring in std::iter::once(&polygon.exterior).chain(&polygon.holes) {
                let ring: Vec<GridPoint> = ring
                    .iter()
                    .map(|point| grid.grid_from_wgs84(*point))
                    .collect::<Result<_, _>>()?;
                board.ring(&ring, 1, BORDER);
            }
        }
    }
    let name = town.map(|town| basis.towns[town].name.as_str());
    for gap in &found.gaps {
        if name.is_none() || gap.answer.town.as_deref() == name {
            gap.gap.rings.iter().for_each(|ring| board.ring(ring, 1, GAP));
        }
    }
    for dock in &basis.roster.docks {
        let at = board.pixel(grid.grid_from_wgs84(dock.position)?);
        board.disc(at, 7, PAPER);
        board.disc(at, 5, DOCK);
        board.text(&dock.dock_id, [at[0] as i64 + 9, at[1] as i64 - 6], 2, INK);
    }
    Ok(())
}

fn paint_legend(board: &mut Board, figures: &Figures<'_>, (left, step_m): (i64, f64)) {
    let mut y = MARGIN_PX;
    let arrow = left as f64 + 12.0;
    board.triangle(
        [
            [arrow, y as f64],
            [arrow - 10.0, y as f64 + 34.0],
            [arrow + 10.0, y as f64 + 34.0],
        ],
        INK,
    );
    board.text("N", [left + 34, y + 10], 3, INK);
    y += 56;
    let bar = bar_m(4.0 * f64::from(LEGEND_PX - 2 * MARGIN_PX as u32) * step_m);
    let bar_px = (bar / step_m).round() as i64;
    board.fill([left, y], [bar_px, 4], INK);
    board.fill([left, y - 5], [2, 14], INK);
    board.fill([left + bar_px - 2, y - 5], [2, 14], INK);
    let label = if bar >= 1000.0 {
        format!("{:.0} KM", bar / 1000.0)
    } else {
        format!("{bar:.0} M")
    };
    board.text(&label, [left, y + 14], 2, INK);
    paint_key(board, figures, (left, y + 56));
}

/// What the colours mean, and the parameters.
fn paint_key(board: &mut Board, figures: &Figures<'_>, (left, mut y): (i64, i64)) {
    board.text("DAYS SINCE SEEN", [left, y], 2, INK);
    y += 28;
    let mut from = 0;
    for (to, colour) in AGE_CLASSES {
        let label = if to == i32::MAX {
            format!(">= {from}")
        } else {
            format!("{from} - {to}")
        };
        board.fill([left, y], [26, 18], colour);
        board.text(&label, [left + 38, y + 2], 2, INK);
        from = to.saturating_add(1);
        y += 26;
    }
    board.fill([left, y], [26, 18], NEVER);
    board.text("NEVER", [left + 38, y + 2], 2, INK);
    y += 34;
    board.fill([left, y + 7], [26, 2], GAP);
    board.text("GAP", [left + 38, y + 2], 2, INK);
    y += 28;
    board.disc([left as f64 + 12.0, y as f64 + 9.0], 5, DOCK);
    board.text("DOCK", [left + 38, y + 2], 2, INK);
    y += 40;
    let setting = &figures.setting;
    let mut lines = vec![
        setting.until.clone(),
        format!("WITHIN {} DAYS", setting.within_days),
        format!("GSD <= {} CM", setting.max_gsd_cm),
        format!("CELL {} M", setting.cell_m),
    ];
    lines.extend(
        figures
            .scene
            .basis
            .figure_layers()
            .iter()
            .take(3)
            .map(|layer| format!("{} {}", layer.kind, layer.version)),
    );
    for line in lines {
        let line: String = line.chars().filter(char::is_ascii).take(25).collect();
        board.text(&line, [left, y], 2, INK);
        y += 22;
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
