//! Where we must be, and where we are.

use std::fmt::Write as _;

use super::rows::Rows;
use super::{BASE, ENGINES};

/// Part of a key.
type Key = Vec<(&'static str, String)>;

/// Ours and Corosync's of one figure.
fn both(rows: &Rows, bench: &str, key: &Key, field: &str) -> (Option<f64>, Option<f64>) {
    let of = |engine| rows.median((bench, engine), key, field);
    (ENGINES.into_iter().take(2).find_map(of), of(BASE))
}

fn ratio(rows: &Rows, bench: &str, key: &Key, field: &str) -> Option<f64> {
    let (ours, theirs) = both(rows, bench, key, field);
    ours.zip(theirs).filter(|(_, theirs)| *theirs > 0.0).map(|(ours, theirs)| ours / theirs)
}

fn key(fields: &[(&'static str, &str)]) -> Key {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// The least, or most, of some figures.
fn worst(figures: Vec<Option<f64>>, least: bool) -> Option<f64> {
    let figures = figures.into_iter().flatten();
    figures.reduce(if least { f64::min } else { f64::max })
}

/// The table of the bars.
pub(super) fn table(rows: &Rows) -> String {
    let mut text = "## Where we must be\n\n\
                    Ratios are ours to Corosync's with aes256; the worst of the cells that a row \
                    names.\n\n| measure | bar | aim | measured |\n|---|---|---|---|\n"
        .to_owned();
    for (name, bar, aim, measured) in [speeds(rows), delays(rows), times(rows)].concat() {
        let measured = measured.unwrap_or_else(|| "not measured".to_owned());
        writeln!(text, "| {name} | {bar} | {aim} | {measured} |").expect("a string takes all");
    }
    text + "\n"
}

type Row = (String, &'static str, &'static str, Option<String>);

fn times_of(value: Option<f64>) -> Option<String> {
    value.map(|value| format!("{value:.2} ×"))
}

fn speeds(rows: &Rows) -> Vec<Row> {
    let all = |n: &str, size: &str| key(&[("nodes", n), ("size", size), ("senders", n)]);
    let speed = |n, sizes: &[&str], field| {
        let of = |size: &&str| ratio(rows, "throughput", &all(n, size), field);
        sizes.iter().map(of).collect::<Vec<_>>()
    };
    let large = ["1024", "8192", "65536"];
    let every = ["64", "1024", "8192", "65536"];
    let mut list = Vec::new();
    for (n, bar, aim) in [("3", "4 ×", "8 ×"), ("8", "8 ×", "15 ×")] {
        let measured = times_of(worst(speed(n, &large, "megabytes_per_second"), true));
        list.push((format!("throughput, 1 KiB–64 KiB, {n} nodes"), bar, aim, measured));
    }
    for n in ["3", "8"] {
        let measured = times_of(worst(speed(n, &["64"], "messages_per_second"), true));
        list.push((format!("messages/s at 64 B, {n} nodes"), "3 ×", "6 ×", measured));
        let measured = times_of(worst(speed(n, &every, "cpu_ns_per_message"), false));
        list.push((format!("CPU per delivered message, {n} nodes"), "≤ 0.4", "≤ 0.2", measured));
    }
    let lossy = |rate: &str| key(&[("nodes", "3"), ("loss_per_cent", rate)]);
    let kept = |rate: &str| {
        let of = |rate| both(rows, "loss", &lossy(rate), "megabytes_per_second").0;
        of(rate).zip(of("0")).map(|(lossy, clean)| format!("{:.0} %", 100.0 * lossy / clean))
    };
    for (rate, bar, aim) in [("0.1", "90 %", "97 %"), ("1", "75 %", "90 %"), ("5", "40 %", "60 %")]
    {
        list.push((format!("throughput kept at {rate} % loss"), bar, aim, kept(rate)));
    }
    let silence = both(rows, "silence", &lossy("1"), "silence").0;
    let silence = silence.map(|nanos| format!("{:.1} ms", nanos / 1e6));
    list.push(("longest silence at 1 % loss, 3 nodes".to_owned(), "50 ms", "10 ms", silence));
    list
}

fn delays(rows: &Rows) -> Vec<Row> {
    let mut list = Vec::new();
    for n in ["3", "8"] {
        for (name, fields) in [("p50", ["own_p50", "peer_p50"]), ("p99", ["own_p99", "peer_p99"])] {
            let at = key(&[("nodes", n), ("rate", "100")]);
            let ratios = fields.map(|field| ratio(rows, "latency", &at, field));
            let measured = times_of(worst(ratios.into(), false));
            let name = format!("latency {name} at 100 msg/s, {n} nodes");
            list.push((name, "≤ 0.6", "≤ 0.3", measured));
        }
    }
    list
}

fn times(rows: &Rows) -> Vec<Row> {
    let mut list = Vec::new();
    let took = |bench: &str, fields: &[(&'static str, &str)]| {
        let (ours, theirs) = both(rows, bench, &key(fields), "ms");
        let beside = theirs.map(|ms| format!(" (Corosync {ms:.0} ms)")).unwrap_or_default();
        ours.map(|ms| format!("{ms:.1} ms{beside}"))
    };
    for n in ["3", "5", "8", "16"] {
        let at = [("nodes", n), ("blow", "kill"), ("token", "0")];
        let name = format!("kill -9 → all agree, {n} nodes, default timers");
        list.push((name, "250 ms", "50 ms", took("failure", &at)));
    }
    for (n, bar) in [("3", "1.3 s"), ("16", "1.5 s")] {
        let at = [("nodes", n), ("blow", "cut"), ("token", "1000")];
        let name = format!("link cut → all agree, token 1000 ms, {n} nodes");
        list.push((name, bar, "< 0.5 s", took("failure", &at)));
    }
    for n in ["3", "16"] {
        let at = [("nodes", n), ("blow", "leave"), ("token", "0")];
        list.push((format!("clean leave, {n} nodes"), "50 ms", "10 ms", took("failure", &at)));
    }
    for n in ["32", "64"] {
        let rings = both(rows, "formation", &key(&[("nodes", n)]), "rings").0;
        let rings = rings.map(|rings| format!(", {rings} configurations")).unwrap_or_default();
        let measured = took("formation", &[("nodes", n)]).map(|took| took + &rings);
        let name = format!("formation of {n} nodes from cold");
        list.push((name, "5 s, ≤ 3 configurations", "2 s", measured));
    }
    for n in ["3", "64"] {
        let of = |field| both(rows, "idle", &key(&[("nodes", n)]), field).0;
        let measured = of("cpu_millionths").zip(of("resident_mib"));
        let measured =
            measured.map(|(cpu, memory)| format!("{:.2} %, {memory:.1} MiB", cpu / 10_000.0));
        list.push((format!("idle daemon, {n} nodes"), "< 0.15 %, < 15 MB", "less", measured));
    }
    list.push(("largest cluster formed, and under load".to_owned(), "64", "128", largest(rows)));
    list
}

/// Of our clusters that formed and of those that delivered, the one with the most nodes.
fn largest(rows: &Rows) -> Option<String> {
    let most = |bench: &str, field| {
        let nodes = rows.values(bench, "nodes").into_iter().rev();
        nodes.into_iter().find_map(|n| {
            let figure = both(rows, bench, &key(&[("nodes", &n)]), field).0?;
            Some((n, figure))
        })
    };
    let (formed, ms) = most("formation", "ms")?;
    let loaded = most("throughput", "messages_per_second");
    let loaded =
        loaded.map(|(n, speed)| format!("; {n} under load, {speed:.0} messages/s at each"));
    Some(format!("{formed} in {ms:.0} ms{}", loaded.unwrap_or_default()))
}
