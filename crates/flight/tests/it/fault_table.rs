//! Every named fault of the simulator has a test that shows what FlyOnce makes of it. The list here must equal the
//! simulator's catalogue, and every test it names must be there.

use std::collections::BTreeSet;
use std::path::Path;

use simulator::fleet::FAULT_CATALOGUE;

const FAULTS: &str = "flight/tests/it/sortie/faults.rs";
const AIR: &str = "flight/tests/it/sortie/air.rs";
const GROUND: &str = "flight/tests/it/sortie/ground.rs";
const FENCING: &str = "flight/tests/it/sortie/fencing.rs";
const SIGNING: &str = "flight/tests/it/signing.rs";
const POLICY: &str = "flight/tests/it/sortie/policy.rs";
const WAVE: &str = "flyonce/tests/it/faulty_wave.rs";
const WAVE_TEST: &str = "every_dock_ends_as_its_own_fault_has_it_and_no_other";
const CLOUD: &str = "simulator/tests/it/cloud_dock.rs";
const CLOUD_WHOLE: &str = "docks_of_the_cloud_api_fly_whole_tasks_and_refuse";
const CLOUD_ENDS: &str = "an_obstacle_a_stuck_cover_and_a_lost_line_end_as_the_documents_say";

/// Fault, file under `crates/`, test.
const TESTS: &[(&str, &str, &str)] = &[
    ("signing_key", SIGNING, "a_vehicle_with_our_key_obeys"),
    (
        "signing_ignored_setup",
        SIGNING,
        "a_vehicle_that_ignores_the_new_key_keeps_the_old_one_and_is_not_lost",
    ),
    ("silent", GROUND, "a_silent_vehicle_is_no_heartbeat"),
    ("late", FAULTS, "late_answers_are_answers"),
    ("refuse_arming", GROUND, "a_vehicle_that_refuses_to_arm_is_quoted"),
    (
        "refuse_upload",
        GROUND,
        "a_mission_that_comes_back_otherwise_is_not_flown",
    ),
    ("drop", AIR, "one_frame_in_five_lost_each_way_ends_well_px4"),
    (
        "reboot_at",
        AIR,
        "a_restart_of_the_autopilot_in_the_air_is_a_failure_and_followed_to_the_ground",
    ),
    (
        "lost_link_at",
        AIR,
        "a_link_that_is_lost_for_good_is_not_called_landed",
    ),
    (
        "same_system_id",
        FAULTS,
        "a_vehicle_under_another_number_is_not_there",
    ),
    (
        "clock_off",
        AIR,
        "a_clock_one_hour_off_is_told_and_disturbs_nothing",
    ),
    ("misfire", FAULTS, "a_misfire_is_reported_like_any_exposure"),
    (
        "silent_capture",
        AIR,
        "reports_of_exposures_that_got_lost_are_asked_for_again",
    ),
    (
        "lose_final_ack",
        FAULTS,
        "the_last_acknowledgement_of_an_upload_is_lost",
    ),
    (
        "late_gps",
        GROUND,
        "without_a_position_it_stays_and_with_a_late_one_it_waits",
    ),
    ("low_battery", GROUND, "low_battery_is_found_out_on_the_ground"),
    ("gps_jump", FAULTS, "a_position_that_jumps_is_flown_home_by"),
    (
        "altered_item",
        GROUND,
        "a_mission_that_comes_back_otherwise_is_not_flown",
    ),
    (
        "no_takeoff",
        GROUND,
        "a_start_that_was_accepted_and_does_not_show_is_no_takeoff",
    ),
    (
        "new_parameter_names",
        POLICY,
        "a_policy_is_written_where_it_differs_and_not_again",
    ),
    (
        "stubborn_parameters",
        POLICY,
        "a_vehicle_that_does_not_keep_its_policy_stays_unless_somebody_lets_it",
    ),
    (
        "asks_authorisation",
        GROUND,
        "a_vehicle_that_asks_for_leave_to_arm_gets_the_answer_of_the_gate",
    ),
    ("events_only", GROUND, "a_reason_that_comes_as_an_event_is_quoted"),
    ("drop_out", FAULTS, "frames_lost_on_one_way_only"),
    ("drop_in", FAULTS, "frames_lost_on_one_way_only"),
    ("delay", FAULTS, "a_line_with_delay_and_jitter"),
    ("jitter", FAULTS, "a_line_with_delay_and_jitter"),
    ("duplicate", FAULTS, "frames_that_come_twice_or_are_overtaken"),
    ("reorder", FAULTS, "frames_that_come_twice_or_are_overtaken"),
    (
        "foreign_heartbeat",
        FAULTS,
        "others_on_the_link_are_not_the_vehicle",
    ),
    (
        "lose_first_ack",
        FAULTS,
        "the_first_acknowledgement_of_everything_is_lost",
    ),
    (
        "wrong_sequence",
        FAULTS,
        "a_vehicle_that_asks_for_the_wrong_items",
    ),
    (
        "ack_before_items",
        FAULTS,
        "a_vehicle_that_accepts_before_the_items_came",
    ),
    (
        "request_storm",
        FAULTS,
        "a_vehicle_that_asks_for_everything_five_times",
    ),
    (
        "ignore_command",
        FAULTS,
        "a_command_that_is_accepted_and_not_done",
    ),
    (
        "prearm_lies",
        FAULTS,
        "a_prearm_bit_that_lies_is_not_enough_to_arm",
    ),
    (
        "auto_disarm",
        FAULTS,
        "a_vehicle_that_disarms_before_the_start_is_started_again",
    ),
    (
        "clock_jump_at",
        FAULTS,
        "a_clock_that_jumps_in_flight_is_told_and_moves_nothing",
    ),
    (
        "battery_sag_at",
        FAULTS,
        "a_battery_that_falls_brings_the_vehicle_home_by_itself",
    ),
    ("gust_at", FAULTS, "a_gust_is_flown_through"),
    (
        "strays_at",
        FENCING,
        "a_vehicle_that_leaves_the_fence_is_named_and_comes_home_arducopter",
    ),
    (
        "feedback_without_photo",
        FAULTS,
        "a_report_that_nobody_took_shifts_no_other",
    ),
    (
        "zero_position",
        FAULTS,
        "a_report_at_zero_has_the_place_of_the_track",
    ),
    (
        "feedback_pin",
        FAULTS,
        "a_misfire_that_the_feedback_pin_does_not_see_is_told_as_one",
    ),
    (
        "old_camera",
        FAULTS,
        "a_camera_of_before_request_message_is_asked_the_old_way",
    ),
    (
        "double_feedback",
        FAULTS,
        "a_report_that_comes_twice_is_one_exposure",
    ),
    ("lid_stuck", WAVE, WAVE_TEST),
    ("lid_stuck_on_return", WAVE, WAVE_TEST),
    ("lid_half", WAVE, WAVE_TEST),
    ("slow_lid", WAVE, WAVE_TEST),
    ("dock_offline", WAVE, WAVE_TEST),
    ("dock_offline_in_flight", WAVE, WAVE_TEST),
    ("wind", WAVE, WAVE_TEST),
    ("rain", WAVE, WAVE_TEST),
    ("emergency_stop", WAVE, WAVE_TEST),
    ("no_vehicle", WAVE, WAVE_TEST),
    ("dock_mute", WAVE, WAVE_TEST),
    ("photo_lost", WAVE, WAVE_TEST),
    ("photo_half", WAVE, WAVE_TEST),
    ("photo_twice", WAVE, WAVE_TEST),
    ("photo_corrupt", WAVE, WAVE_TEST),
    ("uploads_slow", WAVE, WAVE_TEST),
    ("dji_reject_prepare", CLOUD, CLOUD_WHOLE),
    ("dji_no_reply", CLOUD, CLOUD_WHOLE),
    ("dji_upload_lost", CLOUD, CLOUD_WHOLE),
    ("dji_callback_twice", CLOUD, CLOUD_WHOLE),
    ("dji_unknown_fields", CLOUD, CLOUD_WHOLE),
    ("dji_hms", CLOUD, CLOUD_WHOLE),
    ("dji_break_at", CLOUD, CLOUD_ENDS),
    ("dji_offline_at", CLOUD, CLOUD_ENDS),
    ("dji_cover_stuck", CLOUD, CLOUD_ENDS),
];

#[test]
fn every_fault_of_the_catalogue_has_a_test() {
    let listed: BTreeSet<&str> = FAULT_CATALOGUE
        .iter()
        .flat_map(|(_, faults)| faults.iter().map(|(name, ..)| *name))
        .collect();
    let tested: BTreeSet<&str> = TESTS.iter().map(|(name, ..)| *name).collect();
    let missing: Vec<&&str> = listed.difference(&tested).collect();
    let unknown: Vec<&&str> = tested.difference(&listed).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "no test: {missing:?}, no fault: {unknown:?}"
    );
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (fault, file, test) in TESTS {
        let source = std::fs::read_to_string(crates.join(file)).unwrap();
        assert!(
            source.contains(&format!("fn {test}(")),
            "{file} has no test {test}"
        );
        assert!(source.contains(fault), "{file} does not name {fault}");
    }
}
