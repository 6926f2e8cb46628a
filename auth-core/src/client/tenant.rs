//! The tenant of a request: where its dimensions are located, and how they are read.

use std::borrow::Cow;

use super::{Head, RequestHead, single};
use crate::identity::dimension_name::declared_dimension;
use crate::identity::tenant::Tenant;

/// Locations of a value in requests, for [`AuthBuilder::tenant`] and `Tokens::places`. Created by the functions of [`at`].
///
/// The order in which locations are written has no effect. Only the first of these locations that is present is used: the path,
/// if the pattern of the route has the name; the header; the subprotocol, in a WebSocket handshake; the tenant that the
/// credential is bound to.
///
/// [`AuthBuilder::tenant`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Location {
    path: Option<Cow<'static, str>>,
    /// In lower case.
    header: Option<String>,
    subprotocol: Option<String>,
    is_in_credential: bool,
    /// Whether the location is `Authorization`, after `Bearer`. Only for tokens.
    is_bearer: bool,
    /// Whether the location is an `Authorization` line without a scheme. Only for tokens.
    is_bare_authorization: bool,
    /// The kind of a location that was written twice.
    repeated: Option<&'static str>,
}

/// Locations of values in requests.
///
/// ```
/// use auth_actix::at;
/// let org = at::header("X-Org").or_path("org");
/// ```
pub mod at {
    use super::Location;

    /// Returns the location of a value in the path parameter with this name.
    pub fn path(name: &str) -> Location {
        Location::default().or_path(name)
    }

    /// Returns the location of a value in the header with this name.
    pub fn header(name: &str) -> Location {
        Location::default().or_header(name)
    }

    /// Returns the location of the value that the credential is bound to.
    pub fn credential() -> Location {
        Location::default().or_credential()
    }

    /// Returns the location of a token in `Authorization: Bearer`.
    pub fn bearer() -> Location {
        Location { is_bearer: true, ..Location::default() }
    }

    /// Returns the location of a token that is the whole `Authorization` line, without the name of a scheme.
    pub fn bare_authorization() -> Location {
        Location { is_bare_authorization: true, ..Location::default() }
    }
}

impl Location {
    /// Adds the parameter of the path with this name.
    pub fn or_path(mut self, name: &str) -> Self {
        self.repeated = self.repeated.or(self.path.as_ref().map(|_| "path"));
        self.path = Some(Cow::Owned(name.to_owned()));
        self
    }

    /// Adds the header with this name.
    pub fn or_header(mut self, name: &str) -> Self {
        self.repeated = self.repeated.or(self.header.as_ref().map(|_| "header"));
        self.header = Some(name.to_ascii_lowercase());
        self
    }

    /// Adds the entry of `Sec-WebSocket-Protocol` with this prefix, such as `org.`. The rest of the entry is the percent-encoded value.
    /// Browsers let pages set no other header when they open a WebSocket. The response never selects such an entry, so the page must
    /// offer a second one.
    pub fn or_subprotocol(mut self, prefix: &str) -> Self {
        self.repeated = self.repeated.or(self.subprotocol.as_ref().map(|_| "subprotocol"));
        self.subprotocol = Some(prefix.to_owned());
        self
    }

    /// Adds the value that the credential is bound to.
    pub fn or_credential(self) -> Self {
        Self { is_in_credential: true, ..self }
    }
}

/// The parts of a location of tokens.
pub(crate) struct TokenPlaces {
    pub(crate) bearer: bool,
    pub(crate) bare: bool,
    pub(crate) header: Option<String>,
}

impl Location {
    /// Returns the parts of a location of tokens. `None` if a part cannot contain a token.
    pub(crate) fn of_token(self) -> Option<TokenPlaces> {
        let Self { path, header, subprotocol, is_in_credential, is_bearer, is_bare_authorization, repeated } = self;
        let fits = path.is_none() && subprotocol.is_none() && !is_in_credential && repeated.is_none();
        fits.then_some(TokenPlaces { bearer: is_bearer, bare: is_bare_authorization, header })
    }
}

