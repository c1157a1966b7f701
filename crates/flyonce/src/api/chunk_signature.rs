//! Signatures of chunks: each is made with that of the chunk before it, the first with that of the request.
//! (docs.aws.amazon.com, "Transferring Payload in Multiple Chunks (Chunked Upload)".)

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// SHA-256 of nothing.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Holds chunks of one request against their signatures, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct ChunkSigner {
    key: Vec<u8>,
    at: String,
    scope: String,
    previous: String,
}

impl fmt::Debug for ChunkSigner {
    /// Without the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChunkSigner")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl ChunkSigner {
    /// Begins behind a request with this signing key, date, scope and signature.
    pub fn new(key: Vec<u8>, at: String, scope: String, signature: String) -> Self {
        Self {
            key,
            at,
            scope,
            previous: signature,
        }
    }

    /// Whether the next chunk, of which this is the SHA-256, is signed so.
    pub fn is_chunk(&mut self, sha256: &str, signature: &str) -> bool {
        let of_it = format!("{OF_NOTHING}\n{sha256}");
        self.is_signed("AWS4-HMAC-SHA256-PAYLOAD", &of_it, signature)
    }

    /// Whether the trailer is signed so: its lines as `name:value\n`.
    pub fn is_trailer(&mut self, lines: &str, signature: &str) -> bool {
        let of_it = hex::encode(Sha256::digest(lines.as_bytes()));
        self.is_signed("AWS4-HMAC-SHA256-TRAILER", &of_it, signature)
    }

    fn is_signed(&mut self, what: &str, of_it: &str, signature: &str) -> bool {
        let to_sign = format!("{what}\n{}\n{}\n{}\n{of_it}", self.at, self.scope, self.previous);
        let Ok(stated) = hex::decode(signature) else {
            return false;
        };
        self.previous = signature.to_ascii_lowercase();
        mac(&self.key, to_sign.as_bytes()).verify_slice(&stated).is_ok()
    }
}

/// HMAC-SHA256.
pub fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    // A key of any length makes a MAC; an empty one stands for what cannot be.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's own example: 66,560 letters a in chunks of 64 KiB.
    #[test]
    fn the_documents_example_is_signed_chunk_by_chunk() {
        let scope = "20130524/us-east-1/s3/aws4_request";
        let key = scope.split('/').fold(
            b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec(),
            |key, part| mac(&key, part.as_bytes()).finalize().into_bytes().to_vec(),
        );
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let mut signer = ChunkSigner::new(
            key,
            "20130524T000000Z".to_owned(),
            scope.to_owned(),
            seed.to_owned(),
        );
        let sha256 = |length: usize| hex::encode(Sha256::digest(vec![b'a'; length]));
        let chunks = [
            (
                65_536,
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            ),
            (
                1024,
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            ),
            (
                0,
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ),
        ];
        for (length, signature) in chunks {
            let mut other = signer.clone();
            assert!(!other.is_chunk(&sha256(length + 1), signature));
            assert!(signer.is_chunk(&sha256(length), signature), "{length}");
        }
        assert!(!signer.is_chunk(&sha256(0), "no hexadecimal digits"));
        assert!(!format!("{signer:?}").contains("key"));
    }
}
