//! Comparing two dates: photos are read (`dated`), laid on one grid (`laying`: pose first, then image) and compared
//! (`pair`); of two flights, the pairs that look from the same side are (`flights`). `dates` finds what was asked for
//! and makes the answer, `scoring` measures it where the truth is known.

pub mod dated;
pub mod dates;
pub mod flights;
pub mod laying;
pub mod pair;
pub mod scoring;
