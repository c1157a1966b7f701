//! `flyonce fly PLAN` and `flyonce fleet fly WAVE.toml`: any vehicle on any link, each step printed as it happens.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use flight::address::LinkAddress;
use flight::link::Link;
use flight::sortie::{FlightEvent, FlightReport, Instruction, Outcome};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::arguments::FlyArguments;
use crate::cli::output::{Output, table};
use crate::config::reader::{Reader, Section};
use crate::config::{Config, ConfigError};
use crate::fleet::free_flight::{FreeFlight, Reins, fly_freely};
use crate::fleet::link_view::{LinkView, link_line};
use crate::fleet::links::{Links, link_options};
use crate::fleet::order::{CheckedMission, PlanRefused, checked_mission};
use crate::fleet::plan_words::plan_problem_words;
use crate::fleet::start_place::StartPlace;
use crate::fleet::step_texts::step_text_words;
use crate::fleet::words::{next_step_words, reason_words, step_words};
use crate::lang::{Lang, Words};
use crate::workplace::Workplace;

/// Flies one plan.
///
/// # Errors
/// A plan that may not fly, or the reason why it did not take off, finish or land.
pub async fn run(output: Output, config: Config, arguments: &FlyArguments) -> Result<()> {
    let checked = checked_mission(&arguments.plan, &config.settings.fleet, StartPlace::default());
    let mission = checked.map_err(|refused| in_words(output.lang, refused))?;
    warn(output, "", &mission);
    if arguments.check {
        let found = json!({ "items": mission.items.len(), "planned_photos": mission.shots.len(), "sha256": mission.sha256 });
        return output.show(&found, |lang| match lang {
            Lang::Zh => format!(
                "航线可飞:{} 个航点项,计划拍照 {} 张",
                mission.items.len(),
                mission.shots.len()
            ),
            Lang::En => format!(
                "the plan may fly: {} items, {} photos planned",
                mission.items.len(),
                mission.shots.len()
            ),
        });
    }
    let one = FreeFlight {
        name: String::new(),
        plan: arguments.plan.clone(),
        link: arguments.link.clone().context("--link is needed to fly")?,
        system_id: arguments.sysid.context("--sysid is needed to fly")?,
    };
    let reports = fly_all(output, config, vec![(one, mission)]).await?;
    match reports.into_iter().next() {
        Some((_, Ok(report))) => verdict(output.lang, &report),
        Some((_, Err(error))) => Err(error),
        None => bail!("the flight's task was lost"),
    }
}

/// Flies many plans at once.
///
/// # Errors
/// Mistakes in the file, a plan that may not fly, or, after all have ended, how many did not go well.
pub async fn run_wave(output: Output, config: Config, file: &Path) -> Result<()> {
    let mut flights = Vec::new();
    for one in read_wave(file)? {
        let mission = checked_mission(&one.plan, &config.settings.fleet, StartPlace::default())
            .map_err(|refused| in_words(output.lang, refused).context(one.name.clone()))?;
        warn(output, &one.name, &mission);
        flights.push((one, mission));
    }
    let reports = fly_all(output, config, flights).await?;
    let mut rows = vec![];
    let mut bad = 0;
    for (name, report) in &reports {
        let (went, text) = match report {
            Ok(report) => (report.outcome == Outcome::Completed, ending(output.lang, report)),
            Err(error) => (false, format!("{error:#}")),
        };
        bad += usize::from(!went);
        rows.push(vec![name.clone(), text]);
    }
    if !output.json {
        output.print(&table(&rows))?;
    }
    if bad > 0 {
        bail!(
            "{bad} of {} flights did not go well / {bad} 个架次未正常完成",
            reports.len()
        );
    }
    Ok(())
}

type Flown = (String, Result<FlightReport>);

