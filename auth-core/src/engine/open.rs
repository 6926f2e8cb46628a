//! Open mode: its settings, and the requests that it refuses (TOKEN-19, TOKEN-20).
//!
//! # Why
//! A server without authentication relies on being reachable from its machine only. Three paths lead past that: a page of another site
//! that sends a request, a page whose host name was bound to a loopback address (DNS rebinding), and a proxy that forwards requests of
//! other machines. Each request is checked against all three, whatever the rule of its handler is.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Engine;
use super::request::Adapter;
use crate::client::Head;
use crate::client::address::indicates_proxy;
use crate::client::csrf::CrossSite;
use crate::identity::rights::Rights;
use crate::policy::facts::RequestRefusal;
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::open::OpenScheme;
use crate::scheme::settings::{Assembly, IssuerSettings};
use crate::store::accounts::ProvidedAccounts;

/// The settings of open mode, before validation.
#[derive(Default)]
pub struct OpenSettings {
    /// The reason why requests are not authenticated, and the rights of their caller. `None` without open mode.
    pub granted: Option<(String, Rights)>,
    /// The account of the caller.
    pub local_account: Option<Arc<dyn Any + Send + Sync>>,
    /// Whether requests of other machines are accepted.
    pub beyond_loopback: bool,
}

/// The configured open mode.
pub(super) struct OpenMode {
    why: String,
    rights: Rights,
    has_account: bool,
    beyond_loopback: bool,
}

impl OpenSettings {
    /// Returns whether open mode is configured.
    pub(super) fn is_open(&self) -> bool {
        self.granted.is_some()
    }

    /// Reports settings that are invalid beside others.
    pub(super) fn check(&self, issuers: &[IssuerSettings], is_behind_proxy: bool, mistakes: &mut Mistakes) {
        let Some((why, _)) = &self.granted else {
            let settings = [("local_account", self.local_account.is_some()), ("beyond_loopback", self.beyond_loopback)];
            let set = settings.into_iter().filter(|(_, is_set)| *is_set);
            return set.for_each(|(setting, _)| mistakes.add(BuildError::SettingOfOpenMode(setting)));
        };
        if why.trim().is_empty() {
            mistakes.add(BuildError::OpenWithoutReason(why.clone()));
        }
        if let Some(issuer) = issuers.first() {
            mistakes.add(BuildError::OpenBesideSource(issuer.method));
        }
        if is_behind_proxy && !self.beyond_loopback {
            mistakes.add(BuildError::OpenBehindProxy);
        }
    }

    /// Adds the scheme of all requests to the schemes, which are otherwise empty. [`check`](Self::check) reports others. `None` without
    /// open mode.
    ///
    /// # Errors
    /// The local account is not one of the provider.
    pub(super) fn prepare<H: Adapter>(
        self,
        accounts: Option<&ProvidedAccounts>,
        assembly: &mut Assembly<'_, H>,
    ) -> Result<Option<OpenMode>, BuildError> {
        let Some((why, rights)) = self.granted else { return Ok(None) };
        let loaded = |account| accounts.and_then(|accounts| accounts.local(&account)).ok_or(BuildError::LocalAccount);
        let account = self.local_account.map(loaded).transpose()?;
        let (has_account, beyond_loopback) = (account.is_some(), self.beyond_loopback);
        assembly.schemes.push(Arc::new(OpenScheme::new(rights.clone(), account, assembly.roles)));
        Ok(Some(OpenMode { why, rights, has_account, beyond_loopback }))
    }
}

/// Describes the mode, for the warning at start-up and for the access matrix.
impl fmt::Display for OpenMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if self.beyond_loopback { "" } else { " from this machine" };
        let Self { why, rights, .. } = self;
        write!(
            f,
            "open mode ({why}): every request{from} is local:administrator, without authentication, with {rights}"
        )
    }
}

impl<H: Adapter> Engine<H> {
    /// Returns whether requests are not authenticated.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Returns whether requests are not authenticated, and their caller has no account.
    pub(super) fn lacks_local_account(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.has_account)
    }

    /// Returns why open mode refuses a request, if it does. An unknown peer, as on a Unix socket, is not this machine, because it may be
    /// a proxy.
    pub(super) fn refusal_in_open_mode(&self, request: &H::Request) -> Option<RequestRefusal> {
        let open = self.open.as_ref()?;
        let head = Head::<H>(request);
        let is_local = || H::peer(request).is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        if !open.beyond_loopback && (!is_local() || indicates_proxy(&head)) {
            return Some(RequestRefusal::NotLocal);
        }
        if !self.hosts.are_all_asked(H::authority(request), &head) {
            return Some(RequestRefusal::OtherHost);
        }
        // Without information about the origin, the request comes from a program. Every current browser sends it with such requests.
        (self.cross_site(request) == CrossSite::Failed).then_some(RequestRefusal::OtherSite)
    }
}
