//! The issuer that a JWK names, which restricts the key to tokens of that issuer.
//!
//! # Why
//! Entra ID publishes the keys of all tenants in one set, including the key for personal accounts. Without this check, the holder
//! of any of these keys could sign tokens for every tenant. Microsoft documents the check at
//! <https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer>.

/// The member `issuer` of a JWK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scheme::bearer) struct KeyIssuer(Box<str>);

/// Placeholder for one path segment of the issuer.
const TENANT: &str = "{tenantid}";

impl KeyIssuer {
    pub(super) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns whether this is the issuer with that name.
    pub(in crate::scheme::bearer) fn is(&self, name: &str) -> bool {
        match self.0.split_once(TENANT) {
            None => *self.0 == *name,
            Some((before, after)) => {
                let tenant = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                tenant.is_some_and(|tenant| !tenant.is_empty() && !tenant.contains(['/', '?', '#']))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_issuer_matches_exactly_or_by_tenant_template() {
        #[rustfmt::skip]
        let table = [
            ("https://id.example", "https://id.example", true),
            ("https://id.example", "https://id.example/", false),
            ("https://id.example/{tenantid}/v2.0", "https://id.example/acme/v2.0", true),
            ("https://id.example/{tenantid}/v2.0", "https://id.example//v2.0", false),
            ("https://id.example/{tenantid}/v2.0", "https://id.example/v2.0", false),
            ("https://id.example/{tenantid}/v2.0", "https://id.example/a/b/v2.0", false),
            ("https://id.example/{tenantid}/v2.0", "https://id.example/acme/v2.0/", false),
            ("https://id.example/{tenantid}/v2.0", "https://evil.example/acme/v2.0", false),
            ("https://id.example/{tenantid}/", "https://id.example/acme/", true),
            ("{tenantid}", "https://id.example", false),
            ("{tenantid}/{tenantid}", "a/b", false),
            ("", "", true),
        ];
        for (key, issuer, expected) in table {
            assert_eq!(KeyIssuer::new(key).is(issuer), expected, "{key} {issuer}");
        }
    }
}
