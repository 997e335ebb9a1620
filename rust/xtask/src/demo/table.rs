//! Shows the accounts of all sides side by side.

use std::fmt::Write as _;

use super::account::{self, Account};
use super::audit;

/// Tables of arrivals, RPCs and scores, one column or row a side.
pub(super) fn render(accounts: &[Account]) -> String {
    [sides(accounts), rpcs(accounts), scores(accounts)].join("\n")
}

fn sides(accounts: &[Account]) -> String {
    let mut rows = vec![cells([
        "side",
        "id",
        "saw join, in order",
        "saw leave, in order",
        "players' nodes",
        "RTT in ms to who joined",
    ])];
    for account in accounts {
        let pings: Vec<String> = account
            .joined
            .iter()
            .filter_map(|id| account.ping_ms.get(id))
            .map(|ping| format!("{ping:.0}"))
            .collect();
        rows.push(vec![
            account.name.clone(),
            account.id.to_string(),
            ids(&account.joined),
            ids(&account.left),
            account.replicated_nodes.len().to_string(),
            pings.join(" "),
        ]);
    }
    align(&rows)
}

fn rpcs(accounts: &[Account]) -> String {
    let mut heading = cells(["RPCs: sent/received by", "channel"]);
    heading.extend(accounts.iter().map(|account| account.name.clone()));
    heading.push("received of sent, in all".to_owned());
    let mut rows = vec![heading];
    for lane in audit::lanes(accounts) {
        let (mode, channel) = audit::mode_and_channel(&lane);
        let mut row = cells([mode, channel]);
        let (mut all_sent, mut all_received) = (0, 0);
        for side in accounts {
            let sent = account::total(&side.sent, &lane);
            let received = account::total(&side.received, &lane);
            row.push(format!("{sent}/{received}"));
            all_sent += sent;
            all_received += received;
        }
        row.push(format!("{all_received} of {all_sent}"));
        rows.push(row);
    }
    align(&rows)
}

fn scores(accounts: &[Account]) -> String {
    let mut heading = cells(["score, as seen by"]);
    heading.extend(accounts.iter().map(|account| account.name.clone()));
    let mut rows = vec![heading];
    let players = accounts
        .first()
        .map_or(&[][..], |account| &account.standings);
    for player in players {
        let mut row = vec![player.name.clone()];
        row.extend(accounts.iter().map(|account| {
            account
                .standings
                .iter()
                .find(|standing| standing.id == player.id)
                .map_or_else(|| "-".to_owned(), |standing| standing.score.to_string())
        }));
        rows.push(row);
    }
    align(&rows)
}

pub(super) fn ids(ids: &[i32]) -> String {
    if ids.is_empty() {
        return "-".to_owned();
    }
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    ids.join(" ")
}

pub(super) fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Columns as wide as their widest cell, two blanks apart.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_with_their_last_word() {
        let rows = [cells(["a", "bb"]), cells(["ccc", "d"])];
        assert_eq!(align(&rows), "a    bb\nccc  d\n");
    }
}
