//! Tests of middleware around rules: it sees their denials, and may add to them.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_cors::Cors;
use actix_web::dev::Service as _;
use actix_web::http::header;
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, get, post, web};
use auth_actix::{require_auth, require_role};
use auth_tests::token::bearer;
use serde_json::json;

use crate::{BEARER, Role, bearer_only};

#[require_role("admin")]
#[get("/admin")]
async fn for_admins() -> &'static str {
    "admin"
}

#[require_auth]
#[post("/new")]
async fn create() -> &'static str {
    "created"
}

#[require_auth]
async fn plain() -> &'static str {
    "plain"
}

#[actix_web::test]
async fn outer_middleware_observes_and_can_extend_denials() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let auth = bearer_only().build().unwrap();
    let (inside, plain) =
        (auth.scope("/api").service(for_admins), web::scope("/plain").app_data(auth.clone()).service(for_admins));
    let app = App::new().service(inside).service(plain).wrap_fn(|request, service| {
        let answer = service.call(request);
        async {
            let mut answer = answer.await?;
            let status = answer.response().error().map(|error| error.as_response_error().status_code());
            SEEN.store(status.map_or(0, |status| status.as_u16().into()), Ordering::SeqCst);
            answer.headers_mut().insert(header::SERVER, header::HeaderValue::from_static("outer"));
            Ok(answer)
        }
    });
    let app = app.wrap(
        ErrorHandlers::new()
            .default_handler_client(|answer| Ok(ErrorHandlerResponse::Response(answer.map_into_left_body()))),
    );
    let app = init_service(app).await;
    for (path, authorization, status) in
        [("/api/admin", None, 401), ("/plain/admin", None, 401), ("/api/admin", Some(bearer(json!({}))), 403)]
    {
        let request = authorization.iter().fold(TestRequest::with_uri(path), |request, value| {
            request.insert_header(("authorization", value.as_str()))
        });
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!((answer.status().as_u16(), SEEN.load(Ordering::SeqCst)), (status, usize::from(status)), "{path}");
        assert_eq!(answer.headers().get("server").unwrap(), "outer");
        assert_eq!(answer.headers().get("www-authenticate").unwrap(), BEARER);
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
        assert!(read_body(answer).await.starts_with(b"{\"type\":"));
    }
}

#[actix_web::test]
async fn outer_cors_middleware_covers_preflights_and_denials() {
    // HTTP-18
    let auth = bearer_only().build().unwrap();
    let cors = Cors::default().allowed_origin("https://app.example").allowed_methods(["GET", "POST"]);
    let cors =
        cors.allowed_headers([header::AUTHORIZATION]).expose_headers([header::WWW_AUTHENTICATE, header::RETRY_AFTER]);
    let api = auth.scope("/api").service(for_admins).service(create).route("/any", auth_actix::web::route().to(plain));
    let app = init_service(App::new().wrap(cors).service(api)).await;
    let from_app = |path: &str, method: &str| {
        TestRequest::with_uri(path).method(method.parse().unwrap()).insert_header(("origin", "https://app.example"))
    };
    for (path, method) in [("/api/admin", "GET"), ("/api/new", "POST"), ("/api/any", "POST")] {
        let preflight = from_app(path, "OPTIONS")
            .insert_header(("access-control-request-method", method))
            .insert_header(("access-control-request-headers", "authorization"));
        let answer = call_service(&app, preflight.to_request()).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers().get("access-control-allow-origin").unwrap(), "https://app.example", "{path}");
        let answer = call_service(&app, from_app(path, method).to_request()).await;
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(answer.headers().get("access-control-allow-origin").unwrap(), "https://app.example", "{path}");
        let exposed =
            answer.headers().get("access-control-expose-headers").unwrap().to_str().unwrap().to_ascii_lowercase();
        assert!(exposed.contains("www-authenticate") && answer.headers().contains_key("www-authenticate"), "{path}");
    }
    // The rule itself exempts no method, and no request that only resembles a preflight.
    let api = bearer_only().build().unwrap().scope("/api").route("/any", auth_actix::web::route().to(plain));
    let app = init_service(App::new().service(api)).await;
    let preflight = from_app("/api/any", "OPTIONS").insert_header(("access-control-request-method", "POST"));
    assert_eq!(call_service(&app, preflight.to_request()).await.status(), 401);
}
