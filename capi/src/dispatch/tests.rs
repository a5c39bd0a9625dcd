use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::quorum::{
    quorum_dispatch, quorum_fd_get, quorum_finalize, quorum_model_initialize, quorum_trackstart,
};
use crate::testing::{Daemon, Pair};

const ONE: i32 = 1;
const ALL: i32 = 2;
const BLOCKING: i32 = 3;
const ONE_NONBLOCKING: i32 = 4;

/// Sequences of the rings that were told, by handle.
static TOLD: Mutex<BTreeMap<u64, Vec<u64>>> = Mutex::new(BTreeMap::new());

type Notify = unsafe extern "C-unwind" fn(u64, u32, u64, u32, *mut u32);

/// `quorum_model_v0_data_t`.
#[repr(C)]
struct Model {
    model: u32,
    notify: Option<Notify>,
}

unsafe extern "C-unwind" fn note(handle: u64, _: u32, sequence: u64, _: u32, _: *mut u32) {
    TOLD.lock().unwrap().entry(handle).or_default().push(sequence);
}

unsafe extern "C-unwind" fn end(handle: u64, _: u32, _: u64, _: u32, _: *mut u32) {
    assert_eq!(quorum_finalize(handle), 1);
}

fn told(handle: u64) -> Vec<u64> {
    TOLD.lock().unwrap().get(&handle).cloned().unwrap_or_default()
}

/// A handle, its descriptor, and the daemon's ends of it.
fn open(daemon: &Daemon, notify: Notify) -> (u64, i32, Pair) {
    let (mut handle, mut kind, mut fd) = (0, 0, -1);
    let model = Model { model: 0, notify: Some(notify) };
    // SAFETY: all places are there.
    unsafe {
        let data = (&raw const model).cast::<c_void>();
        let answer = quorum_model_initialize(&mut handle, 0, data, &mut kind, ptr::null_mut());
        assert_eq!((answer, kind), (1, 1));
        assert_eq!(quorum_fd_get(handle, &mut fd), 1);
    }
    (handle, fd, daemon.pair())
}

/// What `poll` says, waiting for a moment at most if nothing is there.
fn ready(fd: i32, milliseconds: i32) -> bool {
    let mut wanted = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry is there.
    unsafe { libc::poll(&raw mut wanted, 1, milliseconds) == 1 }
}

#[test]
fn descriptor_is_ready_exactly_while_events_are_left() {
    let daemon = Daemon::new();
    let (handle, fd, mut ends) = open(&daemon, note);
    assert!(!ready(fd, 0));
    assert_eq!(quorum_dispatch(handle, ALL), 1, "nothing to do is no error");
    assert_eq!(quorum_dispatch(handle, ONE_NONBLOCKING), 6);
    (1..=5).for_each(|sequence| ends.view(sequence));
    for sequence in 1..=2 {
        assert!(ready(fd, 10_000));
        assert_eq!(quorum_dispatch(handle, ONE), 1);
        assert_eq!(told(handle).last(), Some(&sequence));
    }
    assert!(ready(fd, 10_000));
    assert_eq!(quorum_dispatch(handle, ONE_NONBLOCKING), 1);
    assert_eq!(told(handle), [1, 2, 3]);
    assert!(ready(fd, 0), "two are left");
    assert_eq!(quorum_dispatch(handle, ALL), 1);
    assert_eq!(told(handle), [1, 2, 3, 4, 5]);
    assert!(!ready(fd, 0));
    assert_eq!(quorum_trackstart(handle, 3), 1);
    assert!(!ready(fd, 0), "a reply is no event");
    for wrong in [0, 5, -1] {
        assert_eq!(quorum_dispatch(handle, wrong), 7);
    }
    assert_eq!(quorum_finalize(handle), 1);
    assert_eq!(quorum_dispatch(handle, ALL), 9);
}

