use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"<?xml version="1.0"?>
<!-- ours -->
<cluster   name='x'  config_version="1" >
  <clusternodes>
    <!-- the first -->
    <clusternode name="a"
                 nodeid="1"/>
    <clusternode name="b" nodeid="2"><fence/></clusternode> <!-- beside -->
    <clusternode name="c" nodeid="3">
    </clusternode>
  </clusternodes>
  <fencedevices/>
</cluster>
"#;

fn document(text: &str) -> Document {
    Document::parse("f", text.as_bytes()).expect("it can be read")
}

fn find(document: &Document, path: &str) -> Handle {
    let path = path.parse().expect("it is a path");
    *document.tree().find(&path).first().unwrap_or_else(|| panic!("{path} is not there"))
}

/// The text with one piece changed that is there once.
fn with(old: &str, new: &str) -> String {
    assert_eq!(TEXT.matches(old).count(), 1, "{old}");
    TEXT.replace(old, new)
}

#[test]
fn a_value_changes_between_its_quotes() {
    let mut document = document(TEXT);
    let cluster = find(&document, "cluster");
    document.set(cluster, "config_version", "2").expect("it is there");
    assert_eq!(document.text(), with("config_version=\"1\"", "config_version=\"2\""));
    document.set(cluster, "config_version", "1").expect("it is there");
    document.set(cluster, "name", "it's <\"&").expect("XML can carry it");
    assert_eq!(document.text(), with("name='x'", "name='it&apos;s &lt;&quot;&amp;'"));
    let name = document.tree().key(cluster, "name").expect("it is there");
    assert_eq!(name.value.as_text(), Some("it's <\"&"));
}

#[test]
fn a_new_attribute_comes_after_the_last() {
    let mut document = document(TEXT);
    document.set(find(&document, "cluster"), "new", "1").expect("it fits");
    assert_eq!(document.text(), with("config_version=\"1\" >", "config_version=\"1\" new=\"1\" >"));
    let mut other = self::document(TEXT);
    other.set(find(&other, "cluster.fencedevices"), "new", "1").expect("it fits");
    assert_eq!(other.text(), with("<fencedevices/>", "<fencedevices new=\"1\"/>"));
}

#[test]
fn an_element_gets_a_line_of_its_own_where_its_sibling_has_one() {
    let mut document = document(TEXT);
    let node = Element::new("clusternode").key("name", "d");
    document.append(find(&document, "cluster.clusternodes"), &node).expect("it fits");
    let line = "    </clusternode>\n";
    assert_eq!(document.text(), with(line, &format!("{line}    <clusternode name=\"d\"/>\n")));
}

#[test]
fn an_element_comes_before_the_end_tag_where_no_sibling_has_a_line() {
    let text = "<cluster>\r\n  <a>\r\n  </a>\r\n  <b><c/></b>\r\n</cluster>";
    let mut document = document(text);
    for (parent, name) in [("cluster.a", "x"), ("cluster.a", "y"), ("cluster.b", "z")] {
        document.append(find(&document, parent), &Element::new(name)).expect("it fits");
    }
    document.append(find(&document, "cluster"), &Element::new("d")).expect("it fits");
    assert_eq!(
        document.text(),
        "<cluster>\r\n  <a>\r\n  <x/><y/></a>\r\n  <b><c/><z/></b>\r\n  <d/>\r\n</cluster>"
    );
}

#[test]
fn an_empty_element_is_opened_for_its_first_child() {
    let mut document = document(TEXT);
    let device = Element::new("fencedevice").key("name", "n").child(Element::new("x"));
    document.append(find(&document, "cluster.fencedevices"), &device).expect("it fits");
    let opened = "<fencedevices><fencedevice name=\"n\"><x/></fencedevice></fencedevices>";
    assert_eq!(document.text(), with("<fencedevices/>", opened));
}

