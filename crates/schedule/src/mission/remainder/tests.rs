//! The rest of a mission leaves no photo out and takes none twice.

use proptest::prelude::*;
use survey::geodesy::LocalTangent;

use super::*;
use crate::mission::{MissionRules, check};

fn home() -> Wgs84 {
    Wgs84::new(31.2, 121.5).unwrap()
}

/// A waypoint so many metres east and north of home.
fn to(east_m: f64, north_m: f64, height_m: f32, hold_s: f32) -> MissionItem {
    let place = LocalTangent::at(home()).wgs84_from_enu(east_m, north_m);
    MissionItem {
        frame: 3,
        command: 16,
        params: [hold_s, 0.0, 0.0, f32::NAN],
        x: (place.latitude_deg * 1e7).round() as i32,
        y: (place.longitude_deg * 1e7).round() as i32,
        z: height_m,
        auto_continue: true,
    }
}

fn takeoff(height_m: f32) -> MissionItem {
    MissionItem {
        command: 22,
        z: height_m,
        ..to(0.0, 0.0, height_m, 0.0)
    }
}

fn way_home() -> MissionItem {
    plain(NAV_RETURN_TO_LAUNCH, [0.0; 4])
}

/// Two lanes north and south with photos each 20 m, the camera off in the turn.
fn survey() -> Vec<MissionItem> {
    let on = || plain(206, [20.0, 0.0, 1.0, 0.0]);
    let off = || plain(206, [0.0; 4]);
    vec![
        takeoff(30.0),
        plain(178, [1.0, 6.0, -1.0, 0.0]),
        plain(205, [-90.0, 0.0, 0.0, 0.0]),
        to(0.0, 100.0, 40.0, 0.0),
        on(),
        to(0.0, 300.0, 40.0, 0.0),
        off(),
        to(30.0, 300.0, 60.0, 0.0),
        on(),
        to(30.0, 100.0, 60.0, 0.0),
        off(),
        way_home(),
    ]
}

/// Numbers of the whole mission that the rest takes, and how many it takes for nothing.
fn takes(rest: &Remainder) -> (Vec<u32>, usize) {
    let of: Vec<u32> = rest.photos.iter().filter_map(|(_, of)| *of).collect();
    let extra = rest.photos.len() - of.len();
    (of, extra)
}

fn commands(rest: &Remainder) -> Vec<u16> {
    rest.items.iter().map(|item| item.command).collect()
}

fn places(rest: &Remainder) -> Vec<(i32, i32, i32)> {
    let plane = LocalTangent::at(home());
    let placed = rest.items.iter().filter(|item| item.command == 16);
    placed
        .map(|item| {
            let [east_m, north_m] = plane.enu_from_wgs84(item.place().unwrap());
            (
                east_m.round() as i32,
                north_m.round() as i32,
                item.z.round() as i32,
            )
        })
        .collect()
}

#[test]
fn the_rest_begins_one_distance_before_the_first_missing_photo() {
    let items = survey();
    assert_eq!(planned_shots(&items, Some(home())).len(), 22);
    let rest = remainder(&items, Some(home()), &(1..=6).collect()).unwrap();
    assert_eq!(takes(&rest), ((7..=22).collect(), 0));
    assert_eq!(
        places(&rest),
        [
            (0, 200, 40),
            (0, 220, 40),
            (0, 300, 40),
            (30, 300, 60),
            (30, 100, 60)
        ]
    );
    assert_eq!(rest.items[0].z, 40.0, "to the height of what is left out");
    let told = [22, 206, 178, 205, 16, 16, 206, 16, 206, 16, 206, 16, 206, 20];
    assert_eq!(commands(&rest), told);
    assert_eq!(rest.items[6].params[..3], [20.0, 0.0, 1.0]);
}

#[test]
fn photos_that_are_there_are_not_taken_again_and_their_legs_are_left_out() {
    let items = survey();
    let done: BTreeSet<u32> = (1..=22).filter(|index| ![4, 20].contains(index)).collect();
    let rest = remainder(&items, Some(home()), &done).unwrap();
    assert_eq!(takes(&rest), (vec![4, 20], 0));
    let one_of_each = [
        (0, 140, 40),
        (0, 160, 40),
        (0, 170, 40),
        (30, 160, 60),
        (30, 140, 60),
        (30, 130, 60),
    ];
    let seen = places(&rest);
    assert!(one_of_each.iter().all(|place| seen.contains(place)), "{seen:?}");
    assert!(!seen.contains(&(0, 300, 40)), "the turn is left out: {seen:?}");
}

#[test]
fn nothing_missing_and_no_takeoff_are_said() {
    let items = survey();
    let all: BTreeSet<u32> = (1..=22).collect();
    assert_eq!(
        remainder(&items, Some(home()), &all),
        Err(NoRemainder::NothingMissing)
    );
    assert_eq!(
        remainder(&items[1..], Some(home()), &BTreeSet::new()),
        Err(NoRemainder::NoTakeoff)
    );
}

