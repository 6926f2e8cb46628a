//! Tests of single columns.

use std::collections::BTreeSet;

use super::column::TableColumn;
use super::value::RowValue;

/// A test of one column.
pub(super) struct Leaf<R> {
    pub(super) column: TableColumn<R>,
    pub(super) test: Test,
}

#[derive(Clone)]
pub(super) enum Test {
    /// Compares with no value: neither holds nor fails.
    Unknown,
    /// Holds for each of these values.
    In(BTreeSet<RowValue<'static>>),
    /// Holds for rows without a value. The only test that is never unknown.
    IsNull,
}

impl<R> Clone for Leaf<R> {
    fn clone(&self) -> Self {
        Self { column: self.column, test: self.test.clone() }
    }
}

impl<R> Leaf<R> {
    /// Returns the result for a row. `None` is unknown.
    pub(super) fn result(&self, row: &R) -> Option<bool> {
        let value = (self.column.read)(row);
        match &self.test {
            Test::Unknown => None,
            Test::In(values) => value.map(|value| contains(values, &value)),
            Test::IsNull => Some(value.is_none()),
        }
    }

    /// Adds the values of another test of this column. Returns `false` if both cannot be one.
    pub(super) fn merge(&mut self, other: &mut Self) -> bool {
        match (&mut self.test, &mut other.test) {
            (Test::In(values), Test::In(others)) if self.column.name == other.column.name => {
                if values.len() < others.len() {
                    std::mem::swap(values, others);
                }
                // `append` would copy both sets.
                values.extend(std::mem::take(others));
                true
            }
            _ => false,
        }
    }
}

fn contains<'a>(values: &BTreeSet<RowValue<'a>>, value: &RowValue<'a>) -> bool {
    values.contains(value)
}
