//! Reach against closed forms, exact detours, and a plain visibility graph.

use std::f64::consts::PI;

use proptest::prelude::*;

use super::*;
use crate::area::Polygon;
use crate::grid::WorkingGrid;

const CELL_M: f64 = 25.0;

fn origin() -> Wgs84 {
    Wgs84::new(31.2, 121.6).unwrap()
}

fn grid() -> WorkingGrid {
    WorkingGrid::centred(origin()).unwrap()
}

/// 60 s of way, no reserve, no climb: at 14 m/s 420 m in still air.
fn vehicle(budget_s: f64) -> Vehicle {
    Vehicle {
        endurance_s: budget_s,
        hover_endurance_s: budget_s,
        reserve_percent: 0.0,
        height_m: 0.0,
        time_on_task_s: 0.0,
        wind_limit_ms: 13.0,
        ..Vehicle::light_multirotor()
    }
}

fn flown(budget_s: f64, wind: Wind) -> ReachRule {
    ReachRule::Flown {
        vehicle: vehicle(budget_s),
        wind,
        link_range_m: None,
    }
}

fn polygon(corners: &[[f64; 2]]) -> Polygon {
    let grid = grid();
    let exterior = corners
        .iter()
        .map(|[easting_m, northing_m]| {
            grid.wgs84_from_grid(GridPoint {
                easting_m: *easting_m,
                northing_m: *northing_m,
            })
            .unwrap()
        })
        .collect();
    Polygon {
        exterior,
        holes: Vec::new(),
    }
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Polygon {
    polygon(&[[west, south], [east, south], [east, north], [west, north]])
}

fn at(easting_m: f64, northing_m: f64) -> GridPoint {
    GridPoint {
        easting_m,
        northing_m,
    }
}

fn reach(rule: &ReachRule, no_fly: &[Polygon], cell_m: f64) -> DockReach {
    let space = FreeSpace::new(grid(), no_fly, 0.0, None).unwrap();
    DockReach::of(origin(), rule, &space, Lattice::new(cell_m)).unwrap()
}

/// The centre of the cell that a point lies in, and its distance from the dock.
fn cell_of(point: GridPoint, cell_m: f64) -> GridPoint {
    let lattice = Lattice::new(cell_m);
    let [x, y] = lattice.on_axes(point);
    lattice.cell_centre((y / cell_m).floor() as i32, (x / cell_m).floor() as i32)
}

#[test]
fn still_air_without_obstacles_is_a_disc_of_the_closed_form() {
    let vehicle = Vehicle::light_multirotor();
    // 3000 s · 0.7 − 1.25 · (20 + 25 + 600) s.
    assert_eq!(vehicle.travel_budget_s(), 1293.75);
    let rule = ReachRule::Flown {
        vehicle,
        wind: Wind::Calm,
        link_range_m: None,
    };
    let radius_m = 14.0 * 1293.75 / 2.0;
    assert!((rule.radius_m().unwrap() - radius_m).abs() < 1e-9);
    let reach = reach(&rule, &[], CELL_M);
    let area = PI * radius_m * radius_m;
    assert!(
        (reach.cells().area_m2() / area - 1.0).abs() < 2e-4,
        "{}",
        reach.cells().area_m2()
    );
    let far = cell_of(at(3000.0, 4000.0), CELL_M);
    let arrival = reach.arrival_s(far).unwrap();
    assert!((arrival - 20.0 - far.easting_m.hypot(far.northing_m) / 14.0).abs() < 1e-3);
    assert!(reach.holds(at(0.0, radius_m - CELL_M)) && !reach.holds(at(0.0, radius_m + CELL_M)));
    let disc = ReachRule::Disc { radius_m };
    let space = FreeSpace::open(grid());
    let disc = DockReach::of(origin(), &disc, &space, Lattice::new(CELL_M)).unwrap();
    assert_eq!(disc.cells(), reach.cells());
    assert_eq!(disc.arrival_s(far), None);
}

#[test]
fn wind_has_its_closed_form_along_and_across() {
    // From the west at 6 m/s: out east with it, back against it.
    let (budget_s, v, w) = (600.0, 14.0_f64, 6.0_f64);
    let wind = Wind::Steady {
        speed_ms: w,
        from_deg: 270.0,
    };
    let steady = reach(&flown(budget_s, wind), &[], 5.0);
    let along_m = budget_s * (v * v - w * w) / (2.0 * v);
    let across_m = budget_s * (v * v - w * w).sqrt() / 2.0;
    for sign in [-1.0, 1.0] {
        assert!(steady.holds(at(sign * (along_m - 8.0), 0.0)));
        assert!(!steady.holds(at(sign * (along_m + 8.0), 0.0)));
        assert!(steady.holds(at(0.0, sign * (across_m - 8.0))));
        assert!(!steady.holds(at(0.0, sign * (across_m + 8.0))));
    }
    let (east, west, north) = (
        cell_of(at(2000.0, 0.0), 5.0),
        cell_of(at(-2000.0, 0.0), 5.0),
        cell_of(at(0.0, 2000.0), 5.0),
    );
    let arrival = |point: GridPoint| steady.arrival_s(point).unwrap();
    assert!(
        (arrival(east) - east.easting_m / (v + w)).abs() < 0.02,
        "{}",
        arrival(east)
    );
    assert!(
        (arrival(west) + west.easting_m / (v - w)).abs() < 0.02,
        "{}",
        arrival(west)
    );
    // A cell's centre is never quite north: a few metres on, the wind helps a little.
    let slightly_s = w * north.easting_m / (v * v - w * w);
    let across_s = north.northing_m / (v * v - w * w).sqrt();
    assert!(
        (arrival(north) - across_s + slightly_s).abs() < 0.01,
        "{}",
        arrival(north)
    );
    // Whatever side it comes from: the disc of the worst side.
    let any = reach(&flown(budget_s, Wind::AnySide { speed_ms: w }), &[], 5.0);
    assert!((any.cells().area_m2() / (PI * along_m * along_m) - 1.0).abs() < 1e-3);
    assert!(any.cells().difference(steady.cells()).is_empty());
}

#[test]
fn a_wall_makes_the_detour_round_its_nearer_end() {
    // 500 m ahead, 300 m to one side and 900 m to the other; 20 m thick.
    let wall = rectangle(500.0, -300.0, 520.0, 900.0);
    let reach = reach(&flown(1000.0, Wind::Calm), &[wall], 10.0);
    let behind = cell_of(at(700.0, 0.0), 10.0);
    let [(x1, y1), (x2, y2)] = [(500.0, -300.0), (520.0, -300.0)];
    let way_m = f64::hypot(x1, y1) + (x2 - x1) + f64::hypot(behind.easting_m - x2, behind.northing_m - y2);
    let arrival = reach.arrival_s(behind).unwrap();
    assert!(
        (arrival - way_m / 14.0).abs() < 0.001,
        "{arrival} {}",
        way_m / 14.0
    );
    assert_eq!(
        reach.arrival_s(at(510.0, 100.0)),
        None,
        "nothing flies into the wall"
    );
    let beside = cell_of(at(700.0, -600.0), 10.0);
    let straight_m = beside.easting_m.hypot(beside.northing_m);
    assert!((reach.arrival_s(beside).unwrap() - straight_m / 14.0).abs() < 1e-3);
    // A margin moves the ends out.
    let wall = rectangle(500.0, -300.0, 520.0, 900.0);
    let wide = FreeSpace::new(grid(), &[wall], 100.0, None).unwrap();
    let wide = DockReach::of(origin(), &flown(1000.0, Wind::Calm), &wide, Lattice::new(10.0)).unwrap();
    assert!(wide.arrival_s(behind).unwrap() > arrival + 100.0 / 14.0);
    assert!(!wide.holds(at(510.0, -390.0)) && wide.holds(at(510.0, -420.0)));
    // What is closed afterwards is as if it had been from the start.
    let [wall, further] = [
        rectangle(500.0, -300.0, 520.0, 900.0),
        rectangle(-900.0, -300.0, -500.0, 900.0),
    ];
    let one_by_one = FreeSpace::new(grid(), std::slice::from_ref(&wall), 0.0, None).unwrap();
    let one_by_one = one_by_one.without(std::slice::from_ref(&further)).unwrap();
    let at_once = FreeSpace::new(grid(), &[wall, further], 0.0, None).unwrap();
    let [one_by_one, at_once] = [one_by_one, at_once]
        .map(|space| DockReach::of(origin(), &flown(200.0, Wind::Calm), &space, Lattice::new(10.0)).unwrap());
    assert_eq!(one_by_one.cells(), at_once.cells());
    assert!(!at_once.holds(at(-600.0, 0.0)) && !at_once.holds(at(510.0, 0.0)));
}

#[test]
fn wind_chooses_the_way_round() {
    // A wall across the way east, its ends equally far: with wind from the south the way out goes round the north, as
    // it is flown home round the south.
    let wall = rectangle(500.0, -600.0, 520.0, 600.0);
    let wind = Wind::Steady {
        speed_ms: 7.0,
        from_deg: 180.0,
    };
    let reach = reach(&flown(2000.0, wind), &[wall], 10.0);
    let target = cell_of(at(900.0, 0.0), 10.0);
    let leg_s = |from: [f64; 2], to: [f64; 2]| {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = f64::hypot(dx, dy);
        let (with, across) = (7.0 * dy / length, 7.0 * dx / length);
        length / (with + (14.0_f64 * 14.0 - across * across).sqrt())
    };
    let target_xy = [target.easting_m, target.northing_m];
    let round =
        |y: f64| leg_s([0.0, 0.0], [500.0, y]) + leg_s([500.0, y], [520.0, y]) + leg_s([520.0, y], target_xy);
    let arrival = reach.arrival_s(target).unwrap();
    assert!(
        (arrival - round(600.0).min(round(-600.0))).abs() < 0.001,
        "{arrival}"
    );
}

#[test]
fn grounds_for_nothing_at_all_are_told() {
    let wind = |speed_ms: f64| {
        reach(
            &flown(
                1000.0,
                Wind::Steady {
                    speed_ms,
                    from_deg: 0.0,
                },
            ),
            &[],
            CELL_M,
        )
    };
    assert_eq!(
        wind(13.0).grounded(),
        Some(Grounded::Wind {
            wind_ms: 13.0,
            limit_ms: 13.0
        })
    );
    assert!(wind(13.0).cells().is_empty());
    assert_eq!(wind(12.9).grounded(), None);
    let inside = reach(
        &flown(1000.0, Wind::Calm),
        &[rectangle(-50.0, -50.0, 50.0, 50.0)],
        CELL_M,
    );
    assert_eq!(inside.grounded(), Some(Grounded::DockInNoFly));
    let long_work = Vehicle {
        time_on_task_s: 3000.0,
        ..Vehicle::light_multirotor()
    };
    let rule = ReachRule::Flown {
        vehicle: long_work,
        wind: Wind::Calm,
        link_range_m: None,
    };
    assert!(matches!(rule.radius_m(), Err(Grounded::Battery { .. })));
}

#[test]
fn a_permitted_area_confines_the_ways() {
    // An L: the far end of the foot is seen only round the inner corner at (1000, 1000).
    let area = polygon(&[
        [-100.0, -100.0],
        [1000.0, -100.0],
        [1000.0, 1000.0],
        [2000.0, 1000.0],
        [2000.0, 1500.0],
        [-100.0, 1500.0],
    ]);
    let island = rectangle(0.0, 500.0, 200.0, 700.0);
    let space = FreeSpace::new(grid(), &[island], 0.0, Some(&[area])).unwrap();
    let reach = DockReach::of(origin(), &flown(1000.0, Wind::Calm), &space, Lattice::new(10.0)).unwrap();
    let target = cell_of(at(1900.0, 1050.0), 10.0);
    let way_m =
        f64::hypot(1000.0, 1000.0) + f64::hypot(target.easting_m - 1000.0, target.northing_m - 1000.0);
    let arrival = reach.arrival_s(target).unwrap();
    assert!(
        (arrival - way_m / 14.0).abs() < 0.001,
        "{arrival} {}",
        way_m / 14.0
    );
    assert!(!reach.holds(at(1500.0, 500.0)) && !reach.holds(at(100.0, 600.0)));
    assert!(
        (reach.cells().area_m2() / (1100.0 * 1600.0 + 1000.0 * 500.0 - 200.0 * 200.0) - 1.0).abs() < 2e-3
    );
}

#[test]
fn a_link_range_limits_everything_and_docks_share_the_ground() {
    let rule = ReachRule::Flown {
        vehicle: vehicle(1000.0),
        wind: Wind::Calm,
        link_range_m: Some(1000.0),
    };
    let grid = grid();
    let docks = [-500.0, 500.0].map(|east| grid.wgs84_from_grid(at(east, 0.0)).unwrap());
    let space = FreeSpace::open(grid);
    let fleet = FleetReach::of(&docks, &rule, &space, Lattice::new(CELL_M)).unwrap();
    // Two circles of 1000 m whose centres are 1000 m apart.
    let union = 2.0 * PI * 1e6 - (2.0 * PI / 3.0 - 3.0_f64.sqrt() / 2.0) * 1e6;
    assert!((fleet.union.area_m2() / union - 1.0).abs() < 2e-3);
    assert_eq!(fleet.quickest(at(-100.0, 0.0)), Some(0));
    assert_eq!(fleet.quickest(at(100.0, 0.0)), Some(1));
    assert_eq!(fleet.quickest(at(1600.0, 0.0)), None);
    let shares = fleet.quickest_cells();
    assert!(shares[0].intersection(&shares[1]).is_empty());
    assert_eq!(shares[0].union(&shares[1]), fleet.union);
    assert!((shares[0].area_m2() / shares[1].area_m2() - 1.0).abs() < 0.01);
}

/// Rectangles of any heading, away from the dock.
fn obstacles() -> impl Strategy<Value = Vec<Polygon>> {
    let one = (
        0.0..360.0_f64,
        150.0..900.0_f64,
        20.0..250.0_f64,
        20.0..90.0_f64,
        0.0..180.0_f64,
    );
    prop::collection::vec(one, 0..6).prop_map(|all| {
        all.into_iter()
            .map(|(bearing, away, half_length, half_width, heading)| {
                // The half diagonal stays clear of the dock.
                let away = away + half_length + half_width;
                let (sin, cos) = bearing.to_radians().sin_cos();
                let (east, north) = (away * sin, away * cos);
                let (sin, cos) = heading.to_radians().sin_cos();
                let corner = |a: f64, b: f64| {
                    let (along, across) = (a * half_length, b * half_width);
                    [
                        east + along * sin + across * cos,
                        north + along * cos - across * sin,
                    ]
                };
                polygon(&[
                    corner(-1.0, -1.0),
                    corner(1.0, -1.0),
                    corner(1.0, 1.0),
                    corner(-1.0, 1.0),
                ])
            })
            .collect()
    })
}

fn any_wind() -> impl Strategy<Value = Wind> {
    prop_oneof![
        Just(Wind::Calm),
        (0.0..12.0_f64).prop_map(|speed_ms| Wind::AnySide { speed_ms }),
        (0.0..12.0_f64, 0.0..360.0_f64).prop_map(|(speed_ms, from_deg)| Wind::Steady { speed_ms, from_deg }),
    ]
}

/// The time out to a point by a plain visibility graph: every corner against every other, every edge tried.
fn plain_arrival_s(space: &FreeSpace, wind: &Wind, target: GridPoint) -> Option<f64> {
    let xy = |point: &GridPoint| [point.easting_m, point.northing_m];
    let (pace, _) = Pace::of(&vehicle(1.0), wind, |towards| {
        [towards.easting_m, towards.northing_m]
    })
    .unwrap();
    let mut nodes = vec![[0.0, 0.0], xy(&target)];
    let mut edges = Vec::new();
    for ring in space.rings() {
        for index in 0..ring.len() {
            let [a, b, c] = [0, 1, 2].map(|step| xy(&ring[(index + step) % ring.len()]));
            edges.push([a, b]);
            // A point a millimetre out along the line that halves the corner.
            let toward = |p: [f64; 2]| {
                let d = [p[0] - b[0], p[1] - b[1]];
                let l = d[0].hypot(d[1]);
                [d[0] / l, d[1] / l]
            };
            let (one, other) = (toward(a), toward(c));
            let sum = [one[0] + other[0], one[1] + other[1]];
            let l = sum[0].hypot(sum[1]);
            nodes.push([b[0] - 1e-3 * sum[0] / l, b[1] - 1e-3 * sum[1] / l]);
        }
    }
    let cross =
        |o: [f64; 2], a: [f64; 2], b: [f64; 2]| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    let clear = |p: [f64; 2], q: [f64; 2]| {
        edges.iter().all(|[a, b]| {
            (cross(p, q, *a) > 0.0) == (cross(p, q, *b) > 0.0)
                || (cross(*a, *b, p) > 0.0) == (cross(*a, *b, q) > 0.0)
        })
    };
    let mut least = vec![f64::INFINITY; nodes.len()];
    least[0] = 0.0;
    // Bellman–Ford: as plain as can be.
    loop {
        let mut changed = false;
        for from in 0..nodes.len() {
            for to in 0..nodes.len() {
                let along = [nodes[to][0] - nodes[from][0], nodes[to][1] - nodes[from][1]];
                let seconds = least[from] + pace.seconds(along);
                if seconds < least[to] - 1e-9 && clear(nodes[from], nodes[to]) {
                    least[to] = seconds;
                    changed = true;
                }
            }
        }
        if !changed {
            return least[1].is_finite().then_some(least[1]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn times_are_those_of_a_plain_visibility_graph(
        no_fly in obstacles(),
        wind in any_wind(),
        bearing in 0.0..360.0_f64,
        away in 0.0..1500.0_f64,
    ) {
        let space = FreeSpace::new(grid(), &no_fly, 0.0, None).unwrap();
        // Far more battery than any way in here takes, so that nothing is cut off.
        let rule = ReachRule::Flown { vehicle: vehicle(20_000.0), wind, link_range_m: Some(4000.0) };
        let reach = DockReach::of(origin(), &rule, &space, Lattice::new(50.0)).unwrap();
        let (sin, cos) = bearing.to_radians().sin_cos();
        let target = cell_of(at(away * sin, away * cos), 50.0);
        let found = reach.arrival_s(target);
        prop_assert_eq!(found.is_some(), space.is_free(target));
        if let Some(found) = found {
            let plain = plain_arrival_s(&space, &wind, target).unwrap();
            prop_assert!((found - plain).abs() < 0.005 + plain * 1e-6, "{} {}", found, plain);
        }
    }

    #[test]
    fn more_battery_never_shrinks(no_fly in obstacles(), wind in any_wind(), budget in 50.0..400.0_f64, more in 0.0..200.0_f64) {
        let less = reach(&flown(budget, wind), &no_fly, CELL_M);
        let more = reach(&flown(budget + more, wind), &no_fly, CELL_M);
        prop_assert!(less.cells().difference(more.cells()).is_empty());
    }

    #[test]
    fn more_obstacles_never_grow(no_fly in obstacles(), further in obstacles(), wind in any_wind(), budget in 50.0..400.0_f64) {
        let both: Vec<Polygon> = no_fly.iter().chain(&further).cloned().collect();
        let fewer = reach(&flown(budget, wind), &no_fly, CELL_M);
        // Corners of joined areas lie a millimetre elsewhere: the battery is made that much smaller.
        let more = reach(&flown(budget - 0.01, wind), &both, CELL_M);
        prop_assert!(more.cells().difference(fewer.cells()).is_empty());
    }
}
