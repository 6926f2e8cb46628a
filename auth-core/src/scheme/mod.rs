//! How a caller is known: which credential of a request counts, and what each scheme makes of it.

#[cfg(feature = "api-key")]
pub mod api_key;
#[cfg(feature = "basic")]
pub mod basic;
#[cfg(feature = "jwt")]
pub mod bearer;
#[cfg(feature = "dpop")]
pub mod dpop;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "jwt")]
pub mod ticket;

use crate::denial::{Denial, Reason};
#[cfg(feature = "jwt")]
use crate::identity::principal::Principal;
use crate::identity::scheme_id::{Scheme, SchemeSet};

/// The credential of a request, as far as its form goes.
pub enum Presented<'a> {
    /// None.
    Nothing,
    /// One of a scheme that is not accepted here: counts as none, and no cookie stands in for it.
    Foreign,
    /// What is refused for its form alone.
    Refused(Denial),
    /// A bearer token: a token68 (RFC 9110 §11.2), no more is known of it.
    Bearer(&'a str),
    /// A bearer token that was verified before, and whom it names.
    #[cfg(feature = "jwt")]
    Remembered(Principal),
    /// The bearer token that a ticket has stood for; `None` where the ticket is worth nothing.
    #[cfg(feature = "jwt")]
    Ticket(Option<String>),
    /// A token that is bound to a key: a token68.
    #[cfg(feature = "dpop")]
    Dpop(&'a str),
    /// A name and a password.
    #[cfg(feature = "basic")]
    Basic(crate::store::users::NameAndPassword),
    /// An API key: visible ASCII, no more is known of it.
    #[cfg(feature = "api-key")]
    ApiKey(&'a str),
    /// A session cookie.
    #[cfg(feature = "session")]
    Session(session::SessionId),
    /// A credential of the application's own scheme, which alone reads it.
    Own(Scheme),
}

impl Presented<'_> {
    /// What is malformed, and of which scheme, if that can be told.
    pub fn malformed(used: Option<Scheme>, cause: &'static str) -> Self {
        Self::Refused(Denial { used, cause: Some(cause), ..Denial::new(Reason::MalformedCredentials) })
    }

    /// The scheme of the credential, where there is one.
    pub const fn scheme(&self) -> Option<Scheme> {
        match self {
            Self::Nothing | Self::Foreign | Self::Refused(_) => None,
            Self::Bearer(_) => Some(Scheme::Bearer),
            #[cfg(feature = "jwt")]
            Self::Remembered(_) | Self::Ticket(_) => Some(Scheme::Bearer),
            #[cfg(feature = "dpop")]
            Self::Dpop(_) => Some(Scheme::Dpop),
            #[cfg(feature = "basic")]
            Self::Basic(_) => Some(Scheme::Basic),
            #[cfg(feature = "api-key")]
            Self::ApiKey(_) => Some(Scheme::ApiKey),
            #[cfg(feature = "session")]
            Self::Session(_) => Some(Scheme::Session),
            Self::Own(scheme) => Some(*scheme),
        }
    }
}

/// No credential.
impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Foreign => f.write_str("Foreign"),
            Self::Refused(denial) => f.debug_tuple("Refused").field(denial).finish(),
            Self::Bearer(_) => f.write_str("Bearer(_)"),
            #[cfg(feature = "jwt")]
            Self::Remembered(_) => f.write_str("Remembered(_)"),
            #[cfg(feature = "jwt")]
            Self::Ticket(_) => f.write_str("Ticket(_)"),
            #[cfg(feature = "dpop")]
            Self::Dpop(_) => f.write_str("DPoP(_)"),
            #[cfg(feature = "basic")]
            Self::Basic(_) => f.write_str("Basic(_)"),
            #[cfg(feature = "api-key")]
            Self::ApiKey(_) => f.write_str("ApiKey(_)"),
            #[cfg(feature = "session")]
            Self::Session(_) => f.write_str("Session(_)"),
            Self::Own(scheme) => write!(f, "{}(_)", scheme.name()),
        }
    }
}

