//! A throttle store in Redis or Valkey, shared by all instances.

use std::time::Duration;

use redis::Script;
use serde_json::json;

use super::Throttle;
use super::counter::{COUNT_TTL, Counter, CounterSet, KNOWN_PLACE_TTL, LoginCounters};
use super::store::{Admission, Counted, LoginOutcome, ThrottleStore, ThrottleUnavailable};
use crate::runtime::future::BoxFuture;
use crate::runtime::redis::RedisConnection;
use crate::runtime::redis_url::RedisUrlError;

impl Throttle {
    /// Creates a throttle that counts in Redis or Valkey, shared by all instances that use the same server:
    /// `redis://user:password@host:6379/0`.
    ///
    /// Keys begin with `auth:`. The connection is opened by the first login. While the server is unavailable, logins are answered
    /// with 503. Account names are stored as hashes, for a day after the last failure. A realm is required, since the same account
    /// name may belong to another user in another realm.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn redis(url: &str) -> Result<Self, RedisUrlError> {
        RedisThrottleStore::new(url).map(Self::new)
    }
}

/// A counter is a Redis hash with the count and the time at which the next attempt is admitted, in milliseconds. The known places
/// of an account are a sorted set, ordered by the time of the last login.
const COMMON: &str = r"
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local prefix = ARGV[1] .. 't:'
    local asked = cjson.decode(ARGV[2])
    local function text(number) return string.format('%.0f', number) end
";

const ADMIT: &str = r"
    local is_known = false
    if asked.place ~= '' then
        local since = redis.call('ZSCORE', prefix .. asked.places, asked.place)
        is_known = since and tonumber(since) > now - asked.keep
    end
    local counted = is_known and asked.known_place or asked.general_set
    local wait = 0
    for _, one in ipairs(counted) do
        local left = tonumber(redis.call('HGET', prefix .. one.key, 'until') or 0) - now
        if left > wait then wait = left end
    end
    if wait > 0 then return { 0, wait } end
    for _, one in ipairs(counted) do
        local key = prefix .. one.key
        local count = redis.call('HINCRBY', key, 'count', 1)
        local delay = 0
        if one.many > 0 and count >= one.many then
            delay = asked.day
        elseif count >= one.free then
            delay = math.min(2 ^ math.min(count - one.free, 20) * 1000, one.longest)
        end
        redis.call('HSET', key, 'until', text(now + delay))
        redis.call('PEXPIRE', key, text(delay + asked.memory))
    end
    return { 1, is_known and 1 or 0 }
";

const SETTLE: &str = r"
    if asked.success then
        for _, key in ipairs(asked.accounts) do
            if redis.call('EXISTS', prefix .. key) == 1 then redis.call('HSET', prefix .. key, 'count', 1) end
        end
        if asked.place ~= '' then
            local places = prefix .. asked.places
            redis.call('ZADD', places, text(now), asked.place)
            redis.call('ZREMRANGEBYRANK', places, 0, -33)
            redis.call('PEXPIRE', places, text(asked.keep))
        end
    end
    for _, key in ipairs(asked.keys) do
        key = prefix .. key
        if redis.call('EXISTS', key) == 1 then
            redis.call('HSET', key, 'until', 0)
            if redis.call('HINCRBY', key, 'count', -1) <= 0 then redis.call('DEL', key) end
        end
    end
    return 1
";

/// A store of failure counts in Redis or Valkey. See [`Throttle::redis`](super::Throttle::redis).
#[derive(Debug)]
pub struct RedisThrottleStore {
    connection: RedisConnection,
    admit: Script,
    settle: Script,
}

impl RedisThrottleStore {
    /// Creates a store on the server at this URL: `redis://user:password@host:6379/0`. Opens no connection.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, RedisUrlError> {
        let script = |body: &str| Script::new(&[COMMON, body].concat());
        Ok(Self { connection: RedisConnection::new(url, "auth:")?, admit: script(ADMIT), settle: script(SETTLE) })
    }
}

