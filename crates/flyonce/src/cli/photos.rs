//! `flyonce photos`: what was taken in, and what is wrong with it.

use anyhow::Result;
use survey::time::CityZone;

use crate::answers::photos::{PhotoAnswer, PhotoList, PhotoTile};
use crate::answers::poses::code_words;
use crate::cli::arguments::PhotosArguments;
use crate::cli::output::{Output, table};
use crate::lang::Lang;
use crate::workplace::Workplace;

/// Lists photos.
///
/// # Errors
/// The database.
pub async fn run(output: Output, workplace: &Workplace, arguments: &PhotosArguments) -> Result<()> {
    let rows = workplace.store.list_photos(arguments.limit, None).await?;
    let total = workplace.store.counts().await?.photos;
    let next = rows
        .last()
        .filter(|_| rows.len() as u64 == u64::from(arguments.limit))
        .map(|row| row.photo_id.clone());
    let mut photos: Vec<PhotoAnswer> = rows.iter().map(PhotoAnswer::of).collect();
    if arguments.problems {
        photos.retain(|photo| {
            photo.problem.is_some() || !photo.warnings.is_empty() || !photo.pose_findings.is_empty()
        });
    }
    if output.json {
        for photo in &mut photos {
            let tiles = workplace.store.tiles_by_model(&photo.photo_id).await?;
            photo.tiles = Some(tiles.into_iter().map(PhotoTile::of).collect());
        }
    }
    let list = PhotoList { photos, total, next };
    output.show(&list, |lang| text(&list, lang, &workplace.zone))
}

fn text(list: &PhotoList, lang: Lang, zone: &CityZone) -> String {
    let titles = match lang {
        Lang::Zh => ["照片", "拍摄时间", "状态", "地面分辨率", "检出", "问题", "文件"],
        Lang::En => ["photo", "taken", "state", "GSD", "found", "problem", "file"],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for photo in &list.photos {
        let taken = photo
            .captured_at
            .as_deref()
            .and_then(|at| survey::time::UtcMicros::parse_rfc3339(at).ok());
        let found = photo
            .pose_findings
            .iter()
            .map(|finding| code_words(&finding.code));
        let said: Vec<String> = photo
            .problem
            .iter()
            .cloned()
            .chain(found)
            .map(|words| words.pick(lang).to_owned())
            .collect();
        let problem = said.join("; ");
        let noted = match (problem.is_empty(), photo.warnings.len()) {
            (_, 0) => problem,
            (true, n) => format!("({n})"),
            (false, n) => format!("{problem} ({n})"),
        };
        rows.push(vec![
            photo.photo_id.clone(),
            taken.map_or_else(|| "–".to_owned(), |at| zone.local_text(at)),
            photo.state.clone(),
            photo
                .gsd_cm
                .map_or_else(|| "–".to_owned(), |gsd| format!("{gsd:.1} cm")),
            photo.n_detections.to_string(),
            noted,
            photo.names.first().cloned().unwrap_or_default(),
        ]);
    }
    let shown = list.photos.len();
    let line = match lang {
        Lang::Zh => format!(
            "共 {} 张照片,列出 {shown} 张;括号内为元数据警告数(--json 有全文)",
            list.total
        ),
        Lang::En => format!(
            "{} photos, {shown} listed; metadata warnings in brackets (--json has the text)",
            list.total
        ),
    };
    table(&rows) + &line
}
