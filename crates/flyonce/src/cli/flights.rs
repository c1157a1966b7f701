//! `flyonce flights list | show | track | tlog`: what was flown, how it went, where it went.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use store::flights::FlightFilter;
use survey::time::{CityZone, UtcMicros};

use crate::answers::checks::GateShown;
use crate::answers::flights::{FlightDetail, FlightList, FlightSummary, MissionSummary, ShotTotals};
use crate::answers::looks::said;
use crate::cli::arguments::{FlightsCommand, TrackFormat};
use crate::cli::checks_table::checks_table;
use crate::cli::flight_story::timeline;
use crate::cli::output::{Output, table};
use crate::cli::withdrawals;
use crate::fleet::step_texts::step_text_words;
use crate::flight_log::{flight_detail, flown_track, tlog_path};
use crate::lang::{Lang, Words};
use crate::workplace::Workplace;

/// Does what the subcommand says.
///
/// # Errors
/// No such flight, a file that cannot be written, the database.
pub async fn run(output: Output, workplace: &Workplace, command: FlightsCommand) -> Result<()> {
    match command {
        FlightsCommand::List { limit, state, dock } => {
            let filter = FlightFilter {
                limit,
                after: None,
                state: state.as_deref().map(str::parse).transpose()?,
                dock_id: dock,
            };
            let list = FlightList::of(&workplace.store.list_flights(&filter).await?, limit);
            output.show(&list, |lang| list_text(&list, lang, &workplace.zone))
        }
        FlightsCommand::Show { sortie } => {
            let detail = flight_detail(workplace, &sortie).await?;
            output.show(&detail, |lang| story(&detail, lang, &workplace.zone))
        }
        FlightsCommand::Track { sortie, format, out } => {
            let flown = flown_track(workplace, &sortie).await?;
            let text = match format {
                TrackFormat::Geojson => serde_json::to_string_pretty(&flown.geojson()?)?,
                TrackFormat::Kml => flown.kml()?,
            };
            match out {
                None => output.print(&text),
                Some(path) => write(output, &path, text.as_bytes()),
            }
        }
        FlightsCommand::Withdraw {
            sortie,
            reason,
            actor,
        } => withdrawals::withdraw(output, workplace, (&sortie, &reason), actor).await,
        FlightsCommand::Restore { sortie, actor } => {
            withdrawals::restore(output, workplace, &sortie, actor).await
        }
        FlightsCommand::Withdrawn => withdrawals::list(output, workplace).await,
        // It talks to the running service, not to the data folder.
        FlightsCommand::Resume(_) => Ok(()),
        FlightsCommand::Tlog { sortie, out } => {
            let flight = workplace.store.flight(&sortie).await?;
            let log = tlog_path(workplace, &flight.sortie_id);
            if !log.is_file() {
                bail!("flight {sortie} has no telemetry log ({})", log.display());
            }
            match out {
                None => output.print(&log.display().to_string()),
                Some(path) => {
                    let bytes =
                        std::fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
                    write(output, &path, &bytes)
                }
            }
        }
    }
}

fn write(output: Output, path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let written: PathBuf = path.to_owned();
    output.say(&Words::new(
        format!("已写入 {}", written.display()),
        format!("written: {}", written.display()),
    ));
    Ok(())
}

