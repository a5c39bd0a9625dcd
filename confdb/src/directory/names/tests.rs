use super::*;

#[test]
fn names_are_those_of_the_schema() {
    for (confdb, directory) in [
        ("name", "name"),
        ("config_version", "rhcsConfig-version"),
        ("two_node", "rhcsTwo-node"),
        ("__independent_subtree", "rhcs--independent-subtree"),
        ("SID", "rhcsSID"),
        ("InstanceName", "rhcsInstanceName"),
        ("START_PROFILE", "rhcsSTART-PROFILE"),
    ] {
        assert_eq!(attribute(confdb).as_deref(), Some(directory));
        assert_eq!(key(directory).as_deref(), Some(confdb));
        assert_eq!(key(&directory.to_lowercase()).as_deref(), Some(confdb), "whatever the case");
    }
    assert_eq!(class("clusternode"), ("rhcsClusternode".to_owned(), true));
    assert_eq!(class("logging_daemon"), ("rhcsLogging-daemon".to_owned(), true));
    assert_eq!(class("bogus"), ("rhcsBogus".to_owned(), false));
}

#[test]
fn what_would_not_come_back_is_refused() {
    for key in ["foo-bar", "foo:bar", "Foo", "", "ä", "order"] {
        assert_eq!(attribute(key), None, "{key}");
    }
    for no_key in ["cn", "objectClass", "rhcsOrder", "entryUUID", "rhcs", "rhc", "ärhcs"] {
        assert_eq!(key(no_key), None, "{no_key}");
    }
}