/// Returns whether the header has another purpose, so that it cannot contain a tenant or a token.
pub(crate) fn is_reserved_header(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A dimension of tenants, with its locations.
#[derive(Clone, Debug)]
pub(crate) struct TenantLocation {
    /// The name in rules.
    pub(crate) name: &'static str,
    location: Location,
}

/// An invalid location of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// The tenant is declared twice.
    #[error("it is declared twice")]
    DeclaredTwice,
    /// The name cannot be written after `in =`.
    #[error("the name is not an identifier of at most 64 characters, so no rule can contain it")]
    Name,
    /// The location is one of tokens.
    #[error("`at::bearer()` and `at::bare_authorization()` are for tokens")]
    OfToken,
    /// A kind of location is written twice.
    #[error("it has two locations of the kind `{0}`")]
    Repeated(&'static str),
    /// The name of a location cannot occur in requests.
    #[error("{1:?} is not a valid {0}")]
    Invalid(&'static str, String),
    /// The header has another meaning, such as one that contains credentials.
    #[error("the header {0:?} has another meaning")]
    Reserved(String),
    /// One prefix of subprotocols begins another, so that one subprotocol would name two tenants.
    #[error("the prefix {0:?} of a subprotocol begins that of another tenant, or begins with it")]
    PrefixOverlap(String),
}

/// Headers that cannot contain a tenant, because authentication, routing or the protocol itself uses them.
const RESERVED: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "dpop",
    "forwarded",
    "host",
    "origin",
    "proxy-authorization",
    "sec-fetch-site",
    "sec-websocket-protocol",
    "transfer-encoding",
    "upgrade",
];

impl TenantLocation {
    /// Validates the declared tenants. `credentials` are the headers that contain credentials, which must not be given to a handler or a
    /// provider of rights as the name of a tenant.
    ///
    /// # Errors
    /// Returns the name of a tenant, and what is wrong with its location.
    pub(crate) fn all(
        declared: Vec<(String, Location)>,
        credentials: &[&str],
    ) -> Result<Vec<Self>, (String, LocationError)> {
        let mut locations: Vec<Self> = Vec::new();
        for (name, location) in declared {
            let location = Self::new(&name, location).and_then(|new| new.beside(&locations, credentials));
            locations.push(location.map_err(|error| (name, error))?);
        }
        Ok(locations)
    }

    /// Compares the location with those of the tenants that were declared before, and with credentials.
    fn beside(self, others: &[Self], credentials: &[&str]) -> Result<Self, LocationError> {
        if others.iter().any(|other| other.name == self.name) {
            return Err(LocationError::DeclaredTwice);
        }
        if let Some(header) =
            self.header().filter(|header| credentials.iter().any(|known| known.eq_ignore_ascii_case(header)))
        {
            return Err(LocationError::Reserved(header.to_owned()));
        }
        let prefixes = || others.iter().filter_map(|other| other.location.subprotocol.as_deref());
        let overlaps =
            |own: &&String| prefixes().any(|other| own.starts_with(other) || other.starts_with(own.as_str()));
        match self.location.subprotocol.as_ref().filter(overlaps) {
            Some(prefix) => Err(LocationError::PrefixOverlap(prefix.clone())),
            None => Ok(self),
        }
    }

    /// Validates a location.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub(crate) fn new(name: &str, location: Location) -> Result<Self, LocationError> {
        let name = declared_dimension(name).ok_or(LocationError::Name)?;
        if let Some(kind) = location.repeated {
            return Err(LocationError::Repeated(kind));
        }
        if location.is_bearer || location.is_bare_authorization {
            return Err(LocationError::OfToken);
        }
        if let Some(path) = location.path.as_ref().filter(|path| path.is_empty() || path.contains(['{', '}', '/', ':']))
        {
            return Err(LocationError::Invalid("name of a path parameter", path.to_string()));
        }
        let is_token = crate::identity::scheme_id::is_token;
        for (kind, text) in [("header", &location.header), ("prefix of a subprotocol", &location.subprotocol)] {
            if let Some(text) = text.as_ref().filter(|text| !is_token(text)) {
                return Err(LocationError::Invalid(kind, text.clone()));
            }
        }
        if let Some(header) = location.header.as_ref().filter(|header| is_reserved_header(header)) {
            return Err(LocationError::Reserved(header.clone()));
        }
        Ok(Self { name, location })
    }

    /// Returns the location of a tenant that no setting declares: the path parameter of that name.
    pub(crate) fn undeclared(name: &'static str) -> Self {
        Self { name, location: Location { path: Some(Cow::Borrowed(name)), ..Location::default() } }
    }

    /// Returns the path parameter.
    pub(crate) fn path(&self) -> Option<&str> {
        self.location.path.as_deref()
    }

    /// Returns the header, in lower case.
    pub(crate) fn header(&self) -> Option<&str> {
        self.location.header.as_deref()
    }

    /// Returns whether the value can be that which the credential is bound to.
    pub(crate) fn is_in_credential(&self) -> bool {
        self.location.is_in_credential
    }

    /// Returns whether the value can be located outside of the path.
    pub(crate) fn is_outside_path(&self) -> bool {
        let Location { header, subprotocol, is_in_credential, .. } = &self.location;
        header.is_some() || subprotocol.is_some() || *is_in_credential
    }

    /// Reads the value of a request. Returns `None` if the path is the only location, and the pattern does not contain the
    /// parameter exactly once.
    pub(crate) fn read<H: RequestHead>(&self, request: &H::Request) -> Option<DimensionValue> {
        let head = Head::<H>(request);
        let Location { path, header, subprotocol, is_in_credential, .. } = &self.location;
        if let Some(value) = path.as_ref().and_then(|name| H::path_parameter(request, name)) {
            return Some(checked(value.into_bytes()));
        }
        if let Some(header) = header {
            match single(&head, header) {
                Err(()) => return Some(DimensionValue::Malformed),
                Ok(Some(value)) => return Some(checked(value.to_vec())),
                Ok(None) => {}
            }
        }
        if let Some(prefix) = subprotocol.as_ref().filter(|_| head.is_websocket()) {
            let mut entries = head.bytes("sec-websocket-protocol").flat_map(|line| line.split(|byte| *byte == b','));
            let mut values = entries.by_ref().filter_map(|entry| entry.trim_ascii().strip_prefix(prefix.as_bytes()));
            match (values.next(), values.next()) {
                (None, _) => {}
                (Some(value), None) => return Some(decoded(value).map_or(DimensionValue::Malformed, checked)),
                (Some(_), Some(_)) => return Some(DimensionValue::Malformed),
            }
        }
        self.is_outside_path().then_some(DimensionValue::Missing(*is_in_credential))
    }
}

