//! Association measured on simulated flights: how often things are split or merged.

mod city;
mod flights;
