//! Lines cover what they are to cover, stay out of closed ground, and sorties keep to the battery.

use proptest::prelude::*;

use super::*;
use crate::cells::CellSet;
use crate::geodesy::Wgs84;
use crate::grid::{GridPoint, WorkingGrid};
use crate::raster::Lattice;

const RULES: LineRules = LineRules {
    spacing_m: 48.0,
    speed_ms: 12.0,
    turn_s: 4.0,
};

fn sortie_rules(budget_s: f64) -> SortieRules {
    SortieRules {
        lines: RULES,
        budget_s,
        fixed_s: 60.0,
        max_lines: 150,
    }
}

fn l_shape() -> Vec<Place> {
    vec![
        [0.0, 0.0],
        [1800.0, 0.0],
        [1800.0, 700.0],
        [700.0, 700.0],
        [700.0, 1600.0],
        [0.0, 1600.0],
    ]
}

fn hole(west: f64, south: f64) -> Vec<Place> {
    vec![
        [west, south],
        [west, south + 300.0],
        [west + 300.0, south + 300.0],
        [west + 300.0, south],
    ]
}

fn area_m2(rings: &[Vec<Place>]) -> f64 {
    let doubled = |ring: &Vec<Place>| -> f64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum()
    };
    rings.iter().map(doubled).sum::<f64>().abs() / 2.0
}

