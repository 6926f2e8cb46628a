use auth_actix::{Allows, Authorized, Principal, Resource};

struct Post;
struct Edit;
struct Publish;

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

fn swap(post: Authorized<Post, Edit>) -> Authorized<Post, Edit> {
    *post = Post;
    post
}

fn main() {}
