//! Validation of the settings of an issuer, and their conversion to a verifier.

use std::sync::Arc;

use jsonwebtoken::AlgorithmFamily;

use super::super::key::Algorithm;
use serde_json::Value;

use super::super::access::AccessClaim;
use super::super::conditions::{Conditions, Path, Required};
use super::super::header::SeenHeaders;
use super::super::key::{Key, KeyError};
use super::super::tenant::TokenTenants;
use super::super::{TokenIssuer, jws};
use super::tenants::TenantSetting;
use super::{Jwt, JwtError, MAX_LEEWAY};
use crate::identity::dimension_name::declared_dimension;
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim, NameList, RoleTypes};
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::runtime::strict_json::{name_of, step};

impl Jwt {
    /// Checks the settings and prepares the keys. `is_resolved` is whether a resolver selects the issuer of tokens.
    pub(in super::super) fn prepare(self, roles: &RoleTypes, is_resolved: bool) -> Result<TokenIssuer, JwtError> {
        if let Some(setting) = self.once.repeated().next() {
            return Err(JwtError::Repeated(setting));
        }
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let issuer = self.issuer.clone().filter(|issuer| !issuer.is_empty()).ok_or(JwtError::IssuerMissing)?;
        for name in self.signs_for.iter().chain([&issuer]) {
            // If a resolver selects the issuer, its name is used in settings only.
            check_issuer(name, is_resolved && !self.remote.is_discovered())?;
        }
        self.check_claims()?;
        self.check_keys(is_resolved)?;
        let (lists, conditions) = (self.list_claims()?, self.conditions()?);
        let (tenants, access) = (self.token_tenants()?, self.access_claim()?);
        let types = match (self.profile, self.types.is_empty()) {
            (true, _) => vec!["at+jwt".to_owned()],
            // The defaults apply unless `types` was called. After a call with an empty list, no type is accepted.
            (false, true) if !self.once.has("types") => vec!["jwt".to_owned(), "at+jwt".to_owned()],
            (false, _) => self.types,
        };
        let remote = self.remote.prepare(&issuer, self.rsa_algorithm)?;
        // The development key is of a kind that the issuer does not have, so no published key can replace it.
        let dev = self.dev.map(|secret| Key::secret(Algorithm::HS256, secret));
        let keys = (1..).zip(self.keys.into_iter().map(|key| key.assume_rsa_algorithm(self.rsa_algorithm)).chain(dev));
        let keys = keys.map(|(position, key)| key.prepare().map_err(|error| JwtError::Key { position, error }));
        let source = Issuer {
            issuer: issuer.into(),
            scheme: SchemeId::Bearer,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists,
            has_claims: true,
            tenancy: tenants.tenancy(is_resolved, access.is_some()),
            all_scopes: false,
            login: self.logins.source(),
            roles: roles.clone(),
        };
        Ok(TokenIssuer {
            keys: keys.collect::<Result<_, _>>()?,
            proven: Arc::new(Issuer { scheme: SchemeId::Dpop, ..source.clone() }),
            in_cookie: Arc::new(Issuer { scheme: SchemeId::TOKEN_COOKIE, ..source.clone() }),
            places: self.places.prepare(&source, self.any_audience)?,
            source: Arc::new(source),
            unnamed: self.unnamed,
            audiences: self.audiences,
            leeway: self.leeway,
            longest: self.longest,
            types,
            profile: self.profile,
            conditions,
            signs_for: self.signs_for,
            mixed_keys: self.mixed_keys,
            headers: SeenHeaders::default(),
            tenants,
            access,
            remote,
        })
    }

    /// Returns the claim that grants rights for each tenant.
    fn access_claim(&self) -> Result<Option<AccessClaim>, JwtError> {
        let Some((claim, read)) = &self.access else { return Ok(None) };
        Ok(Some(AccessClaim { path: parse_pointer(claim)?, read: Arc::clone(read) }))
    }

