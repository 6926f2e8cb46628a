use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::{Action, Allows, Principal, Resource};

struct Post;
#[derive(Action)]
struct Edit;

impl Resource for Post {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

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

#[derive(auth_actix::Role)]
enum Role {
    Member,
    Owner,
}

#[auth_actix::require(role("owner") || authorized(Post, Edit))]
#[auth_actix::require(role("member"))]
#[auth_actix::require(authorized(Post, Edit))]
async fn edit() {}

fn main() {}
