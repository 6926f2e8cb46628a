use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Principal, Resource};

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

#[auth_actix::require(authorized(Post, Edit, at = "/post_id"))]
async fn edit() {}

fn main() {}
