//! Flights that a person holds up, lets go on, sends elsewhere or brings down; that somebody else takes over; and that
//! are picked up again while all this is going on.

use std::time::Duration;

use flight::sortie::{
    BY_VEHICLE, FailureCode, FlightOrder, FlightReport, GateAnswer, Instruction, Outcome, Standing, Step,
};
use schedule::mission::{MissionItem, planned_shots};
use simulator::vehicle::Profile;

use super::world::{Flight, Told, World, home, order};

/// Slow enough that an order reaches the vehicle on the lane, however busy the machine is.
const SPEED: f64 = 6.0;

fn by() -> String {
    "Li".to_owned()
}

/// The lane of [`order`], longer and at a speed of its own.
fn long_order() -> FlightOrder {
    let mut order = order();
    let far = survey::geodesy::LocalTangent::at(home()).wgs84_from_enu(0.0, 420.0);
    order.items[3].x = (far.latitude_deg * 1e7).round() as i32;
    let speed = MissionItem {
        command: 178,
        params: [1.0, 5.0, -1.0, 0.0],
        ..order.items[4].clone()
    };
    order.items.insert(1, speed);
    order
}

async fn tell(flight: &Flight, instruction: Instruction) {
    flight.instructions.send(instruction).await.unwrap();
}

/// Waits until the vehicle has taken photos on its lane.
async fn on_the_lane(world: &World) {
    let begun = std::time::Instant::now();
    loop {
        assert!(
            begun.elapsed() < Duration::from_secs(100),
            "it never came onto the lane"
        );
        let seen = world.vehicle.telemetry();
        let item = flight::profile::Profile::item_of(seen.autopilot, seen.mission_current.unwrap_or(0));
        let north = seen
            .position
            .map_or(0.0, |at| (at.latitude_deg - home().latitude_deg) * 111_000.0);
        if item >= Some(4) && north > 45.0 {
            return;
        }
        world.vehicle.changed().await;
    }
}

fn no_gap(order: &FlightOrder, told: &Told) {
    let planned = planned_shots(&order.items, Some(home()));
    let taken = &told.captures;
    for shot in &planned {
        let nearest = taken
            .iter()
            .filter_map(|capture| capture.position)
            .map(|at| survey::geodesy::geodesic_distance_m(at, shot.position))
            .fold(f64::INFINITY, f64::min);
        assert!(
            nearest < 8.0,
            "photo {} is {nearest:.1} m from the next that was taken",
            shot.index
        );
    }
    assert!(
        taken.len() <= planned.len() + 4,
        "{} of {}",
        taken.len(),
        planned.len()
    );
}

