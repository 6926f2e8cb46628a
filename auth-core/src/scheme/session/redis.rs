//! Sessions in Redis or Valkey.
//!
//! # Why
//! Each atomic operation is a script, which the server executes as a whole. An instance that touches a session therefore cannot
//! restore it after another instance has ended it. All times are those of the Redis server.

use std::time::Duration;

use redis::Script;

use super::Sessions;
use super::store::{
    ROTATION_GRACE, SessionKey, SessionRecord, SessionState, SessionStore, SessionStoreError, StoredSession,
};
use crate::runtime::future::BoxFuture;
use crate::runtime::redis::RedisConnection;
use crate::runtime::redis_url::RedisUrlError;

impl Sessions {
    /// Stores sessions in Redis or Valkey, shared by all instances with the same URL: `redis://user:password@host:6379/0`. The
    /// first use opens the connection, and a broken connection is reopened. The server must not evict keys (`maxmemory-policy
    /// noeviction`) and must not be a cluster. Requires a realm, since each session belongs to one.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn redis(url: &str) -> Result<Self, RedisUrlError> {
        RedisSessionStore::new(url).map(Self::new)
    }
}

/// A session store in Redis or Valkey.
#[derive(Debug)]
pub struct RedisSessionStore {
    connection: RedisConnection,
    scripts: Scripts,
}

#[derive(Debug)]
struct Scripts {
    create: Script,
    load: Script,
    touch: Script,
    update: Script,
    add_id: Script,
    replace: Script,
    end: Script,
    end_all: Script,
    of: Script,
}

/// A session is a hash: its claims, its version, the parameters of its creation, and the times of its end, last use and last update
/// in milliseconds. Each identity has a sorted set of the keys of its sessions by creation time, which may contain ended sessions.
const COMMON: &str = r"
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local prefix = ARGV[1]
    local function session(name) return prefix .. 's:' .. name end
    local function subject(id) return prefix .. 'u:' .. id end
    local function text(number) return string.format('%.0f', number) end

    local function list(id, name, lasts)
        local key = subject(id)
        if redis.call('ZCARD', key) >= 64 then
            for _, other in ipairs(redis.call('ZRANGE', key, 0, -1)) do
                if redis.call('EXISTS', session(other)) == 0 then redis.call('ZREM', key, other) end
            end
        end
        redis.call('ZADD', key, time[1] * 1000000 + time[2], name)
        if redis.call('PTTL', key) < lasts then redis.call('PEXPIRE', key, text(lasts)) end
    end

    local function create(name, claims, ids, idle, lasts)
        if redis.call('EXISTS', session(name)) == 1 then return 0 end
        local left = lasts
        if idle > 0 and idle < left then left = idle end
        redis.call('HSET', session(name), 'claims', claims, 'ids', ids, 'version', 0, 'idle', text(idle),
            'lasts', text(lasts), 'ends', text(now + lasts), 'seen', text(now), 'changed', text(now))
        redis.call('PEXPIRE', session(name), text(left))
        for _, id in ipairs(cjson.decode(ids)) do list(id, name, lasts) end
        return 1
    end

    local function finish(name)
        local ids = redis.call('HGET', session(name), 'ids')
        if not ids then return 0 end
        for _, id in ipairs(cjson.decode(ids)) do redis.call('ZREM', subject(id), name) end
        return redis.call('DEL', session(name))
    end
";

const CREATE: &str = "return create(ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]))";

const LOAD: &str = r"
    local found = redis.call('HMGET', session(ARGV[2]), 'claims', 'ids', 'version', 'idle', 'lasts', 'ends', 'seen', 'changed')
    if not found[1] then return { redis.call('GET', prefix .. 'x:' .. ARGV[2]) or '' } end
    return { found[1], found[2], found[3], found[4], found[5],
        text(found[6] - now), text(now - found[7]), text(now - found[8]) }
";

const TOUCH: &str = r"
    local found = redis.call('HMGET', session(ARGV[2]), 'idle', 'ends')
    if not found[1] then return 0 end
    redis.call('HSET', session(ARGV[2]), 'seen', text(now))
    local idle, left = tonumber(found[1]), found[2] - now
    if idle > 0 and idle < left then left = idle end
    redis.call('PEXPIRE', session(ARGV[2]), text(left))
    return 1
";

const UPDATE: &str = r"
    if redis.call('HGET', session(ARGV[2]), 'version') ~= ARGV[3] then return 0 end
    redis.call('HINCRBY', session(ARGV[2]), 'version', 1)
    redis.call('HSET', session(ARGV[2]), 'claims', ARGV[4], 'changed', text(now))
    return 1
