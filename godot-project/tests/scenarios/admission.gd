extends "res://tests/support/scenario.gd"
## One process: whom a server lets in, what a client that is not let in learns, and which settings
## outlive a session.

const QUIET_SECONDS: float = 0.3
## ENet's own timeouts take at least five seconds.
const TOLD_SECONDS: float = 3.0

var _server: MultiplayerPeer
var _server_signals: Array = []


func run() -> void:
	_server = new_peer()
	record(_server, _server_signals)
	await _check_refusing()
	await _check_full_server()
	await _check_connect_data()
	await _check_settings_outlive_close()


func _check_refusing() -> void:
	check_equal(_server.create_server(port), OK, "the server starts")
	polled = [_server]
	var guest: MultiplayerPeer = await _join("a guest joins")
	_server.refuse_new_connections = true
	_server_signals.clear()
	await _is_turned_away("a refused client")
	check_equal(_server_signals, [], "the server says nothing of a refused client")
	check_equal(int(guest.get_connection_status()), CONNECTED, "who is in stays in")
	_server.refuse_new_connections = false
	await _join("a client joins when the server no longer refuses")
	_end()


func _check_full_server() -> void:
	check_equal(_server.create_server(port, 1), OK, "a server for one starts")
	polled = [_server]
	var guest: MultiplayerPeer = await _join("the one guest joins")
	var next: MultiplayerPeer = new_other_peer()
	check_equal(next.create_client(LOCALHOST, port), OK, "the next guest starts")
	polled.append(next)
	_server_signals.clear()
	await pump(QUIET_SECONDS)
	check_equal(int(next.get_connection_status()), CONNECTING, "a full server lets the next guest wait")
	check_equal(_server_signals, [], "a full server says nothing of it")
	guest.close()
	polled.erase(guest)
	await until(func() -> bool: return next.get_connection_status() == CONNECTED, "it gets in when a slot is free")
	_end()


## A client's id is the number it connects with.
func _check_connect_data() -> void:
	check_equal(_server.create_server(port), OK, "the server starts again")
	var connections: Array[RefCounted] = []
	# What is not a positive 32-bit id, or is the server's own. The built-in takes the negative one
	# (defect D05).
	for data: int in [0, 1, -5] if is_ours else [0, 1]:
		_server_signals.clear()
		connections.append(_connect_with(data))
		await _pump_connections(connections, QUIET_SECONDS)
		check_equal(_server_signals, [], "nobody joins with id %d" % data)
	_server_signals.clear()
	connections.append(_connect_with(77))
	await _pump_connections(connections, QUIET_SECONDS)
	check_equal(_server_signals, [["peer_connected", 77]], "a client joins with id 77")
	_server_signals.clear()
	connections.append(_connect_with(77))
	await _pump_connections(connections, QUIET_SECONDS)
	check_equal(_server_signals, [], "nobody joins with an id in use")
	for connection: RefCounted in connections:
		connection.destroy()
	_end()


func _connect_with(data: int) -> RefCounted:
	var connection: RefCounted = ClassDB.instantiate(other_class.replace("MultiplayerPeer", "Connection"))
	check_equal(connection.create_host(1), OK, "a bare host starts")
	check(connection.connect_to_host(LOCALHOST, port, 4, data) != null, "it connects with data %d" % data)
	return connection


func _pump_connections(connections: Array[RefCounted], seconds: float) -> void:
	var end: int = Time.get_ticks_msec() + int(seconds * 1000.0)
	while Time.get_ticks_msec() < end:
		_server.poll()
		for connection: RefCounted in connections:
			connection.service(0)
		await get_tree().process_frame


func _check_settings_outlive_close() -> void:
	_server.set_target_peer(77)
	_server.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	_server.transfer_channel = 5
	check_equal(_server.create_server(port), OK, "the server starts once more")
	_server.refuse_new_connections = true
	_server.close()
	check(not _server.refuse_new_connections, "close clears refuse_new_connections")
	check_equal(_server.create_server(port), OK, "and a last time")
	check_equal(int(_server.transfer_mode), UNRELIABLE, "close keeps transfer_mode")
	check_equal(_server.transfer_channel, 5, "close keeps transfer_channel")
	var put: Callable = _server.put_packet.bind(PackedByteArray([1]))
	complains("close keeps the target peer", put, ERR_INVALID_PARAMETER)
	_server.close()


func _join(what: String) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts")
	polled.append(client)
	_server_signals.clear()
	await until(func() -> bool: return client.get_connection_status() == CONNECTED and _server_signals.size() == 1, what)
	return client


func _is_turned_away(what: String) -> void:
	var client: MultiplayerPeer = new_other_peer()
	var signals: Array = []
	record(client, signals)
	check_equal(client.create_client(LOCALHOST, port), OK, what + " starts")
	if not is_ours:
		# The built-in tells a refused client nothing (defect D04); it finds out by this timeout.
		client.get_peer(1).set_timeout(2, 300, 600)
	polled.append(client)
	var is_over: Callable = func() -> bool: return client.get_connection_status() == DISCONNECTED
	await until(is_over, what + " is told, or gives up", TOLD_SECONDS)
	# It is told by a goodbye, which may come after it was connected; never by a silence.
	if not signals.is_empty():
		check_equal(signals, [["peer_connected", 1], ["peer_disconnected", 1]], what + " is not left connected")
	polled.erase(client)


func _end() -> void:
	for peer: MultiplayerPeer in polled:
		peer.close()
	polled.clear()
	_server.close()
