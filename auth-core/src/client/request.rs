//! The head of a request, as web frameworks provide it.

use std::net::SocketAddr;

use super::Fields;

/// Reads the head of the requests of a web framework. An adapter crate implements it for a type of its own, because neither the
/// request type of the framework nor this trait belongs to that crate.
pub trait RequestHead: Sized + 'static {
    /// The framework's request type.
    type Request: 'static;

    /// A field line. Cheap to clone.
    type Line: AsRef<[u8]> + Clone + PartialEq + 'static;

    /// Returns the method.
    fn method(request: &Self::Request) -> &str;

    /// Returns the path as it was sent, without the query.
    fn path(request: &Self::Request) -> &str;

    /// Returns the query without the question mark. Empty if there is no query.
    fn query(request: &Self::Request) -> &str;

    /// Returns the authority of the request target (HTTP/2 `:authority`, or a request target in absolute form).
    fn authority(request: &Self::Request) -> Option<&str>;

    /// Returns the peer of the connection, or `None` for a Unix socket.
    fn peer(request: &Self::Request) -> Option<SocketAddr>;

    /// Returns the client certificate in DER, if the connection uses TLS and the server has verified a certificate (RFC 8446
    /// §4.4.2).
    fn peer_certificate(request: &Self::Request) -> Option<&[u8]>;

    /// Returns the lines of a field in order. `name` is in lower case.
    fn lines<'r>(request: &'r Self::Request, name: &str) -> impl Iterator<Item = &'r Self::Line> + use<'r, Self>;

    /// Returns whether `matches` returns `true` for the lower-case name of a field.
    fn has_field(request: &Self::Request, matches: impl Fn(&str) -> bool) -> bool;

    /// Returns the decoded value of a parameter of the route pattern. `None` if the pattern does not contain the parameter, or
    /// contains it twice.
    fn path_parameter(request: &Self::Request, name: &str) -> Option<String>;

    /// Returns the pattern of the matched route.
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
    /// Returns the lines of a field as bytes. `name` is in lower case.
    pub fn bytes(self, name: &str) -> impl Iterator<Item = &'r [u8]> + use<'r, H> {
        H::lines(self.0, name).map(AsRef::as_ref)
    }

    /// Returns the method.
    pub fn method(self) -> &'r str {
        H::method(self.0)
    }

    /// Returns whether the request asks to open a WebSocket. Any `Upgrade` line that contains the name counts, because frameworks
    /// require no more.
    pub fn is_websocket(self) -> bool {
        const NAME: &[u8] = b"websocket";
        self.bytes("upgrade").any(|line| line.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME)))
    }

    /// Returns whether a script in a browser could have sent the request to open a WebSocket. Scripts cannot set other header
    /// fields on such a request.
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

    /// A framework for tests.
    pub(crate) enum TestFramework {}

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
