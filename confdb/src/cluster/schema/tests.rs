use super::super::tests::problems;

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
        <rm log_level=\"7\"><service name=\"www\"><ip ref=\"1\"><any thing=\"goes\"/></ip>\
        </service></rm>";
    assert_eq!(problems(sections), (true, vec![]));
}

#[test]
fn unknown_things_are_reported_at_every_level() {
    let (usable, lines) = problems(
        "<cman><multicats addr=\"1\"/></cman><dlm log_debg=\"1\"/>\
         <fencedevices><fencedevice name=\"n\"><inner/></fencedevice></fencedevices>",
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
