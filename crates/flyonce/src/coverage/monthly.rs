//! A page per town and month: the three numbers, a map, the table of towns, gaps and how it went. One HTML file each
//! that needs nothing else and prints well, in Chinese and English.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use survey::time::CivilDay;

use crate::coverage::age_map;
use crate::coverage::answer::{Amount, CoverageFigures, CoverageRow, CoverageTable, GapAnswer, RowKind};
use crate::coverage::desk::{Asked, Desk};
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{self, FoundGaps};
use crate::coverage::keep::OnEntered;
use crate::lang::Lang;
use crate::report::page;
use crate::report::text::{base64, both, escaped, words};
use crate::whole_file::write_whole;

/// Gaps listed on a page.
const GAPS_LISTED: usize = 20;

/// What all pages of a month share.
struct Month {
    label: String,
    figures: CoverageFigures,
    towns: CoverageTable,
    pages: Vec<TownPage>,
}

/// What one page shows.
struct TownPage {
    row: CoverageRow,
    map_png: Vec<u8>,
    gaps: Vec<GapAnswer>,
    gap_km2: f64,
    /// Imaged share at the end of each day of the month.
    days: Vec<(CivilDay, Option<f64>)>,
}

/// Writes the pages of a month; without towns one page of all flyable ground. `None` where nothing says where this city is.
///
/// # Errors
/// A month or town that is none, a folder that cannot be written, layers.
pub async fn write(
    desk: &Desk,
    lang: Lang,
    (month, out, town): (&str, &Path, Option<&str>),
    on_entered: OnEntered<'_>,
) -> Result<Option<Vec<PathBuf>>> {
    let (first, last) = month_bounds(month)?;
    let until = last.min(desk.today());
    anyhow::ensure!(first <= until, "{month} has not begun");
    let asked = Asked {
        as_of: Some(until),
        ..Asked::default()
    };
    let made = desk
        .ask_gaps(asked, on_entered, |figures, found| {
            made(figures, found, (month, first), town)
        })
        .await?;
    let Some(made) = made else {
        return Ok(None);
    };
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut files = Vec::new();
    for (index, town) in made.pages.iter().enumerate() {
        let code = town
            .row
            .code
            .clone()
            .unwrap_or_else(|| format!("{:02}", index + 1));
        let plain: String = code
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let file = out.join(format!("coverage-{month}-{plain}.html"));
        write_whole(&file, html(&made, town, lang).as_bytes())?;
        files.push(file);
    }
    Ok(Some(files))
}

/// First and last day of `yyyy-mm`.
fn month_bounds(month: &str) -> Result<(CivilDay, CivilDay)> {
    let wrong = || format!("{month:?} is not a month; an example is 2026-11");
    let first: CivilDay = format!("{month}-01").parse().with_context(wrong)?;
    // The longest month has 31 days; the first day of the next lies within the five after it.
    let next = (28..=31)
        .map(|days| CivilDay(first.0 + days))
        .find(|day| !day.to_string().starts_with(month));
    let next = next.with_context(wrong)?;
    Ok((first, CivilDay(next.0 - 1)))
}

fn made(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (label, first): (&str, CivilDay),
    only: Option<&str>,
) -> Result<Month> {
    let towns = figures.table(RowKind::Town)?;
    let whole = figures.figures()?;
    let mut pages = Vec::new();
    for (index, row) in towns.rows.iter().enumerate() {
        let wanted = only.is_none_or(|only| only == row.name || row.code.as_deref() == Some(only));
        if wanted && !figures.scene.town_cells[index].is_empty() {
            pages.push(town_page(figures, found, (row.clone(), Some(index)), first)?);
        }
    }
    if towns.rows.is_empty() {
        pages.push(town_page(figures, found, (whole.whole.clone(), None), first)?);
    }
    anyhow::ensure!(
        !pages.is_empty(),
        "there is no town {:?} with flyable ground",
        only.unwrap_or_default()
    );
    Ok(Month {
        label: label.to_owned(),
        figures: whole,
        towns,
        pages,
    })
}

