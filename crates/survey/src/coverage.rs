//! Which ground was imaged when, and how sharply: a ledger of ground cells, not a union of polygons. A cell
//! counts when its centre lies inside a footprint; ground under several photos counts once.
//!
//! The ledger keeps one bit per cell, civil day and GSD class, in sparse tiles of 64 × 64 cells. Any window of
//! days is therefore exact; a last-seen day alone would forget a cell seen both inside and after the window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::area::Layer;
use crate::geodesy::{GeodesyError, LocalTangent, Wgs84};
use crate::grid::{GridError, GridPoint, WorkingGrid};
use crate::time::CivilDay;

mod raster;

use raster::{Bits, Lattice, TileKey, merge_into, overlap_cells};

/// Upper limits of the GSD classes, cm per pixel; a photo belongs to the first class whose limit its GSD does
/// not exceed, and to the open class beyond the last limit otherwise.
pub const GSD_CLASS_LIMITS_CM: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 12.0, 20.0, 50.0];
/// Smallest and largest cell, m.
pub const CELL_RANGE_M: [f64; 2] = [0.5, 100.0];
/// Widest footprint accepted, m; more is a wrong height or a wrong place.
pub const WIDEST_FOOTPRINT_M: f64 = 20_000.0;

/// Why the ledger cannot take or answer something.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CoverageError {
    /// The cell size is outside [`CELL_RANGE_M`].
    #[error("cells of {cell_m} m are not possible; use 0.5 to 100 m")]
    CellSize {
        /// m.
        cell_m: f64,
    },
    /// The footprint has fewer than three points.
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
    /// A ground sampling distance is not a positive number.
    #[error("ground sampling distance {gsd_cm} cm per pixel is impossible")]
    ImpossibleGsd {
        /// cm.
        gsd_cm: f64,
    },
    /// The query asks for photos sharper than the sharpest class the ledger tells apart.
    #[error("the ledger tells photos apart down to 1 cm per pixel; {max_gsd_cm} cm is below that")]
    GsdBelowClasses {
        /// cm.
        max_gsd_cm: f64,
    },
    /// `since` is later than `until`.
    #[error("the window ends before it begins: {since} to {until}")]
    WindowReversed {
        /// First day.
        since: CivilDay,
        /// Last day.
        until: CivilDay,
    },
    /// A footprint's point is no place on Earth.
    #[error(transparent)]
    Place(#[from] GeodesyError),
    /// A place lies outside the working area.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// What a coverage number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CoverageQuery<'a> {
    /// Count only inside this layer, and give the percentage of it.
    pub layer: Option<&'a Layer>,
    /// First day that counts.
    pub since: Option<CivilDay>,
    /// Last day that counts.
    pub until: Option<CivilDay>,
    /// Coarsest GSD that counts, cm; lowered to the next limit in [`GSD_CLASS_LIMITS_CM`].
    pub max_gsd_cm: Option<f64>,
}

/// A coverage number with what it depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageFigure {
    /// Imaged ground, km²; inside the layer when one is given.
    pub imaged_km2: f64,
    /// Imaged ground inside or outside the layer, km².
    pub imaged_total_km2: f64,
    /// Area of the layer, km², from its exact outline and not from cells.
    pub layer_km2: Option<f64>,
    /// Imaged share of the layer, 0 to 100.
    pub percent: Option<f64>,
    /// Photos in the window that are sharp enough, wherever they lie.
    pub photos: u64,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// The GSD limit that was applied after lowering to a class limit, cm.
    pub max_gsd_applied_cm: Option<f64>,
}

/// One day's cells of one GSD class within one tile.
#[derive(Debug, Clone, PartialEq)]
struct DayBits {
    day: CivilDay,
    class: usize,
    bits: Bits,
}

/// The ledger of imaged ground. Rebuilt from the stored footprints at start; only they are kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    grid: WorkingGrid,
    lattice: Lattice,
    /// Entries of a tile are sorted by day and class.
    tiles: BTreeMap<TileKey, Vec<DayBits>>,
    photos: BTreeMap<(CivilDay, usize), u64>,
}

