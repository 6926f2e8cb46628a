//! Tests of rules that name kinds of credentials: API keys of several sources, and schemes of the application.

mod settings;
mod test_callers;

use std::time::SystemTime;

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, get, post};
use auth_actix::identity::{self, PrincipalBuilder, Rights};
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::tokens::{MemoryTokenStore, Owner, TokenAdmin as _, TokenDigest, TokenId, TokenRecord, Tokens};
use auth_actix::{
    Auth, AuthBuilder, Confers, LocalBoxFuture, Principal, Tenant, at, public, require, require_auth,
    require_permission,
};
use auth_tests::server::Server;
use auth_tests::token::{bearer, token};
use auth_tests::wire::{Answer, Request, get as ask, request as send};
use serde_json::json;

use crate::{Permission, jwt};

#[derive(Clone, Copy, Debug, auth_actix::Credential)]
pub(crate) enum Credential {
    MerchantKey,
    PublishableKey,
    AdminKey,
    #[credential("Badge")]
    Badge,
}

#[require(credential("merchant-key", in = (org, profile)) || permission("posts:write", in = (org, profile)))]
#[post("/profiles/{profile}/payments")]
async fn post_payment(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(credential("merchant-key", in = (org, profile)))]
#[get("/refunds")]
async fn get_refunds(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(credential(any("publishable-key", "admin-key"), in = merchant))]
#[post("/payments/{id}/confirm")]
async fn post_confirm(tenant: Tenant) -> String {
    format!("{tenant:?}")
}

#[require(credential(Credential::AdminKey))]
#[post("/accounts")]
async fn post_account() -> &'static str {
    "admin key"
}

#[require(credential("Badge") || credential("admin-key"))]
#[get("/door")]
async fn get_door(caller: Principal) -> String {
    caller.scheme().name().to_owned()
}

#[require_auth(scheme = "bearer")]
#[get("/dashboard")]
async fn get_dashboard() -> &'static str {
    "dashboard"
}

#[require_permission("posts:write")]
#[get("/roles")]
async fn get_roles() -> &'static str {
    "roles"
}

#[public]
#[get("/shop")]
async fn get_shop(caller: Option<Principal>) -> &'static str {
    if caller.is_some() { "known" } else { "anonymous" }
}

/// A scheme of the application.
struct Badges;

impl Authenticator for Badges {
    fn name(&self) -> &'static str {
        "Badge"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Badge")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let is_guard = request.headers().get("x-badge").is_some_and(|badge| badge == "guard");
        let guard = if is_guard { Ok(Principal::builder("guard")) } else { Err(AuthenticateError::Invalid) };
        Box::pin(std::future::ready(guard))
    }
}

const ADMIN: &str = "admin-secret-of-16-bytes-or-more";

/// Returns a store with a token of this text, bound to the tenants.
fn store(tokens: &[(&str, Option<Vec<identity::Tenant>>)]) -> MemoryTokenStore {
    let store = MemoryTokenStore::new(100);
    for (token, tenants) in tokens {
        let owner = Owner::Client("shop".into());
        let mut record = TokenRecord::new(TokenId::generate().unwrap(), owner, SystemTime::now());
        record.ceiling = Some(Rights::everything());
        record.tenants.clone_from(tenants);
        let digest = TokenDigest::sha256(token.as_bytes());
        actix_web::rt::System::new().block_on(store.insert(&digest, record)).unwrap();
    }
    store
}

fn tenant(org: &str, merchant: &str, profile: Option<&str>) -> Option<Vec<identity::Tenant>> {
    let tenant = Tenant::of("org", org).and("merchant", merchant);
    let tenant = profile.map_or(tenant.clone(), |profile| tenant.and("profile", profile));
    Some(vec![tenant])
}

fn keys(name: &str, prefix: &str, store: MemoryTokenStore) -> Tokens {
    Tokens::named(name).prefix(prefix).accept_unchecked().store(store)
}