fn town_page(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (row, town): (CoverageRow, Option<usize>),
    first: CivilDay,
) -> Result<TownPage> {
    let mine = |gap: &&gap_list::FoundGap| town.is_none() || gap.answer.town.as_deref() == Some(&row.name);
    let gaps: Vec<&gap_list::FoundGap> = found.gaps.iter().filter(mine).collect();
    let window = figures.until.0 - figures.since.0;
    let mut days = Vec::new();
    for day in first.0..=figures.until.0 {
        let imaged = figures.ledger.imaged(&survey::ledger::LedgerQuery {
            since: Some(CivilDay(day - window)),
            until: Some(CivilDay(day)),
            ..figures.query()
        })?;
        let share = match town {
            Some(town) => imaged.towns.get(town).and_then(|town| town.flyable),
            None => imaged.flyable,
        };
        days.push((CivilDay(day), share.and_then(survey::ledger::Share::percent)));
    }
    Ok(TownPage {
        map_png: age_map::map_png(figures, found, town)?,
        gap_km2: gaps.iter().map(|gap| gap.gap.area_m2).sum::<f64>() / 1e6,
        gaps: gaps
            .iter()
            .take(GAPS_LISTED)
            .map(|gap| gap.answer.clone())
            .collect(),
        row,
        days,
    })
}

fn html(month: &Month, town: &TownPage, lang: Lang) -> String {
    let subtitle = format!("{} · {}", escaped(&town.row.name), escaped(&month.label));
    let body = [
        numbers(month, town),
        map(town),
        history(town),
        gaps(town),
        all_towns(month, town),
        basis(month),
    ]
    .concat();
    page(
        ("覆盖月报", "Monthly coverage"),
        &subtitle,
        &format!("<style>{STYLE}</style>{body}"),
        lang,
    )
}

