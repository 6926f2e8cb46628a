//! The routes of an application as actix resolves them: the complete path of each route, the earlier routes that shadow it, and the
//! services outside of our scopes.
//!
//! # Why
//! actix exposes its resource map only by `Debug`. This module parses that output, for tests only. If the format changes, the
//! matrix states that these routes could not be listed. To recognize our scopes, each adds a marker resource with its number to the
//! map. No service handles that resource.

use std::fmt;

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::dev::{AppConfig, ResourceDef, ResourceMap, ServiceResponse};
use auth_core::matrix::{Matrix, RouteAccess};

use crate::scope::{self, Collected, MARK};

/// The start of the note for a route that an earlier one shadows.
const SHADOWED_BY: &str = "shadowed by";

/// Starts the application. Returns its service and all collected routes.
#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
pub(super) async fn started<R, S, B, E>(app: R) -> (S::Service, Collected)
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
{
    let factory = app.into_factory();
    let (service, mut collected) = scope::collected(async { factory.new_service(AppConfig::default()).await }).await;
    let service = service.expect("the application starts; its log contains the reason");
    // Any response will do: every request contains the resource map.
    let request = actix_web::test::TestRequest::with_uri("/access-matrix-probe").to_request();
    let response = service.call(request).await;
    let root = response.ok().and_then(|response| Node::read(&shown(response.request().resource_map())));
    match root {
        Some(root) => Walk::over(&root, &mut collected),
        None => collected.matrix.unguarded.push("plain actix routes could not be listed".to_owned()),
    }
    (service, collected)
}

fn shown(map: &ResourceMap) -> String {
    format!("{map:?}")
}

/// A service that is tried before a route, in the order of registration.
struct Earlier {
    path: String,
    /// Whether the service handles all paths that begin with `path`, rather than only `path`.
    is_prefix: bool,
    /// The methods, if the service is a route of a scope of this crate.
    methods: Vec<String>,
    /// The scope of this crate that contains it. Methods of routes in the same scope are compared by `add_overlap_notes`.
    scope: Option<usize>,
    what: String,
}

/// A traversal of all resources, in the order in which actix tries them.
struct Walk<'a> {
    collected: &'a mut Collected,
    earlier: Vec<Earlier>,
    /// The paths of our scopes.
    scopes: Vec<String>,
    foreign: Vec<String>,
}

impl<'a> Walk<'a> {
    fn over(root: &Node, collected: &'a mut Collected) {
        collected.scopes.iter().for_each(|scope| add_overlap_notes(&mut collected.matrix, scope.routes.clone()));
        let mut walk = Self { collected, earlier: Vec::new(), scopes: Vec::new(), foreign: Vec::new() };
        walk.go_through(root.children.as_deref().unwrap_or_default(), "", None, false);
        let Self { collected, scopes, foreign, .. } = walk;
        collected.matrix.scopes.clone_from(&scopes);
        let first = |path: &str| path.split('/').nth(1).map(str::to_owned);
        let is_beside = |path: &str| scopes.iter().any(|scope| scope.is_empty() || first(scope) == first(path));
        collected.matrix.unguarded.extend(foreign.iter().map(|path| {
            let beside = if is_beside(path) { ", next to guarded routes" } else { "" };
            format!("{path}: plain actix route{beside}")
        }));
    }

    /// Traverses the nodes. `scope` is the innermost scope of this crate around them. `by_name` is whether they are in a service
    /// that was registered by `guarded` or `unguarded`.
    fn go_through(&mut self, nodes: &[Node], around: &str, scope: Option<usize>, by_name: bool) {
        for (node, pattern) in nodes.iter().flat_map(|node| node.patterns.iter().map(move |pattern| (node, pattern))) {
            let path = format!("{around}{pattern}");
            match &node.children {
                None if pattern.starts_with(MARK) => {}
                None => self.resource(path, scope, by_name),
                Some(children) => {
                    let ours = children.iter().find_map(Node::mark);
                    if let Some(met) = ours.and_then(|ours| self.collected.scopes.get(ours)) {
                        let routes = self.collected.matrix.routes.get_mut(met.routes.clone()).into_iter().flatten();
                        for route in routes.filter(|route| route.path.starts_with('…')) {
                            route.path = route.path.replacen('…', &path, 1);
                        }
                        self.scopes.push(path.clone());
                    }
                    let before = self.earlier.len();
                    self.go_through(children, &path, ours.or(scope), ours.is_none() && scope.is_some());
                    self.earlier.truncate(before);
                    let is_guarded =
                        ours.and_then(|ours| self.collected.scopes.get(ours)).is_some_and(|met| met.has_guards);
                    if !is_guarded {
                        let what = format!("the earlier scope \"{path}\"");
                        let earlier = Earlier { path, is_prefix: true, methods: Vec::new(), scope: None, what };
                        self.earlier.push(earlier);
                    }
                }
            }
        }
    }

