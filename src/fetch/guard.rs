//! Which addresses may be reached, and what of a URL may be shown. A name is resolved here, and what was checked is what is
//! connected to, so that a name which changes its address in between gains nothing.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// The most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 16;

/// Who is at an address, from the most open to the most closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// A host of the Internet.
    Public,
    /// This machine, or one of its network: only for hosts that are configured as private.
    Private,
    /// Nobody who serves pictures: a cloud's metadata service, many hosts at once, or none.
    Never,
}

use Reach::{Never, Private, Public};

/// Networks of IPv4 that are not public, the first that holds an address counts: the special-purpose registry of IANA
/// (RFC 6890), multicast and reserved, and the addresses at which clouds hand out credentials.
const NETWORKS_4: [([u8; 4], u32, Reach); 22] = [
    ([169, 254, 169, 254], 32, Never), // metadata of AWS, Google, Azure, Oracle, OpenStack
    ([169, 254, 170, 2], 32, Never),   // credentials of tasks of AWS ECS
    ([169, 254, 170, 23], 32, Never),  // credentials of pods of AWS EKS
    ([100, 100, 100, 200], 32, Never), // metadata of Alibaba
    ([168, 63, 129, 16], 32, Never),   // Azure's wire server
    ([10, 0, 0, 0], 8, Private),
    ([100, 64, 0, 0], 10, Private),
    ([127, 0, 0, 0], 8, Private),
    ([169, 254, 0, 0], 16, Private),
    ([172, 16, 0, 0], 12, Private),
    ([192, 168, 0, 0], 16, Private),
    ([0, 0, 0, 0], 8, Never),
    ([192, 0, 0, 0], 24, Never),
    ([192, 0, 2, 0], 24, Never),
    ([192, 88, 99, 0], 24, Never),
    ([198, 18, 0, 0], 15, Never),
    ([198, 51, 100, 0], 24, Never),
    ([203, 0, 113, 0], 24, Never),
    ([224, 0, 0, 0], 4, Never),
    ([240, 0, 0, 0], 4, Never),
    ([255, 255, 255, 255], 32, Never),
    ([0, 0, 0, 0], 0, Public),
];

/// Networks of IPv6, the first that holds an address counts (RFC 6890): public is only what is handed out of `2000::/3`,
/// and not for protocols (with ORCHID and benchmarking, `2001::/23`) or documentation. The rest is for nobody.
const NETWORKS_6: [([u16; 8], u32, Reach); 11] = [
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128, Never), // metadata of AWS
    ([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128, Never),  // credentials of pods of AWS EKS
    ([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, Never),  // metadata of Google
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Private),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Private),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Private),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Private),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Never),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Never),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Never),
    ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, Public),
];

/// Who is at an address.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_4(address),
        IpAddr::V6(address) => reach_6(address),
    }
}

/// Whether a host of the Internet is at an address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    reach(address) == Public
}

/// Whether an address may be connected to for a host, which is private or not.
#[must_use]
pub fn may_be_reached(address: IpAddr, private: bool) -> bool {
    reach(address) <= if private { Private } else { Public }
}

fn reach_4(address: Ipv4Addr) -> Reach {
    let holds = |network: [u8; 4], bits: u32| {
        (address.to_bits() ^ Ipv4Addr::from(network).to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
    };
    NETWORKS_4.iter().find(|(network, bits, _)| holds(*network, *bits)).map_or(Never, |(_, _, reach)| *reach)
}

/// An address that carries one of IPv4 leads to it: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056), and Teredo (RFC
/// 4380), which carries those of a server and, inverted, of a client.
fn reach_6(address: Ipv6Addr) -> Reach {
    let inside = |high: u16, low: u16| reach_4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            inside(high, low)
        }
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            inside(high, low).max(inside(!client_high, !client_low))
        }
        _ => network_6(address),
    }
}

