//! TLS of a dock's line: the authority it trusts, and the certificate it shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Certificates that were read and fit together.
#[derive(Clone, Debug)]
pub struct Encryption(Arc<ClientConfig>);

impl Encryption {
    /// Reads PEM files: the authority, and certificate and key where the broker wants them.
    ///
    /// # Errors
    /// A file that cannot be read or used, by name.
    pub fn load(ca_file: &Path, client: Option<(PathBuf, PathBuf)>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca_file)? {
            roots
                .add(certificate)
                .with_context(|| format!("the certificate in {} cannot be used", ca_file.display()))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let secret = PrivateKeyDer::from_pem_file(&key)
                    .with_context(|| format!("no private key can be read from {}", key.display()))?;
                builder
                    .with_client_auth_cert(certificates(&certificate)?, secret)
                    .with_context(|| format!("{} and {} are no pair", certificate.display(), key.display()))?
            }
        };
        Ok(Self(Arc::new(config)))
    }

    /// What the arguments of a fleet ask for: TLS for `mqtts://` and only there.
    ///
    /// # Errors
    /// Files that contradict the address, or cannot be used.
    pub fn of_arguments(
        encrypted: bool,
        ca_file: Option<&Path>,
        client: (Option<&PathBuf>, Option<&PathBuf>),
    ) -> anyhow::Result<Option<Self>> {
        let client = match client {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => bail!("--mqtt-certificate and --mqtt-key go together"),
        };
        let Some(ca_file) = ca_file else {
            ensure!(
                !encrypted,
                "mqtts:// needs --mqtt-ca FILE, the authority of the broker"
            );
            ensure!(client.is_none(), "certificates go with mqtts:// only");
            return Ok(None);
        };
        ensure!(encrypted, "--mqtt-ca goes with --mqtt mqtts://… only");
        Self::load(ca_file, client).map(Some)
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::tls_with_config(TlsConfiguration::Rustls(Arc::clone(&self.0)))
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let cannot = || format!("no certificate can be read from {}", path.display());
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .with_context(cannot)?;
    ensure!(!all.is_empty(), cannot());
    Ok(all)
}
