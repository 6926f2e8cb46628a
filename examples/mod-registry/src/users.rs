//! Users, and the teams that they belong to.

use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights, Who};
use sqlx::{FromRow, SqlitePool};

/// The application's record of a person.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct User {
    /// Never used again after a deletion, because of `AUTOINCREMENT`.
    pub(crate) id: i64,
    pub(crate) username: String,
    /// Handlers ask the principal for the role instead, because it applies the ceiling of the token.
    is_moderator: bool,
    is_suspended: bool,
    /// The teams of the user, for the condition of lists.
    #[sqlx(skip)]
    pub(crate) teams: Vec<i64>,
}

#[cfg(test)]
impl User {
    pub(crate) fn named(username: &str) -> Self {
        Self { id: 1, username: username.to_owned(), is_moderator: false, is_suspended: false, teams: Vec::new() }
    }
}

/// All users.
#[derive(Clone)]
pub(crate) struct Users(SqlitePool);

/// Creates the tables.
pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    for table in [
        "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL, is_moderator BOOLEAN NOT NULL DEFAULT FALSE, is_suspended BOOLEAN NOT NULL DEFAULT FALSE)",
        "CREATE TABLE IF NOT EXISTS teams (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        "CREATE TABLE IF NOT EXISTS team_members (team_id INTEGER NOT NULL REFERENCES teams (id), user_id INTEGER NOT NULL REFERENCES users (id), permissions INTEGER NOT NULL, PRIMARY KEY (team_id, user_id))",
    ] {
        sqlx::query(table).execute(pool).await?;
    }
    Ok(())
}

impl Users {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// Adds a user. Returns its id.
    pub(crate) async fn add(&self, username: &str) -> sqlx::Result<i64> {
        let add = sqlx::query_scalar("INSERT INTO users (username) VALUES (?) RETURNING id");
        add.bind(username).fetch_one(&self.0).await
    }
}

impl Accounts for Users {
    type Account = User;
    type Error = sqlx::Error;
    const KINDS: &'static [&'static str] = &["user"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<User>, sqlx::Error> {
        // All tokens act for an account.
        let Who::Account(id) = login.who() else { return Ok(Lookup::NotFound) };
        let Some(id) = id.parse::<i64>("user") else { return Ok(Lookup::NotFound) };
        let found = sqlx::query_as("SELECT * FROM users WHERE id = ?").bind(id).fetch_optional(&self.0).await?;
        let Some(mut user): Option<User> = found else { return Ok(Lookup::NotFound) };
        if user.is_suspended {
            return Ok(Lookup::Suspended(user));
        }
        let teams = sqlx::query_scalar("SELECT team_id FROM team_members WHERE user_id = ?");
        user.teams = teams.bind(id).fetch_all(&self.0).await?;
        Ok(Lookup::Found(user))
    }

    fn account_id(&self, user: &User) -> AccountId {
        AccountId::new("user", user.id)
    }

    fn rights(&self, user: &User) -> Rights {
        Rights::new().roles(user.is_moderator.then_some("moderator"))
    }
}
