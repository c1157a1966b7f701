//! One flight from the first heartbeat to motors off: `fly` begins it, `resume` picks it up again after this program
//! was down. Both tell what happens as it happens and end with a report that says only what was seen.
//!
//! Phases, each in its own file: `prepare` (on the ground), `launch` (arming to take-off), `follow` (in the air),
//! `come_home` (why and how it comes down), `collect` (lost reports of exposures). `pilot` is the loop under them.

mod authorise;
mod bounds;
mod collect;
mod come_home;
mod company;
mod event;
mod exposures;
mod fencing;
mod follow;
mod found;
mod holding;
mod ladder;
mod laid;
mod launch;
mod line;
mod modes;
mod order;
mod pace;
mod pilot;
mod policy_step;
mod prepare;
mod put_back;
mod report;
mod resume;
mod route;
mod stillness;
mod streams;
mod track;

use std::time::Duration;

use crate::vehicle::Vehicle;
use collect::collect;
use follow::{Followed, Start, follow};
use launch::Launched;
use pilot::Pilot;
use prepare::NotFlown;
use report::{End, Seen, outcome};
use resume::Found;
use schedule::refusal::RefusalCode;

pub use event::{
    FailureCode, FlightEvent, Gate, GateAnswer, Instruction, SortieLine, Step, TrackPoint, UnknownWord,
};
pub(crate) use line::Outbox;

pub use laid::{Bounds, Exchange, Laid, ParameterLaid};
pub use order::{Deadlines, FlightOrder, PauseLimits, PolicyOrder, Standing};
pub use report::{BY_VEHICLE, FlightReport, Outcome};

/// How long the last events may wait for the caller, each.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Flies an order: connects, checks, uploads, asks whether it may arm, arms, starts, follows, and sees it land.
///
/// Returns when the vehicle is on the ground with motors off, when it cannot be seen any more, or when
/// `line.stop` is cancelled, which leaves the vehicle to fly on by itself: [`resume`] picks it up.
pub async fn fly(vehicle: &Vehicle, order: &FlightOrder, line: SortieLine) -> FlightReport {
    let mut pilot = Pilot::new(vehicle, order, line);
    let launched = match prepare::prepare(&mut pilot).await {
        Ok(()) => launch::launch(&mut pilot).await,
        Err(not_flown) => Err(not_flown),
    };
    let report = match launched {
        Ok(launched) => {
            let start = match launched {
                Launched::InAir => Start::InAir,
                Launched::Unknown => Start::Unknown,
            };
            let followed = follow(&mut pilot, start).await;
            collect(&mut pilot, true).await;
            report_of(&pilot, followed)
        }
        Err(not_flown) => not_flown_report(&pilot, not_flown),
    };
    finish(pilot, report).await
}

/// Picks a flight up in whatever state it is, after this program was down.
///
/// In the air with the order's mission it is followed as [`fly`] would; with another mission it is only watched, and
/// the report is `other_mission`. On the ground with motors off it has landed if `order.launched_at` is set
/// (returned by [`BY_VEHICLE`], or diverted: nobody saw how far it came); otherwise it never took off, which is
/// refused as `no_takeoff` with `took_off` false, and the caller may fly it again.
pub async fn resume(vehicle: &Vehicle, order: &FlightOrder, line: SortieLine) -> FlightReport {
    let mut pilot = Pilot::new(vehicle, order, line);
    pilot.laid = order.owed.clone().unwrap_or_default();
    let report = match resume::find(&mut pilot).await {
        Found::Aloft(start) => {
            let followed = follow(&mut pilot, start).await;
            collect(&mut pilot, false).await;
            report_of(&pilot, followed)
        }
        Found::Landed(seen) => {
            collect(&mut pilot, false).await;
            let followed = found_landed(&pilot, Some(seen), true);
            report_of(&pilot, followed)
        }
        Found::Lost => {
            let lost = found_landed(&pilot, Some(lost()), false);
            report_of(&pilot, lost)
        }
        Found::NotFlown(not_flown) => not_flown_report(&pilot, not_flown),
    };
    finish(pilot, report).await
}

fn lost() -> Seen {
    Seen {
        end: End::Lost,
        recall: None,
        flown: false,
        at_home: None,
        rebooted: false,
        disobeyed: false,
        foreign: false,
    }
}

fn found_landed(pilot: &Pilot<'_>, seen: Option<Seen>, landed: bool) -> Followed {
    let launched_at = pilot.order.launched_at;
    Followed {
        seen,
        landed,
        items_reached: 0,
        launched_at,
        landed_at: landed.then(|| pilot.utc_now()),
        took_off: launched_at.is_some(),
    }
}

fn report_of(pilot: &Pilot<'_>, followed: Followed) -> FlightReport {
    let outcome = match &followed.seen {
        Some(seen) => outcome(seen),
        None => Outcome::Refused {
            code: RefusalCode::NoTakeoff,
            text: "it was armed, and is on the ground with motors off".to_owned(),
        },
    };
    FlightReport {
        outcome,
        took_off: followed.took_off,
        landed: followed.landed,
        items_reached: followed.items_reached,
        captures: pilot.exposures.book.count(),
        launched_at: followed.launched_at,
        landed_at: followed.landed_at,
        clock_offset_us: clock_offset_us(pilot),
    }
}

fn not_flown_report(pilot: &Pilot<'_>, not_flown: NotFlown) -> FlightReport {
    let outcome = match not_flown {
        NotFlown::Refused { code, text } => Outcome::Refused { code, text },
        NotFlown::Stopped => Outcome::Failed {
            code: FailureCode::Stopped,
            text: "the program stopped before a take-off was seen".to_owned(),
        },
    };
    FlightReport {
        outcome,
        took_off: pilot.order.launched_at.is_some(),
        landed: false,
        items_reached: 0,
        captures: 0,
        launched_at: pilot.order.launched_at,
        landed_at: None,
        clock_offset_us: clock_offset_us(pilot),
    }
}

fn clock_offset_us(pilot: &Pilot<'_>) -> Option<i64> {
    pilot.vehicle.clock_offset().and_then(|offset| offset.utc_us)
}

async fn finish(mut pilot: Pilot<'_>, report: FlightReport) -> FlightReport {
    put_back::put_back(&mut pilot).await;
    let dropped = pilot.outbox.dropped();
    let text = match dropped {
        0 => summary(&report),
        _some => format!(
            "{}; {dropped} track points and texts were not read in time",
            summary(&report)
        ),
    };
    pilot.outbox.step(Step::Done, text);
    let Pilot { outbox, .. } = pilot;
    outbox.finish(LAST_WORDS).await;
    report
}

fn summary(report: &FlightReport) -> String {
    let end = match &report.outcome {
        Outcome::Completed => "completed".to_owned(),
        Outcome::Returned { by } => format!("returned, called by {by}"),
        Outcome::Diverted => "diverted".to_owned(),
        Outcome::Refused { code, text } => format!("refused, {}: {text}", code.as_str()),
        Outcome::Failed { code, text } => format!("failed, {code}: {text}"),
    };
    format!("{end}; {} exposures reported", report.captures)
}
