extends "res://tests/differential/support/probe.gd"
## How a [SceneMultiplayer] drives a peer, through a wrapper that notes its calls.

const LoggingPeer = preload("res://tests/differential/support/logging_peer.gd")
const NodeOfRpcs = preload("res://tests/differential/support/node_of_rpcs.gd")
const UNRELIABLE: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
const RELIABLE: int = MultiplayerPeer.TRANSFER_MODE_RELIABLE

## Signals of the API objects since they were taken last.
var _api_signals: Array[String] = []


## An API, the wrapper that it drives, and the peer inside.
class End extends RefCounted:
	var called: String
	var api := SceneMultiplayer.new()
	var wrapper: LoggingPeer
	var peer: MultiplayerPeer

	func poll() -> void:
		if api.has_multiplayer_peer():
			api.poll()


func sm_assignment_rules() -> void:
	var api := SceneMultiplayer.new()
	step({
		"class": api.multiplayer_peer.get_class(),
		"unique_id": api.get_unique_id(),
		"server_relay": api.server_relay,
		"auth_timeout": api.auth_timeout,
		"refuse": api.refuse_new_connections,
		"max_sync_packet_size": api.max_sync_packet_size,
		"max_delta_packet_size": api.max_delta_packet_size,
	})
	api.multiplayer_peer = new_peer()
	step({"class": api.multiplayer_peer.get_class()})
	_note_api(api, "api")
	var server: MultiplayerPeer = new_server()
	api.multiplayer_peer = server
	step({"unique_id": api.get_unique_id(), "connections": _connections_of(server)})
	api.multiplayer_peer = null
	step({
		"status_of_old_peer": server.get_connection_status(),
		"connections": _connections_of(server),
		"api_signals": _take_api_signals(),
	})
	step({"value": api.get_unique_id()})
	var silent := PacketPeerUDP.new()
	_must(silent.bind(0, LOCALHOST))
	var client: MultiplayerPeer = new_client_of_port(silent.get_local_port())
	client.get_peer(1).set_timeout(1, 50, 100)
	api.multiplayer_peer = client
	poll_until([api], func() -> bool: return not _api_signals.is_empty())
	step({
		"api_signals": _take_api_signals(),
		"peer_class": api.multiplayer_peer.get_class().trim_suffix("Rs"),
		"status": client.get_connection_status(),
	})


func _connections_of(peer: MultiplayerPeer) -> Array:
	return [
		peer.peer_connected.get_connections().size(),
		peer.peer_disconnected.get_connections().size(),
	]


func sm_authentication() -> void:
	var got: Array[String] = []
	var server: End = _server_end()
	var client: End = _client_end(server, "C1")
	for end: End in [server, client]:
		end.api.auth_callback = func(id: int, data: PackedByteArray) -> void:
			got.append("%s auth data from %s: %s" % [end.called, symbol(id), data.hex_encode()])
		_assign(end)
	poll_until([client, server], func() -> bool: return _api_signals.size() == 2)
	step({
		"api_signals": _take_api_signals(),
		"server_authenticating": _symbols_of(server.api.get_authenticating_peers()),
		"server_peers": _symbols_of(server.api.get_peers()),
	})
	var id: int = client.peer.get_unique_id()
	_clear_calls([server, client])
	var sent: int = client.api.send_auth(1, PackedByteArray([170, 187]))
	step({"returns": error(sent), "calls": client.wrapper.take_calls()})
	poll_until([server, client], func() -> bool: return not got.is_empty())
	step({"got": got})
	_clear_calls([server])
	var completed: int = server.api.complete_auth(id)
	step({
		"returns": error(completed),
		"calls": server.wrapper.take_calls(),
		"api_signals": _take_api_signals(),
		"server_peers": _symbols_of(server.api.get_peers()),
	})
	pump([client], 20)
	step({"client_authenticating": _symbols_of(client.api.get_authenticating_peers())})
	_clear_calls([client])
	completed = client.api.complete_auth(1)
	step({
		"returns": error(completed),
		"calls": client.wrapper.take_calls(),
		"api_signals": _take_api_signals(),
	})
	poll_until([server, client], func() -> bool: return not _api_signals.is_empty())
	step({
		"api_signals": _take_api_signals(),
		"server_peers": _symbols_of(server.api.get_peers()),
	})
	step({"returns": error(server.api.send_auth(id, PackedByteArray([1])))})
	_probe_authentication_timeout(server)
	for end: End in [server, client]:
		end.api.auth_callback = Callable()


func _probe_authentication_timeout(server: End) -> void:
	server.api.auth_timeout = 0.3
	var late: End = _client_end(server, "C2")
	late.api.auth_callback = func(_id: int, _data: PackedByteArray) -> void: pass
	_assign(late)
	_clear_calls([server])
	poll_until([late, server], func() -> bool:
		return late.peer.get_connection_status() == DISCONNECTED and host_peers(server.peer) == 1)
	pump([late, server], 20)
	var calls: Array = server.wrapper.take_calls().filter(func(line: String) -> bool:
		return (line.begins_with("disconnect_peer")
				or line.begins_with("<emit peer_disconnected")))
	step({"calls": calls, "api_signals": _take_api_signals()})


