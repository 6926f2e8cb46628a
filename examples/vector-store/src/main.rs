//! A vector database with API keys, tokens for single collections, and a mode without authentication. Existing clients of Qdrant
//! can use it unchanged.
//!
//! Copy this if your clients send a fixed key or a token in a header of their own, if a token grants rights in some tenants only, or
//! if your server is also used without authentication, on the machine of its user.
//!
//! Run it with `cargo run -p vector-store`. `API_KEY` is the key that may do everything, `READ_ONLY_API_KEY` the key that may read,
//! and `JWT_SECRET` (at least 32 bytes) the secret that signs tokens. Without any of them there is no authentication: requests are accepted from
//! this machine only. `PORT` is the port to listen on (6333 by default).

mod access;
mod collections;

use std::io;

use actix_multipart::Multipart;
use actix_web::dev::HttpServiceFactory;
use actix_web::error::{ErrorBadRequest, ErrorConflict, ErrorNotFound};
use actix_web::{App, HttpServer, Responder, Result, delete, get, post, put, web};
use auth_actix::identity::Rights;
use auth_actix::list::ListFilter;
use auth_actix::object::Unchecked;
use auth_actix::tokens::Tokens;
use auth_actix::{
    Auth, AuthBuilder, Authorized, Authorizer, Confers, Jwt, at, public, require, require_auth, require_role,
};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::collections::{Collection, Collections, Point, Search, Upsert, VectorParameters};

#[derive(Clone, Copy, auth_actix::Role)]
enum Role {
    #[role(implies(Write))]
    Manage,
    #[role(implies(Read))]
    Write,
    Read,
}

/// Answers in the format of the clients.
fn ok(result: impl Serialize) -> web::Json<Value> {
    web::Json(json!({ "result": result, "status": "ok", "time": 0.0 }))
}

#[derive(Deserialize)]
struct NewCollection {
    vectors: VectorParameters,
}

// Each authenticated caller gets the collections that it may search, which can be none.
#[require_auth]
#[get("/collections")]
async fn list_collections(
    filter: ListFilter<Collection, Search>,
    collections: web::Data<Collections>,
) -> impl Responder {
    let mut readable = collections.all();
    filter.retain(&mut readable);
    ok(
        json!({ "collections": readable.iter().map(|collection| json!({ "name": collection.name() })).collect::<Vec<_>>() }),
    )
}

#[require_role("manage")]
#[put("/collections/{name}")]
async fn create_collection(
    name: web::Path<String>,
    new: web::Json<NewCollection>,
    collections: web::Data<Collections>,
) -> Result<impl Responder> {
    match collections.create(&name, new.vectors) {
        true => Ok(ok(true)),
        false => Err(ErrorConflict(format!("the collection {name:?} exists"))),
    }
}

#[require_role("manage")]
#[delete("/collections/{name}")]
async fn delete_collection(name: web::Path<String>, collections: web::Data<Collections>) -> impl Responder {
    ok(collections.delete(&name))
}

