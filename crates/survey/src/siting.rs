//! Where to put docks: of many candidates the few that together cover most demand, with a proven bound on how much
//! better any other choice could be (maximal covering location problem; Church, ReVelle 1974).
//!
//! Greedy, best swaps and tabu search find a choice; Lagrangian prices bound all choices; branch and bound closes what
//! is left of the gap as far as it gets. Value and bound always go together.

use serde::{Deserialize, Serialize};

mod bound;
mod branch;
mod problem;
mod search;
mod tables;
#[cfg(test)]
mod tests;

pub use problem::{Problem, SitingError};

use bound::{Pursuit, Relaxation};
use tables::Tables;

/// Candidates of the core for every site to choose.
const CORE_PER_SITE: usize = 20;

/// How hard to try. The same effort and seed give the same answer, unless the caller ends a stage early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Draws of the search come from it.
    pub seed: u64,
    /// Swaps of the search.
    pub swaps: u64,
    /// Steps of the prices.
    pub price_rounds: u32,
    /// Parts of all choices that branching looks at.
    pub parts: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            seed: 1,
            swaps: 20_000,
            price_rounds: 20_000,
            parts: 20_000,
        }
    }
}

/// A stage of the work, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Tabu search.
    Search,
    /// Bringing the bound down.
    Prices,
    /// Tabu search among the best paid candidates.
    Core,
    /// Branch and bound.
    Branch,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Its rounds so far.
    pub round: u64,
    /// Weight that the best choice so far covers.
    pub value: f64,
    /// Weight that no choice exceeds, as far as is proven.
    pub bound: f64,
}

/// A choice of sites and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Siting {
    /// The chosen candidates: kept ones as given, then the new ones, each adding most to those before it.
    pub sites: Vec<usize>,
    /// How many of them were kept.
    pub kept: usize,
    /// Weight covered.
    pub value: f64,
    /// Weight that no choice of so many sites with the kept ones exceeds: proven.
    pub bound: f64,
    /// Weight that greedy choice covers.
    pub greedy: f64,
    /// Weight after best swaps.
    pub swapped: f64,
    /// Weight after the search.
    pub searched: f64,
    /// Bound before branching.
    pub prices_bound: f64,
    /// Parts that branching looked at.
    pub parts: u64,
    /// Weight that each of `sites` adds to those before it.
    pub adds: Vec<f64>,
}

impl Siting {
    /// How much better any other choice can be at most, as share of the bound.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 {
            (self.bound - self.value).max(0.0) / self.bound
        } else {
            0.0
        }
    }

    /// Whether no choice is better, within a billionth.
    #[must_use]
    pub fn is_optimal(&self) -> bool {
        self.bound <= self.value * (1.0 + 10.0 * bound::SAME)
    }
}

/// Chooses `sites` candidates, `kept` among them. `go_on` is asked every round; its no ends the present stage.
///
/// # Errors
/// [`SitingError::Sites`], [`SitingError::BadKept`].
pub fn solve(
    problem: &Problem,
    sites: usize,
    kept: &[usize],
    effort: Effort,
    go_on: &mut dyn FnMut(Progress) -> bool,
) -> Result<Siting, SitingError> {
    check(problem, sites, kept)?;
    let built_value = problem.covered(kept).1;
    let open = problem.with_built(kept);
    let weight = |units: f64| built_value + open.weight_from_units(units);
    let mut report = |stage, value: i64, bound: f64, round| {
        go_on(Progress {
            stage,
            round,
            value: weight(value as f64),
            bound: weight(bound),
        })
    };
    let mut tables = Tables::new(&open, sites - kept.len());
    // Kept sites cover nothing any more and are no choice.
    kept.iter().for_each(|site| tables.is_chosen[*site] = true);
    search::greedy(&mut tables);
    let greedy = tables.value;
    search::climb(&mut tables);
    let swapped = tables.value;
    let everything = open.weights.iter().sum::<i64>() as f64;
    search::tabu(
        &mut tables,
        Stage::Search,
        effort.swaps,
        effort.seed,
        &mut |stage, value, round| report(stage, value, everything, round),
    );
    let searched = tables.value;
    let mut relaxation = Relaxation::new(&open, sites - kept.len());
    let mut root = relaxation.whole();
    kept.iter().for_each(|site| root.fates[*site] = bound::Fate::Out);
    let pursuit = Pursuit {
        rounds: effort.price_rounds,
        step: 1.0,
        patience: 50,
    };
    relaxation.pursue(&mut root, searched, pursuit, &mut |bound, round| {
        report(Stage::Prices, searched, bound, u64::from(round))
    });
    let prices_bound = root.bound;
    let core = relaxation.best_paid(&root, CORE_PER_SITE * tables.slots.len());
    drop(relaxation);
    search_core(&open, &core, &mut tables, effort, &mut |stage, value, round| {
        report(stage, value, prices_bound, round)
    });
    let proof = branch::branch(&open, root, &mut tables, effort.parts, &mut report);
    let (sites, adds) = ordered(problem, kept, &tables.slots);
    let value = problem.covered(&sites).1;
    Ok(Siting {
        sites,
        kept: kept.len(),
        value,
        // Units round weights down: a part in 10⁹ is far more than all of that together.
        bound: (weight(proof.bound) * (1.0 + bound::SAME)).max(value),
        greedy: weight(greedy as f64),
        swapped: weight(swapped as f64),
        searched: weight(searched as f64),
        prices_bound: weight(prices_bound).max(value),
        parts: proof.parts,
        adds,
    })
}

