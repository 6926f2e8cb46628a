//! Contention of workers that share a token cache, and the cost of the cache if it has no hits.

use std::sync::{Arc, Barrier};
use std::time::Instant;

use auth_actix::jwt::TokenCache;
use auth_core::runtime::clock;
use auth_core::scheme::bearer::Bearer;

use crate::Outcome;
use crate::issuer::{Algorithm, Claims};
use crate::measure::median;

/// Number of tokens that a worker verifies per round.
const TURNS: usize = 2_000;

/// The tokens that workers verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// All of them verify the same token.
    OneToken,
    /// Each worker verifies as many tokens as there are turns, repeatedly.
    SameTokens,
    /// Each token is verified once.
    NewTokens,
}

impl Traffic {
    /// All kinds of traffic.
    pub const ALL: [Self; 3] = [Self::OneToken, Self::SameTokens, Self::NewTokens];

    /// Returns a description.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneToken => "one token, remembered",
            Self::SameTokens => "2,000 tokens, remembered",
            Self::NewTokens => "every token new",
        }
    }
}

/// The measured times, in nanoseconds per token.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// Time with one worker.
    pub one: f64,
    /// Time with two workers that share the cache.
    pub two: f64,
    /// Time with one worker, without a cache.
    pub without_cache: f64,
}

/// Measures the traffic, as the median of this number of rounds.
///
/// # Errors
/// A valid token is rejected.
pub fn measure(traffic: Traffic, rounds: usize) -> Outcome<Workers> {
    let issuer = Algorithm::EdDsa.issuer()?;
    let bearer = |cache: TokenCache| -> Outcome<Arc<Bearer>> {
        let bearer = Bearer::new(vec![issuer.jwt()?], None, &Default::default()).map_err(|(_, error)| error)?;
        Ok(Arc::new(bearer.with_cache(cache)?))
    };
    // Capacity for the tokens of one round only.
    let (shared, without) = (bearer(TokenCache::new().entries(4 * TURNS))?, bearer(TokenCache::off())?);
    let mut next = 0;
    let mut tokens = |count: usize| -> Outcome<Vec<String>> {
        let numbers = match traffic {
            Traffic::OneToken => vec![1; count],
            Traffic::SameTokens => (1..=count).collect(),
            Traffic::NewTokens => {
                next += count;
                (next - count + 1..=next).collect()
            }
        };
        numbers.into_iter().map(|number| issuer.token(&Claims { number, ..Claims::default() })).collect()
    };
    let (mut one, mut two, mut without_cache) = (Vec::new(), Vec::new(), Vec::new());
    let kept = (traffic != Traffic::NewTokens).then(|| tokens(TURNS)).transpose()?;
    for _ in 0..rounds {
        let mut each = |workers: usize| -> Outcome<Vec<Vec<String>>> {
            (0..workers).map(|_| kept.clone().map_or_else(|| tokens(TURNS), Ok)).collect()
        };
        one.push(time(&shared, each(1)?)?);
        two.push(time(&shared, each(2)?)?);
        without_cache.push(time(&without, each(1)?)?);
    }
    let middle = |times| median(times).unwrap_or(f64::NAN);
    Ok(Workers { one: middle(one), two: middle(two), without_cache: middle(without_cache) })
}

/// Returns the nanoseconds per token, with one thread for each element of `work`.
fn time(bearer: &Arc<Bearer>, work: Vec<Vec<String>>) -> Outcome<f64> {
    let (start, now) = (Arc::new(Barrier::new(work.len())), clock::now());
    let workers: Vec<_> = work
        .into_iter()
        .map(|tokens| {
            let (bearer, start) = (Arc::clone(bearer), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                let began = Instant::now();
                let all = tokens.iter().all(|token| matches!(bearer.verify(token, now), Some(Ok(_))));
                all.then(|| began.elapsed().as_nanos() as f64 / tokens.len() as f64)
            })
        })
        .collect();
    let times: Option<Vec<f64>> = workers.into_iter().map(|worker| worker.join().ok().flatten()).collect();
    let times = times.ok_or("a good token is refused")?;
    Ok(times.iter().sum::<f64>() / times.len() as f64)
}
