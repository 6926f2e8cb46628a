//! Tests of the access rules over HTTP, and of the reviewed files `ACCESS.md` and `openapi.json`.

use actix_web::body::MessageBody as _;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth_actix::test::{Caller, Keys, assert_access, assert_matrix, assert_visible, explained, explanation};
use serde_json::{Value, json};

use super::*;

/// Uses a fixed key. Tests with `test_keys` replace it.
fn tokens() -> Jwt {
    Jwt::hs256([7; 32]).issuer("https://id.example").audience("blog")
}

#[actix_web::test]
async fn access_matrix_matches_the_reviewed_file() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let document = document(&auth, &shared).unwrap();
    let app = App::new().service(api(&auth, &shared)).service(docs(&auth, document)).service(access(&auth, &shared));
    assert_access(app).await;
}

#[actix_web::test]
async fn every_rule_atom_affects_some_decision() {
    let keys = Keys::new();
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).test_keys(&keys).build().unwrap();
    let undecided = assert_matrix(&keys, App::new().service(api(&auth, &shared))).await;
    // The results of object checks are covered by the tests below.
    let of_posts = [
        "GET /api/posts/{post}: authorized(Post, Read)",
        "PUT /api/posts/{post}: authorized(Post, Edit)",
        "POST /api/posts/{post}/publish: authorized(Post, Publish)",
        "DELETE /api/posts/{post}: check(posts::is_unpublished_of(&mut tx, *id, principal).await?)",
    ];
    assert_eq!(undecided, of_posts);
}

/// Compares `openapi.json` with the generated document. `UPDATE_ACCESS=1 cargo test` writes the file, as it does `ACCESS.md`.
#[actix_web::test]
async fn openapi_document_matches_the_reviewed_file() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let document = document(&auth, &shared).unwrap().to_pretty_json().unwrap() + "\n";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("UPDATE_ACCESS").is_some() && std::env::var_os("CI").is_none() {
        std::fs::write(file, &document).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), document);
    let document: Value = serde_json::from_str(&document).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_open = operation["security"][0] == json!({});
            assert_eq!(is_open, method == "get" && path == "/posts", "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn post_access_depends_on_role_author_and_publication() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &shared))).await;
    let new = json!({ "title": "First", "text": "Hello" });
    let (alice, bob, eve) = (
        || Some(Caller::user("alice").role(Role::Author)),
        || Some(Caller::user("bob").role(Role::Editor)),
        || Some(Caller::user("eve").role(Role::Author)),
    );
    let admin = || Some(Caller::user("root").role(Role::Admin));
    #[rustfmt::skip]
    let table = [
        (None,                  "POST",   "/api/posts",           401),
        (Some(Caller::user("mallory")), "POST", "/api/posts",     403),
        (alice(),               "POST",   "/api/posts",           200), // post 1
        (None,                  "GET",    "/api/posts/1",         401),
        (eve(),                 "GET",    "/api/posts/1",         404), // a draft is hidden from other authors
        (eve(),                 "GET",    "/api/posts/7",         404),
        (alice(),               "GET",    "/api/posts/1",         200),
        (bob(),                 "GET",    "/api/posts/1",         200),
        (eve(),                 "PUT",    "/api/posts/1",         404),
        (bob(),                 "PUT",    "/api/posts/1",         404),
        (alice(),               "PUT",    "/api/posts/1",         200),
        (alice(),               "POST",   "/api/posts/1/publish", 403),
        (bob(),                 "POST",   "/api/posts/1/publish", 200),
        (eve(),                 "GET",    "/api/posts/1",         200),
        (alice(),               "PUT",    "/api/posts/1",         404), // a published post can no longer be edited by its author
        (alice(),               "DELETE", "/api/posts/1",         403),
        (bob(),                 "POST",   "/api/posts",           200), // post 2
        (bob(),                 "POST",   "/api/posts/2/publish", 404), // authors cannot publish their own posts
        (admin(),               "POST",   "/api/posts/2/publish", 200),
        (alice(),               "POST",   "/api/posts",           200), // post 3
        (eve(),                 "DELETE", "/api/posts/3",         403),
        (alice(),               "DELETE", "/api/posts/3",         204),
        (admin(),               "DELETE", "/api/posts/1",         204),
        (admin(),               "GET",    "/api/posts/1",         404),
    ];
    for (step, (caller, method, target, status)) in table.into_iter().enumerate() {
        let request = TestRequest::with_uri(target).method(Method::from_bytes(method.as_bytes()).unwrap());
        let request = request.set_json(&new).to_request();
        let request = match caller {
            Some(caller) => caller.call(request),
            None => request,
        };
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status(), status, "step {step}: {method} {target}");
    }
    let all = call_service(&app, TestRequest::get().uri("/api/posts").to_request()).await;
    assert_eq!(read_body(all).await, r#"[{"id":2,"title":"First"}]"#);
}

