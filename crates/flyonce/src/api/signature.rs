//! AWS Signature Version 4 as S3 has it, in the header `Authorization`: whether a request was signed with the keys that
//! the program gave out. (docs.aws.amazon.com, "Signature Calculations for the Authorization Header".)

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use hmac::Mac;
use sha2::{Digest, Sha256};
use survey::time::UtcMicros;

use crate::api::chunk_signature::{ChunkSigner, mac};
use crate::api::s3_error::S3Error;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Signatures older or newer than this do not count, seconds.
const SKEW_S: i64 = 15 * 60;

/// The keys a request has to be signed with.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'k> {
    /// Access key id.
    pub id: &'k str,
    /// Secret access key.
    pub secret: &'k str,
    /// Session token.
    pub token: &'k str,
}

/// What a request says of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// It hashes to this: SHA-256, lower-case hexadecimal.
    Sha256(String),
    /// It is not signed.
    Unsigned,
    /// It comes in chunks.
    Chunks {
        /// What their signatures are held against; `None`: they are not signed.
        signer: Option<ChunkSigner>,
        /// Bytes of all chunks together, as the request says.
        length: Option<u64>,
    },
}

/// The parts of `Authorization`.
struct Stated<'h> {
    key_id: &'h str,
    date: &'h str,
    region: &'h str,
    service: &'h str,
    signed_headers: Vec<&'h str>,
    signature: Vec<u8>,
}

/// Whether a request is signed; `nows` are the clocks that a date may be near to.
///
/// # Errors
/// Why not, as S3 says it.
pub fn verify(
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    keys: Keys<'_>,
    nows: &[UtcMicros],
) -> Result<Payload, S3Error> {
    let stated = stated(headers)?;
    if stated.key_id != keys.id {
        let message = "the access key is not one of this run of the program; ask for new ones";
        return Err(S3Error::new(StatusCode::FORBIDDEN, "InvalidAccessKeyId", message));
    }
    if text(headers, "x-amz-security-token") != Some(keys.token) {
        let message = "x-amz-security-token is missing or not the one that came with the key";
        return Err(S3Error::new(StatusCode::FORBIDDEN, "InvalidToken", message));
    }
    let at = text(headers, "x-amz-date").ok_or_else(|| S3Error::denied("x-amz-date is missing"))?;
    near(at, nows)?;
    if !at.starts_with(stated.date) {
        return Err(S3Error::denied(
            "the date of the credential is not that of x-amz-date",
        ));
    }
    let payload_hash = text(headers, "x-amz-content-sha256")
        .ok_or_else(|| S3Error::denied("x-amz-content-sha256 is missing"))?;
    let canonical = canonical((method, uri, headers), &stated.signed_headers, payload_hash)?;
    let scope = format!(
        "{}/{}/{}/aws4_request",
        stated.date, stated.region, stated.service
    );
    let to_sign = format!(
        "{ALGORITHM}\n{at}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let key = [stated.date, stated.region, stated.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| {
            mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
        });
    let expected = mac(&key, to_sign.as_bytes());
    let signature = hex::encode(&stated.signature);
    expected.verify_slice(&stated.signature).map_err(|_differs| {
        let message = "the signature is not that of this request with the keys that were given out";
        S3Error::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message)
    })?;
    payload(payload_hash, headers, || {
        ChunkSigner::new(key, at.to_owned(), scope, signature)
    })
}

fn stated(headers: &HeaderMap) -> Result<Stated<'_>, S3Error> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix(ALGORITHM))
        .ok_or_else(|| S3Error::denied(format!("Authorization has to begin with {ALGORITHM}")))?;
    let field = |name: &str| {
        value
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .ok_or_else(|| S3Error::denied(format!("Authorization has no {name}")))
    };
    let credential: Vec<&str> = field("Credential")?.split('/').collect();
    let [key_id, date, region, service, "aws4_request"] = credential[..] else {
        return Err(S3Error::denied(
            "Credential has to be key/date/region/s3/aws4_request",
        ));
    };
    let signature = hex::decode(field("Signature")?)
        .map_err(|_no_hex| S3Error::denied("Signature has to be hexadecimal"))?;
    let signed_headers: Vec<&str> = field("SignedHeaders")?.split(';').collect();
    if !signed_headers.contains(&"host") {
        return Err(S3Error::denied("host has to be signed"));
    }
    Ok(Stated {
        key_id,
        date,
        region,
        service,
        signed_headers,
        signature,
    })
}

