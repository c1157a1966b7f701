//! Gets ONNX Runtime without manual steps: the pinned wheel from PyPI through pip, checked by its hash,
//! its library unpacked into the user's cache folder. Only `setup`, `demo` and the tests come here;
//! no other command ever downloads.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use vision::runtime::{self, PINNED_VERSION, PinnedWheel};

/// What setting up came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetUp {
    /// The library was there already.
    Present(PathBuf),
    /// It was fetched and unpacked.
    Fetched(PathBuf),
}

impl SetUp {
    /// Where the library is.
    pub fn library(&self) -> &Path {
        match self {
            Self::Present(path) | Self::Fetched(path) => path,
        }
    }
}

/// Makes sure the library is in the cache folder; `say` is told before anything is downloaded.
///
/// # Errors
/// No pip, no network, a wheel with another hash, or a folder that cannot be written.
pub fn set_up(say: &mut dyn FnMut(&str)) -> Result<SetUp> {
    let folder =
        runtime::default_cache_folder().context("there is no home folder to keep ONNX Runtime in")?;
    let library = folder.join(runtime::library_file_name());
    if library.is_file() {
        return Ok(SetUp::Present(library));
    }
    let wheel = PinnedWheel::for_this_machine().context(
        "no ONNX Runtime wheel is pinned for this processor; set onnxruntime.library in the configuration",
    )?;
    say(&format!(
        "onnxruntime {} ← PyPI ({})",
        PINNED_VERSION, wheel.file_name
    ));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let download =
        tempfile::tempdir_in(&folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let wheel_path = download_wheel(wheel, download.path())?;
    check_hash(&wheel_path, wheel.sha256)?;
    unpack(&wheel_path, download.path(), &library)?;
    Ok(SetUp::Fetched(library))
}

fn download_wheel(wheel: &PinnedWheel, into: &Path) -> Result<PathBuf> {
    let requirement = format!("onnxruntime=={}", PINNED_VERSION);
    let mut arguments = vec![
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ];
    arguments.extend(["--disable-pip-version-check", "--implementation", "cp"]);
    arguments.extend([
        "--python-version",
        PinnedWheel::PYTHON_VERSION,
        "--abi",
        PinnedWheel::ABI_TAG,
    ]);
    arguments.extend(["--platform", wheel.platform_tag, requirement.as_str(), "--dest"]);
    let output = Command::new("python3").args(&arguments).arg(into).output().context(
        "python3 with pip is needed to fetch ONNX Runtime; without it set onnxruntime.library in the configuration",
    )?;
    if !output.status.success() {
        bail!(
            "pip could not fetch onnxruntime {}: {}\nOn a machine without network set onnxruntime.library in the configuration to a libonnxruntime.so.",
            PINNED_VERSION,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let path = into.join(wheel.file_name);
    if !path.is_file() {
        bail!("pip fetched another file than {}", wheel.file_name);
    }
    Ok(path)
}

fn check_hash(path: &Path, expected_sha256: &str) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("cannot open {}", path.display()))?;
    let found = hex::encode(Sha256::digest(content));
    if found != expected_sha256 {
        bail!(
            "{} has sha256 {found}, but {expected_sha256} is pinned; it is not used",
            path.display()
        );
    }
    Ok(())
}

/// Everything is written aside and renamed, the library last: its presence says that the set-up is whole,
/// and a killed one leaves nothing half-done.
fn unpack(wheel_path: &Path, scratch: &Path, library: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(wheel_path)?).context("the wheel is not a zip file")?;
    let licences = PinnedWheel::LICENCE_MEMBERS.map(|member| (member, beside(library, member)));
    for (member, target) in licences
        .into_iter()
        .chain([(PinnedWheel::LIBRARY_MEMBER, library.to_owned())])
    {
        let mut packed = archive
            .by_name(member)
            .with_context(|| format!("the wheel has no {member}"))?;
        let part = scratch.join("part");
        let mut file = File::create(&part)?;
        io::copy(&mut packed, &mut file).with_context(|| format!("cannot write {}", part.display()))?;
        file.sync_all()?;
        fs::rename(&part, &target).with_context(|| format!("cannot write {}", target.display()))?;
    }
    Ok(())
}

fn beside(library: &Path, member: &str) -> PathBuf {
    library.with_file_name(member.rsplit('/').next().unwrap_or(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_hash_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.whl");
        fs::write(&path, b"not the wheel").unwrap();
        let error = check_hash(&path, &"0".repeat(64)).unwrap_err().to_string();
        assert!(error.contains("is pinned"), "{error}");
    }
}
