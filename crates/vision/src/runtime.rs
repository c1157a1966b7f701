//! Finding and loading the ONNX Runtime library, and which published build of it this program is made for.
//!
//! The library is not linked: the program starts without it and says in one sentence what is missing.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

/// Version of ONNX Runtime that this program is tested with.
pub const PINNED_VERSION: &str = "1.31.1";

/// The PyPI wheels that carry the library of [`PINNED_VERSION`], one per machine type (Linux, glibc ≥ 2.28).
pub const PINNED_WHEELS: [PinnedWheel; 2] = [
    PinnedWheel {
        machine: "x86_64",
        file_name: "onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl",
        sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        platform_tag: "manylinux_2_28_x86_64",
    },
    PinnedWheel {
        machine: "aarch64",
        file_name: "onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_aarch64.whl",
        sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        platform_tag: "manylinux_2_28_aarch64",
    },
];

/// One published wheel of ONNX Runtime: what to fetch, how to check it and what to take out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedWheel {
    /// Machine type as in `std::env::consts::ARCH` and `uname -m`.
    pub machine: &'static str,
    /// File name on PyPI.
    pub file_name: &'static str,
    /// SHA-256 of the wheel file, 64 lower-case hexadecimal digits.
    pub sha256: &'static str,
    /// Platform tag for `pip download --platform`.
    pub platform_tag: &'static str,
}

impl PinnedWheel {
    /// CPython version for `pip download --python-version`; only selects the file, no Python is run.
    pub const PYTHON_VERSION: &'static str = "3.12";
    /// CPython ABI tag for `pip download --abi`.
    pub const ABI_TAG: &'static str = "cp312";
    /// The library inside the wheel (a zip); it is stored on disk under [`library_file_name`].
    pub const LIBRARY_MEMBER: &'static str = "onnxruntime/capi/libonnxruntime.so.1.31.1";
    /// Licence texts inside the wheel, to be kept beside the library.
    pub const LICENCE_MEMBERS: [&'static str; 2] =
        ["onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"];

    /// The wheel for the machine this program was built for, if one is published.
    pub fn for_this_machine() -> Option<&'static PinnedWheel> {
        let linux = std::env::consts::OS == "linux";
        PINNED_WHEELS
            .iter()
            .find(|wheel| linux && wheel.machine == std::env::consts::ARCH)
    }
}

/// File name of the library on this system, e.g. `libonnxruntime.so`.
pub fn library_file_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The folder that `flyonce setup` fills with the library and that is searched last:
/// `$XDG_CACHE_HOME/flyonce/onnxruntime-1.31.1`, or below `$HOME/.cache`; `None` where neither is set.
pub fn default_cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("flyonce").join(format!("onnxruntime-{PINNED_VERSION}")))
}

/// Where the library may lie, in the order of search.
///
/// The first two are orders: if one is given, it is used or it is an error; no other place is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPlaces {
    /// The file named by `onnxruntime.library` in the configuration.
    pub explicit: Option<PathBuf>,
    /// The file named by the environment variable `ORT_DYLIB_PATH`.
    pub environment: Option<PathBuf>,
    /// The folder of the running program.
    pub beside_exe: Option<PathBuf>,
    /// The folder that `flyonce setup` fills, see [`default_cache_folder`].
    pub cache_folder: Option<PathBuf>,
}

impl SearchPlaces {
    /// The places of the running process: its environment, its folder and the cache folder.
    pub fn of_this_process(explicit: Option<PathBuf>) -> Self {
        let environment = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty());
        let exe = std::env::current_exe().ok();
        Self {
            explicit,
            environment: environment.map(PathBuf::from),
            beside_exe: exe.and_then(|path| path.parent().map(Path::to_path_buf)),
            cache_folder: default_cache_folder(),
        }
    }
}

