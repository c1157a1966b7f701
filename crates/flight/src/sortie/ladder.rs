//! Giving an instruction until it shows: told one way, told again, told another way, and landing as the last.
//!
//! An acknowledgement is not enough (a real vehicle accepted a start and stayed on the ground), so the only proof
//! is what the vehicle does. The commands repeat nothing that could hurt: "return" twice is one return.

use std::time::Duration;

use survey::geodesy::{Wgs84, geodesic_distance_m};

use super::pace::{Limit, Pace};
use crate::profile::{FlightMode, Profile};

/// Movement over the ground that is no hovering, m.
const MOVED_M: f64 = 2.0;
/// Change of height that is no hovering, m.
const CLIMBED_M: f64 = 0.8;
/// A message that may be lost is sent again after this. Wall.
const REPEAT: Duration = Duration::from_secs(1);
/// So slow over the ground, for so long (vehicle time), is holding still: gusts move a vehicle that holds.
const STILL_MS: f64 = 1.0;
const STILL_FOR: Duration = Duration::from_secs(2);
/// So near to a point the vehicle is there, m.
pub(super) const THERE_M: f64 = 5.0;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// Home, and land.
    Return,
    /// Land here.
    Land,
    /// Go there and wait.
    Go { to: Wgs84 },
    /// Hold in the air.
    Hold,
    /// Go on with the mission.
    GoOn,
}

/// One way to say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rung {
    /// By the autopilot's mode number; where it has none, as [`Rung::Plain`].
    Mode(FlightMode),
    /// By the command of `common.xml`.
    Plain(FlightMode),
    /// By DO_REPOSITION.
    Reposition { to: Wgs84 },
    /// By DO_PAUSE_CONTINUE 0, which leaves the mission's mode on.
    Pause,
    /// By DO_PAUSE_CONTINUE 1.
    GoOn,
}

/// What the vehicle shows at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glimpse {
    pub custom_mode: u32,
    pub position: Option<Wgs84>,
    pub height_above_home_m: Option<f64>,
    pub ground_speed_ms: Option<f64>,
    /// The item it is at and the exposures so far: a mission that goes on changes them, also where it hovers.
    pub mission: (Option<u16>, u32),
    /// Whether the vehicle says that it holds up its mission; None where it says nothing of it.
    pub mission_paused: Option<bool>,
    pub on_ground: bool,
    /// Heard within the deadline of silence.
    pub heard: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Nothing.
    Wait,
    /// Say it this way, for the how many-th time (from 1).
    Say { rung: Rung, attempt: usize },
    /// Send the same again: the mode has not changed, so the message may be lost.
    Repeat { rung: Rung },
    /// It shows, for the first time.
    Shown,
}

/// An instruction on its way.
#[derive(Debug)]
pub(super) struct Ladder {
    aim: Aim,
    profile: Profile,
    effect: Duration,
    rungs: Vec<Rung>,
    said: usize,
    pending: Option<Pending>,
    still: Option<Limit>,
    shown: bool,
}

impl Rung {
    /// The mode it leads to.
    fn mode(self) -> FlightMode {
        match self {
            Self::Mode(mode) | Self::Plain(mode) => mode,
            Self::Reposition { .. } => FlightMode::Guided,
            Self::Pause | Self::GoOn => FlightMode::Mission,
        }
    }