    /// Returns the tenants that tokens are bound to.
    fn token_tenants(&self) -> Result<TokenTenants, JwtError> {
        let mut tenants = TokenTenants::default();
        for (name, setting) in &self.tenants {
            let name = declared_dimension(name).ok_or(JwtError::Name("tenant"))?;
            if tenants.has(name) {
                return Err(JwtError::Repeated("tenant"));
            }
            match setting {
                TenantSetting::Value(value) if value.is_empty() || value.contains(char::is_control) => {
                    return Err(JwtError::Name("tenant"));
                }
                TenantSetting::Value(value) => tenants.add_value(name, value),
                TenantSetting::Claim(claim, is_optional) => {
                    tenants.add_claim(name, parse_pointer(claim)?, *is_optional);
                }
            }
        }
        Ok(tenants)
    }

    fn check_claims(&self) -> Result<(), JwtError> {
        if self.audiences.is_empty() != self.any_audience || self.audiences.iter().any(String::is_empty) {
            return Err(JwtError::AudienceMissing);
        }
        if self.audiences.iter().any(|name| name.is_empty() || name.contains(char::is_control)) {
            return Err(JwtError::Name("audience"));
        }
        if self.audience_claim.is_some() && self.any_audience {
            return Err(JwtError::AudienceClaimWithoutAudience);
        }
        if self.profile && (self.any_audience || self.unnamed) {
            return Err(JwtError::ProfileWithoutNames);
        }
        if self.leeway > MAX_LEEWAY {
            return Err(JwtError::LeewayTooLong);
        }
        let named = &self.conditions.without_subject;
        if named.as_ref().is_some_and(|name| name.is_empty() || name.contains(char::is_control)) {
            return Err(JwtError::Name("without_subject"));
        }
        if named.is_some() && self.conditions.clients_without_subject {
            return Err(JwtError::TwoNamesWithoutSubject);
        }
        let beside = [
            ("types", self.once.has("types")),
            ("accept_id_tokens", self.conditions.accepts_id_tokens),
            ("without_subject", named.is_some()),
        ];
        match beside.iter().find(|(_, is_there)| self.profile && *is_there) {
            Some((setting, _)) => Err(JwtError::ProfileBeside(setting)),
            None => Ok(()),
        }
    }

    fn check_keys(&self, is_resolved: bool) -> Result<(), JwtError> {
        if let Some(error) = self.set {
            return Err(JwtError::Key { position: 1, error });
        }
        self.remote.check()?;
        let is_fetched = self.remote.is_fetched();
        if self.keys.is_empty() && !is_fetched && self.dev.is_none() {
            return Err(JwtError::KeyMissing);
        }
        let is_mixed = self.keys.iter().any(Key::is_hmac) && (is_fetched || !self.keys.iter().all(Key::is_hmac));
        match &self.mixed_keys {
            None if is_mixed => return Err(JwtError::MixedKeys),
            Some(reason) if !is_mixed || reason.trim().is_empty() || reason.contains(char::is_control) => {
                return Err(JwtError::MixedKeysUnused(reason.clone()));
            }
            _ => {}
        }
        let same = |key: &Key, other: &Key| key.is_tried_with(other);
        if self.keys.iter().any(|key| self.keys.iter().filter(|other| same(key, other)).count() > jws::MOST_TRIALS) {
            return Err(JwtError::TooManyKeys);
        }
        if let Some(algorithm) = self.rsa_algorithm.filter(|algorithm| algorithm.family() != AlgorithmFamily::Rsa) {
            return Err(JwtError::NotForRsa(algorithm));
        }
        // A resolver may map the issuer that a key names, and a set may contain keys of other issuers.
        let names = || self.signs_for.iter().chain(&self.issuer);
        let is_of_another = |key: &&Key| !self.unnamed && !names().any(|name| key.is_of_issuer(name));
        let others = self.keys.iter().filter(is_of_another).count();
        let is_useless = others > 0 && (others == self.keys.len() || !self.is_set);
        match self.keys.iter().position(|key| is_of_another(&key)).filter(|_| is_useless && !is_resolved) {
            Some(position) => Err(JwtError::Key { position: position + 1, error: KeyError::OtherIssuer }),
            None => Ok(()),
        }
    }

