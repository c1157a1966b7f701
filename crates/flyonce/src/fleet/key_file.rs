//! The file of signing keys, `[signing] key_file`: one `[[key]]` per vehicle with `system_id`, where need be `link`,
//! and `secret` (64 hexadecimal digits) or `passphrase`; `pending` is a key that was sent and not yet seen in use.
//! Only its owner may read it. No key is ever shown.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flight::address::LinkAddress;
use flight::signing::{SecretKey, VehicleKeys};

use crate::config::ConfigError;
use crate::config::reader::{Reader, Section};
use crate::lang::Words;

const HEAD: &str =
    "# MAVLink 2 signing keys of vehicles, written by `flyonce vehicle key`. Keep this file to yourself.\n";

/// The keys of one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its system id.
    pub system_id: u8,
    /// The link on which it has that number; `None` for any.
    pub link: Option<LinkAddress>,
    /// The key it has.
    pub secret: Option<SecretKey>,
    /// A key that it was sent and may have.
    pub pending: Option<SecretKey>,
}

/// All keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    path: PathBuf,
    /// One per vehicle.
    pub entries: Vec<KeyEntry>,
}

impl KeyFile {
    /// Reads the file; one that is not there has no keys.
    ///
    /// # Errors
    /// A file that others may read, or that cannot be read, or every mistake in it with its line.
    pub fn load(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the key file {}", path.display()));
            }
        };
        must_be_private(path)?;
        let entries = Reader::new(path.display().to_string(), &text).read(|root| {
            let mut entries: Vec<KeyEntry> = Vec::new();
            for section in root.sections("key") {
                let entry = entry(&section);
                let twin = |other: &KeyEntry| other.system_id == entry.system_id && other.link == entry.link;
                if entries.iter().any(twin) {
                    let problem = Words::new("同一飞机有两条密钥", "another entry has this vehicle");
                    section.reject("system_id", problem);
                }
                entries.push(entry);
            }
            root.finish();
            entries
        });
        Ok(Self {
            path: path.to_owned(),
            entries: entries.map_err(ConfigError::Mistakes)?,
        })
    }

    /// Writes the file anew, beside the old one and then in its place: it is whole at any moment.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn save(&self) -> Result<()> {
        let mut text = HEAD.to_owned();
        for entry in &self.entries {
            text.push_str(&format!("\n[[key]]\nsystem_id = {}\n", entry.system_id));
            if let Some(link) = &entry.link {
                text.push_str(&format!("link = {}\n", toml::Value::from(link.to_string())));
            }
            for (name, key) in [("secret", &entry.secret), ("pending", &entry.pending)] {
                if let Some(key) = key {
                    text.push_str(&format!("{name} = \"{}\"\n", hex::encode(key.bytes())));
                }
            }
        }
        let fresh = self.path.with_extension(format!("{}.new", std::process::id()));
        let written = write_private(&fresh, &text).and_then(|()| std::fs::rename(&fresh, &self.path));
        written.with_context(|| format!("cannot write the key file {}", self.path.display()))
    }

    /// The entry for a vehicle on a link, made if there is none: one that names the link goes before one for any.
    pub fn entry_mut(&mut self, link: &LinkAddress, system_id: u8) -> &mut KeyEntry {
        let mine = |entry: &KeyEntry, on: Option<&LinkAddress>| {
            entry.system_id == system_id && entry.link.as_ref() == on
        };
        let entries = &self.entries;
        let named = entries.iter().position(|entry| mine(entry, Some(link)));
        let found = named.or_else(|| entries.iter().position(|entry| mine(entry, None)));
        let at = found.unwrap_or(self.entries.len());
        if found.is_none() {
            self.entries.push(KeyEntry {
                system_id,
                link: Some(link.clone()),
                secret: None,
                pending: None,
            });
        }
        &mut self.entries[at]
    }

    /// Forgets entries without any key.
    pub fn tidy(&mut self) {
        self.entries
            .retain(|entry| entry.secret.is_some() || entry.pending.is_some());
    }

    /// As the links want it.
    pub fn vehicles(&self) -> Vec<VehicleKeys> {
        let of = |entry: &KeyEntry| VehicleKeys {
            system_id: entry.system_id,
            link: entry.link.clone(),
            keys: entry.secret.iter().chain(&entry.pending).cloned().collect(),
            unsigned_too: entry.secret.is_none(),
        };
        self.entries.iter().map(of).collect()
    }
}

