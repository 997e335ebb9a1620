//! The figures of a soak, one a line.

use crate::process::Rows;

use super::account::{Link, Outcome, Resident};
use super::growth;
use super::usage::COUNTS;

/// All figures of `outcome`.
pub(super) fn table(outcome: &Outcome) -> Rows {
    let mut rows = Rows::default();
    rows.add("clients came for", format!("{:.0} s", outcome.seconds));
    for (name, count) in &outcome.network {
        rows.add(format!("network: {name}"), count);
    }
    add_connections(outcome, &mut rows);
    for resident in &outcome.residents {
        add_usage(resident, outcome.seconds, &mut rows);
    }
    rows
}

fn add_connections(outcome: &Outcome, rows: &mut Rows) {
    if let Some(server) = &outcome.server {
        rows.add("arrivals at the server", server.arrivals);
        rows.add("departures from the server", server.departures);
        let longest = server.longest_frame_msec;
        rows.add("longest frame of the server", format!("{longest} ms"));
    }
    for (class, count) in outcome.count_by(|link| &link.class) {
        rows.add(format!("connections of {class}"), count);
    }
    for (way, count) in outcome.count_by(|link| &link.way) {
        rows.add(format!("connections ended by {way}"), count);
    }
    let both = || outcome.clients.iter().chain(&outcome.servers);
    let reliable = |link: &Link| link.received.iter().sum::<u64>();
    rows.add(
        "reliable packets received",
        both().map(reliable).sum::<u64>(),
    );
    let (sent, received): (Vec<u64>, Vec<u64>) = both()
        .map(|link| (link.unreliable_sent, link.unreliable_received))
        .unzip();
    let (sent, received): (u64, u64) = (sent.iter().sum(), received.iter().sum());
    rows.add("unreliable packets", format!("{received} of {sent}"));
    let settled = outcome.clients.iter().filter(|link| link.is_settled());
    let (mut sent, mut lost) = (0, 0);
    for client in settled {
        if let Some(server) = outcome.servers.iter().find(|link| link.id == client.id) {
            for (from, to) in [(client, server), (server, client)] {
                let streams = from.sent.iter().zip(to.received);
                lost += streams
                    .map(|(sent, to)| sent.saturating_sub(to))
                    .sum::<u64>();
                sent += from.sent.iter().sum::<u64>();
            }
        }
    }
    rows.add(
        "reliable packets lost",
        format!("{lost} of {sent} of connections that ended in order"),
    );
    let disorder: u64 = both().map(|link| link.out_of_turn + link.damaged).sum();
    rows.add("packets out of turn or damaged", disorder);
}

fn add_usage(resident: &Resident, seconds: f64, rows: &mut Rows) {
    let name = &resident.name;
    if let (Some(begin), Some(end)) = (&resident.begin, &resident.end) {
        let pairs = [
            ("threads", begin.threads, end.threads),
            ("descriptors", begin.descriptors, end.descriptors),
            ("objects", begin.objects, end.objects),
            ("memory in KiB", begin.resident_kib, end.resident_kib),
        ];
        let text = pairs.map(|(what, begin, end)| format!("{what} {begin} -> {end}"));
        rows.add(format!("{name}: at rest"), text.join(", "));
    }
    let most = COUNTS.map(|(what, value)| {
        let (before, after) = resident.series.most(growth::WARM_UP, value);
        format!("{what} {before} -> {after}")
    });
    let memory = match growth::memory(resident, seconds) {
        Some(trend) => {
            rows.add(format!("{name}: most, warm-up -> later"), most.join(", "));
            let per_minute = trend.slope * 60.0;
            let (growth, span, risen) = (trend.growth(), trend.span, trend.risen);
            let allowed = growth::allowed_kib(resident.players);
            format!(
                "{per_minute:+.2} KiB a minute: {growth:+.0} KiB in {span:.0} s of {allowed} allowed, noise {:.0} KiB, {risen:+.0} KiB with steps",
                trend.noise
            )
        }
        None => format!("not judged in less than {:.0} s", growth::LONG),
    };
    let remark = if resident.is_ours {
        ""
    } else {
        " (not judged)"
    };
    rows.add(format!("{name}: memory{remark}"), memory);
}
