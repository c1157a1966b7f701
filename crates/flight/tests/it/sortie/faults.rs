//! One flight for each named fault of the line, the protocols, the machine and the reports of photos; what FlyOnce
//! makes of each is what the test says.

use flight::capture::{CaptureReport, CaptureSource};
use flight::sortie::{BY_VEHICLE, FailureCode, FlightReport, GateAnswer, Instruction, Outcome, Step};
use schedule::refusal::RefusalCode;
use simulator::vehicle::Profile;

use super::world::{Flight, START_US, Told, World, order};

const SPEED: f64 = 16.0;
const BOTH: [Profile; 2] = [Profile::ArduCopter, Profile::Px4];

/// One flight under a fault, from the first heartbeat to the end.
async fn flown(profile: Profile, faults: &str) -> (World, FlightReport, Told) {
    let world = World::new(profile, SPEED, faults).await.calm().await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    (world, report, told)
}

/// A flight that the fault does not keep from being flown to its end, with every exposure counted once.
async fn flown_all_the_same(profile: Profile, faults: &str) -> (World, FlightReport, Told) {
    let (mut world, report, told) = flown(profile, faults).await;
    assert_eq!(report.outcome, Outcome::Completed, "{faults}");
    assert!(report.took_off && report.landed, "{faults}");
    assert!(world.off_home_m() < 3.0, "{faults}");
    let taken = world.taken();
    assert!(taken.len() >= 6, "{faults}: {taken:?}");
    assert!(report.captures as usize <= taken.len(), "{faults}: {taken:?}");
    assert_eq!(told.captures.len(), report.captures as usize, "{faults}");
    (world, report, told)
}

fn count(told: &Told, wanted: Step) -> usize {
    told.steps.iter().filter(|(step, _)| *step == wanted).count()
}

fn refusal(report: &FlightReport) -> RefusalCode {
    match &report.outcome {
        Outcome::Refused { code, .. } => *code,
        other => panic!("not refused: {other:?}"),
    }
}

/// The numbers that the camera gave.
fn numbers(captures: &[CaptureReport]) -> Vec<u32> {
    captures.iter().map(number).collect()
}

