//! How the ground of a sortie was looked at: tiles beside those of looking at everything, and how often each part
//! of the ground was seen.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Serialize;
use store::tiles::{SortieChoiceRow, TileCounts};
use survey::tile_choice::FullFrame;
use utoipa::ToSchema;

use crate::answers::place::rounded;
use crate::lang::{Lang, Words};
use crate::workplace::Workplace;

/// How a model looked at the ground of a sortie.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SortieLooks {
    /// The sortie.
    pub sortie_id: String,
    /// SHA-256 of the model.
    pub model_sha256: String,
    /// Name on its card.
    pub model: String,
    /// Whether it only looks in shadow: nothing of it counts.
    pub in_shadow: bool,
    /// Photos that each piece of ground was to be looked at in, where so many show it; 0 is all.
    pub looks_per_cell: u32,
    /// Photos of the sortie whose tiles are chosen.
    pub photos: u64,
    /// Those of them that have tiles; the ground of the others is looked at in these.
    pub photos_opened: u64,
    /// Tiles, whole photos included.
    pub tiles: u64,
    /// Tiles that show a whole photo.
    pub full_frames: u64,
    /// Tiles that would look at all of every photo.
    pub tiles_of_all: u64,
    /// What became of the pass over whole photos.
    pub full_frame_words: Words,
    /// Ground that the photos show sharply enough, km².
    pub ground_km2: f64,
    /// Of it, looked at in 0, 1, 2 photos, and in 3 or more, km².
    pub looked_at_km2: [f64; 4],
    /// Of it, looked at as often as was asked for, km².
    pub enough_km2: f64,
}

impl SortieLooks {
    fn of(row: &SortieChoiceRow, counts: &TileCounts, model: String) -> Result<Self> {
        let km2 = |m2: f64| rounded(m2 / 1e6, 6);
        let full_frame: FullFrame = serde_json::from_str(&row.full_frame_json)
            .with_context(|| format!("the choice of tiles of {} cannot be read", row.sortie_id))?;
        Ok(Self {
            sortie_id: row.sortie_id.clone(),
            model_sha256: row.model_sha256.clone(),
            model,
            in_shadow: counts.photos > 0 && counts.photos_in_shadow == counts.photos,
            looks_per_cell: row.looks_per_cell,
            photos: counts.photos,
            photos_opened: counts.photos_with_tiles,
            tiles: counts.tiles,
            full_frames: counts.full_frames,
            tiles_of_all: counts.of_all,
            full_frame_words: full_frame_words(&full_frame),
            ground_km2: km2(row.seen.shown_m2),
            looked_at_km2: row.seen.by_looks_m2.map(km2),
            enough_km2: km2(row.seen.enough_m2),
        })
    }

    /// One line for people.
    pub fn words(&self) -> Words {
        let [none, once, twice, more] = self.looked_at_km2.map(|km2| percent(km2, self.ground_km2));
        let fewer = self.tiles_of_all as f64 / self.tiles.max(1) as f64;
        let Self {
            photos,
            photos_opened,
            tiles,
            full_frames,
            tiles_of_all,
            ground_km2,
            ..
        } = self;
        let (zh, en) = (&self.full_frame_words.zh, &self.full_frame_words.en);
        Words::new(
            format!(
                "切片:{tiles} 个(其中整幅 {full_frames} 个),全部识别需 {tiles_of_all} 个,减少到 1/{fewer:.1};打开 {photos_opened}/{photos} 张;地面 {ground_km2:.3} km²,看过 0/1/2/≥3 次:{none:.1}/{once:.1}/{twice:.1}/{more:.1} %;{zh}"
            ),
            format!(
                "tiles: {tiles} ({full_frames} of them whole photos) instead of {tiles_of_all}, {fewer:.1} times fewer, in {photos_opened} of {photos} photos; ground {ground_km2:.3} km², looked at 0/1/2/3 or more times: {none:.1}/{once:.1}/{twice:.1}/{more:.1} %; {en}"
            ),
        )
    }
}

/// One line for each, with the model's name where there are several.
pub fn said(looks: &[SortieLooks], lang: Lang) -> Vec<String> {
    let models: BTreeSet<&str> = looks.iter().map(|looks| looks.model_sha256.as_str()).collect();
    let line = |looks: &SortieLooks| {
        let (words, name) = (looks.words(), &looks.model);
        let words = words.pick(lang);
        match (models.len(), looks.in_shadow) {
            (0 | 1, false) => words.to_owned(),
            (_, false) => format!("{name}: {words}"),
            (_, true) => format!("{name}{}: {words}", lang.pick("(影子)", " (shadow)")),
        }
    };
    looks.iter().map(line).collect()
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

fn full_frame_words(full_frame: &FullFrame) -> Words {
    match full_frame {
        FullFrame::Off => Words::new("整幅识别已关闭", "whole photos: switched off"),
        FullFrame::Chosen { tiles } => {
            Words::new(format!("整幅识别 {tiles} 张"), format!("whole photos: {tiles}"))
        }
        FullFrame::TooCoarse { cm_per_px } => Words::new(
            format!("未做整幅识别:缩小后 {cm_per_px:.0} cm/像素,超出模型训练范围"),
            format!(
                "whole photos: skipped, {cm_per_px:.0} cm per pixel is coarser than the model was trained for"
            ),
        ),
        FullFrame::ScaleUnknown => Words::new(
            "未做整幅识别:照片没有位置,尺度未知",
            "whole photos: skipped, without a pose their scale is not known",
        ),
        FullFrame::NotNeeded => Words::new(
            "无需整幅识别:单个切片已接近整幅",
            "whole photos: not needed, a tile shows nearly as much",
        ),
    }
}

/// How the ground of a sortie was looked at, one answer for every model.
///
/// # Errors
/// The database, or a stored choice that cannot be read.
pub async fn sortie_looks(workplace: &Workplace, sortie_id: &str) -> Result<Vec<SortieLooks>> {
    let choices = workplace.store.choices_of_sortie(sortie_id).await?;
    let mut looks = Vec::new();
    for (row, counts) in &choices {
        let model = workplace.store.model(&row.model_sha256).await?.name;
        looks.push(SortieLooks::of(row, counts, model)?);
    }
    // Those that count first.
    looks.sort_by_key(|looks| looks.in_shadow);
    Ok(looks)
}
