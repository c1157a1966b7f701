//! Asking the running service, over its API on loopback.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::cli::arguments::ServiceArguments;
use crate::config::Config;
use crate::lang::Lang;

/// Where the running service is.
pub fn address(config: &Config, service: &ServiceArguments) -> SocketAddr {
    service.service.unwrap_or(config.settings.listen)
}

/// One request to the service.
///
/// # Errors
/// A service that does not answer, or its refusal in words.
pub async fn ask(lang: Lang, address: SocketAddr, method: Method, path: &str, body: Value) -> Result<Value> {
    let stream = TcpStream::connect(address).await.with_context(|| {
        format!("no service answers on {address}; is `flyonce serve` running? / 服务未运行")
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        anyhow::Ok((status, bytes))
    };
    tokio::pin!(connection);
    let (status, bytes) = tokio::select! {
        answered = exchange => answered?,
        ended = &mut connection => {
            ended?;
            bail!("the service closed the connection")
        }
    };
    let answer: Value = serde_json::from_slice(&bytes).context("the service did not answer with JSON")?;
    if !status.is_success() {
        let said = &answer["error"]["message"][lang.pick("zh", "en")];
        bail!("{}", said.as_str().unwrap_or("the service refused"));
    }
    Ok(answer)
}
