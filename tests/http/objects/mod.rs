//! Tests of `Authorized<…>` and `authorized(…)`: an object is loaded once, and the rule decides what the caller may do with it.

mod bound;
mod keys;
mod limited;
mod mistakes;
mod public;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, ResponseError, get, post};
use auth_actix::object::{LoadContext, ObjectVisibility};
use auth_actix::{
    Action, Allows, Auth, Authorized, Granted, Principal, Resource, guarded, require, require_auth, require_role, rule,
};
use auth_tests::server::Server;
use auth_tests::token::bearer;
use serde_json::json;

use crate::{Role, bearer_only};

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(what: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(what.into()));
}

/// A body that records when it is read.
struct Body(Option<&'static str>);

impl futures_core::Stream for Body {
    type Item = Result<Bytes, actix_web::error::PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        note("body");
        Poll::Ready(self.0.take().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))))
    }
}

#[derive(Clone)]
struct Store;

#[derive(Debug)]
struct Lost(u16);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SELECT secret FROM posts")
    }
}

impl ResponseError for Lost {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0).unwrap()
    }
}

/// Posts with an even id belong to Bob, the others to Alice. Other callers cannot see that a draft exists. Pages are public.
struct Post<Kind> {
    id: u64,
    author: &'static str,
    kind: PhantomData<Kind>,
}

struct Draft;
struct Page;
#[derive(Action)]
struct Edit;
#[derive(Action)]
struct Publish;

trait IsKind: Send + Sync + 'static {
    const VISIBILITY: ObjectVisibility;
    const PATH: &'static str;
}

impl IsKind for Draft {
    const VISIBILITY: ObjectVisibility = ObjectVisibility::Hidden;
    const PATH: &'static str = "draft";
}

impl IsKind for Page {
    const VISIBILITY: ObjectVisibility = ObjectVisibility::Public;
    const PATH: &'static str = "page";
}

impl<Kind: IsKind> Resource for Post<Kind> {
    type Key = u64;
    type Deps = Data<Store>;
    type Error = Lost;
    const PATH: &'static str = Kind::PATH;
    const EXISTENCE: ObjectVisibility = Kind::VISIBILITY;

    fn key(&self) -> u64 {
        self.id
    }

    async fn load(ids: &[u64], _: &LoadContext<'_>, store: &Data<Store>) -> Result<Vec<Self>, Lost> {
        let Store = store.get_ref();
        let [id] = *ids else { return Err(Lost(500)) };
        note(format!("load {} {id}", Kind::PATH));
        match id {
            400.. => Err(Lost(u16::try_from(id).unwrap())),
            100.. => Ok(Vec::new()),
            id => Ok(vec![Self { id, author: if id % 2 == 0 { "bob" } else { "alice" }, kind: PhantomData }]),
        }
    }
}

impl<Kind: IsKind> Allows<Edit> for Post<Kind> {
    fn allows(&self, caller: &Principal) -> bool {
        caller.local_subject() == self.author
    }
}

impl<Kind: IsKind> Allows<Publish> for Post<Kind> {
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role(Role::Editor)
    }
}

fn edited<Kind>(post: Authorized<Post<Kind>, Edit>, text: &str) -> String {
    format!("{} {text}", post.id)
}

#[require_auth]
#[post("/drafts/{draft}")]
async fn edit(text: String, draft: Authorized<Post<Draft>, Edit>) -> String {
    edited(draft, &text)
}

#[require_auth]
#[post("/pages/{page}")]
async fn edit_page(page: Authorized<Post<Page>, Edit>, text: String) -> String {
    edited(page, &text)
}

#[require_role("editor")]
#[post("/both/{draft}/{page}")]
async fn both(
    page: Authorized<Post<Page>, Publish>,
    text: String,
    draft: Authorized<Post<Draft>, Edit>,
    _: Granted<crate::proof::Editor>,
) -> String {
    format!("{} {}", page.id, edited(draft, &text))
}

#[require(role("admin") || authorized(Post::<Draft>, Edit))]
#[get("/either/{draft}")]
async fn either() -> &'static str {
    "either"
}

#[require(authorized(Post::<Draft>, Edit))]
#[get("/taken/{draft}")]
async fn taken(draft: Authorized<Post<Draft>, Edit>) -> String {
    format!("{} of {}", draft.id, draft.author)
}

