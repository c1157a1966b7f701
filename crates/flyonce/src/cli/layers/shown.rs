//! Layers in words.

use serde_json::{Value, json};
use survey::airspace::{Ceiling, FlyableArea, GreatestHeight, HeightZone, NoFlyZone};
use survey::area::Repair;
use survey::geodesy::OrthometricHeightM;
use survey::layers::{FeatureRepair, LayerKind, LayerRef, Overlap};
use survey::time::{CivilDay, UtcMicros};

use crate::answers::layers::LayerEntry;
use crate::cli::output::table;
use crate::lang::{Lang, Words};
use crate::layers::building::Built;
use crate::layers::shelf::ShelfEntry;

/// Findings listed one by one.
const MOST_SHOWN: usize = 20;

pub(super) fn list(layers: &[LayerEntry], retired: &[ShelfEntry], on: CivilDay, lang: Lang) -> String {
    let head = match lang {
        Lang::Zh => [
            "编号",
            "类型",
            "名称",
            "版本",
            "有效期",
            "当日",
            "要素",
            "km²",
            "坐标系",
        ],
        Lang::En => [
            "id", "kind", "name", "version", "valid", "counts", "features", "km²", "datum",
        ],
    };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for layer in layers {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        rows.push(vec![
            layer.id.clone().unwrap_or_else(|| "-".to_owned()),
            layer.kind.clone(),
            layer.name.clone(),
            layer.version.clone(),
            format!("{}..{}", part(&layer.valid_from), part(&layer.valid_to)),
            if layer.counts {
                "*".to_owned()
            } else {
                String::new()
            },
            layer.features.to_string(),
            layer
                .area_km2
                .map_or_else(String::new, |area| format!("{area:.3}")),
            layer.datum.clone(),
        ]);
    }
    let mut text = table(&rows);
    if layers.is_empty() {
        text = lang.pick("没有图层\n", "there are no layers\n").to_owned();
    }
    for entry in retired {
        text += &format!(
            "{} {} {}\n",
            lang.pick("已停用", "out of use"),
            entry.id,
            entry.record.layer_ref()
        );
    }
    text + &match lang {
        Lang::Zh => format!("*:{on} 有效"),
        Lang::En => format!("*: counts on {on}"),
    }
}

pub(super) fn one(layer: &LayerEntry, kept: Option<&ShelfEntry>, overlaps: &[Overlap], lang: Lang) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![
        format!("{} · {} · {}", layer.name, layer.kind, layer.version),
        format!(
            "{}: {} .. {}",
            lang.pick("有效期", "valid"),
            part(&layer.valid_from),
            part(&layer.valid_to)
        ),
        format!("{}: {}", lang.pick("来源", "source"), layer.source),
        format!("{}: {}", lang.pick("文号", "document"), part(&layer.document)),
        format!("{}: {}", lang.pick("坐标系", "datum"), layer.datum),
    ];
    if let Some(area) = layer.area_km2 {
        lines.push(format!("{}: {area:.6} km²", lang.pick("面积", "area")));
    }
    lines.push(format!("{}: {}", lang.pick("要素", "features"), layer.features));
    if !layer.feature_names.is_empty() {
        lines.push(layer.feature_names.join(lang.pick("、", ", ")));
    }
    if let Some(kept) = kept {
        lines.push(format!("SHA-256 {}", kept.sha256));
        let by = kept.imported.by.as_deref().unwrap_or("-");
        lines.push(format!(
            "{} {} ({by})",
            lang.pick("导入于", "brought in"),
            kept.imported.at
        ));
        if let Some(deed) = &kept.retired {
            let by = deed.by.as_deref().unwrap_or("-");
            let reason = deed.reason.as_deref().unwrap_or("-");
            lines.push(format!(
                "{} {} ({by}, {reason})",
                lang.pick("停用于", "out of use since"),
                deed.at
            ));
        }
        lines.extend(kept.notes.iter().map(|note| note.pick(lang).to_owned()));
        lines.extend(repairs(&kept.repairs, lang));
        lines.extend(left_out(&kept.ignored, lang));
    }
    lines.extend(overlap_lines(overlaps, lang));
    lines.join("\n")
}

