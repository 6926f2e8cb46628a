//! The handler on axum: without a check, with a hand-written check, and with jwt-authorizer.

use std::cell::RefCell;
use std::sync::Arc;

use auth_load::Outcome;
use auth_load::handlers::{ByHand, ClaimsByHand};
use auth_load::issuer::{AUDIENCE, Algorithm, Claims, ISSUER, SECRET};
use auth_load::subject::{Subject, at_once};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_authorizer::{AuthorizerBuilder, IntoLayer as _, JwtAuthorizer, Validation};
use tower::Service as _;

/// Returns the subject for a library, or `None` if there is none of that name.
pub fn subject(name: &str, algorithm: Algorithm) -> Outcome<Option<Box<dyn Subject>>> {
    let issuer = algorithm.issuer()?;
    let router = match name {
        "bare" => Router::new().route("/admin", get(bare)),
        "by hand" => Router::new().route("/admin", get(by_hand)).with_state(Arc::new(ByHand(issuer.by_hand()))),
        "jwt-authorizer" => {
            let pem = STANDARD.encode(issuer.public_key_info()?);
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
            let builder: AuthorizerBuilder<ClaimsByHand> = match algorithm {
                Algorithm::Hs256 => JwtAuthorizer::from_secret(std::str::from_utf8(SECRET)?),
                Algorithm::Rs256 => JwtAuthorizer::from_rsa_pem_text(&pem),
                Algorithm::Es256 => JwtAuthorizer::from_ec_pem_text(&pem),
                Algorithm::EdDsa => JwtAuthorizer::from_ed_pem_text(&pem),
            };
            let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]);
            let authorizer = builder.validation(validation).check(|claims: &ClaimsByHand| claims.has("admin")).build();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let authorizer = runtime.block_on(authorizer).map_err(|error| error.to_string())?;
            Router::new().route("/admin", get(bare)).layer(authorizer.into_layer())
        }
        _ => return Ok(None),
    };
    let authorization = format!("Bearer {}", issuer.token(&Claims::default())?);
    Ok(Some(Box::new(OnAxum { router: RefCell::new(router), authorization })))
}

async fn bare() -> &'static str {
    "ok"
}

async fn by_hand(State(check): State<Arc<ByHand>>, headers: HeaderMap) -> Result<&'static str, StatusCode> {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let claims = check.decode(token.ok_or(StatusCode::UNAUTHORIZED)?).ok_or(StatusCode::UNAUTHORIZED)?;
    if claims.has("admin") { Ok("ok") } else { Err(StatusCode::FORBIDDEN) }
}

struct OnAxum {
    router: RefCell<Router>,
    authorization: String,
}

impl Subject for OnAxum {
    fn run(&self, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Outcome<()> {
        let request = Request::get("/admin").header("authorization", &self.authorization).body(Body::empty())?;
        let (mut request, mut status) = (Some(request), None);
        measure(&mut || {
            let answer = request.take().and_then(|request| at_once(self.router.borrow_mut().call(request)));
            status = answer.and_then(Result::ok).map(|response| response.status());
        });
        if status == Some(StatusCode::OK) { Ok(()) } else { Err(format!("answered {status:?}").into()) }
    }
}