";

const ADD_ID: &str = r"
    local found = redis.call('HMGET', session(ARGV[2]), 'version', 'ids', 'ends')
    if found[1] ~= ARGV[3] then return 0 end
    local ids, is_known = cjson.decode(found[2]), false
    for _, id in ipairs(ids) do is_known = is_known or id == ARGV[4] end
    if not is_known then
        table.insert(ids, ARGV[4])
        list(ARGV[4], ARGV[2], found[3] - now)
    end
    redis.call('HINCRBY', session(ARGV[2]), 'version', 1)
    redis.call('HSET', session(ARGV[2]), 'claims', ARGV[5], 'ids', cjson.encode(ids), 'changed', text(now))
    return 1
";

const REPLACE: &str = r"
    if finish(ARGV[7]) == 0 then return 0 end
    redis.call('SET', prefix .. 'x:' .. ARGV[7], ARGV[2], 'PX', ARGV[8])
    return create(ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]))
";

const END: &str = "return finish(ARGV[2])";

const END_ALL: &str = r"
    local ended = 0
    for _, name in ipairs(redis.call('ZRANGE', subject(ARGV[2]), 0, -1)) do
        if name ~= ARGV[3] then
            ended = ended + finish(name)
            redis.call('ZREM', subject(ARGV[2]), name)
        end
    end
    return ended
";

const OF: &str = r"
    local live = {}
    for _, name in ipairs(redis.call('ZRANGE', subject(ARGV[2]), 0, -1)) do
        if redis.call('EXISTS', session(name)) == 1 then table.insert(live, name) end
    end
    return live
";

impl RedisSessionStore {
    /// Creates a store on the server at this URL. The keys begin with `auth:`.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn new(url: &str) -> Result<Self, RedisUrlError> {
        Self::with_prefix(url, "auth:")
    }

    /// Like [`new`](Self::new), with a custom key prefix, for two applications on one server.
    ///
    /// # Errors
    /// Like [`new`](Self::new).
    pub fn with_prefix(url: &str, prefix: &str) -> Result<Self, RedisUrlError> {
        let script = |body: &str| Script::new(&[COMMON, body].concat());
        Ok(Self {
            connection: RedisConnection::new(url, prefix)?,
            scripts: Scripts {
                create: script(CREATE),
                load: script(LOAD),
                touch: script(TOUCH),
                update: script(UPDATE),
                add_id: script(ADD_ID),
                replace: script(REPLACE),
                end: script(END),
                end_all: script(END_ALL),
                of: script(OF),
            },
        })
    }

    async fn run<T: redis::FromRedisValue>(&self, script: &Script, arguments: &[&str]) -> Result<T, SessionStoreError> {
        self.connection.run(script, arguments).await.map_err(|_| SessionStoreError::Unavailable)
    }

    async fn run_bool(&self, script: &Script, arguments: &[&str]) -> Result<bool, SessionStoreError> {
        self.run::<u64>(script, arguments).await.map(|answer| answer != 0)
    }
}

