//! Caching headers of responses. A response that was granted by the client's address, an API key or a cookie is private to that
//! client, so a shared cache must not reuse it. RFC 9111 §3.5 protects only responses to requests with `Authorization`. A response
//! that sets a session cookie must not be stored at all.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE, VARY};
use auth_core::engine::{RequestState, ResponseHints};
use auth_core::scheme::Subprotocol;
use pin_project_lite::pin_project;

use crate::adapter;
use crate::auth::Auth;
use crate::respond::DPOP_NONCE;

/// Adds `Cache-Control: private` if an address, an API key or a cookie decided and the handler sets no `Cache-Control`.
#[doc(hidden)]
#[derive(Debug)]
pub struct PrivateService<S>(S, Rc<Auth>);

/// Returns a function that wraps a service whose requests this `Auth` decides.
pub(super) fn answers_of<S>(auth: Auth) -> impl Fn(S) -> PrivateService<S> {
    let auth = Rc::new(auth);
    move |service| {
        // All scopes are registered at this point, so all vocabularies are known.
        auth.engine().check_names();
        PrivateService(service, Rc::clone(&auth))
    }
}

impl<S, B> Service<ServiceRequest> for PrivateService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = PrivateFuture<S::Future>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        PrivateFuture { answer: self.0.call(request), auth: Rc::clone(&self.1) }
    }
}

pin_project! {
    #[doc(hidden)]
    pub struct PrivateFuture<F> {
        #[pin]
        answer: F,
        auth: Rc<Auth>,
    }
}

impl<F, B> Future for PrivateFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = this.answer.poll(context);
        if this.auth.engine().affects_responses()
            && let Poll::Ready(Ok(answer)) = &mut answer
        {
            let hints = adapter::update(answer.request(), RequestState::take_hints);
            settle(hints, answer.headers_mut(), this.auth);
            choose_subprotocol(answer, this.auth);
        }
        answer
    }
}

/// Selects the subprotocol that preceded a token, unless the handler selects one. Otherwise browsers close the WebSocket.
fn choose_subprotocol<B>(answer: &mut ServiceResponse<B>, auth: &Auth) {
    let Some(Subprotocol(Some(name))) = auth.engine().part() else { return };
    let offered = answer.request().headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|line| line.to_str().ok());
    let is_offered = offered.is_some_and(|line| line.split(',').any(|protocol| protocol.trim() == name));
    let is_open = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if is_open
        && is_offered
        && !answer.headers().contains_key(SEC_WEBSOCKET_PROTOCOL)
        && let Ok(name) = HeaderValue::from_str(name)
    {
        answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
}

#[cold]
fn add_vary(names: &[String], headers: &mut HeaderMap) {
    // Names of headers are tokens, which are valid in a header.
    for name in names.iter().filter_map(|name| HeaderValue::try_from(name).ok()) {
        headers.append(VARY, name);
    }
}

/// Adds the headers that depend on how the request was decided.
pub(crate) fn settle(hints: ResponseHints, headers: &mut HeaderMap, auth: &Auth) {
    let ResponseHints { private, cookie, vary, delete_cookie, next_nonce } = hints;
    let line = |text: String| HeaderValue::try_from(text).ok();
    let (delete_cookie, next_nonce) = (delete_cookie.and_then(line), next_nonce.and_then(line));
    if cookie {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
    if let Some(names) = vary {
        add_vary(&names, headers);
    }
    let schemes = auth.engine().schemes();
    let is_ours = |line: &HeaderValue| schemes.iter().any(|scheme| scheme.sets_cookie(line.as_bytes()));
    let sets_ours = schemes.read_cookies() && headers.get_all(SET_COOKIE).any(is_ours);
    if let Some(delete) = delete_cookie.as_ref().filter(|_| !sets_ours) {
        headers.append(SET_COOKIE, delete.clone());
    }
    let stale_if_stored = sets_ours || delete_cookie.is_some() || next_nonce.is_some();
    if let Some(nonce) = next_nonce {
        headers.insert(DPOP_NONCE, nonce);
    }
    if stale_if_stored {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else if (private || cookie) && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}
