//! Waits until a server tells that it has another version than one that is known.
//!
//! Must never be relied on: a server may tell of nothing, and who has this run looks from time to
//! time all the same. Must never say what has changed: that is read as ever.
//!
//! Two ways of telling are known: content synchronization (RFC 4533), which OpenLDAP has with its
//! overlay `syncprov`, and persistent search, which 389-DS has.

use confdb::directory::TOP;
use confdb::directory::dn::Rdn;
use ldap3::controls::{RawControl, RefreshMode, SyncRequest};
use ldap3::{Ldap, ResultEntry, Scope};

use super::DirectoryError;
use super::fetch::{Failure, entry, open, root, within};
use super::source::Source;

/// The control of RFC 4533.
const SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// The control of a persistent search.
const PERSISTENT: &str = "2.16.840.1.113730.3.4.3";
/// Its value: a sequence of all kinds of changes (15), not only changes, no notes with entries.
const ALL_CHANGES: [u8; 11] = [0x30, 9, 2, 1, 15, 1, 1, 0, 1, 1, 0];

/// Where a server says what it can.
const ABILITIES: &str = "supportedControl";
/// Where the top entry says its version.
const VERSION: &str = "rhcsConfig-version";

/// Ends when the first server that tells of changes has another version than this one.
pub(super) async fn wait(source: &Source, known: u64) -> Result<(), DirectoryError> {
    let (mut failures, mut offered) = (Vec::new(), false);
    for url in &source.urls {
        let (connection, mut ldap) = match open(source, url).await {
            Ok(opened) => opened,
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Theirs(why)) => {
                // What it would offer is not known.
                offered = true;
                failures.push(format!("{url}: {why}"));
                continue;
            }
        };
        let told = listen(source, &mut ldap, &known.to_string()).await;
        connection.abort();
        match told {
            Ok(true) => return Ok(()),
            Ok(false) => failures.push(format!("{url}: it tells of no changes")),
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Theirs(why)) => {
                offered = true;
                failures.push(format!("{url}: {why}"));
            }
        }
    }
    Err(if offered { DirectoryError::Servers(failures) } else { DirectoryError::Mute(failures) })
}

/// Waits for another version; false where the server does not tell.
async fn listen(source: &Source, ldap: &mut Ldap, known: &str) -> Result<bool, Failure> {
    let abilities = abilities(source, ldap).await?;
    let Some(control) = control(&abilities) else { return Ok(false) };
    let top = source.base.child(Rdn::new("name", TOP)).to_string();
    let (filter, wanted) = ("(objectClass=*)", vec![VERSION]);
    let search = ldap.with_controls(control).streaming_search(&top, Scope::Base, filter, wanted);
    let mut stream = within(source.patience, "search", search).await?;
    loop {
        // Whoever has this run says how long it may take.
        let found = stream.next().await;
        let found =
            found.map_err(|error| Failure::Theirs(format!("cannot listen: {}", root(&error))))?;
        let Some(found) = found else {
            return Err(Failure::Theirs("it tells no longer".to_owned()));
        };
        if found.is_ref() || found.is_intermediate() {
            continue;
        }
        if values(found, VERSION)?.iter().any(|version| version != known) {
            return Ok(true);
        }
    }
}

/// What the server can.
async fn abilities(source: &Source, ldap: &mut Ldap) -> Result<Vec<String>, Failure> {
    let (filter, wanted) = ("(objectClass=*)", vec![ABILITIES]);
    let search = ldap.search("", Scope::Base, filter, wanted);
    let ldap3::SearchResult(found, _) = within(source.patience, "search", search).await?;
    let mut abilities = Vec::new();
    for entry in found {
        abilities.extend(values(entry, ABILITIES)?);
    }
    Ok(abilities)
}

/// How to have it tell, if it can.
fn control(abilities: &[String]) -> Option<RawControl> {
    let can = |oid: &str| abilities.iter().any(|ability| ability == oid);
    if can(SYNC) {
        let mode = RefreshMode::RefreshAndPersist;
        let mut control = RawControl::from(SyncRequest { mode, cookie: None, reload_hint: false });
        control.crit = true;
        Some(control)
    } else {
        let val = Some(ALL_CHANGES.to_vec());
        can(PERSISTENT).then(|| RawControl { ctype: PERSISTENT.to_owned(), crit: true, val })
    }
}

/// The values of an attribute.
fn values(found: ResultEntry, name: &str) -> Result<Vec<String>, Failure> {
    let (entry, _) = entry(found).map_err(Failure::Theirs)?;
    let named = entry.attributes.into_iter().filter(|it| it.name.eq_ignore_ascii_case(name));
    Ok(named.map(|it| String::from_utf8_lossy(&it.value).into_owned()).collect())
}

#[cfg(test)]
mod tests;
