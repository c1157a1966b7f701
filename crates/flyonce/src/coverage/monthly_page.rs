//! How a town's monthly page looks: the three numbers, a map, how the month went, gaps, all towns, and what it all rests
//! on. One HTML file that needs nothing else and prints well, in Chinese and English.

use survey::time::CivilDay;

use crate::answers::layer_kinds::kind_words;
use crate::coverage::age_map;
use crate::coverage::answer::{Amount, CoverageFigures, CoverageRow, CoverageTable, GapAnswer, LayerUse};
use crate::coverage::monthly_chart::chart;
use crate::lang::{Lang, Words};
use crate::map_picture::panel::Sample;
use crate::report::page;
use crate::report::text::{base64, both, escaped, words};

/// What all pages of a month share.
pub struct Month {
    /// `yyyy-mm`.
    pub label: String,
    /// Whether the figures are of its last day.
    pub is_over: bool,
    /// The district.
    pub figures: CoverageFigures,
    /// All towns.
    pub towns: CoverageTable,
    /// How the numbers are defined.
    pub definitions: Vec<Words>,
    /// One each.
    pub pages: Vec<TownPage>,
}

/// What one page shows.
pub struct TownPage {
    /// Name of its file.
    pub file: String,
    /// The town, or all flyable ground.
    pub row: CoverageRow,
    /// Its map.
    pub map_png: Vec<u8>,
    /// Its most urgent gaps.
    pub gaps: Vec<GapAnswer>,
    /// How many it has in all.
    pub gap_count: usize,
    /// Their area in all, km².
    pub gap_km2: f64,
    /// How the month went.
    pub course: Course,
}

/// How a month went.
pub struct Course {
    /// Imaged share the day before it began, 0 to 100.
    pub before: Option<f64>,
    /// Imaged share at the end of each of its days.
    pub days: Vec<(CivilDay, Option<f64>)>,
    /// What the photos of the month itself show, km².
    pub own_km2: Option<f64>,
    /// The same, per cent.
    pub own_percent: Option<f64>,
}

/// A page as HTML.
pub fn html(month: &Month, town: &TownPage, lang: Lang) -> String {
    let subtitle = format!("{} · {}", escaped(&town.row.name), escaped(&month.label));
    let body = [
        numbers(month, town),
        map(town),
        course(month, town),
        gaps(month, town),
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

const STYLE: &str = include_str!("monthly.css");

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

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
    let target = |number: &str| {
        let goal = month.figures.goals.iter().find(|goal| goal.number == number);
        goal.map_or_else(String::new, |goal| {
            let of_all = goal
                .percent
                .map_or_else(String::new, |percent| format!("{percent:.1} %"));
            both(
                &format!("全区 {of_all},目标 {:.0} %", goal.target_percent),
                &format!("district {of_all}, target {:.0} %", goal.target_percent),
            )
        })
    };
    let card = |name: String, (percent, size): (String, String), notes: [String; 2]| {
        let [what, note] = notes;
        format!(
            "<div>{name}<b>{percent}</b><small>{size}</small><small>{what}</small><small>{note}</small></div>"
        )
    };
    let imaged = both(
        &format!(
            "{} 至 {}({} 天)内清晰拍到的适飞面积,GSD(每像素地面尺寸)≤ {} cm",
            setting.since, setting.until, setting.within_days, setting.max_gsd_cm
        ),
        &format!(
            "photographed sharply from {} to {} ({} days), GSD (ground per pixel) ≤ {} cm",
            setting.since, setting.until, setting.within_days, setting.max_gsd_cm
        ),
    );
    let reachable = both(
        "机场飞得到、能作业、回得来的适飞面积",
        "flyable ground that docks' vehicles get to, work over and come back from",
    );
    let planned = both(
        "排班任务计划拍摄的适飞面积",
        "flyable ground that the missions of the calendar are to photograph",
    );
    // Why there is none stands above it already.
    let plan = match town.row.planned.unknown {
        Some(_) => String::new(),
        None => words(&setting.plan),
    };
    format!(
        "<p class=\"note\">{}</p><section class=\"numbers\">{}{}{}</section>",
        head(month, town),
        card(
            both("可达", "Reachable"),
            amount(&town.row.reachable),
            [reachable, target("reachable")]
        ),
        card(
            both("计划", "Planned"),
            amount(&town.row.planned),
            [planned, plan]
        ),
        card(
            both("实拍", "Imaged"),
            amount(&town.row.imaged),
            [imaged, target("imaged")]
        ),
    )
}

/// The day of the figures and the ground that shares are taken of.
fn head(month: &Month, town: &TownPage) -> String {
    let as_of = &month.figures.as_of;
    let day = if month.is_over {
        both(
            &format!("统计日 {as_of}(月末)"),
            &format!("as of {as_of} (end of the month)"),
        )
    } else {
        both(
            &format!("统计日 {as_of}(本月未完)"),
            &format!("as of {as_of} (the month is not over)"),
        )
    };
    let area = match town.row.area_km2 {
        Some(km2) => both(
            &format!("适飞面积 {km2:.3} km²,各百分比均以此为分母"),
            &format!("{km2:.3} km² of flyable ground, which all shares are taken of"),
        ),
        None => both(
            "没有适飞图层,只有面积而无百分比",
            "no layer says what is flyable, so there are areas but no shares",
        ),
    };
    format!("{day} · {area}")
}

fn map(town: &TownPage) -> String {
    let entry = |(sample, said): (Sample, Words)| {
        let sign = match sample {
            Sample::Ground([r, g, b]) => format!("<i style=\"background: rgb({r},{g},{b})\"></i>"),
            Sample::Line([r, g, b]) => {
                format!("<i class=\"line\" style=\"border-color: rgb({r},{g},{b})\"></i>")
            }
            Sample::Sign(_, [r, g, b]) => {
                format!("<i class=\"sign\" style=\"background: rgb({r},{g},{b})\"></i>")
            }
        };
        format!("<li>{sign}<span>{}</span></li>", words(&said))
    };
    let legend: String = age_map::legend().into_iter().map(entry).collect();
    format!(
        "<section class=\"map\"><div><h2>{}</h2><p class=\"note\">{}</p><img alt=\"\" src=\"data:image/png;base64,{}\"></div><ul class=\"legend\">{legend}</ul></section>",
        both("多久没拍到", "Days since seen"),
        ages(town),
        base64(&town.map_png)
    )
}

/// How old what was seen is, and what the figures on the map are.
fn ages(town: &TownPage) -> String {
    let ages = &town.row.ages;
    let ranks = both(
        "图上数字为下表空白编号。",
        "Figures on the map are numbers of gaps below.",
    );
    let (Some(p50), Some(p90)) = (ages.p50_days, ages.p90_days) else {
        return both("还没有拍到过。", "None of it was ever seen. ") + &ranks;
    };
    let days = |days: u32| {
        if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        }
    };
    let never = number(ages.never_percent, 1);
    both(
        &format!("拍到过的地面,一半在 {p50} 天内、九成在 {p90} 天内拍到;{never} % 从未拍到。"),
        &format!(
            "Of the ground ever seen, half was seen within {} and nine tenths within {}; {never} % was never seen. ",
            days(p50),
            days(p90)
        ),
    ) + &ranks
}

