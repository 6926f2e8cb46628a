//! The places of the tokens of an issuer.

use std::sync::Arc;

use super::TokenIssuer;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::scheme::token_place::{PlaceSet, TokenPlace};

/// The places of the tokens of an issuer, with the issuers of their callers.
pub(super) struct IssuerPlaces {
    pub(super) set: PlaceSet,
    pub(super) in_header: Arc<Issuer>,
    pub(super) from_proxy: Arc<Issuer>,
}

impl IssuerPlaces {
    /// Describes the places of callers of this scheme, for the access matrix.
    pub(super) fn describe(&self, scheme: SchemeId) -> String {
        match &self.set.proxy_header {
            _ if scheme == SchemeId::TOKEN_IN_HEADER => format!(", in {}", self.set.headers.join(" or ")),
            Some(header) if scheme == SchemeId::TOKEN_OF_PROXY => format!(", in {header} of a trusted proxy"),
            _ => String::new(),
        }
    }
}

impl TokenIssuer {
    pub(super) fn reads(&self, place: TokenPlace<'_>) -> bool {
        self.places.as_ref().map_or(place == TokenPlace::Bearer, |places| places.set.has(place))
    }

    /// Returns the issuer of callers whose tokens are in this place. `None` if it is not read.
    pub(super) fn source_in(&self, place: TokenPlace<'_>) -> Option<&Arc<Issuer>> {
        let places = self.places.as_ref();
        match place {
            _ if !self.reads(place) => None,
            TokenPlace::Bearer | TokenPlace::Bare => Some(&self.source),
            TokenPlace::Header(_) => places.map(|places| &places.in_header),
            TokenPlace::ProxyHeader(_) => places.map(|places| &places.from_proxy),
        }
    }
}
