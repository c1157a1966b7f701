//! Integration tests: the figures against those of pycocotools.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod properties;
mod pycocotools;
mod random;
