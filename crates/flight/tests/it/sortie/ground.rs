//! Flights that do not begin, each refused by its own name.

use std::time::Duration;

use flight::sortie::{FailureCode, FlightReport, GateAnswer, Instruction, Outcome, Step};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;

use super::world::{Flight, World, heard, order};

fn refused(report: &FlightReport) -> RefusalCode {
    assert!(!report.took_off && !report.landed);
    match &report.outcome {
        Outcome::Refused { code, .. } => *code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_refuses_to_arm_is_quoted() {
    for profile in [Profile::ArduCopter, Profile::Px4] {
        let world = World::new(profile, 20.0, "refuse_arming").await;
        let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
        assert_eq!(refused(&report), RefusalCode::ArmingRefused);
        let Outcome::Refused { text, .. } = &report.outcome else {
            unreachable!()
        };
        assert!(text.to_lowercase().contains("compass"), "{text}");
        assert!(!told.has(Step::Armed));
        assert!(
            told.texts
                .iter()
                .any(|text| text.to_lowercase().contains("compass"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_listens_to_another_ground_station_is_told() {
    let world = World::new(Profile::ArduCopter, 10.0, "refuse_arming").await;
    heard(&world.vehicle).await;
    world.vehicle.set_parameter("SYSID_MYGCS", 200.0).await.unwrap();
    let (_, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    let notices: Vec<&String> = told
        .steps
        .iter()
        .filter(|(step, _)| *step == Step::Notice)
        .map(|(_, text)| text)
        .collect();
    let named = |text: &&&String| text.starts_with("SYSID_MYGCS is 200 and we are ");
    assert_eq!(notices.iter().filter(named).count(), 1, "{notices:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_vehicle_is_no_heartbeat() {
    let world = World::new(Profile::ArduCopter, 10.0, "silent").await;
    let mut order = order();
    order.deadlines.heartbeat = Duration::from_secs(1);
    let (report, told) = Flight::fly(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::NoHeartbeat);
    assert!(!told.has(Step::Connected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_vehicles_with_one_number_are_left_alone() {
    let world = World::new(Profile::ArduCopter, 10.0, "").await;
    world.add_twin(10.0);
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::TwoVehiclesOneId);
    assert!(!told.has(Step::Uploading));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_away_from_its_dock_stays() {
    let world = World::new(Profile::ArduCopter, 20.0, "").await;
    let mut order = order();
    order.home_expected = Some((world.place(60.0, 0.0), 25.0));
    let (report, told) = Flight::fly(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::NotAtDock);
    assert!(!told.has(Step::Uploading));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_position_it_stays_and_with_a_late_one_it_waits() {
    let world = World::new(Profile::ArduCopter, 20.0, "late_gps=4000").await;
    let mut impatient = order();
    impatient.deadlines.ready = Duration::from_secs(30);
    let (report, _) = Flight::fly(&world, impatient, GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::NoPosition);

    let world = World::new(Profile::ArduCopter, 20.0, "late_gps=60").await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::Armed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mission_that_comes_back_otherwise_is_not_flown() {
    let world = World::new(Profile::ArduCopter, 20.0, "altered_item=2").await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::ReadbackDiffers);
    assert!(!told.has(Step::Arming));

    let world = World::new(Profile::Px4, 20.0, "refuse_upload").await;
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::UploadFailed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_was_accepted_and_does_not_show_is_no_takeoff() {
    let world = World::new(Profile::ArduCopter, 20.0, "no_takeoff")
        .await
        .calm()
        .await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::NoTakeoff);
    let starts = told
        .steps
        .iter()
        .filter(|(step, _)| *step == Step::Starting)
        .count();
    assert!((1..=3).contains(&starts), "{starts}");
    assert!(!world.status.borrow().armed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn low_battery_is_found_out_on_the_ground() {
    let world = World::new(Profile::ArduCopter, 20.0, "low_battery=22").await;
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::Battery);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn called_back_before_takeoff_it_does_not_fly() {
    let world = World::new(Profile::ArduCopter, 5.0, "late_gps=3000").await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::WaitingPosition).await;
    let by = "Li".to_owned();
    flight
        .instructions
        .send(Instruction::Return { by })
        .await
        .unwrap();
    let (report, _) = flight.ends().await;
    assert_eq!(refused(&report), RefusalCode::Recalled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_stops_before_takeoff_says_so() {
    let world = World::new(Profile::ArduCopter, 5.0, "late_gps=3000").await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::WaitingPosition).await;
    flight.stop.cancel();
    let (report, _) = flight.ends().await;
    let code = match report.outcome {
        Outcome::Failed { code, .. } => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code, FailureCode::Stopped);
    assert!(!report.took_off);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flight_that_never_began_can_be_flown_after_a_restart() {
    let world = World::new(Profile::ArduCopter, 20.0, "").await;
    heard(&world.vehicle).await;
    let (report, _) = Flight::resume(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::NoTakeoff);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_asks_for_leave_to_arm_gets_the_answer_of_the_gate() {
    let world = World::new(Profile::Px4, 10.0, "asks_authorisation")
        .await
        .calm()
        .await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::TookOff).await;
    let (_, told) = flight.abandon().await;
    assert!(
        told.texts
            .iter()
            .any(|text| text.contains("waiting for authorization")),
        "{:?}",
        told.texts
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_that_comes_as_an_event_is_quoted() {
    let world = World::new(Profile::Px4, 20.0, "refuse_arming,events_only").await;
    let mut order = order();
    order.deadlines.ready = Duration::from_secs(20);
    let (report, _) = Flight::fly(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(refused(&report), RefusalCode::ArmingRefused);
    let Outcome::Refused { text, .. } = &report.outcome else {
        unreachable!()
    };
    assert!(text.contains("Resolve system health failures"), "{text}");
}
