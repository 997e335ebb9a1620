extends "res://tests/support/scenario.gd"
## Roles server and client over the tree's own [MultiplayerAPI]: what a game hears when a session
## begins, fails or ends.

## One factor and two limits in milliseconds, as for [method ENetPacketPeer.set_timeout]: fail in
## about a second.
const SHORT_TIMEOUT: Array[int] = [2, 500, 1000]

var _heard: Array[String] = []
var _may_leave: bool = false


func run() -> void:
	multiplayer.connected_to_server.connect(_heard.append.bind("connected_to_server"))
	multiplayer.connection_failed.connect(_heard.append.bind("connection_failed"))
	multiplayer.server_disconnected.connect(_heard.append.bind("server_disconnected"))
	multiplayer.peer_connected.connect(func(_id: int) -> void: _heard.append("peer_connected"))
	multiplayer.peer_disconnected.connect(func(_id: int) -> void: _heard.append("peer_disconnected"))
	if role == "server":
		await _serve()
	else:
		await _join()
	check_equal(_heard, [] as Array[String], "nothing else was heard")
	multiplayer.multiplayer_peer = null


func _serve() -> void:
	var peer: MultiplayerPeer = new_peer()
	if not check_equal(peer.create_server(port), OK, "the server starts"):
		return
	multiplayer.multiplayer_peer = peer
	await until(_hears(["peer_connected"]), "a client joins", OTHERS_SECONDS)
	(multiplayer as SceneMultiplayer).disconnect_peer(multiplayer.get_peers()[0])
	check(multiplayer.get_peers().is_empty(), "a kicked client is gone from the list at once")
	await until(_hears(["peer_connected"]), "the client joins again", OTHERS_SECONDS)
	_let_go.rpc()
	await until(_hears(["peer_disconnected"]), "the client leaves")
	await until(_hears(["peer_connected"]), "the client joins a third time", OTHERS_SECONDS)
	peer.close()
	await until(_hears(["server_disconnected"]), "closing the peer ends the server's own session")
	check(multiplayer.get_peers().is_empty(), "no peer is left")


func _join() -> void:
	var peer: MultiplayerPeer = new_peer()
	var nobody: int = int(arguments.get("nobody", "0"))
	if not check_equal(peer.create_client(LOCALHOST, nobody), OK, "an attempt to reach nobody starts"):
		return
	peer.get_peer(1).set_timeout(SHORT_TIMEOUT[0], SHORT_TIMEOUT[1], SHORT_TIMEOUT[2])
	multiplayer.multiplayer_peer = peer
	await until(_hears(["connection_failed"]), "an attempt to reach nobody fails")
	check_equal(peer.get_connection_status(), DISCONNECTED, "a failed attempt is over")
	await server_listens()
	for end: String in ["kicked", "leaves", "server closes"]:
		await _join_until(peer, end)


func _join_until(peer: MultiplayerPeer, end: String) -> void:
	if not check_equal(peer.create_client(LOCALHOST, port), OK, "the same object starts again: " + end):
		return
	multiplayer.multiplayer_peer = peer
	await until(_hears(["connected_to_server", "peer_connected"]), "connects: " + end, OTHERS_SECONDS)
	if end == "leaves":
		# Without this the server might hear of the client's coming and going at once, which is
		# nothing.
		await until(func() -> bool: return _may_leave, "the server knows the client")
		peer.close()
		await until(_hears(["server_disconnected"]), "closing the peer ends the client's session")
	else:
		await until(_hears(["peer_disconnected", "server_disconnected"]), "told of the end: " + end)
	check_equal(peer.get_connection_status(), DISCONNECTED, "over: " + end)
	check(multiplayer.get_peers().is_empty(), "no peer is left: " + end)


## Whether [param names] were heard next, in this order; then they count as dealt with.
func _hears(names: Array[String]) -> Callable:
	return func() -> bool:
		if _heard.slice(0, names.size()) != names:
			return false
		for name_heard: String in names:
			_heard.erase(name_heard)
		return true


@rpc("authority", "reliable")
func _let_go() -> void:
	_may_leave = true
