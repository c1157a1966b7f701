//! How much room is left for photos.

use std::path::Path;

/// Bytes of a gigabyte.
const GB: f64 = 1e9;

/// Free room where `folder` lies, as far as this program may use it, GB; none where the system does not say.
#[cfg(unix)]
pub fn free_gb(folder: &Path) -> Option<f64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail as f64 * room.f_frsize as f64 / GB)
}

/// Not known on this system.
#[cfg(not(unix))]
pub fn free_gb(_folder: &Path) -> Option<f64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_a_missing_one_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_gb(folder.path()).is_some_and(|gb| gb > 0.0));
        assert_eq!(free_gb(&folder.path().join("not there")), None);
    }
}
