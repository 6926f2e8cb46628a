//! [`Auth`] and its builder. Each wrong setting is a variant of [`BuildError`], so no request finds out.

mod build;
mod builder;
#[cfg(feature = "session")]
mod sessions;

use std::sync::{Arc, Mutex, PoisonError};

use auth_core::engine::Engine;
pub use auth_core::scheme::build_error::BuildError;

pub use self::builder::AuthBuilder;
use crate::adapter::Actix;
use crate::respond::ResponseSettings;

/// The authorization of an application: which credentials it accepts, and how it answers. Cheap to clone; make one, and
/// give each worker a clone.
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
    /// The realm and the address of a session store that is in the memory of this process.
    in_memory: Option<(String, usize)>,
}

/// The socket's peer is the client: there is no proxy. For [`AuthBuilder::client_address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer;

impl Auth {
    /// Begins with no settings.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    pub(crate) fn responses(&self) -> &ResponseSettings {
        &self.0.answers
    }

    pub(crate) fn engine(&self) -> &Engine<Actix> {
        &self.0.engine
    }

    /// Whether both are clones of one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The `Auth`s that handlers were registered with whose sessions are in the memory of this process.
static IN_MEMORY: Mutex<Vec<(std::sync::Weak<AuthInner>, String, usize)>> = Mutex::new(Vec::new());

impl Auth {
    /// Takes note that handlers are registered with it. A second one of its realm, with sessions of its own, is most likely one for
    /// each worker: then a session is known to one worker only.
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
                "two `Auth`s of one realm keep sessions in memory, each its own: built in each worker? Build it before `HttpServer::new`, and clone it"
            );
        }
        known.push((Arc::downgrade(&self.0), realm.clone(), *address));
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Auth").field(&self.0.engine).finish()
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests;
