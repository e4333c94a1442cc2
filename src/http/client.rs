//! Who asks: the address of the client, also behind a proxy, and by what its requests are counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use crate::{access::Caller, model::Id};

/// The other end of the connection that a request comes by: an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted, by us.
    pub is_secure: bool,
}

/// Who asks: an extension of the request, as soon as it is inside the layers.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The address of the client itself, or of the last proxy that is not trusted.
    pub address: IpAddr,
    /// Whether the connection to us is encrypted, by us.
    pub is_secure: bool,
}

impl Client {
    /// Who sent a request, which came by a proxy if its peer is one of those that are trusted.
    pub fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        let unknown = Peer { address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0), is_secure: false };
        let Peer { address, is_secure } = extensions.get::<Peer>().copied().unwrap_or(unknown);
        let mut address = address.ip().to_canonical();
        let is_trusted = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        if is_trusted(&address) {
            // Each proxy appends whom it was asked by, so what is right of a trusted one is true.
            for named in forwarded(headers).into_iter().rev() {
                let Some(named) = named else { break };
                address = named;
                if !is_trusted(&address) {
                    break;
                }
            }
        }
        Self { address, is_secure }
    }

    /// The address in the extensions of a request.
    pub fn address_in(extensions: &Extensions) -> IpAddr {
        extensions.get::<Self>().map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.address)
    }
}

/// By what requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// The address, of IPv6 the network of it: a client has as many as it likes of those.
    Address(IpAddr),
    /// The token, of whoever has one: many may share an address, and one may have many.
    Token(Id),
}

impl ClientKey {
    /// The key of whoever sent a request with these extensions.
    pub fn of(extensions: &Extensions) -> Self {
        let token = extensions.get::<Caller>().and_then(Caller::token);
        token.map_or_else(|| Self::of_address(Client::address_in(extensions)), |token| Self::Token(token.id.clone()))
    }

    /// The key of an address.
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(network_of(address))
    }
}

/// What stands for all addresses of a client: of IPv6, the network of 64 bits.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// Whom a request was passed on for, in the order of the proxies; `None` for what is no address. `Forwarded` (RFC 7239)
/// counts if there is no `X-Forwarded-For`: a proxy sets one of them, and most pass on the other as it came.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let of = |name: &'static str| {
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?"));
        lines.flat_map(|line| line.split(',')).map(str::trim)
    };
    if headers.contains_key("x-forwarded-for") {
        return of("x-forwarded-for").map(address).collect();
    }
    let node = |element: &str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let node =
            pairs.map(|(name, node)| (name.trim(), node.trim())).find(|(name, _)| name.eq_ignore_ascii_case("for"));
        node.and_then(|(_, node)| address(node.trim_matches('"')))
    };
    of("forwarded").map(node).collect()
}

/// An address, with or without a port, or brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};

    use super::{Client, Peer};

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let (mut extensions, mut map) = (Extensions::new(), HeaderMap::new());
        extensions.insert(Peer { address: peer.parse().unwrap(), is_secure: false });
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let proxies = ["10.0.0.0/8", "::1/128"].map(|proxy| proxy.parse().unwrap());
        Client::of(&extensions, &map, &proxies).address.to_string()
    }

    #[test]
    fn of_a_trusted_proxy_the_last_address_that_is_not_trusted_counts() {
        let by = "x-forwarded-for";
        for (peer, headers, expected) in [
            ("10.1.2.3:9", &[][..], "10.1.2.3"),
            ("10.1.2.3:9", &[(by, "192.0.2.7")], "192.0.2.7"),
            ("[::ffff:10.1.2.3]:9", &[(by, "192.0.2.7")], "192.0.2.7"),
            ("[::1]:9", &[(by, "2001:db8::7")], "2001:db8::7"),
            // What a client says of itself is left of what the proxies say of it.
            ("10.1.2.3:9", &[(by, "1.1.1.1, 192.0.2.7, 10.9.9.9")], "192.0.2.7"),
            ("10.1.2.3:9", &[(by, "1.1.1.1"), (by, "192.0.2.7,10.9.9.9")], "192.0.2.7"),
            ("10.1.2.3:9", &[(by, "10.1.1.1, 10.2.2.2")], "10.1.1.1"),
            ("10.1.2.3:9", &[(by, "192.0.2.7:4711")], "192.0.2.7"),
            ("10.1.2.3:9", &[(by, "[2001:db8::7]:4711")], "2001:db8::7"),
            ("10.1.2.3:9", &[(by, "[2001:db8::7]")], "2001:db8::7"),
            ("10.1.2.3:9", &[(by, "::ffff:192.0.2.7")], "192.0.2.7"),
            // What is no address ends the chain.
            ("10.1.2.3:9", &[(by, "192.0.2.7, unknown")], "10.1.2.3"),
            ("10.1.2.3:9", &[(by, "192.0.2.7, , 10.9.9.9")], "10.9.9.9"),
            ("10.1.2.3:9", &[("forwarded", "for=1.1.1.1, For=\"[2001:db8::7]:1\";proto=https")], "2001:db8::7"),
            ("10.1.2.3:9", &[("forwarded", "proto=https;for=192.0.2.7")], "192.0.2.7"),
            ("10.1.2.3:9", &[("forwarded", "for=_hidden")], "10.1.2.3"),
            ("10.1.2.3:9", &[("forwarded", "for=1.1.1.1"), (by, "192.0.2.7")], "192.0.2.7"),
            // Others may say what they like.
            ("192.0.2.9:9", &[(by, "1.1.1.1")], "192.0.2.9"),
            ("192.0.2.9:9", &[("forwarded", "for=1.1.1.1")], "192.0.2.9"),
        ] {
            assert_eq!(client(peer, headers), expected, "{peer} {headers:?}");
        }
    }
}
