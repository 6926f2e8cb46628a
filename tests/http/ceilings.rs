//! Tests of ceilings: a limited credential passes only by a role, a permission or a scope within its ceiling.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, get};
use auth_actix::identity::{All, PrincipalBuilder, Rights};
use auth_actix::object::LoadContext;
use auth_actix::scheme::{AuthenticateError, Authenticator, CredentialLocation, CustomScheme};
use auth_actix::{
    Action, Allows, Auth, Authorized, Confers, LocalBoxFuture, MaybePrincipal, Principal, Resource, public, require,
    require_auth, require_permission, require_role, require_scope,
};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, get as ask};

#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    #[role(grants(Permission::PostsWrite))]
    Editor,
    Suspended,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope {
    #[token_scope("posts:read")]
    Read,
    #[token_scope("posts:edit", implies(Read))]
    Edit,
}

/// Alice is an administrator. The text of each of her tokens names its limits.
struct Tokens;

fn alice(token: &str) -> Option<PrincipalBuilder> {
    let alice = || Principal::builder("alice").roles(["admin"]).scope("posts:edit");
    let ceiling = match token {
        "unlimited" => return Some(alice()),
        "everything" => Rights::everything(),
        "silent" => Rights::new(),
        "empty" => Rights::new().roles([""; 0]).permissions([""; 0]).scopes([""; 0]),
        "editor" => Rights::new().roles(["editor"]),
        "writer" => Rights::new().permissions(["posts:write"]),
        "all roles" => Rights::new().roles(All),
        "reader" => Rights::new().scopes(["posts:read"]),
        "unknown" => Rights::new().roles(["editors", ""]).scopes(["*"]),
        "suspended" => {
            return Some(
                Principal::builder("alice").roles(["suspended"]).ceiling(Rights::new().scopes(["posts:read"])),
            );
        }
        "not suspended" => {
            return Some(Principal::builder("alice").roles(["editor"]).ceiling(Rights::new().scopes(["posts:read"])));
        }
        "of nobody" => return Some(Principal::builder("alice").ceiling(Rights::everything())),
        _ => return None,
    };
    Some(alice().ceiling(ceiling))
}

impl Authenticator for Tokens {
    fn name(&self) -> &'static str {
        "Token"
    }

    fn location(&self) -> CredentialLocation<'_> {
        CredentialLocation::Header("X-Token")
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a HttpRequest,
    ) -> LocalBoxFuture<'a, Result<PrincipalBuilder, AuthenticateError>> {
        let token = request.headers().get("x-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
        Box::pin(std::future::ready(alice(token).ok_or(AuthenticateError::Invalid)))
    }
}

static LOADED: AtomicUsize = AtomicUsize::new(0);
static CHECKED: AtomicUsize = AtomicUsize::new(0);

/// A post of Alice.
struct Post(u32);
/// An action without a name, which is closed to limited credentials.
#[derive(Action)]
struct Edit;

impl Resource for Post {
    const PATH: &'static str = "id";
    type Key = u32;
    type Deps = ();
    type Error = actix_web::Error;

    fn key(&self) -> u32 {
        self.0
    }

    async fn load(ids: &[u32], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, Self::Error> {
        LOADED.fetch_add(1, Ordering::SeqCst);
        Ok(ids.iter().map(|id| Self(*id)).collect())
    }
}

impl Allows<Edit> for Post {
    fn allows(&self, caller: &Principal) -> bool {
        caller.local_subject() == "alice"
    }
}

fn is_of_alice(caller: &Principal) -> bool {
    CHECKED.fetch_add(1, Ordering::SeqCst);
    caller.local_subject() == "alice"
}

fn described(caller: &Principal) -> String {
    let held = [
        ("admin", caller.has_role(Role::Admin)),
        ("editor", caller.has_role(Role::Editor)),
        ("write", caller.has_permission(Permission::PostsWrite)),
        ("read", caller.has_scope(TokenScope::Read)),
        ("edit", caller.has_scope(TokenScope::Edit)),
    ];
    held.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn is_preview_open() -> bool {
    true
}

#[require_auth]
#[get("/me")]
async fn get_me(caller: Principal) -> String {
    described(&caller)
}

#[require_auth(any_token = "it shows what the token may do")]
#[get("/token")]
async fn get_token(caller: Principal) -> String {
    described(&caller)
}

#[require_role("editor")]
#[get("/editor")]
async fn get_editor() -> &'static str {
    "editor"
}

#[require_permission("posts:write")]
#[get("/write")]
async fn get_write() -> &'static str {
    "write"
}

