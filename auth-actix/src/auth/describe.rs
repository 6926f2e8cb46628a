//! What an [`Auth`] says of itself in an access matrix.

use auth_core::client::address::AddressSource;
use auth_core::identity::scheme_id::Scheme;
use auth_core::matrix::{AcceptedScheme, Matrix};

use super::Auth;

impl Auth {
    /// Adds the sources of credentials, and the settings that let in more than their absence would.
    pub(crate) fn describe(&self, matrix: &mut Matrix) {
        for source in self.sources() {
            #[cfg(feature = "jwt")]
            let said = self.verifier_of_tokens().map(|bearer| bearer.said_of(source)).unwrap_or_default();
            #[cfg(not(feature = "jwt"))]
            let said = String::new();
            matrix.add_source(source, &said);
        }
        self.describe_schemes(matrix);
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
            let (one, other) = one.names_of_types(other);
            add(format!("names of {one} and {other} are the same"));
        }
        if self.roles_from().is_some() {
            add("roles are asked for that no credential carries".to_owned());
        }
        if self.version_of_grants().is_some() {
            add("grants that are data add to those of the roles".to_owned());
        }
        #[cfg(feature = "jwt")]
        if let Some(name) = self.subprotocol() {
            add(format!("a token may stand behind {name} among the subprotocols of a WebSocket"));
        }
        #[cfg(feature = "jwt")]
        if self.given_tickets().is_some() {
            add("a ticket in the address stands for a token, once".to_owned());
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

    fn describe_schemes(&self, matrix: &mut Matrix) {
        for source in self.sources() {
            let place = match source.scheme {
                #[cfg(feature = "api-key")]
                Scheme::ApiKey => self.api_keys().map(|keys| ("header", keys.header().to_owned())),
                #[cfg(feature = "session")]
                Scheme::Session => self.sessions().map(|sessions| ("cookie", sessions.cookie_name())),
                Scheme::Own(_) => {
                    let own = self.own().iter().find(|own| own.scheme() == source.scheme);
                    own.and_then(|own| own.header()).map(|header| ("header", header.to_string()))
                }
                _ => None,
            };
            let scheme = AcceptedScheme { name: source.scheme.name().to_owned(), place };
            if !matrix.schemes.contains(&scheme) {
                matrix.schemes.push(scheme);
            }
        }
    }
}
