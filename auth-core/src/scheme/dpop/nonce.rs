//! Unpredictable nonces without stored state: an HMAC of the current minute. A nonce is valid in its minute and the next one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::DpopError;
use crate::runtime::clock;

#[derive(Clone)]
pub(super) struct Nonces {
    secret: Option<Secret>,
    /// Whether several instances share the secret. They count minutes by the wall clock, and a single instance by a monotonic
    /// clock.
    is_shared: bool,
}

type Secret = [u8; 64];

const MINUTE: u64 = 60;

impl Nonces {
    pub(super) fn of_this_process() -> Self {
        let mut secret = [0; 64];
        let filled = getrandom::fill(&mut secret).is_ok();
        Self { secret: filled.then_some(secret), is_shared: false }
    }

    pub(super) fn shared(secret: &[u8]) -> Self {
        let long = secret.len() >= 32;
        Self { secret: long.then(|| Sha512::digest([b"dpop-nonce\0", secret].concat()).into()), is_shared: true }
    }

    pub(super) fn checked(self) -> Result<Self, DpopError> {
        match (self.secret.is_some(), self.is_shared) {
            (true, _) => Ok(self),
            (false, true) => Err(DpopError::Secret),
            (false, false) => Err(DpopError::NoRandom),
        }
    }

    fn minute(&self) -> u64 {
        let wall = || u64::try_from(clock::now().seconds()).unwrap_or_default();
        if self.is_shared { wall() / MINUTE } else { clock::monotonic().seconds() / MINUTE }
    }

    pub(super) fn current(&self) -> String {
        self.of(self.minute())
    }

    fn of(&self, minute: u64) -> String {
        let mut mac = Hmac::<Sha256>::new(&self.secret.unwrap_or([0; 64]).into());
        mac.update(&minute.to_be_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes().get(..16).unwrap_or_default())
    }

    pub(super) fn accept(&self, nonce: &str) -> bool {
        let now = self.minute();
        let ahead = if self.is_shared { now + 1 } else { now };
        let candidates = [now, now.saturating_sub(1), ahead];
        candidates.iter().any(|minute| self.of(*minute).as_bytes().ct_eq(nonce.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpop_nonce_is_limited_to_two_minutes_and_one_secret() {
        // DPOP-6
        let nonces = Nonces::shared(&[7; 32]);
        let minute = nonces.minute();
        for (case, nonce, accepted) in [
            ("now", nonces.of(minute), true),
            ("of the last minute", nonces.of(minute - 1), true),
            ("two minutes old", nonces.of(minute - 3), false),
            ("of another instance that is ahead", nonces.of(minute + 1), true),
            ("far ahead", nonces.of(minute + 3), false),
            ("of another secret", Nonces::shared(&[8; 32]).of(minute), false),
            ("empty", String::new(), false),
        ] {
            assert_eq!(nonces.accept(&nonce), accepted, "{case}");
        }
        let own = Nonces::of_this_process();
        assert!(own.accept(&own.current()) && !own.accept(&Nonces::of_this_process().current()));
        assert!(Nonces::shared(&[7; 31]).checked().is_err());
    }

    #[test]
    fn dpop_nonces_of_an_earlier_version_are_accepted() {
        let nonces = Nonces::shared(b"a secret of at least 32 characters");
        for (minute, nonce) in [(0, "kgKhdP1bVTeWRsQ64U8-6g"), (29_400_900, "t_ywGU7fyoUXWArllKuy2Q")] {
            assert_eq!(nonces.of(minute), nonce);
        }
    }
}
