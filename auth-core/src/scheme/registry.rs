//! The schemes of an application, and which credential of a request counts.

use std::sync::Arc;

use super::{Authenticator, Credential, Extracted, RequestView, SyntaxError};
use crate::client::RequestHead;

/// The schemes of an application.
pub struct Schemes<H: RequestHead> {
    /// Schemes whose credentials are sent on purpose.
    explicit: Vec<Arc<dyn Authenticator<H>>>,
    /// Schemes whose credentials are sent anyway, in the order in which they are tried.
    ambient: Vec<Arc<dyn Authenticator<H>>>,
    ignore_unsupported: bool,
    headers: Arc<[String]>,
    affects_responses: bool,
}

impl<H: RequestHead> Schemes<H> {
    /// These schemes. With `ignore_unsupported`, an `Authorization` line of another scheme counts as absent.
    pub fn new(all: Vec<Arc<dyn Authenticator<H>>>, ignore_unsupported: bool) -> Self {
        let mut headers: Vec<String> = all.iter().flat_map(|scheme| scheme.headers()).map(str::to_owned).collect();
        headers.sort();
        headers.dedup();
        let affects_responses = all.iter().any(|scheme| scheme.affects_responses());
        let (ambient, explicit) = all.into_iter().partition(|scheme| scheme.is_ambient());
        Self { explicit, ambient, ignore_unsupported, headers: headers.into(), affects_responses }
    }

    /// All schemes.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Authenticator<H>> {
        self.explicit.iter().chain(&self.ambient).map(|scheme| &**scheme)
    }

    /// The scheme that has found a credential.
    pub fn of(&self, credential: &Credential<'_>) -> Option<&dyn Authenticator<H>> {
        self.at(credential.index)
    }

    /// The scheme at a position.
    pub fn at(&self, index: usize) -> Option<&dyn Authenticator<H>> {
        let ambient = || self.ambient.get(index - self.explicit.len());
        self.explicit.get(index).or_else(ambient).map(|scheme| &**scheme)
    }

    /// The headers that the schemes read beside `Authorization`, in lower case.
    pub fn headers(&self) -> &Arc<[String]> {
        &self.headers
    }

    /// Whether a scheme reads cookies.
    pub fn read_cookies(&self) -> bool {
        self.headers.iter().any(|name| name == "cookie")
    }

    /// Whether responses may have to contain something about the credential.
    pub fn affect_responses(&self) -> bool {
        self.affects_responses
    }

    /// Whether an `Authorization` line of a scheme that is not accepted counts as absent.
    pub fn ignore_unsupported(&self) -> bool {
        self.ignore_unsupported
    }

    /// The credential of a request. Two explicit credentials are malformed. An ambient one, which a browser or a proxy adds by
    /// itself, counts only if no explicit one was sent.
    pub fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut found = Extracted::Absent;
        for (index, scheme) in self.explicit.iter().enumerate() {
            found = match scheme.extract(view) {
                Extracted::Absent => continue,
                other if matches!(found, Extracted::Absent) => other.of_scheme(index),
                _ => two_credentials(),
            };
        }
        let reads_line = match &found {
            Extracted::Found(credential) => credential.is_in_authorization,
            Extracted::Refused(_) => true,
            Extracted::Absent | Extracted::Unsupported => false,
        };
        if !reads_line {
            found = match view.authorization.of_other_scheme() {
                Extracted::Absent => found,
                Extracted::Unsupported if self.ignore_unsupported => found,
                other if matches!(found, Extracted::Absent) => other,
                _ => two_credentials(),
            };
        }
        for (index, scheme) in (self.explicit.len()..).zip(&self.ambient) {
            if !matches!(found, Extracted::Absent) {
                break;
            }
            found = scheme.extract(view).of_scheme(index);
        }
        found
    }
}

fn two_credentials<'r>() -> Extracted<'r> {
    Extracted::Refused(SyntaxError::malformed(None, "two credentials"))
}

impl Extracted<'_> {
    /// The same, of the scheme at a position.
    fn of_scheme(mut self, position: usize) -> Self {
        if let Self::Found(credential) = &mut self {
            credential.index = position;
        }
        self
    }
}