/// Returns the settings of an application whose keys may hold these rights.
fn payments_conferring(rights: Rights) -> AuthBuilder {
    let merchant = store(&[
        ("snd_m1", tenant("o1", "m1", Some("p1"))),
        ("snd_m2", tenant("o1", "m2", Some("p2"))),
        ("snd_unbound", None),
        ("snd_nowhere", Some(Vec::new())),
    ]);
    let publishable = store(&[("pk_m1", tenant("o1", "m1", None)), ("pk_m2", tenant("o1", "m2", None))]);
    let dashboard = jwt().confers(Confers::everything());
    let dashboard = dashboard.tenant_in_claim_if_present("org", "/org_id");
    Auth::builder()
        .realm("payments")
        .bearer(dashboard)
        .tokens(keys("merchant-key", "snd_", merchant).confers(rights.clone()).places([at::header("api-key")]))
        .tokens(
            keys("publishable-key", "pk_", publishable).confers(rights).places([at::header("api-key"), at::bearer()]),
        )
        .tokens(Tokens::fixed("admin-key", ADMIN, Rights::new()).places([at::header("api-key")]))
        .scheme(CustomScheme::new(Badges).confers(Confers::nothing()))
        .tenant("org", at::credential())
        .tenant("merchant", at::path("merchant_id").or_credential())
        .tenant("profile", at::path("profile").or_header("X-Profile-Id"))
}

/// Returns the settings of an application whose keys hold nothing, and pass by their kind.
fn payments() -> AuthBuilder {
    payments_conferring(Rights::new())
}

fn serve(builder: AuthBuilder) -> Server {
    let auth = builder.build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(post_payment).service(get_refunds).service(post_confirm);
        let scope = scope.service(post_account).service(get_door).service(get_dashboard).service(get_roles);
        config.service(scope.service(get_shop));
    })
}

/// Returns the body of a success. Returns the status, the problem and the challenges of a denial.
fn found(answer: &Answer) -> String {
    match answer.status {
        200 => answer.text().to_owned(),
        status => {
            let challenges = answer.lines("www-authenticate").join("; ").replace(" realm=\"payments\"", "");
            format!("{status} {} {challenges}", answer.problem()).trim_end().to_owned()
        }
    }
}

fn post_to(path: &str) -> Request {
    send("POST", path)
}

const OF_KEY: &str = "401 missing-credentials ApiKey";
const STEP_UP: &str = "401 step-up-required Bearer, error=\"insufficient_user_authentication\"";
const TWO: &str = "400 malformed-credentials Bearer, error=\"invalid_request\"; ApiKey; Badge";
const LACKS: &str = "403 insufficient-permissions";
const NO_TENANT: &str = "400 tenant-required";

