//! `libquorum`: may this partition act, and who is in it.
//!
//! Must never show a ring by another name than the other libraries, nor two members lists for one
//! ring. Each callback is one event: the old model has one for everything, the new one has the list
//! of nodes, if the ring is new, before the verdict.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use client::ClusterView;
use client::manager::{ViewPart, ViewParts};
use client::proto::notice;

use crate::dispatch::{self, Instance};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::instance::{self, Base};
use crate::pointer::{offer, put, read};
use crate::session::Session;

/// The current state is wanted.
pub(crate) const TRACK_CURRENT: c_uint = 1;
/// Changes are wanted, and the current state before them.
pub(crate) const TRACK_CHANGES: c_uint = 2;
/// Changes are wanted and nothing else.
pub(crate) const TRACK_CHANGES_ONLY: c_uint = 4;

/// There is a quorum provider.
const QUORUM_SET: u32 = 1;

/// A ring's name.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RingId {
    /// Its member with the lowest id.
    pub nodeid: u32,
    /// Its sequence.
    pub seq: u64,
}

/// `quorum_notification_fn_t`.
type NotifyV0 = unsafe extern "C-unwind" fn(u64, u32, u64, u32, *mut u32);
/// `quorum_v1_quorum_notification_fn_t`.
type NotifyV1 = unsafe extern "C-unwind" fn(u64, u32, RingId, u32, *const u32);
/// `quorum_v1_nodelist_notification_fn_t`.
type NodesV1 =
    unsafe extern "C-unwind" fn(u64, RingId, u32, *const u32, u32, *const u32, u32, *const u32);

/// `quorum_callbacks_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    notify: Option<NotifyV0>,
}

/// `quorum_model_v0_data_t`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ModelV0 {
    model: c_uint,
    notify: Option<NotifyV0>,
}

/// `quorum_model_v1_data_t`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ModelV1 {
    model: c_uint,
    notify: Option<NotifyV1>,
    nodes: Option<NodesV1>,
}

/// Which callbacks a program has.
#[derive(Clone, Copy, Debug)]
enum Model {
    V0(Option<NotifyV0>),
    V1(Option<NotifyV1>, Option<NodesV1>),
}

#[derive(Debug)]
struct Quorum {
    base: Base,
    model: Model,
    tracking: AtomicBool,
}

/// A callback with its arguments.
enum Call {
    V0(Option<NotifyV0>, ClusterView),
    V1(Option<NotifyV1>, ClusterView),
    NodesV1(Option<NodesV1>, ClusterView),
}

static HANDLES: Handles<Quorum> = Handles::new();

impl Instance for Quorum {
    type Call = Call;

    fn base(&self) -> &Base {
        &self.base
    }

    fn calls(&self, what: notice::What) -> Result<Vec<Call>, Cs> {
        let notice::What::View(view) = what else { return Err(Cs::Library) };
        let view = ClusterView::try_from(view)?;
        Ok(match (self.model, view.part) {
            (Model::V0(notify), ViewPart::Whole) => vec![Call::V0(notify, view)],
            (Model::V1(_, nodes), ViewPart::Members) => vec![Call::NodesV1(nodes, view)],
            (Model::V1(notify, _), ViewPart::Verdict) => vec![Call::V1(notify, view)],
            (Model::V0(_), ViewPart::Members | ViewPart::Verdict)
            | (Model::V1(..), ViewPart::Whole)
            | (Model::V0(_) | Model::V1(..), ViewPart::Expected) => return Err(Cs::Library),
        })
    }

    fn call(&self, handle: u64, call: &mut Call) {
        match call {
            Call::V0(Some(notify), view) => {
                let mut members = view.members.clone();
                let (count, seq) = (count(&members), view.generation);
                // SAFETY: a callback of the program, called as its type says.
                unsafe { notify(handle, view.quorate.into(), seq, count, members.as_mut_ptr()) };
            }
            Call::V1(Some(notify), view) => {
                let members = &view.members;
                let (quorate, ring) = (view.quorate.into(), ring(view));
                // SAFETY: as before.
                unsafe { notify(handle, quorate, ring, count(members), members.as_ptr()) };
            }
            Call::NodesV1(Some(notify), view) => {
                let ClusterView { members, joined, left, .. } = &*view;
                // SAFETY: as before.
                unsafe {
                    notify(
                        handle,
                        ring(view),
                        count(members),
                        members.as_ptr(),
                        count(joined),
                        joined.as_ptr(),
                        count(left),
                        left.as_ptr(),
                    );
                }
            }
            Call::V0(None, _) | Call::V1(None, _) | Call::NodesV1(None, _) => {}
        }
    }
}

const fn ring(view: &ClusterView) -> RingId {
    RingId { nodeid: view.representative, seq: view.generation }
}

fn count(ids: &[u32]) -> u32 {
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}

/// What of the track flags the daemon is to do: tell of changes, tell how it is.
pub(crate) const fn wishes(flags: c_uint) -> (bool, bool) {
    let changes = flags & (TRACK_CHANGES | TRACK_CHANGES_ONLY) != 0;
    (changes, flags & (TRACK_CURRENT | TRACK_CHANGES) != 0)
}

