//! FlyOnce: fly once, check everything.
fn main() {}
