//! The matrix as a self-contained HTML page. It loads no external scripts or styles and is readable without either.

use std::fmt::Write as _;

use super::expr::Expr;
use super::{Matrix, RouteAccess, markdown};
use crate::policy::atom::Fact;

const HEAD: &str = include_str!("head.html");
const TAIL: &str = include_str!("tail.html");

/// Maximum number of implicants that are examined to determine the access of a role.
const MOST: usize = 512;

/// Escapes text for elements and quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            unseen if markdown::is_unseen(unseen) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

impl Matrix {
    /// Returns the page. It contains a table of all routes and a selection of roles. For each route, the page shows whether a
    /// caller that holds only the selected role may call it.
    pub fn to_html(&self) -> String {
        let roles: Vec<&String> = self.words.0.get("role").into_iter().flatten().map(|(name, _)| name).collect();
        let mut page = HEAD.to_owned();
        for (value, label) in
            [("", "none selected"), ("-", "an anonymous caller"), ("+", "an authenticated caller without roles")]
        {
            let _ = writeln!(page, "<option value=\"{value}\">{label}</option>");
        }
        for role in &roles {
            let _ = writeln!(page, "<option value=\"={0}\">a caller with the role {0}</option>", escaped(role));
        }
        page.push_str("</select></label>\n<label>Path or handler <input type=\"search\" id=\"text\"></label></form>\n");
        page.push_str(
            "<p id=\"count\" role=\"status\"></p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Routes\"><table><caption>Routes</caption><thead><tr>",
        );
        for title in ["Method", "Path", "Rule", "Access", "Handler", "Notes"] {
            let _ = write!(page, "<th scope=\"col\">{title}</th>");
        }
        page.push_str("</tr></thead><tbody>\n");
        for route in &self.routes {
            self.row(route, &roles, &mut page);
        }
        page.push_str("</tbody></table></div>\n");
        let lists = [
            (markdown::UNGUARDED, self.unguarded.clone()),
            (markdown::BY_NAME, self.by_name.clone()),
            (markdown::WORDS, markdown::words(&self.words)),
            (markdown::SOURCES, self.sources.clone()),
            (markdown::SWITCHES, self.switches.clone()),
        ];
        for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
            let _ = write!(page, "<h2>{title}</h2><ul>");
            for line in lines {
                let _ = write!(page, "<li>{}</li>", escaped(line.trim_start_matches("- ").replace('`', "").as_str()));
            }
            page.push_str("</ul>\n");
        }
        page + TAIL
    }

    fn row(&self, route: &RouteAccess, roles: &[&String], page: &mut String) {
        let tree = Expr::read(&route.rule).map(|tree| tree.expanded(&self.words));
        let verdict =
            |who: Who<'_>| tree.as_ref().map_or(CellVerdict::Perhaps(vec!["?".to_owned()]), |tree| may(tree, who));
        let mut callers =
            vec![("-".to_owned(), verdict(Who::Anonymous)), ("+".to_owned(), verdict(Who::Authenticated))];
        callers.extend(roles.iter().map(|role| (format!("={role}"), verdict(Who::Role(role)))));
        let callers: serde_json::Map<String, serde_json::Value> =
            callers.into_iter().map(|(who, verdict)| (who, verdict.text().into())).collect();
        let callers = serde_json::Value::Object(callers).to_string();
        let notes: Vec<_> = super::text::notes(route).collect();
        let place = match route.file.as_str() {
            "" => String::new(),
            file => format!("{file}:{}", route.line),
        };
        let _ = writeln!(
            page,
            "<tr data-who=\"{}\"><td>{}</td><th scope=\"row\"><code>{}</code></th><td><code>{}</code></td><td class=\"may\">—</td>\
             <td><code>{}</code><br><small>{}</small></td><td>{}</td></tr>",
            escaped(&callers),
            escaped(&route.method),
            escaped(&route.path),
            escaped(&route.rule),
            escaped(&route.handler),
            escaped(&place),
            escaped(&notes.join("; ")),
        );
    }
}

#[derive(Clone, Copy)]
enum Who<'a> {
    Anonymous,
    Authenticated,
    Role(&'a str),
}

enum CellVerdict {
    Yes,
    /// Granted if one of these conditions also holds.
    Perhaps(Vec<String>),
    No,
}

impl CellVerdict {
    fn text(&self) -> String {
        match self {
            Self::Yes => "yes".to_owned(),
            Self::No => "no".to_owned(),
            Self::Perhaps(conditions) => format!("if {}", conditions.join(", or ")),
        }
    }
}

/// Returns the verdict for a caller that has only what `who` describes.
fn may(tree: &Expr, who: Who<'_>) -> CellVerdict {
    let Some(ways) = tree.ways(MOST) else {
        return CellVerdict::Perhaps(vec!["the rule has too many alternatives to list".to_owned()]);
    };
    let mut conditions = Vec::new();
    for way in ways {
        let mut open = Vec::new();
        let mut closed = false;
        for literal in &way {
            match (&literal.fact, who) {
                (fact, Who::Anonymous) if fact.is_about_caller() => closed = true,
                (Fact::Authenticated, _) => {}
                (Fact::Name(kind, name, None), Who::Role(role)) if kind == "role" => {
                    closed |= (name == role) == literal.negated;
                }
                // A caller that holds nothing else lacks the name. Scopes remain conditions, because a token carries them
                // independently.
                (Fact::Name(kind, _, None), _) if kind != "scope" => closed |= !literal.negated,
                _ => open.push(literal.to_string()),
            }
        }
        match (closed, open.is_empty()) {
            (true, _) => {}
            (false, true) => return CellVerdict::Yes,
            (false, false) => conditions.push(open.join(" and ")),
        }
    }
    if conditions.is_empty() { CellVerdict::No } else { CellVerdict::Perhaps(conditions) }
}
