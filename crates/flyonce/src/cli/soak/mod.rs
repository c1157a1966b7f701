//! `flyonce soak`: a simulated city flies its calendar day after day while a seeded die breaks things by name, kills
//! the service and the broker and calls everyone home; after every day the rules that must always hold are held against
//! the rows and against what the city itself saw.

mod check;
mod mix;
mod news;
mod report;
mod site;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use store::jobs::JobKind;
use tokio_util::sync::CancellationToken;

use crate::cli::output::Output;
use crate::config::Config;
use crate::lang::Words;
use crate::running::stop_requested;
use crate::runtime_setup::set_up;
use crate::workplace::Workplace;

use check::{DayResult, DaySeen, Violation, check, rows};
use mix::DayPlan;
use site::{Day, RUN_UP_S, Site};

/// City seconds from the wave to the last landing of a good day; things go wrong within this time.
const WAVE_S: f64 = 170.0;
/// How often it is looked whether the day is over.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A day that takes longer than this hangs: a vehicle whose radio is dead is waited for 40 vehicle minutes.
const CITY_PATIENCE_S: f64 = 4500.0;
/// What has nothing to do with the city's clock (photos, models) may take so long.
const WALL_PATIENCE: Duration = Duration::from_secs(240);

/// `soak`.
#[derive(Debug, Args)]
pub struct SoakArguments {
    /// Simulated days, a wave each.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub days: u32,
    /// Docks.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub docks: u16,
    /// Seed of city, faults and kills; the same seed breaks the same things.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 10.0, value_parser = speed)]
    pub speed: f64,
    /// First day; to repeat one day of a seed.
    #[arg(long, default_value_t = 0)]
    pub from_day: u32,
    /// Folder for everything; kept when it is given or when a rule was broken.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok().filter(|speed| (0.5..=20.0).contains(speed));
    speed.ok_or_else(|| format!("{text} is no speed between 0.5 and 20"))
}

/// Everything a soak came to.
#[derive(Debug, Default)]
struct Soaked {
    days: Vec<(DayPlan, DayResult)>,
    violations: Vec<Violation>,
    kills: usize,
    broker_restarts: usize,
    ground_stops: usize,
    /// Asked to stop in the middle of this day, of which nothing counts.
    stopped_on_day: Option<u32>,
}

/// Flies the days and reports; asked to stop (SIGINT, SIGTERM), it ends its processes and reports the days so far. Ends
/// with an error when a rule was broken.
///
/// # Errors
/// A broken rule; what could not be done.
pub async fn run(output: Output, arguments: &SoakArguments) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        set_up(&mut |what| output.say(&Words::new(format!("下载 {what}"), format!("fetching {what}"))))
    })
    .await??;
    let folder = arguments.folder.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("flyonce-soak-{}-{}", arguments.seed, std::process::id()))
    });
    let stop = stopped_by_a_signal();
    let size = (arguments.docks, arguments.seed, arguments.speed);
    let site = Site::new(&folder, size, stop.clone())?;
    let begun = Instant::now();
    let mut soaked = Soaked::default();
    let flown = all_days(&site, arguments, &stop, &mut soaked).await;
    flown.with_context(|| format!("see {}", folder.display()))?;
    let clean = soaked.violations.is_empty();
    report::show(output, arguments, &site, &soaked, begun.elapsed())?;
    if clean && arguments.folder.is_none() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    if !clean {
        bail!(
            "{} violations; repeat with --seed {} --docks {} --speed {} (files: {})",
            soaked.violations.len(),
            arguments.seed,
            arguments.docks,
            arguments.speed,
            folder.display()
        );
    }
    Ok(())
}

/// Cancelled once this process is asked to end.
fn stopped_by_a_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        stop_requested().await;
        told.cancel();
    });
    stop
}

/// Day after day, until all are flown or it is asked to stop; the processes of the day end with it.
async fn all_days(
    site: &Site,
    arguments: &SoakArguments,
    stop: &CancellationToken,
    soaked: &mut Soaked,
) -> Result<()> {
    let bar = bar(arguments.days);
    for number in arguments.from_day..arguments.from_day + arguments.days {
        let plan = DayPlan::of(arguments.seed, number, arguments.docks);
        bar.set_message(format!("{} violations", soaked.violations.len()));
        let flown = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            flown = one_day(site, &plan, arguments, soaked) => Some(flown),
        };
        let Some(flown) = flown.filter(|_| !stop.is_cancelled()) else {
            soaked.stopped_on_day = Some(number);
            break;
        };
        let result = flown.with_context(|| format!("day {number}"))?;
        soaked.days.push((plan, result));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn bar(days: u32) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(days));
    if let Ok(style) = ProgressStyle::with_template("{elapsed} {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// One thing that is done to the running day.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    RestartBroker,
    CallHome,
}