impl Ledger {
    /// An empty ledger with square cells of `cell_m`.
    ///
    /// # Errors
    /// [`CoverageError::CellSize`].
    pub fn new(grid: WorkingGrid, cell_m: f64) -> Result<Self, CoverageError> {
        if !(CELL_RANGE_M[0]..=CELL_RANGE_M[1]).contains(&cell_m) {
            return Err(CoverageError::CellSize { cell_m });
        }
        Ok(Self {
            grid,
            lattice: Lattice::new(cell_m),
            tiles: BTreeMap::new(),
            photos: BTreeMap::new(),
        })
    }

    /// Enters one photo's footprint: its outline (any winding, first point not repeated), the civil day it
    /// was taken, its GSD. Returns how many cells lie inside. Entering a photo twice counts it twice as a
    /// photo and once as ground.
    ///
    /// # Errors
    /// [`CoverageError`]; the ledger is unchanged then.
    pub fn enter(&mut self, outline: &[Wgs84], day: CivilDay, gsd_cm: f64) -> Result<u64, CoverageError> {
        let class = class_of(gsd_cm)?;
        let ring = self.footprint_on_grid(outline)?;
        let mut cells = 0;
        for (key, bits) in self.lattice.paint(&[ring]) {
            cells += bits.iter().map(|row| u64::from(row.count_ones())).sum::<u64>();
            let entries = self.tiles.entry(key).or_default();
            match entries.binary_search_by_key(&(day, class), |entry| (entry.day, entry.class)) {
                Ok(at) => merge_into(&mut entries[at].bits, &bits),
                Err(at) => entries.insert(at, DayBits { day, class, bits }),
            }
        }
        *self.photos.entry((day, class)).or_default() += 1;
        Ok(cells)
    }

    /// How much ground was imaged. Cells are weighed by the grid's areal scale at their tile; the layer's own
    /// area comes from its exact outline, and cells along its edge can at most fill it.
    ///
    /// # Errors
    /// [`CoverageError::WindowReversed`], [`CoverageError::ImpossibleGsd`],
    /// [`CoverageError::GsdBelowClasses`], [`CoverageError::Grid`] when the layer leaves the working area.
    pub fn imaged(&self, query: &CoverageQuery<'_>) -> Result<CoverageFigure, CoverageError> {
        let window = Window::of(query)?;
        let layer = query.layer.map(|layer| self.measured_layer(layer)).transpose()?;
        let (mut total_m2, mut inside_m2) = (0.0, 0.0);
        for (key, entries) in &self.tiles {
            let mut seen: Bits = Box::new([0; 64]);
            entries
                .iter()
                .filter(|entry| window.holds(entry.day, entry.class))
                .for_each(|entry| merge_into(&mut seen, &entry.bits));
            let cell_m2 = self.lattice.cell_m2() / self.grid.areal_scale(self.lattice.tile_centre(*key));
            total_m2 += overlap_cells(&seen, &seen) as f64 * cell_m2;
            if let Some(mask) = layer.as_ref().and_then(|(mask, _)| mask.get(key)) {
                inside_m2 += overlap_cells(&seen, mask) as f64 * cell_m2;
            }
        }
        let layer_km2 = layer.map(|(_, area_m2)| area_m2 / 1e6);
        let imaged_total_km2 = total_m2 / 1e6;
        let imaged_km2 = layer_km2.map_or(imaged_total_km2, |most| (inside_m2 / 1e6).min(most));
        let counted = self
            .photos
            .iter()
            .filter(|((day, class), _)| window.holds(*day, *class));
        Ok(CoverageFigure {
            imaged_km2,
            imaged_total_km2,
            layer_km2,
            percent: layer_km2.map(|whole| 100.0 * imaged_km2 / whole),
            photos: counted.map(|(_, photos)| *photos).sum(),
            cell_m: self.lattice.cell_m(),
            max_gsd_applied_cm: window.max_gsd_applied_cm(),
        })
    }

    /// The grid the cells lie on; store its definition with every number.
    #[must_use]
    pub fn grid(&self) -> &WorkingGrid {
        &self.grid
    }

