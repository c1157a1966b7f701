//! Integration tests: repository rules, and the built program through its command line and its HTTP door.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod bringing;
mod broken_off;
mod cloud_broker;
mod cloud_dock;
mod cloud_door;
mod comparing;
mod configuring;
mod coverage;
mod coverage_page;
mod coverage_targets;
mod faulty_wave;
mod feedback;
mod fleet;
mod flights;
mod flown;
mod gap_flights;
mod gate;
mod ingesting;
mod judging;
mod killed;
mod known_then;
mod layer_files;
mod layering;
mod links;
mod page;
mod photo_door;
mod program;
mod reviewing;
mod serving;
mod several;
mod siting;
mod surface;
mod tidy;
mod tiles;
mod withdrawing;
