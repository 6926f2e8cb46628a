//! Keys in each location, in a generic handler, in a macro, and with types that have arguments.
#![allow(dead_code)]

use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Principal, Resource, require};

struct Post;
#[derive(Action)]
struct Edit;

impl Resource for Post {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &str = "id";

    fn key(&self) -> u64 {
        1
    }

    async fn load(_: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(vec![Self])
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}



#[require(authorized(Post, Edit, at = json("/post/id")))]
async fn in_body(_: Authorized<Post, Edit>, _: actix_web::web::Json<()>) {}

#[require(authorized(crate::Post, Edit, at = query("post_id"),))]
async fn in_query(_: Authorized<Post, Edit>) {}

#[require(authorized(Post, Edit, at = header("X-Post")))]
async fn in_header() {}

#[require(authorized(Post, Edit, at = path("post")))]
async fn in_path() {}

#[require(authorized(at = json("/~0/a~1b"), Post, Edit))]
async fn location_is_first() {}

#[require(authorized(Post, Edit, at = json("/post_id")))]
async fn generic<T: actix_web::FromRequest + 'static>(_: T, _: Authorized<Post, Edit>) {}

macro_rules! handler {
    ($name:ident, $object:ty, $pointer:literal) => {
        #[require(authorized(Post, Edit, at = json($pointer)))]
        async fn $name(_: Authorized<$object, Edit>) {}
    };
}

handler!(in_macro, Post, "/id");

fn main() {}