#[test]
fn an_element_goes_with_its_line_when_nothing_else_is_on_it() {
    let remove = |path: &str| {
        let mut document = document(TEXT);
        document.remove(find(&document, path)).expect("it is there");
        document.text()
    };
    let first = "    <clusternode name=\"a\"\n                 nodeid=\"1\"/>\n";
    assert_eq!(remove("cluster.clusternodes.clusternode[1]"), with(first, ""));
    let second = "<clusternode name=\"b\" nodeid=\"2\"><fence/></clusternode>";
    assert_eq!(remove("cluster.clusternodes.clusternode[2]"), with(second, ""));
    let third = "    <clusternode name=\"c\" nodeid=\"3\">\n    </clusternode>\n";
    assert_eq!(remove("cluster.clusternodes.clusternode[3]"), with(third, ""));
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut document = document(TEXT);
    let cluster = find(&document, "cluster");
    assert_eq!(document.remove(cluster), Err(TreeError::Root.into()));
    let gone = Handle::from_number(99);
    assert_eq!(document.remove(gone), Err(TreeError::NoSuchObject(99).into()));
    assert_eq!(document.remove(Handle::ROOT), Err(TreeError::NoSuchObject(0).into()));
    for (key, value) in [("a b", ""), ("name", "\u{0}"), ("new", "\u{ffff}")] {
        document.set(cluster, key, value).expect_err(key);
    }
    document.append(cluster, &Element::new("a/b")).expect_err("no name");
    document.append(cluster, &Element::new("a").key("x\"", "")).expect_err("no name");
    let twice = Element::new("a").key("x", "1").key("x", "2");
    let refused = document.append(cluster, &twice).expect_err("no XML");
    assert!(refused.to_string().contains("is there twice"), "{refused}");
    assert_eq!(document.text(), TEXT);
}

#[test]
fn a_byte_order_mark_stays() {
    let mut document = document("\u{feff}<cluster name=\"é\"/>");
    document.set(find(&document, "cluster"), "name", "ü").expect("it is there");
    assert_eq!(document.text(), "\u{feff}<cluster name=\"ü\"/>");
}

#[test]
fn what_is_no_xml_is_refused_with_all_its_errors() {
    let problems = Document::parse("f", b"<a x='1' x='2'><b y></b></a>").expect_err("no XML");
    assert_eq!(problems.len(), 2);
}

/// A tree without the places, for comparison: names and keys, in depth-first order with depth.
fn shape(tree: &Tree, object: Handle, depth: usize) -> Vec<(usize, String, Vec<String>)> {
    let keys = tree.keys(object).iter().map(|key| format!("{}={}", key.name, key.value));
    let mut shape = vec![(depth, tree.name(object).to_owned(), keys.collect())];
    let children = tree.children(object).iter();
    shape.extend(children.flat_map(|child| self::shape(tree, *child, depth + 1)));
    shape
}

/// Markup as people write it, by a plan.
fn element() -> impl Strategy<Value = String> {
    let blank = || prop::sample::select(vec![" ", "  ", "\n\t", " \r\n "]);
    let key = (blank(), "[a-c]", prop::sample::select(vec!["'", "\""]), "[a-z é;#.]{0,4}");
    let keys = prop::collection::btree_map("[a-c]", key, 0..3).prop_map(|keys| {
        let one = |(name, (blank, _, quote, value)): (String, (&str, String, &str, String))| {
            format!("{blank}{name}={quote}{value}{quote}")
        };
        keys.into_iter().map(one).collect::<String>()
    });
    let filler = || {
        prop::sample::select(vec![
            "",
            " ",
            "\n",
            "\r\n",
            "\n  ",
            "<!-- <a/> \" -->",
            "\n  <!-- é -->\n",
            "text",
            "<![CDATA[<b>]]>",
            "<?pi x?>",
        ])
    };
    let leaf = ("[a-c]", keys.clone(), prop::sample::select(vec!["", " "]))
        .prop_map(|(name, keys, blank)| format!("<{name}{keys}{blank}/>"));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let children = prop::collection::vec((filler(), inner, filler()), 0..4).prop_map(|all| {
            all.into_iter().map(|(a, e, b)| format!("{a}{e}{b}")).collect::<String>()
        });
        ("[a-c]", keys.clone(), filler(), children).prop_map(|(name, keys, filler, children)| {
            format!("<{name}{keys}>{filler}{children}</{name} >")
        })
    })
}

fn blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

