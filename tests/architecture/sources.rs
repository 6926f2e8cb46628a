//! Reading of the source files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ROOT;

/// A source file: its path below the crate's `src`, and its code without comments and unit tests.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) code: String,
}

pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry, ending));
        } else if entry.to_string_lossy().ends_with(ending) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

pub(crate) fn sources(member: &str) -> Vec<Source> {
    let src = Path::new(ROOT).join(member).join("src");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n");
        Source { path: path.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), code }
    };
    let is_code = |path: &PathBuf| {
        let path = path.strip_prefix(&src).unwrap();
        !path.ends_with("tests.rs") && path.iter().all(|part| part != "tests")
    };
    files(&src, ".rs").into_iter().filter(is_code).map(read).collect()
}

/// Returns the modules that a file declares, in order.
pub(crate) fn declared(file: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(file) else { return Vec::new() };
    let declared = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(str::to_owned).collect()
}

/// Returns the modules of `lib.rs` and of groups, which are modules that only contain other modules. Each level has its path.
/// Modules are listed in dependency order.
pub(crate) fn levels(member: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let src = Path::new(ROOT).join(member).join("src");
    let top = declared(&src.join("lib.rs"));
    let mut levels = vec![(Vec::new(), top.clone())];
    for group in top {
        let file = src.join(&group).join("mod.rs");
        // A module in a file may have a folder as well.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let is_item = |line: &&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#');
        if text.lines().filter(is_item).all(|line| line.ends_with(';') && line.contains("mod ")) {
            levels.push((vec![group], declared(&file)));
        }
    }
    levels
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns whether the word occurs in the code, as a whole word.
pub(crate) fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_none_or(|character| !is_word(character));
        let after = code[at + word.len()..].chars().next().is_none_or(|character| !is_word(character));
        before && after
    })
}

/// A function in rustfmt-formatted code.
pub(crate) struct Function {
    pub(crate) name: String,
    /// The length in lines. 0 if the end of the function is not found.
    pub(crate) lines: usize,
    /// The code from the signature on, up to the end of the function if it is found.
    pub(crate) code: String,
}

/// Returns the functions in rustfmt-formatted code.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let all: Vec<_> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in all.iter().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let is_item = words[..at].iter().all(|word| {
            word.starts_with("pub") || ["const", "async", "unsafe", "extern"].contains(word) || word.ends_with(')')
        });
        if !is_item || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
        let lines = all[start..].iter().position(|line| **line == end).map_or(0, |lines| lines + 1);
        let name: String = words[at + 1].chars().take_while(|character| is_word(*character)).collect();
        let code = if lines == 0 { all[start..].join("\n") } else { all[start..start + lines].join("\n") };
        found.push(Function { name, lines, code });
    }
    found
}
