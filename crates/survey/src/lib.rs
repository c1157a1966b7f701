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
//! | [`mod@reference`] | what a file's coordinates are written in, brought to WGS-84 |
//! | [`grid`] | the flat working grid that areas are measured on |
//! | [`camera`] | which ray belongs to a pixel |
//! | [`pose`] | where the camera was, how it was turned, how sure that is |
//! | [`pose_checks`] | whether the poses a flight's photos state fit together |
//! | [`geolocate`] | which ground point a pixel shows, with its error ellipse |
//! | [`triangulate`] | where and how high a thing is that several photos show |
//! | [`footprint`] | which ground a photo shows |
//! | [`area`] | polygons: checked, repaired, measured |
//! | [`layers`] | features with a kind, a version and a validity; which version counts on a day |
//! | [`airspace`] | where may be flown, how high, and what is kept clear of |
//! | [`targets`] | places that people want to have looked at |
//! | [`raster`] | which square cells of ground an outline covers |
//! | [`cells`] | sets of ground cells: joined, cut, measured |
//! | [`coverage`] | which ground was imaged when, and how sharply |
//! | [`exact_cover`] | the imaged number by exact polygons, for audits |
//! | [`gaps`] | which connected pieces of ground should have been seen and were not |
//! | [`flight_lines`] | which lines see all of an area, in which order, in how many sorties |
//! | [`forecast`] | when a target will be reached at the rate of the last weeks |
//! | [`ledger`] | the same by photo, dock, view angle and label; photos enter and leave |
//! | [`reach`] | which ground a dock's vehicle can reach, work over and come back from |
//! | [`occlusion`] | which ground of a footprint is hidden behind buildings |
//! | [`terrain`] | how high the ground is, and where a line of sight meets it |
//! | [`sharpness`] | how sharply a photo shows the ground, near to far |
//! | [`siting`] | where docks cover most, with a proven bound |
//! | [`tiles`] | which rectangles look at all of a photo |
//! | [`tile_choice`] | which rectangles of which photos of a sortie a detector looks at |
//! | [`shared_ground`] | which ground two photos both show, as one grid for both |
//! | [`view_pairs`] | which photos of two flights are laid on each other |

pub mod airspace;
pub mod area;
pub mod camera;
pub mod cells;
pub mod coverage;
pub mod exact_cover;
pub mod flight_lines;
pub mod footprint;
pub mod forecast;
pub mod gaps;
pub mod geodesy;
pub mod geolocate;
pub mod grid;
pub mod identity;
pub mod layers;
pub mod ledger;
pub mod occlusion;
pub mod pose;
pub mod pose_checks;
pub mod raster;
pub mod reach;
pub mod reference;
pub mod shared_ground;
pub mod sharpness;
pub mod siting;
pub mod targets;
pub mod terrain;
pub mod tile_choice;
pub mod tiles;
pub mod time;
pub mod triangulate;
pub mod view_pairs;