/// CAMERA_IMAGE_CAPTURED counts from 0 by the standard, so that 1 is added on our side; the simulated PX4 passes its
/// trigger's number through, which counts from 1.
fn number(capture: &CaptureReport) -> u32 {
    capture.image_index - u32::from(capture.source == CaptureSource::CameraImageCaptured)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_lost_on_one_way_only() {
    flown_all_the_same(Profile::ArduCopter, "drop_out=0.25").await;
    flown_all_the_same(Profile::Px4, "drop_in=0.25").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_with_delay_and_jitter() {
    for profile in BOTH {
        // Four times as fast, a round trip of 0.3 s is one of 1.2 s for the vehicle.
        let world = World::new(profile, 4.0, "delay=120,jitter=60").await.calm().await;
        let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
        assert_eq!(report.outcome, Outcome::Completed, "{profile:?}");
        assert!(world.off_home_m() < 3.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_come_twice_or_are_overtaken() {
    for profile in BOTH {
        let (_, report, told) = flown_all_the_same(profile, "duplicate=0.3,reorder=0.2").await;
        assert!(!told.has(Step::Rebooted), "an overtaken frame is no restart");
        let mut numbers = numbers(&told.captures);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), report.captures as usize, "each exposure once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_on_the_link_are_not_the_vehicle() {
    for profile in BOTH {
        let (world, _, told) = flown_all_the_same(profile, "foreign_heartbeat").await;
        assert!(!world.vehicle.conflict());
        let near = |height_m: f64| height_m < 60.0;
        assert!(
            told.track.iter().all(|point| near(point.height_above_home_m)),
            "the other vehicle flies 450 m up"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_acknowledgement_of_everything_is_lost() {
    for profile in BOTH {
        let (_, _, told) = flown_all_the_same(profile, "lose_first_ack").await;
        assert_eq!(count(&told, Step::Armed), 1, "armed once");
        assert_eq!(count(&told, Step::Starting), 1, "started once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_acknowledgement_of_an_upload_is_lost() {
    for profile in BOTH {
        flown_all_the_same(profile, "lose_final_ack").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_asks_for_the_wrong_items() {
    for profile in BOTH {
        let (_, _, told) = flown_all_the_same(profile, "wrong_sequence").await;
        assert!(told.has(Step::ReadBack));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_accepts_before_the_items_came() {
    for profile in BOTH {
        let (_, _, told) = flown_all_the_same(profile, "ack_before_items").await;
        assert!(told.has(Step::ReadBack));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_asks_for_everything_five_times() {
    for profile in BOTH {
        flown_all_the_same(profile, "request_storm").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_accepted_and_not_done() {
    let (world, report, told) = flown(Profile::ArduCopter, "ignore_command=COMPONENT_ARM_DISARM").await;
    assert_eq!(refusal(&report), RefusalCode::ArmingRefused);
    assert!(!told.has(Step::Armed) && !world.status.borrow().armed);
    let (world, report, _) = flown(Profile::ArduCopter, "ignore_command=MISSION_START").await;
    // The start shows in the mode as well, and this way it is told.
    let flew = report.outcome == Outcome::Completed;
    assert!(flew || refusal(&report) == RefusalCode::NoTakeoff, "{report:?}");
    assert!(!world.status.borrow().armed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_that_is_accepted_and_not_flown_is_ordered_another_way() {
    let world = World::new(Profile::ArduCopter, SPEED, "ignore_command=NAV_RETURN_TO_LAUNCH")
        .await
        .calm()
        .await;
    let mut flight = Flight::fly(&world, order(), GateAnswer::Go);
    flight.reaches(Step::ItemReached).await;
    let by = "Li".to_owned();
    flight
        .instructions
        .send(Instruction::Return { by: by.clone() })
        .await
        .unwrap();
    let (report, _) = flight.ends().await;
    assert_eq!(report.outcome, Outcome::Returned { by });
    assert!(report.landed && world.off_home_m() < 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prearm_bit_that_lies_is_not_enough_to_arm() {
    for profile in BOTH {
        let (_, _, told) = flown_all_the_same(profile, "prearm_lies=45").await;
        assert!(told.has(Step::WaitingPosition));
        let refused = told
            .texts
            .iter()
            .any(|text| text.contains("Need Position Estimate"));
        assert!(
            !refused,
            "armed only once the estimate is in use: {:?}",
            told.texts
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_disarms_before_the_start_is_started_again() {
    for profile in BOTH {
        let (_, _, told) = flown_all_the_same(profile, "auto_disarm=20").await;
        assert_eq!(count(&told, Step::Armed), 2, "{profile:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_in_flight_is_told_and_moves_nothing() {
    for profile in BOTH {
        for jump in ["clock_jump_at=30,3600", "clock_jump_at=30,-3600"] {
            let (_, report, told) = flown_all_the_same(profile, jump).await;
            assert!(told.has(Step::ClockJumped), "{jump}");
            let (from, to) = (report.launched_at.unwrap(), report.landed_at.unwrap());
            let flown_s = (to.0 - from.0) as f64 / 1e6;
            assert!((20.0..300.0).contains(&flown_s), "{jump}: {flown_s} s");
            let within = |at_us: i64| (START_US - 60_000_000..START_US + 300_000_000).contains(&at_us);
            assert!(
                told.captures.iter().all(|capture| within(capture.at_utc.0)),
                "{jump}"
            );
            assert!(
                told.track.windows(2).all(|pair| pair[0].at < pair[1].at),
                "{jump}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_battery_that_falls_brings_the_vehicle_home_by_itself() {
    for profile in BOTH {
        let (world, report, _) = flown(profile, "battery_sag_at=4").await;
        let by = BY_VEHICLE.to_owned();
        assert_eq!(report.outcome, Outcome::Returned { by }, "{profile:?}");
        assert!(report.landed && world.off_home_m() < 3.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gust_is_flown_through() {
    for profile in BOTH {
        flown_all_the_same(profile, "gust_at=12").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misfire_is_reported_like_any_exposure() {
    for profile in BOTH {
        let (mut world, report, told) = flown(profile, "misfire=3").await;
        assert_eq!(report.outcome, Outcome::Completed);
        let taken = world.taken();
        let reported = numbers(&told.captures);
        assert!(taken.iter().all(|index| index % 3 != 0), "{taken:?}");
        assert!(reported.len() > taken.len(), "the ledger finds the missing file");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misfire_that_the_feedback_pin_does_not_see_is_told_as_one() {
    let (mut world, report, told) = flown(Profile::ArduCopter, "misfire=3,feedback_pin").await;
    assert_eq!(report.outcome, Outcome::Completed);
    let taken = world.taken();
    let (good, bad): (Vec<_>, Vec<_>) = told.captures.iter().partition(|capture| capture.succeeded);
    let numbers = |captures: &[&CaptureReport]| captures.iter().map(|c| c.image_index).collect::<Vec<_>>();
    assert_eq!(numbers(&good), taken);
    let last = taken.iter().copied().max().unwrap();
    let wanted: Vec<u32> = (1..last).filter(|number| number % 3 == 0).collect();
    assert_eq!(numbers(&bad), wanted);
    // Each at its own place and time, between its neighbours.
    for misfire in bad {
        let beside = |number| good.iter().find(|c| c.image_index == number).unwrap();
        let (before, after) = (beside(misfire.image_index - 1), beside(misfire.image_index + 1));
        assert!(before.at_utc < misfire.at_utc && misfire.at_utc < after.at_utc);
        let places = [before, misfire, after].map(|capture| capture.position.unwrap());
        let far = |a, b| survey::geodesy::geodesic_distance_m(a, b);
        let whole_m = far(places[0], places[2]);
        assert!(far(places[0], places[1]) < whole_m && far(places[1], places[2]) < whole_m);
    }
}

/// Reports that the line loses are repeated by an ArduPilot until the next trigger, and counted for the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_feedback_is_asked_for_before_the_next_trigger() {
    let world = World::new(Profile::ArduCopter, 4.0, "drop_out=0.3")
        .await
        .calm()
        .await;
    let mut world = world;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
    let (taken, mut reported) = (world.taken(), numbers(&told.captures));
    reported.sort_unstable();
    assert!(
        reported.iter().all(|number| taken.contains(number)),
        "{reported:?} {taken:?}"
    );
    let unreported = taken.len() - reported.len();
    let named = |text: &str| text.starts_with(&format!("{unreported} reports of exposures were lost"));
    let notices = told.steps.iter().filter(|(step, _)| *step == Step::Notice);
    assert_eq!(
        notices.filter(|(_, text)| named(text)).count(),
        usize::from(unreported > 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_of_before_request_message_is_asked_the_old_way() {
    let (mut world, report, told) = flown(Profile::Px4, "old_camera,silent_capture=3").await;
    assert_eq!(report.outcome, Outcome::Completed);
    let mut reported = numbers(&told.captures);
    reported.sort_unstable();
    assert_eq!(reported, world.taken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_nobody_took_shifts_no_other() {
    for profile in BOTH {
        let (mut world, report, told) = flown(profile, "feedback_without_photo=3").await;
        assert_eq!(report.outcome, Outcome::Completed);
        let (taken, reported) = (world.taken(), numbers(&told.captures));
        assert!(taken.iter().all(|index| reported.contains(index)));
        // Two reports of an ArduPilot with one stamp are one; a camera's are left to the ledger.
        let told_apart = profile == Profile::ArduCopter;
        assert_eq!(
            reported.len() == taken.len(),
            told_apart,
            "{reported:?} {taken:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_at_zero_has_the_place_of_the_track() {
    let mut count = 0;
    for profile in BOTH {
        let (world, _, told) = flown_all_the_same(profile, "zero_position=3").await;
        let filled = told
            .captures
            .iter()
            .filter(|capture| number(capture).is_multiple_of(3));
        for capture in filled {
            // On a loaded machine positions may be missing around it: then nobody says where it was.
            let Some(place) = capture.position else {
                continue;
            };
            count += 1;
            let near = told
                .captures
                .iter()
                .filter(|other| number(other).abs_diff(number(capture)) == 1);
            for other in near {
                let apart_m = survey::geodesy::geodesic_distance_m(place, other.position.unwrap());
                assert!(apart_m > 1.0 && apart_m < 60.0, "{apart_m} m");
            }
            assert!(capture.height_above_home_m.unwrap() > 5.0);
        }
        drop(world);
    }
    assert!(count > 0, "none has a place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_comes_twice_is_one_exposure() {
    for profile in BOTH {
        let (mut world, report, _) = flown(profile, "double_feedback=2").await;
        assert_eq!(report.outcome, Outcome::Completed);
        assert_eq!(report.captures as usize, world.taken().len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_answers_are_answers() {
    // In vehicle time this is 2.8 s, beyond the timers of either side.
    let world = World::new(Profile::ArduCopter, 4.0, "late=700")
        .await
        .calm()
        .await;
    let (report, _) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert_eq!(report.outcome, Outcome::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_that_jumps_is_flown_home_by() {
    let (world, report, _) = flown(Profile::ArduCopter, "gps_jump=8").await;
    // It lands where it believes home to be; the report says so by its own position.
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(world.off_home_m() < 12.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_under_another_number_is_not_there() {
    let world = World::new(Profile::ArduCopter, 10.0, "same_system_id=9").await;
    let mut order = order();
    order.deadlines.heartbeat = std::time::Duration::from_secs(2);
    let (report, _) = Flight::fly(&world, order, GateAnswer::Go).ends().await;
    assert_eq!(refusal(&report), RefusalCode::NoHeartbeat);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_air_is_named() {
    let world = World::new(Profile::Px4, 5.0, "reboot_at=25").await.calm().await;
    let (report, told) = Flight::fly(&world, order(), GateAnswer::Go).ends().await;
    assert!(told.has(Step::Rebooted));
    assert!(
        matches!(
            report.outcome,
            Outcome::Failed {
                code: FailureCode::RebootedInFlight,
                ..
            }
        ),
        "{report:?}"
    );
}