    fn resource(&mut self, path: String, scope: Option<usize>, by_name: bool) {
        let met = scope.filter(|_| !by_name).and_then(|scope| self.collected.scopes.get(scope));
        let routes = met.map(|met| met.routes.clone()).unwrap_or_default();
        let routes = self.collected.matrix.routes.get_mut(routes).into_iter().flatten();
        let (mut methods, mut is_known) = (Vec::new(), false);
        for route in routes.filter(|route| route.path == path) {
            is_known = true;
            let shadows = |earlier: &&Earlier| {
                let of_others = earlier.scope.is_none() || earlier.scope != scope;
                of_others
                    && (earlier.methods.is_empty() || share(&earlier.methods, &route.method))
                    && earlier.covers(&path)
            };
            if let Some(earlier) = self.earlier.iter().find(shadows) {
                let note = format!("{SHADOWED_BY} {} where both match", earlier.what);
                if !route.notes.contains(&note) {
                    route.notes.push(note);
                }
            }
            if !has_guard(route) {
                methods.push(route.method.clone());
            }
        }
        let (what, scope) = match (is_known, scope) {
            (true, _) if methods.is_empty() => return,
            (true, _) => (format!("\"{} {path}\"", methods.join(", ")), scope),
            (false, Some(_)) => {
                self.collected.matrix.by_name.push(path.clone());
                (format!("the service \"{path}\" without its own rule"), None)
            }
            (false, None) => {
                self.foreign.push(path.clone());
                (format!("the plain actix route \"{path}\""), None)
            }
        };
        self.earlier.push(Earlier { path, is_prefix: false, methods, scope, what });
    }
}

impl Earlier {
    fn covers(&self, later: &str) -> bool {
        covers(&self.path, self.is_prefix, later)
    }
}

fn share(methods: &[String], method: &str) -> bool {
    method == "*" || methods.iter().any(|other| other == method || other == "*")
}

/// Returns whether the route has a guard, which may reject a request before the rule is evaluated.
fn has_guard(route: &RouteAccess) -> bool {
    route.notes.iter().any(|note| note.starts_with(scope::ROUTE_GUARDS))
}

/// Returns whether each request for the route reaches its rule.
pub(super) fn is_reachable(route: &RouteAccess) -> bool {
    !has_guard(route) && !route.notes.iter().any(|note| note.starts_with(SHADOWED_BY))
}

/// Adds a note to each route of a scope that an earlier route of the scope shadows for the same method.
fn add_overlap_notes(matrix: &mut Matrix, routes: std::ops::Range<usize>) {
    let routes = matrix.routes.get_mut(routes).unwrap_or_default();
    for position in 1..routes.len() {
        let (earlier, rest) = routes.split_at_mut(position);
        let Some(route) = rest.first_mut() else { continue };
        let shadows = |other: &&mut RouteAccess| {
            !has_guard(other)
                && share(std::slice::from_ref(&other.method), &route.method)
                && covers(&other.path, false, &route.path)
        };
        if let Some(other) = earlier.iter_mut().find(shadows) {
            route.notes.push(format!("{SHADOWED_BY} \"{} {}\" where both match", other.method, other.path));
        }
    }
}

