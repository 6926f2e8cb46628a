//! Tests of the settings of accounts and of sources that log in, and of tests of applications.

use actix_web::{App, test as actix};
use auth_actix::password::Basic;
use auth_actix::{Confers, test};
use auth_tests::logs;

use super::*;
use crate::users::{PASSWORD, Staff};

/// Accounts with other settings.
struct With<const TTL: u64>;

impl<const TTL: u64> Accounts for With<TTL> {
    type Account = ();
    type Error = &'static str;
    const KINDS: &'static [&'static str] = if TTL == 0 { &["Member"] } else { &["member"] };

    async fn find(&self, _: &Login<'_>) -> Result<Lookup<()>, &'static str> {
        Ok(Lookup::NotFound)
    }

    fn account_id(&self, (): &()) -> AccountId {
        AccountId::new("member", 1)
    }

    fn cache_ttl(&self) -> Duration {
        Duration::from_secs(TTL)
    }
}

#[test]
fn wrong_settings_of_accounts_are_reported_at_start() {
    // ACCT-2, ACCT-3, ACCT-10
    let everything = Confers::everything;
    let two = || builder().accounts(Directory::default()).basic(Basic::new(Staff::default()).confers(everything()));
    let error = |auth: AuthBuilder| auth.build().map_or_else(|error| error.to_string(), |_| String::new());
    #[rustfmt::skip]
    let table = [
        (builder().bearer(jwt()).accounts(With::<0>),   "`.accounts(…)`: the kind \"Member\" in `KINDS` is invalid"),
        (builder().bearer(jwt()).accounts(With::<61>),  "`.accounts(…)`: `cache_ttl` is longer than 60 s"),
        (builder().bearer(jwt()).accounts(With::<60>),  ""),
        (builder().bearer(jwt().keeps_own_identity()).accounts(With::<60>), ""),
        (builder().bearer(jwt().logs_in().keeps_own_identity()), "`.bearer(…)` for issuer \"https://id.example\": "),
        (builder().bearer(jwt()).sign_up_page("//evil.example"), "`.sign_up_page(\"//evil.example\")`"),
        (two().bearer(jwt().confers(everything())),     "2 settings are invalid:"),
        (two().bearer(jwt().confers(everything()).logs_in()), "`.basic(…)` must state whether it logs in"),
    ];
    for (auth, expected) in table {
        let found = error(auth);
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{found}, not {expected}");
    }
}

#[test]
fn handlers_take_the_account_type_of_the_provider() {
    // ACCT-16
    #[require_auth]
    #[get("/other")]
    async fn other(_: Caller<String>) -> &'static str {
        "other"
    }
    #[public]
    #[get("/perhaps")]
    async fn perhaps(_: Option<Caller<String>>) -> &'static str {
        "perhaps"
    }
    logs::capture();
    let starts = |auth: AuthBuilder, register: fn(&Auth, &mut ServiceConfig)| {
        let auth = auth.build().unwrap();
        Server::try_start(1, move |config: &mut ServiceConfig| register(&auth, config)).is_ok()
    };
    let accounts = || builder().bearer(jwt()).accounts(Directory::default());
    let own = || builder().bearer(jwt().keeps_own_identity()).accounts(Directory::default());
    type Register = fn(&Auth, &mut ServiceConfig);
    #[rustfmt::skip]
    let table: [(AuthBuilder, Register, &str); 5] = [
        (accounts(),              |auth, config| { config.service(auth.scope("").service(profile)); },      ""),
        (accounts(),              |auth, config| { config.service(auth.scope("").service(other)); },   "takes `Caller<alloc::string::String>`, and the account"),
        (accounts(),              |auth, config| { config.service(auth.scope("").service(perhaps)); }, "takes `Caller<alloc::string::String>`, and the account"),
        (builder().bearer(jwt()), |auth, config| { config.service(auth.scope("").service(profile)); },      "call `.accounts(…)`"),
        (own(),                   |auth, config| { config.service(auth.scope("").service(profile)); },      "no accepted scheme can satisfy"),
    ];
    for (auth, register, expected) in table {
        assert_eq!(starts(auth, register), expected.is_empty(), "{expected}");
        let is_told = |line: &logs::Line| line.fields.iter().any(|(_, value)| value.contains(expected));
        assert!(logs::lines().iter().any(is_told), "{expected}");
    }
}

#[test]
fn a_source_that_keeps_its_identity_has_no_account() {
    // ACCT-3, ACCT-16
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1)));
    directory.set_key("user:13:basic:reports:alice", Row::Found(Party::member(2)));
    let users = Basic::new(Staff::default()).confers(Confers::everything()).keeps_own_identity();
    let tokens = jwt().confers(Confers::everything()).logs_in();
    let (server, _) = serve(builder().bearer(tokens).basic(users).accounts(directory.clone()));
    let basic = auth_tests::token::basic("alice", PASSWORD);
    for (path, expected) in [
        ("/known", "user:13:basic:reports:alice"),
        ("/open", "user:13:basic:reports:alice"),
        ("/home", "none"),
        ("/me", "401 missing-credentials"),
        ("/sign-up", "401 missing-credentials"),
    ] {
        let answer = send(&server, path, Some(&basic));
        assert_eq!(told(&answer), expected, "{path}");
        if answer.status == 401 {
            assert_eq!(answer.lines("www-authenticate"), [crate::BEARER], "only tokens log in");
        }
    }
    assert_eq!(directory.calls(), [""; 0], "the provider is not asked");
    assert_eq!(told(&send(&server, "/known", Some(&as_user("alice")))), "account:member:1");
}

#[actix_web::test]
async fn tests_of_applications_set_the_account() {
    // ACCT-16
    let directory = Directory::default();
    let auth = builder().bearer(jwt()).accounts(directory.clone()).build().unwrap();
    let scope = auth.scope("").service(profile).service(for_editors).service(front_page).service(identity);
    let app = actix::init_service(App::new().service(scope)).await;
    let editor = || Party::member(3).with_roles(&["editor"]);
    let caller = || test::Caller::user("alice");
    let login = "login:user:18:https://id.example:alice";
    for (caller, path, expected) in [
        (caller().account(editor()), "/me", "account:member:3 account:member:3 user:18:https://id.example:alice"),
        (caller().account(editor()), "/editors", "editors"),
        (caller().account(editor()), "/home", "3"),
        (caller(), "/home", "none"),
        (caller(), "/known", login),
    ] {
        let request = caller.call(actix::TestRequest::get().uri(path).to_request());
        let body = actix::call_and_read_body(&app, request).await;
        let body = String::from_utf8_lossy(&body);
        assert!(body == expected || body.contains("account-required"), "{path}: {body}");
    }
    assert_eq!(directory.calls().iter().filter(|call| call.starts_with("find")).count(), 2);
    let broken = caller().account(Party { kind: "robot", id: 1, roles: None });
    let request = broken.call(actix::TestRequest::get().uri("/me").to_request());
    assert_eq!(actix::call_service(&app, request).await.status(), 503, "ACCT-2");
}

#[test]
fn the_matrix_shows_accounts_and_who_logs_in() {
    // ACCT-16
    let auth = builder().bearer(jwt().vouches_for_email()).accounts(Directory::default()).build().unwrap();
    let scope = auth.scope("/a").service(profile).service(sign_up).service(front_page);
    let text = scope.access_matrix().to_markdown();
    for expected in [
        "authenticated && account",
        "login",
        "logs in to an account",
        "trusted for email addresses",
        "callers have accounts of the kinds member, merchant",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}
