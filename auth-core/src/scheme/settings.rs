//! Settings of schemes, and their preparation at start-up.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::Authenticator;
use super::build_error::Mistakes;
use super::token_place::TokenPlace;
use crate::audit::Sink;
use crate::client::RequestHead;
use crate::identity::issuer::{LoginContext, LoginSetting, LoginSource, RoleTypes};
use crate::identity::scheme_id::SchemeId;
use crate::oidc::protected_resource::ProtectedResource;

/// The settings of one scheme, or of several related schemes.
pub trait SchemeSettings<H: RequestHead>: Any {
    /// Returns the position in the order of preparation. Schemes that depend on others are prepared after them.
    fn order(&self) -> u8;

    /// Returns what the settings of each issuer state.
    fn issuers(&self) -> Vec<IssuerSettings>;

    /// Checks the settings against the other settings.
    fn check(&self, _context: &SettingsContext<'_, H>, _mistakes: &mut Mistakes) {}

    /// Returns whether keys or cookies are for development.
    fn is_for_this_machine(&self) -> bool {
        false
    }

    /// Returns the number of sources that accept tokens without a form of their own, which could belong to any of them.
    fn accept_opaque_tokens(&self) -> usize {
        0
    }

    /// Returns whether tokens of any form are read in this place.
    fn reads_tokens_in(&self, _place: TokenPlace<'_>) -> bool {
        false
    }

    /// Returns whether a secret verifies tokens.
    fn has_secret(&self, _secret: &[u8]) -> bool {
        false
    }

    /// Prepares the schemes. `others` contains the settings that are prepared later.
    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, others: &AllSettings<H>, mistakes: &mut Mistakes);
}

/// The statements in the settings of an issuer that are mandatory if there are several issuers.
#[derive(Clone, Copy, Debug)]
pub struct IssuerSettings {
    /// The builder method.
    pub method: &'static str,
    /// Whether the issuer declares the names that it may confer.
    pub declares_confers: bool,
    /// Whether the credentials log in.
    pub login: LoginSetting,
}

/// Other settings that the settings of a scheme are checked against.
pub struct SettingsContext<'a, H: RequestHead> {
    /// Whether the application sets a realm.
    pub has_realm: bool,
    /// Whether the server is behind a proxy.
    pub is_behind_proxy: bool,
    /// Whether the proxies are identified by their addresses rather than only by their number.
    pub names_proxies: bool,
    /// The settings of all schemes.
    pub settings: &'a AllSettings<H>,
}

/// The settings of all schemes, at most one value of each type.
pub struct AllSettings<H: RequestHead>(Vec<Box<dyn SchemeSettings<H>>>);

impl<H: RequestHead> Default for AllSettings<H> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<H: RequestHead> AllSettings<H> {
    /// Returns the settings of this type, if present.
    pub fn get<S: SchemeSettings<H>>(&self) -> Option<&S> {
        self.0.iter().find_map(|settings| (&**settings as &dyn Any).downcast_ref())
    }

    /// Sets or replaces the settings of this type.
    pub fn set<S: SchemeSettings<H>>(&mut self, settings: S) {
        self.0.retain(|other| (&**other as &dyn Any).type_id() != TypeId::of::<S>());
        self.0.push(Box::new(settings));
    }

    /// Changes the settings of this type. Inserts the default first if there are none.
    pub fn update<S: SchemeSettings<H> + Default>(&mut self, change: impl FnOnce(&mut S)) {
        let mut known = self.0.iter_mut().filter_map(|settings| (&mut **settings as &mut dyn Any).downcast_mut());
        if let Some(settings) = known.next() {
            change(settings);
            return;
        }
        let mut settings = S::default();
        change(&mut settings);
        self.0.push(Box::new(settings));
    }

    /// Returns an iterator over all settings.
    pub fn iter(&self) -> impl Iterator<Item = &dyn SchemeSettings<H>> {
        self.0.iter().map(|settings| &**settings)
    }

