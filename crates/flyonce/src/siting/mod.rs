//! Siting of docks (机场选址): candidates, demand and reach go in; sites, what each adds and a proven bound come out.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use survey::cells::CellSet;
use survey::reach::{DockReach, FleetReach, FreeSpace, Grounded};
use survey::siting::{Effort, Problem, Progress, Siting, Stage, solve};

use crate::answers::place::rounded;
use crate::config::reach::ReachSettings;
use crate::coverage::answer::LayerUse;
use crate::siting::answer::{MoreAnswer, SiteAnswer, SitingAnswer};
use crate::siting::candidates::Candidate;
use crate::siting::demand::{DemandCells, Weighing, fine_factor, fine_lattice};

pub mod answer;
pub mod candidates;
pub mod demand;
pub mod files;
pub mod picture;
pub mod runs;

/// Shares of the time by which the stages end.
const STAGE_ENDS: [f64; 4] = [0.25, 0.6, 0.75, 1.0];
/// Share of the time that each further dock may take.
const SHARE_OF_MORE: f64 = 0.2;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Places to choose from; the kept ones first.
    pub candidates: Vec<Candidate>,
    /// How many of them are kept.
    pub kept: usize,
    /// Points left out because a candidate before them stands at the same place.
    pub repeated: usize,
    /// Sites in all, kept ones included.
    pub sites: usize,
    /// What so many further sites would add is told too.
    pub more: usize,
    /// Ground to be reached; its cells are the demand.
    pub demand: CellSet,
    /// What it counts; as much as its area where there is none.
    pub weighing: Option<Weighing>,
    /// How far docks reach.
    pub reach: ReachSettings,
    /// Where may be flown.
    pub space: FreeSpace,
    /// No-fly areas in it.
    pub no_fly_areas: usize,
    /// The layers that demand and space rest on.
    pub layers: Vec<LayerUse>,
    /// The search draws from it.
    pub seed: u64,
    /// Longest time to search and to prove, s.
    pub seconds: f64,
}

