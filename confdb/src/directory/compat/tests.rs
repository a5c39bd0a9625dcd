use super::*;
use crate::load::xml;

#[test]
fn a_repeated_container_and_a_mangled_name_are_kept() {
    let text = "<cluster name='c'><a name='x' __b='1'/><a name='y'/></cluster>";
    let tree = xml::load("x", text.as_bytes()).tree;
    let written = original(&tree, tree.children(Handle::ROOT)[0], "dc=de");
    assert_eq!(
        written,
        "\ndn: name=cluster,dc=de\nname: c\nobjectclass: rhcsCluster\n\
         \ndn: cn=a,name=cluster,dc=de\ncn: a\nobjectclass: nsContainer\n\
         \ndn: name=x,cn=a,name=cluster,dc=de\nname: x\nrhcs_-b: 1\nobjectclass: rhcsA\n\
         \ndn: cn=a,name=cluster,dc=de\ncn: a\nobjectclass: nsContainer\n\
         \ndn: name=y,cn=a,name=cluster,dc=de\nname: y\nobjectclass: rhcsA\n"
    );
}