    /// A layer's cells and its exact area, m².
    fn measured_layer(&self, layer: &Layer) -> Result<(BTreeMap<TileKey, Bits>, f64), CoverageError> {
        let mut mask = BTreeMap::new();
        for polygon in &layer.polygons {
            let rings = std::iter::once(&polygon.exterior).chain(&polygon.holes);
            let on_grid = rings
                .map(|ring| {
                    ring.iter()
                        .map(|point| self.grid.grid_from_wgs84(*point))
                        .collect()
                })
                .collect::<Result<Vec<Vec<GridPoint>>, GridError>>()?;
            for (key, bits) in self.lattice.paint(&on_grid) {
                merge_into(mask.entry(key).or_insert_with(|| Box::new([0; 64])), &bits);
            }
        }
        Ok((mask, layer.area_m2(&self.grid)?))
    }

    /// Projects two points and turns the rest along with them: within [`WIDEST_FOOTPRINT_M`] the grid is the
    /// local plane up to a turn and a scale, and this is six times as fast as projecting every point.
    fn footprint_on_grid(&self, outline: &[Wgs84]) -> Result<Vec<GridPoint>, CoverageError> {
        let [first, _, _, ..] = outline else {
            return Err(CoverageError::TooFewPoints {
                points: outline.len(),
            });
        };
        for point in outline {
            Wgs84::new(point.latitude_deg, point.longitude_deg)?;
        }
        let plane = LocalTangent::at(*first);
        let offsets: Vec<[f64; 2]> = outline.iter().map(|point| plane.enu_from_wgs84(*point)).collect();
        let width_m = offsets
            .iter()
            .map(|[east, north]| east.hypot(*north))
            .fold(0.0, f64::max);
        if width_m > WIDEST_FOOTPRINT_M {
            return Err(CoverageError::TooWide { width_m });
        }
        let origin = self.grid.grid_from_wgs84(*first)?;
        let step_m = 100.0;
        let north = self.grid.grid_from_wgs84(plane.wgs84_from_enu(0.0, step_m))?;
        let (sin, cos) = (
            (north.easting_m - origin.easting_m) / step_m,
            (north.northing_m - origin.northing_m) / step_m,
        );
        let turned = |[east, north]: &[f64; 2]| GridPoint {
            easting_m: origin.easting_m + cos * east + sin * north,
            northing_m: origin.northing_m - sin * east + cos * north,
        };
        Ok(offsets.iter().map(turned).collect())
    }
}

struct Window {
    since: Option<CivilDay>,
    until: Option<CivilDay>,
    /// Classes below this one count.
    classes: usize,
    limited: bool,
}

impl Window {
    fn of(query: &CoverageQuery<'_>) -> Result<Self, CoverageError> {
        let &CoverageQuery {
            since,
            until,
            max_gsd_cm,
            ..
        } = query;
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            return Err(CoverageError::WindowReversed { since, until });
        }
        let Some(max_gsd_cm) = max_gsd_cm else {
            return Ok(Self {
                since,
                until,
                classes: GSD_CLASS_LIMITS_CM.len() + 1,
                limited: false,
            });
        };
        class_of(max_gsd_cm)?;
        let classes = GSD_CLASS_LIMITS_CM
            .iter()
            .filter(|limit| **limit <= max_gsd_cm)
            .count();
        if classes == 0 {
            return Err(CoverageError::GsdBelowClasses { max_gsd_cm });
        }
        Ok(Self {
            since,
            until,
            classes,
            limited: true,
        })
    }

    fn holds(&self, day: CivilDay, class: usize) -> bool {
        self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
            && class < self.classes
    }

    fn max_gsd_applied_cm(&self) -> Option<f64> {
        self.limited.then(|| GSD_CLASS_LIMITS_CM[self.classes - 1])
    }
}

fn class_of(gsd_cm: f64) -> Result<usize, CoverageError> {
    if !(gsd_cm.is_finite() && gsd_cm > 0.0) {
        return Err(CoverageError::ImpossibleGsd { gsd_cm });
    }
    Ok(GSD_CLASS_LIMITS_CM
        .iter()
        .take_while(|limit| gsd_cm > **limit)
        .count())
}

#[cfg(test)]
mod tests {
    use geo::{Area, BooleanOps, Coord, LineString, MultiPolygon, Polygon};
    use proptest::prelude::*;

    use super::*;
    use crate::area::{LayerHeader, RawPolygon};
    use crate::geodesy::Datum;

