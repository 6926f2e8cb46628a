//! The contribution of an engine to an access matrix.

use super::Engine;
use super::request::Adapter;
use crate::client::address::AddressSource;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::matrix::{AcceptedScheme, Matrix};

impl<H: Adapter> Engine<H> {
    /// Adds the issuers, the schemes, and the settings that accept more than the defaults.
    pub fn describe(&self, matrix: &mut Matrix) {
        for scheme in self.schemes.iter() {
            for source in scheme.sources() {
                matrix.add_source(source, &scheme.describe(source));
            }
        }
        for scheme in self.accepted().into_iter().flat_map(|(_, schemes)| schemes) {
            if scheme.scheme != SchemeId::OPEN && !matrix.schemes.contains(&scheme) {
                matrix.schemes.push(scheme);
            }
        }
        for switch in self.switches() {
            if !matrix.switches.contains(&switch) {
                matrix.switches.push(switch);
            }
        }
    }

    /// Returns the sources of credentials, each with its credentials in each place.
    pub(super) fn accepted(&self) -> Vec<(&Issuer, Vec<AcceptedScheme>)> {
        let mut sources = Vec::new();
        for scheme in self.schemes.iter() {
            sources.extend(scheme.sources().iter().map(|source| (&**source, scheme.places(source))));
        }
        let accepted = AcceptedScheme::all(&sources);
        sources.into_iter().map(|(source, _)| source).zip(accepted).collect()
    }

    fn switches(&self) -> Vec<String> {
        let mut all: Vec<String> = self.schemes.iter().flat_map(|scheme| scheme.switches()).collect();
        all.extend(self.open.iter().map(ToString::to_string));
        if self.schemes.ignore_unsupported() {
            all.push("an Authorization header of an unknown scheme counts as absent".to_owned());
        }
        all.extend(self.origins.iter().map(|origin| format!("cross-site requests from {origin} may change state")));
        for (one, other) in &self.same {
            let (one, other) = one.names_of_types(other);
            all.push(format!("equal names in {one} and {other} have one meaning"));
        }
        if self.rights_provider.is_some() {
            all.push("a rights provider adds rights that credentials do not contain".to_owned());
        }
        if let Some(accounts) = &self.accounts {
            all.push(format!("callers have accounts of the kinds {}", accounts.kinds().join(", ")));
        }
        all.extend(self.tenant_locations.iter().map(|location| format!("tenant {location}")));
        if self.version_of_grants().is_some() {
            all.push("grants that are stored as data add to those of the roles".to_owned());
        }
        match &self.address {
            AddressSource::Unset => {}
            AddressSource::Peer => all.push("client addresses are the peer addresses of connections".to_owned()),
            AddressSource::Behind { proxies, header, .. } => {
                let proxies: Vec<_> = proxies.iter().map(ToString::to_string).collect();
                let proxies = proxies.join(", ");
                all.push(format!("client addresses are taken from {header:?}, as sent by the proxies {proxies}"));
            }
            AddressSource::Hops { hops, header } => {
                all.push(format!("client addresses are taken from {header:?}, to which {hops} proxies append"));
            }
        }
        if self.loopback_only {
            all.push("keys or cookies are for development: only requests from this machine are accepted".to_owned());
        }
        all
    }
}
