//! Rows and blobs: SQLite or PostgreSQL through sqlx, and a write-once folder of originals.