    /// Removes and returns the settings that are prepared next.
    fn take_next(&mut self) -> Option<Box<dyn SchemeSettings<H>>> {
        let (index, _) = self.0.iter().enumerate().min_by_key(|(_, settings)| settings.order())?;
        Some(self.0.remove(index))
    }
}

/// The context in which schemes are prepared, and the results so far.
pub struct Assembly<'a, H: RequestHead> {
    /// The realm.
    pub realm: &'a str,
    /// The accepted role types.
    pub roles: &'a RoleTypes,
    /// The identifier of this server as a protected resource.
    pub resource: Option<&'a ProtectedResource>,
    /// The context of settings about logins.
    pub(crate) logins: LoginContext,
    /// The schemes.
    pub schemes: Vec<Arc<dyn Authenticator<H>>>,
    /// The path of the login page.
    pub login_page: Option<String>,
    /// Whether logins check passwords.
    pub checks_passwords: bool,
    /// Whether handlers can issue tickets.
    pub issues_tickets: bool,
    /// The audit sink.
    pub sink: Option<Arc<dyn Sink>>,
    /// The address of the session store, if it is in the memory of this process.
    pub memory_address: Option<usize>,
    pub(crate) handles: Handles,
}

impl<'a, H: RequestHead> Assembly<'a, H> {
    pub(crate) fn new(
        realm: &'a str,
        roles: &'a RoleTypes,
        resource: Option<&'a ProtectedResource>,
        login_page: Option<String>,
        logins: LoginContext,
    ) -> Self {
        Self {
            realm,
            roles,
            resource,
            logins,
            schemes: Vec::new(),
            login_page,
            checks_passwords: false,
            issues_tickets: false,
            sink: None,
            memory_address: None,
            handles: Handles::default(),
        }
    }

    /// Prepares all schemes and sorts them in the order of the built-in schemes.
    pub(crate) fn prepare_all(
        mut self,
        mut settings: AllSettings<H>,
        sink: Option<Arc<dyn Sink>>,
        mistakes: &mut Mistakes,
    ) -> Self {
        self.sink = sink;
        while let Some(next) = settings.take_next() {
            next.prepare(&mut self, &settings, mistakes);
        }
        self.schemes.sort_by_key(|scheme| position(scheme.scheme()));
        self
    }

    /// Returns the effect of the credentials of an issuer with this setting.
    pub fn login_source(&self, setting: LoginSetting) -> LoginSource {
        self.logins.source(setting)
    }

    /// Provides a part of a scheme, by its type, to extractors and endpoints.
    pub fn provide<T: Send + Sync + 'static>(&mut self, part: Arc<T>) {
        self.handles.0.push(part);
    }

    /// Returns a part that an earlier scheme provided.
    pub fn part<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.handles.0.iter().find_map(|part| Arc::clone(part).downcast().ok())
    }
}

/// Parts of schemes for extractors and endpoints, by their types.
#[derive(Default)]
pub(crate) struct Handles(Vec<Arc<dyn Any + Send + Sync>>);

impl Handles {
    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|part| part.downcast_ref())
    }
}

/// Returns the sort position of a scheme. Built-in schemes precede custom ones.
fn position(scheme: SchemeId) -> usize {
    let built_in = SchemeId::BUILT_IN.into_iter().chain(SchemeId::OF_TOKENS);
    built_in.into_iter().position(|other| other == scheme).unwrap_or(usize::MAX)
}

/// Logs a warning at start-up. Prints it to standard error if no log subscriber is set.
#[allow(clippy::print_stderr, reason = "a log subscriber may be absent")]
pub(crate) fn warn(what: &str) {
    tracing::warn!(target: "auth_actix", "{what}");
    if !tracing::dispatcher::has_been_set() {
        eprintln!("auth-actix: {what}");
    }
}