#[actix_web::test]
async fn the_list_contains_the_posts_that_the_caller_may_read() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &shared))).await;
    let alice = || Caller::user("alice").role(Role::Author).issuer("https://id.example");
    let bob = || Caller::user("bob").role(Role::Editor).issuer("https://id.example");
    let (alices, bobs) = (alice().principal(), bob().principal());
    for (author, published) in [(&alices, true), (&alices, false), (&bobs, false)] {
        let post = posts::add(&shared.pool, author, "Title".to_owned(), "Text".to_owned()).await.unwrap();
        let change = sqlx::query("UPDATE posts SET published = ? WHERE id = ?").bind(published).bind(post.id);
        change.execute(&shared.pool).await.unwrap();
    }
    let eve = || Caller::user("eve").issuer("https://id.example");
    let callers = [None, Some(alice()), Some(bob()), Some(eve())];
    let principals = callers.clone().map(|caller| caller.map(Caller::principal));
    // The rows that the database returns are those that the policy allows.
    let visible = assert_visible::<Post, Read>(&shared.pool, principals).await;
    assert_eq!(visible.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 3, 1]);
    // The handler uses its filter.
    for (caller, visible) in callers.into_iter().zip(visible) {
        let request = TestRequest::get().uri("/api/posts").to_request();
        let request = caller.iter().fold(request, |request, caller| caller.clone().call(request));
        let answer = read_body(call_service(&app, request).await).await;
        let found: Vec<Value> = serde_json::from_slice(&answer).unwrap();
        let ids: Vec<_> = found.iter().map(|post| post["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, visible.iter().map(|post| post.id).collect::<Vec<_>>());
    }
}

#[actix_web::test]
async fn published_posts_are_streamed_and_hidden_routes_are_404() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let app = init_service(App::new().service(api(&auth, &shared)).service(access(&auth, &shared))).await;
    let (author, editor) = (|| Caller::user("alice").role(Role::Author), || Caller::user("bob").role(Role::Editor));
    let admin = || Caller::user("root").role(Role::Admin);
    let new =
        || TestRequest::post().uri("/api/posts").set_json(json!({ "title": "A\nB", "text": "Hello" })).to_request();
    assert_eq!(call_service(&app, author().call(new())).await.status(), 200);
    let listening = TestRequest::get().uri("/api/news").to_request();
    let mut told = Box::pin(call_service(&app, author().call(listening)).await.into_body());
    let publishing = TestRequest::post().uri("/api/posts/1/publish").to_request();
    assert_eq!(call_service(&app, editor().call(publishing)).await.status(), 200);
    let first = std::future::poll_fn(|context| told.as_mut().poll_next(context)).await.unwrap().unwrap();
    assert_eq!(first, "data: A B\n\n");
    let ask = |uri: &str, caller: Caller| caller.call(TestRequest::get().uri(uri).to_request());
    for uri in ["/api/statistics", "/api/none"] {
        assert_eq!(call_service(&app, ask(uri, editor())).await.status(), 404, "{uri}");
    }
    let told = call_service(&app, ask("/api/statistics", admin())).await;
    assert_eq!(read_body(told).await, "1 of 1 posts are published");
    assert_eq!(call_service(&app, ask("/access", editor())).await.status(), 403);
    assert_eq!(call_service(&app, ask("/access", admin())).await.status(), 200);
    // The explanation as text.
    let answer = call_service(&app, explained(ask("/api/news", Caller::user("eve")))).await;
    assert_eq!(explanation(answer.request()).unwrap(), "no  role(\"author\") (not satisfied, or unknown)");
}

/// A handler whose check writes to the transaction.
#[require_auth]
#[require(check({
    sqlx::query("INSERT INTO posts (author, title, text) VALUES ('', '', '')").execute(&mut *tx).await?;
    *granted
}))]
#[post("/tried/{granted}")]
async fn tried(granted: web::Path<bool>, Writing(mut tx): Writing) -> Result<HttpResponse, Failure> {
    let _ = granted;
    sqlx::query("UPDATE posts SET published = TRUE").execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().finish())
}

#[actix_web::test]
async fn check_writes_are_rolled_back_on_denial_and_kept_on_commit() {
    let pool = database().await.unwrap();
    let auth = settings(tokens(), &pool).build().unwrap();
    let scope = auth.strict_scope("").app_data(web::Data::new(pool.clone())).service(tried);
    let app = init_service(App::new().service(scope)).await;
    for (granted, status, rows) in [(false, 403, 0), (true, 200, 1), (false, 403, 1)] {
        let request = TestRequest::post().uri(&format!("/tried/{granted}")).to_request();
        assert_eq!(call_service(&app, Caller::user("alice").call(request)).await.status(), status);
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM posts").fetch_one(&pool).await.unwrap();
        assert_eq!(count, rows, "{granted}");
    }
}

#[actix_web::test]
async fn openapi_document_and_swagger_ui_are_served() {
    let shared = shared().await.unwrap();
    let auth = settings(tokens(), &shared.pool).build().unwrap();
    let document = document(&auth, &shared).unwrap();
    let app = init_service(App::new().service(docs(&auth, document))).await;
    for (path, expected) in [("/docs/", "swagger"), ("/docs/openapi.json", "\"/posts/{post}\"")] {
        let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(answer.status(), 200, "{path}");
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        assert!(body.contains(expected), "{path}: {body}");
    }
}
