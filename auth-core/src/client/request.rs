//! The head of a request, as frameworks provide it.

use std::net::SocketAddr;

use super::Fields;

/// Reads the head of the requests of a web framework. Implemented by an adapter crate for a type of its own, since neither the
/// framework's request type nor this trait belongs to that crate.
pub trait RequestHead: Sized + 'static {
    /// The framework's request type.
    type Request: 'static;

    /// A field line: cheap to clone.
    type Line: AsRef<[u8]> + Clone + PartialEq + 'static;

    /// The method.
    fn method(request: &Self::Request) -> &str;

    /// The path as it was sent, without the query.
    fn path(request: &Self::Request) -> &str;

    /// The query without the question mark; empty if there is none.
    fn query(request: &Self::Request) -> &str;

    /// The authority of the request target (HTTP/2 `:authority`, or a request target in absolute form).
    fn authority(request: &Self::Request) -> Option<&str>;

    /// The peer of the connection; `None` for a Unix socket.
    fn peer(request: &Self::Request) -> Option<SocketAddr>;

    /// The client's certificate in DER, if the connection is TLS and the server has verified one (RFC 8446 §4.4.2).
    fn peer_certificate(request: &Self::Request) -> Option<&[u8]>;

    /// The lines of a field, in order. `name` is in lower case.
    fn lines<'r>(request: &'r Self::Request, name: &str) -> impl Iterator<Item = &'r Self::Line> + use<'r, Self>;

    /// Whether `matches` returns `true` for the lower-case name of a field.
    fn has_field(request: &Self::Request, matches: impl Fn(&str) -> bool) -> bool;

    /// The decoded value of a parameter of the route's pattern; `None` if the pattern has no such parameter, or has it twice.
    fn path_parameter(request: &Self::Request, name: &str) -> Option<String>;

    /// The pattern of the matched route.
    fn route_pattern(request: &Self::Request) -> Option<String>;
}

/// The head of one request.
pub struct Head<'r, H: RequestHead>(pub &'r H::Request);

impl<H: RequestHead> Clone for Head<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: RequestHead> Copy for Head<'_, H> {}

impl<'r, H: RequestHead> Head<'r, H> {
    /// The lines of a field as bytes. `name` is in lower case.
    pub fn bytes(self, name: &str) -> impl Iterator<Item = &'r [u8]> + use<'r, H> {
        H::lines(self.0, name).map(AsRef::as_ref)
    }

    /// The method.
    pub fn method(self) -> &'r str {
        H::method(self.0)
    }

    /// Whether the request asks to open a WebSocket. Any `Upgrade` line that contains the name counts: frameworks require no more.
    pub fn is_websocket(self) -> bool {
        const NAME: &[u8] = b"websocket";
        self.bytes("upgrade").any(|line| line.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME)))
    }

    /// Whether a browser's script could have sent the request to open a WebSocket. Scripts cannot set other header fields on it.
    pub fn is_websocket_of_page(self) -> bool {
        self.method() == "GET" && self.is_websocket()
    }
}

impl<H: RequestHead> Fields for Head<'_, H> {
    fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.bytes(name)
    }

    fn has_name(&self, is_it: impl Fn(&str) -> bool) -> bool {
        H::has_field(self.0, is_it)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A framework for tests, whose requests are their parts.
    pub(crate) enum TestFramework {}

    /// A request that is its parts.
    #[derive(Default)]
    pub(crate) struct TestRequest {
        pub(crate) method: &'static str,
        pub(crate) query: String,
        pub(crate) certificate: Option<Vec<u8>>,
        pub(crate) lines: Vec<(&'static str, Vec<u8>)>,
    }

    impl RequestHead for TestFramework {
        type Request = TestRequest;
        type Line = Vec<u8>;

        fn method(request: &TestRequest) -> &str {
            request.method
        }

        fn path(_: &TestRequest) -> &str {
            "/"
        }

        fn query(request: &TestRequest) -> &str {
            &request.query
        }

        fn authority(_: &TestRequest) -> Option<&str> {
            None
        }

        fn peer(_: &TestRequest) -> Option<SocketAddr> {
            None
        }

        fn peer_certificate(request: &TestRequest) -> Option<&[u8]> {
            request.certificate.as_deref()
        }

        fn lines<'r>(request: &'r TestRequest, name: &str) -> impl Iterator<Item = &'r Vec<u8>> + use<'r> {
            let lines = request.lines.iter().filter(|(known, _)| *known == name).map(|(_, line)| line);
            lines.collect::<Vec<_>>().into_iter()
        }

        fn has_field(request: &TestRequest, matches: impl Fn(&str) -> bool) -> bool {
            request.lines.iter().any(|(name, _)| matches(name))
        }

        fn path_parameter(_: &TestRequest, _: &str) -> Option<String> {
            None
        }

        fn route_pattern(_: &TestRequest) -> Option<String> {
            None
        }
    }
}
