//! What a ledger is made with, what it is told of a photo, and what it can refuse.

use thiserror::Error;

use crate::cells::CellSet;
use crate::geodesy::{GeodesyError, Wgs84};
use crate::grid::{GridError, GridPoint};
use crate::time::CivilDay;

/// GSD classes a ledger tells apart.
pub const GSD_CLASSES: usize = 4;
/// Smallest and largest cell, m.
pub const CELL_RANGE_M: [f64; 2] = [0.5, 100.0];
/// Widest footprint accepted, m; more is a wrong height or a wrong place.
pub const WIDEST_FOOTPRINT_M: f64 = 20_000.0;
/// First day a ledger does not take: 2149-06-07, 65,536 days after 1970-01-01. The first it takes is 1970-01-01.
pub const END_OF_DAYS: CivilDay = CivilDay(65_536);

/// Why a ledger cannot take or answer something.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LedgerError {
    /// The cell size is outside [`CELL_RANGE_M`].
    #[error("cells of {cell_m} m are not possible; use 0.5 to 100 m")]
    CellSize {
        /// m.
        cell_m: f64,
    },
    /// The limits of the GSD classes do not rise, or are no lengths.
    #[error("GSD class limits {limits_cm:?} cm must be above 0 and rise from class to class")]
    GsdLimits {
        /// cm.
        limits_cm: [f64; GSD_CLASSES],
    },
    /// A ground sampling distance is not a positive number.
    #[error("ground sampling distance {gsd_cm} cm per pixel is impossible")]
    ImpossibleGsd {
        /// cm.
        gsd_cm: f64,
    },
    /// The photo is coarser than the last class of the ledger.
    #[error("{gsd_cm:.1} cm per pixel is coarser than the ledger's last class, {limit_cm} cm")]
    TooCoarse {
        /// cm.
        gsd_cm: f64,
        /// Limit of the last class, cm.
        limit_cm: f64,
    },
    /// The query's GSD limit is below the sharpest class.
    #[error("the ledger tells photos apart down to {limit_cm} cm per pixel; {max_gsd_cm} cm is below that")]
    GsdBelowClasses {
        /// Limit asked for, cm.
        max_gsd_cm: f64,
        /// Limit of the first class, cm.
        limit_cm: f64,
    },
    /// The day is before 1970 or not before [`END_OF_DAYS`].
    #[error("{day} cannot be a photo's day; the ledger takes 1970-01-01 to 2149-06-06")]
    Day {
        /// The day.
        day: CivilDay,
    },
    /// A photo's name is empty or longer than 65,535 bytes; so are names of docks.
    #[error("a name of {bytes} bytes cannot be kept; use 1 to 65535")]
    Name {
        /// UTF-8 bytes.
        bytes: usize,
    },
    /// More docks than a ledger can tell apart.
    #[error("the ledger tells at most 65534 docks apart")]
    TooManyDocks,
    /// A ring of the footprint has fewer than three points.
    #[error("a footprint needs three points, this one has {points}")]
    TooFewPoints {
        /// Points given.
        points: usize,
    },
    /// The footprint is wider than [`WIDEST_FOOTPRINT_M`].
    #[error("the footprint is {width_m:.0} m wide; no photo shows that much ground")]
    TooWide {
        /// m.
        width_m: f64,
    },
    /// The cells handed over lie on another grid or lattice than the ledger's.
    #[error("cells of another grid or size do not fit this ledger")]
    OtherCells,
    /// `since` is later than `until`.
    #[error("the window ends before it begins: {since} to {until}")]
    WindowReversed {
        /// First day.
        since: CivilDay,
        /// Last day.
        until: CivilDay,
    },
    /// A picture without pixels, with more than 2²⁸, or without a step.
    #[error("a raster of {columns} × {rows} pixels cannot be made")]
    RasterSize {
        /// Pixels.
        columns: usize,
        /// Pixels.
        rows: usize,
    },
    /// A step along a line is not a positive length.
    #[error("a step of {step_m} m along a line is impossible")]
    Step {
        /// m.
        step_m: f64,
    },
    /// A point is no place on Earth.
    #[error(transparent)]
    Place(#[from] GeodesyError),
    /// A place lies outside the working area.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Upper limits of the GSD classes, cm per pixel, rising. A photo belongs to the first class whose limit its GSD
/// does not exceed; a query's limit is lowered to a class limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GsdLimits([f64; GSD_CLASSES]);

impl Default for GsdLimits {
    /// 3, 6, 12 and 20 cm.
    fn default() -> Self {
        Self([3.0, 6.0, 12.0, 20.0])
    }
}

impl GsdLimits {
    /// # Errors
    /// [`LedgerError::GsdLimits`].
    pub fn new(limits_cm: [f64; GSD_CLASSES]) -> Result<Self, LedgerError> {
        let lengths = limits_cm.iter().all(|limit| limit.is_finite() && *limit > 0.0);
        if lengths && limits_cm.windows(2).all(|pair| pair[0] < pair[1]) {
            Ok(Self(limits_cm))
        } else {
            Err(LedgerError::GsdLimits { limits_cm })
        }
    }

    /// The limits, cm.
    #[must_use]
    pub fn cm(self) -> [f64; GSD_CLASSES] {
        self.0
    }

    /// The class of a photo, from 0.
    ///
    /// # Errors
    /// [`LedgerError::ImpossibleGsd`], [`LedgerError::TooCoarse`].
    pub fn class_of(self, gsd_cm: f64) -> Result<usize, LedgerError> {
        if !(gsd_cm.is_finite() && gsd_cm > 0.0) {
            return Err(LedgerError::ImpossibleGsd { gsd_cm });
        }
        let class = self.0.iter().position(|limit| gsd_cm <= *limit);
        class.ok_or(LedgerError::TooCoarse {
            gsd_cm,
            limit_cm: self.0[GSD_CLASSES - 1],
        })
    }

    /// The last class that a query's limit lets through; all classes without a limit.
    ///
    /// # Errors
    /// [`LedgerError::ImpossibleGsd`], [`LedgerError::GsdBelowClasses`].
    pub fn last_class_within(self, max_gsd_cm: Option<f64>) -> Result<usize, LedgerError> {
        let Some(max_gsd_cm) = max_gsd_cm else {
            return Ok(GSD_CLASSES - 1);
        };
        if max_gsd_cm.is_nan() || max_gsd_cm <= 0.0 {
            return Err(LedgerError::ImpossibleGsd { gsd_cm: max_gsd_cm });
        }
        let class = self.0.iter().rposition(|limit| *limit <= max_gsd_cm);
        class.ok_or(LedgerError::GsdBelowClasses {
            max_gsd_cm,
            limit_cm: self.0[0],
        })
    }
}

/// How steeply a photo looks down: the angle between its optical axis and straight down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewClass {
    /// Up to 15°: roofs and ground as on a map.
    Nadir,
    /// Up to 45°: walls begin to show.
    Steep,
    /// Beyond.
    Oblique,
}

