//! Client certificates of TLS connections.

use std::any::Any;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;

use crate::adapter::PeerCertificate;

/// Stores the verified client certificate of a TLS connection, for
/// [`AuthBuilder::client_certificates`](crate::AuthBuilder::client_certificates).
///
/// Pass it to [`HttpServer::on_connect`](actix_web::HttpServer::on_connect). Bind the server with `bind_rustls_0_23`, with a
/// [`WebPkiClientVerifier`] in the TLS settings. Connections without TLS or without a certificate are unaffected.
///
/// [`WebPkiClientVerifier`]: https://docs.rs/rustls/latest/rustls/server/struct.WebPkiClientVerifier.html
///
/// ```
/// use actix_web::{App, HttpServer};
/// let server = HttpServer::new(App::new).on_connect(auth_actix::client_certificate::keep_client_certificate);
/// # let _ = server;
/// ```
pub fn keep_client_certificate(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_, session) = stream.get_ref();
    // The first certificate is that of the client. Certificates of issuers follow.
    if let Some(certificate) = session.peer_certificates().and_then(<[_]>::first) {
        data.insert(PeerCertificate(certificate.as_ref().to_vec()));
    }
}
