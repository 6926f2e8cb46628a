//! What an [`Auth`] says of itself in an access matrix.

use auth_core::client::address::AddressSource;
use auth_core::matrix::Matrix;

use super::Auth;

impl Auth {
    /// Adds the sources of credentials, and the settings that let in more than their absence would.
    pub(crate) fn describe(&self, matrix: &mut Matrix) {
        self.sources().iter().for_each(|source| matrix.add_source(source));
        let mut add = |switch: String| {
            if !matrix.switches.contains(&switch) {
                matrix.switches.push(switch);
            }
        };
        #[cfg(feature = "jwt")]
        if let Some(bearer) = self.verifier_of_tokens() {
            bearer.switches().for_each(&mut add);
        }
        if self.passes_foreign_authorization() {
            add("an `Authorization` line of a scheme that is not accepted counts as none".replace('`', ""));
        }
        for origin in self.origins().iter() {
            add(format!("pages of {origin} may send what changes state"));
        }
        for (one, other) in &self.0.same {
            add(format!("names of {} and {} are the same", one.declared_in, other.declared_in));
        }
        if self.roles_from().is_some() {
            add("roles are asked for that no credential carries".to_owned());
        }
        if self.version_of_grants().is_some() {
            add("grants that are data add to those of the roles".to_owned());
        }
        match self.address() {
            AddressSource::Unset => {}
            AddressSource::Peer => add("addresses are those of the peers".to_owned()),
            AddressSource::Behind { proxies, header, .. } => {
                let proxies: Vec<_> = proxies.iter().map(ToString::to_string).collect();
                add(format!("addresses are what {} append to {header:?}", proxies.join(", ")));
            }
            AddressSource::Hops { hops, header } => {
                add(format!("addresses are what {hops} proxies append to {header:?}"))
            }
        }
        if self.is_loopback_only() {
            add("keys or cookies are those of development, for this machine alone".to_owned());
        }
    }
}
