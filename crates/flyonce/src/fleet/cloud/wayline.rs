//! From a mission of ours to a wayline of a dock. What a wayline cannot say is refused by item, never left out.

use formats::wpml::{
    Action, ActionGroup, FinishAction, Heading, HeightMode, LinkLost, Trigger, Wayline, Waypoint, WpmlError,
};
use schedule::mission::MissionItem;

/// MAV_CMD (common.xml).
const NAV_WAYPOINT: u16 = 16;
const NAV_LOITER_TIME: u16 = 19;
const NAV_RETURN_TO_LAUNCH: u16 = 20;
const NAV_TAKEOFF: u16 = 22;
const NAV_DELAY: u16 = 93;
const CONDITION_YAW: u16 = 115;
const DO_CHANGE_SPEED: u16 = 178;
const DO_DIGICAM_CONTROL: u16 = 203;
const DO_MOUNT_CONTROL: u16 = 205;
const DO_SET_CAM_TRIGG_DIST: u16 = 206;
const DO_SET_CAM_TRIGG_INTERVAL: u16 = 214;
const SET_CAMERA_MODE: u16 = 530;
const DO_GIMBAL_MANAGER_PITCHYAW: u16 = 1000;
const IMAGE_START_CAPTURE: u16 = 2000;
const IMAGE_STOP_CAPTURE: u16 = 2001;
/// Commands that only help other autopilots to find something.
const MARKERS: [u16; 2] = [189, 191];

/// A climb below this is none that a dock takes, metres.
const LOWEST_TAKEOFF_M: f64 = 8.0;
/// Speed where the mission sets none, m/s.
const USUAL_SPEED_MS: f64 = 8.0;
/// No wayline is flown to faster, m/s.
const FASTEST_TRANSITION_MS: f64 = 15.0;

/// Numbers of aircraft and payload in waylines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Airframe {
    /// `droneEnumValue`, `droneSubEnumValue`.
    pub drone: (u32, u32),
    /// `payloadEnumValue`, `payloadSubEnumValue`, `payloadPositionIndex`.
    pub payload: (u32, u32, u32),
}

/// A wayline, with the mission it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Flown {
    /// What the aircraft flies.
    pub wayline: Wayline,
    /// For each waypoint the number of its item, from 1.
    pub waypoint_items: Vec<u16>,
}

/// Why a mission cannot be flown by such a dock.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoWayline {
    /// One item.
    #[error("item {item} (MAV_CMD {command}) cannot be flown by a dock of the Cloud API: {why}")]
    Item {
        /// Its number, from 1.
        item: usize,
        /// What it commands.
        command: u16,
        /// Why not.
        why: &'static str,
    },
    /// The whole.
    #[error("the mission cannot be flown by a dock of the Cloud API: {0}")]
    Whole(&'static str),
    /// A number that no aircraft takes.
    #[error(transparent)]
    Wayline(#[from] WpmlError),
}

/// The wayline of a mission that starts from a pad at `home_amsl_m`.
///
/// # Errors
/// The first item that a wayline cannot express.
pub fn wayline_of(items: &[MissionItem], home_amsl_m: f64, airframe: Airframe) -> Result<Flown, NoWayline> {
    let mut walk = Walk {
        home_amsl_m,
        takeoff_height_m: None,
        speed_ms: None,
        waypoints: Vec::new(),
        waypoint_items: Vec::new(),
        groups: Vec::new(),
        before_first: Vec::new(),
        repeated: None,
        is_home: false,
    };
    for (index, item) in items.iter().enumerate() {
        let refused = |why| NoWayline::Item {
            item: index + 1,
            command: item.command,
            why,
        };
        if walk.is_home {
            return Err(refused("nothing can follow the way home"));
        }
        walk.follow(item, index).map_err(refused)?;
    }
    walk.finish(airframe)
}

/// Photos that are repeated from a waypoint on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Repeated {
    trigger: Trigger,
    from: usize,
}

struct Walk {
    home_amsl_m: f64,
    takeoff_height_m: Option<f64>,
    speed_ms: Option<f64>,
    waypoints: Vec<Waypoint>,
    waypoint_items: Vec<u16>,
    groups: Vec<ActionGroup>,
    /// What comes before the first waypoint is done there.
    before_first: Vec<Action>,
    repeated: Option<Repeated>,
    is_home: bool,
}

