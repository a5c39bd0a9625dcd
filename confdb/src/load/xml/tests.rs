use proptest::prelude::*;

use super::super::text::LARGEST_TEXT;
use super::*;
use crate::tree::{DEEPEST, MOST_KEYS};

fn lines(text: &[u8]) -> Vec<String> {
    load("f", text).problems.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_only(text: &str, problem: &str) {
    assert_eq!(lines(text.as_bytes()), [problem], "{text}");
}

#[test]
fn element_and_attribute_know_their_line_and_column() {
    let loaded = load("f", b"<?xml version=\"1.0\"?>\n<a>\n  <b x=\"1\"\n     y=\"2\"/></a>");
    assert!(loaded.sound && loaded.problems.is_empty());
    let b = loaded.tree.find(&"a.b".parse().unwrap())[0];
    assert_eq!(loaded.tree.place(b), Some(Place { line: 3, column: 3 }));
    let places: Vec<Place> = loaded.tree.keys(b).iter().filter_map(|key| key.place).collect();
    assert_eq!(places, [Place { line: 3, column: 6 }, Place { line: 4, column: 6 }]);
}

#[test]
fn references_in_values_are_resolved_and_blanks_normalized() {
    let loaded = load("f", b"<a x=\"&lt;&gt;&amp;&apos;&quot;&#65;&#x42;\n\t&#10;\" y='\"'/>");
    assert_eq!(loaded.problems, []);
    let a = loaded.tree.children(Handle::ROOT)[0];
    let values: Vec<String> = loaded.tree.keys(a).iter().map(|key| key.value.to_string()).collect();
    assert_eq!(values, ["<>&'\"AB  \n", "\""]);
}

#[test]
fn byte_order_mark_is_skipped_and_shifts_no_column() {
    let loaded = load("f", b"\xef\xbb\xbf<a/>");
    assert_eq!(loaded.problems, []);
    let a = loaded.tree.children(Handle::ROOT)[0];
    assert_eq!(loaded.tree.place(a), Some(Place { line: 1, column: 1 }));
}

#[test]
fn empty_text_says_so() {
    assert_only("", "f:1: Document is empty");
    assert_only(" \n\n", "f:3: Document is empty");
    assert_only("<!-- nothing -->", "f:1: Document is empty");
}

#[test]
fn other_encodings_are_named() {
    assert_eq!(
        lines(b"<a>\n<b x=\"M\xfcller\"/></a>"),
        ["f:2: byte 0xfc is not UTF-8; the encoding must be UTF-8"]
    );
    assert_eq!(
        lines(b"\xff\xfe<\0a\0/\0>\0"),
        ["f:1: encoded in UTF-16; the encoding must be UTF-8"]
    );
    assert_only(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
        "f:1: encoding \"ISO-8859-1\" is not read",
    );
    assert_eq!(lines(b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>"), [""; 0]);
}

#[test]
fn characters_that_xml_does_not_have_are_named() {
    assert_only("<a>\n\u{1b}</a>", "f:2: character \\u{1b} is not allowed in XML");
    assert_only("<a x=\"&#1;\"/>", "f:1: character \\u{1} is not allowed in XML");
    assert_eq!(lines(b"<a x=\"&#0;\"/>").len(), 1);
    assert_eq!(lines(b"<a x=\"&#xd800;\"/>").len(), 1);
}

#[test]
fn document_type_and_its_entities_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;\">\n\
                <!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<a x=\"&m;\" y=\"&x;\">&x;</a>";
    assert_eq!(
        lines(bomb.as_bytes()),
        [
            "f:1: a document type declaration is not allowed",
            "f:3: Entity 'm' not defined",
            "f:3: Entity 'x' not defined",
            "f:3: Entity 'x' not defined",
            "f:3: warning: text \"&\" in a is ignored",
        ]
    );
}

#[test]
fn attribute_faults_are_named_and_the_reading_goes_on() {
    assert_only("<a x=\"1\" y=\"2\" x=\"3\"/>", "f:1: attribute x of a is there twice");
    assert_only("<a x y=\"2\"/>", "f:1: attribute x of a has no value");
    assert_only("<a y=\"2\" x=1/>", "f:1: attribute x of a is not quoted");
    assert_only("<a x=/>", "f:1: attribute x of a has no value after '='");
    assert_only("<a x=\"1 < 2\"/>", "f:1: value \"1 < 2\" of x contains '<'");
    assert_only("<a x=\"&nbsp;\"/>", "f:1: Entity 'nbsp' not defined");
    assert_only("<a x=\"a & b\"/>", "f:1: value \"a & b\" of x has an '&' without ';'");
}

#[test]
fn names_that_no_path_can_carry_are_refused() {
    let refusal = "is not a name: 1 to 255 letters, digits, '_', '-' or ':'";
    assert_only("<a><b.c/></a>", &format!("f:1: element \"b.c\" {refusal}"));
    assert_only("<a><1b/></a>", &format!("f:1: element \"1b\" {refusal}"));
    assert_only("<a x.y=\"1\"/>", &format!("f:1: attribute \"x.y\" {refusal}"));
}

#[test]
fn a_hostile_end_tag_does_not_break_the_line_of_its_problem() {
    let problem = "Opening and ending tag mismatch: a line 1 and \"b\\nc\"";
    assert_only("<a></b\nc>", &format!("f:1: {problem}"));
}

#[test]
fn content_outside_of_the_root_is_refused() {
    let extra = "Extra content at the end of the document";
    assert_only("<a/>\n<b/>", &format!("f:2: {extra}: \"b\""));
    assert_only("<a/>\ntext", &format!("f:2: {extra}: \"text\""));
    assert_only("<a></a></a>", &format!("f:1: {extra}: \"a\""));
    assert_only("text<a/>", "f:1: Start tag expected, '<' not found: \"text\"");
}

#[test]
fn text_between_elements_is_reported() {
    assert_only("<a>\n hello <b/></a>", "f:2: warning: text \"hello\" in a is ignored");
    assert_only("<a><![CDATA[x]]></a>", "f:1: warning: text \"x\" in a is ignored");
}

#[test]
fn broken_markup_ends_the_reading_with_its_place() {
    let text = "<a>\n<b x=\"1>\n</a>";
    let loaded = load("f", text.as_bytes());
    assert!(!loaded.sound);
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(loaded.problems[0].line, Some(2), "{}", loaded.problems[0]);
    assert!(!load("f", b"<a><!-- ").sound);
    assert!(!load("f", b"<").sound);
}

#[test]
fn depth_width_and_size_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(DEEPEST + 1), "</a>".repeat(DEEPEST + 1));
    let loaded = load("f", deep.as_bytes());
    assert!(!loaded.sound);
    assert!(loaded.problems[0].what.ends_with("at most 63 objects within each other"));
    let attributes: String = (0..=MOST_KEYS).map(|n| format!(" k{n}=\"\"")).collect();
    let loaded = load("f", format!("<a{attributes}/>").as_bytes());
    assert!(!loaded.sound);
    assert_eq!(loaded.problems[0].what, "attribute a has no room for k1024: at most 1024 keys");
    let faulty: String = (0..=MOST_KEYS + 1).map(|n| format!(" k{n}")).collect();
    let loaded = load("f", format!("<a{faulty}/>").as_bytes());
    assert!(!loaded.sound, "the bound holds for faulty attributes too");
    let huge = " ".repeat(LARGEST_TEXT + 1);
    assert_eq!(
        lines(huge.as_bytes()),
        ["f:1: 1048577 bytes are too many: at most 1048576 are read"]
    );
    let many = format!("<a>{}</a>", "<b/>".repeat(70_000));
    assert!(!load("f", many.as_bytes()).sound);
}

