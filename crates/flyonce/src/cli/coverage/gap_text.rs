//! Gaps and their plans in words and tables.

use crate::cli::output::table;
use crate::coverage::answer::{GapAnswer, GapList};
use crate::coverage::gap_plans::WrittenPlans;
use crate::lang::Lang;

/// Gaps shown on the terminal.
const GAPS_SHOWN: usize = 10;
/// Flights of a gap whose minutes are shown.
const FLIGHTS_SHOWN: usize = 6;

pub(super) fn gaps(gaps: &GapList, lang: Lang) -> String {
    let mut lines = vec![
        [
            lang.pick("空白", "gap"),
            lang.pick("街镇", "town"),
            "m²",
            lang.pick("龄期 天", "age d"),
            lang.pick("权重", "weight"),
            lang.pick("机场", "dock"),
            lang.pick("架次", "sorties"),
            lang.pick("每架次分钟", "min of each"),
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
            gap.sorties
                .map_or_else(|| "–".to_owned(), |sorties| sorties.to_string()),
            minutes(gap),
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

/// Minutes of each sortie, as many as fit.
fn minutes(gap: &GapAnswer) -> String {
    let mut minutes: Vec<String> = gap
        .flights
        .iter()
        .take(FLIGHTS_SHOWN)
        .map(|flight| format!("{:.0}", flight.minutes))
        .collect();
    if gap.flights.len() > FLIGHTS_SHOWN {
        minutes.push("…".to_owned());
    }
    if minutes.is_empty() {
        return "–".to_owned();
    }
    minutes.join(" + ")
}

pub(super) fn plans(plans: &WrittenPlans, lang: Lang) -> String {
    let minutes: f64 = plans.plans.iter().map(|written| written.plan.minutes).sum();
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
