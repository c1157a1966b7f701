//! `flyonce fleet dock D01 open-lid`: an order to a dock by hand over the running service, followed to its end.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::arguments::HandArguments;
use crate::cli::fleet::post_order;
use crate::cli::output::Output;
use crate::cli::service_door::{address, ask};
use crate::config::Config;
use crate::lang::Lang;

/// How often it is looked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Gives the order, says how far it is, and ends when the dock has done it.
///
/// # Errors
/// A service that does not answer, its refusal in words, or why the dock did not do it.
pub async fn run(output: Output, config: &Config, order: &HandArguments) -> Result<()> {
    let path = format!("/api/v1/fleet/docks/{}/by-hand", order.dock);
    let given = post_order(
        output.lang,
        (config, &order.service),
        (&order.actor, &order.reason),
        &path,
        json!({ "command": order.command }),
    )
    .await?;
    let mut said = String::new();
    loop {
        let fleet = ask(
            output.lang,
            address(config, &order.service),
            Method::GET,
            "/api/v1/fleet",
            Value::Null,
        )
        .await?;
        let docks = fleet["docks"].as_array().into_iter().flatten();
        let last = docks
            .into_iter()
            .find(|dock| dock["dock_id"] == order.dock.as_str())
            .map(|dock| dock["by_hand"].clone())
            .context("the dock is gone from the fleet")?;
        if last["id"] != given["id"] {
            bail!(
                "{}",
                output.lang.pick("已有新的指令", "another order came after it")
            );
        }
        match last["state"].as_str() {
            Some("done") => return output.show(&last, |lang| done_text(&last, &order.dock, lang)),
            Some("failed") => bail!("{}", in_lang(&last["why"], output.lang)),
            _ => {}
        }
        let now = progress_text(&last);
        if !now.is_empty() && now != said {
            eprintln!("{now}");
            said = now;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn done_text(last: &Value, dock: &str, lang: Lang) -> String {
    let what = in_lang(&last["words"], lang);
    match lang {
        Lang::Zh => format!("{dock} 已完成:{what}"),
        Lang::En => format!("{dock}: done: {what}"),
    }
}

fn progress_text(last: &Value) -> String {
    let percent = last["percent"].as_i64().map(|percent| format!("{percent} %"));
    let step = last["step"].as_str().map(str::to_owned);
    let parts: Vec<String> = percent.into_iter().chain(step).collect();
    parts.join(" ")
}

fn in_lang(words: &Value, lang: Lang) -> String {
    let word = match lang {
        Lang::Zh => &words["zh"],
        Lang::En => &words["en"],
    };
    word.as_str().unwrap_or_default().to_owned()
}
