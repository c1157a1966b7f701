//! From cells to outlines: connected parts of a cell set, each with the ring around it and the rings around its
//! holes, along the edges of cells. Cells are connected across edges, not across corners.

use std::collections::BTreeMap;

use crate::cells::CellSet;
use crate::raster::{Bits, TILE_CELLS};

/// A corner of cells: column and row, in cells of the lattice.
pub(super) type Corner = [i32; 2];

/// Cells `start..end` of one row of the lattice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Row, in cells.
    pub row: i32,
    /// First column, in cells.
    pub start: i32,
    /// Column after the last, in cells.
    pub end: i32,
}

/// A connected part of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its cells, by row and column.
    pub runs: Vec<Run>,
    /// The ring around it, counter-clockwise, then those around its holes, clockwise; corners of the lattice where
    /// the ring turns, the first not repeated. A ring may touch another in a corner, never itself.
    pub rings: Vec<Vec<Corner>>,
}

impl Part {
    /// Number of cells.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.runs
            .iter()
            .map(|run| u64::from(run.start.abs_diff(run.end)))
            .sum()
    }
}

/// The connected parts of a set, in the order of their first cells.
#[must_use]
pub fn parts(set: &CellSet) -> Vec<Part> {
    let runs = runs_of(set);
    let rows = rows_of(&runs);
    let labels = labels(&runs, &rows);
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for (run, label) in runs.iter().zip(&labels) {
        let part = parts.entry(*label).or_insert_with(|| Part {
            runs: Vec::new(),
            rings: Vec::new(),
        });
        part.runs.push(*run);
    }
    for (label, ring) in rings(&edges(&runs, &rows, &labels)) {
        if let Some(part) = parts.get_mut(&label) {
            part.rings.push(ring);
        }
    }
    let mut parts: Vec<Part> = parts.into_values().collect();
    for part in &mut parts {
        // The ring around the part is the only one that runs counter-clockwise.
        part.rings.sort_by_key(|ring| doubled_area(ring) < 0);
    }
    parts
}

/// All runs, by row, then column; a run goes on across tiles.
fn runs_of(set: &CellSet) -> Vec<Run> {
    let tiles: Vec<(i32, i32, &Bits)> = set
        .tiles()
        .iter()
        .map(|((band, column), bits)| (*band, *column, bits))
        .collect();
    let mut runs: Vec<Run> = Vec::new();
    for band in tiles.chunk_by(|a, b| a.0 == b.0) {
        for line in 0..TILE_CELLS {
            for (band, column, bits) in band {
                let row = band * TILE_CELLS + line;
                let mut word = bits[line as usize];
                while word != 0 {
                    let first = word.trailing_zeros();
                    let length = (word >> first).trailing_ones();
                    let start = column * TILE_CELLS + first as i32;
                    add_run(
                        &mut runs,
                        Run {
                            row,
                            start,
                            end: start + length as i32,
                        },
                    );
                    word = if first + length == 64 {
                        0
                    } else {
                        word & (u64::MAX << (first + length))
                    };
                }
            }
        }
    }
    runs
}

fn add_run(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if last.row == run.row && last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}

/// Where the runs of each row stand.
fn rows_of(runs: &[Run]) -> BTreeMap<i32, (usize, usize)> {
    let mut rows = BTreeMap::new();
    let mut at = 0;
    for row in runs.chunk_by(|a, b| a.row == b.row) {
        rows.insert(row[0].row, (at, at + row.len()));
        at += row.len();
    }
    rows
}

type Rows = BTreeMap<i32, (usize, usize)>;

/// For each run the first run of its part.
fn labels(runs: &[Run], rows: &Rows) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..runs.len()).collect();
    for (row, (first, end)) in rows {
        let Some((mut below, below_end)) = rows.get(&(row - 1)).copied() else {
            continue;
        };
        for at in *first..*end {
            while below < below_end && runs[below].end <= runs[at].start {
                below += 1;
            }
            let mut touching = below;
            while touching < below_end && runs[touching].start < runs[at].end {
                let (a, b) = (root(&mut parents, at), root(&mut parents, touching));
                parents[a.max(b)] = a.min(b);
                touching += 1;
            }
        }
    }
    (0..runs.len()).map(|at| root(&mut parents, at)).collect()
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

/// A piece of boundary with the part on its left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: Corner,
    to: Corner,
    label: usize,
}

impl Edge {
    /// Quarter turns counter-clockwise from the direction of columns.
    fn direction(&self) -> i32 {
        let [along, up] = [self.to[0] - self.from[0], self.to[1] - self.from[1]].map(i32::signum);
        match (along, up) {
            (1, _) => 0,
            (_, 1) => 1,
            (-1, _) => 2,
            _ => 3,
        }
    }
}

/// The boundary, sorted by where its pieces begin.
fn edges(runs: &[Run], rows: &Rows, labels: &[usize]) -> Vec<Edge> {
    let row_of = |row: i32| rows.get(&row).map_or(&[][..], |(first, end)| &runs[*first..*end]);
    let mut edges = Vec::with_capacity(runs.len() * 4);
    for (run, label) in runs.iter().zip(labels) {
        let Run { row, start, end } = *run;
        let mut edge = |from, to| {
            edges.push(Edge {
                from,
                to,
                label: *label,
            })
        };
        edge([end, row], [end, row + 1]);
        edge([start, row + 1], [start, row]);
        for (from, to) in uncovered(run, row_of(row - 1)) {
            edge([from, row], [to, row]);
        }
        for (from, to) in uncovered(run, row_of(row + 1)) {
            edge([to, row + 1], [from, row + 1]);
        }
    }
    edges.sort_unstable();
    edges
}

