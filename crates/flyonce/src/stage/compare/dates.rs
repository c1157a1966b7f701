//! What the two dates are (pictures, folders or sorties), and their comparison as an answer with its pictures.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use vision::change::Plane;

use super::dated::DatedPhoto;
use super::flights::{CompareProgress, compare_flights};
use super::pair::{Comparer, PairFailure, PairResult};
use crate::answers::compare::{ChangeAnswer, CompareAnswer, Coverage, PairAnswer};
use crate::answers::compare_page::{ChangePictures, PairPictures};
use crate::config::Config;
use crate::config::settings::Settings;
use crate::lang::Words;
use crate::workplace::Workplace;

/// The photos of two dates.
pub struct Dates {
    names: [String; 2],
    photos: [Vec<DatedPhoto>; 2],
    /// Two single pictures, not flights.
    single: bool,
}

impl Dates {
    /// Pictures where both are files, else folders or sorties of the data folder.
    ///
    /// # Errors
    /// What is none of these; a file given twice.
    pub async fn find(names: [&str; 2], settings: &Settings, config: Config) -> Result<Self> {
        let paths = names.map(Path::new);
        let single = paths.iter().all(|path| path.is_file());
        ensure!(
            single || !paths.iter().any(|path| path.is_file()),
            "one date is a picture and the other is not: give two pictures, or two folders or sorties"
        );
        let workplace = if paths.iter().all(|path| path.exists()) {
            None
        } else {
            Some(Workplace::open(config).await?)
        };
        let mut photos = [Vec::new(), Vec::new()];
        for ((name, path), photos) in names.iter().zip(paths).zip(&mut photos) {
            *photos = if path.is_file() {
                vec![DatedPhoto::of_file(path, settings)?]
            } else if path.is_dir() {
                DatedPhoto::of_folder(path, settings)?
            } else if let Some(workplace) = &workplace {
                DatedPhoto::of_sortie(name, &workplace.store).await?
            } else {
                bail!("{name} is not there");
            };
        }
        let [first, second] = &photos;
        let same = |a: &DatedPhoto, b: &DatedPhoto| a.sha256 == b.sha256;
        if single && same(&first[0], &second[0]) {
            bail!("{} and {} are the same picture", names[0], names[1]);
        }
        if first.iter().all(|a| second.iter().any(|b| same(a, b))) && !single {
            bail!("{} and {} hold the same photos", names[0], names[1]);
        }
        Ok(Self {
            names: names.map(str::to_owned),
            photos,
            single,
        })
    }
}

/// An answer with the results its pictures are in.
pub struct Compared {
    /// For people and programs.
    pub answer: CompareAnswer,
    results: Vec<Result<PairResult, PairFailure>>,
    told: Vec<(usize, usize)>,
}

impl Compared {
    /// The pictures of the changes, in the order of the answer.
    pub fn change_pictures(&self) -> Vec<ChangePictures<'_>> {
        self.told
            .iter()
            .filter_map(|(pair, change)| self.results[*pair].as_ref().ok()?.changes.get(*change))
            .map(ChangePictures::of)
            .collect()
    }

    /// The pictures of the pairs that were compared.
    pub fn pair_pictures(&self) -> Vec<PairPictures<'_>> {
        (0..self.results.len())
            .filter_map(|pair| self.pictures_of(pair))
            .collect()
    }

    fn pictures_of(&self, pair: usize) -> Option<PairPictures<'_>> {
        let result = self.results[pair].as_ref().ok()?;
        let scale = f64::from(result.overview[0].width()) / f64::from(result.map.size_px[0]);
        let outlines = self
            .told
            .iter()
            .zip(1..)
            .filter(|((of, _), _)| *of == pair)
            .filter_map(|((_, change), number)| {
                let outline = &result.changes.get(*change)?.change.outline_px;
                Some((
                    number,
                    outline
                        .iter()
                        .map(|corner| corner.map(|side| side * scale))
                        .collect(),
                ))
            })
            .collect();
        Some(PairPictures {
            pair,
            overview: &result.overview,
            outlines,
        })
    }
}

/// Compares two dates.
///
/// # Errors
/// A model that fails.
pub fn compare_dates(
    comparer: &mut Comparer,
    dates: &Dates,
    progress: &mut dyn CompareProgress,
) -> Result<Compared> {
    if dates.single {
        return single_pair(comparer, dates, progress);
    }
    let [first, second] = &dates.photos;
    let flights = compare_flights(comparer, first, second, progress)?;
    let mut notes = Vec::new();
    if !flights.without_pose.is_empty() {
        let (count, names) = (flights.without_pose.len(), flights.without_pose.join(", "));
        notes.push(Words::new(
            format!("{count} 张照片没有可用的位姿,未参与比对:{names}"),
            format!("{count} photos have no usable pose and were not compared: {names}"),
        ));
    }
    if flights.pairs.is_empty() {
        notes.push(Words::new(
            "没有从相近方向拍到同一地面的照片对",
            "no two photos show the same ground from about the same side",
        ));
    }
    let coverage = Coverage {
        first_m2: Some(flights.first_m2),
        shared_m2: Some(flights.shared_m2),
        compared_m2: Some(flights.compared_m2),
        compared_share: flights.compared_m2 / flights.first_m2.max(1.0),
    };
    let pairs = flights
        .pairs
        .iter()
        .map(|pair| pair_answer(&first[pair.first], &second[pair.second], pair.result.as_ref()))
        .collect();
    let results = flights.pairs.into_iter().map(|pair| pair.result).collect();
    Ok(finished(
        comparer,
        dates,
        (results, pairs, flights.changes),
        coverage,
        notes,
    ))
}