async fn fly_all(
    output: Output,
    config: Config,
    flights: Vec<(FreeFlight, CheckedMission)>,
) -> Result<Vec<Flown>> {
    let workplace = Workplace::open(config).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let options = link_options(&workplace.config.settings)?;
    let links = Links::new(options, tasks.clone(), stop.clone());
    let (mut reins, mut running) = (Vec::new(), Vec::new());
    for (one, mission) in flights {
        let link = links.link(&one.link).await?;
        let vehicle = link.vehicle(one.system_id);
        let (tell, instructions) = mpsc::channel(8);
        reins.push(tell);
        let own = Reins {
            instructions,
            stop: stop.clone(),
        };
        let workplace = workplace.clone();
        running.push(tasks.spawn(async move {
            let told = |event: &FlightEvent| tell_event(output, &one.name, event);
            let flown = fly_freely(&workplace, (&vehicle, &one), &mission, own, &told).await;
            tell_link(output, &one.name, &link);
            if let Ok((sortie, report)) = &flown {
                tell_report(output, &one.name, sortie.as_str(), report);
            }
            (one.name, flown.map(|(_, report)| report))
        }));
    }
    tasks.spawn(come_home_on_interrupt(output, reins, stop.clone()));
    let mut reports = Vec::new();
    for task in running {
        reports.push(task.await?);
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(reports)
}

/// The first Ctrl-C calls everyone home, the second ends the watching.
async fn come_home_on_interrupt(
    output: Output,
    reins: Vec<mpsc::Sender<Instruction>>,
    stop: CancellationToken,
) {
    for time in 0..2 {
        tokio::select! {
            () = stop.cancelled() => return,
            pressed = tokio::signal::ctrl_c() => if pressed.is_err() { return },
        }
        if time == 0 {
            output.say(&Words::new(
                "已下令返航;再按一次 Ctrl-C 停止监视(飞机继续返航)",
                "called home; Ctrl-C again stops watching (the vehicles fly on)",
            ));
            for rein in &reins {
                // A flight that has ended needs no order.
                let _ = rein.try_send(Instruction::Return {
                    by: "Ctrl-C".to_owned(),
                });
            }
        }
    }
    stop.cancel();
}

fn tell_event(output: Output, name: &str, event: &FlightEvent) {
    let line = match event {
        FlightEvent::Step { step, text } => {
            let words = step_words(step.as_str());
            let value = json!({ "event": "step", "flight": name, "step": step.as_str(), "words": words, "text": text });
            let text = step_text_words(text);
            (
                value,
                format!("{} {}", words.pick(output.lang), text.pick(output.lang)),
            )
        }
        FlightEvent::Capture(capture) => {
            let place = capture.position.map(|at| [at.longitude_deg, at.latitude_deg]);
            let value = json!({ "event": "capture", "flight": name, "image_index": capture.image_index,
                "at": capture.at_utc.to_string(), "longitude_latitude_deg": place, "succeeded": capture.succeeded });
            let taken = output.lang.pick("拍照", "photo");
            (value, format!("{taken} {}", capture.image_index))
        }
        FlightEvent::StatusText { severity, text } => {
            let value = json!({ "event": "status_text", "flight": name, "severity": severity, "text": text });
            (value, format!("[{severity}] {text}"))
        }
        FlightEvent::Track(_)
        | FlightEvent::Gate { .. }
        | FlightEvent::Policy(_)
        | FlightEvent::Bounds(_)
        | FlightEvent::Laid { .. }
        | FlightEvent::PutBack => return,
    };
    print_line(output, name, line);
}

fn tell_report(output: Output, name: &str, sortie: &str, report: &FlightReport) {
    let (code, text) = code_of(&report.outcome);
    let value = json!({ "event": "report", "flight": name, "sortie_id": sortie, "outcome": outcome_word(&report.outcome),
        "code": code, "text": text, "took_off": report.took_off, "landed": report.landed,
        "items_reached": report.items_reached, "captures": report.captures,
        "clock_offset_us": report.clock_offset_us });
    print_line(
        output,
        name,
        (value, format!("{sortie}: {}", ending(output.lang, report))),
    );
}

fn tell_link(output: Output, name: &str, link: &Link) {
    // Numbers and names only: there is nothing in it that JSON cannot hold.
    let mut value = serde_json::to_value(LinkView::of(link)).unwrap_or_default();
    let text = link_line(&value, output.lang);
    value["event"] = "link_statistics".into();
    value["flight"] = name.into();
    print_line(output, name, (value, text));
}

fn print_line(output: Output, name: &str, (value, text): (Value, String)) {
    let line = match (output.json, name) {
        (true, _) => value.to_string(),
        (false, "") => text,
        (false, name) => format!("{name}: {text}"),
    };
    // Whoever read the output went away; the flight goes on.
    let _ = output.print(&line);
}

fn warn(output: Output, name: &str, mission: &CheckedMission) {
    for problem in &mission.warnings {
        let words = plan_problem_words(problem);
        output.say(&Words::new(
            format!("提示:{name} {}", words.zh),
            format!("note: {name} {}", words.en),
        ));
    }
}

/// Every rule that a plan breaks, in the language of the output.
fn in_words(lang: Lang, refused: PlanRefused) -> anyhow::Error {
    match refused {
        PlanRefused::Unreadable(error) => error,
        PlanRefused::Breaks(problems) => {
            let said: Vec<String> = problems
                .iter()
                .map(|problem| plan_problem_words(problem).pick(lang).to_owned())
                .collect();
            anyhow!("{}", said.join("; "))
        }
    }
}

fn verdict(lang: Lang, report: &FlightReport) -> Result<()> {
    if report.outcome == Outcome::Completed {
        return Ok(());
    }
    let next = code_of(&report.outcome).0.and_then(next_step_words);
    let advice = next.map(|words| format!(" → {}", words.pick(lang)));
    bail!("{}{}", ending(lang, report), advice.unwrap_or_default())
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Returned { .. } => "returned",
        Outcome::Diverted => "diverted",
        Outcome::Refused { .. } => "refused",
        Outcome::Failed { .. } => "failed",
    }
}

