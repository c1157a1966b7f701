//! Fence and rally points of a plan on the vehicle, what was there before, the vehicle's own against a plan without
//! them, and what is made of a breach.

use flight::sortie::{BY_VEHICLE, Exchange, FlightOrder, GateAnswer, Laid, Outcome, ParameterLaid, Step};
use schedule::interlock::ListFact;
use schedule::mission::{Fence, FenceArea, FenceShape, RallyPoint};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;

use super::world::{Flight, Told, World, order};

/// A square round home with an excluded circle beside the way.
fn fence(world: &World, half_m: f64) -> Fence {
    let corner = |east: f64, north: f64| world.place(east * half_m, north * half_m);
    let area = |inclusion, shape| FenceArea { inclusion, shape };
    let square = vec![
        corner(-1.0, -1.0),
        corner(1.0, -1.0),
        corner(1.0, 1.0),
        corner(-1.0, 1.0),
    ];
    Fence {
        areas: vec![
            area(true, FenceShape::Polygon(square)),
            area(
                false,
                FenceShape::Circle {
                    centre: world.place(0.8 * half_m, 0.0),
                    radius_m: 5.0,
                },
            ),
        ],
        return_point: None,
    }
}

/// Sets parameters that are there.
async fn set(world: &World, parameters: &[(&str, f64)]) {
    for (name, value) in parameters {
        world.vehicle.set_parameter(name, *value).await.unwrap();
    }
}

async fn has(world: &World, parameters: &[(&str, f64)]) {
    for (name, value) in parameters {
        assert_eq!(world.vehicle.parameter(name).await.unwrap(), *value, "{name}");
    }
}

fn rally(world: &World, east_m: f64, north_m: f64) -> RallyPoint {
    RallyPoint {
        position: world.place(east_m, north_m),
        height_above_home_m: 25.4,
    }
}

fn tells(told: &Told, step: Step, words: &str) -> bool {
    let wanted = |(told, text): &(Step, String)| *told == step && text.contains(words);
    told.steps.iter().any(wanted)
}

