//! The numbers that follow from a cluster's name: its id, its multicast group, its key.
//!
//! Must never differ by one bit between nodes: two that derive different groups never meet. The
//! formulas are CMAN's, oddities included.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::reader::Reader;
use crate::error::{Fault, quoted};
use crate::tree::Handle;

/// Longest name of a cluster, bytes: the field on CMAN's wire has 16, the last one is zero.
pub const LONGEST_CLUSTER_NAME: usize = 15;

/// CMAN's own hash: each byte, taken as signed, is added to the doubled sum; the low 16 bits
/// count. Gives 46516 for `iscsicluster`.
#[must_use]
pub fn shift_hash(name: &str) -> u16 {
    let step = |sum: i32, byte: &u8| {
        sum.wrapping_shl(1).wrapping_add(i32::from(i8::from_ne_bytes([*byte])))
    };
    let sum = name.as_bytes().iter().fold(0_i32, step);
    low_half(u32::from_ne_bytes(sum.to_ne_bytes()))
}

/// FNV-1a over 32 bits, folded to 16 (`hash_cluster_id`).
#[must_use]
pub fn fnv_hash(name: &str) -> u16 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = name.as_bytes().iter().fold(0x811c_9dc5, step);
    low_half(hash >> 16) ^ low_half(hash)
}

/// The group of a cluster in the family of `address`. The last byte of the IPv4 group is the id
/// modulo 255, not its low byte: so it was, and two nodes must agree.
#[must_use]
pub fn group(id: u16, address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => {
            let [high, _] = id.to_be_bytes();
            let [_, low] = (id % 255).to_be_bytes();
            Ipv4Addr::new(239, 192, high, low).into()
        }
        IpAddr::V6(_) => Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0, id).into(),
    }
}

/// The key of a cluster that configures none: its name, zero padded to the next multiple of four
/// above its length. Keeps clusters apart; no secret.
#[must_use]
pub fn name_key(name: &str) -> Vec<u8> {
    let mut key = name.as_bytes().to_vec();
    key.resize((key.len() + 4) & !3, 0);
    key
}

fn low_half(number: u32) -> u16 {
    let [_, _, high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

pub(super) fn name(reader: &mut Reader<'_>, cluster: Handle) -> String {
    let expected = format!("1 to {LONGEST_CLUSTER_NAME} bytes");
    let Some(name) = reader.text(Some(cluster), "name") else {
        let fault = Fault::new("Can't find cluster name in CCS: there is no name");
        reader.error(Some(cluster), Some("name"), fault.expected(expected));
        return String::new();
    };
    if let Err(what) = cluster_name(&name) {
        reader.error(Some(cluster), Some("name"), Fault::new(what).expected(expected));
    }
    name
}

/// Whether a cluster may be called so.
///
/// # Errors
/// It may not, and why.
pub fn cluster_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_CLUSTER_NAME {
        let what = "Invalid cluster name. It must be 15 characters or fewer";
        return Err(format!("{what}: {} has {} bytes", quoted(name), name.len()));
    }
    if name.is_empty() || name.contains(|c: char| c.is_control()) {
        return Err(format!("Invalid cluster name: {}", quoted(name)));
    }
    Ok(())
}

pub(super) fn id(reader: &mut Reader<'_>, cman: Option<Handle>, name: &str) -> u16 {
    let configured = reader.number(cman, "cluster_id", 0..=u32::from(u16::MAX));
    if let Some(id) = configured.and_then(|id| u16::try_from(id).ok()).filter(|id| *id != 0) {
        return id;
    }
    // A cluster that is being upgraded must find the nodes that still run the older release.
    let hash = says_yes(reader, cman, "hash_cluster_id") && !says_yes(reader, cman, "upgrading");
    if hash { fnv_hash(name) } else { shift_hash(name) }
}

pub(super) fn config_version(reader: &mut Reader<'_>, cluster: Handle) -> u32 {
    let key = "config_version";
    if reader.text(Some(cluster), key).is_none() {
        let fault = Fault::new("there is no config_version").expected("a number from 1");
        reader.error(Some(cluster), Some(key), fault);
    }
    // CMAN reports the version as a signed number, and takes 0 for one that is missing.
    reader.number(Some(cluster), key, 1..=i32::MAX.unsigned_abs()).unwrap_or_default()
}

/// CMAN takes every text that begins with yes or on, in either case, for a yes.
pub(super) fn says_yes(reader: &Reader<'_>, section: Option<Handle>, key: &str) -> bool {
    let text = reader.text(section, key).unwrap_or_default().to_ascii_lowercase();
    text.starts_with("yes") || text.starts_with("on")
}

#[cfg(test)]
mod tests;
