use auth_actix::list::{Columns, Condition, ListFilter, Visible};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Principal, Resource, Role, require_role};

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
}

#[derive(Action)]
struct Read;

impl Resource for Post {
    type Key = i64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &str = "id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(_: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(Vec::new())
    }
}

impl Visible<Read> for Post {
    fn condition(_: Option<&Principal>) -> Condition<Self> {
        Post::ID.is(1)
    }
}

#[derive(Role)]
enum Role {
    Member,
}

#[require_role("member", in = org)]
async fn list(_filter: ListFilter<Post, Read>) {}

fn main() {}