#[require(role("admin") || authorized(Post::<Page>, Edit) || authorized(Post::<Page>, Publish))]
#[get("/any/{page}")]
async fn any() -> &'static str {
    "any"
}

#[require_auth]
#[require(check(draft.id > 1))]
#[get("/checked/{draft}")]
async fn checked(draft: Authorized<Post<Draft>, Edit>) -> String {
    draft.id.to_string()
}

#[derive(Action)]
struct Break;

impl<Kind: IsKind> Allows<Break> for Post<Kind> {
    fn allows(&self, _: &Principal) -> bool {
        panic!("as code does")
    }
}

#[require(role("admin") || authorized(Post::<Page>, Break))]
#[get("/breaks/{page}")]
async fn breaks() -> &'static str {
    "broken"
}

#[require_auth]
#[get("/breaks-too/{page}")]
async fn breaks_too(_: Authorized<Post<Page>, Break>) -> &'static str {
    "broken"
}

#[actix_web::test]
async fn authorized_objects_load_once_and_hide_when_declared() {
    let auth = bearer_only().resource_deps(Data::new(Store)).build().unwrap();
    let scope = auth.strict_scope("").service(edit).service(edit_page).service(both).service(either);
    let scope = scope.service(any).service(checked).service(taken).service(breaks).service(breaks_too);
    let app = init_service(App::new().service(scope)).await;
    let alice = |role: &str| Some(json!({"sub": "alice", "roles": [role]}));
    #[rustfmt::skip]
    let table = [
        // H3: nothing is loaded for an anonymous caller.
        ("POST", "/drafts/1",     None,            401, "",         ""),
        ("POST", "/drafts/1",     alice("viewer"), 200, "1 text",   "load draft 1, body, body"),
        // H4: a missing object, an object of another user and an invalid key get the same response. The body is not read.
        ("POST", "/drafts/2",     alice("viewer"), 404, "",         "load draft 2"),
        ("POST", "/drafts/100",   alice("viewer"), 404, "",         "load draft 100"),
        ("POST", "/drafts/x",     alice("viewer"), 404, "",         ""),
        ("POST", "/pages/1",      alice("viewer"), 200, "1 text",   "load page 1, body, body"),
        ("POST", "/pages/2",      alice("viewer"), 403, "",         "load page 2"),
        ("POST", "/pages/100",    alice("viewer"), 404, "",         "load page 100"),
        // M12: a store error is a denial and discloses nothing about the server.
        ("POST", "/pages/500",    alice("viewer"), 500, "",         "load page 500"),
        ("POST", "/pages/503",    alice("viewer"), 503, "",         "load page 503"),
        ("GET",  "/either/503",   alice("viewer"), 503, "",         "load draft 503"),
        ("GET",  "/either/503",   alice("admin"),  200, "either",   ""),
        // Several objects.
        ("POST", "/both/1/2",     alice("editor"), 200, "2 1 text", "load page 2, load draft 1, body, body"), // OBJ-14
        ("POST", "/both/2/2",     alice("editor"), 404, "",         "load page 2, load draft 2"),
        ("POST", "/both/1/2",     alice("viewer"), 403, "",         ""),
        // As an atom: the object is loaded once for the rule and the handler, and for several actions.
        ("GET",  "/either/1",     None,            401, "",         ""),
        ("GET",  "/either/1",     alice("viewer"), 200, "either",   "load draft 1"),
        ("GET",  "/either/2",     alice("viewer"), 404, "",         "load draft 2"),
        ("GET",  "/either/100",   alice("viewer"), 404, "",         "load draft 100"), // OBJ-8
        ("GET",  "/either/2",     alice("admin"),  200, "either",   ""),
        ("GET",  "/taken/1",      alice("viewer"), 200, "1 of alice", "load draft 1"),
        ("GET",  "/taken/2",      alice("admin"),  404, "",         "load draft 2"),
        ("GET",  "/any/2",        alice("viewer"), 403, "",         "load page 2"),
        ("GET",  "/any/2",        alice("editor"), 200, "any",      "load page 2"),
        ("GET",  "/any/100",      alice("editor"), 404, "",         "load page 100"), // OBJ-8
        ("GET",  "/any/2",        alice("admin"),  200, "any",      ""),
        // In a check.
        ("GET",  "/checked/1",    alice("viewer"), 403, "",         "load draft 1"),
        ("GET",  "/checked/3",    alice("viewer"), 200, "3",        "load draft 3"),
        ("GET",  "/checked/2",    alice("viewer"), 404, "",         "load draft 2"),
        ("GET",  "/checked/2",    None,            401, "",         ""),
        // A panic denies access and is answered.
        ("GET",  "/breaks/1",     alice("viewer"), 500, "",         "load page 1"),
        ("GET",  "/breaks/1",     alice("admin"),  200, "broken",   ""),
        ("GET",  "/breaks-too/1", alice("viewer"), 500, "",         "load page 1"),
    ];
    let mut hidden = Vec::new();
    for (method, target, claims, status, expected, happened) in table {
        let request = TestRequest::with_uri(target).method(Method::from_bytes(method.as_bytes()).unwrap());
        let request = match &claims {
            Some(claims) => request.insert_header((header::AUTHORIZATION, bearer(claims.clone()))),
            None => request,
        };
        let payload: Pin<Box<dyn futures_core::Stream<Item = _>>> = Box::pin(Body(Some("text")));
        let (request, _) = request.to_request().replace_payload(Payload::Stream { payload });
        SEEN.take();
        let answer = call_service(&app, request).await;
        let case = format!("{method} {target} by {claims:?}");
        assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{case}: {:?}", SEEN.take());
        assert_eq!(SEEN.take().join(", "), happened, "{case}");
        if status >= 400 {
            assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store", "{case}");
        }
        let headers: std::collections::BTreeSet<_> =
            answer.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        match status {
            200 => assert_eq!(body, expected, "{case}"),
            404 => hidden.push((headers, body)),
            _ => assert!(!body.contains("SELECT"), "{case}: {body}"),
        }
    }
    assert!(hidden.windows(2).all(|pair| pair[0] == pair[1]), "{hidden:?}");
}

