//! Tests of objects that anonymous callers may see (OBJ-12).

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::object::{LoadContext, ObjectVisibility};
use auth_actix::{Action, Allows, Authorized, Principal, Resource, public, require};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use auth_tests::wire;
use serde_json::json;

use crate::bearer_only;

/// Articles with an even id are published, the others are drafts of Alice.
#[derive(Clone)]
struct Article<const VISIBLE: bool>(u64);

#[derive(Action)]
struct Read;

impl<const VISIBLE: bool> Resource for Article<VISIBLE> {
    type Key = u64;
    type Deps = ();
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const EXISTENCE: ObjectVisibility = if VISIBLE { ObjectVisibility::Public } else { ObjectVisibility::Hidden };

    fn key(&self) -> u64 {
        self.0
    }

    async fn load(ids: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> {
        Ok(ids.iter().filter(|id| **id < 100).map(|id| Self(*id)).collect())
    }
}

impl<const VISIBLE: bool> Allows<Read> for Article<VISIBLE> {
    const ADMITS_ANONYMOUS: bool = true;

    fn allows(&self, caller: &Principal) -> bool {
        self.allows_anonymous() || caller.local_subject() == "alice"
    }

    fn allows_anonymous(&self) -> bool {
        self.0.is_multiple_of(2)
    }
}

#[public]
#[get("/articles/{id}")]
async fn get_article(article: Authorized<Article<false>, Read>, caller: Option<Principal>) -> String {
    format!("{} {}", article.into_inner().0, caller.is_some())
}

#[public]
#[require(authorized(Article::<true>, Read))]
#[get("/pages/{id}")]
async fn get_page() -> &'static str {
    "page"
}

#[test]
fn anonymous_callers_see_what_the_policy_admits() {
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.strict_scope("").service(get_article).service(get_page));
    });
    let caller = |name: &str| Some(bearer(json!({ "sub": name })));
    #[rustfmt::skip]
    let table = [
        // OBJ-12
        ("/articles/2",   None,            200, "2 false"),
        ("/articles/1",   None,            404, ""),
        ("/articles/101", None,            404, ""),
        ("/articles/1",   caller("bob"),   404, ""),
        ("/articles/1",   caller("alice"), 200, "1 true"),
        ("/articles/2",   caller("bob"),   200, "2 true"),
        ("/articles/2",   Some("Bearer x".to_owned()), 401, ""),
        // A login could help where existence is public.
        ("/pages/2",      None,            200, "page"),
        ("/pages/1",      None,            401, ""),
        ("/pages/101",    None,            404, ""),
        ("/pages/1",      caller("bob"),   403, ""),
        ("/pages/1",      caller("alice"), 200, "page"),
    ];
    let mut hidden = Vec::new();
    for (path, authorization, status, body) in table {
        let request = wire::get(path);
        let request = match &authorization {
            Some(authorization) => request.authorization(authorization),
            None => request,
        };
        let answer = server.send(&request);
        assert_eq!(answer.status, status, "{path} {authorization:?}");
        match status {
            200 => assert_eq!(answer.text(), body, "{path} {authorization:?}"),
            404 => hidden.push(answer.text().to_owned()),
            _ => {}
        }
    }
    assert!(hidden.windows(2).all(|pair| pair[0] == pair[1]), "{hidden:?}");
}
