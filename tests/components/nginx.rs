//! Tests behind a real nginx: the address and country of clients, and spoofed headers.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::blocklist::Blocklist;
use auth_actix::client::{Countries, ForwardingHeader};
use auth_actix::{Auth, Jwt, deny_country, public, require_network};
use auth_tests::program;
use auth_tests::server::Server;
use auth_tests::token::{AUDIENCE, ISSUER, SECRET};

#[public]
#[require_network("127.0.0.9")]
#[get("/nine")]
async fn nine() -> &'static str {
    "nine"
}

#[public]
#[deny_country("KP")]
#[get("/downloads")]
async fn downloads() -> &'static str {
    "downloads"
}

#[public]
#[get("/open")]
async fn open() -> &'static str {
    "open"
}

/// A running nginx that forwards requests to the application. It is stopped on drop.
struct Nginx {
    port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Returns `None` if nginx is not installed.
    fn start(application: u16) -> Option<Self> {
        program::run("nginx", &["-v"])?;
        program::run("curl", &["--version"])?;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = folder.path().display();
        let settings = format!(
            "daemon off; pid {path}/pid; error_log stderr warn; worker_processes 1; events {{ worker_connections 256; }}
            http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;
              uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;
              geo $country {{ default XX; 127.0.0.9 DE; 127.0.0.10 KP; 127.0.0.11 DE; }}
              server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{application};
                proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Country $country;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), settings).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.args(["-e", "stderr", "-c"]).arg(folder.path().join("nginx.conf")).stderr(Stdio::null());
        let nginx = Self { port, child: nginx.spawn().unwrap(), _folder: folder };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(nginx);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx does not start");
    }

    /// Returns the status of a request from this client address.
    fn status(&self, from: &str, path: &str, fields: &[&str]) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", from]);
        for field in fields {
            curl.args(["-H", field]);
        }
        let output = curl.arg(format!("http://127.0.0.1:{}{path}", self.port)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master process stops its workers.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn client_address_and_country_come_from_nginx() {
    // IP-1 to IP-3, IP-10, T26
    let blocks = Blocklist::memory();
    let jwt = Jwt::hs256(SECRET).issuer(ISSUER).audience(AUDIENCE);
    let auth = Auth::builder()
        .bearer(jwt)
        .trusted_proxies(["127.0.0.1"], ForwardingHeader::XForwardedFor)
        .hosts(["127.0.0.1"])
        .countries(Countries::header("X-Country"))
        .blocks(blocks.clone())
        .build()
        .unwrap();
    let server = Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(nine).service(downloads).service(open));
    });
    let Some(nginx) = Nginx::start(server.address.port()) else { return };
    let spoofed = "X-Forwarded-For: 127.0.0.9";
    #[rustfmt::skip]
    let table: &[(&str, &str, &[&str], &str)] = &[
        ("127.0.0.9",  "/nine",      &[],                               "200"),
        ("127.0.0.11", "/nine",      &[],                               "403"),
        ("127.0.0.11", "/nine",      &[spoofed],                        "403"),
        ("127.0.0.11", "/nine",      &["Forwarded: for=127.0.0.9", "X-Real-IP: 127.0.0.9"], "403"),
        ("127.0.0.9",  "/nine",      &["X-Forwarded-For: 8.8.8.8"],     "200"),
        ("127.0.0.9",  "/nine",      &["Host: evil.example"],           "403"),
        ("127.0.0.9",  "/downloads", &[],                               "200"),
        ("127.0.0.10", "/downloads", &[],                               "403"),
        ("127.0.0.10", "/downloads", &["X-Country: DE"],                "403"),
        ("127.0.0.12", "/downloads", &[],                               "403"), // no entry
        ("127.0.0.12", "/downloads", &["X-Country: DE"],                "403"),
        // A client at a trusted proxy address is trusted, so its header is accepted.
        ("127.0.0.1",  "/nine",      &[spoofed],                        "200"),
    ];
    for (from, path, fields, expected) in table {
        assert_eq!(&nginx.status(from, path, fields), expected, "{path} from {from} {fields:?}");
    }
    blocks.add("block address 127.0.0.11".parse().unwrap()).unwrap();
    assert_eq!(nginx.status("127.0.0.11", "/open", &[spoofed]), "403");
    assert_eq!(nginx.status("127.0.0.12", "/open", &[]), "200");
}
