extends "res://tests/support/scenario.gd"
## Roles server, alpha and beta over the tree's own [MultiplayerAPI]: each calls the other two in
## the three transfer modes on channels 0 to 3. What alpha and beta tell each other is relayed by
## the server.
##
## Reliable calls are made once and must arrive once and in order. Unreliable ones may be lost, so
## they are repeated until the far side has answered.

const SEQUENCE_LENGTH: int = 20
const CHANNELS: int = 4
const REPEAT_SECONDS: float = 0.05
const METHOD_NAMES: Dictionary = {
	UNRELIABLE: "_unreliable_%d",
	ORDERED: "_ordered_%d",
	RELIABLE: "_reliable_%d",
}

var _introduced: Array = []
## [code][sender, mode, channel][/code] to the numbers that arrived, in order.
var _arrived: Dictionary = {}
## [code][receiver, mode, channel][/code] of the unreliable calls that were answered.
var _answered: Dictionary = {}
var _finished: Array = []
var _may_leave: bool = false
var _signals: Array = []


func run() -> void:
	multiplayer.connected_to_server.connect(_signals.append.bind(["connected_to_server", 1]))
	multiplayer.connection_failed.connect(_signals.append.bind(["connection_failed", 1]))
	multiplayer.server_disconnected.connect(_signals.append.bind(["server_disconnected", 1]))
	multiplayer.peer_connected.connect(_note_joined)
	multiplayer.peer_disconnected.connect(_note_left)
	if role == "server":
		await _serve()
	else:
		await _join()
	multiplayer.multiplayer_peer = null


func _serve() -> void:
	var peer: MultiplayerPeer = new_peer()
	if not check_equal(peer.create_server(port, 4), OK, "the server starts"):
		return
	multiplayer.multiplayer_peer = peer
	check_equal(multiplayer.get_unique_id(), 1, "the server has id 1")
	if not await until(func() -> bool: return _introduced.size() == 2, "two clients join", OTHERS_SECONDS):
		return
	await _exchange(multiplayer.get_peers())
	if not await until(func() -> bool: return _finished.size() == 2, "both clients finish", OTHERS_SECONDS):
		return
	_leave_now.rpc()
	await until(func() -> bool: return multiplayer.get_peers().is_empty(), "both clients leave")
	var names: Array = _signals.map(func(entry: Array) -> String: return entry[0])
	var expected: Array = ["peer_connected", "peer_connected", "peer_disconnected", "peer_disconnected"]
	check_equal(names, expected, "the server saw two join and two leave")
	peer.close()


func _join() -> void:
	var peer: MultiplayerPeer = new_peer()
	await server_listens()
	if not check_equal(peer.create_client(LOCALHOST, port), OK, "the client starts"):
		return
	var id: int = peer.get_unique_id()
	check(id > 1, "a client knows its id at once", str(id))
	multiplayer.multiplayer_peer = peer
	var is_connected_to_server: Callable = func() -> bool: return multiplayer.get_peers().has(1)
	if not await until(is_connected_to_server, "the client connects", OTHERS_SECONDS):
		return
	check_equal(multiplayer.get_unique_id(), id, "the id stays when the connection is made")
	check_equal(_signals.slice(0, 2), [["connected_to_server", 1], ["peer_connected", 1]], "signals in order")
	var sees_the_other: Callable = func() -> bool: return multiplayer.get_peers().size() == 2
	if not await until(sees_the_other, "the server announces the other client", OTHERS_SECONDS):
		return
	_introduce.rpc_id(1)
	await _exchange(multiplayer.get_peers())
	_finish.rpc_id(1)
	if not await until(func() -> bool: return _may_leave, "the server says goodbye", OTHERS_SECONDS):
		return
	if role == "beta":
		var sees_alpha_leave: Callable = func() -> bool: return multiplayer.get_peers().size() == 1
		await until(sees_alpha_leave, "beta is told that alpha left")
	peer.close()


