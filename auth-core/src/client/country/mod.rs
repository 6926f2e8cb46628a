//! The country of the client address.
//!
//! # Why
//! Only the codes of ISO 3166-1 are accepted as countries. Databases and proxies also use `XX`, `T1`, `EU` or `AP`, for addresses
//! whose country they do not know. If these were countries, they would differ from the country that a rule denies, and the rule
//! would admit the address. They are unknown countries instead, which satisfy neither a rule nor its negation.

#[cfg(feature = "geoip")]
mod database;

use std::net::IpAddr;
use std::sync::Arc;

#[cfg(feature = "geoip")]
pub use self::database::{Database, DatabaseError};
use super::{Fields, single};
use crate::identity::vocabulary::Text;

/// The source of countries.
#[derive(Clone, Debug)]
pub struct Countries(CountrySource);

#[derive(Clone, Debug)]
enum CountrySource {
    Header(String),
    Database(Arc<dyn CountryLookup>),
}

trait CountryLookup: std::fmt::Debug + Send + Sync {
    /// Returns the country, or `None` if it is unknown.
    fn country(&self, client: IpAddr) -> Option<CountryCode>;
}

impl Countries {
    /// Reads countries from a header that a trusted proxy sets, such as `CF-IPCountry`. The header is ignored unless it comes from
    /// a trusted proxy.
    pub fn header(name: &str) -> Self {
        Self(CountrySource::Header(name.to_ascii_lowercase()))
    }

    /// Returns the name of the header, if countries are read from a header.
    pub(crate) fn header_name(&self) -> Option<&str> {
        match &self.0 {
            CountrySource::Header(name) => Some(name),
            CountrySource::Database(_) => None,
        }
    }

    /// Returns the country of a client with a known address, or `None` if the country is unknown. `from_proxy` states whether a
    /// trusted proxy wrote the header.
    pub fn of(&self, client: IpAddr, from_proxy: bool, fields: &impl Fields) -> Option<CountryCode> {
        match &self.0 {
            CountrySource::Header(name) if from_proxy => {
                CountryCode::parse(std::str::from_utf8(single(fields, name).ok()??).ok()?)
            }
            CountrySource::Header(_) => None,
            CountrySource::Database(database) => database.country(client),
        }
    }
}

/// A two-letter country code of ISO 3166-1. `XK` for Kosovo is also accepted, because databases use it although it is not assigned.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountryCode([u8; 2]);

const ASSIGNED: &[u8] = b"\
    ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR\
    CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU\
    IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ\
    MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI\
    SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZWXK\
    ";

impl std::fmt::Display for CountryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl CountryCode {
    /// Placeholder for an invalid code after its error has been reported. It matches no country.
    pub const UNKNOWN: Self = Self(*b"??");

    /// Returns whether both are the same known country. Usable in const contexts.
    pub(crate) const fn is(self, other: Self) -> bool {
        self.is_known() && self.0[0] == other.0[0] && self.0[1] == other.0[1]
    }

    /// Returns whether this is a country rather than [`UNKNOWN`](Self::UNKNOWN). Usable in const contexts.
    pub(crate) const fn is_known(self) -> bool {
        self.0[0] != b'?'
    }

    /// Creates a country from a code that the attributes have checked.
    ///
    /// # Panics
    /// Panics if the code is not assigned.
    #[allow(clippy::expect_used, reason = "in a const, where it is a compile error")]
    pub const fn new(code: &str) -> Self {
        Self::parse(code).expect("a code of ISO 3166-1")
    }

    /// Parses a country code. Returns `None` if the code is not assigned.
    pub const fn parse(code: &str) -> Option<Self> {
        let &[first, second] = code.as_bytes() else { return None };
        let mut rest = ASSIGNED;
        while let [one, other, more @ ..] = rest {
            if *one == first && *other == second {
                return Some(Self([first, second]));
            }
            rest = more;
        }
        None
    }

    /// Returns the two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Checks that the code is assigned to a country.
///
/// # Panics
/// Panics at compile time if the code is not assigned. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_country(code: &str) {
    if CountryCode::parse(code).is_some() {
        return;
    }
    let mut text = Text::new();
    text.all(&["\"", code, "\" is not a country code"]);
    text.all(match code.as_bytes() {
        b"UK" => &["; did you mean \"GB\"?\nhelp: write \"GB\" for the United Kingdom"],
        b"EL" => &["; did you mean \"GR\"?\nhelp: write \"GR\" for Greece"],
        b"EU" => &["\nhelp: write the countries that are meant, such as \"DE\", \"FR\""],
        _ => &[" of ISO 3166-1\nhelp: write one that is assigned, such as \"DE\" for Germany"],
    });
    panic!("{}", text.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_header_is_accepted_once_and_only_from_a_proxy() {
        // IP-10
        use super::super::tests::Lines;
        let of = |from_proxy, lines: &[(&str, &str)]| {
            let code = Countries::header("CF-IPCountry").of(IpAddr::from([192, 0, 2, 1]), from_proxy, &Lines(lines));
            code.map(|code| code.as_str().to_owned())
        };
        assert_eq!(of(true, &[("cf-ipcountry", "DE")]).as_deref(), Some("DE"));
        for lines in [
            &[("cf-ipcountry", "XX")][..],
            &[("cf-ipcountry", "T1")],
            &[("cf-ipcountry", "de")],
            &[("cf-ipcountry", "DE, FR")],
            &[],
            &[("cf-ipcountry", "DE"), ("cf-ipcountry", "DE")],
        ] {
            assert_eq!(of(true, lines), None, "{lines:?}");
        }
        assert_eq!(of(false, &[("cf-ipcountry", "DE")]), None, "from anybody");
    }

    #[test]
    fn only_assigned_iso_3166_1_country_codes_parse() {
        // IP-10
        assert_eq!(ASSIGNED.len(), 2 * 250);
        assert!(ASSIGNED[..2 * 249].chunks(2).collect::<Vec<_>>().is_sorted());
        for code in ["DE", "US", "KP", "ZW", "AD", "XK"] {
            assert_eq!(CountryCode::parse(code).map(|code| code.as_str().to_owned()).as_deref(), Some(code));
        }
        for code in ["", "D", "DEU", "de", "XX", "T1", "ZZ", "EU", "AP", "UK", "A1", "EA", "\u{e9}", "ED"] {
            assert_eq!(CountryCode::parse(code), None, "{code}");
        }
    }
}
