//! Descriptions of the accepted tokens, for the access matrix and for tests that create tokens.

use super::{Bearer, TokenIssuer, settings};
use crate::identity::issuer::Issuer;
use crate::identity::tenant::Tenant;
use crate::runtime::strict_json;

impl Bearer {
    /// Returns an audience for which tokens of the issuer are accepted, or `None` if any audience is accepted.
    pub fn audience_of(&self, source: &Issuer) -> Option<&str> {
        let issuer = self.of_source(source)?;
        issuer.audiences.first().map(String::as_str)
    }

    /// Returns claims with which a token meets the conditions of its issuer other than the audience in `aud`. Each is given with
    /// the member names that lead to it. Used by tests that create tokens.
    pub fn example_claims(&self, source: &Issuer) -> Vec<(Vec<String>, serde_json::Value)> {
        let Some(issuer) = self.of_source(source) else { return Vec::new() };
        let mut claims = issuer.conditions.example(issuer.audiences.first());
        claims.retain(|(path, _)| *path != ["aud"]);
        claims
    }

    /// Returns the tenant that all tokens of an issuer are bound to, and the dimensions that each token names, each with the member names
    /// that lead to its claim. Used by tests that create tokens.
    pub fn example_tenant(&self, source: &Issuer) -> (Option<Tenant>, Vec<(&'static str, Vec<String>)>) {
        self.of_source(source).map(|issuer| issuer.tenants.example()).unwrap_or_default()
    }

    /// Describes the accepted tokens of the issuer in one or more clauses.
    pub fn describe_issuer(&self, source: &Issuer) -> String {
        let Some(issuer) = self.of_source(source) else { return String::new() };
        let audiences: Vec<_> = issuer.audiences.iter().map(|audience| format!("{audience:?}")).collect();
        let mut said = match (audiences.is_empty(), issuer.conditions.audience_claim()) {
            (true, _) => String::new(),
            (false, None) => format!(", audience {}", audiences.join(" or ")),
            (false, Some(claim)) => format!(", audience {} in {}", audiences.join(" or "), strict_json::pointer(claim)),
        };
        for required in &issuer.conditions.required {
            said += &format!(", required claim {required}");
        }
        if issuer.conditions.clients_without_subject {
            said += ", also clients without a subject";
        }
        if let Some(name) = &issuer.conditions.without_subject {
            said += &format!(", the client {name:?} without a subject");
        }
        if let Some(places) = &issuer.places {
            said += &places.describe(source.scheme);
        }
        for other in &issuer.signs_for {
            said += &format!(", also issuer {other:?}");
        }
        said += &issuer.tenants.to_string();
        if let Some(access) = &issuer.access {
            said += &format!(", rights for each tenant in {}", strict_json::pointer(&access.path));
        }
        if issuer.leeway != settings::LEEWAY {
            said += &format!(", leeway {} s", issuer.leeway.as_secs());
        }
        if issuer.profile {
            said += ", only access tokens of RFC 9068";
        }
        said
    }

    /// Returns one sentence for each issuer setting that accepts more tokens than the default.
    pub fn switches(&self) -> impl Iterator<Item = String> + '_ {
        let any_audience = |issuer: &&TokenIssuer| issuer.audiences.is_empty();
        let id_tokens = self.issuers.iter().filter(|issuer| issuer.conditions.accepts_id_tokens);
        let id_tokens = id_tokens.map(|issuer| format!("ID tokens of issuer {:?} are accepted", issuer.source.issuer));
        let mixed = self.issuers.iter().filter_map(|issuer| {
            let reason = issuer.mixed_keys.as_ref()?;
            Some(format!(
                "tokens of issuer {:?} are verified with an HMAC secret and with public keys: {reason}",
                issuer.source.issuer
            ))
        });
        let of_any = self
            .issuers
            .iter()
            .filter(any_audience)
            .map(|issuer| format!("tokens of issuer {:?} are accepted for any audience", issuer.source.issuer));
        let unnamed = self.issuers.iter().filter(|issuer| issuer.unnamed);
        let of_any_issuer = unnamed.map(|issuer| {
            format!("tokens that name any issuer, or none, are accepted as tokens of issuer {:?}", issuer.source.issuer)
        });
        let resolved = self.resolver.iter().map(|_| "an issuer resolver accepts further issuers".to_owned());
        of_any.chain(of_any_issuer).chain(resolved).chain(id_tokens).chain(mixed)
    }
}
