//! `flyonce siting`: where docks should stand, what each adds, and how much better any other choice could be.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use survey::area::{Layer, Polygon};
use survey::cells::CellSet;
use survey::geodesy::Datum;
use survey::grid::WorkingGrid;
use survey::raster::Lattice;
use survey::reach::FreeSpace;
use survey::reference::Reference;

use crate::cli::arguments::SitingArguments;
use crate::cli::output::{Output, table};
use crate::clock;
use crate::config::layers;
use crate::config::reach::ReachSettings;
use crate::config::roster::Roster;
use crate::coverage::answer::LayerUse;
use crate::coverage::basis::Basis;
use crate::lang::{Lang, Words};
use crate::map_picture::bounds_m;
use crate::siting::candidates::{Candidate, of_file, of_lattice, of_roster};
use crate::siting::{Asked, At, SitingAnswer, files, picture, site};
use crate::whole_file::write_whole;
use crate::workplace::Workplace;

/// A line of progress at most this often where there is no terminal to draw on.
const SAY_EVERY: Duration = Duration::from_secs(10);

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
    let bar = Bar::new(output.lang);
    let sited = tokio::task::block_in_place(|| site(&asked, &mut |at| bar.set(at)));
    bar.bar.finish_and_clear();
    let sited = sited?;
    if let Some(file) = &arguments.geojson {
        write_whole(file, serde_json::to_string(&files::geojson(&sited)?)?.as_bytes())?;
    }
    if let Some(file) = &arguments.png {
        write_whole(file, &picture::map_png(&sited, output.lang)?)?;
    }
    output.show(&sited.answer, |lang| text(&sited.answer, lang))
}

/// Ground to be reached and ground that is closed, with what they rest on.
struct Ground {
    grid: WorkingGrid,
    demand: Vec<Polygon>,
    closed: Vec<Polygon>,
    layers: Vec<LayerUse>,
    roster: Roster,
}

async fn asked(workplace: &Workplace, arguments: &SitingArguments) -> Result<Asked> {
    let datum: Option<Datum> = arguments.datum.as_deref().map(str::parse).transpose()?;
    let mut ground = ground(workplace, arguments, datum).await?;
    let mut given = Vec::new();
    for file in &arguments.no_fly {
        let layer = layers::load(file, None, None, datum.map(Reference::Geographic), "")?.layer;
        ground.layers.push(layer_use("no-fly", &layer));
        given.extend(layer.polygons);
    }
    let widened = FreeSpace::new(ground.grid.clone(), &given, arguments.margin_m, None)?;
    let space = widened.without(&ground.closed)?;
    let demand = CellSet::of_polygons(
        ground.grid.clone(),
        Lattice::new(arguments.cell_m),
        &ground.demand,
    )?;
    let kept = kept(arguments, &ground.roster, datum)?;
    let mut candidates = kept.clone();
    candidates.extend(free_candidates(arguments, &demand, &space, datum)?);
    let settings = &workplace.config.settings;
    ensure!(
        arguments.sites >= kept.len() && arguments.sites <= candidates.len() && arguments.sites <= 200,
        "--sites {}: {} sites are kept, {} candidates are there, and 200 is the most",
        arguments.sites,
        kept.len(),
        candidates.len()
    );
    Ok(Asked {
        kept: kept.len(),
        candidates,
        sites: arguments.sites,
        more: arguments.more,
        demand,
        reach: reach_rule(&arguments.reach, settings.reach)?,
        no_fly_areas: ground.closed.len() + given.len(),
        space,
        layers: ground.layers,
        seed: arguments.seed,
        seconds: arguments.seconds,
    })
}

