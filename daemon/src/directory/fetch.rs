//! One server after the other is asked, until one has the configuration.
//!
//! Must never wait without an end: each step has its time. Must never take an answer for whole that
//! is not: a server that says it has only part of it, or that others have it, is no answer.

use std::future::Future;
use std::time::Duration;

use confdb::directory::dn::{Dn, Rdn};
use confdb::directory::{Attribute, Entry, TOP};
use confdb::{Cluster, Handle, Problem, Severity, dump, load};
use ldap3::asn1::{PL, StructureTag};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, ResultEntry, Scope};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::source::Source;
use super::{DirectoryError, tls};

/// Most entries that are taken: as many objects as a tree holds, and as many containers.
const MOST_ENTRIES: usize = 2 * confdb::tree::MOST_OBJECTS;
/// Most bytes of values that are taken.
const MOST_BYTES: usize = 16 << 20;

const NO_SUCH_OBJECT: u32 = 32;
const REFERRAL: u32 = 10;

/// The configuration that the first server has that answers.
pub(super) async fn fetch(source: &Source) -> Result<String, DirectoryError> {
    let mut failures = Vec::new();
    for url in &source.urls {
        match ask(source, url).await {
            Ok(entries) => return text(url, &source.base, &entries),
            Err(Failure::Ours(error)) => return Err(error),
            Err(Failure::Theirs(why)) => failures.push(format!("{url}: {why}")),
        }
    }
    Err(DirectoryError::Servers(failures))
}

/// Why a server did not answer.
pub(super) enum Failure {
    /// Another server may.
    Theirs(String),
    /// No other will.
    Ours(DirectoryError),
}

async fn ask(source: &Source, url: &str) -> Result<Vec<Entry>, Failure> {
    let (connection, mut ldap) = open(source, url).await?;
    let answer = talk(source, &mut ldap).await;
    connection.abort();
    answer
}

/// A connection to a server that knows who asks, and what keeps it going.
pub(super) async fn open(
    source: &Source,
    url: &str,
) -> Result<(JoinHandle<Result<(), LdapError>>, Ldap), Failure> {
    let patience = source.patience;
    let mut settings = LdapConnSettings::new();
    if url.starts_with("ldaps://") || source.starttls {
        settings = settings.set_config(tls::config(source.ca.as_deref()).map_err(Failure::Ours)?);
    }
    if url.starts_with("ldap://") && source.starttls {
        settings = settings.set_starttls(true);
    }
    let opened = within(patience, "connect", LdapConnAsync::with_settings(settings, url)).await?;
    let (connection, mut ldap) = opened;
    let driver = tokio::spawn(connection.drive());
    match log_in(source, &mut ldap).await {
        Ok(()) => Ok((driver, ldap)),
        Err(why) => {
            driver.abort();
            Err(why)
        }
    }
}

async fn log_in(source: &Source, ldap: &mut Ldap) -> Result<(), Failure> {
    let patience = source.patience;
    if let Some(bind) = &source.bind {
        let bound = ldap.simple_bind(&bind.dn, &bind.password);
        let result = within(patience, "log in", bound).await?;
        if result.rc != 0 {
            return Err(refused(&format!("log in as {}", bind.dn), &result));
        }
    }
    Ok(())
}

async fn talk(source: &Source, ldap: &mut Ldap) -> Result<Vec<Entry>, Failure> {
    let patience = source.patience;
    let top = source.base.child(Rdn::new("name", TOP));
    let (from, filter) = (top.to_string(), "(objectClass=*)");
    let search = ldap.streaming_search(&from, Scope::Subtree, filter, vec!["*"]);
    let mut stream = within(patience, "search", search).await?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(found) = within(patience, "search", stream.next()).await? {
        if found.is_ref() {
            let why = format!("part of {top} lies on another server, which is not asked");
            return Err(Failure::Theirs(why));
        }
        if found.is_intermediate() {
            continue;
        }
        let (entry, size) = entry(found).map_err(Failure::Theirs)?;
        bytes += size;
        if entries.len() >= MOST_ENTRIES || bytes > MOST_BYTES {
            let why = format!("more than {MOST_ENTRIES} entries or {MOST_BYTES} bytes below {top}");
            return Err(Failure::Theirs(why));
        }
        entries.push(entry);
    }
    let result = within(patience, "search", async { Ok(stream.finish().await) }).await?;
    match result.rc {
        0 => Ok(entries),
        NO_SUCH_OBJECT => Err(Failure::Theirs(format!("there is no entry {top}"))),
        _ => Err(refused(&format!("search below {top}"), &result)),
    }
}

