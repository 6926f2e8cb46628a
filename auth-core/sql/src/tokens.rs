//! Tokens in a database.

use std::time::{Duration, SystemTime};

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType};

use auth_core::runtime::clock::{self, Timestamp};
use auth_core::runtime::future::BoxFuture;
use auth_core::store::tokens::{Owner, TokenAdmin, TokenColumns, TokenDigest, TokenId, TokenRecord, TokenStore, owner};
use auth_core::store::unavailable::StoreUnavailable;

use crate::{Pool, SqlPool, connect, log_failure, migrate};

/// A store of tokens in a database, in the table `auth_tokens`. Cheap to clone.
///
/// The table contains digests, never tokens. Times are seconds since 1970. The column `limits` contains the text of
/// [`TokenRecord::limits`]. A row that cannot be read completely is an error, so that a token never loses a limit. Tokens that
/// expired more than 30 days ago are deleted when tokens are added, at most 100 each time.
///
/// ```no_run
/// # async fn f(pool: auth_actix::tokens::SqlPool) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_actix::tokens::SqlTokens;
/// let tokens = SqlTokens::open(pool);
/// tokens.migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlTokens(Pool);

/// An error of tokens in a database. Contains neither the URL, which may contain a password, nor a token.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlTokensError {
    /// The URL is invalid, or the feature of its database is not enabled.
    #[error("invalid database URL: write `sqlite://tokens.db` or `postgres://host/name`")]
    Url,
    /// The database is unavailable.
    #[error("the database of tokens is unavailable")]
    Unavailable,
    /// The table could not be created, or was created by a later version of this crate.
    #[error("the migration of the table of tokens failed")]
    Migration,
}

/// Like `Display`, because `main` prints the `Debug` form of an error that it returns.
impl std::fmt::Debug for SqlTokensError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<SqlTokensError> for std::io::Error {
    fn from(error: SqlTokensError) -> Self {
        Self::other(error.to_string())
    }
}

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS auth_tokens (
        digest TEXT PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        lineage TEXT NOT NULL,
        owner_kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        created BIGINT NOT NULL,
        expires BIGINT,
        last_used BIGINT,
        limits TEXT NOT NULL,
        revoked BIGINT NOT NULL CHECK (revoked IN (0, 1))
    );
    CREATE INDEX IF NOT EXISTS auth_tokens_lineage ON auth_tokens (lineage);
    CREATE INDEX IF NOT EXISTS auth_tokens_owner ON auth_tokens (owner_kind, owner);
    CREATE INDEX IF NOT EXISTS auth_tokens_expires ON auth_tokens (expires);
";

/// Minimum time between two recorded uses of a token, in seconds.
const USE_INTERVAL: i64 = 60;

/// Time that expired tokens are kept, so that their use can be reported as such.
const EXPIRED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Maximum number of expired tokens that are deleted when a token is added.
const SMALL_BATCH: i64 = 100;

/// Maximum number of expired tokens that one statement of [`SqlTokens::delete_expired`] deletes.
const LARGE_BATCH: i64 = 1000;

/// A row without its digest, in the order of the columns.
type Row = (String, String, String, String, String, i64, Option<i64>, Option<i64>, String, i64);

/// Evaluates an expression in a transaction. In SQLite, transactions that write exclude each other. In Postgres, the locks exclude
/// transactions with a lock in common, because they would not see each other's rows.
macro_rules! in_transaction {
    ($store:expr, $locks:expr, $all:ident => $done:expr) => {
        match &$store.0 {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let _: &[String] = &$locks;
                let mut $all = pool.begin_with("BEGIN IMMEDIATE").await?;
                let done = $done;
                $all.commit().await?;
                Ok(done)
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let mut $all = pool.begin().await?;
                for lock in &$locks {
                    let take = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(lock);
                    take.execute(&mut *$all).await?;
                }
                let done = $done;
                $all.commit().await?;
                Ok(done)
            }
        }
    };
}

impl SqlTokens {
    /// Creates a store from a connection pool of the application: an `sqlx::SqlitePool` or an `sqlx::PgPool`.
    /// [`migrate`](Self::migrate) creates the table.
    pub fn open(pool: impl Into<SqlPool>) -> Self {
        Self(pool.into().0)
    }

    /// Connects to `sqlite://tokens.db` (`?mode=rwc` creates the file) or to `postgres://user:password@host/name`, and migrates the
    /// table.
    ///
    /// # Errors
    /// The URL is invalid, the database is unavailable, or the table cannot be created.
    pub async fn connect(url: &str) -> Result<Self, SqlTokensError> {
        let pool = connect(url).await.map_err(|_| SqlTokensError::Unavailable)?;
        let tokens = Self(pool.ok_or(SqlTokensError::Url)?);
        tokens.migrate().await?;
        Ok(tokens)
    }

