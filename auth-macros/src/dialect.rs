//! The web framework whose handlers are guarded. No other module depends on it.

/// The names and limits of a web framework, and those of the crate that adapts it.
pub(crate) struct Dialect {
    /// The crate that re-exports the macros. `crate = …` replaces it.
    pub(crate) facade: &'static str,
    /// Attributes that turn a function into a service. Their first string is the pattern of the route.
    route_attributes: &'static [&'static str],
    /// The route attribute that names its methods by `method_key`. The others are methods themselves.
    any_method_attribute: &'static str,
    /// The attribute without arguments that joins the route attributes below it.
    joining_attribute: &'static str,
    /// Attributes that can contain a path and are not route attributes.
    other_attributes: &'static [&'static str],
    /// The key of a method in a route attribute.
    pub(crate) method_key: &'static str,
    /// The key of a route guard.
    pub(crate) guard_key: &'static str,
    /// The key of a middleware.
    pub(crate) wrap_key: &'static str,
    /// The maximum number of arguments of a handler.
    pub(crate) max_arguments: usize,
    /// Generic types that are extracted even if their arguments cannot be.
    pub(crate) optional_extractors: &'static [&'static str],
    /// The extractor of an object and of permission to perform an action on it.
    pub(crate) authorized: &'static str,
    /// An extractor of shared state, for help texts.
    pub(crate) state_example: &'static str,
    /// The request, below the private module of the facade, like the two following types.
    pub(crate) request: &'static str,
    /// The body that extractors read.
    pub(crate) payload: &'static str,
    /// The error of a handler that does not return a `Result`.
    pub(crate) error: &'static str,
}

/// actix-web 4.
pub(crate) const DIALECT: Dialect = Dialect {
    facade: "auth_actix",
    route_attributes: &["get", "post", "put", "delete", "patch", "head", "options", "connect", "trace", "route"],
    any_method_attribute: "route",
    joining_attribute: "routes",
    // `path` is that of utoipa.
    other_attributes: &["instrument", "path"],
    method_key: "method",
    guard_key: "guard",
    wrap_key: "wrap",
    max_arguments: 16,
    optional_extractors: &["Option", "Result", "Either"],
    authorized: "Authorized",
    state_example: "web::Data<…>",
    request: "HttpRequest",
    payload: "Payload",
    error: "Error",
};

impl Dialect {
    pub(crate) fn is_route_attribute(&self, name: &str) -> bool {
        self.route_attributes.contains(&name)
    }

    /// Returns whether this attribute, which has no arguments, joins the route attributes below it.
    pub(crate) fn joins_routes(&self, name: &str) -> bool {
        name == self.joining_attribute
    }

    /// Returns whether this attribute can contain a path and is not a route attribute.
    pub(crate) fn is_other_attribute(&self, name: &str) -> bool {
        self.other_attributes.contains(&name)
    }

    /// Returns the method of a route attribute. `None` if its arguments name the methods.
    pub(crate) fn method_of(&self, name: &str) -> Option<String> {
        (name != self.any_method_attribute).then(|| name.to_uppercase())
    }

    /// Returns whether a string in an attribute can be the pattern of a route.
    pub(crate) fn is_route_pattern(&self, text: &str) -> bool {
        text.is_empty() || text.contains('/') || text.starts_with('{')
    }
}
