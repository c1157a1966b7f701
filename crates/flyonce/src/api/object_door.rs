//! `PUT /{bucket}/{key}` as storage services have it: a dock brings a file, whole or in parts, signed with the keys it
//! was given. The file is on the disk before the answer goes out; what it is the dock says afterwards
//! (`fleet/cloud/media.rs`).

use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, put};
use tokio::fs;

use crate::api::fleet::MaybeFleet;
use crate::api::object_body::{read_on, store};
use crate::api::object_parts::{Target, Wanted};
use crate::api::s3_error::S3Error;
use crate::api::signature::{Keys, Payload, verify};
use crate::api::state::ApiState;
use crate::clock;
use crate::fleet::cloud::objects::{BUCKET, Objects, REGION};
use crate::fleet::service::Fleet;

/// Longest key, bytes, as S3 has it.
const LONGEST_KEY: usize = 1024;
/// What can be done with an object.
pub fn object() -> MethodRouter<ApiState> {
    put(bring).head(is_there).post(in_parts).delete(give_up)
}

/// One request.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

/// `GET /{bucket}?location`, which clients ask before their first upload, and whether the bucket is there.
pub async fn bucket(
    State(fleet): State<MaybeFleet>,
    Path(bucket): Path<String>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    admitted(&fleet, &bucket, &asked)?;
    if asked
        .uri
        .query()
        .is_some_and(|query| query.starts_with("location"))
    {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{REGION}</LocationConstraint>\n"
        );
        return Ok(([(header::CONTENT_TYPE, "application/xml")], body).into_response());
    }
    if asked.method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    Err(S3Error::not_implemented("objects are not listed"))
}

/// `HEAD /{bucket}/{key}`.
async fn is_there(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, S3Error> {
    let (objects, _) = admitted(&fleet, &bucket, &Asked { method, uri, headers })?;
    match fs::metadata(objects.path(&key)).await {
        Ok(found) => Ok(([(header::CONTENT_LENGTH, found.len().to_string())], ()).into_response()),
        Err(_absent) => Err(S3Error::new(StatusCode::NOT_FOUND, "NoSuchKey", "no such object")),
    }
}

/// `PUT /{bucket}/{key}`: an object, or a part of one.
async fn bring(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    let admission = admitted_to(&fleet, (&bucket, &key), &asked);
    let (objects, payload, wanted) = match admission {
        Ok(admitted) => admitted,
        Err(refused) => {
            read_on(body).await;
            return Err(refused);
        }
    };
    let says = (payload, &asked.headers);
    match wanted {
        Wanted::Whole => {
            let path = objects.path(&key);
            let etag = store(body, objects.folder(), says, |_etag| path).await?;
            tracing::debug!(key, "an object is here");
            Ok(([(header::ETAG, format!("\"{etag}\""))], ()).into_response())
        }
        Wanted::Part { upload, number } => {
            let target = Target { objects, key: &key };
            target.part((&upload, number), body, says).await
        }
        Wanted::Begin | Wanted::Upload(_) => Err(S3Error::not_implemented("a part has a number")),
    }
}

/// `POST /{bucket}/{key}`: an upload in parts begins or is complete.
async fn in_parts(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    let (objects, _, wanted) = admitted_to(&fleet, (&bucket, &key), &asked)?;
    let target = Target { objects, key: &key };
    match wanted {
        Wanted::Begin => target.begin().await,
        Wanted::Upload(upload) => {
            let answer = target.complete(&upload, body).await?;
            tracing::debug!(key, "an object is here");
            Ok(answer)
        }
        Wanted::Whole | Wanted::Part { .. } => Err(S3Error::not_implemented("forms are not taken")),
    }
}

/// `DELETE /{bucket}/{key}`: an upload in parts is given up. Objects stay.
async fn give_up(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    let (objects, _, wanted) = admitted_to(&fleet, (&bucket, &key), &asked)?;
    match wanted {
        Wanted::Upload(upload) => Target { objects, key: &key }.abort(&upload).await,
        _ => Err(S3Error::not_implemented("objects are not deleted")),
    }
}

/// Whether a request for an object may come in, what it says of its body, and what it wants of uploads in parts.
fn admitted_to<'f>(
    fleet: &'f MaybeFleet,
    (bucket, key): (&str, &str),
    asked: &Asked,
) -> Result<(&'f Objects, Payload, Wanted), S3Error> {
    let (objects, payload) = admitted(fleet, bucket, asked)?;
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message = format!("a key has 1 to {LONGEST_KEY} bytes");
        return Err(S3Error::new(StatusCode::BAD_REQUEST, "KeyTooLongError", message));
    }
    Ok((objects, payload, Wanted::of(&asked.uri)?))
}

/// Whether a request may come in, and what it says of its body.
fn admitted<'f>(
    fleet: &'f MaybeFleet,
    bucket: &str,
    asked: &Asked,
) -> Result<(&'f Objects, Payload), S3Error> {
    let served = fleet.get().and_then(|fleet| Some((fleet, fleet.cloud()?)));
    let Some((fleet, cloud)) = served.filter(|_| bucket == BUCKET) else {
        return Err(S3Error::new(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            "no such bucket",
        ));
    };
    let keys = Keys {
        id: &cloud.objects.key_id,
        secret: &cloud.objects.key_secret,
        token: &cloud.objects.token,
    };
    let payload = verify((&asked.method, &asked.uri, &asked.headers), keys, &clocks(fleet))?;
    Ok((&cloud.objects, payload))
}

/// Docks of a simulated day sign by its clock.
fn clocks(fleet: &Fleet) -> [survey::time::UtcMicros; 2] {
    [clock::now(), fleet.clock().now()]
}
