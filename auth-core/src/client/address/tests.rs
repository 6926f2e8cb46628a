//! Tests of addresses, forwarding headers and trusted proxies.

use super::super::tests::Lines;
use super::*;
use crate::identity::network::network;

fn behind(header: ForwardingHeader) -> AddressSource {
    let proxies = vec!["10.0.0.2/32".parse().unwrap(), "fd00::/64".parse().unwrap(), "192.0.2.0/28".parse().unwrap()];
    AddressSource::Behind { proxies, unix: false, header }
}

fn client(source: &AddressSource, peer: &str, fields: &[(&str, &str)]) -> Option<String> {
    let peer = (!peer.is_empty()).then(|| SocketAddr::new(peer.parse().unwrap(), 1));
    source.client(peer, &Lines(fields)).map(|address| address.to_string())
}

#[test]
fn embedded_ipv4_addresses_are_found_in_ipv6() {
    // S10
    let table: [(&str, &[&str]); 16] = [
        ("64:ff9b::203.0.113.9", &["203.0.113.9"]),
        // RFC 6052 §2.4, with the four lengths within the /48: 96, 64, 56 and 48.
        ("64:ff9b:1::203.0.113.9", &["203.0.113.9"]),
        ("64:ff9b:1:0:cb:71:900:0", &["203.0.113.9"]),
        ("64:ff9b:1:cb:0:7109::", &["203.0.113.9"]),
        ("64:ff9b:1:cb00:71:900::", &["203.0.113.9"]),
        ("2002:cb00:7109::", &["203.0.113.9"]),
        ("2002:cb00:7109:1:2:3:4:5", &["203.0.113.9"]),
        ("2001:0:4136:e378:8000:63bf:34ff:8ef6", &["203.0.113.9"]),
        ("::ffff:0:203.0.113.9", &["203.0.113.9"]),
        ("::203.0.113.9", &["203.0.113.9"]),
        ("::", &[]),
        ("::1", &[]),
        ("2001:db8::203.0.113.9", &[]),
        ("2001:1::203.0.113.9", &[]),
        ("fe80::203.0.113.9", &[]),
        ("203.0.113.9", &[]),
    ];
    for (address, expected) in table {
        let found: Vec<_> = embedded_ipv4(address.parse().unwrap()).map(|one| one.to_string()).collect();
        assert_eq!(found.is_empty(), expected.is_empty(), "{address}: {found:?}");
        assert!(expected.iter().all(|one| found.iter().any(|found| found == one)), "{address}: {found:?}");
    }
}

#[test]
fn peer_address_is_ignored_if_a_proxy_field_is_present() {
    // C1, IP-7, L6
    #[rustfmt::skip]
    let table: &[(&str, &[(&str, &str)], Option<&str>)] = &[
        ("203.0.113.9", &[], Some("203.0.113.9")),
        ("::ffff:203.0.113.9", &[], Some("203.0.113.9")),
        ("fe80::1", &[], None),
        ("169.254.0.1", &[], None),
        ("", &[], None),
        ("203.0.113.9", &[("X-Forwarded-For", "127.0.0.1")], None),
        ("203.0.113.9", &[("Forwarded", "for=127.0.0.1")], None),
        ("203.0.113.9", &[("X-Real-IP", "127.0.0.1")], None),
        ("203.0.113.9", &[("Via", "1.1 a")], None),
        ("203.0.113.9", &[("X-Forwarded-Host", "a")], None),
        // S10: prefixes and vendor-specific fields.
        ("203.0.113.9", &[("X-Forwarded-Server", "a")], None),
        ("203.0.113.9", &[("X-Forwarded", "for=127.0.0.1")], None),
        ("203.0.113.9", &[("X-Original-Forwarded-For", "127.0.0.1")], None),
        ("203.0.113.9", &[("CF-Connecting-IP", "127.0.0.1")], None),
        ("203.0.113.9", &[("CF-Connecting-IPv6", "::1")], None),
        ("203.0.113.9", &[("True-Client-IP", "127.0.0.1")], None),
        ("203.0.113.9", &[("X-Azure-ClientIP", "127.0.0.1")], None),
        ("203.0.113.9", &[("X-Envoy-External-Address", "127.0.0.1")], None),
        ("203.0.113.9", &[("X-Amzn-Trace-Id", "Root=1")], None),
        ("203.0.113.9", &[("Fastly-Client-IP", "127.0.0.1")], None),
        ("203.0.113.9", &[("User-Agent", "via"), ("X-Request-Id", "forwarded")], Some("203.0.113.9")),
    ];
    for (peer, fields, expected) in table {
        assert_eq!(client(&AddressSource::Peer, peer, fields).as_deref(), *expected, "{peer} {fields:?}");
        assert_eq!(client(&AddressSource::Unset, peer, fields), None);
    }
}

