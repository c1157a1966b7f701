//! Wayline files written, read back, and refused.

use proptest::prelude::*;

use super::*;

fn waypoint(longitude_deg: f64, latitude_deg: f64) -> Waypoint {
    Waypoint {
        longitude_deg,
        latitude_deg,
        height_m: 88.5,
        speed_ms: Some(11.0),
        heading: Heading::FollowWayline,
    }
}

fn wayline() -> Wayline {
    Wayline {
        author: String::new(),
        created_at_ms: 0,
        finish: FinishAction::GoHome,
        on_link_lost: LinkLost::GoBack,
        takeoff_height_m: 40.0,
        transitional_speed_ms: 10.0,
        return_height_m: Some(60.0),
        drone: (91, 0),
        payload: (80, 0, 0),
        speed_ms: 8.0,
        height_mode: HeightMode::RelativeToStartPoint,
        waypoints: vec![waypoint(121.5, 31.2), waypoint(121.501, 31.2)],
        action_groups: vec![ActionGroup {
            start: 0,
            end: 1,
            trigger: Trigger::MultipleDistance { every_m: 20.3 },
            actions: vec![Action::TakePhoto {
                suffix: "a<b>&\"c\"".to_owned(),
            }],
        }],
    }
}

#[test]
fn a_wayline_survives_its_file() {
    let wayline = wayline();
    assert_eq!(Wayline::from_kmz(&wayline.to_kmz().unwrap()), Ok(wayline));
}

#[test]
fn the_documents_example_is_read() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
      <kml xmlns="http://www.opengis.net/kml/2.2" xmlns:wpml="http://www.dji.com/wpmz/1.0.2"><Document>
      <wpml:missionConfig><wpml:flyToWaylineMode>safely</wpml:flyToWaylineMode>
        <wpml:finishAction>goHome</wpml:finishAction><wpml:exitOnRCLost>goContinue</wpml:exitOnRCLost>
        <wpml:executeRCLostAction>hover</wpml:executeRCLostAction>
        <wpml:takeOffSecurityHeight>20</wpml:takeOffSecurityHeight>
        <wpml:globalTransitionalSpeed>10</wpml:globalTransitionalSpeed>
        <wpml:droneInfo><wpml:droneEnumValue>67</wpml:droneEnumValue></wpml:droneInfo></wpml:missionConfig>
      <Folder><wpml:templateId>0</wpml:templateId><wpml:executeHeightMode>WGS84</wpml:executeHeightMode>
        <wpml:waylineId>0</wpml:waylineId><wpml:autoFlightSpeed>10</wpml:autoFlightSpeed>
        <Placemark><Point><coordinates>
            113.98,22.53
          </coordinates></Point><wpml:index>0</wpml:index><wpml:executeHeight>116.57</wpml:executeHeight></Placemark>
        <Placemark><Point><coordinates>113.99,22.53</coordinates></Point><wpml:index>1</wpml:index>
          <wpml:executeHeight>116.57</wpml:executeHeight><wpml:waypointSpeed>7</wpml:waypointSpeed>
          <wpml:actionGroup><wpml:actionGroupId>0</wpml:actionGroupId>
            <wpml:actionGroupStartIndex>1</wpml:actionGroupStartIndex>
            <wpml:actionGroupEndIndex>1</wpml:actionGroupEndIndex>
            <wpml:actionTrigger><wpml:actionTriggerType>reachPoint</wpml:actionTriggerType></wpml:actionTrigger>
            <wpml:action><wpml:actionId>0</wpml:actionId>
              <wpml:actionActuatorFunc>panoShot</wpml:actionActuatorFunc></wpml:action></wpml:actionGroup></Placemark>
      </Folder></Document></kml>"#;
    let read = Wayline::from_wpml(text).unwrap();
    assert_eq!((read.drone, read.on_link_lost), ((67, 0), LinkLost::Continue));
    assert_eq!(read.waypoints[1].speed_ms, Some(7.0));
    assert_eq!(
        read.action_groups[0].actions,
        [Action::Other {
            func: "panoShot".to_owned()
        }]
    );
}

