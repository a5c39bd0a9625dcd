//! A manager in C, linked with libcman and libccs, against real daemons.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::lab::{Lab, Setup};

use super::{LISTING1, THREE};

/// What `manager info` prints.
const INFO: &str = "\
active: 1
quorate: 1
count: 2
version 6.2.0 config 5, cluster iscsicluster 46516
node 1 iscsi1 member 1 at 192.168.10.11
node 2 iscsi2 member 1 at 192.168.10.12
this is 1 iscsi1
by name: 2
unknown name: No such file or directory
state 2 votes 1 expected 1
1 address 192.168.10.11
flags 1 total 2 quorum 1 members 2 addresses 1 192.168.10.11
kill without admin: Operation not permitted
nobody listens: 0
no such node: No such file or directory
";

/// What `manager admin` prints.
const ADMIN: &str = "\
data: Invalid argument
notification: Invalid argument
expected 0: Invalid argument
votes 0: Invalid argument
kill 0: Invalid argument
kill 99: No such file or directory
no device: No such file or directory
register: 0
poll: 0
device /dev/loop0 state 2 votes 1
unregister: Device or resource busy
poll no: 0
unregister: 0
debug: 0
dirty: 0
fenced: Function not implemented
other protocol: Invalid argument
finish: 0
finish again: Invalid argument
and ask: Invalid argument
";

/// What `manager ccs` prints.
const CCS: &str = "\
other cluster: Invalid argument
name 0 iscsicluster
each iscsi1
each iscsi2
each iscsi1
each iscsi2
missing No data available
wrong Invalid argument
set Function not implemented
iscsi2 is iscsi2
iscsi2.example.com is iscsi2
192.168.10.99 is Invalid argument
logging 0 0 1 6 6 none
end 0, again Invalid argument
";

/// Compiles the manager and puts the libraries beside it; how a shell runs it.
fn manager(lab: &Lab) -> String {
    let programs = tests::lab::programs().expect("there is a lab");
    let place = lab.scratch().join("libraries");
    let run = Command::new(programs.join("install-libs")).arg("--dev").arg(&place).status();
    assert!(run.is_ok_and(|status| status.success()), "cargo build -p capi");
    let capi: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capi");
    let run = Command::new("cc")
        .arg("-I")
        .arg(capi.join("include"))
        .arg(capi.join("tests/c/manager.c"))
        .arg("-L")
        .arg(&place)
        .args(["-lcman", "-lccs", "-o"])
        .arg(place.join("manager"))
        .status();
    assert!(run.is_ok_and(|status| status.success()), "the manager compiles");
    let place = place.display();
    format!("LD_LIBRARY_PATH={place} {place}/manager")
}

/// What a line prints on a host.
fn said(lab: &Lab, host: usize, line: &str) -> String {
    let ran = lab.run(host, line);
    assert_eq!(ran.stderr, "", "{line}");
    ran.stdout
}

/// Has a line run on after the shell has ended, and print into a file.
fn begin(lab: &Lab, host: usize, line: &str, file: &Path) {
    // It may be looked into before the line has begun.
    fs::write(file, "").expect("the directory is ours");
    let started = said(lab, host, &format!("{line} > {} 2>&1 &", file.display()));
    assert_eq!(started, "");
}

/// Waits until a file has this line; all of it then.
fn until(lab: &Lab, file: &Path, line: &str) -> String {
    let file = file.display();
    said(lab, 0, &format!("until grep -q '{line}' {file}; do read x < /dev/null; done; cat {file}"))
}

#[test]
fn a_manager_is_told_what_cman_s_library_would_tell() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    let manager = manager(&lab);
    assert_eq!(said(&lab, 0, &format!("{manager} info")), "cman_init: Connection refused\n");
    lab.start_all();
    assert_eq!(said(&lab, 0, &format!("{manager} info")), INFO);
    assert_eq!(said(&lab, 0, &format!("{manager} admin")), ADMIN);
    assert_eq!(said(&lab, 1, &format!("{manager} ccs")), CCS);
}

