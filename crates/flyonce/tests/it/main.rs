//! Integration tests: repository rules, and the built program through its command line and its HTTP door.

mod configuring;
mod ingesting;
mod killed;
mod page;
mod program;
mod reviewing;
mod serving;
mod tidy;
