//! The headers in which proxies declare the client address.

/// The header in which trusted proxies declare the client address. Only the configured header is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`, a list of addresses without further parameters.
    XForwardedFor,
}

impl ForwardingHeader {
    /// Returns the name of the header in lower case.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::XForwardedFor => "x-forwarded-for",
        }
    }
}