/// What was mended, decided, left out and what overlaps.
pub(super) fn findings(built: &Built, overlaps: &[Overlap], lang: Lang) -> String {
    let mut lines: Vec<String> = built
        .notes
        .iter()
        .map(|note| note.pick(lang).to_owned())
        .collect();
    lines.extend(repairs(&built.repairs, lang));
    lines.extend(overlap_lines(overlaps, lang));
    lines.extend(left_out(&built.ignored, lang));
    lines.join("\n")
}

fn left_out(ignored: &[Words], lang: Lang) -> Vec<String> {
    let line = |it: &Words| format!("{} {}", lang.pick("略去", "left out"), it.pick(lang));
    shortened(ignored.iter().map(line).collect(), lang)
}

fn overlap_lines(overlaps: &[Overlap], lang: Lang) -> Vec<String> {
    let line = |overlap: &Overlap| {
        let [a, b] = overlap.features;
        let names = format!("{a} {} / {b} {}", overlap.names[0], overlap.names[1]);
        match lang {
            Lang::Zh => format!("重叠:要素 {names},{:.1} m²(面积只计一次)", overlap.area_m2),
            Lang::En => format!(
                "overlap: features {names}, {:.1} m² (counted once)",
                overlap.area_m2
            ),
        }
    };
    shortened(overlaps.iter().map(line).collect(), lang)
}

fn repairs(repairs: &[FeatureRepair], lang: Lang) -> Vec<String> {
    let line = |found: &FeatureRepair| {
        let name = found
            .name
            .as_deref()
            .map_or_else(String::new, |name| format!(" ({name})"));
        format!(
            "{} {}{name}: {}",
            lang.pick("已修正", "mended"),
            found.path,
            repair(&found.repair, lang)
        )
    };
    shortened(repairs.iter().map(line).collect(), lang)
}

pub(super) fn shortened(mut lines: Vec<String>, lang: Lang) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        lines.truncate(MOST_SHOWN);
        lines.push(match lang {
            Lang::Zh => format!("……另有 {more} 处(--json 列出全部)"),
            Lang::En => format!("… and {more} more (--json lists all)"),
        });
    }
    lines
}

fn repair(found: &Repair, lang: Lang) -> String {
    match lang {
        Lang::Zh => repair_zh(found),
        Lang::En => repair_en(found),
    }
}

fn repair_zh(found: &Repair) -> String {
    match found {
        Repair::DuplicateVertices {
            polygon,
            ring,
            dropped,
        } => {
            format!("多边形 {polygon} 环 {ring}:去掉 {dropped} 个重复点")
        }
        Repair::WindingReversed { polygon, ring } => format!("多边形 {polygon} 环 {ring}:改正环的方向"),
        Repair::Spikes {
            polygon,
            ring,
            dropped,
            latitude_deg,
            longitude_deg,
        } => {
            format!(
                "多边形 {polygon} 环 {ring}:去掉尖刺 {dropped} 点({latitude_deg:.6}, {longitude_deg:.6} 附近)"
            )
        }
        Repair::SelfCrossing {
            polygon,
            ring,
            latitude_deg,
            longitude_deg,
            area_before_m2,
            area_after_m2,
        } => format!(
            "多边形 {polygon} 环 {ring} 自交({latitude_deg:.6}, {longitude_deg:.6} 附近):\
             保留环绕到的全部地面,面积 {area_before_m2:.1} → {area_after_m2:.1} m²"
        ),
        Repair::DuplicateRing { polygon, ring } => format!("多边形 {polygon} 环 {ring}:重复,已去掉"),
        Repair::HoleOutside {
            polygon,
            ring,
            share_outside,
        } => {
            format!(
                "多边形 {polygon} 孔 {ring}:{:.1} % 在外环之外,只扣除其内部分",
                share_outside * 100.0
            )
        }
        Repair::HolesOverlap { polygon } => format!("多边形 {polygon}:孔互相重叠,只扣除一次"),
        Repair::PolygonsOverlap { area_m2, inside } => {
            let holes = match inside {
                0 => String::new(),
                count => format!(";其中 {count} 个完全位于另一个之内,若本意是孔,请写成内环"),
            };
            format!("多边形互相重叠 {area_m2:.1} m²:只计一次{holes}")
        }
        Repair::ConvertedFromGcj02 { vertices } => format!("{vertices} 个点由 GCJ-02 转换"),
    }
}

