//! OAuth 2.0 protected resource metadata (RFC 9728): the accepted issuers and the scopes.

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::{HttpResponse, Resource, web};
use auth_core::engine::startup_checks::METADATA;
use auth_core::identity::scheme_id::SchemeId;
use serde_json::{Map, Value, json};

use crate::auth::Auth;
use crate::scope::{GuardedService, guarded};

impl Auth {
    /// Returns the endpoint of the protected resource metadata (RFC 9728), at the path that belongs to
    /// [`resource`](crate::AuthBuilder::resource). The metadata contains the accepted issuers and the scopes in the rules of
    /// routes, except hidden routes. Challenges contain its URL. Register it in a scope whose path is empty.
    ///
    /// ```
    /// use actix_web::App;
    /// use auth_actix::{Auth, Jwt};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("https://api.example");
    /// let auth = Auth::builder().bearer(jwt).resource("https://api.example").build()?;
    /// App::new().service(auth.scope("").service(auth.metadata())); // at /.well-known/oauth-protected-resource
    /// # Ok(())
    /// # }
    /// ```
    pub fn metadata(&self) -> GuardedService<Resource> {
        let auth = self.clone();
        let path = self.engine().resource().map_or("/.well-known/oauth-protected-resource", |resource| resource.path());
        let show = move || {
            let document = document(&auth).to_string();
            async move {
                HttpResponse::Ok()
                    .insert_header((CACHE_CONTROL, "public, max-age=300"))
                    // Clients in browsers may read it, because it is the same for all clients.
                    .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
                    .content_type("application/json")
                    .body(document)
            }
        };
        guarded(&METADATA, web::resource(path).route(web::get().to(show.clone())).route(web::head().to(show)))
    }
}

fn document(auth: &Auth) -> Value {
    let mut members = Map::new();
    let mut list = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            members.insert(name.to_owned(), json!(values)); // META-1: no empty arrays
        }
    };
    list("authorization_servers", auth.engine().authorization_servers());
    list("scopes_supported", auth.engine().scopes_of_rules());
    list("bearer_methods_supported", vec!["header"]);
    if auth.engine().schemes().iter().any(|scheme| scheme.scheme() == SchemeId::Dpop) {
        let algorithms = auth_core::denial::challenge::PROOF_ALGORITHMS;
        list("dpop_signing_alg_values_supported", algorithms.split(' ').collect());
    }
    if let Some(resource) = auth.engine().resource() {
        members.insert("resource".to_owned(), json!(resource.identifier()));
    }
    Value::Object(members)
}
