//! Tests of `Authorizer` behind types that attributes do and do not recognize.

use actix_web::dev::Payload;
use actix_web::web::ServiceConfig;
use actix_web::{Error, FromRequest, HttpRequest, get};
use auth_actix::identity::{Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::object::{Denial, Unchecked};
use auth_actix::{Authorizer, Id, LocalBoxFuture, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::wire::get as ask;

use super::{Loads, Page, Read, by, found};
use crate::{Role, bearer_only};

type May = Authorizer;

/// Everyone is an editor in each organization.
struct Editors;

impl RightsProvider for Editors {
    async fn rights(&self, _: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        Ok(Rights::new().roles(tenant.map(|_| "editor")))
    }
}

/// An extractor of the application.
struct Wrapped(Authorizer);

impl FromRequest for Wrapped {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let extracted = Authorizer::from_request(request, payload);
        Box::pin(async move { extracted.await.map(Self) })
    }
}

async fn shown(may: &Authorizer) -> Result<String, Denial> {
    let page = may.object::<Page, Read>(Unchecked::from_text("1")?).await?;
    Ok(format!("{} {}", page.0, may.principal().map_or("nobody".into(), |caller| caller.local_subject())))
}

#[public]
#[get("/alias")]
async fn get_alias(may: May) -> Result<String, Denial> {
    shown(&may).await
}

#[public]
#[get("/tuple")]
async fn get_tuple((may, _): (Authorizer, HttpRequest)) -> Result<String, Denial> {
    shown(&may).await
}

#[public]
#[get("/wrapped")]
async fn get_wrapped(may: Wrapped) -> Result<String, Denial> {
    shown(&may.0).await
}

#[public]
#[get("/wrapped-option")]
async fn get_wrapped_option(may: Option<Wrapped>) -> Result<String, Denial> {
    match may {
        Some(may) => shown(&may.0).await,
        None => Ok("no authorizer".to_owned()),
    }
}

#[require_auth]
#[get("/wrapped-auth")]
async fn get_wrapped_auth(may: Wrapped) -> Result<String, Denial> {
    shown(&may.0).await
}

#[require_role("editor", in = org)]
#[get("/wrapped-tenant/{org}")]
async fn get_wrapped_tenant(may: Wrapped) -> Result<String, Denial> {
    shown(&may.0).await
}

#[test]
fn wrapped_authorizers_never_make_a_refused_caller_anonymous() {
    // RIGHTS-14, TENANT-6, ACCT-6
    let auth = bearer_only().resource_deps(Loads::default()).rights_from(Editors).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_alias).service(get_tuple).service(get_wrapped);
        config.service(scope.service(get_wrapped_option).service(get_wrapped_auth).service(get_wrapped_tenant));
    });
    let (missing, invalid) = ("401 missing-credentials", "401 invalid-credentials");
    #[rustfmt::skip]
    let table = [
        // (path, as Alice, anonymous, with an invalid token)
        ("/alias",               "1 alice",    "1 nobody",      invalid),
        ("/tuple",               "1 alice",    "1 nobody",      invalid),
        ("/wrapped",             "1 alice",    missing,         invalid), // the attribute does not see the argument
        ("/wrapped-option",      "1 alice",    "no authorizer", invalid),
        ("/wrapped-auth",        "1 alice",    missing,         invalid),
        ("/wrapped-tenant/acme", "500 set-up", missing,         invalid), // the tenant is not kept for it
    ];
    for (path, alice, anonymous, with_invalid) in table {
        assert_eq!(found(&server.send(&by(ask(path), Some("alice")))), alice, "{path}");
        assert_eq!(found(&server.send(&ask(path))), anonymous, "{path}");
        let answer = server.send(&ask(path).authorization("Bearer x.y.z"));
        assert_eq!(found(&answer), with_invalid, "{path}");
    }
    let _ = Role::Editor;
}