proptest! {
    #[test]
    fn setting_touches_one_tag(
        body in element(),
        at in any::<prop::sample::Index>(),
        key in "[a-d]",
        value in "[a-z<>&'\" \n]{0,6}",
    ) {
        let text = format!("<!-- a -->\n<r>{body}</r>\n<!-- z -->");
        let mut document = document(&text);
        let mut tree = document.tree().clone();
        let number = at.index(document.spans.len());
        let object = Handle::from_number(u64::try_from(number).unwrap() + 1);
        let open = document.spans[number].open.clone();
        document.set(object, &key, &value).unwrap();
        tree.set(object, &key, value.into()).unwrap();
        prop_assert_eq!(
            shape(document.tree(), Handle::ROOT, 0), shape(&tree, Handle::ROOT, 0), "{}", text
        );
        let edited = document.text();
        prop_assert!(edited.starts_with(&text[..open.start]));
        prop_assert!(edited.ends_with(&text[open.end..]));
    }

    #[test]
    fn removing_touches_one_element_and_the_blanks_of_its_line(
        body in element(),
        at in any::<prop::sample::Index>(),
    ) {
        let text = format!("<!-- a -->\n<r>{body}</r>\n<!-- z -->");
        let mut document = document(&text);
        let mut tree = document.tree().clone();
        let number = at.index(document.spans.len() - 1) + 1;
        let object = Handle::from_number(u64::try_from(number).unwrap() + 1);
        let whole = document.spans[number].whole();
        document.remove(object).unwrap();
        tree.delete(object).unwrap();
        prop_assert_eq!(
            shape(document.tree(), Handle::ROOT, 0), shape(&tree, Handle::ROOT, 0), "{}", text
        );
        // What is left before and after it is what stood there, up to blanks of its own line.
        let edited = document.text();
        let lost = text.len() - edited.len();
        let fits = (0..=lost - whole.len()).any(|before| {
            let start = whole.start - before.min(whole.start);
            let end = start + lost;
            end >= whole.end
                && blank(&text[start..whole.start])
                && blank(&text[whole.end..end])
                && edited == format!("{}{}", &text[..start], &text[end..])
        });
        prop_assert!(fits, "{text:?} became {edited:?}");
    }

    #[test]
    fn adding_inserts_one_element_and_the_blanks_of_its_line(
        body in element(),
        at in any::<prop::sample::Index>(),
        value in "[a-z<>&'\" ]{0,6}",
    ) {
        let text = format!("<!-- a -->\n<r>{body}</r>\n<!-- z -->");
        let mut document = document(&text);
        let mut tree = document.tree().clone();
        let number = at.index(document.spans.len());
        let object = Handle::from_number(u64::try_from(number).unwrap() + 1);
        let span = document.spans[number].clone();
        let name = tree.name(object).to_owned();
        let element = Element::new("n").key("k", &value);
        document.append(object, &element).unwrap();
        let new = tree.create(object, "n").unwrap();
        tree.set(new, "k", value.into()).unwrap();
        prop_assert_eq!(
            shape(document.tree(), Handle::ROOT, 0), shape(&tree, Handle::ROOT, 0), "{}", text
        );
        let edited = document.text();
        let markup = element.markup().unwrap();
        let place = edited.find(&markup).unwrap();
        let (before, after) = (&edited[..place], &edited[place + markup.len()..]);
        if span.close.is_none() {
            let opened = before.strip_suffix('>').unwrap();
            let rest = after.strip_prefix(&format!("</{name}>")).unwrap();
            prop_assert_eq!(format!("{opened}/>{rest}"), text);
        } else {
            let indent = edited.len() - markup.len() - text.len();
            let fits = (0..=indent).any(|head| {
                let cut = before.len().checked_sub(head);
                let (Some(head), Some(tail)) = (
                    cut.and_then(|cut| before.get(..cut)), after.get(indent - head..)
                ) else { return false };
                blank(&before[head.len()..]) && format!("{head}{tail}") == text
            });
            prop_assert!(fits, "{text:?} became {edited:?}");
        }
    }

    #[test]
    fn any_text_is_edited_or_refused(text in "[<>/a-b \n='\"!-]{0,40}") {
        if let Ok(mut document) = Document::parse("f", text.as_bytes()) {
            document.append(Handle::from_number(1), &Element::new("n")).unwrap();
        }
    }
}
