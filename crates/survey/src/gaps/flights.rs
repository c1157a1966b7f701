//! A gap cut into pieces that one battery flies each, from the dock that is first there.
//!
//! A piece is halved along a row or column of cells until the lines over it, flown the straight way out and back, fit
//! into one flight. Ways round closed ground are not known here: a share of the battery is kept for them.

use super::{OUTLINE_TOLERANCE_CELLS, Part, Run, area_m2, outline_of, parts};
use crate::area::Polygon;
use crate::cells::CellSet;
use crate::flight_lines::{Place, SortieRules, lines_over, need, split};
use crate::geodesy::Wgs84;
use crate::grid::{GridError, GridPoint, WorkingGrid};
use crate::raster::{Bits, Lattice, TILE_CELLS};

/// Of the time that a battery gives, this share may be needed on straight ways; the rest is for ways round.
pub const SHARE_FOR_STRAIGHT_WAYS: f64 = 0.9;
/// Pieces that need more flights than this by their area are cut before any line is laid: lines tell better how many, and
/// take longer.
const LINES_LAID_UP_TO: u32 = 12;
/// A piece that cannot be flown is cut no smaller than this many squares of the line spacing.
const SMALLEST_PIECE_SPACINGS: f64 = 4.0;

/// A piece of a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct GapPiece {
    /// Its rings on the working grid (even-odd): of each of its parts the outer one, then its holes.
    pub rings: Vec<Vec<GridPoint>>,
    /// The same on WGS-84, one polygon for each connected part.
    pub polygons: Vec<Polygon>,
    /// True area of its cells, m².
    pub area_m2: f64,
    /// Time of the flight that sees it, from take-off to touch-down on straight ways, s. `None` where one battery does not
    /// last for it, however small it is cut.
    pub flight_s: Option<f64>,
}

/// What a piece needs.
enum Verdict {
    OneFlight(f64),
    /// At least so many.
    Flights(u32),
    OutOfReach,
}

/// Cuts the cells of a gap (by row, then column) into pieces for a dock at `dock`; together they are all of its cells.
///
/// # Errors
/// [`GridError`] when a corner lies outside the working area.
pub fn pieces_for(
    cells: &[Run],
    (grid, lattice): (&WorkingGrid, Lattice),
    dock: Place,
    rules: &SortieRules,
) -> Result<Vec<GapPiece>, GridError> {
    let rules = SortieRules {
        budget_s: rules.budget_s * SHARE_FOR_STRAIGHT_WAYS,
        ..*rules
    };
    let smallest_m2 = SMALLEST_PIECE_SPACINGS * rules.lines.spacing_m.powi(2);
    let mut todo = vec![cells.to_vec()];
    let mut pieces = Vec::new();
    while let Some(runs) = todo.pop() {
        let set = set_of(&runs, (grid, lattice));
        let ground = Ground::of(&set);
        let halves = match ground.verdict(dock, &rules) {
            Verdict::OneFlight(flight_s) => {
                pieces.push(ground.piece(grid, Some(flight_s))?);
                continue;
            }
            Verdict::Flights(flights) if ground.area_m2 > smallest_m2 => halves(&runs, flights),
            Verdict::Flights(_) | Verdict::OutOfReach => None,
        };
        match halves {
            Some([first, second]) => todo.extend([second, first]),
            None => pieces.push(ground.piece(grid, None)?),
        }
    }
    Ok(pieces)
}

struct Ground {
    parts: Vec<Vec<Vec<GridPoint>>>,
    area_m2: f64,
}

impl Ground {
    fn of(set: &CellSet) -> Self {
        let parts = parts(set);
        let rings = |part: &Part| outline_of(part, OUTLINE_TOLERANCE_CELLS, set.lattice());
        Self {
            area_m2: parts.iter().map(|part| area_m2(set, part)).sum(),
            parts: parts.iter().map(rings).collect(),
        }
    }

    fn verdict(&self, dock: Place, rules: &SortieRules) -> Verdict {
        let rings: Vec<Vec<Place>> = self.parts.iter().flatten().map(|ring| places(ring)).collect();
        let nearest_m = rings
            .iter()
            .flatten()
            .map(|place| (place[0] - dock[0]).hypot(place[1] - dock[1]))
            .fold(f64::INFINITY, f64::min);
        // By its area from its nearest corner: never more than it really needs.
        let Some(least) = need(self.area_m2, nearest_m, rules) else {
            return Verdict::OutOfReach;
        };
        if least.sorties > LINES_LAID_UP_TO {
            return Verdict::Flights(least.sorties);
        }
        let lines = lines_over(&rings, &rules.lines, dock, None);
        let flown = split(&lines.lines, dock, rules, None);
        match flown.sorties.as_slice() {
            [one] if flown.left_out_m == 0.0 => Verdict::OneFlight(one.time_s),
            many => Verdict::Flights((many.len() as u32 + u32::from(flown.left_out_m > 0.0)).max(2)),
        }
    }