/// Does one step in its time.
pub(super) async fn within<T>(
    patience: Duration,
    step: &str,
    work: impl Future<Output = Result<T, LdapError>>,
) -> Result<T, Failure> {
    match timeout(patience, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Failure::Theirs(format!("cannot {step}: {}", root(&error)))),
        Err(_) => Err(Failure::Theirs(format!("cannot {step}: no answer within {patience:?}"))),
    }
}

/// The innermost reason: what stands around it names layers that no operator knows.
pub(super) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(inner) => root(inner),
        None => error.to_string(),
    }
}

fn refused(step: &str, result: &LdapResult) -> Failure {
    let LdapResult { rc, text, refs, .. } = result;
    let mut why = format!("cannot {step}: {}", name(*rc));
    if !text.is_empty() {
        why += &format!(": {}", text.escape_debug());
    }
    if !refs.is_empty() {
        why += &format!("; ask {}", refs.join(", ").escape_debug());
    }
    Failure::Theirs(why)
}

/// What a result code means (RFC 4511 §A.1), of those that an operator meets.
fn name(code: u32) -> String {
    let words = match code {
        1 => "operations error",
        2 => "protocol error",
        3 => "the server's time limit is over",
        4 => "the server's size limit is exceeded",
        8 => "the server wants a stronger proof of who asks",
        REFERRAL => "another server has it",
        13 => "the server wants an encrypted connection",
        34 => "the name is not one",
        48 => "nobody may log in this way",
        49 => "wrong name or password",
        50 => "not allowed",
        51 => "the server is busy",
        52 => "the server is not available",
        53 => "the server is unwilling",
        code => return format!("result {code}"),
    };
    format!("{words} ({code})")
}

/// An entry from its parts, and the size of its values. The library's own way to take it apart
/// ends the program when a server sends something else.
pub(super) fn entry(found: ResultEntry) -> Result<(Entry, usize), String> {
    let broken = || "the answer is no entry".to_owned();
    let mut parts = list(found.0).ok_or_else(broken)?.into_iter();
    let dn = parts.next().and_then(text_of).ok_or_else(broken)?;
    let dn: Dn = dn.parse().map_err(|error| format!("the answer names an entry: {error}"))?;
    let (mut attributes, mut size) = (Vec::new(), 0);
    for attribute in parts.next().and_then(list).ok_or_else(broken)? {
        let mut parts = list(attribute).ok_or_else(broken)?.into_iter();
        let name = parts.next().and_then(text_of).ok_or_else(broken)?;
        for value in parts.next().and_then(list).ok_or_else(broken)? {
            let PL::P(value) = value.payload else { return Err(broken()) };
            size += value.len();
            attributes.push(Attribute { name: name.clone(), value });
        }
    }
    Ok((Entry { dn, attributes, line: None }, size))
}

fn list(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn text_of(tag: StructureTag) -> Option<String> {
    match tag.payload {
        PL::P(bytes) => String::from_utf8(bytes).ok(),
        PL::C(_) => None,
    }
}

/// The entries as a cluster.conf, if they are one.
fn text(url: &str, base: &Dn, entries: &[Entry]) -> Result<String, DirectoryError> {
    let errors = |problems: Vec<Problem>| {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        DirectoryError::Content(errors.map(Problem::to_string).collect())
    };
    let found = load::ldap::load(url, base, entries);
    if !found.sound {
        return Err(errors(found.problems));
    }
    Cluster::read(&found.tree).map_err(errors)?;
    let top = found.tree.children(Handle::ROOT)[0];
    dump::to_xml(&found.tree, top)
        .map_err(|error| DirectoryError::Content(vec![format!("{url}: {error}")]))
}

#[cfg(test)]
mod tests;