/// The columns of a run that have no cell of a neighbouring row beside them.
fn uncovered(run: &Run, beside: &[Run]) -> Vec<(i32, i32)> {
    let first = beside.partition_point(|other| other.end <= run.start);
    let mut open = Vec::new();
    let mut at = run.start;
    for other in beside[first..].iter().take_while(|other| other.start < run.end) {
        if other.start > at {
            open.push((at, other.start));
        }
        at = other.end;
    }
    if at < run.end {
        open.push((at, run.end));
    }
    open
}

/// Joins the boundary into rings. Where four pieces meet in a corner, one part keeps to itself, and a part that
/// touches itself there is parted into its outside and a hole.
fn rings(edges: &[Edge]) -> Vec<(usize, Vec<Corner>)> {
    let mut used = vec![false; edges.len()];
    let mut rings = Vec::new();
    for first in 0..edges.len() {
        let mut ring = Vec::new();
        let mut at = first;
        while !used[at] {
            used[at] = true;
            let next = next_edge(edges, &edges[at]);
            if edges[next].direction() != edges[at].direction() {
                ring.push(edges[at].to);
            }
            at = next;
        }
        if !ring.is_empty() {
            rings.push((edges[first].label, ring));
        }
    }
    rings
}

fn next_edge(edges: &[Edge], edge: &Edge) -> usize {
    let first = edges.partition_point(|other| other.from < edge.to);
    let leaving = &edges[first..(first + 2).min(edges.len())];
    let right = (edge.direction() + 3) % 4;
    let fits = |other: &&Edge| other.from == edge.to && other.label == edge.label;
    let best = leaving
        .iter()
        .filter(fits)
        .max_by_key(|other| other.direction() == right);
    best.and_then(|best| leaving.iter().position(|other| other == best))
        .map_or(first, |at| first + at)
}

/// Twice the area within a ring, in cells; positive counter-clockwise.
pub(super) fn doubled_area(ring: &[Corner]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    let cross =
        |(a, b): (&Corner, &Corner)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]);
    ring.iter().zip(next).map(cross).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geodesy::Wgs84;
    use crate::grid::WorkingGrid;
    use crate::raster::Lattice;

    fn set_of(cells: &[(i32, i32)]) -> CellSet {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        let mut set = CellSet::empty(grid, Lattice::new(5.0));
        for (row, column) in cells {
            let mut bits: Bits = Box::new([0; 64]);
            bits[row.rem_euclid(64) as usize] = 1 << column.rem_euclid(64);
            set.insert((row.div_euclid(64), column.div_euclid(64)), &bits);
        }
        set
    }

    /// Rows of a picture, the lowest first; `#` is a cell.
    fn drawn(rows: &[&str]) -> Vec<Part> {
        let cells: Vec<(i32, i32)> = rows
            .iter()
            .enumerate()
            .flat_map(|(row, line)| {
                let cells = line.bytes().enumerate().filter(|(_, byte)| *byte == b'#');
                cells.map(move |(column, _)| (row as i32 - 1, column as i32 - 2))
            })
            .collect();
        parts(&set_of(&cells))
    }

    #[test]
    fn a_ring_of_cells_has_a_hole() {
        let parts = drawn(&["###", "#.#", "###"]);
        assert_eq!(parts.len(), 1);
        let areas: Vec<i64> = parts[0].rings.iter().map(|ring| doubled_area(ring)).collect();
        assert_eq!(areas, [18, -2]);
        assert!(parts[0].rings.iter().all(|ring| ring.len() == 4));
    }

    #[test]
    fn corners_do_not_connect() {
        assert_eq!(drawn(&["#.", ".#"]).len(), 2);
        // A loop that closes over a corner: an outside and a hole, no ring that touches itself.
        let parts = drawn(&["###", "#.#", "##."]);
        let areas: Vec<i64> = parts[0].rings.iter().map(|ring| doubled_area(ring)).collect();
        assert_eq!((parts.len(), areas), (1, vec![16, -2]));
    }

    /// Even-odd over the rings.
    fn holds(rings: &[Vec<Corner>], row: i32, column: i32) -> bool {
        let (x, y) = (f64::from(column) + 0.5, f64::from(row) + 0.5);
        let crossings = rings
            .iter()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
            .filter(|(a, b)| {
                let above = |corner: &Corner| f64::from(corner[1]) > y;
                above(a) != above(b) && x < f64::from(a[0])
            });
        crossings.count() % 2 == 1
    }

    proptest! {
        #[test]
        fn rings_hold_just_the_cells(cells in prop::collection::btree_set((-5..7_i32, 58..70_i32), 0..90)) {
            let cells: Vec<(i32, i32)> = cells.into_iter().collect();
            let parts = parts(&set_of(&cells));
            prop_assert_eq!(parts.iter().map(Part::count).sum::<u64>(), cells.len() as u64);
            for part in &parts {
                let area: i64 = part.rings.iter().map(|ring| doubled_area(ring)).sum();
                prop_assert_eq!(area, 2 * part.count() as i64);
                prop_assert!(doubled_area(&part.rings[0]) > 0);
                prop_assert!(part.rings[1..].iter().all(|ring| doubled_area(ring) < 0));
                for ring in &part.rings {
                    let mut corners = ring.clone();
                    corners.sort_unstable();
                    corners.dedup();
                    prop_assert_eq!(corners.len(), ring.len(), "a ring touches itself");
                }
            }
            for row in -6..8 {
                for column in 57..71 {
                    let inside = parts.iter().filter(|part| holds(&part.rings, row, column)).count();
                    prop_assert_eq!(inside == 1, cells.contains(&(row, column)));
                    prop_assert!(inside <= 1);
                }
            }
        }
    }
}
