//! Sites as a map: what is reached, what is not, docks old and new, with legend, scale bar and north.

use anyhow::{Context, Result};
use survey::cells::CellSet;
use survey::gaps::{outline_of, parts};
use survey::geodesy::Wgs84;
use survey::grid::GridPoint;

use crate::coverage::age_map::bounds_m;
use crate::map_picture::{Board, Colour, bar_m};
use crate::siting::Sited;
use crate::siting::answer::SiteAnswer;

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [28, 37, 48];
/// Ground that several sites reach is darker, up to three.
const REACHED: [Colour; 3] = [[190, 219, 196], [148, 196, 160], [107, 170, 124]];
const UNCOVERED: Colour = [235, 178, 160];
const OUTLINE: Colour = [70, 120, 88];
const KEPT: Colour = [22, 99, 199];
const NEW: Colour = [201, 42, 42];
const NEXT: Colour = [140, 90, 190];
/// Longer side of the map, pixels.
const MAP_PX: f64 = 1400.0;
/// Least height, so that the legend fits, pixels.
const LEAST_PX: u32 = 700;
const LEGEND_PX: u32 = 330;
const MARGIN_PX: i64 = 20;

/// The map as PNG.
///
/// # Errors
/// No demand to show.
pub fn map_png(sited: &Sited) -> Result<Vec<u8>> {
    let [west, north, east, south] = bounds_m(&sited.demand).context("there is no ground to show")?;
    let step_m = ((east - west).max(north - south) / MAP_PX).max(0.5);
    let columns = ((east - west) / step_m).ceil() as u32;
    let rows = (((north - south) / step_m).ceil() as u32).max(LEAST_PX);
    let mut board = Board::new((columns + LEGEND_PX, rows), PAPER, [west, north], step_m);
    for row in 0..rows {
        for column in 0..columns {
            let centre = GridPoint {
                easting_m: west + (f64::from(column) + 0.5) * step_m,
                northing_m: north - (f64::from(row) + 0.5) * step_m,
            };
            if let Some(colour) = ground_colour(sited, centre) {
                board.set(i64::from(column), i64::from(row), colour);
            }
        }
    }
    sited
        .reached
        .iter()
        .for_each(|reached| outline(&mut board, reached));
    board.fill(
        [i64::from(columns), 0],
        [i64::from(LEGEND_PX), i64::from(rows)],
        PAPER,
    );
    for site in &sited.answer.sites {
        dock(&mut board, sited, site, if site.kept { KEPT } else { NEW })?;
    }
    for site in sited.answer.next_sites() {
        dock(&mut board, sited, site, NEXT)?;
    }
    legend(&mut board, sited, (i64::from(columns) + MARGIN_PX, step_m));
    board.png()
}

fn ground_colour(sited: &Sited, at: GridPoint) -> Option<Colour> {
    if sited.uncovered.contains(at) {
        return Some(UNCOVERED);
    }
    let times = sited
        .reached
        .iter()
        .filter(|reached| reached.contains(at))
        .count();
    times
        .checked_sub(1)
        .map(|times| REACHED[times.min(REACHED.len() - 1)])
}

fn outline(board: &mut Board, cells: &CellSet) {
    for part in parts(cells) {
        for ring in outline_of(&part, 1.0, cells.lattice()) {
            board.ring(&ring, 1, OUTLINE);
        }
    }
}

fn dock(board: &mut Board, sited: &Sited, site: &SiteAnswer, colour: Colour) -> Result<()> {
    let position = Wgs84::new(site.latitude_deg, site.longitude_deg)?;
    let at = board.pixel(sited.demand.grid().grid_from_wgs84(position)?);
    board.disc(at, 8, PAPER);
    board.disc(at, 6, colour);
    board.text(&site.id, [at[0] as i64 + 10, at[1] as i64 - 6], 2, INK);
    Ok(())
}

fn legend(board: &mut Board, sited: &Sited, (left, step_m): (i64, f64)) {
    let answer = &sited.answer;
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
    let widest_m = f64::from(LEGEND_PX as i32 - 2 * MARGIN_PX as i32) * step_m;
    // A bar is a quarter of what it is made for.
    let bar = bar_m(4.0 * widest_m);
    board.fill([left, y], [(bar / step_m).round() as i64, 4], INK);
    board.text(&format!("{:.1} KM", bar / 1000.0), [left, y + 14], 2, INK);
    y += 52;
    for (colour, label) in [
        (REACHED[0], "REACHED FROM 1"),
        (REACHED[1], "FROM 2"),
        (REACHED[2], "FROM 3 AND MORE"),
        (UNCOVERED, "NOT REACHED"),
    ] {
        board.fill([left, y], [26, 18], colour);
        board.text(label, [left + 38, y + 2], 2, INK);
        y += 26;
    }
    for (colour, label) in [(KEPT, "DOCK, KEPT"), (NEW, "DOCK, NEW"), (NEXT, "FURTHER DOCK")] {
        board.disc([left as f64 + 12.0, y as f64 + 9.0], 6, colour);
        board.text(label, [left + 38, y + 2], 2, INK);
        y += 26;
    }
    y += 14;
    let mut lines = vec![
        format!("{} SITES", answer.sites.len()),
        format!("{:.1} KM2 = {:.2} %", answer.covered_km2, answer.covered_percent),
        format!("AT MOST {:.1} KM2", answer.bound_km2),
        format!("GAP {:.2} %", answer.gap_percent),
        format!("OF {:.1} KM2", answer.demand_km2),
    ];
    lines.extend(
        answer
            .layers
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
