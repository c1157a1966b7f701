//! Docks of DJI's Cloud API in the fleet: the second way to fly a sortie. The messages are the flight crate's; here
//! plans become waylines, docks get their addresses and keys, and photos find their sortie.

pub mod break_point;
pub mod calls;
pub mod interlocks;
pub mod media;
pub mod objects;
pub mod run;
pub mod shelf;
pub mod shown;
pub mod side;
pub mod wayline;
