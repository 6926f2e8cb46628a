//! Conditions on the rows of a table, which lists of objects and checks of single objects share.

mod filter;
#[cfg(feature = "_sql")]
pub mod sql;

pub use auth_core::condition::{Aliased, Column, ColumnType, ColumnValue, Columns, Condition, Dialect, StoredType};
pub use auth_macros::{ColumnType, Columns};

pub use self::filter::{ListFilter, Visible};
