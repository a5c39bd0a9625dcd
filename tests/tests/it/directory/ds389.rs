//! The other server that is met in the field, 389-DS, takes what we write and gives it back.
//!
//! Must never touch an instance of the machine: this one lives in a directory of its own, listens
//! on a socket in it, and ends with its test. Without `ns-slapd` the test says that it was skipped.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use daemon::directory::source::Asked;
use daemon::directory::text;
use tools::ldif::to_ldif;

use super::asking::changed;
use super::server::{ADMIN, BASE, PASSWORD, run};
use super::{FULL, entries, tool};

/// What an instance is made from; it comes with the server.
const TEMPLATE: &str = "/usr/share/dirsrv/data/template-dse.ldif";

/// A database for our base, which everybody may read.
const BACKEND: &str = "\
dn: cn=main,cn=ldbm database,cn=plugins,cn=config
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: main
nsslapd-suffix: dc=tuxgeek,dc=de

dn: cn=dc\\3Dtuxgeek\\2Cdc\\3Dde,cn=mapping tree,cn=config
objectClass: extensibleObject
objectClass: nsMappingTree
cn: dc=tuxgeek,dc=de
nsslapd-state: backend
nsslapd-backend: main

dn: dc=tuxgeek,dc=de
objectClass: domain
dc: tuxgeek
aci: (targetattr=\"*\")(version 3.0; acl \"all\"; allow (read,search) userdn=\"ldap:///anyone\";)
";

/// A running server.
struct Instance {
    dir: PathBuf,
    server: Child,
}

impl Instance {
    fn start() -> Option<Self> {
        let program = "/usr/sbin/ns-slapd";
        if !Path::new(program).exists() || !Path::new(TEMPLATE).exists() {
            eprintln!("SKIPPED: ns-slapd (389-DS) is not installed");
            return None;
        }
        let dir = std::env::temp_dir().join(format!("directory-389-{}", std::process::id()));
        fs::create_dir_all(dir.join("schema")).expect("a directory of our own");
        fs::create_dir_all(dir.join("db")).expect("a directory of our own");
        fs::write(dir.join("dse.ldif"), settings(&dir)).expect("it can be written");
        for file in ["config/slapd-collations.conf", "schema/99user.ldif"] {
            let to = dir.join(file.trim_start_matches("config/"));
            fs::copy(Path::new("/etc/dirsrv").join(file), to).expect("it comes with the server");
        }
        let schema = tool(to_ldif, &["--schema", "389ds"]);
        fs::write(dir.join("schema/98cluster.ldif"), schema).expect("it can be written");
        let mut command = Command::new(program);
        command.arg("-D").arg(&dir).arg("-i").arg(dir.join("pid")).args(["-d", "0"]);
        let server = command.spawn().expect("it can be run");
        let mut instance = Self { dir, server };
        // As with slapd, nothing says when it serves.
        let end = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(instance.dir.join("sock")).is_err() {
            let ended = instance.server.try_wait().expect("it is our child");
            assert!(ended.is_none() && Instant::now() < end, "it does not serve: {ended:?}");
            thread::yield_now();
        }
        instance.add(BACKEND);
        Some(instance)
    }

    fn url(&self) -> String {
        format!("ldapi://{}", self.dir.join("sock").display().to_string().replace('/', "%2F"))
    }

    fn add(&self, ldif: &str) {
        let file = self.dir.join("add.ldif").display().to_string();
        fs::write(&file, ldif).expect("it can be written");
        let words = ["-x", "-D", ADMIN, "-w", PASSWORD, "-H", &self.url(), "-f", &file];
        run(Command::new("ldapadd").args(words));
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The server's own template, for an instance in one directory.
fn settings(dir: &Path) -> String {
    let user = run(Command::new("id").arg("-un"));
    let here = dir.display().to_string();
    let known = [
        ("schema_dir", format!("{here}/schema")),
        ("db_dir", format!("{here}/db")),
        ("db_home_dir", format!("{here}/db")),
        ("ds_passwd", format!("{{CLEAR}}{PASSWORD}")),
        ("ds_port", "0".to_owned()),
        ("ds_suffix", BASE.to_owned()),
        ("ds_user", user.trim().to_owned()),
        ("fqdn", "localhost".to_owned()),
        ("ldapi_autobind", "off".to_owned()),
        ("ldapi_enabled", "on".to_owned()),
        ("ldapi", format!("{here}/sock")),
        ("rootdn", ADMIN.to_owned()),
        ("db_lib", "bdb".to_owned()),
    ];
    let others = ["lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "config"];
    let others = others.map(|name| (format!("{name}_dir"), here.clone()));
    let all = known.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(others);
    let template = fs::read_to_string(TEMPLATE).expect("it comes with the server");
    all.fold(template, |text, (name, value)| text.replace(&format!("%{name}%"), &value))
}

#[test]
fn another_kind_of_server_takes_the_schema_and_gives_the_configuration_back() {
    let Some(server) = Instance::start() else { return };
    let conf = server.dir.join("full.conf").display().to_string();
    fs::write(&conf, FULL).expect("it can be written");
    server.add(&tool(to_ldif, &[BASE, "--from", &conf]));
    let words = ["clusterd directory", "--base", BASE, "--url", &server.url()];
    let fetched = text(&Asked::parse_from(words)).expect("it is there");
    let again = server.dir.join("again.conf").display().to_string();
    fs::write(&again, &fetched).expect("it can be written");
    assert_eq!(entries(&again), entries(&conf), "{fetched}");

    // By persistent search: who waits is told of another version.
    let known = confdb::load::configuration("x", fetched.as_bytes()).expect("it is valid");
    let known = known.cluster.config_version.to_string();
    let (url, wanted) = (server.url(), known.clone());
    let waits = thread::spawn(move || changed(&url, &wanted));
    let raise = format!(
        "dn: name=cluster,{BASE}\nchangetype: modify\nreplace: rhcsConfig-version\n\
         rhcsConfig-version: 4711\n"
    );
    server.add(&raise);
    assert_eq!(waits.join().expect("it ends"), Ok(format!("another version than {known}\n")));
}