impl ThrottleStore for RedisThrottleStore {
    fn admit<'a>(&'a self, login: &'a LoginCounters) -> BoxFuture<'a, Result<Admission, ThrottleUnavailable>> {
        let describe = |counter: &Counter| {
            let (key, free) = (counter.key(), counter.free_failures());
            let (longest, many) = (milliseconds(counter.max_delay()), counter.day_delay_count().unwrap_or_default());
            json!({ "key": key, "free": free, "longest": longest, "many": many })
        };
        let arguments = json!({
            "known_place": login.set(CounterSet::KnownPlace).iter().map(describe).collect::<Vec<_>>(),
            "general_set": login.set(CounterSet::General).iter().map(describe).collect::<Vec<_>>(),
            "day": milliseconds(COUNT_TTL),
            "memory": milliseconds(COUNT_TTL),
            "places": places_key(login),
            "place": login.place().unwrap_or_default(),
            "keep": milliseconds(KNOWN_PLACE_TTL),
        });
        Box::pin(async move {
            let answer = self.connection.run(&self.admit, &[&arguments.to_string()]).await;
            Ok(match answer.map_err(|_| ThrottleUnavailable)? {
                (false, delay) => Admission::Delayed(Duration::from_millis(delay)),
                (true, 1) => Admission::Counted(Counted::new(CounterSet::KnownPlace)),
                (true, _) => Admission::Counted(Counted::new(CounterSet::General)),
            })
        })
    }

    fn settle<'a>(
        &'a self,
        login: &'a LoginCounters,
        counted: Counted,
        outcome: LoginOutcome,
    ) -> BoxFuture<'a, Result<(), ThrottleUnavailable>> {
        let counters = login.set(counted.set);
        let arguments = json!({
            "success": outcome == LoginOutcome::Success,
            "accounts": counters.iter().filter(|counter| counter.is_account()).map(Counter::key).collect::<Vec<_>>(),
            "keys": counters.iter().map(Counter::key).collect::<Vec<_>>(),
            "places": places_key(login),
            "place": login.place().unwrap_or_default(),
            "keep": milliseconds(KNOWN_PLACE_TTL),
        });
        Box::pin(async move {
            let settled = self.connection.run::<u64>(&self.settle, &[&arguments.to_string()]).await;
            settled.map(drop).map_err(|_| ThrottleUnavailable)
        })
    }
}

fn places_key(login: &LoginCounters) -> String {
    format!("p:{}", login.account())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::client::address::PeerOrClient;
    use crate::store::throttle::ThrottleLimits;

    #[test]
    fn failures_in_redis_have_the_keys_of_an_earlier_version() {
        const ALICE: &str = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90";
        let v4: IpAddr = "203.0.113.7".parse().unwrap();
        let v6: IpAddr = "2001:db8:1:2:3::4".parse().unwrap();
        let keys = |seen| {
            let login = LoginCounters::new("alice", Some(seen), ThrottleLimits::default());
            let all = login.set(CounterSet::KnownPlace).iter().chain(login.set(CounterSet::General));
            (all.map(Counter::key).collect::<Vec<_>>().join(" "), login.place(), places_key(&login))
        };
        #[rustfmt::skip]
        let table = [
            (PeerOrClient::Client(v4), "k:92ed31043baea386ab194ec7288e90dc7c0eb448e3ae24481f3f9fb76cf471bc a:<alice> n:203.0.113.7/32 n:203.0.113.0/24", Some("03e9b0664167dce62751988d76f8dceec60d4dd273bc61edfbb3fbb08dfc6ed3")),
            (PeerOrClient::Client(v6), "k:e25fa09d58610b2446927fd15474f923bca4a6bcf45b7eeb199ed6ae88941556 a:<alice> n:2001:db8:1:2::/64 n:2001:db8:1::/56 n:2001:db8:1::/48", Some("7437dddbc0275bcfe536fa291fb82060535a85dea7c1446c051747ce8e795acd")),
            (PeerOrClient::Peer(v4), "a:<alice> h:203.0.113.7/32", None),
        ];
        for (seen, expected, place) in table {
            let expected = expected.replace("a:<alice>", &format!("a:{ALICE}"));
            assert_eq!(keys(seen), (expected, place.map(str::to_owned), format!("p:{ALICE}")), "{seen:?}");
        }
        let store = RedisThrottleStore::new("redis://localhost").unwrap();
        assert!(format!("{store:?}").contains("prefix: \"auth:\""));
        let names = crate::runtime::redis::stored_names(&[COMMON, ADMIT, SETTLE]);
        assert_eq!(names, ["count", "t:", "until"]);
    }
}