/// Returns whether a path of the later pattern also matches the earlier one.
fn covers(earlier: &str, is_prefix: bool, later: &str) -> bool {
    let is_pattern = |path: &str| (is_prefix || path.starts_with(['/', '…'])) && !path.contains(" (");
    if !is_pattern(earlier) || !is_pattern(later) {
        return false;
    }
    // Both are in the same scope, whose path is unknown.
    let (earlier, later) = (earlier.trim_start_matches('…'), later.trim_start_matches('…'));
    let definition = || if is_prefix { ResourceDef::prefix(earlier) } else { ResourceDef::new(earlier) };
    let is_match = |path: &str| std::panic::catch_unwind(|| definition().is_match(path)).unwrap_or(false);
    let mut samples = ["x", "1"].into_iter().filter_map(|value| filled(later, value)).peekable();
    match samples.peek() {
        Some(_) => samples.any(|path| is_match(&path)),
        // No sample path of the later pattern is available.
        None => earlier == later || (is_prefix && later.starts_with(earlier)),
    }
}

/// Returns a path that matches the pattern. Parameters without an expression get this value. Returns `None` if no sample matches an
/// expression.
pub(super) fn filled(pattern: &str, value: &str) -> Option<String> {
    /// Samples for parameters with an expression. One of them matches most expressions in practice.
    const USUAL: [&str; 18] = [
        "1",
        "12",
        "123",
        "1234",
        "12345678",
        "a",
        "A",
        "ab",
        "AB",
        "abc",
        "ABC",
        "abcdef12",
        "en-US",
        "2026-01-31",
        "x.txt",
        "x/y",
        "true",
        "00000000-0000-4000-8000-000000000000",
    ];
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let inside = balanced(after)?;
        path.push_str(before);
        path.push_str(match inside.split_once(':') {
            None => value,
            Some((_, expression)) => {
                let definition =
                    std::panic::catch_unwind(|| ResourceDef::new(format!("/{{value:{expression}}}"))).ok()?;
                let fits = |value: &&str| definition.is_match(&format!("/{value}"));
                std::iter::once(value).chain(USUAL).find(fits)?
            }
        });
        rest = after.get(inside.len() + 1..)?;
    }
    Some(path + rest)
}

struct Node {
    patterns: Vec<String>,
    /// `None` for a resource.
    children: Option<Vec<Node>>,
}

impl Node {
    fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        let node = Self::next(&mut rest)?;
        rest.is_empty().then_some(node)
    }

    fn next(rest: &mut &str) -> Option<Self> {
        const BEGINS: &str = "ResourceMap { pattern: ResourceDef { ";
        *rest = rest.strip_prefix(BEGINS)?;
        let definition = balanced(rest)?;
        let (_, patterns) = definition.split_once("patterns: ")?;
        let (patterns, _) = patterns.split_once(", is_prefix: ")?;
        let patterns = strings(patterns)?;
        *rest = rest.get(definition.len()..)?.strip_prefix("}, named: {")?;
        let named = balanced(rest)?;
        *rest = rest.get(named.len()..)?.strip_prefix("}, parent: RefCell { ")?;
        let parent = balanced(rest)?;
        *rest = rest.get(parent.len()..)?.strip_prefix("}, nodes: ")?;
        let children = if let Some(after) = rest.strip_prefix("None }") {
            *rest = after;
            None
        } else {
            *rest = rest.strip_prefix("Some([")?;
            let mut children = Vec::new();
            while !rest.starts_with(']') {
                children.push(Self::next(rest)?);
                *rest = rest.strip_prefix(", ").unwrap_or(rest);
            }
            *rest = rest.strip_prefix("]) }")?;
            Some(children)
        };
        Some(Self { patterns, children })
    }

    /// Returns the number of the scope that added this marker.
    fn mark(&self) -> Option<usize> {
        self.patterns.first()?.strip_prefix(MARK)?.parse().ok()
    }
}

/// Returns the text before the bracket that closes an open bracket in front of `text`.
fn balanced(text: &str) -> Option<&str> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth == 0 => return text.get(..at),
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the strings of `Single("…")` or `List(["…", "…"])`.
fn strings(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix("Single(").and_then(|text| text.strip_suffix(')')).map(|one| format!("[{one}]"));
    let inside = inside.or_else(|| Some(text.strip_prefix("List(")?.strip_suffix(')')?.to_owned()))?;
    serde_json::from_str(&inside).ok()
}
