//! `flyonce fleet home | release | status`: orders to the running service, over its API on loopback.

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::arguments::{FleetCommand, HomeArguments, ServiceArguments};
use crate::cli::output::{Output, table};
use crate::cli::overrides;
use crate::cli::service_door::{address, ask};
use crate::config::Config;
use crate::fleet::link_view::link_line;
use crate::fleet::words::{reason_words, state_words};
use crate::lang::Lang;

/// Gives the order and prints the answer.
///
/// # Errors
/// A service that does not answer, or its refusal in words.
pub async fn run(output: Output, config: &Config, command: FleetCommand) -> Result<()> {
    match command {
        FleetCommand::Fly { .. }
        | FleetCommand::Pause(_)
        | FleetCommand::Continue(_)
        | FleetCommand::Divert(_)
        | FleetCommand::Land(_)
        | FleetCommand::Dock(_) => Ok(()),
        FleetCommand::Override(order) => overrides::give(output, config, order).await,
        FleetCommand::Overrides(service) => overrides::list(output, config, &service).await,
        FleetCommand::Withdraw(order) => overrides::withdraw(output, config, &order).await,
        FleetCommand::Status(service) => status(output, config, &service).await,
        FleetCommand::Home(home) => {
            match &home.only {
                Some(sortie) => {
                    let path = format!("/api/v1/flights/{sortie}/return");
                    let answer = post(output.lang, config, &home, &path).await?;
                    output.show(&answer, |lang| {
                        lang.pick("已下令返航:", "called home: ").to_owned() + sortie
                    })
                }
                None => {
                    let answer = post(output.lang, config, &home, "/api/v1/fleet/return-all").await?;
                    let told = answer["recalled"].as_array().map_or(0, Vec::len);
                    output.show(&answer, |lang| match lang {
                    Lang::Zh => format!("已全队停飞,{told} 个架次奉命返航(解除:flyonce fleet release)"),
                    Lang::En => format!("the fleet is grounded, {told} sorties were called home (lift: flyonce fleet release)"),
                })
                }
            }
        }
        FleetCommand::Release(home) => {
            let answer = post(output.lang, config, &home, "/api/v1/fleet/release").await?;
            output.show(&answer, |lang| {
                lang.pick("已解除停飞", "the ground stop is lifted").to_owned()
            })
        }
    }
}

async fn status(output: Output, config: &Config, service: &ServiceArguments) -> Result<()> {
    let fleet = ask(
        output.lang,
        address(config, service),
        Method::GET,
        "/api/v1/fleet",
        Value::Null,
    )
    .await?;
    output.show(&fleet, |lang| status_text(&fleet, lang))
}

fn status_text(fleet: &Value, lang: Lang) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    let mut rows = vec![
        [
            ("机场", "dock"),
            ("舱盖", "lid"),
            ("模式", "mode"),
            ("电量", "battery"),
            ("架次", "sortie"),
            ("照片", "photos"),
            ("原因", "reason"),
        ]
        .map(|(zh, en)| lang.pick(zh, en).to_owned())
        .to_vec(),
    ];
    for dock in fleet["docks"].as_array().into_iter().flatten() {
        let (vehicle, sortie) = (&dock["vehicle"], &dock["sortie"]);
        let battery = vehicle["battery_percent"]
            .as_f64()
            .map(|percent| format!("{percent:.0} %"));
        let state = sortie["state"]
            .as_str()
            .map(|state| state_words(state).pick(lang).to_owned());
        let shots = &sortie["shots"];
        rows.push(vec![
            format!("{} {}", text(&dock["dock_id"]), text(&dock["name"])),
            text(&dock["lid"]),
            text(&vehicle["mode"]),
            battery.unwrap_or_else(|| "–".to_owned()),
            state.unwrap_or_else(|| "–".to_owned()),
            format!(
                "{}/{}",
                shots["captured"].as_u64().unwrap_or(0),
                shots["planned"].as_u64().unwrap_or(0)
            ),
            sortie["code"]
                .as_str()
                .map_or(String::new(), |code| reason_words(code).pick(lang).to_owned()),
        ]);
    }
    let stopped = fleet["ground_stop"] == true;
    let stop = if stopped {
        lang.pick("\n全队停飞中", "\nthe fleet is grounded")
    } else {
        ""
    };
    let links = fleet["links"].as_array().into_iter().flatten();
    let lines: Vec<String> = links.map(|link| format!("\n{}", link_line(link, lang))).collect();
    table(&rows) + stop + &alarms_text(fleet, lang) + &lines.concat() + &cloud_line(&fleet["cloud"], lang)
}

/// The health alarms that stand, a line each with what to do.
fn alarms_text(fleet: &Value, lang: Lang) -> String {
    let mut text = String::new();
    for dock in fleet["docks"].as_array().into_iter().flatten() {
        let dock_id = dock["dock_id"].as_str().unwrap_or_default();
        for alarm in dock["health"].as_array().into_iter().flatten() {
            let code = alarm["code"].as_str().unwrap_or_default();
            let level = alarm["level"]
                .as_i64()
                .map_or("–".to_owned(), |level| level.to_string());
            let unknown = lang.pick("未知告警", "an alarm that is not known here");
            let words = in_lang(&alarm["words"], lang).unwrap_or(unknown);
            let remedy = in_lang(&alarm["remedy"], lang).unwrap_or_default();
            let named = lang.pick("级别", "level");
            text += &format!("\n{dock_id} ! {words} ({code}, {named} {level}) → {remedy}");
        }
    }
    text
}

/// What came in from docks of the Cloud API, where there are any.
fn cloud_line(cloud: &Value, lang: Lang) -> String {
    let number = |name: &str| cloud[name].as_u64().unwrap_or(0);
    let (read, bad) = (number("messages"), number("bad_messages"));
    let strangers = number("strangers");
    let unknown = ["methods", "fields", "values"].map(|what| number(&format!("unknown_{what}")));
    let [methods, fields, values] = unknown;
    match (cloud.is_object(), lang) {
        (false, _) => String::new(),
        (true, Lang::Zh) => format!(
            "\n上云 API:收 {read},无法识别 {bad},未知设备 {strangers},未知方法 {methods}、字段 {fields}、取值 {values}"
        ),
        (true, Lang::En) => {
            format!(
                "\nCloud API: read {read}, unreadable {bad}, of strangers {strangers}, unknown methods {methods}, fields \
                 {fields}, values {values}"
            )
        }
    }
}

fn in_lang(words: &Value, lang: Lang) -> Option<&str> {
    words[lang.pick("zh", "en")].as_str()
}

async fn post(lang: Lang, config: &Config, home: &HomeArguments, path: &str) -> Result<Value> {
    post_order(
        lang,
        (config, &home.service),
        (&home.actor, &home.reason),
        path,
        json!({}),
    )
    .await
}

/// Posts an order of a person: `body` with who gives it and why.
///
/// # Errors
/// Nobody is named, a service that does not answer, its refusal in words.
pub async fn post_order(
    lang: Lang,
    (config, service): (&Config, &ServiceArguments),
    (actor, reason): (&Option<String>, &Option<String>),
    path: &str,
    mut body: Value,
) -> Result<Value> {
    let actor = actor
        .clone()
        .or_else(|| std::env::var("USER").ok())
        .context("say who orders it: --as NAME / 请用 --as 写明下令人")?;
    body["actor"] = actor.into();
    body["reason"] = reason.clone().into();
    ask(lang, address(config, service), Method::POST, path, body).await
}
