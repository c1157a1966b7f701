//! Coverage in words and tables.

use super::{CoverageShown, explain_text, gap_text};
use crate::cli::arguments::CoverageQuestion;
use crate::cli::coverage::window;
use crate::cli::output::table;
use crate::coverage::answer::{
    Amount, AsKnownThen, Audit, CoverageFigures, CoverageRow, CoverageTable, ForecastAnswer, History, RowKind,
};
use crate::lang::Lang;

pub(super) fn all(shown: &CoverageShown, question: &CoverageQuestion, lang: Lang) -> String {
    if question.csv
        && let Some(history) = &shown.history
    {
        return csv(history);
    }
    let mut parts = Vec::new();
    if let Some(figures) = &shown.figures {
        parts.push(numbers(figures, lang));
    }
    parts.extend(shown.window.iter().map(|window| window::text(window, lang)));
    if let Some(of_kind) = &shown.table {
        parts.push(rows(of_kind, lang));
    }
    let more = [
        shown
            .explanation
            .as_ref()
            .map(|explanation| explain_text::explained(explanation, lang)),
        shown.audit.as_ref().map(|audit| audited(audit, lang)),
        shown.history.as_ref().map(|history| by_day(history, lang)),
        shown
            .forecast
            .as_ref()
            .map(|forecast| forecast_text(forecast, lang)),
        shown.gaps.as_ref().map(|gaps| gap_text::gaps(gaps, lang)),
        shown.gap_plans.as_ref().map(|plans| gap_text::plans(plans, lang)),
    ];
    parts.extend(more.into_iter().flatten());
    if !shown.files.is_empty() {
        parts.push(format!(
            "{}{}",
            lang.pick("已写:", "written: "),
            shown.files.join(", ")
        ));
    }
    parts.join("\n\n")
}

fn amount(amount: &Amount, lang: Lang) -> String {
    if let Some(why) = amount
        .unknown
        .as_ref()
        .filter(|_| amount.km2.is_none() && amount.km.is_none())
    {
        return format!("{} ({})", lang.pick("未知", "unknown"), why.pick(lang));
    }
    let size = match (amount.km2, amount.km) {
        (Some(km2), _) => format!("{km2:.3} km²"),
        (_, Some(km)) => format!("{km:.2} km"),
        _ => String::new(),
    };
    match amount.percent {
        Some(percent) => format!("{size}, {percent:.2} %"),
        None => size,
    }
}

/// The target of a number and whether it is met.
fn goal(figures: &CoverageFigures, number: &str, lang: Lang) -> String {
    let found = figures.goals.iter().find(|goal| goal.number == number);
    found.map_or(String::new(), |goal| {
        let met = match goal.met {
            Some(true) => lang.pick("达标", "met"),
            Some(false) => lang.pick("未达标", "not met"),
            None => lang.pick("未知", "unknown"),
        };
        let target = lang.pick("目标", "target");
        format!("  [{target} {:.0} %: {met}]", goal.target_percent)
    })
}

fn numbers(figures: &CoverageFigures, lang: Lang) -> String {
    let (whole, setting) = (&figures.whole, &figures.setting);
    let layers: Vec<String> = figures
        .layers
        .iter()
        .map(|layer| format!("{} {} ({})", layer.kind, layer.name, layer.version))
        .collect();
    let mut lines = vec![format!(
        "{} {}{}: {}{}",
        lang.pick("截至", "as of"),
        figures.as_of,
        if figures.as_known_then {
            lang.pick("(当日所知)", " (as known then)")
        } else {
            ""
        },
        if layers.is_empty() {
            lang.pick("没有图层", "no layers").to_owned()
        } else {
            layers.join("; ")
        },
        whole.area_km2.map_or(String::new(), |km2| format!(
            "; {} {km2:.3} km²",
            lang.pick("适飞", "flyable")
        )),
    )];
    for missing in &figures.missing_layers {
        lines.push(format!(
            "{} {missing}",
            lang.pick("缺少图层:", "no layer of kind")
        ));
    }
    lines.push(format!(
        "  {}  {}{}",
        lang.pick("可达", "reachable"),
        amount(&whole.reachable, lang),
        goal(figures, "reachable", lang)
    ));
    lines.push(format!(
        "  {}  {}",
        lang.pick("计划", "planned  "),
        amount(&whole.planned, lang)
    ));
    lines.push(format!(
        "  {}  {}{}  ({} {} {}, GSD ≤ {} cm, {} – {})",
        lang.pick("实拍", "imaged   "),
        amount(&whole.imaged, lang),
        goal(figures, "imaged", lang),
        lang.pick("近", "last"),
        setting.within_days,
        lang.pick("天", "days"),
        setting.max_gsd_cm,
        setting.since,
        setting.until
    ));
    lines.extend(no_photo(figures, lang));
    lines.extend(figures.known_then.iter().map(|known| known_then(known, lang)));
    lines.join("\n")
}