#[test]
fn client_is_the_rightmost_untrusted_forwarded_address() {
    // IP-1 to IP-6, T26, T28, T29, H12
    const XFF: &str = "X-Forwarded-For";
    #[rustfmt::skip]
    let table: &[(&str, &[(&str, &str)], Option<&str>)] = &[
        ("10.0.0.2", &[(XFF, "203.0.113.9")], Some("203.0.113.9")),
        ("10.0.0.2", &[(XFF, "8.8.8.8, 203.0.113.9")], Some("203.0.113.9")),
        ("10.0.0.2", &[(XFF, "8.8.8.8"), (XFF, "203.0.113.9,192.0.2.3")], Some("203.0.113.9")),
        ("10.0.0.2", &[(XFF, "10.0.0.2, 203.0.113.9")], Some("203.0.113.9")),
        ("::ffff:10.0.0.2", &[(XFF, "203.0.113.9:4711")], Some("203.0.113.9")),
        ("fd00::7", &[(XFF, "2001:db8::1")], Some("2001:db8::1")),
        ("fd00::7", &[(XFF, "[2001:db8::1]:80")], Some("2001:db8::1")),
        ("10.0.0.2", &[(XFF, "::ffff:203.0.113.9")], Some("203.0.113.9")),
        ("10.0.0.2", &[], None),
        ("10.0.0.2", &[(XFF, "")], None),
        ("10.0.0.2", &[(XFF, "10.0.0.2")], None),
        ("10.0.0.2", &[(XFF, "8.8.8.8, unknown")], None),
        ("10.0.0.2", &[(XFF, "8.8.8.8, ")], None),
        ("10.0.0.2", &[(XFF, "010.0.0.1")], None),
        ("10.0.0.2", &[(XFF, "1.2.3")], None),
        ("10.0.0.2", &[(XFF, "fe80::1%eth0")], None),
        ("10.0.0.2", &[(XFF, "8.8.8.8 9.9.9.9")], None),
        ("10.0.0.2", &[("Forwarded", "for=8.8.8.8"), ("X_Forwarded_For", "8.8.8.8")], None),
        ("203.0.113.9", &[(XFF, "127.0.0.1")], Some("203.0.113.9")),
        ("", &[(XFF, "127.0.0.1")], None),
    ];
    for (peer, fields, expected) in table {
        assert_eq!(
            client(&behind(ForwardingHeader::XForwardedFor), peer, fields).as_deref(),
            *expected,
            "{peer} {fields:?}"
        );
    }
    let many = vec!["8.8.8.8"; 33].join(",");
    assert_eq!(client(&behind(ForwardingHeader::XForwardedFor), "10.0.0.2", &[(XFF, &many)]), None);
}

