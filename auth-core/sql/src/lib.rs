//! Stores in a database, SQLite or Postgres: users with passwords and roles, and tokens that the application issues. Applications
//! use this crate through `auth-actix`.
//!
//! # Why
//! Each store has its own tables, migrations and migration table. It can therefore share a database with the tables of the
//! application without conflicts.

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("auth-sql: turn on the feature `sqlite` or `postgres`");

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use auth_core::runtime::future::BoxFuture;
use auth_core::store::users::{
    HashError, SecretString, User, UserStore, UserStoreUnavailable, hash_password, is_costlier_than_new,
};

/// A store of users in a database, in the tables `auth_users` and `auth_user_roles`. Cheap to clone.
///
/// A change takes effect in live sessions with their next request, delayed by at most one minute. New roles are applied. A new
/// password, or the disabling or removal of a user, ends the session. If a user is enabled again, a session without requests in the
/// meantime remains alive. `Auth::end_sessions` ends all sessions of a user at once.
///
/// ```no_run
/// # async fn f() -> Result<(), auth_actix::password::SqlUsersError> {
/// use auth_actix::password::SqlUsers;
/// let users = SqlUsers::open("sqlite://users.db?mode=rwc").await?;
/// users.add("alice", &"correct horse battery staple".into(), ["admin"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlUsers(Pool);

/// A connection pool of the application.
#[derive(Clone)]
pub struct SqlPool(Pool);

#[cfg(feature = "sqlite")]
impl From<sqlx::SqlitePool> for SqlPool {
    fn from(pool: sqlx::SqlitePool) -> Self {
        Self(Pool::Sqlite(pool))
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::PgPool> for SqlPool {
    fn from(pool: sqlx::PgPool) -> Self {
        Self(Pool::Postgres(pool))
    }
}

impl std::fmt::Debug for SqlPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlPool").finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

/// An error of users in a database. Contains neither the URL, which may contain a password, nor a user.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SqlUsersError {
    /// The URL is invalid, or the feature of its database is not enabled.
    #[error("invalid database URL: write `sqlite://users.db` or `postgres://host/name`")]
    Url,
    /// The database is unavailable, or rejected the query.
    #[error("the database of users is unavailable")]
    Unavailable,
    /// The tables could not be created, or were created by a later version of this crate.
    #[error("the migration of the user tables failed")]
    Migration,
    /// A user with this name already exists.
    #[error("a user with that name exists")]
    Exists,
    /// A user with this name does not exist.
    #[error("no user has that name")]
    Unknown,
    /// The name is empty, or contains a control character or a colon. A login with this name would be impossible.
    #[error("a name must not be empty or contain control characters or colons")]
    Name,
    /// The hash is invalid.
    #[error("{0}")]
    Hash(HashError),
    /// The password is shorter than 15 characters, the minimum for a password that is the only factor (NIST SP 800-63B §3.1.1.2),
    /// or longer than 1024 bytes.
    #[error("a password must have at least 15 characters and at most 1024 bytes")]
    Password,
    /// The hash is too expensive. The duration of a login would reveal that the user exists.
    #[error(
        "the parameters of the hash are above m=19456,t=2,p=1, so that logins would take longer than for other users"
    )]
    HashTooExpensive,
}

/// Like `Display`, because `main` prints the `Debug` form of an error that it returns.
impl std::fmt::Debug for SqlUsersError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<SqlUsersError> for std::io::Error {
    fn from(error: SqlUsersError) -> Self {
        Self::other(error.to_string())
    }
}

impl From<sqlx::Error> for SqlUsersError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::Exists,
            _ => Self::Unavailable,
        }
    }
}

/// Evaluates an expression with the pool of either database, so that queries which both databases accept are written once.
macro_rules! with {
    ($store:expr, $pool:ident => $done:expr) => {
        match &$store.0 {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite($pool) => $done,
            #[cfg(feature = "postgres")]
            Pool::Postgres($pool) => $done,
        }
    };
}

mod conditions;
mod tokens;

pub use crate::conditions::{VisibleRows, arguments};
pub use crate::tokens::{SqlTokens, SqlTokensError};

/// Maximum time that an operation waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects to a database. `None` if the URL is invalid, or if the feature of its database is not enabled.
async fn connect(url: &str) -> Result<Option<Pool>, sqlx::Error> {
    Ok(Some(match url.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => {
            Pool::Sqlite(sqlx::sqlite::SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect(url).await?)
        }
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            Pool::Postgres(sqlx::postgres::PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect(url).await?)
        }
        _ => return Ok(None),
    }))
}

