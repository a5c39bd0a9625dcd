//! Who is who on this host: users and groups that a configuration names and the kernel numbers.
//!
//! Must never admit anybody by a guess: a name that this host does not know admits nobody.

use confdb::{Handle, Tree};
use nix::unistd::{Group, User};

use crate::settings::Users;

/// The numbers of those that `uidgid` elements name, and a line for each name that is unknown.
pub(super) fn resolve(tree: &Tree) -> (Users, Vec<String>) {
    let (mut users, mut notes) = (Users::default(), Vec::new());
    let clusters = tree.children_named(Handle::ROOT, "cluster");
    for object in clusters.flat_map(|cluster| tree.children_named(cluster, "uidgid")) {
        let said = |key: &str| tree.key(object, key).map(|key| key.value.to_string());
        if let Some(name) = said("uid").filter(|name| !name.is_empty()) {
            let id = User::from_name(&name).ok().flatten().map(|user| user.uid.as_raw());
            match name.parse().ok().or(id) {
                Some(id) => drop(users.uids.insert(id)),
                None => notes.push(format!("uidgid: this host has no user {name:?}")),
            }
        }
        if let Some(name) = said("gid").filter(|name| !name.is_empty()) {
            let id = Group::from_name(&name).ok().flatten().map(|group| group.gid.as_raw());
            match name.parse().ok().or(id) {
                Some(id) => drop(users.gids.insert(id)),
                None => notes.push(format!("uidgid: this host has no group {name:?}")),
            }
        }
    }
    (users, notes)
}

#[cfg(test)]
mod tests;
