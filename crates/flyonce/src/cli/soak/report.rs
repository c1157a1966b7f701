//! What a soak came to, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::cli::output::{Output, table};
use crate::cli::soak::site::Site;
use crate::cli::soak::{SoakArguments, Soaked};
use crate::fleet::words::{reason_words, state_words};
use crate::lang::Lang;

/// Prints the report.
///
/// # Errors
/// A standard output that cannot be written.
pub fn show(
    output: Output,
    arguments: &SoakArguments,
    site: &Site,
    soaked: &Soaked,
    wall: Duration,
) -> Result<()> {
    let totals = Totals::of(soaked);
    let answer = json!({
        "simulated": true,
        "days": soaked.days.len(),
        "stopped_on_day": soaked.stopped_on_day,
        "docks": arguments.docks,
        "seed": arguments.seed,
        "speed": arguments.speed,
        "broker": if site.has_broker() { "mosquitto" } else { "embedded" },
        "wall_s": wall.as_secs_f64().round(),
        "faults": totals.faults,
        "faults_by_name": totals.by_name,
        "kills": soaked.kills,
        "broker_restarts": soaked.broker_restarts,
        "ground_stops": soaked.ground_stops,
        "slots": totals.slots,
        "took_off": totals.took_off,
        "sorties": totals.ended,
        "codes": totals.codes,
        "photos": totals.photos,
        "extra_photos": totals.extra_photos,
        "violations": soaked.violations,
    });
    output.show(&answer, |lang| text(arguments, soaked, &totals, wall, lang))
}

/// Sums over all days.
#[derive(Debug, Default)]
struct Totals {
    faults: usize,
    by_name: BTreeMap<String, usize>,
    slots: usize,
    took_off: usize,
    extra_photos: usize,
    ended: BTreeMap<String, usize>,
    codes: BTreeMap<String, usize>,
    photos: BTreeMap<String, usize>,
}

impl Totals {
    fn of(soaked: &Soaked) -> Self {
        let mut totals = Self::default();
        for (plan, result) in &soaked.days {
            totals.faults += plan.fault_count();
            for fault in plan.faults.iter().flatten() {
                let name = fault.split('=').next().unwrap_or(fault);
                *totals.by_name.entry(name.to_owned()).or_default() += 1;
            }
            totals.slots += result.slots;
            totals.took_off += result.took_off;
            totals.extra_photos += result.extra_photos;
            add(&mut totals.ended, &result.ended);
            add(&mut totals.codes, &result.codes);
            add(&mut totals.photos, &result.photos);
        }
        totals
    }
}

fn add(sums: &mut BTreeMap<String, usize>, more: &BTreeMap<String, usize>) {
    for (word, count) in more {
        *sums.entry(word.clone()).or_default() += count;
    }
}

fn text(arguments: &SoakArguments, soaked: &Soaked, totals: &Totals, wall: Duration, lang: Lang) -> String {
    let days = soaked.days.len();
    let (docks, minutes) = (arguments.docks, wall.as_secs_f64() / 60.0);
    let heading = match lang {
        Lang::Zh => format!(
            "【模拟】{days} 天,{docks} 个机场,种子 {},用时 {minutes:.1} 分钟:注入故障 {} 个,强杀服务 {} 次,重启消息服务器 {} 次,全队停飞 {} 次",
            arguments.seed, totals.faults, soaked.kills, soaked.broker_restarts, soaked.ground_stops
        ),
        Lang::En => format!(
            "[SIMULATED] {days} days, {docks} docks, seed {}, {minutes:.1} minutes: {} faults, the service killed {} times, the broker restarted {} times, {} ground stops",
            arguments.seed, totals.faults, soaked.kills, soaked.broker_restarts, soaked.ground_stops
        ),
    };
    let mut rows = vec![row(lang.pick("时刻", "slots"), totals.slots)];
    rows.push(row(lang.pick("起飞", "took off"), totals.took_off));
    for (state, count) in &totals.ended {
        rows.push(row(&format!("  {}", state_words(state).pick(lang)), *count));
    }
    for (code, count) in &totals.codes {
        rows.push(row(&format!("    {}", reason_words(code).pick(lang)), *count));
    }
    let planned = totals.photos.values().sum();
    rows.push(row(lang.pick("计划照片", "planned photos"), planned));
    for (state, count) in &totals.photos {
        rows.push(row(&format!("  {state}"), *count));
    }
    rows.push(row(
        lang.pick("计划外照片", "photos nobody planned"),
        totals.extra_photos,
    ));
    let broken = soaked.violations.len();
    rows.push(row(lang.pick("违反规则", "rules broken"), broken));
    let mut lines = vec![heading];
    lines.extend(soaked.stopped_on_day.map(|day| match lang {
        Lang::Zh => format!("第 {day} 天中途收到停止信号:该天不计,进程已全部结束"),
        Lang::En => {
            format!("asked to stop on day {day}: that day does not count, and its processes are ended")
        }
    }));
    lines.push(table(&rows));
    lines.extend(
        soaked
            .violations
            .iter()
            .map(|one| format!("  day {}: {}: {}", one.day, one.rule, one.found)),
    );
    lines.join("\n")
}

fn row(what: &str, count: usize) -> Vec<String> {
    vec![what.to_owned(), count.to_string()]
}
