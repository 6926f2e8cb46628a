//! Tests of client certificates, over TLS and from a proxy that forwards them (RFC 9440).

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, get, post};
use auth_actix::blocklist::Blocklist;
use auth_actix::client::ForwardingHeader;
use auth_actix::client_certificate::{CertificateName, ClientCertificates, keep_client_certificate};
use auth_actix::identity::Rights;
use auth_actix::tokens::{ApiKeyFile, Tokens};
use auth_actix::{Auth, AuthBuilder, Confers, Id, Principal, public, require_auth, require_role};
use auth_tests::server::Server;
use auth_tests::wire::{Answer, Request, get, request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::Role;
use crate::api_key::ApiKey;

#[require_auth(scheme = "client-cert")]
#[get("/me")]
async fn me(caller: Principal) -> String {
    format!("{} {}", caller.id(), caller.is_client())
}

#[require_auth]
#[post("/me")]
async fn write_me() -> &'static str {
    "changed"
}

#[require_role("editor")]
#[get("/editor")]
async fn editor() -> &'static str {
    "editor"
}

#[require_auth]
#[get("/scheme")]
async fn scheme(caller: Principal) -> &'static str {
    caller.scheme().name()
}

#[require_auth(max_age = "5m")]
#[get("/fresh")]
async fn fresh() -> &'static str {
    "fresh"
}

#[public]
#[get("/public")]
async fn open() -> &'static str {
    "open"
}

const READER: &str = "spiffe://example.org/reader";

/// A certificate authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in DER.
#[derive(Clone)]
struct Identity {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, set: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        set(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.der().to_vec(), key: key.serialize_der() }
    }

    /// Returns a client whose certificate has these subject alternative names.
    fn client(&self, names: Vec<SanType>) -> Identity {
        self.sign(|params| params.subject_alt_names = names)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

impl Identity {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    /// Returns the value of the header that a proxy adds.
    fn header(&self) -> String {
        format!(":{}:", STANDARD.encode(&self.certificate))
    }
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

fn configured(auth: &Auth) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
    let auth = auth.clone();
    move |config| {
        let scope = auth.scope("");
        let scope = scope.service(me).service(write_me).service(editor).service(scheme).service(open);
        config.service(scope);
    }
}

fn by_uri() -> ClientCertificates {
    ClientCertificates::named_by(CertificateName::Uri)
}

fn with(certificates: ClientCertificates) -> AuthBuilder {
    let roles = |caller: Id, _tenant: Option<String>| async move {
        let reader = Id::client("certificate:reports", READER);
        Ok(if caller == reader { vec!["editor".to_owned()] } else { Vec::new() })
    };
    Auth::builder()
        .realm("reports")
        .client_certificates(certificates)
        .roles_from(roles)
        .roles::<Role>()
        .hosts(["localhost"])
}

/// A TLS server that requests client certificates, but accepts connections without one.
struct TlsServer {
    address: SocketAddr,
    handle: ServerHandle,
    server: CertificateDer<'static>,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl TlsServer {
    fn start(clients: &Authority, auth: &Auth) -> Self {
        let own = Authority::new();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &own.0).unwrap();
        let verifier = WebPkiClientVerifier::builder(clients.roots()).allow_unauthenticated().build().unwrap();
        let settings = ServerConfig::builder().with_client_cert_verifier(verifier);
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let settings = settings.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let (configure, server) = (configured(auth), own.0.der().clone());
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(configure.clone()));
                let server = server.workers(1).disable_signals().on_connect(keep_client_certificate);
                let server = server.bind_rustls_0_23(("127.0.0.1", 0), settings).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                tell.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = told.recv().unwrap();
        Self { address, handle, server }
    }

    /// Sends requests over one connection. Returns `None` if the handshake fails.
    fn send(&self, client: Option<&Identity>, requests: &[Request]) -> Option<Vec<Answer>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.server.clone()).unwrap();
        let settings = ClientConfig::builder().with_root_certificates(roots);
        let settings = match client {
            Some(client) => settings.with_client_auth_cert(client.chain(), client.key()).unwrap(),
            None => settings.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(settings), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(self.address).unwrap());
        let mut answers = Vec::new();
        for request in requests {
            stream.write_all(&request.bytes()).ok()?;
            answers.push(read_answer(&mut stream)?);
        }
        Some(answers)
    }

    fn one(&self, client: Option<&Identity>, request: Request) -> Answer {
        self.send(client, &[request]).unwrap().remove(0)
    }
}

fn read_answer(stream: &mut impl std::io::Read) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.extend_from_slice(&byte);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let fields: Vec<_> = lines.filter_map(field).collect();
    let length = fields.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, length)| length);
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(Answer { status, fields, body })
}