    /// Creates or migrates the table. Migrations are recorded in the table `auth_token_migrations`. If several instances start at
    /// the same time, only one of them migrates.
    ///
    /// # Errors
    /// The table cannot be created, or was created by a later version of this crate.
    pub async fn migrate(&self) -> Result<(), SqlTokensError> {
        let table = Migration::new(1, "tokens".into(), MigrationType::Simple, TABLE.into_sql_str(), false);
        if migrate(&self.0, "auth_token_migrations", table).await { Ok(()) } else { Err(SqlTokensError::Migration) }
    }

    /// Deletes the tokens that expired before this time, in statements of at most 1000 each. Returns the number of deleted tokens.
    /// An application needs it only if tokens expire much faster than they are added.
    ///
    /// # Errors
    /// The database is unavailable. Some tokens may have been deleted.
    pub async fn delete_expired(&self, before: SystemTime) -> Result<u64, StoreUnavailable> {
        let before = Timestamp::from_wall_time(before);
        let mut all = 0;
        loop {
            let deleted = self.delete_batch(before, LARGE_BATCH).await.map_err(unavailable)?;
            all += deleted;
            if deleted < LARGE_BATCH.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    async fn delete_batch(&self, before: Timestamp, most: i64) -> Result<u64, sqlx::Error> {
        const DELETE: &str = "DELETE FROM auth_tokens WHERE digest IN \
            (SELECT digest FROM auth_tokens WHERE expires < $1 ORDER BY expires, digest LIMIT $2)";
        with!(self, pool => {
            Ok(sqlx::query(DELETE).bind(before.seconds()).bind(most).execute(pool).await?.rows_affected())
        })
    }

    async fn look_up(&self, digest: &str) -> Result<Option<Row>, sqlx::Error> {
        const FIND: &str = "SELECT id, lineage, owner_kind, owner, name, created, expires, last_used, limits, revoked \
            FROM auth_tokens WHERE digest = $1";
        with!(self, pool => sqlx::query_as(FIND).bind(digest).fetch_optional(pool).await)
    }

    async fn look_up_id(&self, id: &str) -> Result<Option<Row>, sqlx::Error> {
        const FIND: &str = "SELECT id, lineage, owner_kind, owner, name, created, expires, last_used, limits, revoked \
            FROM auth_tokens WHERE id = $1";
        with!(self, pool => sqlx::query_as(FIND).bind(id).fetch_optional(pool).await)
    }

    /// Returns whether the token was stored. It is not stored if it succeeds a token of a revoked or missing lineage.
    async fn add(&self, digest: &str, row: &TokenColumns) -> Result<bool, sqlx::Error> {
        const ADD: &str = "INSERT INTO auth_tokens (digest, id, lineage, owner_kind, owner, name, created, expires, \
            last_used, limits, revoked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        const IS_REVOKED: &str = "SELECT MAX(revoked) FROM auth_tokens WHERE lineage = $1";
        let is_successor = row.lineage != row.id && row.revoked == 0;
        let locks = match is_successor {
            true => vec![lineage_lock(&row.lineage), owner_lock(&row.owner_kind, &row.owner)],
            false => Vec::new(),
        };
        in_transaction!(self, locks, all => {
            if is_successor {
                let of_lineage: Option<i64> =
                    sqlx::query_scalar(IS_REVOKED).bind(&row.lineage).fetch_one(&mut *all).await?;
                if of_lineage != Some(0) {
                    return Ok(false);
                }
            }
            let add = sqlx::query(ADD).bind(digest).bind(&row.id).bind(&row.lineage).bind(&row.owner_kind);
            let add = add.bind(&row.owner).bind(&row.name).bind(row.created).bind(row.expires).bind(row.last_used);
            add.bind(&row.limits).bind(row.revoked).execute(&mut *all).await?;
            true
        })
    }

    async fn rows_of(&self, kind: &str, id: &str) -> Result<Vec<Row>, sqlx::Error> {
        const LIST: &str = "SELECT id, lineage, owner_kind, owner, name, created, expires, last_used, limits, revoked \
            FROM auth_tokens WHERE owner_kind = $1 AND owner = $2 ORDER BY created, id";
        with!(self, pool => sqlx::query_as(LIST).bind(kind).bind(id).fetch_all(pool).await)
    }

    async fn revoke_all(&self, lineage: &str) -> Result<u64, sqlx::Error> {
        const REVOKE: &str = "UPDATE auth_tokens SET revoked = 1 WHERE lineage = $1 AND revoked <> 1";
        in_transaction!(self, [lineage_lock(lineage)], all => {
            sqlx::query(REVOKE).bind(lineage).execute(&mut *all).await?.rows_affected()
        })
    }

    async fn delete_of(&self, kind: &str, id: &str) -> Result<u64, sqlx::Error> {
        const DELETE: &str = "DELETE FROM auth_tokens WHERE owner_kind = $1 AND owner = $2";
        in_transaction!(self, [owner_lock(kind, id)], all => {
            sqlx::query(DELETE).bind(kind).bind(id).execute(&mut *all).await?.rows_affected()
        })
    }

    async fn set_expiry(&self, id: &str, at: i64) -> Result<u64, sqlx::Error> {
        const END: &str =
            "UPDATE auth_tokens SET expires = CASE WHEN expires < $2 THEN expires ELSE $2 END WHERE id = $1";
        with!(self, pool => Ok(sqlx::query(END).bind(id).bind(at).execute(pool).await?.rows_affected()))
    }

    async fn set_last_used(&self, id: &str, at: i64) -> Result<(), sqlx::Error> {
        const TOUCH: &str =
            "UPDATE auth_tokens SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used <= $3)";
        let earlier = at.saturating_sub(USE_INTERVAL);
        with!(self, pool => sqlx::query(TOUCH).bind(id).bind(at).bind(earlier).execute(pool).await.map(drop))
    }
}

fn lineage_lock(lineage: &str) -> String {
    format!("auth_tokens/lineage/{lineage}")
}

fn owner_lock(kind: &str, id: &str) -> String {
    format!("auth_tokens/owner/{kind}/{id}")
}

/// Reads a row. An unreadable row is reported by its cause only, because other programs may have written it.
fn read(row: Row) -> Result<TokenRecord, StoreUnavailable> {
    let (id, lineage, owner_kind, owner, name, created, expires, last_used, limits, revoked) = row;
    let columns = TokenColumns { id, lineage, owner_kind, owner, name, created, expires, last_used, limits, revoked };
    columns.record().map_err(|error| {
        tracing::error!(target: "auth_core", %error, "a row of `auth_tokens` cannot be read");
        StoreUnavailable
    })
}

fn unavailable(error: sqlx::Error) -> StoreUnavailable {
    log_failure(&error, "SqlTokens");
    StoreUnavailable
}

impl TokenStore for SqlTokens {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        Box::pin(async move {
            let row = self.look_up(&digest.to_hex()).await.map_err(unavailable)?;
            row.map(read).transpose()
        })
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let at = Timestamp::from_wall_time(at).seconds();
        Box::pin(async move { self.set_last_used(id.as_str(), at).await.map_err(unavailable) })
    }

    fn admin(&self) -> Option<&dyn TokenAdmin> {
        Some(self)
    }
}

impl TokenAdmin for SqlTokens {
    fn insert<'a>(
        &'a self,
        digest: &'a TokenDigest,
        record: TokenRecord,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(async move {
            let row = TokenColumns::of(&record).map_err(|error| {
                tracing::error!(target: "auth_core", %error, "a token cannot be stored");
                StoreUnavailable
            })?;
            if !self.add(&digest.to_hex(), &row).await.map_err(unavailable)? {
                return Err(StoreUnavailable);
            }
            // The token is stored, so a failure is only logged.
            let before = clock::now().minus(EXPIRED_TTL);
            let _ = self.delete_batch(before, SMALL_BATCH).await.map_err(unavailable);
            Ok(())
        })
    }

