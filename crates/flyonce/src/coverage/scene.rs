//! What figures of a day are made from beside the ledger: layers and docks, reach, plans, targets of the numbers.

use anyhow::Result;
use survey::cells::CellSet;
use survey::time::{CivilDay, UtcMicros};

use crate::clock;
use crate::coverage::basis::Basis;
use crate::coverage::planned::Planned;
use crate::coverage::reachable::Reached;
use crate::workplace::Workplace;

/// Targets of the numbers, per cent of the flyable ground.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    /// Of what is reachable.
    pub reachable_percent: f64,
    /// Of what was imaged.
    pub imaged_percent: f64,
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
