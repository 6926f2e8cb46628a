//! Where a request is decided on: the scopes around its handler, and the `Auth` of each.

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

/// What a scope binds its handlers to: its `Auth`, which no `app_data` replaces, its own rule, and the scope around it.
pub(crate) struct Binding {
    /// None where it is that of the scope around it.
    auth: Option<Auth>,
    rule: OnceLock<&'static Rule>,
    around: OnceLock<Arc<Binding>>,
    /// What the paths below it begin with.
    path: String,
    /// Whether each route in it whose pattern names an object has to ask about that.
    strict: bool,
    /// What is wrapped around it, by type: it may answer by itself.
    middleware: Mutex<Vec<&'static str>>,
    /// How many conditions of routing decide whether it is asked.
    guards: AtomicUsize,
    /// Whether some scope of actix stands around it, whose path nobody tells.
    in_foreign: OnceLock<()>,
    layers: OnceLock<Vec<Layer>>,
}

/// One decision: of an `Auth`, on the rules of its scopes.
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

    /// Who decides on its handlers; `None` where neither it nor a scope around it has been given one.
    pub(crate) fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref().or_else(|| self.around.get()?.auth())
    }

    /// The prefix of its paths, within the scope around it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Sets the scope's rule; `false` where it has one already.
    pub(crate) fn require(&self, rule: &'static Rule) -> bool {
        self.rule.set(rule).is_ok()
    }

    pub(crate) fn nest_in(&self, around: &Arc<Self>) {
        // A scope is given to one other scope, by value.
        let _ = self.around.set(Arc::clone(around));
    }

    /// Registers what stands in this scope. A scope of ours that is found there nests in this one, also where scopes of
    /// actix stand between: those cannot say so.
    pub(crate) fn registering<R>(self: &Arc<Self>, register: impl FnOnce() -> R) -> R {
        let before = AROUND.replace(Some(Arc::clone(self)));
        let registered = register();
        AROUND.set(before);
        registered
    }

    /// Nests in the scope that is being registered, if it is in none. Then some scope of actix stands between the two, or
    /// around this one where it is not at the root of the application.
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

    /// What the paths below this scope begin with, from the outside in; `None` where that is not known.
    pub(crate) fn pattern_so_far(&self) -> Option<String> {
        let before = match self.around.get() {
            Some(around) => around.pattern_so_far()?,
            None => String::new(),
        };
        self.in_foreign.get().is_none().then(|| before + &self.path)
    }

    /// The decisions, from the outside in; the last one is that of the handler too. Settled when first asked for, after
    /// all scopes were put together.
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
                // Such a scope does not start, nor does what stands in it.
                (None, None) => {}
            }
        }
        layers
    }

    /// The rules of this scope and of those around it that share its `Auth`, as far as they are put together.
    pub(crate) fn rules_so_far(&self) -> Vec<&'static Rule> {
        self.layers_so_far().pop().map(|layer| layer.rules).unwrap_or_default()
    }

    /// Whether the sessions of two `Auth`s, of this scope and those around it, take the cookies of each other for their own.
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

    /// How many `Auth`s decide one after the other.
    pub(crate) fn count_so_far(&self) -> usize {
        self.layers_so_far().len()
    }

    /// The rules of this scope and of all around it, from the outside in.
    pub(crate) fn all_rules_so_far(&self) -> Vec<&'static Rule> {
        self.layers_so_far().into_iter().flat_map(|layer| layer.rules).collect()
    }

    /// Takes note of middleware around the scope.
    pub(crate) fn add_middleware(&self, kind: &'static str) {
        self.middleware.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
    }

    /// The middleware around this scope and those around it, from the outside in.
    pub(crate) fn middleware_so_far(&self) -> Vec<String> {
        let mut all = self.around.get().map(|around| around.middleware_so_far()).unwrap_or_default();
        let own = self.middleware.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(own.iter().rev().map(|kind| format!("behind {kind}")));
        all
    }

    /// Takes note of a condition of routing.
    pub(crate) fn add_guard(&self) {
        self.guards.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether conditions of routing decide if this scope is asked.
    pub(crate) fn has_guards(&self) -> bool {
        self.guards.load(Ordering::Relaxed) > 0
    }

    /// How many decide that, of this scope and those around it.
    pub(crate) fn guards_so_far(&self) -> usize {
        let around = self.around.get().map_or(0, |around| around.guards_so_far());
        around + self.guards.load(Ordering::Relaxed)
    }

    /// Whether this scope, or one around it, is strict.
    pub(crate) fn is_strict_so_far(&self) -> bool {
        self.strict || self.around.get().is_some_and(|around| around.is_strict_so_far())
    }

    /// Whether this scope, or one around it, answers as an unknown path.
    pub(crate) fn hides_so_far(&self) -> bool {
        self.layers_so_far().iter().flat_map(|layer| &layer.rules).any(|rule| rule.not_found)
    }
}

thread_local! {
    /// The scope that is being registered: actix registers what stands in a scope while it registers the scope.
    static AROUND: RefCell<Option<Arc<Binding>>> = const { RefCell::new(None) };
}

/// A [`DecisionSite`] that outlives the request's way through its services.
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

/// Where a request is decided on.
#[derive(Clone, Copy)]
pub(super) enum DecisionSite<'a> {
    Scope(&'a Binding, &'a Auth),
    App(&'a Auth),
}

impl<'a> DecisionSite<'a> {
    /// The innermost scope of ours, or the `Auth` that the application was given as `app_data`.
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

    /// The `Auth` of the layer at `index`.
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

/// Adds nothing to the rules of scopes.
pub(crate) static PASS: Rule = Rule { text: "public", ..auth_core::policy::rule::PUBLIC };