fn payload(
    hash: &str,
    headers: &HeaderMap,
    signer: impl FnOnce() -> ChunkSigner,
) -> Result<Payload, S3Error> {
    let length = text(headers, "x-amz-decoded-content-length").and_then(|text| text.parse().ok());
    match hash {
        "UNSIGNED-PAYLOAD" => Ok(Payload::Unsigned),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
            Ok(Payload::Chunks {
                signer: Some(signer()),
                length,
            })
        }
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Payload::Chunks { signer: None, length }),
        hash if hash.starts_with("STREAMING-") => Err(S3Error::not_implemented(
            "of the ways to sign chunks only AWS4-HMAC-SHA256 is known here",
        )),
        hash if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Payload::Sha256(hash.to_ascii_lowercase()))
        }
        _ => Err(S3Error::denied(
            "x-amz-content-sha256 has to be a SHA-256 or UNSIGNED-PAYLOAD",
        )),
    }
}

fn canonical(
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    signed: &[&str],
    payload_hash: &str,
) -> Result<String, S3Error> {
    let mut query: Vec<String> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.contains('=') {
            true => pair.to_owned(),
            false => format!("{pair}="),
        })
        .collect();
    query.sort();
    let mut lines = String::new();
    for name in signed {
        let values: Vec<String> = headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return Err(S3Error::denied(format!("the signed header {name} is missing")));
        }
        lines.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    Ok(format!(
        "{method}\n{}\n{}\n{lines}\n{}\n{payload_hash}",
        uri.path(),
        query.join("&"),
        signed.join(";")
    ))
}

/// `20260302T020005Z`.
fn near(at: &str, nows: &[UtcMicros]) -> Result<(), S3Error> {
    let part = |from: usize, to: usize| at.get(from..to).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    );
    let at = UtcMicros::parse_rfc3339(&text)
        .map_err(|_no_time| S3Error::denied("x-amz-date has to be written as 20260302T020005Z"))?;
    if nows.iter().any(|now| (now.0 - at.0).abs() <= SKEW_S * 1_000_000) {
        return Ok(());
    }
    let message = "x-amz-date is more than 15 minutes off; set the dock's clock";
    Err(S3Error::new(
        StatusCode::FORBIDDEN,
        "RequestTimeTooSkewed",
        message,
    ))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys and request of AWS's own example ("Example: PUT Object"), with a session token added by us.
    const KEYS: Keys<'static> = Keys {
        id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        token: "T",
    };

    fn now() -> UtcMicros {
        UtcMicros::parse_rfc3339("2013-05-24T00:00:10Z").unwrap()
    }

    fn example() -> (Method, Uri, HeaderMap) {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            (
                "x-amz-content-sha256",
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            ),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-security-token", "T"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,\
                 Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        (Method::PUT, "/test%24file.text".parse().unwrap(), headers)
    }

    fn verified(change: impl FnOnce(&mut HeaderMap), nows: &[UtcMicros]) -> Result<Payload, S3Error> {
        let (method, uri, mut headers) = example();
        change(&mut headers);
        verify((&method, &uri, &headers), KEYS, nows)
    }

    #[test]
    fn the_documents_example_is_signed() {
        let payload = verified(|_| {}, &[now()]).unwrap();
        assert!(matches!(payload, Payload::Sha256(hash) if hash.starts_with("44ce7dd6")));
    }

    #[test]
    fn what_was_changed_is_not() {
        let code = |change: fn(&mut HeaderMap)| verified(change, &[now()]).unwrap_err().code;
        assert_eq!(
            code(|h| drop(h.insert("host", "other".parse().unwrap()))),
            "SignatureDoesNotMatch"
        );
        assert_eq!(code(|h| drop(h.remove("x-amz-storage-class"))), "AccessDenied");
        assert_eq!(code(|h| drop(h.remove("authorization"))), "AccessDenied");
        assert_eq!(
            code(|h| drop(h.insert("x-amz-security-token", "U".parse().unwrap()))),
            "InvalidToken"
        );
        const STREAMING: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        assert_eq!(
            code(|h| drop(h.insert("x-amz-content-sha256", STREAMING.parse().unwrap()))),
            "SignatureDoesNotMatch"
        );
        let late = UtcMicros(now().0 + 3_600_000_000);
        assert_eq!(
            verified(|_| {}, &[late]).unwrap_err().code,
            "RequestTimeTooSkewed"
        );
        assert!(
            verified(|_| {}, &[late, now()]).is_ok(),
            "one of the clocks is enough"
        );
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(value in "[ -~]{0,200}", at in "[0-9TZ]{0,16}") {
            let _ = verified(|headers| {
                headers.insert("authorization", format!("{ALGORITHM}{value}").parse().unwrap());
                headers.insert("x-amz-date", at.parse().unwrap());
            }, &[now()]);
        }
    }
}