#[test]
fn kinds_of_keys_pass_their_own_routes_only() {
    // TOKEN-1, TOKEN-9, TOKEN-10, TENANT-5, TENANT-12, TENANT-13, RIGHTS-10, section 9: wrong kind of credential
    let server = serve(payments());
    let key = |request: Request, key: &str| request.field("api-key", key);
    let dashboard = |request: Request| request.authorization(bearer(json!({ "org_id": "o1" })));
    let member = |request: Request| request.authorization(bearer(json!({})));
    let payment = || post_to("/profiles/p1/payments");
    let confirm = || post_to("/payments/7/confirm");
    let (accounts, refunds) = (|| post_to("/accounts"), || ask("/refunds"));
    let in_p1 = |request: Request| request.field("x-profile-id", "p1");
    let of_payment = r#"org="o1", profile="p1""#;
    let (of_door, of_bearer) = ("401 missing-credentials ApiKey; Badge", "401 step-up-required Bearer");
    #[rustfmt::skip]
    let table: Vec<(&str, Request, &str)> = vec![
        // A payment: a merchant key of the profile, or a permission in it.
        ("payment: merchant key",              key(payment(), "snd_m1"),                of_payment),
        ("payment: of a foreign profile",      key(payment(), "snd_m2"),                LACKS),
        // A permission in an organization could still admit it.
        ("payment: bound to no tenant",        key(payment(), "snd_unbound"),           NO_TENANT),
        ("payment: bound to an empty list",    key(payment(), "snd_nowhere"),           LACKS),
        ("payment: publishable key",           key(payment(), "pk_m1"),                 OF_KEY),
        ("payment: publishable as bearer",     payment().authorization("Bearer pk_m1"), OF_KEY),
        ("payment: admin key",                 key(payment(), ADMIN),                   OF_KEY),
        ("payment: JWT of the organization",   dashboard(payment()),                    OF_KEY),
        ("payment: JWT of no organization",    member(payment()),                       OF_KEY),
        ("payment: badge",                     payment().field("x-badge", "guard"),     OF_KEY),
        ("payment: anonymous",                 payment(),                               OF_KEY),
        ("payment: unknown key",               key(payment(), "snd_x"),                 "401 invalid-credentials ApiKey"),
        ("payment: two credentials",           dashboard(key(payment(), "snd_m1")),     TWO),
        // The profile is in a header.
        ("refunds: merchant key",              in_p1(key(refunds(), "snd_m1")),         of_payment),
        ("refunds: without the profile",       key(refunds(), "snd_m1"),                NO_TENANT),
        ("refunds: with a malformed profile",  key(refunds(), "snd_m1").field("x-profile-id", ""), NO_TENANT),
        ("refunds: bound to no tenant",        in_p1(key(refunds(), "snd_unbound")),    LACKS),
        ("refunds: of a foreign profile",      in_p1(key(refunds(), "snd_m2")),         LACKS),
        ("refunds: wrong kind, no profile",    key(refunds(), "pk_m1"),                 OF_KEY),
        ("refunds: admin key, no profile",     key(refunds(), ADMIN),                   OF_KEY),
        ("refunds: anonymous",                 refunds(),                               OF_KEY),
        // The merchant is that of the credential.
        ("confirm: publishable key",           key(confirm(), "pk_m1"),                 r#"merchant="m1""#),
        ("confirm: as bearer",                 confirm().authorization("Bearer pk_m2"), r#"merchant="m2""#),
        ("confirm: merchant key",              key(confirm(), "snd_m1"),                "401 missing-credentials ApiKey; Bearer"),
        ("confirm: admin key of no merchant",  key(confirm(), ADMIN),                   "401 missing-credentials ApiKey; Bearer"),
        // The admin key is not bound. A ceiling of everything does not replace its kind.
        ("accounts: admin key",                key(accounts(), ADMIN),                  "admin key"),
        ("accounts: merchant key",             key(accounts(), "snd_unbound"),          OF_KEY),
        ("accounts: a bound key",              key(accounts(), "pk_m1"),                LACKS),
        ("accounts: JWT",                      member(accounts()),                      OF_KEY),
        ("accounts: anonymous",                accounts(),                              OF_KEY),
        // A scheme of the application.
        ("door: badge",                        ask("/door").field("x-badge", "guard"),  "Badge"),
        ("door: admin key",                    key(ask("/door"), ADMIN),                "ApiKey"),
        ("door: merchant key",                 key(ask("/door"), "snd_unbound"),        of_door),
        ("door: anonymous",                    ask("/door"),                            of_door),
        // Own tokens are never `bearer`, wherever they are sent.
        ("dashboard: JWT",                     member(ask("/dashboard")),               "dashboard"),
        ("dashboard: merchant key",            key(ask("/dashboard"), "snd_unbound"),   of_bearer),
        ("dashboard: admin key",               key(ask("/dashboard"), ADMIN),           of_bearer),
        // Other rules.
        ("roles: admin key without rights",    key(ask("/roles"), ADMIN),               LACKS),
        ("shop: admin key",                    key(ask("/shop"), ADMIN),                "known"),
        ("shop: a bound key",                  key(ask("/shop"), "pk_m1"),              "anonymous"),
    ];
    for (case, request, expected) in table {
        assert_eq!(found(&server.send(&request)), expected, "{case}");
    }
}

#[test]
fn rights_of_a_key_do_not_replace_its_kind() {
    // TOKEN-10, RIGHTS-10, TENANT-12: a publishable key with all rights passes rules by its rights, in its tenants only.
    let server = serve(payments_conferring(Rights::everything()));
    let key = |request: Request, key: &str| found(&server.send(&request.field("api-key", key)));
    let in_p1 = || ask("/refunds").field("x-profile-id", "p1");
    assert_eq!(key(in_p1(), "pk_m1"), OF_KEY);
    assert_eq!(key(post_to("/accounts"), "snd_unbound"), OF_KEY);
    assert_eq!(key(post_to("/payments/7/confirm"), "snd_m1"), "401 missing-credentials ApiKey; Bearer");
    assert_eq!(key(ask("/roles"), "snd_unbound"), "roles");
    assert_eq!(key(ask("/roles"), "pk_m1"), LACKS);
}

#[test]
fn own_token_sent_as_bearer_is_not_a_jwt() {
    // TOKEN-9: a rule for logins does not admit a personal token.
    let personal = keys("personal", "pat_", store(&[("pat_1", None)])).confers(Rights::new());
    let auth = Auth::builder().realm("payments").bearer(jwt().confers(Confers::everything())).tokens(personal);
    let auth = auth.build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_dashboard));
    });
    let by = |token: &str| found(&server.send(&ask("/dashboard").authorization(format!("Bearer {token}"))));
    assert_eq!(by("pat_1"), STEP_UP);
    assert_eq!(by(&token(json!({}))), "dashboard");
}
