//! Issuers of tokens, with a key per algorithm that is generated at first use and exists only in this process.

use std::sync::OnceLock;

use auth_actix::Jwt;
use auth_actix::jwt::Key;
use auth_core::runtime::clock;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Validation};

use crate::Outcome;

/// The `iss` claim of all tokens.
pub const ISSUER: &str = "https://auth.example.com/";
/// The `aud` claim of all tokens.
pub const AUDIENCE: &str = "api.example.com";
/// The HMAC secret.
pub const SECRET: &[u8] = b"bench-only-secret-0123456789abcdef-bench";

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5, 2048 bits, with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// Returns the name in token headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Returns the corresponding value of jsonwebtoken.
    pub const fn jsonwebtoken(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    /// Returns the corresponding value of `auth_actix`.
    const fn auth_actix(self) -> auth_actix::jwt::Algorithm {
        match self {
            Self::Hs256 => auth_actix::jwt::Algorithm::HS256,
            Self::Rs256 => auth_actix::jwt::Algorithm::RS256,
            Self::Es256 => auth_actix::jwt::Algorithm::ES256,
            Self::EdDsa => auth_actix::jwt::Algorithm::EdDSA,
        }
    }

    /// Returns the issuer for this algorithm, which is shared by all cases.
    ///
    /// # Errors
    /// The system provides no randomness for a key.
    pub fn issuer(self) -> Outcome<&'static Issuer> {
        static ISSUERS: [OnceLock<Option<Issuer>>; 4] = [const { OnceLock::new() }; 4];
        let issuer = ISSUERS.get(self as usize).map(|issuer| issuer.get_or_init(|| Issuer::new(self).ok()));
        Ok(issuer.and_then(Option::as_ref).ok_or("no key could be made")?)
    }
}

/// An issuer with a key pair or a secret.
#[derive(Debug)]
pub struct Issuer {
    algorithm: Algorithm,
    keys: Keys,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there are four of them in all")]
enum Keys {
    Secret(hmac::Key),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The variable claims of a token.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The roles.
    pub roles: Vec<String>,
    /// Lifetime in seconds from now.
    pub lifetime: i64,
    /// The number of the token among several. Number 0 adds no claim.
    pub number: usize,
    /// Number of additional letters, in a claim that is never read.
    pub ballast: usize,
}

impl Default for Claims {
    /// Returns three roles and eight scopes: a token of 436 bytes with HS256.
    fn default() -> Self {
        Self {
            roles: ["viewer", "editor", "admin"].map(str::to_owned).to_vec(),
            lifetime: 30 * 86_400,
            number: 0,
            ballast: 0,
        }
    }
}

impl Claims {
    /// Returns claims with this number of roles. The last one is `admin`, the others are from a vocabulary of 1,000.
    pub fn of_roles(count: usize) -> Self {
        let others = (1..count).map(|number| format!("r{number:04}"));
        Self { roles: others.chain(["admin".to_owned()]).collect(), ..Self::default() }
    }

    /// Returns claims for a token of approximately this size in bytes.
    pub fn of_size(bytes: usize) -> Self {
        const OTHERS: usize = 436;
        Self { ballast: bytes.saturating_sub(OTHERS) * 3 / 4, ..Self::default() }
    }

    /// Returns the claims as JSON.
    pub fn json(&self) -> String {
        const SCOPES: &str = "openid profile read:users write:users read:orders write:orders read:reports admin";
        let now = clock::now().seconds();
        let mut claims = serde_json::json!({
            "iss": ISSUER, "sub": "2f6c1b1e-8d0a-4a53-9f0e-5f2f4a4a1c11", "aud": AUDIENCE,
            "exp": now + self.lifetime, "iat": now - 10, "roles": self.roles, "scope": SCOPES,
        });
        if let Some(claims) = claims.as_object_mut().filter(|_| self.number > 0) {
            claims.insert("jti".to_owned(), self.number.to_string().into());
        }
        if let Some(claims) = claims.as_object_mut().filter(|_| self.ballast > 0) {
            claims.insert("picture".to_owned(), "x".repeat(self.ballast).into());
        }
        claims.to_string()
    }
}

impl Issuer {
    fn new(algorithm: Algorithm) -> Outcome<Self> {
        let keys = match algorithm {
            Algorithm::Hs256 => Keys::Secret(hmac::Key::new(hmac::HMAC_SHA256, SECRET)),
            Algorithm::Rs256 => Keys::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            Algorithm::Es256 => Keys::Ecdsa(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)?),
            Algorithm::EdDsa => Keys::Ed25519(Ed25519KeyPair::generate()?),
        };
        Ok(Self { algorithm, keys })
    }