/// Says of an empty window that it is empty, and where photos are: a bare 0 looks like ground that was flown over in vain.
fn no_photo(figures: &CoverageFigures, lang: Lang) -> Option<String> {
    if figures.photos > 0 {
        return None;
    }
    let (since, until) = (&figures.setting.since, &figures.setting.until);
    let days = figures.setting.within_days;
    Some(match (&figures.newest_photo, lang) {
        (Some(day), Lang::Zh) => format!(
            "  近 {days} 天({since} 至 {until})没有可计入的照片;最新照片摄于 {day},用 --until {day} 查看当时的数字"
        ),
        (Some(day), Lang::En) => format!(
            "  no photo counts in the last {days} days ({since} to {until}); the newest is of {day}: see --until {day}"
        ),
        (None, Lang::Zh) => "  没有可计入的照片".to_owned(),
        (None, Lang::En) => "  no photo counts at all".to_owned(),
    })
}

fn known_then(known: &AsKnownThen, lang: Lang) -> String {
    let heads = [
        lang.pick("当日所知", "as it was known then"),
        lang.pick(
            "今天所知(当时的没有留存)",
            "as it is today (how it was is not kept)",
        ),
    ];
    let mut lines = Vec::new();
    for (head, facts) in heads.iter().zip([&known.of_then, &known.of_today]) {
        lines.push(format!("  {head}:"));
        lines.extend(facts.iter().map(|fact| format!("    · {}", fact.pick(lang))));
    }
    let percent =
        |percent: Option<f64>| percent.map_or("–".to_owned(), |percent| format!("{percent:.2} %"));
    lines.push(match (&known.stated, lang) {
        (Some(stated), _) => format!(
            "  {}: {} {}, {} {}, {} {}",
            lang.pick("当日公布", "stated on that day"),
            lang.pick("可达", "reachable"),
            percent(stated.reachable_percent),
            lang.pick("计划", "planned"),
            percent(stated.planned_percent),
            lang.pick("实拍", "imaged"),
            percent(stated.imaged_percent)
        ),
        (None, Lang::Zh) => "  当日没有公布过数字".to_owned(),
        (None, Lang::En) => "  nothing was stated on that day".to_owned(),
    });
    lines.join("\n")
}

/// Column of the share that is flyable, which only targets have.
const FLYABLE_COLUMN: usize = 2;

fn rows(of_kind: &CoverageTable, lang: Lang) -> String {
    if let Some(why) = &of_kind.unknown {
        return why.pick(lang).to_owned();
    }
    let is_line = of_kind.kind == RowKind::Corridor;
    let is_target = is_line || of_kind.kind == RowKind::Class;
    let heads = [
        match of_kind.kind {
            RowKind::District => lang.pick("范围", "area"),
            RowKind::Town => lang.pick("街镇", "town"),
            RowKind::Dock => lang.pick("机场", "dock"),
            RowKind::Class => lang.pick("类别", "class"),
            RowKind::Corridor => lang.pick("线段", "corridor"),
        },
        if is_line {
            "km"
        } else if is_target {
            lang.pick("目标 km²", "target km²")
        } else {
            lang.pick("适飞 km²", "flyable km²")
        },
        if is_target {
            lang.pick("适飞 %", "flyable %")
        } else {
            ""
        },
        lang.pick("可达 %", "reachable %"),
        lang.pick("计划 %", "planned %"),
        lang.pick("实拍 %", "imaged %"),
        if is_line {
            lang.pick("实拍 km", "imaged km")
        } else {
            lang.pick("实拍 km²", "imaged km²")
        },
        lang.pick("龄期 p50/p90/最大 天", "age p50/p90/max d"),
        lang.pick("从未 %", "never %"),
    ];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    lines.extend(of_kind.rows.iter().map(cells));
    if !is_target {
        lines
            .iter_mut()
            .for_each(|line| drop(line.remove(FLYABLE_COLUMN)));
    }
    table(&lines)
}

