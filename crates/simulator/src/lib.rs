//! A seeded city and its cameras; depends on none of the other crates.
