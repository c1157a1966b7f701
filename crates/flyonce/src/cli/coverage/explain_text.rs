//! In words: everything that figures rest on.

use crate::coverage::answer::{Explanation, LayerUse};
use crate::lang::Lang;

pub(super) fn explained(explanation: &Explanation, lang: Lang) -> String {
    let setting = &explanation.figures.setting;
    let mut lines = vec![lang.pick("依据", "What this rests on").to_owned()];
    lines.extend(explanation.figures.layers.iter().map(layer));
    lines.extend(photos(explanation, lang));
    let reach = lang.pick("可达的算法", "reach");
    lines.push(format!("  {reach}: {}", setting.reach.pick(lang)));
    let plans = lang.pick("计划的范围", "plans");
    lines.push(format!("  {plans}: {}", setting.plan.pick(lang)));
    for mission in &explanation.missions {
        let photos = mission.photos.map_or_else(
            || mission.problem.clone().unwrap_or_default(),
            |photos| photos.to_string(),
        );
        let (name, dock, plan) = (&mission.mission, &mission.dock_id, &mission.plan);
        lines.push(format!("    {name} {dock} {plan}: {photos}"));
    }
    if let Some(grid) = &explanation.grid {
        let projection = lang.pick("格网投影", "grid");
        lines.push(format!("  {projection}: {}", grid.projection));
    }
    lines.push(format!(
        "  {}: {} m, GSD {:?} cm, {} {}",
        lang.pick("格网", "cells"),
        setting.cell_m,
        explanation.gsd_classes_cm,
        explanation.photos_in_ledger,
        lang.pick("张在台账中", "photos in the ledger")
    ));
    let checksum = lang.pick("台账校验", "ledger sha256");
    lines.push(format!("  {checksum}: {}", explanation.ledger_sha256));
    let definitions = explanation.definitions.iter();
    lines.extend(definitions.map(|definition| format!("  · {}", definition.pick(lang))));
    lines.join("\n")
}

fn layer(layer: &LayerUse) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (from, to) = (text(&layer.valid_from), text(&layer.valid_to));
    let (kind, name, version) = (&layer.kind, &layer.name, &layer.version);
    format!("  {kind} {name} {version} [{from}..{to}] {}", text(&layer.source))
}

/// Photos that count, and the others by reason.
fn photos(explanation: &Explanation, lang: Lang) -> Vec<String> {
    let (all, counted) = (explanation.photos, explanation.photos_counted);
    let mut lines = vec![match lang {
        Lang::Zh => format!("  照片 {all} 张,计入 {counted} 张"),
        Lang::En => format!("  {all} photos, {counted} counted"),
    }];
    let not_counted = lang.pick("未计入", "not counted,");
    for reason in &explanation.not_counted {
        let (words, photos) = (reason.words.pick(lang), reason.photos);
        lines.push(format!("    {not_counted} {words}: {photos}"));
    }
    lines
}