/// Reads the `Authorization` lines of a request (RFC 9110 §11.6.2). It is no list field, so two lines are malformed,
/// even identical ones; and a value that is not visible ASCII is malformed, never absent. A bearer token that is longer than
/// `longest` is refused for its length, and not looked at.
pub fn read<'a>(mut lines: impl Iterator<Item = &'a [u8]>, accepted: SchemeSet, longest: usize) -> Presented<'a> {
    let Some(line) = lines.next() else { return Presented::Nothing };
    if lines.next().is_some() {
        return Presented::malformed(None, "two Authorization lines");
    }
    let line = line.trim_ascii();
    if accepted.contains(Scheme::Bearer) && bearer_token(line).is_some_and(|token| token.len() > longest) {
        return too_long();
    }
    const INVISIBLE: &str = "the Authorization line is not visible ASCII";
    let Ok(text) = std::str::from_utf8(line) else { return Presented::malformed(None, INVISIBLE) };
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let credentials = rest.trim_start_matches(' ');
    let named = |scheme: &Scheme| {
        scheme.is_in_authorization() && accepted.contains(*scheme) && name.eq_ignore_ascii_case(scheme.name())
    };
    let scheme = Scheme::OURS.into_iter().find(named);
    // A scheme's name, spaces and a token68 are visible.
    let is_token = scheme.is_some() && is_token68(credentials);
    if !is_token && !all(line, |byte| matches!(byte, b' '..=b'~')) {
        return Presented::malformed(None, INVISIBLE);
    }
    match scheme {
        None if name.is_empty() => Presented::malformed(None, "the Authorization line is empty"),
        None => Presented::Foreign,
        Some(scheme) if !is_token => Presented::malformed(Some(scheme), "the credentials are no token68"),
        Some(Scheme::Bearer) => Presented::Bearer(credentials),
        #[cfg(feature = "dpop")]
        Some(Scheme::Dpop) => Presented::Dpop(credentials),
        #[cfg(not(feature = "dpop"))]
        Some(Scheme::Dpop) => Presented::Foreign,
        #[cfg(feature = "basic")]
        Some(scheme @ Scheme::Basic) => match basic::read(credentials) {
            Ok(credentials) => Presented::Basic(credentials),
            Err(cause) => Presented::malformed(Some(scheme), cause),
        },
        #[cfg(not(feature = "basic"))]
        Some(Scheme::Basic) => Presented::Foreign,
        Some(Scheme::ApiKey | Scheme::Session | Scheme::Own(_)) => Presented::Foreign,
    }
}

/// Whom the bearer token of a request names, where `find` knows these very bytes: then they were read before, as [`read`] does, and
/// need not be again.
#[cfg(feature = "jwt")]
pub fn remembered<'a>(
    mut lines: impl Iterator<Item = &'a [u8]>,
    accepted: SchemeSet,
    find: impl FnOnce(&[u8]) -> Option<Principal>,
) -> Option<Principal> {
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    find(bearer_token(line.trim_ascii()).filter(|_| accepted.contains(Scheme::Bearer))?)
}

/// What stands behind the name of the scheme, whatever it is.
fn bearer_token(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"Bearer ";
    let (name, mut token) = line.split_at_checked(NAME.len())?;
    // Mostly it is spelt so.
    if name != NAME && !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    while let Some(rest) = token.strip_prefix(b" ") {
        token = rest;
    }
    Some(token)
}

fn too_long<'a>() -> Presented<'a> {
    let cause = "the token is longer than allowed";
    Presented::Refused(Denial::refused(Scheme::Bearer, Reason::InvalidCredentials, cause))
}

/// The bearer token that a page of a browser offers as a subprotocol of its WebSocket, behind this name: it can set no other header.
/// Beside an `Authorization` line it is a second credential, and so is a second token. What follows is the application's.
pub fn with_subprotocol<'a>(
    authorization: Presented<'a>,
    name: &str,
    mut lines: impl Iterator<Item = &'a [u8]>,
    longest: usize,
) -> Presented<'a> {
    let malformed = |cause| Presented::malformed(Some(Scheme::Bearer), cause);
    let Some(line) = lines.next() else { return authorization };
    let offered = |line: &'a [u8]| line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_named = |protocol: &[u8]| protocol == name.as_bytes();
    // RFC 6455 §11.3.4: several lines are one list. Nobody who sends a token needs more than one.
    if let Some(other) = lines.next() {
        let named = offered(line).chain(offered(other)).chain(lines.flat_map(offered)).any(is_named);
        return if named { malformed("a token among several lines of subprotocols") } else { authorization };
    }
    let mut rest = offered(line).skip_while(|protocol| !is_named(protocol)).skip(1);
    let Some(token) = rest.next() else {
        return if offered(line).any(is_named) { malformed("no token follows the subprotocol") } else { authorization };
    };
    match (authorization, std::str::from_utf8(token)) {
        (Presented::Nothing, _) if rest.any(is_named) => malformed("two tokens among the subprotocols"),
        (Presented::Nothing, Ok(token)) if token.len() > longest => too_long(),
        (Presented::Nothing, Ok(token)) if is_token68(token) => Presented::Bearer(token),
        (Presented::Nothing, _) => malformed("the subprotocol after its name is no token68"),
        _ => malformed("a token among the subprotocols beside another credential"),
    }
}

