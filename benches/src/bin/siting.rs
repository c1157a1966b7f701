//! Siting: value, proven bound and gap, in seconds of processor time, on instances of stated size.
//! `cargo run --release -p benches --bin siting -- CANDIDATES DEMANDS RADIUS_KM [--seconds S] [--seed N] [--write FILE]`
//!
//! 40 × 40 km; demand on a square lattice, weighed by 40 hot spots; 3 no-fly discs without demand and candidates;
//! 16 sites; reach is a disc. `--write` writes the instance for `siting_highs.py`.

#![expect(clippy::expect_used, reason = "a bench stops by panicking")]

use std::fmt::Write as _;

use benches::{Spread, mean_processor_seconds, processor_seconds};
use survey::siting::{Effort, Problem, Progress, Siting, Stage, solve};

const SIDE_KM: f64 = 40.0;
const SITES: usize = 16;
/// Gap at which a choice counts as proven: HiGHS stops there.
const PROVEN: f64 = 1e-4;
/// A choice counts as good within this share of the bound.
const GOOD: f64 = 0.005;

struct Asked {
    candidates: usize,
    demands: usize,
    radius_km: f64,
    seconds: f64,
    seed: u64,
    write: Option<String>,
}

fn main() {
    let asked = asked();
    let instance = Instance::new(&asked);
    if let Some(file) = &asked.write {
        std::fs::write(file, instance.text(&asked)).expect("the instance can be written");
    }
    let covers = instance.covers(asked.radius_km);
    let read = || Problem::new(&instance.weights, &covers).expect("a sound instance");
    let problem = read();
    println!(
        "{} candidates, {} demands in {} groups, {} covers, r = {} km; read in {:.4} s",
        problem.candidates(),
        instance.weights.len(),
        problem.groups(),
        covers.iter().map(Vec::len).sum::<usize>(),
        asked.radius_km,
        mean_processor_seconds(|| drop(read()))
    );
    let effort = Effort {
        parts: u64::MAX,
        ..Effort::default()
    };
    let started = processor_seconds();
    // Shares of the time by which the stages end.
    let shares = [0.15, 0.55, 0.7, 1.0];
    let mut ends = [0.0; 4];
    let mut proven = None;
    let siting = solve(&problem, SITES, &[], effort, &mut |progress: Progress| {
        let now = processor_seconds() - started;
        if proven.is_none() && progress.bound <= progress.value * (1.0 + PROVEN) {
            proven = Some(now);
        }
        let stage = match progress.stage {
            Stage::Search => 0,
            Stage::Prices => 1,
            Stage::Core => 2,
            Stage::Branch => 3,
        };
        ends[stage] = now;
        now < asked.seconds * shares[stage]
    })
    .expect("16 of the candidates");
    let end = processor_seconds() - started;
    let proven = proven.or((siting.gap() <= PROVEN).then_some(end));
    report(&problem, &siting, (ends, end));
    let good = siting.bound * (1.0 - GOOD);
    let seconds = |at: Option<f64>| at.map_or_else(|| "not".to_owned(), |at| format!("{at:.4} s"));
    println!(
        "within 0.5 % of the bound after {}, gap of 0.01 % proven after {}",
        seconds((siting.value >= good).then(|| time_to(&problem, effort, good))),
        seconds(proven)
    );
}

/// Processor seconds until the search has a choice of so much weight: an upper bound, because what comes after the
/// search is entered before it ends.
fn time_to(problem: &Problem, effort: Effort, weight: f64) -> f64 {
    mean_processor_seconds(|| {
        let mut is_short = |progress: Progress| progress.value < weight;
        solve(problem, SITES, &[], effort, &mut is_short).expect("16 of the candidates");
    })
}

fn report(problem: &Problem, siting: &Siting, (ends, end): ([f64; 4], f64)) {
    let percent = |weight: f64| 100.0 * weight / problem.total_weight();
    println!(
        "greedy {:.4} %, swaps {:.4} %, search {:.4} %, in the end {:.4} %",
        percent(siting.greedy),
        percent(siting.swapped),
        percent(siting.searched),
        percent(siting.value)
    );
    println!(
        "bound by prices {:.4} %, by branching {:.4} % ({} parts): gap {:.4} %{}",
        percent(siting.prices_bound),
        percent(siting.bound),
        siting.parts,
        100.0 * siting.gap(),
        if siting.is_optimal() { ", optimal" } else { "" }
    );
    println!(
        "processor s: search {:.2}, prices to {:.2}, core search to {:.2}, branching to {:.2}; all {:.2}",
        ends[0], ends[1], ends[2], ends[3], end
    );
}