async fn ground(workplace: &Workplace, arguments: &SitingArguments, datum: Option<Datum>) -> Result<Ground> {
    let settings = &workplace.config.settings;
    let today = workplace.zone.civil_day(clock::now());
    let basis = Basis::of(workplace, today, None, arguments.cell_m).await?;
    if let Some(file) = &arguments.layer {
        let layer = layers::load(
            file,
            None,
            arguments.layer_version.as_deref(),
            datum.map(Reference::Geographic),
            "",
        )?
        .layer;
        let corner = layer
            .polygons
            .first()
            .and_then(|polygon| polygon.exterior.first());
        let corner = *corner.context("the layer has no polygon")?;
        let mut layers = vec![layer_use("demand", &layer)];
        let (grid, closed, roster) = match basis {
            Some(basis) => {
                layers.extend(basis.layers(&[survey::layers::LayerKind::NoFly]));
                (basis.grid, basis.closed, basis.roster)
            }
            None => {
                let roster = Roster::load(&settings.fleet.roster_path(&settings.data_folder))?;
                (WorkingGrid::centred(corner)?, Vec::new(), roster)
            }
        };
        return Ok(Ground {
            grid,
            demand: layer.polygons,
            closed,
            layers,
            roster,
        });
    }
    let Some((basis, flyable)) = basis.and_then(|basis| basis.flyable.clone().map(|area| (basis, area)))
    else {
        bail!(
            "there is no flyable layer (未配置适飞图层): name one in the configuration or give --layer FILE"
        );
    };
    Ok(Ground {
        layers: basis.figure_layers(),
        grid: basis.grid,
        demand: flyable.polygons,
        closed: basis.closed,
        roster: basis.roster,
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

fn kept(arguments: &SitingArguments, roster: &Roster, datum: Option<Datum>) -> Result<Vec<Candidate>> {
    match arguments.keep.as_deref() {
        None => Ok(Vec::new()),
        Some("docks") if roster.docks.is_empty() => bail!("--keep docks: the roster has no dock"),
        Some("docks") => Ok(of_roster(roster)),
        Some(file) => of_file(file.as_ref(), datum),
    }
}

fn free_candidates(
    arguments: &SitingArguments,
    demand: &CellSet,
    space: &FreeSpace,
    datum: Option<Datum>,
) -> Result<Vec<Candidate>> {
    let Some(step) = arguments.candidates.strip_prefix("grid:") else {
        return of_file(arguments.candidates.as_ref(), datum);
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

fn text(answer: &SitingAnswer, lang: Lang) -> String {
    let mut rows = vec![
        [
            Words::new("序", "no."),
            Words::new("编号", "id"),
            Words::new("名称", "name"),
            Words::new("状态", "state"),
            Words::new("经度", "longitude"),
            Words::new("纬度", "latitude"),
            Words::new("新增 km²", "adds km²"),
            Words::new("可达 km²", "reaches km²"),
        ]
        .map(|words| words.pick(lang).to_owned())
        .to_vec(),
    ];
    for (number, site) in answer.sites.iter().enumerate() {
        rows.push(vec![
            (number + 1).to_string(),
            site.id.clone(),
            site.name.clone(),
            lang.pick(
                if site.kept { "保留" } else { "新建" },
                if site.kept { "kept" } else { "new" },
            )
            .to_owned(),
            format!("{:.5}", site.longitude_deg),
            format!("{:.5}", site.latitude_deg),
            format!("{:.2}", site.adds_km2),
            format!("{:.2}", site.reaches_km2),
        ]);
    }
    let mut lines = vec![headline(answer, lang), table(&rows)];
    lines.extend(more_lines(answer, lang));
    lines.push(basis(answer, lang));
    lines.join("\n")
}

/// What each further dock would add.
fn more_lines(answer: &SitingAnswer, lang: Lang) -> impl Iterator<Item = String> {
    answer.more.iter().map(move |more| {
        let places: Vec<String> = more
            .new
            .iter()
            .map(|site| {
                format!(
                    "{} ({:.5}, {:.5})",
                    site.id, site.longitude_deg, site.latitude_deg
                )
            })
            .collect();
        match lang {
            Lang::Zh => format!(
                "第 {} 个机场再增 {:.2} km²,合计 {:.2} km²(上限 {:.2} km²):{}",
                more.sites,
                more.adds_km2,
                more.covered_km2,
                more.bound_km2,
                places.join("、")
            ),
            Lang::En => format!(
                "dock {} adds {:.2} km², {:.2} km² in all (at most {:.2} km²): {}",
                more.sites,
                more.adds_km2,
                more.covered_km2,
                more.bound_km2,
                places.join(", ")
            ),
        }
    })
}

fn headline(answer: &SitingAnswer, lang: Lang) -> String {
    let (sites, covered, percent) = (answer.sites.len(), answer.covered_km2, answer.covered_percent);
    let (bound, gap) = (answer.bound_km2, answer.gap_percent);
    let proof = match (answer.optimal, answer.cut_short) {
        (true, _) => Words::new("已证明最优", "proven to be the best"),
        (false, true) => Words::new("时限已到", "time ran out"),
        (false, false) => Words::new("搜索完毕", "search done"),
    };
    let proof = proof.pick(lang);
    match lang {
        Lang::Zh => format!(
            "{sites} 个机场可达 {covered:.2} km²,占 {:.2} km² 的 {percent:.2} %;任何选址至多 {bound:.2} km²(差距 {gap:.2} %,{proof});以 {} m 格网复算 {:.2} km²",
            answer.demand_km2, answer.measure_cell_m, answer.measured_km2
        ),
        Lang::En => format!(
            "{sites} docks reach {covered:.2} km², {percent:.2} % of {:.2} km²; no choice reaches more than {bound:.2} km² (gap {gap:.2} %, {proof}); measured in cells of {} m: {:.2} km²",
            answer.demand_km2, answer.measure_cell_m, answer.measured_km2
        ),
    }
}

fn basis(answer: &SitingAnswer, lang: Lang) -> String {
    let layers: Vec<String> = answer
        .layers
        .iter()
        .map(|layer| format!("{} {} {}", layer.kind, layer.name, layer.version))
        .collect();
    let by = answer.reach.pick(lang);
    match lang {
        Lang::Zh => format!(
            "依据:{by};{} 个禁飞区;图层 {};候选点 {}(其中 {} 个在禁飞区内),全部候选合计可达 {:.2} km²;贪心 {:.2}、交换后 {:.2} km²;需求格网 {} m,种子 {}",
            answer.no_fly_areas,
            layers.join("、"),
            answer.candidates,
            answer.grounded_candidates,
            answer.all_candidates_km2,
            answer.greedy_km2,
            answer.swapped_km2,
            answer.demand_cell_m,
            answer.seed
        ),
        Lang::En => format!(
            "from: {by}; {} no-fly areas; layers {}; {} candidates ({} of them in no-fly areas), which all together reach {:.2} km²; greedy {:.2}, after swaps {:.2} km²; demand in cells of {} m, seed {}",
            answer.no_fly_areas,
            layers.join(", "),
            answer.candidates,
            answer.grounded_candidates,
            answer.all_candidates_km2,
            answer.greedy_km2,
            answer.swapped_km2,
            answer.demand_cell_m,
            answer.seed
        ),
    }
}

/// Progress on a terminal, and a line now and then where there is none.
struct Bar {
    bar: ProgressBar,
    lang: Lang,
    said: std::cell::Cell<Instant>,
}

impl Bar {
    fn new(lang: Lang) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            lang,
            said: std::cell::Cell::new(Instant::now()),
        }
    }

    fn set(&self, at: At) {
        let (share, words) = match at {
            At::Reach(known, all) => (
                known as f64 / all.max(1) as f64,
                Words::new(format!("可达范围 {known}/{all}"), format!("reach {known}/{all}")),
            ),
            At::Choice(gone, value, bound) => (
                gone,
                Words::new(
                    format!("选址 {:.2} %,上限 {:.2} %", 100.0 * value, 100.0 * bound),
                    format!("choice {:.2} %, at most {:.2} %", 100.0 * value, 100.0 * bound),
                ),
            ),
        };
        self.bar.set_position((1000.0 * share) as u64);
        self.bar.set_message(words.pick(self.lang).to_owned());
        if self.bar.is_hidden() && self.said.get().elapsed() >= SAY_EVERY {
            self.said.set(Instant::now());
            Output {
                lang: self.lang,
                json: false,
            }
            .say(&words);
        }
    }
}
