//! The tables of the page.

use crate::model_eval::figures::{ClassFigures, ConfusionAnswer, EvaluationAnswer, ModelFigures};
use crate::report::text::{both, escaped, share, words};

/// What was evaluated, on what, and what was not judged.
pub(super) fn facts(answer: &EvaluationAnswer) -> String {
    let mut rows = Vec::new();
    for model in &answer.models {
        let name = format!(
            "{} {} · SHA-256 {}",
            escaped(&model.name),
            escaped(&model.version),
            escaped(&model.sha256)
        );
        rows.push((both("模型", "Model"), name));
    }
    let pictures = answer.pictures;
    rows.push((
        both("数据集", "Data set"),
        format!(
            "{} ({}) · {} {} · {}",
            escaped(&answer.dataset),
            words(&answer.layout),
            both("划分", "split"),
            escaped(&answer.split),
            both(&format!("{pictures} 张图片"), &format!("{pictures} pictures"))
        ),
    ));
    let scales: String = answer
        .scales
        .iter()
        .map(|scale| {
            let ([least, most], [small, large]) = (scale.cm_per_px, scale.looked_at_scale);
            format!(
                "<li>{}: {} · {} · {}</li>",
                escaped(&scale.set),
                range(least, most, 1, "cm/px"),
                words(&scale.source.words()),
                both(
                    &format!("识别时缩放 {}", range(small, large, 2, "×")),
                    &format!("looked at {}", range(small, large, 2, "×"))
                )
            )
        })
        .collect();
    rows.push((both("地面分辨率", "Ground scale"), format!("<ul>{scales}</ul>")));
    let notes: String = answer
        .notes
        .iter()
        .map(|note| format!("<li>{}</li>", words(note)))
        .collect();
    if !notes.is_empty() {
        rows.push((both("须知", "Note"), format!("<ul>{notes}</ul>")));
    }
    let list: String = rows
        .iter()
        .map(|(title, text)| format!("<dt>{title}</dt><dd>{text}</dd>"))
        .collect();
    format!("<dl>{list}</dl>")
}

fn range(least: f64, most: f64, digits: usize, unit: &str) -> String {
    let (least, most) = (format!("{least:.digits$}"), format!("{most:.digits$}"));
    if least == most {
        format!("{least} {unit}")
    } else {
        format!("{least}–{most} {unit}")
    }
}

/// All sets together, models one under the other.
pub(super) fn summary(answer: &EvaluationAnswer) -> String {
    let Some(first) = answer.models.first() else {
        return String::new();
    };
    let compared = answer.models.len() > 1;
    let mut rows = String::new();
    for class in &first.classes {
        for (number, model) in answer.models.iter().enumerate() {
            if let Some(class) = model.classes.iter().find(|other| other.class == class.class) {
                rows.push_str(&row(class, compared.then_some((number, model))));
            }
        }
    }
    for model in &answer.models {
        let n = model.mean.classes;
        let name = if compared {
            format!(" · {}", escaped(&model.label))
        } else {
            String::new()
        };
        rows.push_str(&format!(
            "<tr class=\"mean\"><td class=\"name\">{}{name}</td><td></td><td></td><td></td><td>{}</td><td>{}</td></tr>",
            both(&format!("平均({n} 类)"), &format!("mean of {n} classes")),
            share(model.mean.ap50),
            share(model.mean.ap50_95)
        ));
    }
    format!(
        "<h2>{}</h2><p class=\"note\">{}</p><div class=\"wide\"><table>{}{rows}</table></div>",
        both("各类指标", "Figures per class"),
        both(
            &format!(
                "COCO 口径:AP 为 101 点插值,每图每类至多 {} 个检出;忽略区内的检出不计。精确率、召回率为模型卡阈值处,按所列 IoU 判定;ECE 为期望校准误差(15 档,IoU 0.5)。",
                answer.max_found
            ),
            &format!(
                "By the rules of COCO: AP over 101 recall steps, at most {} finds per picture and class, finds in ignored regions left out. \
                 Precision and recall are at the card's threshold and judged at the IoU given; ECE is the expected calibration error (15 bins, IoU 0.5).",
                answer.max_found
            )
        ),
        head(),
    )
}

fn head() -> String {
    let columns = [
        both("类别", "class"),
        both("标注框", "boxes"),
        both("图片", "pictures"),
        "AP30".to_owned(),
        "AP50".to_owned(),
        "AP50:95".to_owned(),
        both("小 / 中 / 大", "small / medium / large"),
        "AR".to_owned(),
        "IoU".to_owned(),
        both("阈值", "threshold"),
        both("精确率", "precision"),
        both("召回率", "recall"),
        both("误报数", "false alarms"),
        both("最佳 F1(阈值)", "best F1 (score)"),
        "ECE".to_owned(),
    ];
    format!(
        "<tr>{}</tr>",
        columns
            .iter()
            .map(|title| format!("<th>{title}</th>"))
            .collect::<String>()
    )
}

