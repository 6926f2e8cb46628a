//! Communities and posts, and the policies over them.

use auth_actix::list::{Columns, Condition, ListFilter, Visible};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Caller, Id, Principal, Resource};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::Role;
use crate::database::{Database, Failure, with};
use crate::members::{BanFrom, Member, Person};

/// A community, in which members write posts.
#[derive(Clone, Debug, Columns, FromRow, Serialize)]
#[columns(table = "community")]
pub(crate) struct Community {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// A post in a community.
#[derive(Clone, Debug, Columns, FromRow, Serialize)]
#[columns(table = "post")]
pub(crate) struct Post {
    pub(crate) id: i64,
    pub(crate) community_id: i64,
    /// The identity of the author. `None` if the account was deleted.
    #[sqlx(try_from = "StoredId")]
    pub(crate) author: Option<Id>,
    pub(crate) title: String,
    pub(crate) body: String,
    /// Whether a moderator has removed the post.
    pub(crate) removed: bool,
}

/// An identity in a column that may be NULL.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct StoredId(Option<String>);

impl TryFrom<StoredId> for Option<Id> {
    type Error = auth_actix::identity::IdError;

    fn try_from(stored: StoredId) -> Result<Self, Self::Error> {
        stored.0.map(|id| id.parse()).transpose()
    }
}

/// The action of reading a post.
#[derive(Action)]
pub(crate) struct Read;
/// The action of changing the text of a post.
#[derive(Action)]
pub(crate) struct Edit;
/// The action of hiding a post from the members of its community.
#[derive(Action)]
pub(crate) struct Remove;
/// The action of deleting a post.
#[derive(Action)]
pub(crate) struct Purge;
/// The action of banning members from a community.
#[derive(Action)]
pub(crate) struct Moderate;
/// The action of writing posts in a community.
#[derive(Action)]
pub(crate) struct Write;

impl Resource for Post {
    type Key = i64;
    type Deps = Database;
    type Error = Failure;
    const PATH: &'static str = "post_id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, database: &Database) -> Result<Vec<Self>, Failure> {
        Ok(database.select(&Self::ID.is_in(ids.iter().copied())).await?)
    }
}

impl Resource for Community {
    type Key = i64;
    type Deps = Database;
    type Error = Failure;
    const PATH: &'static str = "community_id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, database: &Database) -> Result<Vec<Self>, Failure> {
        Ok(database.select(&Self::ID.is_in(ids.iter().copied())).await?)
    }
}

fn member(caller: &Principal) -> Option<&Member> {
    caller.account()
}

/// Returns whether the caller moderates a community. Administrators moderate all.
fn moderates(caller: &Principal, community: i64) -> bool {
    caller.has_role(Role::Admin) || member(caller).is_some_and(|member| member.moderates.contains(&community))
}

// The list and a single post have one condition. A comparison with a missing identity never holds, so that anonymous callers are not
// the author of posts without an author.
impl Visible<Read> for Post {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        if caller.is_some_and(|caller| caller.has_role(Role::Admin)) {
            return Condition::all("administrators review removed posts");
        }
        let moderated = caller.and_then(member).map(|member| member.moderates.clone()).unwrap_or_default();
        Post::REMOVED.is(false)
            | Post::AUTHOR.is(caller.map(|caller| caller.id()))
            | Post::COMMUNITY_ID.is_in(moderated)
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        !self.removed && self.author == Some(caller.id())
    }
}

impl Allows<Remove> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        moderates(caller, self.community_id)
    }
}

impl Allows<Purge> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role(Role::Admin)
    }
}

impl Allows<Moderate> for Community {
    fn allows(&self, caller: &Principal) -> bool {
        moderates(caller, self.id)
    }
}

impl Allows<Write> for Community {
    fn allows(&self, caller: &Principal) -> bool {
        member(caller).is_some_and(|member| !member.banned_from.contains(&self.id))
    }
}

