//! The fleet at work: docks and vehicles of the roster, the calendar that launches them, one task per sortie,
//! and everything that people see of it.

pub mod bounds;
pub mod by_hand;
pub mod city_clock;
pub mod cloud;
pub mod dispatch;
pub mod dock_side;
pub mod flight_record;
pub mod free_flight;
pub mod free_room;
pub mod gate;
pub mod gate_words;
pub mod ground_stop;
pub mod hands;
pub mod key_file;
pub mod link_view;
pub mod links;
pub mod order;
pub mod orders;
pub mod overrides;
pub mod plan_words;
pub mod recall;
pub mod recover;
pub mod resume;
pub mod service;
pub mod settle;
pub mod shown;
pub mod sortie_run;
pub mod start_place;
pub mod step_texts;
pub mod vehicle_facts;
pub mod view;
mod watched;
pub mod words;
