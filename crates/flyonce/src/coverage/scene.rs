//! What figures of a day are made from beside the ledger: layers and docks, reach, plans, targets of the numbers.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use survey::cells::CellSet;
use survey::time::{CivilDay, UtcMicros};

use crate::clock;
use crate::coverage::basis::Basis;
use crate::coverage::planned::Planned;
use crate::coverage::reachable::Reached;
use crate::layers::shelf::Shelf;
use crate::workplace::Workplace;

/// Targets of the numbers, per cent of the flyable ground.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    /// Of what is reachable.
    pub reachable_percent: f64,
    /// Of what was imaged.
    pub imaged_percent: f64,
}

/// Length and time of change of a file; nothing where there is none.
type FileStamp = Option<(u64, Option<SystemTime>)>;

/// Different whenever a scene would be: what the files say that it is made of, without reading them.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneStamp {
    grid: Option<String>,
    files: Vec<(PathBuf, FileStamp)>,
}

impl SceneStamp {
    /// The files as they are now: layers, docks, calendar and plans.
    ///
    /// # Errors
    /// The database.
    pub async fn of(workplace: &Workplace) -> Result<Self> {
        let settings = &workplace.config.settings;
        let mut files: Vec<PathBuf> = settings.layers.iter().map(|layer| layer.file.clone()).collect();
        files.push(Shelf::of(&settings.data_folder).book());
        files.push(settings.fleet.roster_path(&settings.data_folder));
        files_below(&settings.fleet.plans_path(&settings.data_folder), &mut files);
        files.sort();
        let stamped = |path: PathBuf| {
            let stamp = file_stamp(&path);
            (path, stamp)
        };
        Ok(Self {
            grid: workplace.store.working_grid().await?,
            files: files.into_iter().map(stamped).collect(),
        })
    }
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

fn file_stamp(path: &Path) -> FileStamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()))
}

/// Everything but the ledger.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Layers and docks.
    pub basis: Basis,
    /// Flyable cells of each town.
    pub town_cells: Vec<CellSet>,
    /// What docks reach; `None` without docks.
    pub reached: Option<Reached>,
    /// What missions plan; `None` without a calendar.
    pub planned: Option<Planned>,
    /// Targets of the numbers.
    pub targets: Targets,
    /// When it was made.
    pub made: UtcMicros,
}

impl Scene {
    /// The scene of a day, or as it was known at an instant. `None` where nothing says where this city is.
    ///
    /// # Errors
    /// Layers, docks or a calendar that cannot be used.
    pub async fn of(
        workplace: &Workplace,
        day: CivilDay,
        known_at: Option<UtcMicros>,
    ) -> Result<Option<Self>> {
        let settings = &workplace.config.settings;
        let Some(basis) = Basis::of(workplace, day, known_at, settings.cell_m).await? else {
            return Ok(None);
        };
        tokio::task::block_in_place(|| {
            let within_days = settings.coverage.imaged_within_days;
            // Without a flyable layer all of a town counts.
            let all_ground = basis.flyable.is_none();
            let town_cells = basis.towns.iter().map(|town| {
                let cells = basis.cells(&town.polygons)?;
                Ok(if all_ground {
                    cells
                } else {
                    cells.intersection(&basis.flyable_cells)
                })
            });
            Ok(Some(Self {
                town_cells: town_cells.collect::<Result<_>>()?,
                reached: Reached::of(&basis, settings)?,
                planned: Planned::of(workplace, &basis, day, within_days)?,
                targets: Targets {
                    reachable_percent: settings.coverage.reachable_target_percent,
                    imaged_percent: settings.coverage.imaged_target_percent,
                },
                made: clock::now(),
                basis,
            }))
        })
    }
}
