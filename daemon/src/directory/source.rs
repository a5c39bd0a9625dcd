//! Whom to ask, and for what: from the command line and the variables that CMAN had.
//!
//! Must never show a password, nor take one from the command line, where everyone sees it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::FalseyValueParser;
use confdb::directory::dn::{Dn, DnError};
use thiserror::Error;
use zeroize::Zeroizing;

/// Most servers that are asked, one after the other.
const MOST_SERVERS: usize = 16;

/// Who is asked unless told otherwise.
const NEAREST: &str = "ldap://localhost";

/// How long each step may take unless told otherwise, seconds.
const PATIENCE: &str = "5";

/// What can be said on the command line or in the environment. An empty variable is none.
#[derive(Clone, Debug, Parser)]
#[command(name = "clusterd directory", version, about = "Prints the configuration in a directory")]
pub struct Asked {
    /// Servers, tried in this order: ldap://, ldaps:// or ldapi://, separated by blanks.
    #[arg(long, env = "COROSYNC_LDAP_URL", default_value = NEAREST)]
    pub url: String,
    /// The entry below which the configuration lies.
    #[arg(long, env = "COROSYNC_LDAP_BASEDN", value_name = "DN")]
    pub base: Option<String>,
    /// Who asks; nobody in particular when not given. The password comes from
    /// COROSYNC_LDAP_BINDPWD (or LDAP_BINDPWD), or from a file.
    #[arg(long, env = "COROSYNC_LDAP_BINDDN", value_name = "DN")]
    pub bind: Option<String>,
    /// File with the password, on one line.
    #[arg(long, env = "COROSYNC_LDAP_BINDPWD_FILE", value_name = "FILE")]
    pub password_file: Option<OsString>,
    /// Encrypt an ldap:// connection before anything is said on it (StartTLS).
    #[arg(long, env = "COROSYNC_LDAP_STARTTLS", value_parser = FalseyValueParser::new())]
    pub starttls: bool,
    /// Certificates that servers are judged by, PEM; those of the system when not given.
    #[arg(long, env = "COROSYNC_LDAP_CACERT", value_name = "FILE")]
    pub ca: Option<OsString>,
    /// How long each step may take, seconds.
    #[arg(long, env = "COROSYNC_LDAP_TIMEOUT", value_name = "SECONDS", default_value = PATIENCE,
        value_parser = seconds)]
    pub timeout: Duration,
    /// How long all of it may take; each of several servers has its share.
    #[arg(long, hide = true, value_name = "MILLISECONDS")]
    pub within: Option<u64>,
    /// Ask for nothing, but wait until there is another version than this.
    #[arg(long, hide = true, value_name = "VERSION")]
    pub known: Option<u64>,
}

/// Whom to ask and for what, put in order.
#[derive(Clone, Debug)]
pub struct Source {
    /// Servers in the order in which they are tried.
    pub urls: Vec<String>,
    /// The entry below which the configuration lies.
    pub base: Dn,
    /// Who asks.
    pub bind: Option<Bind>,
    /// Whether to encrypt what is not encrypted from the start.
    pub starttls: bool,
    /// Certificates that servers are judged by.
    pub ca: Option<PathBuf>,
    /// How long each step may take.
    pub patience: Duration,
    /// How long all of it may take.
    pub within: Option<Duration>,
}

/// A name and its password.
#[derive(Clone)]
pub struct Bind {
    /// The name.
    pub dn: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// Shows who, never the password.
impl core::fmt::Debug for Bind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Bind").field("dn", &self.dn).finish_non_exhaustive()
    }
}

/// Why nobody can be asked.
#[derive(Debug, Error)]
pub enum SourceError {
    /// No entry was named.
    #[error("no base: set COROSYNC_LDAP_BASEDN to the entry below which the configuration lies")]
    NoBase,
    /// The base is no name.
    #[error("base (COROSYNC_LDAP_BASEDN): {0}")]
    Base(DnError),
    /// No server, or too many.
    #[error("{0} servers in COROSYNC_LDAP_URL, at least one and at most {MOST_SERVERS} are asked")]
    Servers(usize),
    /// A server is not named by a URL of LDAP.
    #[error("server {0:?}: expected ldap://HOST, ldaps://HOST or ldapi://PATH")]
    Url(String),
    /// A password without anybody whose it is would be sent to nobody's name.
    #[error("a password is set and COROSYNC_LDAP_BINDDN is not: whose is it?")]
    NoName,
    /// A name without a password would be taken for nobody in particular.
    #[error("no password for {0}: set COROSYNC_LDAP_BINDPWD or COROSYNC_LDAP_BINDPWD_FILE")]
    NoPassword(String),
    /// The password's file cannot be read.
    #[error("password file {}: {source}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// The answer.
        source: std::io::Error,
    },
}

impl Asked {
    /// All of it put in order, the password fetched.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn source(&self) -> Result<Source, SourceError> {
        let base = self.base.as_deref().filter(|base| !base.trim().is_empty());
        let base = base.ok_or(SourceError::NoBase)?.parse().map_err(SourceError::Base)?;
        let urls = if self.url.is_empty() { NEAREST } else { &self.url };
        let urls: Vec<String> = urls.split_whitespace().map(str::to_owned).collect();
        if urls.is_empty() || urls.len() > MOST_SERVERS {
            return Err(SourceError::Servers(urls.len()));
        }
        let known = |url: &&String| {
            !["ldap://", "ldaps://", "ldapi://"].iter().any(|scheme| url.starts_with(scheme))
        };
        if let Some(url) = urls.iter().find(known) {
            return Err(SourceError::Url(url.clone()));
        }
        Ok(Source {
            urls,
            base,
            bind: self.bind_as()?,
            starttls: self.starttls,
            ca: file(self.ca.as_ref()),
            patience: self.timeout,
            within: self.within.map(Duration::from_millis),
        })
    }

    fn bind_as(&self) -> Result<Option<Bind>, SourceError> {
        let password = self.password()?;
        match (self.bind.clone().filter(|name| !name.is_empty()), password) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(SourceError::NoName),
            (Some(name), None) => Err(SourceError::NoPassword(name)),
            (Some(dn), Some(password)) => Ok(Some(Bind { dn, password })),
        }
    }

    fn password(&self) -> Result<Option<Zeroizing<String>>, SourceError> {
        if let Some(path) = file(self.password_file.as_ref()) {
            let text = fs::read_to_string(&path).map(Zeroizing::new);
            let text = text.map_err(|source| SourceError::PasswordFile { path, source })?;
            let line = text.lines().next().unwrap_or_default();
            return Ok(Some(Zeroizing::new(line.to_owned())).filter(|line| !line.is_empty()));
        }
        // CMAN's loader reads the first, its start script asks for the second.
        let names = ["COROSYNC_LDAP_BINDPWD", "LDAP_BINDPWD"];
        let found = names.iter().find_map(|name| std::env::var(name).ok());
        Ok(found.filter(|password| !password.is_empty()).map(Zeroizing::new))
    }
}

fn file(named: Option<&OsString>) -> Option<PathBuf> {
    named.filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// A time that somebody waits for.
fn seconds(text: &str) -> Result<Duration, String> {
    let text = if text.trim().is_empty() { PATIENCE } else { text };
    let seconds = text.trim().parse().ok().filter(|seconds| (1..=3600).contains(seconds));
    let wrong = || format!("{text:?} is not a number of seconds from 1 to 3600");
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
