//! Details of denials, for logs.

/// A clause for logs. Stored separately and shared, because few denials have one, and denials are often moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail(Clause);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Clause {
    Text(String),
    /// Stored as numbers, because expired tokens are frequent and most are never logged.
    Expired {
        seconds_ago: i64,
        leeway: u64,
    },
}

impl Detail {
    /// Creates the detail of an expired token.
    pub(crate) fn expired(seconds_ago: i64, leeway: std::time::Duration) -> Self {
        Self(Clause::Expired { seconds_ago, leeway: leeway.as_secs() })
    }
}

impl From<String> for Detail {
    fn from(text: String) -> Self {
        Self(Clause::Text(text))
    }
}

impl From<&str> for Detail {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl std::fmt::Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Clause::Text(text) => f.write_str(text),
            Clause::Expired { seconds_ago, leeway } => {
                write!(f, "exp was {seconds_ago} s ago; `.leeway(…)` is {leeway} s")
            }
        }
    }
}
