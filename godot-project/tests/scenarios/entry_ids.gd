extends "res://tests/support/scenario.gd"
## One process: a client whose id somebody else has already. Ours tries another before its game
## hears of it; the built-in is refused by our server, and believes to be connected to a built-in.

const QUIET_SECONDS: float = 0.3
const MESSAGE: String = "who am I?"

var _server: MultiplayerPeer
var _server_api := SceneMultiplayer.new()
var _server_signals: Array = []
var _client: MultiplayerPeer
var _client_api := SceneMultiplayer.new()
var _client_signals: Array = []
## [code][sender, text][/code] of each message that one of the two got.
var _messages: Array = []


func run() -> void:
	_server = new_peer()
	record(_server, _server_signals)
	check_equal(_server.create_server(port), OK, "the server starts")
	_server_api.multiplayer_peer = _server
	_client = new_other_peer()
	record(_client, _client_signals)
	check_equal(_client.create_client(LOCALHOST, port), OK, "a client starts")
	var first: int = _client.get_unique_id()
	var peer: PacketPeer = _client.get_peer(1)
	var holder: RefCounted = connect_with(first)
	await _poll_until([holder], func() -> bool: return not _server_signals.is_empty(), "another one takes its id")
	check_equal(_server_signals, [["peer_connected", first]], "the server knows the other one by it")
	_server_signals.clear()
	_listen()
	_client_api.multiplayer_peer = _client
	if not other_class.ends_with("Rs"):
		await _check_refusal()
	elif is_ours:
		await _check_other_id(first, peer)
	else:
		await _check_built_in_server(first)
	_client_api.multiplayer_peer = null
	_client.close()
	holder.destroy()
	_server_api.multiplayer_peer = null
	_server.close()


func _listen() -> void:
	_client_api.connected_to_server.connect(func() -> void: _client_signals.append("connected_to_server"))
	_client_api.connection_failed.connect(func() -> void: _client_signals.append("connection_failed"))
	for api: SceneMultiplayer in [_server_api, _client_api]:
		api.root_path = get_path()
		api.peer_packet.connect(func(id: int, data: PackedByteArray) -> void:
			_messages.append([id, data.get_string_from_utf8()]))


func _check_other_id(first: int, peer: PacketPeer) -> void:
	await _poll_until([], func() -> bool: return _client_signals.size() >= 2 and not _server_signals.is_empty(),
		"the client gets in")
	check_equal(_client_signals, [["peer_connected", 1], "connected_to_server"], "its game sees one attempt")
	check_equal(_client.last_failure, 0, "nothing has failed")
	var id: int = _client.get_unique_id()
	check(id > 1 and id != first, "it has another id", str(id))
	check_equal(_server_signals, [["peer_connected", id]], "the server knows it by that one")
	check_equal(_client_api.get_unique_id(), id, "so does the scene API")
	check_equal(_client.get_peer(1), peer, "the server's packet peer is the one of the first attempt")
	check_equal(Array(_server_api.get_peers()).has(id), true, "the server's scene API knows it")
	check_equal(_client_api.send_bytes(MESSAGE.to_utf8_buffer(), 1), OK, "the client sends a message")
	check_equal(_server_api.send_bytes(MESSAGE.to_utf8_buffer(), id), OK, "the server sends it one")
	await _poll_until([], func() -> bool: return _messages.size() == 2, "both arrive")
	check(_messages.has([id, MESSAGE]) and _messages.has([1, MESSAGE]), "each knows the sender", str(_messages))


func _check_refusal() -> void:
	await _poll_until([], func() -> bool: return not _client_signals.is_empty(), "a built-in client hears of it")
	check_equal(_client_signals, ["connection_failed"], "it is refused")
	check_equal(_server_signals, [], "the server says nothing of it")


## It drops the client without a word. There is nothing that could be done about it.
func _check_built_in_server(first: int) -> void:
	await _poll_until([], func() -> bool: return not _client_signals.is_empty(), "a built-in server answers")
	await pump(QUIET_SECONDS)
	check_equal(_server_signals, [], "a built-in server says nothing of it")
	check_equal(_client.get_unique_id(), first, "the client keeps its id")


func _poll_until(connections: Array, condition: Callable, what: String) -> void:
	var polls: Callable = func() -> bool:
		_server_api.poll()
		if _client_api.multiplayer_peer == _client:
			_client_api.poll()
		return condition.call()
	await serve_until(connections, polls, what)
