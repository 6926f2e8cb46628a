//! The conformance suite of throttle stores.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use super::{Admission, Counted, CounterSet, LoginCounters, LoginOutcome, ThrottleLimits, ThrottleStore};
use crate::client::address::PeerOrClient;

use crate::runtime::random::random;

/// Checks a store against all rules of [`ThrottleStore`]. Takes about two seconds. The account names and addresses are random, so
/// the store may be shared with other clients.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// auth_actix::test::throttle_store(auth_actix::throttle::MemoryThrottleStore::new()).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// Panics if the store violates a rule. The message describes the rule.
pub async fn throttle_store(store: impl ThrottleStore) {
    let suite = ThrottleSuite { store: Arc::new(store) };
    suite.delays_after_the_free_failures().await;
    suite.gives_back_what_did_not_fail().await;
    suite.counts_known_places_apart().await;
    suite.counts_networks_over_all_accounts().await;
    suite.admits_no_more_than_the_burst_at_once().await;
}

struct ThrottleSuite {
    store: Arc<dyn ThrottleStore>,
}

const BURST: u32 = 3;

#[allow(clippy::expect_used, clippy::panic, reason = "for tests, where a panic is the report")]
impl ThrottleSuite {
    fn account(name: &str) -> String {
        format!("realm\n\u{fc} \"{name}\" {:?}", random::<8>())
    }

    fn client() -> IpAddr {
        let mut bytes = random::<16>();
        bytes[0] = 0x20;
        IpAddr::V6(Ipv6Addr::from(bytes))
    }

    fn login(account: &str, client: Option<IpAddr>) -> LoginCounters {
        let limits = ThrottleLimits::default().account_burst(BURST).address_burst(2 * BURST);
        LoginCounters::new(account, client.map(PeerOrClient::Client), limits)
    }

    async fn admit(&self, login: &LoginCounters) -> Result<Counted, Duration> {
        match self.store.admit(login).await.expect("the store is available") {
            Admission::Counted(counted) => Ok(counted),
            Admission::Delayed(delay) => Err(delay),
        }
    }

    async fn settle(&self, login: &LoginCounters, counted: Counted, outcome: LoginOutcome) {
        self.store.settle(login, counted, outcome).await.expect("the store is available");
    }

    async fn fail(&self, login: &LoginCounters, times: u32) {
        for _ in 0..times {
            self.admit(login).await.expect("the failure is free");
        }
    }

    async fn delays_after_the_free_failures(&self) {
        let login = Self::login(&Self::account("alice"), None);
        self.fail(&login, BURST).await;
        let delay = self.admit(&login).await.expect_err("the next attempt is delayed");
        assert!(
            delay > Duration::ZERO && delay <= Duration::from_secs(1),
            "the first delay is at most one second, found {delay:?}"
        );
        let other = Self::login(&Self::account("bob"), None);
        self.admit(&other).await.expect("another account is not delayed");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        self.admit(&login).await.expect("the delay has ended");
        let delay = self.admit(&login).await.expect_err("the next attempt is delayed again");
        assert!(
            delay > Duration::from_secs(1) && delay <= Duration::from_secs(2),
            "the second delay is at most two seconds, found {delay:?}"
        );
    }

    async fn gives_back_what_did_not_fail(&self) {
        let login = Self::login(&Self::account("alice"), None);
        for _ in 0..2 * BURST {
            let counted = self.admit(&login).await.expect("unverified attempts are not failures");
            assert_eq!(counted.set, CounterSet::General);
            self.settle(&login, counted, LoginOutcome::Unverified).await;
        }
        self.fail(&login, BURST - 1).await;
        let counted = self.admit(&login).await.expect("the last free attempt");
        self.settle(&login, counted, LoginOutcome::Success).await;
        self.fail(&login, BURST).await;
        self.admit(&login).await.expect_err("a success resets the count of the account once");
    }

    async fn counts_known_places_apart(&self) {
        let (account, home, elsewhere) = (Self::account("alice"), Self::client(), Self::client());
        let [home, elsewhere] = [home, elsewhere].map(|client| Self::login(&account, Some(client)));
        let counted = self.admit(&home).await.expect("admitted");
        assert_eq!(counted.set, CounterSet::General, "the place is not known yet");
        self.settle(&home, counted, LoginOutcome::Success).await;
        self.fail(&elsewhere, BURST).await;
        self.admit(&elsewhere).await.expect_err("attempts from elsewhere are delayed");
        let counted = self.admit(&home).await.expect("attempts from the known place are not delayed");
        assert_eq!(counted.set, CounterSet::KnownPlace);
        self.settle(&home, counted, LoginOutcome::Success).await;
        self.admit(&elsewhere).await.expect_err("a success at the known place resets no other counter");
        self.fail(&home, BURST).await;
        self.admit(&home).await.expect_err("the known place has its own count");
        let other = Self::login(&Self::account("bob"), Some(Self::client()));
        let counted = self.admit(&other).await.expect("admitted");
        assert_eq!(counted.set, CounterSet::General, "a place is known for one account");
    }

    async fn counts_networks_over_all_accounts(&self) {
        let client = Self::client();
        let mut last = None;
        for _ in 0..2 * BURST {
            let login = Self::login(&Self::account("somebody"), Some(client));
            last = Some((self.admit(&login).await.expect("the failure is free"), login));
        }
        let login = Self::login(&Self::account("another"), Some(client));
        self.admit(&login).await.expect_err("the address is delayed");
        let (counted, login) = last.expect("there were attempts");
        self.settle(&login, counted, LoginOutcome::Success).await;
        let next = Self::login(&Self::account("another"), Some(client));
        self.admit(&next).await.expect("a success is not counted for the address");
        let next = Self::login(&Self::account("another"), Some(client));
        self.admit(&next).await.expect_err("the failures of the address were not reset");
    }

    async fn admits_no_more_than_the_burst_at_once(&self) {
        let account = Self::account("alice");
        let attempts: Vec<_> = (0..16)
            .map(|_| {
                let (store, login) = (Arc::clone(&self.store), Self::login(&account, None));
                tokio::spawn(async move { store.admit(&login).await })
            })
            .collect();
        let mut admitted = 0;
        for attempt in attempts {
            let attempt = attempt.await.unwrap_or_else(|error| panic!("{error}"));
            admitted += u32::from(matches!(attempt, Ok(Admission::Counted(_))));
        }
        assert_eq!(admitted, BURST, "the limit applies to concurrent attempts");
    }
}
