//! Handlers that decide on objects and lists.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::Bytes;
use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
use auth_actix::object::{Denial, LoadContext, Unchecked};
use auth_actix::{Action, Authorized, Authorizer, Id, Principal, Resource, require, require_auth};

use crate::handlers::ANSWER;

/// A post of the caller.
#[derive(Columns)]
#[columns(table = "posts")]
pub(crate) struct Post {
    id: i64,
    community: i32,
    author: Option<Id>,
    removed: bool,
    deleted: bool,
}

#[derive(Action)]
pub(crate) struct Read;

/// The number of calls of the loader.
static LOADS: AtomicUsize = AtomicUsize::new(0);

/// Returns the number of calls of the loader since the last time.
pub fn loads() -> usize {
    LOADS.swap(0, Ordering::SeqCst)
}

impl Resource for Post {
    type Key = i64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        LOADS.fetch_add(1, Ordering::SeqCst);
        let post = |id: &i64| Self { id: *id, community: 1, author: None, removed: false, deleted: false };
        Ok(ids.iter().map(post).collect())
    }
}

impl Visible<Read> for Post {
    /// A condition of five terms.
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        let is_listed = Self::REMOVED.is(false) & Self::DELETED.is(false) & Self::COMMUNITY.is_in([1, 2, 3]);
        is_listed | Self::AUTHOR.is(caller.map(|caller| caller.id())) & !Self::ID.is(0)
    }
}

/// Decides on 100 objects in one load.
#[require_auth]
pub(crate) async fn batch(may: Authorizer) -> Result<&'static str, Denial> {
    let keys = (1..=100).map(|id: u8| Unchecked::from_text(&id.to_string()).map(|key| (key, ())));
    black_box(may.each::<Post, Read, ()>(keys.collect::<Result<Vec<_>, _>>()?).await?);
    Ok(ANSWER)
}

/// Decides on the object whose key is located in the body.
#[require(authorized(Post, Read, at = json("/post_id")))]
pub(crate) async fn body_key(post: Authorized<Post, Read>, body: Bytes) -> &'static str {
    black_box((post.id, body));
    ANSWER
}

/// Writes the condition of a list as SQL.
#[require_auth]
pub(crate) async fn list(filter: ListFilter<Post, Read>) -> &'static str {
    black_box(filter.to_sql(Dialect::Postgres, 1));
    ANSWER
}

/// Returns a body of 1,000 bytes with the key of an object.
pub(crate) fn body() -> Bytes {
    let start = r#"{"post_id": 7, "text": ""#;
    Bytes::from(format!("{start}{}\"}}", "x".repeat(1_000 - start.len() - 2)))
}
