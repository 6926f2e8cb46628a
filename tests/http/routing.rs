//! Tests of the access matrix against the routing of actix: it reports everything that responds without a rule, and every route
//! that another one hides.

use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, get, post};
use auth_actix::matrix::Matrix;
use auth_actix::test::{Keys, access_matrix, verify_matrix};
use auth_actix::{Auth, guarded, require, require_role, rule, test};

use crate::{Role, bearer_only, jwt};

#[require_role("viewer")]
#[get("/posts/{id}")]
async fn show(id: web::Path<u64>) -> String {
    id.to_string()
}

#[require_role("viewer")]
#[get("/numbers/{id:[0-9]{3}}")]
async fn numbered(id: web::Path<u64>) -> String {
    id.to_string()
}

#[require_role("viewer")]
#[get("/ümlaut/{x}")]
async fn umlaut() -> &'static str {
    "umlaut"
}

#[require_role("viewer")]
#[get("/sp ace")]
async fn spaced() -> &'static str {
    "spaced"
}

#[require(claim("roles", "viewer") || role("admin"))]
#[get("/claims")]
async fn by_role_claim() -> &'static str {
    "by claim"
}

#[get("/posts/{id}")]
async fn open() -> &'static str {
    "open"
}

#[post("/posts/{id}")]
async fn open_post() -> &'static str {
    "open"
}

async fn matrix_of(configure: impl FnOnce(&mut ServiceConfig, &Auth)) -> Matrix {
    let auth = bearer_only().build().unwrap();
    access_matrix(App::new().configure(|config| configure(config, &auth))).await
}

/// Returns the paths with their notes, and everything without a rule.
fn told(matrix: &Matrix) -> Vec<String> {
    let routes = matrix.routes.iter().map(|route| [vec![route.path.clone()], route.notes.clone()].concat().join("; "));
    routes.chain(matrix.unguarded.iter().cloned()).collect()
}

#[actix_web::test]
async fn access_matrix_reports_unguarded_and_hidden_routes() {
    let ok = || web::get().to(HttpResponse::Ok);
    // Next to a scope of auth-actix with an empty path.
    let matrix = matrix_of(|config, auth| {
        config.route("/health", ok()).service(auth.scope("").service(show));
    });
    assert_eq!(told(&matrix.await), ["/posts/{id}", "/health: plain actix route, next to guarded routes"]);
    // Services after it are unreachable.
    let matrix = matrix_of(|config, auth| {
        config.service(auth.scope("").service(show)).service(auth.scope("/api").service(numbered));
    });
    let hidden = "/api/numbers/{id:[0-9]{3}}; shadowed by the earlier scope \"\" where both match";
    assert_eq!(told(&matrix.await), [hidden, "/posts/{id}"]);
    // A plain actix scope with the same path as a scope of auth-actix. It receives the requests instead.
    let matrix = matrix_of(|config, auth| {
        let plain = web::scope("/api").route("/secret", ok());
        config.service(plain).service(auth.scope("/api").service(show));
    });
    assert_eq!(
        told(&matrix.await),
        [
            "/api/posts/{id}; shadowed by the earlier scope \"/api\" where both match",
            "/api/secret: plain actix route, next to guarded routes",
        ]
    );
    // A second and a third scope of auth-actix, distinguished by route guards.
    let matrix = matrix_of(|config, auth| {
        let is_old = actix_web::guard::Header("version", "1");
        config.service(auth.scope("/api").guard(is_old).service(numbered));
        config.service(auth.scope("/api").service(show)).service(auth.scope("/api").service(numbered));
    });
    assert_eq!(
        told(&matrix.await),
        [
            "/api/numbers/{id:[0-9]{3}}; scope guards: 1",
            "/api/numbers/{id:[0-9]{3}}; shadowed by the earlier scope \"/api\" where both match",
            "/api/posts/{id}",
        ]
    );
    // A scope of auth-actix in a plain actix scope, whose path is unknown during construction.
    let matrix = matrix_of(|config, auth| {
        let inner = auth.scope("/inner").service(show);
        config.service(
            web::scope("/v1").route("/open", ok()).service(auth.scope("/api").service(inner).service(numbered)),
        );
    });
    assert_eq!(
        told(&matrix.await),
        [
            "/v1/api/inner/posts/{id}",
            "/v1/api/numbers/{id:[0-9]{3}}",
            "/v1/open: plain actix route, next to guarded routes",
        ]
    );
    // A service that is attached with `guarded` gets the rule in front of it.
    let matrix = matrix_of(|config, auth| {
        let docs = web::scope("/docs").route("/{page}", ok());
        let api = auth.scope("/api").service(guarded(rule!(role("admin")), docs));
        config.service(api.service(auth.scope("/docs").service(show)).service(show));
    });
    assert_eq!(
        told(&matrix.await),
        [
            "/api/docs/posts/{id}; shadowed by the earlier scope \"/api/docs\" where both match",
            "/api/posts/{id}",
            "/api/… (actix scope)",
        ]
    );
}

