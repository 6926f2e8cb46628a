use auth_actix::list::{Columns, Dialect, ListFilter};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Principal, Resource, require_auth};

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

#[require_auth]
async fn list(filter: ListFilter<Post, Read>) -> String {
    filter.to_sql(Dialect::Sqlite, 1).0
}

fn main() {}
