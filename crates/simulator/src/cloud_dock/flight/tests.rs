//! Flights of the simulated aircraft without a broker.

use super::*;
use crate::cloud_dock::wayline::Group;

const DOCK: GeoPoint = GeoPoint {
    latitude_deg: 31.2,
    longitude_deg: 121.6,
};

fn frame() -> LocalFrame {
    LocalFrame {
        origin: DOCK,
        street_amsl_m: 5.0,
    }
}

fn waypoint(e: f64, n: f64) -> Waypoint {
    let place = frame().wgs84_from_enu([e, n, 0.0]);
    Waypoint {
        latitude_deg: place.latitude_deg,
        longitude_deg: place.longitude_deg,
        height_m: 100.0,
        speed_ms: 10.0,
        heading: Heading::AlongWay,
        stops: true,
        damping_m: 0.0,
    }
}

fn plan(groups: Vec<Group>) -> FlightPlan {
    FlightPlan {
        frame: frame(),
        seed: 3,
        mission: Mission {
            takeoff_height_m: 20.0,
            transit_speed_ms: 12.0,
            finish: Finish::Home,
            waylines: vec![Wayline {
                id: 0,
                heights: HeightMode::TakeOff,
                waypoints: vec![waypoint(50.0, 0.0), waypoint(50.0, 200.0), waypoint(100.0, 200.0)],
                start_acts: vec![Act::Gimbal {
                    pitch_deg: Some(-90.0),
                    yaw_deg: None,
                    absolute: true,
                }],
                groups,
            }],
        },
        resume: None,
        rth_altitude_m: 120.0,
    }
}

fn every_forty_metres() -> Vec<Group> {
    vec![Group {
        from: 0,
        to: 1,
        trigger: Trigger::EachMetres(40.0),
        acts: vec![Act::Photo],
    }]
}

/// Flies until it stands, or for half an hour.
fn fly(flight: &mut Flight, until: impl Fn(&Flight) -> bool) {
    for _ in 0..36_000 {
        if until(flight) {
            return;
        }
        flight.step(5.0);
    }
    panic!("half an hour: {:?} at {:?}", flight.phase, flight.body);
}

#[test]
fn a_wayline_is_flown_photographed_and_landed() {
    let mut flight = Flight::new(plan(every_forty_metres()));
    fly(&mut flight, |flight| flight.phase == Phase::Landed);
    assert!(flight.complete);
    let photos = &flight.camera.openings;
    // At once and after 40, 80, 120, 160 and perhaps 200 m.
    assert!((5..=6).contains(&photos.len()), "{photos:?}");
    for (number, photo) in photos.iter().enumerate() {
        let [e, n, up] = photo.position_m;
        let wanted = 40.0 * number as f64;
        assert!(
            (e - 50.0).abs() < 1.5 && (n - wanted).abs() < 2.5,
            "{number}: {photo:?}"
        );
        assert!((up - 100.0).abs() < 1.5, "{photo:?}");
        assert!((photo.pitch_rad.to_degrees() + 90.0).abs() < 0.1);
    }
    let mut again = Flight::new(plan(every_forty_metres()));
    fly(&mut again, |flight| flight.phase == Phase::Landed);
    assert_eq!(again.camera.openings, flight.camera.openings);
}

#[test]
fn actions_happen_at_their_waypoints() {
    let groups = vec![Group {
        from: 1,
        to: 1,
        trigger: Trigger::ReachPoint,
        acts: vec![
            Act::Yaw(90.0),
            Act::Gimbal {
                pitch_deg: Some(-45.0),
                yaw_deg: Some(30.0),
                absolute: true,
            },
            Act::Hover(2.0),
            Act::Photo,
        ],
    }];
    let mut flight = Flight::new(plan(groups));
    fly(&mut flight, |flight| flight.phase == Phase::Landed);
    let [photo] = flight.camera.openings.as_slice() else {
        panic!("{:?}", flight.camera.openings);
    };
    assert!((photo.position_m[1] - 200.0).abs() < 1.5 && photo.ground_speed_ms < 1.0);
    assert!((photo.course_rad.to_degrees() - 30.0).abs() < 0.1);
    assert!((photo.pitch_rad.to_degrees() + 45.0).abs() < 0.1);
}

#[test]
fn photos_at_intervals_begin_when_the_gimbal_stands() {
    let down = Group {
        from: 0,
        to: 0,
        trigger: Trigger::ReachPoint,
        acts: vec![Act::Gimbal {
            pitch_deg: Some(-60.0),
            yaw_deg: None,
            absolute: true,
        }],
    };
    let mut flight = Flight::new(plan([vec![down], every_forty_metres()].concat()));
    fly(&mut flight, |flight| flight.phase == Phase::Landed);
    let pitches = flight
        .camera
        .openings
        .iter()
        .map(|photo| photo.pitch_rad.to_degrees());
    assert!(flight.camera.count >= 5);
    assert!(
        pitches.clone().all(|pitch| (pitch + 60.0).abs() < 0.1),
        "{:?}",
        pitches.collect::<Vec<_>>()
    );
}

#[test]
fn a_break_point_is_where_the_next_flight_goes_on() {
    let mut first = Flight::new(plan(every_forty_metres()));
    fly(&mut first, |flight| flight.camera.count == 3);
    let point = first.break_point();
    assert!(!point.on_waypoint && point.index == 0);
    assert!((point.progress - 0.4).abs() < 0.05, "{point:?}");
    first.go_home();
    fly(&mut first, |flight| flight.phase == Phase::Landed);
    assert!(!first.complete);
    let mut second = Flight::new(FlightPlan {
        resume: Some(point),
        ..plan(every_forty_metres())
    });
    fly(&mut second, |flight| flight.phase == Phase::Landed);
    assert!(second.complete);
    let north: Vec<f64> = second
        .camera
        .openings
        .iter()
        .map(|photo| photo.position_m[1])
        .collect();
    assert!((north[0] - 80.0).abs() < 8.0, "no gap: {north:?}");
    assert!((3..=4).contains(&north.len()), "{north:?}");
}

#[test]
fn a_pause_stops_and_goes_on() {
    let mut flight = Flight::new(plan(every_forty_metres()));
    fly(&mut flight, |flight| flight.camera.count == 2);
    flight.paused = true;
    for _ in 0..400 {
        flight.step(5.0);
    }
    assert!(flight.body.ground_speed_ms() < 0.5 && flight.camera.count == 2);
    flight.paused = false;
    fly(&mut flight, |flight| flight.phase == Phase::Landed);
    assert!(flight.complete && flight.camera.count >= 5);
}
