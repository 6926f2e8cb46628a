//! The `ACCESS.md` file. It contains one line for each method of each path, is written for review, and is parsed by the next test
//! run.

use std::fmt::Write as _;

use super::names::{DeclaredName, DeclaredNames};
use super::{Matrix, RouteAccess};

const HEAD: &str = "\
# Who may call what

Written by `UPDATE_ACCESS=1 cargo test`, and held against the application by every `cargo test`. Review a change of it as one of
the access itself.

It holds the rules of all routes, and what gives them their meaning. It does not hold what the checks within them do
(`check(…)`, `check_for_anyone(…)`, which asks nobody who they are, `authorized(…)`), the keys of whoever signs, roles and grants
that are data, lists of who is blocked, what middleware and guards of routes decide, and what routes of plain actix let in.
";

const ROUTES: &str = "## Routes";
const WORDS: &str = "## What names mean";
const SOURCES: &str = "## Where credentials come from";
const SWITCHES: &str = "## Settings that let in more";
const UNGUARDED: &str = "## Without a rule";
const BY_NAME: &str = "## Of plain actix, given to a scope by name";

/// Escape character for characters that would end a code span or its line.
const ESCAPE: char = '␛';

/// Returns whether the character is invisible or changes the order of the text around it (Unicode TR36 §2.10). Reviewers cannot see
/// such characters.
pub(super) fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Escapes text so that it does not end a code span or a line. [`unescape_code`] restores it.
pub(super) fn code(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '`' => written.extend([ESCAPE, '1']),
            '\n' => written.extend([ESCAPE, 'n']),
            '\r' => written.extend([ESCAPE, 'r']),
            ESCAPE => written.extend([ESCAPE, ESCAPE]),
            unseen if is_unseen(unseen) => {
                let _ = write!(written, "{ESCAPE}u{:x};", u32::from(unseen));
            }
            other => written.push(other),
        }
    }
    written
}

