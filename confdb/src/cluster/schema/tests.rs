use super::super::tests::{problems, text};
use crate::error::Severity;

#[test]
fn everything_that_cman_knows_passes_without_a_word() {
    let sections = "<cman nodename=\"a\" debug_mask=\"1\" disable_openais=\"1\">\
          <multicast addr=\"239.1.1.1\" ttl=\"1\" port=\"5405\"/><altmulticast addr=\"239.1.1.2\"/>\
        </cman>\
        <totem token=\"20000\" secauth=\"1\"/>\
        <quorumd label=\"q\" interval=\"1\" tko=\"4\" votes=\"1\">\
          <heuristic program=\"ping -c1 x\" score=\"1\" interval=\"2\" tko=\"1\"/></quorumd>\
        <fencedevices><fencedevice name=\"n\" agent=\"fence_x\" what=\"ever\"/></fencedevices>\
        <fence_daemon post_join_delay=\"30\" clean_start=\"0\" override_time=\"3\"/>\
        <fence_xvmd debug=\"1\" key_file=\"/k\"/><group groupd_compat=\"0\"/>\
        <dlm log_debug=\"0\" protocol=\"tcp\"><lockspace name=\"l\" nodir=\"1\">\
          <master name=\"a\" weight=\"1\"/></lockspace></dlm>\
        <gfs_controld enable_withdraw=\"1\" plock_ownership=\"0\"/><clvmd interface=\"cman\"/>\
        <uidgid uid=\"ais\" gid=\"ais\"/>\
        <logging timestamp=\"on\"><logging_daemon name=\"corosync\" subsys=\"CPG\"/></logging>\
        <rm log_level=\"7\"><failoverdomains><failoverdomain name=\"d\" ordered=\"0\">\
          <failoverdomainnode name=\"a\" priority=\"1\"/></failoverdomain></failoverdomains>\
          <resources><ip address=\"1\"/><own name=\"x\" agents=\"thing\"/></resources>\
          <service name=\"www\" domain=\"d\" __max_restarts=\"1\"><ip ref=\"1\">\
            <any thing=\"goes\"><action name=\"start\" timeout=\"9\"/></any></ip>\
            <own ref=\"x\"/></service><vm name=\"v\" path=\"/etc/xen\"/></rm>";
    assert_eq!(problems(sections), (true, vec![]));
}

#[test]
fn unknown_things_are_reported_at_every_level() {
    let (usable, lines) = problems(
        "<cman><multicats addr=\"1\"/></cman><dlm log_debg=\"1\"/>\
         <fencedevices><fencedevice name=\"n\" agent=\"a\"><inner/></fencedevice></fencedevices>",
    );
    assert!(usable);
    assert_eq!(
        lines,
        [
            "cluster.cman.multicats: cman holds no element multicats; it has no effect",
            "cluster.dlm.log_debg: dlm has no attribute log_debg; it has no effect",
            "cluster.fencedevices.fencedevice.inner: \
             fencedevice holds no element inner; it has no effect",
        ]
    );
}

/// The article's Listing 7 has both slips; its resources would have been left unmounted.
#[test]
fn misspelt_attributes_of_resources_are_reported() {
    let (usable, lines) = problems(
        "<rm><resources><fs name=\"docroot\" fsytpe=\"ext3\" force_umount=\"1\"/></resources></rm>",
    );
    assert!(usable);
    assert_eq!(
        lines,
        [
            "cluster.rm.resources.fs.fsytpe: fs has no attribute fsytpe; it has no effect",
            "cluster.rm.resources.fs.force_umount: \
             fs has no attribute force_umount; it has no effect",
        ]
    );
}

#[test]
fn what_is_unknown_keeps_no_node_from_starting_but_violates_the_schema() {
    let read = crate::load::configuration("f", text("<cman bogus=\"1\"/><bogus/>").as_bytes());
    let severities: Vec<Severity> =
        read.expect("it is usable").warnings.iter().map(|problem| problem.severity).collect();
    assert_eq!(severities, [Severity::Schema, Severity::Schema]);
}
