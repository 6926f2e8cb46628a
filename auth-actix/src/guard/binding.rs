//! The scopes around a handler, their rules, and the `Auth` of each.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::HttpRequest;
use auth_core::engine::Engine;
use auth_core::engine::layers::Layers;
use auth_core::policy::decision::Rules;
use auth_core::policy::rule::Rule;

use crate::adapter::Actix;
use crate::auth::Auth;

/// The binding of a scope's handlers: the scope's `Auth`, which no `app_data` can replace, its rule, and the enclosing scope.
pub(crate) struct Binding {
    /// The `Auth` of the scope. `None` if the scope uses that of the enclosing scope.
    auth: Option<Auth>,
    rule: OnceLock<&'static Rule>,
    around: OnceLock<Arc<Binding>>,
    /// The path prefix, relative to the enclosing scope.
    path: String,
    /// Whether each route whose pattern names an object must check access to it.
    strict: bool,
    /// The types of the middleware around the scope, which may respond by itself.
    middleware: Mutex<Vec<&'static str>>,
    /// The number of route guards.
    guards: AtomicUsize,
    /// Set if a plain actix scope encloses this one. The path of such a scope is unknown.
    in_foreign: OnceLock<()>,
    layers: OnceLock<Vec<Layer>>,
}

/// One decision: an `Auth`, and the rules of its scopes.
pub(super) struct Layer {
    auth: Auth,
    rules: Vec<&'static Rule>,
}

impl Binding {
    pub(crate) fn new(auth: Option<&Auth>, path: &str, strict: bool) -> Arc<Self> {
        Arc::new(Self {
            auth: auth.cloned(),
            rule: OnceLock::new(),
            around: OnceLock::new(),
            path: path.to_owned(),
            strict,
            middleware: Mutex::default(),
            guards: AtomicUsize::new(0),
            in_foreign: OnceLock::new(),
            layers: OnceLock::new(),
        })
    }

    /// Returns the `Auth` that decides. Returns `None` if neither the scope nor an enclosing one has one.
    pub(crate) fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref().or_else(|| self.around.get()?.auth())
    }

    /// Returns the path prefix, relative to the enclosing scope.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Sets the rule of the scope. Returns `false` if it already has one.
    pub(crate) fn require(&self, rule: &'static Rule) -> bool {
        self.rule.set(rule).is_ok()
    }

    pub(crate) fn nest_in(&self, around: &Arc<Self>) {
        // A scope is moved into at most one other scope.
        let _ = self.around.set(Arc::clone(around));
    }

    /// Runs the registration of the services in this scope. A scope of this crate that is registered meanwhile becomes nested in
    /// this one, even if plain actix scopes are between the two. Plain scopes cannot report the nesting.
    pub(crate) fn registering<R>(self: &Arc<Self>, register: impl FnOnce() -> R) -> R {
        let before = AROUND.replace(Some(Arc::clone(self)));
        let registered = register();
        AROUND.set(before);
        registered
    }

    /// Nests this scope in the scope that is being registered. Has no effect if it is already nested. A scope that is not nested
    /// yet was registered in a plain actix scope, unless it is at the root of the application.
    pub(crate) fn nest_in_registering(&self, is_root: bool) {
        if self.around.get().is_some() {
            return;
        }
        let around = AROUND.with_borrow(Option::clone);
        if around.is_some() || !is_root {
            let _ = self.in_foreign.set(());
        }
        if let Some(around) = around {
            self.nest_in(&around);
        }
    }

    /// Returns the complete path prefix, from the outside in. Returns `None` if it is unknown.
    pub(crate) fn pattern_so_far(&self) -> Option<String> {
        let before = match self.around.get() {
            Some(around) => around.pattern_so_far()?,
            None => String::new(),
        };
        self.in_foreign.get().is_none().then(|| before + &self.path)
    }

    /// Returns the layers, from the outside in. The last one also decides on the rule of the handler. They are computed at the
    /// first call, after all scopes are nested.
    fn layers(&self) -> &[Layer] {
        self.layers.get_or_init(|| self.layers_so_far())
    }

    fn layers_so_far(&self) -> Vec<Layer> {
        let mut scopes = vec![self];
        while let Some(around) = scopes.last().and_then(|inner| inner.around.get()) {
            scopes.push(around);
        }
        scopes.reverse();
        let mut layers: Vec<Layer> = Vec::new();
        for scope in scopes {
            match (layers.last_mut(), &scope.auth) {
                (Some(layer), None) => layer.rules.extend(scope.rule.get()),
                (Some(layer), Some(auth)) if layer.auth.is(auth) => layer.rules.extend(scope.rule.get()),
                (_, Some(auth)) => {
                    let rules = scope.rule.get().copied().into_iter().collect();
                    layers.push(Layer { auth: auth.clone(), rules });
                }
                // Such a scope does not start, nor do its services.
                (None, None) => {}
            }
        }
        layers
    }

    /// Returns the rules of this scope and of enclosing scopes that share its `Auth`, as nested so far.
    pub(crate) fn rules_so_far(&self) -> Vec<&'static Rule> {
        self.layers_so_far().pop().map(|layer| layer.rules).unwrap_or_default()
    }

    /// Returns whether the sessions of this scope and of an enclosing one, with different `Auth`s, use the same cookie.
    pub(crate) fn sessions_clash_so_far(&self) -> bool {
        #[cfg(feature = "session")]
        {
            let layers = self.layers_so_far();
            let sessions: Vec<_> = layers
                .iter()
                .filter_map(|layer| layer.auth.engine().part::<auth_core::scheme::session::SessionVerifier>())
                .collect();
            let Some((inner, around)) = sessions.split_last() else { return false };
            around.iter().any(|outer| outer.clashes_with(inner))
        }
        #[cfg(not(feature = "session"))]
        false
    }

    /// Returns the number of layers.
    pub(crate) fn count_so_far(&self) -> usize {
        self.layers_so_far().len()
    }

    /// Returns the rules of this scope and of all enclosing scopes, from the outside in.
    pub(crate) fn all_rules_so_far(&self) -> Vec<&'static Rule> {
        self.layers_so_far().into_iter().flat_map(|layer| layer.rules).collect()
    }

    /// Records middleware around the scope.
    pub(crate) fn add_middleware(&self, kind: &'static str) {
        self.middleware.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
    }

    /// Returns notes on the middleware around this scope and enclosing scopes, from the outside in.
    pub(crate) fn middleware_so_far(&self) -> Vec<String> {
        let mut all = self.around.get().map(|around| around.middleware_so_far()).unwrap_or_default();
        let own = self.middleware.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(own.iter().rev().map(|kind| format!("middleware: {kind}")));
        all
    }

    /// Records a route guard.
    pub(crate) fn add_guard(&self) {
        self.guards.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether the scope has route guards.
    pub(crate) fn has_guards(&self) -> bool {
        self.guards.load(Ordering::Relaxed) > 0
    }

    /// Returns the number of route guards of this scope and enclosing scopes.
    pub(crate) fn guards_so_far(&self) -> usize {
        let around = self.around.get().map_or(0, |around| around.guards_so_far());
        around + self.guards.load(Ordering::Relaxed)
    }

    /// Returns whether this scope or an enclosing one is strict.
    pub(crate) fn is_strict_so_far(&self) -> bool {
        self.strict || self.around.get().is_some_and(|around| around.is_strict_so_far())
    }

    /// Returns whether the rule of this scope or of an enclosing one makes denials look like the response to an unknown path.
    pub(crate) fn hides_so_far(&self) -> bool {
        self.layers_so_far().iter().flat_map(|layer| &layer.rules).any(|rule| rule.not_found)
    }
}