    /// Every way to reach an aim, the best first. ArduCopter and all that follow `common.xml` hold up a mission by
    /// DO_PAUSE_CONTINUE; ArduCopter refuses it on the way up and close to a waypoint and then holds in GUIDED, never
    /// in LOITER or ALT_HOLD, which follow the throttle of a remote that is not there. PX4 changes the mode.
    fn ways(aim: Aim, profile: Profile) -> Vec<Self> {
        use FlightMode as To;
        match aim {
            Aim::Return => vec![
                Self::Mode(To::Return),
                Self::Mode(To::Return),
                Self::Plain(To::Return),
                Self::Mode(To::Land),
                Self::Plain(To::Land),
            ],
            Aim::Land => vec![
                Self::Mode(To::Land),
                Self::Mode(To::Land),
                Self::Plain(To::Land),
                Self::Mode(To::Return),
            ],
            Aim::Go { to } => vec![
                Self::Reposition { to },
                Self::Reposition { to },
                Self::Reposition { to },
                Self::Mode(To::Return),
            ],
            Aim::Hold if profile == Profile::Px4 => vec![
                Self::Mode(To::Guided),
                Self::Mode(To::Guided),
                Self::Plain(To::Guided),
            ],
            Aim::Hold => vec![
                Self::Pause,
                Self::Mode(To::Guided),
                Self::Mode(To::Guided),
                Self::Pause,
            ],
            Aim::GoOn => vec![
                Self::GoOn,
                Self::Mode(To::Mission),
                Self::Mode(To::Mission),
                Self::GoOn,
            ],
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    rung: Rung,
    limit: Limit,
    repeat: Limit,
    before: Glimpse,
}

impl Ladder {
    pub fn new(aim: Aim, profile: Profile, effect: Duration) -> Self {
        Self {
            aim,
            profile,
            effect,
            rungs: Rung::ways(aim, profile),
            said: 0,
            pending: None,
            still: None,
            shown: false,
        }
    }

    /// Begins with another way than the first.
    pub fn skipping(mut self, ways: usize) -> Self {
        self.said = ways.min(self.rungs.len());
        self
    }

    pub fn aim(&self) -> Aim {
        self.aim
    }

    /// Whether the instruction shows in what the vehicle does.
    pub fn is_shown(&self) -> bool {
        self.shown
    }

    /// Whether every way was tried and nothing showed. It goes on trying from the first.
    pub fn is_without_effect(&self) -> bool {
        !self.shown && self.said > self.rungs.len()
    }

    /// One look at the vehicle.
    pub fn step(&mut self, pace: &Pace, now: Glimpse) -> Next {
        if self.shown {
            return Next::Wait;
        }
        if now.on_ground || self.is_held(pace, &now) || self.shows(&now) {
            self.shown = true;
            return Next::Shown;
        }
        if let Some(pending) = &mut self.pending
            && (!pace.is_over(pending.limit) || !now.heard)
        {
            let changes_mode = !matches!(pending.rung, Rung::Pause | Rung::GoOn);
            let lost = now.heard
                && (!changes_mode || self.profile.is_in(pending.rung.mode(), now.custom_mode) == Some(false));
            if !lost || !pace.is_over(pending.repeat) {
                return Next::Wait;
            }
            pending.repeat = pace.wall_limit(REPEAT);
            return Next::Repeat { rung: pending.rung };
        }
        let rung = self.rungs[self.said % self.rungs.len()];
        self.said += 1;
        self.pending = Some(Pending {
            rung,
            limit: pace.limit(self.effect),
            repeat: pace.wall_limit(REPEAT),
            before: now,
        });
        Next::Say {
            rung,
            attempt: self.said,
        }
    }

    /// Holds still, in a mode that holds or with the mission held up. A corner of a mission is passed slowly too, so
    /// that it has to last; and where the vehicle says whether its mission is held up, its word is needed as well.
    fn is_held(&mut self, pace: &Pace, now: &Glimpse) -> bool {
        if self.aim != Aim::Hold {
            return false;
        }
        let in_mission = self.profile.is_in(FlightMode::Mission, now.custom_mode);
        let holds = match in_mission {
            Some(false) => self.profile.is_in(FlightMode::Guided, now.custom_mode) == Some(true),
            Some(true) | None => self.pending.is_some() && now.mission_paused != Some(false),
        };
        let slow = now.ground_speed_ms.is_some_and(|speed_ms| speed_ms <= STILL_MS);
        if !(holds && slow && now.heard) {
            self.still = None;
            return false;
        }
        let limit = *self.still.get_or_insert_with(|| pace.limit(STILL_FOR));
        pace.is_over(limit)
    }

    fn shows(&self, now: &Glimpse) -> bool {
        let Some(Pending { rung, before, .. }) = &self.pending else {
            return false;
        };
        if self.aim == Aim::Hold {
            return false;
        }
        let in_mode = self.profile.is_in(rung.mode(), now.custom_mode) != Some(false);
        let moved = match rung {
            _ if self.aim == Aim::GoOn => {
                now.mission_paused != Some(true) && (moves(before, now) || now.mission != before.mission)
            }
            Rung::Reposition { to } => approaches(before, now, *to),
            Rung::Mode(FlightMode::Land) | Rung::Plain(FlightMode::Land) => descends(before, now),
            Rung::Mode(_) | Rung::Plain(_) | Rung::Pause | Rung::GoOn => moves(before, now),
        };
        in_mode && moved
    }
}

fn moves(before: &Glimpse, now: &Glimpse) -> bool {
    let over_ground = before
        .position
        .zip(now.position)
        .map(|(a, b)| geodesic_distance_m(a, b));
    let height = before
        .height_above_home_m
        .zip(now.height_above_home_m)
        .map(|(a, b)| (b - a).abs());
    over_ground.is_some_and(|m| m >= MOVED_M) || height.is_some_and(|m| m >= CLIMBED_M)
}

fn descends(before: &Glimpse, now: &Glimpse) -> bool {
    let heights = before.height_above_home_m.zip(now.height_above_home_m);
    heights.is_some_and(|(a, b)| a - b >= CLIMBED_M)
}

fn approaches(before: &Glimpse, now: &Glimpse, to: Wgs84) -> bool {
    let distance = |glimpse: &Glimpse| glimpse.position.map(|at| geodesic_distance_m(at, to));
    let Some(left_m) = distance(now) else {
        return false;
    };
    left_m <= THERE_M || distance(before).is_some_and(|before_m| before_m - left_m >= MOVED_M)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const RETURN: u32 = 6;
    const LAND: u32 = 9;
    const AUTO: u32 = 3;

    fn at(custom_mode: u32, north_m: f64, height_m: f64) -> Glimpse {
        Glimpse {
            custom_mode,
            position: Wgs84::new(31.0 + north_m / 111_000.0, 121.0).ok(),
            height_above_home_m: Some(height_m),
            ground_speed_ms: Some(5.0),
            mission: (Some(3), 0),
            mission_paused: None,
            on_ground: false,
            heard: true,
        }
    }

    /// Steps once per second; what the vehicle shows is a function of the ways it was told.
    fn run(mut ladder: Ladder, seconds: u64, show: impl Fn(&[Rung], f64) -> Glimpse) -> (Ladder, Vec<Rung>) {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut said = Vec::new();
        for second in 0..seconds {
            let ms = u32::try_from(second * 1000).unwrap();
            pace.observe(Some(ms), 1.0, start + Duration::from_secs(second));
            if let Next::Say { rung, .. } = ladder.step(&pace, show(&said, second as f64)) {
                said.push(rung);
            }
        }
        (ladder, said)
    }

    fn ladder(aim: Aim) -> Ladder {
        Ladder::new(aim, Profile::ArduCopter, Duration::from_secs(8))
    }

    #[test]
    fn an_obedient_vehicle_is_told_once() {
        let (ladder, said) = run(ladder(Aim::Return), 30, |said, second| match said.len() {
            0 => at(AUTO, 100.0, 40.0),
            _told => at(RETURN, 100.0 - second * 5.0, 40.0),
        });
        assert!(ladder.is_shown());
        assert_eq!(said, [Rung::Mode(FlightMode::Return)]);
    }

    #[test]
    fn a_mode_without_movement_is_not_believed() {
        let (ladder, said) = run(ladder(Aim::Return), 12, |said, _| match said.len() {
            0 => at(AUTO, 100.0, 40.0),
            _told => at(RETURN, 100.0, 40.0),
        });
        assert!(!ladder.is_shown());
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn movement_in_the_old_mode_is_not_believed_either() {
        let (ladder, _) = run(ladder(Aim::Return), 12, |_, second| at(AUTO, second * 8.0, 40.0));
        assert!(!ladder.is_shown());
    }

    #[test]
    fn who_does_not_return_is_told_to_land() {
        let deaf_to_return = |said: &[Rung], second: f64| match said.last() {
            Some(Rung::Mode(FlightMode::Land)) => at(LAND, 100.0, 60.0 - second),
            _others => at(AUTO, 100.0 + second, 40.0),
        };
        let (ladder, said) = run(ladder(Aim::Return), 60, deaf_to_return);
        assert!(ladder.is_shown());
        assert_eq!(said.last(), Some(&Rung::Mode(FlightMode::Land)));
        assert_eq!(said.len(), 4);
    }

    #[test]
    fn who_follows_nothing_is_reported_and_told_again() {
        let (ladder, said) = run(ladder(Aim::Return), 60, |_, second| at(AUTO, second * 8.0, 40.0));
        assert!(ladder.is_without_effect());
        assert!(said.len() > 5);
        assert_eq!(said[5], said[0]);
    }

    #[test]
    fn a_lost_link_uses_up_no_way_of_saying_it() {
        let (ladder, said) = run(ladder(Aim::Return), 120, |_, _| Glimpse {
            heard: false,
            ..at(AUTO, 0.0, 40.0)
        });
        assert!(!ladder.is_without_effect());
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn a_lost_message_is_sent_again_before_another_way_is_tried() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut ladder = ladder(Aim::Return);
        let mut nexts = Vec::new();
        for second in 0..8_u32 {
            pace.observe(
                Some(second * 1000),
                1.0,
                start + Duration::from_secs(u64::from(second)),
            );
            nexts.push(ladder.step(&pace, at(AUTO, 0.0, 40.0)));
        }
        let rung = Rung::Mode(FlightMode::Return);
        assert_eq!(nexts[0], Next::Say { rung, attempt: 1 });
        assert!(
            nexts[1..].iter().all(|next| *next == Next::Repeat { rung }),
            "{nexts:?}"
        );
    }

    const GUIDED: u32 = 4;

    fn still(custom_mode: u32, mission_paused: Option<bool>) -> Glimpse {
        Glimpse {
            ground_speed_ms: Some(0.2),
            mission_paused,
            ..at(custom_mode, 50.0, 40.0)
        }
    }

    #[test]
    fn a_mission_that_is_held_up_is_told_so_once() {
        let (held, said) = run(ladder(Aim::Hold), 20, |said, _| match said.len() {
            0 => at(AUTO, 50.0, 40.0),
            _told => still(AUTO, Some(true)),
        });
        assert!(held.is_shown());
        assert_eq!(said, [Rung::Pause]);
    }

    #[test]
    fn a_vehicle_that_cannot_pause_its_mission_holds_in_guided() {
        let (held, said) = run(ladder(Aim::Hold), 30, |said, second| match said.last() {
            Some(Rung::Mode(FlightMode::Guided)) => still(GUIDED, Some(false)),
            _flies_on => at(AUTO, second * 8.0, 40.0),
        });
        assert!(held.is_shown());
        assert_eq!(said, [Rung::Pause, Rung::Mode(FlightMode::Guided)]);
    }

    #[test]
    fn slow_in_a_corner_is_not_held() {
        let corner = |_: &[Rung], second: f64| match second as u64 % 4 {
            0 => still(AUTO, None),
            _flies => at(AUTO, second * 8.0, 40.0),
        };
        assert!(!run(ladder(Aim::Hold), 7, corner).0.is_shown());
        let waits_at_a_waypoint = |_: &[Rung], _: f64| still(AUTO, Some(false));
        assert!(!run(ladder(Aim::Hold), 7, waits_at_a_waypoint).0.is_shown());
    }

    #[test]
    fn a_mission_goes_on_when_it_moves_or_comes_further() {
        let moves = |said: &[Rung], second: f64| match said.len() {
            0 => still(AUTO, Some(true)),
            _told => at(AUTO, second * 8.0, 40.0),
        };
        assert!(run(ladder(Aim::GoOn), 9, moves).0.is_shown());
        let hovers_and_shoots = |said: &[Rung], _: f64| Glimpse {
            mission: (Some(3), said.len() as u32),
            ..still(AUTO, None)
        };
        assert!(run(ladder(Aim::GoOn), 9, hovers_and_shoots).0.is_shown());
        let (deaf, said) = run(ladder(Aim::GoOn), 60, |_, _| still(AUTO, Some(true)));
        assert!(deaf.is_without_effect() && said.len() > 4);
    }

    #[test]
    fn going_elsewhere_shows_by_coming_nearer() {
        let to = Wgs84::new(31.0, 121.0).unwrap();
        let guided = 4;
        let (near, _) = run(ladder(Aim::Go { to }), 12, |_, second| {
            at(guided, 200.0 - second * 5.0, 40.0)
        });
        assert!(near.is_shown());
        let (away, said) = run(ladder(Aim::Go { to }), 12, |_, second| {
            at(guided, 200.0 + second * 5.0, 40.0)
        });
        assert!(!away.is_shown());
        assert_eq!(said.len(), 2);
    }

    #[test]
    fn on_the_ground_every_instruction_is_fulfilled() {
        let (ladder, said) = run(ladder(Aim::Land), 3, |_, _| Glimpse {
            on_ground: true,
            ..at(AUTO, 0.0, 0.0)
        });
        assert!(ladder.is_shown());
        assert!(said.is_empty());
    }
}