## Calls all [param targets] in all modes on all channels, and waits until they and we have heard
## everything.
func _exchange(targets: PackedInt32Array) -> void:
	for target: int in targets:
		for channel: int in CHANNELS:
			for number: int in SEQUENCE_LENGTH:
				rpc_id(target, METHOD_NAMES[RELIABLE] % channel, multiplayer.get_unique_id(), number)
	var open: Array = []
	for target: int in targets:
		for mode: int in [UNRELIABLE, ORDERED]:
			for channel: int in CHANNELS:
				open.append([target, mode, channel])
	var attempts: int = 0
	while not open.is_empty() and attempts < int(PATIENCE_SECONDS / REPEAT_SECONDS):
		for key: Array in open:
			rpc_id(key[0], METHOD_NAMES[key[1]] % key[2], multiplayer.get_unique_id(), attempts)
		attempts += 1
		var is_answered: Callable = func(key: Array) -> bool: return _answered.has(key)
		await holds_within(func() -> bool: return open.all(is_answered), REPEAT_SECONDS)
		open = open.filter(func(key: Array) -> bool: return not _answered.has(key))
	check(open.is_empty(), "unreliable calls arrive in both modes on channels 0 to 3", "missing: %s" % [open])
	await _check_reliable(targets)


func _check_reliable(senders: PackedInt32Array) -> void:
	var expected: Array = range(SEQUENCE_LENGTH)
	var all_here: Callable = func() -> bool:
		for sender: int in senders:
			for channel: int in CHANNELS:
				if _arrived.get([sender, RELIABLE, channel], []).size() < SEQUENCE_LENGTH:
					return false
		return true
	await until(all_here, "reliable calls arrive from the other two")
	for sender: int in senders:
		var sender_role: String = "server" if sender == 1 else "the other client"
		for channel: int in CHANNELS:
			var numbers: Array = _arrived.get([sender, RELIABLE, channel], [])
			check_equal(numbers, expected, "reliable calls of %s in order on channel %d" % [sender_role, channel])


func _note_joined(id: int) -> void:
	_signals.append(["peer_connected", id])


func _note_left(id: int) -> void:
	_signals.append(["peer_disconnected", id])


func _take(mode: int, channel: int, claimed_sender: int, number: int) -> void:
	var sender: int = multiplayer.get_remote_sender_id()
	if sender != claimed_sender:
		check(false, "a call names its sender", "%d instead of %d" % [sender, claimed_sender])
		return
	var key: Array = [sender, mode, channel]
	_arrived.get_or_add(key, []).append(number)
	if mode != RELIABLE:
		_answer.rpc_id(sender, mode, channel)


@rpc("any_peer", "reliable")
func _introduce() -> void:
	_introduced.append(multiplayer.get_remote_sender_id())


@rpc("any_peer", "reliable")
func _answer(mode: int, channel: int) -> void:
	_answered[[multiplayer.get_remote_sender_id(), mode, channel]] = true


@rpc("any_peer", "reliable")
func _finish() -> void:
	_finished.append(multiplayer.get_remote_sender_id())


@rpc("authority", "reliable")
func _leave_now() -> void:
	_may_leave = true


@rpc("any_peer", "call_remote", "unreliable", 0)
func _unreliable_0(sender: int, number: int) -> void:
	_take(UNRELIABLE, 0, sender, number)


@rpc("any_peer", "call_remote", "unreliable", 1)
func _unreliable_1(sender: int, number: int) -> void:
	_take(UNRELIABLE, 1, sender, number)


@rpc("any_peer", "call_remote", "unreliable", 2)
func _unreliable_2(sender: int, number: int) -> void:
	_take(UNRELIABLE, 2, sender, number)


@rpc("any_peer", "call_remote", "unreliable", 3)
func _unreliable_3(sender: int, number: int) -> void:
	_take(UNRELIABLE, 3, sender, number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 0)
func _ordered_0(sender: int, number: int) -> void:
	_take(ORDERED, 0, sender, number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 1)
func _ordered_1(sender: int, number: int) -> void:
	_take(ORDERED, 1, sender, number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 2)
func _ordered_2(sender: int, number: int) -> void:
	_take(ORDERED, 2, sender, number)


@rpc("any_peer", "call_remote", "unreliable_ordered", 3)
func _ordered_3(sender: int, number: int) -> void:
	_take(ORDERED, 3, sender, number)


@rpc("any_peer", "call_remote", "reliable", 0)
func _reliable_0(sender: int, number: int) -> void:
	_take(RELIABLE, 0, sender, number)


@rpc("any_peer", "call_remote", "reliable", 1)
func _reliable_1(sender: int, number: int) -> void:
	_take(RELIABLE, 1, sender, number)


@rpc("any_peer", "call_remote", "reliable", 2)
func _reliable_2(sender: int, number: int) -> void:
	_take(RELIABLE, 2, sender, number)


@rpc("any_peer", "call_remote", "reliable", 3)
func _reliable_3(sender: int, number: int) -> void:
	_take(RELIABLE, 3, sender, number)
