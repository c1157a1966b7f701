//! Branch and bound: the part of all choices whose bound is highest is split in two by one candidate, in or out, until
//! no part's bound is above the best choice, or the search has to end. The highest bound left is proven either way.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::Stage;
use super::bound::{Fate, Part, Pursuit, Relaxation, SAME};
use super::problem::Problem;
use super::search::climb;
use super::tables::Tables;

/// Bytes that waiting parts may take.
const MOST_BYTES: usize = 512 << 20;
/// How the bound of a split part is sought: its prices start near the best ones.
const OF_A_SPLIT: Pursuit = Pursuit {
    rounds: 60,
    step: 0.6,
    patience: 6,
};

/// A part waiting to be split, highest bound first; of equals the older.
struct Waiting {
    part: Rc<Part>,
    number: u64,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let bounds = self.part.bound.total_cmp(&other.part.bound);
        bounds.then(other.number.cmp(&self.number))
    }
}

/// What branching came to.
pub(super) struct Proof {
    /// No choice covers more, units.
    pub(super) bound: f64,
    /// Parts that were bounded.
    pub(super) parts: u64,
}

/// Splits `root`. `tables` hold the best choice known and take better ones.
pub(super) fn branch(
    problem: &Problem,
    root: Part,
    tables: &mut Tables<'_>,
    most_parts: u64,
    go_on: &mut dyn FnMut(Stage, i64, f64, u64) -> bool,
) -> Proof {
    let sites = tables.slots.len();
    let mut relaxation = Relaxation::new(problem, sites);
    let bytes = problem.groups() * 4 + problem.candidates() * 5;
    let mut waiting = BinaryHeap::from([Waiting {
        part: Rc::new(root),
        number: 0,
    }]);
    let mut number = 0;
    loop {
        let reached = tables.value as f64 * (1.0 + SAME);
        let Some(top) = waiting.pop() else {
            return Proof {
                bound: reached,
                parts: number,
            };
        };
        let bound = top.part.bound;
        if bound <= reached {
            return Proof {
                bound: reached,
                parts: number,
            };
        }
        let has_room = waiting.len() * bytes < MOST_BYTES;
        if number >= most_parts || !has_room || !go_on(Stage::Branch, tables.value, bound, number) {
            return Proof { bound, parts: number };
        }
        for fate in [Fate::In, Fate::Out] {
            number += 1;
            let part = split(&top.part, fate, tables, &mut relaxation);
            if part.bound > tables.value as f64 * (1.0 + SAME) {
                waiting.push(Waiting {
                    part: Rc::new(part),
                    number,
                });
            }
        }
    }
}

/// The half of a part in which the candidate that it hangs on is in or out, bounded.
fn split(whole: &Part, fate: Fate, tables: &mut Tables<'_>, relaxation: &mut Relaxation<'_>) -> Part {
    let mut part = whole.clone();
    let Some(site) = undecided(&part) else {
        // Everything is decided: its bound is the value of the one choice left.
        part.bound = f64::NEG_INFINITY;
        return part;
    };
    part.fates[site] = fate;
    let found = relaxation.pursue(&mut part, tables.value, OF_A_SPLIT, &mut |_, _| true);
    if found.sites.len() == tables.slots.len() {
        let known = tables.clone();
        tables.choose(&found.sites);
        climb(tables);
        if tables.value <= known.value {
            *tables = known;
        }
    }
    part
}

/// The open candidate that is in as often as out.
fn undecided(part: &Part) -> Option<usize> {
    let open = (0..part.fates.len()).filter(|site| part.fates[*site] == Fate::Open);
    open.min_by(|a, b| {
        let off = |site: &usize| (part.shares[*site] - 0.5).abs();
        off(a).total_cmp(&off(b)).then(a.cmp(b))
    })
}
