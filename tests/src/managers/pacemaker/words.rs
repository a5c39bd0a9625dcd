//! What operators ask a running cluster: Pacemaker's own tools, and the two shells around it.
//!
//! Must never be content with an exit status where the answer is known.

use std::collections::BTreeSet;

use crate::managers::engine::Engine;
use crate::managers::place::Place;
use crate::managers::report::Report;

/// Debian's libraries that ours replace.
const REPLACED: [&str; 5] = ["libcpg.", "libquorum.", "libvotequorum.", "libcmap.", "libcfg."];

/// No program has a library of Debian's that ours was to replace: those that run as another user
/// are told of ours too.
fn libraries(place: &Place, report: &mut Report<'_>) -> Result<(), String> {
    if place.setup().engine != Engine::Clusterd || place.setup().package {
        return Ok(());
    }
    let ran = place.machines[1].run("cat /proc/[0-9]*/maps")?;
    let files: BTreeSet<&str> =
        ran.stdout.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let theirs = |file: &&&str| {
        file.rsplit('/').next().is_some_and(|name| REPLACED.iter().any(|lib| name.starts_with(lib)))
    };
    let found: Vec<_> = files.iter().filter(theirs).collect();
    let ours = files.iter().any(|file| file.ends_with("/libcluster_abi.so.1"));
    let seen = format!("ours: {ours}, Debian's: {found:?}");
    report.check(
        "all programs have our libraries and none of those they replace",
        ours && found.is_empty(),
        &seen,
    );
    Ok(())
}

/// Asks them all.
pub(super) fn check(place: &Place, report: &mut Report<'_>) -> Result<(), String> {
    for (host, machine) in place.machines.iter().enumerate() {
        let id = (host + 1).to_string();
        let mut says = |line: &str, wanted: &str| -> Result<(), String> {
            let ran = machine.run(line)?;
            let so = ran.fine() && ran.stdout.trim_end() == wanted;
            report.check(&format!("{} {line}: {wanted:?}", machine.name()), so, &ran.said);
            Ok(())
        };
        says("crm_node -i", &id)?;
        says("crm_node -q", "1")?;
        says("crm_node -n", machine.name())?;
        says("crm_node -l", "1 node1 member\n2 node2 member\n3 node3 member")?;
        says("crm_node -p", "node1 node2 node3")?;
    }
    let machine = &place.machines[1];
    libraries(place, report)?;
    let asked: [(&str, &[&str]); 6] = [
        ("crm_resource --list", &["thing", "ocf:pacemaker:Dummy", "Started"]),
        ("cibadmin --query", &["have-quorum=\"1\"", "<primitive id=\"thing\"", "crmd=\"online\""]),
        ("crm_mon -1", &["Stack: corosync", "* Online: [ node1 node2 node3 ]", "Started"]),
        ("pacemakerd --features", &["corosync"]),
        ("pcs status", &["Cluster name: managers", "Online: [ node1 node2 node3 ]", "Started"]),
        ("crm status", &["Online: [ node1 node2 node3 ]", "Started"]),
    ];
    for (line, wanted) in asked {
        let ran = machine.run(line)?;
        let absent: Vec<&str> = wanted.iter().copied().filter(|text| !ran.says(text)).collect();
        let so = ran.fine() && absent.is_empty();
        report.check(line, so, &format!("without {absent:?}, exit {:?}:\n{}", ran.code, ran.said));
    }
    Ok(())
}