    fn piece(self, grid: &WorkingGrid, flight_s: Option<f64>) -> Result<GapPiece, GridError> {
        let on_earth = |ring: &Vec<GridPoint>| -> Result<Vec<Wgs84>, GridError> {
            ring.iter().map(|point| grid.wgs84_from_grid(*point)).collect()
        };
        let polygon = |rings: &Vec<Vec<GridPoint>>| -> Result<Polygon, GridError> {
            let mut rings = rings
                .iter()
                .map(on_earth)
                .collect::<Result<Vec<_>, _>>()?
                .into_iter();
            Ok(Polygon {
                exterior: rings.next().unwrap_or_default(),
                holes: rings.collect(),
            })
        };
        Ok(GapPiece {
            polygons: self.parts.iter().map(polygon).collect::<Result<_, _>>()?,
            rings: self.parts.into_iter().flatten().collect(),
            area_m2: self.area_m2,
            flight_s,
        })
    }
}

fn places(ring: &[GridPoint]) -> Vec<Place> {
    ring.iter()
        .map(|point| [point.easting_m, point.northing_m])
        .collect()
}

fn set_of(runs: &[Run], (grid, lattice): (&WorkingGrid, Lattice)) -> CellSet {
    let mut set = CellSet::empty(grid.clone(), lattice);
    for run in runs {
        let mut at = run.start;
        while at < run.end {
            let column = at.div_euclid(TILE_CELLS);
            let end = run.end.min((column + 1) * TILE_CELLS);
            let mut bits: Bits = Box::new([0; 64]);
            bits[run.row.rem_euclid(TILE_CELLS) as usize] =
                (u64::MAX >> (TILE_CELLS - (end - at))) << at.rem_euclid(TILE_CELLS);
            set.insert((run.row.div_euclid(TILE_CELLS), column), &bits);
            at = end;
        }
    }
    set
}

/// Cuts cells in two across their longer side, so that the first has its share of `flights`; `None` of a single cell.
fn halves(runs: &[Run], flights: u32) -> Option<[Vec<Run>; 2]> {
    let columns = span(runs.iter().flat_map(|run| [run.start, run.end - 1]))?;
    let rows = span(runs.iter().map(|run| run.row))?;
    let by_column = columns[1] - columns[0] >= rows[1] - rows[0];
    let [first, last] = if by_column { columns } else { rows };
    let mut counts = vec![0_u64; (last - first) as usize + 1];
    for run in runs {
        if by_column {
            (run.start..run.end).for_each(|column| counts[(column - first) as usize] += 1);
        } else {
            counts[(run.row - first) as usize] += u64::from(run.start.abs_diff(run.end));
        }
    }
    let all: u64 = counts.iter().sum();
    let wanted = all * u64::from(flights / 2) / u64::from(flights.max(1));
    let mut before = 0;
    // Cutting in front of the first line would leave one half empty.
    let cut = (1..counts.len()).min_by_key(|line| {
        before += counts[line - 1];
        before.abs_diff(wanted)
    })?;
    let cut = first + cut as i32;
    let mut halves = [Vec::new(), Vec::new()];
    for run in runs {
        if !by_column {
            halves[usize::from(run.row >= cut)].push(*run);
            continue;
        }
        if run.start < cut {
            let end = run.end.min(cut);
            halves[0].push(Run { end, ..*run });
        }
        if run.end > cut {
            let start = run.start.max(cut);
            halves[1].push(Run { start, ..*run });
        }
    }
    Some(halves)
}

