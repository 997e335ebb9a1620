//! Every scenario, for every pairing of implementations. The crate page says what is compared and what is tolerated.

#[cfg(target_os = "linux")]
mod c;
#[cfg(not(target_os = "linux"))]
#[path = "no_c.rs"]
mod c;
mod endpoint;
mod heap;
mod ours;
mod rusty;
mod scenarios;
mod stage;
mod victim;
mod weaknesses;

use endpoint::{Endpoint, Options};
use enet_proto::Recovery;
use ours::Ours;
use rusty::Rusty;
use stage::Role;

fn ours(options: Options) -> Option<Box<dyn Endpoint>> {
    Some(Box::new(Ours::new(options, Recovery::Fast)))
}

fn ours_vanilla(options: Options) -> Option<Box<dyn Endpoint>> {
    Some(Box::new(Ours::new(options, Recovery::Vanilla)))
}

fn rusty_enet(options: Options) -> Option<Box<dyn Endpoint>> {
    Some(Box::new(Rusty::new(options)))
}

fn c_enet(options: Options) -> Option<Box<dyn Endpoint>> {
    c::endpoint(options)
}

/// A module of tests for each pairing, one test for each scenario.
macro_rules! pairings {
    ($($pairing:ident: $client:ident, $server:ident;)*) => {
        $(mod $pairing {
            use crate::scenarios;
            const MAKES: [crate::stage::Make; 2] = [crate::$client, crate::$server];
            pairings!(@scenarios
                connecting_tells_both_sides_and_carries_the_user_data
                packets_of_every_kind_and_size_arrive_whole
                packets_of_every_kind_and_size_arrive_whole_through_the_range_coder
                packets_of_every_kind_and_size_arrive_whole_with_checksums
                packets_of_every_kind_and_size_arrive_whole_with_both
                reliable_packets_survive_loss_in_order
                unreliable_packets_never_go_back_in_time
                mebibyte_crosses_a_lossy_link
                disconnect_reaches_the_other_side_with_its_data
                disconnect_now_tells_the_other_side_only
                disconnect_later_delivers_what_was_queued
                disconnecting_while_connecting_leaves_no_connection
                vanished_peer_times_out_at_both_ends
                idle_connection_stays_open
                full_server_leaves_the_client_to_its_timeout
                channel_count_is_the_smaller_of_both
                slot_can_be_used_again_and_again
                limited_bandwidth_slows_but_delivers
                sequence_numbers_wrap
            );
        })*
    };
    (@scenarios $($scenario:ident)*) => {
        $(#[test]
        fn $scenario() {
            scenarios::$scenario(MAKES);
        })*
    };
}

pairings! {
    our_client_and_rusty_server: ours, rusty_enet;
    rusty_client_and_our_server: rusty_enet, ours;
    our_client_and_c_server: ours, c_enet;
    c_client_and_our_server: c_enet, ours;
    our_vanilla_client_and_rusty_server: ours_vanilla, rusty_enet;
    rusty_client_and_our_vanilla_server: rusty_enet, ours_vanilla;
    our_vanilla_client_and_c_server: ours_vanilla, c_enet;
    c_client_and_our_vanilla_server: c_enet, ours_vanilla;
    our_fast_client_and_our_vanilla_server: ours, ours_vanilla;
    control_rusty_enet_with_itself: rusty_enet, rusty_enet;
    control_c_enet_with_itself: c_enet, c_enet;
}

/// Of all senders, our fast strategy alone is held to this: here `rusty_enet` with itself, C ENet with itself and our own
/// `Recovery::Vanilla` all break the connection and end "not within five minutes". It is in the nature of vanilla: each
/// loss in a row of a packet or its acknowledgement doubles the wait, and at 32 times the first one it gives the remote
/// up. Every second exchange fails on such a path, and 300 packets leave room for the few failures in a row that it takes.
#[test]
fn our_packets_reach_every_receiver_where_three_datagrams_in_ten_are_lost() {
    for remote in [ours, ours_vanilla, rusty_enet, c_enet] {
        scenarios::reliable_packets_survive_heavy_loss_in_order([ours, remote], Role::Client);
        scenarios::reliable_packets_survive_heavy_loss_in_order([remote, ours], Role::Server);
    }
}

#[test]
fn our_packets_reach_every_receiver_where_the_path_drops_what_is_large() {
    for remote in [ours, ours_vanilla, rusty_enet, c_enet] {
        scenarios::mebibyte_crosses_a_narrow_link([ours, remote]);
    }
}
