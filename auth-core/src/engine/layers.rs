//! Enforcement of all layers of a request, from the outermost scope inward, and the completion of a grant.

use super::Engine;
use super::collect::CallerQuery;
use super::evaluate::Evaluation;
use super::provider::ProviderCalls;
use super::request::{Adapter, Observed, RequestState};
use super::{metrics, not_found};
use crate::client::Head;
use crate::denial::{Denial, Reason};
use crate::identity::principal::Principal;
use crate::policy::decision::Rules;
use crate::policy::facts::Checks;
use crate::policy::rule::{ArgRequirement, Rule};

/// The layers of a request, which consist of the scopes around its handler. Scopes that share an engine form one layer.
pub trait Layers<'r, H: Adapter>: Copy {
    /// Returns the number of layers. Each is decided by its engine, one after the other.
    fn count(self) -> usize;

    /// Returns the layer at `index`, counted from the outermost. The handler's rule belongs to the last layer.
    fn layer(self, index: usize, handler: &'static Rule) -> Option<(&'r Engine<H>, Rules<'r>)>;

    /// Returns whether a connection that outlives its request needs a lease in these scopes.
    fn is_strict(self) -> bool;

    /// Returns an iterator over all layers.
    fn iter(self, handler: &'static Rule) -> impl Iterator<Item = (&'r Engine<H>, Rules<'r>)> {
        (0..self.count()).map_while(move |index| self.layer(index, handler))
    }

    /// Returns whether a denial must look like the response to an unknown path.
    fn not_found(self, handler: &'static Rule) -> bool {
        self.iter(handler).any(|(_, rules)| rules.not_found())
    }
}

/// A denial, and the layer that denied.
#[derive(Debug)]
pub struct LayerDenial {
    /// The denial.
    pub denial: Denial,
    /// The index of the layer. `None` if the denial does not belong to a particular layer.
    pub layer: Option<u16>,
    /// Whether the response must look as if an object did not exist, if the denial is about the object.
    pub hides_object: bool,
}

impl LayerDenial {
    fn in_layer(denial: Denial, index: usize) -> Self {
        Self { denial, layer: u16::try_from(index).ok(), hides_object: false }
    }
}

impl From<Denial> for LayerDenial {
    fn from(denial: Denial) -> Self {
        Self { denial, layer: None, hides_object: false }
    }
}

/// The result of enforcement without waiting.
pub enum Enforcement {
    /// All rules hold.
    Granted,
    /// A rule does not hold.
    Denied(LayerDenial),
    /// [`finish`] has to be awaited.
    Pending(Wait),
    /// A check has to run before the decision, which begins with [`evaluate_layers`].
    RunCheck,
}

/// The operation that [`finish`] waits for.
pub struct Wait(Waiting);

enum Waiting {
    /// The evaluation of the layer at this index and of those inside it.
    Evaluation(usize),
    /// The work that a request for an unknown path would have caused. It precedes a denial that must look like one.
    Equalization { layer: usize, denial: Denial },
    /// The recording of an activity.
    Activity,
}

/// Decides a request, as far as possible without waiting.
pub fn enforce<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
) -> Enforcement {
    let mut state = H::take_state(request);
    let enforced = enforce_with(layers, request, handler, &mut state);
    H::put_state(request, state);
    enforced
}

fn enforce_with<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
    state: &mut RequestState<H>,
) -> Enforcement {
    let count = layers.count();
    let mut is_recorded = metrics::IS_ENABLED;
    for index in 0..count {
        let Some((engine, rules)) = layers.layer(index, handler) else { break };
        is_recorded |= engine.sink().is_some();
        let query = CallerQuery { request, rules, handler, checks: Checks::default() };
        match engine.evaluate(query, None, state) {
            Evaluation::Granted => {}
            Evaluation::Denied(denial, asked) => {
                // Without further layers, these are all rules.
                let is_hidden = if count == 1 { rules.not_found() } else { layers.not_found(handler) };
                if is_hidden && not_found::work(engine, request, &denial, asked, state).is_some() {
                    return Enforcement::Pending(Wait(Waiting::Equalization { layer: index, denial }));
                }
                return Enforcement::Denied(LayerDenial::in_layer(denial, index));
            }
            Evaluation::Pending(_) => return Enforcement::Pending(Wait(Waiting::Evaluation(index))),
            Evaluation::RunCheck(..) => return Enforcement::RunCheck,
        }
    }
    // A request whose rules do not depend on the caller is not an activity.
    if state.has_activities() && layers.iter(handler).any(|(_, rules)| rules.facts_needed().caller) {
        return Enforcement::Pending(Wait(Waiting::Activity));
    }
    let recorded = match is_recorded || state.notes().is_some() {
        true => record_grant(layers, request, handler, state),
        false => lease_is_taken::<H, L>(layers, request, handler),
    };
    match recorded {
        Ok(()) => Enforcement::Granted,
        Err(denied) => Enforcement::Denied(denied),
    }
}

