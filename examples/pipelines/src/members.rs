//! Members, and their roles in organizations.

use std::time::Duration;

use auth_actix::Id;
use auth_actix::identity::{
    AccountId, Accounts, Login, Lookup, ProvidedRights, Rights, RightsProvider, RightsUnavailable, Tenant, Who,
};
use sqlx::{FromRow, SqlitePool};

/// The application's record of a person.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Member {
    /// Never used again after a deletion, because of `AUTOINCREMENT`.
    id: i64,
    pub(crate) name: String,
    /// Whether the person runs this installation. Handlers ask the principal for the role instead, because it applies the limits of
    /// the credential.
    is_owner: bool,
    is_suspended: bool,
}

#[cfg(test)]
impl Member {
    pub(crate) fn named(name: &str) -> Self {
        Self { id: 1, name: name.to_owned(), is_owner: false, is_suspended: false }
    }
}

/// The members of all organizations.
#[derive(Clone)]
pub(crate) struct Members {
    pool: SqlitePool,
    /// The roles of members, for rules. Changes invalidate the cache.
    pub(crate) roles: ProvidedRights,
}

/// Creates the tables.
pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    for table in [
        "CREATE TABLE IF NOT EXISTS members (id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT UNIQUE NOT NULL, name TEXT NOT NULL, is_owner INTEGER NOT NULL DEFAULT 0, is_suspended INTEGER NOT NULL DEFAULT 0)",
        "CREATE TABLE IF NOT EXISTS memberships (org TEXT NOT NULL, member TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (org, member))",
    ] {
        sqlx::query(table).execute(pool).await?;
    }
    Ok(())
}

impl Members {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { roles: ProvidedRights::new(Memberships(pool.clone())), pool }
    }

    /// Creates the member of a login, unless it exists.
    pub(crate) async fn sign_up(&self, login: &Id, name: &str) -> sqlx::Result<()> {
        let add = sqlx::query("INSERT INTO members (login, name) VALUES (?, ?) ON CONFLICT (login) DO NOTHING");
        add.bind(login.to_string()).bind(name).execute(&self.pool).await?;
        Ok(())
    }

    /// Sets the role of a member in an organization. `None` ends the membership.
    pub(crate) async fn set_role(&self, org: &str, member: &Id, role: Option<&str>) -> sqlx::Result<()> {
        let remove = sqlx::query("DELETE FROM memberships WHERE org = ? AND member = ?");
        remove.bind(org).bind(member.to_string()).execute(&self.pool).await?;
        if let Some(role) = role {
            let add = sqlx::query("INSERT INTO memberships (org, member, role) VALUES (?, ?, ?)");
            add.bind(org).bind(member.to_string()).bind(role).execute(&self.pool).await?;
        }
        self.roles.invalidate(member);
        Ok(())
    }

    /// Returns the identity of the member with this login.
    pub(crate) async fn identity(&self, login: &Id) -> sqlx::Result<Id> {
        let id: i64 = sqlx::query_scalar("SELECT id FROM members WHERE login = ?")
            .bind(login.to_string())
            .fetch_one(&self.pool)
            .await?;
        Ok(AccountId::new("member", id).identity())
    }

    /// Returns the names of all organizations.
    pub(crate) async fn organizations(&self) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT DISTINCT org FROM memberships ORDER BY org").fetch_all(&self.pool).await
    }
}

impl Accounts for Members {
    type Account = Member;
    type Error = sqlx::Error;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, sqlx::Error> {
        let found: Option<Member> = match login.who() {
            Who::Account(id) => {
                let Some(id) = id.parse::<i64>("member") else { return Ok(Lookup::NotFound) };
                sqlx::query_as("SELECT * FROM members WHERE id = ?").bind(id).fetch_optional(&self.pool).await?
            }
            Who::External(login) => {
                let member = sqlx::query_as("SELECT * FROM members WHERE login = ?").bind(login.to_string());
                member.fetch_optional(&self.pool).await?
            }
        };
        Ok(match found {
            None => Lookup::NotFound,
            Some(member) if member.is_suspended => Lookup::Suspended(member),
            Some(member) => Lookup::Found(member),
        })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new("member", member.id)
    }

    /// The rights outside of organizations.
    fn rights(&self, member: &Member) -> Rights {
        Rights::new().roles(member.is_owner.then_some("owner"))
    }
}

/// The roles of members in organizations.
struct Memberships(SqlitePool);

impl RightsProvider for Memberships {
    async fn rights(&self, caller: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        let Some(org) = tenant.and_then(|tenant| tenant.get("org")) else { return Ok(Rights::new()) };
        let roles = sqlx::query_scalar("SELECT role FROM memberships WHERE org = ? AND member = ?");
        let roles: Result<Vec<String>, _> = roles.bind(org).bind(caller.to_string()).fetch_all(&self.0).await;
        Ok(Rights::new().roles(roles.map_err(|_| RightsUnavailable)?))
    }

    /// Returns the organization of a member who belongs to exactly one.
    async fn default_tenant(&self, caller: &Id) -> Result<Option<Tenant>, RightsUnavailable> {
        let orgs = sqlx::query_scalar("SELECT org FROM memberships WHERE member = ? LIMIT 2");
        let orgs: Result<Vec<String>, _> = orgs.bind(caller.to_string()).fetch_all(&self.0).await;
        Ok(match orgs.map_err(|_| RightsUnavailable)?.as_slice() {
            [org] => Some(Tenant::of("org", org)),
            _ => None,
        })
    }

    fn cache_ttl(&self) -> Duration {
        Duration::from_secs(30)
    }
}