/// The plan's fence and rally points are on board in flight; afterwards the vehicle has what it had before.
async fn fenced_flight(profile: Profile, before: &[(&str, f64)], during: &[(&str, f64)]) {
    let world = World::new(profile, 16.0, "").await.calm().await;
    set(&world, before).await;
    let fenced = FlightOrder {
        fence: fence(&world, 200.0),
        rally: vec![rally(&world, -150.0, 0.0), rally(&world, 0.0, -160.0)],
        ..order()
    };
    let own = fence(&world, 150.0);
    world.vehicle.upload_fence(&own).await.unwrap();
    let mut flight = Flight::fly(&world, fenced.clone(), GateAnswer::Go);
    flight.reaches(Step::Armed).await;
    has(&world, during).await;
    let on_board = world.vehicle.download_fence().await.unwrap();
    assert_eq!(on_board.item_count(), fenced.fence.item_count(), "{profile:?}");
    assert_eq!(world.vehicle.download_rally().await.unwrap().len(), 2);
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{profile:?}: {told:?}");
    let steps = [
        Step::FenceSet,
        Step::RallySet,
        Step::Arming,
        Step::Disarmed,
        Step::PutBack,
    ];
    assert_eq!(told.order_of(&steps), steps, "{profile:?}: {told:?}");
    assert_eq!(told.bounds[0].fence, ListFact::ReadBack(5));
    assert_eq!(told.bounds[0].rally, ListFact::ReadBack(2));
    assert!(!told.laid[0].is_empty() && told.laid.last().unwrap().is_empty());
    let kept = world.vehicle.download_fence().await.unwrap();
    assert!(
        (kept.areas.len(), kept.item_count()) == (2, 5),
        "{profile:?}: {kept:?}"
    );
    assert!(
        own.areas
            .iter()
            .zip(&kept.areas)
            .all(|(own, kept)| own.inclusion == kept.inclusion)
    );
    assert_eq!(world.vehicle.download_rally().await.unwrap(), [], "{profile:?}");
    has(&world, before).await;
    // A plan without a fence keeps within the one that is on the vehicle, and is told of it.
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{profile:?}: {told:?}");
    assert!(
        tells(&told, Step::Notice, "own of 2 areas"),
        "{profile:?}: {told:?}"
    );
    assert!(
        told.laid.is_empty() && !told.has(Step::PutBack),
        "{profile:?}: {told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fence_and_rally_are_put_on_read_back_switched_on_and_taken_back_arducopter() {
    // Only areas: the ceiling and the circle round home that ArduPilot has by default would end the flight.
    let before = [("FENCE_ENABLE", 0.0), ("FENCE_TYPE", 7.0), ("FENCE_ACTION", 4.0)];
    let during = [("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0), ("FENCE_ACTION", 1.0)];
    fenced_flight(Profile::ArduCopter, &before, &during).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fence_and_rally_are_put_on_read_back_switched_on_and_taken_back_px4() {
    fenced_flight(Profile::Px4, &[("GF_ACTION", 2.0)], &[("GF_ACTION", 3.0)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mission_that_would_leave_the_vehicles_own_fence_does_not_start() {
    let world = World::new(Profile::ArduCopter, 16.0, "").await.calm().await;
    set(&world, &[("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0)]).await;
    world.vehicle.upload_fence(&fence(&world, 50.0)).await.unwrap();
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    match report.outcome {
        Outcome::Refused { code, .. } => assert_eq!(code, RefusalCode::LeavesFence),
        other => panic!("{other:?}: {told:?}"),
    }
}

/// Carried out of a fence in flight (`strays_at`), the vehicle comes home by itself; that is named as what it is, and
/// no photo is missing from the record.
async fn strays(profile: Profile, words: &str) {
    let mut world = World::new(profile, 8.0, "strays_at=14").await.calm().await;
    let narrow = |east: f64, north: f64| world.place(east, north);
    let corners = vec![
        narrow(-60.0, -60.0),
        narrow(25.0, -60.0),
        narrow(25.0, 200.0),
        narrow(-60.0, 200.0),
    ];
    let fence = Fence {
        areas: vec![FenceArea {
            inclusion: true,
            shape: FenceShape::Polygon(corners),
        }],
        return_point: None,
    };
    let (report, told) = Flight::fly(&world, FlightOrder { fence, ..order() }, GateAnswer::Go)
        .ends()
        .await;
    assert_eq!(
        report.outcome,
        Outcome::Returned {
            by: BY_VEHICLE.to_owned()
        },
        "{profile:?}: {told:?}"
    );
    assert!(
        tells(&told, Step::VehicleFailsafe, words),
        "{profile:?}: {told:?}"
    );
    assert!(!told.has(Step::ModeChangedByOther), "{profile:?}: {told:?}");
    let down = [Step::VehicleFailsafe, Step::Landed, Step::Disarmed, Step::PutBack];
    assert_eq!(told.order_of(&down), down, "{profile:?}: {told:?}");
    assert!(world.off_home_m() < 3.0, "{profile:?}: {}", world.off_home_m());
    let reported: Vec<u32> = told.captures.iter().map(|capture| capture.image_index).collect();
    // Every picture has its report; PX4 counts reports from another number.
    assert!(
        reported.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{reported:?}"
    );
    assert_eq!(reported.len(), world.taken().len(), "{profile:?}");
    assert!(!reported.is_empty(), "{profile:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_leaves_the_fence_is_named_and_comes_home_arducopter() {
    strays(Profile::ArduCopter, "Polygon fence breached").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_leaves_the_fence_is_named_and_comes_home_px4() {
    strays(Profile::Px4, "Geofence violation").await;
}

/// What a flight left behind that nobody saw landing is told from the vehicle's own by what was written down, and the
/// next flight takes it back before anything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_flight_left_is_taken_back_by_the_next() {
    let world = World::new(Profile::ArduCopter, 16.0, "").await.calm().await;
    let (own, left) = (fence(&world, 150.0), fence(&world, 60.0));
    let stray = rally(&world, 0.0, 80.0);
    world.vehicle.upload_fence(&left).await.unwrap();
    world.vehicle.upload_rally(&[stray]).await.unwrap();
    set(&world, &[("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0)]).await;
    let parameter = |name: &str, before, ours| ParameterLaid {
        name: name.to_owned(),
        before,
        ours,
    };
    let owed = Laid {
        fence: Some(Exchange {
            before: Some(own.clone()),
            ours: left,
        }),
        rally: Some(Exchange {
            before: Some(Vec::new()),
            ours: vec![stray, rally(&world, 10.0, 10.0)],
        }),
        parameters: vec![
            parameter("FENCE_ENABLE", 0.0, 1.0),
            parameter("FENCE_TYPE", 7.0, 4.0),
        ],
    };
    // Without knowing of it the mission would leave the fence, and its return would end at the rally point.
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert!(matches!(report.outcome, Outcome::Refused { .. }), "{report:?}");
    let informed = FlightOrder {
        owed: Some(owed),
        ..order()
    };
    let (report, told) = Flight::fly(&world, informed, GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{told:?}");
    assert!(
        tells(&told, Step::Notice, "a fence that an earlier flight"),
        "{told:?}"
    );
    assert!(
        tells(&told, Step::Notice, "rally points that an earlier flight"),
        "{told:?}"
    );
    assert_eq!(world.vehicle.download_rally().await.unwrap(), []);
    assert_eq!(
        world.vehicle.download_fence().await.unwrap().item_count(),
        own.item_count()
    );
    has(&world, &[("FENCE_ENABLE", 0.0), ("FENCE_TYPE", 7.0)]).await;
    assert!(told.laid.last().unwrap().is_empty(), "{:?}", told.laid);
}

/// Rally points that somebody else put on the vehicle stay, unless the return at the end would land there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rally_points_of_the_vehicles_own_stay_unless_they_take_the_return() {
    let world = World::new(Profile::Px4, 16.0, "").await.calm().await;
    world
        .vehicle
        .upload_rally(&[rally(&world, 0.0, -120.0)])
        .await
        .unwrap();
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{told:?}");
    assert!(
        tells(&told, Step::Notice, "1 of the vehicle's own stay"),
        "{told:?}"
    );
    assert_eq!(told.bounds[0].rally, ListFact::Own(1));
    world
        .vehicle
        .upload_rally(&[rally(&world, 20.0, 90.0)])
        .await
        .unwrap();
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    match report.outcome {
        Outcome::Refused { code, .. } => assert_eq!(code, RefusalCode::RallyPoint, "{told:?}"),
        other => panic!("{other:?}: {told:?}"),
    }
}

/// A program that was away finds the fence of the plan on board, and takes it back after the landing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_outlives_a_restart_of_the_program() {
    let mut world = World::new(Profile::ArduCopter, 8.0, "").await.calm().await;
    let fenced = FlightOrder {
        fence: fence(&world, 200.0),
        rally: vec![rally(&world, -150.0, 0.0)],
        ..order()
    };
    let mut flight = Flight::fly(&world, fenced.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    let (report, told) = flight.abandon().await;
    assert!(!told.has(Step::PutBack), "{told:?}");
    world.restart_ground_station().await;
    let again = FlightOrder {
        launched_at: report.launched_at,
        owed: told.laid.last().cloned(),
        ..fenced
    };
    let (report, told) = Flight::resume(&world, again, GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed, "{told:?}");
    for (step, text) in [
        (Step::FenceSet, "the fence on board is that of the plan"),
        (Step::RallySet, "the rally points on board are those of the plan"),
    ] {
        assert!(tells(&told, step, text), "{told:?}");
    }
    assert!(told.has(Step::PutBack), "{told:?}");
    assert!(world.vehicle.download_fence().await.unwrap().is_empty());
    assert_eq!(world.vehicle.download_rally().await.unwrap(), []);
    has(&world, &[("FENCE_ENABLE", 0.0), ("FENCE_TYPE", 7.0)]).await;
}
