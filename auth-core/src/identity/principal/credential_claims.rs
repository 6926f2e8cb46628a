//! What a scheme reads from a credential, beside its lists.

use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json::{Raw, Span};

/// Whose a credential is, where its source does not say.
#[derive(Debug, Default)]
pub(crate) struct CredentialOwner {
    /// Who issued it.
    pub(crate) issuer: Option<Box<str>>,
    /// The tenant.
    pub(crate) tenant: Option<Box<str>>,
}

/// What a scheme has read from a credential, beside its lists.
#[derive(Clone, Debug)]
pub(crate) struct CredentialClaims {
    pub(crate) subject: Span,
    pub(crate) is_client: bool,
    pub(crate) acr: Option<Span>,
    pub(crate) actor: Option<Span>,
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// Claims that the credential marks as left out.
    pub(crate) omitted: Option<Omitted>,
}

/// Claims that a credential leaves out: their absence proves nothing.
///
/// `_claim_names` names them (OpenID Connect Core 1.0 §5.6.2). Entra ID leaves `groups` out of a token when there are more than
/// 200, and says so in `_claim_names` or in `hasgroups`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Omitted {
    groups: bool,
    names: Option<Span>,
}

impl Omitted {
    /// Takes note of a member of the claims.
    pub(crate) fn record(omitted: &mut Option<Self>, claims: &str, name: &str, value: Raw<'_>) {
        match name {
            "_claim_names" => omitted.get_or_insert_default().names = Some(value.span(claims)),
            "hasgroups" if value.text() != "false" => omitted.get_or_insert_default().groups = true,
            _ => {}
        }
    }

    pub(super) fn contains(self, claims: &str, name: &str) -> bool {
        let names = |span: Span| {
            let names = Raw::at(claims, span);
            // What cannot be read may name any claim.
            !names.is_object() || names.member(name).is_some()
        };
        self.groups && name == "groups" || self.names.is_some_and(names)
    }
}
