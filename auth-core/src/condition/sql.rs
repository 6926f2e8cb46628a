//! The SQL text of a condition.

use super::leaf::{Leaf, Test};
use super::value::{ColumnKind, ColumnValue, RowValue};
use super::{Columns, Condition, Form, Op};

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL. Placeholders are `$1`, `$2`, ….
    Postgres,
    /// MySQL and MariaDB. Placeholders are `?`, so the values are bound in the order in which they are returned.
    MySql,
    /// SQLite. Placeholders are `?1`, `?2`, ….
    Sqlite,
}

/// A condition whose columns are qualified by an alias of the table.
#[derive(Clone, Copy, Debug)]
pub struct Aliased<'a, R> {
    condition: &'a Condition<R>,
    alias: &'a str,
}

impl<R: Columns> Condition<R> {
    /// Returns the condition as SQL in parentheses, and the values of its placeholders. They are numbered from `first_placeholder` on.
    ///
    /// Names are quoted, columns are qualified by the table, and no value is part of the text. The text compares texts by their bytes.
    /// Postgres does this only for columns with a deterministic collation and a type other than `CHAR(n)`.
    /// `test::assert_visible` checks that.
    ///
    /// Postgres accepts 65,535 values, MySQL 65,535 and SQLite 32,766; a statement with more is an error of the database. A list of more
    /// than 1,000 values is bound as one text on Postgres, and on SQLite unless it contains UUIDs.
    ///
    /// ```
    /// use auth_actix::list::{Columns, Dialect};
    ///
    /// #[derive(Columns)]
    /// #[columns(table = "order")]
    /// struct Order { id: i64, team: i32 }
    ///
    /// let condition = Order::TEAM.is_in([1, 2]) & !Order::ID.is(7);
    /// let (sql, values) = condition.to_sql(Dialect::MySql, 1);
    /// assert_eq!(sql, "(`order`.`team` IN (?, ?) AND NOT (`order`.`id` = ?))");
    /// assert_eq!(values.len(), 3);
    /// ```
    pub fn to_sql(&self, dialect: Dialect, first_placeholder: usize) -> (String, Vec<ColumnValue>) {
        self.alias(R::TABLE).to_sql(dialect, first_placeholder)
    }

    /// Returns the condition with columns that are qualified by an alias of the table, for joins.
    ///
    /// ```
    /// # use auth_actix::list::{Columns, Dialect};
    /// # #[derive(Columns)]
    /// # #[columns(table = "posts")]
    /// # struct Post { id: i64 }
    /// let (sql, _) = Post::ID.is(7).alias("p").to_sql(Dialect::Sqlite, 3);
    /// assert_eq!(sql, r#"("p"."id" = ?3)"#);
    /// ```
    pub const fn alias<'a>(&'a self, alias: &'a str) -> Aliased<'a, R> {
        Aliased { condition: self, alias }
    }
}

impl<R: Columns> Aliased<'_, R> {
    /// Returns the condition as SQL. See [`Condition::to_sql`].
    pub fn to_sql(&self, dialect: Dialect, first_placeholder: usize) -> (String, Vec<ColumnValue>) {
        let placeholders = match dialect {
            Dialect::Postgres => Placeholders::Numbered('$', first_placeholder),
            Dialect::Sqlite => Placeholders::Numbered('?', first_placeholder),
            Dialect::MySql => Placeholders::Plain,
        };
        self.written(dialect, placeholders)
    }

    /// Returns the condition as SQL with the placeholders that query builders expect: numbers in Postgres only.
    #[allow(dead_code, reason = "used by query builders, which are features")]
    pub(super) fn to_plain_sql(&self, dialect: Dialect) -> (String, Vec<ColumnValue>) {
        match dialect {
            Dialect::Postgres => self.to_sql(dialect, 1),
            Dialect::Sqlite | Dialect::MySql => self.written(dialect, Placeholders::Plain),
        }
    }

    fn written(&self, dialect: Dialect, placeholders: Placeholders) -> (String, Vec<ColumnValue>) {
        let qualifier = dialect.quoted(self.alias);
        let mut text = SqlText { dialect, qualifier, placeholders, sql: String::new(), values: Vec::new() };
        match &self.condition.0 {
            Form::All => text.sql.push_str("(1 = 1)"),
            Form::None => text.sql.push_str("(1 = 0)"),
            Form::Tree(ops) => text.tree(ops),
        }
        (text.sql, text.values)
    }
}

impl Dialect {
    /// Returns a quoted name.
    pub(crate) fn quoted(self, name: &str) -> String {
        let quote = match self {
            Self::Postgres | Self::Sqlite => "\"",
            Self::MySql => "`",
        };
        format!("{quote}{}{quote}", name.replace(quote, &quote.repeat(2)))
    }
}

/// The length from which on a list is bound as one value.
const LONG: usize = 1_000;

