//! The demo's summary in words.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;

use crate::answers::score::MatterScore;
use crate::answers::wave::{NotFlown, WaveAnswer};
use crate::cli::demo::figures::Figures;
use crate::cli::output::Output;
use crate::lang::Lang;

/// Scores by matter code.
pub type Scores = BTreeMap<String, MatterScore>;

/// Prints what the wave came to.
///
/// # Errors
/// A standard output that cannot be written.
pub fn show(output: Output, wave: &WaveAnswer, scores: &Scores, figures: &Figures) -> Result<()> {
    let answer = json!({ "simulated": true, "wave": wave, "scores": scores, "figures": figures });
    output.show(&answer, |lang| {
        let mut lines = Vec::new();
        launches(&mut lines, wave, lang);
        photos(&mut lines, wave, lang);
        leads(&mut lines, wave, scores, lang);
        ground(&mut lines, wave, lang);
        costs(&mut lines, figures, lang);
        lines.join("\n")
    })
}

fn launches(lines: &mut Vec<String>, wave: &WaveAnswer, lang: Lang) {
    let last = wave.last_launch_s.unwrap_or_default();
    let (launched, sorties) = (wave.launched, wave.sorties);
    lines.push(match lang {
        Lang::Zh => format!("【模拟】放飞 {launched}/{sorties} 个机场,最后一架在计划时刻后 {last:.0} 秒离地(城市时间)"),
        Lang::En => format!("[SIMULATED] {launched} of {sorties} docks launched, the last {last:.0} s after the slot (city time)"),
    });
    for (label, list) in [
        (lang.pick("未放飞", "refused"), &wave.refused),
        (lang.pick("失败", "failed"), &wave.failed),
    ] {
        lines.extend(
            list.iter()
                .map(|one| format!("  ! {label} {}", reason(one, lang))),
        );
    }
}

fn reason(one: &NotFlown, lang: Lang) -> String {
    let note = one
        .note
        .as_deref()
        .map(|note| format!(" ({note})"))
        .unwrap_or_default();
    let next = one
        .next_step
        .as_ref()
        .map(|next| format!(" → {}", next.pick(lang)));
    format!(
        "{}: {}{note}{}",
        one.dock_id.as_deref().unwrap_or(&one.sortie_id),
        one.words.pick(lang),
        next.unwrap_or_default()
    )
}

fn photos(lines: &mut Vec<String>, wave: &WaveAnswer, lang: Lang) {
    let p = &wave.photos;
    lines.push(match lang {
        Lang::Zh => format!(
            "照片:计划 {} → 触发 {} → 拍摄 {} → 入库 {} → 识别 {};计划外 {}",
            p.planned, p.triggered, p.captured, p.stored, p.looked_at, p.extra
        ),
        Lang::En => format!(
            "photos: planned {} → triggered {} → captured {} → stored {} → looked at {}; beyond the plan {}",
            p.planned, p.triggered, p.captured, p.stored, p.looked_at, p.extra
        ),
    });
    for (loss, count) in &p.lost {
        let word = match (loss.as_str(), lang) {
            ("not_flown", Lang::Zh) => "未飞到",
            ("misfire", Lang::Zh) => "未拍成",
            ("never_arrived", Lang::Zh) => "未传回",
            ("unreadable", Lang::Zh) => "无法解码",
            ("not_flown", Lang::En) => "not flown",
            ("misfire", Lang::En) => "misfire",
            ("never_arrived", Lang::En) => "never arrived",
            (other, _) => other,
        };
        let lost = lang.pick("损失", "lost");
        lines.push(format!("  ! {lost}: {word} {count}"));
    }
}

fn leads(lines: &mut Vec<String>, wave: &WaveAnswer, scores: &Scores, lang: Lang) {
    let by_class: Vec<String> = wave
        .leads_by_class
        .iter()
        .map(|(class, count)| format!("{class} {count}"))
        .collect();
    let (all, by_class) = (wave.leads, by_class.join(", "));
    lines.push(match lang {
        Lang::Zh => format!("线索:{all} 条({by_class})"),
        Lang::En => format!("leads: {all} ({by_class})"),
    });
    for (matter, score) in scores.iter().filter(|(_, score)| score.planted + score.leads > 0) {
        let percent =
            |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share));
        if !score.trained {
            let planted = score.planted;
            lines.push(match lang {
                Lang::Zh => format!("  【模拟】{matter}:布设 {planted} 处,模型未训练此类"),
                Lang::En => {
                    format!("  [simulated] {matter}: {planted} planted; the model is not trained for it")
                }
            });
            continue;
        }
        let (recall, precision) = (percent(score.recall), percent(score.precision));
        let MatterScore {
            planted,
            found,
            leads,
            right,
            ..
        } = score;
        lines.push(match lang {
            Lang::Zh => format!("  【模拟】{matter}:召回 {recall}({found}/{planted}),准确 {precision}({right}/{leads})"),
            Lang::En => format!("  [simulated] {matter}: recall {recall} ({found}/{planted}), precision {precision} ({right}/{leads})"),
        });
    }
}

fn ground(lines: &mut Vec<String>, wave: &WaveAnswer, lang: Lang) {
    let imaged = wave.imaged.imaged_total_km2;
    let Some(reach) = &wave.reach else { return };
    let percent = reach.planned_imaged_percent.unwrap_or_default();
    let (reachable, planned) = (reach.reachable_km2, reach.planned_km2);
    let by = reach.reach.pick(lang);
    lines.push(match lang {
        Lang::Zh => format!(
            "覆盖:可达 {reachable:.1} km²({by});计划 {planned:.3} km²;实拍 {imaged:.3} km²,占今日计划 {percent:.1} %"
        ),
        Lang::En => format!(
            "ground: reachable {reachable:.1} km² ({by}); planned {planned:.3} km²; imaged {imaged:.3} km², {percent:.1} % of today's planned blocks"
        ),
    });
}

fn costs(lines: &mut Vec<String>, figures: &Figures, lang: Lang) {
    let look = &figures.look_ms;
    let cores = |core_s: Option<f64>| core_s.map_or("–".to_owned(), |core_s| format!("{core_s:.2}"));
    let mib = |mib: Option<u64>| mib.map_or("–".to_owned(), |mib| mib.to_string());
    let (service, simulator) = (
        cores(figures.service_core_s_per_photo),
        cores(figures.simulator_core_s_per_photo),
    );
    let (own, other) = (mib(figures.service_peak_mib), mib(figures.simulator_peak_mib));
    let stages = format!(
        "read {} · decode {} · tiles {} · model {} · commit {} ms",
        look.read, look.decode, look.prepare, look.infer, look.commit
    );
    let wall = figures.wall_s;
    lines.push(match lang {
        Lang::Zh => format!(
            "用时 {wall:.0} 秒;每张照片核秒:服务 {service}、模拟器 {simulator};识别每张 {stages};内存峰值 {own} + {other} MiB"
        ),
        Lang::En => format!(
            "{wall:.0} s; core-seconds per photo: service {service}, simulator {simulator}; looking per photo: {stages}; peak memory {own} + {other} MiB"
        ),
    });
}