#[test]
fn tls_client_certificate_authenticates_the_caller() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, &with(by_uri()).build().unwrap());
    let reader = authority.client(vec![uri(READER), SanType::DnsName("reader.example.org".try_into().unwrap())]);
    let other = authority.client(vec![uri("spiffe://example.org/other")]);
    let answers = server.send(Some(&reader), &[get("/me"), get("/editor"), get("/public")]).unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200], "roles come from elsewhere");
    assert_eq!(answers[0].text(), format!("client:19:certificate:reports:{READER} true"));
    assert_eq!(answers[0].field("cache-control"), Some("private"), "no cache sees the certificate");
    assert_eq!(server.one(Some(&other), get("/editor")).status, 403);
    let answer = server.one(None, get("/me"));
    assert_eq!((answer.status, answer.field("www-authenticate")), (401, Some("ClientCertificate realm=\"reports\"")));
    assert_eq!(server.one(None, get("/public")).status, 200);
}

#[test]
fn client_certificate_requires_exactly_one_subject_name() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, &with(by_uri()).build().unwrap());
    let two = authority.client(vec![uri(READER), uri("spiffe://example.org/other")]);
    let none = authority.client(vec![SanType::DnsName("reader.example.org".try_into().unwrap())]);
    for refused in [two, none, authority.client(vec![uri(" ")])] {
        assert_eq!(server.one(Some(&refused), get("/me")).status, 401);
        assert_eq!(server.one(Some(&refused), get("/public")).status, 200);
    }
    let stranger = Authority::new().client(vec![uri(READER)]);
    assert_eq!(server.send(Some(&stranger), &[get("/me")]), None, "TLS refuses it");
    for (name, san, id) in [
        (
            CertificateName::Dns,
            SanType::DnsName("a.example".try_into().unwrap()),
            "client:19:certificate:reports:a.example true",
        ),
        (
            CertificateName::Email,
            SanType::Rfc822Name("a@example.org".try_into().unwrap()),
            "user:19:certificate:reports:a@example.org false",
        ),
    ] {
        let server = TlsServer::start(&authority, &with(ClientCertificates::named_by(name)).build().unwrap());
        assert_eq!(server.one(Some(&authority.client(vec![san])), get("/me")).text(), id);
    }
    let server =
        TlsServer::start(&authority, &with(ClientCertificates::named_by(CertificateName::CommonName)).build().unwrap());
    let alice = authority.sign(|params| params.distinguished_name.push(DnType::CommonName, "alice"));
    assert_eq!(server.one(Some(&alice), get("/me")).text(), "user:19:certificate:reports:alice false");
}

#[test]
fn client_certificate_is_refused_on_cross_site_requests() {
    // CSRF: a certificate is an ambient credential.
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let key = ApiKey::new(7);
    std::fs::write(&path, key.line("backup - - -")).unwrap();
    let keys = Tokens::api_key_file(ApiKeyFile::open(&path).unwrap()).confers(Rights::everything());
    let auth = with(by_uri().confers(Confers::everything())).tokens(keys).build().unwrap();
    let server = TlsServer::start(&authority, &auth);
    let reader = authority.client(vec![uri(READER)]);
    let posted = |site: Option<&str>| {
        let post = request("POST", "/me");
        server.one(Some(&reader), site.map_or(post.clone(), |site| post.field("Sec-Fetch-Site", site))).status
    };
    assert_eq!([posted(None), posted(Some("same-origin")), posted(Some("cross-site"))], [200, 200, 403]);
    let beside = get("/scheme").field("X-Api-Key", &key.text);
    assert_eq!(server.one(Some(&reader), beside).text(), "ApiKey", "what was sent on purpose counts");
    assert_eq!(server.one(Some(&reader), get("/scheme").field("X-Api-Key", "ak.none")).status, 401);
    assert_eq!(server.one(Some(&reader), get("/scheme").authorization("Digest x")).status, 401);
}

