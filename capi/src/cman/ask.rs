//! Questions: who is there, may we act, what is this cluster called.
//!
//! Must never write beyond what the program says is there.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::addr_of;

use client::{Connection, Error, Node, NodeState};

use super::layout::{
    ADDRESS, Address, ClusterInfo, DeviceInfo, ExtraInfo, NodeExtra, NodeInfo, Version, narrow,
    text,
};
use super::{Cman, Handle, call};
use crate::errno::Errno;
use crate::pointer;

/// `cman_get_node` with this id and no name asks for the quorum device.
const DEVICE: c_int = -1;

/// What programs expect to be told: the version of CMAN's protocol.
pub(super) const PROTOCOL: (u32, u32, u32) = (6, 2, 0);

/// 1: there is a daemon.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_is_active(handle: Handle) -> c_int {
    call(handle, |cman| cman.ask(Connection::ping).map(|()| 1))
}

/// 1 when this node may act, else 0.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_is_quorate(handle: Handle) -> c_int {
    call(handle, |cman| Ok(c_int::from(cman.ask(Connection::status)?.quorum.quorate)))
}

/// How many nodes the cluster knows, the quorum device among them.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_get_node_count(handle: Handle) -> c_int {
    call(handle, |cman| Ok(narrow(rows(cman)?.len())))
}

/// How many programs are connected.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_get_subsys_count(handle: Handle) -> c_int {
    call(handle, |cman| Ok(narrow(cman.ask(Connection::subsystems)?)))
}

/// The version of the protocol, and that of the configuration.
///
/// # Safety
/// `version` is null or points to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_version(handle: Handle, version: *mut Version) -> c_int {
    call(handle, |cman| {
        let config = cman.ask(Connection::status)?.config_version;
        let (major, minor, patch) = PROTOCOL;
        let config = u32::try_from(config).unwrap_or(u32::MAX);
        // SAFETY: the caller's.
        unsafe { pointer::put(version, Version { major, minor, patch, config }) }?;
        Ok(0)
    })
}

/// Name and id of the cluster.
///
/// # Safety
/// `cluster` is null or points to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_cluster(
    handle: Handle,
    cluster: *mut ClusterInfo,
) -> c_int {
    call(handle, |cman| {
        let status = cman.ask(Connection::status)?;
        // The original has room for 32 bits.
        let [.., a, b, c, d] = status.generation.to_be_bytes();
        let info = ClusterInfo {
            name: text(&status.cluster),
            number: status.cluster_id,
            generation: u32::from_be_bytes([a, b, c, d]),
        };
        // SAFETY: the caller's.
        unsafe { pointer::put(cluster, info) }?;
        Ok(0)
    })
}

/// Everything that `cman_tool status` shows; addresses follow as far as there is room.
///
/// # Safety
/// `info` is null or points to `maxlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_extra_info(
    handle: Handle,
    info: *mut ExtraInfo,
    maxlen: c_int,
) -> c_int {
    call(handle, |cman| {
        let head = size_of::<ExtraInfo>();
        let room = usize::try_from(maxlen).ok().and_then(|most| most.checked_sub(head));
        // The original's structure has room for one byte more, and padding.
        let room = room.filter(|room| *room >= 4 && !info.is_null()).ok_or(Errno::INVALID)?;
        let status = cman.ask(Connection::status)?;
        let (all, own) = (&status.multicast_addresses, &status.me.addresses);
        let count = own.len().min(all.len()).min(room / (2 * ADDRESS));
        let addresses = all.iter().take(count).chain(own.iter().take(count));
        let extra = ExtraInfo::of(&status, narrow(count));
        // SAFETY: there is room for the head, and behind it for so many addresses; no field of the
        // program's needs to be aligned for this.
        unsafe {
            info.write_unaligned(extra);
            let mut place = info.cast::<u8>().add(head).cast::<[u8; ADDRESS]>();
            for address in addresses {
                place.write_unaligned(*Address::of(address).bytes());
                place = place.add(1);
            }
        }
        Ok(0)
    })
}

/// All nodes, those that are gone too, and the quorum device.
///
/// # Safety
/// `retnodes` is null or points to a place for a number, `nodes` to places for `maxnodes` nodes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_nodes(
    handle: Handle,
    maxnodes: c_int,
    retnodes: *mut c_int,
    nodes: *mut NodeInfo,
) -> c_int {
    // SAFETY: the caller's.
    call(handle, |cman| unsafe { fill(&rows(cman)?, maxnodes, retnodes, nodes) })
}

/// The nodes that are kept out with their state.
///
/// # Safety
/// As [`cman_get_nodes`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_disallowed_nodes(
    handle: Handle,
    maxnodes: c_int,
    retnodes: *mut c_int,
    nodes: *mut NodeInfo,
) -> c_int {
    call(handle, |cman| {
        let table = cman.ask(Connection::nodes)?;
        let out = table.iter().filter(|node| node.state == NodeState::Disallowed);
        let out: Vec<NodeInfo> = out.map(NodeInfo::of).collect();
        // SAFETY: the caller's.
        unsafe { fill(&out, maxnodes, retnodes, nodes) }
    })
}