#[require(role("read") || role("read", in = collection))]
#[get("/collections/{name}")]
async fn show_collection(collection: Authorized<Collection, Search>) -> impl Responder {
    let points = collection.len();
    // The clients require these members.
    ok(json!({
        "status": "green", "optimizer_status": "ok", "points_count": points, "indexed_vectors_count": points, "segments_count": 1,
        "config": {
            "params": { "vectors": collection.vectors() },
            "hnsw_config": { "m": 16, "ef_construct": 100, "full_scan_threshold": 10_000 },
            "optimizer_config": { "deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 1, "flush_interval_sec": 5 },
        },
        "payload_schema": {},
    }))
}

#[derive(Deserialize)]
struct NewPoints {
    points: Vec<Point>,
}

// The collection is loaded, and its policy asked, before the body is read.
#[require(role("write") || role("write", in = collection))]
#[put("/collections/{name}/points")]
async fn upsert_points(
    collection: Authorized<Collection, Upsert>,
    new: web::Json<NewPoints>,
) -> Result<impl Responder> {
    collection.upsert(new.into_inner().points)?;
    Ok(ok(json!({ "operation_id": 0, "status": "completed" })))
}

#[derive(Deserialize)]
struct Query {
    vector: Vec<f32>,
    limit: usize,
}

#[require(role("read") || role("read", in = collection))]
#[post("/collections/{name}/points/search")]
async fn search_points(collection: Authorized<Collection, Search>, query: web::Json<Query>) -> impl Responder {
    ok(collection.search(&query.vector, query.limit))
}

/// A search in a batch. The point whose neighbors are searched is a vector, or a point of the collection or of another one.
#[derive(Deserialize)]
struct BatchedSearch {
    collection: Unchecked<Collection>,
    #[serde(flatten)]
    target: Target,
    lookup_from: Option<Unchecked<Collection>>,
    limit: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    Vector(Vec<f32>),
    Point(u64),
}

#[derive(Deserialize)]
struct Batch {
    searches: Vec<BatchedSearch>,
}

// No attribute can see the collections in the list. All are loaded and decided at once, and one that the caller may not search refuses all.
#[require_auth]
#[post("/search/batch")]
async fn search_batch(batch: web::Json<Batch>, may: Authorizer) -> Result<impl Responder> {
    let (mut keys, mut searches) = (Vec::new(), Vec::new());
    for BatchedSearch { collection, target, lookup_from, limit } in batch.into_inner().searches {
        keys.push((collection.clone(), ()));
        keys.push((lookup_from.unwrap_or(collection), ()));
        searches.push((target, limit));
    }
    let collections = may.each::<Collection, Search, ()>(keys).await?;
    let mut found = Vec::new();
    for (pair, (target, limit)) in collections.chunks_exact(2).zip(searches) {
        let [(collection, ()), (source, ())] = pair else { continue };
        let vector = match target {
            Target::Vector(vector) => vector,
            Target::Point(id) => source.vector(id).ok_or_else(|| ErrorBadRequest("no point has this id"))?,
        };
        found.push(collection.search(&vector, limit));
    }
    Ok(ok(found))
}

/// What newer clients send in place of a search.
#[derive(Deserialize)]
struct NearestQuery {
    query: Nearest,
    limit: usize,
}

#[derive(Deserialize)]
struct Nearest {
    nearest: Vec<f32>,
}

#[require(role("read") || role("read", in = collection))]
#[post("/collections/{name}/points/query")]
async fn query_points(collection: Authorized<Collection, Search>, query: web::Json<NearestQuery>) -> impl Responder {
    ok(json!({ "points": collection.search(&query.query.nearest, query.limit) }))
}

// Callers without the role are refused before a byte of the upload is read.
#[require_role("manage")]
#[post("/collections/{name}/snapshots/upload")]
async fn upload_snapshot(
    name: web::Path<String>,
    mut upload: Multipart,
    collections: web::Data<Collections>,
) -> Result<impl Responder> {
    let collection = collections.get(&name).ok_or_else(|| ErrorNotFound("no collection has this name"))?;
    while let Some(mut part) = upload.try_next().await? {
        let mut snapshot = Vec::new();
        while let Some(chunk) = part.try_next().await? {
            if snapshot.len() + chunk.len() > 16 * 1024 * 1024 {
                return Err(actix_web::error::ErrorPayloadTooLarge("a snapshot has at most 16 MiB"));
            }
            snapshot.extend_from_slice(&chunk);
        }
        let new: NewPoints = serde_json::from_slice(&snapshot).map_err(ErrorBadRequest)?;
        collection.upsert(new.points)?;
    }
    Ok(ok(true))
}

#[require_auth]
#[get("/telemetry")]
async fn telemetry(collections: web::Data<Collections>) -> impl Responder {
    ok(json!({ "app": { "name": "vector-store" }, "collections": { "number_of_collections": collections.len() } }))
}

#[public]
#[get("/healthz")]
async fn healthz() -> impl Responder {
    "healthz check passed"
}

/// The secrets of the configuration.
#[derive(Default)]
struct Secrets {
    api_key: Option<String>,
    read_only_api_key: Option<String>,
    jwt_secret: Option<String>,
}

impl Secrets {
    /// Returns whether there is none, so that requests are not authenticated.
    fn is_empty(&self) -> bool {
        self.api_key.is_none() && self.read_only_api_key.is_none() && self.jwt_secret.is_none()
    }
}

fn settings(secrets: Secrets, collections: &Collections) -> AuthBuilder {
    let mut auth = Auth::builder()
        .realm("vector-store")
        .roles::<Role>()
        .tenant("collection", at::path("name"))
        .resource_deps(collections.clone());
    if secrets.is_empty() {
        return auth.open("no api_key is configured", Rights::everything());
    }
    let Secrets { api_key, read_only_api_key, jwt_secret } = secrets;
    let places = || [at::header("api-key"), at::bearer()];
    if let Some(key) = api_key {
        auth = auth.tokens(Tokens::fixed("api-key", key, Rights::everything()).places(places()));
    }
    if let Some(key) = read_only_api_key {
        let reader = Rights::new().roles(["read"]);
        auth = auth.tokens(Tokens::fixed("read-only-api-key", key, reader).places(places()));
    }
    if let Some(secret) = jwt_secret {
        let jwt = Jwt::hs256(secret).without_issuer("jwt").accept_tokens_of_any_audience();
        let jwt = jwt.without_subject("jwt").access_by_tenant("/access", access::rights).places(places());
        auth = auth.bearer(jwt.confers(Confers::nothing().roles(["manage", "write", "read"])));
    }
    auth
}

fn api(auth: &Auth, collections: &Collections) -> impl HttpServiceFactory + use<> {
    let scope = auth.scope("").app_data(web::Data::new(collections.clone()));
    let scope = scope.service(create_collection).service(delete_collection).service(show_collection);
    let scope = scope.service(query_points).service(list_collections).service(search_batch);
    scope.service(upsert_points).service(search_points).service(upload_snapshot).service(telemetry).service(healthz)
}

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let named = |name| std::env::var(name).ok();
    let port = named("PORT").and_then(|port| port.parse().ok()).unwrap_or(6333);
    let secrets = Secrets {
        api_key: named("API_KEY"),
        read_only_api_key: named("READ_ONLY_API_KEY"),
        jwt_secret: named("JWT_SECRET"),
    };
    let collections = Collections::default();
    let is_open = secrets.is_empty();
    let auth = settings(secrets, &collections).build()?;
    let server = HttpServer::new(move || App::new().service(api(&auth, &collections))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
        if is_open {
            print_commands(&format!("http://{address}/collections"));
        }
    }
    server.run().await
}

/// Prints `curl` commands for a server without keys, each with the expected status.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
fn print_commands(url: &str) {
    let json = "-H 'Content-Type: application/json'";
    let new = r#"-d '{"vectors":{"size":2,"distance":"Cosine"}}'"#;
    let points = r#"-d '{"points":[{"id":1,"vector":[1,0]}]}'"#;
    println!("# a collection: 200\ncurl -i -X PUT {json} {new} {url}/docs\n");
    println!("# its points: 200\ncurl -i -X PUT {json} {points} {url}/docs/points\n");
    println!(
        "# a page of another site: 403\ncurl -i -X PUT -H 'Origin: https://evil.example' {json} {points} {url}/docs/points\n"
    );
    println!(
        "# a host name of another site, which resolves to this machine: 403\ncurl -i -H 'Host: evil.example' {url}/docs\n"
    );
}

#[cfg(test)]
mod tests;
