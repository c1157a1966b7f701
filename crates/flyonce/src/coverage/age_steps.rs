//! How old ground is that the ledger has no label for, such as targets and corridors: by steps of days.

use anyhow::Result;
use survey::cells::CellSet;
use survey::ledger::{Ledger, LedgerQuery};
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::answer::AgeAnswer;

/// Ages told apart, days; an age is told as the step that it does not exceed.
const STEPS: [u32; 11] = [0, 1, 3, 7, 14, 21, 30, 60, 90, 180, 365];

/// What was seen within each step of days, and ever.
#[derive(Debug, Clone, Default)]
pub struct AgeSteps(Vec<(u32, CellSet)>);

impl AgeSteps {
    /// Asks a ledger for the photos of `ever` up to a day.
    ///
    /// # Errors
    /// Parameters that a ledger cannot answer.
    pub fn of(ledger: &Ledger, ever: &LedgerQuery<'_>, until: CivilDay) -> Result<Self> {
        let first = ledger.frames().map(|frame| frame.day).min().unwrap_or(until);
        let oldest = u32::try_from(until.0 - first.0).unwrap_or(0);
        let mut steps = Vec::new();
        for days in STEPS.into_iter().filter(|days| *days < oldest).chain([oldest]) {
            let within = LedgerQuery {
                since: Some(CivilDay(until.0 - days as i32)),
                until: Some(until),
                ..*ever
            };
            steps.push((days, ledger.imaged_cells(&within)?));
        }
        Ok(Self(steps))
    }

    /// The ages of a piece of ground.
    pub fn ages(&self, ground: &CellSet) -> AgeAnswer {
        let all = ground.count();
        let counts: Vec<(u32, u64)> = self
            .0
            .iter()
            .map(|(days, seen)| (*days, ground.intersection(seen).count()))
            .collect();
        let seen = counts.last().map_or(0, |(_, seen)| *seen);
        let within = |share: f64| {
            let wanted = (share * seen as f64).ceil() as u64;
            let step = counts.iter().find(|(_, count)| *count >= wanted);
            step.filter(|_| seen > 0).map(|(days, _)| *days)
        };
        AgeAnswer {
            p50_days: within(0.5),
            p90_days: within(0.9),
            max_days: within(1.0),
            never_percent: (all > 0).then(|| rounded(100.0 * (all - seen) as f64 / all as f64, 3)),
        }
    }
}