#[require_auth]
#[get("/posts/{id}")]
async fn mistaken(_: Authorized<Post<Draft>, Edit>) -> &'static str {
    "never"
}

#[require(role("admin") || authorized(Post::<Draft>, Edit))]
#[get("/posts/{drafts}")]
async fn mistaken_atom() -> &'static str {
    "never"
}

#[require_auth]
async fn any_order(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

#[require_auth(any_object = "the catalogue is for all")]
#[get("/products/{id}")]
async fn product(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

#[require(check(store.as_ref().holds(principal)))]
async fn checks_no_object(store: Data<Store>) -> &'static str {
    let _ = store;
    "never"
}

impl Store {
    fn holds(&self, _: &Principal) -> bool {
        true
    }
}

#[require(check(*id == 1 && !principal.is_client()))]
async fn checks_object(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

#[require_role("editor", in = org)]
#[get("/tenants/{org}")]
async fn of_tenant() -> &'static str {
    "of a tenant"
}

#[require(check(q.x == 1 && !principal.is_client()))]
async fn checks_query(q: actix_web::web::Query<Asked>) -> String {
    q.x.to_string()
}

#[derive(serde::Deserialize)]
struct Asked {
    x: u64,
}

#[require(check(body.is_empty() && !principal.is_client()))]
async fn checks_body(body: String) -> String {
    body
}

#[require(check(request.headers().contains_key("x") && !principal.is_client()))]
async fn checks_headers(request: HttpRequest) -> &'static str {
    let _ = request;
    "never"
}

#[require_auth]
#[get("/list")]
async fn list() -> &'static str {
    "all"
}

