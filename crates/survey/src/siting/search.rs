//! Good choices: greedy, best swaps, then tabu search with kicks. Every draw comes from the seed.

use super::Stage;
use super::tables::{Swap, Tables};

/// Rounds without a better choice after which the search is kicked elsewhere.
const PATIENCE: u64 = 150;

/// Draws numbers (SplitMix64; Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `end` − 1; `end` is far below 2³².
    fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 32) as usize * end) >> 32
    }
}

/// Fills the slots, each with the candidate that adds most.
pub(super) fn greedy(tables: &mut Tables<'_>) {
    for slot in 0..tables.slots.len() {
        if let Some(site) = tables.best_addition() {
            tables.put(slot, site);
        }
    }
}

/// Makes the best swap until none brings anything.
pub(super) fn climb(tables: &mut Tables<'_>) {
    while let Some(swap) = tables.best_swap(|_, _, brings| brings > 0) {
        tables.swap(swap);
    }
}

/// Searches for `rounds` swaps, or until `go_on(best value, round)` says no. Leaves the best choice found in the tables.
pub(super) fn tabu(
    tables: &mut Tables<'_>,
    stage: Stage,
    rounds: u64,
    seed: u64,
    go_on: &mut dyn FnMut(Stage, i64, u64) -> bool,
) {
    let candidates = tables.is_chosen.len();
    if tables.slots.is_empty() || candidates == tables.slots.len() {
        return;
    }
    let mut draws = Draws::new(seed);
    let (mut best, mut best_sites) = (tables.value, tables.slots.clone());
    // Until which round a candidate may neither come nor go.
    let mut resting = vec![0_u64; candidates];
    let (mut since_better, mut local_best) = (0, tables.value);
    for round in 1..=rounds {
        if !go_on(stage, best, round) {
            break;
        }
        let value = tables.value;
        let slots = &tables.slots;
        let swap = tables.best_swap(|slot, site, brings| {
            let rested = resting[site] < round && resting[slots[slot] as usize] < round;
            rested || value + brings > best
        });
        if let Some(swap) = swap {
            let gone = tables.slots[swap.slot];
            tables.swap(swap);
            let (few, slots) = (tables.slots.len() / 4, tables.slots.len());
            resting[gone as usize] = round + (slots / 2 + 2 + draws.below(slots + 1)) as u64;
            resting[swap.site as usize] = round + draws.below(few + 1) as u64;
        }
        if tables.value > local_best {
            (local_best, since_better) = (tables.value, 0);
        } else {
            since_better += 1;
        }
        if tables.value > best {
            (best, best_sites) = (tables.value, tables.slots.clone());
        }
        if since_better >= PATIENCE {
            kick(tables, &best_sites, &mut draws);
            resting.fill(0);
            (local_best, since_better) = (tables.value, 0);
        }
    }
    tables.choose(&best_sites);
}

/// Goes back to the best choice, or stays, and puts some sites elsewhere at random.
fn kick(tables: &mut Tables<'_>, best_sites: &[u32], draws: &mut Draws) {
    if draws.below(2) == 0 {
        tables.choose(best_sites);
    }
    let slots = tables.slots.len();
    let moved = 2 + draws.below(slots / 2 + 1);
    for _ in 0..moved {
        let (slot, site) = (draws.below(slots), draws.below(tables.is_chosen.len()) as u32);
        if !tables.is_chosen[site as usize] {
            tables.swap(Swap {
                slot,
                site,
                brings: 0,
            });
        }
    }
}
