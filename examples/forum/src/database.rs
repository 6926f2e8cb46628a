//! The database: SQLite or Postgres.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use auth_actix::list::sql::arguments;
use auth_actix::list::{Columns, Condition, Dialect};
use auth_actix::password::SqlUsers;
use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow};

/// The database of the forum.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Evaluates an expression with the pool of either database, so that a query which both accept is written once.
macro_rules! with {
    ($database:expr, $pool:ident => $done:expr) => {
        match $database {
            $crate::database::Database::Sqlite($pool) => $done,
            $crate::database::Database::Postgres($pool) => $done,
        }
    };
}

pub(crate) use with;

/// The tables. `{id}` is the type of an id that is never assigned again.
const TABLES: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS person (id {id}, name TEXT UNIQUE NOT NULL, is_admin BOOLEAN NOT NULL DEFAULT FALSE, is_suspended BOOLEAN NOT NULL DEFAULT FALSE)",
    "CREATE TABLE IF NOT EXISTS login (digest TEXT PRIMARY KEY, person_id BIGINT NOT NULL REFERENCES person (id), expires BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS community (id {id}, name TEXT UNIQUE NOT NULL)",
    "CREATE TABLE IF NOT EXISTS moderator (community_id BIGINT NOT NULL REFERENCES community (id), person_id BIGINT NOT NULL REFERENCES person (id), PRIMARY KEY (community_id, person_id))",
    "CREATE TABLE IF NOT EXISTS ban (community_id BIGINT NOT NULL REFERENCES community (id), person_id BIGINT NOT NULL REFERENCES person (id), PRIMARY KEY (community_id, person_id))",
    "CREATE TABLE IF NOT EXISTS post (id {id}, community_id BIGINT NOT NULL REFERENCES community (id), author TEXT, title TEXT NOT NULL, body TEXT NOT NULL, removed BOOLEAN NOT NULL DEFAULT FALSE)",
    "CREATE TABLE IF NOT EXISTS post_like (post_id BIGINT NOT NULL REFERENCES post (id) ON DELETE CASCADE, person_id BIGINT NOT NULL REFERENCES person (id), score SMALLINT NOT NULL, PRIMARY KEY (post_id, person_id))",
];

impl Database {
    /// Connects to `sqlite://forum.db?mode=rwc` or `postgres://host/name`, and creates the tables. Without a URL, it opens a SQLite
    /// database in memory, which is deleted when its connection closes.
    pub(crate) async fn open(url: Option<&str>) -> sqlx::Result<Self> {
        let database = match url {
            Some(url) if url.starts_with("postgres") => Self::Postgres(PgPool::connect(url).await?),
            Some(url) => Self::Sqlite(SqlitePool::connect(url).await?),
            None => {
                let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                Self::Sqlite(pool.connect_with(SqliteConnectOptions::new().in_memory(true)).await?)
            }
        };
        let id = match database {
            Self::Sqlite(_) => "INTEGER PRIMARY KEY AUTOINCREMENT",
            Self::Postgres(_) => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        };
        for table in TABLES {
            let table = AssertSqlSafe(table.replace("{id}", id));
            with!(&database, pool => sqlx::query(table).execute(pool).await.map(drop))?;
        }
        Ok(database)
    }

    /// Returns the store of passwords in this database. Its tables are not created.
    pub(crate) fn users(&self) -> SqlUsers {
        match self {
            Self::Sqlite(pool) => SqlUsers::sqlite(pool.clone()),
            Self::Postgres(pool) => SqlUsers::postgres(pool.clone()),
        }
    }

    /// Returns the rows that satisfy a condition, the newest first.
    pub(crate) async fn select<R>(&self, condition: &Condition<R>) -> sqlx::Result<Vec<R>>
    where
        R: Columns + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let select = |condition: &str| {
            AssertSqlSafe(format!("SELECT * FROM {} WHERE {condition} ORDER BY id DESC LIMIT 1000", R::TABLE))
        };
        match self {
            Self::Sqlite(pool) => {
                let (condition, values) = condition.to_sql(Dialect::Sqlite, 1);
                let query = sqlx::query_as_with(select(&condition), arguments::<Sqlite>(values)?);
                query.fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                let (condition, values) = condition.to_sql(Dialect::Postgres, 1);
                let query = sqlx::query_as_with(select(&condition), arguments::<Postgres>(values)?);
                query.fetch_all(pool).await
            }
        }
    }
}

/// A failure of the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the system provides no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the token cannot be signed: {0}")]
    Signature(#[from] jsonwebtoken::errors::Error),
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    // Details go to the log only.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).finish()
    }
}
