//! Sites as a map: what is reached, what is not, docks old and new, with legend, scale bar and north.

use anyhow::{Context, Result};
use survey::cells::CellSet;
use survey::gaps::{outline_of, parts};
use survey::geodesy::Wgs84;
use survey::grid::GridPoint;

use crate::answers::layer_kinds::{layer_words, sources};
use crate::lang::Lang;
use crate::map_picture::colours::{Colour, DOCK, NEW_DOCK, NEXT_DOCK, OUT_OF_REACH, REACH, REACHED};
use crate::map_picture::labels::Labels;
use crate::map_picture::panel::{Panel, Sample};
use crate::map_picture::{Board, Form, Frame, MAP_PX, around_cells};
use crate::siting::Sited;
use crate::siting::answer::{SiteAnswer, SitingAnswer};

/// The map as PNG.
///
/// # Errors
/// No demand to show.
pub fn map_png(sited: &Sited, lang: Lang) -> Result<Vec<u8>> {
    let bounds = around_cells(&sited.demand).context("there is no ground to show")?;
    let mut board = Board::new(Frame::around(bounds, MAP_PX));
    let frame = board.frame();
    board.paint(|column, row| ground_colour(sited, frame.place(column, row)));
    for reached in &sited.reached {
        outline(&mut board, reached);
    }
    let mut docks = Vec::new();
    for (site, form, colour) in signs(&sited.answer) {
        let position = Wgs84::new(site.latitude_deg, site.longitude_deg)?;
        let at = board.pixel(sited.demand.grid().grid_from_wgs84(position)?);
        docks.push((at, &site.id, form, colour));
    }
    let mut labels = Labels::default();
    labels.keep_clear(docks.iter().map(|(at, ..)| *at));
    for (at, id, form, colour) in docks {
        board.sign(at, form, colour);
        labels.beside(&mut board, id, at);
    }
    panel(&sited.answer, lang).beside(&board).png()
}

fn ground_colour(sited: &Sited, at: GridPoint) -> Option<Colour> {
    if sited.uncovered.contains(at) {
        return Some(OUT_OF_REACH);
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
        board.outlines(&outline_of(&part, 1.0, cells.lattice()), 1.2, REACH);
    }
}

/// The sites with how they are drawn.
fn signs(answer: &SitingAnswer) -> Vec<(&SiteAnswer, Form, Colour)> {
    let chosen = answer.sites.iter().map(|site| {
        if site.kept {
            (site, Form::Disc, DOCK)
        } else {
            (site, Form::Square, NEW_DOCK)
        }
    });
    let next = answer.next_sites().iter();
    let next = next.map(|site| (site, Form::Triangle, NEXT_DOCK));
    chosen.chain(next).collect()
}

fn panel(answer: &SitingAnswer, lang: Lang) -> Panel {
    let drawn = signs(answer);
    let ground = |colour, zh, en| (Sample::Ground(colour), lang.pick(zh, en).to_owned());
    let mut keys = vec![
        ground(REACHED[0], "1 个机场可达", "reached from 1 dock"),
        ground(REACHED[1], "2 个机场可达", "from 2 docks"),
        ground(REACHED[2], "3 个及以上机场可达", "from 3 docks or more"),
        ground(OUT_OF_REACH, "无机场可达", "not reached"),
        (
            Sample::Line(REACH),
            lang.pick("单个机场可达范围", "what one dock reaches").to_owned(),
        ),
    ];
    for (form, colour, zh, en) in [
        (Form::Disc, DOCK, "保留机场", "dock, kept"),
        (Form::Square, NEW_DOCK, "新建机场", "dock, new"),
        (Form::Triangle, NEXT_DOCK, "增设机场", "further dock"),
    ] {
        if drawn.iter().any(|(_, used, _)| *used == form) {
            keys.push((Sample::Sign(form, colour), lang.pick(zh, en).to_owned()));
        }
    }
    let mut notes = vec![
        answer.reach.pick(lang).to_owned(),
        match lang {
            Lang::Zh => format!(
                "{} 个禁飞区;候选点 {} 个;需求格网 {} m",
                answer.no_fly_areas, answer.candidates, answer.demand_cell_m
            ),
            Lang::En => format!(
                "{} no-fly areas; {} candidates; demand in cells of {} m",
                answer.no_fly_areas, answer.candidates, answer.demand_cell_m
            ),
        },
    ];
    notes.extend(
        answer
            .layers
            .iter()
            .map(|layer| layer_words(layer).pick(lang).to_owned()),
    );
    notes.extend(sources(&answer.layers).map(|words| words.pick(lang).to_owned()));
    notes.push("飞一次 FlyOnce".to_owned());
    Panel {
        title: lang.pick("机场选址图", "Sites for docks").to_owned(),
        subtitle: match lang {
            Lang::Zh => format!("{} 个机场", answer.sites.len()),
            Lang::En => format!("{} docks", answer.sites.len()),
        },
        figures: figures(answer, lang),
        keys,
        notes,
    }
}

fn figures(answer: &SitingAnswer, lang: Lang) -> Vec<String> {
    let mut figures = match lang {
        Lang::Zh => vec![
            format!(
                "可达 {:.1} km² = {:.2} %",
                answer.covered_km2, answer.covered_percent
            ),
            format!("需求 {:.1} km²", answer.demand_km2),
            format!("任何选址至多 {:.1} km²", answer.bound_km2),
        ],
        Lang::En => vec![
            format!(
                "Reached {:.1} km² = {:.2} %",
                answer.covered_km2, answer.covered_percent
            ),
            format!("Demand {:.1} km²", answer.demand_km2),
            format!("No choice exceeds {:.1} km²", answer.bound_km2),
        ],
    };
    figures.extend(answer.more.iter().map(|more| match lang {
        Lang::Zh => format!("第 {} 个机场再增 {:.1} km²", more.sites, more.adds_km2),
        Lang::En => format!("Dock {} adds {:.1} km²", more.sites, more.adds_km2),
    }));
    figures
}
