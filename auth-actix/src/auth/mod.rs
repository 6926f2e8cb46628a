//! [`Auth`] and its builder. Each invalid setting is a variant of [`BuildError`], so that it is found at start-up and not by a
//! request.

mod accounts;
mod build;
mod builder;
mod open;
#[cfg(feature = "session")]
mod sessions;

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use auth_core::engine::Engine;
pub use auth_core::scheme::build_error::BuildError;

pub use self::builder::AuthBuilder;
use crate::adapter::Actix;
use crate::respond::ResponseSettings;

/// The authorization configuration of an application: the accepted credentials and the format of denials.
///
/// It is cheap to clone. Build one before `HttpServer::new`, and give a clone to each worker.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, require_auth};
///
/// #[require_auth]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let auth = Auth::builder()
///     .realm("reports")
///     .bearer(Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports"))
///     .build()?;
/// let app = move || App::new().service(auth.scope("/api").service(reports));
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth(Arc<AuthInner>);

struct AuthInner {
    engine: Engine<Actix>,
    answers: ResponseSettings,
    /// The realm, and the address of a session store in the memory of this process.
    in_memory: Option<(String, usize)>,
}

/// Takes the socket's peer as the client, because there is no proxy. The argument of [`AuthBuilder::client_address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer;

impl Auth {
    /// Returns a builder without settings.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    pub(crate) fn responses(&self) -> &ResponseSettings {
        &self.0.answers
    }

    pub(crate) fn engine(&self) -> &Engine<Actix> {
        &self.0.engine
    }

    /// Returns whether both are clones of the same `Auth`.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The registered `Auth`s with sessions in the memory of this process.
static IN_MEMORY: Mutex<Vec<(Weak<AuthInner>, String, usize)>> = Mutex::new(Vec::new());

impl Auth {
    /// Records that handlers are registered with this `Auth`. Logs an error if another `Auth` of the same realm has its own session
    /// store in memory: it was probably built in each worker, so each session exists in one worker only.
    pub(crate) fn register(&self) {
        let Some((realm, address)) = &self.0.in_memory else { return };
        let mut known = IN_MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(auth, ..)| auth.strong_count() > 0);
        if known.iter().any(|(auth, ..)| std::ptr::eq(auth.as_ptr(), Arc::as_ptr(&self.0))) {
            return;
        }
        if known.iter().any(|(_, other, store)| other == realm && store != address) {
            tracing::error!(
                target: "auth_actix", realm,
                "two `Auth`s of one realm have separate session stores in memory: build the `Auth` before `HttpServer::new`, and clone it into each worker"
            );
        }
        known.push((Arc::downgrade(&self.0), realm.clone(), *address));
    }
}

/// A reference from settings to the `Auth` that is built with them. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct AuthLink(Arc<OnceLock<Weak<AuthInner>>>);

impl AuthLink {
    /// Returns whether an `Auth` was built.
    pub(crate) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// Returns the `Auth`. `None` before it is built, and after all of its clones were dropped.
    pub(crate) fn get(&self) -> Option<Auth> {
        self.0.get()?.upgrade().map(Auth)
    }

    fn set(&self, auth: &Auth) {
        let _ = self.0.set(Arc::downgrade(&auth.0));
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Auth").field(&self.0.engine).finish()
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests;
