//! Which ground was imaged when, how sharply, how steeply, by which photo and from which dock: a ledger of ground
//! cells that photos enter and leave, in sparse tiles of 64 × 64 cells.
//!
//! A tile keeps three things. **Planes**: for each GSD class limit the last photo of every cell, as an index into the
//! tile's photos in order of day and name, so that "later" is "greater". **Strata**: one bit per cell for each (day,
//! GSD class, view class, dock), so that any window is exact, also for cells seen both inside and after it. **Its
//! photos**, from which it is painted again when one of them leaves. Histograms by label, class and last-seen day follow
//! every write: "seen within the last N days" is a sum over days.
//!
//! A ledger is a function of its photos, whatever the order they came in, and [`Ledger::to_bytes`] shows it: ledgers
//! of the same photos give the same bytes.
//!
//! A cell counts when its sample point lies inside a footprint; ground under several photos counts once. Areas are true
//! areas: every tile's cells are weighed by the grid's areal scale, as whole mm², so that sums do not depend on their
//! order. Labels bring exact areas, see [`Labels`].

use crate::grid::{GridError, GridPoint, WORKING_RADIUS_KM, WorkingGrid};
use crate::raster::{Lattice, Painter, Span, TILE_CELLS, TileKey};
use crate::time::CivilDay;
use std::collections::{BTreeSet, HashMap};

mod ages;
mod answers;
mod frames;
mod histogram;
mod labels;
mod parameters;
mod projector;
mod query;
mod rasters;
mod saved;
mod spans;
#[cfg(test)]
mod tests;
mod tile;

pub use ages::LastDays;
pub use answers::{MeasuredArea, length_seen};
pub use labels::Labels;
pub use parameters::{
    CELL_RANGE_M, END_OF_DAYS, Entered, GSD_CLASSES, GsdLimits, LedgerError, LedgerFrame, Shown, ViewClass,
    Views, WIDEST_FOOTPRINT_M,
};
pub use query::{
    AgeFigures, Ages, CellSeen, DockFigures, GroundRaster, ImagedFigures, LedgerQuery, LengthSeen,
    RasterFrame, Share, TownFigures,
};
pub use saved::SavedError;

use frames::{Fixed, Frame, Frames, Stratum};
use histogram::Histogram;
use projector::Projector;
use spans::Run;
use tile::{Moved, Tile};

/// The ledger of imaged ground.
#[derive(Debug, Clone)]
pub struct Ledger {
    grid: WorkingGrid,
    lattice: Lattice,
    limits: GsdLimits,
    labels: Labels,
    frames: Frames,
    tiles: Vec<Tile>,
    by_key: HashMap<TileKey, u32, Fixed>,
    histogram: Histogram,
    brush: Brush,
}

