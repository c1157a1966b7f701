//! A flight in the air, until it is on the ground with motors off or cannot be seen any more. Whatever happens, this
//! goes on listening: what a vehicle did decides the report, not what it was told.

use std::time::{Duration, Instant as StdInstant};

use survey::geodesy::{Wgs84, geodesic_distance_m};
use survey::time::UtcMicros;

use super::come_home::{Homing, turned_home_by_itself};
use super::event::{Instruction, Step};
use super::holding::{Holding, is_holding};
use super::modes::{Cause, ModeWatch, Seen as ModeSeen, cause};
use super::pace::Limit;
use super::pilot::Pilot;
use super::report::{End, Seen};
use super::route::Route;
use super::stillness::{Progress, Stillness};
use crate::profile::{FlightMode, Order};
use mavlink::dialects::ardupilotmega::MavCmd;

/// So far from home it still stands at home, m.
const AT_HOME_M: f64 = 10.0;
/// On the ground for so long is landed (vehicle time): a bounce is not.
const SETTLED: Duration = Duration::from_millis(800);
/// A clock that is set at take-off may be reported only after it; the time of take-off is corrected for so long.
const CLOCK_SETTLES: Duration = Duration::from_secs(10);
/// So near to another landing place it comes down there, m.
const NEAR_M: f64 = 15.0;
/// Words about why it turned home may come so much later than the turn; then nobody said why. Vehicle.
const NAMED_WITHIN: Duration = Duration::from_secs(3);
/// Between two commands to disarm on the ground. Wall.
const DISARM_PAUSE: Duration = Duration::from_secs(1);

/// How a flight begins to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Seen taking off just now.
    InAir,
    /// Armed, and it may be in the air or not.
    Unknown,
    /// Found in the air by a new run of the program.
    Found {
        /// When it took off, if an earlier run saw it.
        launched_at: Option<UtcMicros>,
        /// The mission on board is not this sortie's.
        foreign: bool,
    },
}

/// What was seen in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// None: it never took off and is on the ground.
    pub seen: Option<Seen>,
    pub landed: bool,
    pub items_reached: u16,
    pub launched_at: Option<UtcMicros>,
    pub landed_at: Option<UtcMicros>,
    pub took_off: bool,
}

struct Following {
    start: Start,
    homing: Homing,
    holding: Holding,
    modes: ModeWatch,
    route: Route,
    stillness: Stillness,
    home: Option<Wgs84>,
    launched_at: Option<UtcMicros>,
    launched_boot_ms: Option<u32>,
    landed_at: Option<UtcMicros>,
    ground_since: Option<Duration>,
    landed_told: bool,
    disarm_limit: Option<Limit>,
    told_to_disarm: bool,
    disarm_said: Option<Limit>,
    rebooted: bool,
    reboots_at_start: u32,
    /// It turned home by itself at this moment, and until then its words are waited for.
    unnamed: Option<(Limit, StdInstant)>,
}

/// Follows a vehicle to the ground.
pub(super) async fn follow(pilot: &mut Pilot<'_>, start: Start) -> Followed {
    let mut following = Following::new(pilot, start);
    pilot.track.record(true);
    loop {
        if let Some(end) = following.turn(pilot).await {
            pilot.track.record(false);
            return following.into_followed(pilot, end);
        }
        pilot.pump().await;
    }
}

enum Stop {
    Ended(End),
    NeverTookOff,
}

impl Following {
    fn new(pilot: &mut Pilot<'_>, start: Start) -> Self {
        let foreign = matches!(start, Start::Found { foreign: true, .. });
        let expected = pilot.order.home_expected.map(|(dock, _)| dock);
        let mut following = Self {
            start,
            homing: Homing::new(foreign),
            holding: Holding::new(),
            modes: ModeWatch::default(),
            route: Route::of(&pilot.order.items),
            stillness: Stillness::new(pilot.pace.now()),
            home: pilot.seen.home.map(|(home, _)| home).or(expected),
            launched_at: None,
            launched_boot_ms: None,
            landed_at: None,
            ground_since: None,
            landed_told: false,
            disarm_limit: None,
            told_to_disarm: false,
            disarm_said: None,
            rebooted: false,
            reboots_at_start: pilot.reboots,
            unnamed: None,
        };
        match start {
            Start::InAir => following.took_off(pilot),
            Start::Found { launched_at, .. } => {
                pilot.aloft_since = Some(pilot.pace.now());
                following.launched_at = launched_at;
                if launched_at.is_none() {
                    following.launched_at = Some(pilot.utc_now());
                    let text = "found in the air; nobody saw it take off";
                    pilot.outbox.step(Step::TookOff, text);
                }
                following.take_up(pilot);
            }
            Start::Unknown => {}
        }
        following
    }

