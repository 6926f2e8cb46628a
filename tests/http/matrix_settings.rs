//! Tests that `ACCESS.md` changes with each setting that determines the meaning of rules (H11).

use std::collections::BTreeMap;

use actix_web::get;
use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights};
use auth_actix::tokens::{MemoryTokenStore, Tokens};
use auth_actix::{Auth, AuthBuilder, Confers, Jwt, at, require_auth};
use auth_tests::token::{AUDIENCE, ISSUER, SECRET};

struct Records<const OTHERS: bool>;

impl<const OTHERS: bool> Accounts for Records<OTHERS> {
    type Account = ();
    type Error = std::convert::Infallible;
    const KINDS: &'static [&'static str] = if OTHERS { &["member", "merchant"] } else { &["member"] };

    async fn find(&self, _: &Login<'_>) -> Result<Lookup<()>, Self::Error> {
        Ok(Lookup::NotFound)
    }

    fn account_id(&self, (): &()) -> AccountId {
        AccountId::new("member", 1)
    }
}

#[require_auth]
#[get("/known")]
async fn known() -> &'static str {
    "known"
}

fn store() -> MemoryTokenStore {
    MemoryTokenStore::new(10)
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE).confers(Confers::everything())
}

fn keys() -> Tokens {
    Tokens::named("key").prefix("snd_").store(store()).confers(Rights::everything())
}

fn with(tokens: Tokens) -> AuthBuilder {
    Auth::builder().bearer(jwt().logs_in()).tokens(tokens)
}

fn of(jwt: Jwt) -> AuthBuilder {
    Auth::builder().bearer(jwt)
}

fn in_org(jwt: Jwt) -> AuthBuilder {
    of(jwt).tenant("org", at::header("X-Org"))
}

fn open(rights: Rights) -> AuthBuilder {
    Auth::builder().open("on this machine", rights)
}

#[test]
fn every_setting_that_changes_access_changes_the_file() {
    // H11
    let fixed = |rights| Tokens::fixed("key", "a-key-of-24-visible-bytes", rights);
    let roles = |roles: &[&str]| Rights::new().roles(roles.to_vec());
    #[rustfmt::skip]
    let settings = [
        ("one issuer",                      of(jwt())),
        ("an issuer that is no login",      of(jwt().keeps_own_identity())),
        ("accounts",                        of(jwt()).accounts(Records::<false>)),
        ("accounts of another kind",        of(jwt()).accounts(Records::<true>)),
        ("an issuer without accounts",      of(jwt().keeps_own_identity()).accounts(Records::<false>)),
        ("a tenant in a header",            in_org(jwt())),
        ("in another header",               of(jwt()).tenant("org", at::header("X-Tenant"))),
        ("in the path",                     of(jwt()).tenant("org", at::header("X-Org").or_path("org"))),
        ("in a subprotocol",                of(jwt()).tenant("org", at::header("X-Org").or_subprotocol("org."))),
        ("in another subprotocol",          of(jwt()).tenant("org", at::header("X-Org").or_subprotocol("tenant."))),
        ("in the credential",               of(jwt()).tenant("org", at::header("X-Org").or_credential())),
        ("in a claim",                      in_org(jwt().tenant_in_claim("org", "/org"))),
        ("in another claim",                in_org(jwt().tenant_in_claim("org", "/tenant"))),
        ("in a claim that may be missing",  in_org(jwt().tenant_in_claim_if_present("org", "/org"))),
        ("a fixed tenant",                  in_org(jwt().tenant("org", "acme"))),
        ("rights for each tenant",          in_org(jwt().access_by_tenant("/access", |_| None))),
        ("a token source",                  with(keys())),
        ("with another name",               with(Tokens::named("other").prefix("snd_").store(store()).confers(Rights::everything()))),
        ("with another prefix",             with(Tokens::named("key").prefix("rcv_").store(store()).confers(Rights::everything()))),
        ("without checksums",               with(keys().accept_unchecked())),
        ("opaque",                          with(Tokens::named("key").opaque().store(store()).confers(Rights::everything()))),
        ("in a header",                     with(keys().places([at::header("x-key")]))),
        ("in two places",                   with(keys().places([at::header("x-key"), at::bearer()]))),
        ("bare",                            with(keys().places([at::bare_authorization()]))),
        ("with a ceiling",                  with(keys().default_ceiling(Rights::everything()))),
        ("with a lower ceiling",            with(keys().default_ceiling(roles(&["viewer"])))),
        ("that confers less",               with(Tokens::named("key").prefix("snd_").store(store()).confers(roles(&["viewer"])))),
        ("for accounts",                    with(keys().for_accounts()).accounts(Records::<false>)),
        ("for clients, beside accounts",    with(keys()).accounts(Records::<false>)),
        ("of login sessions",               with(keys().for_accounts().login_sessions()).accounts(Records::<false>)),
        ("cached",                          with(keys().cache(std::time::Duration::from_secs(5)))),
        ("a fixed token",                   with(fixed(Rights::everything()))),
        ("with less",                       with(fixed(roles(&["viewer"])))),
        ("tokens in a header",              of(jwt().places([at::header("x-jwt")]))),
        ("tokens in another header",        of(jwt().places([at::header("x-token")]))),
        ("open mode",                       open(Rights::everything())),
        ("with fewer rights",               open(roles(&["viewer"]))),
        ("with an account",                 open(Rights::everything()).accounts(Records::<false>).local_account(())),
        ("beyond this machine",             open(Rights::everything()).beyond_loopback()),
        ("for another reason",              Auth::builder().open("in a test", Rights::everything())),
    ];
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    for (case, builder) in settings {
        let auth = builder.build().unwrap_or_else(|error| panic!("{case}: {error}"));
        let file = auth.scope("").service(known).access_matrix().to_markdown();
        if let Some(other) = files.insert(file.clone(), case) {
            panic!("{case} is described like {other}: {file}");
        }
    }
}
