//! Whole flights in vehicle time: what is flown, photographed, refused, and what happens when something goes wrong.

use mavlink::dialects::ardupilotmega::{COMMAND_LONG_DATA, MavCmd, MavMessage, MavMissionResult, MavResult};
use proptest::prelude::*;

use super::autopilot::{Autopilot, Peer};
use super::ground::{Ground, START_US, STATION, beat, item, options, survey, waypoint};
use super::local::distance_m;
use super::options::Profile;
use super::profile::Mode;

const BOTH: [Profile; 2] = [Profile::ArduCopter, Profile::Px4];

fn surveyed(profile: Profile, faults: &str, wait_s: f64) -> Ground {
    let mut ground = Ground::ready(profile, faults);
    ground.pass(wait_s);
    assert_eq!(
        ground.upload(&survey(profile)),
        MavMissionResult::MAV_MISSION_ACCEPTED
    );
    ground.start();
    ground.heard.clear();
    ground
}

fn land(ground: &mut Ground) {
    assert!(ground.pass_until(400.0, |vehicle| !vehicle.armed), "never landed");
}

#[test]
fn a_survey_is_flown_photographed_and_ends_at_home() {
    for profile in BOTH {
        let mut ground = surveyed(profile, "", 0.0);
        land(&mut ground);
        let status = ground.vehicle.status();
        assert!(status.at_home && status.on_ground, "{status:?}");
        assert!(
            (10..=11).contains(&ground.pictures.len()),
            "{}",
            ground.pictures.len()
        );
        for (place, picture) in ground.pictures.iter().enumerate() {
            assert_eq!(picture.image_index as usize, place + 1);
            assert!((picture.height_above_home_m - 40.0).abs() < 1.0);
        }
        let reached: Vec<u16> = ground
            .heard
            .iter()
            .filter_map(|message| match message {
                MavMessage::MISSION_ITEM_REACHED(reached) => Some(reached.seq),
                _ => None,
            })
            .collect();
        let first = u16::from(profile == Profile::ArduCopter);
        assert_eq!(reached, [0, 2, 4, 5, 7].map(|seq| seq + first));
    }
}

#[test]
fn the_same_options_give_the_same_pictures_whenever_the_start_comes() {
    let mut early = surveyed(Profile::ArduCopter, "", 0.0);
    let mut late = surveyed(Profile::ArduCopter, "", 33.3);
    land(&mut early);
    land(&mut late);
    assert_eq!(early.pictures, late.pictures);
    assert!(early.pictures[0].unix_us > START_US && early.pictures[0].unix_us < START_US + 60_000_000);
}

#[test]
fn the_second_flight_starts_half_an_hour_later_and_counts_from_one() {
    let mut ground = surveyed(Profile::ArduCopter, "", 0.0);
    land(&mut ground);
    let first = ground.pictures.len();
    ground.pass(20.0);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_FAILED);
    assert!(ground.said("AUTO mode not armable"));
    ground.start();
    land(&mut ground);
    let second = &ground.pictures[first];
    assert_eq!((second.flight_number, second.image_index), (2, 1));
    let between_us = second.unix_us - ground.pictures[0].unix_us;
    assert!((between_us - 1_800_000_000).abs() < 3_000_000, "{between_us}");
}

#[test]
fn feedback_tells_the_index_and_nearly_the_place_of_every_picture() {
    let mut ground = surveyed(Profile::ArduCopter, "", 0.0);
    land(&mut ground);
    let mut fed = 0;
    for message in &ground.heard {
        if let MavMessage::CAMERA_FEEDBACK(feedback) = message {
            let picture = &ground.pictures[fed];
            fed += 1;
            assert_eq!(u32::from(feedback.img_idx), picture.image_index);
            assert_eq!(feedback.time_usec as i64, picture.unix_us);
            let off_m = (f64::from(feedback.lat) * 1e-7 - picture.latitude_deg) * 111_000.0;
            assert!(off_m.abs() < 2.0, "{off_m}");
        }
    }
    assert_eq!(fed, ground.pictures.len());
}

