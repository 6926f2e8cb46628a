//! A condition holds for exactly the rows that a database returns for its SQL, and `assert_visible` reports where a table differs.

use auth_actix::Id;
use auth_actix::list::sql::arguments;
use auth_actix::list::{ColumnType, Columns, Condition, Dialect};
use auth_tests::program;
use proptest::prelude::*;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRunner};
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, MySqlPool, PgPool, SqlitePool};

use crate::mariadb::MariaDb;
use crate::postgres::Postgres;

#[derive(Clone, Debug, ColumnType)]
struct TeamId(i64);

/// A row of a table whose names are reserved words.
#[derive(Clone, Debug, Columns)]
#[columns(table = "order")]
struct Row {
    #[columns(rename = "select")]
    id: i64,
    small: Option<i16>,
    medium: Option<i32>,
    large: Option<i64>,
    uuid: Option<Uuid>,
    text: Option<String>,
    r#where: Option<Id>,
    flag: Option<bool>,
    team: Option<TeamId>,
    always: bool,
}

fn texts() -> impl Strategy<Value = String> {
    // Texts that differ in case, in blanks at the end, and in the form of a combined character, and characters with a meaning in SQL.
    const TEXTS: &[&str] = &[
        "",
        "a",
        "A",
        "a ",
        " a",
        "a\t",
        "\u{e9}",
        "e\u{301}",
        "ss",
        "\u{df}",
        "1",
        "01",
        "NULL",
        "'",
        "\"",
        "\\",
        "%",
        "_",
        "{a,b}",
        "$1",
        "?",
        "\u{1f600}",
        "\u{ffff}",
        "null",
        "true",
    ];
    prop::sample::select(TEXTS).prop_map(str::to_owned)
}

fn ids() -> impl Strategy<Value = Id> {
    texts().prop_map(|text| Id::user("https://id.example", &format!("x{text}")))
}

fn uuids() -> impl Strategy<Value = Uuid> {
    (0..3_u128).prop_map(Uuid::from_u128)
}

macro_rules! integers {
    ($type:ty) => {
        prop::sample::select(vec![<$type>::MIN, -1, 0, 1, 2, <$type>::MAX])
    };
}

fn rows() -> impl Strategy<Value = Row> {
    let optional = prop::option::of::<BoxedStrategy<i64>>(integers!(i64).boxed());
    let numbers = (prop::option::of(integers!(i16)), prop::option::of(integers!(i32)), optional);
    let others = (prop::option::of(uuids()), prop::option::of(texts()), prop::option::of(ids()));
    let flags = (any::<Option<bool>>(), prop::option::of((0..3_i64).prop_map(TeamId)), any::<bool>());
    (numbers, others, flags).prop_map(|((small, medium, large), (uuid, text, r#where), (flag, team, always))| Row {
        id: 0,
        small,
        medium,
        large,
        uuid,
        text,
        r#where,
        flag,
        team,
        always,
    })
}

/// Returns comparisons with one value, with a missing value, and with lists of up to four values.
fn leaves() -> impl Strategy<Value = Condition<Row>> {
    macro_rules! of {
        ($($column:ident: $values:expr;)*) => {
            Union::new([$(
                prop::option::of($values).prop_map(|value| Row::$column.is(value)).boxed(),
                prop::collection::vec($values, 0..4).prop_map(|values| Row::$column.is_in(values)).boxed(),
            )*])
        };
    }
    of! {
        ID: 0..40_i64;
        SMALL: integers!(i16);
        MEDIUM: integers!(i32);
        LARGE: integers!(i64);
        UUID: uuids();
        TEXT: texts();
        WHERE: ids();
        FLAG: any::<bool>();
        TEAM: (0..3_i64).prop_map(TeamId);
        ALWAYS: any::<bool>();
    }
}

fn conditions() -> impl Strategy<Value = Condition<Row>> {
    let leaf = prop_oneof![20 => leaves(), 1 => Just(Condition::none()), 1 => Just(Condition::all("a test"))];
    leaf.prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
            inner.prop_map(|one| !one),
        ]
    })
}

enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MariaDb(MySqlPool),
}

