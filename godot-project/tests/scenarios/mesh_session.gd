extends "res://tests/support/scenario.gd"
## Four processes, roles one to four, of one class or of both: they reach each other with each kind
## of target in each transfer mode. Then three leaves, four is killed, and the others notice.
##
## The built-in class damages unreliable packets to more than one link (D02), so it sends those to
## one peer at a time only.

const MeshMeeting = preload("res://tests/support/mesh_meeting.gd")
const ROLES: Array[String] = ["one", "two", "three", "four"]
const MODES: Array[int] = [UNRELIABLE, ORDERED, RELIABLE]
const ROUND_SECONDS: float = 0.05
## Bytes of a packet, so that a damaged one is noticed.
const PADDING: int = 64
## Of a role that is killed; see [method ENetPacketPeer.set_timeout].
const TIMEOUT_FACTOR: int = 4
const TIMEOUT_MIN_MSEC: int = 300
const TIMEOUT_MAX_MSEC: int = 600

var _peer: MultiplayerPeer
var _signals: Array = []
## Role to id, of all.
var _ids: Dictionary = {}
## Id to whether it is of our class.
var _are_ours: Dictionary = {}
## What arrived, each once: sender, kind, whom it is about, mode.
var _seen: Array = []


func run() -> void:
	_peer = new_peer()
	check_equal(_peer.create_mesh(_peer.generate_unique_id()), OK, "a mesh begins")
	record(_peer, _signals)
	polled.append(_peer)
	if await _join() and await _exchange():
		match role:
			"three":
				await _leave()
			"four":
				await _wait_for_the_kill()
			_:
				await _stay()
	_peer.close()


func _join() -> bool:
	var meeting := MeshMeeting.new(role, ROLES, port)
	check_equal(meeting.begin(connection_class_beside(peer_class), _own_id()), OK, "the others are called")
	if not await until(meeting.update, "there is a connection to everybody", OTHERS_SECONDS):
		return false
	for other: String in ROLES:
		_ids[other] = meeting.roster[other].id
		_are_ours[_ids[other]] = meeting.roster[other].is_ours
	for other: String in meeting.connected:
		var call_it: Callable = _peer.add_mesh_peer.bind(_ids[other], meeting.connected[other])
		answers("a link to %s is added" % other, call_it, OK)
		check_equal(_signals[-1], ["peer_connected", _ids[other]], "the link is reported")
	check_equal(_signals.size(), ROLES.size() - 1, "each link is reported once")
	return true


## Everybody sends round after round until all have seen everything: what is unreliable may get
## lost. Nobody goes before all are quiet.
func _exchange() -> bool:
	var wanted: Array = _entries_to(_own_id())
	if not await _send_rounds_until(func() -> bool: return wanted.all(_seen.has), "all arrives"):
		return false
	_send(0, RELIABLE, "complete", 0)
	if not await _send_rounds_until(_has_heard_from_all.bind("complete"), "all arrives everywhere"):
		return false
	_send(0, RELIABLE, "quiet", 0)
	if not await _until_seen(_has_heard_from_all.bind("quiet"), "everybody is quiet"):
		return false
	var is_stray: Callable = func(entry: Array) -> bool:
		return entry[1] in ["one", "all", "all but"] and not wanted.has(entry)
	var strays: Array = _seen.filter(is_stray)
	return check_equal(strays, [], "nothing arrives that was for others")


## What [param receiver] is to see of the others.
func _entries_to(receiver: int) -> Array:
	var entries: Array = []
	for sender: int in _ids.values():
		if sender == receiver:
			continue
		for mode: int in MODES:
			entries.append([sender, "one", receiver, mode])
			if not _may_send_to_many(sender, mode):
				continue
			entries.append([sender, "all", 0, mode])
			for left_out: int in _ids.values():
				if left_out != sender and left_out != receiver:
					entries.append([sender, "all but", left_out, mode])
	return entries


func _may_send_to_many(sender: int, mode: int) -> bool:
	return mode == RELIABLE or _are_ours[sender]


