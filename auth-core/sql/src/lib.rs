//! Users with passwords and roles in a database: SQLite or Postgres. Applications use it through `auth-actix`.
//!
//! # Why
//! Two tables of our own, which our own migrations make and their own table counts: they share a database with those of the
//! application and clash with none of them.

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

/// Users in a database, in the tables `auth_users` and `auth_user_roles`. Cheap to clone.
///
/// Roles that change, users who are disabled or removed, and a new password reach live sessions with their next request, but for
/// a minute: roles change, and the others end the session. Who is let in again finds one that asked for nothing meanwhile
/// alive; `Auth::end_sessions` ends them all at once.
///
/// ```no_run
/// # async fn f() -> Result<(), auth_sql::SqlUsersError> {
/// use auth_sql::SqlUsers;
/// let users = SqlUsers::open("sqlite://users.db?mode=rwc").await?;
/// users.add("alice", &"correct horse battery staple".into(), ["admin"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlUsers(Pool);

#[derive(Clone)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

/// What is wrong with users in a database. Quotes no address, as it may hold a password, and no user.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SqlUsersError {
    /// The address names no database that is compiled in.
    #[error("this is no address of a database: write `sqlite://users.db` or `postgres://host/name`")]
    Url,
    /// The database is out of reach, or refuses.
    #[error("the database of users is out of reach, or refuses")]
    Unavailable,
    /// The tables could not be made, or a later version of this crate has made them.
    #[error("the tables of users could not be brought up to date")]
    Migration,
    /// There is a user of that name.
    #[error("there is a user of that name already")]
    Exists,
    /// There is no user of that name.
    #[error("there is no user of that name")]
    Unknown,
    /// Nobody could log in under that name.
    #[error("a name has characters, none of which is a control character or a colon")]
    Name,
    /// The hash cannot be used.
    #[error("{0}")]
    Hash(HashError),
    /// A password that is the only factor has 15 characters (NIST SP 800-63B §3.1.1.2), and none has more than 1024 bytes.
    #[error("a password has 15 characters at least, and 1024 bytes at most")]
    Password,
    /// By the time that it takes, the hash would tell that there is this user.
    #[error("the hash costs more to verify than those that are made here: m=19456,t=2,p=1")]
    Dear,
}

/// Like `Display`: `main` prints the `Debug` of an error that it returns.
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

/// The same with either pool: what both databases understand is written once.
macro_rules! with {
    ($users:expr, $pool:ident => $done:expr) => {
        match &$users.0 {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite($pool) => $done,
            #[cfg(feature = "postgres")]
            Pool::Postgres($pool) => $done,
        }
    };
}

