//! Fences and rally points as both autopilots obey them.

use mavlink::dialects::ardupilotmega::{
    MISSION_COUNT_DATA, MISSION_ITEM_INT_DATA, MavCmd, MavMessage, MavMissionResult, MavMissionType,
    MavResult, MavSysStatusSensor,
};

use super::ground::{Ground, STATION, item, survey};
use super::local::distance_m;
use super::options::Profile;
use super::profile::Mode;

const FENCE: MavMissionType = MavMissionType::MAV_MISSION_TYPE_FENCE;
const RALLY: MavMissionType = MavMissionType::MAV_MISSION_TYPE_RALLY;

impl Ground {
    fn upload_list(&mut self, kind: MavMissionType, items: &[MISSION_ITEM_INT_DATA]) -> MavMissionResult {
        self.heard.clear();
        let announced = MISSION_COUNT_DATA {
            count: items.len() as u16,
            target_system: 7,
            target_component: 1,
            mission_type: kind,
            ..MISSION_COUNT_DATA::default()
        };
        self.tell(STATION, &MavMessage::MISSION_COUNT(announced));
        for (seq, item) in items.iter().enumerate() {
            let item = MISSION_ITEM_INT_DATA {
                seq: seq as u16,
                mission_type: kind,
                ..item.clone()
            };
            self.tell(STATION, &MavMessage::MISSION_ITEM_INT(item));
        }
        let ack = self.heard.iter().rev().find_map(|message| match message {
            MavMessage::MISSION_ACK(ack) => Some(ack.mavtype),
            _ => None,
        });
        ack.unwrap()
    }

    fn set(&mut self, name: &str, value: f32) {
        let index = self.vehicle.parameters.index_of(name).unwrap();
        self.vehicle.parameters.set(index, value);
    }

    fn fence_is_healthy(&self) -> bool {
        let health = self.vehicle.sys_status().onboard_control_sensors_health;
        health.contains(MavSysStatusSensor::MAV_SYS_STATUS_GEOFENCE)
    }
}

