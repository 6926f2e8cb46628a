//! The matrix as text for a terminal.

use super::markdown::{ANONYMOUS, ANY_OBJECT, ANY_TOKEN, NOT_FOUND};
use super::{Matrix, RouteAccess};

/// Maximum width, in characters, of a cell that determines the column width. Wider cells would stretch the columns.
const WIDEST: usize = 72;

impl Matrix {
    /// Returns one line per route, in columns. `colors` adds ANSI colors, for terminals that support them
    /// (`std::io::stdout().is_terminal()`).
    pub fn to_text(&self, colors: bool) -> String {
        let cells: Vec<[String; 4]> = self.routes.iter().map(cells).collect();
        let width = |column: usize| {
            let widths = cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            widths.filter(|width| *width <= WIDEST).max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2)];
        let mut text = String::new();
        for (row, route) in cells.iter().zip(&self.routes) {
            let [method, path, rule, rest] = row;
            let color = match () {
                () if !colors => "",
                () if route.public => "\x1b[33m",
                () if route.not_found => "\x1b[2m",
                () => "\x1b[36m",
            };
            let end = if colors { "\x1b[0m" } else { "" };
            let [first, second, third] = widths;
            let line = format!("{method:first$}  {path:second$}  {color}{rule:third$}{end}  {rest}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for line in &self.unguarded {
            text.push_str(&format!("without a rule: {line}\n"));
        }
        for line in &self.by_name {
            text.push_str(&format!("inside a guarded or unguarded service: {line}\n"));
        }
        text
    }
}

fn cells(route: &RouteAccess) -> [String; 4] {
    let mut rest = vec![match route.file.as_str() {
        "" => route.handler.clone(),
        file => format!("{} ({file}:{})", route.handler, route.line),
    }];
    rest.extend(notes(route));
    [route.method.clone(), route.path.clone(), route.rule.clone(), rest.join("; ")]
}

/// Returns the properties of a route that follow its rule and its handler.
pub(super) fn notes(route: &RouteAccess) -> impl Iterator<Item = String> + '_ {
    let objects = (!route.objects.is_empty()).then(|| format!("object checks: {}", route.objects.join(", ")));
    let flags = [(route.public, ANONYMOUS), (route.not_found, NOT_FOUND)];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag.to_owned());
    let sufficient = ways(route).map(|ways| format!("sufficient: {ways}"));
    let any_object = route.any_object.iter().map(|reason| format!("{ANY_OBJECT}{reason}"));
    let any_token = route.any_token.iter().map(|reason| format!("{ANY_TOKEN}{reason}"));
    flags.chain(objects).chain(sufficient).chain(any_object).chain(any_token).chain(route.notes.iter().cloned())
}

/// Formats the minimal sets of atoms that grant access, if there are several.
fn ways(route: &RouteAccess) -> Option<String> {
    let sets = route.sufficient.as_ref().filter(|sets| sets.len() > 1)?;
    Some(sets.iter().map(|set| set.join(" && ")).collect::<Vec<_>>().join(" | "))
}