fn inside(rings: &[Vec<Place>], [x, y]: Place) -> bool {
    let edges = rings
        .iter()
        .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
    let crossed = edges
        .filter(|(a, b)| (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    crossed.count() % 2 == 1
}

fn seen(lines: &[Line], place: Place) -> bool {
    lines.iter().any(|line| {
        let [dx, dy] = [line.to[0] - line.from[0], line.to[1] - line.from[1]];
        let length = dx.hypot(dy).max(1e-9);
        let [px, py] = [place[0] - line.from[0], place[1] - line.from[1]];
        let (along, across) = ((px * dx + py * dy) / length, (py * dx - px * dy) / length);
        (-0.01..=length + 0.01).contains(&along) && across.abs() <= RULES.spacing_m / 2.0 + 0.01
    })
}

/// Ratio to the shortest length thinkable: area over spacing.
fn ratio(rings: &[Vec<Place>]) -> f64 {
    lines_over(rings, &RULES, [0.0, 0.0], None).length_m / (area_m2(rings) / RULES.spacing_m)
}

#[test]
fn lines_are_near_the_shortest_thinkable() {
    let square = vec![[0.0, 0.0], [1500.0, 200.0], [1300.0, 1500.0], [-100.0, 1250.0]];
    assert!(ratio(&[square]) < 1.08, "convex");
    assert!(ratio(&[l_shape()]) < 1.10, "L");
    let around = vec![[0.0, 0.0], [2000.0, 0.0], [2000.0, 1800.0], [0.0, 1800.0]];
    let holed = ratio(&[around, hole(400.0, 500.0), hole(1200.0, 900.0)]);
    assert!(holed < 1.12, "two holes: {holed}");
}

fn on_grid(points: &[Place]) -> Vec<GridPoint> {
    points
        .iter()
        .map(|[x, y]| GridPoint {
            easting_m: *x,
            northing_m: *y,
        })
        .collect()
}

/// A river without bridges but one at the far end, and a closed square in the area itself: allowed ground, and the river.
fn ground_with_a_river() -> (CellSet, CellSet) {
    let grid = WorkingGrid::centred(Wgs84::new(31.2, 121.6).unwrap()).unwrap();
    let mut allowed = CellSet::empty(grid, Lattice::new(5.0));
    allowed.paint(&[
        on_grid(&[
            [-100.0, -900.0],
            [3000.0, -900.0],
            [3000.0, 2000.0],
            [-100.0, 2000.0],
        ]),
        on_grid(&hole(500.0, 500.0)),
    ]);
    let mut river = CellSet::empty(allowed.grid().clone(), allowed.lattice());
    river.paint(&[on_grid(&[
        [-100.0, -300.0],
        [2500.0, -300.0],
        [2500.0, -200.0],
        [-100.0, -200.0],
    ])]);
    (allowed.difference(&river), river)
}

#[test]
fn clear_ground_is_never_left() {
    let (allowed, river) = ground_with_a_river();
    let clear = ClearGround::new(&allowed);
    let area = [vec![[0.0, 0.0], [1200.0, 0.0], [1200.0, 1200.0], [0.0, 1200.0]]];
    let dock = [200.0, -600.0];
    let plan = lines_over(&area, &RULES, dock, Some(&clear));
    let split = split(&plan.lines, dock, &sortie_rules(1400.0), Some(&clear));
    assert!(split.sorties.len() >= 2 && split.left_out_m == 0.0, "{split:?}");
    for sortie in &split.sorties {
        assert!(sortie.time_s <= 1400.0);
        let mut at = dock;
        let mut legs_m = 0.0;
        let mut go = |to: Place| {
            assert!(clear.leg_is_clear(at, to), "{at:?} → {to:?}");
            legs_m += distance_m(at, to);
            at = to;
        };
        for (way, line) in sortie.ways.iter().zip(&sortie.lines) {
            way.iter().for_each(|corner| go(*corner));
            go(line.from);
            go(line.to);
        }
        sortie.way_back.iter().for_each(|corner| go(*corner));
        go(dock);
        let time_s = 60.0 + legs_m / RULES.speed_ms + RULES.turn_s * sortie.lines.len() as f64;
        assert!(
            (sortie.time_s - time_s).abs() < 1e-6,
            "{} {time_s}",
            sortie.time_s
        );
    }
    // Everything that is allowed is seen, but for what lies beside the closed square.
    let (mut open, mut missed) = (0, 0);
    for step in 0..14_400 {
        let place = [
            f64::from(step % 120) * 10.0 + 5.0,
            f64::from(step / 120) * 10.0 + 5.0,
        ];
        let far_from_closed = !(440.0..860.0).contains(&place[0]) || !(440.0..860.0).contains(&place[1]);
        if far_from_closed {
            open += 1;
            missed += u32::from(!seen(&plan.lines, place));
        }
    }
    assert!(missed * 1000 < open, "{missed} of {open}");
    let island = ClearGround::new(&river);
    assert_eq!(island.way([0.0, -250.0], [0.0, 500.0]), None);
}

#[test]
fn an_area_beyond_the_battery_is_left_out_by_name() {
    let lines = [Line {
        from: [9000.0, 0.0],
        to: [9000.0, 500.0],
    }];
    let none = split(&lines, [0.0, 0.0], &sortie_rules(1200.0), None);
    assert_eq!((none.sorties.len(), none.left_out_m), (0, 500.0));
    assert_eq!(need(1e6, 9000.0, &sortie_rules(1200.0)), None);
    // 1 km² at 48 m and 12 m/s is 1736 s; 1200 − 60 − 2·2000/12 = 806.7 s a sortie: three.
    let near = need(1e6, 2000.0, &sortie_rules(1200.0)).unwrap();
    assert_eq!(near.sorties, 3);
    assert!((near.flight_s - (1736.11 + 3.0 * 393.33)).abs() < 0.1, "{near:?}");
}

#[test]
fn a_line_longer_than_a_battery_is_flown_in_pieces() {
    let lines = [Line {
        from: [0.0, 0.0],
        to: [20_000.0, 0.0],
    }];
    let pieces = split(&lines, [0.0, 0.0], &sortie_rules(1200.0), None);
    let flown_m: f64 = pieces
        .sorties
        .iter()
        .flat_map(|sortie| &sortie.lines)
        .map(Line::length_m)
        .sum();
    assert!((flown_m + pieces.left_out_m - 20_000.0).abs() < 1e-6);
    // Half of 1140 s at 12 m/s is the farthest point: 6.8 km.
    assert!((6000.0..6840.0).contains(&flown_m), "{flown_m}");
}

proptest! {
    /// A crooked quadrilateral with a hole: everything in it lies within half a spacing of a line.
    #[test]
    fn everything_is_seen(
        corners in [(-400.0..-100.0_f64, -400.0..-100.0_f64), (100.0..900.0_f64, -400.0..-100.0_f64),
            (100.0..900.0_f64, 100.0..900.0_f64), (-400.0..-100.0_f64, 100.0..900.0_f64)],
        places in prop::collection::vec((-400.0..900.0_f64, -400.0..900.0_f64), 60),
    ) {
        let outline: Vec<Place> = corners.iter().map(|(x, y)| [*x, *y]).collect();
        let rings = [outline, vec![[-50.0, -50.0], [-50.0, 40.0], [30.0, 40.0], [30.0, -50.0]]];
        let plan = lines_over(&rings, &RULES, [0.0, 0.0], None);
        for (x, y) in places {
            prop_assert!(!inside(&rings, [x, y]) || seen(&plan.lines, [x, y]), "{x} {y}");
        }
    }
}