/// How the month went, in a sentence and as a line.
fn course(month: &Month, town: &TownPage) -> String {
    let course = &town.course;
    let known: Vec<(usize, f64)> = course
        .days
        .iter()
        .enumerate()
        .filter_map(|(index, (_, percent))| Some((index, (*percent)?)))
        .collect();
    let head = format!("<h2>{}</h2>", both("本月实拍(%,按日)", "Imaged by day, %"));
    let Some((_, end)) = known.last().copied() else {
        return format!("{head}<p class=\"note\">{}</p>", both("没有数据", "no data"));
    };
    let said = if course.own_km2.is_some_and(|km2| km2 > 0.0) {
        let (km2, percent) = (number(course.own_km2, 3), number(course.own_percent, 1));
        both(
            &format!(
                "本月照片拍到 {km2} km²({percent} %);实拍由月初 {} % 变为 {end:.1} %。",
                number(course.before, 1)
            ),
            &format!(
                "The month's own photos show {km2} km² ({percent} %); imaged went from {} % to {end:.1} %.",
                number(course.before, 1)
            ),
        )
    } else {
        both(
            &format!(
                "本月没有可计入的照片;实拍由月初 {} % 变为 {end:.1} %。",
                number(course.before, 1)
            ),
            &format!(
                "No photo of this month counts; imaged went from {} % to {end:.1} %.",
                number(course.before, 1)
            ),
        )
    };
    let goal = month.figures.goals.iter().find(|goal| goal.number == "imaged");
    let chart = chart(&course.days, &known, goal.map(|goal| goal.target_percent));
    format!(
        "{head}<p class=\"note\">{said} {}</p>{chart}",
        both("虚线为全区目标。", "Dashed: the district's target.")
    )
}

/// A whole number with thin spaces between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

fn table(heads: &[String], rows: &str) -> String {
    let head: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")
}

