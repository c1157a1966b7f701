//! The simulator looked at from outside.

#[cfg(test)]
mod camera;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod cloud_dock;
#[cfg(test)]
mod dock_broker;
#[cfg(test)]
mod dock_line;
#[cfg(test)]
mod fleet_process;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod vehicle;
#[cfg(test)]
mod world;
