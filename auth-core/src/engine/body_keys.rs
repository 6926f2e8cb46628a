//! Bodies that contain keys of objects: the limits under which they are read (OBJ-3).

use std::sync::Arc;

use super::Engine;
use super::request::Adapter;
use crate::client::Head;
use crate::client::address::PeerOrClient;
use crate::client::object_key::check_media_type;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::principal::Principal;
use crate::runtime::byte_budget::{ByteBudget, ByteReservation};
use crate::scheme::build_error::BuildError;
use crate::store::throttle::{Throttle, ThrottleLimits};

/// Settings of bodies that contain keys of objects.
#[derive(Clone, Copy, Debug)]
pub struct BodyKeySettings {
    /// Maximum length of a body, in bytes.
    pub limit: usize,
    /// Maximum number of bytes of all bodies that are read at a time.
    pub in_flight: usize,
}

impl Default for BodyKeySettings {
    fn default() -> Self {
        Self { limit: 64 * 1024, in_flight: 64 * 1024 * 1024 }
    }
}

impl BodyKeySettings {
    /// Checks that one body fits into an eighth of the buffers, which is the share of a client network.
    pub(super) fn check(self) -> Result<(), BuildError> {
        let Self { limit, in_flight } = self;
        if limit == 0 || limit > in_flight / 8 { Err(BuildError::BodyKeyLimits { limit, in_flight }) } else { Ok(()) }
    }
}

/// Number of free refusals of a caller, and of an address of anonymous callers.
const FREE_REFUSALS: u32 = 50;

/// Time after which a client may send its body again if the buffers are full.
const BUFFERS_FULL: RetryAfter = RetryAfter::seconds(1);

/// The limits of an application.
pub(super) struct BodyKeys {
    limit: usize,
    budget: Arc<ByteBudget>,
    /// Refusals after a body was read. Each costs as much as a request that is admitted.
    refusals: Throttle,
}

impl BodyKeys {
    pub(super) fn new(BodyKeySettings { limit, in_flight }: BodyKeySettings) -> Self {
        let limits = ThrottleLimits::default().account_burst(FREE_REFUSALS).address_burst(FREE_REFUSALS);
        let refusals = Throttle::memory().limits(limits);
        Self { limit, budget: Arc::new(ByteBudget::new(in_flight)), refusals }
    }
}

/// A body while it is read. Occupies its share of the buffers until it is dropped.
#[derive(Debug)]
pub struct BodyBuffer {
    bytes: Vec<u8>,
    reservation: ByteReservation,
    limit: usize,
}

impl BodyBuffer {
    /// Appends received bytes.
    ///
    /// # Errors
    /// The body is too large, or the buffers are full.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Denial> {
        if self.bytes.len().saturating_add(bytes.len()) > self.limit {
            return Err(too_large());
        }
        if !self.reservation.grow(bytes.len()) {
            let cause = Some("the buffers for bodies that contain keys of objects are full");
            return Err(Denial { cause, ..Denial::new(Reason::BodyUnavailable(BUFFERS_FULL)) });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes the received bytes. They still occupy the buffers.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

fn too_large() -> Denial {
    Denial { cause: Some("the body exceeds `.body_key_limit(…)`"), ..Denial::new(Reason::BodyTooLarge) }
}

impl<H: Adapter> Engine<H> {
    /// Begins to read the body of a request for the key of an object.
    ///
    /// # Errors
    /// Too many bodies of the caller were refused, or the head of the request announces a body that is not accepted.
    pub fn read_body(&self, request: &H::Request, caller: Option<&Principal>) -> Result<BodyBuffer, Denial> {
        let client = self.throttled_client(request);
        if let Some(delay) = self.delay_of_bodies(caller, client) {
            let cause = Some("too many bodies of the caller were refused");
            return Err(Denial { cause, ..Denial::new(Reason::TooManyAttempts(delay)) });
        }
        let head = Head::<H>(request);
        check_media_type(&head)?;
        let announced = head.bytes("content-length").next().and_then(|length| std::str::from_utf8(length).ok());
        if announced
            .and_then(|length| length.trim().parse::<u64>().ok())
            .is_some_and(|length| length > self.body_keys.limit as u64)
        {
            return Err(too_large());
        }
        let address = client.and_then(|client| match client {
            PeerOrClient::Client(address) => Some(address),
            PeerOrClient::Peer(_) => None,
        });
        let reservation = self.body_keys.budget.reserve(address);
        Ok(BodyBuffer { bytes: Vec::new(), reservation, limit: self.body_keys.limit })
    }

    fn delay_of_bodies(&self, caller: Option<&Principal>, client: Option<PeerOrClient>) -> Option<RetryAfter> {
        let refusals = &self.body_keys.refusals;
        match caller {
            Some(caller) => refusals.delay(&caller.id().to_string(), None),
            None => refusals.delay_of_networks(client?),
        }
    }

    /// Counts a request that was refused after its body was read.
    pub async fn count_refused_body(&self, request: &H::Request) {
        let refusals = &self.body_keys.refusals;
        match self.caller(request) {
            Some(Ok(caller)) => {
                // An attempt that is not settled counts as a failure.
                drop(refusals.admit(&caller.id().to_string(), None).await);
            }
            _ => {
                if let Some(client) = self.throttled_client(request) {
                    refusals.count_for_networks(client).await;
                }
            }
        }
    }
}