#[test]
fn data_reaches_who_listens_and_nothing_is_read_ahead() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    let manager = manager(&lab);
    lab.start_all();
    let file = lab.scratch().join("listener");
    begin(&lab, 1, &format!("{manager} listen 177"), &file);
    until(&lab, &file, "opened 2");
    // The first node hears of it in its own time.
    let asks = format!("{manager} listening 2 177");
    said(&lab, 0, &format!("until {asks} | grep -q ': 1'; do read x < /dev/null; done"));
    assert_eq!(said(&lab, 0, &asks), "listening: 1\n");
    assert_eq!(said(&lab, 0, &format!("{manager} listening 1 177")), "listening: 0\n");
    let taken = said(&lab, 1, &format!("{manager} listen 177"));
    assert_eq!(taken, "listening: Address already in use\n");
    let ports = said(&lab, 1, "cman_tool status | grep Ports");
    assert_eq!(ports, "Ports Bound: 0 177  \n");
    let sends =
        format!("{manager} send 177 0 hello; {manager} send 177 1 lost; {manager} send 177 2 quit");
    assert_eq!(said(&lab, 0, &sends), "sent: 5\nsent: 4\nsent: 4\n");
    let told = "\
listening: 0
opened 2 (mine)
data from 1:0: hello
data from 1:0: quit
then 0
";
    assert_eq!(until(&lab, &file, "then"), told);
    let aside = "\
listening: 0
again: Invalid argument
sent: 4
aside: 1
readable: 1
data from 1:12: kept
taken: 1
nothing: 0
end: 0
another: 0
too large: Message too long
port of nobody: Invalid argument
";
    assert_eq!(said(&lab, 0, &format!("{manager} aside")), aside);
}

#[test]
fn a_manager_is_asked_before_its_node_leaves() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    let manager = manager(&lab);
    lab.start_all();
    let [no, yes] = ["no", "yes"].map(|name| lab.scratch().join(name));
    begin(&lab, 0, &format!("{manager} objects 0"), &no);
    until(&lab, &no, "listening: 0");
    let busy = "cman_tool: Error leaving cluster: Device or resource busy\n";
    assert_eq!(lab.run(0, "cman_tool leave").stderr, busy);
    assert_eq!(said(&lab, 0, "cman_tool leave force"), "");
    assert!(lab.ended(0).success());
    let told = until(&lab, &no, "Host is down");
    assert!(told.starts_with("listening: 0\nshutdown 0 (mine)\nshutdown 1 (mine)\n"), "{told}");
    lab.start_all();
    begin(&lab, 0, &format!("{manager} objects 1"), &yes);
    until(&lab, &yes, "listening: 0");
    assert_eq!(said(&lab, 0, "cman_tool leave remove"), "");
    assert!(lab.ended(0).success());
    let told = until(&lab, &yes, "dispatch: Host is down");
    assert!(told.starts_with("listening: 0\nshutdown 2 (mine)\n"), "{told}");
}

#[test]
fn managers_wait_for_each_other_at_barriers() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(1000)) else { return };
    let manager = manager(&lab);
    lab.start_all();
    let [go, lost, members] = ["go", "lost", "members"].map(|name| lab.scratch().join(name));
    begin(&lab, 0, &format!("{manager} barrier go 2 0"), &go);
    let passed = "wait: 0\ndelete: 0\nwait: No such file or directory\n";
    assert_eq!(said(&lab, 1, &format!("{manager} barrier go 2 0")), passed);
    assert_eq!(until(&lab, &go, "No such file"), passed);
    let late = "wait: Connection timed out\ndelete: 0\nwait: No such file or directory\n";
    assert_eq!(said(&lab, 1, &format!("{manager} barrier alone 2 1")), late);
    begin(&lab, 1, &format!("{manager} listen 11"), &members);
    until(&lab, &members, "opened");
    begin(&lab, 0, &format!("{manager} arrive three 3 0"), &lost);
    until(&lab, &lost, "arrived");
    lab.kill(2);
    let ended = "arrived: 0\nwait: No such process\ndelete: 0\nwait: No such file or directory\n";
    assert_eq!(until(&lab, &lost, "No such file"), ended);
    let told = until(&lab, &members, "state 1");
    assert!(told.contains("\nmembers 1 2, 1 left, 0 joined\nstate 1 (mine)\n"), "{told}");
    assert_eq!(said(&lab, 0, &format!("{manager} send 11 2 quit")), "sent: 4\n");
    until(&lab, &members, "then 0");
}