/// The answer and the ground it speaks of, for files and pictures.
#[derive(Debug, Clone)]
pub struct Sited {
    /// The answer.
    pub answer: SitingAnswer,
    /// What each site reaches of the demand, in the order of the answer.
    pub reached: Vec<CellSet>,
    /// Demand that no site reaches.
    pub uncovered: CellSet,
    /// All demand.
    pub demand: CellSet,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum At {
    /// So many candidates' reaches are known.
    Reach(usize, usize),
    /// The choice.
    Choice {
        /// Share of the time that all choices may take.
        done: f64,
        /// Sites of this choice.
        sites: usize,
        /// What the best choice so far covers, share of the demand.
        value: f64,
        /// What no choice exceeds, share of the demand.
        bound: f64,
    },
}

/// Chooses sites.
///
/// # Errors
/// Nothing to choose from, no demand, candidates outside the working area.
pub fn site(asked: &Asked, on_progress: &mut dyn FnMut(At)) -> Result<Sited> {
    let cells = DemandCells::of(&asked.demand, asked.weighing.as_ref());
    if cells.weights.is_empty() {
        bail!("there is no demand: the layer has no ground");
    }
    let reach = reach(asked, &cells, on_progress)?;
    let choices = Choices {
        asked,
        problem: Problem::new(&cells.weights, &reach.covers)?,
        is_grounded: reach.is_grounded,
    };
    let kept: Vec<usize> = (0..asked.kept).collect();
    let mut clock = Clock::new(asked.seconds, (0.0, 1.0 / all_parts(asked)));
    let siting = clock.solve(&choices.problem, (asked.sites, &kept), asked.seed, on_progress)?;
    let measured = measure(asked, &siting)?;
    let mut answer = choices.answer(&siting, clock.cut_short);
    answer.measured_km2 = rounded(measured.area_m2() / 1e6, 3);
    let (is_covered, _) = choices.problem.covered(&siting.sites);
    let covered = cells.ground_m2.iter().zip(&is_covered);
    answer.ground_km2 = km2(cells.ground_m2.iter().sum());
    answer.covered_ground_km2 = km2(covered.filter(|(_, is)| **is).map(|(ground, _)| ground).sum());
    answer.more = choices.more(&siting, on_progress)?;
    let painted = |site: &usize| cells.painted(&reach.covers[*site], &asked.demand);
    let reached: Vec<CellSet> = siting.sites.iter().map(painted).collect();
    let uncovered = reached
        .iter()
        .fold(asked.demand.clone(), |left, reached| left.difference(reached));
    Ok(Sited {
        answer,
        reached,
        uncovered,
        demand: asked.demand.clone(),
    })
}

/// Longest time that all choices may take, s; what candidates reach comes on top.
pub fn most_seconds(asked: &Asked) -> f64 {
    asked.seconds * all_parts(asked)
}

/// Time of all choices, in times of the first.
fn all_parts(asked: &Asked) -> f64 {
    1.0 + SHARE_OF_MORE * asked.more as f64
}

/// What each candidate reaches.
struct Reached {
    /// Numbers of the demand cells, candidate by candidate.
    covers: Vec<Vec<u32>>,
    /// Whether it stands in a no-fly area.
    is_grounded: Vec<bool>,
}

fn reach(asked: &Asked, cells: &DemandCells, on_progress: &mut dyn FnMut(At)) -> Result<Reached> {
    let (mut covers, mut is_grounded) = (Vec::new(), Vec::new());
    let lattice = asked.demand.lattice();
    for (index, candidate) in asked.candidates.iter().enumerate() {
        let reach = DockReach::of(candidate.position, &asked.reach.rule, &asked.space, lattice)
            .with_context(|| format!("candidate {}", candidate.id))?;
        if let Some(why) = reach.grounded()
            && why != Grounded::DockInNoFly
        {
            // What holds for every candidate is a mistake in the parameters; a no-fly area is the candidate's own.
            bail!("nothing is reachable: {why}");
        }
        is_grounded.push(reach.grounded().is_some());
        covers.push(cells.within(reach.cells()));
        on_progress(At::Reach(index + 1, asked.candidates.len()));
    }
    if is_grounded.iter().all(|is| *is) {
        bail!(
            "all {} candidates stand in no-fly areas (候选点全部在禁飞区内)",
            is_grounded.len()
        );
    }
    Ok(Reached { covers, is_grounded })
}

/// The demand that the sites reach, in cells of their own size.
fn measure(asked: &Asked, siting: &Siting) -> Result<CellSet> {
    let lattice = asked.demand.lattice();
    let places: Vec<_> = siting
        .sites
        .iter()
        .map(|site| asked.candidates[*site].position)
        .collect();
    let fleet = FleetReach::of(&places, &asked.reach.rule, &asked.space, fine_lattice(lattice))?;
    Ok(fleet
        .union
        .intersection(&asked.demand.refined(fine_factor(lattice))))
}

/// What there is to choose from.
struct Choices<'a> {
    asked: &'a Asked,
    problem: Problem,
    is_grounded: Vec<bool>,
}