macro_rules! insert {
    ($pool:expr, $rows:expr) => {
        insert!($pool, $rows, "INSERT INTO \"order\" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    };
    ($pool:expr, $rows:expr, $insert:expr) => {
        for row in $rows {
            let insert = $insert.to_owned();
            let insert =
                sqlx::query(AssertSqlSafe(insert)).bind(row.id).bind(row.small).bind(row.medium).bind(row.large);
            let insert = insert.bind(row.uuid).bind(&row.text).bind(row.r#where.as_ref().map(Id::to_string));
            let team = row.team.as_ref().map(|TeamId(id)| *id);
            insert.bind(row.flag).bind(team).bind(row.always).execute($pool).await.unwrap();
        }
    };
}

impl Database {
    async fn sqlite(rows: &[Row]) -> Self {
        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        // Collations that a condition must ignore.
        let table = r#"CREATE TABLE "order" ("select" INTEGER PRIMARY KEY, small SMALLINT, medium INT, large BIGINT, uuid BLOB,
            text TEXT COLLATE NOCASE, "where" VARCHAR(200) COLLATE RTRIM, flag BOOLEAN, team INTEGER, always BOOLEAN NOT NULL)"#;
        sqlx::query(table).execute(&pool).await.unwrap();
        insert!(&pool, rows);
        Self::Sqlite(pool)
    }

    async fn postgres(url: &str, rows: &[Row]) -> Self {
        let pool = PgPool::connect(url).await.unwrap();
        let table = r#"CREATE TABLE "order" ("select" BIGINT PRIMARY KEY, small SMALLINT, medium INT, large BIGINT, uuid UUID,
            text TEXT, "where" VARCHAR(200) COLLATE "C", flag BOOLEAN, team BIGINT, always BOOLEAN NOT NULL)"#;
        sqlx::query(table).execute(&pool).await.unwrap();
        insert!(&pool, rows);
        Self::Postgres(pool)
    }

    async fn mariadb(url: &str, rows: &[Row]) -> Self {
        let pool = MySqlPool::connect(url).await.unwrap();
        // Collations that a condition must ignore. Those of the text compare without case, and without blanks at the end.
        let table = "CREATE TABLE `order` (`select` BIGINT PRIMARY KEY, small SMALLINT, medium INT, large BIGINT, uuid BINARY(16),
            text TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
            `where` VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, flag BOOLEAN, team BIGINT,
            always BOOLEAN NOT NULL)";
        sqlx::query("CREATE DATABASE test").execute(&pool).await.unwrap();
        let pool = MySqlPool::connect(&url.replace("/mysql?", "/test?")).await.unwrap();
        sqlx::query(table).execute(&pool).await.unwrap();
        insert!(&pool, rows, "INSERT INTO `order` VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        Self::MariaDb(pool)
    }

    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            Self::MariaDb(_) => Dialect::MySql,
        }
    }

    /// Returns the ids of the rows that satisfy the condition. Another placeholder precedes those of the condition.
    async fn select(&self, condition: &Condition<Row>) -> Result<Vec<i64>, sqlx::Error> {
        let select = |sql: &str| {
            AssertSqlSafe(format!(r#"SELECT o."select" FROM "order" AS o WHERE o."select" >= $1 AND {sql} ORDER BY 1"#))
        };
        match self {
            Self::Sqlite(pool) => {
                let (sql, values) = condition.alias("o").to_sql(Dialect::Sqlite, 2);
                let mut query =
                    sqlx::query_scalar_with(select(&sql), arguments::<sqlx::Sqlite>([]).unwrap()).bind(0_i64);
                for value in values {
                    query = bound(query, value);
                }
                query.fetch_all(pool).await
            }
            Self::MariaDb(pool) => {
                let (sql, values) = condition.alias("o").to_sql(Dialect::MySql, 1);
                let select = format!("SELECT o.`select` FROM `order` AS o WHERE o.`select` >= ? AND {sql} ORDER BY 1");
                let mut query = sqlx::query_scalar(AssertSqlSafe(select)).bind(0_i64);
                for value in values {
                    query = bound(query, value);
                }
                query.fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                let (sql, values) = condition.alias("o").to_sql(Dialect::Postgres, 2);
                let mut query =
                    sqlx::query_scalar_with(select(&sql), arguments::<sqlx::Postgres>([]).unwrap()).bind(0_i64);
                for value in values {
                    query = bound(query, value);
                }
                query.fetch_all(pool).await
            }
        }
    }
}

/// Binds a value as an application without `arguments` does.
fn bound<'q, D: sqlx::Database, O>(
    query: sqlx::query::QueryScalar<'q, D, O, D::Arguments>,
    value: auth_actix::list::ColumnValue,
) -> sqlx::query::QueryScalar<'q, D, O, D::Arguments>
where
    bool: sqlx::Encode<'q, D> + sqlx::Type<D>,
    i16: sqlx::Encode<'q, D> + sqlx::Type<D>,
    i32: sqlx::Encode<'q, D> + sqlx::Type<D>,
    i64: sqlx::Encode<'q, D> + sqlx::Type<D>,
    Uuid: sqlx::Encode<'q, D> + sqlx::Type<D>,
    String: sqlx::Encode<'q, D> + sqlx::Type<D>,
{
    use auth_actix::list::ColumnValue;
    match value {
        ColumnValue::Bool(value) => query.bind(value),
        ColumnValue::I16(value) => query.bind(value),
        ColumnValue::I32(value) => query.bind(value),
        ColumnValue::I64(value) => query.bind(value),
        ColumnValue::Uuid(value) => query.bind(value),
        ColumnValue::Text(value) => query.bind(value),
        other => panic!("{other:?}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Returns 40 random rows.
fn random_rows(runner: &mut TestRunner) -> Vec<Row> {
    use proptest::strategy::ValueTree as _;
    let rows = prop::collection::vec(rows(), 40).new_tree(runner).unwrap().current();
    rows.into_iter().zip(0..).map(|(row, id)| Row { id, ..row }).collect()
}

#[test]
fn conditions_hold_for_the_rows_that_databases_return() {
    // LIST-2, LIST-3, LIST-4, LIST-5
    let (runtime, postgres, mariadb) = (runtime(), Postgres::start(), MariaDb::start());
    let mut runner = TestRunner::new(Config { cases: 1_000, failure_persistence: None, ..Config::default() });
    let rows = random_rows(&mut runner);
    let mut databases = vec![runtime.block_on(Database::sqlite(&rows))];
    if let Some(postgres) = &postgres {
        databases.push(runtime.block_on(Database::postgres(&postgres.url(), &rows)));
    } else {
        program::skipped("conditions are not compared with Postgres");
    }
    if let Some(mariadb) = &mariadb {
        databases.push(runtime.block_on(Database::mariadb(&mariadb.url(), &rows)));
    } else {
        program::skipped("conditions are not compared with MariaDB");
    }
    let compared = runner.run(&conditions(), |condition| {
        let expected: Vec<_> = rows.iter().filter(|row| condition.holds(row)).map(|row| row.id).collect();
        for database in &databases {
            let sql = condition.to_sql(database.dialect(), 1);
            let found = runtime.block_on(database.select(&condition));
            let found = found.map_err(|error| TestCaseError::fail(format!("{error}: {sql:?}")))?;
            prop_assert_eq!(&found, &expected, "{:?}", sql);
        }
        Ok(())
    });
    compared.unwrap();
}

#[test]
fn long_and_nested_conditions_are_accepted_by_databases() {
    let (runtime, postgres, mariadb) = (runtime(), Postgres::start(), MariaDb::start());
    let rows = random_rows(&mut TestRunner::deterministic());
    let mut databases = vec![runtime.block_on(Database::sqlite(&rows))];
    if let Some(postgres) = &postgres {
        databases.push(runtime.block_on(Database::postgres(&postgres.url(), &rows)));
    }
    if let Some(mariadb) = &mariadb {
        databases.push(runtime.block_on(Database::mariadb(&mariadb.url(), &rows)));
    }
    let many = 70_000;
    let texts: Vec<_> =
        rows.iter().filter_map(|row| row.text.clone()).chain((0..many).map(|n| format!("\"{n}\\"))).collect();
    #[rustfmt::skip]
    let table = [
        Row::ID.is_in(3..many),
        !Row::ID.is_in(3..many),
        Row::MEDIUM.is_in(0..70_000),
        !Row::SMALL.is_in(-1_000..1_000),
        Row::TEXT.is_in(texts.clone()),
        !Row::TEXT.is_in(texts),
        Row::TEAM.is_in((1..many).map(TeamId)),
        // More operands than the depth of an expression in SQLite.
        (0..3_000).fold(Condition::none(), |all, id| all | Row::ID.is(id) & Row::ALWAYS.is(true)),
        (0..1_100).map(Uuid::from_u128).fold(Condition::none(), |all, id| all | Row::UUID.is(id)),
        // No text in Postgres contains this character.
        Row::TEXT.is("\0".to_owned()) | Row::ALWAYS.is(true),
        !Row::TEXT.is("\0".to_owned()),
    ];
    for (position, condition) in table.iter().enumerate() {
        let expected: Vec<_> = rows.iter().filter(|row| condition.holds(row)).map(|row| row.id).collect();
        for database in &databases {
            // MySQL and MariaDB accept 65,535 placeholders, and have no form in which a list is one value.
            let is_too_long =
                database.dialect() == Dialect::MySql && condition.to_sql(Dialect::MySql, 1).1.len() >= 65_535;
            if is_too_long {
                continue;
            }
            let found = runtime.block_on(database.select(condition)).unwrap();
            assert_eq!(found, expected, "row {position}");
        }
    }
}
