#![deny(warnings)]

use auth_actix::{Allows, Authorized, Principal, Resource};

struct Post;
struct Edit;

impl Resource for Post {
    type Key = u64;
    type Deps = actix_web::web::Data<u8>;
    type Error = actix_web::Error;
    const PATH: &str = "id";

    async fn load(_: u64, _: &Self::Deps) -> Result<Option<Self>, actix_web::Error> {
        Ok(Some(Self))
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}


#[auth_actix::require(authorized(Post, Edit))]
#[actix_web::get("/posts/{id}")]
async fn show(post: auth_actix::Loaded<Post>, also: Authorized<Post, Edit>) -> String {
    let Post = &*also;
    let Post = post.0;
    let Post = also.into_inner();
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
