//! `flyonce demo`: broker, service and a simulated city, one launch wave from the calendar to the leads, a summary
//! in words, and the page. Afterwards the data folder is a normal one.

mod city;
mod figures;
mod summary;
mod watch;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use schedule::calendar::slots_between;
use survey::time::UtcMicros;

use crate::answers::score::score;
use crate::answers::wave::{all_leads, wave};
use crate::cli::arguments::DemoArguments;
use crate::cli::output::Output;
use crate::cli::serve::{listen, say_where};
use crate::config::Config;
use crate::config::fleet::BrokerSetting;
use crate::fleet::city_clock::CityClock;
use crate::fleet::service::Fleet;
use crate::lang::Words;
use crate::layers::shelf::Shelf;
use crate::model::ModelInUse;
use crate::running::Running;
use crate::runtime_setup::set_up;
use crate::workplace::Workplace;
use crate::{clock, layers};

use city::{City, Ports, free_ports};
use figures::{Figures, Looks};

/// First wave of a fresh folder: Monday 2026-03-02, 10:00 in Shanghai. A day later for every wave flown before.
const FIRST_WAVE: UtcMicros = UtcMicros(1_772_416_800_000_000);
const DAY_US: i64 = 86_400_000_000;
/// Docks and vehicles come up in this time before the wave, seconds of real time.
const RUN_UP_S: f64 = 12.0;

/// Flies the wave, tells what came of it, and serves the page.
///
/// # Errors
/// What could not be done.
pub async fn run(output: Output, config: Config, arguments: &DemoArguments) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        set_up(&mut |what| output.say(&Words::new(format!("下载 {what}"), format!("fetching {what}"))))
    })
    .await??;
    let begun = Instant::now();
    refuse_real_fleet(&config)?;
    let ports = free_ports(arguments.docks)?;
    let workplace = Workplace::open(for_demo(config, &ports)).await?;
    let start = next_wave(&workplace).await?;
    let folder = workplace.config.settings.data_folder.clone();
    lay_out_layers(&workplace)?;
    output.say(&Words::new(
        format!(
            "【模拟】启动 {} 个机场的模拟城市(种子 {},{} 倍速)",
            arguments.docks, arguments.seed, arguments.speed
        ),
        format!(
            "[SIMULATED] a city with {} docks (seed {}, {}× speed)",
            arguments.docks, arguments.seed, arguments.speed
        ),
    ));
    let city = City::start(&folder, arguments, &ports, start).await?;
    let looks = Arc::new(Mutex::new(Looks::default()));
    let noted = Arc::clone(&looks);
    let listener = listen(
        output,
        arguments.listen.unwrap_or(workplace.config.settings.listen),
    )
    .await?;
    let bound = listener.local_addr()?;
    let run_up_us = (RUN_UP_S * arguments.speed * 1e6) as i64;
    let clock = CityClock::simulated(UtcMicros(start.0 - run_up_us), arguments.speed);
    let on_looked = move |looked: &crate::stage::worker::Looked| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).note(looked);
    };
    let running = Running::start(&workplace, listener, clock, Box::new(on_looked)).await?;
    let fleet = running.fleet.clone().context("the simulated city has no docks")?;
    let flown = fly_wave(output, &fleet, &folder).await;
    if let Ok((answer, scores)) = &flown {
        let looks = looks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let figures = Figures::now(begun.elapsed(), looks, city.process_id());
        summary::show(output, answer, scores, &figures)?;
    }
    if flown.is_err() || arguments.no_serve {
        running.stop().await?;
        city.stop().await;
        return flown.map(|_| ());
    }
    say_where(output, bound, fleet.roster().docks.len())?;
    let served = running.until_asked_to_stop().await;
    city.stop().await;
    served
}

type Flown = (crate::answers::wave::WaveAnswer, summary::Scores);

async fn fly_wave(output: Output, fleet: &Fleet, folder: &Path) -> Result<Flown> {
    watch::wait_for_docks(fleet).await?;
    let from = UtcMicros(fleet.started_at().0 - DAY_US);
    let until = UtcMicros(fleet.started_at().0 + DAY_US);
    let slots = slots_between(fleet.calendar(), &fleet.workplace().zone, from, until);
    let slot_at = slots
        .first()
        .context("the calendar of the simulated city is empty")?
        .at;
    let flights = watch::watch(output, fleet, slot_at).await?;
    let workplace = fleet.workplace();
    let answer = wave(workplace, fleet.roster(), &flights).await?;
    let leads = all_leads(workplace).await?;
    let card = ModelInUse::choose(&workplace.config.settings)?.card;
    let reported: Vec<String> = card
        .classes
        .into_iter()
        .filter(|class| class.trained)
        .map(|class| class.id)
        .collect();
    let scores = score(
        &folder.join("truth"),
        &leads,
        &workplace.config.catalogue,
        &reported,
    )?;
    Ok((answer, scores))
}

/// A simulated city gets made-up layers, unless it was given any.
fn lay_out_layers(workplace: &Workplace) -> Result<()> {
    let settings = &workplace.config.settings;
    let shelf = Shelf::of(&settings.data_folder);
    if settings.layers.is_empty() && shelf.entries()?.is_empty() {
        layers::demo::import(&shelf, clock::now())?;
    }
    Ok(())
}

/// A demo lays its own docks and calendar into the data folder; those of a real fleet are never overwritten.
fn refuse_real_fleet(config: &Config) -> Result<()> {
    let file = config.settings.data_folder.join("fleet.toml");
    match std::fs::read_to_string(&file) {
        Ok(text) if !text.starts_with("# Simulated docks") => bail!(
            "{} lists docks that are not simulated; give the demo a folder of its own with --data / 该数据文件夹已有真实机场,请用 --data 另指定",
            file.display()
        ),
        _ => Ok(()),
    }
}

fn for_demo(mut config: Config, ports: &Ports) -> Config {
    config.settings.fleet.broker = BrokerSetting::Embedded { listen: ports.mqtt };
    config.settings.fleet.roster_file = None;
    config.settings.fleet.flight_plans = None;
    config
}

/// The first day on which nothing was flown yet, so that a demo can be run again in the same folder.
async fn next_wave(workplace: &Workplace) -> Result<UtcMicros> {
    let far = UtcMicros(FIRST_WAVE.0 + 10_000 * DAY_US);
    let flown = workplace.store.slots_between(FIRST_WAVE, far).await?;
    let last = flown.iter().map(|slot| slot.slot_at.0).max();
    let day = last.map_or(0, |last| (last - FIRST_WAVE.0).div_euclid(DAY_US) + 1);
    Ok(UtcMicros(FIRST_WAVE.0 + day * DAY_US))
}
