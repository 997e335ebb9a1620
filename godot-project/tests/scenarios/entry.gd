extends "res://tests/support/door_scenario.gd"
## One process: [member ENetMultiplayerPeerRs.connection_filter], whatever it answers or does.

const QUIET_SECONDS: float = 0.3
## What a poll asks at most.
const MOST_QUESTIONS: int = 128
## The user data of raw CONNECTs.
const RAW_DATA: int = 7
const RAW_BURST: int = 250
const FLOOD_POLLS: int = 10

## Raw CONNECTs so far.
var _raw_number: int = 0
## The arguments of each call of a filter.
var _asked: Array = []


## Somebody whose method is a filter until it is freed.
class Bouncer:
	extends Node

	func lets_in(_address: String, _port: int, _data: int) -> bool:
		return true


func run() -> void:
	_server = new_peer()
	record(_server, _server_signals)
	check(_server.connection_filter.is_null(), "there is no filter at first")
	await _check_yes_and_no()
	await _check_what_is_no_answer()
	await _check_changes_of_mind()
	await _check_reentry()
	await _check_flood()


func _start() -> void:
	super()
	_asked.clear()


func _check_yes_and_no() -> void:
	var filter: Callable = _answer_with.bind(true)
	_server.connection_filter = filter
	check_equal(_server.connection_filter, filter, "the filter can be read")
	_start()
	check_equal(_server.connection_filter, filter, "a filter is kept when a session begins")
	var client: MultiplayerPeer = await _join("a client joins whom the filter lets in")
	var arguments_of_client: Array = [LOCALHOST, client.host.get_local_port(), client.get_unique_id()]
	check_equal(_asked, [arguments_of_client], "the filter is asked once, with address, port and data")
	_server.connection_filter = _answer_with.bind(false)
	await _is_turned_away("a client whom the filter does not let in", "FAILURE_FILTERED")
	check_equal(_asked.size(), 2, "the filter is asked once about who is not let in")
	check_equal(int(client.get_connection_status()), CONNECTED, "who is in stays in")
	_server.refuse_new_connections = true
	await _is_turned_away("a client of a server that refuses all", "FAILURE_REFUSED")
	check_equal(_asked.size(), 2, "the filter is not asked about those whom something else keeps out")
	_end()
	check(not _server.connection_filter.is_null(), "a filter outlives a session")
	_server.connection_filter = Callable()


func _check_what_is_no_answer() -> void:
	var bouncer := Bouncer.new()
	var filters: Dictionary[String, Callable] = {
		"a filter that returns a number": func(_address: String, _port: int, _data: int) -> int: return 1,
		"a filter that returns nothing": func(_address: String, _port: int, _data: int) -> void: pass,
		"a filter with too few arguments": func(_address: String) -> bool: return true,
		"a filter with too many arguments":
		func(_address: String, _port: int, _data: int, _more: int) -> bool: return true,
		"a filter whose object is freed": bouncer.lets_in,
		"a filter without a method": Callable(self, &"no_such_method"),
	}
	bouncer.free()
	_start()
	for what: String in filters:
		_server.connection_filter = filters[what]
		printerr(ERRORS_EXPECTED + what)
		await _is_turned_away(what + " lets nobody in", "FAILURE_FILTERED")
		printerr(ERRORS_OVER)
	_server.connection_filter = filters["a filter that returns a number"]
	printerr(ERRORS_EXPECTED + "a filter that returns a number once more")
	await _is_turned_away("a client of a filter that returns a number", "FAILURE_FILTERED")
	printerr(ERRORS_OVER)
	await _is_turned_away("the next client, without another error,", "FAILURE_FILTERED")
	_end()
	_server.connection_filter = Callable()


func _check_changes_of_mind() -> void:
	_server.connection_filter = _answer_with.bind(true)
	_start()
	var client: MultiplayerPeer = _begin("a client starts at a server that is not polled")
	# With the network thread it waits; without, nobody has read its CONNECT.
	await _pump_alone(client)
	check_equal(int(client.get_connection_status()), CONNECTING, "nobody gets in before the filter is asked")
	check_equal(_asked, [], "the filter is called by poll alone")
	_server.connection_filter = Callable()
	polled.append(client)
	await until(func() -> bool: return client.get_connection_status() == CONNECTED,
		"who waits gets in when the filter is taken away")
	check_equal(_asked, [], "a filter that was taken away is not asked")
	_end()


