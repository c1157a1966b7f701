//! Holding a mission up in the air for a person, and letting it go on: told until it shows, with an end of its own.
//! What the mission told camera, gimbal and speed is told again after the vehicle was out of the mission's mode.

use std::collections::VecDeque;
use std::time::Duration;

use mavlink::dialects::ardupilotmega::MavCmd;
use num_traits::FromPrimitive;
use schedule::mission::{MissionItem, Triggering, standing, triggering};

use super::event::Step;
use super::ladder::{Aim, Ladder, Next, Rung};
use super::pace::Limit;
use super::pilot::{Broken, Pilot};
use crate::command::CommandRequest;
use crate::profile::{FlightMode, Order, Profile};

/// Between two commands to go on at the item where it was held up. Wall.
const JUMP_PAUSE: Duration = Duration::from_secs(1);
/// So slow over the ground it may be holding, m/s.
const HELD_MS: f64 = 1.0;
/// DO_SET_CAM_TRIGG_DIST, whose third parameter takes a photo at once.
const DO_SET_CAM_TRIGG_DIST: u16 = 206;

/// Whether and for whom a mission is held up.
#[derive(Debug)]
pub(super) struct Holding {
    phase: Phase,
    /// The item it was at, by the vehicle's number, and whether the vehicle left the mission's mode meanwhile.
    at: Option<u16>,
    left_mission: bool,
    restore: VecDeque<Order>,
    jump: Option<Limit>,
}

#[derive(Debug)]
enum Phase {
    Off,
    Pausing { by: String, ladder: Ladder },
    Held { by: String, since: Duration },
    GoingOn { by: String, ladder: Ladder },
}

/// Why a hold ends with the way home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overdue {
    /// Who had paused it or let it go on.
    pub by: String,
    /// Why, in a sentence.
    pub why: String,
}

impl Holding {
    pub fn new() -> Self {
        Self {
            phase: Phase::Off,
            at: None,
            left_mission: false,
            restore: VecDeque::new(),
            jump: None,
        }
    }

    /// Whether it is being held, or on its way into or out of it.
    pub fn is_engaged(&self) -> bool {
        !matches!(self.phase, Phase::Off)
    }

    /// It is on its way to the ground: nothing is held any more.
    pub fn drop_it(&mut self) {
        *self = Self::new();
    }

    /// A person wants it held.
    pub fn pause(&mut self, pilot: &mut Pilot<'_>, by: String) {
        if let Phase::Held { by: holder, .. } = &self.phase {
            let text = format!("it is paused already, by {holder}");
            pilot.outbox.step(Step::OrderRefused, text);
            return;
        }
        tracing::info!(%by, "pause instructed");
        self.at = self.at.or(pilot.seen.mission_current);
        let ladder = Ladder::new(Aim::Hold, pilot.profile, pilot.order.deadlines.effect);
        self.phase = Phase::Pausing { by, ladder };
    }

    /// A person wants the mission to go on.
    pub fn go_on(&mut self, pilot: &Pilot<'_>, by: String) {
        tracing::info!(%by, "continuation instructed");
        let waits = pilot
            .order
            .deadlines
            .stillness(&pilot.order.items)
            .saturating_sub(pilot.order.deadlines.no_progress);
        let effect = pilot.order.deadlines.effect + waits;
        let ladder = Ladder::new(Aim::GoOn, pilot.profile, effect);
        let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
        self.at = self.at.or(pilot.seen.mission_current);
        self.left_mission |= in_mission == Some(false);
        self.restore.clear();
        // A vehicle out of its mission's mode is not helped by "go on".
        let ladder = ladder.skipping(usize::from(in_mission == Some(false)));
        self.phase = Phase::GoingOn { by, ladder };
    }

    /// One look: what is due is said. Gives why it must come home now.
    pub async fn turn(&mut self, pilot: &mut Pilot<'_>) -> Option<Overdue> {
        match self.phase {
            Phase::Off => None,
            Phase::Pausing { .. } => {
                self.turn_pausing(pilot).await;
                None
            }
            Phase::Held { .. } => self.watch_limits(pilot),
            Phase::GoingOn { .. } => self.turn_going_on(pilot).await,
        }
    }

