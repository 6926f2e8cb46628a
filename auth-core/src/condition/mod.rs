//! Conditions on the rows of a table, which a list of objects and the check of a single object share: evaluated on a row in the
//! application, and written as SQL.
//!
//! # Why
//! A list that is filtered by hand-written SQL and a check in Rust differ sooner or later. A condition has no subqueries and no I/O, so
//! that both sides can have the same three-valued logic as SQL.

mod value;
mod leaf;
mod column;
mod evaluate;
mod sql;
mod tenant;
#[cfg(feature = "sea_query")]
mod sea_query;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

pub use self::column::{Column, Columns, TableColumn, column};
use self::leaf::Leaf;
pub use self::sql::{Aliased, Dialect};
pub use self::tenant::{lacked_column, within_tenants, without_tenant};
pub use self::value::{ColumnKind, ColumnType, ColumnValue, RowValue, StoredType, field_value};

/// A condition on the rows of a table. [`Column::is`] and [`Column::is_in`] make conditions, and `&`, `|` and `!` combine them.
///
/// It has the three-valued logic of SQL: a comparison with a missing value (`NULL`) is unknown, as is its negation, and a row is visible
/// only if the whole condition holds.
///
/// ```
/// use auth_actix::Id;
/// use auth_actix::list::{Columns, Condition, Dialect};
///
/// #[derive(Columns)]
/// #[columns(table = "posts")]
/// struct Post { id: i64, author: Option<Id>, removed: bool }
///
/// let alice = Id::user("https://id.example", "alice");
/// let visible = Post::REMOVED.is(false) | Post::AUTHOR.is(alice.clone());
/// assert!(visible.holds(&Post { id: 1, author: Some(alice), removed: true }));
/// assert!(!visible.holds(&Post { id: 2, author: None, removed: true }));
///
/// let (sql, values) = visible.to_sql(Dialect::Postgres, 1);
/// assert_eq!(sql, r#"("posts"."removed" = FALSE OR "posts"."author" = $1)"#);
/// assert_eq!(values.len(), 1);
/// ```
pub struct Condition<R>(Form<R>);

enum Form<R> {
    /// Holds for each row.
    All,
    /// Holds for no row, nor does the negation.
    None,
    /// The operators in postfix order, so that neither evaluation nor drop recurses.
    Tree(Vec<Op<R>>),
}

enum Op<R> {
    Leaf(Leaf<R>),
    /// The negation of the operand before it.
    Not,
    /// The conjunction of that many operands before it.
    All(usize),
    /// The disjunction of that many operands before it.
    Any(usize),
}

impl<R> Clone for Op<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(leaf) => Self::Leaf(leaf.clone()),
            Self::Not => Self::Not,
            Self::All(count) => Self::All(*count),
            Self::Any(count) => Self::Any(*count),
        }
    }
}

impl<R> Clone for Condition<R> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Form::All => Form::All,
            Form::None => Form::None,
            Form::Tree(ops) => Form::Tree(ops.clone()),
        })
    }
}

/// Redacts the values.
impl<R> fmt::Debug for Condition<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ops = match &self.0 {
            Form::All => return f.write_str("Condition::all"),
            Form::None => return f.write_str("Condition::none"),
            Form::Tree(ops) => ops,
        };
        let mut columns: Vec<_> = ops.iter().filter_map(Op::leaf).map(|leaf| leaf.column.name).collect();
        columns.sort_unstable();
        columns.dedup();
        f.debug_struct("Condition").field("columns", &columns).finish_non_exhaustive()
    }
}

impl<R> Op<R> {
    const fn leaf(&self) -> Option<&Leaf<R>> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            Self::Not | Self::All(_) | Self::Any(_) => None,
        }
    }
}

impl<R: 'static> Condition<R> {
    /// Returns the condition that holds for each row, for this reason. No other condition has no restriction, so a search for
    /// `Condition::all` finds them all.
    pub const fn all(_why: &'static str) -> Self {
        Self(Form::All)
    }

    /// Returns the condition that holds for no row, nor does its negation. `Condition::none() | other` is `other`, so that a loop can
    /// begin with it.
    pub const fn none() -> Self {
        Self(Form::None)
    }

    fn leaf(leaf: Leaf<R>) -> Self {
        Self(Form::Tree(vec![Op::Leaf(leaf)]))
    }
}

/// A difference in length up to which operands stay in the order in which they are written.
const ORDERED: usize = 64;

/// Joins two conditions. The shorter one is appended to the longer one, so that a condition can be built in a loop.
fn join<R>(is_all: bool, mut one: Vec<Op<R>>, mut other: Vec<Op<R>>) -> Form<R> {
    if other.len() > one.len() + ORDERED {
        std::mem::swap(&mut one, &mut other);
    }
    let mut count = operands(is_all, &mut one);
    // The last operator of the longer one belongs to its last operand.
    if !is_all
        && let (Some(Op::Leaf(last)), [Op::Leaf(leaf)]) = (one.last_mut(), other.as_mut_slice())
        && last.merge(leaf)
    {
        other.clear();
    } else {
        count += operands(is_all, &mut other);
    }
    one.append(&mut other);
    if count > 1 {
        one.push(if is_all { Op::All(count) } else { Op::Any(count) });
    }
    Form::Tree(one)
}

/// Removes the last operator if it is of this kind. Returns the number of its operands, or 1 if the whole condition is one.
fn operands<R>(is_all: bool, ops: &mut Vec<Op<R>>) -> usize {
    match (ops.last(), is_all) {
        (Some(Op::All(count)), true) | (Some(Op::Any(count)), false) => {
            let count = *count;
            ops.pop();
            count
        }
        _ => 1,
    }
}

/// Both conditions.
impl<R: 'static> BitAnd for Condition<R> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Form::None, _) | (_, Form::None) => Form::None,
            (Form::All, other) | (other, Form::All) => other,
            (Form::Tree(one), Form::Tree(other)) => join(true, one, other),
        })
    }
}

/// One of both conditions.
impl<R: 'static> BitOr for Condition<R> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Form::All, _) | (_, Form::All) => Form::All,
            (Form::None, other) | (other, Form::None) => other,
            (Form::Tree(one), Form::Tree(other)) => join(false, one, other),
        })
    }
}

/// The negation. It does not hold for a row for which the condition is unknown.
impl<R: 'static> Not for Condition<R> {
    type Output = Self;

    fn not(self) -> Self {
        Self(match self.0 {
            Form::All | Form::None => Form::None,
            Form::Tree(mut ops) => {
                if let Some(Op::Not) = ops.last() {
                    ops.pop();
                } else {
                    ops.push(Op::Not);
                }
                Form::Tree(ops)
            }
        })
    }
}
