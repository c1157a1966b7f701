//! Siting of docks (机场选址): candidates, demand and reach go in; sites, what each adds and a proven bound come out.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use survey::cells::CellSet;
use survey::grid::GridPoint;
use survey::raster::{Lattice, TILE_CELLS, TileKey};
use survey::reach::{DockReach, FleetReach, FreeSpace};
use survey::siting::{Effort, Problem, Progress, Siting, Stage, solve};

use crate::answers::place::rounded;
use crate::config::reach::ReachSettings;
use crate::coverage::answer::LayerUse;
use crate::lang::Words;
use crate::siting::candidates::Candidate;

pub mod candidates;
pub mod files;
pub mod picture;

/// The ground that the chosen sites reach is measured in cells of this size, metres.
const MEASURE_CELL_M: f64 = 25.0;
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
    /// Sites in all, kept ones included.
    pub sites: usize,
    /// What so many further sites would add is told too.
    pub more: usize,
    /// Ground to be reached; its cells are the demand.
    pub demand: CellSet,
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

/// A chosen site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteAnswer {
    /// Its name among the candidates.
    pub id: String,
    /// Name people use.
    pub name: String,
    /// Whether it stood before.
    pub kept: bool,
    /// Degrees, WGS-84.
    pub longitude_deg: f64,
    /// Degrees, WGS-84.
    pub latitude_deg: f64,
    /// Demand that it adds to the sites before it, km².
    pub adds_km2: f64,
    /// Demand that is reached from it, km².
    pub reaches_km2: f64,
}

/// What further sites would add.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MoreAnswer {
    /// Sites in all.
    pub sites: usize,
    /// The new ones, those that add most first.
    pub new: Vec<SiteAnswer>,
    /// Demand reached then, km².
    pub covered_km2: f64,
    /// What that is more than with one site less, km².
    pub adds_km2: f64,
    /// No choice of so many new sites reaches more, km².
    pub bound_km2: f64,
}

/// Sites, and how good the choice is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SitingAnswer {
    /// The sites: kept ones first, then new ones, those that add most first.
    pub sites: Vec<SiteAnswer>,
    /// Demand in all, km².
    pub demand_km2: f64,
    /// Demand reached, km².
    pub covered_km2: f64,
    /// Share of the demand.
    pub covered_percent: f64,
    /// No choice of so many sites reaches more, km²: proven.
    pub bound_km2: f64,
    /// How much better another choice can be at most, per cent of the bound.
    pub gap_percent: f64,
    /// Whether no choice is better.
    pub optimal: bool,
    /// Demand that all candidates together reach, km².
    pub all_candidates_km2: f64,
    /// Demand reached by greedy choice, km².
    pub greedy_km2: f64,
    /// The same after best swaps, km².
    pub swapped_km2: f64,
    /// Demand reached, measured in cells of `measure_cell_m`, km².
    pub measured_km2: f64,
    /// Size of the cells that the result is measured in, m.
    pub measure_cell_m: f64,
    /// Size of the cells of demand, m.
    pub demand_cell_m: f64,
    /// Number of candidates.
    pub candidates: usize,
    /// Those that nothing can take off from: in a no-fly area.
    pub grounded_candidates: usize,
    /// How far docks reach.
    pub reach: Words,
    /// No-fly areas.
    pub no_fly_areas: usize,
    /// Layers that it rests on.
    pub layers: Vec<LayerUse>,
    /// Seed of the search.
    pub seed: u64,
    /// Whether time ran out, so that another run may find or prove more.
    pub cut_short: bool,
    /// What further sites would add.
    pub more: Vec<MoreAnswer>,
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
    /// The choice: share of the time, value and bound as shares of the demand.
    Choice(f64, f64, f64),
}

