//! The presentation of a token, and the issuer in whose name it was signed.

use subtle::ConstantTimeEq as _;

use super::TokenIssuer;
use crate::denial::Denial;
use crate::identity::principal::CredentialOwner;
use crate::identity::tenant::Tenant;

/// The proof that the caller has presented in addition to the token.
#[derive(Clone, Copy)]
pub(super) enum ProofOfPossession<'a> {
    Bare,
    /// Proof of possession of the key with this thumbprint.
    Proven(&'a str),
}

impl ProofOfPossession<'_> {
    /// Returns the thumbprint of the proven key.
    pub(super) fn key(self) -> Option<Box<str>> {
        match self {
            Self::Bare => None,
            Self::Proven(thumbprint) => Some(thumbprint.into()),
        }
    }

    /// Returns whether a token with this key binding, or without one, may be presented this way (H8).
    pub(super) fn fits(self, bound_to: Option<&str>) -> bool {
        match self {
            Self::Bare => bound_to.is_none(),
            Self::Proven(thumbprint) => bound_to.is_some_and(|key| key.as_bytes().ct_eq(thumbprint.as_bytes()).into()),
        }
    }
}

/// The relation of the `iss` of a token to the issuer that signs it.
pub(super) enum IssuerClaim<'a> {
    Itself,
    /// Another issuer that is listed in the settings.
    Listed(&'a str),
    /// Another issuer that a resolver has mapped to the signing issuer, and its tenant.
    Another(&'a str, Option<&'a Tenant>),
}

impl IssuerClaim<'_> {
    pub(super) fn names(&self, issuer: &TokenIssuer, named: &str) -> bool {
        match self {
            Self::Itself => issuer.unnamed || *named == *issuer.source.issuer,
            Self::Listed(name) | Self::Another(name, _) => named == *name,
        }
    }

    /// Returns the name of the issuer for which a key must be valid, or `None` if the token need not name one.
    pub(super) fn signer<'b>(&'b self, issuer: &'b TokenIssuer) -> Option<&'b str> {
        match self {
            Self::Itself => (!issuer.unnamed).then_some(&issuer.source.issuer),
            Self::Listed(name) | Self::Another(name, _) => Some(name),
        }
    }

    /// Returns the issuer and the tenant of a token with these claims.
    pub(super) fn owner(&self, issuer: &TokenIssuer, claims: &str) -> Result<CredentialOwner, Denial> {
        let (name, resolved) = match self {
            Self::Itself => (None, None),
            Self::Listed(name) => (Some(*name), None),
            Self::Another(name, tenant) => (Some(*name), *tenant),
        };
        let granted = issuer.access.as_ref().map(|access| access.granted(claims, &issuer.source.confers));
        let binding = issuer.tenants.of(claims, resolved)?;
        Ok(CredentialOwner { issuer: name.map(Box::from), binding, granted, networks: None })
    }
}