impl Choices<'_> {
    /// What further sites would add, up to the number asked for.
    fn more(&self, siting: &Siting, on_progress: &mut dyn FnMut(At)) -> Result<Vec<MoreAnswer>> {
        let mut answers: Vec<MoreAnswer> = Vec::new();
        let mut before = siting.value;
        let all = all_parts(self.asked);
        for further in 1..=self.asked.more {
            let sites = siting.sites.len() + further;
            if sites > self.problem.candidates() {
                break;
            }
            let from = (1.0 + SHARE_OF_MORE * (further - 1) as f64) / all;
            let part = (from, from + SHARE_OF_MORE / all);
            let mut clock = Clock::new(self.asked.seconds * SHARE_OF_MORE, part);
            let with = clock.solve(
                &self.problem,
                (sites, &siting.sites),
                self.asked.seed,
                on_progress,
            )?;
            let new = (siting.sites.len()..sites).map(|at| self.site(&with, at, false));
            answers.push(MoreAnswer {
                sites,
                new: new.collect(),
                covered_km2: km2(with.value),
                covered_percent: self.percent(with.value),
                adds_km2: km2(with.value - before),
                bound_km2: km2(with.bound),
            });
            before = with.value;
        }
        Ok(answers)
    }

    fn answer(&self, siting: &Siting, cut_short: bool) -> SitingAnswer {
        let (asked, problem) = (self.asked, &self.problem);
        let site = |at: usize| self.site(siting, at, at < siting.kept);
        SitingAnswer {
            sites: (0..siting.sites.len()).map(site).collect(),
            demand_km2: km2(problem.total_weight()),
            covered_km2: km2(siting.value),
            covered_percent: self.percent(siting.value),
            bound_km2: km2(siting.bound),
            bound_percent: self.percent(siting.bound),
            gap_percent: rounded(100.0 * siting.gap(), 3),
            optimal: siting.is_optimal(),
            weighed_by_class: asked.weighing.is_some(),
            ground_km2: 0.0,
            covered_ground_km2: 0.0,
            measured_km2: 0.0,
            measure_cell_m: fine_lattice(asked.demand.lattice()).cell_m(),
            demand_cell_m: asked.demand.lattice().cell_m(),
            all_candidates_km2: km2(problem.reachable_weight()),
            greedy_km2: km2(siting.greedy),
            swapped_km2: km2(siting.swapped),
            candidates: asked.candidates.len(),
            grounded_candidates: self.is_grounded.iter().filter(|is| **is).count(),
            repeated_candidates: asked.repeated,
            reach: asked.reach.words(),
            no_fly_areas: asked.no_fly_areas,
            layers: asked.layers.clone(),
            seed: asked.seed,
            cut_short,
            more: Vec::new(),
        }
    }

    fn site(&self, siting: &Siting, at: usize, kept: bool) -> SiteAnswer {
        let site = siting.sites[at];
        let candidate = &self.asked.candidates[site];
        let others: Vec<usize> = siting
            .sites
            .iter()
            .copied()
            .filter(|other| *other != site)
            .collect();
        SiteAnswer {
            id: candidate.id.clone(),
            name: candidate.name.clone(),
            kept,
            grounded: self.is_grounded[site],
            longitude_deg: rounded(candidate.position.longitude_deg, 6),
            latitude_deg: rounded(candidate.position.latitude_deg, 6),
            adds_km2: km2(siting.adds[at]),
            alone_km2: km2(siting.value - self.problem.covered(&others).1),
            reaches_km2: km2(self.problem.covered(&[site]).1),
        }
    }

    fn percent(&self, weight: f64) -> f64 {
        rounded(100.0 * weight / self.problem.total_weight(), 3)
    }
}

fn km2(square_metres: f64) -> f64 {
    rounded(square_metres / 1e6, 3)
}

/// Holds the work to a time.
struct Clock {
    started: Instant,
    seconds: f64,
    /// Shares of all the work at which this part of it begins and ends.
    part: (f64, f64),
    cut_short: bool,
}

impl Clock {
    fn new(seconds: f64, part: (f64, f64)) -> Self {
        Self {
            started: Instant::now(),
            seconds,
            part,
            cut_short: false,
        }
    }

    fn solve(
        &mut self,
        problem: &Problem,
        (sites, kept): (usize, &[usize]),
        seed: u64,
        on_progress: &mut dyn FnMut(At),
    ) -> Result<Siting> {
        let effort = Effort {
            seed,
            ..Effort::default()
        };
        let all = problem.total_weight();
        let go_on = &mut |progress: Progress| {
            let gone = self.started.elapsed().as_secs_f64() / self.seconds;
            on_progress(At::Choice {
                done: self.part.0 + (self.part.1 - self.part.0) * gone.min(1.0),
                sites,
                value: progress.value / all,
                bound: progress.bound / all,
            });
            let stage = match progress.stage {
                Stage::Search => 0,
                Stage::Prices => 1,
                Stage::Core => 2,
                Stage::Branch => 3,
            };
            let in_time = gone < STAGE_ENDS[stage];
            self.cut_short |= !in_time;
            in_time
        };
        Ok(solve(problem, sites, kept, effort, go_on)?)
    }
}