/// What is done, and when, seconds after the service started.
fn blows(plan: &DayPlan, speed: f64, has_broker: bool) -> Vec<(f64, Blow)> {
    let moment = |share: f64| (RUN_UP_S * 0.7 + (WAVE_S + RUN_UP_S * 0.3) * share) / speed;
    let mut blows: Vec<(f64, Blow)> = plan
        .kills
        .iter()
        .map(|share| (moment(*share), Blow::Kill))
        .collect();
    let broker = plan.broker_restart.filter(|_| has_broker);
    blows.extend(broker.map(|share| (moment(share), Blow::RestartBroker)));
    blows.extend(plan.ground_stop.map(|share| (moment(share), Blow::CallHome)));
    blows.sort_by(|a, b| a.0.total_cmp(&b.0));
    blows
}

async fn one_day(
    site: &Site,
    plan: &DayPlan,
    arguments: &SoakArguments,
    soaked: &mut Soaked,
) -> Result<DayResult> {
    let mut day = tokio::task::block_in_place(|| site.begin(plan))?;
    let begun = Instant::now();
    let mut config = Config::load(Some(&site.config()))?;
    config.settings.data_folder = site.data();
    let workplace = Workplace::open(config).await?;
    let mut grounded_at_ms = None;
    for (at_s, blow) in blows(plan, arguments.speed, site.has_broker()) {
        tokio::time::sleep_until((begun + Duration::from_secs_f64(at_s)).into()).await;
        tokio::task::block_in_place(|| strike(&mut day, blow, soaked, &mut grounded_at_ms))?;
    }
    let city_log = site.city_log(plan.number);
    let is_over = wait_for_the_end(&workplace, plan, arguments, &mut day, &city_log).await?;
    if grounded_at_ms.is_some() {
        tokio::task::block_in_place(|| day.release())?;
    }
    let city = news::read(&city_log);
    let seen = DaySeen {
        plan,
        city: &city,
        grounded_at_ms,
        is_over,
        docks: arguments.docks,
    };
    let (result, mut violations) = check(&workplace, &seen).await?;
    tokio::task::block_in_place(|| drop(day));
    if !site.is_quiet() {
        violations.push(Violation {
            day: plan.number,
            rule: "nothing goes on running",
            found: "a port of the day is still taken".to_owned(),
        });
    }
    soaked.violations.append(&mut violations);
    Ok(result)
}

fn strike(
    day: &mut Day<'_>,
    blow: Blow,
    soaked: &mut Soaked,
    grounded_at_ms: &mut Option<i64>,
) -> Result<()> {
    match blow {
        Blow::Kill => {
            soaked.kills += 1;
            day.kill_service()
        }
        Blow::RestartBroker => {
            soaked.broker_restarts += 1;
            day.restart_broker()
        }
        Blow::CallHome => {
            soaked.ground_stops += 1;
            *grounded_at_ms = Some(day.call_home()?);
            Ok(())
        }
    }
}

/// Waits until every slot and sortie has its end, no photo waits, and no motor runs; false when that takes too long.
async fn wait_for_the_end(
    workplace: &Workplace,
    plan: &DayPlan,
    arguments: &SoakArguments,
    day: &mut Day<'_>,
    city_log: &Path,
) -> Result<bool> {
    let patience = WALL_PATIENCE + Duration::from_secs_f64(CITY_PATIENCE_S / arguments.speed);
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if day.has_died() {
            bail!("the city or the service ended by itself");
        }
        let (slots, flights) = rows(workplace, plan).await?;
        let taken_on = slots.len() == usize::from(arguments.docks)
            && slots
                .iter()
                .all(|slot| slot.state != store::flights::SlotState::Due);
        let over = taken_on && flights.iter().all(|flight| flight.state.is_final());
        let parked = || news::read(city_log).values().all(|dock| !dock.armed);
        if over && nothing_waits(workplace).await? && parked() {
            return Ok(true);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(false)
}

async fn nothing_waits(workplace: &Workplace) -> Result<bool> {
    let looks = workplace.store.job_counts(JobKind::Look).await?;
    let leads = workplace.store.job_counts(JobKind::Associate).await?;
    Ok(looks.queued + looks.running + leads.queued + leads.running == 0)
}