/// Completes the decision on a request. Returns whether the request is granted. If not, a check has to run, and the decision begins
/// with [`evaluate_layers`].
///
/// # Errors
/// Returns the denial if a rule does not hold.
pub async fn finish<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
    Wait(waiting): Wait,
) -> Result<bool, LayerDenial> {
    match waiting {
        Waiting::Evaluation(index) => {
            match evaluate_layers(layers, request, handler, index, Checks::default()).await? {
                None => grant(layers, request, handler).await.map(|()| true),
                Some(_) => Ok(false),
            }
        }
        Waiting::Equalization { layer, denial } => {
            if let Some((engine, _)) = layers.layer(layer, handler) {
                equalize(engine, request, &denial, ProviderCalls::default()).await;
            }
            Err(LayerDenial::in_layer(denial, layer))
        }
        Waiting::Activity => grant(layers, request, handler).await.map(|()| true),
    }
}

async fn equalize<H: Adapter>(engine: &Engine<H>, request: &H::Request, denial: &Denial, asked: ProviderCalls) {
    let mut state = H::take_state(request);
    let work = not_found::work(engine, request, denial, asked, &mut state);
    H::put_state(request, state);
    if let Some(work) = work {
        work.await;
    }
}

/// Evaluates the layers from `first` on. Returns the index of a check that has to run first and the caller that it concerns, or
/// `None` if all rules hold.
///
/// # Errors
/// Returns the denial if a rule does not hold.
pub async fn evaluate_layers<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
    first: usize,
    checks: Checks,
) -> Result<Option<(u8, Option<Principal>)>, LayerDenial> {
    for (index, (engine, rules)) in layers.iter(handler).enumerate().skip(first) {
        let query = CallerQuery { request, rules, handler, checks };
        let mut verified = None;
        loop {
            let mut state = H::take_state(request);
            let evaluation = engine.evaluate(query, verified.take(), &mut state);
            H::put_state(request, state);
            match evaluation {
                Evaluation::Granted => break,
                Evaluation::Denied(denial, asked) => {
                    if layers.not_found(handler) {
                        equalize(engine, request, &denial, asked).await;
                    }
                    return Err(LayerDenial::in_layer(denial, index));
                }
                Evaluation::RunCheck(index, principal) => return Ok(Some((index, principal))),
                Evaluation::Pending(pending) => verified = Some(engine.complete(request, pending).await),
            }
        }
    }
    Ok(None)
}

/// Completes a grant: records the activities, then the grant itself.
///
/// # Errors
/// A session has ended in the meantime, or the grant cannot be recorded.
pub async fn grant<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
) -> Result<(), LayerDenial> {
    let mut state = H::take_state(request);
    let activities = state.take_activities();
    H::put_state(request, state);
    for activity in activities {
        let owner = layers.iter(handler).enumerate().find(|(_, (engine, _))| engine.id() == activity.engine);
        let Some((index, (engine, _))) = owner else { continue };
        if let Err(denial) = engine.record_activity(request, activity).await {
            return Err(LayerDenial::in_layer(denial, index));
        }
    }
    let mut state = H::take_state(request);
    let recorded = record_grant(layers, request, handler, &mut state);
    H::put_state(request, state);
    recorded
}

impl<H: Adapter> Engine<H> {
    async fn record_activity(&self, request: &H::Request, activity: super::request::Activity) -> Result<(), Denial> {
        let Some(scheme) = self.schemes.at(activity.scheme) else { return Ok(()) };
        let Err(rejection) = scheme.record_activity(activity.key).await else { return Ok(()) };
        if rejection.delete_cookie {
            let mut state = H::take_state(request);
            state.notes_mut().hints.delete_cookie = scheme.delete_cookie();
            H::put_state(request, state);
        }
        Err(rejection.denial)
    }
}

/// Counts a grant in the metrics and records it in the audit log of each engine that took part in it.
fn record_grant<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
    state: &mut RequestState<H>,
) -> Result<(), LayerDenial> {
    lease_is_taken::<H, L>(layers, request, handler)?;
    state.observe(Observed::Granted);
    let count = layers.count();
    for index in 0..count {
        let Some((engine, rules)) = layers.layer(index, handler) else { break };
        let is_last = index + 1 == count;
        if engine.sink().is_none() && !(is_last && metrics::IS_ENABLED) {
            continue;
        }
        let caller = engine.found(request, state).and_then(Result::ok);
        if is_last {
            metrics::granted(handler, caller.as_ref());
        }
        engine
            .record_granted(request, handler, caller.as_ref(), rules.facts_needed().place, state)
            .map_err(|denial| LayerDenial::in_layer(denial, index))?;
    }
    Ok(())
}

/// Denies a WebSocket in a strict scope whose handler does not take a lease, since the connection would never end (M1). This runs
/// after the rules, so that only a request that they grant can get this denial.
fn lease_is_taken<'r, H: Adapter, L: Layers<'r, H>>(
    layers: L,
    request: &'r H::Request,
    handler: &'static Rule,
) -> Result<(), LayerDenial> {
    let takes_lease = || handler.arguments.iter().any(|argument| matches!(argument, ArgRequirement::Lease));
    if !layers.is_strict() || !Head::<H>(request).is_websocket() || takes_lease() {
        return Ok(());
    }
    let cause = "a handler of WebSockets in a strict scope must take a `Lease`";
    Err(Denial { cause: Some(cause), ..Denial::new(Reason::AccessBlocked) }.into())
}
