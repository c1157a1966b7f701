//! `flyonce siting`: where docks should stand, what each adds, and how much better any other choice could be.

use anyhow::{Context, Result, bail, ensure};
use survey::area::{Layer, Polygon};
use survey::cells::CellSet;
use survey::grid::WorkingGrid;
use survey::layers::LayerKind;
use survey::raster::Lattice;
use survey::reach::FreeSpace;
use survey::reference::Reference;
use survey::targets::Target;

use crate::cli::arguments::{SitingArguments, Weigh};
use crate::cli::output::Output;
use crate::clock;
use crate::config::layers;
use crate::config::reach::ReachSettings;
use crate::config::roster::Roster;
use crate::coverage::answer::LayerUse;
use crate::coverage::basis::Basis;
use crate::map_picture::bounds_m;
use crate::siting::candidates::{Candidate, called, joined, of_file, of_lattice, of_roster};
use crate::siting::demand::Weighing;
use crate::siting::runs::Runs;
use crate::siting::{Asked, files, picture, site};
use crate::whole_file::write_whole;
use crate::workplace::Workplace;

mod progress;
mod text;

use progress::Bar;

/// Most sites that are chosen, further ones included.
const MOST_SITES: usize = 200;
/// Layers of targets, which weigh demand.
const TARGET_KINDS: [LayerKind; 4] = [
    LayerKind::TargetPoint,
    LayerKind::TargetCorridor,
    LayerKind::TargetArea,
    LayerKind::TargetSite,
];

/// Chooses, prints, writes files.
///
/// # Errors
/// Files, layers or numbers that cannot be used.
pub async fn run(output: Output, workplace: &Workplace, arguments: &SitingArguments) -> Result<()> {
    ensure!(
        (1.0..=2000.0).contains(&arguments.cell_m),
        "--cell-m must be 1 to 2000"
    );
    ensure!(
        arguments.seconds > 0.0 && arguments.margin_m >= 0.0,
        "--seconds must be above 0, --margin-m 0 or more"
    );
    let asked = asked(workplace, arguments).await?;
    output.say(&text::question(&asked));
    let bar = Bar::new(output.lang);
    let sited = tokio::task::block_in_place(|| site(&asked, &mut |at| bar.set(at)));
    bar.end();
    let sited = sited?;
    let geojson = serde_json::to_string(&files::geojson(&sited)?)?;
    if let Some(file) = &arguments.geojson {
        write_whole(file, geojson.as_bytes())?;
    }
    if let Some(file) = &arguments.png {
        write_whole(file, &picture::map_png(&sited, output.lang)?)?;
    }
    let run = Runs::of(workplace.store.folder()).keep(&sited.answer, &geojson, clock::now())?;
    output.show(&run, |lang| text::text(&run, lang))
}

/// Ground to be reached and ground that is closed, with what they rest on.
struct Ground {
    grid: WorkingGrid,
    demand: Vec<Polygon>,
    closed: Vec<Polygon>,
    layers: Vec<LayerUse>,
    roster: Roster,
    targets: Vec<Target>,
    target_layers: Vec<LayerUse>,
}

async fn asked(workplace: &Workplace, arguments: &SitingArguments) -> Result<Asked> {
    let reference: Option<Reference> = arguments.datum.as_deref().map(str::parse).transpose()?;
    let mut ground = ground(workplace, arguments, reference).await?;
    let mut given = Vec::new();
    for file in &arguments.no_fly {
        let layer = layers::load(file, None, None, reference, "")?.layer;
        ground.layers.push(layer_use(LayerKind::NoFly.name(), &layer));
        given.extend(layer.polygons);
    }
    let widened = FreeSpace::new(ground.grid.clone(), &given, arguments.margin_m, None)?;
    let space = widened.without(&ground.closed)?;
    let demand = CellSet::of_polygons(
        ground.grid.clone(),
        Lattice::new(arguments.cell_m),
        &ground.demand,
    )?;
    let weighing = weighing(arguments, &mut ground, &demand)?;
    let free = free_candidates(arguments, &demand, &space, reference)?;
    let kept = kept(arguments, &ground.roster, &free, reference)?;
    let kept_count = kept.len();
    let (candidates, repeated) = joined(kept, free)?;
    check_numbers(arguments, kept_count, candidates.len())?;
    Ok(Asked {
        kept: kept_count,
        candidates,
        repeated,
        sites: arguments.sites,
        more: arguments.more,
        demand,
        weighing,
        reach: reach_rule(&arguments.reach, workplace.config.settings.reach)?,
        no_fly_areas: ground.closed.len() + given.len(),
        space,
        layers: ground.layers,
        seed: arguments.seed,
        seconds: arguments.seconds,
    })
}

fn check_numbers(arguments: &SitingArguments, kept: usize, candidates: usize) -> Result<()> {
    let sites = arguments.sites;
    ensure!(sites > 0, "--sites 0: at least one site has to be asked for");
    ensure!(
        sites >= kept,
        "--sites {sites}: {kept} sites are kept already; --sites counts them too, so say {kept} or more"
    );
    ensure!(
        sites <= candidates,
        "--sites {sites}: only {candidates} candidates are there, kept ones included (候选点不足); give more with \
         --candidates, or ask for fewer sites"
    );
    ensure!(
        sites.saturating_add(arguments.more) <= MOST_SITES,
        "--sites {sites} --more {}: {MOST_SITES} sites in all are the most",
        arguments.more
    );
    Ok(())
}

