//! TLS to the broker: which authority we trust, and the certificate that we show.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Files in PEM form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate of the authority that signed the broker's certificate; `None` for those of this system.
    pub ca_file: Option<PathBuf>,
    /// Our certificate (with those that lead to its authority) and its key, where the broker wants one.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Why there can be no TLS. No key is ever in these texts.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file holds no certificate.
    #[error("{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds a certificate that cannot be used.
    #[error("the certificate in {path} cannot be used: {reason}")]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file holds no key.
    #[error("{path} holds no unencrypted private key in PEM form (-----BEGIN PRIVATE KEY-----)")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key are not of a pair.
    #[error("the key in {key} does not belong to the certificate in {certificate}: {reason}")]
    NoPair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The cryptography cannot be set up.
    #[error("TLS cannot be set up: {reason}")]
    Setup {
        /// What is wrong.
        reason: String,
    },
}

/// Certificates that were read and fit together.
#[derive(Clone)]
pub struct BrokerTls(Arc<ClientConfig>);

impl fmt::Debug for BrokerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrokerTls")
    }
}

impl BrokerTls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let roots = roots(files.ca_file.as_deref())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let setup = |error: rustls::Error| TlsError::Setup {
            reason: error.to_string(),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(setup)?
            .with_root_certificates(roots);
        let config = match &files.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| TlsError::NoPair {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    reason: error.to_string(),
                })?,
        };
        Ok(Self(Arc::new(config)))
    }

    /// For a client of the broker.
    pub(super) fn transport(&self) -> Transport {
        Transport::tls_with_config(TlsConfiguration::Rustls(Arc::clone(&self.0)))
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        // What of the system's own list cannot be read is not trusted; the connection then says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| TlsError::BadCertificate {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|error| TlsError::BadCertificate {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    if all.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(all)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey {
            path: path.to_owned(),
        },
        other => TlsError::Unreadable {
            path: path.to_owned(),
            reason: other.to_string(),
        },
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(ca: &str, client: Option<(&str, &str)>) -> (tempfile::TempDir, TlsFiles) {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = TlsFiles {
            ca_file: Some(put("ca.pem", ca)),
            client: client.map(|(certificate, key)| (put("client.pem", certificate), put("client.key", key))),
        };
        (folder, files)
    }

    #[test]
    fn every_file_is_named_with_what_is_wrong() {
        let missing = TlsFiles {
            ca_file: Some("/nonexistent/ca.pem".into()),
            client: None,
        };
        let error = BrokerTls::load(&missing).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/ca.pem"), "{error}");
        let (_folder, files) = of("no certificate", None);
        let error = BrokerTls::load(&files).unwrap_err().to_string();
        assert!(error.contains("ca.pem holds no certificate"), "{error}");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let (_folder, files) = of(broken, None);
        let error = BrokerTls::load(&files).unwrap_err().to_string();
        assert!(error.contains("ca.pem cannot be used"), "{error}");
    }

    #[test]
    fn without_files_the_system_decides_whom_to_trust() {
        BrokerTls::load(&TlsFiles::default()).unwrap();
    }

    proptest! {
        #[test]
        fn any_content_is_read_or_refused(ca in "\\PC{0,80}", key in "(-----BEGIN PRIVATE KEY-----)?\\PC{0,80}") {
            let (_folder, files) = of(&ca, Some((&ca, &key)));
            prop_assert!(BrokerTls::load(&files).is_err());
        }
    }
}