fn span(values: impl Iterator<Item = i32>) -> Option<[i32; 2]> {
    values.fold(None, |span, value| {
        let [low, high] = span.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flight_lines::LineRules;

    const RULES: SortieRules = SortieRules {
        lines: LineRules {
            spacing_m: 90.0,
            speed_ms: 10.0,
            turn_s: 4.0,
        },
        budget_s: 1200.0,
        fixed_s: 90.0,
        max_lines: 150,
    };

    fn ground(rings: &[&[[f64; 2]]]) -> CellSet {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        let mut set = CellSet::empty(grid, Lattice::new(5.0));
        let on_grid = |ring: &&[[f64; 2]]| {
            let point = |at: &[f64; 2]| GridPoint {
                easting_m: at[0],
                northing_m: at[1],
            };
            ring.iter().map(point).collect()
        };
        set.paint(&rings.iter().map(on_grid).collect::<Vec<Vec<GridPoint>>>());
        set
    }

    fn pieces(set: &CellSet, dock: Place, rules: &SortieRules) -> Vec<GapPiece> {
        let part = parts(set).into_iter().max_by_key(Part::count).unwrap();
        pieces_for(&part.runs, (set.grid(), set.lattice()), dock, rules).unwrap()
    }

    #[test]
    fn a_small_gap_is_one_piece_and_a_far_one_cannot_be_flown() {
        let set = ground(&[&[[0.0, 0.0], [500.0, 0.0], [500.0, 400.0], [0.0, 400.0]]]);
        let near = pieces(&set, [0.0, -300.0], &RULES);
        assert_eq!(near.len(), 1);
        // 400 m are five lines of 500 m: 250 s, with turns, ways and climbing at most 600 s.
        let flight_s = near[0].flight_s.unwrap();
        assert!((300.0..600.0).contains(&flight_s), "{flight_s}");
        let far = pieces(&set, [0.0, -6000.0], &RULES);
        assert!(far.iter().all(|piece| piece.flight_s.is_none()), "{far:?}");
        // From 4.3 km only the near side can be flown.
        let partly = pieces(&set, [0.0, -4700.0], &RULES);
        let flown: f64 = partly
            .iter()
            .filter(|piece| piece.flight_s.is_some())
            .map(|piece| piece.area_m2)
            .sum();
        assert!((1.0..199_000.0).contains(&flown), "{flown}");
    }

    #[test]
    fn a_cell_cannot_be_halved() {
        let run = |row, start, end| Run { row, start, end };
        assert_eq!(halves(&[run(3, 7, 8)], 2), None);
        assert_eq!(
            halves(&[run(3, 7, 10)], 3),
            Some([vec![run(3, 7, 8)], vec![run(3, 8, 10)]])
        );
        let [south, north] = halves(&[run(0, 0, 1), run(1, 0, 1), run(2, 0, 1), run(3, 0, 1)], 2).unwrap();
        assert_eq!((south.len(), north.len()), (2, 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// An L with a hole, turned and stretched: the pieces are all of it, and each fits into a battery.
        #[test]
        fn pieces_are_the_gap_and_fit_a_battery(
            size in 600.0..5000.0_f64,
            shape in (0.3..0.9_f64, 0.3..0.9_f64),
            turn in 0.0..3.1_f64,
            dock in (-1500.0..1500.0_f64, -1500.0..1500.0_f64),
        ) {
            let (sin, cos) = turn.sin_cos();
            let at = |x: f64, y: f64| [size * (cos * x - sin * y), size * (sin * x + cos * y)];
            let outer = [at(0.0, 0.0), at(1.0, 0.0), at(1.0, shape.0), at(shape.1, shape.0), at(shape.1, 1.0), at(0.0, 1.0)];
            let hole = [at(0.1, 0.1), at(0.2, 0.1), at(0.2, 0.2), at(0.1, 0.2)];
            let set = ground(&[&outer, &hole]);
            let dock = [dock.0, dock.1];
            let pieces = pieces(&set, dock, &RULES);
            let sum: f64 = pieces.iter().map(|piece| piece.area_m2).sum();
            // A cell on the edge may stand alone: it is a part of its own.
            prop_assert!((sum / set.area_m2() - 1.0).abs() < 1e-3, "{} {}", sum, set.area_m2());
            for piece in &pieces {
                let flight_s = piece.flight_s.unwrap_or(0.0);
                prop_assert!(flight_s <= RULES.budget_s);
                // Flown again as plans are: one sortie, nothing left out.
                let rings: Vec<Vec<Place>> = piece.rings.iter().map(|ring| places(ring)).collect();
                let lines = lines_over(&rings, &RULES.lines, dock, None);
                let flown = split(&lines.lines, dock, &RULES, None);
                if piece.flight_s.is_some() {
                    prop_assert_eq!((flown.sorties.len(), flown.left_out_m), (1, 0.0));
                }
                let outlined: usize = piece.polygons.iter().map(|polygon| 1 + polygon.holes.len()).sum();
                prop_assert_eq!(outlined, piece.rings.len());
            }
            // Within reach of everything, no more flights than half again of what the area needs.
            let farthest_m = outer.iter().map(|at| (at[0] - dock[0]).hypot(at[1] - dock[1])).fold(0.0, f64::max);
            if farthest_m < 2500.0 {
                let least = need(sum, farthest_m, &RULES).unwrap();
                prop_assert!(pieces.len() as u32 <= 2 * least.sorties + 1, "{} {}", pieces.len(), least.sorties);
            }
        }
    }
}
