//! Whose packets are freed, and when: the caller's bytes have one owner again as soon as nobody can send them any more.

use bytes::Bytes;
use enet_proto::Packet;

use crate::common::{Pair, client, pump, server};

in_both_modes! {
    fn a_packet_that_is_refused_is_freed_d13(threaded: bool) {
        let pair = Pair::connected(threaded);
        let refused = payload(1000);
        let send = |channel_id| pair.to_server.send(channel_id, Packet::reliable(refused.clone()));
        send(200).expect_err("there is no such channel");
        pair.to_server.disconnect(0);
        send(0).expect_err("the peer is leaving");
        assert_eq!(server(threaded).broadcast(0, &Packet::reliable(refused.clone())), 0);
        drop(pair);
        assert!(refused.is_unique());
    }

    fn what_is_queued_when_a_host_closes_is_freed_d13(threaded: bool) {
        let pair = Pair::connected(threaded);
        // The second is larger than what is sent without an acknowledgement.
        let queued = [payload(1000), payload(4 << 20)];
        for data in &queued {
            pair.to_server.send(0, Packet::reliable(data.clone())).unwrap();
        }
        assert!(!queued[1].is_unique(), "it waits");
        pair.client.close();
        assert!(queued.iter().all(Bytes::is_unique));
    }

    fn a_broadcast_is_freed_when_all_have_it_d13(threaded: bool) {
        let server = server(threaded);
        let clients = [client(threaded), client(threaded)];
        for client in &clients {
            client.connect(server.local_address().unwrap(), 1, 0).unwrap();
        }
        let hosts = [&server, &clients[0], &clients[1]];
        pump(&hosts, |events| events.len() == 4);
        let news = payload(100_000);
        assert_eq!(server.broadcast(0, &Packet::reliable(news.clone())), 2);
        pump(&hosts, |events| events.len() == 2 && news.is_unique());
    }
}

fn payload(len: usize) -> Bytes {
    Bytes::from(vec![7; len])
}
