//! The places in which the tokens of an issuer are read.

use std::sync::Arc;

use super::super::places::IssuerPlaces;
use super::{Jwt, JwtError};
use crate::client::tenant::Location;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::scheme::token_place::{PlaceError, PlaceSet, TokenPlace, checked_header};

/// The configured places.
#[derive(Clone, Default)]
pub(super) struct PlaceSettings {
    explicit: Option<Result<PlaceSet, PlaceError>>,
    proxy_header: Option<String>,
}

impl From<PlaceError> for JwtError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Location => Self::Place,
            PlaceError::Header(header) => Self::Header(header),
        }
    }
}

impl PlaceSettings {
    /// Returns the places. `None` if they are not configured, or invalid.
    fn set(&self) -> Option<PlaceSet> {
        let explicit = self.explicit.clone().transpose().ok()?;
        if explicit.is_none() && self.proxy_header.is_none() {
            return None;
        }
        Some(PlaceSet { proxy_header: self.proxy_header.clone(), ..explicit.unwrap_or_default() })
    }

    /// Validates the places. `source` is the issuer of callers with tokens in `Authorization`.
    /// `any_audience` is whether tokens may be for other applications.
    pub(super) fn prepare(self, source: &Issuer, any_audience: bool) -> Result<Option<Box<IssuerPlaces>>, JwtError> {
        let explicit = self.explicit.transpose()?;
        let proxy_header = self.proxy_header.map(checked_header).transpose()?;
        if explicit.as_ref().is_some_and(|places| places.bare) {
            return Err(JwtError::Place);
        }
        if proxy_header.is_some() && any_audience {
            return Err(JwtError::ProxyHeaderWithoutAudience);
        }
        let places = match (explicit, proxy_header) {
            (None, None) => return Ok(None),
            (explicit, proxy_header) => PlaceSet { proxy_header, ..explicit.unwrap_or_default() },
        };
        let of = |scheme| Arc::new(Issuer { scheme, ..source.clone() });
        let (in_header, from_proxy) = (of(SchemeId::TOKEN_IN_HEADER), of(SchemeId::TOKEN_OF_PROXY));
        Ok(Some(Box::new(IssuerPlaces { set: places, in_header, from_proxy })))
    }
}

impl Jwt {
    /// Sets the places in which tokens are read: [`at::bearer`] and [`at::header`]. Default: [`at::bearer`]. A request with tokens in two
    /// places has two credentials, and is answered with 400.
    ///
    /// ```
    /// use auth_actix::{Jwt, at};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("search");
    /// let jwt = jwt.places([at::header("api-key"), at::bearer()]);
    /// ```
    ///
    /// [`at::bearer`]: https://docs.rs/auth-actix/latest/auth_actix/at/fn.bearer.html
    /// [`at::header`]: https://docs.rs/auth-actix/latest/auth_actix/at/fn.header.html
    #[must_use]
    pub fn places(mut self, places: impl IntoIterator<Item = Location>) -> Self {
        self.places.explicit = Some(PlaceSet::new(places));
        self.once("places")
    }

    /// Reads tokens in a header that a proxy adds to the requests of its users, such as `Cf-Access-Jwt-Assertion`. From peers other than
    /// the trusted proxies, the header is ignored. No other place is read, unless [`places`](Self::places) sets one.
    ///
    /// The proxy derives the token from a cookie, so that browsers send it with each request. State-changing requests must come from
    /// pages of `.hosts([…])` or `.origins([…])`. The header is ignored if the request has an explicit credential, even an invalid one.
    ///
    /// ```
    /// use auth_actix::client::ForwardingHeader;
    /// use auth_actix::{Auth, Jwt};
    /// # #[cfg(feature = "oidc")] {
    /// let jwt = Jwt::jwks("https://team.cloudflareaccess.com/cdn-cgi/access/certs")
    ///     .issuer("https://team.cloudflareaccess.com")
    ///     .audience("the tag of the application")
    ///     .proxy_header("Cf-Access-Jwt-Assertion");
    /// let auth = Auth::builder()
    ///     .bearer(jwt)
    ///     .trusted_proxies(["10.0.0.1"], ForwardingHeader::XForwardedFor)
    ///     .hosts(["app.example"])
    ///     .build();
    /// # assert!(auth.is_ok());
    /// # }
    /// ```
    ///
    /// # Errors
    /// `build()` returns an error without `.trusted_proxies(…)` and without an [`audience`](Self::audience), and beside `.session(…)` or
    /// `.bearer_cookie(…)`, because browsers would send two credentials by themselves.
    #[must_use]
    pub fn proxy_header(mut self, name: &str) -> Self {
        self.places.proxy_header = Some(name.to_ascii_lowercase());
        self.once("proxy_header")
    }

    /// Returns the header that a proxy sets.
    pub(crate) fn header_of_proxy(&self) -> Option<&str> {
        self.places.proxy_header.as_deref()
    }

    /// Returns whether tokens are read in this place.
    pub(crate) fn is_read_in(&self, place: TokenPlace<'_>) -> bool {
        self.places.set().map_or(place == TokenPlace::Bearer, |places| places.has(place))
    }
}
