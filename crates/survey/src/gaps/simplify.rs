//! Fewer corners for outlines along cell edges: staircases become lines. No corner moves, none lies farther from the
//! new outline than the tolerance, and rings never come to cross each other.

use super::trace::Corner;

/// After so many halvings of the tolerance an outline is left as it is.
const HALVINGS: u32 = 3;

/// The rings of one polygon with corners left out, `tolerance` in cells.
pub(super) fn simplified(rings: &[Vec<Corner>], tolerance: f64) -> Vec<Vec<Corner>> {
    for halving in 0..=HALVINGS {
        let tolerance = tolerance / f64::from(1_u32 << halving);
        let fewer: Vec<Vec<Corner>> = rings
            .iter()
            .map(|ring| simplified_ring(ring, tolerance))
            .collect();
        if !any_cross(&fewer) {
            return fewer;
        }
    }
    rings.to_vec()
}

/// Douglas and Peucker's method on the two halves of a ring between two corners far from each other.
fn simplified_ring(ring: &[Corner], tolerance: f64) -> Vec<Corner> {
    let far = |from: Corner| {
        (0..ring.len())
            .max_by_key(|at| squared(from, ring[*at]))
            .unwrap_or(0)
    };
    let start = far(ring[0]);
    let turned: Vec<Corner> = ring[start..].iter().chain(&ring[..=start]).copied().collect();
    let middle = (0..turned.len())
        .max_by_key(|at| squared(turned[0], turned[*at]))
        .unwrap_or(0);
    let mut kept = vec![false; turned.len()];
    kept[0] = true;
    kept[middle] = true;
    let mut open = vec![(0, middle), (middle, turned.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let between = first + 1..last;
        let distance = |at: &usize| distance_to_line(turned[*at], turned[first], turned[last]);
        let farthest = between.max_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(at) = farthest.filter(|at| distance(at) > tolerance) {
            kept[at] = true;
            open.push((first, at));
            open.push((at, last));
        }
    }
    let fewer: Vec<Corner> = turned
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| **kept)
        .map(|(corner, _)| *corner)
        .collect();
    if fewer.len() < 3 { ring.to_vec() } else { fewer }
}

fn squared(a: Corner, b: Corner) -> i64 {
    let [x, y] = [i64::from(a[0] - b[0]), i64::from(a[1] - b[1])];
    x * x + y * y
}

fn distance_to_line(point: Corner, a: Corner, b: Corner) -> f64 {
    let length = (squared(a, b) as f64).sqrt();
    if length == 0.0 {
        return (squared(a, point) as f64).sqrt();
    }
    side(a, b, point).abs() as f64 / length
}

/// Twice the area of the triangle; positive where `c` lies left of the way from `a` to `b`.
fn side(a: Corner, b: Corner, c: Corner) -> i64 {
    let [ux, uy] = [i64::from(b[0] - a[0]), i64::from(b[1] - a[1])];
    let [vx, vy] = [i64::from(c[0] - a[0]), i64::from(c[1] - a[1])];
    ux * vy - uy * vx
}

/// Whether any two edges have more in common than a corner.
fn any_cross(rings: &[Vec<Corner>]) -> bool {
    let mut edges: Vec<(Corner, Corner)> = rings
        .iter()
        .flat_map(|ring| ring.iter().copied().zip(ring.iter().copied().cycle().skip(1)))
        .map(|(a, b)| if a <= b { (a, b) } else { (b, a) })
        .collect();
    edges.sort_unstable();
    edges.iter().enumerate().any(|(at, edge)| {
        let later = edges[at + 1..].iter();
        later
            .take_while(|other| other.0[0] <= edge.1[0])
            .any(|other| cross(*edge, *other))
    })
}

fn cross((a, b): (Corner, Corner), (c, d): (Corner, Corner)) -> bool {
    let (low, high) = (a[1].min(b[1]), a[1].max(b[1]));
    if c[1].min(d[1]) > high || c[1].max(d[1]) < low {
        return false;
    }
    let sides = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)].map(i64::signum);
    if [a, b].contains(&c) || [a, b].contains(&d) {
        // Edges with a common corner lie on each other only where they are one line and run the same way.
        return sides[0] == 0 && sides[1] == 0 && (a == c || b == d);
    }
    sides[0] * sides[1] <= 0 && sides[2] * sides[3] <= 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::trace::{doubled_area, parts};
    use super::*;
    use crate::cells::CellSet;
    use crate::geodesy::Wgs84;
    use crate::grid::{GridPoint, WorkingGrid};
    use crate::raster::Lattice;

    fn outline_of(corners: &[(f64, f64)]) -> Vec<Vec<Corner>> {
        let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
        let mut set = CellSet::empty(grid, Lattice::new(5.0));
        set.paint(&[corners
            .iter()
            .map(|(easting_m, northing_m)| GridPoint {
                easting_m: *easting_m,
                northing_m: *northing_m,
            })
            .collect()]);
        parts(&set).into_iter().flat_map(|part| part.rings).collect()
    }

    #[test]
    fn a_turned_square_keeps_few_corners() {
        let rings = outline_of(&[(0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0)]);
        let fewer = simplified(&rings, 1.5);
        assert!(
            rings[0].len() > 200 && fewer[0].len() < 20,
            "{} → {}",
            rings[0].len(),
            fewer[0].len()
        );
        let ratio = doubled_area(&fewer[0]) as f64 / doubled_area(&rings[0]) as f64;
        assert!((ratio - 1.0).abs() < 0.005, "{ratio}");
    }

    proptest! {
        /// Two overlapping rectangles under even-odd: narrow slits, pinches and holes.
        #[test]
        fn simplified_rings_never_cross(
            west in -200.0..200.0_f64, south in -200.0..200.0_f64, width in 6.0..300.0_f64, height in 6.0..300.0_f64,
        ) {
            let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
            let mut set = CellSet::empty(grid, Lattice::new(5.0));
            let rectangle = |west: f64, south: f64, width: f64, height: f64| -> Vec<GridPoint> {
                [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)].iter().map(|(x, y)| GridPoint {
                    easting_m: west + x, northing_m: south + y,
                }).collect()
            };
            set.paint(&[rectangle(-150.0, -150.0, 300.0, 300.0), rectangle(west, south, width, height)]);
            for part in parts(&set) {
                let fewer = simplified(&part.rings, 1.5);
                prop_assert!(!any_cross(&fewer));
                prop_assert_eq!(fewer.len(), part.rings.len());
                prop_assert!(doubled_area(&fewer[0]) > 0);
            }
        }
    }
}
