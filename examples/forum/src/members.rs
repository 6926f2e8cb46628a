//! Members, their logins, and what they may do in communities.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights, TokenDigest, Who};
use auth_actix::list::Columns;
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Principal, Resource};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use sqlx::FromRow;

use crate::Role;
use crate::database::{Database, Failure, with};

pub(crate) const ISSUER: &str = "https://forum.example";
pub(crate) const AUDIENCE: &str = "forum";

/// The lifetime of a JWT.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The application's record of a person, as loaded for one JWT.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Policies ask the principal for the role instead.
    is_admin: bool,
    /// The digest of the JWT, which is the key of its row in the table `login`.
    login: String,
    /// The communities that this member moderates.
    pub(crate) moderates: Vec<i64>,
    /// The communities in which this member may not write.
    pub(crate) banned_from: Vec<i64>,
}

#[cfg(test)]
impl Member {
    pub(crate) fn for_matrix(id: i64) -> Self {
        let (moderates, banned_from) = (Vec::new(), Vec::new());
        Self { id, name: "Alice".to_owned(), is_admin: false, login: String::new(), moderates, banned_from }
    }
}

/// A person whom moderators may ban from their communities.
#[derive(Clone, Debug, Columns, FromRow)]
#[columns(table = "person")]
pub(crate) struct Person {
    pub(crate) id: i64,
    is_admin: bool,
}

/// The action of banning a person from a community.
#[derive(Action)]
pub(crate) struct BanFrom;

impl Resource for Person {
    type Key = i64;
    type Deps = Database;
    type Error = Failure;
    const PATH: &'static str = "person_id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, database: &Database) -> Result<Vec<Self>, Failure> {
        Ok(database.select(&Self::ID.is_in(ids.iter().copied())).await?)
    }
}

// That the caller moderates the community is the rule of the handler.
impl Allows<BanFrom> for Person {
    fn allows(&self, caller: &Principal) -> bool {
        let is_self = caller.id() == account(self.id).identity();
        !is_self && (!self.is_admin || caller.has_role(Role::Admin))
    }
}

/// Returns the id of an account.
pub(crate) fn account(person: i64) -> AccountId {
    AccountId::new("member", person)
}

/// The members and their logins.
#[derive(Clone)]
pub(crate) struct Members {
    database: Database,
    secret: Vec<u8>,
}

/// The id, the name, whether the person is an administrator, and whether the account is suspended.
type Row = (i64, String, bool, bool);

impl Members {
    pub(crate) fn new(database: Database, secret: Vec<u8>) -> Self {
        Self { database, secret }
    }

    /// Returns the id of the person with this name. Creates the person if necessary.
    pub(crate) async fn person(&self, name: &str) -> sqlx::Result<i64> {
        let add = "INSERT INTO person (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
        with!(&self.database, pool => sqlx::query(add).bind(name).execute(pool).await.map(drop))?;
        let find = "SELECT id FROM person WHERE name = $1";
        with!(&self.database, pool => sqlx::query_scalar(find).bind(name).fetch_one(pool).await)
    }

    pub(crate) async fn make_admin(&self, name: &str) -> sqlx::Result<()> {
        let person = self.person(name).await?;
        let change = "UPDATE person SET is_admin = TRUE WHERE id = $1";
        with!(&self.database, pool => sqlx::query(change).bind(person).execute(pool).await.map(drop))
    }

    /// Issues a JWT, and records it in the table `login`. Removes the rows of expired ones.
    pub(crate) async fn log_in(&self, person: i64) -> Result<String, Failure> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().cast_signed();
        let expires = now.saturating_add_unsigned(LIFETIME.as_secs());
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": person.to_string(), "iat": now, "exp": expires,
            "jti": format!("{:032x}", u128::from_ne_bytes(random)),
        });
        let token = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(&self.secret))?;
        let digest = TokenDigest::sha256(token.as_bytes()).to_hex();
        let add = "INSERT INTO login (digest, person_id, expires) VALUES ($1, $2, $3)";
        with!(&self.database, pool => {
            sqlx::query("DELETE FROM login WHERE expires < $1").bind(now).execute(pool).await?;
            sqlx::query(add).bind(digest).bind(person).bind(expires).execute(pool).await?;
        });
        Ok(token)
    }

    /// Removes the row of the JWT for which the member was loaded. The caller invalidates the cached account.
    pub(crate) async fn log_out(&self, member: &Member) -> sqlx::Result<()> {
        let remove = "DELETE FROM login WHERE digest = $1";
        with!(&self.database, pool => sqlx::query(remove).bind(&member.login).execute(pool).await.map(drop))
    }

    /// Returns the communities of a person in a table of (community, person).
    async fn communities(&self, of: &'static str, person: i64) -> sqlx::Result<Vec<i64>> {
        with!(&self.database, pool => sqlx::query_scalar(of).bind(person).fetch_all(pool).await)
    }
}

impl Accounts for Members {
    type Account = Member;
    type Error = sqlx::Error;
    const KINDS: &'static [&'static str] = &["member"];

    /// Finds the member of a JWT by its row in the table `login`. A JWT without a row was logged out.
    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, sqlx::Error> {
        let (Who::External(_), Some(digest)) = (login.who(), login.token_digest()) else { return Ok(Lookup::NotFound) };
        let digest = digest.to_hex();
        let find = "SELECT person.id, person.name, person.is_admin, person.is_suspended \
            FROM login JOIN person ON person.id = login.person_id WHERE login.digest = $1";
        let found: Option<Row> =
            with!(&self.database, pool => sqlx::query_as(find).bind(&digest).fetch_optional(pool).await)?;
        let Some((id, name, is_admin, is_suspended)) = found else { return Ok(Lookup::Revoked) };
        let moderates = self.communities("SELECT community_id FROM moderator WHERE person_id = $1", id).await?;
        let banned_from = self.communities("SELECT community_id FROM ban WHERE person_id = $1", id).await?;
        let member = Member { id, name, is_admin, login: digest, moderates, banned_from };
        Ok(if is_suspended { Lookup::Suspended(member) } else { Lookup::Found(member) })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        account(member.id)
    }

    fn rights(&self, member: &Member) -> Rights {
        Rights::new().roles(member.is_admin.then_some("admin"))
    }

    /// After this time, other instances notice a logout, a ban and a suspension.
    fn cache_ttl(&self) -> Duration {
        Duration::from_secs(30)
    }
}
