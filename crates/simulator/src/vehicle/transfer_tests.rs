//! The mission protocol seen from a ground station that loses, repeats and mixes up messages.

use mavlink::dialects::ardupilotmega::{
    MISSION_CLEAR_ALL_DATA, MISSION_REQUEST_INT_DATA, MISSION_REQUEST_LIST_DATA, MavCmd, MavMessage,
    MavMissionResult,
};

use super::autopilot::Peer;
use super::ground::{Ground, STATION, count, item, survey, waypoint};
use super::options::Profile;

fn last_answer(ground: &Ground) -> Option<MavMissionResult> {
    ground.heard.iter().rev().find_map(|message| match message {
        MavMessage::MISSION_ACK(ack) => Some(ack.mavtype),
        _ => None,
    })
}

fn asked_for(ground: &Ground) -> Vec<u16> {
    ground
        .heard
        .iter()
        .filter_map(|message| match message {
            MavMessage::MISSION_REQUEST(request) => Some(request.seq),
            MavMessage::MISSION_REQUEST_INT(request) => Some(request.seq),
            _ => None,
        })
        .collect()
}

#[test]
fn an_item_out_of_turn_is_refused_and_the_upload_goes_on() {
    let items = survey(Profile::ArduCopter);
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    ground.tell(STATION, &count(items.len() as u16));
    ground.send_item(&items, 0);
    ground.send_item(&items, 0);
    assert_eq!(
        last_answer(&ground),
        Some(MavMissionResult::MAV_MISSION_INVALID_SEQUENCE)
    );
    for seq in 1..items.len() as u16 {
        ground.send_item(&items, seq);
    }
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_ACCEPTED));
    // The transfer is over: ArduPilot no longer knows what a repeated last item belongs to.
    ground.send_item(&items, items.len() as u16 - 1);
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_ERROR));
}

#[test]
fn px4_takes_a_repeated_item_for_what_it_is() {
    let items = survey(Profile::Px4);
    let mut ground = Ground::ready(Profile::Px4, "lose_final_ack");
    ground.tell(STATION, &count(items.len() as u16));
    ground.send_item(&items, 0);
    ground.send_item(&items, 0);
    assert_eq!(last_answer(&ground), None);
    for seq in 1..items.len() as u16 {
        ground.send_item(&items, seq);
    }
    assert_eq!(last_answer(&ground), None, "the last acknowledgement is lost");
    ground.send_item(&items, items.len() as u16 - 1);
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_ACCEPTED));
}

#[test]
fn requests_are_repeated_and_given_up() {
    for (profile, again_s, give_up_s) in [(Profile::ArduCopter, 1.0, 8.0), (Profile::Px4, 0.25, 5.0)] {
        let mut ground = Ground::ready(profile, "");
        ground.heard.clear();
        ground.tell(STATION, &count(5));
        ground.pass(again_s + 0.1);
        assert_eq!(asked_for(&ground), [0, 0]);
        ground.pass(give_up_s);
        assert_eq!(
            last_answer(&ground),
            Some(MavMissionResult::MAV_MISSION_OPERATION_CANCELLED)
        );
        assert!(ground.vehicle.upload.is_none());
    }
}

#[test]
fn a_broken_upload_leaves_a_mixture_on_arducopter_and_the_old_mission_on_px4() {
    for (profile, mixed) in [(Profile::ArduCopter, true), (Profile::Px4, false)] {
        let old = survey(profile);
        let mut ground = Ground::ready(profile, "");
        assert_eq!(ground.upload(&old), MavMissionResult::MAV_MISSION_ACCEPTED);
        let new: Vec<_> = (0..old.len())
            .map(|at| waypoint(500.0 + at as f64, 0.0, 60.0))
            .collect();
        ground.tell(STATION, &count(new.len() as u16));
        ground.send_item(&new, 0);
        ground.send_item(&new, 1);
        ground.pass(10.0);
        let second = ground.vehicle.mission.item(1).unwrap();
        assert_eq!(second.z == 60.0, mixed, "{profile:?}");
        assert_eq!(ground.vehicle.mission.items.len(), old.len());
    }
}

#[test]
fn what_cannot_be_flown_is_refused() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    let mut items = survey(Profile::ArduCopter);
    items[3] = item(MavCmd::MAV_CMD_NAV_VTOL_TAKEOFF, [0.0; 4], 5.0, 5.0, 10.0);
    assert_eq!(ground.upload(&items), MavMissionResult::MAV_MISSION_UNSUPPORTED);
    items[3] = waypoint(5.0, 5.0, f32::NAN);
    assert_eq!(
        ground.upload(&items),
        MavMissionResult::MAV_MISSION_INVALID_PARAM7
    );
    ground.tell(STATION, &count(60_000));
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_NO_SPACE));
}

#[test]
fn a_second_station_has_to_wait() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    ground.tell(STATION, &count(5));
    let other = Peer {
        system_id: 250,
        ..STATION
    };
    ground.tell(other, &count(3));
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_DENIED));
}

#[test]
fn read_back_has_home_first_on_arducopter_and_nothing_after_clearing() {
    let mut ground = Ground::ready(Profile::ArduCopter, "altered_item=2");
    let items = survey(Profile::ArduCopter);
    assert_eq!(ground.upload(&items), MavMissionResult::MAV_MISSION_ACCEPTED);
    let read = |ground: &mut Ground, seq| {
        ground.tell(
            STATION,
            &MavMessage::MISSION_REQUEST_INT(MISSION_REQUEST_INT_DATA {
                seq,
                target_system: 7,
                target_component: 1,
                ..Default::default()
            }),
        );
        match ground.heard.pop() {
            Some(MavMessage::MISSION_ITEM_INT(item)) => item,
            other => panic!("{other:?}"),
        }
    };
    let home = read(&mut ground, 0);
    assert_eq!((home.x, home.y, home.z), (312_000_000, 1_216_000_000, 25.0));
    assert_eq!(read(&mut ground, 3).x, items[3].x);
    assert_eq!(read(&mut ground, 2).z, items[2].z + 5.0);
    ground.tell(
        STATION,
        &MavMessage::MISSION_CLEAR_ALL(MISSION_CLEAR_ALL_DATA {
            target_system: 7,
            target_component: 1,
            ..Default::default()
        }),
    );
    assert_eq!(last_answer(&ground), Some(MavMissionResult::MAV_MISSION_ACCEPTED));
    ground.tell(
        STATION,
        &MavMessage::MISSION_REQUEST_LIST(MISSION_REQUEST_LIST_DATA {
            target_system: 7,
            target_component: 1,
            ..Default::default()
        }),
    );
    assert!(matches!(ground.heard.pop(), Some(MavMessage::MISSION_COUNT(count)) if count.count == 0));
}
