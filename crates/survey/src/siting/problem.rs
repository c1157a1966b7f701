//! Which site covers which demand, with weights in fixed point so that sums are exact in any order.

use std::collections::HashMap;

use thiserror::Error;

/// Weights are kept as parts of the total in 2⁵⁰: a sum of them all fits a double without rounding.
const TOTAL_UNITS: f64 = (1_u64 << 50) as f64;
/// Group of demand that no candidate covers.
const NOBODY: u32 = u32::MAX;

/// Why there is nothing to choose from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SitingError {
    /// A weight is negative or no number.
    #[error("demand {demand} has the weight {weight}; weights are 0 or more")]
    BadWeight {
        /// Which, from 0.
        demand: usize,
        /// As given.
        weight: f64,
    },
    /// All weights are 0.
    #[error("there is no demand: all weights are 0")]
    NoDemand,
    /// A candidate covers demand that there is none of.
    #[error("candidate {site} covers demand {demand}, but there are only {demands}")]
    NoSuchDemand {
        /// The candidate, from 0.
        site: usize,
        /// What it is said to cover.
        demand: u32,
        /// Number of demands.
        demands: usize,
    },
    /// More sites are asked for than there are candidates, or fewer than are kept.
    #[error("{wanted} sites are asked for; {kept} are kept and {candidates} can be chosen from")]
    Sites {
        /// Sites asked for, kept ones included.
        wanted: usize,
        /// Kept ones.
        kept: usize,
        /// Candidates, kept ones included.
        candidates: usize,
    },
    /// A kept site is no candidate, or is named twice.
    #[error("kept site {site} is no candidate or is named twice")]
    BadKept {
        /// As given.
        site: usize,
    },
}

/// Lists of numbers, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lists {
    ends: Vec<usize>,
    all: Vec<u32>,
}

impl Lists {
    fn empty() -> Self {
        Self {
            ends: vec![0],
            all: Vec::new(),
        }
    }

    fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.all.extend(list);
        self.ends.push(self.all.len());
    }

    /// Number of lists.
    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// One of them.
    #[inline]
    pub(super) fn of(&self, index: usize) -> &[u32] {
        &self.all[self.ends[index]..self.ends[index + 1]]
    }

    /// Who is in whose list, the other way round; numbers are below `count`.
    fn turned(&self, count: usize) -> Self {
        let mut ends = vec![0_usize; count + 1];
        for member in &self.all {
            ends[*member as usize + 1] += 1;
        }
        for index in 0..count {
            ends[index + 1] += ends[index];
        }
        let mut next = ends.clone();
        let mut all = vec![0_u32; self.all.len()];
        for list in 0..self.len() {
            for member in self.of(list) {
                let place = &mut next[*member as usize];
                all[*place] = list as u32;
                *place += 1;
            }
        }
        Self { ends, all }
    }
}

/// Ranges of numbers that follow each other, list by list: first and one past the last. Groups are numbered as demand
/// is, so that ground that hangs together is few ranges, and sums over it are differences of running sums.
#[derive(Debug, Clone)]
pub(super) struct Ranges {
    ends: Vec<usize>,
    all: Vec<(u32, u32)>,
}

impl Ranges {
    /// Those of ascending lists.
    fn of_lists(lists: &Lists) -> Self {
        let (mut ends, mut all) = (vec![0], Vec::<(u32, u32)>::new());
        for list in 0..lists.len() {
            let first = all.len();
            for member in lists.of(list) {
                match all[first..].last_mut() {
                    Some((_, end)) if *end == *member => *end += 1,
                    _ => all.push((*member, member + 1)),
                }
            }
            ends.push(all.len());
        }
        Self { ends, all }
    }

    /// Those of one list.
    #[inline]
    pub(super) fn of(&self, index: usize) -> &[(u32, u32)] {
        &self.all[self.ends[index]..self.ends[index + 1]]
    }
}

/// Candidates and demand. Demand that the same candidates cover is one group.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Weight of each group, in units.
    pub(super) weights: Vec<i64>,
    /// Groups that each candidate covers, ascending.
    pub(super) groups_of: Lists,
    /// The same as ranges.
    pub(super) ranges_of: Ranges,
    /// Candidates that cover each group, ascending.
    pub(super) sites_of: Lists,
    demand_groups: Vec<u32>,
    demand_weights: Vec<f64>,
    total_weight: f64,
}

impl Problem {
    /// `weights` of every demand; for every candidate the demands it covers.
    ///
    /// # Errors
    /// Weights that are none, no demand, covered demand that does not exist.
    pub fn new(weights: &[f64], covers: &[Vec<u32>]) -> Result<Self, SitingError> {
        if let Some(demand) = weights
            .iter()
            .position(|weight| !(weight.is_finite() && *weight >= 0.0))
        {
            let weight = weights[demand];
            return Err(SitingError::BadWeight { demand, weight });
        }
        let total_weight: f64 = weights.iter().sum();
        if total_weight <= 0.0 || !total_weight.is_finite() {
            return Err(SitingError::NoDemand);
        }
        let mut given = Lists::empty();
        for (site, cover) in covers.iter().enumerate() {
            if let Some(demand) = cover.iter().find(|demand| **demand as usize >= weights.len()) {
                return Err(SitingError::NoSuchDemand {
                    site,
                    demand: *demand,
                    demands: weights.len(),
                });
            }
            given.push(cover.iter().copied());
        }
        let units = |weight: f64| (weight / total_weight * TOTAL_UNITS) as i64;
        let by_demand = given.turned(weights.len());
        let weighed = weights.iter().map(|weight| units(*weight)).enumerate();
        let (sites_of, group_weights, demand_groups) =
            grouped(weighed.map(|(demand, weight)| (deduplicated(by_demand.of(demand)).collect(), weight)));
        let groups_of = sites_of.turned(covers.len());
        Ok(Self {
            weights: group_weights,
            ranges_of: Ranges::of_lists(&groups_of),
            groups_of,
            sites_of,
            demand_groups,
            demand_weights: weights.to_vec(),
            total_weight,
        })
    }