    /// What an earlier run was told holds on: a pause as it stands, the way to the ground told once more.
    fn take_up(&mut self, pilot: &mut Pilot<'_>) {
        let Some(standing) = pilot.order.standing.clone() else {
            return;
        };
        let coming_down = turned_home_by_itself(pilot);
        match standing.instruction {
            _to_the_ground_already if pilot.is_on_ground() || pilot.instruction.is_some() => {}
            Instruction::Pause { .. } | Instruction::Continue { .. } if coming_down => {}
            Instruction::Pause { by } if is_holding(pilot) => {
                let text = format!("found holding in the air, paused by {by}");
                pilot.outbox.step(Step::Paused, text);
                self.holding.found_held(pilot, by, standing.for_so_long);
            }
            // It comes down there already: nothing sends it up again.
            Instruction::Divert { to, by } if coming_down && is_near(pilot, to) => {
                self.obey(pilot, Instruction::Land { by });
            }
            other => self.obey(pilot, other),
        }
    }

    fn obey(&mut self, pilot: &mut Pilot<'_>, instruction: Instruction) {
        let foreign = matches!(self.start, Start::Found { foreign: true, .. });
        let refused = match &instruction {
            _to_the_ground if instruction.ends_the_mission() => None,
            _held if foreign => Some("it flies a mission that is not ours"),
            _held if self.homing.has_begun() => Some("it is on its way to the ground already"),
            Instruction::Continue { .. } if !self.holding.is_engaged() && !self.modes.is_strange() => {
                Some("it is not paused")
            }
            _held => None,
        };
        if let Some(text) = refused {
            pilot.outbox.step(Step::OrderRefused, text);
            return;
        }
        match instruction {
            Instruction::Pause { by } => self.holding.pause(pilot, by),
            Instruction::Continue { by } => self.holding.go_on(pilot, by),
            to_the_ground => {
                self.holding.drop_it();
                self.homing.instruct(pilot, to_the_ground);
            }
        }
    }

    fn took_off(&mut self, pilot: &mut Pilot<'_>) {
        pilot.aloft_since = Some(pilot.pace.now());
        self.launched_boot_ms = pilot.seen.boot_ms;
        self.launched_at = Some(pilot.utc_now());
        let height_m = pilot.seen.height_above_home_m.unwrap_or(0.0);
        pilot.outbox.step(
            Step::TookOff,
            format!("armed and in the air, {height_m:.1} m above home"),
        );
        self.stillness.restart(pilot.pace.now());
    }

    async fn turn(&mut self, pilot: &mut Pilot<'_>) -> Option<Stop> {
        if pilot.stopped {
            return Some(Stop::Ended(End::Stopped));
        }
        if let Some(instruction) = pilot.instruction.take() {
            self.obey(pilot, instruction);
        }
        if let Some(end) = self.watch_link(pilot) {
            return Some(Stop::Ended(end));
        }
        if pilot.aloft_since.is_none() {
            return self.watch_takeoff(pilot);
        }
        self.settle_clock(pilot);
        if pilot
            .aloft_since
            .is_some_and(|since| pilot.pace.now().saturating_sub(since) >= CLOCK_SETTLES)
        {
            pilot.clock.hold();
        }
        self.rebooted |= pilot.reboots > self.reboots_at_start && self.ground_since.is_none();
        self.name_turn(pilot);
        if let Some(end) = self.watch_ground(pilot).await {
            return Some(Stop::Ended(end));
        }
        if self.ground_since.is_some() || pilot.lost_since.is_some() {
            self.stillness.restart(pilot.pace.now());
            return None;
        }
        self.watch_mission(pilot);
        self.watch_modes(pilot);
        self.hold(pilot).await;
        self.watch_progress(pilot);
        self.homing.turn(pilot).await.map(Stop::Ended)
    }

    async fn hold(&mut self, pilot: &mut Pilot<'_>) {
        if self.homing.has_begun() {
            self.holding.drop_it();
            return;
        }
        if let Some(overdue) = self.holding.turn(pilot).await {
            self.holding.drop_it();
            pilot.outbox.step(Step::Returning, overdue.why);
            self.homing.end_hold(pilot, overdue.by);
        }
    }