/// Runs a migration, and records it in the table of this name. Returns whether it succeeded.
async fn migrate(pool: &Pool, table: &'static str, migration: Migration) -> bool {
    let mut migrator = Migrator::with_migrations(vec![migration]);
    migrator.dangerous_set_table_name(table);
    // SQLite has no lock for migrations. If two instances start at the same time, one fails, and succeeds when it tries again.
    for _ in 0..3 {
        let migrated = match pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => migrator.run(pool).await,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => migrator.run(pool).await,
        };
        if migrated.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    false
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS auth_users (
        name TEXT PRIMARY KEY,
        hash TEXT NOT NULL,
        disabled BOOLEAN NOT NULL DEFAULT FALSE
    );
    CREATE TABLE IF NOT EXISTS auth_user_roles (
        name TEXT NOT NULL REFERENCES auth_users (name) ON DELETE CASCADE,
        role TEXT NOT NULL,
        PRIMARY KEY (name, role)
    );
";

impl SqlUsers {
    /// Connects to `sqlite://users.db` (`?mode=rwc` creates the file) or to `postgres://user:password@host/name`, and migrates the
    /// tables.
    ///
    /// # Errors
    /// The URL is invalid, the database is unavailable, or the tables cannot be created.
    pub async fn open(url: &str) -> Result<Self, SqlUsersError> {
        let users = Self(connect(url).await?.ok_or(SqlUsersError::Url)?);
        users.migrate().await?;
        Ok(users)
    }

    /// Creates a store from a connection pool of the application. [`migrate`](Self::migrate) creates the tables.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(pool: sqlx::SqlitePool) -> Self {
        Self(Pool::Sqlite(pool))
    }

    /// Creates a store from a connection pool of the application. [`migrate`](Self::migrate) creates the tables.
    #[cfg(feature = "postgres")]
    pub fn postgres(pool: sqlx::PgPool) -> Self {
        Self(Pool::Postgres(pool))
    }

    /// Creates or migrates the tables. Migrations are recorded in the table `auth_migrations`. If several instances start at the
    /// same time, only one of them migrates.
    ///
    /// # Errors
    /// The tables cannot be created, or were created by a later version of this crate.
    pub async fn migrate(&self) -> Result<(), SqlUsersError> {
        let tables = Migration::new(1, "users".into(), MigrationType::Simple, TABLES.into_sql_str(), false);
        if migrate(&self.0, "auth_migrations", tables).await { Ok(()) } else { Err(SqlUsersError::Migration) }
    }

    /// Adds a user. The password must have at least 15 characters and at most 1024 bytes. If the password is not the only factor
    /// and may be shorter, hash it separately and use [`add_with_hash`](Self::add_with_hash).
    ///
    /// # Errors
    /// A user with this name exists, the name or the password is invalid, or the database is unavailable.
    pub async fn add(
        &self,
        name: &str,
        password: &SecretString,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        let hash = hashed(password).await?;
        self.add_with_hash(name, &hash, roles).await
    }

    /// Adds a user with an existing argon2id hash, such as one from another system. A hash below the minimum cost is accepted. The
    /// first login replaces it.
    ///
    /// # Errors
    /// Fails like [`add`](Self::add), or if the hash is invalid or too expensive.
    pub async fn add_with_hash(
        &self,
        name: &str,
        hash: &str,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        // The parser of Basic credentials applies the same rule, since a colon ends the name.
        if name.is_empty() || name.chars().any(|character| character.is_control() || character == ':') {
            return Err(SqlUsersError::Name);
        }
        User::with_outdated_hash(hash).map_err(SqlUsersError::Hash)?;
        if is_costlier_than_new(hash) {
            return Err(SqlUsersError::HashTooExpensive);
        }
        let roles: Vec<String> = roles.into_iter().map(|role| role.to_string()).collect();
        with!(self, pool => {
            let mut all = pool.begin().await?;
            sqlx::query("INSERT INTO auth_users (name, hash) VALUES ($1, $2)")
                .bind(name).bind(hash).execute(&mut *all).await?;
            // Roles of a removed user with the same name may remain if the database does not enforce foreign keys.
            sqlx::query("DELETE FROM auth_user_roles WHERE name = $1").bind(name).execute(&mut *all).await?;
            for role in &roles {
                sqlx::query("INSERT INTO auth_user_roles (name, role) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(name).bind(role).execute(&mut *all).await?;
            }
            Ok(all.commit().await?)
        })
    }

    /// Sets the password of a user. Sessions that began with the previous password end within a minute, including the session that
    /// changes it. Log the user in again with the new password (`Session::log_in_with_password`), which also issues a new session
    /// id.
    ///
    /// # Errors
    /// The user does not exist, the password is invalid, or the database is unavailable.
    pub async fn set_password(&self, name: &str, password: &SecretString) -> Result<(), SqlUsersError> {
        let hash = hashed(password).await?;
        let changed = with!(self, pool => sqlx::query("UPDATE auth_users SET hash = $2 WHERE name = $1")
            .bind(name).bind(&hash).execute(pool).await?.rows_affected());
        known(changed)
    }

    /// Replaces all roles of a user.
    ///
    /// # Errors
    /// The user does not exist, or the database is unavailable.
    pub async fn set_roles(
        &self,
        name: &str,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        let roles: Vec<String> = roles.into_iter().map(|role| role.to_string()).collect();
        with!(self, pool => {
            let mut all = pool.begin().await?;
            // Locks the row of the user, so that concurrent changes of the roles run one after the other.
            let there = sqlx::query("UPDATE auth_users SET name = name WHERE name = $1")
                .bind(name).execute(&mut *all).await?.rows_affected();
            known(there)?;
            sqlx::query("DELETE FROM auth_user_roles WHERE name = $1").bind(name).execute(&mut *all).await?;
            for role in &roles {
                sqlx::query("INSERT INTO auth_user_roles (name, role) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(name).bind(role).execute(&mut *all).await?;
            }
            Ok(all.commit().await?)
        })
    }

    /// Disables or enables a user. A disabled user gets the same response as an unknown user.
    ///
    /// # Errors
    /// The user does not exist, or the database is unavailable.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), SqlUsersError> {
        let changed = with!(self, pool => sqlx::query("UPDATE auth_users SET disabled = $2 WHERE name = $1")
            .bind(name).bind(disabled).execute(pool).await?.rows_affected());
        known(changed)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// The user does not exist, or the database is unavailable.
    pub async fn remove(&self, name: &str) -> Result<(), SqlUsersError> {
        let removed = with!(self, pool => sqlx::query("DELETE FROM auth_users WHERE name = $1")
            .bind(name).execute(pool).await?.rows_affected());
        known(removed)
    }

    async fn look_up(&self, name: &str) -> Result<Option<User>, sqlx::Error> {
        const FIND: &str = "SELECT users.hash, roles.role FROM auth_users AS users \
            LEFT JOIN auth_user_roles AS roles ON roles.name = users.name WHERE users.name = $1 AND NOT users.disabled";
        let rows: Vec<(String, Option<String>)> =
            with!(self, pool => sqlx::query_as(FIND).bind(name).fetch_all(pool).await?);
        let Some((hash, _)) = rows.first() else { return Ok(None) };
        match User::with_outdated_hash(hash) {
            Ok(user) => Ok(Some(user.roles(rows.iter().filter_map(|(_, role)| role.as_deref())))),
            Err(error) => {
                // The response is that of an unknown user. A different one would reveal that the user exists.
                tracing::error!(target: "auth_core", %error, "the hash of a user in the database");
                Ok(None)
            }
        }
    }
}

impl UserStore for SqlUsers {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        Box::pin(async move {
            // Text in Postgres cannot contain this character, and the query would fail.
            if name.contains('\0') {
                return Ok(None);
            }
            self.look_up(name).await.map_err(|error| unavailable(&error))
        })
    }

    fn replace_hash<'a>(
        &'a self,
        name: &'a str,
        before: &'a str,
        better: &'a str,
    ) -> BoxFuture<'a, Result<bool, UserStoreUnavailable>> {
        Box::pin(async move {
            const KEEP: &str = "UPDATE auth_users SET hash = $3 WHERE name = $1 AND hash = $2";
            let kept = with!(self, pool => {
                sqlx::query(KEEP).bind(name).bind(before).bind(better).execute(pool).await.map(|done| done.rows_affected() == 1)
            });
            kept.map_err(|error| unavailable(&error))
        })
    }
}

