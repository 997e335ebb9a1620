extends "res://tests/support/scenario.gd"
## One process: a game leaves by [code]multiplayer.multiplayer_peer = null[/code] and runs on, and a
## member variable keeps the peer alive. The server hears that the player is gone, as soon as with
## the engine's own class. The server is of the class under test, the client of the one on the far
## side.

## For [method ENetPacketPeer.set_timeout]: the factor, then the limits in milliseconds. It is what
## ends a client that answers only when it is polled.
const TIMEOUT: Array[int] = [32, 5000, 10_000]
## A client that is polled no more has to be gone within it, on a loaded machine too.
const GONE_SECONDS: float = 30.0

var _server: MultiplayerPeer
var _client: MultiplayerPeer
var _signals: Array = []


func run() -> void:
	_server = new_peer()
	_client = new_other_peer()
	record(_server, _signals)
	polled.append(_server)
	if not check_equal(_server.create_server(port, 1), OK, "the server starts"):
		return
	check_equal(_client.create_client(LOCALHOST, port), OK, "the client starts")
	multiplayer.multiplayer_peer = _client
	var is_in: Callable = func() -> bool:
		return not _signals.is_empty() and _client.get_connection_status() == CONNECTED
	if await until(is_in, "the client joins"):
		await _leave(_signals[0][1])
	_client.close()
	_server.close()


func _leave(id: int) -> void:
	_server.get_peer(id).set_timeout(TIMEOUT[0], TIMEOUT[1], TIMEOUT[2])
	multiplayer.multiplayer_peer = null
	await until(func() -> bool: return _signals.size() > 1, "the player is gone", GONE_SECONDS)
	check_equal(_signals, [["peer_connected", id], ["peer_disconnected", id]], "and that is told")
	if not other_class.ends_with("Rs") or arguments.has("unthreaded"):
		return
	if is_ours:
		_is_told(_server, "the server", "The game of peer %d" % id)
	polled.append(_client)
	var is_over: Callable = func() -> bool: return _client.get_connection_status() == DISCONNECTED
	await until(is_over, "the client learns of it when it is polled again")
	_is_told(_client, "the client", "This game did not poll")


func _is_told(peer: MultiplayerPeer, who: String, text: String) -> void:
	var stalled: int = ClassDB.class_get_integer_constant(peer.get_class(), "FAILURE_STALLED")
	check_equal(peer.get("last_failure"), stalled, who + " is told why")
	check(peer.call("get_failure_text").begins_with(text), who + " reads of it", peer.call("get_failure_text"))
