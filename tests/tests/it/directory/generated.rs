//! Whatever a configuration is made of: as XML, through LDIF and a real server, it comes back
//! object for object.
//!
//! Must never compare with what the writer of entries thinks: the tree of the XML is the measure.

use std::cell::Cell;
use std::fs;

use clap::Parser;
use confdb::{Handle, Tree};
use daemon::directory::source::Asked;
use daemon::directory::text;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tools::ldif::to_ldif;

use super::server::{BASE, Server};
use super::tool;

/// Configurations that are tried: each is some entries in a real server.
const CASES: u32 = 48;

/// An object, its keys in no order, what it holds in order where that means something.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Object {
    element: String,
    keys: Vec<(String, String)>,
    inner: Vec<Object>,
}

fn object(tree: &Tree, handle: Handle) -> Object {
    let element = tree.name(handle).to_owned();
    let mut keys: Vec<(String, String)> =
        tree.keys(handle).iter().map(|key| (key.name.clone(), key.value.to_string())).collect();
    keys.sort();
    let mut inner: Vec<Object> =
        tree.children(handle).iter().map(|&child| object(tree, child)).collect();
    if ["cluster", "clusternodes", "fencedevices"].contains(&element.as_str()) {
        inner.sort();
    }
    Object { element, keys, inner }
}

fn read(source: &str, text: &[u8]) -> Object {
    let loaded = confdb::load::xml::load(source, text);
    assert!(loaded.sound, "{:?}", loaded.problems);
    object(&loaded.tree, loaded.tree.children(Handle::ROOT)[0])
}

fn quoted(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Methods, each with devices, by the numbers of the devices and ports.
fn fence() -> impl Strategy<Value = String> {
    let device = (0..2_u8, 1..9_u8)
        .prop_map(|(device, port)| format!("<device name=\"dev{device}\" port=\"{port}\"/>"));
    vec(vec(device, 0..3), 0..4).prop_map(|methods| {
        // Names that would sort the other way round.
        let count = methods.len();
        let method = |(index, devices): (usize, Vec<String>)| {
            format!("<method name=\"m{}\">{}</method>", count - index, devices.concat())
        };
        let methods: String = methods.into_iter().enumerate().map(method).collect();
        format!("<fence>{methods}</fence>")
    })
}

fn nodes() -> impl Strategy<Value = String> {
    let node = (fence(), 1..4_u8);
    (vec(node, 1..6), any::<bool>()).prop_map(|(nodes, backwards)| {
        let node = |(index, (fence, votes)): (usize, (String, u8))| {
            let id = if backwards { 9 - index } else { index + 1 };
            let keys = format!("name=\"n{index}\" nodeid=\"{id}\" votes=\"{votes}\"");
            format!("<clusternode {keys}>{fence}</clusternode>")
        };
        let nodes: String = nodes.into_iter().enumerate().map(node).collect();
        format!("<clusternodes>{nodes}</clusternodes>")
    })
}

/// A resource with others in it: with a name, a reference, or neither.
fn resource() -> impl Strategy<Value = String> {
    let element = prop::sample::select(vec!["script", "fs", "clusterfs"]);
    let key = prop::sample::select(vec!["name", "ref", "__max_failures"]);
    let value = "[!-~]([ -~]{0,10}[!-~])?";
    let start = (element, key, value);
    let leaf = start.prop_map(|(element, key, value)| {
        (element, format!("<{element} {key}=\"{}\"", quoted(&value)))
    });
    let alone = leaf.clone().prop_map(|(_, start)| format!("{start}/>"));
    alone.prop_recursive(3, 8, 3, move |inner| {
        (leaf.clone(), vec(inner, 0..3))
            .prop_map(|((element, start), inner)| format!("{start}>{}</{element}>", inner.concat()))
    })
}

fn manager() -> impl Strategy<Value = String> {
    let domain = vec((0..5_u8, 1..9_u8), 0..4);
    let services = vec(vec(resource(), 0..3), 0..3);
    (vec(domain, 0..3), vec(resource(), 0..4), services).prop_map(|(domains, all, services)| {
        let domain = |(index, nodes): (usize, Vec<(u8, u8)>)| {
            let node = |(node, priority): (u8, u8)| {
                format!("<failoverdomainnode name=\"n{node}\" priority=\"{priority}\"/>")
            };
            let nodes: String = nodes.into_iter().map(node).collect();
            format!("<failoverdomain name=\"d{index}\" ordered=\"1\">{nodes}</failoverdomain>")
        };
        let domains: String = domains.into_iter().enumerate().map(domain).collect();
        let service = |(index, inner): (usize, Vec<String>)| {
            format!("<service name=\"s,{index}+\" autostart=\"0\">{}</service>", inner.concat())
        };
        let services: String = services.into_iter().enumerate().map(service).collect();
        format!(
            "<rm><failoverdomains>{domains}</failoverdomains><resources>{}</resources>\
             {services}</rm>",
            all.concat()
        )
    })
}

fn configuration() -> impl Strategy<Value = String> {
    (nodes(), manager(), 1..1000_u32, "[a-z]{1,15}").prop_map(|(nodes, manager, version, name)| {
        let devices = "<fencedevices><fencedevice name=\"dev1\" agent=\"fence_x\" passwd=\" \
                       p\"/><fencedevice name=\"dev0\" agent=\"fence_y\"/></fencedevices>";
        format!(
            "<cluster name=\"{name}\" config_version=\"{version}\">\
             <cman wait_for_all=\"1\" ldap_watch=\"yes\"/>{nodes}{devices}{manager}</cluster>"
        )
    })
}

#[test]
fn every_configuration_comes_back_from_a_server() {
    let Some(server) = Server::start("generated", "") else { return };
    let url = server.url();
    let case = Cell::new(0);
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) });
    let ran = runner.run(&configuration(), |xml| {
        // Its own place: what is added by one case is not removed for the next.
        case.set(case.get() + 1);
        let own = format!("case{}", case.get());
        let base = format!("cn={own},{BASE}");
        let conf = server.file("generated.conf");
        fs::write(&conf, &xml).expect("it can be written");
        let ldif = tool(to_ldif, &[&base, "--from", &conf]);
        server.add(&format!("dn: {base}\ncn: {own}\nobjectClass: nsContainer\n\n{ldif}"));
        let words = ["clusterd directory", "--url", &url, "--base", &base];
        let fetched = text(&Asked::parse_from(words)).expect("it is there");
        prop_assert_eq!(read("fetched", fetched.as_bytes()), read("xml", xml.as_bytes()));
        Ok(())
    });
    if let Err(why) = ran {
        panic!("{why}");
    }
}