fn code_of(outcome: &Outcome) -> (Option<&'static str>, &str) {
    match outcome {
        Outcome::Completed | Outcome::Diverted => (None, ""),
        Outcome::Returned { by } => (Some("recalled"), by),
        Outcome::Refused { code, text } => (Some(code.as_str()), text),
        Outcome::Failed { code, text } => (Some(code.as_str()), text),
    }
}

fn ending(lang: Lang, report: &FlightReport) -> String {
    let (code, text) = code_of(&report.outcome);
    let photos = report.captures;
    let reason = code.map(|code| format!("{} ({code}) {text}", reason_words(code).pick(lang)));
    match (&report.outcome, lang) {
        (Outcome::Completed, Lang::Zh) => format!("已完成并降落,拍照 {photos} 张"),
        (Outcome::Completed, Lang::En) => format!("completed and landed, {photos} photos"),
        (Outcome::Returned { by }, Lang::Zh) => format!("提前返航({by}),已降落,拍照 {photos} 张"),
        (Outcome::Returned { by }, Lang::En) => {
            format!("came home early (by {by}) and landed, {photos} photos")
        }
        (Outcome::Diverted, Lang::Zh) => format!("已在备降点降落,拍照 {photos} 张"),
        (Outcome::Diverted, Lang::En) => format!("landed at the alternate point, {photos} photos"),
        (Outcome::Refused { .. }, Lang::Zh) => format!("未起飞:{}", reason.unwrap_or_default()),
        (Outcome::Refused { .. }, Lang::En) => format!("did not take off: {}", reason.unwrap_or_default()),
        (Outcome::Failed { .. }, Lang::Zh) => format!("失败:{}", reason.unwrap_or_default()),
        (Outcome::Failed { .. }, Lang::En) => format!("failed: {}", reason.unwrap_or_default()),
    }
}

/// Reads a wave: `[[flight]]` with `plan`, `link`, `system_id` and optionally `name`.
fn read_wave(file: &Path) -> Result<Vec<FreeFlight>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let base = file.parent().unwrap_or(Path::new(""));
    let read = Reader::new(file.display().to_string(), &text).read(|root| {
        let mut flights: Vec<FreeFlight> = Vec::new();
        for section in root.sections("flight") {
            let Some(flight) = wave_flight(&section, base) else {
                continue;
            };
            let vehicle = |one: &FreeFlight| (one.link.to_string(), one.system_id);
            if flights.iter().any(|other| vehicle(other) == vehicle(&flight)) {
                let problem = Words::new(
                    "同一链路上另有此编号的飞行",
                    "another flight has this system id on the same link",
                );
                section.reject("system_id", problem);
            }
            flights.push(flight);
        }
        if flights.is_empty() {
            root.reject(
                "flight",
                Words::new("没有任何 [[flight]]", "there is no [[flight]]"),
            );
        }
        root.finish();
        flights
    });
    Ok(read.map_err(ConfigError::Mistakes)?)
}

fn wave_flight(section: &Section<'_, '_>, base: &Path) -> Option<FreeFlight> {
    let plan = section.required_text("plan");
    let link = section.required_text("link").parse::<LinkAddress>();
    if let Err(error) = &link {
        section.reject(
            "link",
            Words::new(format!("链路地址有误:{error}"), error.to_string()),
        );
    }
    // Within 1..=250, which u8 holds.
    let system_id = section.required_number("system_id", 1.0..=250.0) as u8;
    let name = section.text("name");
    section.finish();
    let link = link.ok()?;
    Some(FreeFlight {
        // The number alone does not tell vehicles apart: every simulated autopilot is number 1.
        name: name.unwrap_or_else(|| format!("#{system_id} {link}")),
        plan: base.join(plan),
        link,
        system_id,
    })
}
