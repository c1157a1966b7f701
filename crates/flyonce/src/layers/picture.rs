//! Two layers held against each other as a map: ground alike, gained and lost, by town, with legend, scale bar and north.

use anyhow::{Context, Result};
use survey::area::Polygon;
use survey::grid::WorkingGrid;
use survey::layers::{Difference, LayerRef};

use crate::answers::layer_kinds::kind_words;
use crate::lang::{Lang, Words};
use crate::layers::NamedArea;
use crate::layers::compare::Comparison;
use crate::map_picture::colours::{BORDER, Colour, GAINED, LOST, SAME};
use crate::map_picture::labels::{Labels, numbered_words};
use crate::map_picture::panel::{Panel, Sample};
use crate::map_picture::{Board, Frame, MAP_PX, around, rings_on_grid};

/// Towns listed with their change.
const TOWNS_LISTED: usize = 12;

/// The map as PNG. `kept` is the ground of both layers.
///
/// # Errors
/// Nothing to draw, ground beyond the working area.
pub fn map_png(
    comparison: &Comparison,
    (kept, found): (&[Polygon], &Difference),
    towns: &[NamedArea],
    grid: &WorkingGrid,
    lang: Lang,
) -> Result<Vec<u8>> {
    let grounds = [
        (rings_on_grid(kept, grid)?, SAME),
        (rings_on_grid(&found.gained, grid)?, GAINED),
        (rings_on_grid(&found.lost, grid)?, LOST),
    ];
    let mut borders = Vec::new();
    for town in towns {
        borders.push((town.name.clone(), rings_on_grid(&town.polygons, grid)?));
    }
    let drawn = grounds.iter().map(|(rings, _)| rings);
    let drawn = drawn.chain(borders.iter().map(|(_, rings)| rings));
    let bounds = around(drawn.flatten().flatten().copied()).context("there is nothing to draw")?;
    let mut board = Board::new(Frame::around(bounds, MAP_PX));
    for (rings, colour) in &grounds {
        board.ground(rings, *colour);
    }
    for (_, rings) in &borders {
        board.outlines(rings, 1.2, BORDER);
    }
    let numbered = Labels::default().inside(&mut board, &borders, true);
    panel(comparison, &numbered, lang).beside(&board).png()
}

fn panel(comparison: &Comparison, numbered: &[String], lang: Lang) -> Panel {
    let told = |layer: &LayerRef| format!("{} {}", layer.name, layer.version);
    let ground = |colour: Colour, zh: &str, en: &str| (Sample::Ground(colour), lang.pick(zh, en).to_owned());
    let mut keys = vec![
        ground(SAME, "两版均有", "in both"),
        ground(GAINED, "后一版新增", "gained in the second"),
        ground(LOST, "后一版减少", "lost in the second"),
    ];
    if !comparison.town_layers.is_empty() {
        keys.push((
            Sample::Line(BORDER),
            lang.pick("街镇界", "border of a town").to_owned(),
        ));
    }
    let kind = kind_words(comparison.second.kind.name());
    let mut notes: Vec<Words> = comparison
        .town_layers
        .iter()
        .map(|layer| {
            Words::new(
                format!("街镇图层:{}", told(layer)),
                format!("Towns from: {}", told(layer)),
            )
        })
        .collect();
    notes.extend(numbered_words(numbered));
    let mut notes: Vec<String> = notes.iter().map(|words| words.pick(lang).to_owned()).collect();
    notes.push("飞一次 FlyOnce".to_owned());
    Panel {
        title: lang.pick("图层对比图", "Two layers compared").to_owned(),
        subtitle: format!(
            "{}: {} → {}",
            kind.pick(lang),
            told(&comparison.first),
            if comparison.first.name == comparison.second.name {
                comparison.second.version.clone()
            } else {
                told(&comparison.second)
            }
        ),
        figures: figures(comparison, lang),
        keys,
        notes,
    }
}

fn figures(comparison: &Comparison, lang: Lang) -> Vec<String> {
    let mut figures = vec![
        format!("{:.2} → {:.2} km²", comparison.first_km2, comparison.second_km2),
        format!(
            "{} {:.2} km² ({:.2} %)",
            lang.pick("新增", "Gained"),
            comparison.gained_km2,
            comparison.gained_percent
        ),
        format!(
            "{} {:.2} km² ({:.2} %)",
            lang.pick("减少", "Lost"),
            comparison.lost_km2,
            comparison.lost_percent
        ),
    ];
    let mut towns: Vec<_> = comparison.towns.iter().collect();
    towns.sort_by(|a, b| (b.gained_km2 + b.lost_km2).total_cmp(&(a.gained_km2 + a.lost_km2)));
    // Slivers along a border that was drawn anew are no news.
    towns.retain(|town| town.gained_km2 + town.lost_km2 >= 0.005);
    figures.extend(towns.iter().take(TOWNS_LISTED).map(|town| {
        let mut parts = Vec::new();
        for (sign, km2) in [("+", town.gained_km2), ("−", town.lost_km2)] {
            if km2 >= 0.005 {
                parts.push(format!("{sign}{km2:.2}"));
            }
        }
        format!("· {} {} km²", town.town, parts.join(" "))
    }));
    if let Some(more) = towns.len().checked_sub(TOWNS_LISTED).filter(|more| *more > 0) {
        figures.push(match lang {
            Lang::Zh => format!("· 其余 {more} 个街镇略"),
            Lang::En => format!("· {more} more towns"),
        });
    }
    figures
}
