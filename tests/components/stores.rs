//! Runs the public conformance suites against the stores of this workspace.

use std::time::Duration;

use actix_web::rt;
use auth_actix::blocklist::{FileBlocklistStore, MemoryBlocklistStore, RedisBlocklistStore};
use auth_actix::dpop::{MemoryReplayStore, RedisReplayStore};
use auth_actix::test;
use auth_actix::throttle::{MemoryThrottleStore, RedisThrottleStore};
use auth_actix::tokens::{FileTokenStore, MemoryTokenStore, SqlTokens};

use crate::postgres::Postgres;
use crate::redis::{Redis, programs};

#[test]
fn every_throttle_store_passes_the_suite() {
    // BRUTE-1, M7
    rt::System::new().block_on(test::throttle_store(MemoryThrottleStore::new()));
    for program in programs() {
        let redis = Redis::start(program);
        rt::System::new().block_on(test::throttle_store(RedisThrottleStore::new(&redis.url()).unwrap()));
    }
}

#[test]
fn every_replay_store_passes_the_suite() {
    // DPOP-5
    rt::System::new().block_on(test::replay_store(MemoryReplayStore::new(1000)));
    for program in programs() {
        let redis = Redis::start(program);
        rt::System::new().block_on(test::replay_store(RedisReplayStore::new(&redis.url(), "api").unwrap()));
    }
}

#[test]
fn every_blocklist_store_passes_the_suite() {
    // M2, JWT-26
    test::blocklist_store(|| MemoryBlocklistStore);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blocklist.txt");
    std::fs::write(&path, "").unwrap();
    test::blocklist_store(|| FileBlocklistStore::new(&path, Duration::from_secs(2)));
    for program in programs() {
        let redis = Redis::start(program);
        test::blocklist_store(|| RedisBlocklistStore::new(&redis.url()).unwrap());
    }
}

#[test]
fn every_token_store_passes_the_suite() {
    // TOKEN-5, TOKEN-12, TOKEN-14
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}?mode=rwc", folder.path().join("tokens.db").display());
    let postgres = Postgres::start();
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    threads.block_on(async {
        test::token_store(MemoryTokenStore::new(1000)).await;
        test::token_store(FileTokenStore::open(folder.path().join("tokens.jsonl")).unwrap()).await;
        test::token_store(SqlTokens::connect(&sqlite).await.unwrap()).await;
        if let Some(postgres) = &postgres {
            test::token_store(SqlTokens::connect(&postgres.url()).await.unwrap()).await;
        }
    });
}