fn repair_en(found: &Repair) -> String {
    match found {
        Repair::DuplicateVertices {
            polygon,
            ring,
            dropped,
        } => {
            format!("polygon {polygon}, ring {ring}: {dropped} repeated vertices dropped")
        }
        Repair::WindingReversed { polygon, ring } => {
            format!("polygon {polygon}, ring {ring}: turned the right way round")
        }
        Repair::Spikes {
            polygon,
            ring,
            dropped,
            latitude_deg,
            longitude_deg,
        } => format!(
            "polygon {polygon}, ring {ring}: {dropped} vertices of spikes dropped near {latitude_deg:.6}, {longitude_deg:.6}"
        ),
        Repair::SelfCrossing {
            polygon,
            ring,
            latitude_deg,
            longitude_deg,
            area_before_m2,
            area_after_m2,
        } => format!(
            "polygon {polygon}, ring {ring} crosses itself near {latitude_deg:.6}, {longitude_deg:.6}: \
             all ground it goes round was kept, area {area_before_m2:.1} → {area_after_m2:.1} m²"
        ),
        Repair::DuplicateRing { polygon, ring } => {
            format!("polygon {polygon}, ring {ring}: the same ring again, dropped")
        }
        Repair::HoleOutside {
            polygon,
            ring,
            share_outside,
        } => format!(
            "polygon {polygon}, hole {ring}: {:.1} % of it lay outside the outline; only the inside was cut out",
            share_outside * 100.0
        ),
        Repair::HolesOverlap { polygon } => {
            format!("polygon {polygon}: holes overlap; their ground was cut out once")
        }
        Repair::PolygonsOverlap { area_m2, inside } => {
            let holes = match inside {
                0 => String::new(),
                count => format!(
                    "; {count} of them lie wholly inside another: if they are meant as holes, write them as inner rings"
                ),
            };
            format!("polygons overlap by {area_m2:.1} m²; it counts once{holes}")
        }
        Repair::ConvertedFromGcj02 { vertices } => format!("{vertices} vertices converted from GCJ-02"),
    }
}

pub(super) fn refs(layers: &[LayerRef]) -> String {
    layers
        .iter()
        .map(LayerRef::to_string)
        .collect::<Vec<_>>()
        .join(" + ")
}

pub(super) fn flyable(area: &FlyableArea, on: CivilDay, lang: Lang) -> String {
    let km2 = area.area_m2 / 1e6;
    let mut text = match lang {
        Lang::Zh => format!("{on} 适飞范围 {km2:.6} km²\n依据:{}", refs(&area.rests_on)),
        Lang::En => format!("flyable on {on}: {km2:.6} km²\nfrom: {}", refs(&area.rests_on)),
    };
    if !area.missing.is_empty() {
        let names = area
            .missing
            .iter()
            .map(|kind| kind.name())
            .collect::<Vec<_>>()
            .join(", ");
        text += &match lang {
            Lang::Zh => format!("\n注意:没有以下图层,未计入:{names}"),
            Lang::En => format!(
                "\nmind: there is no layer of these kinds, so they are not taken into account: {names}"
            ),
        };
    }
    text
}

