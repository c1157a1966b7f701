//! Coverage as questions that can be asked again: three numbers that are never mixed, what they rest on, how they went
//! over time, and the gaps they leave. `basis` says which ground of which layers, `keep` keeps the ledger fresh,
//! `reachable`, `planned` and `figures` make the numbers, the others what follows from them.

pub mod age_map;
pub mod age_tiles;
pub mod answer;
mod area_rows;
pub mod audit;
pub mod basis;
pub mod daily;
pub mod demands;
pub mod desk;
pub mod explain;
pub mod figures;
pub mod files;
pub mod gap_list;
pub mod gap_plans;
pub mod keep;
mod known_then;
pub mod monthly;
pub mod monthly_chart;
pub mod monthly_page;
pub mod planned;
pub mod reachable;
pub mod scene;
mod sortie_plan;
