extends "res://tests/support/scenario.gd"
## One process: a server and a client that compress their datagrams, in each of the five modes.

const MODES: Dictionary[String, int] = {
	"none": 0,
	"range coder": 1,
	"FastLZ": 2,
	"zlib": 3,
	"Zstandard": 4,
}
const COMPRESS_NONE: int = 0
## From payloads that do not shrink, over those that pad FastLZ's smallest block, to fragments.
const SIZES: Array[int] = [1, 2, 7, 8, 15, 16, 17, 100, 1000, 1364, 5000, 65_536]
const HOST_TOTAL_SENT_DATA: int = 0
## How often an unreliable packet is sent before it counts as one that never arrives.
const ATTEMPTS: int = 15
## At least so much smaller must text of a datagram's length become.
const SHRINKS_TO: float = 0.7

var _server: MultiplayerPeer
var _client: MultiplayerPeer


func run() -> void:
	for mode: String in MODES:
		await _check_mode(mode)
	await _check_mismatch()


func _check_mode(mode: String) -> void:
	if not await _connect_pair(mode, mode):
		return
	for transfer_mode: int in [RELIABLE, ORDERED]:
		for size: int in SIZES:
			for payload: PackedByteArray in [text_of(size), pattern(size, size)]:
				var what: String = "%s, transfer mode %d, %d bytes" % [mode, transfer_mode, size]
				_client.transfer_mode = transfer_mode
				_server.transfer_mode = transfer_mode
				await _check_arrives(_client, _server, payload, "%s to the server" % what)
				await _check_arrives(_server, _client, payload, "%s to the client" % what)
	await _check_shrinks(mode)
	_end()


## An unreliable packet may be lost, and is sent again then.
func _check_arrives(
		sender: MultiplayerPeer, receiver: MultiplayerPeer, payload: PackedByteArray, what: String
) -> void:
	var wanted: String = sha256(payload)
	var arrived: Callable = func() -> bool:
		while receiver.get_available_packet_count() > 0:
			if sha256(receiver.get_packet()) == wanted:
				return true
		return false
	var attempts: int = 1 if sender.transfer_mode == RELIABLE else ATTEMPTS
	for attempt: int in attempts:
		if sender.put_packet(payload) != OK:
			break
		if await holds_within(arrived, PATIENCE_SECONDS / attempts):
			check(true, what)
			return
	check(false, what, "it did not arrive")


## The counters of a host say what went over the wire.
func _check_shrinks(mode: String) -> void:
	var host: RefCounted = _client.get("host")
	var payload: PackedByteArray = text_of(1300)
	await pump(0.1)
	host.call("pop_statistic", HOST_TOTAL_SENT_DATA)
	_client.transfer_mode = RELIABLE
	await _check_arrives(_client, _server, payload, "%s, text to be counted" % mode)
	var sent: float = host.call("pop_statistic", HOST_TOTAL_SENT_DATA)
	var shrunk: bool = sent < payload.size() * SHRINKS_TO
	check_equal(shrunk, MODES[mode] != COMPRESS_NONE, "%s shrinks text on the wire" % mode)


func _check_mismatch() -> void:
	_open("zlib", "Zstandard")
	await pump(0.5)
	check_equal(int(_client.get_connection_status()), CONNECTING, "different modes do not connect")
	_end()


func _connect_pair(server_mode: String, client_mode: String) -> bool:
	_open(server_mode, client_mode)
	var connected: Callable = func() -> bool:
		return _client.get_connection_status() == CONNECTED
	var joined: bool = await until(connected, "a client connects with %s" % client_mode)
	if joined:
		_server.set_target_peer(_client.get_unique_id())
		_client.set_target_peer(1)
	else:
		_end()
	return joined


func _open(server_mode: String, client_mode: String) -> void:
	_server = new_peer()
	_client = new_other_peer()
	check_equal(_server.call("create_server", port), OK, "the server starts")
	check_equal(_client.call("create_client", LOCALHOST, port), OK, "the client starts")
	# Before the first poll nothing has been sent yet.
	(_server.get("host") as RefCounted).call("compress", MODES[server_mode])
	(_client.get("host") as RefCounted).call("compress", MODES[client_mode])
	polled = [_server, _client]


func _end() -> void:
	polled = []
	_client.close()
	_server.close()
