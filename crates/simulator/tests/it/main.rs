//! The simulator looked at from outside.

#[cfg(test)]
mod checks;
