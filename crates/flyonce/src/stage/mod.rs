//! The way of a photo through the program, one file per stage in the order of the flow: `intake` keeps it and commits
//! its row (`description`, made of `capture_time` and `placing`, says when and where), `pose_check` compares the
//! poses of a sortie, `worker` takes it to `choose`, and to the `eyes` of every model, which `look`,
//! `findings` and `associate` make leads, `pipeline` runs them all. `shadow` lets a model look that only is compared.

pub mod associate;
pub mod capture_time;
pub mod choose;
pub mod compare;
pub mod delivery;
pub mod description;
pub mod eyes;
pub mod findings;
pub mod flight_photo;
pub mod incoming;
pub mod intake;
pub mod look;
pub mod lookers;
pub mod picture_pairs;
pub mod pipeline;
pub mod placing;
pub mod pose_check;
pub mod relief;
pub mod shadow;
pub mod sights;
pub mod watched_folder;
pub mod worker;
