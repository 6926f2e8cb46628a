//! The matrix as JSON.

use serde::Serialize;

use super::Matrix;

/// Adds the version, so that readers can detect later formats.
#[derive(Serialize)]
struct Versioned<'a> {
    schema: &'static str,
    #[serde(flatten)]
    matrix: &'a Matrix,
}

impl Matrix {
    /// Returns the matrix as one JSON object. `schema` is `"access-matrix/1"`. `routes` is an array of objects with `method`,
    /// `path`, `rule`, `handler`, `file`, `line`, `sufficient` (an array of arrays of atoms, or `null` if there are too many),
    /// `schemes` (the credential schemes that could grant access), `objects`, `public`, `verifies`, `not_found`, `any_object` and
    /// `any_token` (each a reason, or `null`) and `notes`. `words` contains an object for each kind of name, with the `aliases` of each name and the
    /// names that it `implies` and `grants`. `sources`, `switches`, `unguarded` and `by_name` are arrays of sentences.
    pub fn to_json(&self) -> String {
        let matrix = Versioned { schema: "access-matrix/1", matrix: self };
        serde_json::to_string_pretty(&matrix).unwrap_or_default() + "\n"
    }
}