func sm_rpc_calls() -> void:
	var server: End = _server_end()
	var client: End = _client_end(server, "C1")
	var nodes: Array[NodeOfRpcs] = []
	for end: End in [server, client]:
		var branch := Node.new()
		branch.name = end.called
		add_child(branch)
		get_tree().set_multiplayer(end.api, branch.get_path())
		var node := NodeOfRpcs.new()
		node.name = "N"
		branch.add_child(node)
		nodes.append(node)
		_assign(end)
	_join_ends([server, client])
	for row: Array in [["a", 5], ["a", 6], ["b", 7], ["c", 8]]:
		_clear_calls([server])
		var sent: int = nodes[0].rpc(row[0], row[1])
		step({"returns": error(sent), "calls": server.wrapper.take_calls()})
		pump([client, server], 30)
	step({"values": nodes[1].values})
	for end: End in [server, client]:
		get_tree().set_multiplayer(null, get_node(NodePath(end.called)).get_path())


func sm_server_relay_disabled() -> void:
	var server: End = _server_end()
	var clients: Array[End] = [_client_end(server, "C1"), _client_end(server, "C2")]
	var ends: Array[End] = [server, clients[0], clients[1]]
	for end: End in ends:
		end.api.server_relay = false
		_assign(end)
	_join_ends(ends)
	var heard: Array = _take_api_signals()
	# The order between the objects depends on when each was polled.
	heard.sort()
	step({
		"server": _sorted(_symbols_of(server.api.get_peers())),
		"c1": _symbols_of(clients[0].api.get_peers()),
		"c2": _symbols_of(clients[1].api.get_peers()),
		"api_signals": heard,
	})
	_clear_calls(ends)
	var sent: int = clients[0].api.send_bytes(PackedByteArray([1]), 0, RELIABLE)
	step({"returns": error(sent), "calls": clients[0].wrapper.take_calls()})
	pump(ends, 30)
	step({"api_signals": _take_api_signals()})
	var other: int = clients[1].peer.get_unique_id()
	step({"returns": error(clients[0].api.send_bytes(PackedByteArray([2]), other, RELIABLE))})


func sm_virtual_call_trace() -> void:
	var server: End = _server_end()
	_assign(server)
	step({"calls": server.wrapper.take_calls(), "api_signals": _take_api_signals()})
	server.poll()
	step({"calls": server.wrapper.take_calls()})
	var client1: End = _client_end(server, "C1")
	_assign(client1)
	step({"calls": client1.wrapper.take_calls(), "api_signals": _take_api_signals()})
	client1.poll()
	step({"calls": client1.wrapper.take_calls()})
	_trace_connecting(server, client1)
	var client2: End = _client_end(server, "C2")
	_assign(client2)
	_trace_second_client(server, client1, client2)
	_trace_packets_of_client(server, client1, client2)
	_trace_packets_of_server(server, client1, client2)
	_trace_leaving(server, client1, client2)


func _trace_connecting(server: End, client: End) -> void:
	# A network thread has connected both by now, and neither may hear of it in the other's step.
	settle()
	client.wrapper.calls.clear()
	client.poll()
	if not client.wrapper.calls.has("<emit peer_connected 1>"):
		_poll_until_emission([server], client)
	step(_trace_of(client))
	_poll_until_emission([client], server)
	step(_trace_of(server))


func _trace_second_client(server: End, client1: End, client2: End) -> void:
	_clear_calls([server])
	_poll_until_emission([client2], server)
	if client2.peer.get_connection_status() != CONNECTED:
		# A network thread connected the two between the client's poll and the server's.
		poll_until([client2], func() -> bool: return client2.peer.get_connection_status() == CONNECTED)
	step({"calls": server.wrapper.take_calls(), "api_signals": _take_api_signals()})
	pump([client2], 20)
	_poll_until_call([], client1, "get_packet ->")
	step(_trace_of(client1))


func _trace_packets_of_client(server: End, client1: End, client2: End) -> void:
	var ends: Array[End] = [server, client1, client2]
	var id2: int = client2.peer.get_unique_id()
	pump(ends, 30)
	_take_api_signals()
	_send_traced(client1, [1, 2, 3], 1, RELIABLE, 3)
	_step_api_signals(ends)
	_send_traced(client1, [4], id2, UNRELIABLE, 0)
	_clear_calls([server])
	_poll_until_call([], server, "get_packet ->")
	step({"calls": server.wrapper.take_calls()})
	_step_api_signals(ends)
	for row: Array in [[5, 0], [6, -1]]:
		_send_traced(client1, [row[0]], row[1], RELIABLE, 0)
		_step_api_signals(ends)


