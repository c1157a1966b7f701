//! Flights that take off: good ones, lossy ones, recalled ones, and those in which something breaks in the air.

use flight::sortie::{BY_VEHICLE, FailureCode, FlightReport, Gate, GateAnswer, Instruction, Outcome, Step};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;
use survey::time::UtcMicros;

use super::world::{Flight, START_US, Told, World, order};

const SPEED: f64 = 16.0;

fn lid_closed() -> GateAnswer {
    GateAnswer::Refuse {
        code: RefusalCode::LidNotOpen,
        text: "the lid is half open".to_owned(),
    }
}

fn failure(report: &FlightReport) -> Option<FailureCode> {
    match &report.outcome {
        Outcome::Failed { code, .. } => Some(*code),
        _ended => None,
    }
}

fn good_steps(told: &Told) {
    let steps = [
        Step::Connecting,
        Step::Connected,
        Step::Identified,
        Step::WaitingPosition,
        Step::Ready,
        Step::Uploading,
        Step::ReadBack,
        Step::Arming,
        Step::Armed,
        Step::Starting,
        Step::TookOff,
        Step::ItemReached,
        Step::Returning,
        Step::Landed,
        Step::Disarmed,
        Step::Done,
    ];
    assert_eq!(told.order_of(&steps), steps);
    assert_eq!(told.gates, [Gate::Arming, Gate::Landing]);
}

