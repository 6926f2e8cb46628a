//! The guarded handler on actix-web with each other library, following that library's documentation.

use std::collections::HashSet;

use actix_web::dev::ServiceRequest;
use actix_web::error::{ErrorForbidden, ErrorUnauthorized};
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::{App, Error, HttpMessage as _, HttpRequest, web};
use actix_web_grants::authorities::AttachAuthorities as _;
use actix_web_grants::{GrantsMiddleware, protect};
use actix_web_httpauth::extractors::AuthenticationError;
use actix_web_httpauth::extractors::bearer::{BearerAuth, Config};
use actix_web_httpauth::middleware::HttpAuthentication;
use auth_load::Outcome;
use auth_load::handlers::{ByHand, ClaimsByHand, bare, by_hand};
use auth_load::issuer::{Algorithm, Claims};
use auth_load::subject::{Ask, Asked, Subject, ready};

const PATH: &str = "/api/admin";

type Check = web::Data<ByHand>;

/// Returns the subject for a library, or `None` if the library does not support the algorithm.
pub fn subject(name: &str, algorithm: Algorithm) -> Outcome<Option<Box<dyn Subject>>> {
    let issuer = algorithm.issuer()?;
    let (check, token) = (web::Data::new(ByHand(issuer.by_hand())), issuer.token(&Claims::default())?);
    let ask = Ask::new(PATH, vec![format!("Bearer {token}")], 200);
    let app = || App::new().app_data(check.clone());
    let server = match name {
        "bare" => ready(App::new().service(in_scope(web::get().to(bare))))?,
        "by hand" => ready(app().service(in_scope(web::get().to(by_hand))))?,
        "actix-web-httpauth" => {
            ready(app().wrap(HttpAuthentication::bearer(validate)).service(in_scope(web::get().to(with_claims))))?
        }
        "actix-web-grants" => {
            ready(app().wrap(GrantsMiddleware::with_extractor(extract)).service(in_scope(web::get().to(protected))))?
        }
        "actix-web-grants over httpauth" => {
            ready(app().wrap(HttpAuthentication::bearer(attach)).service(in_scope(web::get().to(protected))))?
        }
        "actix-permissions" => {
            let route = actix_permissions::permission().check(web::get()).validate(permitted).to(bare).build();
            ready(app().service(in_scope(route)))?
        }
        "actix-jwt-auth-middleware" => {
            // The ES256 type of jwt-compact does not implement the `Clone` that this library requires of an algorithm.
            use jwt_compact::alg::{Ed25519, Hs256, Hs256Key, Rsa, VerifyingKey};
            let server = match algorithm {
                Algorithm::Hs256 => ready(users::app(Hs256, Hs256Key::new(auth_load::issuer::SECRET))?)?,
                Algorithm::Rs256 => {
                    use rsa::pkcs1::DecodeRsaPublicKey as _;
                    let key = rsa::RsaPublicKey::from_pkcs1_der(issuer.public_key())?;
                    ready(users::app(Rsa::rs256(), key)?)?
                }
                Algorithm::EdDsa => {
                    let key =
                        VerifyingKey::<Ed25519>::from_slice(issuer.public_key()).map_err(|error| error.to_string())?;
                    ready(users::app(Ed25519, key)?)?
                }
                Algorithm::Es256 => return Ok(None),
            };
            // The library uses the whole value of `Authorization` as the token, so a standard value never verifies.
            let ask = Ask::new(PATH, vec![token], 200).in_header(HeaderName::from_static(users::HEADER));
            return Ok(Some(Box::new(Asked(server, ask))));
        }
        "axiam-sdk" if algorithm == Algorithm::EdDsa => return axiam::subject().map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Box::new(Asked(server, ask))))
}

/// Places the handler in a scope, like the handler with auth-actix.
fn in_scope(route: actix_web::Route) -> actix_web::Scope {
    web::scope("/api").route("/admin", route)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn decoded(request: &HttpRequest) -> Result<ClaimsByHand, Error> {
    let token = bearer(request).ok_or_else(|| ErrorUnauthorized("missing token"))?;
    let check = request.app_data::<Check>().ok_or_else(|| ErrorUnauthorized("no key"))?;
    check.decode(token).ok_or_else(|| ErrorUnauthorized("invalid token"))
}

fn verified(request: &ServiceRequest, credential: &BearerAuth) -> Result<ClaimsByHand, Error> {
    let check = request.app_data::<Check>().and_then(|check| check.decode(credential.token()));
    check.ok_or_else(|| AuthenticationError::from(Config::default()).into())
}

async fn validate(request: ServiceRequest, credential: BearerAuth) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    match verified(&request, &credential) {
        Ok(claims) => {
            request.extensions_mut().insert(claims);
            Ok(request)
        }
        Err(error) => Err((error, request)),
    }
}

async fn with_claims(claims: web::ReqData<ClaimsByHand>) -> Result<&'static str, Error> {
    if claims.has("admin") { Ok("ok") } else { Err(ErrorForbidden("forbidden")) }
}

async fn attach(request: ServiceRequest, credential: BearerAuth) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    match verified(&request, &credential) {
        Ok(claims) => {
            request.attach(claims.roles.into_iter().collect::<HashSet<_>>());
            Ok(request)
        }
        Err(error) => Err((error, request)),
    }
}

