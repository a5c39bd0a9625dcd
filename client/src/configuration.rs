//! The configuration that the cluster goes by, and having all nodes go by another version of it.
//!
//! Must never read the configuration itself: the daemon reads it where it lies.

use bytes::Bytes;

use crate::connection::{Connection, unexpected};
use crate::error::Error;
use crate::proto::{self, reply, request};

/// The configuration that a node goes by, whatever its file has become.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Running {
    /// Its version.
    pub version: u64,
    /// Its text, as all nodes have it; empty where the node was started without one.
    pub text: Bytes,
    /// Name of the node that answers.
    pub node: String,
    /// Id of the cluster.
    pub cluster_id: u16,
}

/// All nodes go by another version, or would.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloaded {
    /// Which.
    pub version: u64,
    /// What its author probably did not mean, one line each.
    pub warnings: Vec<String>,
    /// Why the file of this node is not the new one yet, when it is not.
    pub unwritten: Option<String>,
    /// What would change, when only that was asked.
    pub difference: Option<Difference>,
}

/// What another configuration changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// In lines for humans.
    pub text: String,
    /// As a JSON object.
    pub json: String,
}

impl Connection {
    /// The configuration that the daemon goes by.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, as passwords may stand in it.
    pub fn running(&mut self) -> Result<Running, Error> {
        let answer = self.request(request::What::Configuration(proto::GetConfiguration {}))?;
        let reply::What::Running(running) = answer else {
            return Err(unexpected("configuration"));
        };
        let proto::Running { version, text, node, cluster_id } = running;
        let cluster_id = crate::cman::cluster_id(cluster_id)?;
        Ok(Running { version, text, node, cluster_id })
    }

    /// Has all nodes go by the configuration that this node's daemon can read, if its version is
    /// at least `least` and newer than what they go by. Returns when they do, and the file of this
    /// node is the new one. With `dry_run` nothing is changed, and what would be is told.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, when the file cannot be used
    /// (`Reason::InvalidConfiguration`), when the nodes cannot or must not go by it
    /// (`Reason::NotReloaded`), and while another change is under way (`Reason::TryAgain`): nothing
    /// was changed then.
    pub fn reload(&mut self, least: u64, dry_run: bool) -> Result<Reloaded, Error> {
        let answer = self.request(request::What::Reload(proto::Reload { least, dry_run }))?;
        let reply::What::Reloaded(reloaded) = answer else { return Err(unexpected("reload")) };
        Ok(reloaded.into())
    }
}

impl From<proto::Reloaded> for Reloaded {
    fn from(told: proto::Reloaded) -> Self {
        let proto::Reloaded { version, warnings, unwritten, difference } = told;
        let unwritten = Some(unwritten).filter(|why| !why.is_empty());
        let told = |proto::Difference { text, json }| Difference { text, json };
        Self { version, warnings, unwritten, difference: difference.map(told) }
    }
}