/// The text of a post, as its author sends it beside the id of the community or of the post.
#[derive(Deserialize)]
pub(crate) struct Text {
    title: String,
    body: String,
}

/// Creates a community, which its creator moderates.
pub(crate) async fn create_community(database: &Database, creator: i64, name: &str) -> sqlx::Result<Community> {
    let add = "INSERT INTO community (name) VALUES ($1) RETURNING id, name";
    let moderate = "INSERT INTO moderator (community_id, person_id) VALUES ($1, $2)";
    with!(database, pool => {
        let mut all = pool.begin().await?;
        let community: Community = sqlx::query_as(add).bind(name).fetch_one(&mut *all).await?;
        sqlx::query(moderate).bind(community.id).bind(creator).execute(&mut *all).await?;
        all.commit().await?;
        Ok(community)
    })
}

/// Returns the posts that the caller may read, the newest first.
pub(crate) async fn list(database: &Database, visible: &ListFilter<Post, Read>) -> sqlx::Result<Vec<Post>> {
    database.select(&visible.condition()).await
}

/// Adds a post. Requires a proof that the caller may write in the community.
pub(crate) async fn add(
    database: &Database,
    community: &Authorized<Community, Write>,
    author: &Caller<Member>,
    text: &Text,
) -> sqlx::Result<Post> {
    let author = author.principal().id().to_string();
    let add = "INSERT INTO post (community_id, author, title, body) VALUES ($1, $2, $3, $4) RETURNING *";
    with!(database, pool => {
        sqlx::query_as(add).bind(community.id).bind(author).bind(&text.title).bind(&text.body).fetch_one(pool).await
    })
}

/// Changes a post. Requires a proof that the caller may edit it.
pub(crate) async fn change(database: &Database, post: &Authorized<Post, Edit>, text: &Text) -> sqlx::Result<Post> {
    let change = "UPDATE post SET title = $1, body = $2 WHERE id = $3 RETURNING *";
    with!(database, pool => {
        sqlx::query_as(change).bind(&text.title).bind(&text.body).bind(post.id).fetch_one(pool).await
    })
}

/// Hides a post from the members of its community, or shows it again.
pub(crate) async fn remove(database: &Database, post: &Authorized<Post, Remove>, removed: bool) -> sqlx::Result<()> {
    let change = "UPDATE post SET removed = $1 WHERE id = $2";
    with!(database, pool => sqlx::query(change).bind(removed).bind(post.id).execute(pool).await.map(drop))
}

/// Deletes a post.
pub(crate) async fn purge(database: &Database, post: &Authorized<Post, Purge>) -> sqlx::Result<()> {
    let delete = "DELETE FROM post WHERE id = $1";
    with!(database, pool => sqlx::query(delete).bind(post.id).execute(pool).await.map(drop))
}

/// Records that a member likes a post (1) or dislikes it (-1).
pub(crate) async fn like(
    database: &Database,
    post: &Authorized<Post, Read>,
    by: &Member,
    score: i16,
) -> sqlx::Result<()> {
    let like = "INSERT INTO post_like (post_id, person_id, score) VALUES ($1, $2, $3) \
        ON CONFLICT (post_id, person_id) DO UPDATE SET score = excluded.score";
    with!(database, pool => sqlx::query(like).bind(post.id).bind(by.id).bind(score).execute(pool).await.map(drop))
}

/// Bans a person from a community, or lifts the ban. Requires a proof for both. The caller invalidates the account of the person.
pub(crate) async fn ban(
    database: &Database,
    community: &Authorized<Community, Moderate>,
    person: &Authorized<Person, BanFrom>,
    banned: bool,
) -> sqlx::Result<()> {
    let change = match banned {
        true => "INSERT INTO ban (community_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM ban WHERE community_id = $1 AND person_id = $2",
    };
    with!(database, pool => {
        sqlx::query(change).bind(community.id).bind(person.id).execute(pool).await.map(drop)
    })
}
