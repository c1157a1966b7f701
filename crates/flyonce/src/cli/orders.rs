//! `flyonce fleet pause | continue | divert | land` and `flyonce flights resume`: orders to one sortie of the running
//! service.

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::arguments::{DivertArguments, SortieArguments};
use crate::cli::fleet::post_order;
use crate::cli::output::Output;
use crate::config::Config;
use crate::lang::Lang;

/// Gives a plain order and prints that it was passed on.
///
/// # Errors
/// A service that does not answer, or its refusal in words.
pub async fn give(output: Output, config: &Config, word: &str, order: &SortieArguments) -> Result<()> {
    let answer = post(output.lang, config, word, order, json!({})).await?;
    passed_on(output, &answer, word)
}

/// Sends a sortie to another landing place.
///
/// # Errors
/// As [`give`].
pub async fn divert(output: Output, config: &Config, order: &DivertArguments) -> Result<()> {
    let body = match order.to {
        Some([longitude_deg, latitude_deg]) => {
            json!({ "to": { "longitude_deg": longitude_deg, "latitude_deg": latitude_deg } })
        }
        None => json!({}),
    };
    let answer = post(output.lang, config, "divert", &order.order, body).await?;
    passed_on(output, &answer, "divert")
}

/// Flies the rest of a mission.
///
/// # Errors
/// As [`give`].
pub async fn resume(output: Output, config: &Config, order: &SortieArguments) -> Result<()> {
    let answer = post(output.lang, config, "resume", order, json!({})).await?;
    let (sortie, photos) = (&answer["sortie_id"], &answer["photos"]);
    let sortie = sortie.as_str().unwrap_or_default().to_owned();
    output.show(&answer, |lang| match lang {
        Lang::Zh => format!("已派出 {sortie},补拍 {photos} 张"),
        Lang::En => format!("{sortie} flies the rest, {photos} photos"),
    })
}

async fn post(
    lang: Lang,
    config: &Config,
    word: &str,
    order: &SortieArguments,
    body: Value,
) -> Result<Value> {
    let path = format!("/api/v1/flights/{}/{word}", order.sortie);
    post_order(
        lang,
        (config, &order.service),
        (&order.actor, &order.reason),
        &path,
        body,
    )
    .await
}

fn passed_on(output: Output, answer: &Value, word: &str) -> Result<()> {
    let words = match word {
        "pause" => ("已下令暂停:", "told to hold in the air: "),
        "continue" => ("已下令继续:", "told to go on: "),
        "divert" => ("已下令备降:", "told to land elsewhere: "),
        _land => ("已下令就地降落:", "told to land where it is: "),
    };
    let sortie = answer["sortie_id"].as_str().unwrap_or_default().to_owned();
    output.show(answer, |lang| lang.pick(words.0, words.1).to_owned() + &sortie)
}