    /// Returns the claims that list roles, permissions and scopes.
    pub(super) fn list_claims(&self) -> Result<Vec<ListClaim>, JwtError> {
        let mut lists = Vec::new();
        let defaults = [
            (NameKind::Role, "roles", Form::Array, Form::Names),
            (NameKind::Permission, "permissions", Form::Array, Form::Names),
            (NameKind::Scope, "scope", Form::Words, Form::Separated(' ')),
        ];
        for (kind, claim, form, configured) in defaults {
            let of_kind = self.lists.iter().filter(|(of, _)| *of == kind);
            let before = lists.len();
            for (_, NameList { pointer, form, prefix }) in of_kind {
                let form = form.clone().unwrap_or_else(|| configured.clone());
                let path = parse_pointer(pointer)?;
                lists.push(ListClaim { prefix: prefix.clone(), ..ListClaim::new(kind, form, path) });
            }
            if lists.len() == before {
                lists.push(ListClaim::new(kind, form, vec![claim.to_owned()]));
            }
        }
        Ok(lists)
    }

    /// Returns the conditions, including the claims that were configured as text.
    pub(super) fn conditions(&self) -> Result<Conditions, JwtError> {
        let mut conditions = self.conditions.clone();
        conditions.audience =
            self.audience_claim.as_ref().map(|claim| claim_path(claim, "audience_claim")).transpose()?;
        conditions.audience.take_if(|path| *path == ["aud"]);
        for (claim, values) in &self.required {
            let is_scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
            if values.is_empty() || !values.iter().all(is_scalar) {
                return Err(JwtError::RequiredClaim(claim.clone()));
            }
            let path = claim_path(claim, "required_claim")?;
            conditions.required.push(Required { path, values: values.clone() });
        }
        for claim in &self.client_ids {
            conditions.client_ids.push(claim_path(claim, "client_id_claim")?);
        }
        Ok(conditions)
    }
}

/// Parses a claim that is given as a name or as a JSON pointer.
pub(super) fn claim_path(claim: &str, setting: &'static str) -> Result<Path, JwtError> {
    if claim.is_empty() || claim.contains(char::is_control) {
        return Err(JwtError::Name(setting));
    }
    if claim.starts_with('/') { parse_pointer(claim) } else { Ok(vec![claim.to_owned()]) }
}

/// Parses a JSON pointer (RFC 6901). An empty member name is rejected unless it is the last one, because it indicates an unescaped
/// URI.
pub(super) fn parse_pointer(pointer: &str) -> Result<Path, JwtError> {
    let refuse = |instead: String| Err(JwtError::Pointer(pointer.to_owned(), instead));
    let Some(path) = pointer.strip_prefix('/') else {
        let bare = pointer.trim_start_matches(['$', '#', '.', '/']);
        return refuse(match bare {
            "" => "/roles".to_owned(),
            _ if bare.contains(':') => step(bare),
            _ => format!("/{}", bare.replace('.', "/")),
        });
    };
    let is_escaped = |name: &str| name.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let is_uri = path.is_empty() || path.starts_with('/') || path.contains("//");
    if is_uri || !path.split('/').all(is_escaped) {
        return refuse(if path.is_empty() { "/roles".to_owned() } else { step(path) });
    }
    Ok(path.split('/').map(|name| name_of(name).into_owned()).collect())
}

/// Checks that tokens can have this issuer.
fn check_issuer(issuer: &str, may_stand_for_others: bool) -> Result<(), JwtError> {
    if issuer.is_empty() || issuer.contains(char::is_control) || issuer.trim() != issuer {
        return Err(JwtError::Name("issuer"));
    }
    if let Some((before, after)) = issuer.split_once("/.well-known/") {
        // RFC 8414 §3 appends the path of the issuer to the name of the document.
        let path = after.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default();
        return Err(JwtError::IssuerIsMetadata(issuer.to_owned(), format!("{before}{path}")));
    }
    let parts = issuer.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
    let for_many = parts.is_some_and(|(host, path)| {
        let of_microsoft = [
            "login.microsoftonline.com",
            "login.microsoftonline.us",
            "login.partner.microsoftonline.cn",
            "sts.windows.net",
        ];
        let tenant = path.split('/').next().unwrap_or_default();
        of_microsoft.contains(&host) && ["common", "organizations", "consumers"].contains(&tenant)
    });
    if !may_stand_for_others && (for_many || issuer.contains(['{', '}', '<', '>'])) {
        return Err(JwtError::IssuerTemplate(issuer.to_owned()));
    }
    Ok(())
}
