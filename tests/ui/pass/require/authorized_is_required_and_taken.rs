#![deny(warnings)]

use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Principal, Resource};

#[derive(Clone)]
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

    async fn load(_: &[u64], _: &LoadContext<'_>, _: &Self::Deps) -> Result<Vec<Self>, actix_web::Error> {
        Ok(vec![Self])
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}


#[auth_actix::require(authorized(Post, Edit))]
#[actix_web::get("/posts/{id}")]
async fn show(post: Authorized<Post, Edit>) -> String {
    let Post = &*post;
    let Post = post.into_inner();
    String::new()
}

#[auth_actix::require_auth]
async fn generic<R: Allows<Edit>>(_: Authorized<R, Edit>, _body: String) -> &'static str {
    ""
}

fn main() {
    let auth = auth_actix::Auth::builder();
    let auth = auth.bearer(auth_actix::Jwt::hs256([7; 32]).issuer("https://id.example").audience("a")).build().unwrap();
    let scope = auth.strict_scope("/").service(show);
    let _ = scope.route("/generic/{id}", auth_actix::web::put().to(generic::<Post>));
}
