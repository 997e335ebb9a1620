extends "res://tests/support/scenario.gd"
## Roles server and client, without a [MultiplayerAPI]: every way a session can end, one round each,
## over the same two objects. The client connects, names the round, and both sides then check which
## signals they get.

## In the order played. The last one leaves no client object behind.
const ROUNDS: Array[String] = [
	"server kicks softly",
	"server kicks by force",
	"client disconnects softly",
	"client disconnects by force",
	"client closes",
	"server closes and starts again",
	"server says goodbye after the data",
	"client object is dropped",
]
const QUIET_SECONDS: float = 0.15
const FAREWELL_PACKETS: int = 50

var _peer: MultiplayerPeer
var _signals: Array = []


func run() -> void:
	_peer = new_peer()
	record(_peer, _signals)
	polled.append(_peer)
	if role == "server":
		await _serve()
	else:
		await _join()
	if _peer != null:
		_peer.close()


func _serve() -> void:
	if not check_equal(_peer.create_server(port, 1), OK, "the server starts"):
		return
	for round_name: String in ROUNDS:
		var is_named: Callable = func() -> bool: return _peer.get_available_packet_count() > 0
		if not await until(is_named, "a client joins: " + round_name, OTHERS_SECONDS):
			return
		var id: int = _peer.get_packet_peer()
		check_equal(_peer.get_var(), round_name, "both sides play the same round")
		check_equal(_signals_of(id), ["peer_connected"], "joined: " + round_name)
		await _serve_round(round_name, id)


func _serve_round(round_name: String, id: int) -> void:
	var joined: Array = ["peer_connected"]
	var has_left: Callable = func() -> bool: return _signals_of(id) == ["peer_connected", "peer_disconnected"]
	match round_name:
		"server kicks softly":
			_peer.disconnect_peer(id)
			check_equal(_signals_of(id), joined, "a soft kick emits nothing inside the call")
			await until(has_left, "left: " + round_name)
		"server kicks by force":
			_peer.disconnect_peer(id, true)
			check(with_errors("get_peer", _peer.get_peer.bind(id)) == null, "unregistered inside the call")
			await pump(QUIET_SECONDS)
			check_equal(_signals_of(id), joined, "a forced kick emits nothing on the server")
		"server closes and starts again":
			_peer.close()
			check_equal(_peer.get_connection_status(), DISCONNECTED, "a closed server is disconnected")
			check_equal(_signals_of(id), joined, "close emits nothing")
			check_equal(_peer.create_server(port, 1), OK, "the port is free again at once")
		"server says goodbye after the data":
			_peer.set_target_peer(id)
			for number: int in FAREWELL_PACKETS:
				_peer.put_packet(pattern(1000, number))
			_peer.get_peer(id).peer_disconnect_later(7)
			await until(has_left, "left: " + round_name)
		_:
			_peer.set_target_peer(id)
			check_equal(_peer.put_var("go"), OK, "the client may go: " + round_name)
			await until(has_left, "left: " + round_name)


func _join() -> void:
	var last_id: int = 0
	for round_name: String in ROUNDS:
		_signals.clear()
		if not check_equal(_peer.create_client(LOCALHOST, port), OK, "the client starts: " + round_name):
			return
		check_equal(_peer.get_connection_status(), CONNECTING, "connecting: " + round_name)
		check(_peer.get_unique_id() != last_id, "each attempt has a new id")
		last_id = _peer.get_unique_id()
		if not await until(_is_in_or_tries_again, "connects: " + round_name, OTHERS_SECONDS):
			return
		check_equal(_signals, [["peer_connected", 1]], "joined: " + round_name)
		check_equal(_peer.get_connection_status(), CONNECTED, "connected: " + round_name)
		check_equal(_peer.put_var(round_name), OK, "the round is named")
		await _join_round(round_name)


## Ours hears at once that nobody is there, as for a moment between the server's close and its next
## start.
func _is_in_or_tries_again() -> bool:
	if _peer.get_connection_status() == DISCONNECTED and _signals.is_empty():
		check_equal(_peer.create_client(LOCALHOST, port), OK, "the client tries again")
	return not _signals.is_empty()


func _join_round(round_name: String) -> void:
	var joined: Array = [["peer_connected", 1]]
	var joined_and_left: Array = [["peer_connected", 1], ["peer_disconnected", 1]]
	var is_over: Callable = func() -> bool: return _peer.get_connection_status() == DISCONNECTED
	match round_name:
		"client disconnects softly":
			await _wait_for_go()
			_peer.disconnect_peer(1)
			check_equal(_peer.get_connection_status(), CONNECTED, "a soft disconnect keeps the status at first")
			await until(is_over, "over: " + round_name)
			check_equal(_signals, joined_and_left, "left: " + round_name)
		"client disconnects by force":
			await _wait_for_go()
			_peer.disconnect_peer(1, true)
			check(is_over.call(), "a forced disconnect is over inside the call")
			check_equal(_signals, joined, "a forced disconnect emits nothing")
		"client closes":
			await _wait_for_go()
			_peer.close()
			check(is_over.call(), "a close is over inside the call")
			check_equal(_signals, joined, "a close emits nothing")
		"client object is dropped":
			await _wait_for_go()
			polled.clear()
			_peer = null
		"server says goodbye after the data":
			await _take_the_farewell(joined_and_left)
		_:
			await until(is_over, "over: " + round_name)
			check_equal(_signals, joined_and_left, "left: " + round_name)


## The next client may join while the round is still being looked at.
func _signals_of(id: int) -> Array:
	var of_id: Array = _signals.filter(func(entry: Array) -> bool: return entry[1] == id)
	return of_id.map(func(entry: Array) -> String: return entry[0])


## A disconnect drops what is not acknowledged yet, here the round's name.
func _wait_for_go() -> void:
	await until(func() -> bool: return _peer.get_available_packet_count() > 0, "the server lets the client go")
	check_equal(_peer.get_var(), "go", "the server's word")


func _take_the_farewell(joined_and_left: Array) -> void:
	var numbers: Array = []
	var is_over: Callable = func() -> bool:
		while _peer.get_available_packet_count() > 0:
			var is_whole: bool = _peer.get_packet() == pattern(1000, numbers.size())
			numbers.append(numbers.size() if is_whole else -1)
		return _peer.get_connection_status() == DISCONNECTED
	await until(is_over, "over after the data")
	check_equal(numbers, range(FAREWELL_PACKETS), "what was queued before the goodbye arrives whole and in order")
	check_equal(_signals, joined_and_left, "left after the data")