fn entry(section: &Section<'_, '_>) -> KeyEntry {
    let link = section.text("link").and_then(|text| {
        let refused = |error: &dyn std::fmt::Display| {
            section.reject(
                "link",
                Words::new(format!("链路地址有误:{error}"), error.to_string()),
            );
        };
        text.parse::<LinkAddress>().map_err(|error| refused(&error)).ok()
    });
    let (secret, pending) = (of_hex(section, "secret"), of_hex(section, "pending"));
    let passphrase = section.text("passphrase").and_then(|text| {
        let key = SecretKey::from_passphrase(&text);
        key.map_err(|error| reject(section, "passphrase", &error)).ok()
    });
    if secret.is_some() && passphrase.is_some() {
        let problem = Words::new(
            "secret 与 passphrase 只能写一个",
            "secret and passphrase exclude each other",
        );
        section.reject("passphrase", problem);
    }
    let entry = KeyEntry {
        // Within 1..=255, which u8 holds.
        system_id: section.required_number("system_id", 1.0..=255.0) as u8,
        link,
        secret: secret.or(passphrase),
        pending,
    };
    if entry.secret.is_none() && entry.pending.is_none() {
        let problem = Words::new(
            "须有 secret(64 位十六进制)或 passphrase",
            "needs a secret (64 hexadecimal digits) or a passphrase",
        );
        section.reject("secret", problem);
    }
    section.finish();
    entry
}

fn of_hex(section: &Section<'_, '_>, name: &str) -> Option<SecretKey> {
    let key = SecretKey::from_hex(&section.text(name)?);
    key.map_err(|error| reject(section, name, &error)).ok()
}

/// The text of an error never holds the key.
fn reject(section: &Section<'_, '_>, name: &str, error: &flight::signing::KeyError) {
    let problem = Words::new(format!("密钥有误:{error}"), error.to_string());
    section.reject(name, problem);
}

#[cfg(unix)]
fn must_be_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "others may read the key file {path} (mode {mode:o}); run: chmod 600 {path} / 密钥文件对他人可读,请执行 chmod 600",
            path = path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn must_be_private(_path: &Path) -> Result<()> {
    Ok(())
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        write_private(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn keys_are_read_written_and_read_again() {
        let digits = "ab".repeat(32);
        let text = format!(
            "[[key]]\nsystem_id = 1\nlink = \"tcp:127.0.0.1:5760\"\nsecret = \"{digits}\"\n[[key]]\nsystem_id = 2\npassphrase = \"correct horse\"\n"
        );
        let (_folder, path) = written(&text);
        let mut file = KeyFile::load(&path).unwrap();
        let link: LinkAddress = "tcp:127.0.0.1:5770".parse().unwrap();
        let other = file.entry_mut(&link, 1);
        assert!(other.secret.is_none());
        other.pending = Some(SecretKey::random().unwrap());
        assert_eq!(
            file.entry_mut(&link, 2).secret,
            SecretKey::from_passphrase("correct horse").ok()
        );
        file.save().unwrap();
        assert_eq!(KeyFile::load(&path).unwrap(), file);
        let vehicles = file.vehicles();
        assert_eq!(vehicles.len(), 3);
        assert!(vehicles[2].unsigned_too && !vehicles[0].unsigned_too);
        assert!(!format!("{file:?}").contains(&digits[..16]));
    }

    #[test]
    fn mistakes_are_named_and_no_key_is_repeated() {
        let (_folder, path) =
            written("[[key]]\nsystem_id = 1\nsecret = \"deadbeefdeadbeef\"\n[[key]]\nsystem_id = 2\n");
        let error = KeyFile::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("key[0].secret") && error.contains("key[1].secret"),
            "{error}"
        );
        assert!(!error.contains("deadbeef"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = written("");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = KeyFile::load(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_missing_file_has_no_keys() {
        assert!(
            KeyFile::load(Path::new("/nonexistent/keys.toml"))
                .unwrap()
                .entries
                .is_empty()
        );
    }
}
