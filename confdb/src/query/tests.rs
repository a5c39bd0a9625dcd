use proptest::prelude::*;

use super::*;
use crate::load::xml;

const TEXT: &str = "<cluster name=\"x\" config_version=\"5\"><cman port=\"6000\"/>\
    <clusternodes><clusternode name=\"a\" nodeid=\"1\"/>\
    <clusternode name=\"b/c\" nodeid=\"2\"><fence/></clusternode></clusternodes></cluster>";

#[track_caller]
fn asked(query: &str) -> Vec<String> {
    let loaded = xml::load("f", TEXT.as_bytes());
    assert_eq!(loaded.problems, []);
    query.parse::<Query>().expect("it is understood").answers(&loaded.tree)
}

#[test]
fn every_form_that_the_tools_use_is_answered() {
    assert_eq!(asked("/cluster/@name"), ["x"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode/@name"), ["a", "b/c"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode[2]/@nodeid"), ["2"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode[@name=\"b/c\"]/@nodeid"), ["2"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode[@name='a']/@nodeid"), ["1"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode[@nodeid][2]/@name"), ["b/c"]);
    assert_eq!(asked("/cluster/child::*[1]/@port"), ["6000"]);
    assert_eq!(asked("/cluster/child::*[2]/child::*[1]/@name"), ["a"]);
    assert_eq!(asked("/cluster/@*"), ["name=x", "config_version=5"]);
    assert_eq!(asked("/cluster/clusternodes/clusternode"), ["", ""]);
}

#[test]
fn what_is_not_there_has_no_answer() {
    for query in ["/cluster/@nope", "/nope/@name", "/cluster/clusternodes/clusternode[3]/@name"] {
        assert_eq!(asked(query), Vec::<String>::new(), "{query}");
    }
}

#[test]
fn other_questions_are_refused_by_the_part_that_is_not_understood() {
    for (query, why) in [
        ("cluster/@name", "\"cluster/@name\" does not begin with '/'"),
        ("/cluster/@name/x", "\"@name\" is not understood"),
        ("/cluster/@", "\"@\" is not understood"),
        ("/cluster[0]/@name", "\"cluster[0]\" is not understood"),
        ("/cluster[+1]/@name", "\"cluster[+1]\" is not understood"),
        ("/cluster[@a=b]/@name", "\"cluster[@a=b]\" is not understood"),
        ("/cluster[1/@name", "\"cluster[1\" is not understood"),
        ("//@name", "\"\" is not understood"),
        ("/parent::*/@name", "\"parent::*\" is not understood"),
    ] {
        let refused = query.parse::<Query>().expect_err(query);
        assert_eq!(refused.to_string(), why);
    }
    let deep = "/a".repeat(MOST_STEPS + 1);
    assert_eq!(deep.parse::<Query>(), Err(QueryError::TooLong));
}

proptest! {
    #[test]
    fn any_text_is_answered_or_refused(text in "[/@a-c:*\\[\\]=\"'0-9é]{0,30}") {
        let loaded = xml::load("f", TEXT.as_bytes());
        if let Ok(query) = text.parse::<Query>() {
            prop_assert!(query.answers(&loaded.tree).len() < 8);
        }
    }
}
