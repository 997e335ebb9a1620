extends "res://tests/support/scenario.gd"
## One process: [code]get_statistics[/code] of the three classes.

const QUIET_SECONDS: float = 0.3
const PACKETS: int = 20
const PACKET_SIZE: int = 1000
const MEMORY: int = 20000

var _server: MultiplayerPeer
var _client: MultiplayerPeer


func run() -> void:
	_server = new_peer()
	_client = new_other_peer()
	complains("statistics of an inactive peer", _server.get_statistics, {})
	complains("statistics of an inactive connection", new_connection().get_statistics, {})
	await _check_session()
	await _check_waiting()
	await _check_refusals()
	await _check_mesh()


func _check_session() -> void:
	check_equal(_server.create_server(port), OK, "the server starts")
	check_equal(_client.create_client(LOCALHOST, port), OK, "a client starts")
	var before: Dictionary = _server.get_statistics()
	check_equal([before.bytes_sent, before.datagrams_received, before.peers], [0, 0, 0], "a server begins with nothing")
	polled = [_server, _client]
	await until(func() -> bool: return _client.get_connection_status() == CONNECTED, "the client joins")
	_client.set_target_peer(1)
	for index: int in PACKETS:
		check_equal(_client.put_packet(pattern(PACKET_SIZE, index)), OK, "packet %d is sent" % index)
	await until(func() -> bool: return _server.get_available_packet_count() == PACKETS, "all packets arrive")
	var unread: Dictionary = _server.get_statistics()
	check_equal([unread.peers, unread.packets_unread], [1, PACKETS], "the packets wait for the game")
	check(unread.bytes_received > PACKETS * PACKET_SIZE, "their bytes were counted", str(unread.bytes_received))
	# Between two looks there may be another datagram.
	await until(func() -> bool: return _received_by(_server.host) == _received_by(_server), "the host counts as its peer does")
	check_equal(_server.get_statistics().keys(), _server.host.get_statistics().keys() + ["packets_unread"],
		"and has the same numbers")
	if other_class.ends_with("Rs"):
		await until(func() -> bool: return _are_equal(), "what one side sent the other received")
	var peer: PacketPeer = _server.get_peer(_server_client())
	var of_peer: Dictionary = peer.get_statistics()
	check(of_peer.bytes_received > PACKETS * PACKET_SIZE, "the peer's bytes were counted", str(of_peer))
	check(of_peer.datagrams_received <= unread.datagrams_received + 100, "not more than the host's")
	check(of_peer.round_trip_time >= 1 and of_peer.round_trip_time <= 5000, "its round trip is known", str(of_peer))
	var is_the_same: Callable = func() -> bool:
		var told: int = int(peer.get_statistic(ENetPacketPeer.PEER_ROUND_TRIP_TIME))
		return peer.get_statistics().round_trip_time == told
	await until(is_the_same, "as get_statistic tells")
	check(of_peer.congestion_window > 0, "its window is known", str(of_peer))
	check_equal(of_peer.mtu, 1392, "and the largest datagram of both sides")
	await until(func() -> bool: return peer.get_statistics().path_mtu == 1392, "the path is known to carry it")
	check_equal(of_peer.dropped, {"throttle": 0, "bandwidth": 0}, "nothing was dropped")
	var seen: Array = [_server.get_statistics().bytes_received, _server.get_statistics().bytes_received]
	check(seen[1] >= seen[0], "reading resets nothing", str(seen))
	_client.close()
	await until(func() -> bool: return not peer.is_active(), "the client leaves")
	complains("statistics of a peer that is gone", peer.get_statistics, {})
	check(_server.get_statistics().bytes_received >= seen[1], "the host keeps what it counted")
	_end()


func _received_by(object: Object) -> int:
	return object.get_statistics().datagrams_received


func _are_equal() -> bool:
	var server: Dictionary = _server.get_statistics()
	var client: Dictionary = _client.get_statistics()
	return client.datagrams_sent == server.datagrams_received and client.bytes_sent == server.bytes_received \
			and server.datagrams_sent == client.datagrams_received and server.bytes_sent == client.bytes_received


func _server_client() -> int:
	return _server.host.get_peers()[0].get_meta(&"_net_id")


## What nobody takes waits within the limit. Without the network thread it is the poll that takes in.
func _check_waiting() -> void:
	_server.set_limit(ClassDB.class_get_integer_constant(connection_class_beside(peer_class), "LIMIT_MEMORY_PER_PEER"), MEMORY)
	check_equal(_server.create_server(port), OK, "a server with little memory starts")
	check_equal(_client.create_client(LOCALHOST, port), OK, "a client starts")
	polled = [_server, _client]
	await until(func() -> bool: return _client.get_connection_status() == CONNECTED, "the client joins")
	polled = [_client]
	for index: int in PACKETS * 3:
		_client.put_packet(pattern(PACKET_SIZE, index))
	# Without the network thread it is still in the socket.
	if ProjectSettings.get_setting("network/enet_rs/use_network_thread"):
		await until(func() -> bool: return _server.get_statistics().dropped.memory > 0, "what does not fit is not taken")
	await pump(QUIET_SECONDS)
	var waiting: Dictionary = _server.get_statistics()
	check(waiting.bytes_waiting < MEMORY + 2 * PACKET_SIZE, "no more waits than may", str(waiting))
	polled = [_server, _client]
	await until(func() -> bool: return _server.get_available_packet_count() == PACKETS * 3, "all arrives when it is taken")
	await until(func() -> bool: return _server.get_statistics().bytes_waiting == 0, "what was taken waits no more")
	_end()


func _check_refusals() -> void:
	check_equal(_server.create_server(port), OK, "the server starts")
	_server.refuse_new_connections = true
	check_equal(_client.create_client(LOCALHOST, port), OK, "a client starts")
	polled = [_server, _client]
	await until(func() -> bool: return _client.get_connection_status() == DISCONNECTED, "it is turned away")
	var seen: Dictionary = _server.get_statistics()
	# A CONNECT that was not answered in time is repeated, and refused once more.
	check(seen.connects_refused >= 1, "a refusal is counted", str(seen))
	check_equal([seen.dropped.connect_refused, seen.half_open, seen.waiting], [seen.connects_refused, 0, 0], "as such alone")
	check(seen.unproven_bytes_sent > 0 and seen.unproven_bytes_sent < seen.unproven_bytes_received,
		"it was no longer than what it answers", str(seen))
	var stranger := PacketPeerUDP.new()
	stranger.set_dest_address(LOCALHOST, port)
	stranger.put_packet(PackedByteArray([1]))
	await until(func() -> bool: return _server.get_statistics().dropped.malformed == 1, "nonsense is counted by its cause")
	_end()


func _check_mesh() -> void:
	var here: RefCounted = new_connection()
	check_equal(here.create_host_bound(LOCALHOST, port, 1), OK, "a link of a mesh starts")
	var there: RefCounted = connect_with(2)
	await serve_until([here, there], func() -> bool: return here.get_peers().size() == 1, "the link is there")
	var mesh: MultiplayerPeer = new_peer()
	check_equal(mesh.create_mesh(1), OK, "a mesh begins")
	check_equal(mesh.get_statistics().peers, 0, "a mesh without links counts nothing")
	check_equal(mesh.add_mesh_peer(2, here), OK, "the link joins it")
	check_equal(mesh.get_statistics().peers, 1, "a mesh counts what its links count")
	check(mesh.get_statistics().bytes_received > 0, "from their beginning on")
	mesh.close()
	there.destroy()


func _end() -> void:
	_client.close()
	_server.close()
	polled.clear()
