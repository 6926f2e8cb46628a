//! An actix server on a real socket, in this process.

use std::net::SocketAddr;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};

use crate::wire::{Answer, Request};

/// A running server. It is stopped on drop.
pub struct Server {
    /// The address on which it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts an application with one worker.
    pub fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        Self::with_workers(1, configure)
    }

    /// Starts an application with this number of workers.
    pub fn with_workers(workers: usize, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        Self::try_start(workers, configure).unwrap()
    }

    /// Starts an application with one worker, on a predetermined port.
    pub fn start_at(port: u16, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        Self::try_start_at(port, 1, configure).unwrap()
    }

    /// Like [`with_workers`](Self::with_workers), for applications that may fail to start.
    ///
    /// # Errors
    /// The application failed to start.
    pub fn try_start(
        workers: usize,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::try_start_at(0, workers, configure)
    }

    fn try_start_at(
        port: u16,
        workers: usize,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(configure.clone()));
                let server = server.workers(workers).disable_signals().shutdown_timeout(0);
                let server = server.bind(("127.0.0.1", port)).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                let handle = server.handle();
                // Start-up errors are returned by the first poll.
                let mut server = std::pin::pin!(server);
                let first = std::future::poll_fn(|context| std::task::Poll::Ready(server.as_mut().poll(context))).await;
                if let std::task::Poll::Ready(Err(error)) = first {
                    let _ = tell.send(Err(error));
                    return;
                }
                let _ = tell.send(Ok((address, handle)));
                let _ = server.await;
            });
        });
        let (address, handle) = told.recv().map_err(std::io::Error::other)??;
        Ok(Self { address, handle, thread: Some(thread) })
    }

    /// Sends a request over a new connection.
    pub fn send(&self, request: &Request) -> Answer {
        request.send(self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `stop` sends the command when it is called, so its future need not be awaited.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