/// What can go wrong before a model can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The library is in none of the places.
    #[error(
        "{file_name} (ONNX Runtime) was not found; searched: {}. Run `flyonce setup` to fetch it, or, on a \
         machine without internet, name the file as `onnxruntime.library` in the configuration",
        listed(.searched)
    )]
    NotFound {
        /// The file that was looked for.
        file_name: String,
        /// Every full path that was tried, in order.
        searched: Vec<PathBuf>,
    },
    /// The configuration or the environment names a file that is not there.
    #[error(
        "{named_by} names {} as the ONNX Runtime library, but there is no such file. Correct it, or remove it \
         and run `flyonce setup`",
        path.display()
    )]
    NamedFileMissing {
        /// `onnxruntime.library` or `ORT_DYLIB_PATH`.
        named_by: &'static str,
        /// The file that was named.
        path: PathBuf,
    },
    /// The file is there but is not a usable ONNX Runtime.
    #[error("{} could not be loaded as ONNX Runtime {PINNED_VERSION} or newer: {message}", path.display())]
    Load {
        /// The file that was tried.
        path: PathBuf,
        /// What the loader said.
        message: String,
    },
    /// A process can load only one ONNX Runtime.
    #[error("ONNX Runtime is already loaded from {}; {} cannot be loaded beside it", loaded.display(), asked.display())]
    AlreadyLoaded {
        /// The library in use.
        loaded: PathBuf,
        /// The library asked for now.
        asked: PathBuf,
    },
}

/// A loaded ONNX Runtime. Cheap to clone: all clones share the one library of the process.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    path: PathBuf,
    version: String,
}

