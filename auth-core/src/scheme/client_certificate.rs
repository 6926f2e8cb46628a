//! Client certificates: mutual TLS (RFC 8446 §4.4.2), terminated by this server or by a trusted proxy that forwards the certificate
//! (RFC 9440).
//!
//! # Why
//! The TLS layer of the server or the proxy verifies the certificate chain and the possession of the key. This module only
//! determines the holder of the certificate. It requires exactly one name of the configured kind, since a certificate authority may
//! put several names of different owners into one certificate.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use sha2::Digest as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::build_error::{BuildError, Mistakes};
use super::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use super::{Authenticator, Credential, Extracted, OwnIssuer, RequestView, SyntaxError, Verification};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason};
use crate::identity::issuer::{Confers, Issuer, LoginSetting, LoginSource, RoleTypes};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::matrix::CredentialPlace;
use crate::runtime::clock::Timestamp;

/// The header in which a proxy forwards a certificate (RFC 9440 §2.1).
const HEADER: &str = "client-cert";

/// Maximum length of a DER certificate, in bytes.
const LONGEST: usize = 16 * 1024;

/// Base64 of a byte sequence (RFC 8941 §4.2.7). Parsers should accept missing padding.
const BYTES: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The name in a certificate that identifies its holder. A certificate without a name of this kind, or with several, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateName {
    /// The URI of the subject alternative name, such as a SPIFFE ID. The caller is a program.
    Uri,
    /// The DNS name of the subject alternative name. The caller is a program.
    Dns,
    /// The e-mail address of the subject alternative name. The caller is a user.
    Email,
    /// The common name of the subject. The caller is a user.
    CommonName,
}

/// Settings of client certificates, for [`AuthBuilder::client_certificates`].
///
/// Callers belong to the issuer `certificate:<realm>`. Certificates contain no roles. Use `roles_from` to provide them. To block a
/// certificate, block its SHA-256 fingerprint in lower-case hexadecimal digits as a token of that issuer.
///
/// ```
/// use auth_actix::client_certificate::{CertificateName, ClientCertificates};
/// let certificates = ClientCertificates::named_by(CertificateName::Uri);
/// # let _ = certificates;
/// ```
///
/// [`AuthBuilder::client_certificates`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientCertificates {
    name: CertificateName,
    from_proxies: bool,
    confers: Option<Confers>,
    login: LoginSetting,
}

impl ClientCertificates {
    /// Accepts certificates that the TLS settings of this server accept. A name of this kind identifies the caller.
    pub fn named_by(name: CertificateName) -> Self {
        Self { name, from_proxies: false, confers: None, login: LoginSetting::Unset }
    }

    /// Also accepts certificates that trusted proxies forward in `Client-Cert` (RFC 9440). The proxy must verify the certificate,
    /// and must remove the header from every incoming request that contains it. Requires [`trusted_proxies`]. From other peers, the
    /// header is ignored.
    ///
    /// [`trusted_proxies`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.trusted_proxies
    pub fn from_proxies(self) -> Self {
        Self { from_proxies: true, ..self }
    }

    /// Sets the names that the certificates may confer. Everything by default if this is the only issuer. Required if there are
    /// several.
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// States that these credentials are logins of accounts. See [`AuthBuilder::accounts`]. Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    ///
    /// [`AuthBuilder::accounts`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.accounts
    pub fn logs_in(self) -> Self {
        Self { login: LoginSetting::LogsIn, ..self }
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    pub fn keeps_own_identity(self) -> Self {
        Self { login: LoginSetting::OwnIdentity, ..self }
    }

    fn verifier(self, realm: &str, roles: &RoleTypes, login: LoginSource) -> CertificateVerifier {
        let confers = self.confers.unwrap_or_else(Confers::everything);
        let issuer = OwnIssuer::Certificates.name(realm);
        let of_builder = Issuer::of_builder(&issuer, SchemeId::ClientCertificate, confers, roles.clone());
        // A certificate identifies its holder and contains no roles.
        let source = Issuer { lists: Vec::new(), has_claims: false, login, ..of_builder };
        CertificateVerifier { name: self.name, from_proxies: self.from_proxies, source: [Arc::new(source)] }
    }
}

impl<H: RequestHead> SchemeSettings<H> for ClientCertificates {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let declares_confers = self.confers.is_some();
        vec![IssuerSettings { method: "client_certificates", declares_confers, login: self.login }]
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        if self.from_proxies && !context.names_proxies {
            mistakes.add(BuildError::SchemeWithoutProxy(SchemeId::ClientCertificate.name()));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, _: &mut Mistakes) {
        let login = assembly.login_source(self.login);
        let verifier = self.verifier(assembly.realm, assembly.roles, login);
        assembly.schemes.push(Arc::new(verifier));
    }
}

struct CertificateVerifier {
    name: CertificateName,
    from_proxies: bool,
    source: [Arc<Issuer>; 1],
}

impl CertificateVerifier {
    fn identify(&self, der: &[u8], now: Timestamp) -> Result<Principal, Denial> {
        let refused = |cause| Denial::refused(SchemeId::ClientCertificate, Reason::InvalidCredentials, cause);
        if der.len() > LONGEST {
            return Err(refused("the certificate is longer than allowed"));
        }
        let parsed = X509Certificate::from_der(der);
        let (_, certificate) = parsed
            .ok()
            .filter(|(rest, _)| rest.is_empty())
            .ok_or_else(|| refused("the certificate is not valid DER"))?;
        let validity = certificate.validity();
        let (begins, ends) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        if now.seconds() < begins {
            return Err(refused("the certificate is not valid yet"));
        }
        if now.seconds() > ends {
            let cause = "the certificate has expired";
            return Err(Denial::refused(SchemeId::ClientCertificate, Reason::ExpiredCredentials, cause));
        }
        if !is_for_clients(&certificate) {
            return Err(refused("the certificate is not for client authentication (extended key usage)"));
        }
        let name = the_only(names(&certificate, self.name));
        let name =
            name.ok_or_else(|| refused("the certificate does not contain exactly one name of the configured kind"))?;
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), Value::from(name));
        if matches!(self.name, CertificateName::Uri | CertificateName::Dns) {
            claims.insert("client_id".to_owned(), Value::from(name));
        }
        let fingerprint = crate::runtime::hex::hex(&sha2::Sha256::digest(der));
        claims.insert("jti".to_owned(), Value::from(fingerprint));
        claims.insert("exp".to_owned(), Value::from(ends));
        let [source] = &self.source;
        Principal::from_claims(Arc::clone(source), Value::Object(claims).to_string())
            .map_err(|_| refused("the certificate contains no name"))
    }
}

