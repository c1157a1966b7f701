//! The generated city: streets split the ground into blocks, every block gets a use, and the uses plant objects.

mod blocks;
mod dock_site;
mod houses;
mod loose;
mod machines;
mod quarters;
mod sheds;
mod trees;
mod vehicles;
mod yards;

pub(crate) use blocks::{Water, lay_out};
pub(crate) use dock_site::{ground_shows_water, open_spot, raise_dock};