/// What turns footprints into cells; its memory is kept between photos.
#[derive(Debug, Clone)]
struct Brush {
    projector: Projector,
    painter: Painter,
    /// Rings in columns and rows.
    rings: Vec<Vec<[f64; 2]>>,
    spans: Vec<Span>,
    runs: Vec<Run>,
    packed: Vec<u8>,
    moved: Moved,
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
        let lattice = Lattice::new(cell_m);
        let labels = Labels::none(&grid, lattice);
        Ok(Self {
            brush: Brush {
                projector: Projector::new(grid.clone()),
                painter: Painter::default(),
                rings: Vec::new(),
                spans: Vec::new(),
                runs: Vec::new(),
                packed: Vec::new(),
                moved: Moved::new(),
            },
            histogram: Histogram::new(labels.rows()),
            grid,
            lattice,
            limits,
            labels,
            frames: Frames::default(),
            tiles: Vec::new(),
            by_key: HashMap::default(),
        })
    }

    /// Enters a photo; one of the same name that is there already is exchanged.
    ///
    /// # Errors
    /// [`LedgerError`]; the ledger is unchanged then.
    pub fn enter(&mut self, frame: &LedgerFrame<'_>) -> Result<Entered, LedgerError> {
        let class = self.limits.class_of(frame.gsd_cm)? as u8;
        let day = u16::try_from(frame.day.0).map_err(|_beyond| LedgerError::Day { day: frame.day })?;
        for name in [Some(frame.photo), frame.dock].into_iter().flatten() {
            if !(1..=usize::from(u16::MAX)).contains(&name.len()) {
                return Err(LedgerError::Name { bytes: name.len() });
            }
        }
        self.brush.paint(&self.grid, self.lattice, &frame.shown)?;
        let dock = self.frames.dock_index(frame.dock)?;
        let stratum = Stratum {
            day,
            class,
            view: frame.view,
            dock,
        };
        let before = self
            .frames
            .slot_of(frame.photo)
            .and_then(|slot| self.frames.get(slot));
        let entered = match before {
            Some(same) if same.stratum == stratum && same.cells() == self.brush.packed => {
                return Ok(Entered::Same);
            }
            Some(_) => Entered::Exchanged,
            None => Entered::New,
        };
        if entered == Entered::Exchanged {
            self.withdraw([frame.photo]);
        }
        self.insert(Frame::new(frame.photo, &self.brush.packed, stratum));
        Ok(entered)
    }

    /// Enters a photo that is not there; `brush.spans` are its cells.
    fn insert(&mut self, frame: Frame) {
        self.histogram.make_room(frame.stratum.day);
        let slot = self.frames.insert(frame);
        let Self {
            grid,
            lattice,
            labels,
            frames,
            tiles,
            by_key,
            histogram,
            brush,
            ..
        } = self;
        let Brush {
            spans, runs, moved, ..
        } = brush;
        spans::for_tiles(spans, runs, |key, runs| {
            let index = *by_key.entry(key).or_insert_with(|| {
                tiles.push(Tile::new(
                    key,
                    labels::cell_mm2(grid, *lattice, key),
                    labels.of_tile(key),
                ));
                (tiles.len() - 1) as u32
            });
            tiles[index as usize].enter(slot, frames, runs, moved, histogram);
        });
    }

    /// Takes photos out again, as if they had never been entered; names that are not there are passed over. Each
    /// touched tile is painted once, so that a whole sortie in one call costs little more than one photo. Returns how
    /// many were there.
    pub fn withdraw<'a>(&mut self, photos: impl IntoIterator<Item = &'a str>) -> usize {
        let farthest = farthest_cell(self.lattice);
        let (mut touched, mut found) = (BTreeSet::new(), 0);
        for name in photos {
            let slot = self.frames.slot_of(name);
            let Some(frame) = slot.and_then(|slot| self.frames.remove(slot)) else {
                continue;
            };
            found += 1;
            let (mut spans, mut runs) = (Vec::new(), Vec::new());
            if spans::unpack(frame.cells(), farthest, &mut spans).is_some() {
                spans::for_tiles(&spans, &mut runs, |key, _| {
                    touched.extend(self.by_key.get(&key).copied());
                });
            }
        }
        // From the last on: an empty tile's place goes to the last one, which is done already.
        for index in touched.into_iter().rev() {
            let tile = &mut self.tiles[index as usize];
            if !tile.rebuild(farthest, &self.frames, &mut self.histogram) {
                let gone = self.tiles.swap_remove(index as usize);
                self.by_key.remove(&gone.key);
                if let Some(moved) = self.tiles.get(index as usize) {
                    self.by_key.insert(moved.key, index);
                }
            }
        }
        found
    }

    /// Puts other labels in force; no photo has to be entered again.
    ///
    /// # Errors
    /// [`LedgerError::OtherCells`] when the labels were painted for another grid or lattice.
    pub fn relabel(&mut self, labels: Labels) -> Result<(), LedgerError> {
        if !labels.fit(&self.grid, self.lattice) {
            return Err(LedgerError::OtherCells);
        }
        self.histogram = Histogram::new(labels.rows());
        for day in [
            self.frames.counts().first_key_value(),
            self.frames.counts().last_key_value(),
        ] {
            day.iter()
                .for_each(|(stratum, _)| self.histogram.make_room(stratum.day));
        }
        for tile in &mut self.tiles {
            tile.labels = labels.of_tile(tile.key);
            tile.count(|row, class, day, area_mm2| self.histogram.add(row, class, day, area_mm2));
        }
        self.labels = labels;
        Ok(())
    }

    /// The photos, by day and name.
    pub fn frames(&self) -> impl Iterator<Item = FrameFacts<'_>> {
        let slots = self.frames.in_order().into_iter();
        let frames = slots.filter_map(|slot| self.frames.get(slot));
        frames.map(|frame| FrameFacts {
            photo: frame.name(),
            day: CivilDay(frame.stratum.day.into()),
            gsd_class: frame.stratum.class.into(),
            view: frame.stratum.view,
            dock: self.frames.dock_name(frame.stratum.dock),
        })
    }

    /// How many photos there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is no photo.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    fn tile(&self, key: TileKey) -> Option<&Tile> {
        self.tiles.get(*self.by_key.get(&key)? as usize)
    }
}

