//! Problem details for HTTP APIs (RFC 9457).

use super::DenialResponse;
use crate::runtime::strict_json;

/// The media type of a problem in JSON.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Default prefix of problem types. A `tag` URI (RFC 4151) is a name that does not promise a page.
pub const DEFAULT_BASE: &str = "tag:auth-actix,2026:problems/";

/// A problem, which is the body of a denial. Contains nothing that would help an attacker (PROB-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem<'a> {
    /// The prefix of `type`.
    pub base: &'a str,
    /// The row of the table with the response.
    pub answer: DenialResponse,
    /// The cause for this request, which replaces the `detail` of the row.
    pub detail: Option<&'a str>,
    /// The page at which the caller can create an account.
    pub sign_up: Option<&'a str>,
}

impl Problem<'_> {
    /// Returns the `type`, which is an absolute URI and constant for each row.
    pub fn kind(&self) -> String {
        [self.base, self.answer.problem].concat()
    }

    /// Returns the JSON object. `base` and `sign_up` contain no character that JSON escapes, which the builder checks. The texts of the
    /// row are fixed.
    pub fn to_json(&self) -> String {
        let DenialResponse { status, problem, title, detail, .. } = self.answer;
        let base = self.base;
        let detail = self.detail.unwrap_or(detail);
        let detail = strict_json::quoted(detail);
        let sign_up = self.sign_up.map(|page| format!(r#","sign_up":"{page}""#)).unwrap_or_default();
        format!(r#"{{"type":"{base}{problem}","title":"{title}","status":{status},"detail":{detail}{sign_up}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::Reason;

    #[test]
    fn problem_json_conforms_to_rfc_9457() {
        // PROB-1, PROB-2
        let problem =
            Problem { base: DEFAULT_BASE, answer: Reason::MissingCredentials.response(), detail: None, sign_up: None };
        let json: serde_json::Value = serde_json::from_str(&problem.to_json()).unwrap();
        assert_eq!(json["type"], "tag:auth-actix,2026:problems/missing-credentials");
        assert_eq!(json["type"], problem.kind());
        assert_eq!(json["status"], 401);
        assert_eq!(json["title"], "Credentials are required");
        assert!(json["detail"].is_string());
    }

    #[test]
    fn problem_detail_is_escaped_as_a_json_string() {
        let detail = "unknown field `\"},\u{0}\n`";
        let problem = Problem {
            base: DEFAULT_BASE,
            answer: DenialResponse::MALFORMED_REQUEST,
            detail: Some(detail),
            sign_up: None,
        };
        let json: serde_json::Value = serde_json::from_str(&problem.to_json()).unwrap();
        assert_eq!(json["detail"], detail);
        assert_eq!(json.as_object().unwrap().len(), 4);
    }
}
