//! Questions to a ledger and the figures it answers with.

use serde::{Deserialize, Serialize};

use super::frames::{DockIndex, Frames, Stratum};
use super::parameters::{END_OF_DAYS, GsdLimits, LedgerError, Views};
use crate::time::CivilDay;

/// Which photos count. The default counts all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LedgerQuery<'a> {
    /// First day that counts.
    pub since: Option<CivilDay>,
    /// Last day that counts.
    pub until: Option<CivilDay>,
    /// Coarsest GSD that counts, cm; lowered to a limit of the ledger's classes.
    pub max_gsd_cm: Option<f64>,
    /// View classes that count.
    pub views: Views,
    /// Only photos of this dock.
    pub dock: Option<&'a str>,
}

/// A query against one ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    pub first_day: u16,
    /// Counts; below `first_day` where no day does.
    pub last_day: u16,
    pub last_class: usize,
    pub views: Views,
    pub dock: Dock,
}

/// Which docks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dock {
    Any,
    One(DockIndex),
    /// One that no photo was flown from.
    Unknown,
}

impl Filter {
    pub fn takes(&self, stratum: &Stratum) -> bool {
        (self.first_day..=self.last_day).contains(&stratum.day)
            && usize::from(stratum.class) <= self.last_class
            && self.views.has(stratum.view)
            && match self.dock {
                Dock::Any => true,
                Dock::One(dock) => stratum.dock == dock,
                Dock::Unknown => false,
            }
    }

    /// Whether the histograms can answer: everything since a day counts, where `newest` is the last day there is.
    pub fn is_since(&self, newest: Option<u16>) -> bool {
        self.views == Views::ALL
            && self.dock == Dock::Any
            && self.first_day <= self.last_day
            && newest.is_none_or(|newest| newest <= self.last_day)
    }
}

impl LedgerQuery<'_> {
    /// # Errors
    /// [`LedgerError::WindowReversed`], [`LedgerError::ImpossibleGsd`], [`LedgerError::GsdBelowClasses`].
    pub(super) fn filter(&self, limits: GsdLimits, frames: &Frames) -> Result<Filter, LedgerError> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since > until
        {
            return Err(LedgerError::WindowReversed { since, until });
        }
        let last_class = limits.last_class_within(self.max_gsd_cm)?;
        let first = self.since.map_or(0, |day| day.0.max(0));
        let last = self
            .until
            .map_or(END_OF_DAYS.0 - 1, |day| day.0.min(END_OF_DAYS.0 - 1));
        // A window wholly before or after all days holds none.
        let (first_day, last_day) = match (u16::try_from(first), u16::try_from(last)) {
            (Ok(first), Ok(last)) => (first, last),
            _ => (1, 0),
        };
        let dock = self.dock.map_or(Dock::Any, |name| {
            frames.known_dock(name).map_or(Dock::Unknown, Dock::One)
        });
        Ok(Filter {
            first_day,
            last_day,
            last_class,
            views: self.views,
            dock,
        })
    }
}

/// Ground imaged out of an area.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Share {
    /// Imaged ground, true m². Cells are scaled so that all cells of the area make its exact area.
    pub imaged_m2: f64,
    /// The area's exact size, true m².
    pub area_m2: f64,
}

impl Share {
    /// Imaged share, 0 to 100; none of an area without size.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.area_m2 > 0.0).then(|| 100.0 * self.imaged_m2 / self.area_m2)
    }
}

/// Imaged ground, everywhere and by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImagedFigures {
    /// Everywhere, inside and outside every label, true m².
    pub imaged_m2: f64,
    /// The flyable area; none where the ledger has no flyable layer.
    pub flyable: Option<Share>,
    /// The towns, in the order of [`super::Labels`].
    pub towns: Vec<TownFigures>,
    /// Photos that count.
    pub photos: u64,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// The GSD limit after lowering to a class limit, cm.
    pub max_gsd_applied_cm: f64,
}

/// Imaged ground of one town.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TownFigures {
    /// The town's name.
    pub name: String,
    /// All of the town.
    pub whole: Share,
    /// Its flyable part; none where the ledger has no flyable layer.
    pub flyable: Option<Share>,
}

/// What one dock's photos show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DockFigures {
    /// The dock; none for photos without one.
    pub dock: Option<String>,
    /// Ground its photos show, true m².
    pub imaged_m2: f64,
    /// Ground that no other dock's photos show, true m².
    pub alone_m2: f64,
    /// The same two inside the flyable area; none where the ledger has no flyable layer.
    pub flyable_m2: Option<[f64; 2]>,
    /// Photos that count.
    pub photos: u64,
}

/// How long ago ground was seen, in days before a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ages {
    /// Half of the seen ground was seen at most so many days ago; none where nothing was seen.
    pub p50_days: Option<u32>,
    /// Nine tenths of the seen ground was.
    pub p90_days: Option<u32>,
    /// All of the seen ground was.
    pub max_days: Option<u32>,
    /// Share of the area that no counting photo shows, 0 to 1; none of an area without size.
    pub never_share: Option<f64>,
}

/// Ages by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgeFigures {
    /// The flyable area; without such a layer all towns together; without labels everywhere.
    pub all: Ages,
    /// Each town, in the order of [`super::Labels`]; its flyable part where the ledger has a flyable layer.
    pub towns: Vec<(String, Ages)>,
}

/// What a ledger knows of one cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellSeen {
    /// For each GSD class limit, the last photo that is at least so sharp: its day and its name.
    pub last: [Option<(CivilDay, String)>; super::parameters::GSD_CLASSES],
    /// The town the cell lies in.
    pub town: Option<String>,
    /// Whether it is flyable; none where the ledger has no flyable layer.
    pub flyable: Option<bool>,
}

/// Where the pixels of a raster lie; first row in the north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RasterFrame {
    /// Even steps of latitude and longitude, WGS-84 degrees (EPSG:4326).
    Degrees {
        /// Western edge of the first column.
        west_deg: f64,
        /// Northern edge of the first row.
        north_deg: f64,
        /// Width and height of a pixel, both positive.
        step_deg: [f64; 2],
        /// Pixels.
        columns: usize,
        /// Pixels.
        rows: usize,
    },
    /// Even steps on the ledger's grid.
    Grid {
        /// Western edge of the first column, m.
        west_m: f64,
        /// Northern edge of the first row, m.
        north_m: f64,
        /// Side of a pixel, m.
        step_m: f64,
        /// Pixels.
        columns: usize,
        /// Pixels.
        rows: usize,
    },
}

/// Pixels of last-seen day and best GSD, each of the cell at the pixel's centre, row by row from the north-west.
#[derive(Debug, Clone, PartialEq)]
pub struct GroundRaster {
    /// Pixels in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Day of the last photo, days since 1970-01-01; [`GroundRaster::NEVER`] where no counting photo shows it.
    pub last_seen_day: Vec<i32>,
    /// Limit of the sharpest GSD class seen, cm; NaN where no counting photo shows it.
    pub best_gsd_cm: Vec<f32>,
}

impl GroundRaster {
    /// Marks ground that was never seen.
    pub const NEVER: i32 = i32::MIN;
}

/// How much of a line was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LengthSeen {
    /// Length of the line, m.
    pub length_m: f64,
    /// Length of the steps whose middle lies in a seen cell, m.
    pub seen_m: f64,
}
