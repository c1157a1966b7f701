//! Two layers held against each other, in words.

use super::shown::{refs, shortened};
use crate::cli::output::table;
use crate::lang::Lang;
use crate::layers::compare::{Comparison, FeatureChanges};

pub(super) fn comparison(found: &Comparison, lang: Lang) -> String {
    let mut lines = vec![
        format!("{}  {:.6} km²", found.first, found.first_km2),
        format!("{}  {:.6} km²", found.second, found.second_km2),
        format!(
            "{} +{:.6} km² (+{:.4} %)",
            lang.pick("增加", "gained"),
            found.gained_km2,
            found.gained_percent
        ),
        format!(
            "{} -{:.6} km² (-{:.4} %)",
            lang.pick("减少", "lost"),
            found.lost_km2,
            found.lost_percent
        ),
    ];
    if found.town_layers.is_empty() {
        lines.push(
            lang.pick(
                "没有街镇图层,不分街镇",
                "no layer of towns, so no figures by town",
            )
            .to_owned(),
        );
    } else {
        let head = match lang {
            Lang::Zh => ["街镇", "增加 km²", "减少 km²"],
            Lang::En => ["town", "gained km²", "lost km²"],
        };
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(found.towns.iter().map(|town| {
            vec![
                town.town.clone(),
                format!("{:.6}", town.gained_km2),
                format!("{:.6}", town.lost_km2),
            ]
        }));
        lines.push(table(&rows));
        lines.push(format!(
            "{}: {}",
            lang.pick("街镇图层", "towns from"),
            refs(&found.town_layers)
        ));
    }
    lines.extend(features(&found.features, lang));
    lines.join("\n")
}

/// New, gone and different features; nothing where there are none.
fn features(changes: &FeatureChanges, lang: Lang) -> Vec<String> {
    let named = [
        (lang.pick("新增要素", "new"), &changes.added),
        (lang.pick("减少要素", "gone"), &changes.removed),
        (lang.pick("有变化的要素", "different"), &changes.changed),
    ];
    let line =
        |(what, names): (&str, &Vec<String>)| names.iter().map(|name| format!("{what}: {name}")).collect();
    let mut lines: Vec<String> = named
        .into_iter()
        .flat_map(|part| shortened(line(part), lang))
        .collect();
    if changes.unnamed_added + changes.unnamed_removed > 0 {
        lines.push(match lang {
            Lang::Zh => format!(
                "无名要素:新增 {},减少 {}",
                changes.unnamed_added, changes.unnamed_removed
            ),
            Lang::En => format!(
                "features without a name: {} new, {} gone",
                changes.unnamed_added, changes.unnamed_removed
            ),
        });
    }
    lines
}
