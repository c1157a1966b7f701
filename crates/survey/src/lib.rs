//! Ground and air, pure: coordinates, areas, cameras, footprints, tile choice, coverage.
//!
//! No clock, no file, no log, no randomness: the same arguments give the same answer on every machine.
//! SI units and radians inside; degrees only for latitude and longitude and at the edges.
//!
//! | module | question it answers |
//! |---|---|
//! | [`time`] | which instant, and which civil day in the city |
//! | [`identity`] | names of rows that sort by time |
//! | [`geodesy`] | positions, datums, heights, distances |
//! | [`grid`] | the flat working grid that areas are measured on |
//! | [`camera`] | which ray belongs to a pixel |
//! | [`pose`] | where the camera was, how it was turned, how sure that is |
//! | [`pose_checks`] | whether the poses a flight's photos state fit together |
//! | [`geolocate`] | which ground point a pixel shows, with its error ellipse |
//! | [`triangulate`] | where and how high a thing is that several photos show |
//! | [`footprint`] | which ground a photo shows |
//! | [`area`] | flyable areas and other layers |
//! | [`raster`] | which square cells of ground an outline covers |
//! | [`cells`] | sets of ground cells: joined, cut, measured |
//! | [`coverage`] | which ground was imaged when, and how sharply |
//! | [`occlusion`] | which ground of a footprint is hidden behind buildings |
//! | [`terrain`] | how high the ground is, and where a line of sight meets it |
//! | [`sharpness`] | how sharply a photo shows the ground, near to far |
//! | [`tiles`] | which rectangles look at all of a photo |
//! | [`tile_choice`] | which rectangles of which photos of a sortie a detector looks at |
//! | [`shared_ground`] | which ground two photos both show, as one grid for both |
//! | [`view_pairs`] | which photos of two flights are laid on each other |

pub mod area;
pub mod camera;
pub mod cells;
pub mod coverage;
pub mod footprint;
pub mod geodesy;
pub mod geolocate;
pub mod grid;
pub mod identity;
pub mod occlusion;
pub mod pose;
pub mod pose_checks;
pub mod raster;
pub mod shared_ground;
pub mod sharpness;
pub mod terrain;
pub mod tile_choice;
pub mod tiles;
pub mod time;
pub mod triangulate;
pub mod view_pairs;
