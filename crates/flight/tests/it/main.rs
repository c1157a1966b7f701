//! Vehicles and docks over real sockets.

mod dock;
