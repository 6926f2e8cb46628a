//! The configured schemes, and the selection of the credential of a request.

use std::sync::Arc;

use super::{Authenticator, Credential, Extracted, RequestView, SyntaxError};
use crate::client::RequestHead;
use crate::matrix::CredentialPlace;

/// The configured schemes.
pub struct Schemes<H: RequestHead> {
    /// Schemes whose credentials are sent explicitly.
    explicit: Vec<Arc<dyn Authenticator<H>>>,
    /// Schemes whose credentials are sent automatically, in the order in which they are tried.
    ambient: Vec<Arc<dyn Authenticator<H>>>,
    ignore_unsupported: bool,
    headers: Arc<[String]>,
    affects_responses: bool,
    reads_cookies: bool,
}

impl<H: RequestHead> Schemes<H> {
    /// Creates a registry of these schemes. `ignore_unsupported` makes an `Authorization` line of another scheme count as absent.
    pub fn new(all: Vec<Arc<dyn Authenticator<H>>>, ignore_unsupported: bool) -> Self {
        let mut headers: Vec<String> = all.iter().flat_map(|scheme| scheme.headers()).map(str::to_owned).collect();
        headers.sort();
        headers.dedup();
        let reads_cookies = headers.iter().any(|name| name == "cookie");
        let affects_responses = all.iter().any(|scheme| scheme.affects_responses());
        let (ambient, explicit) = all.into_iter().partition(|scheme| scheme.is_ambient());
        Self { explicit, ambient, ignore_unsupported, headers: headers.into(), affects_responses, reads_cookies }
    }

    /// Returns an iterator over all schemes.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Authenticator<H>> {
        self.explicit.iter().chain(&self.ambient).map(|scheme| &**scheme)
    }

    /// Returns the scheme that extracted a credential.
    pub fn of(&self, credential: &Credential<'_>) -> Option<&dyn Authenticator<H>> {
        self.at(credential.index)
    }

    /// Returns the scheme at this index.
    pub fn at(&self, index: usize) -> Option<&dyn Authenticator<H>> {
        let ambient = || self.ambient.get(index - self.explicit.len());
        self.explicit.get(index).or_else(ambient).map(|scheme| &**scheme)
    }

    /// Returns the headers that the schemes read in addition to `Authorization`, in lower case.
    pub fn headers(&self) -> &Arc<[String]> {
        &self.headers
    }

    /// Returns whether any scheme reads cookies.
    pub fn read_cookies(&self) -> bool {
        self.reads_cookies
    }

    /// Returns whether responses may have to contain information about the credential.
    pub fn affect_responses(&self) -> bool {
        self.affects_responses
    }

    /// Returns whether an `Authorization` line of an unaccepted scheme counts as absent.
    pub fn ignore_unsupported(&self) -> bool {
        self.ignore_unsupported
    }

    /// Extracts the credential of a request. Two explicit credentials are malformed. An ambient credential, which a browser or a
    /// proxy adds automatically, is used only if there is no explicit one.
    pub fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut schemes = self.explicit.iter().enumerate();
        let found = first(&mut schemes, view);
        if schemes.any(|(_, scheme)| !matches!(scheme.extract(view), Extracted::Absent)) {
            return two_credentials();
        }
        let reads_line = match &found {
            Extracted::Found(credential) => credential.is_in_authorization,
            Extracted::Refused(_) => true,
            Extracted::Absent | Extracted::Unsupported => false,
        };
        if !reads_line {
            match view.authorization.of_other_scheme() {
                Extracted::Absent => {}
                Extracted::Unsupported if self.ignore_unsupported => {}
                other if matches!(found, Extracted::Absent) => return other,
                _ => return two_credentials(),
            }
        }
        if !matches!(found, Extracted::Absent) {
            return found;
        }
        first(&mut (self.explicit.len()..).zip(&self.ambient), view)
    }
}

/// Returns the schemes of the application whose header another scheme reads, each with the header. Each request with such a header
/// would have two credentials.
pub(crate) fn shared_headers<H: RequestHead>(all: &[Arc<dyn Authenticator<H>>]) -> Vec<(&'static str, String)> {
    let name = |scheme: &Arc<dyn Authenticator<H>>| scheme.scheme().name_of_application();
    let shared = all.iter().enumerate().filter_map(|(position, scheme)| {
        let places = scheme.sources().iter().flat_map(|source| scheme.places(source));
        let mut own = places.filter_map(|place| match place {
            CredentialPlace::Header(header) => Some(header),
            _ => None,
        });
        // Two schemes of the application are reported once.
        let is_compared =
            |(other, known): &(usize, &Arc<dyn Authenticator<H>>)| *other < position || name(known).is_none();
        let read: Vec<_> = all.iter().enumerate().filter(is_compared).flat_map(|(_, other)| other.headers()).collect();
        let shared = own.find(|own: &String| read.iter().any(|other| other.eq_ignore_ascii_case(own)))?;
        Some((name(scheme)?, shared))
    });
    shared.collect()
}

/// Returns the first extracted credential, with the index of its scheme.
#[inline]
fn first<'r, 's, H: RequestHead>(
    schemes: &mut impl Iterator<Item = (usize, &'s Arc<dyn Authenticator<H>>)>,
    view: &RequestView<'r, H>,
) -> Extracted<'r> {
    for (index, scheme) in schemes {
        let mut found = scheme.extract(view);
        if let Extracted::Found(credential) = &mut found {
            credential.index = index;
        }
        if !matches!(found, Extracted::Absent) {
            return found;
        }
    }
    Extracted::Absent
}

fn two_credentials<'r>() -> Extracted<'r> {
    Extracted::Refused(SyntaxError::malformed(None, "two credentials"))
}
