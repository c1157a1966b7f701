//! Sitings in the data folder: each run's files lie in `siting/` under its id, written once, so that a manager sees what
//! was found without computing it again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use survey::identity::Ulid;
use survey::time::UtcMicros;
use utoipa::ToSchema;

use crate::siting::answer::SitingAnswer;
use crate::whole_file::write_whole;

/// A siting that was kept: its figures; map and sites are in its GeoJSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SitingRun {
    /// Its name.
    pub id: String,
    /// When it was computed, RFC 3339.
    pub at: String,
    /// What was found.
    #[serde(flatten)]
    pub answer: SitingAnswer,
}

/// The folder `siting` of a data folder.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// Those of a data folder; nothing is made before the first run.
    pub fn of(data_folder: &Path) -> Self {
        Self {
            folder: data_folder.join("siting"),
        }
    }

    /// Keeps a run and gives it its id: `geojson` and the figures.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn keep(&self, answer: &SitingAnswer, geojson: &str, at: UtcMicros) -> Result<SitingRun> {
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&Sha256::digest(geojson.as_bytes())[..10]);
        let run = SitingRun {
            id: Ulid::from_parts(at, &bytes).to_string(),
            at: at.to_string(),
            answer: answer.clone(),
        };
        // Figures last: a run is there once they are.
        write_whole(&self.file(&run.id, "geojson"), geojson.as_bytes())?;
        write_whole(&self.file(&run.id, "json"), &serde_json::to_vec(&run)?)?;
        Ok(run)
    }

    /// The newest runs, newest first. One whose file cannot be read is told of in the log and left out.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn newest(&self, most: usize) -> Result<Vec<SitingRun>> {
        let shown = self.folder.display();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.with_context(|| format!("cannot read {shown}"))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.with_context(|| format!("cannot read {shown}"))?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            ids.extend(id.filter(|id| is_id(id)).map(str::to_owned));
        }
        // Ids sort by time.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let read = |id: &String| {
            let run = self.read(id);
            if let Err(error) = &run {
                tracing::warn!(error = %format!("{error:#}"), "a kept siting cannot be read");
            }
            run.ok()
        };
        Ok(ids.iter().filter_map(read).take(most).collect())
    }

    fn read(&self, id: &str) -> Result<SitingRun> {
        let file = self.file(id, "json");
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no siting", file.display()))
    }

    /// The GeoJSON of a run as it was written; `None` where there is no such run.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn geojson(&self, id: &str) -> Result<Option<String>> {
        if !is_id(id) {
            return Ok(None);
        }
        let file = self.file(id, "geojson");
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other
                .map(Some)
                .with_context(|| format!("cannot read {}", file.display())),
        }
    }

    fn file(&self, id: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }
}

/// Nothing else is taken for a file's name.
fn is_id(id: &str) -> bool {
    Ulid::try_from(id.to_owned()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Words;

    fn answer(covered_km2: f64) -> SitingAnswer {
        SitingAnswer {
            sites: Vec::new(),
            demand_km2: 100.0,
            covered_km2,
            covered_percent: covered_km2,
            bound_km2: 90.0,
            bound_percent: 90.0,
            gap_percent: 1.0,
            optimal: false,
            weighed_by_class: false,
            ground_km2: 100.0,
            covered_ground_km2: covered_km2,
            measured_km2: covered_km2,
            measure_cell_m: 25.0,
            demand_cell_m: 200.0,
            all_candidates_km2: 95.0,
            greedy_km2: 80.0,
            swapped_km2: 81.0,
            candidates: 9,
            grounded_candidates: 0,
            repeated_candidates: 0,
            reach: Words::new("圆盘", "discs"),
            no_fly_areas: 0,
            layers: Vec::new(),
            seed: 1,
            cut_short: false,
            more: Vec::new(),
        }
    }

    #[test]
    fn runs_are_kept_and_come_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::of(folder.path());
        assert!(runs.newest(9).unwrap().is_empty());
        let at = |seconds: i64| UtcMicros(1_772_416_800_000_000 + seconds * 1_000_000);
        let first = runs.keep(&answer(81.0), "{\"a\":1}", at(0)).unwrap();
        let second = runs.keep(&answer(82.0), "{\"a\":2}", at(5)).unwrap();
        fs::write(runs.file(&first.id.replace('0', "1"), "json"), "half a f").unwrap();
        fs::write(folder.path().join("siting/notes.json"), "{}").unwrap();
        assert_eq!(runs.newest(9).unwrap(), [second.clone(), first.clone()]);
        assert_eq!(runs.newest(1).unwrap(), [second]);
        assert_eq!(runs.geojson(&first.id).unwrap().as_deref(), Some("{\"a\":1}"));
        assert_eq!(runs.geojson("../siting/notes").unwrap(), None);
        assert_eq!(runs.geojson("01J00000000000000000000000").unwrap(), None);
    }
}
