//! The body of a request whose rule reads the key of an object from it (OBJ-2).
//!
//! # Why
//! The body is read in the decision, so that no extractor sees bytes that were not decided on. Afterwards, the extractors of the handler
//! get the same bytes.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::BodyBuffer;
use auth_core::runtime::timeout::with_timeout;
use futures_core::Stream;

use super::auth_of;
use crate::principal::Principal;

/// The body of a request, kept until the request is answered.
struct ReadBody {
    bytes: Bytes,
    _buffer: BodyBuffer,
}

/// A mark that bytes of the body were received.
struct BodyBegun;

/// A payload of bytes that were received.
struct Received(Option<Bytes>);

impl Stream for Received {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}

/// Returns the body. Reads it, unless that was done, and replaces the payload by one with the same bytes.
///
/// # Errors
/// The body is not JSON in UTF-8, too large or too slow, or the buffers are full.
pub(crate) async fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
    caller: Option<&Principal>,
) -> Result<Bytes, Denial> {
    if let Some(body) = request.extensions().get::<ReadBody>() {
        return Ok(body.bytes.clone());
    }
    let auth = auth_of(request).ok_or_else(|| Denial::new(Reason::SetUp))?;
    let buffer = auth.engine().read_body(request, caller.map(|caller| &**caller))?;
    let slow = || Denial { cause: Some("the body did not arrive in time"), ..Denial::new(Reason::BodyTimeout) };
    let mut buffer = with_timeout(receive(request, payload, buffer)).await.ok_or_else(slow)??;
    let bytes = Bytes::from(buffer.take());
    *payload = Payload::from(Box::pin(Received(Some(bytes.clone()))) as Pin<Box<dyn Stream<Item = _>>>);
    request.extensions_mut().insert(ReadBody { bytes: bytes.clone(), _buffer: buffer });
    Ok(bytes)
}

async fn receive(request: &HttpRequest, payload: &mut Payload, mut buffer: BodyBuffer) -> Result<BodyBuffer, Denial> {
    while let Some(chunk) = std::future::poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await {
        request.extensions_mut().insert(BodyBegun);
        let broken = |_| Denial { cause: Some("the body is incomplete"), ..Denial::new(Reason::MalformedBody) };
        buffer.push(&chunk.map_err(broken)?)?;
    }
    Ok(buffer)
}

/// Counts a refusal if bytes of the body were received (OBJ-3). Removes a body that was received completely, so that the connection
/// remains usable.
pub(super) async fn refuse_body(request: &HttpRequest, payload: &mut Payload) {
    if request.extensions().get::<BodyBegun>().is_none() {
        return;
    }
    if request.extensions_mut().remove::<ReadBody>().is_some() {
        *payload = Payload::None;
    }
    if let Some(auth) = auth_of(request) {
        auth.engine().count_refused_body(request).await;
    }
}