#[test]
fn one_thread_waits_while_another_asks_and_ends_it() {
    let daemon = Daemon::new();
    let (handle, _, mut ends) = open(&daemon, note);
    let waits = thread::spawn(move || quorum_dispatch(handle, BLOCKING));
    ends.view(1);
    while told(handle).is_empty() {
        thread::yield_now();
    }
    assert_eq!(quorum_trackstart(handle, 3), 1);
    ends.view(2);
    while told(handle).len() < 2 {
        thread::yield_now();
    }
    assert_eq!(quorum_finalize(handle), 1);
    assert_eq!(waits.join().unwrap(), 9);
}

#[test]
fn handle_that_is_ended_in_its_callback_is_bad_from_then_on() {
    let daemon = Daemon::new();
    for flags in [ONE, ALL, BLOCKING, ONE_NONBLOCKING] {
        let (handle, fd, mut ends) = open(&daemon, end);
        ends.view(1);
        ends.view(2);
        assert!(ready(fd, 10_000));
        assert_eq!(quorum_dispatch(handle, flags), 9);
        assert_eq!(quorum_finalize(handle), 9);
    }
}

#[test]
fn death_of_the_daemon_makes_it_ready_and_is_an_error_at_once() {
    let daemon = Daemon::new();
    for flags in [ONE, ALL, BLOCKING, ONE_NONBLOCKING] {
        let (handle, fd, mut ends) = open(&daemon, note);
        ends.view(1);
        ends.die();
        assert!(ready(fd, 10_000));
        assert_eq!(quorum_dispatch(handle, ONE), 1, "what came before is still told");
        assert!(ready(fd, 10_000));
        assert_eq!(quorum_dispatch(handle, flags), 2);
        assert_eq!(quorum_trackstart(handle, 3), 2);
        assert_eq!(quorum_finalize(handle), 2);
        assert_eq!(quorum_finalize(handle), 9, "it is gone all the same");
    }
}

#[test]
fn many_handles_keep_their_descriptors() {
    let daemon = Daemon::new();
    let mut all: Vec<(u64, i32, Pair)> = (0..100).map(|_| open(&daemon, note)).collect();
    for (sequence, (_, _, ends)) in (1..).zip(&mut all) {
        ends.view(sequence);
    }
    for (sequence, (handle, fd, _)) in (1..).zip(&all) {
        let mut again = -1;
        // SAFETY: a place for a descriptor.
        assert_eq!(unsafe { quorum_fd_get(*handle, &mut again) }, 1);
        assert_eq!(again, *fd);
        assert_eq!(quorum_dispatch(*handle, ONE), 1);
        assert_eq!(told(*handle), [sequence]);
        assert_eq!(quorum_finalize(*handle), 1);
    }
}

/// The handle in which a thread waits until it is cancelled.
static WAITS: AtomicU64 = AtomicU64::new(0);

extern "C-unwind" fn wait_for_ever(_: *mut c_void) -> *mut c_void {
    quorum_dispatch(WAITS.load(Ordering::Acquire), BLOCKING);
    ptr::null_mut()
}

#[test]
fn thread_may_be_cancelled_while_it_waits() {
    type Main = extern "C-unwind" fn(*mut c_void) -> *mut c_void;
    type Start = extern "C" fn(*mut c_void) -> *mut c_void;
    let daemon = Daemon::new();
    let (handle, _, mut ends) = open(&daemon, note);
    WAITS.store(handle, Ordering::Release);
    let (mut thread, mut result) = (0, ptr::null_mut());
    // SAFETY: the two types differ only in that the one may be left by unwinding, which a
    // cancelled thread does; thread and result have places.
    unsafe {
        let start = std::mem::transmute::<Main, Start>(wait_for_ever);
        let made = libc::pthread_create(&mut thread, ptr::null(), start, ptr::null_mut());
        assert_eq!(made, 0);
        ends.view(7);
        while told(handle).is_empty() {
            thread::yield_now();
        }
        assert_eq!(libc::pthread_cancel(thread), 0);
        assert_eq!(libc::pthread_join(thread, &mut result), 0);
    }
    assert_eq!(result.addr(), usize::MAX, "PTHREAD_CANCELED");
    ends.view(8);
    assert_eq!(quorum_dispatch(handle, ONE), 1, "nothing is held by the thread that is gone");
    assert_eq!(told(handle), [7, 8]);
    assert_eq!(quorum_finalize(handle), 1);
}
