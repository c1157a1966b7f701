//! Vehicles and docks over real sockets.

#[cfg(test)]
mod dock;