thread_local! {
    /// The scope that is being registered: actix registers the services in a scope during the registration of the scope.
    static AROUND: RefCell<Option<Arc<Binding>>> = const { RefCell::new(None) };
}

/// A [`DecisionSite`] that outlives the routing of the request.
#[derive(Clone)]
pub(super) enum OwnedPlace {
    Scope(Arc<Binding>, Auth),
    App(Auth),
}

impl OwnedPlace {
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        match request.app_data::<Arc<Binding>>() {
            Some(binding) => binding.auth().map(|auth| Self::Scope(Arc::clone(binding), auth.clone())),
            None => request.app_data::<Auth>().cloned().map(Self::App),
        }
    }

    pub(super) fn place(&self) -> DecisionSite<'_> {
        match self {
            Self::Scope(binding, auth) => DecisionSite::Scope(binding, auth),
            Self::App(auth) => DecisionSite::App(auth),
        }
    }
}

/// The scope or the application that decides on a request.
#[derive(Clone, Copy)]
pub(super) enum DecisionSite<'a> {
    Scope(&'a Binding, &'a Auth),
    App(&'a Auth),
}

impl<'a> DecisionSite<'a> {
    /// Returns the innermost of our scopes, or the `Auth` in the application's `app_data`.
    pub(super) fn of(request: &'a HttpRequest) -> Option<Self> {
        match request.app_data::<Arc<Binding>>() {
            Some(binding) => binding.auth().map(|auth| Self::Scope(binding, auth)),
            None => request.app_data::<Auth>().map(Self::App),
        }
    }

    pub(super) fn auth(self) -> &'a Auth {
        match self {
            Self::Scope(_, auth) | Self::App(auth) => auth,
        }
    }

    /// Returns the `Auth` of the layer at `index`.
    pub(super) fn auth_of(self, index: usize) -> Option<&'a Auth> {
        match self {
            Self::App(auth) => (index == 0).then_some(auth),
            Self::Scope(binding, _) => binding.layers().get(index).map(|layer| &layer.auth),
        }
    }
}

impl<'a> Layers<'a, Actix> for DecisionSite<'a> {
    fn is_strict(self) -> bool {
        match self {
            Self::Scope(binding, _) => binding.is_strict_so_far(),
            Self::App(_) => false,
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Scope(binding, _) => binding.layers().len(),
            Self::App(_) => 1,
        }
    }

    fn layer(self, index: usize, handler: &'static Rule) -> Option<(&'a Engine<Actix>, Rules<'a>)> {
        match self {
            Self::App(auth) => (index == 0).then_some((auth.engine(), Rules { scopes: &[], handler })),
            Self::Scope(binding, _) => {
                let layers = binding.layers();
                let layer = layers.get(index)?;
                let last = index + 1 == layers.len();
                let handler = if last { handler } else { &PASS };
                Some((layer.auth.engine(), Rules { scopes: &layer.rules, handler }))
            }
        }
    }
}

/// A rule that adds nothing to the rules of scopes.
pub(crate) static PASS: Rule = Rule { text: "public", ..auth_core::policy::rule::PUBLIC };
