//! AWS Signature Version 4 in request headers, as S3 and MinIO want it for a PUT of one object.

use sha2::{Digest, Sha256};

use crate::clock::civil_from_unix;

/// Temporary credentials of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
    pub(crate) security_token: String,
    pub(crate) region: String,
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    /// As in the header `host`.
    pub(crate) host: &'a str,
    /// As in the request line, escaped already.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// When, seconds since 1970.
    pub(crate) unix_s: i64,
}

/// Headers that sign a PUT.
pub(crate) fn signed_headers(credentials: &Credentials, put: &Put<'_>) -> Vec<(&'static str, String)> {
    let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let stamp = digits(civil_from_unix(put.unix_s).iso_text());
    let (day, time) = (
        stamp.get(..8).unwrap_or_default(),
        stamp.get(8..14).unwrap_or_default(),
    );
    let stamp = format!("{day}T{time}Z");
    let body_hash = hex::encode(Sha256::digest(put.body));
    let mut headers = vec![
        ("host", put.host.to_owned()),
        ("x-amz-content-sha256", body_hash.clone()),
        ("x-amz-date", stamp.clone()),
    ];
    if !credentials.security_token.is_empty() {
        headers.push(("x-amz-security-token", credentials.security_token.clone()));
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let canonical = format!("PUT\n{}\n\n{lines}\n{names}\n{body_hash}", put.path);
    let scope = format!("{day}/{}/s3/aws4_request", credentials.region);
    let hash = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hash}");
    let mut key = hmac(
        format!("AWS4{}", credentials.access_key_secret).as_bytes(),
        day.as_bytes(),
    );
    for part in [credentials.region.as_str(), "s3", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex::encode(hmac(&key, to_sign.as_bytes()));
    let id = &credentials.access_key_id;
    headers.remove(0);
    headers.push((
        "authorization",
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    headers
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    match key.len() <= 64 {
        true => block[..key.len()].copy_from_slice(key),
        false => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner);
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let found = hex::encode(hmac(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(
            found,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hex::encode(hmac(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        ));
        assert_eq!(
            long,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn a_put_is_signed_for_its_day_and_region() {
        let credentials = Credentials {
            access_key_id: "AK".to_owned(),
            access_key_secret: "secret".to_owned(),
            security_token: "T".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let put = Put {
            host: "h:1",
            path: "/b/k",
            body: b"x",
            unix_s: 1_369_353_600,
        };
        let headers = signed_headers(&credentials, &put);
        let text = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
        assert_eq!(text("x-amz-date").as_deref(), Some("20130524T000000Z"));
        let authorization = text("authorization").unwrap();
        assert!(
            authorization.starts_with("AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request")
        );
        let other = signed_headers(&credentials, &Put { body: b"y", ..put });
        assert!(!other.contains(&("authorization", authorization)));
    }
}