/// The number of operands beside each other. SQLite rejects an expression with a depth of more than 1,000, and each operand adds one.
const MOST_OPERANDS: usize = 100;

/// The notation of placeholders.
enum Placeholders {
    Plain,
    /// The sign, and the number of the next one.
    Numbered(char, usize),
}

struct SqlText {
    dialect: Dialect,
    /// The quoted name of the table, or its alias.
    qualifier: String,
    placeholders: Placeholders,
    sql: String,
    values: Vec<ColumnValue>,
}

/// The next part of the text.
enum Part {
    Text(&'static str),
    /// The operand whose last operator has this index.
    Operand(usize),
    /// These positions in the list of operands, joined by an operator.
    Operands(&'static str, usize, usize),
}

impl SqlText {
    /// Writes the operators, without recursion.
    fn tree<R>(&mut self, ops: &[Op<R>]) {
        let starts = starts(ops);
        let mut operands = Vec::new();
        let Some(last) = ops.len().checked_sub(1) else { return };
        let mut parts = match ops.last() {
            Some(Op::Any(_) | Op::All(_)) => vec![Part::Operand(last)],
            _ => vec![Part::Text(")"), Part::Operand(last), Part::Text("(")],
        };
        while let Some(part) = parts.pop() {
            match part {
                Part::Text(text) => self.sql.push_str(text),
                Part::Operands(operator, from, to) => {
                    parts.push(Part::Text(")"));
                    if to - from > MOST_OPERANDS {
                        let middle = from + (to - from) / 2;
                        parts.extend([
                            Part::Operands(operator, middle, to),
                            Part::Text(operator),
                            Part::Operands(operator, from, middle),
                        ]);
                    } else {
                        for (position, operand) in operands.iter().enumerate().take(to).skip(from).rev() {
                            parts.push(Part::Operand(*operand));
                            parts.extend((position > from).then_some(Part::Text(operator)));
                        }
                    }
                    parts.push(Part::Text("("));
                }
                Part::Operand(index) => match ops.get(index) {
                    Some(Op::Leaf(leaf)) => self.leaf(leaf),
                    Some(Op::Not) => {
                        let Some(negated) = index.checked_sub(1) else { continue };
                        match ops.get(negated) {
                            Some(Op::Any(_) | Op::All(_)) => {
                                parts.extend([Part::Operand(negated), Part::Text("NOT ")]);
                            }
                            _ => parts.extend([Part::Text(")"), Part::Operand(negated), Part::Text("NOT (")]),
                        }
                    }
                    Some(Op::All(count)) => {
                        parts.push(several(" AND ", &mut operands, &starts, index, *count));
                    }
                    Some(Op::Any(count)) => {
                        parts.push(several(" OR ", &mut operands, &starts, index, *count));
                    }
                    None => {}
                },
            }
        }
    }

    fn leaf<R>(&mut self, leaf: &Leaf<R>) {
        let column = format!("{}.{}", self.qualifier, self.dialect.quoted(leaf.column.name));
        let values = match &leaf.test {
            Test::Unknown => return self.sql.push_str("NULL"),
            Test::IsNull => return self.push(&[&column, " IS NULL"]),
            Test::In(values) => values,
        };
        // No text in Postgres contains the character NUL, and none that does can be bound.
        let is_storable = |value: &&RowValue<'static>| match value {
            RowValue::Text(text) => self.dialect != Dialect::Postgres || !text.contains('\0'),
            _ => true,
        };
        let values: Vec<_> = values.iter().filter(is_storable).collect();
        match (leaf.column.kind, values.as_slice()) {
            // False for a value, and unknown without one.
            (_, []) => self.push(&["(", &column, " IS NULL AND NULL)"]),
            (ColumnKind::Bool, values) => self.booleans(&column, values),
            (kind, values) => self.compared(kind, &column, values),
        }
    }

    /// Compares booleans without placeholders. MySQL and SQLite store integers, of which all but 0 are true.
    fn booleans(&mut self, column: &str, values: &[&RowValue<'static>]) {
        let text = |value: &RowValue<'_>| match (self.dialect, value) {
            (Dialect::Postgres, RowValue::Bool(true)) => format!("{column} = TRUE"),
            (Dialect::Postgres, _) => format!("{column} = FALSE"),
            (_, RowValue::Bool(true)) => format!("{column} <> 0"),
            (_, _) => format!("{column} = 0"),
        };
        let texts: Vec<_> = values.iter().map(|value| text(value)).collect();
        match texts.as_slice() {
            [text] => self.push(&[text]),
            texts => self.push(&["(", &texts.join(" OR "), ")"]),
        }
    }

    fn compared(&mut self, kind: ColumnKind, column: &str, values: &[&RowValue<'static>]) {
        let (before, after) = match (self.dialect, kind) {
            (Dialect::MySql, ColumnKind::Text) => ("CAST(CONVERT(", " USING utf8mb4) AS BINARY)"),
            (Dialect::Sqlite, ColumnKind::Text) => ("", " COLLATE BINARY"),
            _ => ("", ""),
        };
        self.push(&[before, column, after]);
        if values.len() > LONG
            && let Some((text, list)) = self.long_list(kind, values)
        {
            let (open, close) = text;
            self.push(&[open]);
            self.bind(ColumnValue::Text(list));
            return self.push(&[close]);
        }
        let wrap = if self.dialect == Dialect::MySql { (before, after) } else { ("", "") };
        let (open, close) = if values.len() == 1 { (" = ", "") } else { (" IN (", ")") };
        self.push(&[open]);
        for (position, value) in values.iter().enumerate() {
            self.push(&[if position == 0 { "" } else { ", " }, wrap.0]);
            self.bind(ColumnValue::from(*value));
            self.push(&[wrap.1]);
        }
        self.push(&[close]);
    }

    /// Returns the text around one placeholder for a list, and the list. `None` if the dialect has no such form for these values.
    fn long_list(
        &self,
        kind: ColumnKind,
        values: &[&RowValue<'static>],
    ) -> Option<((&'static str, &'static str), String)> {
        match self.dialect {
            Dialect::Postgres => {
                let close = match kind {
                    ColumnKind::I16 => " AS TEXT) AS SMALLINT[]))",
                    ColumnKind::I32 => " AS TEXT) AS INTEGER[]))",
                    ColumnKind::I64 => " AS TEXT) AS BIGINT[]))",
                    ColumnKind::Uuid => " AS TEXT) AS UUID[]))",
                    ColumnKind::Text => " AS TEXT) AS TEXT[]))",
                    ColumnKind::Bool => return None,
                };
                let list = values.iter().map(|value| array_element(value)).collect::<Vec<_>>().join(",");
                Some(((" = ANY (CAST(CAST(", close), format!("{{{list}}}")))
            }
            Dialect::Sqlite => {
                let list = values.iter().map(|value| json_element(value)).collect::<Option<Vec<_>>>()?.join(",");
                Some(((" IN (SELECT value FROM json_each(", "))"), format!("[{list}]")))
            }
            Dialect::MySql => None,
        }
    }

    fn bind(&mut self, value: ColumnValue) {
        match &mut self.placeholders {
            Placeholders::Plain => self.sql.push('?'),
            Placeholders::Numbered(sign, next) => {
                self.sql.push(*sign);
                self.sql.push_str(&next.to_string());
                *next += 1;
            }
        }
        self.values.push(value);
    }

    fn push(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.sql.push_str(text));
    }
}

/// Returns an element of a Postgres array.
fn array_element(value: &RowValue<'_>) -> String {
    match value {
        RowValue::Bool(value) => value.to_string(),
        RowValue::I16(value) => value.to_string(),
        RowValue::I32(value) => value.to_string(),
        RowValue::I64(value) => value.to_string(),
        RowValue::Uuid(value) => value.to_string(),
        RowValue::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Returns an element of a JSON array. `None` for a UUID, which SQLite stores as bytes, and for a text that SQLite would cut off.
fn json_element(value: &RowValue<'_>) -> Option<String> {
    match value {
        RowValue::Bool(_) | RowValue::Uuid(_) => None,
        RowValue::I16(value) => Some(value.to_string()),
        RowValue::I32(value) => Some(value.to_string()),
        RowValue::I64(value) => Some(value.to_string()),
        RowValue::Text(text) if text.contains('\0') => None,
        RowValue::Text(text) => serde_json::to_string(text).ok(),
    }
}

/// Returns the index of the first operator of each operand, by the index of its last one.
fn starts<R>(ops: &[Op<R>]) -> Vec<usize> {
    let (mut starts, mut open) = (Vec::with_capacity(ops.len()), Vec::new());
    for (index, op) in ops.iter().enumerate() {
        let operands = match op {
            Op::Leaf(_) => 0,
            Op::Not => 1,
            Op::All(count) | Op::Any(count) => *count,
        };
        let first = open.len().saturating_sub(operands);
        let start = open.drain(first..).next().unwrap_or(index);
        open.push(start);
        starts.push(start);
    }
    starts
}

/// Returns the operands of an operator, whose positions are added to the list.
fn several(operator: &'static str, operands: &mut Vec<usize>, starts: &[usize], index: usize, count: usize) -> Part {
    let from = operands.len();
    let mut end = index;
    for _ in 0..count {
        let Some(last) = end.checked_sub(1) else { break };
        operands.push(last);
        end = starts.get(last).copied().unwrap_or_default();
    }
    if let Some(found) = operands.get_mut(from..) {
        found.reverse();
    }
    Part::Operands(operator, from, operands.len())
}