/// ONNX Runtime allows one environment per process, for good; it is kept here and never dropped.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// The library file to load. Looks only at whether files exist.
    ///
    /// # Errors
    /// [`RuntimeError::NamedFileMissing`] or [`RuntimeError::NotFound`].
    pub fn locate(places: &SearchPlaces) -> Result<PathBuf, RuntimeError> {
        let orders = [
            ("onnxruntime.library", &places.explicit),
            ("ORT_DYLIB_PATH", &places.environment),
        ];
        for (named_by, order) in orders {
            let Some(path) = order else { continue };
            if path.is_file() {
                return Ok(path.clone());
            }
            return Err(RuntimeError::NamedFileMissing {
                named_by,
                path: path.clone(),
            });
        }
        let file_name = library_file_name();
        let folders = [&places.beside_exe, &places.cache_folder];
        let searched: Vec<PathBuf> = folders
            .into_iter()
            .flatten()
            .map(|folder| folder.join(&file_name))
            .collect();
        match searched.iter().find(|path| path.is_file()) {
            Some(path) => Ok(path.clone()),
            None => Err(RuntimeError::NotFound { file_name, searched }),
        }
    }

    /// Loads the library. Asking again for the same file gives the same runtime.
    ///
    /// # Errors
    /// [`RuntimeError::Load`], or [`RuntimeError::AlreadyLoaded`] for a second, different file.
    pub fn load(path: &Path) -> Result<Runtime, RuntimeError> {
        let failed = |message: String| RuntimeError::Load {
            path: path.to_path_buf(),
            message,
        };
        let path = path.canonicalize().map_err(|cause| failed(cause.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            if runtime.path == path {
                return Ok(runtime.clone());
            }
            return Err(RuntimeError::AlreadyLoaded {
                loaded: runtime.path.clone(),
                asked: path,
            });
        }
        let environment = ort::init_from(&path)
            .map_err(|cause| failed(cause.to_string()))?
            .with_name("flyonce")
            .with_telemetry(false)
            .build()
            .map_err(|cause| failed(cause.to_string()))?;
        let version = marked_version(&path).unwrap_or_else(|| "of unknown version".to_owned());
        let runtime = Runtime {
            environment,
            path,
            version,
        };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The loaded library file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Version of the loaded library, e.g. `1.31.1`; "of unknown version" where the file does not tell.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The version out of the symbol version node `VERS_1.31.1` that Microsoft's Linux builds carry near the start
/// of the file; the build record of the wheels names no release, and the version call of the C interface is not
/// passed on by `ort`.
fn marked_version(path: &Path) -> Option<String> {
    const MARK: &[u8] = b"\0VERS_";
    let mut head = Vec::new();
    File::open(path).ok()?.take(8 << 20).read_to_end(&mut head).ok()?;
    let start = head.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let text: Vec<u8> = head[start..]
        .iter()
        .copied()
        .take_while(|&byte| byte != 0)
        .take(32)
        .collect();
    String::from_utf8(text)
        .ok()
        .filter(|text| text.starts_with(|first: char| first.is_ascii_digit()))
}

fn listed(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "no place (neither the program's folder nor a cache folder is known)".to_owned();
    }
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &Path) -> SearchPlaces {
        SearchPlaces {
            beside_exe: Some(folder.join("bin")),
            cache_folder: Some(folder.join("cache")),
            ..SearchPlaces::default()
        }
    }

    fn put(path: &Path) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"not a library").unwrap();
        path.to_path_buf()
    }

    #[test]
    fn nothing_found_names_the_file_every_place_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = Runtime::locate(&places(folder.path())).unwrap_err();
        let RuntimeError::NotFound { file_name, searched } = &error else {
            panic!("{error}")
        };
        assert_eq!(
            *searched,
            [
                folder.path().join("bin").join(file_name),
                folder.path().join("cache").join(file_name)
            ]
        );
        let said = error.to_string();
        for part in [
            file_name.as_str(),
            "flyonce setup",
            "onnxruntime.library",
            &searched[1].display().to_string(),
        ] {
            assert!(said.contains(part), "{said}");
        }
        let nowhere = Runtime::locate(&SearchPlaces::default()).unwrap_err().to_string();
        assert!(nowhere.contains("no place"), "{nowhere}");
    }

    #[test]
    fn the_places_are_searched_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut places = places(folder.path());
        let cached = put(&folder.path().join("cache").join(library_file_name()));
        assert_eq!(Runtime::locate(&places).unwrap(), cached);
        let beside = put(&folder.path().join("bin").join(library_file_name()));
        assert_eq!(Runtime::locate(&places).unwrap(), beside);
        places.environment = Some(put(&folder.path().join("env.so")));
        assert_eq!(Runtime::locate(&places).unwrap(), folder.path().join("env.so"));
        places.explicit = Some(put(&folder.path().join("config.so")));
        assert_eq!(Runtime::locate(&places).unwrap(), folder.path().join("config.so"));
    }

    #[test]
    fn a_named_file_that_is_missing_is_no_reason_to_take_another() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("cache").join(library_file_name()));
        let explicit = SearchPlaces {
            explicit: Some("/no/such.so".into()),
            ..places(folder.path())
        };
        let said = Runtime::locate(&explicit).unwrap_err().to_string();
        assert!(said.contains("onnxruntime.library names /no/such.so"), "{said}");
        let environment = SearchPlaces {
            environment: Some("/no/such.so".into()),
            ..places(folder.path())
        };
        let said = Runtime::locate(&environment).unwrap_err().to_string();
        assert!(said.contains("ORT_DYLIB_PATH names /no/such.so"), "{said}");
    }

    #[test]
    fn the_version_is_read_from_the_mark_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("library");
        for (content, version) in [
            (&b"\x7fELF\0VERS_1.31.1\0more"[..], Some("1.31.1")),
            (b"\0VERS_next\0", None),
            (b"\0VERS_", None),
            (b"nothing", None),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(marked_version(&path).as_deref(), version);
        }
    }

    #[test]
    fn pinned_wheels_are_told_apart_by_machine() {
        for wheel in PINNED_WHEELS {
            assert!(wheel.file_name.contains(PINNED_VERSION) && wheel.file_name.contains(wheel.platform_tag));
            assert!(wheel.platform_tag.ends_with(wheel.machine));
            assert!(wheel.sha256.len() == 64 && wheel.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
        }
        assert!(PinnedWheel::LIBRARY_MEMBER.ends_with(PINNED_VERSION));
    }
}