/// Chooses sites.
///
/// # Errors
/// Nothing to choose from, no demand, candidates outside the working area.
pub fn site(asked: &Asked, on_progress: &mut dyn FnMut(At)) -> Result<Sited> {
    let cells = DemandCells::of(&asked.demand);
    if cells.weights.is_empty() {
        bail!("there is no demand: the layer has no ground");
    }
    let (mut covers, mut grounded_candidates) = (Vec::new(), 0);
    let lattice = asked.demand.lattice();
    for (index, candidate) in asked.candidates.iter().enumerate() {
        let reach = DockReach::of(candidate.position, &asked.reach.rule, &asked.space, lattice)
            .with_context(|| format!("candidate {}", candidate.id))?;
        if let Some(why) = reach.grounded() {
            // What holds for every candidate is a mistake in the parameters; a no-fly area is the candidate's own.
            if why != survey::reach::Grounded::DockInNoFly {
                bail!("nothing is reachable: {why}");
            }
            grounded_candidates += 1;
        }
        covers.push(cells.within(reach.cells()));
        on_progress(At::Reach(index + 1, asked.candidates.len()));
    }
    let problem = Problem::new(&cells.weights, &covers)?;
    let kept: Vec<usize> = (0..asked.kept).collect();
    let mut clock = Clock::new(asked.seconds);
    let siting = clock.solve(&problem, (asked.sites, &kept), asked.seed, on_progress)?;
    let measured = measure(asked, &siting)?;
    let mut answer = answer(asked, &problem, &siting, clock.cut_short);
    answer.grounded_candidates = grounded_candidates;
    answer.measured_km2 = rounded(measured.area_m2() / 1e6, 3);
    answer.more = more(asked, &problem, &siting, on_progress)?;
    let painted = |site: &usize| cells.painted(&covers[*site], &asked.demand);
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

/// The demand that the sites reach, in cells of their own size.
fn measure(asked: &Asked, siting: &Siting) -> Result<CellSet> {
    let lattice = asked.demand.lattice();
    let factor = (lattice.cell_m() / MEASURE_CELL_M).round().max(1.0) as u32;
    let fine = Lattice::new(lattice.cell_m() / f64::from(factor));
    let places: Vec<_> = siting
        .sites
        .iter()
        .map(|site| asked.candidates[*site].position)
        .collect();
    let fleet = FleetReach::of(&places, &asked.reach.rule, &asked.space, fine)?;
    Ok(fleet.union.intersection(&asked.demand.refined(factor)))
}

fn more(
    asked: &Asked,
    problem: &Problem,
    siting: &Siting,
    on_progress: &mut dyn FnMut(At),
) -> Result<Vec<MoreAnswer>> {
    let mut answers: Vec<MoreAnswer> = Vec::new();
    let mut before = siting.value;
    for further in 1..=asked.more {
        let sites = siting.sites.len() + further;
        if sites > problem.candidates() {
            break;
        }
        let mut clock = Clock::new(asked.seconds * SHARE_OF_MORE);
        let with = clock.solve(problem, (sites, &siting.sites), asked.seed, on_progress)?;
        let new = (siting.sites.len()..sites).map(|at| site_answer(asked, problem, &with, at, false));
        answers.push(MoreAnswer {
            sites,
            new: new.collect(),
            covered_km2: km2(with.value),
            adds_km2: km2(with.value - before),
            bound_km2: km2(with.bound),
        });
        before = with.value;
    }
    Ok(answers)
}

fn answer(asked: &Asked, problem: &Problem, siting: &Siting, cut_short: bool) -> SitingAnswer {
    let site = |at: usize| site_answer(asked, problem, siting, at, at < siting.kept);
    SitingAnswer {
        sites: (0..siting.sites.len()).map(site).collect(),
        demand_km2: km2(problem.total_weight()),
        covered_km2: km2(siting.value),
        covered_percent: rounded(100.0 * siting.value / problem.total_weight(), 3),
        bound_km2: km2(siting.bound),
        gap_percent: rounded(100.0 * siting.gap(), 3),
        optimal: siting.is_optimal(),
        all_candidates_km2: km2(problem.reachable_weight()),
        greedy_km2: km2(siting.greedy),
        swapped_km2: km2(siting.swapped),
        measured_km2: 0.0,
        measure_cell_m: MEASURE_CELL_M,
        demand_cell_m: asked.demand.lattice().cell_m(),
        candidates: asked.candidates.len(),
        grounded_candidates: 0,
        reach: asked.reach.words(),
        no_fly_areas: asked.no_fly_areas,
        layers: asked.layers.clone(),
        seed: asked.seed,
        cut_short,
        more: Vec::new(),
    }
}

fn site_answer(asked: &Asked, problem: &Problem, siting: &Siting, at: usize, kept: bool) -> SiteAnswer {
    let site = siting.sites[at];
    let candidate = &asked.candidates[site];
    SiteAnswer {
        id: candidate.id.clone(),
        name: candidate.name.clone(),
        kept,
        longitude_deg: rounded(candidate.position.longitude_deg, 6),
        latitude_deg: rounded(candidate.position.latitude_deg, 6),
        adds_km2: km2(siting.adds[at]),
        reaches_km2: km2(problem.covered(&[site]).1),
    }
}

fn km2(square_metres: f64) -> f64 {
    rounded(square_metres / 1e6, 3)
}

/// Holds the work to a time.
struct Clock {
    started: Instant,
    seconds: f64,
    cut_short: bool,
}

impl Clock {
    fn new(seconds: f64) -> Self {
        Self {
            started: Instant::now(),
            seconds,
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
            on_progress(At::Choice(
                gone.min(1.0),
                progress.value / all,
                progress.bound / all,
            ));
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

/// The cells of demand by number.
struct DemandCells {
    numbers: BTreeMap<TileKey, Vec<(usize, u32)>>,
    weights: Vec<f64>,
}

impl DemandCells {
    fn of(demand: &CellSet) -> Self {
        let lattice = demand.lattice();
        let (mut numbers, mut weights) = (BTreeMap::new(), Vec::new());
        for (key, bits) in demand.tiles() {
            let mut of_tile = Vec::new();
            for (row, column) in set_bits(bits.as_slice()) {
                let centre: GridPoint = lattice.cell_centre(
                    key.0 * TILE_CELLS + row as i32,
                    key.1 * TILE_CELLS + column as i32,
                );
                of_tile.push((row * 64 + column, weights.len() as u32));
                weights.push(lattice.cell_m2() / demand.grid().areal_scale(centre));
            }
            numbers.insert(*key, of_tile);
        }
        Self { numbers, weights }
    }

    /// Numbers of the demand cells of a set on the same lattice, ascending.
    fn within(&self, cells: &CellSet) -> Vec<u32> {
        let mut within = Vec::new();
        for (key, bits) in cells.tiles() {
            let of_tile = self.numbers.get(key).into_iter().flatten();
            let inside = of_tile.filter(|(bit, _)| bits[bit / 64] >> (bit % 64) & 1 == 1);
            within.extend(inside.map(|(_, number)| *number));
        }
        within
    }

    /// Demand cells by their numbers, as a set.
    fn painted(&self, numbers: &[u32], demand: &CellSet) -> CellSet {
        let mut set = CellSet::empty(demand.grid().clone(), demand.lattice());
        for (key, of_tile) in &self.numbers {
            let mut bits: survey::raster::Bits = Box::new([0; 64]);
            for (bit, number) in of_tile {
                if numbers.binary_search(number).is_ok() {
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
            set.insert(*key, &bits);
        }
        set
    }
}

/// Row and column of every set bit.
fn set_bits(rows: &[u64]) -> impl Iterator<Item = (usize, usize)> {
    rows.iter().enumerate().flat_map(|(row, word)| {
        (0..64)
            .filter(move |column| word >> column & 1 == 1)
            .map(move |column| (row, column))
    })
}