/// The credential of an application's own scheme among what was presented, where it stands in a header of its own, which occurs
/// `times`: two explicit credentials are malformed, and so is one that occurs twice.
pub fn with_own(presented: Presented<'_>, scheme: Scheme, times: usize) -> Presented<'_> {
    match (presented, times) {
        (presented, 0) => presented,
        (Presented::Nothing, 1) => Presented::Own(scheme),
        (Presented::Nothing, _) => Presented::malformed(Some(scheme), "the header of a credential stands twice"),
        _ => Presented::malformed(None, "two credentials"),
    }
}

/// The API key among what was presented: two explicit credentials are malformed, and so is a key that occurs twice or is no
/// visible ASCII.
#[cfg(feature = "api-key")]
pub fn with_api_key<'a>(authorization: Presented<'a>, mut lines: impl Iterator<Item = &'a [u8]>) -> Presented<'a> {
    let Some(line) = lines.next() else { return authorization };
    if !matches!(authorization, Presented::Nothing) {
        return Presented::malformed(None, "an Authorization line and an API key");
    }
    if lines.next().is_some() {
        return Presented::malformed(Some(Scheme::ApiKey), "two API keys");
    }
    let visible =
        Some(line.trim_ascii()).filter(|line| !line.is_empty() && all(line, |byte| matches!(byte, b'!'..=b'~')));
    match visible.and_then(|line| std::str::from_utf8(line).ok()) {
        Some(key) => Presented::ApiKey(key),
        None => Presented::malformed(Some(Scheme::ApiKey), "the API key is not visible ASCII"),
    }
}

/// The issuer of identities that a store of users stands behind, however they log in.
#[cfg(any(feature = "basic", feature = "session"))]
fn issuer_of_users(realm: &str) -> String {
    format!("basic:{realm}")
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // `-`, `.`, `/` and the digits stand in a row, and a letter is one in either case.
    let fits = |byte: u8| {
        (byte.wrapping_sub(b'-') < 13)
            | ((byte | 0x20).wrapping_sub(b'a') < 26)
            | (byte == b'_')
            | (byte == b'~')
            | (byte == b'+')
    };
    !body.is_empty() && all(body.as_bytes(), fits)
}

/// Whether all bytes fit. Looks at each, whatever comes before it: without a branch the compiler takes many at a time.
fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |misfits, byte| misfits | u8::from(!fits(*byte))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(lines: &[&[u8]], accepted: SchemeSet) -> &'static str {
        match read(lines.iter().copied(), accepted, 8192) {
            Presented::Nothing => "nothing",
            Presented::Foreign => "foreign",
            Presented::Refused(denial) if denial.reason != Reason::MalformedCredentials => "refused",
            Presented::Refused(_) => "malformed",
            Presented::Bearer(_) => "bearer",
            #[cfg(feature = "jwt")]
            Presented::Remembered(_) => "remembered",
            #[cfg(feature = "jwt")]
            Presented::Ticket(_) => "ticket",
            #[cfg(feature = "dpop")]
            Presented::Dpop(_) => "dpop",
            #[cfg(feature = "basic")]
            Presented::Basic(_) => "basic",
            #[cfg(feature = "api-key")]
            Presented::ApiKey(_) => "api key",
            #[cfg(feature = "session")]
            Presented::Session(_) => "session",
            Presented::Own(_) => "own",
        }
    }

    #[test]
    fn a_token68_is_of_these_bytes_and_no_others() {
        for byte in 0..=127_u8 {
            let fits = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            let text = format!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{}a", char::from(byte));
            assert_eq!(is_token68(&text), fits, "{text:?}");
        }
        assert!(is_token68("a==") && !is_token68("a=a") && !is_token68("==") && !is_token68("caf\u{e9}"));
    }

    #[test]
    fn one_well_formed_line_counts_and_nothing_else() {
        // HTTP-1 to HTTP-4, HTTP-19, BEARER-1, BEARER-3, T18
        let bearer = SchemeSet::NONE.with(Scheme::Bearer);
        let long = [b"Bearer ".as_slice(), &[b'\xff'; 8200]].concat();
        #[rustfmt::skip]
        let table: &[(&[&[u8]], &str)] = &[
            (&[], "nothing"),
            (&[b"Bearer abc.def.g-_~+/=="], "bearer"),
            (&[b"bearer x"], "bearer"),
            (&[b"BEARER   x"], "bearer"),
            (&[b"  bAsIc x"], "foreign"),
            (&[b" Bearer x\t"], "bearer"),
            (&[b"Digest username=\"a\""], "foreign"),
            (&[b"abc.def.ghi"], "foreign"),
            (&[b""], "malformed"),
            (&[b"Bearer"], "malformed"),
            (&[b"Bearer "], "malformed"),
            (&[b"Bearer ="], "malformed"),
            (&[b"Bearer a=b"], "malformed"),
            (&[b"Bearer\tx"], "malformed"),
            (&[b"Bearer x y"], "malformed"),
            (&[b"Bearer x,"], "malformed"),
            (&[b"Bearer a, Bearer b"], "malformed"),
            (&[b"Bearer \xff"], "malformed"),
            (&[b"Bearer x\0"], "malformed"),
            (&[b"Bearer \"x\""], "malformed"),
            (&[b"Bearer x", b"Bearer x"], "malformed"),
            (&[b"Bearer x", b"Basic eDp5"], "malformed"),
            (&[b"Digest x", b"Bearer x"], "malformed"),
            (&[&long], "refused"),
            (&[&long, &long], "malformed"),
        ];
        for (lines, expected) in table {
            let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(kind(lines, bearer), *expected, "{shown:?}");
        }
    }

    #[test]
    fn a_scheme_that_is_not_accepted_counts_as_no_credential() {
        // BEARER-6
        assert_eq!(kind(&[b"Bearer x"], SchemeSet::NONE), "foreign");
    }
}
