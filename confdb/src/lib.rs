//! What the cluster was told to be: objects and keys, where they come from, and what they mean.
//!
//! Must never touch a disk, a socket or a clock: the shell fetches, this crate understands. Must
//! never stop at the first problem: an operator puts a file right in one round.
//!
//! Two readings of one thing. The [`Tree`] holds objects and keys exactly as written, for tools
//! that browse and clients that watch. The [`Cluster`] is its typed and validated reading, with
//! CMAN's defaults: what a node is configured from, valid for as long as it exists.
//!
//! ```
//! let text = br#"<cluster name="iscsicluster" config_version="5">
//!   <cman two_node="1" expected_votes="1"/>
//!   <clusternodes>
//!     <clusternode name="iscsi1" nodeid="1"/>
//!     <clusternode name="iscsi2" nodeid="2"/>
//!   </clusternodes>
//! </cluster>"#;
//! let configuration = confdb::load::configuration("cluster.conf", text).expect("it is valid");
//! assert_eq!(configuration.cluster.id, 46516);
//!
//! let wrong = String::from_utf8_lossy(text).replace("nodeid=\"2\"", "nodeid=\"two\"");
//! let problems = confdb::load::configuration("cluster.conf", wrong.as_bytes()).unwrap_err();
//! assert_eq!(
//!     problems[0].to_string(),
//!     "cluster.conf:5: cluster.clusternodes.clusternode[2].nodeid: \
//!      \"two\" is not a number from 1 to 4294967295"
//! );
//! ```

pub mod cluster;
pub mod diff;
pub mod directory;
pub mod dump;
pub mod edit;
pub mod error;
pub mod ldif;
pub mod load;
pub mod overlay;
pub mod path;
pub mod query;
pub mod replica;
pub mod tree;
pub mod value;
pub mod watch;

pub use cluster::{Cluster, Reading};
pub use error::{Problem, Severity, TreeError};
pub use load::Configuration;
pub use path::Path;
pub use replica::Replica;
pub use tree::{Change, ChangeKind, Edit, Handle, Tree};
pub use value::{Kind, Value};
pub use watch::{Notice, WatchId, Watches};
