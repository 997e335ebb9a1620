extends "res://tests/support/scenario.gd"
## One process: peers end in every way that leaves a dead one behind, and the host is polled again.
##
## A build of Godot for release reads freed memory then (defect D03) and most often crashes; the
## editor's build gets away with it. So this is played in an exported game too, by
## [code]cargo xtask export[/code].

const QUIET_SECONDS: float = 0.1
const ROUNDS: int = 5

var _server: MultiplayerPeer
var _joined: Array = []


func run() -> void:
	_check_reset_while_connecting()
	_server = new_peer()
	if not check_equal(_server.create_server(port), OK, "the server starts"):
		return
	_server.peer_connected.connect(func(id: int) -> void: _joined.append(id))
	polled = [_server]
	for round_number: int in ROUNDS:
		await _check_refused()
		for data: int in [0, 1]:
			await _check_wrong_id(data)
		await _check_ends("peer_disconnect_now", func(id: int) -> void: _server.get_peer(id).peer_disconnect_now())
		await _check_ends("reset", func(id: int) -> void: _server.get_peer(id).reset())
		await _check_ends("disconnect_peer", func(id: int) -> void: _server.disconnect_peer(id))
		await _check_ends("disconnect_peer by force", func(id: int) -> void: _server.disconnect_peer(id, true))
	_server.close()


func _check_reset_while_connecting() -> void:
	var host: RefCounted = new_connection()
	check_equal(host.create_host(), OK, "a bare host starts")
	for round_number: int in ROUNDS:
		var peer: PacketPeer = host.connect_to_host(LOCALHOST, port)
		if not check(peer != null, "defect D03: a bare host connects"):
			continue
		peer.reset()
		check_equal(host.service(0)[0], EVENT_NONE, "defect D03: a bare host is serviced after reset")
		check_equal(host.get_peers(), [], "defect D03: the peer that was reset is gone")
	host.destroy()


func _check_refused() -> void:
	_server.refuse_new_connections = true
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts that will be refused")
	polled = [_server, client]
	await pump(QUIET_SECONDS)
	_is_alive("a client was refused")
	client.close()
	polled = [_server]
	_server.refuse_new_connections = false


func _check_wrong_id(data: int) -> void:
	var client: RefCounted = new_other_connection()
	check_equal(client.create_host(1), OK, "a bare client starts")
	check(client.connect_to_host(LOCALHOST, port, 0, data) != null, "it connects with the id %d" % data)
	await holds_within(func() -> bool: return client.service(0)[0] == EVENT_DISCONNECT, QUIET_SECONDS)
	_is_alive("a client came with the id %d" % data)
	client.destroy()
	await pump(QUIET_SECONDS)


## A client joins, and [param end] ends it.
func _check_ends(what: String, end: Callable) -> void:
	_joined.clear()
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts")
	polled = [_server, client]
	if await until(func() -> bool: return _joined.size() == 1, "it joins"):
		end.call(client.get_unique_id())
		await pump(QUIET_SECONDS)
		_is_alive(what)
		check_equal(_server.get_unique_id(), 1, "defect D03: the server answers after " + what)
	client.close()
	polled = [_server]
	await pump(QUIET_SECONDS)


func _is_alive(after: String) -> void:
	check_equal(int(_server.get_connection_status()), CONNECTED, "defect D03: the server goes on after " + after)
