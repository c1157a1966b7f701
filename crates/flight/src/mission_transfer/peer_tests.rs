//! Transfers against a lossy peer.
