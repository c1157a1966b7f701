//! Comparing two dates: photos are read (`dated`), laid on one grid (`laying`: pose first, then image) and compared
//! (`pair`); of two flights, the pairs that look from the same side are (`flights`).

pub mod dated;
pub mod flights;
pub mod laying;
pub mod pair;

pub use dated::DatedPhoto;
pub use pair::{Comparer, PairFailure, PairResult};