    async fn turn_pausing(&mut self, pilot: &mut Pilot<'_>) {
        let Phase::Pausing { by, ladder } = &mut self.phase else {
            return;
        };
        if ladder.is_without_effect() {
            let text = format!("it could not be paused, whichever way it was told; it flies on ({by})");
            pilot.outbox.step(Step::OrderRefused, text);
            self.drop_it();
            return;
        }
        match ladder.step(&pilot.pace, pilot.glimpse()) {
            Next::Wait => {}
            Next::Say { rung, .. } | Next::Repeat { rung } => tell(pilot, rung).await,
            Next::Shown => {
                let by = by.clone();
                self.held(pilot, by).await;
            }
        }
    }

    /// A timer would go on taking photos of one place; the trigger by distance is quiet by itself.
    async fn held(&mut self, pilot: &mut Pilot<'_>, by: String) {
        let limits = &pilot.order.pause;
        let text = format!(
            "holds in mode {}, for {by}; at most {} s, and home below {:.0} % battery",
            pilot.seen.mode_name,
            limits.longest.as_secs(),
            limits.battery_percent,
        );
        pilot.outbox.step(Step::Paused, text);
        self.phase = Phase::Held {
            by,
            since: pilot.pace.now(),
        };
        if let Triggering::ByTime(_) = self.triggering(pilot) {
            let stop = MavCmd::MAV_CMD_IMAGE_STOP_CAPTURE;
            self.restore = VecDeque::from([Order {
                command: stop,
                params: [0.0; 7],
            }]);
            self.tell_restored(pilot).await;
            self.left_mission = true;
        }
    }

    /// Taken up by a new run of the program: it is held already, and since when is counted on.
    pub fn found_held(&mut self, pilot: &Pilot<'_>, by: String, for_so_long: Duration) {
        self.at = pilot.seen.mission_current;
        self.phase = Phase::Held {
            by,
            since: pilot.pace.now().saturating_sub(for_so_long),
        };
    }

    fn watch_limits(&mut self, pilot: &Pilot<'_>) -> Option<Overdue> {
        let Phase::Held { by, since } = &self.phase else {
            return None;
        };
        let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
        self.left_mission |= in_mission == Some(false);
        let limits = &pilot.order.pause;
        let held_for = pilot.pace.now().saturating_sub(*since);
        let battery = pilot.seen.battery_percent;
        let why = if held_for >= limits.longest {
            format!(
                "paused for {} s, the longest that is allowed; it comes home",
                held_for.as_secs()
            )
        } else {
            let percent = battery.filter(|percent| *percent < limits.battery_percent)?;
            format!(
                "battery at {percent:.0} % while paused, the limit is {:.0} %; it comes home",
                limits.battery_percent
            )
        };
        Some(Overdue { by: by.clone(), why })
    }

    async fn turn_going_on(&mut self, pilot: &mut Pilot<'_>) -> Option<Overdue> {
        let Phase::GoingOn { by, ladder } = &mut self.phase else {
            return None;
        };
        let by = by.clone();
        if ladder.is_without_effect() {
            let why = "the mission did not go on, whichever way it was told; it comes home".to_owned();
            return Some(Overdue { by, why });
        }
        let next = ladder.step(&pilot.pace, pilot.glimpse());
        match next {
            Next::Wait => {}
            Next::Say { rung, .. } | Next::Repeat { rung } => tell(pilot, rung).await,
            Next::Shown => {}
        }
        let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
        if in_mission != Some(false) {
            self.jump_back(pilot).await;
            self.restore(pilot).await;
        }
        if next == Next::Shown {
            let item = pilot.item_of(pilot.seen.mission_current);
            let place = item.map_or_else(String::new, |item| format!(" at item {}", item + 1));
            pilot
                .outbox
                .step(Step::Continued, format!("the mission goes on{place}, for {by}"));
            self.drop_it();
        }
        None
    }