    /// Whoever else changes its mode is named and let be.
    fn watch_modes(&mut self, pilot: &mut Pilot<'_>) {
        let route_ends = [
            FlightMode::Mission,
            FlightMode::Return,
            FlightMode::Land,
            FlightMode::Guided,
        ];
        let held = [FlightMode::Mission, FlightMode::Guided];
        let expected = match (self.homing.has_begun(), self.holding.is_engaged()) {
            (true, _) => self.homing.expected(),
            (false, true) => Some(&held[..]),
            (false, false) if self.route.is_flown() => Some(&route_ends[..]),
            (false, false) => Some(&held[..1]),
        };
        if self.landed_told {
            return;
        }
        match self.modes.look(pilot, expected) {
            ModeSeen::Nothing => {}
            ModeSeen::Strange(cause) => {
                self.name_cause(pilot, cause);
                self.holding.drop_it();
                self.homing.somebody_else_flies(true);
            }
            ModeSeen::Back => {
                let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode);
                if in_mission == Some(true) {
                    let text = format!("back in mode {}", pilot.seen.mode_name);
                    pilot.outbox.step(Step::Continued, text);
                }
                self.homing.somebody_else_flies(false);
            }
        }
    }

    /// A vehicle changes its mode and says why in two messages, of which either may come first.
    fn name_turn(&mut self, pilot: &mut Pilot<'_>) {
        let Some((limit, since)) = self.unnamed else {
            return;
        };
        let cause = cause(pilot, since);
        if cause == Cause::Other && !pilot.pace.is_over(limit) {
            return;
        }
        self.unnamed = None;
        self.name_cause(pilot, cause);
    }

    fn name_cause(&self, pilot: &mut Pilot<'_>, cause: Cause) {
        let mode = pilot.seen.mode_name.clone();
        match cause {
            Cause::Failsafe(words) => pilot
                .outbox
                .step(Step::VehicleFailsafe, format!("mode {mode}, by itself: {words}")),
            Cause::Other => {
                let text = format!(
                    "mode {mode}, set by somebody else (another ground station, a remote): watched, not commanded"
                );
                pilot.outbox.step(Step::ModeChangedByOther, text);
            }
        }
    }

    fn watch_link(&self, pilot: &Pilot<'_>) -> Option<End> {
        let lost_for = pilot.pace.now().saturating_sub(pilot.lost_since?);
        (lost_for >= pilot.order.deadlines.lost_for_good).then_some(End::Lost)
    }

    /// Armed and not yet seen in the air.
    fn watch_takeoff(&mut self, pilot: &mut Pilot<'_>) -> Option<Stop> {
        if pilot.is_in_air() {
            self.took_off(pilot);
            return None;
        }
        let stands = pilot.is_heard() && !pilot.seen.armed && pilot.is_on_ground();
        (stands && self.start == Start::Unknown).then_some(Stop::NeverTookOff)
    }

    /// Some clocks are set when the flight begins; the time of take-off is told by the clock that holds after it.
    fn settle_clock(&mut self, pilot: &Pilot<'_>) {
        let young = pilot
            .aloft_since
            .is_some_and(|since| pilot.pace.now().saturating_sub(since) < CLOCK_SETTLES);
        let restarted = pilot.reboots > self.reboots_at_start;
        if let Some(boot_ms) = self.launched_boot_ms
            && young
            && !restarted
            && let Some(at) = pilot.clock.utc(boot_ms)
        {
            self.launched_at = Some(at);
        }
    }

    fn watch_mission(&mut self, pilot: &mut Pilot<'_>) {
        let in_mission = pilot.profile.is_in(FlightMode::Mission, pilot.seen.custom_mode) != Some(false);
        let reached = pilot.item_of(pilot.seen.mission_reached);
        let current = pilot.item_of(pilot.seen.mission_current);
        if let Some(number) = self.route.observe(reached, current, in_mission) {
            let text = format!("item {number} of {}", self.route.count());
            pilot.outbox.step(Step::ItemReached, text);
        }
        if self.homing.has_begun() {
            return;
        }
        if turned_home_by_itself(pilot) {
            if self.route.is_flown() {
                self.homing.notice(pilot, "the mission is flown");
            } else {
                self.unnamed = Some((pilot.pace.limit(NAMED_WITHIN), StdInstant::now()));
                self.homing.notice(pilot, "it turned home by itself");
            }
        } else if in_mission && self.route.leads_home(current) {
            self.homing.notice(pilot, "the mission is flown");
        } else if self.route.is_flown() && self.route.ends_in_air() {
            self.homing.fly_home(pilot);
        }
    }

    fn watch_progress(&mut self, pilot: &mut Pilot<'_>) {
        let seen = Progress {
            current: pilot.seen.mission_current,
            reached: pilot.seen.mission_reached,
            captures: pilot.exposures.book.count(),
            position: pilot.seen.position,
            height_above_home_m: pilot.seen.height_above_home_m,
        };
        let still = self.stillness.observe(pilot.pace.now(), seen);
        let deadlines = &pilot.order.deadlines;
        if self.homing.has_begun() {
            if still >= deadlines.no_progress {
                self.homing.hangs(pilot);
                self.stillness.restart(pilot.pace.now());
            }
            return;
        }
        if self.holding.is_engaged() || self.modes.is_strange() {
            self.stillness.restart(pilot.pace.now());
            return;
        }
        let foreign = matches!(self.start, Start::Found { foreign: true, .. });
        if !foreign && still >= deadlines.stillness(&pilot.order.items) {
            pilot.outbox.step(
                Step::Returning,
                format!("no progress for {} s, called home", still.as_secs()),
            );
            self.homing.call_home(pilot);
            self.stillness.restart(pilot.pace.now());
        }
    }

    async fn watch_ground(&mut self, pilot: &mut Pilot<'_>) -> Option<End> {
        if !pilot.is_heard() || !pilot.is_on_ground() {
            if pilot.is_heard() {
                self.ground_since = None;
                self.disarm_limit = None;
            }
            return None;
        }
        let since = *self.ground_since.get_or_insert(pilot.pace.now());
        let settled = pilot.pace.now().saturating_sub(since) >= SETTLED;
        if !settled && pilot.seen.armed {
            return None;
        }
        if !self.landed_told {
            self.landed_told = true;
            self.landed_at = Some(pilot.utc_now());
            pilot.outbox.step(Step::Landed, self.where_it_landed(pilot));
        }
        if !pilot.seen.armed {
            pilot.outbox.step(Step::Disarmed, "motors off");
            return Some(End::OnGround);
        }
        self.wait_for_disarm(pilot).await
    }

    /// Vehicles disarm themselves after landing; one that does not is told to, and then given up.
    async fn wait_for_disarm(&mut self, pilot: &Pilot<'_>) -> Option<End> {
        let deadline = pilot.order.deadlines.disarm;
        let limit = *self
            .disarm_limit
            .get_or_insert_with(|| pilot.pace.limit(deadline));
        if self.told_to_disarm && self.disarm_said.is_none_or(|pause| pilot.pace.is_over(pause)) {
            self.disarm_said = Some(pilot.pace.wall_limit(DISARM_PAUSE));
            let command = MavCmd::MAV_CMD_COMPONENT_ARM_DISARM;
            pilot
                .say(Order {
                    command,
                    params: [0.0; 7],
                })
                .await;
        }
        if !pilot.pace.is_over(limit) {
            return None;
        }
        let foreign = matches!(self.start, Start::Found { foreign: true, .. });
        if self.told_to_disarm || foreign {
            return Some(End::StillArmed);
        }
        self.told_to_disarm = true;
        self.disarm_limit = Some(pilot.pace.limit(deadline));
        None
    }

    fn off_home_m(&self, pilot: &Pilot<'_>) -> Option<f64> {
        self.home
            .zip(pilot.seen.position)
            .map(|(home, at)| geodesic_distance_m(home, at))
    }

    fn where_it_landed(&self, pilot: &Pilot<'_>) -> String {
        match self.off_home_m(pilot) {
            Some(off_m) => format!("on the ground, {off_m:.1} m from home"),
            None => "on the ground, its place is not known".to_owned(),
        }
    }

    fn into_followed(self, pilot: &Pilot<'_>, stop: Stop) -> Followed {
        let seen = match stop {
            Stop::NeverTookOff => None,
            Stop::Ended(end) => Some(Seen {
                end,
                at_home: self.off_home_m(pilot).map(|off_m| off_m <= AT_HOME_M),
                flown: self.route.is_flown(),
                rebooted: self.rebooted,
                disobeyed: self.homing.is_disobeyed(),
                foreign: matches!(self.start, Start::Found { foreign: true, .. }),
                recall: self.homing.recall,
            }),
        };
        Followed {
            seen,
            landed: self.landed_told,
            items_reached: self.route.reached(),
            launched_at: self.launched_at,
            landed_at: self.landed_at,
            took_off: pilot.aloft_since.is_some(),
        }
    }
}

fn is_near(pilot: &Pilot<'_>, to: Wgs84) -> bool {
    pilot
        .seen
        .position
        .is_some_and(|at| geodesic_distance_m(at, to) <= NEAR_M)
}