fn cells(row: &CoverageRow) -> Vec<String> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let days = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    // Among lines, a corridor that is drawn as an area has to say that it is one.
    let size = |km: Option<f64>, km2: Option<f64>| match (km2, row.kind) {
        (Some(km2), RowKind::Corridor) => format!("{km2:.3} km²"),
        _ => number(km.or(km2), 3),
    };
    let name = match (&row.code, row.kind) {
        (Some(name), RowKind::Dock) => format!("{} {name}", row.name),
        _ => row.name.clone(),
    };
    let ages = &row.ages;
    vec![
        name,
        size(row.length_km, row.area_km2),
        number(row.flyable_percent, 1),
        number(row.reachable.percent, 2),
        number(row.planned.percent, 2),
        number(row.imaged.percent, 2),
        size(row.imaged.km, row.imaged.km2),
        format!(
            "{}/{}/{}",
            days(ages.p50_days),
            days(ages.p90_days),
            days(ages.max_days)
        ),
        number(ages.never_percent, 1),
    ]
}

fn audited(audit: &Audit, lang: Lang) -> String {
    let mut lines = vec![vec![
        lang.pick("核算", "audit").to_owned(),
        lang.pick("精确 %", "exact %").to_owned(),
        lang.pick("台账 %", "ledger %").to_owned(),
        lang.pick("差(百分点)", "difference, points").to_owned(),
    ]];
    for row in &audit.rows {
        lines.push(vec![
            row.name.clone(),
            format!("{:.4}", row.exact_percent),
            format!("{:.4}", row.ledger_percent),
            format!("{:+.4}", row.difference_points),
        ]);
    }
    format!(
        "{}\n{}{} {:.4}; {}",
        audit.method.pick(lang),
        table(&lines),
        lang.pick("最大差(百分点)", "largest difference, points:"),
        audit.largest_difference_points,
        match lang {
            Lang::Zh => format!("{} 个照片范围", audit.footprints),
            Lang::En => format!("{} footprints", audit.footprints),
        }
    )
}

/// One character per day, by eighths between the lowest and the highest.
fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    let bar = |value: &f64| {
        let share = if high > low {
            (value - low) / (high - low)
        } else {
            0.0
        };
        BARS[((share * 7.0).round() as usize).min(7)]
    };
    values.iter().map(bar).collect()
}

fn by_day(history: &History, lang: Lang) -> String {
    let value =
        |percent: Option<f64>| percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent:.2}"));
    let line: Vec<f64> = history
        .days
        .iter()
        .map(|day| day.imaged_percent.unwrap_or(day.imaged_km2))
        .collect();
    let mut lines = vec![
        [
            lang.pick("日期", "day"),
            lang.pick("实拍 %", "imaged %"),
            "km²",
            lang.pick("照片", "photos"),
            lang.pick("当日公布:可达 %", "stated: reachable %"),
            lang.pick("计划 %", "planned %"),
            lang.pick("实拍 %", "imaged %"),
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let changed = history.days.iter().enumerate().filter(|(index, day)| {
        let before = index.checked_sub(1).map(|before| history.days[before].imaged_km2);
        before != Some(day.imaged_km2)
            || day.photos > 0
            || day.stated.is_some()
            || index + 1 == history.days.len()
    });
    for (_, day) in changed {
        let stated = day.stated.as_ref();
        lines.push(vec![
            day.day.clone(),
            value(day.imaged_percent),
            format!("{:.3}", day.imaged_km2),
            day.photos.to_string(),
            value(stated.and_then(|stated| stated.reachable_percent)),
            value(stated.and_then(|stated| stated.planned_percent)),
            value(stated.and_then(|stated| stated.imaged_percent)),
        ]);
    }
    format!("{}\n{}", sparkline(&line), table(&lines))
}

fn csv(history: &History) -> String {
    let value = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let mut lines =
        vec!["day,imaged_percent,imaged_km2,photos,stated_reachable_percent,stated_planned_percent,stated_imaged_percent".to_owned()];
    for day in &history.days {
        let stated = day.stated.as_ref();
        lines.push(format!(
            "{},{},{},{},{},{},{}",
            day.day,
            value(day.imaged_percent),
            day.imaged_km2,
            day.photos,
            value(stated.and_then(|stated| stated.reachable_percent)),
            value(stated.and_then(|stated| stated.planned_percent)),
            value(stated.and_then(|stated| stated.imaged_percent)),
        ));
    }
    lines.join("\n")
}

fn forecast_text(forecast: &ForecastAnswer, lang: Lang) -> String {
    let rate = forecast.rate_per_day.map_or(String::new(), |rate| match lang {
        Lang::Zh => format!(",近 {} 周每天 {rate:+.3} 个百分点", forecast.weeks),
        Lang::En => format!(", {rate:+.3} points a day over the last {} weeks", forecast.weeks),
    });
    format!(
        "{} {:.0} %: {}{rate}",
        lang.pick("预测:实拍目标", "forecast, imaged target"),
        forecast.target_percent,
        forecast.words.pick(lang)
    )
}
