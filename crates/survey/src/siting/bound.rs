//! What no choice can exceed. Every group of demand pays a price to the sites that cover it and keeps the rest of its
//! weight (Lagrangian relaxation of "covered only by a chosen site"): then the best sites are those that are paid most,
//! and the sum bounds every choice from above, whatever the prices. Prices are moved along deflected subgradients
//! (Camerini, Fratta, Maffioli 1975) to bring the bound down.

use super::problem::Problem;

/// Below this share of a better choice a bound counts as reached: well above the rounding of sums.
pub(super) const SAME: f64 = 1e-9;

/// A pursuit ends when its steps have become so short, as share of the first.
const SHORTEST_STEP: f64 = 1e-4;
/// Steps become so much shorter at a time.
const SHORTENING: f64 = 0.7;

/// What is decided of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    In,
    Out,
}

/// A part of all choices: some candidates are in, some are out.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) fates: Vec<Fate>,
    pub(super) prices: Vec<f32>,
    /// No choice in this part covers more, units.
    pub(super) bound: f64,
    /// How often each candidate was among the best paid, lately: near the linear relaxation's shares.
    pub(super) shares: Vec<f32>,
}

/// How a bound is sought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pursuit {
    pub(super) rounds: u32,
    /// First length of steps, of the distance that a step of Polyak's length would go.
    pub(super) step: f64,
    /// Rounds without a lower bound after which steps are shortened.
    pub(super) patience: u32,
}

/// Bounds for choices of `sites` candidates.
pub(super) struct Relaxation<'p> {
    problem: &'p Problem,
    sites: usize,
    weights: Vec<f64>,
    paid: Vec<f64>,
    order: Vec<u32>,
    covered: Vec<bool>,
    choice: Vec<u32>,
    slope: Vec<f64>,
    deflected: Vec<f64>,
    prices: Vec<f64>,
    /// Sums of the prices before each group.
    sums: Vec<f64>,
}

/// What a pursuit came to.
#[derive(Debug)]
pub(super) struct Found {
    /// The best paid sites at the lowest bound, those decided in among them.
    pub(super) sites: Vec<u32>,
}

impl<'p> Relaxation<'p> {
    pub(super) fn new(problem: &'p Problem, sites: usize) -> Self {
        let groups = problem.groups();
        Self {
            problem,
            sites,
            weights: problem.weights.iter().map(|weight| *weight as f64).collect(),
            paid: vec![0.0; problem.candidates()],
            order: Vec::new(),
            covered: vec![false; groups],
            choice: Vec::new(),
            slope: vec![0.0; groups],
            deflected: vec![0.0; groups],
            prices: vec![0.0; groups],
            sums: vec![0.0; groups + 1],
        }
    }

    /// All choices, not bounded yet.
    pub(super) fn whole(&self) -> Part {
        Part {
            fates: vec![Fate::Open; self.problem.candidates()],
            prices: self.weights.iter().map(|weight| (*weight / 2.0) as f32).collect(),
            bound: self.weights.iter().sum(),
            shares: vec![0.0; self.problem.candidates()],
        }
    }

    /// Brings the bound of a part down until it is not above `reached` (units) or the pursuit ends; decides candidates
    /// that no choice above `reached` can have otherwise.
    pub(super) fn pursue(
        &mut self,
        part: &mut Part,
        reached: i64,
        pursuit: Pursuit,
        go_on: &mut dyn FnMut(f64, u32) -> bool,
    ) -> Found {
        let target = reached as f64 * (1.0 + SAME);
        self.enter(part);
        let mut step = pursuit.step;
        let (mut since_lower, mut found) = (0, Found { sites: Vec::new() });
        let mut best_prices: Vec<f64> = self.prices.clone();
        let mut lowest = f64::INFINITY;
        for round in 0..pursuit.rounds.max(1) {
            let value = self.evaluate(part);
            if value < lowest {
                // A hair's breadth lower is no progress.
                since_lower = if value < lowest - (lowest - target) * 1e-3 {
                    0
                } else {
                    since_lower + 1
                };
                lowest = value;
                best_prices.copy_from_slice(&self.prices);
                found.sites.clone_from(&self.choice);
            } else {
                since_lower += 1;
            }
            if lowest <= target || !go_on(lowest.min(part.bound), round) {
                break;
            }
            if since_lower >= pursuit.patience {
                (step, since_lower) = (step * SHORTENING, 0);
                if step < pursuit.step * SHORTEST_STEP {
                    break;
                }
                // Start again from the best prices known.
                self.prices.copy_from_slice(&best_prices);
                self.deflected.fill(0.0);
                self.evaluate(part);
            }
            let share = 0.05_f32;
            part.shares.iter_mut().for_each(|known| *known *= 1.0 - share);
            for site in &self.choice {
                part.shares[*site as usize] += share;
            }
            self.step(step, value - target);
        }
        self.prices.copy_from_slice(&best_prices);
        let value = self.evaluate(part);
        part.bound = part.bound.min(value);
        self.decide(part, value, target);
        part.prices
            .iter_mut()
            .zip(&self.prices)
            .for_each(|(kept, price)| *kept = *price as f32);
        found
    }