    const CENTRE: Wgs84 = Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.5,
    };

    fn ledger(cell_m: f64) -> Ledger {
        Ledger::new(WorkingGrid::centred(CENTRE).unwrap(), cell_m).unwrap()
    }

    /// Corners of a rectangle of `size` m around `middle`, east and north of the centre, turned by `turn` rad.
    fn rectangle(middle: [f64; 2], size: [f64; 2], turn: f64) -> Vec<[f64; 2]> {
        let (sin, cos) = turn.sin_cos();
        [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
            .map(|[a, b]| {
                let (x, y) = (a * size[0], b * size[1]);
                [middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y]
            })
            .to_vec()
    }

    fn places(corners: &[[f64; 2]]) -> Vec<Wgs84> {
        let plane = LocalTangent::at(CENTRE);
        corners
            .iter()
            .map(|[east, north]| plane.wgs84_from_enu(*east, *north))
            .collect()
    }

    fn layer(corners: &[[f64; 2]]) -> Layer {
        let exterior = places(corners)
            .iter()
            .map(|place| [place.longitude_deg, place.latitude_deg])
            .collect();
        let header = LayerHeader {
            name: "test".to_owned(),
            version: "1".to_owned(),
            datum: Datum::Wgs84,
            source: "made up".to_owned(),
        };
        Layer::new(
            header,
            &[RawPolygon {
                exterior,
                holes: Vec::new(),
            }],
        )
        .unwrap()
        .0
    }

    fn union_m2(frames: &[Vec<[f64; 2]>]) -> f64 {
        let union = frames.iter().fold(MultiPolygon::new(Vec::new()), |sum, corners| {
            let ring: LineString = corners.iter().map(|[x, y]| Coord { x: *x, y: *y }).collect();
            sum.union(&Polygon::new(ring, Vec::new()))
        });
        union.unsigned_area()
    }

    #[test]
    fn window_layer_and_sharpness_narrow_the_number() {
        let mut ledger = ledger(2.0);
        let (west, east) = (
            rectangle([-200.0, 0.0], [300.0, 200.0], 0.1),
            rectangle([200.0, 0.0], [300.0, 200.0], 0.2),
        );
        ledger.enter(&places(&west), CivilDay(100), 1.9).unwrap();
        ledger.enter(&places(&west), CivilDay(110), 6.0).unwrap();
        ledger.enter(&places(&east), CivilDay(105), 3.0).unwrap();
        let ask = |since: Option<i32>, until: Option<i32>, max_gsd_cm: Option<f64>| {
            let query = CoverageQuery {
                layer: None,
                since: since.map(CivilDay),
                until: until.map(CivilDay),
                max_gsd_cm,
            };
            let figure = ledger.imaged(&query).unwrap();
            (
                (figure.imaged_km2 / 0.06 * 100.0).round() as i64,
                figure.photos,
                figure.max_gsd_applied_cm,
            )
        };
        assert_eq!(ask(None, None, None), (200, 3, None));
        assert_eq!(ask(Some(101), None, None), (200, 2, None));
        assert_eq!(ask(Some(106), None, None), (100, 1, None));
        // Seen inside and after the window: still counts.
        assert_eq!(ask(None, Some(104), None), (100, 1, None));
        assert_eq!(ask(None, None, Some(5.0)), (200, 2, Some(4.0)));
        assert_eq!(ask(None, None, Some(3.9)), (100, 1, Some(2.0)));
        let half = layer(&rectangle([-200.0, 0.0], [300.0, 100.0], 0.1));
        let figure = ledger
            .imaged(&CoverageQuery {
                layer: Some(&half),
                ..CoverageQuery::default()
            })
            .unwrap();
        assert!((figure.percent.unwrap() - 100.0).abs() < 0.5, "{figure:?}");
        assert!((figure.layer_km2.unwrap() - 0.03).abs() < 1e-6);
        assert!(figure.imaged_km2 <= figure.layer_km2.unwrap() && figure.imaged_total_km2 > 0.119);
    }

    #[test]
    fn long_straight_edges_do_not_bias_the_number() {
        // 3 m cells against an area whose sides follow the meridian: 3003 m is no multiple of 3 m.
        let block = rectangle([0.0, 0.0], [3004.0, 2002.0], 0.0);
        let mut ledger = ledger(3.0);
        ledger.enter(&places(&block), CivilDay(1), 2.0).unwrap();
        let imaged = ledger.imaged(&CoverageQuery::default()).unwrap().imaged_total_km2;
        assert!((imaged / (3.004 * 2.002) - 1.0).abs() < 1e-4, "{imaged}");
    }

    #[test]
    fn refuses_what_cannot_be_right() {
        let grid = WorkingGrid::centred(CENTRE).unwrap();
        assert!(matches!(
            Ledger::new(grid, 0.0),
            Err(CoverageError::CellSize { .. })
        ));
        let mut ledger = ledger(5.0);
        let frame = places(&rectangle([0.0, 0.0], [100.0, 100.0], 0.0));
        assert!(matches!(
            ledger.enter(&frame[..2], CivilDay(1), 2.0),
            Err(CoverageError::TooFewPoints { points: 2 })
        ));
        assert!(matches!(
            ledger.enter(&frame, CivilDay(1), f64::NAN),
            Err(CoverageError::ImpossibleGsd { .. })
        ));
        let wide = places(&rectangle([0.0, 0.0], [50_000.0, 100.0], 0.0));
        assert!(matches!(
            ledger.enter(&wide, CivilDay(1), 2.0),
            Err(CoverageError::TooWide { .. })
        ));
        let nowhere = vec![
            Wgs84 {
                latitude_deg: f64::NAN,
                longitude_deg: 0.0
            };
            4
        ];
        assert!(matches!(
            ledger.enter(&nowhere, CivilDay(1), 2.0),
            Err(CoverageError::Place(_))
        ));
        let far = vec![
            Wgs84 {
                latitude_deg: 40.0,
                longitude_deg: 121.5
            };
            4
        ];
        assert!(matches!(
            ledger.enter(&far, CivilDay(1), 2.0),
            Err(CoverageError::Grid(_))
        ));
        let reversed = CoverageQuery {
            since: Some(CivilDay(2)),
            until: Some(CivilDay(1)),
            ..CoverageQuery::default()
        };
        assert!(matches!(
            ledger.imaged(&reversed),
            Err(CoverageError::WindowReversed { .. })
        ));
        let sharp = CoverageQuery {
            max_gsd_cm: Some(0.5),
            ..CoverageQuery::default()
        };
        assert!(matches!(
            ledger.imaged(&sharp),
            Err(CoverageError::GsdBelowClasses { .. })
        ));
        assert_eq!(ledger.imaged(&CoverageQuery::default()).unwrap().photos, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn agrees_with_the_exact_union(
            frames in prop::collection::vec((-400.0..400.0_f64, -400.0..400.0_f64, 0.0..6.3_f64), 20..60),
            away_km in 0.0..40.0_f64,
        ) {
            let frames: Vec<_> = frames
                .iter()
                .map(|(x, y, turn)| rectangle([x + away_km * 1000.0, *y], [180.0, 120.0], *turn))
                .collect();
            // The plane of `places` touches at CENTRE; far away it is tilted, so that true areas are larger.
            let tilt = (away_km / 6371.0).cos();
            let mut ledger = ledger(2.0);
            for corners in &frames {
                ledger.enter(&places(corners), CivilDay(1), 2.0).unwrap();
            }
            let imaged = ledger.imaged(&CoverageQuery::default()).unwrap().imaged_total_km2 * 1e6;
            let exact = union_m2(&frames) / tilt;
            prop_assert!((imaged / exact - 1.0).abs() < 2e-3, "{} {}", imaged, exact);
        }

        #[test]
        fn order_of_entry_does_not_matter(turns in prop::collection::vec((0.0..6.3_f64, 0..5_i32), 1..8)) {
            let enter = |order: &mut dyn Iterator<Item = &(f64, i32)>| {
                let mut ledger = ledger(5.0);
                for (turn, day) in order {
                    ledger.enter(&places(&rectangle([turn * 20.0, 0.0], [100.0, 60.0], *turn)), CivilDay(*day), 3.0).unwrap();
                }
                ledger
            };
            prop_assert_eq!(enter(&mut turns.iter()), enter(&mut turns.iter().rev()));
        }
    }
}
