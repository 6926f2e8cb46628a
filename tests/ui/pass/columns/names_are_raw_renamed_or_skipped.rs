#![deny(warnings, missing_docs)]
//! The examples of `#[derive(Columns)]` and `#[derive(ColumnType)]`.

use auth_actix::Id;
use auth_actix::list::{ColumnType, Columns, Condition, Dialect};

/// A team.
#[derive(ColumnType)]
pub struct TeamId(i64);

/// A post.
#[derive(Columns)]
#[columns(table = "posts", tenant(org = org_id))]
pub struct Post {
    /// A public column.
    pub id: i64,
    author: Option<Id>,
    #[columns(rename = "kind")]
    r#type: String,
    team: std::option::Option<TeamId>,
    org_id: String,
    #[columns(skip)]
    score: f64,
}

fn visible(to: Id) -> Condition<Post> {
    Post::AUTHOR.is(to) | Post::TYPE.is("public".to_owned()) | Post::TEAM.is(TeamId(7)) & !Post::ORG_ID.is(None)
}

fn main() {
    let id = Id::user("issuer", "alice");
    let post =
        Post { id: 1, author: None, r#type: "public".to_owned(), team: None, org_id: "acme".to_owned(), score: 0.5 };
    assert!(visible(id.clone()).holds(&post) && post.score > 0.0);
    let (sql, _) = visible(id).to_sql(Dialect::Postgres, 1);
    assert!(sql.contains(r#""posts"."kind" = $2"#), "{sql}");
}