async fn held_flight(profile: Profile) -> (World, FlightReport, Told) {
    let world = World::new(profile, SPEED, "").await.calm().await;
    let order = long_order();
    let mut flight = Flight::fly(&world, order.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    flight.reaches(Step::Paused).await;
    let here = world.vehicle.telemetry().position.unwrap();
    // Longer than the watchdog of this flight would have let it stand.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(world.off_m(here) < 6.0, "it holds: {}", world.off_m(here));
    tell(
        &flight,
        Instruction::Pause {
            by: "Wang".to_owned(),
        },
    )
    .await;
    flight.reaches(Step::OrderRefused).await;
    tell(&flight, Instruction::Continue { by: by() }).await;
    flight.reaches(Step::Continued).await;
    let (report, told) = flight.ends().await;
    no_gap(&order, &told);
    (world, report, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mission_is_held_up_and_goes_on_arducopter() {
    let (world, report, told) = held_flight(Profile::ArduCopter).await;
    assert_eq!(report.outcome, Outcome::Completed);
    let paused = told.steps.iter().find(|(step, _)| *step == Step::Paused).unwrap();
    assert!(
        paused.1.contains("AUTO") && paused.1.contains("Li"),
        "{}",
        paused.1
    );
    assert!(!told.has(Step::ModeChangedByOther) && world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mission_is_held_up_and_goes_on_px4() {
    let (_world, report, told) = held_flight(Profile::Px4).await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(!told.has(Step::ModeChangedByOther));
}

/// On the way up an ArduCopter refuses to pause; in GUIDED it loses speed and place in the mission.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_vehicle_forgets_while_it_is_held_is_told_again() {
    let world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    world.vehicle.set_parameter("MIS_RESTART", 1.0).await.unwrap();
    let order = long_order();
    let mut flight = Flight::fly(&world, order.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    // Held in GUIDED by our own order, as if the vehicle had refused to pause.
    let mode = mavlink::dialects::ardupilotmega::MavCmd::MAV_CMD_DO_SET_MODE;
    let guided = flight::command::CommandRequest::new(mode, [1.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    tell(&flight, Instruction::Pause { by: by() }).await;
    world.vehicle.command(guided).await.unwrap();
    flight.reaches(Step::Paused).await;
    tell(&flight, Instruction::Continue { by: by() }).await;
    flight.reaches(Step::Continued).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    no_gap(&order, &told);
    // The lane leads north, the way home back south.
    let north_m = |at: survey::geodesy::Wgs84| (at.latitude_deg - home().latitude_deg) * 111_000.0;
    let lane = told.track.windows(2).filter(|pair| {
        let [from_m, to_m] = [north_m(pair[0].position), north_m(pair[1].position)];
        (150.0..380.0).contains(&from_m) && to_m > from_m
    });
    let speeds: Vec<f64> = lane.filter_map(|pair| pair[0].ground_speed_ms).collect();
    let mean_ms = speeds.iter().sum::<f64>() / speeds.len() as f64;
    assert!(mean_ms < 6.0, "{mean_ms} m/s, and the mission says 5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_lasts_too_long_ends_at_home() {
    let world = World::new(Profile::ArduCopter, 16.0, "").await.calm().await;
    let mut order = long_order();
    order.pause.longest = Duration::from_secs(40);
    let mut flight = Flight::fly(&world, order, GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Returned { by: by() });
    let said = |words: &str| told.steps.iter().any(|(_, text)| text.contains(words));
    assert!(told.has(Step::Paused) && said("the longest that is allowed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_ends_at_home_when_the_battery_runs_low() {
    let world = World::new(Profile::ArduCopter, 16.0, "").await.calm().await;
    let mut order = long_order();
    order.pause.battery_percent = 93.0;
    let mut flight = Flight::fly(&world, order, GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Returned { by: by() });
    assert!(told.steps.iter().any(|(_, text)| text.contains("battery at")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn land_now_is_done_where_it_is_also_out_of_a_pause() {
    let world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let mut flight = Flight::fly(&world, long_order(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    flight.reaches(Step::Paused).await;
    tell(&flight, Instruction::Land { by: by() }).await;
    flight.reaches(Step::Landing).await;
    // On its way down it is not held up any more.
    tell(&flight, Instruction::Continue { by: by() }).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Diverted);
    assert!(told.has(Step::OrderRefused) && world.off_home_m() > 20.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_else_changes_the_mode_is_named_and_not_fought() {
    let world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let order = long_order();
    let mut flight = Flight::fly(&world, order.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    let mode = |number: f32| {
        let set = mavlink::dialects::ardupilotmega::MavCmd::MAV_CMD_DO_SET_MODE;
        flight::command::CommandRequest::new(set, [1.0, number, 0.0, 0.0, 0.0, 0.0, 0.0])
    };
    world.vehicle.command(mode(5.0)).await.unwrap();
    flight.reaches(Step::ModeChangedByOther).await;
    // Longer than the watchdog waits: it is left where the other one holds it.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.vehicle.telemetry().mode_name, "LOITER");
    tell(&flight, Instruction::Continue { by: by() }).await;
    flight.reaches(Step::Continued).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    no_gap(&order, &told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failsafe_of_the_vehicle_is_named() {
    let world = World::new(Profile::ArduCopter, 16.0, "low_battery=31")
        .await
        .calm()
        .await;
    let mut order = long_order();
    order.min_battery_percent = None;
    // Held up, so that the battery comes down to the vehicle's own limit.
    order.pause.battery_percent = 0.0;
    order.pause.longest = Duration::from_secs(3000);
    let mut flight = Flight::fly(&world, order, GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    let (report, told) = flight.ends().await;
    assert_eq!(
        report.outcome,
        Outcome::Returned {
            by: BY_VEHICLE.to_owned()
        }
    );
    let named = told.steps.iter().find(|(step, _)| *step == Step::VehicleFailsafe);
    assert!(
        named.is_some_and(|(_, text)| text.contains("Battery")),
        "{named:?}"
    );
}

async fn cut_off(world: &mut World, flight: Flight) -> FlightReport {
    flight.stop.cancel();
    let (first, _) = flight.ends().await;
    assert!(matches!(
        first.outcome,
        Outcome::Failed {
            code: FailureCode::Stopped,
            ..
        }
    ));
    world.restart_ground_station().await;
    first
}

async fn taken_up_while_paused(profile: Profile) {
    let mut world = World::new(profile, SPEED, "").await.calm().await;
    let mut order = long_order();
    let mut flight = Flight::fly(&world, order.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    tell(&flight, Instruction::Pause { by: by() }).await;
    flight.reaches(Step::Paused).await;
    let first = cut_off(&mut world, flight).await;
    order.launched_at = first.launched_at;
    order.standing = Some(Standing {
        instruction: Instruction::Pause { by: by() },
        for_so_long: Duration::from_secs(5),
    });
    let mut flight = Flight::resume(&world, order, GateAnswer::Go);
    flight.reaches(Step::Paused).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    tell(&flight, Instruction::Continue { by: by() }).await;
    flight.reaches(Step::Continued).await;
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(!told.has(Step::ModeChangedByOther));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_flight_is_picked_up_as_paused_arducopter() {
    taken_up_while_paused(Profile::ArduCopter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_flight_is_picked_up_as_paused_px4() {
    taken_up_while_paused(Profile::Px4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_on_its_way_elsewhere_is_picked_up_and_lands_there() {
    let mut world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let mut order = long_order();
    let mut flight = Flight::fly(&world, order.clone(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    on_the_lane(&world).await;
    let to = world.place(-120.0, 60.0);
    tell(&flight, Instruction::Divert { to, by: by() }).await;
    flight.reaches(Step::Diverting).await;
    let first = cut_off(&mut world, flight).await;
    order.launched_at = first.launched_at;
    order.standing = Some(Standing {
        instruction: Instruction::Divert { to, by: by() },
        for_so_long: Duration::ZERO,
    });
    let (report, told) = Flight::resume(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Diverted);
    assert!(world.off_m(to) < 5.0 && told.gates.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_cut_off_in_its_upload_is_flown_whole() {
    let mut world = World::new(Profile::ArduCopter, SPEED, "drop=0.1")
        .await
        .calm()
        .await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::Uploading).await;
    flight.stop.cancel();
    let (first, _) = flight.ends().await;
    assert!(!first.took_off);
    world.restart_ground_station().await;
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_found_on_the_ground_with_its_motors_on_has_landed() {
    let mut world = World::new(Profile::Px4, SPEED, "").await.calm().await;
    world
        .vehicle
        .set_parameter("COM_DISARM_LAND", 60.0)
        .await
        .unwrap();
    let mut short = order();
    short.items.truncate(2);
    short.items.push(order().items[5].clone());
    short.items[0].z = 4.0;
    short.items[1].z = 4.0;
    short.items[1].x = short.items[0].x;
    world.vehicle.set_parameter("RTL_RETURN_ALT", 4.0).await.unwrap();
    let mut flight = Flight::fly(&world, short.clone(), GateAnswer::Go);
    flight.reaches(Step::Landed).await;
    let first = cut_off(&mut world, flight).await;
    short.launched_at = first.launched_at;
    let (report, told) = Flight::resume(&world, short, GateAnswer::Go).ends().await;
    assert!(report.landed && report.took_off, "{report:?}");
    // How far it came was seen by nobody.
    let by = BY_VEHICLE.to_owned();
    assert_eq!(report.outcome, Outcome::Returned { by });
    assert!(told.has(Step::Disarmed));
}
