//! "What did we know on that day": which parts of such figures are of then, and which of today because nothing keeps how
//! they were.

use anyhow::Result;
use store::coverage::KnownThen;
use survey::layers::LayerRef;
use survey::time::CivilDay;

use crate::coverage::answer::{AsKnownThen, CoverageFigures, StatedDay};
use crate::coverage::basis::Basis;
use crate::coverage::scene::Scene;
use crate::lang::Words;
use crate::layers::LayerBook;
use crate::workplace::Workplace;

/// What is said beside figures as they were known at the end of `day`.
///
/// # Errors
/// The database; layers that cannot be read.
pub async fn told(
    workplace: &Workplace,
    day: CivilDay,
    known: &KnownThen,
    scene: &Scene,
) -> Result<AsKnownThen> {
    let now = LayerBook::open(&workplace.config.settings)?;
    let statements = workplace.store.coverage_statements(day, day).await?;
    // Figures of an older form are left out rather than shown wrong.
    let stated = statements
        .first()
        .and_then(|row| serde_json::from_str::<CoverageFigures>(&row.figures_json).ok())
        .map(|figures| StatedDay::of(&figures));
    let mut of_then = photos(known);
    of_then.extend(layers(&scene.basis, &now));
    of_then.extend(docks(&scene.basis).0);
    let mut of_today: Vec<Words> = poses(known).into_iter().collect();
    of_today.extend(configured_layers(&scene.basis));
    of_today.extend(docks(&scene.basis).1);
    of_today.push(Words::new(
        "日历、可达参数、分辨率门限与目标值按今天的配置",
        "calendar, parameters of reach, limits of sharpness and targets are those of today's configuration",
    ));
    Ok(AsKnownThen {
        at: known.at.to_string(),
        of_then,
        of_today,
        stated,
    })
}

fn photos(known: &KnownThen) -> Vec<Words> {
    let (later, withdrawn) = (known.photos_later, known.withdrawn.len());
    let mut words = vec![Words::new(
        format!("照片:只计当日结束前入库的,此后入库的 {later} 张不计"),
        format!("photos: those stored by the end of the day; {later} that were stored later do not count"),
    )];
    words.push(Words::new(
        format!(
            "撤销:当时已撤销的 {withdrawn} 个架次不计,此后才撤销的 {} 个计入",
            known.withdrawn_later
        ),
        format!(
            "withdrawals: {withdrawn} sorties withdrawn then do not count; {} withdrawn later do",
            known.withdrawn_later
        ),
    ));
    words.push(Words::new(
        format!("质量:此后才判为不可用的 {} 张计入", known.unusable_later),
        format!(
            "quality: {} photos that were found unusable later count",
            known.unusable_later
        ),
    ));
    words
}

fn poses(known: &KnownThen) -> Option<Words> {
    (known.poses_later > 0).then(|| {
        Words::new(
            format!("姿态:{} 张照片此后改正过,按改正后的范围计", known.poses_later),
            format!(
                "poses: {} photos were corrected later and count as corrected",
                known.poses_later
            ),
        )
    })
}

/// Which layers count by what was known then, and which do not because they came or changed later.
fn layers(basis: &Basis, now: &LayerBook) -> Vec<Words> {
    let refs = |book: &LayerBook| -> Vec<LayerRef> {
        let valid = book.valid(basis.day).into_iter();
        valid.map(survey::layers::FeatureLayer::layer_ref).collect()
    };
    let (then, now) = (refs(&basis.book), refs(now));
    let mut words = vec![Words::new(
        "图层:当时已导入且在用、当日有效的版本",
        "layers: versions that were imported and in use by then and valid on the day",
    )];
    let others: Vec<String> = now
        .iter()
        .filter(|layer| !then.contains(layer))
        .map(ToString::to_string)
        .collect();
    if !others.is_empty() {
        words.push(Words::new(
            format!("图层:此后才导入或恢复、当时尚不知的不计:{}", others.join("、")),
            format!(
                "layers not known then, though they are valid on that day by what is known now: {}",
                others.join(", ")
            ),
        ));
    }
    words
}

fn configured_layers(basis: &Basis) -> Option<Words> {
    let configured: Vec<String> = basis
        .book
        .with_ids()
        .filter(|(_, id)| id.is_none())
        .map(|(layer, _)| layer.layer_ref().to_string())
        .collect();
    (!configured.is_empty()).then(|| {
        Words::new(
            format!(
                "图层:配置文件中的没有导入时间,按其有效期计:{}",
                configured.join("、")
            ),
            format!(
                "layers of the configuration file have no day of import and count by their validity: {}",
                configured.join(", ")
            ),
        )
    })
}

/// Docks that state when they stood there, and those that do not.
fn docks(basis: &Basis) -> (Option<Words>, Option<Words>) {
    let (dated, open): (Vec<_>, Vec<_>) = basis
        .all_docks
        .docks
        .iter()
        .partition(|dock| dock.in_service.from.is_some() || dock.in_service.to.is_some());
    let dated = (!dated.is_empty()).then(|| {
        Words::new(
            format!("机场:花名册中注明启停日期的 {} 个按日期计", dated.len()),
            format!(
                "docks: the {} that state in the roster from when to when they stood there go by it",
                dated.len()
            ),
        )
    });
    let open = (!open.is_empty()).then(|| {
        Words::new(
            format!(
                "机场:花名册中未注明启用日期的 {} 个按今天的计(可用 in_service_from 注明)",
                open.len()
            ),
            format!(
                "docks: the {} that state no day in the roster count as if they had always stood there (in_service_from states it)",
                open.len()
            ),
        )
    });
    (dated, open)
}