    fn find_by_id<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        Box::pin(async move {
            let row = self.look_up_id(id.as_str()).await.map_err(unavailable)?;
            row.map(read).transpose()
        })
    }

    fn list<'a>(&'a self, of: &'a Owner) -> BoxFuture<'a, Result<Vec<TokenRecord>, StoreUnavailable>> {
        Box::pin(async move {
            let Some((kind, id)) = owner(of) else { return Ok(Vec::new()) };
            let rows = self.rows_of(kind, id).await.map_err(unavailable)?;
            rows.into_iter().map(read).collect()
        })
    }

    fn revoke<'a>(&'a self, lineage: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        Box::pin(async move { Ok(self.revoke_all(lineage.as_str()).await.map_err(unavailable)? > 0) })
    }

    fn end_at<'a>(&'a self, id: &'a TokenId, at: SystemTime) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        let at = Timestamp::from_wall_time(at).seconds();
        Box::pin(async move { Ok(self.set_expiry(id.as_str(), at).await.map_err(unavailable)? > 0) })
    }

    fn delete_all<'a>(&'a self, of: &'a Owner) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        Box::pin(async move {
            let Some((kind, id)) = owner(of) else { return Ok(0) };
            self.delete_of(kind, id).await.map_err(unavailable)
        })
    }
}

impl std::fmt::Debug for SqlTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlTokens").finish_non_exhaustive()
    }
}
