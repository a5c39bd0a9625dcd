//! What `ccs_tool` and its commands print when they are asked for help.
//!
//! Must never promise what is not there.

/// What `help` prints.
pub(super) const ALL: &str = "\
Usage: ccs_tool <command> [options]

Makes and changes /etc/cluster/cluster.conf (CLUSTER_CONF).

  create      make a skeleton
  addnode     add a node
  delnode     remove a node
  addfence    add a fence device
  delfence    remove a fence device
  addnodeids  give an id to every node that has none
  lsnode      show the nodes
  lsfence     show the fence devices
  query       print what an XPath finds
  help        show this

Each command tells its options with -h. All take --json.
  -V          show the version of this program
";

pub(super) const CREATE: &str = "\
Usage: ccs_tool create [-2] [-n nodes] [-f agent] [-c file] <name>
  -2        two nodes that go on alone
  -n nodes  this many nodes, called NEEDNAME-01 and so on
  -f agent  fence them all with this agent
  -c file   make this file
";

pub(super) const ADDNODE: &str = "\
Usage: ccs_tool addnode -n id [-v votes] [-a name] [-f device] [-o file] [-c file] <name>
                        [argument=value ...]
  -n id     id of the node
  -v votes  its votes; 1 unless given
  -a name   its name in a second network
  -f device fence it with this device, and with these arguments
  -o file   write this file; - for standard output
  -c file   change this file
";

pub(super) const DELNODE: &str = "\
Usage: ccs_tool delnode [-o file] [-c file] <name>
  -o file   write this file; - for standard output
  -c file   change this file
";

pub(super) const ADDFENCE: &str = "\
Usage: ccs_tool addfence [-o file] [-c file] <name> <agent> [argument=value ...]
  -o file   write this file; - for standard output
  -c file   change this file
";

pub(super) const DELFENCE: &str = "\
Usage: ccs_tool delfence [-o file] [-c file] <name>
  -o file   write this file; - for standard output
  -c file   change this file
";

pub(super) const ADDNODEIDS: &str = "\
Usage: ccs_tool addnodeids [-n first] [-m address] [-v] [-o file] [-c file]
  -n first  begin with this id
  -m address
            set the multicast address too
  -v        tell which node got which id
  -o file   write this file; - for standard output
  -c file   change this file
";

pub(super) const LSNODE: &str = "\
Usage: ccs_tool lsnode [-v] [-c file]
  -v        show the second names and how the nodes are fenced
  -c file   read this file
";

pub(super) const LSFENCE: &str = "\
Usage: ccs_tool lsfence [-v] [-c file]
  -v        show all they have
  -c file   read this file
";

pub(super) const QUERY: &str = "\
Usage: ccs_tool query [-n] [-c file] <xpath>
  -n        without the end of the line
  -c file   read this file
such as /cluster/@name, /cluster/clusternodes/clusternode[2]/@name,
/cluster/clusternodes/clusternode[@name=\"a\"]/@*, /cluster/child::*[1]/@name
";