fn zone_name(zone: &HeightZone) -> String {
    format!("{} · {}", zone.name, zone.layer)
}

/// The limits at a place for programs.
pub(super) fn height_answer(
    ceiling: &Ceiling<'_>,
    closed: &[NoFlyZone],
    ground: Option<OrthometricHeightM>,
    on: CivilDay,
) -> Value {
    let greatest = match ceiling.greatest_height(ground) {
        GreatestHeight::Unlimited => json!("unlimited"),
        GreatestHeight::Unknown => json!("unknown"),
        GreatestHeight::AboveGround(limit) => json!(limit.0),
    };
    let closed: Vec<Value> = closed
        .iter()
        .map(|zone| {
            let is_temporary = zone.layer.kind == LayerKind::Temporary;
            json!({ "name": zone.name, "layer": zone.layer, "margin_m": zone.margin_m, "temporary": is_temporary,
                "from": zone.closed.and_then(|closed| closed.from).map(|at| at.to_string()),
                "until": zone.closed.and_then(|closed| closed.until).map(|at| at.to_string()) })
        })
        .collect();
    json!({
        "on": on.to_string(), "greatest_height_agl_m": greatest, "closed_by": ceiling.closed.map(zone_name),
        "max_agl_m": ceiling.above_ground.map(|(limit, _)| limit.0),
        "max_agl_by": ceiling.above_ground.map(|(_, zone)| zone_name(zone)),
        "max_amsl_m": ceiling.above_sea.map(|(limit, _)| limit.0),
        "max_amsl_by": ceiling.above_sea.map(|(_, zone)| zone_name(zone)),
        "no_fly": closed,
    })
}

pub(super) fn height(
    ceiling: &Ceiling<'_>,
    closed: &[NoFlyZone],
    ground: Option<OrthometricHeightM>,
    on: CivilDay,
    lang: Lang,
) -> String {
    let mut lines = vec![match (ceiling.greatest_height(ground), lang) {
        (GreatestHeight::Unlimited, Lang::Zh) => format!("{on}:此处没有限高图层"),
        (GreatestHeight::Unlimited, Lang::En) => format!("{on}: no layer limits the height here"),
        (GreatestHeight::Unknown, Lang::Zh) => {
            format!("{on}:只有海拔限高,地面海拔未知(用 --ground-amsl-m 给出)")
        }
        (GreatestHeight::Unknown, Lang::En) => {
            format!(
                "{on}: the limit is above sea level and the height of the ground is not known (--ground-amsl-m)"
            )
        }
        (GreatestHeight::AboveGround(limit), Lang::Zh) => format!("{on}:最大真高 {:.1} m", limit.0),
        (GreatestHeight::AboveGround(limit), Lang::En) => {
            format!("{on}: greatest height above ground {:.1} m", limit.0)
        }
    }];
    if let Some(zone) = ceiling.closed {
        lines.push(format!("{}: {}", lang.pick("禁飞", "closed"), zone_name(zone)));
    }
    if let Some((limit, zone)) = ceiling.above_ground {
        lines.push(format!(
            "{} {:.1} m: {}",
            lang.pick("真高上限", "above ground"),
            limit.0,
            zone_name(zone)
        ));
    }
    if let Some((limit, zone)) = ceiling.above_sea {
        lines.push(format!(
            "{} {:.1} m: {}",
            lang.pick("海拔上限", "above sea level"),
            limit.0,
            zone_name(zone)
        ));
    }
    for zone in closed {
        let margin = zone.margin_m;
        let what = lang.pick("禁飞目标", "no flight over");
        let time = zone.closed.map_or_else(String::new, |closed| {
            let at = |at: Option<UtcMicros>| at.map_or_else(String::new, |at| at.to_string());
            format!(" {}..{}", at(closed.from), at(closed.until))
        });
        lines.push(format!(
            "{what} {} ({margin} m){time} · {}",
            zone.name, zone.layer
        ));
    }
    lines.join("\n")
}