    /// Returns a signed token with these claims.
    ///
    /// # Errors
    /// The backend failed to sign.
    pub fn token(&self, claims: &Claims) -> Outcome<String> {
        self.signed(&format!(r#"{{"typ":"JWT","alg":"{}"}}"#, self.algorithm.name()), &claims.json())
    }

    /// Returns a signed token with this header and these claims, which are not validated.
    ///
    /// # Errors
    /// The backend failed to sign.
    pub fn signed(&self, header: &str, claims: &str) -> Outcome<String> {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn sign(&self, message: &[u8]) -> Outcome<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match &self.keys {
            Keys::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
            Keys::Rsa(keys) => {
                let mut signature = vec![0; keys.public_modulus_len()];
                keys.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Keys::Ecdsa(keys) => keys.sign(&random, message)?.as_ref().to_vec(),
            Keys::Ed25519(keys) => keys.sign(message).as_ref().to_vec(),
        })
    }

    /// Returns the public key as a `SubjectPublicKeyInfo` in DER. Empty for a secret.
    ///
    /// # Errors
    /// The backend failed to encode the key.
    pub fn public_key_info(&self) -> Outcome<Vec<u8>> {
        let der = match &self.keys {
            Keys::Secret(_) => return Ok(Vec::new()),
            Keys::Rsa(keys) => AsDer::<PublicKeyX509Der<'_>>::as_der(keys.public_key())?,
            Keys::Ecdsa(keys) => AsDer::<PublicKeyX509Der<'_>>::as_der(keys.public_key())?,
            Keys::Ed25519(keys) => AsDer::<PublicKeyX509Der<'_>>::as_der(keys.public_key())?,
        };
        Ok(der.as_ref().to_vec())
    }

    /// Returns the raw public key: an `RSAPublicKey`, a point, or the bytes of an Ed25519 key. Empty for a secret.
    pub fn public_key(&self) -> &[u8] {
        match &self.keys {
            Keys::Secret(_) => &[],
            Keys::Rsa(keys) => keys.public_key().as_ref(),
            Keys::Ecdsa(keys) => keys.public_key().as_ref(),
            Keys::Ed25519(keys) => keys.public_key().as_ref(),
        }
    }

    /// Returns settings that accept tokens of this issuer.
    ///
    /// # Errors
    /// The backend failed to encode the key.
    pub fn jwt(&self) -> Outcome<Jwt> {
        let jwt = match &self.keys {
            Keys::Secret(_) => Jwt::hs256(SECRET),
            _ => Jwt::key(Key::der(self.algorithm.auth_actix(), self.public_key_info()?)),
        };
        Ok(jwt.issuer(ISSUER).audience(AUDIENCE))
    }

    /// Returns the key and settings for a hand-written check.
    pub fn by_hand(&self) -> (DecodingKey, Validation) {
        let key = match &self.keys {
            Keys::Secret(_) => DecodingKey::from_secret(SECRET),
            Keys::Rsa(_) => DecodingKey::from_rsa_der(self.public_key()),
            Keys::Ecdsa(_) => DecodingKey::from_ec_der(self.public_key()),
            Keys::Ed25519(_) => DecodingKey::from_ed_der(self.public_key()),
        };
        let mut validation = Validation::new(self.algorithm.jsonwebtoken());
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        (key, validation)
    }

    /// Returns a function that only verifies the signature of this token. Decoding and key preparation happen in advance.
    ///
    /// # Errors
    /// The text is not a token.
    pub fn raw(&self, token: &str) -> Outcome<Box<dyn Fn() -> bool>> {
        let (message, signature) = token.rsplit_once('.').ok_or("no token")?;
        let (message, signature) = (message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature)?);
        let public = |algorithm, key: &[u8]| ParsedPublicKey::new(algorithm, key);
        let key = match &self.keys {
            Keys::Secret(key) => {
                let key = key.clone();
                return Ok(Box::new(move || hmac::verify(&key, &message, &signature).is_ok()));
            }
            Keys::Rsa(_) => public(&signature::RSA_PKCS1_2048_8192_SHA256, self.public_key())?,
            Keys::Ecdsa(_) => public(&signature::ECDSA_P256_SHA256_FIXED, self.public_key())?,
            Keys::Ed25519(_) => public(&signature::ED25519, self.public_key())?,
        };
        Ok(Box::new(move || key.verify_sig(&message, &signature).is_ok()))
    }
}