    /// The open candidates of a part that are paid most at its prices, at most so many, ascending.
    pub(super) fn best_paid(&mut self, part: &Part, most: usize) -> Vec<u32> {
        self.enter(part);
        self.evaluate(part);
        let mut all = std::mem::take(&mut self.order);
        all.extend(
            self.choice
                .iter()
                .filter(|site| part.fates[**site as usize] == Fate::Open),
        );
        all.sort_unstable_by(|a, b| {
            self.paid[*b as usize]
                .total_cmp(&self.paid[*a as usize])
                .then(a.cmp(b))
        });
        all.truncate(most);
        all.sort_unstable();
        all
    }

    /// Takes over what a part knows.
    fn enter(&mut self, part: &Part) {
        self.covered.fill(false);
        for (site, _) in part
            .fates
            .iter()
            .enumerate()
            .filter(|(_, fate)| **fate == Fate::In)
        {
            for group in self.problem.groups_of.of(site) {
                self.covered[*group as usize] = true;
            }
        }
        self.deflected.fill(0.0);
        // With all sites decided nothing pays any more: asking for all weight makes the bound the one choice's value.
        let is_full = part.fates.iter().filter(|fate| **fate == Fate::In).count() >= self.sites;
        for (group, price) in self.prices.iter_mut().enumerate() {
            *price = match self.covered[group] {
                true => 0.0,
                false if is_full => self.weights[group],
                false => f64::from(part.prices[group]).clamp(0.0, self.weights[group]),
            };
        }
    }

    /// The bound at the present prices; leaves in `choice` the sites that are paid most, in `order` the others.
    fn evaluate(&mut self, part: &Part) -> f64 {
        self.order.clear();
        self.choice.clear();
        let mut sum = 0.0;
        for (price, end) in self.prices.iter().zip(&mut self.sums[1..]) {
            sum += price;
            *end = sum;
        }
        for (site, fate) in part.fates.iter().enumerate() {
            match fate {
                Fate::In => self.choice.push(site as u32),
                Fate::Out => {}
                Fate::Open => {
                    let ranges = self.problem.ranges_of.of(site).iter();
                    let pay =
                        |(first, end): &(u32, u32)| self.sums[*end as usize] - self.sums[*first as usize];
                    self.paid[site] = ranges.map(pay).sum();
                    self.order.push(site as u32);
                }
            }
        }
        let left = self.sites.saturating_sub(self.choice.len()).min(self.order.len());
        let paid = &self.paid;
        if left > 0 && left < self.order.len() {
            let by_pay = |a: &u32, b: &u32| paid[*b as usize].total_cmp(&paid[*a as usize]).then(a.cmp(b));
            self.order.select_nth_unstable_by(left - 1, by_pay);
        }
        self.choice.extend(self.order.drain(..left));
        let pay: f64 = self
            .choice
            .iter()
            .filter(|site| part.fates[**site as usize] == Fate::Open)
            .map(|site| paid[*site as usize])
            .sum();
        let kept: f64 = self
            .weights
            .iter()
            .zip(&self.prices)
            .map(|(weight, price)| weight - price)
            .sum();
        kept + pay
    }

    /// Moves the prices: up where nobody chosen covers, down where several do.
    fn step(&mut self, step: f64, above: f64) {
        self.slope.fill(-1.0);
        for site in &self.choice {
            for group in self.problem.groups_of.of(*site as usize) {
                self.slope[*group as usize] += 1.0;
            }
        }
        let (mut along, mut length) = (0.0, 0.0);
        for (group, slope) in self.slope.iter_mut().enumerate() {
            let (price, weight) = (self.prices[group], self.weights[group]);
            let stuck =
                self.covered[group] || (*slope < 0.0 && price >= weight) || (*slope > 0.0 && price <= 0.0);
            if stuck {
                *slope = 0.0;
            }
            along += *slope * self.deflected[group];
            length += self.deflected[group] * self.deflected[group];
        }
        let turn = if along < 0.0 { -1.5 * along / length } else { 0.0 };
        let mut squares = 0.0;
        for (deflected, slope) in self.deflected.iter_mut().zip(&self.slope) {
            *deflected = slope + turn * *deflected;
            squares += *deflected * *deflected;
        }
        if squares == 0.0 {
            return;
        }
        let by = step * above / squares;
        for (group, price) in self.prices.iter_mut().enumerate() {
            if !self.covered[group] {
                *price = (*price - by * self.deflected[group]).clamp(0.0, self.weights[group]);
            }
        }
    }

    /// Decides open candidates: out, if even the bound with them in is not above the target; in, if even the bound
    /// without them is not.
    fn decide(&mut self, part: &mut Part, value: f64, target: f64) {
        let chosen = |site: &&u32| part.fates[**site as usize] == Fate::Open;
        let open_choice: Vec<u32> = self.choice.iter().filter(chosen).copied().collect();
        let pay = |site: &u32| self.paid[*site as usize];
        let Some(least_chosen) = open_choice.iter().map(pay).reduce(f64::min) else {
            return;
        };
        let most_left = self.order.iter().map(pay).reduce(f64::max);
        for site in &self.order {
            if value - least_chosen + pay(site) <= target {
                part.fates[*site as usize] = Fate::Out;
            }
        }
        if let Some(most_left) = most_left {
            for site in &open_choice {
                if value - pay(site) + most_left <= target {
                    part.fates[*site as usize] = Fate::In;
                }
            }
        }
    }
}
