//! `flyonce ingest FOLDER`: a progress bar while it runs, a summary in words at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::answers::looks::said;
use crate::answers::poses::code_words;
use crate::cli::output::Output;
use crate::lang::Lang;
use crate::stage::look::LookTimes;
use crate::stage::pipeline::{IngestSummary, Progress, ingest};
use crate::stage::placing::problem_words;
use crate::stage::pose_check::PoseCheckSummary;
use crate::workplace::Workplace;

/// Ingests and prints the summary.
///
/// # Errors
/// What stopped it; a missing model or library is an error after everything else was done.
pub async fn run(output: Output, workplace: &Workplace, sources: &[PathBuf]) -> Result<()> {
    let summary = with_bar(output.lang, workplace, sources).await?;
    output.show(&summary, |lang| text(&summary, lang))?;
    if let Some(why) = &summary.model_missing {
        let said = output.lang.pick(
            "照片已保存,但未识别:",
            "the photos are kept, but were not looked at: ",
        );
        bail!("{said}{why}");
    }
    Ok(())
}

/// Ingests with a progress bar on the error stream.
///
/// # Errors
/// What stopped it.
pub async fn with_bar(lang: Lang, workplace: &Workplace, sources: &[PathBuf]) -> Result<IngestSummary> {
    let mut bar = Bar::new(lang);
    let summary = ingest(workplace, sources, &mut bar).await;
    bar.clear();
    summary
}

/// A progress bar on the error stream.
pub struct Bar {
    bar: ProgressBar,
    lang: Lang,
}

impl Bar {
    /// One that shows nothing yet.
    pub fn new(lang: Lang) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            lang,
        }
    }

    /// Takes it off the screen.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&mut self, length: u64, zh: &'static str, en: &'static str) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::new(length).with_message(self.lang.pick(zh, en));
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len}  {elapsed} (ETA {eta})") {
            self.bar.set_style(style);
        }
    }
}

impl Progress for Bar {
    fn found(&mut self, files: usize) {
        self.begin(files as u64, "导入", "taking in");
    }

    fn taken(&mut self, _path: &Path) {
        self.bar.inc(1);
    }

    fn waiting(&mut self, photos: u64) {
        if photos > 0 {
            self.begin(photos, "识别", "looking");
        }
    }

    fn looked(&mut self, _photo_id: &str) {
        self.bar.inc(1);
    }

    fn associating(&mut self) {
        self.bar.set_message(self.lang.pick("归并线索", "joining leads"));
    }
}

/// At most so many names are listed per problem; `flyonce photos --problems` has all.
const NAMES_SHOWN: usize = 12;

/// The summary in words.
pub fn text(summary: &IngestSummary, lang: Lang) -> String {
    let mut lines = Vec::new();
    let (new, known, others) = (summary.new_photos, summary.known_photos, summary.other_files);
    lines.push(match lang {
        Lang::Zh => format!(
            "照片:发现 {} 个文件,新入库 {new} 张,已有 {known} 张,其他文件 {others} 个未处理",
            summary.files
        ),
        Lang::En => format!(
            "photos: {} files found, {new} new, {known} known already, {others} other files left alone",
            summary.files
        ),
    });
    for refused in &summary.refused {
        lines.push(format!("  ! {}: {}", refused.file, refused.reason.pick(lang)));
    }
    problems(&mut lines, &summary.problems, lang);
    lines.extend(poses(&summary.pose_check, lang));
    lines.push(match lang {
        Lang::Zh => format!("识别:{} 张,检出 {} 处", summary.looked_at, summary.detections),
        Lang::En => format!(
            "looked at: {} photos, {} detections",
            summary.looked_at, summary.detections
        ),
    });
    problems(&mut lines, &summary.not_looked_at, lang);
    let looks = summary.looks.iter().zip(said(&summary.looks, lang));
    lines.extend(looks.map(|(looks, said)| format!("  {} {said}", looks.sortie_id)));
    lines.push(match lang {
        Lang::Zh => format!("线索:新增 {} 条", summary.new_leads),
        Lang::En => format!("leads: {} new", summary.new_leads),
    });
    lines.push(times(summary, lang));
    lines.extend(in_shadow(&summary.look_times, lang));
    lines.join("\n")
}

/// What comparing the poses of a flight found; nothing where no photo with a pose is new.
fn poses(checked: &PoseCheckSummary, lang: Lang) -> Vec<String> {
    if checked.photos == 0 {
        return Vec::new();
    }
    let (photos, pairs, clear) = (checked.photos, checked.pairs_compared, checked.pairs_clear);
    let first = match lang {
        Lang::Zh => format!("位姿:{photos} 张互相核对,比对影像 {pairs} 对,其中 {clear} 对清楚吻合"),
        Lang::En => format!(
            "poses: {photos} photos checked against each other, {pairs} pairs of pictures compared, {clear} fit clearly"
        ),
    };
    let found = checked
        .findings
        .iter()
        .map(|(code, photos)| format!("  ! {} ({photos})", code_words(code).pick(lang)));
    [first].into_iter().chain(found).collect()
}

/// One line for each code of what was wrong, with the first photos.
pub fn problems(lines: &mut Vec<String>, problems: &BTreeMap<String, Vec<String>>, lang: Lang) {
    for (code, photos) in problems {
        let mut names = photos
            .iter()
            .take(NAMES_SHOWN)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if photos.len() > NAMES_SHOWN {
            names.push_str(" …");
        }
        lines.push(format!(
            "  ! {} ({}): {names}",
            problem_words(code).pick(lang),
            photos.len()
        ));
    }
}

/// What shadow models cost, where there are any.
fn in_shadow(times: &LookTimes, lang: Lang) -> Option<String> {
    let (tiles, seconds) = (times.shadow_tiles, times.shadow_us as f64 / 1e6);
    (tiles > 0).then(|| match lang {
        Lang::Zh => format!("影子模型:切片 {tiles} 个,{seconds:.1} s"),
        Lang::En => format!("shadow models: {tiles} tiles, {seconds:.1} s"),
    })
}

fn times(summary: &IngestSummary, lang: Lang) -> String {
    let look = &summary.look_times;
    let per_photo = |total_us: u64| total_us as f64 / 1000.0 / summary.looked_at.max(1) as f64;
    let (read, decode, prepare) = (
        per_photo(look.read_us),
        per_photo(look.decode_us),
        per_photo(look.prepare_us),
    );
    let (infer, commit) = (
        per_photo(look.infer_us),
        per_photo(look.merge_us + look.commit_us),
    );
    let (choose, tiles) = (per_photo(look.choose_us), look.tiles);
    let seconds = summary.total_ms as f64 / 1000.0;
    let rate = summary.looked_at as f64 / seconds.max(0.001);
    let memory = summary
        .peak_memory_mib
        .map_or_else(String::new, |mib| match lang {
            Lang::Zh => format!(",内存峰值 {mib} MiB"),
            Lang::En => format!(", peak memory {mib} MiB"),
        });
    match lang {
        Lang::Zh => format!(
            "用时:{seconds:.1} s({rate:.2} 张/s){memory};每张毫秒:读 {read:.0}、解码 {decode:.0}、选片 {choose:.0}、备图 {prepare:.0}、推理 {infer:.0}、入库 {commit:.0};切片 {tiles} 个"
        ),
        Lang::En => format!(
            "time: {seconds:.1} s ({rate:.2} photos/s){memory}; ms per photo: read {read:.0}, decode {decode:.0}, choose {choose:.0}, prepare {prepare:.0}, infer {infer:.0}, commit {commit:.0}; {tiles} tiles"
        ),
    }
}
