use super::super::tests::{assert_refused, good};
use super::*;

#[test]
fn defaults_are_those_of_cman() {
    let settings = good("").logging.of("corosync", None);
    let expected = LogSettings {
        to_syslog: true,
        to_logfile: true,
        to_stderr: None,
        logfile: None,
        syslog_facility: Facility::LOCAL4,
        syslog_priority: Priority::Info,
        logfile_priority: Priority::Info,
        debug: false,
        timestamp: true,
    };
    assert_eq!(settings, expected);
}

#[test]
fn entry_for_a_subsystem_goes_before_one_for_its_daemon() {
    let logging = good(
        "<logging syslog_priority=\"err\" debug=\"off\">\
         <logging_daemon name=\"corosync\" subsys=\"TOTEM\" syslog_priority=\"debug\"/>\
         <logging_daemon name=\"corosync\" syslog_priority=\"notice\" to_logfile=\"no\"/>\
         </logging>",
    )
    .logging;
    let of = |daemon, subsystem| {
        let settings = logging.of(daemon, subsystem);
        (settings.syslog_priority, settings.to_logfile)
    };
    assert_eq!(of("corosync", Some("TOTEM")), (Priority::Debug, false));
    assert_eq!(of("corosync", Some("CMAN")), (Priority::Notice, false));
    assert_eq!(of("corosync", None), (Priority::Notice, false));
    assert_eq!(of("fenced", None), (Priority::Error, true));
}

#[test]
fn misspelt_words_are_refused_with_the_right_ones() {
    assert_refused(
        "<logging to_syslog=\"ja\"/>",
        "cluster.logging.to_syslog: \"ja\" is not yes, no, on or off",
    );
    assert_refused(
        "<logging><logging_daemon name=\"fenced\" debug=\"yess\"/></logging>",
        "cluster.logging.logging_daemon.debug: \"yess\" is not yes, no, on, off or trace",
    );
    assert_refused(
        "<logging><logging_daemon debug=\"on\"/></logging>",
        "cluster.logging.logging_daemon.name: there is no name",
    );
}

#[test]
fn every_facility_has_its_name_and_code() {
    for (name, facility) in FACILITIES {
        assert_eq!(facility.to_string(), name);
        assert!(facility.code() < 24);
    }
}
