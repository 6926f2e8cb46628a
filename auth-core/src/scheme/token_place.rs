//! The places of tokens in a request.

use std::fmt;

use crate::client::tenant::{Location, is_reserved_header};
use crate::identity::scheme_id::is_token;

/// A place of a token in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPlace<'a> {
    /// `Authorization: Bearer`.
    Bearer,
    /// An `Authorization` line that consists of the token.
    Bare,
    /// A header of its own, in lower case.
    Header(&'a str),
    /// A header that a trusted proxy sets, in lower case.
    ProxyHeader(&'a str),
}

/// The places in which the tokens of a source are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceSet {
    /// Whether `Authorization: Bearer` is read.
    pub bearer: bool,
    /// Whether an `Authorization` line without a scheme is read.
    pub bare: bool,
    /// Headers of tokens, in lower case.
    pub headers: Vec<String>,
    /// A header that trusted proxies set, in lower case.
    pub proxy_header: Option<String>,
}

/// An error of the places of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// There is no place, or a location cannot contain a token.
    Location,
    /// The header is invalid or has another purpose.
    Header(String),
}

impl PlaceSet {
    /// Returns the set that contains only `Authorization: Bearer`.
    pub fn bearer() -> Self {
        Self { bearer: true, ..Self::default() }
    }

    /// Validates locations.
    ///
    /// # Errors
    /// The list is empty, a location cannot contain a token, or a header has another purpose.
    pub fn new(locations: impl IntoIterator<Item = Location>) -> Result<Self, PlaceError> {
        let mut places = Self::default();
        for location in locations {
            let parts = location.of_token().ok_or(PlaceError::Location)?;
            places.bearer |= parts.bearer;
            places.bare |= parts.bare;
            if let Some(header) = parts.header {
                places.headers.push(checked_header(header)?);
            }
        }
        if places == Self::default() { Err(PlaceError::Location) } else { Ok(places) }
    }

    /// Returns whether the set contains the place.
    pub fn has(&self, place: TokenPlace<'_>) -> bool {
        match place {
            TokenPlace::Bearer => self.bearer,
            TokenPlace::Bare => self.bare,
            TokenPlace::Header(name) => self.headers.iter().any(|known| known == name),
            TokenPlace::ProxyHeader(name) => self.proxy_header.as_deref() == Some(name),
        }
    }
}

/// Returns the header if only credentials use it.
pub(super) fn checked_header(header: String) -> Result<String, PlaceError> {
    if is_token(&header) && !is_reserved_header(&header) { Ok(header) } else { Err(PlaceError::Header(header)) }
}

/// Describes the places, for the access matrix.
impl fmt::Display for PlaceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = Vec::new();
        places.extend(self.bearer.then(|| "Authorization: Bearer".to_owned()));
        places.extend(self.bare.then(|| "Authorization without a scheme".to_owned()));
        places.extend(self.headers.iter().cloned());
        f.write_str(&places.join(" or "))
    }
}

/// Recognizes tokens that belong to another scheme than the one that reads their place.
pub struct ForeignTokens {
    /// Returns whether a token in this place belongs to the scheme.
    pub recognizes: RecognizesToken,
    /// The headers that the scheme reads, in lower case.
    pub headers: Vec<String>,
}

/// Returns whether a token in a place belongs to a scheme.
pub type RecognizesToken = Box<dyn Fn(TokenPlace<'_>, &[u8]) -> bool + Send + Sync>;

impl ForeignTokens {
    pub(super) fn claims(&self, place: TokenPlace<'_>, token: &[u8]) -> bool {
        (self.recognizes)(place, token)
    }

    pub(super) fn reads(&self, header: &str) -> bool {
        self.headers.iter().any(|known| known == header)
    }
}