#[test]
fn arming_is_refused_before_the_position_although_prearm_is_healthy() {
    let mut ground = Ground::new(Profile::ArduCopter, "late_gps=20");
    ground.pass(15.0);
    assert!(ground.vehicle.prearm_is_healthy());
    assert_eq!(ground.mode(4.0), MavResult::MAV_RESULT_ACCEPTED);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_FAILED);
    assert!(ground.said("Arm: Need Position Estimate"));
    ground.pass(6.0);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
}

#[test]
fn a_start_without_arming_is_accepted_and_does_nothing_and_the_motors_stop_after_ten_seconds() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    ground.upload(&survey(Profile::ArduCopter));
    assert_eq!(ground.mode(4.0), MavResult::MAV_RESULT_ACCEPTED);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
    assert!(!ground.pass_until(9.5, |vehicle| !vehicle.armed));
    assert!(ground.pass_until(1.0, |vehicle| !vehicle.armed));
    let started = ground.command(MavCmd::MAV_CMD_MISSION_START, &[]);
    assert_eq!(started, MavResult::MAV_RESULT_ACCEPTED);
    ground.pass(30.0);
    assert!(ground.vehicle.on_ground && ground.vehicle.clock.flight_number() == 0);
}

#[test]
fn a_silent_ground_station_brings_the_vehicle_home() {
    let mut ground = surveyed(Profile::ArduCopter, "", 0.0);
    ground.pass(40.0);
    ground.beats = false;
    // Another station's heartbeats do not count.
    for _ in 0..6 {
        let other = Peer {
            system_id: 250,
            ..STATION
        };
        ground.tell(other, &beat());
        ground.pass(1.0);
    }
    assert_eq!(ground.vehicle.mode, Mode::Return);
    assert!(ground.said("GCS Failsafe"));
    ground.beats = true;
    ground.pass(1.0);
    assert!(ground.said("GCS Failsafe Cleared"));
    land(&mut ground);
    assert!(ground.vehicle.status().at_home);
}

#[test]
fn a_low_battery_brings_the_vehicle_home() {
    let mut ground = surveyed(Profile::ArduCopter, "low_battery=22", 0.0);
    assert!(ground.pass_until(200.0, |vehicle| vehicle.mode == Mode::Return));
    assert!(ground.said("Battery Failsafe"));
    land(&mut ground);
    assert!(ground.vehicle.status().at_home);
}

#[test]
fn misfires_and_silent_captures_lose_the_one_and_not_the_other() {
    let feedback = |ground: &Ground| {
        let fed = |message: &&MavMessage| matches!(message, MavMessage::CAMERA_FEEDBACK(_));
        ground.heard.iter().filter(fed).count()
    };
    let mut misfiring = surveyed(Profile::ArduCopter, "misfire=3", 0.0);
    land(&mut misfiring);
    assert_eq!(feedback(&misfiring) - misfiring.pictures.len(), 3);
    assert!(
        misfiring
            .pictures
            .iter()
            .all(|picture| picture.image_index % 3 != 0)
    );
    let mut silent = surveyed(Profile::ArduCopter, "silent_capture=5", 0.0);
    land(&mut silent);
    assert_eq!(silent.pictures.len() - feedback(&silent), 2);
}

#[test]
fn a_restart_in_flight_ends_on_the_ground_below_with_a_new_boot_clock() {
    let mut ground = surveyed(Profile::ArduCopter, "reboot_at=40", 0.0);
    assert!(ground.pass_until(100.0, |vehicle| vehicle.rebooted));
    assert!(!ground.vehicle.is_audible());
    ground.pass(8.0);
    assert!(ground.vehicle.is_audible());
    let status = ground.vehicle.status();
    assert!(status.on_ground && !status.at_home && !status.armed, "{status:?}");
    assert!(ground.vehicle.clock.boot_s() < 10.0);
}