impl ViewClass {
    /// All, steepest first.
    pub const ALL: [Self; 3] = [Self::Nadir, Self::Steep, Self::Oblique];
    /// Flattest [`ViewClass::Nadir`] and [`ViewClass::Steep`], degrees from straight down.
    pub const LIMITS_DEG: [f64; 2] = [15.0, 45.0];

    /// The class of a view zenith angle, rad, as in [`crate::footprint::Footprint::view_zenith_rad`].
    #[must_use]
    pub fn of_zenith(view_zenith_rad: f64) -> Self {
        let zenith_deg = view_zenith_rad.to_degrees();
        if zenith_deg <= Self::LIMITS_DEG[0] {
            Self::Nadir
        } else if zenith_deg <= Self::LIMITS_DEG[1] {
            Self::Steep
        } else {
            Self::Oblique
        }
    }
}

/// Which view classes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Views([bool; 3]);

impl Default for Views {
    fn default() -> Self {
        Self::ALL
    }
}

impl Views {
    /// Every photo.
    pub const ALL: Self = Self([true; 3]);
    /// No photo; add classes with [`Views::with`].
    pub const NONE: Self = Self([false; 3]);

    /// These and one class more.
    #[must_use]
    pub const fn with(mut self, class: ViewClass) -> Self {
        self.0[class as usize] = true;
        self
    }

    /// Whether a class counts.
    #[must_use]
    pub const fn has(self, class: ViewClass) -> bool {
        self.0[class as usize]
    }
}

/// A photo as the ledger takes it.
#[derive(Debug, Clone, Copy)]
pub struct LedgerFrame<'a> {
    /// The photo's name; a ledger has it once. Where two photos of a day show the same ground, the later name in
    /// byte order gives the cell.
    pub photo: &'a str,
    /// The civil day it was taken.
    pub day: CivilDay,
    /// Ground sampling distance at the photo's centre, cm per pixel.
    pub gsd_cm: f64,
    /// How steeply it looks.
    pub view: ViewClass,
    /// The dock it was flown from; none for a drone without a dock.
    pub dock: Option<&'a str>,
    /// The ground it shows.
    pub shown: Shown<'a>,
}

/// The ground that a photo shows. A cell counts when its centre lies inside.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// Rings of places, first points not repeated, any winding; what lies in an even number of them is a hole.
    Rings(&'a [Vec<Wgs84>]),
    /// The same on the ledger's grid, m.
    OnGrid(&'a [Vec<GridPoint>]),
    /// Cells of the ledger's own lattice, as a surface model gives them.
    Cells(&'a CellSet),
}

/// What entering a photo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// The photo is new.
    New,
    /// The photo was there with other facts or other ground, and was exchanged.
    Exchanged,
    /// The photo was there, the same in everything.
    Same,
}
