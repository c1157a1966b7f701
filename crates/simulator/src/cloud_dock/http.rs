//! Files over HTTP/1.1: waylines come by GET, photos go by PUT with a signature of AWS (version 4).

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cloud_dock::sigv4::{Credentials, Put, signed_headers};

/// An exchange that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer that is read, bytes.
const LONGEST: usize = 32 * 1024 * 1024;

/// Where photos go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    /// `http://host:port`.
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    /// What object keys begin with.
    pub(crate) prefix: String,
    pub(crate) credentials: Credentials,
}

/// The bytes that lie at `url`.
///
/// # Errors
/// A sentence that says why there are none.
pub(crate) async fn get(url: &str) -> Result<Vec<u8>, String> {
    let uri: Uri = url.parse().map_err(|_e| "no address".to_owned())?;
    let request = Request::builder()
        .method(Method::GET)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority(&uri)?);
    let request = request.body(Full::default()).map_err(|error| error.to_string())?;
    match exchange(&uri, request).await? {
        (200, bytes) => Ok(bytes),
        (status, _) => Err(format!("HTTP status {status}")),
    }
}

/// Brings an object to the storage; the status of the answer.
///
/// # Errors
/// A sentence that says why there was none.
pub(crate) async fn put(
    storage: &Storage,
    object_key: &str,
    bytes: Vec<u8>,
    unix_s: i64,
) -> Result<u16, String> {
    let url = format!(
        "{}/{}/{object_key}",
        storage.endpoint.trim_end_matches('/'),
        storage.bucket
    );
    let uri: Uri = url.parse().map_err(|_e| format!("{url} is no address"))?;
    let host = authority(&uri)?;
    let signed = signed_headers(
        &storage.credentials,
        &Put {
            host: &host,
            path: uri.path(),
            body: &bytes,
            unix_s,
        },
    );
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(uri.path())
        .header(HOST, &host)
        .header("content-type", "image/jpeg");
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(bytes)))
        .map_err(|error| error.to_string())?;
    Ok(exchange(&uri, request).await?.0)
}

fn authority(uri: &Uri) -> Result<String, String> {
    if uri.scheme_str() != Some("http") {
        return Err(format!("{uri} does not begin with http://"));
    }
    let authority = uri.authority().ok_or("the address has no host")?;
    Ok(authority.as_str().to_owned())
}

async fn exchange(uri: &Uri, request: Request<Full<Bytes>>) -> Result<(u16, Vec<u8>), String> {
    let host = uri.host().unwrap_or_default();
    let socket = format!("{host}:{}", uri.port_u16().unwrap_or(80));
    let whole = async {
        let stream = TcpStream::connect(socket)
            .await
            .map_err(|error| error.to_string())?;
        let (mut sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes().to_vec()))
    };
    timeout(PATIENCE, whole)
        .await
        .map_err(|_e| "no answer in time".to_owned())?
}
