//! What workers that share a cache of tokens take from each other, and what it costs where it is of no use.

use std::sync::{Arc, Barrier};
use std::time::Instant;

use auth_actix::jwt::TokenCache;
use auth_core::runtime::clock;
use auth_core::scheme::bearer::Bearer;

use crate::Outcome;
use crate::issuer::{Algorithm, Claims};
use crate::measure::median;

/// Tokens that one worker verifies in a round.
const TURNS: usize = 2_000;

/// What the workers verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// All of them the same token.
    OneToken,
    /// As many tokens as there are turns, again and again.
    SameTokens,
    /// Each token once.
    NewTokens,
}

impl Traffic {
    /// All of it.
    pub const ALL: [Self; 3] = [Self::OneToken, Self::SameTokens, Self::NewTokens];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneToken => "one token, remembered",
            Self::SameTokens => "2,000 tokens, remembered",
            Self::NewTokens => "every token new",
        }
    }
}

/// Nanoseconds a token.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// With one worker.
    pub one: f64,
    /// With two that share the cache.
    pub two: f64,
    /// With one, and no cache.
    pub without_cache: f64,
}

/// Measures it, by the median of as many rounds.
///
/// # Errors
/// A good token is refused.
pub fn measure(traffic: Traffic, rounds: usize) -> Outcome<Workers> {
    let issuer = Algorithm::EdDsa.issuer()?;
    let bearer = |cache: TokenCache| -> Outcome<Arc<Bearer>> {
        let bearer = Bearer::new(vec![issuer.jwt()?], None, &Default::default()).map_err(|(_, error)| error)?;
        Ok(Arc::new(bearer.with_cache(cache)?))
    };
    // Room for all of one round, and for no more.
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

/// Nanoseconds a token, where each worker verifies its own.
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
