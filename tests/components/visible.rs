//! Tests of `assert_visible`: it finds lists that differ from the policy, and tables that a database compares in another way (LIST-6).

use std::any::type_name;
use std::panic::AssertUnwindSafe;

use auth_actix::list::sql::VisibleRows;
use auth_actix::list::{Columns, Condition, Visible};
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::test::{Caller, assert_visible};
use auth_actix::{Action, Principal, Resource};
use sqlx::{AssertSqlSafe, FromRow, PgPool, Row as _, SqlitePool};

use crate::postgres::Postgres;

/// A note, which its author may read unless it is removed. Everyone may read shared ones.
#[derive(Columns)]
#[columns(table = "notes", tenant(org = org))]
struct Note {
    id: i64,
    author: Option<String>,
    org: String,
    shared: bool,
    #[columns(skip)]
    tenant: String,
}

#[derive(Action)]
struct Read;

impl Visible<Read> for Note {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        Note::SHARED.is(true) | Note::AUTHOR.is(caller.map(|caller| caller.local_subject().into_owned()))
    }
}

impl Resource for Note {
    type Key = i64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> i64 {
        self.id
    }

    fn tenant(&self) -> Option<auth_actix::identity::Tenant> {
        Some(auth_actix::Tenant::of("org", &self.tenant))
    }

    async fn load(_: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(Vec::new())
    }
}

macro_rules! from_row {
    ($($row:ty),*) => {$(
        impl FromRow<'_, $row> for Note {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let (author, org): (Option<String>, String) = (row.try_get("author")?, row.try_get("org")?);
                // Two mistakes of a loader: it trims a column, and changes the case of the tenant.
                let author = author.map(|author| author.trim_start().to_owned());
                let tenant = org.to_lowercase();
                Ok(Self { id: row.try_get("id")?, author, org, shared: row.try_get("shared")?, tenant })
            }
        }
    )*};
}

from_row!(sqlx::sqlite::SqliteRow, sqlx::postgres::PgRow);

const ROWS: &str = "INSERT INTO notes VALUES (1, 'alice', 'acme', FALSE), (2, 'Alice', 'umbrella', FALSE), (3, 'bob', 'acme', TRUE), (4, NULL, 'acme', FALSE)";

/// Returns the number of rows of each caller, or the report of a difference.
async fn compared(pool: &impl VisibleRows<Note>) -> Result<Vec<usize>, String> {
    let alice = || Caller::user("alice");
    let bound = alice().tenant(auth_actix::Tenant::of("org", "umbrella"));
    let callers = [None, Some(alice().principal()), Some(Caller::user("eve").principal()), Some(bound.principal())];
    let compared = AssertUnwindSafe(assert_visible::<Note, Read>(pool, callers));
    let visible = futures_catch(compared).await?;
    Ok(visible.iter().map(Vec::len).collect())
}

/// Awaits a future, and returns the message if it panics.
async fn futures_catch<T>(future: AssertUnwindSafe<impl Future<Output = T>>) -> Result<T, String> {
    let mut future = std::pin::pin!(future.0);
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(std::task::Poll::Ready(value)) => std::task::Poll::Ready(Ok(value)),
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Err(panic) => std::task::Poll::Ready(Err(*panic.downcast::<String>().unwrap())),
        }
    })
    .await
}

fn assert_report(found: Result<Vec<usize>, String>, expected: Result<[usize; 4], &str>, table: &str) {
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{table}"),
        (Err(found), Err(expected)) => assert!(found.contains(expected), "{table}: {found}"),
        (found, expected) => panic!("{table}: expected {expected:?}, found {found:?} of {}", type_name::<Note>()),
    }
}

const RIGHT: &str = "id BIGINT, author TEXT, org TEXT, shared BOOLEAN NOT NULL";

#[test]
fn differences_between_a_list_and_its_policy_are_reported() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let trimmed = "INSERT INTO notes VALUES (5, ' alice', 'acme', FALSE)";
    let other_case = "INSERT INTO notes VALUES (5, 'alice', 'ACME', TRUE)";
    #[rustfmt::skip]
    let both: [(&str, &str, Result<[usize; 4], &str>); 5] = [
        // (table, another row, visible rows of each caller or the report)
        (RIGHT, "SELECT 1",  Ok([1, 2, 1, 0])),
        (RIGHT, trimmed,     Err("the row id=I64(5) author=Text(\"alice\") org=Text(\"acme\") shared=Bool(false) is allowed by the policy, and is not in the list")),
        (RIGHT, other_case,  Err("in org=\"acme\": the row id=I64(5)")),
        (RIGHT, "DELETE FROM notes", Err("notes: the table contains no rows to compare")),
        ("id BIGINT, author TEXT, org TEXT, hidden BOOLEAN", "SELECT 1", Err("notes: the column `shared` is missing")),
    ];
    #[rustfmt::skip]
    let sqlite: [(&str, &str, Result<[usize; 4], &str>); 3] = [
        ("id BIGINT, author TEXT COLLATE NOCASE, org TEXT COLLATE RTRIM, shared BOOLEAN", "SELECT 1", Ok([1, 2, 1, 0])),
        ("id BIGINT, author INTEGER, org TEXT, shared BOOLEAN", "SELECT 1", Err("the column `author` has the type `INTEGER`, whose values SQLite stores as integers")),
        ("id TEXT, author TEXT, org TEXT, shared BOOLEAN", "SELECT 1", Err("the column `id` has the type `TEXT`, whose values SQLite stores as texts")),
    ];
    for (table, more, expected) in both.into_iter().chain(sqlite) {
        let found = runtime.block_on(async {
            let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
            let pool: SqlitePool = pool.connect("sqlite::memory:").await.unwrap();
            for sql in [&format!("CREATE TABLE notes ({table})"), ROWS, more] {
                sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
            }
            compared(&pool).await
        });
        assert_report(found, expected, table);
    }
    let Some(postgres) = Postgres::start() else { return };
    #[rustfmt::skip]
    let only: [(&str, &str, Result<[usize; 4], &str>); 4] = [
        ("id INT8, author VARCHAR(20), org TEXT COLLATE \"C\", shared BOOLEAN", "SELECT 1", Ok([1, 2, 1, 0])),
        ("id INT8, author CHAR(8), org TEXT, shared BOOLEAN", "SELECT 1", Err("the column `author` has the type `bpchar`, and the field is a text")),
        ("id INT8, author TEXT COLLATE ignores_case, org TEXT, shared BOOLEAN", "SELECT 1", Err("the column `author` has a nondeterministic collation")),
        ("id INT8, author name_of_author, org TEXT, shared BOOLEAN", "SELECT 1", Err("the column `author` has the type `bpchar`")),
    ];
    for (table, more, expected) in both.into_iter().chain(only) {
        let found = runtime.block_on(async {
            let pool = PgPool::connect(&postgres.url()).await.unwrap();
            let domain = "DROP TABLE IF EXISTS notes; DROP DOMAIN IF EXISTS name_of_author; CREATE DOMAIN name_of_author AS CHAR(9)";
            let collation = "DROP COLLATION IF EXISTS ignores_case; CREATE COLLATION ignores_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
            for sql in [domain, collation, &format!("CREATE TABLE notes ({table})"), ROWS, more] {
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
            }
            compared(&pool).await
        });
        assert_report(found, expected, table);
    }
}
