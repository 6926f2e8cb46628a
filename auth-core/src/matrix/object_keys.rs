//! The keys of objects that a route reads outside of its path.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::RouteAccess;
use crate::denial::Reason;
use crate::policy::atom::{KeyLocation, ObjectAction};
use crate::policy::rule::Rule;
use crate::runtime::strict_json;

/// The location of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ObjectKeyPlace {
    /// A parameter of the query.
    Query,
    /// A header.
    Header,
    /// A member of the JSON body.
    Json,
}

/// The key of an object, outside of the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectKey {
    /// The location.
    pub place: ObjectKeyPlace,
    /// The name of the parameter or of the header, or the JSON pointer.
    pub name: &'static str,
    /// Whether each way to satisfy the rule reads the key.
    pub required: bool,
}

/// Returns the keys that a rule reads. `sufficient` are the minimal sets of atoms that grant access.
pub(super) fn keys_of(rule: &Rule, sufficient: Option<&[Vec<String>]>) -> Vec<ObjectKey> {
    let mut keys: Vec<ObjectKey> = Vec::new();
    rule.formula().literals(&mut |literal| {
        let named = rule.named_by_atom(literal);
        if let Some((place, name)) = named.object().and_then(|(_, object)| outside_of_path(object)) {
            // The sets contain atoms as they are written in the source.
            let atom = named.describe().to_string();
            let required = sufficient.is_some_and(|sets| sets.iter().all(|set| set.contains(&atom)));
            match keys.iter_mut().find(|known| known.place == place && known.name == name) {
                Some(known) => known.required |= required,
                None => keys.push(ObjectKey { place, name, required }),
            }
        }
        false
    });
    keys
}

/// Returns the location of the key of an object, unless that is the path.
fn outside_of_path(object: &ObjectAction) -> Option<(ObjectKeyPlace, &'static str)> {
    match object.key() {
        _ if object.list.is_some() => None,
        KeyLocation::Path(_) => None,
        KeyLocation::Query(name) => Some((ObjectKeyPlace::Query, name)),
        KeyLocation::Header(name) => Some((ObjectKeyPlace::Header, name)),
        KeyLocation::Json(pointer) => Some((ObjectKeyPlace::Json, pointer)),
    }
}

/// Returns the refusals of requests whose keys cannot be read.
pub(super) fn refusals(route: &RouteAccess) -> Vec<Reason> {
    let in_body = |key: &ObjectKey| key.place == ObjectKeyPlace::Json;
    let mut reasons = Vec::new();
    if route.object_keys.iter().any(|key| !in_body(key)) {
        reasons.push(Reason::MalformedKey);
    }
    if route.object_keys.iter().any(in_body) {
        reasons.extend([Reason::MalformedBody, Reason::BodyTimeout, Reason::BodyTooLarge, Reason::UnsupportedBody]);
    }
    reasons
}

/// Adds the keys to an operation: parameters of the query and headers, and a body, unless the document has them.
pub(super) fn add_keys(route: &RouteAccess, operation: &mut Map<String, Value>) {
    for key in &route.object_keys {
        let place = match key.place {
            ObjectKeyPlace::Query => "query",
            ObjectKeyPlace::Header => "header",
            ObjectKeyPlace::Json => {
                add_body(key, operation);
                continue;
            }
        };
        let parameter = json!({
            "name": key.name,
            "in": place,
            "required": key.required,
            "description": "The key of the object.",
            "schema": { "type": "string" },
        });
        add_parameter(operation, parameter);
    }
}

/// Adds a parameter, unless the document has it.
pub(super) fn add_parameter(operation: &mut Map<String, Value>, parameter: Value) {
    let Some(parameters) = operation.entry("parameters").or_insert_with(|| json!([])).as_array_mut() else { return };
    let (place, name) = (parameter.get("in"), parameter.get("name").and_then(Value::as_str).unwrap_or_default());
    let is_in_header = place.is_some_and(|place| place == "header");
    let is_name = |known: &str| if is_in_header { known.eq_ignore_ascii_case(name) } else { known == name };
    let is_it = |one: &Value| one.get("in") == place && one.get("name").and_then(Value::as_str).is_some_and(is_name);
    if !parameters.iter().any(is_it) {
        parameters.push(parameter);
    }
}

/// Adds a JSON body with the member that contains the key.
fn add_body(key: &ObjectKey, operation: &mut Map<String, Value>) {
    if operation.contains_key("requestBody") {
        return;
    }
    let steps: Vec<_> = key.name.split('/').skip(1).map(strict_json::name_of).collect();
    let key_schema = json!({ "description": "The key of the object.", "type": ["string", "integer"] });
    let schema = steps.iter().rev().fold(key_schema, |inner, name| {
        let (properties, required) = (json!({ name.as_ref(): inner }), json!([name]));
        json!({ "type": "object", "properties": properties, "required": required })
    });
    let body = json!({ "required": key.required, "content": { "application/json": { "schema": schema } } });
    operation.insert("requestBody".to_owned(), body);
}
