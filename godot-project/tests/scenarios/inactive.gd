extends "res://tests/support/scenario.gd"
## One process: what a peer answers before anything was created, and between two sessions.

const ONE_BYTE: PackedByteArray = [1]


func run() -> void:
	var peer: MultiplayerPeer = new_peer()
	answers("get_class", peer.get_class, peer_class)
	check(peer.is_class("MultiplayerPeer"), "the class is a MultiplayerPeer")
	_check_defaults(peer)
	_check_inactive(peer, "new")
	_check_properties(peer)
	check_equal(peer.create_server(port), OK, "a peer that was only asked can be created")
	peer.close()
	_check_inactive(peer, "closed")
	_check_empty_queue(peer)


func _check_defaults(peer: MultiplayerPeer) -> void:
	check_equal(int(peer.transfer_mode), RELIABLE, "transfer_mode is reliable at first")
	check_equal(peer.transfer_channel, 0, "transfer_channel is 0 at first")
	check_equal(peer.refuse_new_connections, false, "refuse_new_connections is off at first")
	check_equal(peer.encode_buffer_max_size, 8_388_608, "encode_buffer_max_size is 8 MiB at first")
	var id: int = peer.generate_unique_id()
	check(id >= 2 and id <= 2_147_483_647, "generate_unique_id stays in its range", str(id))


func _check_inactive(peer: MultiplayerPeer, state: String) -> void:
	check_equal(int(peer.get_connection_status()), DISCONNECTED, "%s: get_connection_status" % state)
	answers("%s: get_available_packet_count" % state, peer.get_available_packet_count, 0)
	answers("%s: is_server_relay_supported" % state, peer.is_server_relay_supported, false)
	answers("%s: put_packet of nothing" % state, peer.put_packet.bind(PackedByteArray()), OK)
	answers("%s: close" % state, peer.close, null)
	complains("%s: get_unique_id" % state, peer.get_unique_id, 0)
	complains("%s: get_packet_peer" % state, peer.get_packet_peer, 1)
	complains("%s: get_packet_mode" % state, peer.get_packet_mode, RELIABLE)
	complains("%s: get_packet_channel" % state, peer.get_packet_channel, 1)
	complains("%s: host" % state, func() -> bool: return peer.host == null, true)
	complains("%s: get_peer" % state, func() -> bool: return peer.get_peer(1) == null, true)
	complains("%s: put_packet" % state, peer.put_packet.bind(ONE_BYTE), ERR_UNCONFIGURED)
	complains("%s: put_var" % state, peer.put_var.bind(5), ERR_UNCONFIGURED)
	complains("%s: get_packet" % state, peer.get_packet, PackedByteArray())
	answers("%s: get_packet_error" % state, peer.get_packet_error, ERR_UNAVAILABLE)
	complains("%s: get_var" % state, peer.get_var, null)
	complains("%s: poll" % state, peer.poll, null)
	complains("%s: disconnect_peer" % state, peer.disconnect_peer.bind(1), null)
	complains("%s: disconnect_peer by force" % state, peer.disconnect_peer.bind(1, true), null)


## Setters store whatever they are given, in 32 bits.
func _check_properties(peer: MultiplayerPeer) -> void:
	peer.refuse_new_connections = true
	check_equal(peer.refuse_new_connections, true, "refuse_new_connections is stored")
	for channel: int in [3, 0, -1, 255, 1000]:
		peer.transfer_channel = channel
		check_equal(peer.transfer_channel, channel, "transfer_channel %d is stored" % channel)
	for mode: int in [0, 1, 2, 9]:
		peer.set("transfer_mode", mode)
		check_equal(peer.get("transfer_mode"), mode, "transfer_mode %d is stored" % mode)
	peer.set("transfer_mode", RELIABLE)
	peer.transfer_channel = 0


func _check_empty_queue(peer: MultiplayerPeer) -> void:
	check_equal(peer.create_server(port), OK, "the server starts")
	check_equal(int(peer.get_connection_status()), CONNECTED, "a server is connected at once")
	answers("a server's id", peer.get_unique_id, 1)
	answers("a server relays", peer.is_server_relay_supported, true)
	answers("a server alone sends to nobody", peer.put_packet.bind(ONE_BYTE), OK)
	check(peer.host != null and peer.host == peer.host, "host is the same object each time")
	answers("host tells the port", peer.host.get_local_port, port)
	answers("host has no peers", func() -> int: return peer.host.get_peers().size(), 0)
	complains("nothing queued: get_packet_peer", peer.get_packet_peer, 1)
	complains("nothing queued: get_packet_mode", peer.get_packet_mode, RELIABLE)
	complains("nothing queued: get_packet_channel", peer.get_packet_channel, 1)
	complains("nothing queued: get_packet", peer.get_packet, PackedByteArray())
	answers("nothing queued: get_packet_error", peer.get_packet_error, ERR_UNAVAILABLE)
	complains("a server is no peer of its own", func() -> bool: return peer.get_peer(1) == null, true)
	var host: RefCounted = peer.host
	peer.close()
	complains("a kept host is inactive after close", host.get_local_port, 0)