/// Starts what is told of views. Twice is an error.
pub(crate) fn track(
    session: &Session,
    tracking: &AtomicBool,
    parts: ViewParts,
    flags: c_uint,
) -> Result<(), Cs> {
    let (on, current) = wishes(flags);
    if on && tracking.swap(true, Ordering::AcqRel) {
        return Err(Cs::Exist);
    }
    let goes_on = tracking.load(Ordering::Acquire);
    let done = session.ask(|asks| asks.track_views(parts, goes_on, current));
    if on && done.is_err() {
        tracking.store(false, Ordering::Release);
    }
    done
}

/// Ends what is told of views; nothing is wrong if nothing was.
pub(crate) fn untrack(session: &Session, tracking: &AtomicBool) -> Result<(), Cs> {
    tracking.store(false, Ordering::Release);
    session.ask(|asks| asks.track_views(ViewParts::One, false, false))
}

fn make(model: Model, context: *mut c_void) -> Result<Quorum, Cs> {
    let base = Base::new(Session::open_to_hear("libquorum")?, context);
    Ok(Quorum { base, model, tracking: AtomicBool::new(false) })
}

/// Connects, with the one callback of the old model.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quorum_initialize(
    handle: *mut u64,
    callbacks: *const Callbacks,
    quorum_type: *mut u32,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says.
        unsafe {
            let notify = read(callbacks).and_then(|callbacks| callbacks.notify);
            instance::begin(&HANDLES, handle, || make(Model::V0(notify), ptr::null_mut()))?;
            offer(quorum_type, QUORUM_SET);
        }
        Ok(())
    })
}

/// Connects, with the callbacks of a model.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quorum_model_initialize(
    handle: *mut u64,
    model: c_uint,
    model_data: *const c_void,
    quorum_type: *mut u32,
    context: *mut c_void,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says; the data are those of the model.
        unsafe {
            let model = match model {
                0 => Model::V0(read(model_data.cast::<ModelV0>()).and_then(|data| data.notify)),
                1 => {
                    let data = read(model_data.cast::<ModelV1>()).ok_or(Cs::InvalidParam)?;
                    Model::V1(data.notify, data.nodes)
                }
                _ => return Err(Cs::InvalidParam),
            };
            instance::begin(&HANDLES, handle, || make(model, context))?;
            offer(quorum_type, QUORUM_SET);
        }
        Ok(())
    })
}

/// Ends the connection.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn quorum_finalize(handle: u64) -> c_int {
    entry(|| instance::end(&HANDLES, handle))
}

/// The descriptor to poll.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quorum_fd_get(handle: u64, fd: *mut c_int) -> c_int {
    // SAFETY: null or a place for a descriptor.
    entry(|| unsafe { instance::fd(&HANDLES, handle, fd) })
}

/// Takes events.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn quorum_dispatch(handle: u64, flags: c_int) -> c_int {
    dispatch::dispatch(&HANDLES, handle, flags)
}

/// May this partition act?
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quorum_getquorate(handle: u64, quorate: *mut c_int) -> c_int {
    entry(|| {
        let status = HANDLES.get(handle)?.base.session.ask(|asks| asks.status())?;
        // SAFETY: null or a place for a number.
        unsafe { put(quorate, status.quorum.quorate.into()) }
    })
}

/// Has changes told, as `flags` say.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn quorum_trackstart(handle: u64, flags: c_uint) -> c_int {
    entry(|| {
        let quorum = HANDLES.get(handle)?;
        let parts = match quorum.model {
            Model::V0(_) => ViewParts::One,
            Model::V1(..) => ViewParts::Ring,
        };
        track(&quorum.base.session, &quorum.tracking, parts, flags)
    })
}

/// Has changes told no longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn quorum_trackstop(handle: u64) -> c_int {
    entry(|| {
        let quorum = HANDLES.get(handle)?;
        untrack(&quorum.base.session, &quorum.tracking)
    })
}

/// Keeps a pointer for the program.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn quorum_context_set(handle: u64, context: *const c_void) -> c_int {
    entry(|| {
        HANDLES.get(handle)?.base.set_context(context);
        Ok(())
    })
}

/// The pointer that was kept.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn quorum_context_get(
    handle: u64,
    context: *mut *mut c_void,
) -> c_int {
    // SAFETY: null or a place for a pointer.
    entry(|| unsafe { instance::context(&HANDLES, handle, context) })
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn structs_lie_in_memory_as_in_the_header() {
        assert_eq!((size_of::<RingId>(), offset_of!(RingId, seq)), (16, 8));
        assert_eq!((size_of::<ModelV0>(), offset_of!(ModelV0, notify)), (16, 8));
        assert_eq!((size_of::<ModelV1>(), offset_of!(ModelV1, nodes)), (24, 16));
    }

    #[test]
    fn flags_are_wishes() {
        assert_eq!(wishes(TRACK_CURRENT), (false, true));
        assert_eq!(wishes(TRACK_CHANGES), (true, true));
        assert_eq!(wishes(TRACK_CHANGES_ONLY), (true, false));
        assert_eq!(wishes(TRACK_CURRENT | TRACK_CHANGES), (true, true));
    }
}
