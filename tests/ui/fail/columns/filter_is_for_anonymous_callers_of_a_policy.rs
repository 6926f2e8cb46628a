use auth_actix::list::{Columns, ListFilter};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Principal, Resource, public};

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

impl Allows<Read> for Post {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

#[public]
async fn list(_filter: ListFilter<Post, Read>) {}

fn main() {}