const STYLE: &str = ".numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin: 16px 0; }
.numbers div { border: 1px solid var(--line); border-left: 6px solid var(--blue); padding: 8px 12px; break-inside: avoid; }
.numbers b { display: block; font-size: 26px; } .numbers small { color: var(--soft); }
.map { display: grid; grid-template-columns: minmax(0, 1fr) 210px; gap: 14px; align-items: start; break-inside: avoid; }
.map img { width: 100%; max-height: 860px; object-fit: contain; object-position: left top; border: 1px solid var(--line); }
.legend { list-style: none; padding: 0; margin: 0; } .legend i { display: inline-block; width: 22px; height: 14px; margin-right: 8px; vertical-align: -2px; }
.here td { background: #eef4fd; font-weight: 600; }
@media print { .map img { max-height: 560px; } .numbers b { font-size: 20px; } @page { margin: 14mm; } }";

fn amount(amount: &Amount) -> (String, String) {
    let percent = amount
        .percent
        .map_or_else(|| both("未知", "unknown"), |percent| format!("{percent:.1} %"));
    let size = amount.km2.map_or_else(String::new, |km2| format!("{km2:.3} km²"));
    let why = amount.unknown.as_ref().map_or_else(String::new, words);
    (percent, format!("{size} {why}"))
}

fn numbers(month: &Month, town: &TownPage) -> String {
    let setting = &month.figures.setting;
    let within = both(
        &format!(
            "近 {} 天({} 至 {}),GSD ≤ {} cm",
            setting.within_days, setting.since, setting.until, setting.max_gsd_cm
        ),
        &format!(
            "within {} days ({} to {}), GSD ≤ {} cm",
            setting.within_days, setting.since, setting.until, setting.max_gsd_cm
        ),
    );
    let target = |number: &str| {
        let goal = month.figures.goals.iter().find(|goal| goal.number == number);
        goal.map_or_else(String::new, |goal| {
            both(
                &format!("全区目标 {:.0} %", goal.target_percent),
                &format!("target of the district {:.0} %", goal.target_percent),
            )
        })
    };
    let card = |name: String, (percent, size): (String, String), note: String| {
        format!("<div>{name}<b>{percent}</b><small>{size}<br>{note}</small></div>")
    };
    let area = town
        .row
        .area_km2
        .map_or_else(String::new, |km2| format!("{km2:.3} km²"));
    format!(
        "<p class=\"note\">{} {area}</p><section class=\"numbers\">{}{}{}</section>",
        both("适飞面积", "flyable ground"),
        card(
            both("可达", "reachable"),
            amount(&town.row.reachable),
            target("reachable")
        ),
        card(
            both("计划", "planned"),
            amount(&town.row.planned),
            words(&setting.plan)
        ),
        card(
            both("实拍", "imaged"),
            amount(&town.row.imaged),
            format!("{} · {within}", target("imaged"))
        ),
    )
}

fn map(town: &TownPage) -> String {
    let entry = |(colour, said): (crate::map_picture::Colour, crate::lang::Words)| {
        let [r, g, b] = colour;
        format!(
            "<li><i style=\"background: rgb({r},{g},{b})\"></i>{}</li>",
            words(&said)
        )
    };
    let legend: String = age_map::legend().into_iter().map(entry).collect();
    format!(
        "<h2>{}</h2><section class=\"map\"><img alt=\"\" src=\"data:image/png;base64,{}\"><ul class=\"legend\">{legend}</ul></section>",
        both("多久没拍到", "Days since seen"),
        base64(&town.map_png)
    )
}

/// The share by day as a line.
fn history(town: &TownPage) -> String {
    let known: Vec<(usize, f64)> = town
        .days
        .iter()
        .enumerate()
        .filter_map(|(index, (_, percent))| Some((index, (*percent)?)))
        .collect();
    let head = format!("<h2>{}</h2>", both("本月实拍(%)", "Imaged by day, %"));
    if known.is_empty() {
        return format!("{head}<p class=\"note\">{}</p>", both("没有数据", "no data"));
    }
    const WIDTH: f64 = 900.0;
    const HEIGHT: f64 = 150.0;
    let last = town.days.len().saturating_sub(1).max(1) as f64;
    let x = |index: usize| 34.0 + (WIDTH - 44.0) * index as f64 / last;
    let y = |percent: f64| HEIGHT - 20.0 - (HEIGHT - 32.0) * percent / 100.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\">");
    for percent in [0.0, 50.0, 100.0] {
        let at = y(percent);
        let _ = write!(
            svg,
            "<line x1=\"34\" x2=\"{WIDTH}\" y1=\"{at}\" y2=\"{at}\" stroke=\"#d7dde5\"/><text x=\"2\" y=\"{}\">{percent}</text>",
            at + 4.0
        );
    }
    let points: Vec<String> = known
        .iter()
        .map(|(index, percent)| format!("{:.1},{:.1}", x(*index), y(*percent)))
        .collect();
    let _ = write!(
        svg,
        "<polyline fill=\"none\" stroke=\"#1663c7\" stroke-width=\"2.5\" points=\"{}\"/>",
        points.join(" ")
    );
    for (index, (day, _)) in town.days.iter().enumerate().step_by(7) {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\">{day}</text>",
            x(index),
            HEIGHT - 4.0
        );
    }
    format!("{head}{svg}</svg>")
}

