//! Answers that the client's address decided are for that client: a shared cache must not hand them on (RFC 9111 §3.5
//! protects only what came with an `Authorization` header).

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use pin_project_lite::pin_project;

use crate::outcome;

/// Adds `Cache-Control: private` where an address decided and the handler says nothing else.
pub(super) struct PrivateAnswers;

pub(super) struct PrivateService<S>(S);

impl<S, B> Transform<S, ServiceRequest> for PrivateAnswers
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = PrivateService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(PrivateService(service)))
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
        PrivateFuture { answer: self.0.call(request) }
    }
}

pin_project! {
    pub(super) struct PrivateFuture<F> {
        #[pin]
        answer: F,
    }
}

impl<F, B> Future for PrivateFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut answer = ready!(self.project().answer.poll(context))?;
        if outcome::address_decided(answer.request()) && !answer.headers().contains_key(CACHE_CONTROL) {
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        Poll::Ready(Ok(answer))
    }
}