async fn extract(request: &ServiceRequest) -> Result<HashSet<String>, Error> {
    Ok(decoded(request.request())?.roles.into_iter().collect())
}

#[protect("admin")]
async fn protected() -> &'static str {
    "ok"
}

async fn permitted(request: HttpRequest) -> Result<bool, Error> {
    Ok(decoded(&request)?.has("admin"))
}

/// actix-jwt-auth-middleware, with jwt-compact.
mod users {
    use actix_jwt_auth_middleware::{AuthenticationService, Authority, FromRequest};
    use actix_web::body::MessageBody;
    use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
    use actix_web::error::ErrorForbidden;
    use actix_web::{App, Error, web};
    use auth_load::Outcome;
    use jwt_compact::{Algorithm, TimeOptions};
    use serde::{Deserialize, Serialize};

    pub const HEADER: &str = "x-access-token";

    #[derive(Clone, Serialize, Deserialize, FromRequest)]
    struct User {
        roles: Vec<String>,
        #[allow(dead_code)]
        scope: String,
    }

    async fn handler(user: User) -> Result<&'static str, Error> {
        if user.roles.iter().any(|role| role == "admin") { Ok("ok") } else { Err(ErrorForbidden("forbidden")) }
    }

    pub fn app<A>(
        algorithm: A,
        key: A::VerifyingKey,
    ) -> Outcome<
        App<
            impl ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<impl MessageBody + use<A>>,
                Error = Error,
                InitError = (),
            > + use<A>,
        >,
    >
    where
        A: Algorithm + Clone + 'static,
        A::SigningKey: Clone,
        A::VerifyingKey: Clone,
    {
        let authority = Authority::<User, A, _, _>::new()
            .refresh_authorizer(|| async { Ok(()) })
            .renew_access_token_automatically(false)
            .enable_header_tokens(true)
            .enable_cookie_tokens(false)
            .access_token_name(HEADER)
            .refresh_token_name("x-refresh-token")
            .verifying_key(key)
            .algorithm(algorithm)
            .time_options(TimeOptions::default())
            .build()?;
        let scope = super::in_scope(web::get().to(handler)).wrap(AuthenticationService::new(authority));
        Ok(App::new().service(scope))
    }
}

/// axiam-sdk. Supports EdDSA with fetched keys only. Its roles are the values of `scope`.
mod axiam {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use actix_web::{App, web};
    use auth_load::Outcome;
    use auth_load::issuer::{AUDIENCE, Algorithm, Claims, ISSUER};
    use auth_load::subject::{Ask, Asked, Server, Subject, at_once};
    use axiam_sdk::require_role;
    use axiam_sdk::token::JwksVerifier;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    const TENANT: &str = "6f1d2a04-52f1-4d3c-8f7d-5a0b8a3a9e21";

    #[require_role("admin")]
    async fn handler() -> &'static str {
        "ok"
    }

    /// A server together with the runtime in which it fetches keys.
    struct Entered<S>(actix_rt::Runtime, S);

    impl<S, B> Server for Entered<S>
    where
        S: actix_web::dev::Service<
                auth_load::subject::Request,
                Response = actix_web::dev::ServiceResponse<B>,
                Error = actix_web::Error,
            >,
        B: actix_web::body::MessageBody,
    {
        fn answer(&self, request: auth_load::subject::Request) -> Option<u16> {
            let _runtime = self.0.tokio_runtime().enter();
            Some(match at_once(self.1.call(request))? {
                Ok(response) => response.status().as_u16(),
                Err(error) => error.error_response().status().as_u16(),
            })
        }
    }

    pub fn subject() -> Outcome<Box<dyn Subject>> {
        let issuer = Algorithm::EdDsa.issuer()?;
        let claims = Claims::default().json();
        let claims = format!(r#"{{"tenant_id":"{TENANT}",{}"#, claims.trim_start_matches('{'));
        let token = issuer.signed(r#"{"typ":"JWT","alg":"EdDSA","kid":"k1"}"#, &claims)?;
        let base = url::Url::parse(&format!("http://127.0.0.1:{}/", serve_keys(issuer.public_key())?))?;
        let verifier = JwksVerifier::new(reqwest::Client::new(), &base).map_err(|error| error.to_string())?;
        let verifier = verifier.expect_tenant_id(TENANT.parse()?).expect_issuer(ISSUER).expect_audience(AUDIENCE);
        let runtime = actix_rt::Runtime::new()?;
        let app = App::new().app_data(web::Data::new(verifier)).service(super::in_scope(web::get().to(handler)));
        let ask = Ask::new(super::PATH, vec![format!("Bearer {token}")], 200);
        let service = runtime.block_on(actix_web::test::init_service(app));
        // One request, so that the keys are loaded.
        let first = runtime.block_on(actix_web::dev::Service::call(&service, ask.request()?));
        first.map_err(|error| error.to_string())?;
        Ok(Box::new(Asked(Box::new(Entered(runtime, service)), ask)))
    }

    /// Serves the key set until the process ends.
    fn serve_keys(key: &[u8]) -> Outcome<u16> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let x = URL_SAFE_NO_PAD.encode(key);
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let body = format!(
                    r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"k1","x":"{x}"}}]}}"#
                );
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let _ = connection.read(&mut [0; 4096]);
                let _ = write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Ok(port)
    }
}
