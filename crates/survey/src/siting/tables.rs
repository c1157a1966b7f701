//! Gain of every candidate, loss of every chosen site, and what a swap gets back of the loss: kept up to date on every
//! change, so that the best of all swaps is one pass over a table.

use super::problem::Problem;

/// Candidate numbers of empty slots.
pub(super) const NONE: u32 = u32::MAX;

/// A choice of sites in numbered slots, and what changing it would do.
#[derive(Debug, Clone)]
pub(super) struct Tables<'p> {
    problem: &'p Problem,
    /// Site in each slot.
    pub(super) slots: Vec<u32>,
    /// Whether each candidate is in a slot.
    pub(super) is_chosen: Vec<bool>,
    /// What is covered, units.
    pub(super) value: i64,
    /// What each candidate would add, units.
    gain: Vec<i64>,
    /// What each slot alone covers, units.
    loss: Vec<i64>,
    /// By slot and candidate: what of the slot's loss the candidate covers too, units.
    shared: Vec<i64>,
    /// How many chosen sites cover each group.
    covering: Vec<u16>,
    /// Their slots, joined by exclusive or: with one site left it is that site's slot.
    slots_xor: Vec<u16>,
}

/// A swap: the slot to empty, the candidate to put there, and what it brings, units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Swap {
    pub(super) slot: usize,
    pub(super) site: u32,
    pub(super) brings: i64,
}

impl<'p> Tables<'p> {
    /// Nothing chosen yet.
    pub(super) fn new(problem: &'p Problem, slots: usize) -> Self {
        let candidates = problem.candidates();
        let worth = |site: usize| {
            let groups = problem.groups_of.of(site).iter();
            groups.map(|group| problem.weights[*group as usize]).sum()
        };
        Self {
            problem,
            slots: vec![NONE; slots],
            is_chosen: vec![false; candidates],
            value: 0,
            gain: (0..candidates).map(worth).collect(),
            loss: vec![0; slots],
            shared: vec![0; slots * candidates],
            covering: vec![0; problem.groups()],
            slots_xor: vec![0; problem.groups()],
        }
    }

    /// Puts a site into an empty slot.
    pub(super) fn put(&mut self, slot: usize, site: u32) {
        let problem = self.problem;
        self.slots[slot] = site;
        self.is_chosen[site as usize] = true;
        for group in problem.groups_of.of(site as usize) {
            let at = *group as usize;
            match self.covering[at] {
                0 => {
                    self.value += problem.weights[at];
                    self.change_gain(at, -problem.weights[at]);
                    self.change_loss(slot, at, problem.weights[at]);
                }
                1 => self.change_loss(usize::from(self.slots_xor[at]), at, -problem.weights[at]),
                _ => {}
            }
            self.covering[at] += 1;
            self.slots_xor[at] ^= slot as u16;
        }
    }

    /// Empties a slot.
    pub(super) fn take(&mut self, slot: usize) {
        let problem = self.problem;
        let site = std::mem::replace(&mut self.slots[slot], NONE);
        self.is_chosen[site as usize] = false;
        for group in problem.groups_of.of(site as usize) {
            let at = *group as usize;
            self.covering[at] -= 1;
            self.slots_xor[at] ^= slot as u16;
            match self.covering[at] {
                0 => {
                    self.value -= problem.weights[at];
                    self.change_gain(at, problem.weights[at]);
                    self.change_loss(slot, at, -problem.weights[at]);
                }
                1 => self.change_loss(usize::from(self.slots_xor[at]), at, problem.weights[at]),
                _ => {}
            }
        }
    }

    /// Makes a swap.
    pub(super) fn swap(&mut self, swap: Swap) {
        self.take(swap.slot);
        self.put(swap.slot, swap.site);
    }

    /// Replaces the whole choice.
    pub(super) fn choose(&mut self, sites: &[u32]) {
        for (slot, site) in sites.iter().enumerate() {
            if self.slots[slot] != NONE && self.slots[slot] != *site {
                self.take(slot);
            }
        }
        for (slot, site) in sites.iter().enumerate() {
            if self.slots[slot] == NONE {
                self.put(slot, *site);
            }
        }
    }

    fn change_gain(&mut self, group: usize, by: i64) {
        for site in self.problem.sites_of.of(group) {
            self.gain[*site as usize] += by;
        }
    }

    fn change_loss(&mut self, slot: usize, group: usize, by: i64) {
        self.loss[slot] += by;
        let candidates = self.gain.len();
        let row = &mut self.shared[slot * candidates..(slot + 1) * candidates];
        for site in self.problem.sites_of.of(group) {
            row[*site as usize] += by;
        }
    }

    /// The candidate that adds most, the first of equals; `None` when all are chosen.
    pub(super) fn best_addition(&self) -> Option<u32> {
        let free = (0..self.gain.len()).filter(|site| !self.is_chosen[*site]);
        free.max_by_key(|site| (self.gain[*site], std::cmp::Reverse(*site)))
            .map(|site| site as u32)
    }

    /// What a candidate would add, units.
    pub(super) fn gain(&self, site: u32) -> i64 {
        self.gain[site as usize]
    }

    /// The best swap of those that `allowed` lets through, by slot, candidate and what it brings; the first of equals.
    pub(super) fn best_swap(&self, allowed: impl Fn(usize, usize, i64) -> bool) -> Option<Swap> {
        let candidates = self.gain.len();
        let mut best: Option<Swap> = None;
        for (slot, loss) in self.loss.iter().enumerate() {
            let row = &self.shared[slot * candidates..(slot + 1) * candidates];
            for (site, (gain, shared)) in self.gain.iter().zip(row).enumerate() {
                let brings = gain + shared - loss;
                if best.is_none_or(|best| brings > best.brings)
                    && !self.is_chosen[site]
                    && allowed(slot, site, brings)
                {
                    best = Some(Swap {
                        slot,
                        site: site as u32,
                        brings,
                    });
                }
            }
        }
        best
    }
}
