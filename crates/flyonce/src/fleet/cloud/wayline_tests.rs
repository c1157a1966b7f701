//! What becomes a wayline, and what is refused by item.

use proptest::prelude::*;

use super::*;

const AIRFRAME: Airframe = Airframe {
    drone: (91, 0),
    payload: (80, 0, 0),
};

fn act(command: u16, params: [f32; 4]) -> MissionItem {
    MissionItem {
        frame: 2,
        command,
        params,
        x: 0,
        y: 0,
        z: 0.0,
        auto_continue: true,
    }
}

fn go(command: u16, east: i32, z: f32) -> MissionItem {
    MissionItem {
        frame: 3,
        x: 312_000_000,
        y: 1_215_000_000 + east * 1000,
        z,
        ..act(command, [0.0, 0.0, 0.0, f32::NAN])
    }
}

/// A lane as the simulator's plans have it.
fn lane() -> Vec<MissionItem> {
    vec![
        go(22, 0, 80.0),
        act(178, [1.0, 11.0, -1.0, 0.0]),
        act(205, [-90.0, 0.0, 0.0, 0.0]),
        go(16, 1, 80.0),
        go(16, 2, 80.0),
        act(206, [20.3, 0.0, 1.0, 0.0]),
        go(16, 9, 80.0),
        act(206, [0.0; 4]),
        act(20, [0.0; 4]),
    ]
}

fn flown(items: &[MissionItem]) -> Result<Flown, NoWayline> {
    wayline_of(items, 10.0, AIRFRAME)
}

#[test]
fn a_lane_becomes_a_wayline() {
    let flown = flown(&lane()).unwrap();
    let wayline = &flown.wayline;
    assert_eq!(flown.waypoint_items, [4, 5, 7]);
    assert_eq!((wayline.takeoff_height_m, wayline.speed_ms), (80.0, 11.0));
    assert_eq!(wayline.finish, FinishAction::GoHome);
    let [down, first, rest] = &wayline.action_groups[..] else {
        panic!("{:?}", wayline.action_groups);
    };
    assert_eq!(
        down.actions,
        [Action::GimbalRotate {
            pitch_deg: Some(-90.0),
            yaw_deg: None
        }]
    );
    assert_eq!(
        (first.start, first.trigger, first.actions.len()),
        (1, Trigger::ReachPoint, 1)
    );
    assert_eq!((rest.start, rest.end), (1, 2));
    assert!(matches!(rest.trigger, Trigger::MultipleDistance { every_m } if (every_m - 20.3).abs() < 1e-4));
}

#[test]
fn hover_photos_absolute_heights_and_headings_are_expressed() {
    let mut absolute = go(16, 5, 60.0);
    absolute.frame = 0;
    absolute.params = [3.0, 0.0, 0.0, 270.0];
    let items = [
        go(22, 0, 2.0),
        go(16, 1, 50.0),
        absolute,
        act(2000, [0.0, 0.0, 1.0, 0.0]),
        act(20, [0.0; 4]),
    ];
    let wayline = flown(&items).unwrap().wayline;
    assert_eq!(wayline.takeoff_height_m, LOWEST_TAKEOFF_M);
    assert_eq!(wayline.waypoints[1].height_m, 50.0);
    assert_eq!(
        wayline.waypoints[1].heading,
        Heading::SmoothTransition { angle_deg: -90.0 }
    );
    assert_eq!(
        wayline.action_groups[0].actions,
        [Action::Hover { seconds: 3.0 }, photo()]
    );
}

#[test]
fn what_cannot_be_expressed_is_refused_by_item() {
    let refused = |change: fn(&mut Vec<MissionItem>)| {
        let mut items = lane();
        change(&mut items);
        flown(&items).unwrap_err().to_string()
    };
    assert!(refused(|items| items[3].frame = 10).contains("item 4 (MAV_CMD 16)"));
    assert!(refused(|items| items[4] = go(18, 2, 80.0)).contains("circling"));
    assert!(refused(|items| items[8] = go(21, 0, 0.0)).contains("only the dock is landed on"));
    assert!(
        refused(|items| {
            items.remove(7);
        })
        .contains("still on at the way home")
    );
    assert!(
        refused(|items| {
            items.pop();
        })
        .contains("return to launch")
    );
    assert!(
        refused(|items| {
            items.remove(0);
        })
        .contains("no take-off")
    );
    assert!(refused(|items| items.push(go(16, 3, 80.0))).contains("nothing can follow"));
    assert!(refused(|items| drop(items.drain(3..6))).contains("waypoints"));
}

proptest! {
    /// Every item is in the wayline or named.
    #[test]
    fn no_mission_breaks_the_mapping(
        commands in prop::collection::vec((prop::sample::select(vec![
            16_u16, 17, 19, 20, 21, 22, 82, 93, 112, 115, 178, 189, 195, 203, 205, 206, 214, 530, 1000, 2000, 2001, 2500,
        ]), any::<[f32; 4]>(), -3..40_i32, 0..12_u8), 0..20),
    ) {
        let items: Vec<MissionItem> = commands.into_iter().map(|(command, params, east, frame)| MissionItem {
            frame, params, ..go(command, east, 60.0)
        }).collect();
        if let Ok(flown) = flown(&items) {
            let places = items.iter().filter(|item| matches!(item.command, 16 | 19)).count();
            prop_assert_eq!(flown.wayline.waypoints.len(), places);
            prop_assert_eq!(flown.waypoint_items.len(), places);
            prop_assert!(Wayline::from_kmz(&flown.wayline.to_kmz().unwrap()).is_ok());
        }
    }
}
