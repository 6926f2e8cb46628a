//! The credentials that an application accepts, as security schemes of OpenAPI.

use serde_json::{Value, json};

use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;

/// A place of credentials in requests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialPlace {
    /// `Authorization`, after the name of the scheme.
    Authorization,
    /// `Authorization`, without the name of a scheme.
    BareAuthorization,
    /// The header with this name.
    Header(String),
    /// The cookie with this name.
    Cookie(String),
    /// The TLS handshake.
    Tls,
}

/// A kind of credential that is accepted in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedScheme {
    /// The key of the security scheme in OpenAPI documents.
    pub key: String,
    /// The scheme.
    pub scheme: SchemeId,
    /// The place.
    pub place: CredentialPlace,
}

impl AcceptedScheme {
    /// Returns the credentials of sources, one for each place. `places` are the places of each source.
    pub(crate) fn all(sources: &[(&Issuer, Vec<CredentialPlace>)]) -> Vec<Vec<Self>> {
        let is_alone = |base: &str| {
            let mut places = sources.iter().filter(|(source, _)| base_key(source) == base).flat_map(|(_, all)| all);
            let first = places.next();
            places.all(|place| Some(place) == first)
        };
        let of = |(source, places): &(&Issuer, Vec<CredentialPlace>)| {
            let base = base_key(source);
            let key = |place: &CredentialPlace| match is_alone(&base) {
                true => base.clone(),
                false => keyed(&format!("{base}.{}", suffix(place))),
            };
            let of_place =
                |place: &CredentialPlace| Self { key: key(place), scheme: source.scheme, place: place.clone() };
            places.iter().map(of_place).collect()
        };
        sources.iter().map(of).collect()
    }

    /// Returns the OpenAPI security scheme.
    pub(super) fn to_openapi(&self) -> Value {
        let key = |place: &str, name: &str| json!({ "type": "apiKey", "in": place, "name": name });
        match &self.place {
            CredentialPlace::Tls => json!({ "type": "mutualTLS" }),
            CredentialPlace::Header(name) => key("header", name),
            CredentialPlace::Cookie(name) => key("cookie", name),
            CredentialPlace::BareAuthorization => key("header", "Authorization"),
            CredentialPlace::Authorization if self.scheme == SchemeId::Bearer => {
                json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" })
            }
            // Tokens that the application issues, in `Authorization: Bearer`.
            CredentialPlace::Authorization if self.scheme.is_of_own_tokens() => {
                json!({ "type": "http", "scheme": "bearer" })
            }
            CredentialPlace::Authorization => {
                json!({ "type": "http", "scheme": self.scheme.name().to_ascii_lowercase() })
            }
        }
    }
}

/// Returns the key of a source with one place: the name of its kind in rules, or that of its scheme.
fn base_key(source: &Issuer) -> String {
    let is_of_scheme = |kind: &str| SchemeId::BUILT_IN.iter().any(|scheme| scheme.name() == kind);
    match source.credential_kind() {
        Some(kind) if source.scheme.is_of_own_tokens() && is_of_scheme(kind) => keyed(&format!("{kind}.token")),
        Some(kind) => keyed(kind),
        None => keyed(source.scheme.name()),
    }
}

fn suffix(place: &CredentialPlace) -> &str {
    match place {
        CredentialPlace::Authorization => "bearer",
        CredentialPlace::BareAuthorization => "authorization",
        CredentialPlace::Header(name) | CredentialPlace::Cookie(name) => name,
        CredentialPlace::Tls => "tls",
    }
}

/// Replaces the characters that keys of components cannot contain.
fn keyed(text: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    text.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::atom::tests::source;

    #[test]
    fn each_place_of_each_source_has_its_own_security_scheme() {
        let header = |name: &str| CredentialPlace::Header(name.to_owned());
        let key = |place: &str, name: &str| json!({ "type": "apiKey", "in": place, "name": name });
        let own =
            |name: &str| Issuer { issuer: format!("token:{name}").into(), scheme: SchemeId::OWN_TOKEN, ..source() };
        let of = |scheme| Issuer { scheme, ..source() };
        let sources = [
            (source(), vec![CredentialPlace::Authorization]),
            (of(SchemeId::TOKEN_COOKIE), vec![CredentialPlace::Cookie("token".to_owned())]),
            (of(SchemeId::TOKEN_IN_HEADER), vec![header("x-jwt")]),
            (Issuer { issuer: "other".into(), ..of(SchemeId::TOKEN_IN_HEADER) }, vec![header("x-other")]),
            (own("admin"), vec![header("x-admin")]),
            (
                own("personal"),
                vec![CredentialPlace::Authorization, CredentialPlace::BareAuthorization, header("x-key")],
            ),
            (own("Bearer"), vec![CredentialPlace::Authorization]),
            (of(SchemeId::Basic), vec![CredentialPlace::Authorization]),
            (of(SchemeId::ClientCertificate), vec![CredentialPlace::Tls]),
        ];
        let sources: Vec<_> = sources.iter().map(|(source, places)| (source, places.clone())).collect();
        let all: Vec<_> = AcceptedScheme::all(&sources).into_iter().flatten().collect();
        let found: Vec<_> = all.iter().map(|one| (one.key.as_str(), one.to_openapi())).collect();
        let (jwt, opaque) = (
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }),
            json!({ "type": "http", "scheme": "bearer" }),
        );
        let expected = [
            ("Bearer", jwt),
            ("BearerCookie", key("cookie", "token")),
            ("BearerHeader.x-jwt", key("header", "x-jwt")),
            ("BearerHeader.x-other", key("header", "x-other")),
            ("admin", key("header", "x-admin")),
            ("personal.bearer", opaque.clone()),
            ("personal.authorization", key("header", "Authorization")),
            ("personal.x-key", key("header", "x-key")),
            ("Bearer.token", opaque),
            ("Basic", json!({ "type": "http", "scheme": "basic" })),
            ("ClientCertificate", json!({ "type": "mutualTLS" })),
        ];
        assert_eq!(found, expected);
    }
}
