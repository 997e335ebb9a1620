extends "res://tests/support/scenario.gd"
## One process: what the calls that a game makes for each packet cost a script, on its main thread
## and on a [Thread]. The figures are printed, not judged:
## [codeblock]
## cargo xtask godot-tests call_costs --verbose
## [/codeblock]

const PACKETS: int = 1000
const PACKET_SIZE: int = 100
const ROUNDS: int = 9

var _server: MultiplayerPeer
var _client: MultiplayerPeer


func run() -> void:
	_server = new_peer()
	_client = new_peer()
	check_equal(_server.create_server(port), OK, "the server starts")
	check_equal(_client.create_client(LOCALHOST, port), OK, "the client starts")
	polled = [_server, _client]
	if not await until(func() -> bool: return _client.get_connection_status() == CONNECTED, "they connect"):
		return
	_client.set_target_peer(1)
	var on_main: Dictionary = {}
	var on_thread: Dictionary = {}
	for round_number: int in ROUNDS:
		await _measure(on_main, func(action: Callable) -> int: return action.call())
		await _measure(on_thread, _call_on_thread)
	for call_name: String in on_main:
		var figures: Array = [call_name, _median(on_main[call_name]), _median(on_thread[call_name])]
		print("%s: %d ns on the main thread, %d ns on a Thread" % figures)
	_client.close()
	_server.close()


## Appends the cost of each call, in nanoseconds, to its list in [param into].
func _measure(into: Dictionary, caller: Callable) -> void:
	_note(into, "put_packet", caller.call(_put_all))
	var has_all: Callable = func() -> bool: return _server.get_available_packet_count() == PACKETS
	await until(has_all, "all packets arrive")
	_note(into, "get_available_packet_count", caller.call(_count_all))
	_note(into, "get_packet", caller.call(_get_all))
	_note(into, "poll with nothing to do", caller.call(_poll_all_idle))
	check_equal(_server.get_available_packet_count(), 0, "all packets are read")


func _put_all() -> int:
	var packet: PackedByteArray = pattern(PACKET_SIZE, 1)
	var start: int = Time.get_ticks_usec()
	for _index: int in PACKETS:
		_client.put_packet(packet)
	return Time.get_ticks_usec() - start


func _count_all() -> int:
	var start: int = Time.get_ticks_usec()
	for _index: int in PACKETS:
		_server.get_available_packet_count()
	return Time.get_ticks_usec() - start


func _get_all() -> int:
	var start: int = Time.get_ticks_usec()
	for _index: int in PACKETS:
		_server.get_packet()
	return Time.get_ticks_usec() - start


func _poll_all_idle() -> int:
	var start: int = Time.get_ticks_usec()
	for _index: int in PACKETS:
		_client.poll()
	return Time.get_ticks_usec() - start


func _call_on_thread(action: Callable) -> int:
	var thread := Thread.new()
	check_equal(thread.start(action), OK, "a thread starts")
	return thread.wait_to_finish()


func _note(into: Dictionary, call_name: String, microseconds: int) -> void:
	(into.get_or_add(call_name, []) as Array).append(microseconds * 1000 / PACKETS)


func _median(values: Array) -> int:
	values.sort()
	return values[values.size() / 2]
