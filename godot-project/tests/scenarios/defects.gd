extends "res://tests/support/scenario.gd"
## One process: what the built-in does wrong with connections that end early or are taken away,
## done right. The numbers are those of the list of defects.

const ListeningLogger = preload("res://tests/support/listening_logger.gd")
const QUIET_SECONDS: float = 0.3


func run() -> void:
	await _check_attempts_given_up()
	_check_bare_attempts_given_up()
	await _check_same_id_after_force()
	await _check_swallowed_connect()


func _check_attempts_given_up() -> void:
	var ways: Dictionary[String, Callable] = {
		"defect D09: disconnect_peer": func(client: MultiplayerPeer) -> void: client.disconnect_peer(1),
		"defect D09: disconnect_peer by force": func(client: MultiplayerPeer) -> void: client.disconnect_peer(1, true),
		"defect D09: peer_disconnect": func(client: MultiplayerPeer) -> void: client.get_peer(1).peer_disconnect(),
		"defect D09: peer_disconnect_later": func(client: MultiplayerPeer) -> void: client.get_peer(1).peer_disconnect_later(),
		"defect D19: reset": func(client: MultiplayerPeer) -> void: client.get_peer(1).reset(),
		"defect D19: peer_disconnect_now": func(client: MultiplayerPeer) -> void: client.get_peer(1).peer_disconnect_now(),
	}
	for what: String in ways:
		for polls: int in [0, 1]:
			var client: MultiplayerPeer = new_peer()
			var signals: Array = []
			record(client, signals)
			check_equal(client.create_client(LOCALHOST, port), OK, what + ": the client starts")
			if polls > 0:
				client.poll()
			var peer: PacketPeer = client.get_peer(1)
			ways[what].call(client)
			if client.get_connection_status() != DISCONNECTED:
				client.poll()
			check_equal(int(client.get_connection_status()), DISCONNECTED, what + " ends a client that is connecting")
			check(not peer.is_active(), what + " leaves its packet peer inactive")
			check_equal(signals, [], what + " emits no signal")
			check_equal(client.create_client(LOCALHOST, port), OK, what + " leaves a client that can be used")
			client.close()
	await get_tree().process_frame


func _check_bare_attempts_given_up() -> void:
	var ways: Dictionary[String, Callable] = {
		"defect D09: peer_disconnect": func(peer: PacketPeer) -> void: peer.peer_disconnect(),
		"defect D21: reset": func(peer: PacketPeer) -> void: peer.reset(),
		"defect D21: peer_disconnect_now": func(peer: PacketPeer) -> void: peer.peer_disconnect_now(),
	}
	var connection: RefCounted = new_connection()
	check_equal(connection.create_host(1), OK, "a bare host starts")
	for what: String in ways:
		for services: int in [0, 1]:
			var peer: PacketPeer = connection.connect_to_host(LOCALHOST, port)
			if not check(peer != null, what + ": a connection starts at once after the last one's end"):
				continue
			for _index: int in services:
				connection.service(0)
			ways[what].call(peer)
			check(not peer.is_active(), what + " of a bare peer that is connecting ends it")
			check_equal(peer.get_state(), STATE_DISCONNECTED, what + " leaves it disconnected")
	check_equal(connection.service(0)[0], EVENT_NONE, "defect D09: there is no event")
	check_equal(connection.get_peers(), [], "defect D09: the peers are gone after the next service")
	connection.destroy()


## The link of a client dropped by force ends when another client has its id already.
func _check_same_id_after_force() -> void:
	var server: MultiplayerPeer = new_peer()
	var signals: Array = []
	record(server, signals)
	check_equal(server.create_server(port), OK, "a server starts")
	polled = [server]
	var old: RefCounted = connect_with(77)
	await serve_until([old], func() -> bool: return signals.size() == 1, "a client is in")
	server.disconnect_peer(77, true)
	# The old client is not serviced, so that a built-in one does not answer.
	var new: RefCounted = connect_with(77)
	await serve_until([new], func() -> bool: return signals.size() == 2, "another one with its id is in")
	check_equal(signals, [["peer_connected", 77], ["peer_connected", 77]], "defect D10: the id is free at once after a drop by force")
	await serve_until([old, new], func() -> bool: return old.get_peers().is_empty(), "the old link ends")
	await _serve_for([old, new])
	check_equal(signals.size(), 2, "defect D10: the end of the old link is not taken for the new client's")
	var peer: PacketPeer = server.get_peer(77)
	check(peer != null and peer.get_remote_port() == new.get_local_port(), "defect D10: the new client stays registered")
	signals.clear()
	new.get_peers()[0].peer_disconnect()
	await serve_until([new], func() -> bool: return signals.size() == 1, "the new client leaves")
	check_equal(signals, [["peer_disconnected", 77]], "defect D10: and is reported when it leaves itself")
	for connection: RefCounted in [old, new]:
		connection.destroy()
	polled.clear()
	server.close()


## A script services the server's host itself and takes the event that makes a client known.
func _check_swallowed_connect() -> void:
	var server: MultiplayerPeer = new_peer()
	var signals: Array = []
	record(server, signals)
	check_equal(server.create_server(port), OK, "a server starts to be serviced by a script")
	var client: RefCounted = connect_with(88)
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	var swallowed: bool = false
	while not swallowed and Time.get_ticks_msec() < end:
		client.service(1)
		swallowed = server.host.service(1)[0] == EVENT_CONNECT
	check(swallowed, "defect D23: a script takes the connect event")
	polled = [server]
	var is_in: Callable = func() -> bool: return client.get_peers()[0].get_state() == STATE_CONNECTED
	await serve_until([client], is_in, "the client is connected")
	var logger := ListeningLogger.new()
	OS.add_logger(logger)
	printerr(ERRORS_EXPECTED + "defect D23: one line about the stranger")
	for index: int in 5:
		client.get_peers()[0].send(0, PackedByteArray([index]), 1)
	await serve_until([client], func() -> bool: return not logger.lines().is_empty(), "the stranger is noticed")
	await _serve_for([client])
	printerr(ERRORS_OVER)
	OS.remove_logger(logger)
	for index: int in 5:
		client.get_peers()[0].send(0, PackedByteArray([index]), 1)
	await _serve_for([client])
	check_equal(server.get_available_packet_count(), 0, "defect D23: no packet comes from nobody")
	client.get_peers()[0].peer_disconnect()
	await serve_until([client], func() -> bool: return client.get_peers().is_empty(), "the client is gone")
	await _serve_for([client])
	check_equal(signals, [], "defect D23: nobody came and nobody left")
	client.destroy()
	polled.clear()
	server.close()


func _serve_for(connections: Array) -> void:
	var serve: Callable = func() -> bool:
		service_all(connections)
		return false
	await holds_within(serve, QUIET_SECONDS)
