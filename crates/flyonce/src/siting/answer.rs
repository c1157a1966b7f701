//! What a siting says: the sites, what each is worth, how good the choice is, what more docks would add.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::coverage::answer::LayerUse;
use crate::lang::Words;

/// A site, chosen or kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SiteAnswer {
    /// Its name among the candidates.
    pub id: String,
    /// Name people use.
    pub name: String,
    /// Whether it stood before.
    pub kept: bool,
    /// Whether it stands in a no-fly area, so that nothing can take off from it.
    pub grounded: bool,
    /// Degrees, WGS-84.
    pub longitude_deg: f64,
    /// Degrees, WGS-84.
    pub latitude_deg: f64,
    /// Demand that it adds to the sites before it, km².
    pub adds_km2: f64,
    /// Demand that of all these sites it alone reaches, km²: what is lost without it.
    pub alone_km2: f64,
    /// Demand that is reached from it, km².
    pub reaches_km2: f64,
}

/// What further sites would add.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MoreAnswer {
    /// Sites in all.
    pub sites: usize,
    /// The new ones, those that add most first.
    pub new: Vec<SiteAnswer>,
    /// Demand reached then, km².
    pub covered_km2: f64,
    /// Share of the demand.
    pub covered_percent: f64,
    /// What that is more than with one site less, km².
    pub adds_km2: f64,
    /// No choice of so many new sites reaches more, km²: proven.
    pub bound_km2: f64,
}

/// Sites, and how good the choice is. Demand is km² of ground; where `weighed_by_class`, each km² counts as many times as
/// the class weight of the targets in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// The same as share of the demand.
    pub bound_percent: f64,
    /// How much better another choice can be at most, per cent of the bound.
    pub gap_percent: f64,
    /// Whether no choice is better.
    pub optimal: bool,
    /// Whether ground counts by the class weight of targets.
    pub weighed_by_class: bool,
    /// Ground of the demand, not weighed, km².
    pub ground_km2: f64,
    /// Ground reached, not weighed, km².
    pub covered_ground_km2: f64,
    /// The same measured in cells of `measure_cell_m`, km².
    pub measured_km2: f64,
    /// Size of the cells that the result is measured in, m.
    pub measure_cell_m: f64,
    /// Size of the cells of demand, m.
    pub demand_cell_m: f64,
    /// Demand that all candidates together reach, km².
    pub all_candidates_km2: f64,
    /// Demand reached by greedy choice, km².
    pub greedy_km2: f64,
    /// The same after best swaps, km².
    pub swapped_km2: f64,
    /// Number of candidates, kept sites included.
    pub candidates: usize,
    /// Those that nothing can take off from: in a no-fly area.
    pub grounded_candidates: usize,
    /// Points left out because a candidate before them stands at the same place.
    pub repeated_candidates: usize,
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

impl SitingAnswer {
    /// The sites that would come next, those that add most first: the longest list there is.
    pub fn next_sites(&self) -> &[SiteAnswer] {
        self.more.last().map_or(&[], |more| &more.new)
    }
}
