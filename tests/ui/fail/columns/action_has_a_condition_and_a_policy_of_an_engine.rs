use std::collections::HashSet;

use auth_actix::list::{Columns, Condition, Visible};
use auth_actix::object::{LoadContext, PolicyContext, PolicyUnavailable};
use auth_actix::{Action, Policy, Principal, Resource};

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

impl Policy<Read> for Post {
    async fn allowed(_: &[&Self], _: &PolicyContext<'_>) -> Result<HashSet<i64>, PolicyUnavailable> {
        Ok(HashSet::new())
    }
}

fn main() {}
