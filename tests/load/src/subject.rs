//! Subjects of a measurement: a server that responds, or a part of its work.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{App, Error, web};
use auth_actix::web::GuardedRoute;
use auth_actix::{Auth, Rule};
use tokio::runtime::{self, Runtime};

use crate::Outcome;
use crate::handlers::{self, ByHand};

/// Something that can be run repeatedly.
pub trait Subject {
    /// Runs once. `measure` gets the part that is measured. Preparation, such as creating a request, happens outside of it.
    ///
    /// # Errors
    /// The result is unexpected.
    fn run(&self, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Outcome<()>;
}

/// A server, its request, and the expected status.
pub struct Asked(pub Box<dyn Server>, pub Ask);

impl Subject for Asked {
    fn run(&self, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Outcome<()> {
        let Self(server, ask) = self;
        let (mut request, mut status) = (Some(ask.request()?), None);
        measure(&mut || status = request.take().and_then(|request| server.answer(request)));
        if status == Some(ask.expected) {
            Ok(())
        } else {
            Err(format!("expected status {}, found {status:?}", ask.expected).into())
        }
    }
}

/// A subject that needs a runtime for its timeouts. Nothing waits for the runtime while it is measured.
pub struct InRuntime(Runtime, Box<dyn Subject>);

impl InRuntime {
    /// Creates a runtime for the subject.
    ///
    /// # Errors
    /// The runtime cannot be created.
    pub fn new(subject: Box<dyn Subject>) -> Outcome<Self> {
        Ok(Self(runtime::Builder::new_current_thread().enable_time().build()?, subject))
    }
}

impl Subject for InRuntime {
    fn run(&self, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Outcome<()> {
        let _entered = self.0.enter();
        self.1.run(measure)
    }
}

/// A function that returns whether its result is correct.
pub struct Function(pub Box<dyn Fn() -> bool>);

impl Subject for Function {
    fn run(&self, measure: &mut dyn FnMut(&mut dyn FnMut())) -> Outcome<()> {
        let mut holds = false;
        measure(&mut || holds = (self.0)());
        if holds { Ok(()) } else { Err("unexpected result".into()) }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    path: &'static str,
    header: HeaderName,
    /// Values that are used in turn. Empty if the request has no credential.
    credentials: Vec<String>,
    next: Cell<usize>,
    /// A header beside the credential.
    more: Option<(HeaderName, HeaderValue)>,
    body: Option<Bytes>,
    expected: u16,
}

impl Ask {
    /// Returns a request for this path, with these `Authorization` values in turn.
    pub fn new(path: &'static str, authorization: Vec<String>, expected: u16) -> Self {
        Self {
            path,
            header: AUTHORIZATION,
            credentials: authorization,
            next: Cell::new(0),
            more: None,
            body: None,
            expected,
        }
    }

    /// Sends the credentials in another header.
    #[must_use]
    pub fn in_header(self, header: HeaderName) -> Self {
        Self { header, ..self }
    }

    /// Sends this credential instead, if there is one.
    pub(crate) fn replace_credential(&mut self, credential: Option<String>) {
        if let Some(credential) = credential {
            self.credentials = vec![credential];
        }
    }

    /// Sends another header beside the credential.
    #[must_use]
    pub fn beside(self, more: Option<(HeaderName, HeaderValue)>) -> Self {
        Self { more, ..self }
    }

    /// Sends a body.
    #[must_use]
    pub(crate) fn with_body(self, body: Option<Bytes>) -> Self {
        Self { body, ..self }
    }

