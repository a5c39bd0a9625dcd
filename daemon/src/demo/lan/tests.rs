use super::*;

#[test]
fn hosts_know_each_other_by_name() {
    let text = hosts_text(&["iscsi1".to_owned(), "iscsi2".to_owned()]);
    assert_eq!(text, "127.0.0.1 localhost\n192.168.10.11 iscsi1\n192.168.10.12 iscsi2\n");
}

#[test]
fn addresses_end_with_the_most_hosts() {
    assert_eq!(address(MOST_HOSTS - 1), Ipv4Addr::new(192, 168, 10, 210));
    assert_eq!(address(usize::MAX), address(MOST_HOSTS));
}

#[test]
fn too_many_hosts_are_refused_before_anything_is_made() {
    let names = vec!["x".to_owned(); MOST_HOSTS + 1];
    let error = Lan::new(&names, ETHERNET_MTU, Path::new("/nonexistent/hosts")).err();
    assert_eq!(
        error.map(|e| e.to_string()),
        Some("cannot make a network: 201 hosts, at most 200".to_owned())
    );
}
