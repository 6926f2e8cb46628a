use super::{Fact, Requirement};
use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A client in one of these countries.
#[derive(Clone, Copy, Debug)]
pub struct Country(pub &'static [CountryCode]);

impl Requirement for Country {
    const ABOUT_CALLER: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Country(self.0.iter().map(|code| code.as_str().to_owned()).collect())
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        let Some(country) = facts.country else { return Truth::NO };
        let contains = self.0.contains(&country);
        // The country is ambient, like the network.
        Truth::settled(if negated { !contains } else { contains && facts.cross_site != CrossSite::Failed })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn country_rule_rejects_unknown_country_and_cross_site_pages() {
        // IP-9, C5, T30: (country, cross-site, in one of them, in none)
        const LIST: &[CountryCode] = &[CountryCode::new("DE"), CountryCode::new("FR")];
        use CrossSite::{Failed, Passed, Unsaid};
        #[rustfmt::skip]
        let table = [
            (Some("DE"), Passed, true,  false),
            (Some("FR"), Unsaid, true,  false),
            (Some("FR"), Failed, false, false),
            (Some("KP"), Passed, false, true),
            (Some("KP"), Failed, false, true),
            (None,       Passed, false, false),
        ];
        for (country, cross_site, inside, outside) in table {
            let facts = Facts { country: country.map(CountryCode::new), cross_site, ..facts(CallerFacts::Nobody) };
            assert_eq!(Country(LIST).truth(false, &facts), Truth::settled(inside), "{country:?} {cross_site:?}");
            assert_eq!(Country(LIST).truth(true, &facts), Truth::settled(outside), "!{country:?} {cross_site:?}");
        }
    }
}