/// How long an operation waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

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
    /// Connects to `sqlite://users.db` (`?mode=rwc` makes the file) or to `postgres://user:password@host/name`, and brings the
    /// tables up to date.
    ///
    /// # Errors
    /// The address is none, the database is out of reach, or the tables cannot be made.
    pub async fn open(url: &str) -> Result<Self, SqlUsersError> {
        let pool = match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => Pool::Sqlite(
                sqlx::sqlite::SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect(url).await?,
            ),
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Pool::Postgres(
                sqlx::postgres::PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).connect(url).await?,
            ),
            _ => return Err(SqlUsersError::Url),
        };
        let users = Self(pool);
        users.migrate().await?;
        Ok(users)
    }

    /// Users in a database that the application is connected to. Their tables are made by [`migrate`](Self::migrate).
    #[cfg(feature = "sqlite")]
    pub fn sqlite(pool: sqlx::SqlitePool) -> Self {
        Self(Pool::Sqlite(pool))
    }

    /// Users in a database that the application is connected to. Their tables are made by [`migrate`](Self::migrate).
    #[cfg(feature = "postgres")]
    pub fn postgres(pool: sqlx::PgPool) -> Self {
        Self(Pool::Postgres(pool))
    }

    /// Brings the tables up to date. What was done is written down in the table `auth_migrations`; of several instances that
    /// start at once one does it.
    ///
    /// # Errors
    /// The tables cannot be made, or a later version of this crate has made them.
    pub async fn migrate(&self) -> Result<(), SqlUsersError> {
        let tables = Migration::new(1, "users".into(), MigrationType::Simple, TABLES.into_sql_str(), false);
        let mut migrator = Migrator::with_migrations(vec![tables]);
        migrator.dangerous_set_table_name("auth_migrations");
        // SQLite has no lock for this: of two that begin at once one fails, and then finds it done.
        for _ in 0..3 {
            if with!(self, pool => migrator.run(pool).await).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(SqlUsersError::Migration)
    }

    /// Adds a user. Their password has 15 characters at least, whichever: where it is not the only factor, and fewer will do, hash
    /// it yourself, and [add that](Self::add_with_hash).
    ///
    /// # Errors
    /// There is one of that name, the name or the password is none, or the database refuses.
    pub async fn add(
        &self,
        name: &str,
        password: &SecretString,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        let hash = hashed(password).await?;
        self.add_with_hash(name, &hash, roles).await
    }

    /// Adds a user who has a password elsewhere, by its hash: argon2id, also a cheap one, which the first login replaces.
    ///
    /// # Errors
    /// As [`add`](Self::add); and where no login could verify the hash.
    pub async fn add_with_hash(
        &self,
        name: &str,
        hash: &str,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        // The same that reads a name out of Basic: a colon would end it.
        if name.is_empty() || name.chars().any(|character| character.is_control() || character == ':') {
            return Err(SqlUsersError::Name);
        }
        User::with_outdated_hash(hash).map_err(SqlUsersError::Hash)?;
        if is_costlier_than_new(hash) {
            return Err(SqlUsersError::Dear);
        }
        let roles: Vec<String> = roles.into_iter().map(|role| role.to_string()).collect();
        with!(self, pool => {
            let mut all = pool.begin().await?;
            sqlx::query("INSERT INTO auth_users (name, hash) VALUES ($1, $2)")
                .bind(name).bind(hash).execute(&mut *all).await?;
            // Those of somebody who had the name before, where the database does not look after references.
            sqlx::query("DELETE FROM auth_user_roles WHERE name = $1").bind(name).execute(&mut *all).await?;
            for role in &roles {
                sqlx::query("INSERT INTO auth_user_roles (name, role) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(name).bind(role).execute(&mut *all).await?;
            }
            Ok(all.commit().await?)
        })
    }

    /// Gives a user another password. Sessions that began with the one before end within a minute, that of whoever changes it too:
    /// log them in again with the new one (`Session::log_in_with_password`), which is also a new id.
    ///
    /// # Errors
    /// There is no such user, the password is none, or the database refuses.
    pub async fn set_password(&self, name: &str, password: &SecretString) -> Result<(), SqlUsersError> {
        let hash = hashed(password).await?;
        let changed = with!(self, pool => sqlx::query("UPDATE auth_users SET hash = $2 WHERE name = $1")
            .bind(name).bind(&hash).execute(pool).await?.rows_affected());
        known(changed)
    }

    /// Gives a user these roles, and no others.
    ///
    /// # Errors
    /// There is no such user, or the database refuses.
    pub async fn set_roles(
        &self,
        name: &str,
        roles: impl IntoIterator<Item = impl ToString>,
    ) -> Result<(), SqlUsersError> {
        let roles: Vec<String> = roles.into_iter().map(|role| role.to_string()).collect();
        with!(self, pool => {
            let mut all = pool.begin().await?;
            // Locks the user's row: of two that set roles at once, one comes after the other.
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

    /// Disables a user, or lets them in again. Who is disabled is answered as if there were no such user.
    ///
    /// # Errors
    /// There is no such user, or the database refuses.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), SqlUsersError> {
        let changed = with!(self, pool => sqlx::query("UPDATE auth_users SET disabled = $2 WHERE name = $1")
            .bind(name).bind(disabled).execute(pool).await?.rows_affected());
        known(changed)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// There is no such user, or the database refuses.
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
                // The answer is that of an unknown user: another one would tell that there is this one.
                tracing::error!(target: "auth_core", %error, "the hash of a user in the database");
                Ok(None)
            }
        }
    }
}

impl UserStore for SqlUsers {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        Box::pin(async move {
            // Postgres has no text with this character, and would refuse the question.
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

/// Why goes to the log, without what the database quotes.
fn unavailable(error: &sqlx::Error) -> UserStoreUnavailable {
    let refusal = error.as_database_error();
    let code = refusal.and_then(|error| error.code());
    // `undefined_table` of Postgres; SQLite has one code for all such mistakes.
    let no_tables = code.as_deref() == Some("42P01")
        || refusal.is_some_and(|error| error.message().starts_with("no such table: auth_users"));
    if no_tables {
        tracing::error!(target: "auth_core", "the tables of users are missing: call `SqlUsers::migrate` at start-up");
    } else {
        tracing::error!(target: "auth_core", code = code.as_deref(), "the database of users failed");
    }
    UserStoreUnavailable
}

const fn known(changed: u64) -> Result<(), SqlUsersError> {
    if changed == 0 { Err(SqlUsersError::Unknown) } else { Ok(()) }
}

/// Off the event loop, as it takes a while.
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