    /// Some vehicles begin their mission anew (ArduCopter's MIS_RESTART): they are sent on to where they were.
    async fn jump_back(&mut self, pilot: &Pilot<'_>) {
        let behind = pilot.seen.mission_current.zip(self.at);
        let Some((_, at)) = behind.filter(|(current, at)| current < at) else {
            return;
        };
        if self.jump.is_some_and(|pause| !pilot.pace.is_over(pause)) {
            return;
        }
        self.jump = Some(pilot.pace.wall_limit(JUMP_PAUSE));
        self.restore.clear();
        self.left_mission = true;
        let mut params = [0.0; 7];
        params[0] = f32::from(at);
        let command = MavCmd::MAV_CMD_DO_SET_MISSION_CURRENT;
        pilot.say(Order { command, params }).await;
    }

    /// Tells again what the mission had told camera, gimbal and speed before this item.
    async fn restore(&mut self, pilot: &mut Pilot<'_>) {
        if self.left_mission {
            self.left_mission = false;
            self.restore = self.what_stood(pilot);
        }
        self.tell_restored(pilot).await;
    }

    fn what_stood(&self, pilot: &Pilot<'_>) -> VecDeque<Order> {
        let Some(at) = pilot.item_of(self.at).map(usize::from) else {
            return VecDeque::new();
        };
        let items = &pilot.order.items;
        let mut told = standing(items, at);
        match self.triggering(pilot) {
            Triggering::Off => {}
            Triggering::ByDistance(number) | Triggering::ByTime(number) => told.push(items[number].clone()),
        }
        told.iter().filter_map(order_of).collect()
    }

    fn triggering(&self, pilot: &Pilot<'_>) -> Triggering {
        match pilot.item_of(self.at) {
            Some(at) => triggering(&pilot.order.items, usize::from(at)),
            None => Triggering::Off,
        }
    }

    async fn tell_restored(&mut self, pilot: &mut Pilot<'_>) {
        while let Some(order) = self.restore.front().copied() {
            let vehicle = pilot.vehicle.clone();
            let request = CommandRequest::new(order.command, order.params);
            match pilot.through(vehicle.command(request)).await {
                Ok(Ok(_accepted)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "what the mission had told could not be told again");
                    let text = format!("{:?} was not taken again: {error}", order.command);
                    pilot.outbox.step(Step::OrderRefused, text);
                }
                Err(Broken::Instructed | Broken::Stopped | Broken::Silent) => return,
            }
            self.restore.pop_front();
        }
    }
}

async fn tell(pilot: &Pilot<'_>, rung: Rung) {
    let order = match rung {
        Rung::Mode(mode) => {
            let by_mode = pilot.profile.set_mode(mode, pilot.seen.armed);
            by_mode.unwrap_or_else(|| Profile::plain(mode))
        }
        Rung::Plain(mode) => Profile::plain(mode),
        Rung::Pause => Profile::plain(FlightMode::Guided),
        Rung::GoOn => Profile::go_on(),
        Rung::Reposition { .. } => return,
    };
    pilot.say(order).await;
}

/// The command behind a mission item. Photos "at once" were taken already.
fn order_of(item: &MissionItem) -> Option<Order> {
    let command = MavCmd::from_u16(item.command)?;
    let [p1, p2, mut p3, p4] = item.params;
    if item.command == DO_SET_CAM_TRIGG_DIST {
        p3 = 0.0;
    }
    let (p5, p6) = match item.place() {
        Some(place) => (place.latitude_deg as f32, place.longitude_deg as f32),
        None => (item.x as f32, item.y as f32),
    };
    Some(Order {
        command,
        params: [p1, p2, p3, p4, p5, p6, item.z],
    })
}

/// Whether it stands still in the air in a way in which a person may have left it.
pub(super) fn is_holding(pilot: &Pilot<'_>) -> bool {
    let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
    let slow = pilot
        .seen
        .ground_speed_ms
        .is_some_and(|speed_ms| speed_ms < HELD_MS);
    in_mission == Some(false) || pilot.seen.mission_paused == Some(true) || slow
}
