//! The five libraries through `rust-corosync`, the bindings of Corosync's own people, on the second
//! of three nodes that are quorate.
//!
//! Must never print what differs between two runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use rust_corosync::{cfg, cmap, cpg, quorum, votequorum, DispatchFlags, NodeId, TrackFlags};

static TOLD: AtomicUsize = AtomicUsize::new(0);

/// Dispatches one after the other until that many were told.
fn until(wanted: usize, dispatch: impl Fn() -> rust_corosync::Result<()>) {
    while TOLD.load(Ordering::SeqCst) < wanted {
        dispatch().expect("there is something, or there will be");
    }
    TOLD.store(0, Ordering::SeqCst);
}

fn told() {
    TOLD.fetch_add(1, Ordering::SeqCst);
}

fn main() -> rust_corosync::Result<()> {
    groups()?;
    quorate()?;
    votes()?;
    keys()?;
    configuration()
}

fn groups() -> rust_corosync::Result<()> {
    let model = cpg::Model1Data {
        flags: cpg::Model1Flags::None,
        deliver_fn: Some(|_, group, node, _, message, length| {
            println!("cpg: {group} from {node}: {length} bytes, {message:?}");
            told();
        }),
        confchg_fn: Some(|_, group, members, left, joined| {
            let reasons = left.iter().chain(&joined).map(|one| one.reason.to_string());
            println!("cpg: {group} has {}: {:?}", members.len(), reasons.collect::<Vec<_>>());
            told();
        }),
        totem_confchg_fn: None,
    };
    let handle = cpg::initialize(&cpg::ModelData::ModelV1(model), 7)?;
    // The context is the binding's own variable, not what it was given.
    cpg::context_get(&handle)?;
    println!("cpg: node {}", cpg::local_get(&handle)?);
    println!("cpg: descriptor {}", cpg::fd_get(&handle)? >= 0);
    cpg::join(&handle, "bindings")?;
    until(1, || cpg::dispatch(&handle, DispatchFlags::One));
    println!("cpg: {} members", cpg::membership_get(&handle, "bindings")?.len());
    println!("cpg: most {}", cpg::max_atomic_msgsize_get(&handle)?);
    cpg::mcast_joined(&handle, cpg::Guarantee::TypeAgreed, b"hello")?;
    until(1, || cpg::dispatch(&handle, DispatchFlags::One));
    for one in cpg::CpgIterStart::new(&handle, "", cpg::CpgIterType::All)? {
        println!("cpg: iteration: {} on {}", one.group, one.nodeid);
    }
    cpg::leave(&handle, "bindings")?;
    until(1, || cpg::dispatch(&handle, DispatchFlags::One));
    cpg::finalize(&handle)
}

fn quorate() -> rust_corosync::Result<()> {
    let model = quorum::Model1Data {
        flags: quorum::Model1Flags::None,
        quorum_notification_fn: Some(|_, quorate, ring, members| {
            println!("quorum: {quorate}, {members:?}, ring {}", ring.seq > 0);
            told();
        }),
        nodelist_notification_fn: Some(|_, ring, members, joined, left| {
            println!("quorum: {members:?} {joined:?} {left:?}, ring {}", ring.seq > 0);
            told();
        }),
    };
    let (handle, _) = quorum::initialize(&quorum::ModelData::ModelV1(model), 9)?;
    println!("quorum: {}", quorum::getquorate(&handle)?);
    quorum::trackstart(&handle, TrackFlags::Current)?;
    until(2, || quorum::dispatch(&handle, DispatchFlags::One));
    quorum::finalize(&handle)
}

fn votes() -> rust_corosync::Result<()> {
    let callbacks = votequorum::Callbacks {
        quorum_notification_fn: Some(|_, context, quorate, nodes| {
            println!("votequorum: {quorate}, {} nodes, context {context}", nodes.len());
            told();
        }),
        nodelist_notification_fn: Some(|_, _, ring, nodes| {
            println!("votequorum: {nodes:?}, ring {}", ring.seq > 0);
            told();
        }),
        expectedvotes_notification_fn: None,
    };
    let handle = votequorum::initialize(&callbacks)?;
    let info = votequorum::get_info(&handle, NodeId::from(3))?;
    println!(
        "votequorum: node {}, {} votes of {}, needs {}",
        info.node_id, info.node_votes, info.highest_expected, info.quorum
    );
    println!("votequorum: of 99: {:?}", votequorum::get_info(&handle, NodeId::from(99)).err());
    votequorum::trackstart(&handle, 5, TrackFlags::Current)?;
    until(2, || votequorum::dispatch(&handle, DispatchFlags::One));
    votequorum::set_expected(&handle, 3)?;
    votequorum::finalize(&handle)
}

fn keys() -> rust_corosync::Result<()> {
    let handle = cmap::initialize(cmap::Map::Icmap)?;
    println!("cmap: {}", cmap::get(&handle, "totem.cluster_name")?);
    let back = cmap::NotifyCallback {
        notify_fn: Some(|_, _, event, key, new, old, context| {
            // The binding has the two values the other way round.
            println!("cmap: {} {key}: {old}, was {new}, context {context}", event.bits());
            told();
        }),
    };
    let kinds = cmap::TrackType::ADD | cmap::TrackType::MODIFY | cmap::TrackType::DELETE;
    let track = cmap::track_add(&handle, "bindings.key", kinds, &back, 11)?;
    cmap::set_u32(&handle, "bindings.key", 5)?;
    until(1, || cmap::dispatch(&handle, DispatchFlags::One));
    cmap::inc(&handle, "bindings.key")?;
    until(1, || cmap::dispatch(&handle, DispatchFlags::One));
    cmap::track_delete(&handle, track)?;
    println!("cmap: refused: {:?}", cmap::set_u32(&handle, "totem.nodeid", 5).err());
    for one in cmap::CmapIterStart::new(&handle, "bindings.")? {
        println!("cmap: {one:?}");
    }
    cmap::finalize(&handle)
}

fn configuration() -> rust_corosync::Result<()> {
    let callbacks = cfg::Callbacks { corosync_cfg_shutdown_callback_fn: None };
    let handle = cfg::initialize(&callbacks)?;
    println!("cfg: node {}", cfg::local_get(&handle)?);
    let status = cfg::node_status_get(&handle, NodeId::from(1), cfg::NodeStatusVersion::V1)?;
    println!("cfg: node {}, reachable {}", status.nodeid, status.reachable);
    cfg::track_start(&handle, cfg::TrackFlags::None)?;
    cfg::track_stop(&handle)?;
    cfg::reopen_log_files(&handle)?;
    cfg::finalize(&handle)
}