fn row(class: &ClassFigures, of_model: Option<(usize, &ModelFigures)>) -> String {
    let name = of_model.map_or_else(String::new, |(_, model)| format!(" · {}", escaped(&model.label)));
    let untrained = if class.trained {
        String::new()
    } else {
        format!(
            " <span class=\"untrained\">{}</span>",
            both("未训练", "not trained")
        )
    };
    let best = class.best_f1.map_or_else(
        || "–".to_owned(),
        |best| format!("{} ({:.2})", share(class.best_f1_value), best.score),
    );
    let cells = [
        class.boxes.to_string(),
        class.pictures.to_string(),
        share(class.ap30),
        share(class.ap50),
        share(class.ap50_95),
        class.ap50_95_small_medium_large.map(share).join(" / "),
        share(class.average_recall),
        format!("{:.1}", class.overlap),
        format!("{:.2}", class.threshold),
        share(class.at_threshold.and_then(|at| at.precision)),
        share(class.at_threshold.map(|at| at.recall)),
        class.false_alarms_at_threshold.to_string(),
        best,
        share(class.expected_calibration_error),
    ];
    let second = if of_model.is_some_and(|(number, _)| number > 0) {
        " class=\"second\""
    } else {
        ""
    };
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
    format!(
        "<tr{second}><td class=\"name\">{}{name}{untrained}</td>{cells}</tr>",
        escaped(&class.class)
    )
}

/// Each set for itself.
pub(super) fn by_set(answer: &EvaluationAnswer) -> String {
    let compared = answer.models.len() > 1;
    let mut html = String::new();
    for model in &answer.models {
        for set in &model.sets {
            let name = if compared {
                format!(" · {}", escaped(&model.label))
            } else {
                String::new()
            };
            let rows: String = set.classes.iter().map(|class| row(class, None)).collect();
            let n = set.pictures;
            html.push_str(&format!(
                "<h3>{}{name} <small>{}</small></h3><div class=\"wide\"><table>{}{rows}</table></div>",
                escaped(&set.set),
                both(&format!("{n} 张"), &format!("{n} pictures")),
                head()
            ));
        }
    }
    if html.is_empty() {
        html
    } else {
        format!("<h2>{}</h2>{html}", both("按来源", "Per set"))
    }
}

/// What was taken for what.
pub(super) fn confusion(answer: &EvaluationAnswer) -> String {
    let tables: String = answer
        .models
        .iter()
        .map(|model| confusion_of(model, answer.models.len() > 1))
        .collect();
    format!(
        "<h2>{}</h2><p class=\"note\">{}</p>{tables}",
        both("混淆矩阵", "Confusion"),
        both(
            "行为标注,列为检出(模型卡阈值处,IoU ≥ 0.5)。先配同类,余下再跨类配对;最后一列为漏检,最后一行为误报。",
            "Rows are labels, columns finds (at the card's thresholds, IoU from 0.5). Same classes are matched first, what is left \
             across classes; the last column is what was missed, the last row what was not there."
        )
    )
}

fn confusion_of(model: &ModelFigures, named: bool) -> String {
    let ConfusionAnswer { classes, counts } = &model.confusion;
    let background = both("背景", "background");
    let names: Vec<String> = classes
        .iter()
        .map(|class| escaped(class))
        .chain([background])
        .collect();
    let head: String = names.iter().map(|name| format!("<th>{name}</th>")).collect();
    let most_of = |row: &[usize]| row.iter().copied().max().unwrap_or(0).max(1);
    let rows: String = counts
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(index, (row, name))| {
            let most = most_of(row);
            let cell = |(column, count): (usize, &usize)| {
                let right = column == index && index < classes.len();
                let (tint, class) = if right {
                    ("31,138,76", " class=\"right\"")
                } else {
                    ("201,42,42", "")
                };
                let strength = 0.55 * *count as f64 / most as f64;
                format!("<td{class} style=\"background:rgba({tint},{strength:.2})\">{count}</td>")
            };
            let cells: String = row.iter().enumerate().map(cell).collect();
            format!("<tr><td class=\"name\">{name}</td>{cells}</tr>")
        })
        .collect();
    let title = if named {
        format!("<h3>{}</h3>", escaped(&model.label))
    } else {
        String::new()
    };
    format!(
        "{title}<div class=\"wide\"><table class=\"confusion\"><tr><th></th>{head}</tr>{rows}</table></div>"
    )
}