#[require_scope("posts:edit")]
#[get("/edit")]
async fn get_edit() -> &'static str {
    "edit"
}

#[require(authenticated || scope("posts:read"), redundant = "to compare the ways")]
#[get("/either")]
async fn get_either() -> &'static str {
    "either"
}

#[require(scope("posts:read") && !role("suspended"))]
#[get("/comment")]
async fn get_comment() -> &'static str {
    "comment"
}

#[require(check(is_of_alice(principal)))]
#[get("/checked")]
async fn get_checked(principal: Principal) -> String {
    described(&principal)
}

#[require(scope("posts:read") && check(is_of_alice(principal)))]
#[get("/checked-scope")]
async fn get_checked_scope(principal: Principal) -> String {
    described(&principal)
}

#[require(check(is_of_alice(principal)) || (scope("posts:read") && check(!is_of_alice(principal))))]
#[get("/two-checks")]
async fn two_checks(principal: Principal) -> String {
    described(&principal)
}

#[require_auth]
#[get("/posts/{id}")]
async fn get_post(_post: Authorized<Post, Edit>) -> &'static str {
    "post"
}

#[public]
#[get("/open")]
async fn get_open(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "anonymous".to_owned(), |caller| described(&caller))
}

#[public]
#[get("/maybe")]
async fn get_maybe(caller: MaybePrincipal) -> &'static str {
    match caller {
        MaybePrincipal::Known(_) => "known",
        MaybePrincipal::Anonymous => "anonymous",
        _ => "unavailable",
    }
}

#[require(check(is_preview_open()) || role("editor"))]
#[get("/preview")]
async fn get_preview(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "anonymous".to_owned(), |caller| described(&caller))
}

fn serve() -> Server {
    let auth = Auth::builder().scheme(Tokens).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(get_me).service(get_token).service(get_editor).service(get_write);
        let scope = scope
            .service(get_edit)
            .service(get_either)
            .service(get_comment)
            .service(get_checked)
            .service(get_checked_scope);
        config.service(
            scope.service(two_checks).service(get_post).service(get_open).service(get_maybe).service(get_preview),
        );
    })
}

fn sent(server: &Server, path: &str, token: &str) -> Answer {
    server.send(&ask(path).field("X-Token", token))
}

fn found(server: &Server, path: &str, token: &str) -> String {
    let answer = sent(server, path, token);
    if answer.status == 200 { answer.text().to_owned() } else { format!("{} {}", answer.status, answer.problem()) }
}

const LACKS: &str = "403 insufficient-permissions";
const SCOPE: &str = "403 insufficient-scope";

#[test]
fn limited_credentials_pass_only_by_a_name_of_their_ceiling() {
    // RIGHTS-4, RIGHTS-5, RIGHTS-6, RIGHTS-7, RIGHTS-10
    let server = serve();
    let everything = "admin editor write read edit";
    #[rustfmt::skip]
    let table = [
        // (token,       /me,        /token,                         /editor,  /write,  /edit,  /either)
        ("unlimited",    everything, everything,                     "editor", "write", "edit", "either"),
        ("everything",   everything, everything,                     "editor", "write", "edit", "either"),
        ("silent",       LACKS,      "",                             LACKS,    LACKS,   SCOPE,  SCOPE),
        ("empty",        LACKS,      "",                             LACKS,    LACKS,   SCOPE,  SCOPE),
        ("editor",       LACKS,      "editor write",                 "editor", "write", SCOPE,  SCOPE),
        ("writer",       LACKS,      "write",                        LACKS,    "write", SCOPE,  SCOPE),
        ("all roles",    LACKS,      "admin editor write",           "editor", "write", SCOPE,  SCOPE),
        ("reader",       LACKS,      "read",                         LACKS,    LACKS,   SCOPE,  "either"),
        ("unknown",      LACKS,      "",                             LACKS,    LACKS,   SCOPE,  SCOPE),
        // The ceiling grants scopes and nothing else.
        ("of nobody",    "read edit", "read edit",                   LACKS,    LACKS,   "edit", "either"),
    ];
    for (token, me, any, editor, write, edit, either) in table {
        let rows = [
            ("/me", me),
            ("/token", any),
            ("/editor", editor),
            ("/write", write),
            ("/edit", edit),
            ("/either", either),
        ];
        for (path, expected) in rows {
            assert_eq!(found(&server, path, token), expected, "{path} {token}");
        }
    }
}