/// Searches among `core` and the sites already chosen, where a swap costs far less than among all, and takes over what
/// is better.
fn search_core(
    problem: &Problem,
    core: &[u32],
    tables: &mut Tables<'_>,
    effort: Effort,
    go_on: &mut dyn FnMut(Stage, i64, u64) -> bool,
) {
    let mut core: Vec<u32> = core.iter().chain(&tables.slots).copied().collect();
    core.sort_unstable();
    core.dedup();
    let small = problem.with_only(&core);
    let mut inside = Tables::new(&small, tables.slots.len());
    let number = |site: &u32| core.binary_search(site).map(|at| at as u32).ok();
    let start: Vec<u32> = tables.slots.iter().filter_map(number).collect();
    inside.choose(&start);
    search::tabu(
        &mut inside,
        Stage::Core,
        effort.swaps,
        effort.seed.wrapping_add(1),
        go_on,
    );
    if inside.value > tables.value {
        let sites: Vec<u32> = inside.slots.iter().map(|site| core[*site as usize]).collect();
        tables.choose(&sites);
        search::climb(tables);
    }
}

fn check(problem: &Problem, sites: usize, kept: &[usize]) -> Result<(), SitingError> {
    let candidates = problem.candidates();
    let mut seen = vec![false; candidates];
    for site in kept {
        if *site >= candidates || std::mem::replace(&mut seen[*site], true) {
            return Err(SitingError::BadKept { site: *site });
        }
    }
    if sites < kept.len() || sites > candidates {
        return Err(SitingError::Sites {
            wanted: sites,
            kept: kept.len(),
            candidates,
        });
    }
    Ok(())
}

/// Kept sites as given, then the others in the order in which each adds most; and what each adds.
fn ordered(problem: &Problem, kept: &[usize], chosen: &[u32]) -> (Vec<usize>, Vec<f64>) {
    let (mut sites, mut adds, mut value) = (Vec::new(), Vec::new(), 0.0);
    let mut add = |site: usize, sites: &mut Vec<usize>| {
        sites.push(site);
        let with = problem.covered(sites).1;
        adds.push(with - value);
        value = with;
    };
    kept.iter().for_each(|site| add(*site, &mut sites));
    let mut tables = Tables::new(problem, sites.len() + chosen.len());
    sites
        .iter()
        .enumerate()
        .for_each(|(slot, site)| tables.put(slot, *site as u32));
    let mut left: Vec<u32> = chosen.to_vec();
    left.sort_unstable();
    while let Some(next) = left
        .iter()
        .copied()
        .reduce(|a, b| if tables.gain(b) > tables.gain(a) { b } else { a })
    {
        left.retain(|site| *site != next);
        tables.put(sites.len(), next);
        add(next as usize, &mut sites);
    }
    (sites, adds)
}
