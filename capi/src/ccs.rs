//! `libccs.so.3`: questions to the configuration that the node goes by.
//!
//! Must never answer from an older version than the daemon goes by: each question asks for it, and
//! only reads it again when its version is another. Must never read the file: what stands there may
//! not be in force.
//!
//! Questions are the part of XPath that the original's small matcher knows, whatever `fullxpath`
//! says. `/cluster/cman` shows the name of this node and the id of the cluster, as it did.

mod logging;
mod lookup;

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use client::{Connection, Running};
use confdb::load::xml;
use confdb::query::Query;
use confdb::{Handle, Tree};

use crate::errno::{Errno, guarded, set};
use crate::pointer;
use crate::session::Session;

/// Programs set this to have questions answered by a whole XPath engine. There is none here.
#[unsafe(no_mangle)]
pub static fullxpath: AtomicI32 = AtomicI32::new(0);

/// Conversations of a process at a time.
const MOST: usize = 1024;

/// How long a blocking connect waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// What programs hold are places in this row, from 1.
static CONVERSATIONS: Mutex<Row> = Mutex::new(Vec::new());

/// Each has a lock of its own: who asks holds up nobody else.
type Row = Vec<Option<Arc<Mutex<Ccs>>>>;

/// A conversation.
#[derive(Debug)]
struct Ccs {
    session: Session,
    read: Option<Read>,
    /// The list that is being stepped through: its question, and how many answers were given.
    list: Option<(String, usize)>,
}

/// The configuration as last asked for.
#[derive(Debug)]
struct Read {
    version: u64,
    tree: Tree,
}

impl Ccs {
    fn open() -> Result<Self, Errno> {
        let session = Session::open("libccs")
            .map_err(|why| Errno::from(why).or(libc::EHOSTDOWN, libc::ECONNREFUSED))?;
        let mut ccs = Self { session, read: None, list: None };
        ccs.tree()?;
        Ok(ccs)
    }

    /// The configuration that the daemon goes by now.
    fn tree(&mut self) -> Result<&Tree, Errno> {
        let running = self.session.try_ask(Connection::running)?;
        let known = self.read.as_ref().is_some_and(|read| read.version == running.version);
        if !known {
            self.read = Some(Read { version: running.version, tree: read(running)? });
        }
        self.read.as_ref().map(|read| &read.tree).ok_or(Errno(libc::EIO))
    }

    fn answers(&mut self, question: &str) -> Result<Vec<String>, Errno> {
        let query: Query = question.parse().map_err(|_| Errno::INVALID)?;
        Ok(query.answers(self.tree()?))
    }

    /// The first answer.
    fn first(&mut self, question: &str) -> Result<String, Errno> {
        self.answers(question)?.into_iter().next().ok_or(Errno(libc::ENODATA))
    }

    /// The next answer to this question; after the last one there is none once.
    fn next(&mut self, question: &str) -> Result<String, Errno> {
        let given = match self.list.take() {
            Some((asked, given)) if asked == question => given,
            Some(_) | None => 0,
        };
        let answer = self.answers(question)?.into_iter().nth(given);
        let answer = answer.ok_or(Errno(libc::ENODATA))?;
        self.list = Some((question.to_owned(), given + 1));
        Ok(answer)
    }
}

fn read(running: Running) -> Result<Tree, Errno> {
    let Running { version: _, text, node, cluster_id } = running;
    if text.is_empty() {
        return Err(Errno::NONE);
    }
    let mut tree = xml::load("running", &text).tree;
    let cluster = tree.children_named(Handle::ROOT, "cluster").next().ok_or(Errno::NONE)?;
    let cman = tree.children_named(cluster, "cman").next();
    let cman = cman.map_or_else(|| tree.create(cluster, "cman"), Ok);
    // A tree that is full to the last object is shown without these two.
    if let Ok(cman) = cman {
        for (key, value) in [("nodename", node), ("cluster_id", cluster_id.to_string())] {
            let _ = tree.set(cman, key, value.into());
        }
    }
    Ok(tree)
}

fn conversations() -> MutexGuard<'static, Row> {
    CONVERSATIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(ccs: Ccs) -> Result<c_int, Errno> {
    let mut all = conversations();
    let place = all.iter().position(Option::is_none).unwrap_or(all.len());
    if place >= MOST {
        return Err(Errno(libc::ENOMEM));
    }
    if place == all.len() {
        all.push(None);
    }
    if let Some(free) = all.get_mut(place) {
        *free = Some(Arc::new(Mutex::new(ccs)));
    }
    c_int::try_from(place + 1).map_err(|_| Errno(libc::ENOMEM))
}

