//! Integration tests: repository rules, and the built program through its command line and its HTTP door.

mod tidy;