    /// Number of candidates.
    #[must_use]
    pub fn candidates(&self) -> usize {
        self.groups_of.len()
    }

    /// Number of groups of demand that the same candidates cover.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.weights.len()
    }

    /// Weight of all demand.
    #[must_use]
    pub fn total_weight(&self) -> f64 {
        self.total_weight
    }

    /// Weight of the demand that all candidates cover together.
    #[must_use]
    pub fn reachable_weight(&self) -> f64 {
        self.weight_of(|group| group != NOBODY)
    }

    /// Which demands the sites cover, and what it weighs.
    #[must_use]
    pub fn covered(&self, sites: &[usize]) -> (Vec<bool>, f64) {
        let mut groups = vec![false; self.weights.len()];
        for group in sites.iter().flat_map(|site| self.groups_of.of(*site)) {
            groups[*group as usize] = true;
        }
        let is_covered = |group: u32| group != NOBODY && groups[group as usize];
        let demands = self
            .demand_groups
            .iter()
            .map(|group| is_covered(*group))
            .collect();
        (demands, self.weight_of(is_covered))
    }

    fn weight_of(&self, counted: impl Fn(u32) -> bool) -> f64 {
        let pairs = self.demand_groups.iter().zip(&self.demand_weights);
        pairs
            .filter(|(group, _)| counted(**group))
            .map(|(_, weight)| weight)
            .sum()
    }

    /// A sum of units as weight.
    pub(super) fn weight_from_units(&self, units: f64) -> f64 {
        units / TOTAL_UNITS * self.total_weight
    }

    /// The same problem with sites already built: what they cover is no demand any more, and they cover nothing.
    pub(super) fn with_built(&self, kept: &[usize]) -> Self {
        let mut open = vec![true; self.weights.len()];
        for group in kept.iter().flat_map(|site| self.groups_of.of(*site)) {
            open[*group as usize] = false;
        }
        let left = (0..self.weights.len()).filter(|group| open[*group]);
        self.part(
            left.map(|group| (self.sites_of.of(group).to_vec(), self.weights[group])),
            self.candidates(),
        )
    }

    /// The same problem with these candidates only, numbered in the order given; ascending.
    pub(super) fn with_only(&self, sites: &[u32]) -> Self {
        let mut numbers = vec![NOBODY; self.candidates()];
        for (number, site) in sites.iter().enumerate() {
            numbers[*site as usize] = number as u32;
        }
        let of_group = |group: usize| {
            let renumbered = self.sites_of.of(group).iter().map(|site| numbers[*site as usize]);
            let left: Vec<u32> = renumbered.filter(|number| *number != NOBODY).collect();
            (left, self.weights[group])
        };
        self.part((0..self.weights.len()).map(of_group), sites.len())
    }

    /// A problem of some groups; of demands nobody can ask it.
    fn part(&self, groups: impl Iterator<Item = (Vec<u32>, i64)>, candidates: usize) -> Self {
        let (sites_of, weights, _) = grouped(groups);
        let groups_of = sites_of.turned(candidates);
        Self {
            ranges_of: Ranges::of_lists(&groups_of),
            groups_of,
            sites_of,
            weights,
            demand_groups: Vec::new(),
            demand_weights: Vec::new(),
            total_weight: self.total_weight,
        }
    }
}

/// Joins demand that the same candidates cover: who covers each group, its weight, and the group of each demand.
fn grouped(demands: impl Iterator<Item = (Vec<u32>, i64)>) -> (Lists, Vec<i64>, Vec<u32>) {
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let (mut sites_of, mut weights, mut groups) = (Lists::empty(), Vec::new(), Vec::new());
    for (sites, weight) in demands {
        if sites.is_empty() || weight == 0 {
            groups.push(NOBODY);
            continue;
        }
        let next = weights.len() as u32;
        let group = match known.get(&sites) {
            Some(group) => *group,
            None => {
                sites_of.push(sites.iter().copied());
                weights.push(0);
                known.insert(sites, next);
                next
            }
        };
        weights[group as usize] += weight;
        groups.push(group);
    }
    (sites_of, weights, groups)
}

/// An ascending list without repetitions.
fn deduplicated(sites: &[u32]) -> impl Iterator<Item = u32> {
    let repeated = |index: usize| index > 0 && sites[index] == sites[index - 1];
    (0..sites.len())
        .filter(move |index| !repeated(*index))
        .map(|index| sites[index])
}
