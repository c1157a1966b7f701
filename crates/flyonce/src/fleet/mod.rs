//! The fleet at work: docks and vehicles of the roster, the calendar that launches them, one task per sortie,
//! and everything that people see of it.

pub mod city_clock;
pub mod dispatch;
pub mod dock_side;
pub mod flight_record;
pub mod free_flight;
pub mod ground_stop;
pub mod links;
pub mod order;
pub mod orders;
pub mod recall;
pub mod recover;
pub mod resume;
pub mod service;
pub mod settle;
pub mod shown;
pub mod sortie_run;
pub mod view;
pub mod words;
