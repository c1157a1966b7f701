//! What people and programs are told: the same structs answer `--json` on the command line and the HTTP API.

pub mod calendar;
pub mod catalogue;
pub mod checks;
pub mod compare;
pub mod compare_page;
pub mod coverage;
pub mod flights;
pub mod geotag;
pub mod layers;
pub mod leads;
pub mod leads_geojson;
pub mod looks;
pub mod photos;
pub mod place;
pub mod poses;
pub mod reach;
pub mod score;
pub mod track;
pub mod wave;
pub mod withdrawals;
