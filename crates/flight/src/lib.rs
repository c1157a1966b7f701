//! Vehicles over MAVLink and docks over MQTT: a sortie goes in, a track and capture events come out.

pub mod dock;
