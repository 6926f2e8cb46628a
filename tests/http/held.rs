//! Tests that every atom of every rule decides some request, and that an incorrect matrix is detected.

use actix_web::web::Path;
use actix_web::{App, get, post, put};
use auth_actix::matrix::{Expr, ExprLiteral, Fact, Matrix};
use auth_actix::test::{Keys, access_matrix, assert_matrix, verify_matrix};
use auth_actix::{
    Auth, Confers, Peer, deny_network, public, require, require_auth, require_permission, require_role, require_scope,
    rule,
};
use serde_json::Value;

use crate::{Permission, Role, TokenScope, jwt};

macro_rules! handlers {
    ($($(#[$rule:meta])* $name:ident $method:ident $path:literal;)*) => {$(
        $(#[$rule])*
        #[$method($path)]
        async fn $name(_body: String) -> &'static str {
            stringify!($name)
        }
    )*};
}

handlers! {
    #[public] open get "/open";
    #[require_auth] known get "/known";
    #[require_role("editor")] editors post "/editors/{id}";
    #[require_permission("posts:write", not_found)] writers put "/writers";
    #[require_scope(all("read:reports", "write:reports"))] scoped get "/scoped";
    #[require(role("admin") || (role("viewer") && !role("suspended") && claim("org", "acme")))] either get "/either/{a}/{b}";
    #[require(!claim("org", "acme") && (max_age("5m") || acr("gold")))] fresh get "/fresh";
    #[require(max_age("5m") || (max_age("1h") && scope("read:reports")))] ages get "/ages";
    #[require(role("editor") || network("10.0.0.0/8", "::1"))] inside get "/inside";
    #[public] #[deny_network("10.0.0.0/8")] outside get "/outside";
    #[require_auth] #[require((network("10.0.0.0/8") && !network("10.1.0.0/16")) || role("admin"))] nested get "/nested";
    #[require(authenticated && scheme("bearer"), redundant = "said")] tokens get "/tokens";
}

#[require(role("admin") || check(*id == 1 && !principal.is_client()))]
#[get("/checked/{id}")]
async fn checked(id: Path<u64>) -> String {
    id.to_string()
}

/// An extractor error is not part of the rule.
#[require_role("viewer")]
#[get("/claims")]
async fn claims(_: auth_actix::Claims<Ours>) -> &'static str {
    "claims"
}

#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Ours {
    needed: u64,
}

#[actix_web::test]
async fn generated_callers_use_an_issuer_that_confers_their_roles() {
    let keys = Keys::new();
    let partner = auth_actix::Jwt::hs256([7; 32]).audience(auth_tests::token::AUDIENCE);
    let partner = partner.issuer("https://partner.example").confers(Confers::nothing().roles(["viewer"]));
    let own = jwt().confers(Confers::everything());
    let auth = Auth::builder().bearer(partner).bearer(own).test_keys(&keys).roles::<Role>().build().unwrap();
    assert!(assert_matrix(&keys, App::new().service(auth.scope("").service(either).service(claims))).await.is_empty());
}

fn auth(keys: &Keys) -> Auth {
    let auth = Auth::builder().bearer(jwt()).test_keys(keys).client_address(Peer).hosts(["app.example"]);
    auth.roles::<Role>().build().unwrap()
}

fn app(
    auth: &Auth,
) -> App<
    impl actix_service::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    let inner = auth.scope("/inner").require(rule!(role("viewer"))).service(fresh).service(open);
    let scope = auth.scope("/api").service(known).service(editors).service(writers).service(scoped).service(either);
    let scope = scope.service(ages).service(inside).service(outside).service(nested).service(tokens).service(checked);
    App::new().service(scope.service(inner))
}

#[actix_web::test]
async fn assert_matrix_reports_undecided_atoms() {
    let keys = Keys::new();
    let undecided = assert_matrix(&keys, app(&auth(&keys))).await;
    // The result of the check depends on the application, and no other scheme is accepted.
    let check = "GET /api/checked/{id}: check(*id == 1 && !principal.is_client())";
    let scheme = "GET /api/tokens: scheme(\"bearer\")";
    assert_eq!(undecided, [scheme, check]);
}

/// Returns the rule with the atom at `position` negated.
fn flipped(tree: &Expr, position: usize, next: &mut usize) -> Expr {
    match tree {
        Expr::Literal(ExprLiteral { fact, negated }) => {
            *next += 1;
            Expr::Literal(ExprLiteral { fact: fact.clone(), negated: (*next - 1 == position) != *negated })
        }
        Expr::All(parts) => Expr::All(parts.iter().map(|part| flipped(part, position, next)).collect()),
        Expr::Any(parts) => Expr::Any(parts.iter().map(|part| flipped(part, position, next)).collect()),
    }
}

fn literals(tree: &Expr) -> Vec<Fact> {
    match tree {
        Expr::Literal(literal) => vec![literal.fact.clone()],
        Expr::All(parts) | Expr::Any(parts) => parts.iter().flat_map(literals).collect(),
    }
}

#[actix_web::test]
async fn verify_matrix_detects_any_negated_atom() {
    let keys = Keys::new();
    let auth = auth(&keys);
    let reviewed = Matrix::from_markdown(&access_matrix(app(&auth)).await.to_markdown()).unwrap();
    assert!(verify_matrix(&keys, app(&auth), Some(&reviewed)).await.is_ok());
    let mut found_out = 0;
    for (index, route) in reviewed.routes.iter().enumerate() {
        let tree = Expr::read(&route.rule).unwrap();
        for (position, fact) in literals(&tree).into_iter().enumerate() {
            if matches!(&fact, Fact::Check(_)) {
                continue; // no generated request decides it
            }
            let mut turned = reviewed.clone();
            turned.routes[index].rule = flipped(&tree, position, &mut 0).to_string();
            let told = verify_matrix(&keys, app(&auth), Some(&turned)).await;
            let told = told.expect_err(&format!("{} is not {}", route.rule, turned.routes[index].rule));
            assert!(told.contains(&format!("{} {}", route.method, route.path)), "{told}");
            found_out += 1;
        }
    }
    assert!(found_out > 20, "{found_out}");
    // A guarded route that became public, and a role that implies more, are detected too.
    let mut turned = reviewed.clone();
    let known_route = turned.routes.iter_mut().find(|route| route.path.ends_with("/known")).unwrap();
    known_route.rule = "public".to_owned();
    assert!(verify_matrix(&keys, app(&auth), Some(&turned)).await.is_err());
    let mut turned = reviewed.clone();
    turned.words.0.get_mut("role").unwrap().get_mut("viewer").unwrap().implies.insert("admin".to_owned());
    assert!(verify_matrix(&keys, app(&auth), Some(&turned)).await.is_err());
    // Keys that the application does not accept are detected.
    assert!(verify_matrix(&Keys::new(), app(&auth), None).await.is_err());
    let _: Value = serde_json::from_str(&access_matrix(app(&auth)).await.to_json()).unwrap();
}
