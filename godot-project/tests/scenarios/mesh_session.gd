extends "res://tests/support/scenario.gd"
## Four processes, roles one to four: they meet through the demo's lobby, which is in the process of one,
## and reach each other with each kind of target in each transfer mode. Then three leaves, and four is gone
## without a word.

const ROLES: Array[String] = ["one", "two", "three", "four"]
const MODES: Array[int] = [UNRELIABLE, ORDERED, RELIABLE]
const ROUND_SECONDS: float = 0.05
## Of a role that vanished; see [method ENetPacketPeerRs.set_timeout].
const TIMEOUT_FACTOR: int = 4
const TIMEOUT_MIN_MSEC: int = 300
const TIMEOUT_MAX_MSEC: int = 600

var _peer: MultiplayerPeer
var _linker: MeshLinker
var _signals: Array = []
## Role to id.
var _ids: Dictionary = {}
var _connections: Array[ENetConnectionRs] = []
## What arrived, each once: sender, then what was sent.
var _seen: Array = []


func run() -> void:
	if role == "one":
		_open_lobby()
	_peer = new_peer()
	var id: int = _peer.generate_unique_id()
	check_equal(_peer.create_mesh(id), OK, "a mesh begins")
	record(_peer, _signals)
	polled.append(_peer)
	_linker = MeshLinker.new(id, role)
	_linker.linked.connect(_on_linked)
	_linker.failed.connect(func(reason: String) -> void: check(false, "all links are made", reason))
	if await _join():
		await _exchange()
		match role:
			"three":
				await _leave()
			"four":
				await _vanish()
			_:
				await _stay()
	_linker.stop()
	_peer.close()


func _open_lobby() -> void:
	var lobby := MeshLobby.new()
	lobby.options = LaunchOptions.new()
	lobby.options.port = port
	lobby.options.clients = ROLES.size()
	lobby.finished.connect(func(succeeded: bool, _message: String) -> void:
		check(succeeded, "the lobby has brought all together")
		lobby.queue_free())
	add_child(lobby)


func _on_linked(id: int, connection: ENetConnectionRs) -> void:
	check_equal(_peer.add_mesh_peer(id, connection), OK, "a link is added")
	_connections.append(connection)


func _join() -> bool:
	check_equal(_linker.join(LOCALHOST, port), OK, "the lobby is asked")
	var is_complete: Callable = func() -> bool:
		_linker.update(get_process_delta_time())
		return _linker.is_complete()
	if not await until(is_complete, "everybody is linked to everybody", 60.0):
		return false
	for id: int in _linker.names:
		_ids[_linker.names[id]] = id
	check_equal(_ids.size(), ROLES.size(), "the lobby names all")
	check_equal(_signals.size(), ROLES.size() - 1, "each link is reported")
	return true


## Everybody sends round after round until all have seen everything: what is unreliable may get lost.
func _exchange() -> void:
	var others: Array = _ids.values().filter(func(id: int) -> bool: return id != _own_id())
	var missing: Array = []
	for mode: int in MODES:
		for sender: int in others:
			missing.append([sender, "all", 0, mode])
			missing.append([sender, "one", _own_id(), mode])
			for left_out: int in others:
				if left_out != sender:
					missing.append([sender, "all but", left_out, mode])
	var expected: Array = missing.duplicate()
	for sender: int in others:
		expected.append([sender, "complete", 0, RELIABLE])
	var next_round: Array = [0]
	var is_over: Callable = func() -> bool:
		_receive()
		if Time.get_ticks_msec() >= next_round[0]:
			next_round[0] = Time.get_ticks_msec() + int(ROUND_SECONDS * 1000.0)
			_send_round(others)
		return missing.all(_seen.has)
	if not await until(is_over, "all targets in all modes arrive", 60.0):
		return
	_send(0, RELIABLE, "complete", 0)
	var is_complete: Callable = func() -> bool:
		return is_over.call() and expected.all(_seen.has)
	await until(is_complete, "all have seen everything", 60.0)
	var strays: Array = _seen.filter(func(entry: Array) -> bool: return not expected.has(entry))
	check_equal(strays, [], "nothing arrives that was for others")


func _send_round(others: Array) -> void:
	for mode: int in MODES:
		_send(0, mode, "all", 0)
		for id: int in others:
			_send(id, mode, "one", id)
			_send(-id, mode, "all but", id)


func _send(target: int, mode: int, kind: String, about: int) -> void:
	_peer.set_target_peer(target)
	_peer.set("transfer_mode", mode)
	if _peer.put_var([kind, about]) != OK:
		check(false, "%s %d is sent in mode %d" % [kind, about, mode])


func _receive() -> void:
	while _peer.get_available_packet_count() > 0:
		var sender: int = _peer.get_packet_peer()
		var mode: int = _peer.get_packet_mode()
		var received: Variant = _peer.get_var()
		if received is not Array:
			check(false, "what arrives is whole", str(received))
			continue
		var entry: Array = [sender, received[0], received[1], mode]
		if not _seen.has(entry):
			_seen.append(entry)


func _leave() -> void:
	for id: int in _ids.values():
		if id != _own_id():
			_peer.get_peer(id).peer_disconnect_later()
	await until(func() -> bool: return _signals.size() == 6, "everybody agrees that three leaves")
	check_equal(int(_peer.get_connection_status()), CONNECTED, "a mesh without peers goes on")


func _vanish() -> void:
	await _until_gone("three")
	var may_go: Callable = func() -> bool:
		_receive()
		return ["one", "two"].all(func(other: String) -> bool:
			return _seen.has([_ids[other], "go", _own_id(), RELIABLE]))
	await until(may_go, "one and two let four go")
	for connection: ENetConnectionRs in _connections:
		if connection.get_peers().size() > 0:
			connection.destroy()


func _stay() -> void:
	await _until_gone("three")
	_peer.get_peer(_ids["four"]).set_timeout(TIMEOUT_FACTOR, TIMEOUT_MIN_MSEC, TIMEOUT_MAX_MSEC)
	_send(_ids["four"], RELIABLE, "go", _ids["four"])
	await _until_gone("four")
	var other: int = _ids["two" if role == "one" else "one"]
	_send(0, RELIABLE, "still here", 0)
	var is_heard: Callable = func() -> bool:
		_receive()
		return _seen.has([other, "still here", 0, RELIABLE])
	await until(is_heard, "those who stayed reach each other")
	# One says goodbye and two answers: of two goodbyes that cross, one may stay without an answer.
	if role == "one":
		_peer.get_peer(other).peer_disconnect_later()
	await _until_gone("two" if role == "one" else "one")


func _until_gone(other: String) -> void:
	var is_gone: Callable = func() -> bool:
		_receive()
		return _signals.has(["peer_disconnected", _ids[other]])
	await until(is_gone, "%s is gone" % other, 60.0)


func _own_id() -> int:
	return _peer.get_unique_id()