/// A node by its name, where `node` holds one, else by its id: 0 for this one.
///
/// # Safety
/// `node` is null or points to a node whose name has its end.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_node(
    handle: Handle,
    nodeid: c_int,
    node: *mut NodeInfo,
) -> c_int {
    call(handle, |cman| {
        if node.is_null() {
            return Err(Errno::INVALID);
        }
        // SAFETY: it is not null, and then a node. Only its name is looked at.
        let name: [c_char; 256] = unsafe { addr_of!((*node).name).read_unaligned() };
        let name = name.map(|c| c.to_ne_bytes()[0]);
        let name = CStr::from_bytes_until_nul(&name).map_err(|_| Errno::INVALID)?;
        let info = if name.is_empty() && nodeid == DEVICE {
            let device = cman.ask(Connection::device)?.ok_or(Errno::NONE)?;
            NodeInfo::device(&device, 0)
        } else if name.is_empty() {
            NodeInfo::of(&find(cman, nodeid)?)
        } else {
            let table = cman.ask(Connection::nodes)?;
            let named = table.iter().find(|node| node.name.as_bytes() == name.to_bytes());
            NodeInfo::of(named.ok_or(Errno::NONE)?)
        };
        // SAFETY: the caller's.
        unsafe { pointer::put(node, info) }?;
        Ok(0)
    })
}

/// Votes and state of a node: 0 for this one.
///
/// # Safety
/// `node` is null or points to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_node_extra(
    handle: Handle,
    nodeid: c_int,
    node: *mut NodeExtra,
) -> c_int {
    call(handle, |cman| {
        let extra = NodeExtra::of(&find(cman, nodeid)?);
        // SAFETY: the caller's.
        unsafe { pointer::put(node, extra) }?;
        Ok(0)
    })
}

/// All addresses of a node, none while it is no member; `num_addrs` says how many it has, however
/// many there is room for.
///
/// # Safety
/// `num_addrs` is null or points to a place for a number, `addrs` to places for `max_addrs`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_node_addrs(
    handle: Handle,
    nodeid: c_int,
    max_addrs: c_int,
    num_addrs: *mut c_int,
    addrs: *mut Address,
) -> c_int {
    call(handle, |cman| {
        let node = find(cman, nodeid).map_err(|why| why.or(libc::ENOENT, libc::EINVAL))?;
        let known: Vec<Address> = match node.state {
            NodeState::Member | NodeState::Leaving => {
                node.addresses.iter().map(Address::of).collect()
            }
            NodeState::Joining | NodeState::Dead | NodeState::Disallowed => Vec::new(),
        };
        // SAFETY: the caller's.
        unsafe { pointer::put(num_addrs, narrow(known.len())) }?;
        let room = if addrs.is_null() { 0 } else { usize::try_from(max_addrs).unwrap_or(0) };
        for (index, address) in known.iter().take(room).enumerate() {
            // SAFETY: there is room for so many.
            unsafe { addrs.add(index).write_unaligned(*address) };
        }
        Ok(0)
    })
}

/// The quorum device of this node.
///
/// # Safety
/// `info` is null or points to a place for one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_quorum_device(
    handle: Handle,
    info: *mut DeviceInfo,
) -> c_int {
    call(handle, |cman| {
        let device = cman.ask(Connection::device)?.ok_or(Errno::NONE)?;
        // SAFETY: the caller's.
        unsafe { pointer::put(info, DeviceInfo::of(&device)) }?;
        Ok(0)
    })
}

/// When a node was fenced, and by what. Fence managers remember that themselves; nobody tells the
/// daemon any more, so no node was.
///
/// # Safety
/// Each pointer is null or points to a place for its value; `agent` to 256 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_get_fenceinfo(
    handle: Handle,
    nodeid: c_int,
    fence_time: *mut u64,
    fenced: *mut c_int,
    agent: *mut c_char,
) -> c_int {
    call(handle, |cman| {
        find(cman, nodeid).map_err(|why| why.or(libc::ENOENT, libc::EINVAL))?;
        // SAFETY: the caller's.
        unsafe {
            pointer::offer(fence_time, 0);
            pointer::offer(fenced, 0);
            pointer::offer(agent, 0);
        }
        Ok(0)
    })
}

/// The rows of the node table, the quorum device first.
fn rows(cman: &Cman) -> Result<Vec<NodeInfo>, Errno> {
    let both = |asks: &mut Connection| Ok::<_, Error>((asks.device()?, asks.nodes()?));
    let (device, nodes) = cman.ask(both)?;
    let device = device.iter().map(|device| NodeInfo::device(device, 0));
    Ok(device.chain(nodes.iter().map(NodeInfo::of)).collect())
}

/// A node of the table; 0 is this one.
fn find(cman: &Cman, nodeid: c_int) -> Result<Node, Errno> {
    let nodeid = u32::try_from(nodeid).map_err(|_| Errno::NONE)?;
    if nodeid == 0 {
        return Ok(cman.ask(Connection::status)?.me);
    }
    let table = cman.ask(Connection::nodes)?;
    table.into_iter().find(|node| node.id == nodeid).ok_or(Errno::NONE)
}

/// # Safety
/// As [`cman_get_nodes`].
unsafe fn fill(
    rows: &[NodeInfo],
    maxnodes: c_int,
    retnodes: *mut c_int,
    nodes: *mut NodeInfo,
) -> Result<c_int, Errno> {
    let room = usize::try_from(maxnodes).ok().filter(|room| *room > 0);
    let room = room.filter(|_| !nodes.is_null()).ok_or(Errno::INVALID)?;
    let count = rows.len().min(room);
    // SAFETY: the caller's.
    unsafe { pointer::put(retnodes, narrow(count)) }?;
    for (index, row) in rows.iter().take(count).enumerate() {
        // SAFETY: there is room for so many.
        unsafe { nodes.add(index).write_unaligned(*row) };
    }
    Ok(0)
}
