//! Country databases in the MaxMind format. A file is read completely, verified before use, and read again when it changes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use maxminddb::{PathElement, Reader};

use super::{Countries, CountryCode, CountryLookup, CountrySource};
use crate::runtime::file_watcher::watch;

/// A country database in the memory of this process.
///
/// The file is checked every 30 seconds, and read again once two successive checks see the same change. The new content is verified
/// completely before it replaces the previous content. If it is damaged, the previous content stays in effect. Requests are served
/// without interruption.
#[derive(Clone)]
pub struct Database(Arc<DatabaseInner>);

struct DatabaseInner {
    path: PathBuf,
    reader: ArcSwap<Reader<Vec<u8>>>,
}

/// An error of a country database.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file cannot be read.
    #[error("the country database cannot be read: {0}")]
    Read(std::io::Error),
    /// The file is damaged, or not in the MaxMind format.
    #[error("the country database is corrupt, or not in MaxMind DB format")]
    Damaged,
    /// The database contains no country.
    #[error("the country database contains no countries: neither `country.iso_code` nor `country_code` was found")]
    NoCountries,
}

crate::debug_as_display!(DatabaseError);

impl From<DatabaseError> for std::io::Error {
    fn from(error: DatabaseError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

/// Interval at which the file is checked for changes.
const EVERY: Duration = Duration::from_secs(30);

impl Database {
    /// Reads and verifies the file.
    ///
    /// # Errors
    /// The file cannot be read, or is not a country database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatabaseError> {
        Self::open_with_interval(path, EVERY)
    }

    /// Like [`open`](Self::open), with a custom interval at which the file is checked for changes.
    ///
    /// # Errors
    /// Returns the errors of [`open`](Self::open).
    pub fn open_with_interval(path: impl AsRef<Path>, every: Duration) -> Result<Self, DatabaseError> {
        let path = path.as_ref().to_owned();
        let inner = Arc::new(DatabaseInner { reader: ArcSwap::from_pointee(read(&path)?), path });
        watch(&inner, &inner.path, every, read, DatabaseInner::replace_reader).map_err(DatabaseError::Read)?;
        Ok(Self(inner))
    }

    /// Reads the file again immediately.
    ///
    /// # Errors
    /// Returns the errors of [`open`](Self::open). The previous content then stays in effect.
    pub fn reload(&self) -> Result<(), DatabaseError> {
        self.0.replace_reader(read(&self.0.path)?);
        Ok(())
    }

    /// Returns the country of an address. `None` if the database contains no country code for it, or an invalid one.
    pub fn of(&self, address: IpAddr) -> Option<CountryCode> {
        country(&self.0.reader.load(), address.to_canonical())
    }
}

impl DatabaseInner {
    fn replace_reader(&self, reader: Reader<Vec<u8>>) {
        self.reader.store(Arc::new(reader));
    }
}

fn read(path: &Path) -> Result<Reader<Vec<u8>>, DatabaseError> {
    let bytes = std::fs::read(path).map_err(crate::runtime::file_watcher::at(path)).map_err(DatabaseError::Read)?;
    let reader = Reader::from_source(bytes).map_err(|_| DatabaseError::Damaged)?;
    reader.verify().map_err(|_| DatabaseError::Damaged)?;
    let mut networks = reader.networks(Default::default()).map_err(|_| DatabaseError::Damaged)?;
    let some = networks.any(|found| found.is_ok_and(|found| named(&found).is_some()));
    if some { Ok(reader) } else { Err(DatabaseError::NoCountries) }
}

fn country(reader: &Reader<Vec<u8>>, address: IpAddr) -> Option<CountryCode> {
    // A lookup error makes the country unknown, which admits no caller.
    named(&reader.lookup(address).ok()?)
}

/// Returns the country in which the client is located, not the one in which its network is registered or which it represents.
/// Databases of vendors other than MaxMind contain the code at the top level.
fn named(found: &maxminddb::LookupResult<'_, Vec<u8>>) -> Option<CountryCode> {
    const NESTED: [PathElement<'static>; 2] = [PathElement::Key("country"), PathElement::Key("iso_code")];
    const FLAT: [PathElement<'static>; 1] = [PathElement::Key("country_code")];
    let at = |path: &[PathElement<'_>]| found.decode_path::<&str>(path).ok().flatten();
    CountryCode::parse(at(&NESTED).or_else(|| at(&FLAT))?)
}

impl CountryLookup for Database {
    fn country(&self, client: IpAddr) -> Option<CountryCode> {
        self.of(client)
    }
}

impl Countries {
    /// Reads countries from a database in the MaxMind format.
    pub fn database(database: Database) -> Self {
        Self(CountrySource::Database(Arc::new(database)))
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/geoip/");

    fn file(name: &str) -> PathBuf {
        Path::new(FILES).join(name)
    }

    #[test]
    fn database_returns_only_the_located_country() {
        // IP-7, IP-9, IP-10, T27, T30
        let real = Database::open(file("GeoIP2-Country-Test.mmdb")).unwrap();
        let ours = Database::open(file("odd.mmdb")).unwrap();
        #[rustfmt::skip]
        let table = [
            (&real, "81.2.69.142", Some("GB")), (&real, "::ffff:81.2.69.142", Some("GB")), (&real, "216.160.83.56", Some("US")),
            (&real, "2001:218::1", Some("JP")), (&real, "202.196.224.1", Some("PH")), // represented: US
            (&real, "8.8.8.8", None), (&real, "127.0.0.1", None),
            (&ours, "192.0.2.1", Some("DE")), (&ours, "::ffff:192.0.2.1", Some("DE")), (&ours, "198.51.100.7", Some("KP")),
            (&ours, "2001:db8:de::5", Some("DE")),
            (&ours, "203.0.113.1", None),   // registered: US
            (&ours, "203.0.113.200", None), // a record without a country
        ];
        for (database, address, expected) in table {
            let found = database.of(address.parse().unwrap());
            assert_eq!(found.map(|code| code.as_str().to_owned()).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn damaged_country_database_fails_to_open() {
        // IP-10
        let damaged = ["MaxMind-DB-test-broken-pointers-24.mmdb", "MaxMind-DB-test-broken-search-tree-24.mmdb"];
        for name in damaged {
            assert!(matches!(Database::open(file(name)), Err(DatabaseError::Damaged)), "{name}");
        }
        assert!(matches!(Database::open(file("NOTICE")), Err(DatabaseError::Damaged)));
        assert!(matches!(Database::open(file("none")), Err(DatabaseError::Read(_))));
    }

    #[test]
    fn country_database_reloads_and_ignores_damaged_files() {
        let folder = std::env::temp_dir().join(format!("auth-core-countries-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("countries.mmdb");
        let put = |name: &str| {
            let new = folder.join("new");
            std::fs::copy(file(name), &new).unwrap();
            std::fs::rename(new, &path).unwrap();
        };
        put("odd.mmdb");
        let database = Database::open_with_interval(&path, Duration::from_millis(20)).unwrap();
        let knows = |address: &str| database.of(address.parse().unwrap()).is_some();
        let within = |expected: &dyn Fn() -> bool| {
            (0..300).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                expected()
            })
        };
        assert!(knows("192.0.2.1") && !knows("81.2.69.142"));
        put("GeoIP2-Country-Test.mmdb");
        assert!(within(&|| knows("81.2.69.142") && !knows("192.0.2.1")));
        for broken in ["NOTICE", "MaxMind-DB-test-broken-search-tree-24.mmdb"] {
            put(broken);
            assert!(database.reload().is_err(), "{broken}");
            std::thread::sleep(Duration::from_millis(100));
            assert!(knows("81.2.69.142"), "{broken}: the one before stays");
        }
        put("odd.mmdb");
        assert!(within(&|| knows("192.0.2.1")), "and a good one takes its place again");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