fn place(desc: c_int) -> Result<usize, Errno> {
    usize::try_from(desc).ok().and_then(|desc| desc.checked_sub(1)).ok_or(Errno::INVALID)
}

/// Does something with a conversation, which nobody else can use meanwhile.
fn with<T>(desc: c_int, what: impl FnOnce(&mut Ccs) -> Result<T, Errno>) -> Result<T, Errno> {
    let place = place(desc)?;
    let ccs = conversations().get(place).cloned().flatten().ok_or(Errno::INVALID)?;
    let mut ccs = ccs.lock().unwrap_or_else(PoisonError::into_inner);
    what(&mut ccs)
}

/// The body of an entry point: its result, or the negated error, which is in `errno` as well.
fn negated(body: impl FnOnce() -> Result<c_int, Errno>) -> c_int {
    guarded(body).unwrap_or_else(|why| {
        set(why);
        -why.0
    })
}

/// Begins a conversation: its number, above 0, or a negated error.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn ccs_connect() -> c_int {
    negated(|| keep(Ccs::open()?))
}

/// As [`ccs_connect`]; with `blocking` tries again each second, for ever. The configuration must
/// be that of the cluster of this name, if one is given.
///
/// # Safety
/// `cluster_name` is null or points to a text.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ccs_force_connect(
    cluster_name: *const c_char,
    blocking: c_int,
) -> c_int {
    let opened = loop {
        match guarded(Ccs::open) {
            // Outside of the wall: a thread may be cancelled here.
            Err(_) if blocking != 0 => thread::park_timeout(PAUSE),
            opened => break opened,
        }
    };
    negated(|| {
        let mut ccs = opened?;
        if !cluster_name.is_null() {
            // SAFETY: the caller's.
            let wanted = unsafe { pointer::text(cluster_name) }?;
            let name = ccs.first("/cluster/@name")?;
            if name.as_bytes() != wanted.to_bytes() {
                return Err(Errno::INVALID);
            }
        }
        keep(ccs)
    })
}

/// Ends a conversation.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn ccs_disconnect(desc: c_int) -> c_int {
    negated(|| {
        let place = place(desc)?;
        let taken = conversations().get_mut(place).and_then(Option::take);
        taken.map(|_| 0).ok_or(Errno::INVALID)
    })
}

/// The first answer to a question, which the program frees.
///
/// # Safety
/// `query` is null or points to a text, `rtn` to a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ccs_get(
    desc: c_int,
    query: *const c_char,
    rtn: *mut *mut c_char,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { answer(desc, query, rtn, Ccs::first) }
}

/// The next answer to a question that is asked again and again; `ENODATA` after the last one,
/// whereupon it begins anew. The program frees each.
///
/// # Safety
/// As [`ccs_get`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ccs_get_list(
    desc: c_int,
    query: *const c_char,
    rtn: *mut *mut c_char,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { answer(desc, query, rtn, Ccs::next) }
}

/// Not supported: a configuration changes as a whole, by a new version.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn ccs_set(_desc: c_int, _path: *const c_char, _val: *mut c_char) -> c_int {
    negated(|| Err(Errno(libc::ENOSYS)))
}

/// The name in the configuration of the node of this name, which the program frees: the name as it
/// is, the part before its first dot, or that of a node which has an address of it.
///
/// # Safety
/// `nodename` is null or points to a text, `rtn` to a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ccs_lookup_nodename(
    desc: c_int,
    nodename: *const c_char,
    rtn: *mut *mut c_char,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { answer(desc, nodename, rtn, |ccs, name| lookup::find(ccs.tree()?, name)) }
}

/// Answers with a text of `malloc`.
///
/// # Safety
/// `text` is null or points to a text, `rtn` to a place for a pointer.
unsafe fn answer(
    desc: c_int,
    text: *const c_char,
    rtn: *mut *mut c_char,
    what: impl FnOnce(&mut Ccs, &str) -> Result<String, Errno>,
) -> c_int {
    negated(|| {
        // SAFETY: the caller's.
        unsafe { pointer::put(rtn, ptr::null_mut()) }?;
        // SAFETY: the caller's.
        let text = unsafe { pointer::text(text) }?.to_str().map_err(|_| Errno::INVALID)?;
        let answer = with(desc, |ccs| what(ccs, text))?;
        let answer = pointer::allocate(answer.as_bytes())?;
        // SAFETY: the caller's.
        unsafe { pointer::put(rtn, answer) }?;
        Ok(0)
    })
}
