//! The keys that a configuration names, read from where they are, and whether a running node can go
//! by them.
//!
//! A key changes in two steps: one version of the configuration names the file of the next key, a
//! later one names that file as the key. Must never let a node take a key that others do not know,
//! nor show what is in one.

use std::path::{Path, PathBuf};

use totem::NodeId;
use totem::seal::{ClusterKey, Keyring, Seal};

use super::{StartError, files};
use crate::settings::{KeySource, Settings};

/// The keys of a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::shell) struct Keys {
    /// The one in use.
    pub(in crate::shell) current: ClusterKey,
    /// The next one.
    pub(in crate::shell) next: Option<ClusterKey>,
    /// What the two come from, for people.
    from: (String, String),
}

impl Keys {
    /// Reads them.
    ///
    /// # Errors
    /// A file that cannot be read, or is too short.
    pub(in crate::shell) fn read(
        current: &KeySource,
        next: Option<&Path>,
    ) -> Result<Self, StartError> {
        let read = |source: &KeySource| files::key(&files::secret(source)?);
        let next = next.map(|path| KeySource::File(path.to_owned()));
        Ok(Self {
            current: read(current)?,
            next: next.as_ref().map(read).transpose()?,
            from: (name(current), next.as_ref().map(name).unwrap_or_default()),
        })
    }

    /// Seals and opens with them, for this boot of node `me`.
    ///
    /// # Errors
    /// The next key cannot follow the one in use.
    pub(super) fn seal(&self, cluster: u32, me: NodeId, boot: u64) -> Result<Seal, StartError> {
        let mut seal = Seal::new(self.current.clone(), cluster, me, boot);
        self.fits(seal.keys()).map_err(|why| StartError::System("seal packets", why))?;
        seal.follow(&self.current, self.next.clone())
            .map_err(|why| StartError::System("seal packets", why.to_string()))?;
        Ok(seal)
    }

    /// Stands for both keys in this version of the configuration: nodes with the same ones have the
    /// same.
    pub(in crate::shell) fn mark(&self, cluster: u32, version: u32) -> u64 {
        let mark = |key: &ClusterKey| key.mark(cluster, version.into());
        // Turned, so that one key in both places is not none.
        mark(&self.current).rotate_left(1) ^ self.next.as_ref().map_or(0, mark)
    }

    /// Whether a node that holds these keys can go by them.
    ///
    /// # Errors
    /// Which of the two cannot be used, and why.
    pub(in crate::shell) fn fits(&self, held: &Keyring) -> Result<(), String> {
        held.change(&self.current, self.next.as_ref()).map(drop).map_err(|why| {
            let known = self.current == *held.current() || held.next() == Some(&self.current);
            let name = if known { &self.from.1 } else { &self.from.0 };
            format!("{name}: {why}")
        })
    }
}

/// The files among the sources of the keys that others than their owner can read: worth a warning.
pub(super) fn exposed(settings: &Settings) -> Vec<PathBuf> {
    let next = settings.next_key.clone().map(KeySource::File);
    let sources = [Some(&settings.key), next.as_ref()].into_iter().flatten();
    sources.filter_map(files::exposed).map(Path::to_owned).collect()
}

fn name(source: &KeySource) -> String {
    match source {
        KeySource::Name(_) => "the key derived from the cluster's name".to_owned(),
        KeySource::Configured(_) => "the key in the configuration".to_owned(),
        KeySource::File(path) => format!("key file {}", path.display()),
    }
}

#[cfg(test)]
mod tests;
