//! Claims that a scheme reads from a credential, except the lists of names.

use std::sync::Arc;

use crate::identity::granted::GrantedRights;
use crate::identity::network::Network;
use crate::identity::tenant::Tenant;
use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json::{Raw, Span};

/// The issuer of a credential, if it is not its configured issuer, the tenants and networks that it is bound to, and the rights that it
/// grants.
#[derive(Debug, Default)]
pub(crate) struct CredentialOwner {
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) binding: Binding,
    /// The rights that the credential grants in addition to the lists of names in its claims. `None` if its source grants none this
    /// way.
    pub(crate) granted: Option<GrantedRights>,
    /// The networks from which the credential counts. `None` if it counts from each.
    pub(crate) networks: Option<Arc<[Network]>>,
}

/// The tenant that a credential is bound to.
#[derive(Clone, Debug, Default)]
pub(crate) enum Binding {
    /// The credential is not bound to a tenant. Its rights count only outside of tenants.
    #[default]
    None,
    /// The credential is bound to this tenant. Its rights count only in it.
    Tenant(Tenant),
    /// The credential counts only in requests for one of these tenants (TENANT-11).
    Only(Box<[Tenant]>),
    /// The credential lacks an optional dimension of its tenant. Its rights count nowhere.
    Incomplete(Option<Tenant>),
}

impl Binding {
    /// Returns the tenants. A credential that counts in no tenant has none either.
    pub(super) fn tenants(&self) -> &[Tenant] {
        match self {
            Self::Tenant(tenant) | Self::Incomplete(Some(tenant)) => std::slice::from_ref(tenant),
            Self::Only(tenants) => tenants,
            Self::None | Self::Incomplete(None) => &[],
        }
    }
}

/// The claims of a credential, except the lists of names.
#[derive(Clone, Debug)]
pub(crate) struct CredentialClaims {
    pub(crate) subject: Span,
    pub(crate) is_client: bool,
    pub(crate) acr: Option<Span>,
    pub(crate) actor: Option<Span>,
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// Claims that the credential marks as omitted.
    pub(crate) omitted: Option<Omitted>,
}

/// Claims that a credential omits, so that their absence proves nothing.
///
/// `_claim_names` contains their names (OpenID Connect Core 1.0 §5.6.2). Entra ID omits `groups` from a token when there are more
/// than 200, and indicates this in `_claim_names` or in `hasgroups`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Omitted {
    groups: bool,
    names: Option<Span>,
}

impl Omitted {
    /// Records a claim that marks other claims as omitted.
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
            // A value that cannot be parsed may name any claim.
            !names.is_object() || names.member(name).is_some()
        };
        self.groups && name == "groups" || self.names.is_some_and(names)
    }
}