#[test]
fn faults_that_keep_it_on_the_ground_do() {
    let mut refusing = Ground::ready(Profile::ArduCopter, "refuse_arming");
    assert_eq!(refusing.mode(4.0), MavResult::MAV_RESULT_ACCEPTED);
    assert_eq!(refusing.arm(), MavResult::MAV_RESULT_FAILED);
    assert!(refusing.said("Compass not healthy"));
    let mut lazy = surveyed(Profile::ArduCopter, "no_takeoff", 0.0);
    assert!(lazy.pass_until(12.0, |vehicle| !vehicle.armed));
    assert!(lazy.vehicle.on_ground && lazy.pictures.is_empty());
}

#[test]
fn jumps_waits_and_conditions_are_kept() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    let items = [
        waypoint(1.0, 1.0, 0.0),
        item(MavCmd::MAV_CMD_NAV_TAKEOFF, [0.0; 4], 0.0, 0.0, 10.0),
        waypoint(30.0, 0.0, 10.0),
        item(
            MavCmd::MAV_CMD_NAV_WAYPOINT,
            [5.0, 0.0, 0.0, 0.0],
            30.0,
            30.0,
            10.0,
        ),
        item(
            MavCmd::MAV_CMD_CONDITION_DELAY,
            [2.0, 0.0, 0.0, 0.0],
            0.0,
            0.0,
            0.0,
        ),
        item(
            MavCmd::MAV_CMD_IMAGE_START_CAPTURE,
            [0.0, 0.0, 1.0, 0.0],
            0.0,
            0.0,
            0.0,
        ),
        item(MavCmd::MAV_CMD_DO_JUMP, [2.0, 2.0, 0.0, 0.0], 0.0, 0.0, 0.0),
        item(MavCmd::MAV_CMD_NAV_LAND, [0.0; 4], 10.0, 0.0, 0.0),
    ];
    assert_eq!(ground.upload(&items), MavMissionResult::MAV_MISSION_ACCEPTED);
    ground.start();
    ground.heard.clear();
    land(&mut ground);
    let twos = |message: &&MavMessage| matches!(message, MavMessage::MISSION_ITEM_REACHED(r) if r.seq == 2);
    assert_eq!(ground.heard.iter().filter(twos).count(), 3);
    assert_eq!(ground.pictures.len(), 3);
    let [north, east, up] = ground.vehicle.body.position_m;
    assert!(
        (north - 10.0).abs() < 1.0 && east.abs() < 1.0 && up == 0.0,
        "{north} {east}"
    );
}

#[test]
fn a_mission_without_a_takeoff_is_refused_by_arducopter_and_begun_with_a_climb_by_px4() {
    let items = [
        waypoint(30.0, 30.0, 25.0),
        item(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, [0.0; 4], 0.0, 0.0, 0.0),
    ];
    let mut px4 = Ground::ready(Profile::Px4, "");
    assert_eq!(px4.upload(&items), MavMissionResult::MAV_MISSION_ACCEPTED);
    px4.start();
    assert!(px4.pass_until(30.0, |vehicle| vehicle.body.position_m[2] > 24.0));
    assert!(distance_m(&px4.vehicle.body.position_m, &[0.0; 3]) < 1.0);
    land(&mut px4);
    let mut copter = Ground::ready(Profile::ArduCopter, "");
    assert_eq!(
        copter.upload(&[&items[..1], &items[..]].concat()),
        MavMissionResult::MAV_MISSION_ACCEPTED
    );
    copter.mode(4.0);
    copter.arm();
    assert_eq!(
        copter.command(MavCmd::MAV_CMD_MISSION_START, &[]),
        MavResult::MAV_RESULT_FAILED
    );
    assert!(copter.said("Missing Takeoff Cmd"));
}