fn single_pair(
    comparer: &mut Comparer,
    dates: &Dates,
    progress: &mut dyn CompareProgress,
) -> Result<Compared> {
    let [first, second] = [&dates.photos[0][0], &dates.photos[1][0]];
    progress.pairs(1);
    let result = comparer.compare(first, second, &mut |done, total| progress.tile(done, total))?;
    progress.pair_done();
    let pairs = vec![pair_answer(first, second, result.as_ref())];
    let (coverage, told) = match &result {
        Ok(result) => (
            coverage_of(result),
            (0..result.changes.len()).map(|change| (0, change)).collect(),
        ),
        Err(_) => (Coverage::default(), Vec::new()),
    };
    let mut notes = Vec::new();
    if result.as_ref().is_ok_and(|result| result.gsd_m.is_none()) {
        notes.push(Words::new(
            "照片没有位姿,比例未知:面积以像素计(可用 --gsd-cm 给出分辨率)",
            "without poses the scale is not known: areas are in pixels (--gsd-cm states it)",
        ));
    }
    Ok(finished(
        comparer,
        dates,
        (vec![result], pairs, told),
        coverage,
        notes,
    ))
}

fn pair_answer(
    first: &DatedPhoto,
    second: &DatedPhoto,
    result: Result<&PairResult, &PairFailure>,
) -> PairAnswer {
    PairAnswer::of(
        [&first.name, &second.name],
        [first.captured_at.as_deref(), second.captured_at.as_deref()],
        result,
    )
}

fn coverage_of(result: &PairResult) -> Coverage {
    let share = |plane: &Plane| {
        plane.values.iter().filter(|value| **value > 0.5).count() as f64 / plane.values.len().max(1) as f64
    };
    let shown = share(&result.map.compared);
    match &result.ground {
        Some(grid) => {
            let [width, height] = result.map.size_px.map(f64::from);
            let compared_m2 = shown * width * height * grid.gsd_m * grid.gsd_m;
            let first_m2 = grid.shared_m2 / grid.share_of_first.max(1e-9);
            Coverage {
                first_m2: Some(first_m2.round()),
                shared_m2: Some(grid.shared_m2.round()),
                compared_m2: Some(compared_m2.round()),
                compared_share: (compared_m2 / first_m2).min(1.0),
            }
        }
        None => Coverage {
            compared_share: shown,
            ..Coverage::default()
        },
    }
}

type Outcome = (
    Vec<Result<PairResult, PairFailure>>,
    Vec<PairAnswer>,
    Vec<(usize, usize)>,
);

fn finished(
    comparer: &Comparer,
    dates: &Dates,
    (results, pairs, told): Outcome,
    coverage: Coverage,
    mut notes: Vec<Words>,
) -> Compared {
    let changes = told
        .iter()
        .zip(1..)
        .filter_map(|((pair, change), number)| {
            let found = results[*pair].as_ref().ok()?.changes.get(*change)?;
            Some(ChangeAnswer::of(number, *pair, found))
        })
        .collect();
    let trained_to_m = comparer.model.card.scale.trained_to_cm_per_px / 100.0;
    let coarsest = results
        .iter()
        .filter_map(|result| result.as_ref().ok()?.gsd_m)
        .fold(0.0, f64::max);
    if coarsest > trained_to_m {
        notes.push(Words::new(
            format!("分辨率 {:.0} cm 比模型训练时更粗,结果不可靠", 100.0 * coarsest),
            format!(
                "{:.0} cm per pixel is coarser than the model was trained for: do not rely on it",
                100.0 * coarsest
            ),
        ));
    }
    let simulated = dates.photos.iter().flatten().any(|photo| photo.simulated);
    if simulated {
        notes.push(Words::new("含模拟照片", "some photos were made by a simulator"));
    }
    let settings = comparer.settings(None);
    let [first, second] = dates.names.clone();
    let card = &comparer.model.card;
    let answer = CompareAnswer {
        first,
        second,
        model: format!("{} {}", card.name, card.version),
        threshold: f64::from((settings.threshold * 1000.0).round()) / 1000.0,
        smallest_m2: comparer.options.smallest_m2.unwrap_or(comparer.model.smallest_m2),
        pairs,
        coverage,
        changes,
        simulated,
        notes,
    };
    Compared {
        answer,
        results,
        told,
    }
}
