//! `flyonce serve`: the page and the API, on loopback.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::json;
use survey::time::UtcMicros;
use tokio::net::TcpListener;

use crate::cli::arguments::ServeArguments;
use crate::cli::output::Output;
use crate::config::settings::not_loopback_words;
use crate::fleet::city_clock::CityClock;
use crate::running::Running;
use crate::workplace::Workplace;

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// An address that others could reach, or that is in use; mistakes in roster or calendar.
pub async fn run(output: Output, workplace: Workplace, arguments: &ServeArguments) -> Result<()> {
    let clock = city_clock(arguments)?;
    let listener = listen(
        output,
        arguments.listen.unwrap_or(workplace.config.settings.listen),
    )
    .await?;
    let bound = listener.local_addr()?;
    let running = Running::start(&workplace, listener, clock, Box::new(|_| {})).await?;
    let docks = running
        .fleet
        .as_ref()
        .map_or(0, |fleet| fleet.roster().docks.len());
    say_where(output, bound, docks)?;
    running.until_asked_to_stop().await
}

/// Listens on loopback.
///
/// # Errors
/// An address that others could reach, or that is in use.
pub async fn listen(output: Output, address: SocketAddr) -> Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!("{address}: {}", not_loopback_words().pick(output.lang));
    }
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

/// Tells people where the page is.
///
/// # Errors
/// A standard output that cannot be written.
pub fn say_where(output: Output, bound: SocketAddr, docks: usize) -> Result<()> {
    let url = format!("http://{bound}/");
    output.show(&json!({ "url": url, "accounts": false, "docks": docks }), |lang| {
        lang.pick(
            &format!("网页与接口:{url}({docks} 个机场;尚无账号,仅限本机访问;Ctrl-C 停止)"),
            &format!(
                "page and API: {url} ({docks} docks; no accounts yet, so only this machine can reach it; Ctrl-C stops)"
            ),
        )
        .to_owned()
    })
}

fn city_clock(arguments: &ServeArguments) -> Result<CityClock> {
    let Some(from) = &arguments.city_time else {
        return Ok(CityClock::Wall);
    };
    let from = UtcMicros::parse_rfc3339(from)?;
    let speed = arguments.city_speed;
    Ok(match &arguments.city_time_was_at {
        None => CityClock::simulated(from, speed),
        Some(anchor) => CityClock::Simulated {
            from,
            anchor: UtcMicros::parse_rfc3339(anchor)?,
            speed,
        },
    })
}
