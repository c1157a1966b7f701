//! The generated city: streets split the ground into blocks, every block gets a use, and the uses plant objects.

mod blocks;
mod greenery;
mod grounds;
mod houses;
mod sheds;
mod vehicles;

pub(crate) use blocks::lay_out;
