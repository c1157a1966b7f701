//! `flyonce serve`: the page and the API, on loopback.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::net::TcpListener;

use crate::api;
use crate::cli::output::Output;
use crate::config::settings::not_loopback_words;
use crate::workplace::Workplace;

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// An address that others could reach, or that is in use.
pub async fn run(output: Output, workplace: Workplace, listen: Option<SocketAddr>) -> Result<()> {
    let address = listen.unwrap_or(workplace.config.settings.listen);
    if !address.ip().is_loopback() {
        bail!("{address}: {}", not_loopback_words().pick(output.lang));
    }
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let bound = listener.local_addr()?;
    let url = format!("http://{bound}/");
    output.show(&json!({ "url": url, "accounts": false }), |lang| {
        lang.pick(
            &format!("网页与接口:{url}(尚无账号,仅限本机访问;Ctrl-C 停止)"),
            &format!(
                "page and API: {url} (no accounts yet, so only this machine can reach it; Ctrl-C stops)"
            ),
        )
        .to_owned()
    })?;
    api::serve(listener, workplace).await
}
