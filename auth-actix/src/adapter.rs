//! The adapter between the engine and actix-web: reads requests and stores their state.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderValue, UPGRADE};
use actix_web::{HttpMessage, HttpRequest};
use auth_core::Principal;
use auth_core::client::RequestHead;
use auth_core::engine::{Adapter, GivenRights, RequestState};
use auth_core::identity::issuer::Issuer;
use auth_core::store::accounts::TestAccount;

/// The actix-web framework, as the engine's [`Adapter`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Actix {}

impl RequestHead for Actix {
    type Request = HttpRequest;
    type Line = HeaderValue;

    fn method(request: &HttpRequest) -> &str {
        request.method().as_str()
    }

    fn path(request: &HttpRequest) -> &str {
        request.uri().path()
    }

    fn query(request: &HttpRequest) -> &str {
        request.query_string()
    }

    fn authority(request: &HttpRequest) -> Option<&str> {
        request.uri().authority().map(|authority| authority.as_str())
    }

    fn peer(request: &HttpRequest) -> Option<SocketAddr> {
        request.peer_addr()
    }

    fn peer_certificate(request: &HttpRequest) -> Option<&[u8]> {
        request.conn_data::<PeerCertificate>().map(|certificate| certificate.0.as_slice())
    }

    fn lines<'r>(request: &'r HttpRequest, name: &str) -> impl Iterator<Item = &'r HeaderValue> + use<'r> {
        // These names are read for every request, so they are not parsed each time.
        match name {
            "authorization" => request.headers().get_all(AUTHORIZATION),
            "cookie" => request.headers().get_all(COOKIE),
            "upgrade" => request.headers().get_all(UPGRADE),
            _ => request.headers().get_all(name),
        }
    }

    fn has_field(request: &HttpRequest, matches: impl Fn(&str) -> bool) -> bool {
        request.headers().keys().any(|name| matches(name.as_str()))
    }

    /// Decodes the value like a handler's `Path` argument.
    fn path_parameter(request: &HttpRequest, name: &str) -> Option<String> {
        let values: Vec<String> = request.match_info().load().unwrap_or_default();
        let parameters = request.match_info().iter().map(|(known, _)| known).zip(values);
        let mut found = parameters.filter(|(known, _)| *known == name);
        let first = found.next().map(|(_, value)| value);
        first.filter(|_| found.next().is_none())
    }

    fn route_pattern(request: &HttpRequest) -> Option<String> {
        request.match_pattern()
    }
}

/// The client certificate of a connection, in DER.
pub(crate) struct PeerCertificate(pub(crate) Vec<u8>);

impl Adapter for Actix {
    fn take_state(request: &HttpRequest) -> RequestState<Self> {
        request.extensions_mut().get_mut::<RequestState<Self>>().map(std::mem::take).unwrap_or_default()
    }

    fn put_state(request: &HttpRequest, state: RequestState<Self>) {
        if state.is_empty() {
            return;
        }
        let mut extensions = request.extensions_mut();
        match extensions.get_mut::<RequestState<Self>>() {
            Some(kept) => *kept = state,
            None => {
                extensions.insert(state);
            }
        }
    }

    #[cfg(feature = "test-util")]
    fn caller_override(request: &HttpRequest, sources: &[Arc<Issuer>]) -> Option<Principal> {
        let extensions = request.extensions();
        let CallerOverride(caller) = extensions.get()?;
        Some(caller(sources))
    }

    fn rights_override(request: &HttpRequest) -> Option<GivenRights> {
        request.extensions().get::<GivenRights>().cloned()
    }

    fn account_override(request: &HttpRequest) -> Option<TestAccount> {
        request.extensions().get::<TestAccount>().cloned()
    }
}

/// A caller that a test has set. A request received from a socket cannot contain one, and it is read only with the feature
/// `test-util`. Neither can such a request contain [`GivenRights`] or a [`TestAccount`].
pub(crate) struct CallerOverride(pub(crate) Box<dyn Fn(&[Arc<Issuer>]) -> Principal>);

/// Reads the state of a request. Returns `None` without a state.
pub(crate) fn read<T>(request: &HttpRequest, read: impl FnOnce(&RequestState<Actix>) -> Option<T>) -> Option<T> {
    request.extensions().get::<RequestState<Actix>>().and_then(read)
}

/// Changes the state of a request.
pub(crate) fn update<T>(request: &impl HttpMessage, update: impl FnOnce(&mut RequestState<Actix>) -> T) -> T {
    update(request.extensions_mut().get_or_insert_with(RequestState::default))
}