/// Describes the locations, for the matrix and logs.
impl std::fmt::Display for TenantLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Location { path, header, subprotocol, is_in_credential, .. } = &self.location;
        let mut parts = Vec::new();
        parts.extend(path.as_ref().map(|name| format!("path {{{name}}}")));
        parts.extend(header.as_ref().map(|name| format!("header {name}")));
        parts.extend(subprotocol.as_ref().map(|prefix| format!("subprotocol {prefix}…")));
        parts.extend(is_in_credential.then(|| "credential".to_owned()));
        write!(f, "{}: {}", self.name, parts.join(", otherwise "))
    }
}

/// The value of a dimension in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DimensionValue {
    /// The request contains this value.
    Named(String),
    /// The request contains no value. The flag is whether the value that the credential is bound to is used instead.
    Missing(bool),
    /// The value is empty, too long, repeated, or cannot be decoded.
    Malformed,
}

/// Checks the length and the encoding of a value.
fn checked(value: Vec<u8>) -> DimensionValue {
    match String::from_utf8(value) {
        Ok(value) if (1..=Tenant::LONGEST).contains(&value.len()) => DimensionValue::Named(value),
        _ => DimensionValue::Malformed,
    }
}

/// Decodes percent-encoded bytes.
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let (mut value, mut rest) = (Vec::with_capacity(text.len()), text);
    loop {
        rest = match rest {
            [] => return Some(value),
            [b'%', high, low, rest @ ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                value.push(digit(*high)? << 4 | digit(*low)?);
                rest
            }
            [b'%', ..] => return None,
            [byte, rest @ ..] => {
                value.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::tests::{TestFramework, TestRequest};
    use super::*;

    #[test]
    fn tenant_is_read_from_one_location_and_occurs_once() {
        // TENANT-2, TENANT-3
        let location = at::header("X-Org").or_subprotocol("org.").or_credential();
        let org = TenantLocation::new("org", location).unwrap();
        let named = |value: &str| DimensionValue::Named(value.to_owned());
        let long = "x".repeat(Tenant::LONGEST + 1);
        let longest = &long[1..];
        let upgrade = ("upgrade", "websocket");
        let offer = |value| ("sec-websocket-protocol", value);
        let line = |value| ("x-org", value);
        #[rustfmt::skip]
        let table: &[(&[(&'static str, &str)], DimensionValue)] = &[
            (&[],                                                DimensionValue::Missing(true)),
            (&[line("acme")],                                    named("acme")),
            (&[line("Acme ")],                                   named("Acme ")),
            (&[line("%61cme")],                                  named("%61cme")),
            (&[line("a,b")],                                     named("a,b")),
            (&[line("")],                                        DimensionValue::Malformed),
            (&[line("acme"), line("acme")],                      DimensionValue::Malformed),
            (&[line(longest)],                                   named(longest)),
            (&[line(&long)],                                     DimensionValue::Malformed),
            (&[offer("v1, org.acme")],                           DimensionValue::Missing(true)),
            (&[upgrade, offer("v1, org.acme")],                  named("acme")),
            (&[upgrade, offer("org.a%2Fb%20c")],                 named("a/b c")),
            (&[upgrade, offer("org.%C3%A4")],                    named("ä")),
            (&[upgrade, offer("org.%C3")],                       DimensionValue::Malformed),
            (&[upgrade, offer("org.%zz")],                       DimensionValue::Malformed),
            (&[upgrade, offer("org.%4")],                        DimensionValue::Malformed),
            (&[upgrade, offer("org.")],                          DimensionValue::Malformed),
            (&[upgrade, offer("org.a, org.a")],                  DimensionValue::Malformed),
            (&[upgrade, offer("org.a"), offer("org.b")],         DimensionValue::Malformed),
            (&[upgrade, offer("ORG.a")],                         DimensionValue::Missing(true)),
            (&[upgrade, offer("org.a"), line("acme")],           named("acme")),
            (&[upgrade, offer("org.a"), line("")],               DimensionValue::Malformed),
        ];
        for (lines, expected) in table {
            let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect();
            let request = TestRequest { method: "GET", lines, ..TestRequest::default() };
            assert_eq!(org.read::<TestFramework>(&request).as_ref(), Some(expected), "{:?}", request.lines);
        }
        let invalid = TestRequest { lines: vec![("x-org", vec![0xC3])], ..TestRequest::default() };
        assert_eq!(org.read::<TestFramework>(&invalid), Some(DimensionValue::Malformed));
        let in_path = TenantLocation::undeclared("org");
        assert_eq!(in_path.read::<TestFramework>(&TestRequest::default()), None, "the pattern does not have the name");
    }

    #[test]
    fn invalid_locations_are_rejected() {
        let invalid = |kind, text: &str| LocationError::Invalid(kind, text.to_owned());
        let path = "name of a path parameter";
        #[rustfmt::skip]
        let table = [
            ("org", at::path("org").or_header("X-Org"),        None),
            ("org", at::credential(),                          None),
            ("",    at::path("org"),                           Some(LocationError::Name)),
            ("a-b", at::path("org"),                           Some(LocationError::Name)),
            ("1a",  at::path("org"),                           Some(LocationError::Name)),
            ("org", at::path("a").or_path("b"),                Some(LocationError::Repeated("path"))),
            ("org", at::header("a").or_header("a"),            Some(LocationError::Repeated("header"))),
            ("org", at::path(""),                              Some(invalid(path, ""))),
            ("org", at::path("{org}"),                         Some(invalid(path, "{org}"))),
            ("org", at::header("x org"),                       Some(invalid("header", "x org"))),
            ("org", at::header("Authorization"),               Some(LocationError::Reserved("authorization".to_owned()))),
            ("org", at::header("Cookie"),                      Some(LocationError::Reserved("cookie".to_owned()))),
            ("org", at::path("a").or_subprotocol("a b"),       Some(invalid("prefix of a subprotocol", "a b"))),
            ("org", at::path("a").or_subprotocol(""),          Some(invalid("prefix of a subprotocol", ""))),
        ];
        for (name, location, expected) in table {
            assert_eq!(TenantLocation::new(name, location.clone()).err(), expected, "{name} {location:?}");
        }
    }
}
