//! The crate from outside: the ONNX Runtime library, a tiny model and small pictures.

mod detecting;
mod loading;
mod support;