/// Returns whether the certificate belongs to an end entity and no extension excludes clients (RFC 5280 §4.2.1.12).
fn is_for_clients(certificate: &X509Certificate<'_>) -> bool {
    let usage = match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.client_auth || usage.value.any,
        Ok(None) => true,
        Err(_) => false,
    };
    usage && !certificate.is_ca()
}

fn names<'a>(certificate: &'a X509Certificate<'_>, kind: CertificateName) -> Vec<&'a str> {
    if kind == CertificateName::CommonName {
        return certificate.subject().iter_common_name().map(|name| name.as_str().unwrap_or_default()).collect();
    }
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let of_kind = |name: &'a GeneralName<'_>| match (name, kind) {
        (GeneralName::URI(name), CertificateName::Uri)
        | (GeneralName::DNSName(name), CertificateName::Dns)
        | (GeneralName::RFC822Name(name), CertificateName::Email) => Some(*name),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(of_kind).collect()
}

/// Returns the name if there is exactly one and it is usable as an identity.
fn the_only(names: Vec<&str>) -> Option<&str> {
    let [name] = *names.as_slice() else { return None };
    Some(name).filter(|name| !name.trim().is_empty() && !name.contains(char::is_control))
}

/// Returns the base64 text of a byte sequence in a structured field (RFC 8941 §3.3.5).
fn byte_sequence(line: &[u8]) -> Option<&str> {
    let inner = line.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    let fits = inner.len() <= LONGEST.div_ceil(3) * 4 && BYTES.decode(inner).is_ok_and(|der| !der.is_empty());
    std::str::from_utf8(inner).ok().filter(|_| fits)
}

impl<H: RequestHead> Authenticator<H> for CertificateVerifier {
    fn scheme(&self) -> SchemeId {
        SchemeId::ClientCertificate
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.source
    }

    /// Returns `true`, since browsers present certificates automatically.
    fn is_ambient(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        if self.from_proxies { vec![HEADER] } else { Vec::new() }
    }

    fn affects_responses(&self) -> bool {
        true
    }

    /// Ignores the TLS certificate of a trusted proxy, since it never identifies the caller.
    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        if !view.is_from_proxy() {
            let is_there = H::peer_certificate(view.head.0).is_some();
            return if is_there { Credential::new(SchemeId::ClientCertificate, "").into() } else { Extracted::Absent };
        }
        let mut lines = view.head.bytes(HEADER);
        let (true, Some(line)) = (self.from_proxies, lines.next()) else { return Extracted::Absent };
        let malformed = |cause| Extracted::Refused(SyntaxError::malformed(Some(SchemeId::ClientCertificate), cause));
        match byte_sequence(line) {
            _ if lines.next().is_some() => malformed("two client certificates"),
            Some(encoded) => Credential::new(SchemeId::ClientCertificate, encoded).into(),
            None => malformed("the client certificate is not a byte sequence"),
        }
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let verified = match (BYTES.decode(credential.text), H::peer_certificate(view.head.0)) {
            (Ok(der), _) if !der.is_empty() => self.identify(&der, view.now),
            (Ok(_), Some(der)) => self.identify(der, view.now),
            _ => Err(Denial::new(Reason::SetUp)),
        };
        Verification::Ready(verified.into())
    }

    fn places(&self, _: &Issuer) -> Vec<CredentialPlace> {
        vec![CredentialPlace::Tls]
    }
}
