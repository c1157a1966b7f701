//! Dev-only: every figure the README quotes, with the generators of its inputs.