/// What demand counts, and the layers that say so.
fn weighing(arguments: &SitingArguments, ground: &mut Ground, demand: &CellSet) -> Result<Option<Weighing>> {
    if arguments.weigh == Weigh::Area {
        return Ok(None);
    }
    ensure!(
        !ground.targets.is_empty(),
        "--weigh class: no layer of targets counts today (没有目标图层); import one with `flyonce layers import --kind \
         target-area` or another target kind"
    );
    ground.layers.append(&mut ground.target_layers);
    Weighing::of(&ground.targets, demand).map(Some)
}

async fn ground(
    workplace: &Workplace,
    arguments: &SitingArguments,
    reference: Option<Reference>,
) -> Result<Ground> {
    let today = workplace.zone.civil_day(clock::now());
    let basis = Basis::of(workplace, today, None, arguments.cell_m).await?;
    if let Some(file) = &arguments.layer {
        let version = arguments.layer_version.as_deref();
        let layer = layers::load(file, None, version, reference, "")?.layer;
        return of_layer(workplace, layer, basis);
    }
    let Some((basis, flyable)) = basis.and_then(|basis| basis.flyable.clone().map(|area| (basis, area)))
    else {
        bail!(
            "there is no flyable layer (未配置适飞图层): name one in the configuration or give --layer FILE"
        );
    };
    Ok(Ground {
        layers: basis.figure_layers(),
        target_layers: basis.layers(&TARGET_KINDS),
        grid: basis.grid,
        demand: flyable.polygons,
        closed: basis.closed,
        roster: basis.roster,
        targets: basis.targets,
    })
}

/// A layer of the command line as demand; docks, targets and closed ground are those of the data folder.
fn of_layer(workplace: &Workplace, layer: Layer, basis: Option<Basis>) -> Result<Ground> {
    let corner = layer
        .polygons
        .first()
        .and_then(|polygon| polygon.exterior.first());
    let corner = *corner.context("the layer has no polygon")?;
    let mut layers = vec![layer_use("demand", &layer)];
    if let Some(basis) = basis {
        layers.extend(basis.layers(&[LayerKind::NoFly]));
        return Ok(Ground {
            layers,
            target_layers: basis.layers(&TARGET_KINDS),
            grid: basis.grid,
            demand: layer.polygons,
            closed: basis.closed,
            roster: basis.roster,
            targets: basis.targets,
        });
    }
    let settings = &workplace.config.settings;
    Ok(Ground {
        grid: WorkingGrid::centred(corner)?,
        demand: layer.polygons,
        closed: Vec::new(),
        layers,
        roster: Roster::load(&settings.fleet.roster_path(&settings.data_folder))?,
        targets: Vec::new(),
        target_layers: Vec::new(),
    })
}

fn layer_use(kind: &str, layer: &Layer) -> LayerUse {
    LayerUse {
        kind: kind.to_owned(),
        name: layer.name.clone(),
        version: layer.version.clone(),
        valid_from: None,
        valid_to: None,
        source: Some(layer.source.clone()).filter(|source| !source.is_empty()),
    }
}

fn kept(
    arguments: &SitingArguments,
    roster: &Roster,
    free: &[Candidate],
    reference: Option<Reference>,
) -> Result<Vec<Candidate>> {
    match arguments.keep.as_deref() {
        None => Ok(Vec::new()),
        Some("docks") if roster.docks.is_empty() => bail!("--keep docks: the roster has no dock"),
        Some("docks") => Ok(of_roster(roster)),
        Some(text) => match text.strip_prefix("ids:") {
            Some(names) => called(free, names),
            None => of_file(text.as_ref(), reference),
        },
    }
}

fn free_candidates(
    arguments: &SitingArguments,
    demand: &CellSet,
    space: &FreeSpace,
    reference: Option<Reference>,
) -> Result<Vec<Candidate>> {
    let Some(step) = arguments.candidates.strip_prefix("grid:") else {
        return of_file(arguments.candidates.as_ref(), reference);
    };
    let step_m = step
        .parse::<f64>()
        .ok()
        .filter(|step_m| (10.0..=100_000.0).contains(step_m));
    let step_m =
        step_m.with_context(|| format!("--candidates grid:{step}: a step of 10 to 100000 m is expected"))?;
    let bounds = bounds_m(demand).context("the layer has no ground")?;
    of_lattice(demand, space, bounds, step_m)
}

fn reach_rule(text: &str, configured: ReachSettings) -> Result<ReachSettings> {
    if text == "flown" {
        return Ok(configured);
    }
    let radius = text
        .strip_prefix("disc:")
        .and_then(|radius| radius.parse::<f64>().ok());
    let radius_m = radius.filter(|radius_m| (10.0..=100_000.0).contains(radius_m));
    let radius_m =
        radius_m.with_context(|| format!("--reach {text}: flown, or disc:RADIUS_M of 10 to 100000"))?;
    Ok(ReachSettings::disc(radius_m))
}