func _has_heard_from_all(kind: String) -> bool:
	return _other_ids().all(func(sender: int) -> bool: return _seen.has([sender, kind, 0, RELIABLE]))


func _send_rounds_until(condition: Callable, what: String) -> bool:
	var next_round: Array = [0]
	var is_over: Callable = func() -> bool:
		if condition.call():
			return true
		if Time.get_ticks_msec() >= next_round[0]:
			next_round[0] = Time.get_ticks_msec() + int(ROUND_SECONDS * 1000.0)
			_send_round()
		return false
	return await _until_seen(is_over, what)


func _send_round() -> void:
	for mode: int in MODES:
		for id: int in _other_ids():
			_send(id, mode, "one", id)
		if not _may_send_to_many(_own_id(), mode):
			continue
		_send(0, mode, "all", 0)
		for id: int in _other_ids():
			_send(-id, mode, "all but", id)


func _send(target: int, mode: int, kind: String, about: int) -> void:
	_peer.set_target_peer(target)
	_peer.set("transfer_mode", mode)
	if _peer.put_var([kind, about, pattern(PADDING, about)]) != OK:
		check(false, "%s %d is sent in mode %d" % [kind, about, mode])


func _receive() -> void:
	while _peer.get_available_packet_count() > 0:
		var sender: int = _peer.get_packet_peer()
		var mode: int = _peer.get_packet_mode()
		var received: Variant = _peer.get_var()
		var is_whole: bool = received is Array and received.size() == 3
		if not is_whole or received[2] != pattern(PADDING, received[1]):
			check(false, "D02: what arrives is whole", str(received))
			continue
		var entry: Array = [sender, received[0], received[1], mode]
		if not _seen.has(entry):
			_seen.append(entry)


func _leave() -> void:
	for id: int in _other_ids():
		_peer.get_peer(id).peer_disconnect_later()
	var count: int = (ROLES.size() - 1) * 2
	await until(func() -> bool: return _signals.size() == count, "everybody agrees that three leaves")
	check_equal(int(_peer.get_connection_status()), CONNECTED, "a mesh without peers goes on")


func _wait_for_the_kill() -> void:
	await _until_gone("three")
	var may_go: Callable = func() -> bool:
		return ["one", "two"].all(func(other: String) -> bool:
			return _seen.has([_ids[other], "go", _own_id(), RELIABLE]))
	if await _until_seen(may_go, "one and two let four go"):
		await be_killed()


func _stay() -> void:
	await _until_gone("three")
	var packet_peer: PacketPeer = _peer.get_peer(_ids["four"])
	packet_peer.set_timeout(TIMEOUT_FACTOR, TIMEOUT_MIN_MSEC, TIMEOUT_MAX_MSEC)
	_send(_ids["four"], RELIABLE, "go", _ids["four"])
	await _until_gone("four")
	var other: String = "two" if role == "one" else "one"
	_send(0, RELIABLE, "still here", 0)
	var is_heard: Callable = func() -> bool:
		return _seen.has([_ids[other], "still here", 0, RELIABLE])
	await _until_seen(is_heard, "those who stayed reach each other")
	# One says goodbye and two answers: of two goodbyes that cross, one may stay without an answer.
	if role == "one":
		_peer.get_peer(_ids[other]).peer_disconnect_later()
	await _until_gone(other)
	check_equal(_signals.size(), (ROLES.size() - 1) * 2, "everybody came once and went once")


func _until_gone(other: String) -> void:
	var is_gone: Callable = func() -> bool:
		return _signals.has(["peer_disconnected", _ids[other]])
	await _until_seen(is_gone, "%s is gone" % other)


## Waits until [param condition] answers true, and takes what arrives meanwhile.
func _until_seen(condition: Callable, what: String) -> bool:
	var holds: Callable = func() -> bool:
		_receive()
		return condition.call()
	return await until(holds, what, OTHERS_SECONDS)


func _other_ids() -> Array:
	return _ids.values().filter(func(id: int) -> bool: return id != _own_id())


func _own_id() -> int:
	return _peer.get_unique_id()