func _check_reentry() -> void:
	var over: Callable = func(_address: String, _port: int, _data: int) -> bool:
		_server.close()
		return true
	_server.connection_filter = over
	_start()
	var client: MultiplayerPeer = _begin("a client starts at a server whose filter closes it")
	polled.append(client)
	await until(func() -> bool: return _server.get_connection_status() == DISCONNECTED, "the filter closes the server")
	await pump(QUIET_SECONDS)
	check_equal(_server_signals, [], "nobody joins a server that its filter closed")
	check_equal(int(client.get_connection_status()), CONNECTING, "the client hears nothing")
	client.close()

	var again: Callable = func(_address: String, _port: int, _data: int) -> bool:
		_server.close()
		_server.connection_filter = Callable()
		return _server.create_server(port) == OK
	_server.connection_filter = again
	_start()
	await _join("a client joins the session that the filter began")
	_end()

	var nested: Array = []
	var polls: Callable = func(address: String, _port: int, _data: int) -> bool:
		nested.append(address)
		_server.poll()
		nested.append(address)
		return true
	_server.connection_filter = polls
	_start()
	for _index: int in 3:
		polled.append(_begin("a client starts at a server whose filter polls"))
	await until(func() -> bool: return _server_signals.size() == 3, "all join a server whose filter polls")
	check_equal(nested.size(), 6, "each is asked about once")
	_end()
	_server.connection_filter = Callable()


## CONNECTs that nobody means: each poll asks about some of them, and a client still gets in.
func _check_flood() -> void:
	_server.connection_filter = func(_address: String, _port: int, data: int) -> bool:
		_asked.append(data)
		return data != RAW_DATA
	_start()
	_server.poll()
	var flood := PacketPeerUDP.new()
	flood.set_dest_address(LOCALHOST, port)
	var burst: Callable = func() -> void:
		for _index: int in RAW_BURST:
			_raw_number += 1
			flood.put_packet(_raw_connect(_raw_number))
	# Without the network thread it is the poll that reads them.
	polled.clear()
	var is_full: Callable = func() -> bool:
		burst.call()
		return _server.get_statistics().waiting > 2 * MOST_QUESTIONS
	if ProjectSettings.get_setting("network/enet_rs/use_network_thread"):
		await until(is_full, "many of them wait")
	else:
		burst.call()
	polled = [_server]
	_asked.clear()
	_server.poll()
	check_equal(_asked.size(), MOST_QUESTIONS, "a poll asks about %d at most" % MOST_QUESTIONS)
	var most: int = 0
	for _poll: int in FLOOD_POLLS:
		burst.call()
		_asked.clear()
		_server.poll()
		most = maxi(most, _asked.size())
	check_equal(most, MOST_QUESTIONS, "so does the next one")
	burst.call()
	await _join("a client joins beside a flood")
	check_equal(_server_signals.size(), 1, "nobody else joins")
	check(flood.get_available_packet_count() <= _raw_number, "a CONNECT is answered once at most")
	_end()
	_server.connection_filter = Callable()


func _raw_connect(number: int) -> PackedByteArray:
	var datagram := StreamPeerBuffer.new()
	datagram.big_endian = true
	for word: int in [0x8FFF, 1000, 0x82FF, 1, 0, 0xFFFF]:
		datagram.put_u16(word)
	for field: int in [1392, 65536, 2, 0, 0, 5000, 2, 2, number, RAW_DATA]:
		datagram.put_u32(field)
	return datagram.data_array


func _answer_with(address: String, from_port: int, data: int, answer: bool) -> bool:
	_asked.append([address, from_port, data])
	return answer


func _pump_alone(client: MultiplayerPeer) -> void:
	var end: int = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end:
		client.poll()
		await get_tree().process_frame