fn milliseconds(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// Returns the parameters of a new session in the order of the script arguments.
fn arguments(key: SessionKey, record: &SessionRecord) -> [String; 5] {
    let ids = serde_json::Value::from(record.ids.clone()).to_string();
    let idle = record.idle.map_or_else(|| "0".to_owned(), milliseconds);
    [key.to_string(), record.claims.clone(), ids, idle, milliseconds(record.lasts)]
}

fn loaded(answer: &[String]) -> Option<SessionState> {
    let [claims, ids, version, idle, lasts, left, unseen, unchanged] = answer else {
        let [by] = answer else { return None };
        return Some(by.parse().map_or(SessionState::Unknown, |by| SessionState::Superseded { by }));
    };
    // A time difference may be slightly negative.
    let time = |text: &String| text.parse::<i64>().ok().map(|ms| Duration::from_millis(ms.try_into().unwrap_or(0)));
    let record = SessionRecord {
        ids: serde_json::from_str(ids).ok()?,
        claims: claims.clone(),
        idle: time(idle).filter(|idle| !idle.is_zero()),
        lasts: time(lasts)?,
    };
    let version = version.parse().ok()?;
    Some(SessionState::Live(StoredSession {
        record,
        version,
        left: time(left)?,
        unseen: time(unseen)?,
        unchanged: time(unchanged)?,
    }))
}

impl SessionStore for RedisSessionStore {
    fn create(&self, key: SessionKey, record: SessionRecord) -> BoxFuture<'_, Result<(), SessionStoreError>> {
        Box::pin(async move {
            let arguments = arguments(key, &record);
            match self.run_bool(&self.scripts.create, &arguments.each_ref().map(String::as_str)).await? {
                true => Ok(()),
                false => Err(SessionStoreError::Unavailable),
            }
        })
    }

    fn load(&self, key: SessionKey) -> BoxFuture<'_, Result<SessionState, SessionStoreError>> {
        Box::pin(async move {
            let answer: Vec<String> = self.run(&self.scripts.load, &[&key.to_string()]).await?;
            loaded(&answer).ok_or(SessionStoreError::Unavailable)
        })
    }

    fn touch(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(async move { self.run_bool(&self.scripts.touch, &[&key.to_string()]).await })
    }

    fn update(&self, key: SessionKey, version: u64, claims: String) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(async move {
            self.run_bool(&self.scripts.update, &[&key.to_string(), &version.to_string(), &claims]).await
        })
    }

    fn add_id<'a>(
        &'a self,
        key: SessionKey,
        version: u64,
        id: &'a str,
        claims: String,
    ) -> BoxFuture<'a, Result<bool, SessionStoreError>> {
        Box::pin(async move {
            let arguments = [&key.to_string(), &version.to_string(), id, &claims];
            self.run_bool(&self.scripts.add_id, &arguments).await
        })
    }

    fn replace(
        &self,
        old: SessionKey,
        new: SessionKey,
        record: SessionRecord,
    ) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(async move {
            let [new, claims, ids, idle, lasts] = arguments(new, &record);
            let superseded = milliseconds(ROTATION_GRACE);
            let arguments = [&new, &claims, &ids, &idle, &lasts, &old.to_string(), &superseded];
            self.run_bool(&self.scripts.replace, &arguments.map(String::as_str)).await
        })
    }

    fn end(&self, key: SessionKey) -> BoxFuture<'_, Result<bool, SessionStoreError>> {
        Box::pin(async move { self.run_bool(&self.scripts.end, &[&key.to_string()]).await })
    }

    fn end_all<'a>(&'a self, id: &'a str, but: Option<SessionKey>) -> BoxFuture<'a, Result<u64, SessionStoreError>> {
        Box::pin(async move {
            let but = but.map(|key| key.to_string()).unwrap_or_default();
            self.run(&self.scripts.end_all, &[id, &but]).await
        })
    }

    fn of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, SessionStoreError>> {
        Box::pin(async move {
            let names: Vec<String> = self.run(&self.scripts.of, &[id]).await?;
            Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_in_redis_has_the_form_of_an_earlier_version() {
        let claims = r#"{"session":{"realm":"reports"},"sub":"alice"}"#;
        let ids = ["user:13:local:reports:alice", "client:1:a:\"b\""].map(str::to_owned).to_vec();
        let ids_text = r#"["user:13:local:reports:alice","client:1:a:\"b\""]"#;
        let key = SessionKey::from_bytes([0xab; 32]);
        let second = Duration::from_secs(1);
        for (idle, idle_text) in [(Some(1800 * second), "1800000"), (None, "0")] {
            let record = SessionRecord { ids: ids.clone(), claims: claims.to_owned(), idle, lasts: 43_200 * second };
            assert_eq!(arguments(key, &record), [&"ab".repeat(32), claims, ids_text, idle_text, "43200000"]);
            let stored = [claims, ids_text, "7", idle_text, "43200000", "5000", "3000", "-2"].map(str::to_owned);
            let live =
                StoredSession { record, version: 7, left: 5 * second, unseen: 3 * second, unchanged: Duration::ZERO };
            assert_eq!(loaded(&stored), Some(SessionState::Live(live)));
        }
        assert_eq!(loaded(&["ab".repeat(32)]), Some(SessionState::Superseded { by: key }));
        let store = RedisSessionStore::new("redis://localhost").unwrap();
        assert!(format!("{store:?}").contains("prefix: \"auth:\""));
        let scripts = [COMMON, CREATE, LOAD, TOUCH, UPDATE, ADD_ID, REPLACE, END, END_ALL, OF];
        let names = crate::runtime::redis::stored_names(&scripts);
        let expected = ["changed", "claims", "ends", "idle", "ids", "lasts", "s:", "seen", "u:", "version", "x:"];
        assert_eq!(names, expected);
    }
}
