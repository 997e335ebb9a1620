extends "res://tests/support/scenario.gd"
## Roles server and client, without a [MultiplayerAPI]: a connection for each of the five ways to
## compress, over which the server sends back what it gets.

const MODES: Array[String] = ["none", "range coder", "FastLZ", "zlib", "Zstandard"]
const SIZES: Array[int] = [1, 15, 16, 100, 1364, 5000, 65_536]

var _peer: MultiplayerPeer


func run() -> void:
	for mode: int in MODES.size():
		_peer = new_peer()
		polled = [_peer]
		if role == "server":
			await _serve(mode)
		else:
			await _lead(mode)
		_peer.close()


func _serve(mode: int) -> void:
	var signals: Array = []
	record(_peer, signals)
	check_equal(_peer.create_server(port, 1), OK, "%s: the server starts" % MODES[mode])
	_peer.host.compress(mode)
	var echoed: Array[int] = [0]
	var has_left: Callable = func() -> bool:
		while _peer.get_available_packet_count() > 0:
			_peer.set_target_peer(_peer.get_packet_peer())
			_peer.put_packet(_peer.get_packet())
			echoed[0] += 1
		return signals.size() > 1
	await until(has_left, "%s: the client stays until it is done" % MODES[mode], OTHERS_SECONDS)
	check_equal(echoed[0], 2 * SIZES.size(), "%s: every packet came" % MODES[mode])


func _lead(mode: int) -> void:
	await server_listens()
	check_equal(_peer.create_client(LOCALHOST, port), OK, "%s: the client starts" % MODES[mode])
	_peer.host.compress(mode)
	var has_joined: Callable = func() -> bool:
		# What listened was the server of the mode before.
		if _peer.get_connection_status() == DISCONNECTED and _peer.create_client(LOCALHOST, port) == OK:
			_peer.host.compress(mode)
		return _peer.get_connection_status() == CONNECTED
	if not await until(has_joined, "%s: the client connects" % MODES[mode], OTHERS_SECONDS):
		return
	for size: int in SIZES:
		for payload: PackedByteArray in [text_of(size), pattern(size, size)]:
			await _there_and_back(payload, "%s: %d bytes" % [MODES[mode], size])


func _there_and_back(payload: PackedByteArray, what: String) -> void:
	check_equal(_peer.put_packet(payload), OK, "%s are sent" % what)
	var is_back: Callable = func() -> bool: return _peer.get_available_packet_count() > 0
	if await until(is_back, "%s come back" % what, OTHERS_SECONDS):
		check_equal(sha256(_peer.get_packet()), sha256(payload), "%s are the same" % what)