#[test]
fn guided_flight_follows_what_it_is_told() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    assert_eq!(ground.mode(4.0), MavResult::MAV_RESULT_ACCEPTED);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
    let up = ground.command(MavCmd::MAV_CMD_NAV_TAKEOFF, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0]);
    assert_eq!(up, MavResult::MAV_RESULT_ACCEPTED);
    ground.pass(20.0);
    let there = [-1.0, 0.0, 0.0, 0.0, 31.201, 121.6, f32::NAN];
    assert_eq!(
        ground.command(MavCmd::MAV_CMD_DO_REPOSITION, &there),
        MavResult::MAV_RESULT_ACCEPTED
    );
    ground.pass(30.0);
    let [north, _, height] = ground.vehicle.body.position_m;
    assert!(
        (north - 110.9).abs() < 1.5 && (height - 20.0).abs() < 0.6,
        "{north} {height}"
    );
    assert_eq!(ground.mode(9.0), MavResult::MAV_RESULT_ACCEPTED);
    land(&mut ground);
    assert!(distance_m(&ground.vehicle.body.position_m, &[110.9, 0.0, 0.0]) < 1.5);
}

#[test]
fn messages_are_given_or_refused_as_by_the_real_ones() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    for (id, result) in [
        (148.0, MavResult::MAV_RESULT_ACCEPTED),
        (242.0, MavResult::MAV_RESULT_ACCEPTED),
        (245.0, MavResult::MAV_RESULT_ACCEPTED),
        (435.0, MavResult::MAV_RESULT_FAILED),
        (263.0, MavResult::MAV_RESULT_FAILED),
    ] {
        assert_eq!(
            ground.command(MavCmd::MAV_CMD_REQUEST_MESSAGE, &[id]),
            result,
            "{id}"
        );
    }
    let state = |message: &MavMessage| matches!(message, MavMessage::EXTENDED_SYS_STATE(_));
    ground.heard.clear();
    ground.pass(3.0);
    assert!(!ground.heard.iter().any(state), "not streamed unless asked for");
    ground.command(MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL, &[245.0, 500_000.0]);
    ground.pass(3.0);
    assert!(ground.heard.iter().any(state));
    let mut px4 = surveyed(Profile::Px4, "", 0.0);
    px4.pass(60.0);
    let again = px4.command(MavCmd::MAV_CMD_REQUEST_MESSAGE, &[263.0, 2.0]);
    assert_eq!(again, MavResult::MAV_RESULT_ACCEPTED);
    let second =
        |message: &MavMessage| matches!(message, MavMessage::CAMERA_IMAGE_CAPTURED(c) if c.image_index == 2);
    assert!(px4.heard.iter().any(second));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_command_breaks_a_vehicle_in_flight(
        numbers in proptest::collection::vec((0usize..12, proptest::array::uniform7(any::<f32>())), 1..8)
    ) {
        let commands = [
            MavCmd::MAV_CMD_NAV_TAKEOFF, MavCmd::MAV_CMD_DO_REPOSITION, MavCmd::MAV_CMD_DO_SET_HOME,
            MavCmd::MAV_CMD_DO_SET_MODE, MavCmd::MAV_CMD_CONDITION_YAW, MavCmd::MAV_CMD_DO_CHANGE_SPEED,
            MavCmd::MAV_CMD_IMAGE_START_CAPTURE, MavCmd::MAV_CMD_DO_SET_CAM_TRIGG_DIST,
            MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL, MavCmd::MAV_CMD_DO_MOUNT_CONTROL,
            MavCmd::MAV_CMD_DO_SET_MISSION_CURRENT, MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH,
        ];
        let mut vehicle = Autopilot::new(options(Profile::ArduCopter, ""));
        for _ in 0..300 { vehicle.step(); }
        vehicle.enter(Mode::Guided);
        vehicle.arm(false);
        vehicle.take_off(20.0);
        for _ in 0..600 { vehicle.step(); }
        for (which, [param1, param2, param3, param4, param5, param6, param7]) in numbers {
            vehicle.hear(STATION, &MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
                param1, param2, param3, param4, param5, param6, param7,
                command: commands[which], target_system: 7, target_component: 1, confirmation: 0,
            }));
            for _ in 0..50 { vehicle.step(); }
            vehicle.outbox.clear();
            let [n, e, u] = vehicle.body.position_m;
            prop_assert!(n.is_finite() && e.is_finite() && u.is_finite() && vehicle.body.yaw_rad.is_finite());
        }
    }
}
