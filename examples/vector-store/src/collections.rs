//! Collections of vectors in memory: the objects of this API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::error::ErrorBadRequest;
use auth_actix::identity::Tenant;
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::{Allows, Principal, Resource};
use serde::{Deserialize, Serialize};

use crate::Role;

/// All collections. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Collections(Arc<Mutex<BTreeMap<String, Collection>>>);

/// A collection. Clones share its points.
#[derive(Clone)]
pub(crate) struct Collection {
    name: String,
    vectors: VectorParameters,
    points: Arc<Mutex<BTreeMap<u64, Point>>>,
}

/// The parameters of the vectors of a collection.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(crate) struct VectorParameters {
    /// The number of dimensions.
    size: usize,
    distance: Distance,
}

/// The measure of similarity.
#[derive(Clone, Copy, Deserialize, Serialize)]
enum Distance {
    Cosine,
    Dot,
}

/// A point: a vector, and data that belongs to it.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Point {
    id: u64,
    vector: Vec<f32>,
    #[serde(default)]
    payload: serde_json::Map<String, serde_json::Value>,
}

/// A point that was found.
#[derive(Serialize)]
pub(crate) struct ScoredPoint {
    id: u64,
    version: u64,
    score: f32,
    payload: serde_json::Map<String, serde_json::Value>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Collections {
    /// Creates a collection. Returns whether the name was free.
    pub(crate) fn create(&self, name: &str, vectors: VectorParameters) -> bool {
        let mut collections = lock(&self.0);
        let is_free = !collections.contains_key(name);
        if is_free {
            let new = Collection { name: name.to_owned(), vectors, points: Arc::default() };
            collections.insert(name.to_owned(), new);
        }
        is_free
    }

    /// Deletes a collection. Returns whether it existed.
    pub(crate) fn delete(&self, name: &str) -> bool {
        lock(&self.0).remove(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Collection> {
        lock(&self.0).get(name).cloned()
    }

    /// Returns all collections, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Collection> {
        lock(&self.0).values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Collection {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn vectors(&self) -> VectorParameters {
        self.vectors
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.points).len()
    }

    /// Adds points, and replaces those with the same id.
    ///
    /// # Errors
    /// A vector has another number of dimensions. Nothing is changed then.
    pub(crate) fn upsert(&self, points: Vec<Point>) -> actix_web::Result<()> {
        if let Some(point) = points.iter().find(|point| point.vector.len() != self.vectors.size) {
            let text = format!("the vector of point {} does not have {} dimensions", point.id, self.vectors.size);
            return Err(ErrorBadRequest(text));
        }
        lock(&self.points).extend(points.into_iter().map(|point| (point.id, point)));
        Ok(())
    }

    /// Returns the vector of a point.
    pub(crate) fn vector(&self, id: u64) -> Option<Vec<f32>> {
        lock(&self.points).get(&id).map(|point| point.vector.clone())
    }

    /// Returns the points that are most similar to a vector, the most similar one first.
    pub(crate) fn search(&self, vector: &[f32], limit: usize) -> Vec<ScoredPoint> {
        let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
        let score = |point: &Point| match self.vectors.distance {
            Distance::Dot => dot(vector, &point.vector),
            Distance::Cosine => {
                let lengths = (dot(vector, vector) * dot(&point.vector, &point.vector)).sqrt();
                if lengths > 0.0 { dot(vector, &point.vector) / lengths } else { 0.0 }
            }
        };
        let scored = |point: &Point| ScoredPoint {
            id: point.id,
            version: 0,
            score: score(point),
            payload: point.payload.clone(),
        };
        let mut found: Vec<_> = lock(&self.points).values().map(scored).collect();
        found.sort_by(|one, other| other.score.total_cmp(&one.score));
        found.truncate(limit);
        found
    }
}

/// Reading points.
#[derive(auth_actix::Action)]
pub(crate) struct Search;

/// Changing points.
#[derive(auth_actix::Action)]
pub(crate) struct Upsert;

impl Resource for Collection {
    type Key = String;
    type Deps = Collections;
    type Error = actix_web::Error;
    const PATH: &'static str = "name";
    const TENANT: Tenancy = Tenancy::Of(&["collection"]);

    fn key(&self) -> String {
        self.name.clone()
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("collection", &self.name))
    }

    async fn load(names: &[String], _: &LoadContext<'_>, collections: &Collections) -> actix_web::Result<Vec<Self>> {
        Ok(names.iter().filter_map(|name| collections.get(name)).collect())
    }
}

impl Allows<Search> for Collection {
    fn allows(&self, caller: &Principal) -> bool {
        self.admits(caller, Role::Read)
    }
}

impl Allows<Upsert> for Collection {
    fn allows(&self, caller: &Principal) -> bool {
        self.admits(caller, Role::Write)
    }
}

impl Collection {
    /// Returns whether the caller has the role, for all collections or for this one.
    fn admits(&self, caller: &Principal, role: Role) -> bool {
        let here = Tenant::of("collection", &self.name);
        caller.has_role(role) || caller.has_role_in(role, &here)
    }
}
