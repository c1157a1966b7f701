//! Where docks bring photos: one bucket, keys that the program gave out at its start, and a folder in which a file lies
//! under the hash of its key until the dock says what it is.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fleet::cloud::shelf::secret;

/// The one bucket.
pub const BUCKET: &str = "flyonce";
/// The one region.
pub const REGION: &str = "us-east-1";
/// Keys are asked for again after so long, seconds.
const EXPIRE_S: u32 = 3600;

/// Keys and place of the photos.
#[derive(Debug)]
pub struct Objects {
    /// Access key id.
    pub key_id: String,
    /// Secret access key.
    pub key_secret: String,
    /// Session token.
    pub token: String,
    endpoint: String,
    folder: PathBuf,
}

impl Objects {
    /// New keys; `endpoint` is what docks put `/{bucket}/{key}` behind.
    ///
    /// # Errors
    /// A machine without a source of randomness.
    pub fn new(endpoint: String, data_folder: &Path) -> Result<Self> {
        Ok(Self {
            key_id: format!("FLYONCE{}", secret(8)?.to_uppercase()),
            key_secret: secret(20)?,
            token: secret(24)?,
            endpoint,
            folder: data_folder.join("incoming").join("objects"),
        })
    }

    /// The `output` of `storage_config_get` for one dock.
    pub fn config(&self, dock_id: &str) -> Value {
        json!({
            "bucket": BUCKET,
            "credentials": {
                "access_key_id": self.key_id,
                "access_key_secret": self.key_secret,
                "expire": EXPIRE_S,
                "security_token": self.token,
            },
            "endpoint": self.endpoint,
            "provider": "minio",
            "region": REGION,
            "object_key_prefix": dock_id,
        })
    }

    /// Where the file of a key lies once it is whole. A key can be any text and never leads out of the folder.
    pub fn path(&self, key: &str) -> PathBuf {
        let name = hex::encode(Sha256::digest(key.trim_start_matches('/')));
        self.folder.join(format!("{name}.object"))
    }

    /// The folder of files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_their_folder() {
        let objects = Objects::new("http://h/objects".to_owned(), Path::new("/data")).unwrap();
        let path = objects.path("../../etc/passwd");
        assert_eq!(path.parent(), Some(objects.folder()));
        assert_eq!(objects.path("/D01/a.jpg"), objects.path("D01/a.jpg"));
        let config = objects.config("D01");
        assert_eq!(config["credentials"]["access_key_secret"], objects.key_secret);
        assert_eq!(
            (&config["bucket"], &config["object_key_prefix"]),
            (&json!(BUCKET), &json!("D01"))
        );
    }
}
