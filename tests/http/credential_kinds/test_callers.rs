//! Tests of callers with own tokens, which the tests of applications create.

use super::*;

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth_actix::test::Caller;

#[test]
fn test_callers_have_credentials_of_a_kind() {
    // ACCT-16
    let of = |name: &str| Caller::user("shop").credential(name);
    let bound = |profile: &str| Tenant::of("org", "o1").and("profile", profile);
    #[rustfmt::skip]
    let table: Vec<(&str, &str, &str, Caller, u16, &str)> = vec![
        ("admin key",           "POST", "/accounts",             of("admin-key"),                              200, "admin key"),
        ("merchant key",        "POST", "/accounts",             of("merchant-key"),                           401, ""),
        ("badge",               "GET",  "/door",                 Caller::user("guard").credential(Credential::Badge), 200, "Badge"),
        ("a user",              "POST", "/accounts",             Caller::user("alice"),                        401, ""),
        ("bound key",           "POST", "/profiles/p1/payments", of("merchant-key").tenant(bound("p1")),       200, r#"org="o1", profile="p1""#),
        ("bound elsewhere",     "POST", "/profiles/p1/payments", of("merchant-key").tenant(bound("p2")),       403, ""),
        ("bound to nothing",    "POST", "/profiles/p1/payments", of("merchant-key"),                           400, ""),
        ("of another kind",     "POST", "/profiles/p1/payments", of("publishable-key").tenant(bound("p1")),    401, ""),
        ("with a permission",   "GET",  "/roles",                of("merchant-key").permission("posts:write"), 200, "roles"),
        ("with a ceiling",      "GET",  "/roles",                of("merchant-key").ceiling(Rights::everything()), 200, "roles"),
        ("without rights",      "GET",  "/roles",                of("merchant-key"),                           403, ""),
    ];
    let auth = payments_conferring(Rights::everything()).build().unwrap();
    actix_web::rt::System::new().block_on(async move {
        let scope = auth.scope("").service(post_payment).service(post_account).service(get_door).service(get_roles);
        let app = init_service(App::new().service(scope)).await;
        for (case, method, path, caller, status, body) in table {
            let request = TestRequest::with_uri(path).method(method.parse().unwrap()).to_request();
            let answer = call_service(&app, caller.call(request)).await;
            assert_eq!(answer.status().as_u16(), status, "{case}");
            if status == 200 {
                assert_eq!(read_body(answer).await, body, "{case}");
            }
        }
    });
}