/// Each of these would take minutes if its cost grew with the square of its size.
#[test]
fn large_hostile_texts_are_read_in_proportion_to_their_size() {
    let filled = |start: &str, piece: &str, end: &str| {
        let count = (LARGEST_TEXT - start.len() - end.len()) / piece.len();
        format!("{start}{}{end}", piece.repeat(count))
    };
    for text in [
        filled("<a>", "& ", "</a>"),
        filled("<a>", "&x;", "</a>"),
        filled("<a>", "x<!---->", "</a>"),
        filled("<a>", "</b>", "</a>"),
        filled("<a", " b", "/>"),
        filled("<a", " b=\"\"", "/>"),
        filled("<a x=\"", "&lt;", "\"/>"),
        filled("<cluster><clusternodes>", "<clusternode/>", "</clusternodes></cluster>"),
        filled("<cluster>", "<cman/>\n", "</cluster>"),
        filled("", "<a>", ""),
        filled("", "<a/>", ""),
    ] {
        let _ = crate::load::configuration("f", text.as_bytes());
    }
}

/// Text that looks enough like XML to get somewhere.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<"),
        Just(">"),
        Just("/>"),
        Just("</"),
        Just("<a"),
        Just("<cluster"),
        Just("</a>"),
        Just(" x=\""),
        Just("\""),
        Just("'"),
        Just("="),
        Just("&"),
        Just("&amp;"),
        Just("&#"),
        Just("&#0;"),
        Just(";"),
        Just("<!--"),
        Just("-->"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<!DOCTYPE"),
        Just("<?"),
        Just("?>"),
        Just("<?xml version=\"1.0\"?>"),
        Just("["),
        Just("]"),
        Just("\n"),
        Just(" "),
        Just("\u{e9}"),
        Just("\r"),
        Just("name=\"x\""),
        Just("<clusternodes>"),
        Just("<clusternode nodeid=\"1\" name=\"a\"/>"),
        Just("\u{feff}"),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = crate::load::configuration("f", &bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = crate::load::configuration("f", text.as_bytes());
    }

    #[test]
    fn arbitrary_markup_never_panics(text in markup()) {
        let loaded = load("f", text.as_bytes());
        prop_assert!(loaded.sound || !loaded.problems.is_empty());
        let _ = crate::load::configuration("f", text.as_bytes());
    }

    #[test]
    fn damaged_listing_never_panics(at in 0_usize..600, byte: u8) {
        let mut text = include_bytes!("../testdata/listing1.conf").to_vec();
        // The last byte is the end of a line, which may be missing.
        let at = at % (text.len() - 1);
        text[at] = byte;
        let _ = crate::load::configuration("f", &text);
        text.truncate(at);
        prop_assert!(crate::load::configuration("f", &text).is_err());
    }
}
