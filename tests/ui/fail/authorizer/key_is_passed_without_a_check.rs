use auth_actix::object::{Denial, LoadContext, Unchecked};
use auth_actix::{Action, Allows, Authorizer, Principal, Resource, require_auth};

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

fn delete_from_database(_: i64) {}

#[derive(serde::Deserialize)]
struct Request {
    person: Unchecked<Person>,
}

#[require_auth]
async fn ban(request: actix_web::web::Json<Request>, may: Authorizer) -> Result<(), Denial> {
    delete_from_database(request.person.clone());
    may.object::<Person, Ban>(request.into_inner().person).await?;
    Ok(())
}

fn main() {}
