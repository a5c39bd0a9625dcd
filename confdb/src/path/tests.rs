use proptest::prelude::*;

use super::*;

#[test]
fn path_with_index_reads_back() {
    let text = "cluster.clusternodes.clusternode[2].name";
    let path: Path = text.parse().unwrap();
    assert_eq!(path.to_string(), text);
    assert_eq!(path.steps().len(), 4);
    assert_eq!(path.steps()[2].index, NonZeroU32::new(2));
    let (parent, key) = path.split_last().unwrap();
    assert_eq!(parent.to_string(), "cluster.clusternodes.clusternode[2]");
    assert_eq!(key.name, "name");
}

#[test]
fn empty_text_is_the_root() {
    assert_eq!("".parse(), Ok(Path::root()));
    assert_eq!(Path::root().to_string(), "");
    assert_eq!(Path::root().split_last(), None);
}

#[test]
fn broken_paths_are_refused_by_name() {
    for bad in [".", "a.", ".a", "a..b", "a b", "a/b", "[1]", &"x".repeat(LONGEST_NAME + 1)] {
        assert!(matches!(bad.parse::<Path>(), Err(PathError::Name(_))), "{bad}");
    }
    for bad in ["a[", "a[]", "a[0]", "a[x]", "a[1", "a[1]b", "a[+1]", "a[99999999999]"] {
        assert!(matches!(bad.parse::<Path>(), Err(PathError::Index(_))), "{bad}");
    }
    let deep = vec!["a"; MOST_STEPS + 1].join(".");
    assert_eq!(deep.parse::<Path>(), Err(PathError::TooLong));
}

proptest! {
    #[test]
    fn arbitrary_text_is_a_path_or_an_error(text in "\\PC{0,80}") {
        if let Ok(path) = text.parse::<Path>() {
            prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
        }
    }
}
