//! The comparison as one page that needs nothing else.

use crate::lang::Lang;
use crate::model_compare::figures::{ClassCounts, CompareAnswer, ModelFigures, SAME_IOU, ShadowFigures};
use crate::model_compare::sheet::{Sheets, section};
use crate::report;
use crate::report::text::{both, escaped, share};

/// The whole page; `sheets` belong to the shadow models of the answer, in their order.
pub fn page(answer: &CompareAnswer, sheets: &[Sheets], lang: Lang) -> String {
    let names: Vec<&str> = answer.models.iter().map(|model| model.model.as_str()).collect();
    let mut body = facts(answer);
    body.push_str(&models(&answer.models));
    for (shadow, sheets) in answer.shadows.iter().zip(sheets) {
        body.push_str(&classes(shadow));
        body.push_str(&section(sheets));
    }
    report::page(
        ("影子模型比对", "Shadow comparison"),
        &escaped(&names.join(" / ")),
        &body,
        lang,
    )
}

fn facts(answer: &CompareAnswer) -> String {
    let photos = answer.photos;
    format!(
        "<dl><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd></dl>",
        both("架次", "Flights"),
        escaped(&answer.flights.join(", ")),
        both("照片", "Photos"),
        both(&format!("{photos} 张"), &photos.to_string())
    )
}

fn row(cells: &[String], tag: &str) -> String {
    let (first, rest) = match cells {
        [first, rest @ ..] => (first.as_str(), rest),
        [] => ("", cells),
    };
    let rest: String = rest.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
    format!("<tr><{tag} class=\"name\">{first}</{tag}>{rest}</tr>")
}

fn models(models: &[ModelFigures]) -> String {
    let head = [
        both("模型", "model"),
        both("角色", "role"),
        both("打开照片", "photos opened"),
        both("未成", "failed"),
        both("切片", "tiles"),
        both("检出", "finds"),
        both("切片/张", "tiles per photo"),
        both("检出/张", "finds per photo"),
        both("切片/km²", "tiles per km²"),
        both("检出/km²", "finds per km²"),
        both("毫秒/切片", "ms per tile"),
    ];
    let rows: String = models
        .iter()
        .map(|model| {
            let sha256 = model.model_sha256.get(..12).unwrap_or_default();
            let role = match model.role {
                "shadow" => both("影子", "shadow"),
                _ => both("正式", "active"),
            };
            let cells = [
                format!("{} <small>{sha256}</small>", escaped(&model.model)),
                role,
                format!("{} / {}", model.photos_opened, model.photos),
                model.problems.values().sum::<usize>().to_string(),
                model.tiles.to_string(),
                model.detections.to_string(),
                number(model.tiles_per_photo),
                number(model.detections_per_photo),
                number(model.tiles_per_km2),
                number(model.detections_per_km2),
                number(model.ms_per_tile),
            ];
            row(&cells, "td")
        })
        .collect();
    format!(
        "<h2>{}</h2><div class=\"wide\"><table>{}{rows}</table></div>",
        both("各模型", "Models"),
        row(&head, "th")
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}

fn classes(shadow: &ShadowFigures) -> String {
    let head = [
        both("类别", "class"),
        both("双方检出", "both"),
        both("仅正式", "only active"),
        both("仅影子", "only shadow"),
        both("正式(影子未看)", "active, outside"),
        both("影子(正式未看)", "shadow, outside"),
        both("属实线索:影子也检出", "real: found by the shadow, too"),
        both("误报线索:影子也检出", "false alarms: found by the shadow, too"),
        both("正式精确率", "precision, active"),
        both("影子精确率", "precision, shadow"),
    ];
    let all = ClassCounts {
        class: String::new(),
        ..shadow.total.clone()
    };
    let rows: String = shadow.classes.iter().chain([&all]).map(class_row).collect();
    format!(
        "<h2>{} {}</h2><p class=\"note\">{}</p><div class=\"wide\"><table>{}{rows}</table></div>",
        both("与正式模型比对:", "Against the active models:"),
        escaped(&shadow.model),
        both(
            &format!(
                "同一照片同类框 IoU ≥ {SAME_IOU} 即为同一目标,各按其模型卡阈值;框中心在对方看过的切片内才算对方漏检,其余计入“未看”。精确率只计已审核线索的检出,影子模型独有的检出尚无人审核,不在其内。"
            ),
            &format!(
                "Boxes of one class and photo are one thing from IoU {SAME_IOU} on, each model at the thresholds of its card. Missed by the other only where the middle of the box lies in a tile that the other looked at; else \"outside\". Precision is of finds whose leads are reviewed; what only the shadow model found nobody has reviewed, and it is not in there."
            )
        ),
        row(&head, "th")
    )
}

fn class_row(counts: &ClassCounts) -> String {
    let name = if counts.class.is_empty() {
        both("合计", "all")
    } else {
        escaped(&counts.class)
    };
    let precision = [counts.shipped_precision(), counts.shadow_precision()].map(share);
    let cells: Vec<String> = [name]
        .into_iter()
        .chain(counts.cells())
        .chain(precision)
        .collect();
    row(&cells, "td")
}
