//! Conditions on rows: the arguments of a query, and what a test compares.

use std::future::Future;

use auth_core::condition::{ColumnKind, ColumnValue, Dialect};
use sqlx::encode::Encode;
use sqlx::types::Uuid;
use sqlx::{Arguments, AssertSqlSafe, Database, FromRow, Type};

/// Returns the values of a condition as the arguments of a query, to which further arguments can be added.
///
/// ```no_run
/// # #[derive(auth_actix::list::Columns)]
/// # #[columns(table = "posts")]
/// # struct Post { id: i64 }
/// use auth_actix::list::sql::arguments;
/// use auth_actix::list::{Condition, Dialect};
/// use sqlx::{AssertSqlSafe, SqlitePool};
///
/// async fn list(pool: &SqlitePool, visible: Condition<Post>) -> sqlx::Result<Vec<i64>> {
///     let (visible, values) = visible.to_sql(Dialect::Sqlite, 1);
///     let posts = AssertSqlSafe(format!("SELECT id FROM posts WHERE {visible} ORDER BY id"));
///     sqlx::query_scalar_with(posts, arguments::<sqlx::Sqlite>(values)?).fetch_all(pool).await
/// }
/// ```
///
/// # Errors
/// The database cannot bind a value.
pub fn arguments<D: Database>(values: impl IntoIterator<Item = ColumnValue>) -> Result<D::Arguments, sqlx::Error>
where
    D::Arguments: Default,
    for<'q> bool: Encode<'q, D> + Type<D>,
    for<'q> i16: Encode<'q, D> + Type<D>,
    for<'q> i32: Encode<'q, D> + Type<D>,
    for<'q> i64: Encode<'q, D> + Type<D>,
    for<'q> Uuid: Encode<'q, D> + Type<D>,
    for<'q> String: Encode<'q, D> + Type<D>,
{
    let mut arguments = D::Arguments::default();
    for value in values {
        let added = match value {
            ColumnValue::Bool(value) => arguments.add(value),
            ColumnValue::I16(value) => arguments.add(value),
            ColumnValue::I32(value) => arguments.add(value),
            ColumnValue::I64(value) => arguments.add(value),
            ColumnValue::Uuid(value) => arguments.add(value),
            ColumnValue::Text(value) => arguments.add(value),
            _ => Err("a condition contains a value of a later version".into()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A database whose rows a test compares with a policy. Implemented for the pools of SQLite and Postgres.
pub trait VisibleRows<R>: Sync {
    /// The dialect of the database.
    const DIALECT: Dialect;

    /// Returns the rows of a table that satisfy a condition.
    ///
    /// # Errors
    /// The database failed, or a row has not the expected type.
    fn rows(
        &self,
        table: &str,
        condition: (String, Vec<ColumnValue>),
    ) -> impl Future<Output = Result<Vec<R>, String>> + Send;

    /// Returns the columns that are missing, or that the database compares in another way than a condition does.
    ///
    /// # Errors
    /// The database failed.
    fn mistakes(
        &self,
        table: &str,
        columns: &[(&'static str, ColumnKind)],
    ) -> impl Future<Output = Result<Vec<String>, String>> + Send;
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn select(table: &str, condition: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT * FROM {} WHERE {condition}", quoted(table)))
}

/// Compares the columns with those that the database lists, each with its type. `wrong` returns what is wrong with a type.
fn compare(
    columns: &[(&'static str, ColumnKind)],
    listed: &[(String, String, bool)],
    wrong: impl Fn(ColumnKind, &str, bool) -> Option<String>,
) -> Vec<String> {
    let mistakes = columns.iter().filter_map(|(name, kind)| {
        let Some((_, found, is_deterministic)) = listed.iter().find(|(known, ..)| known == name) else {
            return Some(format!("the column `{name}` is missing"));
        };
        wrong(*kind, found, *is_deterministic).map(|wrong| format!("the column `{name}` {wrong}"))
    });
    mistakes.collect()
}

#[cfg(feature = "sqlite")]
impl<R: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin> VisibleRows<R> for sqlx::SqlitePool {
    const DIALECT: Dialect = Dialect::Sqlite;

    async fn rows(&self, table: &str, (text, values): (String, Vec<ColumnValue>)) -> Result<Vec<R>, String> {
        let values = arguments::<sqlx::Sqlite>(values).map_err(|error| error.to_string())?;
        let found = sqlx::query_as_with(select(table, &text), values).fetch_all(self).await;
        found.map_err(|error| error.to_string())
    }

    async fn mistakes(&self, table: &str, columns: &[(&'static str, ColumnKind)]) -> Result<Vec<String>, String> {
        let listed = sqlx::query_as("SELECT name, type, TRUE FROM pragma_table_xinfo($1)");
        let listed = listed.bind(table).fetch_all(self).await.map_err(|error| error.to_string())?;
        Ok(compare(columns, &listed, |kind, found, _| {
            let (affinity, is_right) = affinity(found);
            let is_right = is_right(kind);
            (!is_right).then(|| format!("has the type `{found}`, whose values SQLite stores as {affinity}"))
        }))
    }
}

/// Returns how SQLite stores the values of a column with this type, and whether a condition compares them correctly.
#[cfg(feature = "sqlite")]
fn affinity(found: &str) -> (&'static str, fn(ColumnKind) -> bool) {
    let found = found.to_uppercase();
    let is = |words: &[&str]| words.iter().any(|word| found.contains(word));
    // The order of https://sqlite.org/datatype3.html, section 3.1.
    if is(&["INT"]) {
        ("integers", |kind| !matches!(kind, ColumnKind::Text | ColumnKind::Uuid))
    } else if is(&["CHAR", "CLOB", "TEXT"]) {
        ("texts", |kind| kind == ColumnKind::Text)
    } else if is(&["BLOB"]) || found.is_empty() {
        ("they are", |_| true)
    } else if is(&["REAL", "FLOA", "DOUB"]) {
        ("floats", |_| false)
    } else {
        ("numbers where possible", |kind| kind != ColumnKind::Text)
    }
}

#[cfg(feature = "postgres")]
impl<R: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin> VisibleRows<R> for sqlx::PgPool {
    const DIALECT: Dialect = Dialect::Postgres;

    async fn rows(&self, table: &str, (text, values): (String, Vec<ColumnValue>)) -> Result<Vec<R>, String> {
        let values = arguments::<sqlx::Postgres>(values).map_err(|error| error.to_string())?;
        let found = sqlx::query_as_with(select(table, &text), values).fetch_all(self).await;
        found.map_err(|error| error.to_string())
    }

    async fn mistakes(&self, table: &str, columns: &[(&'static str, ColumnKind)]) -> Result<Vec<String>, String> {
        // The type of a domain is the one below it.
        const COLUMNS: &str = "SELECT column_of.attname::text, COALESCE(base.typname, type.typname)::text, \
            COALESCE(rules.collisdeterministic, TRUE) \
            FROM pg_attribute AS column_of JOIN pg_type AS type ON type.oid = column_of.atttypid \
            LEFT JOIN pg_type AS base ON base.oid = type.typbasetype \
            LEFT JOIN pg_collation AS rules ON rules.oid = column_of.attcollation \
            WHERE column_of.attrelid = to_regclass($1) AND column_of.attnum > 0 AND NOT column_of.attisdropped";
        let listed = sqlx::query_as(COLUMNS).bind(quoted(table)).fetch_all(self).await;
        let listed = listed.map_err(|error| error.to_string())?;
        Ok(compare(columns, &listed, |kind, found, is_deterministic| {
            let (expected, types): (_, &[&str]) = match kind {
                ColumnKind::Bool => ("boolean", &["bool"]),
                ColumnKind::I16 | ColumnKind::I32 | ColumnKind::I64 => ("integer", &["int2", "int4", "int8"]),
                ColumnKind::Uuid => ("uuid", &["uuid"]),
                _ => ("text", &["text", "varchar", "name"]),
            };
            match types.contains(&found) {
                false => Some(format!("has the type `{found}`, and the field is a {expected}")),
                true if !is_deterministic => {
                    Some("has a nondeterministic collation, which finds texts equal that are not".to_owned())
                }
                true => None,
            }
        }))
    }
}
