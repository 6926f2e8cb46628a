use std::net::IpAddr;

use ipnet::IpNet;

use super::{Fact, Requirement};
use crate::client::address::embedded_ipv4;
use crate::client::csrf::CrossSite;
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A client in one of these networks.
#[derive(Clone, Copy, Debug)]
pub struct Network(pub &'static [IpNet]);

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Requirement for Network {
    const ABOUT_CALLER: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Network(self.0.to_vec())
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        let Some(address) = facts.client else { return Truth::NO };
        if negated {
            // An excluded IPv4 address within the address of a translator or a tunnel is still excluded.
            return Truth::settled(
                !self.contains(address) && !embedded_ipv4(address).any(|inside| self.contains(inside)),
            );
        }
        // The network is ambient: a page of another site has the same network as the victim's browser (C5).
        Truth::settled(self.contains(address) && facts.cross_site != CrossSite::Failed)
    }
}

#[cfg(test)]
mod tests {
    use ipnet::{Ipv4Net, Ipv6Net};

    use super::super::tests::facts;
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn network_rule_rejects_unknown_clients_and_cross_site_pages() {
        // IP-7, IP-8, IP-9, C5, L6: (address, cross-site, inside, outside)
        const NETS: &[IpNet] = &[
            IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8)),
            IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128)),
        ];
        use CrossSite::{Failed, Passed, Unsaid};
        #[rustfmt::skip]
        let table = [
            (Some("10.255.0.1"),          Passed, true,  false),
            (Some("10.255.0.1"),          Unsaid, true,  false),
            (Some("10.255.0.1"),          Failed, false, false),
            (Some("::1"),                 Passed, true,  false),
            (Some("11.0.0.0"),            Passed, false, true),
            (Some("11.0.0.0"),            Failed, false, true),
            (Some("64:ff9b::10.0.0.1"),   Passed, false, false),
            (Some("64:ff9b::11.0.0.1"),   Passed, false, true),
            (None,                        Passed, false, false),
        ];
        for (client, cross_site, inside, outside) in table {
            let client = client.map(|address| address.parse().unwrap());
            let facts = Facts { client, cross_site, ..facts(CallerFacts::Nobody) };
            assert_eq!(Network(NETS).truth(false, &facts), Truth::settled(inside), "{client:?} {cross_site:?}");
            assert_eq!(Network(NETS).truth(true, &facts), Truth::settled(outside), "!{client:?} {cross_site:?}");
        }
        const V4: &[IpNet] = &[IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::UNSPECIFIED, 0))];
        let everything = Network(V4);
        let v6 = Facts { client: Some("2001:db8::1".parse().unwrap()), ..facts(CallerFacts::Nobody) };
        assert_eq!(everything.truth(false, &v6), Truth::NO, "0.0.0.0/0 does not cover IPv6");
    }
}
