//! Time, pure: the photo ledger and the civil calendar of sorties.

pub mod photo_ledger;