/// Restores the text that [`code`] has escaped. Returns `None` if an escape sequence is invalid.
fn unescape_code(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            ESCAPE => match letters.next()? {
                '1' => '`',
                'n' => '\n',
                'r' => '\r',
                ESCAPE => ESCAPE,
                'u' => {
                    let digits: String = letters.by_ref().take_while(|letter| *letter != ';').collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// Replaces the characters of an application's sentence that would end the line or an entry in it.
pub(super) fn sentence(text: &str) -> String {
    let plain = |letter: char| match letter {
        ';' => ',',
        '`' => '\'',
        other if is_unseen(other) => ' ',
        other => other,
    };
    let sentence: String = text.chars().map(plain).collect();
    if sentence.trim().is_empty() { "…".to_owned() } else { sentence }
}

pub(super) fn line(route: &RouteAccess) -> String {
    let (path, rule, handler) = (code(&route.path), code(&route.rule), code(&route.handler));
    format!("- `{} {path}` for `{rule}` by `{handler}`{}", route.method, flags(route))
}

/// Formats the properties of a route that follow the handler.
pub(super) fn flags(route: &RouteAccess) -> String {
    let mut line = String::new();
    let flags = [(route.public, "strangers may come in"), (route.not_found, "hides")];
    for (_, flag) in flags.into_iter().filter(|(is_set, _)| *is_set) {
        let _ = write!(line, "; {flag}");
    }
    if route.public && route.verifies {
        line.push_str("; reads who calls");
    }
    if let Some(reason) = &route.any_object {
        let _ = write!(line, "; any object: {}", sentence(reason));
    }
    for note in &route.notes {
        let _ = write!(line, "; {}", sentence(note));
    }
    line
}

/// Relations between names.
const ALSO: &str = "also as";
const IMPLIES: &str = "implies";
const GRANTS: &str = "grants";

/// Formats the declared names, one line each.
pub(super) fn words(words: &DeclaredNames) -> Vec<String> {
    let each = words.0.iter().flat_map(|(kind, names)| names.iter().map(move |(name, word)| (kind, name, word)));
    let line = |(kind, name, word): (&String, &String, &DeclaredName)| {
        let list = |names: &std::collections::BTreeSet<String>| {
            names.iter().map(|name| format!("`{}`", code(name))).collect::<Vec<_>>().join(", ")
        };
        let said = [(ALSO, &word.aliases), (IMPLIES, &word.implies), (GRANTS, &word.grants)];
        let said = said.iter().filter(|(_, names)| !names.is_empty());
        let said: Vec<_> = said.map(|(what, names)| format!(" {what} {}", list(names))).collect();
        format!("- {kind} `{}`{}", code(name), said.join(","))
    };
    each.map(line).collect()
}

impl Matrix {
    /// Returns the content of the file.
    pub fn to_markdown(&self) -> String {
        let mut file = HEAD.to_owned();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let _ = write!(file, "\n{title}\n\n{}\n", lines.join("\n"));
            }
        };
        let item = |text: &String| format!("- {}", sentence(text));
        section(ROUTES, self.routes.iter().map(line).collect());
        section(UNGUARDED, self.unguarded.iter().map(item).collect());
        section(BY_NAME, self.by_name.iter().map(item).collect());
        section(WORDS, words(&self.words));
        section(SOURCES, self.sources.iter().map(item).collect());
        section(SWITCHES, self.switches.iter().map(item).collect());
        file
    }

    /// Parses the output of [`Matrix::to_markdown`]. Returns `None` if a line is invalid.
    pub fn from_markdown(file: &str) -> Option<Self> {
        let mut matrix = Self::default();
        let mut section = "";
        for line in file.lines() {
            if line.starts_with("## ") {
                section = line;
                continue;
            }
            let Some(item) = line.strip_prefix("- ").filter(|_| !section.is_empty()) else {
                // Any other text in a section is an error, because a reader could take it for a rule.
                if section.is_empty() || line.is_empty() {
                    continue;
                }
                return None;
            };
            match section {
                ROUTES => matrix.routes.push(route(item)?),
                UNGUARDED => matrix.unguarded.push(item.to_owned()),
                BY_NAME => matrix.by_name.push(item.to_owned()),
                SOURCES => matrix.sources.push(item.to_owned()),
                SWITCHES => matrix.switches.push(item.to_owned()),
                WORDS => {
                    let (kind, name, word) = read_word(item)?;
                    matrix.words.0.entry(kind).or_default().insert(name, word);
                }
                _ => return None,
            }
        }
        Some(matrix)
    }
}

fn route(item: &str) -> Option<RouteAccess> {
    let mut parts = item.split('`');
    let mut next = |before: &str| (parts.next()? == before).then(|| parts.next()).flatten();
    let (target, rule, handler) =
        (unescape_code(next("")?)?, unescape_code(next(" for ")?)?, unescape_code(next(" by ")?)?);
    let (method, path) = target.split_once(' ')?;
    let mut route =
        RouteAccess { method: method.to_owned(), path: path.to_owned(), rule, handler, ..RouteAccess::default() };
    let rest = parts.collect::<Vec<_>>().join("`");
    for flag in rest.split("; ").filter(|flag| !flag.is_empty()) {
        match flag {
            "strangers may come in" => route.public = true,
            "hides" => route.not_found = true,
            "reads who calls" => route.verifies = true,
            other => match other.strip_prefix("any object: ") {
                Some(reason) => route.any_object = Some(reason.to_owned()),
                None => route.notes.push(other.to_owned()),
            },
        }
    }
    Some(route)
}

fn read_word(item: &str) -> Option<(String, String, DeclaredName)> {
    let (kind, rest) = item.split_once(" `").filter(|(kind, _)| ["role", "permission", "scope"].contains(kind))?;
    let (name, rest) = rest.split_once('`')?;
    let mut word = DeclaredName::default();
    let mut said = "";
    // The text between names contains the relation of the names that follow.
    for (position, part) in rest.split('`').enumerate() {
        if position % 2 == 0 {
            said = Some(part.trim_matches([' ', ','])).filter(|part| !part.is_empty()).unwrap_or(said);
            continue;
        }
        let names = match said {
            ALSO => &mut word.aliases,
            IMPLIES => &mut word.implies,
            GRANTS => &mut word.grants,
            _ => return None,
        };
        names.insert(unescape_code(part)?);
    }
    Some((kind.to_owned(), unescape_code(name)?, word))
}