#[test]
fn hop_count_is_applied_from_the_right() {
    // H12
    let hops = |hops| AddressSource::Hops {
        hops: std::num::NonZeroUsize::new(hops).unwrap(),
        header: ForwardingHeader::XForwardedFor,
    };
    #[rustfmt::skip]
    let table: &[(usize, &str, Option<&str>)] = &[
        (1, "8.8.8.8, 203.0.113.9", Some("203.0.113.9")),
        (2, "9.9.9.9, 203.0.113.9, 10.0.0.1", Some("203.0.113.9")),
        (2, "203.0.113.9", None),
        (1, "8.8.8.8, unknown", None),
        (1, "", None),
    ];
    for (count, line, expected) in table {
        assert_eq!(
            client(&hops(*count), "10.9.9.9", &[("X-Forwarded-For", line)]).as_deref(),
            *expected,
            "{count} {line}"
        );
    }
}

#[test]
fn forwarded_header_is_parsed_per_rfc_7239() {
    #[rustfmt::skip]
    let table: &[(&[&str], Option<&str>)] = &[
        (&["for=203.0.113.9"], Some("203.0.113.9")),
        (&["for=8.8.8.8, For=\"203.0.113.9:80\";proto=https;by=10.0.0.2"], Some("203.0.113.9")),
        (&["by=1.1.1.1;FOR=\"[2001:db8::1]:_x\""], Some("2001:db8::1")),
        (&["for=8.8.8.8;host=\"a, for=9.9.9.9;\"", "for=203.0.113.9 , for=10.0.0.2"], Some("203.0.113.9")),
        (&["for=\"\\203.0.113.9\""], Some("203.0.113.9")),
        (&["for=8.8.8.8, for=_hidden"], None),
        (&["for=8.8.8.8, for=unknown"], None),
        (&["for=8.8.8.8, proto=http"], None),
        (&["for=8.8.8.8;for=9.9.9.9"], None),
        (&["for=2001:db8::1"], None),
        (&["for=\"8.8.8.8"], None),
        (&["for=8.8.8.8,"], None),
        (&["for"], None),
        (&[""], None),
    ];
    for (lines, expected) in table {
        let fields: Vec<_> = lines.iter().map(|line| ("Forwarded", *line)).collect();
        assert_eq!(
            client(&behind(ForwardingHeader::Forwarded), "10.0.0.2", &fields).as_deref(),
            *expected,
            "{lines:?}"
        );
    }
}

#[test]
fn unix_socket_peer_is_trusted_as_proxy_if_configured() {
    let AddressSource::Behind { proxies, header, .. } = behind(ForwardingHeader::XForwardedFor) else { unreachable!() };
    let source = AddressSource::Behind { proxies, unix: true, header };
    assert_eq!(client(&source, "", &[("x-forwarded-for", "203.0.113.9")]).as_deref(), Some("203.0.113.9"));
}

#[test]
fn ipv4_mapped_networks_are_normalized_to_ipv4() {
    // IP-7
    #[rustfmt::skip]
    let table = [
        ("10.0.0.0/8", Some("10.0.0.0/8")), ("10.0.0.2", Some("10.0.0.2/32")), ("2001:db8::/32", Some("2001:db8::/32")),
        ("::ffff:10.0.0.2", Some("10.0.0.2/32")), ("::ffff:127.0.0.1/128", Some("127.0.0.1/32")), ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
        ("10.0.0.1/8", None), ("proxy", None), ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(network(text).map(|network| network.to_string()).as_deref(), expected, "{text}");
    }
}

#[test]
fn login_throttle_uses_peer_address_if_forwarding_is_unusable() {
    // M8
    let peer = Some(SocketAddr::new("203.0.113.9".parse().unwrap(), 1));
    let via = Lines(&[("Via", "1.1 x"), ("X-Forwarded-For", "unknown")]);
    assert_eq!(AddressSource::Unset.throttled_client(peer, &via), None);
    assert_eq!(AddressSource::Peer.throttled_client(peer, &via), peer.map(|peer| PeerOrClient::Peer(peer.ip())));
    // The client bypassed the proxies, so its address is that of the peer.
    let behind = behind(ForwardingHeader::XForwardedFor);
    assert_eq!(behind.throttled_client(peer, &via), peer.map(|peer| PeerOrClient::Client(peer.ip())));
}
