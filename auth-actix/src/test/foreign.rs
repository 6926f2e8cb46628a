//! What no scope of ours knows: routes of plain actix, and routes that hide others.
//!
//! # Why
//! actix shows the map of its resources to nobody but a formatter. That form is read here, for tests alone; where it is no more as
//! it was, the matrix says that such routes could not be listed.

use actix_web::dev::{ResourceDef, ResourceMap};
use auth_core::matrix::Matrix;

/// Adds the patterns of an application that stand in none of our scopes.
pub(super) fn tell(map: &ResourceMap, matrix: &mut Matrix) {
    match Node::read(&format!("{map:?}")) {
        Some(root) => {
            let mut foreign = Vec::new();
            root.foreign("", matrix, &mut foreign);
            matrix.unguarded.extend(foreign);
        }
        None => matrix.unguarded.push("routes of plain actix could not be listed".to_owned()),
    }
}

/// Notes on each route that an earlier one of the same method may answer for. In the order of registration, as actix tries them.
pub(super) fn tell_of_overlaps(matrix: &mut Matrix) {
    for position in 1..matrix.routes.len() {
        let (earlier, rest) = matrix.routes.split_at_mut(position);
        let Some(route) = rest.first_mut() else { continue };
        let hides = |other: &&mut auth_core::matrix::Route| {
            let methods = other.method == route.method || [&other.method, &route.method].iter().any(|one| *one == "*");
            // A guard of the route decides which one is asked.
            methods
                && !other.notes.iter().any(|note| note.contains("guard of the route"))
                && covers(&other.path, &route.path)
        };
        if let Some(other) = earlier.iter_mut().find(hides) {
            route
                .notes
                .push(format!("hidden by `{} {}` where both match", other.method, other.path).replace('`', "\""));
        }
    }
}

/// Whether some path of the later pattern is one of the earlier.
fn covers(earlier: &str, later: &str) -> bool {
    let is_pattern = |path: &str| path.starts_with('/') && !path.contains('…');
    is_pattern(earlier)
        && is_pattern(later)
        && ["x", "1"].into_iter().any(|value| {
            let is_match = |path: String| std::panic::catch_unwind(|| ResourceDef::new(earlier).is_match(&path));
            filled(later, value).is_some_and(|path| is_match(path).unwrap_or(false))
        })
}

/// A path of the pattern; `None` where none can be made up.
pub(super) fn sample(pattern: &str) -> Option<String> {
    filled(pattern, "x")
}

/// The same with this wherever a name may be anything.
fn filled(pattern: &str, value: &str) -> Option<String> {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        path.push_str(before);
        path.push_str(match name.split_once(':').map(|(_, expression)| expression) {
            None | Some(".*" | ".+" | "[^/]+") => value,
            Some(r"\d+" | "[0-9]+") => "1",
            Some(_) => return None,
        });
        rest = after;
    }
    Some(path + rest)
}

/// A resource or a scope.
struct Node {
    patterns: Vec<String>,
    /// `None` of a resource.
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

    fn foreign(&self, around: &str, matrix: &Matrix, found: &mut Vec<String>) {
        for pattern in &self.patterns {
            let path = format!("{around}{pattern}");
            match &self.children {
                // Whatever stands in it was let in by name.
                Some(_) if matrix.scopes.contains(&path) => {}
                Some(children) => children.iter().for_each(|child| child.foreign(&path, matrix, found)),
                None => {
                    let first = |path: &str| path.split('/').nth(1).map(str::to_owned);
                    let beside =
                        matrix.scopes.iter().any(|scope| first(scope).is_some() && first(scope) == first(&path));
                    let beside = if beside { ", beside guarded routes" } else { "" };
                    found.push(format!("{path} is a route of plain actix{beside}"));
                }
            }
        }
    }
}

/// The text up to the bracket that closes the one before it.
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

/// The strings of `Single("…")` or `List(["…", "…"])`.
fn strings(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix("Single(").and_then(|text| text.strip_suffix(')')).map(|one| format!("[{one}]"));
    let inside = inside.or_else(|| Some(text.strip_prefix("List(")?.strip_suffix(')')?.to_owned()))?;
    serde_json::from_str(&inside).ok()
}