fn gaps(month: &Month, town: &TownPage) -> String {
    let title = format!(
        "<h2>{}</h2>",
        both("空白(期限内未拍到)", "Gaps: ground not seen in time")
    );
    if month.figures.whole.area_km2.is_none() {
        let why = both(
            "没有适飞图层,不知道哪里该拍",
            "no layer says what is flyable, so nobody knows what should have been seen",
        );
        return format!("{title}<p class=\"note\">{why}</p>");
    }
    if town.gaps.is_empty() {
        return format!(
            "{title}<p class=\"note\">{}</p>",
            both("没有空白", "There are none.")
        );
    }
    let heads = [
        both("编号", "no."),
        both("面积 m²", "area, m²"),
        both("龄期 天", "age, days"),
        both("最后拍到", "last seen"),
        both("目标类别", "classes"),
        both("权重", "weight"),
        both("位置(经度,纬度)", "at (longitude, latitude)"),
        both("机场", "dock"),
        both("飞行分钟", "minutes of flight"),
        both("架次", "sorties"),
    ];
    let row = |gap: &GapAnswer| {
        let cells = [
            gap.rank.to_string(),
            grouped(gap.area_m2),
            format!("{:.0}", gap.age_days),
            gap.last_seen.clone().unwrap_or_else(|| both("从未", "never")),
            escaped(&gap.classes.join("、")),
            format!("{}", gap.class_weight),
            format!("{:.5}, {:.5}", gap.inside[0], gap.inside[1]),
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
    let (count, listed, km2) = (town.gap_count, town.gaps.len(), town.gap_km2);
    let note = both(
        &format!(
            "共 {count} 处、{km2:.3} km²,按“龄期 × 类别权重”列出前 {listed} 处;编号为全区排名,与 gaps 文件一致。龄期为距上次拍到的平均天数,从未拍到的按设定天数计。"
        ),
        &format!(
            "{count} in all, {km2:.3} km²; the first {listed} by age × class weight. Numbers rank all gaps of the district, as in its files. Age: mean days since seen; ground never seen counts as a fixed number of days."
        ),
    );
    format!("{title}<p class=\"note\">{note}</p>{}", table(&heads, &rows))
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
        both("龄期 天(50 %/90 %)", "age, days (50 %/90 %)"),
        both("从未拍到 %", "never seen %"),
    ];
    let days = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let row = |row: &CoverageRow| {
        let class = if row.name == here.row.name {
            " class=\"here\""
        } else {
            ""
        };
        let page = month
            .pages
            .iter()
            .find(|page| page.row == *row && page.file != here.file);
        let name = match page {
            Some(page) => format!("<a href=\"{}\">{}</a>", escaped(&page.file), escaped(&row.name)),
            None => escaped(&row.name),
        };
        format!(
            "<tr{class}><td class=\"name\">{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}/{}</td><td>{}</td></tr>",
            number(row.area_km2, 2),
            number(row.reachable.percent, 1),
            number(row.planned.percent, 1),
            number(row.imaged.percent, 1),
            days(row.ages.p50_days),
            days(row.ages.p90_days),
            number(row.ages.never_percent, 1)
        )
    };
    let rows: String = std::iter::once(&month.figures.whole)
        .chain(&month.towns.rows)
        .map(row)
        .collect();
    format!(
        "<section class=\"towns\"><h2>{}</h2>{}</section>",
        both("全区各街镇", "All towns"),
        table(&heads, &rows)
    )
}

fn basis(month: &Month) -> String {
    let (figures, setting) = (&month.figures, &month.figures.setting);
    let missing = figures.missing_layers.iter().map(|kind| {
        let kind = kind_words(kind);
        format!(
            "<li>{}</li>",
            both(
                &format!("缺少图层:{}", kind.zh),
                &format!("no layer of kind {}", kind.en)
            )
        )
    });
    let list: String = figures.layers.iter().map(layer_entry).chain(missing).collect();
    let definitions: String = month
        .definitions
        .iter()
        .map(|said| format!("<li>{}</li>", words(said)))
        .collect();
    let entries = [
        (both("图层(版本)", "layers (version)"), format!("<ul>{list}</ul>")),
        (both("可达", "reach"), words(&setting.reach)),
        (both("计划", "plans"), words(&setting.plan)),
        (
            both("格网", "cells"),
            format!("{} m · {}", setting.cell_m, escaped(&setting.time_zone)),
        ),
        (both("说明", "definitions"), format!("<ul>{definitions}</ul>")),
    ];
    let entries: String = entries
        .iter()
        .map(|(name, said)| format!("<dt>{name}</dt><dd>{said}</dd>"))
        .collect();
    format!(
        "<h2>{}</h2><dl>{entries}</dl><p class=\"note\">飞一次 FlyOnce</p>",
        both("依据", "What this rests on"),
    )
}

/// Kind, name, version, for how long it counts, who made it.
fn layer_entry(layer: &LayerUse) -> String {
    let part = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
    let validity = match (&layer.valid_from, &layer.valid_to) {
        (None, None) => String::new(),
        (from, to) => format!(" ({} – {})", part(from), part(to)),
    };
    let source = layer
        .source
        .as_ref()
        .map_or_else(String::new, |source| format!(" · {source}"));
    format!(
        "<li>{} {}</li>",
        words(&kind_words(&layer.kind)),
        escaped(&format!("{} {}{validity}{source}", layer.name, layer.version))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(
            [0.4, 999.0, 2500.0, 15_611_021.0].map(grouped),
            ["0", "999", "2\u{2009}500", "15\u{2009}611\u{2009}021"]
        );
    }
}