#[test]
fn client_cert_header_is_accepted_only_from_trusted_proxy() {
    // RFC 9440
    let authority = Authority::new();
    let reader = authority.client(vec![uri(READER)]);
    let behind = |proxy: &str| {
        let auth = with(by_uri().from_proxies()).trusted_proxies([proxy], ForwardingHeader::XForwardedFor);
        Server::start(configured(&auth.build().unwrap()))
    };
    let (proxy, stranger) = (behind("127.0.0.1"), behind("192.0.2.1"));
    let passed_on = |line: &str| get("/me").field("Client-Cert", line);
    assert_eq!(proxy.send(&passed_on(&reader.header())).text(), format!("client:19:certificate:reports:{READER} true"));
    assert_eq!(stranger.send(&passed_on(&reader.header())).status, 401);
    assert_eq!(stranger.send(&passed_on("nonsense")).status, 401, "it counts as absent");
    let encoded = STANDARD.encode(&reader.certificate);
    let tail = |more: &[u8]| STANDARD.encode([reader.certificate.as_slice(), more].concat());
    let (not_yet, expired) = (
        authority.sign(|params| {
            params.not_before = rcgen::date_time_ymd(2999, 1, 1);
            params.not_after = rcgen::date_time_ymd(3000, 1, 1);
            params.subject_alt_names = vec![uri(READER)];
        }),
        authority.sign(|params| {
            params.not_after = rcgen::date_time_ymd(2000, 1, 1);
            params.subject_alt_names = vec![uri(READER)];
        }),
    );
    let of_server = authority.sign(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![uri(READER)];
    });
    let of_authority = authority.sign(|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.subject_alt_names = vec![uri(READER)];
    });
    #[rustfmt::skip]
    let table = [
        (format!(" :{encoded}:\t"), 200),
        (format!(":{}:", STANDARD_NO_PAD.encode(&reader.certificate)), 200),
        (String::new(), 400),
        ("::".to_owned(), 400),
        (encoded.clone(), 400),
        (format!(":{encoded}"), 400),
        (format!(":{encoded}:;a=1"), 400),
        (format!(":{encoded}:, :{encoded}:"), 400),
        (format!(":{}:", URL_SAFE.encode([0xff; 64])), 400),
        (format!(":{}:", "A".repeat(22_000)), 400),
        (":====:".to_owned(), 400),
        (":AAAA:".to_owned(), 401),
        (format!(":{}:", STANDARD.encode(&reader.certificate[..reader.certificate.len() - 1])), 401),
        (format!(":{}:", tail(&[0])), 401),
        (format!(":{}:", tail(&reader.certificate)), 401),
        (not_yet.header(), 401),
        (expired.header(), 401),
        (of_server.header(), 401),
        (of_authority.header(), 401),
    ];
    for (line, expected) in &table {
        assert_eq!(proxy.send(&passed_on(line)).status, *expected, "{}", line.get(..40).unwrap_or(line));
    }
    assert_eq!(proxy.send(&passed_on(&reader.header()).field("client-cert", reader.header())).status, 400, "two lines");
    assert_eq!(proxy.send(&get("/me")).status, 401);
    // The certificate of a proxy does not identify the caller.
    let auth = with(by_uri()).trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor).build().unwrap();
    let server = TlsServer::start(&authority, &auth);
    assert_eq!(server.one(Some(&reader), get("/me")).status, 401);
    assert_eq!(server.one(Some(&reader), passed_on(&reader.header())).status, 401, "the setting is off");
}

#[test]
fn certificate_is_blocked_by_its_fingerprint() {
    let authority = Authority::new();
    let reader = authority.client(vec![uri(READER)]);
    let blocks = Blocklist::memory();
    let auth = with(by_uri().from_proxies())
        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
        .blocks(blocks.clone());
    let server = Server::start(configured(&auth.build().unwrap()));
    let status = || server.send(&get("/me").field("Client-Cert", reader.header())).status;
    assert_eq!(status(), 200);
    use sha2::Digest as _;
    let fingerprint: String =
        sha2::Sha256::digest(&reader.certificate).iter().map(|byte| format!("{byte:02x}")).collect();
    let entry = format!("block token certificate:reports {fingerprint}");
    blocks.add(entry.parse().unwrap()).unwrap();
    assert_eq!(status(), 403);
}

#[test]
fn invalid_client_certificate_settings_do_not_build() {
    let told = with(by_uri().from_proxies()).build().unwrap_err().to_string();
    assert!(told.contains("\"ClientCertificate\" trusts a header of a proxy: call `.trusted_proxies(…)`"), "{told}");
    let told = with(by_uri()).tokens(Tokens::api_key_file(ApiKeyFile::open("/dev/null").unwrap())).build().unwrap_err();
    assert!(told.to_string().contains("`.client_certificates(…)` must declare what it `.confers(…)`"), "{told}");
    let told = with(by_uri()).client_certificates(by_uri()).build().unwrap_err().to_string();
    assert!(told.contains("`.client_certificates(…)` is called twice"), "{told}");
    // A certificate does not count as a login.
    let auth = with(by_uri()).build().unwrap();
    let started = Server::try_start(1, move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(fresh));
    });
    assert!(started.is_err());
}
