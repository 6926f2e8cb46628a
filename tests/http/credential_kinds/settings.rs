//! Tests of rules about kinds of credentials that do not start, and of the matrix and OpenAPI documents.

use super::*;

use actix_service::IntoServiceFactory as _;
use actix_web::App;
use actix_web::dev::{AppConfig, ServiceFactory as _};
use auth_actix::test::access_matrix;
use auth_tests::logs;

mod shop {
    #[derive(auth_actix::Credential)]
    enum Credential {
        AdminKey,
    }

    #[auth_actix::require(credential("admin-key"))]
    #[actix_web::get("/stock")]
    pub(super) async fn get_stock() -> &'static str {
        "stock"
    }
}

#[require_auth(scheme = "api-key")]
#[get("/any-key")]
async fn get_any_key() -> &'static str {
    "any key"
}

#[require(credential("Badge", in = org))]
#[get("/bound-badge")]
async fn get_bound_badge(_: Tenant) -> &'static str {
    "badge"
}

type Configure = fn(&Auth, &mut ServiceConfig);

/// Returns the logged errors of an application that does not start. Returns nothing if it starts.
fn mistakes(builder: AuthBuilder, configure: Configure) -> Vec<String> {
    let auth = builder.build().unwrap();
    let is_here = |text: &String| text.contains("credential_kinds");
    let errors = || {
        let lines = logs::lines().into_iter().filter(|line| line.level == tracing::Level::ERROR);
        lines.map(|line| line.field("message").to_owned()).filter(is_here)
    };
    let before = errors().count();
    let starts = actix_web::rt::System::new().block_on(async move {
        let app = App::new().configure(|config| configure(&auth, config)).into_factory();
        app.new_service(AppConfig::default()).await.is_ok()
    });
    let errors: Vec<_> = errors().skip(before).collect();
    assert_eq!(starts, errors.is_empty(), "{errors:?}");
    errors
}

#[test]
fn names_and_sources_of_credentials_correspond() {
    // TOKEN-9, TOKEN-10
    logs::capture();
    let account: Configure = |auth, config| {
        config.service(auth.scope("").service(post_account));
    };
    let both: Configure = |auth, config| {
        config.service(auth.scope("").service(post_account).service(get_dashboard));
    };
    let any_key: Configure = |auth, config| {
        config.service(auth.scope("").service(get_any_key));
    };
    let badge: Configure = |auth, config| {
        config.service(auth.scope("").service(get_bound_badge));
    };
    let dashboard: Configure = |auth, config| {
        config.service(auth.scope("").service(get_dashboard));
    };
    let stock: Configure = |auth, config| {
        config.service(auth.scope("").service(shop::get_stock));
    };
    let two_types: Configure = |auth, config| {
        config.service(auth.scope("").service(post_account).service(shop::get_stock));
    };
    let fixed = |name: &str| Tokens::fixed(name, format!("{name} of 16 bytes").replace(' ', "-"), Rights::new());
    let more = || payments().tokens(fixed("terminal-key"));
    let fewer = || Auth::builder().bearer(jwt().confers(Confers::everything())).tokens(fixed("admin-key"));
    let twin = || payments().tokens(fixed("badge-key"));
    #[rustfmt::skip]
    let table: Vec<(&str, AuthBuilder, Configure, &[&str])> = vec![
        ("each name has its source",       payments(), both,      &[]),
        ("rules without the word",         more(),     dashboard, &[]),
        ("a source without a name",        more(),     account,   &[
            "`Credential` declares no credential \"terminal-key\": add a variant with `#[credential(\"terminal-key\")]`",
        ]),
        ("the source of the second rule",  twin(),     both,      &["`#[credential(\"badge-key\")]`"]),
        ("names without a source",         fewer(),    account,   &[
            "declares the credential \"merchant-key\", and no token source or scheme",
            "declares the credential \"publishable-key\"",
            "declares the credential \"Badge\"",
        ]),
        ("a vocabulary of one name",       fewer(),    stock,     &[]),
        ("two vocabularies",               payments(), two_types, &[
            "credential \"admin-key\" is declared by two types",
            "declares no credential \"merchant-key\"",
            "declares no credential \"publishable-key\"",
            "declares no credential \"Badge\"",
        ]),
        ("any key of several sources",     payments(), any_key,   &[
            "several sources of tokens (\"admin-key\", \"merchant-key\", \"publishable-key\"): write `credential(\"…\")`",
        ]),
        ("any key of one source",          fewer(),    any_key,   &[]),
        ("a scheme that binds to nothing", payments(), badge,     &["no accepted scheme can satisfy"]),
    ];
    for (case, builder, configure, expected) in table {
        let found = mistakes(builder, configure);
        assert_eq!(found.len(), expected.len(), "{case}: {found:#?}");
        for part in expected {
            assert!(found.iter().any(|mistake| mistake.contains(part)), "{case}: {part}: {found:#?}");
        }
    }
}

#[test]
fn matrix_and_openapi_name_the_schemes_of_credentials() {
    // TOKEN-10
    let auth = payments().build().unwrap();
    let app = App::new().service(auth.scope("").service(post_payment).service(post_account).service(get_door));
    let matrix = actix_web::rt::System::new().block_on(access_matrix(app));
    let rule_of = |path: &str| &matrix.routes.iter().find(|route| route.path == path).unwrap().rule;
    assert_eq!(rule_of("/accounts"), r#"credential("admin-key")"#);
    let payment = rule_of("/profiles/{profile}/payments");
    assert_eq!(
        payment,
        r#"credential("merchant-key", in = (org, profile)) || permission("posts:write", in = (org, profile))"#
    );
    let read = auth_actix::matrix::Matrix::from_markdown(&matrix.to_markdown()).unwrap();
    assert_eq!(read.since(&matrix).to_string(), "", "the file is read as it is written");
    let document = json!({ "openapi": "3.1.0", "paths": {
        "/accounts": { "post": { "responses": {} } },
        "/door": { "get": { "responses": {} } },
        "/profiles/{profile}/payments": { "post": { "responses": {} } },
    } });
    let secured = matrix.secure_openapi(&document).unwrap();
    let security = |path: &str, method: &str| secured["paths"][path][method]["security"].clone();
    assert_eq!(security("/accounts", "post"), json!([{ "admin-key": [] }]));
    // A key that holds everything holds the permission, too.
    assert_eq!(security("/profiles/{profile}/payments", "post"), json!([{ "merchant-key": [] }, { "admin-key": [] }]));
    assert_eq!(security("/door", "get"), json!([{ "admin-key": [] }, { "Badge": [] }]));
    let schemes = &secured["components"]["securitySchemes"];
    assert_eq!(schemes["merchant-key"], json!({ "type": "apiKey", "in": "header", "name": "api-key" }));
}
