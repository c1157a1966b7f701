//! The crate from outside: the ONNX Runtime library, a tiny model and small pictures; the shipped model on a real
//! photo.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod detecting;
mod inspecting;
mod loading;
mod quality;
mod shipped;
mod support;
mod tasks;
