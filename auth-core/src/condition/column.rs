//! Tables and their columns.

use std::fmt;
use std::marker::PhantomData;

use super::Condition;
use super::leaf::{Leaf, Test};
use super::value::{ColumnKind, ColumnType, ColumnValue, RowValue, StoredType, owned};

/// A row of a table. [`#[derive(Columns)]`](https://docs.rs/auth-macros/latest/auth_macros/derive.Columns.html) implements it, and makes a constant for each field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no columns",
    label = "conditions are about the columns of a table",
    note = "write `#[derive(Columns)] #[columns(table = \"…\")]` above `{Self}`"
)]
pub trait Columns: Sized + 'static {
    /// The name of the table, by which columns are qualified.
    const TABLE: &'static str;
    /// The columns.
    #[doc(hidden)]
    const COLUMNS: &'static [TableColumn<Self>];
    /// The dimensions of the tenant of a row, each with its column.
    #[doc(hidden)]
    const TENANT_COLUMNS: &'static [(&'static str, TableColumn<Self>)];
}

/// A column of the table of `R`, with values of the type `T`.
///
/// [`#[derive(Columns)]`](https://docs.rs/auth-macros/latest/auth_macros/derive.Columns.html) makes one for each field.
pub struct Column<R, T> {
    column: TableColumn<R>,
    values: PhantomData<fn() -> T>,
}

/// A column of the table of `R`.
#[doc(hidden)]
pub struct TableColumn<R> {
    /// The name in the database.
    pub name: &'static str,
    /// The type in the database.
    pub kind: ColumnKind,
    pub(super) read: fn(&R) -> Option<RowValue<'_>>,
    pub(super) parse: fn(&str) -> Option<RowValue<'static>>,
}

impl<R> TableColumn<R> {
    /// Returns the value of a row as text, for messages of tests.
    pub fn shown(&self, row: &R) -> String {
        (self.read)(row).map_or_else(|| "NULL".to_owned(), |value| format!("{:?}", ColumnValue::from(&value)))
    }
}

impl<R, T> Clone for Column<R, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T> Copy for Column<R, T> {}

impl<R> Clone for TableColumn<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for TableColumn<R> {}

impl<R, T> fmt::Debug for Column<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Column").field(&self.column.name).finish()
    }
}

impl<R> fmt::Debug for TableColumn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableColumn").field(&self.name).finish()
    }
}

/// Returns the column of a field. Called by the derive.
#[doc(hidden)]
pub const fn column<R, T: ColumnType>(name: &'static str, read: fn(&R) -> Option<RowValue<'_>>) -> Column<R, T> {
    let kind = <T::Stored as StoredType>::KIND;
    let column = TableColumn { name, kind, read, parse: <T::Stored as StoredType>::parse };
    Column { column, values: PhantomData }
}

impl<R, T> Column<R, T> {
    /// Returns the column without the type of its values.
    #[doc(hidden)]
    pub const fn untyped(self) -> TableColumn<R> {
        self.column
    }
}

impl<R: 'static, T: ColumnType> Column<R, T> {
    /// Returns the condition that the column has this value.
    ///
    /// Neither the condition nor its negation holds for a row without a value in this column. `is(None)` never holds, nor does its
    /// negation: an anonymous caller is not the author of posts without an author.
    pub fn is(self, value: impl Into<Option<T>>) -> Condition<R> {
        let test = value.into().map_or(Test::Unknown, |value| Test::In([owned(&value)].into()));
        Condition::leaf(Leaf { column: self.column, test })
    }

    /// Returns the condition that the column has one of these values.
    ///
    /// Neither the condition nor its negation holds for a row without a value in this column. The condition of an empty list never
    /// holds. Its negation holds for each row with a value.
    pub fn is_in(self, values: impl IntoIterator<Item = T>) -> Condition<R> {
        let test = Test::In(values.into_iter().map(|value| owned(&value)).collect());
        Condition::leaf(Leaf { column: self.column, test })
    }
}
