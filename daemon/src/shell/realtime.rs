//! A token must not wait for a page from the disk, nor for other programs: memory is locked and
//! the ring's thread goes before ordinary ones, where that is permitted.
//!
//! Must never make the node fail later: memory is locked only where no limit can be met, since
//! beyond a limit every allocation is refused. Must never raise another thread: disk, name
//! resolution and logging stay ordinary. What is not permitted is said in one line.

use std::io;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use rustix::mm::{MlockAllFlags, mlockall};
use thread_priority::{
    NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tracing::{info, warn};

/// Priority among real-time threads, 1 to 99. Above ordinary programs and most real-time ones,
/// below the kernel's own threads that move packets and pages (50), which the ring waits for.
const PRIORITY: u8 = 40;

/// Locks memory and raises the calling thread, or says why not.
pub fn enter() {
    let problems: Vec<String> =
        [lock_memory(), raise()].into_iter().filter_map(Result::err).collect();
    if problems.is_empty() {
        info!(target: "MAIN", "memory is locked, the ring runs at real-time priority {PRIORITY}");
    } else {
        warn!(target: "MAIN", "not in real time: {}", problems.join("; "));
    }
}

/// Makes the calling thread an ordinary one, whoever started it.
pub fn leave() {
    // Refused only where it was ordinary already.
    let _ = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other),
    );
}

fn lock_memory() -> Result<(), String> {
    let limit = || getrlimit(Resource::RLIMIT_MEMLOCK).map_or(0, |(soft, _)| soft);
    if limit() != RLIM_INFINITY {
        // Permitted to the superuser; the result shows in the limit.
        let _ = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    }
    if limit() != RLIM_INFINITY {
        return Err(format!("memory not locked, RLIMIT_MEMLOCK is {} bytes", limit()));
    }
    // On fault: what is never touched, such as most of a thread's stack, takes no memory.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| format!("memory not locked: {error}"))
}

fn raise() -> Result<(), String> {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let priority = ThreadPriority::try_from(PRIORITY).map_err(|error| error.to_owned())?;
    set_thread_priority_and_policy(thread_native_id(), priority, policy).map_err(|error| {
        if let thread_priority::Error::OS(errno) = error {
            return format!("priority not raised: {}", io::Error::from_raw_os_error(errno));
        }
        format!("priority not raised: {error:?}")
    })
}