#[require_role("viewer")]
#[get("/same", guard = "on_weekdays")]
async fn for_viewers() -> &'static str {
    "viewers"
}

#[require_role("admin")]
#[get("/same", guard = "on_weekdays")]
async fn for_admins() -> &'static str {
    "admins"
}

fn on_weekdays(_: &actix_web::guard::GuardContext<'_>) -> bool {
    true
}

#[actix_web::test]
async fn access_matrix_records_the_order_of_routes_with_guards() {
    let before = matrix_of(|config, auth| {
        config.service(auth.scope("").service(for_viewers).service(for_admins));
    });
    let now = matrix_of(|config, auth| {
        config.service(auth.scope("").service(for_admins).service(for_viewers));
    });
    let (before, now) = (before.await, now.await);
    assert_ne!(before.to_markdown(), now.to_markdown());
    let difference = now.since(&before).to_string();
    assert!(difference.starts_with("GET /same\n    order now: - `GET /same`: `role(\"admin\")`"), "{difference}");
}

#[actix_web::test]
async fn access_matrix_reports_plain_routes_that_hide_guarded_ones() {
    let by_plain = "shadowed by the plain actix route \"/api/posts/{id}\" where both match";
    let matrix = matrix_of(|config, auth| {
        config.service(web::scope("").configure(|config| {
            config.service(web::resource("/api/posts/{id}").to(HttpResponse::Ok));
            config.service(auth.scope("/api").service(show).service(numbered));
        }));
    });
    let plain = "/api/posts/{id}: plain actix route, next to guarded routes";
    let number = "/api/numbers/{id:[0-9]{3}}";
    assert_eq!(told(&matrix.await), [number, &format!("/api/posts/{{id}}; {by_plain}"), plain]);
    // A single method, or a narrower pattern, is reported too, because the resource map of actix contains no methods.
    let matrix = matrix_of(|config, auth| {
        let narrow = web::resource("/api/numbers/{id:1[0-9]{2}}").to(HttpResponse::Ok);
        config.service(web::scope("/api").guard(actix_web::guard::Post()).service(open_post));
        config.service(narrow).service(auth.scope("/api").service(numbered).service(show));
    });
    let told = told(&matrix.await);
    assert!(told[0].starts_with(number) && told[0].contains("shadowed by the earlier scope \"/api\""), "{told:?}");
    assert_eq!(told.len(), 4, "{told:?}");
}

#[actix_web::test]
async fn matrix_verification_detects_responses_that_bypass_rules() {
    let keys = Keys::new();
    let auth = Auth::builder().bearer(jwt()).test_keys(&keys).roles::<Role>().build().unwrap();
    let scope = || auth.scope("/api").service(show).service(numbered);
    assert!(test::assert_matrix(&keys, App::new().service(web::scope("/v1").service(scope()))).await.is_empty());
    // Paths that need percent-encoding, and claims that cannot be set for a test caller.
    let odd = App::new().service(auth.scope("/api").service(umlaut).service(spaced).service(by_role_claim));
    let left = test::assert_matrix(&keys, odd).await;
    assert_eq!(left, ["GET /api/claims: the rule requires a claim that every token contains, or that lists names"]);
    // A granted request must reach the handler of the rule.
    #[require(role("viewer") || role("admin"), redundant = "for the test")]
    #[get("/posts/{id}")]
    async fn other(_id: web::Path<String>) -> &'static str {
        "other"
    }
    let past = App::new().wrap(actix_web::middleware::from_fn(async |request, next| {
        let request: actix_web::dev::ServiceRequest = request;
        if request.headers().contains_key("authorization") {
            return Ok(request.into_response(HttpResponse::Ok().finish()).map_into_boxed_body());
        }
        actix_web::middleware::Next::call(&next, request).await.map(|answer| answer.map_into_boxed_body())
    }));
    let wrong = verify_matrix(&keys, past.service(auth.scope("/api").service(other)), None).await.unwrap_err();
    assert!(wrong.contains("expected a call of the handler, found another response"), "{wrong}");
    // A plain route in front of it.
    let before = App::new().service(web::scope("").service(open)).service(auth.scope("").service(show));
    let undecided = verify_matrix(&keys, before, None).await.unwrap();
    assert_eq!(undecided, ["GET /posts/{id}: no request is certain to reach this route"]);
}