fn gaps(town: &TownPage) -> String {
    let heads = [
        both("编号", "gap"),
        both("面积 m²", "area, m²"),
        both("龄期 天", "age, days"),
        both("最后拍到", "last seen"),
        both("目标类别", "classes"),
        both("机场", "dock"),
        both("飞行分钟", "minutes of flight"),
        both("架次", "sorties"),
    ];
    let head: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let row = |gap: &GapAnswer| {
        let cells = [
            escaped(&gap.name),
            format!("{:.0}", gap.area_m2),
            format!("{:.0}", gap.age_days),
            gap.last_seen.clone().unwrap_or_else(|| both("从未", "never")),
            escaped(&gap.classes.join("、")),
            escaped(gap.dock_id.as_deref().unwrap_or("–")),
            gap.flight_minutes.map_or_else(
                || both("飞不到", "out of reach"),
                |minutes| format!("{minutes:.0}"),
            ),
            gap.sorties
                .map_or_else(|| "–".to_owned(), |sorties| sorties.to_string()),
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = town.gaps.iter().map(row).collect();
    format!(
        "<h2>{}</h2><p class=\"note\">{}</p><div class=\"wide\"><table><tr>{head}</tr>{rows}</table></div>",
        both("空白(按龄期 × 类别权重)", "Gaps, by age × class weight"),
        both(
            &format!("共 {:.3} km²,列出前 {} 处", town.gap_km2, town.gaps.len()),
            &format!(
                "{:.3} km² in all, the first {} listed",
                town.gap_km2,
                town.gaps.len()
            )
        ),
    )
}

fn all_towns(month: &Month, here: &TownPage) -> String {
    if month.towns.rows.is_empty() {
        return String::new();
    }
    let heads = [
        both("街镇", "town"),
        both("适飞 km²", "flyable km²"),
        both("可达 %", "reachable %"),
        both("计划 %", "planned %"),
        both("实拍 %", "imaged %"),
        both("龄期 p50/p90 天", "age p50/p90, days"),
    ];
    let head: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    let days = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let row = |row: &CoverageRow| {
        let class = if row.name == here.row.name {
            " class=\"here\""
        } else {
            ""
        };
        format!(
            "<tr{class}><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}/{}</td></tr>",
            escaped(&row.name),
            row.area_km2
                .map_or_else(|| "–".to_owned(), |km2| format!("{km2:.2}")),
            number(row.reachable.percent),
            number(row.planned.percent),
            number(row.imaged.percent),
            days(row.ages.p50_days),
            days(row.ages.p90_days)
        )
    };
    let rows: String = std::iter::once(&month.figures.whole)
        .chain(&month.towns.rows)
        .map(row)
        .collect();
    format!(
        "<h2>{}</h2><div class=\"wide\"><table><tr>{head}</tr>{rows}</table></div>",
        both("全区各街镇", "All towns")
    )
}

fn basis(month: &Month) -> String {
    let (figures, setting) = (&month.figures, &month.figures.setting);
    let layers = figures.layers.iter().map(|layer| {
        let validity = format!(
            "{}..{}",
            layer.valid_from.as_deref().unwrap_or(""),
            layer.valid_to.as_deref().unwrap_or("")
        );
        let line = format!(
            "{} {} {} [{validity}] {}",
            layer.kind,
            layer.name,
            layer.version,
            layer.source.as_deref().unwrap_or("")
        );
        format!("<li>{}</li>", escaped(&line))
    });
    let missing = figures.missing_layers.iter().map(|kind| {
        format!(
            "<li>{} {}</li>",
            both("缺少图层:", "no layer of kind"),
            escaped(kind)
        )
    });
    let list: String = layers.chain(missing).collect();
    format!(
        "<h2>{}</h2><dl><dt>{}</dt><dd><ul>{list}</ul></dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{} m · {}</dd></dl>",
        both("依据", "What this rests on"),
        both("图层", "layers"),
        both("可达", "reach"),
        words(&setting.reach),
        both("计划", "plans"),
        words(&setting.plan),
        both("格网", "cells"),
        setting.cell_m,
        escaped(&setting.time_zone),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_they_end() {
        let bounds =
            |month: &str| month_bounds(month).map(|(first, last)| (first.to_string(), last.to_string()));
        assert_eq!(
            bounds("2026-11").unwrap(),
            ("2026-11-01".to_owned(), "2026-11-30".to_owned())
        );
        assert_eq!(bounds("2024-02").unwrap().1, "2024-02-29");
        assert_eq!(bounds("2026-12").unwrap().1, "2026-12-31");
        for wrong in ["2026-13", "11-2026", "", "2026-11-03"] {
            assert!(bounds(wrong).is_err(), "{wrong}");
        }
    }
}
