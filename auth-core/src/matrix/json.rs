//! The matrix for programs.

use serde::Serialize;

use super::Matrix;

/// What it is wrapped in, so that a reader can tell a later form of it.
#[derive(Serialize)]
struct Versioned<'a> {
    schema: &'static str,
    #[serde(flatten)]
    matrix: &'a Matrix,
}

impl Matrix {
    /// One object. `schema` is `"access-matrix/1"`; `routes` is an array of objects with `method`, `path`, `rule`, `handler`,
    /// `file`, `line`, `sufficient` (an array of arrays of atoms, or `null` where there are too many), `schemes` (the credentials
    /// that could let somebody in), `objects`, `public`, `verifies`, `not_found`, `any_object` (a reason, or `null`) and `notes`;
    /// `words` has an object for each kind of name, with the `aliases` of each name, and what it `implies` and `grants`; `sources`,
    /// `switches`, `unguarded` and `by_name` are arrays of sentences.
    pub fn to_json(&self) -> String {
        let matrix = Versioned { schema: "access-matrix/1", matrix: self };
        serde_json::to_string_pretty(&matrix).unwrap_or_default() + "\n"
    }
}