type Followed = Result<(), &'static str>;

impl Walk {
    fn follow(&mut self, item: &MissionItem, index: usize) -> Followed {
        let [p1, p2, p3, p4] = item.params.map(f64::from);
        match item.command {
            NAV_TAKEOFF => self.take_off(item)?,
            NAV_WAYPOINT => {
                self.go_to(item, index, p4)?;
                self.hover(p1);
            }
            NAV_LOITER_TIME => {
                self.go_to(item, index, f64::NAN)?;
                self.hover(p1);
            }
            NAV_DELAY if p1 > 0.0 => self.hover(p1),
            NAV_RETURN_TO_LAUNCH => self.is_home = true,
            CONDITION_YAW if p4 == 0.0 => self.act(Action::RotateYaw {
                heading_deg: signed(p1),
            }),
            DO_CHANGE_SPEED => self.set_speed(p2)?,
            DO_DIGICAM_CONTROL if item.x == 1 => self.act(photo()),
            DO_MOUNT_CONTROL => self.gimbal(p1, f64::NAN)?,
            DO_GIMBAL_MANAGER_PITCHYAW => self.gimbal(p1, p2)?,
            DO_SET_CAM_TRIGG_DIST => self.repeat(Trigger::MultipleDistance { every_m: p1 }, p1, p3 == 1.0)?,
            DO_SET_CAM_TRIGG_INTERVAL => {
                let every_s = p1 / 1e3;
                self.repeat(Trigger::MultipleTiming { every_s }, every_s, false)?;
            }
            IMAGE_START_CAPTURE => self.start_capture(p2, p3)?,
            IMAGE_STOP_CAPTURE => self.end_repeated(),
            SET_CAMERA_MODE if p2 == 0.0 => {}
            marker if MARKERS.contains(&marker) => {}
            CONDITION_YAW => return Err("only headings from north can be turned to"),
            21 | 85 => return Err("only the dock is landed on: end with a return to launch"),
            17 | 18 | 31 => return Err("circling is not known there"),
            195 | 197 | 201 => return Err("regions of interest are not known there"),
            _ => return Err("it has no counterpart there"),
        }
        Ok(())
    }

    fn take_off(&mut self, item: &MissionItem) -> Followed {
        if !self.waypoints.is_empty() {
            return Err("take-off has to come first");
        }
        self.takeoff_height_m = Some(self.height(item)?);
        Ok(())
    }

    fn go_to(&mut self, item: &MissionItem, index: usize, yaw_deg: f64) -> Followed {
        let place = item.place().ok_or("it names no place")?;
        let height_m = self.height(item)?;
        let is_turned = yaw_deg.is_finite() && yaw_deg != 0.0;
        self.waypoints.push(Waypoint {
            longitude_deg: place.longitude_deg,
            latitude_deg: place.latitude_deg,
            height_m,
            speed_ms: self.speed_ms,
            heading: match is_turned {
                true => Heading::SmoothTransition {
                    angle_deg: signed(yaw_deg),
                },
                false => Heading::FollowWayline,
            },
        });
        self.waypoint_items
            .push(u16::try_from(index + 1).map_err(|_too_many| "there are too many items")?);
        for action in std::mem::take(&mut self.before_first) {
            self.act(action);
        }
        Ok(())
    }

