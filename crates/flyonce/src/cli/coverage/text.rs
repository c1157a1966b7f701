//! Coverage in words and tables.

use super::{CoverageShown, explain_text};
use crate::cli::arguments::CoverageQuestion;
use crate::cli::coverage::window;
use crate::cli::output::table;
use crate::coverage::answer::{
    Amount, Audit, CoverageFigures, CoverageRow, CoverageTable, ForecastAnswer, GapList, History, RowKind,
};
use crate::coverage::gap_plans::WrittenPlans;
use crate::lang::Lang;

/// Gaps shown on the terminal.
const GAPS_SHOWN: usize = 10;

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
    parts.push(window::text(&shown.window, lang));
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
        shown.gaps.as_ref().map(|gaps| gap_text(gaps, lang)),
        shown.gap_plans.as_ref().map(|plans| plan_text(plans, lang)),
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
    lines.join("\n")
}

fn rows(of_kind: &CoverageTable, lang: Lang) -> String {
    if let Some(why) = &of_kind.unknown {
        return why.pick(lang).to_owned();
    }
    let is_line = of_kind.kind == RowKind::Corridor;
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
        } else {
            lang.pick("适飞 km²", "flyable km²")
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
    table(&lines)
}

fn cells(row: &CoverageRow) -> Vec<String> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let days = |value: Option<u32>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let name = match (&row.code, row.kind) {
        (Some(name), RowKind::Dock) => format!("{} {name}", row.name),
        _ => row.name.clone(),
    };
    let ages = &row.ages;
    vec![
        name,
        number(row.area_km2.or(row.length_km), 3),
        number(row.reachable.percent, 2),
        number(row.planned.percent, 2),
        number(row.imaged.percent, 2),
        number(row.imaged.km2.or(row.imaged.km), 3),
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

fn gap_text(gaps: &GapList, lang: Lang) -> String {
    let mut lines = vec![
        [
            lang.pick("空白", "gap"),
            lang.pick("街镇", "town"),
            "m²",
            lang.pick("龄期 天", "age d"),
            lang.pick("权重", "weight"),
            lang.pick("机场", "dock"),
            lang.pick("分钟", "min"),
            lang.pick("架次", "sorties"),
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for gap in gaps.gaps.iter().take(GAPS_SHOWN) {
        lines.push(vec![
            gap.name.clone(),
            gap.town.clone().unwrap_or_default(),
            format!("{:.0}", gap.area_m2),
            format!("{:.0}", gap.age_days),
            gap.class_weight.to_string(),
            gap.dock_id.clone().unwrap_or_default(),
            gap.flight_minutes
                .map_or_else(|| "–".to_owned(), |minutes| format!("{minutes:.0}")),
            gap.sorties
                .map_or_else(|| "–".to_owned(), |sorties| sorties.to_string()),
        ]);
    }
    let total = match lang {
        Lang::Zh => format!(
            "{} 处空白共 {:.3} km²,另有 {} 处小于 {:.0} m²,共 {:.3} km²;{}",
            gaps.total, gaps.total_km2, gaps.small, gaps.smallest_m2, gaps.small_km2, gaps.flying.zh
        ),
        Lang::En => format!(
            "{} gaps of {:.3} km² in all, and {} below {:.0} m² of {:.3} km²; {}",
            gaps.total, gaps.total_km2, gaps.small, gaps.smallest_m2, gaps.small_km2, gaps.flying.en
        ),
    };
    format!("{total}\n{}", table(&lines))
}

fn plan_text(plans: &WrittenPlans, lang: Lang) -> String {
    let minutes: f64 = plans.plans.iter().map(|plan| plan.minutes).sum();
    let mut lines = vec![match lang {
        Lang::Zh => format!("已写 {} 个航线文件,共 {minutes:.0} 分钟", plans.plans.len()),
        Lang::En => format!(
            "{} plans written, {minutes:.0} minutes of flight",
            plans.plans.len()
        ),
    }];
    for (gap, why) in &plans.left_out {
        lines.push(format!("  {gap}: {}", why.pick(lang)));
    }
    if plans.left_out_m > 0.0 {
        lines.push(match lang {
            Lang::Zh => format!("  另有 {:.1} km 航线飞不到", plans.left_out_m / 1000.0),
            Lang::En => format!(
                "  {:.1} km of lines cannot be flown from their dock",
                plans.left_out_m / 1000.0
            ),
        });
    }
    lines.join("\n")
}