impl Brush {
    /// Makes `spans` and `packed` of what a photo shows.
    ///
    /// # Errors
    /// [`LedgerError`] when the footprint cannot be one.
    fn paint(&mut self, grid: &WorkingGrid, lattice: Lattice, shown: &Shown<'_>) -> Result<(), LedgerError> {
        match shown {
            Shown::Rings(rings) => {
                self.rings.resize_with(rings.len(), Vec::new);
                for (ring, corners) in rings.iter().zip(&mut self.rings) {
                    corners.clear();
                    for place in ring {
                        let place = crate::geodesy::Wgs84::new(place.latitude_deg, place.longitude_deg)?;
                        corners.push(lattice.in_cells(self.projector.grid_from_wgs84(place)?));
                    }
                }
            }
            Shown::OnGrid(rings) => {
                self.rings.resize_with(rings.len(), Vec::new);
                for (ring, corners) in rings.iter().zip(&mut self.rings) {
                    corners.clear();
                    for point in ring {
                        check_point(*point)?;
                        corners.push(lattice.in_cells(*point));
                    }
                }
            }
            Shown::Cells(cells) => {
                if cells.grid() != grid || cells.lattice() != lattice {
                    return Err(LedgerError::OtherCells);
                }
                spans::of_tiles(cells.tiles().iter(), &mut self.spans);
                check_spans(&self.spans, lattice)?;
                spans::pack(&self.spans, &mut self.packed);
                return Ok(());
            }
        }
        for ring in &self.rings {
            if ring.len() < 3 {
                return Err(LedgerError::TooFewPoints { points: ring.len() });
            }
        }
        check_width(extent(self.rings.iter().flatten().copied()), lattice)?;
        self.painter.paint(&self.rings, &mut self.spans);
        spans::pack(&self.spans, &mut self.packed);
        Ok(())
    }
}

fn check_point(point: GridPoint) -> Result<(), GridError> {
    let distance_km = point.easting_m.hypot(point.northing_m) / 1000.0;
    // The grid stretches lengths by up to 0.11 % at the rim.
    if distance_km.is_finite() && distance_km <= WORKING_RADIUS_KM + 1.0 {
        Ok(())
    } else {
        Err(GridError::OutsideWorkingArea { distance_km })
    }
}

/// Spans that did not come from rings inside the working area.
fn check_spans(spans: &[Span], lattice: Lattice) -> Result<(), LedgerError> {
    let corners = spans.iter().flat_map(|span| {
        [
            [f64::from(span.from), f64::from(span.row)],
            [f64::from(span.to), f64::from(span.row)],
        ]
    });
    let farthest = f64::from(farthest_cell(lattice));
    if let Some([column, row]) = corners
        .clone()
        .find(|corner| corner.iter().any(|at| at.abs() > farthest))
    {
        let distance_km = column.hypot(row) * lattice.cell_m() / 1000.0;
        return Err(GridError::OutsideWorkingArea { distance_km }.into());
    }
    check_width(extent(corners), lattice)
}

/// Width and height of what holds the corners; 0 of none.
fn extent(corners: impl Iterator<Item = [f64; 2]>) -> [f64; 2] {
    let none = ([f64::MAX; 2], [f64::MIN; 2]);
    let (low, high) = corners.fold(none, |(low, high), [x, y]| {
        ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)])
    });
    [(high[0] - low[0]).max(0.0), (high[1] - low[1]).max(0.0)]
}

fn check_width(extent: [f64; 2], lattice: Lattice) -> Result<(), LedgerError> {
    let width_m = extent[0].max(extent[1]) * lattice.cell_m();
    if width_m > WIDEST_FOOTPRINT_M {
        return Err(LedgerError::TooWide { width_m });
    }
    Ok(())
}

/// No cell of the working area has a greater row or column.
fn farthest_cell(lattice: Lattice) -> i32 {
    ((WORKING_RADIUS_KM + 1.0) * 1000.0 / lattice.cell_m()) as i32 + 1
}

/// The tile of a grid point, and its cell there, counted row by row.
fn tile_and_cell(lattice: Lattice, point: GridPoint) -> (TileKey, usize) {
    let [column, row] = lattice.in_cells(point).map(|at| at.floor() as i32);
    tile_of(row, column)
}

/// The tile of the cell at a row and column, and the cell there.
fn tile_of(row: i32, column: i32) -> (TileKey, usize) {
    let key = (row.div_euclid(TILE_CELLS), column.div_euclid(TILE_CELLS));
    let cell = row.rem_euclid(TILE_CELLS) * TILE_CELLS + column.rem_euclid(TILE_CELLS);
    (key, cell as usize)
}
