//! How a token was presented, and in whose name it was signed.

use subtle::ConstantTimeEq as _;

use super::TokenIssuer;
use crate::identity::principal::CredentialOwner;

/// What the caller has shown beside the token.
#[derive(Clone, Copy)]
pub(super) enum ProofOfPossession<'a> {
    Bare,
    /// That the key of this name is at hand.
    Proven(&'a str),
}

impl ProofOfPossession<'_> {
    /// The name of the key.
    pub(super) fn key(self) -> Option<Box<str>> {
        match self {
            Self::Bare => None,
            Self::Proven(thumbprint) => Some(thumbprint.into()),
        }
    }

    /// Whether a token that is bound to this key, or to none, may come so (H8).
    pub(super) fn fits(self, bound_to: Option<&str>) -> bool {
        match self {
            Self::Bare => bound_to.is_none(),
            Self::Proven(thumbprint) => bound_to.is_some_and(|key| key.as_bytes().ct_eq(thumbprint.as_bytes()).into()),
        }
    }
}

/// In whose name an issuer signs.
pub(super) enum IssuerClaim<'a> {
    Itself,
    /// One that its settings list.
    Listed(&'a str),
    /// One that it stands for, and the tenant of that.
    Another(&'a str, Option<&'a str>),
}

impl IssuerClaim<'_> {
    pub(super) fn names(&self, issuer: &TokenIssuer, named: &str) -> bool {
        match self {
            Self::Itself => issuer.unnamed || *named == *issuer.source.issuer,
            Self::Listed(name) | Self::Another(name, _) => named == *name,
        }
    }

    /// The name of the issuer that a key has to be of; `None` where the token need not name one.
    pub(super) fn signer<'b>(&'b self, issuer: &'b TokenIssuer) -> Option<&'b str> {
        match self {
            Self::Itself => (!issuer.unnamed).then_some(&issuer.source.issuer),
            Self::Listed(name) | Self::Another(name, _) => Some(name),
        }
    }

    pub(super) fn named(&self, issuer: &TokenIssuer) -> CredentialOwner {
        let configured = issuer.tenant.as_deref();
        match self {
            Self::Itself => CredentialOwner { issuer: None, tenant: configured.map(Box::from) },
            Self::Listed(name) => CredentialOwner { issuer: Some((*name).into()), tenant: configured.map(Box::from) },
            Self::Another(name, tenant) => {
                CredentialOwner { issuer: Some((*name).into()), tenant: tenant.or(configured).map(Box::from) }
            }
        }
    }
}