/// A square about a place, metres north and east of home.
fn square(command: MavCmd, [north, east]: [f64; 2], half_m: f64) -> Vec<MISSION_ITEM_INT_DATA> {
    [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
        .map(|[n, e]| {
            let (north, east) = (north + n * half_m, east + e * half_m);
            item(command, [4.0, 0.0, 0.0, 0.0], north, east, 0.0)
        })
        .to_vec()
}

const INSIDE: MavCmd = MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_INCLUSION;
const OUTSIDE: MavCmd = MavCmd::MAV_CMD_NAV_FENCE_POLYGON_VERTEX_EXCLUSION;

/// The survey within a fence that ends before its last leg does, flown until the vehicle is down.
fn breach(profile: Profile, parameters: &[(&str, f32)]) -> Ground {
    let mut ground = Ground::ready(profile, "");
    ground.upload(&survey(profile));
    let taken = ground.upload_list(FENCE, &square(INSIDE, [0.0, 50.0], 80.0));
    assert_eq!(taken, MavMissionResult::MAV_MISSION_ACCEPTED);
    for (name, value) in parameters {
        ground.set(name, *value);
    }
    ground.start();
    assert!(ground.pass_until(90.0, |vehicle| vehicle.mode != Mode::Auto));
    ground
}

#[test]
fn arducopter_returns_from_a_breach_and_lets_nobody_interfere() {
    let mut ground = breach(Profile::ArduCopter, &[("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0)]);
    assert_eq!(ground.vehicle.mode, Mode::Return);
    assert!(ground.said("Polygon fence breached"), "{:?}", ground.texts());
    assert!(!ground.fence_is_healthy());
    let status = ground.vehicle.fence_status().unwrap();
    assert_eq!((status.breach_status, status.breach_count), (1, 1));
    // FENCE_OPTIONS 1: no other mode while it comes back.
    assert_eq!(ground.mode(5.0), MavResult::MAV_RESULT_FAILED);
    assert!(ground.said("in fence recovery"), "{:?}", ground.texts());
    assert!(ground.pass_until(120.0, |vehicle| !vehicle.armed));
    assert!(ground.said("Fence breach cleared"), "{:?}", ground.texts());
    assert!(ground.vehicle.status().at_home && ground.fence_is_healthy());
}

#[test]
fn arducopter_does_as_its_action_says() {
    let on = [("FENCE_ENABLE", 1.0), ("FENCE_TYPE", 4.0)];
    for (action, mode) in [(2.0, Mode::Land), (4.0, Mode::Brake)] {
        let ground = breach(Profile::ArduCopter, &[on[0], on[1], ("FENCE_ACTION", action)]);
        assert_eq!(ground.vehicle.mode, mode, "{action}");
    }
    // Of the other kinds, which are on by default, the ceiling counts as well.
    let low = [on[0], ("FENCE_TYPE", 7.0), ("FENCE_ALT_MAX", 30.0)];
    let ground = breach(Profile::ArduCopter, &low);
    assert!(ground.said("Max Alt fence breached"), "{:?}", ground.texts());
}

#[test]
fn px4_holds_for_a_while_and_then_returns() {
    let mut ground = breach(Profile::Px4, &[("GF_ACTION", 3.0)]);
    assert_eq!(ground.vehicle.mode, Mode::Loiter);
    assert!(ground.said("Geofence violation"), "{:?}", ground.texts());
    assert!(ground.said("entering Hold for 5 seconds"), "{:?}", ground.texts());
    assert!(ground.pass_until(6.0, |vehicle| vehicle.mode == Mode::Return));
    assert!(ground.pass_until(120.0, |vehicle| !vehicle.armed));
    assert!(ground.vehicle.status().at_home);
}

#[test]
fn a_fence_that_is_switched_off_or_only_told_ends_nothing() {
    for (profile, parameters) in [
        (Profile::ArduCopter, [("FENCE_ENABLE", 0.0), ("FENCE_TYPE", 4.0)]),
        (
            Profile::ArduCopter,
            [("FENCE_ENABLE", 1.0), ("FENCE_ACTION", 0.0)],
        ),
        (Profile::Px4, [("GF_ACTION", 0.0), ("COM_FAIL_ACT_T", 5.0)]),
        (Profile::Px4, [("GF_ACTION", 1.0), ("COM_FAIL_ACT_T", 5.0)]),
    ] {
        let mut ground = Ground::ready(profile, "");
        ground.upload(&survey(profile));
        ground.upload_list(FENCE, &square(INSIDE, [0.0, 50.0], 80.0));
        for (name, value) in parameters {
            ground.set(name, value);
        }
        if profile == Profile::ArduCopter {
            ground.set("FENCE_TYPE", 4.0);
        }
        ground.start();
        let left = ground.pass_until(300.0, |vehicle| {
            !matches!(vehicle.mode, Mode::Auto | Mode::Return)
        });
        assert!(!left || !ground.vehicle.armed, "{profile:?} {parameters:?}");
        assert!(ground.vehicle.status().at_home, "{profile:?} {parameters:?}");
    }
}

#[test]
fn nobody_arms_outside_and_arducopter_flies_to_no_place_outside() {
    for (profile, words) in [
        (Profile::ArduCopter, "vehicle outside fence"),
        (Profile::Px4, "Geofence violation"),
    ] {
        let mut ground = Ground::ready(profile, "");
        if profile == Profile::ArduCopter {
            ground.set("FENCE_ENABLE", 1.0);
            ground.set("FENCE_TYPE", 4.0);
        }
        ground.upload_list(FENCE, &square(OUTSIDE, [0.0, 0.0], 30.0));
        ground.pass(1.0);
        assert_ne!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
        assert!(ground.said(words), "{:?}", ground.texts());
        ground.upload_list(FENCE, &square(INSIDE, [0.0, 0.0], 30.0));
        ground.pass(1.0);
        assert_eq!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
    }
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    ground.set("FENCE_ENABLE", 1.0);
    ground.set("FENCE_TYPE", 4.0);
    ground.upload_list(FENCE, &square(INSIDE, [0.0, 0.0], 30.0));
    ground.mode(4.0);
    assert_eq!(ground.arm(), MavResult::MAV_RESULT_ACCEPTED);
    let up = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0];
    ground.command(MavCmd::MAV_CMD_NAV_TAKEOFF, &up);
    ground.pass(15.0);
    let to = |north_m: f32| [-1.0, 1.0, 0.0, 0.0, 31.2 + north_m / 110_900.0, 121.6, 40.0];
    let go = MavCmd::MAV_CMD_DO_REPOSITION;
    assert_eq!(ground.command(go, &to(60.0)), MavResult::MAV_RESULT_FAILED);
    assert_eq!(ground.command(go, &to(15.0)), MavResult::MAV_RESULT_ACCEPTED);
}

/// A polygon without all its corners is no fence, and the one before stays.
#[test]
fn a_fence_that_makes_no_sense_is_refused() {
    let mut ground = Ground::ready(Profile::ArduCopter, "");
    let mut items = square(INSIDE, [0.0, 0.0], 30.0);
    assert_eq!(
        ground.upload_list(FENCE, &items),
        MavMissionResult::MAV_MISSION_ACCEPTED
    );
    items.pop();
    assert_eq!(
        ground.upload_list(FENCE, &items),
        MavMissionResult::MAV_MISSION_ERROR
    );
    assert_eq!(ground.vehicle.parameters.number("FENCE_TOTAL"), 4.0);
}

/// Where the vehicle is when it comes down after a return from the end of the survey's first leg.
fn comes_down(profile: Profile, rally: [f64; 2], parameters: &[(&str, f32)]) -> [f64; 2] {
    let mut ground = Ground::ready(profile, "");
    ground.upload(&survey(profile));
    let point = item(
        MavCmd::MAV_CMD_NAV_RALLY_POINT,
        [0.0; 4],
        rally[0],
        rally[1],
        35.6,
    );
    ground.upload_list(RALLY, &[point]);
    for (name, value) in parameters {
        ground.set(name, *value);
    }
    ground.start();
    assert!(ground.pass_until(90.0, |vehicle| vehicle.body.position_m[1] > 100.0));
    ground.command(MavCmd::MAV_CMD_NAV_RETURN_TO_LAUNCH, &[]);
    assert!(ground.pass_until(200.0, |vehicle| !vehicle.armed));
    let [north, east, _] = ground.vehicle.body.position_m;
    [north, east]
}

#[test]
fn a_return_leads_to_the_nearest_of_home_and_rally_points() {
    let near = [40.0, 80.0];
    let at = |place: [f64; 2], wanted: [f64; 2]| {
        distance_m(&[place[0], place[1], 0.0], &[wanted[0], wanted[1], 0.0]) < 3.0
    };
    for profile in [Profile::ArduCopter, Profile::Px4] {
        assert!(at(comes_down(profile, near, &[]), near), "{profile:?}");
        assert!(
            at(comes_down(profile, [-200.0, 0.0], &[]), [0.0; 2]),
            "{profile:?}"
        );
    }
    // Farther than RALLY_LIMIT_KM it counts for nothing; without home among the choices it does.
    let copter = |place, parameters: &[(&str, f32)]| comes_down(Profile::ArduCopter, place, parameters);
    assert!(at(copter(near, &[("RALLY_LIMIT_KM", 0.02)]), [0.0; 2]));
    let far = [-200.0, 0.0];
    assert!(at(copter(far, &[("RALLY_INCL_HOME", 0.0)]), far));
    assert!(at(comes_down(Profile::Px4, near, &[("RTL_TYPE", 2.0)]), [0.0; 2]));
}
