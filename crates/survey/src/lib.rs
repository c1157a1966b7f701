//! Ground and air, pure: coordinates, areas, cameras, footprints, tile choice, coverage.