    /// Builds the request as a server does: the header value is a slice of the input buffer, and a `GET` has no payload.
    ///
    /// # Errors
    /// The credential is not a valid header value.
    pub fn request(&self) -> Outcome<Request> {
        let mut request = TestRequest::get().uri(self.path);
        let turn = self.next.replace(self.next.get() + 1);
        if let Some(value) = self.credentials.get(turn % self.credentials.len().max(1)) {
            let mut read = BytesMut::from(format!("{value}\r\n").as_str());
            let value = HeaderValue::from_maybe_shared(read.split_to(value.len()).freeze())?;
            request = request.insert_header((self.header.clone(), value));
        }
        let request = self.more.iter().cloned().fold(request, TestRequest::insert_header);
        Ok(match &self.body {
            Some(body) => request.set_payload(body.clone()).to_request(),
            None => request.to_request().replace_payload(Payload::None).0,
        })
    }
}

/// An initialized application.
pub trait Server {
    /// Returns the status of the response, which is dropped. Returns `None` if the application would have to wait, which guarded
    /// handlers never do here.
    fn answer(&self, request: Request) -> Option<u16>;
}

struct Ready<S>(S);

impl<S, B> Server for Ready<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn answer(&self, request: Request) -> Option<u16> {
        // A server converts an error to a response, so the conversion is part of the cost of a denial.
        Some(match at_once(self.0.call(request))? {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.error_response().status().as_u16(),
        })
    }
}

/// Returns the output of a future that is immediately ready.
pub fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// Initializes the application.
///
/// # Errors
/// The application is not ready at once.
pub fn ready<T, B>(app: App<T>) -> Outcome<Box<dyn Server>>
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    B: MessageBody + 'static,
{
    let service = at_once(init_service(app)).ok_or("the application is not ready at once")?;
    Ok(Box::new(Ready(service)))
}

/// The structure of an application around its handler.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `App::route`, with the `Auth` as `app_data`.
    App,
    /// A scope (`auth.scope("/api")`), with an optional rule.
    Scope(Option<fn() -> &'static Rule>),
    /// A scope in a scope, each with its rule.
    Nested(fn() -> &'static Rule, fn() -> &'static Rule),
}

impl Shape {
    /// Returns the path of the handler.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::App | Self::Scope(_) => "/api/admin",
            Self::Nested(..) => "/api/inner/admin",
        }
    }
}

/// Returns the paths of routes that are registered before the requested one. Routes are searched in order.
fn before(routes: usize) -> impl Iterator<Item = String> {
    (1..routes).map(|number| format!("/area/{number}"))
}

/// Returns a server with a plain actix handler.
pub(crate) fn plain(shape: Shape, routes: usize, by_hand: Option<ByHand>) -> Outcome<Box<dyn Server>> {
    let route = if by_hand.is_some() { || web::get().to(handlers::by_hand) } else { || web::get().to(handlers::bare) };
    let app = by_hand.into_iter().fold(App::new(), |app, by_hand| app.app_data(web::Data::new(by_hand)));
    let fill = |scope| before(routes).fold(scope, |scope: actix_web::Scope, path| scope.route(&path, route()));
    match shape {
        Shape::App => {
            let app = before(routes).fold(app, |app, path| app.route(&format!("/api{path}"), route()));
            ready(app.route(shape.path(), route()))
        }
        Shape::Scope(_) => ready(app.service(fill(web::scope("/api")).route("/admin", route()))),
        Shape::Nested(..) => {
            let inner = fill(web::scope("/inner")).route("/admin", route());
            ready(app.service(web::scope("/api").service(inner)))
        }
    }
}

/// Functions that register a handler with a rule in a scope or in an application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    pub(crate) in_scope: fn() -> GuardedRoute,
    pub(crate) in_app: fn() -> actix_web::Route,
}

/// Creates a [`Handler`] for a function.
macro_rules! handler {
    ($function:path) => {
        $crate::subject::Handler {
            in_scope: || auth_actix::web::get().to($function),
            in_app: || actix_web::web::get().to($function),
        }
    };
}
pub(crate) use handler;

/// Returns a server whose handler has a rule. `inner` is the `Auth` of the inner scope, if there are two.
pub(crate) fn guarded(
    shape: Shape,
    routes: usize,
    handler: Handler,
    auth: &Auth,
    inner: &Auth,
) -> Outcome<Box<dyn Server>> {
    let route = handler.in_scope;
    match shape {
        Shape::App => {
            let app = App::new().app_data(auth.clone());
            let app = before(routes).fold(app, |app, path| app.route(&format!("/api{path}"), (handler.in_app)()));
            ready(app.route(shape.path(), (handler.in_app)()))
        }
        Shape::Scope(rule) => {
            let scope = rule.iter().fold(auth.scope("/api"), |scope, rule| scope.require(rule()));
            let scope = before(routes).fold(scope, |scope, path| scope.route(&path, route()));
            ready(App::new().service(scope.route("/admin", route())))
        }
        Shape::Nested(outer_rule, inner_rule) => {
            let inner = inner.scope("/inner").require(inner_rule());
            let inner = before(routes).fold(inner, |scope, path| scope.route(&path, route()));
            let inner = inner.route("/admin", route());
            ready(App::new().service(auth.scope("/api").require(outer_rule()).service(inner)))
        }
    }
}
