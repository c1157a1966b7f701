//! `flyonce compare A B`: what changed between two dates, as text, JSON, GeoJSON and a page; `--score FOLDER`: how
//! good that is where the truth is known.

use std::path::Path;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::answers::compare::CompareAnswer;
use crate::answers::compare_page::{laid_words, page};
use crate::change_model::ChangeModel;
use crate::cli::arguments::CompareArguments;
use crate::cli::output::{Output, table};
use crate::config::Config;
use crate::lang::{Lang, Words};
use crate::model::ModelInUse;
use crate::stage::compare::dates::{Compared, Dates, compare_dates};
use crate::stage::compare::flights::CompareProgress;
use crate::stage::compare::pair::{CompareOptions, Comparer};
use crate::stage::compare::scoring::{ScoreAnswer, score_folder};

/// Compares and prints; writes the files that were asked for.
///
/// # Errors
/// Dates that cannot be read or compared at all, in words.
pub async fn run(output: Output, config: Config, arguments: &CompareArguments) -> Result<()> {
    let settings = config.settings.clone();
    if let Some(folder) = &arguments.score {
        return score(output, &mut comparer(&config, arguments)?, folder);
    }
    let [Some(first), Some(second)] = [&arguments.first, &arguments.second] else {
        bail!("two dates are needed: pictures, folders of photos, or sorties");
    };
    let dates = Dates::find([first, second], &settings, config.clone()).await?;
    let mut comparer = comparer(&config, arguments)?;
    let mut bar = Bar::new(output.lang);
    let compared = tokio::task::block_in_place(|| compare_dates(&mut comparer, &dates, &mut bar));
    bar.bar.finish_and_clear();
    let compared = compared?;
    write_files(&compared, arguments, output.lang)?;
    output.show(&compared.answer, |lang| text(&compared.answer, arguments, lang))?;
    if compared.answer.pairs.iter().all(|pair| pair.problem.is_some()) {
        let nothing = Words::new("没有可以比对的内容", "nothing could be compared");
        let why = compared.answer.pairs.iter().find_map(|pair| pair.problem.clone());
        let why = why.unwrap_or_else(|| Words::new("没有共同的地面", "no common ground"));
        bail!("{}: {}", nothing.pick(output.lang), why.pick(output.lang));
    }
    Ok(())
}

fn comparer(config: &Config, arguments: &CompareArguments) -> Result<Comparer> {
    let model = ChangeModel::built_in()?;
    let extractor = model.extractor(&ModelInUse::runtime(&config.settings)?)?;
    let options = CompareOptions {
        threshold: arguments.threshold,
        smallest_m2: arguments.smallest_m2,
        aligned: arguments.aligned,
        gsd_m: arguments.gsd_cm.map(|cm| cm / 100.0),
        max_megapixels: config.settings.max_megapixels,
    };
    Ok(Comparer::new(model, extractor, options))
}

fn write_files(compared: &Compared, arguments: &CompareArguments, lang: Lang) -> Result<()> {
    let answer = &compared.answer;
    if let Some(path) = &arguments.geojson {
        let text = serde_json::to_string_pretty(&answer.geojson()?)?;
        write(path, text.as_bytes())?;
    }
    if let Some(path) = &arguments.out {
        write(
            path,
            page(
                answer,
                &compared.change_pictures(),
                &compared.pair_pictures(),
                lang,
            )?
            .as_bytes(),
        )?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

struct Bar {
    bar: ProgressBar,
    lang: Lang,
}

impl Bar {
    fn new(lang: Lang) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            lang,
        }
    }
}

impl CompareProgress for Bar {
    fn pairs(&mut self, total: usize) {
        self.bar = ProgressBar::new(total as u64 * 100).with_message(self.lang.pick("比对", "comparing"));
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {percent} %  {elapsed} (ETA {eta})") {
            self.bar.set_style(style);
        }
    }

    fn tile(&mut self, done: usize, total: usize) {
        let pairs_done = self.bar.position() / 100 * 100;
        // The last tile leaves the pair open until its changes are drawn.
        self.bar
            .set_position(pairs_done + (99 * done / total.max(1)) as u64);
    }

    fn pair_done(&mut self) {
        self.bar.set_position((self.bar.position() / 100 + 1) * 100);
    }
}

/// At most so many changes are listed as text; `--json`, `--geojson` and the page have all.
const SHOWN: usize = 40;

