use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Authorized, Principal, Resource};

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
        let rows = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(rows);
        Ok(vec![Self])
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

fn show(_: Authorized<Post, Edit>) {}

fn main() {}
