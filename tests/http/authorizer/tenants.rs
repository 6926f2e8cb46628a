//! Tests of `Authorizer` with objects of tenants: they exist in the tenant that was decided on, and policies know the rights in theirs.

use std::sync::{Arc, Mutex};

use actix_web::post;
use actix_web::web::{Json, Path, ServiceConfig};
use auth_actix::identity::{Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::object::{Denial, LoadContext, Tenancy, Unchecked};
use auth_actix::{Action, Allows, Authorizer, Id, Principal, Resource, require_auth, require_role};
use auth_tests::server::Server;

use super::{Loads, Note, Read, by, found, send};
use crate::{Role, bearer_only};

/// The tenants that were asked about, in order.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// Alice is an editor in the organizations 1 to 20. Those of 30 are unavailable.
struct Memberships(Asked);

impl RightsProvider for Memberships {
    async fn rights(&self, _: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        let org = tenant.and_then(|tenant| tenant.get("org")).unwrap_or("none");
        self.0.0.lock().unwrap().push(org.to_owned());
        match org.parse::<u64>() {
            Ok(1..=20) => Ok(Rights::new().roles(["editor"])),
            Ok(30) => Err(RightsUnavailable),
            _ => Ok(Rights::new().roles([""; 0])),
        }
    }

    fn cache_ttl(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// Item 305 belongs to organization 3.
struct Item(u64);

#[derive(Action)]
struct Edit;

impl Item {
    fn org(&self) -> Tenant {
        Tenant::of("org", &(self.0 / 100).to_string())
    }
}

impl Resource for Item {
    type Key = u64;
    type Deps = Loads;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> u64 {
        self.0
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(self.org())
    }

    async fn load(ids: &[u64], _: &LoadContext<'_>, loads: &Loads) -> Result<Vec<Self>, actix_web::Error> {
        loads.add(ids.len());
        Ok(ids.iter().filter(|id| **id % 100 < 50).map(|id| Self(*id)).collect())
    }
}

impl Allows<Edit> for Item {
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role_in(Role::Editor, &self.org())
    }
}

async fn batch(may: &Authorizer, keys: Vec<Unchecked<Item>>) -> Result<String, Denial> {
    let items = may.each::<Item, Edit, ()>(keys.into_iter().map(|key| (key, ()))).await?;
    Ok(items.iter().map(|(item, ())| format!("{} ", item.0)).collect())
}

#[require_auth]
#[post("/items")]
async fn post_items(keys: Json<Vec<Unchecked<Item>>>, may: Authorizer) -> Result<String, Denial> {
    batch(&may, keys.into_inner()).await
}

#[require_role("editor", in = org)]
#[post("/{org}/items")]
async fn post_org_items(_: Path<String>, keys: Json<Vec<Unchecked<Item>>>, may: Authorizer) -> Result<String, Denial> {
    batch(&may, keys.into_inner()).await
}

/// The rule names a tenant, and notes have none.
#[require_role("editor", in = org)]
#[post("/{org}/note")]
async fn post_org_note(_: Path<String>, may: Authorizer) -> Result<String, Denial> {
    Ok(may.object::<Note, Read>(Unchecked::from_text("1")?).await?.0.to_string())
}

#[test]
fn objects_in_handlers_exist_in_the_decided_tenant() {
    // DECIDE-12, TENANT-8, RIGHTS-12, OBJ-10
    let (loads, asked) = (Loads::default(), Asked::default());
    let builder = bearer_only().resource_deps(loads.clone()).rights_from(Memberships(asked.clone()));
    let auth = builder.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(post_items).service(post_org_items).service(post_org_note));
    });
    let list = |orgs: std::ops::RangeInclusive<u64>| {
        format!("[{}]", orgs.map(|org| (org * 100).to_string()).collect::<Vec<_>>().join(","))
    };
    let all =
        |orgs: std::ops::RangeInclusive<u64>| orgs.map(|org| (org * 100).to_string()).collect::<Vec<_>>().join(" ");
    let (missing, unavailable) = ("404 not-found", "503 authentication-unavailable");
    let (sixteen, with_missing) = (list(1..=16), list(1..=17).replace(']', ",2599]"));
    let tenants = |orgs: std::ops::RangeInclusive<u64>| orgs.map(|org| org.to_string()).collect::<Vec<_>>().join(" ");
    #[rustfmt::skip]
    let table = [
        // (path, body, answer, tenants that were asked about, loads, keys). The handler's own list would be outside of tenants.
        ("/items",   "[100, 200]".to_owned(), "100 200".to_owned(),           "none 1 2".to_owned(), 1, 2),
        ("/items",   "[100, 101]".into(),     "100 101".into(),               "none 1".into(),       1, 2),
        ("/items",   "[100, 2100]".into(),    missing.into(),                 "none 1 21".into(),    1, 2),
        ("/items",   "[100, 199]".into(),     missing.into(),                 "none 1".into(),       1, 2),
        ("/items",   "[3000]".into(),         unavailable.into(),             "none 30".into(),      1, 1),
        ("/items",   sixteen,                 all(1..=16),                    format!("none {}", tenants(1..=16)), 1, 16),
        ("/items",   list(1..=17),            "400 batch-too-large".into(),   format!("none {}", tenants(1..=16)), 1, 17),
        ("/items",   with_missing,            missing.into(),                 format!("none {}", tenants(1..=16)), 1, 18),
        // Under a rule with a tenant, the objects of others do not exist.
        ("/1/items", "[100, 101]".into(),     "100 101".into(),               "1 none".into(),       1, 2),
        ("/1/items", "[100, 200]".into(),     missing.into(),                 "1 none".into(),       1, 2),
        ("/21/items", "[2100]".into(),        "403 insufficient-permissions".into(), "21".into(),    0, 0),
        ("/1/note",  "".into(),               "500 set-up".into(),            "1 none".into(),       0, 0),
    ];
    for (path, body, expected, about, calls, keys) in table {
        let answer = server.send(&by(send(path, &body), Some("alice")));
        assert_eq!((found(&answer), asked.take()), (expected, about), "{path} {body}");
        assert_eq!(loads.take(), (calls, keys), "{path} {body}");
    }
}
