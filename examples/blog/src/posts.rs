//! Posts and the rules over them. Independent of HTTP, except for the response of [`Failure`].

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use auth_actix::list::sql::arguments;
use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Granted, Id, Principal, Resource};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use utoipa::ToSchema;

use crate::{Role, may, proof};

/// A post.
#[derive(Clone, Debug, Columns, FromRow, Serialize, ToSchema)]
#[columns(table = "posts")]
pub(crate) struct Post {
    pub(crate) id: i64,
    /// The author: issuer and subject.
    #[schema(value_type = String)]
    #[sqlx(try_from = "String")]
    pub(crate) author: Id,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) published: bool,
}

/// A post in a list.
#[derive(Debug, FromRow, Serialize, ToSchema)]
pub(crate) struct Summary {
    id: i64,
    title: String,
}

/// The action of reading a post.
#[derive(Action)]
pub(crate) struct Read;
/// The action of editing the title and text of a post.
#[derive(Action)]
pub(crate) struct Edit;
/// The action of publishing a post.
#[derive(Action)]
pub(crate) struct Publish;

impl Resource for Post {
    type Key = i64;
    type Deps = SqlitePool;
    type Error = Failure;
    const PATH: &'static str = "post";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, pool: &SqlitePool) -> Result<Vec<Self>, Failure> {
        let mut query = QueryBuilder::new("SELECT id, author, title, text, published FROM posts WHERE id IN ");
        query.push_tuples(ids, |mut row, id| {
            row.push_bind(id);
        });
        Ok(query.build_query_as().fetch_all(pool).await?)
    }
}

impl Post {
    fn is_by(&self, caller: &Principal) -> bool {
        self.author == caller.id()
    }
}

// The list and a single post have one condition.
impl Visible<Read> for Post {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        match caller {
            Some(caller) if caller.has_role(Role::Editor) => Condition::all("editors review drafts"),
            _ => Post::PUBLISHED.is(true) | Post::AUTHOR.is(caller.map(|caller| caller.id())),
        }
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        self.is_by(caller) && !self.published || caller.has_role(Role::Admin)
    }
}

impl Allows<Publish> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        // Reviewing requires a second person.
        !self.is_by(caller)
    }
}

/// An error of the application.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("no database was registered as application data")]
    NoDatabase,
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

pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    let table = "CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, published BOOLEAN NOT NULL DEFAULT FALSE)";
    sqlx::query(table).execute(pool).await.map(drop)
}

/// Returns the posts that the caller may read.
pub(crate) async fn list(pool: &SqlitePool, visible: &ListFilter<Post, Read>) -> Result<Vec<Summary>, Failure> {
    let (visible, values) = visible.to_sql(Dialect::Sqlite, 1);
    let list = AssertSqlSafe(format!("SELECT id, title FROM posts WHERE {visible} ORDER BY id"));
    Ok(sqlx::query_as_with(list, arguments::<Sqlite>(values)?).fetch_all(pool).await?)
}

/// Returns the number of posts, and how many of them are published.
pub(crate) async fn count(pool: &SqlitePool, _: &Granted<proof::Editor>) -> Result<(i64, i64), Failure> {
    let count = sqlx::query_as("SELECT COUNT(*), COUNT(*) FILTER (WHERE published) FROM posts");
    Ok(count.fetch_one(pool).await?)
}

pub(crate) async fn add(pool: &SqlitePool, author: &Principal, title: String, text: String) -> Result<Post, Failure> {
    let author: Id = author.id();
    let add = "INSERT INTO posts (author, title, text) VALUES (?, ?, ?) RETURNING id, author, title, text, published";
    let add = sqlx::query_as(add).bind(author.to_string()).bind(title).bind(text);
    Ok(add.fetch_one(pool).await?)
}

/// Updates a post. Requires a proof that the caller may edit it, so there is no unchecked way to call it.
pub(crate) async fn change(
    pool: &SqlitePool,
    post: Authorized<Post, Edit>,
    title: String,
    text: String,
) -> Result<Post, Failure> {
    let change = sqlx::query("UPDATE posts SET title = ?, text = ? WHERE id = ?");
    change.bind(&title).bind(&text).bind(post.id).execute(pool).await?;
    Ok(Post { title, text, ..post.into_inner() })
}

/// Publishes a post. Requires a proof for this post, like [`change`], and a proof of the permission to publish.
pub(crate) async fn publish(
    pool: &SqlitePool,
    post: Authorized<Post, Publish>,
    _: &Granted<may::PostsPublish>,
) -> Result<Post, Failure> {
    sqlx::query("UPDATE posts SET published = TRUE WHERE id = ?").bind(post.id).execute(pool).await?;
    Ok(Post { published: true, ..post.into_inner() })
}

/// Returns whether the post is an unpublished post of the caller.
pub(crate) async fn is_unpublished_of(
    tx: &mut SqliteConnection,
    id: i64,
    caller: &Principal,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM posts WHERE id = ? AND author = ? AND NOT published");
    Ok(found.bind(id).bind(caller.id().to_string()).fetch_optional(tx).await?.is_some())
}

pub(crate) async fn remove(tx: &mut SqliteConnection, id: i64) -> Result<(), Failure> {
    sqlx::query("DELETE FROM posts WHERE id = ?").bind(id).execute(tx).await?;
    Ok(())
}