#[test]
fn what_no_aircraft_takes_is_named() {
    let refused = |change: fn(&mut Wayline)| {
        let mut changed = wayline();
        change(&mut changed);
        changed.to_kmz().unwrap_err().to_string()
    };
    assert!(refused(|w| w.waypoints.truncate(1)).contains("1 waypoints"));
    assert!(refused(|w| w.takeoff_height_m = 1.0).contains("the take-off height is 1"));
    assert!(refused(|w| w.waypoints[0].latitude_deg = f64::NAN).contains("a latitude is NaN"));
    assert!(refused(|w| w.action_groups[0].end = 2).contains("from waypoint 0 to 2"));
    assert!(matches!(Wayline::from_kmz(b"PK"), Err(WpmlError::Archive(_))));
    assert!(matches!(Wayline::from_wpml("<kml>"), Err(WpmlError::Xml(_))));
}

fn any_heading() -> impl Strategy<Value = Heading> {
    prop_oneof![
        Just(Heading::FollowWayline),
        Just(Heading::Fixed),
        Just(Heading::Manually),
        (-180.0..180.0_f64).prop_map(|angle_deg| Heading::SmoothTransition { angle_deg }),
    ]
}

prop_compose! {
    fn any_waypoint()(
        longitude_deg in -180.0..180.0_f64, latitude_deg in -90.0..90.0_f64, height_m in -50.0..500.0_f64,
        speed_ms in 0.5..20.0_f64, heading in any_heading(),
    ) -> Waypoint {
        Waypoint { longitude_deg, latitude_deg, height_m, speed_ms: Some(speed_ms), heading }
    }
}

fn any_action() -> impl Strategy<Value = Action> {
    let suffix = "[!-~\u{4e00}-\u{4e20}]{0,12}";
    prop_oneof![
        suffix.prop_map(|suffix| Action::TakePhoto { suffix }),
        suffix.prop_map(|suffix| Action::StartRecord { suffix }),
        Just(Action::StopRecord),
        (
            proptest::option::of(-90.0..30.0_f64),
            proptest::option::of(-180.0..180.0_f64)
        )
            .prop_map(|(pitch_deg, yaw_deg)| Action::GimbalRotate { pitch_deg, yaw_deg }),
        (-180.0..180.0_f64).prop_map(|heading_deg| Action::RotateYaw { heading_deg }),
        (0.5..100.0_f64).prop_map(|seconds| Action::Hover { seconds }),
        Just(Action::Other {
            func: "panoShot".to_owned()
        }),
    ]
}

fn any_trigger() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        Just(Trigger::ReachPoint),
        Just(Trigger::BetweenAdjacentPoints),
        (0.5..60.0_f64).prop_map(|every_s| Trigger::MultipleTiming { every_s }),
        (0.5..500.0_f64).prop_map(|every_m| Trigger::MultipleDistance { every_m }),
    ]
}

prop_compose! {
    fn any_wayline()(
        waypoints in proptest::collection::vec(any_waypoint(), 2..12),
        groups in proptest::collection::vec(
            (any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), any_trigger(),
             proptest::collection::vec(any_action(), 0..4)), 0..6),
        takeoff_height_m in 2.0..120.0_f64, return_height_m in proptest::option::of(20.0..500.0_f64),
        drone in (0..200_u32, 0..3_u32), payload in (0..200_u32, 0..3_u32, 0..3_u32),
    ) -> Wayline {
        let count = waypoints.len();
        let mut action_groups: Vec<ActionGroup> = groups.into_iter().map(|(one, other, trigger, actions)| {
            let (one, other) = (one.index(count), other.index(count));
            ActionGroup { start: one.min(other), end: one.max(other), trigger, actions }
        }).collect();
        // A file holds the groups at the waypoints they begin at.
        action_groups.sort_by_key(|group| group.start);
        Wayline { waypoints, action_groups, takeoff_height_m, return_height_m, drone, payload, ..wayline() }
    }
}

proptest! {
    #[test]
    fn every_wayline_survives_its_file(wayline in any_wayline()) {
        prop_assert_eq!(Wayline::from_kmz(&wayline.to_kmz().unwrap()), Ok(wayline));
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Wayline::from_kmz(&bytes);
        let _ = Wayline::from_wpml(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_damage_to_a_file_breaks_the_reader(at in any::<proptest::sample::Index>(), byte: u8) {
        let mut text = writer::waylines(&wayline()).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let _ = Wayline::from_wpml(&String::from_utf8_lossy(&text));
    }
}
