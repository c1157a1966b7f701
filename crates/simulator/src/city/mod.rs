//! The generated city: streets split the ground into blocks, every block gets a use, and the uses plant objects.

mod blocks;
mod houses;
mod loose;
mod machines;
mod quarters;
mod sheds;
mod trees;
mod vehicles;
mod yards;

pub(crate) use blocks::lay_out;