/// Logs the cause, without the data that the database quotes.
fn unavailable(error: &sqlx::Error) -> UserStoreUnavailable {
    log_failure(error, "SqlUsers");
    UserStoreUnavailable
}

/// Logs the failure of a store, without the data that the database quotes.
fn log_failure(error: &sqlx::Error, store: &'static str) {
    let refusal = error.as_database_error();
    let code = refusal.and_then(|error| error.code());
    // `undefined_table` in Postgres. SQLite has one code for all such errors.
    let no_tables = code.as_deref() == Some("42P01")
        || refusal.is_some_and(|error| error.message().starts_with("no such table: auth_"));
    if no_tables {
        tracing::error!(target: "auth_core", store, "the tables of the store are missing: call `migrate` at start-up");
    } else {
        tracing::error!(target: "auth_core", store, code = code.as_deref(), "the database of the store failed");
    }
}

const fn known(changed: u64) -> Result<(), SqlUsersError> {
    if changed == 0 { Err(SqlUsersError::Unknown) } else { Ok(()) }
}

/// Runs outside the event loop, since hashing is slow.
async fn hashed(password: &SecretString) -> Result<String, SqlUsersError> {
    let text = password.expose_secret();
    if text.chars().count() < 15 || text.len() > 1024 {
        return Err(SqlUsersError::Password);
    }
    let password = password.clone();
    let hashed = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    hashed.ok().and_then(Result::ok).ok_or(SqlUsersError::Unavailable)
}

impl std::fmt::Debug for SqlUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlUsers").finish_non_exhaustive()
    }
}