#[test]
fn a_name_that_only_the_ceiling_removed_is_not_absent() {
    // RIGHTS-3
    let server = serve();
    assert_eq!(found(&server, "/comment", "suspended"), LACKS);
    assert_eq!(found(&server, "/comment", "not suspended"), "comment");
}

#[test]
fn checks_and_objects_are_not_reached_without_a_name() {
    // RIGHTS-6: what cannot make the rule named is not loaded or run.
    let server = serve();
    let calls = || (CHECKED.load(Ordering::SeqCst), LOADED.load(Ordering::SeqCst));
    for (path, token, expected) in [
        ("/checked", "empty", LACKS),
        ("/checked", "reader", LACKS),
        ("/checked-scope", "editor", SCOPE),
        ("/posts/1", "empty", LACKS),
        ("/posts/1", "editor", LACKS),
    ] {
        assert_eq!(found(&server, path, token), expected, "{path} {token}");
    }
    assert_eq!(calls(), (0, 0));
    assert_eq!(found(&server, "/checked-scope", "reader"), "read");
    assert_eq!(found(&server, "/posts/1", "everything"), "post");
    assert_eq!(calls(), (1, 1));
    // The first check would hold, but not by a name.
    assert_eq!(found(&server, "/two-checks", "reader"), LACKS);
    assert_eq!(calls(), (2, 1));
    assert_eq!(found(&server, "/two-checks", "everything"), "admin editor write read edit");
    assert_eq!(calls(), (3, 1));
}

#[test]
fn a_limited_credential_is_anonymous_where_nobody_needs_one() {
    // RIGHTS-14
    let server = serve();
    #[rustfmt::skip]
    let table = [
        // (token,    /open,        /maybe,      /preview)
        ("empty",     "anonymous",  "anonymous", "anonymous"),
        ("reader",    "anonymous",  "anonymous", "anonymous"),
        ("editor",    "anonymous",  "anonymous", "editor write"),
        ("everything", "admin editor write read edit", "known", "admin editor write read edit"),
        // A credential that is refused does not count as anonymous.
        ("forged",    "401 invalid-credentials", "401 invalid-credentials", "401 invalid-credentials"),
    ];
    for (token, open, maybe, preview) in table {
        for (path, expected) in [("/open", open), ("/maybe", maybe), ("/preview", preview)] {
            assert_eq!(found(&server, path, token), expected, "{path} {token}");
        }
    }
}

#[test]
fn a_ceiling_is_cut_by_what_the_scheme_may_confer() {
    // RIGHTS-4, RIGHTS-5, C3
    let confers = Confers::nothing().roles(["editor"]).scopes(["posts:read"]);
    let auth = Auth::builder().scheme(CustomScheme::new(Tokens).confers(confers)).build().unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(get_me).service(get_token).service(get_editor).service(get_either));
    });
    #[rustfmt::skip]
    let table = [
        ("unlimited",  "/editor", LACKS), // the credential lists "admin", which the scheme may not confer
        ("unlimited",  "/me",     ""),
        ("everything", "/me",     LACKS),
        ("everything", "/token",  "read"),
        ("everything", "/editor", LACKS),
        ("reader",     "/either", "either"),
    ];
    for (token, path, expected) in table {
        assert_eq!(found(&server, path, token), expected, "{path} {token}");
    }
}