    /// Above the pad, m.
    fn height(&self, item: &MissionItem) -> Result<f64, &'static str> {
        let z = f64::from(item.z);
        match item.frame {
            3 | 6 => Ok(z),
            0 | 5 => Ok(z - self.home_amsl_m),
            10 | 11 => Err("heights above the terrain cannot be flown from a file"),
            _ => Err("its height has no reference that is known here"),
        }
    }

    fn hover(&mut self, seconds: f64) {
        if seconds > 0.0 {
            self.act(Action::Hover { seconds });
        }
    }

    fn set_speed(&mut self, speed_ms: f64) -> Followed {
        if speed_ms.is_nan() || speed_ms <= 0.0 {
            return Ok(());
        }
        self.speed_ms = Some(speed_ms);
        // It counts from the waypoint on that was just reached.
        if let Some(last) = self.waypoints.last_mut() {
            last.speed_ms = Some(speed_ms);
        }
        Ok(())
    }

    fn gimbal(&mut self, pitch_deg: f64, yaw_deg: f64) -> Followed {
        let given = |angle: f64| angle.is_finite().then_some(angle);
        let (pitch_deg, yaw_deg) = (given(pitch_deg), given(yaw_deg).map(signed));
        if pitch_deg.is_none() && yaw_deg.is_none() {
            return Err("it turns the gimbal by speed and not by angle");
        }
        self.act(Action::GimbalRotate { pitch_deg, yaw_deg });
        Ok(())
    }

    fn start_capture(&mut self, interval_s: f64, total: f64) -> Followed {
        if total == 1.0 {
            self.act(photo());
            return Ok(());
        }
        if total == 0.0 && interval_s > 0.0 {
            return self.repeat(Trigger::MultipleTiming { every_s: interval_s }, interval_s, true);
        }
        Err("a counted series of photos is not known there")
    }

    fn repeat(&mut self, trigger: Trigger, every: f64, at_once: bool) -> Followed {
        self.end_repeated();
        if every.is_nan() || every <= 0.0 {
            return Ok(());
        }
        if at_once {
            self.act(photo());
        }
        let from = self.waypoints.len().saturating_sub(1);
        self.repeated = Some(Repeated { trigger, from });
        Ok(())
    }

    /// At the waypoint that was reached last.
    fn end_repeated(&mut self) {
        if let Some(Repeated { trigger, from }) = self.repeated.take() {
            let end = self.waypoints.len().saturating_sub(1);
            if end > from {
                self.groups.push(ActionGroup {
                    start: from,
                    end,
                    trigger,
                    actions: vec![photo()],
                });
            }
        }
    }

    /// Done at the waypoint that was reached last, behind what is done there already.
    fn act(&mut self, action: Action) {
        let Some(at) = self.waypoints.len().checked_sub(1) else {
            self.before_first.push(action);
            return;
        };
        let here = self
            .groups
            .iter_mut()
            .find(|group| group.start == at && group.trigger == Trigger::ReachPoint);
        match here {
            Some(group) => group.actions.push(action),
            None => self.groups.push(ActionGroup {
                start: at,
                end: at,
                trigger: Trigger::ReachPoint,
                actions: vec![action],
            }),
        }
    }

    fn finish(mut self, airframe: Airframe) -> Result<Flown, NoWayline> {
        if self.repeated.is_some() {
            return Err(NoWayline::Whole(
                "repeated photos are still on at the way home; end them before it",
            ));
        }
        if !self.is_home {
            return Err(NoWayline::Whole("it does not end with a return to launch"));
        }
        let takeoff_height_m = self
            .takeoff_height_m
            .ok_or(NoWayline::Whole("it has no take-off"))?;
        self.groups.sort_by_key(|group| group.start);
        let speed_ms = self
            .waypoints
            .iter()
            .find_map(|waypoint| waypoint.speed_ms)
            .unwrap_or(USUAL_SPEED_MS);
        let wayline = Wayline {
            author: "FlyOnce".to_owned(),
            created_at_ms: 0,
            finish: FinishAction::GoHome,
            on_link_lost: LinkLost::GoBack,
            takeoff_height_m: takeoff_height_m.max(LOWEST_TAKEOFF_M),
            transitional_speed_ms: speed_ms.min(FASTEST_TRANSITION_MS),
            return_height_m: None,
            drone: airframe.drone,
            payload: airframe.payload,
            speed_ms,
            height_mode: HeightMode::RelativeToStartPoint,
            waypoints: self.waypoints,
            action_groups: self.groups,
        };
        // Says what no aircraft takes before the dock does.
        wayline.to_kmz()?;
        Ok(Flown {
            wayline,
            waypoint_items: self.waypoint_items,
        })
    }
}

fn photo() -> Action {
    Action::TakePhoto {
        suffix: "flyonce".to_owned(),
    }
}

/// −180 to 180.
fn signed(angle_deg: f64) -> f64 {
    (angle_deg + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
#[path = "wayline_tests.rs"]
mod tests;