fn network_6(address: Ipv6Addr) -> Reach {
    let holds = |network: [u16; 8], bits: u32| {
        (address.to_bits() ^ Ipv6Addr::from(network).to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
    };
    NETWORKS_6.iter().find(|(network, bits, _)| holds(*network, *bits)).map_or(Never, |(_, _, reach)| *reach)
}

/// The address that a URL has in the place of a name, in whatever form it was written.
#[must_use]
pub fn literal_address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// The addresses of a name, in the order in which they are to be tried.
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own way: its hosts file, and its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Lookup for System {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// A name that has addresses, none of which may be reached.
#[derive(Debug, thiserror::Error)]
#[error("{name} is at {addresses:?}")]
pub struct Refused {
    /// The name.
    pub name: String,
    /// Where it is.
    pub addresses: Vec<IpAddr>,
}

/// Resolves names to addresses that may be reached, for the hosts that are private or for those that are not.
#[derive(Clone)]
pub struct Guarded {
    lookup: Arc<dyn Lookup>,
    private: bool,
}

impl Guarded {
    /// What is found by a lookup, as far as it may be reached.
    #[must_use]
    pub fn new(lookup: Arc<dyn Lookup>, private: bool) -> Self {
        Self { lookup, private }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, private) = (name.as_str().to_owned(), self.private);
        let found = self.lookup.addresses(name.clone());
        Box::pin(async move {
            let addresses: Vec<IpAddr> = found.await?.into_iter().take(MOST_ADDRESSES).collect();
            let may = |address: &IpAddr| may_be_reached(*address, private);
            let open: Vec<IpAddr> = addresses.iter().copied().filter(may).collect();
            if addresses.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "it has no address").into());
            }
            if open.is_empty() {
                return Err(Refused { name, addresses }.into());
            }
            Ok(Box::new(open.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Words in the names of parameters whose values are secrets.
const SECRET_WORDS: [&str; 12] = [
    "signature",
    "token",
    "secret",
    "password",
    "credential",
    "auth",
    "apikey",
    "api-key",
    "api_key",
    "access",
    "policy",
    "session",
];
/// Names of parameters whose values are secrets.
const SECRET_NAMES: [&str; 9] = ["sig", "key", "pass", "pwd", "code", "hash", "hmac", "jwt", "key-pair-id"];
/// Characters of the longest value that is shown: longer than an id, shorter than a signature.
const LONGEST_SHOWN: usize = 40;

/// A URL for messages: without a user name, a password, a fragment, and whatever in its query may be a signature or a token.
#[must_use]
pub fn shown(url: &Url) -> String {
    with_query(url, |raw, name, value| {
        let secret = SECRET_NAMES.contains(&name)
            || SECRET_WORDS.iter().any(|word| name.contains(word))
            || value.len() > LONGEST_SHOWN
            || value.contains(['=', '&', ';']);
        Some(match raw.split_once('=') {
            Some((name, _)) if secret => format!("{name}=…"),
            None if raw.len() > LONGEST_SHOWN => "…".to_owned(),
            _ => raw.to_owned(),
        })
    })
}

/// Parameters, in lower case, by which a URL is signed or ends: of AWS, `CloudFront` and Google.
const SIGNING: [&str; 6] = ["expires", "signature", "key-pair-id", "policy", "awsaccesskeyid", "googleaccessid"];
/// Parameters of a shared access signature of Azure (“Create a service SAS”, “Create a user delegation SAS”); the names are
/// short and common, so they only count beside `sig`.
const AZURE: [&str; 20] = [
    "sig", "sv", "se", "sp", "sr", "st", "spr", "sip", "si", "ss", "srt", "sdd", "ses", "skoid", "sktid", "skt", "ske",
    "sks", "skv", "saoid",
];

/// What names the file behind a URL: the URL without its fragment, and without the signature, its dates, and who signed, so
/// that a file whose URL was signed anew is the same file.
#[must_use]
pub fn identity(url: &Url) -> String {
    let azure = url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("sig"));
    with_query(url, |raw, name, _| {
        let signs = name.starts_with("x-amz-") || name.starts_with("x-goog-") || SIGNING.contains(&name);
        (!signs && (!azure || !AZURE.contains(&name))).then(|| raw.to_owned())
    })
}

/// A URL without credentials and fragment, and of its query what is kept, given each parameter as it is, its name in lower
/// case, and its value.
fn with_query(url: &Url, keep: impl Fn(&str, &str, &str) -> Option<String>) -> String {
    let raw = url.query().unwrap_or_default().split('&').filter(|raw| !raw.is_empty());
    let kept: Vec<String> =
        raw.zip(url.query_pairs()).filter_map(|(raw, (name, value))| keep(raw, &name.to_lowercase(), &value)).collect();
    let mut bare = url.clone();
    bare.set_fragment(None);
    bare.set_query(None);
    // A URL that cannot have credentials has none to take away.
    let _ = (bare.set_username(""), bare.set_password(None));
    if kept.is_empty() { bare.into() } else { format!("{bare}?{}", kept.join("&")) }
}
