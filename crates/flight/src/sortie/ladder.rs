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
}

/// What the vehicle shows at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glimpse {
    pub custom_mode: u32,
    pub position: Option<Wgs84>,
    pub height_above_home_m: Option<f64>,
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
    shown: bool,
}

impl Rung {
    /// The mode it leads to.
    fn mode(self) -> FlightMode {
        match self {
            Self::Mode(mode) | Self::Plain(mode) => mode,
            Self::Reposition { .. } => FlightMode::Guided,
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
        let rungs = match aim {
            Aim::Return => vec![
                Rung::Mode(FlightMode::Return),
                Rung::Mode(FlightMode::Return),
                Rung::Plain(FlightMode::Return),
                Rung::Mode(FlightMode::Land),
                Rung::Plain(FlightMode::Land),
            ],
            Aim::Land => vec![
                Rung::Mode(FlightMode::Land),
                Rung::Mode(FlightMode::Land),
                Rung::Plain(FlightMode::Land),
                Rung::Mode(FlightMode::Return),
            ],
            Aim::Go { to } => vec![
                Rung::Reposition { to },
                Rung::Reposition { to },
                Rung::Reposition { to },
                Rung::Mode(FlightMode::Return),
            ],
        };
        Self {
            aim,
            profile,
            effect,
            rungs,
            said: 0,
            pending: None,
            shown: false,
        }
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
        if now.on_ground || self.shows(&now) {
            self.shown = true;
            return Next::Shown;
        }
        if let Some(pending) = &mut self.pending
            && (!pace.is_over(pending.limit) || !now.heard)
        {
            let lost = now.heard && self.profile.is_in(pending.rung.mode(), now.custom_mode) == Some(false);
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

    fn shows(&self, now: &Glimpse) -> bool {
        let Some(Pending { rung, before, .. }) = &self.pending else {
            return false;
        };
        let in_mode = self.profile.is_in(rung.mode(), now.custom_mode) != Some(false);
        let moved = match rung {
            Rung::Reposition { to } => approaches(before, now, *to),
            Rung::Mode(FlightMode::Land) | Rung::Plain(FlightMode::Land) => descends(before, now),
            Rung::Mode(_) | Rung::Plain(_) => moves(before, now),
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