fn text(answer: &CompareAnswer, arguments: &CompareArguments, lang: Lang) -> String {
    let mut lines = vec![match lang {
        Lang::Zh => format!(
            "{} → {}:{} 处变化",
            answer.first,
            answer.second,
            answer.changes.len()
        ),
        Lang::En => format!(
            "{} → {}: {} changes",
            answer.first,
            answer.second,
            answer.changes.len()
        ),
    }];
    lines.push(table(&change_rows(answer, lang)).trim_end().to_owned());
    for pair in &answer.pairs {
        let words = pair.problem.clone().unwrap_or_else(|| laid_words(pair));
        lines.push(format!(
            "  {} + {}: {}",
            pair.first,
            pair.second,
            words.pick(lang)
        ));
    }
    let percent = 100.0 * answer.coverage.compared_share;
    lines.push(match lang {
        Lang::Zh => format!("比对了第一期画面的 {percent:.1} %;未比对的部分不等于没有变化"),
        Lang::En => format!(
            "compared {percent:.1} % of what the first date shows; what was not compared is not unchanged, but unknown"
        ),
    });
    lines.extend(answer.notes.iter().map(|note| format!("  - {}", note.pick(lang))));
    lines.extend(
        arguments
            .out
            .iter()
            .chain(&arguments.geojson)
            .map(|path| format!("→ {}", path.display())),
    );
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn change_rows(answer: &CompareAnswer, lang: Lang) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for change in answer.changes.iter().take(SHOWN) {
        let place = change.place.as_ref().map(|place| {
            format!(
                "{:.6}, {:.6} ± {:.1} m",
                place.latitude_deg, place.longitude_deg, place.ellipse.semi_major_m
            )
        });
        rows.push(vec![
            format!("  #{}", change.number),
            format!("{:.2}", change.score),
            change.kind_words.pick(lang).to_owned(),
            change.area_m2.map_or_else(
                || format!("{:.0} px²", change.area_px),
                |m2| format!("{m2:.0} m²"),
            ),
            place.unwrap_or_default(),
        ]);
    }
    rows
}

fn score(output: Output, comparer: &mut Comparer, folder: &Path) -> Result<()> {
    let bar = ProgressBar::new(0);
    let answer = tokio::task::block_in_place(|| {
        score_folder(comparer, folder, &mut |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })
    });
    bar.finish_and_clear();
    let answer = answer?;
    output.show(&answer, |lang| score_text(&answer, lang))
}

fn score_text(answer: &ScoreAnswer, lang: Lang) -> String {
    let mut rows = vec![vec![
        lang.pick("图像对", "pair").to_owned(),
        lang.pick("像素 F1", "pixel F1").to_owned(),
        lang.pick("差值 F1", "difference F1").to_owned(),
        lang.pick("差值 Otsu F1", "difference Otsu F1").to_owned(),
        lang.pick("目标召回 >0.1/>0.5", "object recall >0.1/>0.5")
            .to_owned(),
        lang.pick("目标准确 >0.1/>0.5", "object precision >0.1/>0.5")
            .to_owned(),
        lang.pick("差值召回 >0.5", "difference recall >0.5").to_owned(),
    ]];
    let figures = answer.pairs.iter().chain([&answer.mean, &answer.pooled]);
    for pair in figures {
        rows.push(vec![
            pair.name.clone(),
            format!("{:.3}", pair.model.pixel_f1),
            format!("{:.3}", pair.difference.pixel_f1),
            format!("{:.3}", pair.difference_otsu.pixel_f1),
            format!(
                "{:.2} / {:.2}",
                pair.model.object_recall_01, pair.model.object_recall_05
            ),
            format!(
                "{:.2} / {:.2}",
                pair.model.object_precision_01, pair.model.object_precision_05
            ),
            format!("{:.2}", pair.difference.object_recall_05),
        ]);
    }
    let best = &answer.best_possible;
    let said = match lang {
        Lang::Zh => format!(
            "阈值 {};差值阈值 {}。按各自在本组数据上的最佳阈值(仅供参考):模型 {:.3},差值 {:.3}",
            answer.threshold, answer.difference_threshold, best.model, best.difference
        ),
        Lang::En => format!(
            "threshold {}; threshold of the difference {}. With the threshold that would have been best on these pairs, pooled (for comparison only): model {:.3}, difference {:.3}",
            answer.threshold, answer.difference_threshold, best.model, best.difference
        ),
    };
    format!("{}{said}", table(&rows))
}