fn list_text(list: &FlightList, lang: Lang, zone: &CityZone) -> String {
    let titles = match lang {
        Lang::Zh => ["架次", "机场", "任务", "状态", "起飞", "降落", "照片", "说明"],
        Lang::En => [
            "flight", "dock", "mission", "state", "took off", "landed", "photos", "why",
        ],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(list.flights.iter().map(|flight| {
        vec![
            flight.sortie_id.clone(),
            flight.dock_id.clone().unwrap_or_else(|| "–".to_owned()),
            flight.mission.clone(),
            flight.state_words.pick(lang).to_owned(),
            local(flight.launched_at.as_deref(), zone),
            local(flight.landed_at.as_deref(), zone),
            format!("{}/{}", flight.shots.stored, flight.shots.planned),
            flight
                .words
                .as_ref()
                .map_or("", |words| words.pick(lang))
                .to_owned(),
        ]
    }));
    let n = list.flights.len();
    let line = match (lang, &list.next) {
        (Lang::Zh, None) => format!("共 {n} 个架次"),
        (Lang::En, None) => format!("{n} flights"),
        (Lang::Zh, Some(_)) => format!("列出最近 {n} 个架次,更多请加大 --limit"),
        (Lang::En, Some(_)) => format!("the {n} newest flights; --limit shows more"),
    };
    table(&rows) + &line
}

/// A time of an answer as the city's clock showed it.
fn local(rfc3339: Option<&str>, zone: &CityZone) -> String {
    let at = rfc3339.and_then(|text| UtcMicros::parse_rfc3339(text).ok());
    at.map_or_else(|| "–".to_owned(), |at| zone.local_text(at))
}

fn story(flight: &FlightDetail, lang: Lang, zone: &CityZone) -> String {
    let summary = &flight.summary;
    let mut lines = heading(summary, lang, zone);
    lines.push(ledger(&summary.shots, lang));
    lines.extend(
        flight
            .mission_so_far
            .as_ref()
            .map(|mission| mission_line(mission, lang)),
    );
    lines.extend(said(&flight.looks, lang));
    lines.push(lang.pick("经过:", "what happened:").to_owned());
    let launched_at = summary.launched_at.as_deref();
    lines.extend(timeline(&flight.steps, launched_at, lang, zone));
    if let Some(gate) = &flight.gate {
        lines.push(gate_title(gate, lang, zone));
        lines.push(checks_table(gate, lang));
    }
    let shots = flight.photos.iter();
    let losses: Vec<_> = shots.filter(|shot| shot.state.starts_with("lost:")).collect();
    if !losses.is_empty() {
        lines.push(lang.pick("缺失的照片:", "photos lost:").to_owned());
        lines.extend(
            losses
                .iter()
                .map(|shot| format!("  {:>5}  {}", shot.index, shot.words.pick(lang))),
        );
    }
    lines.push(lang.pick("照片:", "photos:").to_owned());
    lines.push(photos(flight, lang, zone));
    lines.join("\n")
}

fn gate_title(gate: &GateShown, lang: Lang, zone: &CityZone) -> String {
    let answer = match gate.allowed {
        true => lang.pick("允许解锁", "may arm"),
        false => lang.pick("不得解锁", "must not arm"),
    };
    let at = local(Some(&gate.at), zone);
    format!(
        "{} {at}  {answer}",
        lang.pick("起飞条件:", "checks before arming:")
    )
}

fn heading(flight: &FlightSummary, lang: Lang, zone: &CityZone) -> Vec<String> {
    let simulated = match flight.simulated {
        true => lang.pick("  (模拟)", "  (simulated)"),
        false => "",
    };
    let mut lines = vec![format!(
        "{}  {}{simulated}  {}  {}",
        flight.sortie_id,
        flight.state_words.pick(lang),
        flight.mission,
        flight.dock_id.as_deref().unwrap_or("–"),
    )];
    if let Some(words) = &flight.words {
        lines.push(format!("  {}", words.pick(lang)));
    }
    let note = flight.note.as_deref().map(step_text_words);
    lines.extend(note.map(|note| format!("  {}", note.pick(lang))));
    if let Some(next) = &flight.next_step {
        let label = lang.pick("下一步", "next");
        lines.push(format!("  {label}: {}", next.pick(lang)));
    }
    for (label, at) in [
        (lang.pick("计划", "planned for"), &flight.slot_at),
        (lang.pick("起飞", "took off"), &flight.launched_at),
        (lang.pick("降落", "landed"), &flight.landed_at),
    ] {
        if at.is_some() {
            lines.push(format!("  {label}: {}", local(at.as_deref(), zone)));
        }
    }
    lines
}

/// Every planned photo is in one of these numbers.
fn ledger(shots: &ShotTotals, lang: Lang) -> String {
    let lost = &shots.lost;
    match lang {
        Lang::Zh => format!(
            "照片账:计划 {},触发 {},拍摄 {},入库 {},识别 {},额外 {};缺失:未飞到 {},相机未拍 {},未回传 {},无法解码 {}",
            shots.planned,
            shots.triggered,
            shots.captured,
            shots.stored,
            shots.looked_at,
            shots.extra,
            lost.not_flown,
            lost.misfire,
            lost.never_arrived,
            lost.unreadable
        ),
        Lang::En => format!(
            "photos: {} planned, {} triggered, {} taken, {} stored, {} looked at, {} extra; lost: {} not flown, {} misfired, {} never arrived, {} unreadable",
            shots.planned,
            shots.triggered,
            shots.captured,
            shots.stored,
            shots.looked_at,
            shots.extra,
            lost.not_flown,
            lost.misfire,
            lost.never_arrived,
            lost.unreadable
        ),
    }
}

/// The ledger of a mission that took several sorties.
fn mission_line(mission: &MissionSummary, lang: Lang) -> String {
    let sorties = std::iter::once(&mission.first)
        .chain(&mission.follow_ups)
        .cloned()
        .collect::<Vec<_>>();
    let lost: Vec<_> = mission.lost.iter().map(|photo| photo.index.to_string()).collect();
    let which = if lost.is_empty() {
        String::new()
    } else {
        format!(" ({})", lost.join(", "))
    };
    let MissionSummary {
        planned,
        looked_at,
        stored,
        awaited,
        to_come,
        ..
    } = mission;
    let (n, sorties) = (lost.len(), sorties.join(" → "));
    match lang {
        Lang::Zh => format!(
            "任务合计({sorties}):计划 {planned},已识别 {looked_at},已入库 {stored},待回传 {awaited},待飞 {to_come},缺失 {n}{which}"
        ),
        Lang::En => format!(
            "the mission in all ({sorties}): {planned} planned, {looked_at} looked at, {stored} stored, {awaited} awaited, {to_come} to come, {n} lost{which}"
        ),
    }
}

fn photos(flight: &FlightDetail, lang: Lang, zone: &CityZone) -> String {
    let titles = match lang {
        Lang::Zh => [
            "  编号",
            "图像编号",
            "状态",
            "拍摄时间",
            "位置(纬度, 经度)",
            "照片",
        ],
        Lang::En => ["  number", "image", "state", "taken", "place (lat, lon)", "photo"],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(flight.photos.iter().map(|shot| {
        let place = shot.latitude_deg.zip(shot.longitude_deg);
        vec![
            format!("  {}", shot.index),
            shot.image_index
                .map_or_else(|| "–".to_owned(), |index| index.to_string()),
            shot.words.pick(lang).to_owned(),
            local(shot.captured_at.as_deref(), zone),
            place.map_or_else(
                || "–".to_owned(),
                |(latitude, longitude)| format!("{latitude:.6}, {longitude:.6}"),
            ),
            shot.photo_id.clone().unwrap_or_default(),
        ]
    }));
    table(&rows).trim_end().to_owned()
}
