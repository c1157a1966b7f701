//! Bringing photos to the photo door: [`transfer`] decides what to do next, [`door`] speaks HTTP, and a [`courier`]
//! per dock carries one photo after the other, for ever if need be.

mod courier;
mod door;
#[cfg(test)]
pub(crate) mod test_door;
mod transfer;

pub(crate) use courier::Courier;
pub use transfer::{Answer, CHUNK, Next, Transfer};