async fn good_flight(profile: Profile, faults: &str) {
    let mut world = World::new(profile, SPEED, faults).await.calm().await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(report.took_off && report.landed);
    assert!(report.items_reached >= 4, "{}", report.items_reached);
    good_steps(&told);
    assert!(world.off_home_m() < 3.0);
    let taken = world.taken();
    assert!(taken.len() >= 6, "{taken:?}");
    assert_eq!(told.captures.len(), report.captures as usize);
    assert_eq!(report.captures as usize, taken.len());
    assert!(told.track.len() > 20, "{}", told.track.len());
    assert!(told.track.windows(2).all(|pair| pair[0].at < pair[1].at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_flight_of_an_arducopter() {
    good_flight(Profile::ArduCopter, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_flight_of_a_px4() {
    good_flight(Profile::Px4, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_of_exposures_that_got_lost_are_asked_for_again() {
    good_flight(Profile::Px4, "silent_capture=3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_one_hour_off_is_told_and_disturbs_nothing() {
    let world = World::new(Profile::ArduCopter, SPEED, "clock_off=3600")
        .await
        .calm()
        .await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    let hour_off = UtcMicros(START_US + 3_600_000_000);
    let launched_at = report.launched_at.unwrap();
    assert!(
        launched_at >= hour_off && launched_at.0 < hour_off.0 + 60_000_000,
        "{launched_at}"
    );
    assert!(told.captures.iter().all(|capture| capture.at_utc > launched_at));
    assert!(report.clock_offset_us.is_some());
    assert!(report.landed_at.unwrap() > launched_at);
}

async fn lossy_flight(profile: Profile) {
    let world = World::new(profile, SPEED, "drop=0.2").await.calm().await;
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_in_five_lost_each_way_ends_well_arducopter() {
    lossy_flight(Profile::ArduCopter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_in_five_lost_each_way_ends_well_px4() {
    lossy_flight(Profile::Px4).await;
}

async fn recalled_flight(profile: Profile) {
    let world = World::new(profile, SPEED, "").await.calm().await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::ItemReached).await;
    let by = "Li".to_owned();
    flight
        .instructions
        .send(Instruction::Return { by: by.clone() })
        .await
        .unwrap();
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Returned { by });
    assert!(report.landed && told.has(Step::Returning));
    assert!(world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_called_back_comes_home_arducopter() {
    recalled_flight(Profile::ArduCopter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_called_back_comes_home_px4() {
    recalled_flight(Profile::Px4).await;
}

async fn diverted_flight(profile: Profile) {
    let world = World::new(profile, SPEED, "").await.calm().await;
    let mut order = order();
    let alternate = world.place(40.0, 10.0);
    order.alternate = Some(alternate);
    let (report, told) = Flight::fly(&world, order, lid_closed()).ends().await;
    assert_eq!(report.outcome, Outcome::Diverted);
    assert!(report.landed && told.has(Step::Diverting));
    assert!(world.off_m(alternate) < 5.0, "{}", world.off_m(alternate));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_that_cannot_take_it_sends_it_to_the_other_place_arducopter() {
    diverted_flight(Profile::ArduCopter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_that_cannot_take_it_sends_it_to_the_other_place_px4() {
    diverted_flight(Profile::Px4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dock_that_cannot_take_it_and_no_other_place_is_landed_at_with_a_warning() {
    let world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let (report, told) = Flight::fly(&world, order(), lid_closed()).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(
        told.steps
            .iter()
            .any(|(_, text)| text.contains("the lid is half open"))
    );
    assert!(world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_land_or_to_go_elsewhere_it_does() {
    let world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::ItemReached).await;
    let to = world.place(-30.0, 30.0);
    flight
        .instructions
        .send(Instruction::Divert {
            to,
            by: "Li".to_owned(),
        })
        .await
        .unwrap();
    let (report, told) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Diverted);
    assert!(world.off_m(to) < 5.0);
    assert_eq!(told.gates, [Gate::Arming], "the dock is not asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_autopilot_in_the_air_is_a_failure_and_followed_to_the_ground() {
    let world = World::new(Profile::ArduCopter, 5.0, "reboot_at=25")
        .await
        .calm()
        .await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(failure(&report), Some(FailureCode::RebootedInFlight));
    assert!(report.took_off && told.has(Step::Rebooted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_lost_for_good_is_not_called_landed() {
    let world = World::new(Profile::ArduCopter, SPEED, "lost_link_at=20")
        .await
        .calm()
        .await;
    let mut order = order();
    order.deadlines.silence = std::time::Duration::from_secs(1);
    order.deadlines.lost_for_good = std::time::Duration::from_secs(60);
    let (report, told) = Flight::fly(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(failure(&report), Some(FailureCode::LinkLost));
    assert!(report.took_off && !report.landed);
    assert!(told.has(Step::LinkLost) && !told.has(Step::LinkBack));
}

async fn resumed_flight(profile: Profile) {
    let mut world = World::new(profile, SPEED, "").await.calm().await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    flight.stop.cancel();
    let (first, _) = flight.ends().await;
    assert_eq!(failure(&first), Some(FailureCode::Stopped));
    assert!(first.took_off && !first.landed);

    world.restart_ground_station().await;
    let mut order = order();
    order.launched_at = first.launched_at;
    let (report, told) = Flight::resume(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(report.took_off && report.landed);
    assert_eq!(report.launched_at, first.launched_at);
    assert_eq!(told.gates, [Gate::Landing]);
    assert!(world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_is_picked_up_in_the_air_by_a_new_run_arducopter() {
    resumed_flight(Profile::ArduCopter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_is_picked_up_in_the_air_by_a_new_run_px4() {
    resumed_flight(Profile::Px4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_in_the_air_is_watched_and_a_vehicle_on_the_ground_has_landed() {
    let mut world = World::new(Profile::ArduCopter, SPEED, "").await.calm().await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    flight.stop.cancel();
    let (first, _) = flight.ends().await;

    world.restart_ground_station().await;
    let mut other = order();
    other.launched_at = first.launched_at;
    other.items[3].z = 33.0;
    let (report, told) = Flight::resume(&world, other.clone(), GateAnswer::Go).ends().await;
    assert_eq!(failure(&report), Some(FailureCode::OtherMission));
    assert!(report.landed && told.gates.is_empty());

    let (report, _) = Flight::resume(&world, other, GateAnswer::Go).ends().await;
    let by = BY_VEHICLE.to_owned();
    assert_eq!(report.outcome, Outcome::Returned { by });
    assert!(report.landed && report.took_off);
}