func _trace_packets_of_server(server: End, client1: End, client2: End) -> void:
	_send_traced(server, [7], 0, RELIABLE, 0)
	_send_traced(server, [8], -client1.peer.get_unique_id(), RELIABLE, 0)
	_step_api_signals([server, client1, client2])


func _trace_leaving(server: End, client1: End, client2: End) -> void:
	_clear_calls([server])
	server.api.disconnect_peer(client2.peer.get_unique_id())
	step({"calls": server.wrapper.take_calls(), "api_signals": _take_api_signals()})
	# By now network threads have brought both clients what they get, which one may else hear of in the middle of a round.
	settle()
	pump([client1, client2, server], 50)
	step({
		"api_signals": _take_api_signals(),
		"client2_status": client2.peer.get_connection_status(),
		"client2_peers": _symbols_of(client2.api.get_peers()),
	})
	server.peer.close()
	server.poll()
	step({"api_signals": _take_api_signals()})
	_poll_until_emission([], client1)
	step(_trace_of(client1))
	client1.poll()
	step({"calls": client1.wrapper.take_calls(), "api_signals": _take_api_signals()})


func _trace_of(end: End) -> Dictionary:
	return {
		"calls": end.wrapper.take_calls(),
		"api_signals": _take_api_signals(),
		"get_peers": _symbols_of(end.api.get_peers()),
	}


func _send_traced(end: End, bytes: Array, id: int, mode: int, channel: int) -> void:
	_clear_calls([end])
	var sent: int = end.api.send_bytes(PackedByteArray(bytes), id, mode, channel)
	step({"returns": error(sent), "calls": end.wrapper.take_calls()})


func _step_api_signals(ends: Array) -> void:
	pump(ends, 30)
	step({"api_signals": _take_api_signals()})


## Polls until a poll of [param end] emitted a signal; its calls are those of that poll.
func _poll_until_emission(others: Array, end: End) -> void:
	_poll_until_call(others, end, "<emit")


## Polls until a poll of [param end] made a call that begins so; its calls are those of that poll.
func _poll_until_call(others: Array, end: End, beginning: String) -> void:
	poll_until(others, func() -> bool:
		end.wrapper.calls.clear()
		end.poll()
		return end.wrapper.calls.any(func(line: String) -> bool:
			return line.begins_with(beginning)))


func _server_end() -> End:
	var end := End.new()
	end.called = "server"
	end.peer = new_server()
	return end


func _client_end(server: End, called: String) -> End:
	var end := End.new()
	end.called = called
	end.peer = new_client(server.peer)
	return end


## Gives the API of [param end] its peer, and notes what the two do from then on.
func _assign(end: End) -> void:
	end.wrapper = LoggingPeer.new(end.peer, symbol, _name_ids)
	_note_api(end.api, end.called)
	if end.api.root_path.is_empty():
		end.api.root_path = get_path()
	end.api.multiplayer_peer = end.wrapper


func _note_api(api: SceneMultiplayer, called: String) -> void:
	for signal_name: String in ["connected_to_server", "connection_failed", "server_disconnected"]:
		api.connect(signal_name, func() -> void:
			_api_signals.append("%s.%s" % [called, signal_name]))
	for signal_name: String in [
		"peer_connected", "peer_disconnected", "peer_authenticating", "peer_authentication_failed",
	]:
		api.connect(signal_name, func(id: int) -> void:
			_api_signals.append("%s.%s(%s)" % [called, signal_name, symbol(id)]))
	api.peer_packet.connect(func(id: int, packet: PackedByteArray) -> void:
		_api_signals.append(
				"%s.peer_packet(%s, %s)" % [called, symbol(id), packet.hex_encode()]))


func _take_api_signals() -> Array[String]:
	var taken: Array[String] = _api_signals
	_api_signals = []
	return taken


func _clear_calls(ends: Array) -> void:
	for end: End in ends:
		end.wrapper.calls.clear()


## Polls until the server, the first of [param ends], knows the others and nothing more is under way.
func _join_ends(ends: Array) -> void:
	poll_until(ends, func() -> bool:
		return ends[0].api.get_peers().size() == ends.size() - 1)
	pump(ends, 50)


func _symbols_of(ids: PackedInt32Array) -> Array:
	return Array(ids).map(symbol)


func _sorted(values: Array) -> Array:
	values.sort()
	return values


## Names the clients' ids inside a packet that is given in hex.
func _name_ids(hex: String) -> String:
	for id: int in _symbols:
		var bytes := PackedByteArray()
		bytes.resize(4)
		bytes.encode_s32(0, id)
		if id != 1:
			hex = hex.replace(
					bytes.hex_encode(), "<%s as int32 little-endian>" % _symbols[id])
	return hex
