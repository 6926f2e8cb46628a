//! Counts in Redis or Valkey, for all instances together.

use std::time::Duration;

use ipnet::IpNet;
use redis::Script;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::subject::{A_DAY, Counted, KNOWN, MANY, MEMORY, Subject};
use super::{Limits, Outcome, Turned, seconds, subject};
use crate::client::address::PeerOrClient;
use crate::runtime::redis::{RedisUrlError, Server};

/// A subject is a hash of its count and of when the next attempt is judged, in milliseconds. The places that an account
/// logged in from are a set, by when.
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
    local counted = is_known and asked.known or asked.others
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

/// The counts of one server.
pub(super) struct Counts {
    server: Server,
    admit: Script,
    settle: Script,
}

impl Counts {
    pub(super) fn new(url: &str) -> Result<Self, RedisUrlError> {
        let script = |body: &str| Script::new(&[COMMON, body].concat());
        Ok(Self { server: Server::new(url, "auth:")?, admit: script(ADMIT), settle: script(SETTLE) })
    }

    /// Counts an attempt, in one step; the subjects that it is counted of.
    pub(super) async fn admit(
        &self,
        account: &str,
        seen: Option<PeerOrClient>,
        limits: Limits,
    ) -> Result<Vec<Subject>, Turned> {
        let place = subject::place(seen);
        let known: Vec<_> = place.map(|place| subject::known(account, place, limits)).into_iter().collect();
        let others = std::iter::once(subject::account(account, limits)).chain(subject::networks(seen, limits));
        let others: Vec<_> = others.collect();
        let said = |one: &Counted| {
            // What is not about an account is never of one person.
            let many = if one.subject.is_account() { MANY.max(one.free) } else { 0 };
            json!({ "key": key(&one.subject), "free": one.free, "longest": milliseconds(one.longest), "many": many })
        };
        let asked = json!({
            "known": known.iter().map(said).collect::<Vec<_>>(),
            "others": others.iter().map(said).collect::<Vec<_>>(),
            "day": milliseconds(A_DAY),
            "memory": milliseconds(MEMORY),
            "places": places(account),
            "place": place.map(member).unwrap_or_default(),
            "keep": milliseconds(KNOWN),
        });
        let answer = self.server.run(&self.admit, &[&asked.to_string()]).await;
        match answer.map_err(|_| Turned::Unavailable)? {
            (false, wait) => Err(Turned::Away(seconds(Duration::from_millis(wait)))),
            (true, is_known) => {
                let counted = if is_known == 1 { known } else { others };
                Ok(counted.into_iter().map(|one| one.subject).collect())
            }
        }
    }

    /// Puts down what became of it.
    pub(super) async fn settle(&self, account: &str, place: Option<IpNet>, counted: &[Subject], outcome: Outcome) {
        let keys = |all: &mut dyn Iterator<Item = &Subject>| all.map(key).collect::<Vec<_>>();
        let asked = json!({
            "success": outcome == Outcome::Success,
            "accounts": keys(&mut counted.iter().filter(|subject| subject.is_account())),
            "keys": keys(&mut counted.iter()),
            "places": places(account),
            "place": place.map(member).unwrap_or_default(),
            "keep": milliseconds(KNOWN),
        });
        // Otherwise it has failed, and its count ends by itself.
        let _ = self.server.run::<u64>(&self.settle, &[&asked.to_string()]).await;
    }
}

/// The set of places that an account logged in from.
fn places(account: &str) -> String {
    format!("p:{}", digest(account))
}

fn member(place: IpNet) -> String {
    digest(&place.to_string())
}

fn key(subject: &Subject) -> String {
    match subject {
        Subject::Account(name) => format!("a:{}", digest(name)),
        Subject::Known(name, place) => format!("k:{}", digest(&format!("{place} {name}"))),
        Subject::Network(network) => format!("n:{network}"),
        Subject::Peer(network) => format!("h:{network}"),
    }
}

/// People type passwords where their name belongs.
fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
