use super::*;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[test]
fn article_cluster_has_its_published_id_and_group() {
    let id = shift_hash("iscsicluster");
    assert_eq!(id, 46516);
    assert_eq!(group(id, V4).to_string(), "239.192.181.106");
}

/// Name, shift hash, IPv4 group, IPv6 group, FNV hash, its IPv4 group.
const TABLE: [(&str, u16, &str, &str, u16, &str); 8] = [
    ("iscsicluster", 46516, "239.192.181.106", "ff15::b5b4", 42476, "239.192.165.146"),
    ("RHCluster", 41524, "239.192.162.214", "ff15::a234", 26061, "239.192.101.51"),
    ("alpha", 3169, "239.192.12.109", "ff15::c61", 12320, "239.192.48.80"),
    ("cluster", 13364, "239.192.52.104", "ff15::3434", 63628, "239.192.248.133"),
    ("mycluster", 56756, "239.192.221.146", "ff15::ddb4", 65461, "239.192.255.181"),
    ("cluster1", 26777, "239.192.104.2", "ff15::6899", 53623, "239.192.209.73"),
    ("test", 1678, "239.192.6.148", "ff15::68e", 56885, "239.192.222.20"),
    ("a", 97, "239.192.0.97", "ff15::61", 52512, "239.192.205.237"),
];

#[test]
fn ids_and_groups_are_those_of_cman() {
    for (name, shift, v4, v6, fnv, fnv_v4) in TABLE {
        assert_eq!(shift_hash(name), shift, "{name}");
        assert_eq!(group(shift, V4).to_string(), v4, "{name}");
        assert_eq!(group(shift, V6).to_string(), v6, "{name}");
        assert_eq!(fnv_hash(name), fnv, "{name}");
        assert_eq!(group(fnv, V4).to_string(), fnv_v4, "{name}");
    }
}

/// Seen on a live CMAN.
#[test]
fn names_of_fifteen_and_sixteen_bytes_have_their_observed_ids() {
    assert_eq!(shift_hash("abcdefghijklmno"), 65423);
    assert_eq!(shift_hash("abcdefghijklmnop"), 65422);
}

#[test]
fn bytes_above_127_count_as_negative() {
    // 0xc3 is -61 and 0xa9 is -87: -61 * 2 - 87 = -209.
    assert_eq!(shift_hash("é"), 0xff2f);
}

#[test]
fn key_of_a_name_ends_with_one_to_four_zeros() {
    for (name, length) in [("a", 4), ("abc", 4), ("abcd", 8), ("elevenbytes", 12)] {
        assert_eq!(name_key(name).len(), length, "{name}");
    }
    assert_eq!(name_key("iscsicluster"), b"iscsicluster\0\0\0\0");
}