fn asked() -> Asked {
    let mut words = std::env::args().skip(1);
    let (mut plain, mut asked) = (
        Vec::new(),
        Asked {
            candidates: 500,
            demands: 9_400,
            radius_km: 3.0,
            seconds: 60.0,
            seed: 1,
            write: None,
        },
    );
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value after the option");
        match word.as_str() {
            "--seconds" => asked.seconds = value().parse().expect("seconds"),
            "--seed" => asked.seed = value().parse().expect("a seed"),
            "--write" => asked.write = Some(value()),
            _ => plain.push(word),
        }
    }
    let number = |at: usize, default: f64| {
        plain
            .get(at)
            .map_or(default, |word| word.parse().expect("a number"))
    };
    asked.candidates = number(0, 500.0) as usize;
    asked.demands = number(1, 9_400.0) as usize;
    asked.radius_km = number(2, 3.0);
    asked
}

struct Instance {
    sites: Vec<[f64; 2]>,
    demands: Vec<[f64; 2]>,
    weights: Vec<f64>,
}

impl Instance {
    fn new(asked: &Asked) -> Self {
        let mut spread = Spread::new(asked.seed);
        let mut anywhere = move || [spread.next() * SIDE_KM, spread.next() * SIDE_KM];
        let no_fly: Vec<([f64; 2], f64)> = [2.0, 2.5, 3.0].map(|radius| (anywhere(), radius)).to_vec();
        let hot: Vec<([f64; 2], f64)> = (0..40)
            .map(|spot| (anywhere(), 0.8 + 0.05 * f64::from(spot)))
            .collect();
        let free = |at: &[f64; 2]| {
            no_fly
                .iter()
                .all(|(centre, radius)| apart(*at, *centre) > *radius)
        };
        // The lattice is as fine as it takes for about so many points outside the no-fly discs.
        let shut: f64 = no_fly
            .iter()
            .map(|(_, radius)| std::f64::consts::PI * radius * radius)
            .sum();
        let step = ((SIDE_KM * SIDE_KM - shut) / asked.demands as f64).sqrt();
        let steps = (SIDE_KM / step) as usize;
        let demands: Vec<[f64; 2]> = (0..steps * steps)
            .map(|cell| {
                [(cell % steps) as f64 + 0.5, (cell / steps) as f64 + 0.5]
                    .map(|at| at * SIDE_KM / steps as f64)
            })
            .filter(free)
            .collect();
        let heat = |at: &[f64; 2]| -> f64 {
            hot.iter()
                .map(|(centre, width)| (-(apart(*at, *centre) / width).powi(2) / 2.0).exp())
                .sum()
        };
        let weights = demands.iter().map(|at| 0.1 + heat(at)).collect();
        let sites = std::iter::repeat_with(anywhere)
            .filter(free)
            .take(asked.candidates)
            .collect();
        Self {
            sites,
            demands,
            weights,
        }
    }

    fn covers(&self, radius_km: f64) -> Vec<Vec<u32>> {
        let near = |site: &[f64; 2]| {
            let demands = self.demands.iter().enumerate();
            let covered = demands.filter(|(_, at)| apart(*site, **at) <= radius_km);
            covered.map(|(index, _)| index as u32).collect()
        };
        self.sites.iter().map(near).collect()
    }

    fn text(&self, asked: &Asked) -> String {
        let list = |points: &[[f64; 2]]| {
            let mut text = String::new();
            for [x, y] in points {
                let comma = if text.is_empty() { "" } else { "," };
                let _ = write!(text, "{comma}[{x},{y}]");
            }
            text
        };
        let weights: Vec<String> = self.weights.iter().map(f64::to_string).collect();
        format!(
            "{{\"sites\":{SITES},\"radius_km\":{},\"candidates\":[{}],\"demands\":[{}],\"weights\":[{}]}}",
            asked.radius_km,
            list(&self.sites),
            list(&self.demands),
            weights.join(",")
        )
    }
}

fn apart(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