#[test]
fn strict_scope_requires_a_check_of_each_path_object() {
    let settings = bearer_only().roles_from(crate::memberships::Database::default().roles());
    let auth: Auth = settings.resource_deps(Data::new(Store)).build().unwrap();
    let told = |mistakes: Result<(), Vec<auth_actix::web::RuleError>>| {
        let mistakes = mistakes.err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let right = auth.strict_scope("/shop").service(product).service(of_tenant).service(list);
    let right = right.route("/checked/{id}", auth_actix::web::get().to(checks_object));
    // Other request data is not an object key.
    let headers = auth.strict_scope("/shop").route("/{draft}", auth_actix::web::get().to(checks_headers));
    assert!(told(headers.check()).contains("checks_headers ("));
    let beside = auth.strict_scope("/shop").route("/{draft}", auth_actix::web::get().to(checks_query));
    let beside = told(beside.route("/{draft}", auth_actix::web::post().to(checks_body)).check());
    assert!(beside.contains("checks_query (") && beside.contains("checks_body ("), "{beside}");
    // The routes in a service of actix are not visible.
    let plain = || actix_web::web::resource("/posts/{id}").to(actix_web::HttpResponse::Ok);
    let unseen = auth.strict_scope("/shop").service(guarded(rule!(authenticated), plain()));
    assert!(told(unseen.check()).contains("the pattern of this route is unknown"));
    let seen = guarded(rule!(authenticated, any_object = "all may see all"), plain());
    assert_eq!(told(auth.strict_scope("/shop").service(seen).check()), "");
    assert_eq!(told(right.check()), "");
    let wrong = auth.strict_scope("/shop").route("/orders/{id}", auth_actix::web::get().to(any_order));
    let wrong = told(wrong.route("/stores/{id}", auth_actix::web::get().to(checks_no_object)).check());
    assert!(wrong.contains("any_order") && wrong.contains("\"/shop/orders/{id}\" names"), "{wrong}");
    assert!(wrong.contains("checks_no_object") && wrong.lines().count() == 2, "{wrong}");
    // In every scope: a key that is missing in the pattern, or occurs twice, finds nothing.
    let wrong = told(auth.scope("/shop").service(mistaken).service(mistaken_atom).check());
    assert!(wrong.contains("mistaken (") && wrong.contains("`{draft}`, but \"/shop/posts/{id}\""), "{wrong}");
    assert!(wrong.contains("mistaken_atom (") && wrong.lines().count() == 2, "{wrong}");
    let plain = auth.scope("/shop").route("/orders/{id}", auth_actix::web::get().to(any_order));
    assert_eq!(told(plain.check()), "", "no scope is strict by itself");
    // Everything inside a strict scope is strict, no matter how it is registered.
    let starts = Server::try_start(1, move |config: &mut actix_web::web::ServiceConfig| {
        let inner = auth.scope("/{team}").route("/list", auth_actix::web::get().to(any_order));
        config.service(auth.strict_scope("/shop").service(inner));
    });
    assert!(starts.is_err());
    // A parameter of an enclosing scope of actix is not available either.
    let auth = bearer_only().build().unwrap();
    let starts = Server::try_start(1, move |config: &mut actix_web::web::ServiceConfig| {
        config.service(actix_web::web::scope("/{team}").service(auth.strict_scope("/shop").service(list)));
    });
    assert!(starts.is_err());
}

/// The attribute cannot detect that the handler takes this proof, because it is a type parameter.
#[require_role("viewer")]
async fn proves<P: auth_actix::granted::Proof>(_: Granted<P>) -> &'static str {
    "never"
}

#[require_role("viewer")]
#[get("/by-hand")]
async fn by_hand(request: HttpRequest) -> String {
    use actix_web::FromRequest as _;
    let editor = Granted::<crate::proof::Editor>::extract(&request).await.is_ok();
    let viewer = Granted::<crate::proof::Viewer>::extract(&request).await.is_ok();
    format!("{editor} {viewer}")
}

#[test]
fn proof_not_implied_by_the_rule_is_denied_at_run_time() {
    let auth = bearer_only().build().unwrap();
    let server = Server::start(move |config: &mut actix_web::web::ServiceConfig| {
        config.route("/none", actix_web::web::get().to(async |_: Granted<crate::proof::Viewer>| "never"));
        let scope = auth.scope("").route("/editor", auth_actix::web::get().to(proves::<crate::proof::Editor>));
        config.service(
            scope.route("/viewer", auth_actix::web::get().to(proves::<crate::proof::Viewer>)).service(by_hand),
        );
    });
    let admin = || bearer(json!({"sub": "root", "roles": ["admin", "viewer"]}));
    for (path, status, body) in [
        ("/editor", 500, None),
        ("/viewer", 200, Some("never")),
        // The proof depends on the rule, not on the caller.
        ("/by-hand", 200, Some("false true")),
        ("/none", 500, None),
    ] {
        let answer = server.send(&auth_tests::wire::get(path).authorization(admin()));
        assert_eq!(answer.status, status, "{path}");
        assert!(body.is_none_or(|body| answer.text() == body), "{path}: {}", answer.text());
    }
}
