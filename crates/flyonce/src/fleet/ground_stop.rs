//! The ground stop: after everyone was called home nothing takes off until a person lifts it. It is a file in the
//! data folder, so that it outlives the service.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use survey::time::UtcMicros;

use crate::whole_file::write_whole;

const FILE: &str = "ground-stop.json";

/// Who grounded the fleet, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Who.
    pub actor: String,
    /// When, city time.
    pub at: UtcMicros,
    /// Why, if it was said.
    pub reason: Option<String>,
}

/// Whether the fleet is grounded.
#[derive(Debug, Clone)]
pub struct GroundStop {
    file: PathBuf,
    order: Arc<RwLock<Option<Order>>>,
}

impl GroundStop {
    /// The ground stop of a data folder.
    ///
    /// # Errors
    /// A file that is there and cannot be read: then nothing may fly either.
    pub fn of(data_folder: &Path) -> Result<Self> {
        let file = data_folder.join(FILE);
        let order = match std::fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{} cannot be read; remove it to lift the ground stop",
                    file.display()
                )
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        };
        Ok(Self {
            file,
            order: Arc::new(RwLock::new(order)),
        })
    }

    /// The order in force.
    pub fn order(&self) -> Option<Order> {
        self.order.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grounds the fleet. In force at once, also when the file cannot be written.
    ///
    /// # Errors
    /// A file that cannot be written: the order would not outlive the service.
    pub fn impose(&self, order: Order) -> Result<()> {
        let text = serde_json::to_vec_pretty(&order)?;
        *self.order.write().unwrap_or_else(PoisonError::into_inner) = Some(order);
        write_whole(&self.file, &text)
    }

    /// Lets the fleet fly again.
    ///
    /// # Errors
    /// A file that cannot be removed; the order stays in force.
    pub fn lift(&self) -> Result<()> {
        match std::fs::remove_file(&self.file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be removed", self.file.display()));
            }
        }
        *self.order.write().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ground_stop_outlives_the_service_until_it_is_lifted() {
        let folder = tempfile::tempdir().unwrap();
        let order = Order {
            actor: "调度".to_owned(),
            at: UtcMicros(5),
            reason: None,
        };
        GroundStop::of(folder.path())
            .unwrap()
            .impose(order.clone())
            .unwrap();
        let next = GroundStop::of(folder.path()).unwrap();
        assert_eq!(next.order(), Some(order));
        next.lift().unwrap();
        assert_eq!(GroundStop::of(folder.path()).unwrap().order(), None);
    }

    #[test]
    fn a_damaged_order_keeps_the_fleet_on_the_ground() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(
            GroundStop::of(folder.path())
                .unwrap_err()
                .to_string()
                .contains("remove it")
        );
    }
}