#[test]
fn a_place_to_look_at_is_told_again_and_let_go() {
    let roi = MissionItem {
        command: 195,
        ..to(5.0, 5.0, 0.0, 0.0)
    };
    let once = || plain(2000, [0.0, 0.0, 1.0, 0.0]);
    let items = vec![
        takeoff(30.0),
        roi,
        to(0.0, 50.0, 30.0, 2.0),
        once(),
        to(0.0, 90.0, 30.0, 2.0),
        once(),
        plain(197, [0.0; 4]),
        to(0.0, 130.0, 30.0, 2.0),
        once(),
        way_home(),
    ];
    let second = remainder(&items, Some(home()), &BTreeSet::from([1, 3])).unwrap();
    assert_eq!(commands(&second), [22, 2001, 195, 16, 2000, 20]);
    let third = remainder(&items, Some(home()), &BTreeSet::from([1, 2])).unwrap();
    assert_eq!(commands(&third), [22, 2001, 16, 2000, 20]);
    let both = remainder(&items, Some(home()), &BTreeSet::from([1])).unwrap();
    assert_eq!(commands(&both), [22, 2001, 195, 16, 2000, 197, 16, 2000, 20]);
}

#[derive(Debug, Clone, Copy)]
enum Style {
    Distance { through_turns: bool },
    Interval,
    Capture,
    Hover,
}

prop_compose! {
    /// A survey of lanes, its camera by distance (also through the turns), by time, or from places where it hovers.
    fn mission()(
        style in prop_oneof![
            any::<bool>().prop_map(|through_turns| Style::Distance { through_turns }),
            Just(Style::Interval), Just(Style::Capture), Just(Style::Hover),
        ],
        lanes in 1..5_usize,
        length_m in 60.0..300.0_f64,
        spacing_m in 12.0..40.0_f64,
        every_m in 9.0..45.0_f32,
        heights in prop::collection::vec(25.0..90.0_f32, 5),
        level: bool,
        speed in 3.0..12.0_f32,
        lands: bool,
    ) -> Vec<MissionItem> {
        let mut items = vec![takeoff(25.0), plain(178, [1.0, speed, -1.0, 0.0]), plain(205, [-80.0, 0.0, 0.0, 0.0])];
        for lane in 0..lanes {
            let east_m = spacing_m * lane as f64;
            let ends = if lane % 2 == 0 { [40.0, 40.0 + length_m] } else { [40.0 + length_m, 40.0] };
            let height_m = if level { heights[0] } else { heights[lane] };
            items.extend(lane_of(style, (east_m, ends), height_m, every_m, lane == 0));
        }
        if lands {
            items.push(MissionItem { command: 21, ..to(0.0, 0.0, 0.0, 0.0) });
        } else {
            items.push(way_home());
        }
        items
    }
}

fn lane_of(
    style: Style,
    (east_m, [from_m, to_m]): (f64, [f64; 2]),
    height_m: f32,
    every_m: f32,
    is_first: bool,
) -> Vec<MissionItem> {
    let begin = to(east_m, from_m, height_m, 0.0);
    let end = to(east_m, to_m, height_m, 0.0);
    match style {
        Style::Distance { through_turns: true } if !is_first => vec![begin, end],
        Style::Distance { through_turns: true } => vec![begin, plain(206, [every_m, 0.0, 0.0, 0.0]), end],
        Style::Distance { .. } => vec![
            begin,
            plain(206, [every_m, 0.0, 1.0, 0.0]),
            end,
            plain(206, [0.0; 4]),
        ],
        Style::Interval => vec![
            begin,
            plain(214, [every_m * 150.0, 0.0, 0.0, 0.0]),
            end,
            plain(214, [0.0; 4]),
        ],
        Style::Capture => vec![
            begin,
            plain(2000, [0.0, every_m / 6.0, 0.0, 0.0]),
            end,
            plain(2001, [0.0; 4]),
        ],
        Style::Hover => {
            let stops = (0..4).flat_map(|stop| {
                let north_m = from_m + (to_m - from_m) * f64::from(stop) / 3.0;
                [
                    to(east_m, north_m, height_m, 1.5),
                    plain(2000, [0.0, 0.0, 1.0, 0.0]),
                ]
            });
            stops.collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No gap and nothing twice, wherever the mission broke off and whatever misfired.
    #[test]
    fn the_rest_takes_what_is_missing_and_nothing_else(
        items in mission(), broke_at in 0.0..1.0_f64, holes in prop::collection::vec(0.0..1.0_f64, 0..4),
    ) {
        let shots = planned_shots(&items, Some(home()));
        let count = shots.len() as f64;
        let mut done: BTreeSet<u32> = (1..=(broke_at * count) as u32).collect();
        for hole in holes {
            done.remove(&((hole * count) as u32 + 1));
        }
        let missing: Vec<u32> = (1..=shots.len() as u32).filter(|index| !done.contains(index)).collect();
        match remainder(&items, Some(home()), &done) {
            Err(NoRemainder::NothingMissing) => prop_assert!(missing.is_empty()),
            Err(other) => prop_assert!(false, "{other}"),
            Ok(rest) => {
                prop_assert_eq!(&takes(&rest).0, &missing);
                for (shot, of) in &rest.photos {
                    let meant = of.map(|of| shots[of as usize - 1].position);
                    // The rest's photos may lie so far from those of the whole; one that is due within that of where
                    // the camera goes off is due or not.
                    let mut ends = rest.items.iter().filter_map(MissionItem::place);
                    let away_m = |at: Wgs84| geodesic_distance_m(shot.position, at);
                    let as_planned = match meant {
                        Some(meant) => away_m(meant) <= SAME_PLACE_M,
                        None => ends.any(|end| away_m(end) <= SAME_PLACE_M),
                    };
                    prop_assert!(as_planned);
                }
                let rules = MissionRules { home: Some(home()), ..MissionRules::default() };
                prop_assert_eq!(check(&rest.items, &rules), []);
            }
        }
    }
}
