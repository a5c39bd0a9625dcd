//! Walking over all groups and their members.
//!
//! Must never show a group in two states: what is walked over was asked for in one go.

use std::collections::VecDeque;
use std::ffi::{c_int, c_uint};
use std::sync::{Arc, Mutex};

use client::groups::Member;

use super::{HANDLES, Name, lock};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::pointer::{put, read};

/// Names only.
const NAMES: c_uint = 1;
/// The members of one group.
const ONE_GROUP: c_uint = 2;
/// All members of all groups.
const ALL: c_uint = 3;

/// `struct cpg_iteration_description_t`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    group: Name,
    nodeid: u32,
    pid: u32,
}

/// What is left of a walk.
type Walk = Mutex<VecDeque<Description>>;

static WALKS: Handles<Walk> = Handles::new();

fn describe(group: &[u8], member: Member) -> Description {
    Description { group: Name::of(group), nodeid: member.node, pid: member.pid }
}

/// Begins to walk.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_iteration_initialize(
    handle: u64,
    iteration_type: c_uint,
    group: *const Name,
    iteration: *mut u64,
) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        // SAFETY: null or a name.
        let group = unsafe { read(group) };
        let session = &cpg.base.session;
        let walk: VecDeque<Description> = match iteration_type {
            NAMES => {
                let nobody = Member { node: 0, pid: 0 };
                let groups = session.ask(|asks| asks.group_list())?;
                groups.iter().map(|(name, _)| describe(name, nobody)).collect()
            }
            ONE_GROUP => {
                let group = group.ok_or(Cs::InvalidParam)?;
                let name = group.bytes()?;
                let members = session.ask(|asks| asks.group_members(name))?;
                members.iter().map(|&member| describe(name, member)).collect()
            }
            ALL => {
                let groups = session.ask(|asks| asks.group_list())?;
                let each = groups.iter().flat_map(|(name, members)| {
                    members.iter().map(|&member| describe(name, member))
                });
                each.collect()
            }
            _ => return Err(Cs::InvalidParam),
        };
        if iteration.is_null() {
            return Err(Cs::InvalidParam);
        }
        let walk = WALKS.insert(Arc::new(Mutex::new(walk)))?;
        // SAFETY: a place for a handle.
        unsafe { put(iteration, walk) }
    })
}

/// The next step.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_iteration_next(
    iteration: u64,
    description: *mut Description,
) -> c_int {
    entry(|| {
        let walk = WALKS.get(iteration)?;
        if description.is_null() {
            return Err(Cs::InvalidParam);
        }
        let next = lock(&walk).pop_front().ok_or(Cs::NoSections)?;
        // SAFETY: a place for a description.
        unsafe { put(description, next) }
    })
}

/// Ends the walk.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cpg_iteration_finalize(iteration: u64) -> c_int {
    entry(|| WALKS.remove(iteration).map(drop))
}
