use auth_actix::object::{Denial, LoadContext, Unchecked};
use auth_actix::{Action, Allows, Authorizer, Principal, Resource};

struct Person(i64);

#[derive(Action)]
struct Ban;

impl Resource for Person {
    type Key = i64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &str = "id";

    fn key(&self) -> i64 {
        self.0
    }

    async fn load(_: &[i64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(Vec::new())
    }
}

impl Allows<Ban> for Person {
    fn allows(&self, _: &Principal) -> bool {
        true
    }
}

#[derive(serde::Deserialize)]
struct Request {
    person: Unchecked<Person>,
}

#[derive(auth_actix::Role)]
enum Role {
    Member,
    Owner,
}

#[auth_actix::require(role("owner", in = org) || role("member", in = (org, team)))]
async fn ban(request: actix_web::web::Json<Request>, may: Authorizer) -> Result<(), Denial> {
    may.object::<Person, Ban>(request.into_inner().person).await?;
    Ok(())
}

fn main() {}
