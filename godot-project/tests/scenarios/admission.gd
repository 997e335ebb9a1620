extends "res://tests/support/scenario.gd"
## One process: whom a server lets in, what a client that is not let in learns, and which settings
## outlive a session.

const QUIET_SECONDS: float = 0.3
## ENet's own timeouts take at least five seconds.
const TOLD_SECONDS: float = 3.0
## Who is turned away hears of it within this on the loopback, at the best of some attempts: the
## machine may be busy with other things.
const TOLD_MSEC: float = 200.0
const ATTEMPTS: int = 5

var _server: MultiplayerPeer
var _server_signals: Array = []
## For each bare connection, the types of its events.
var _events: Array = []


func run() -> void:
	_server = new_peer()
	record(_server, _server_signals)
	await _check_refusing()
	await _check_flag_set_behind_a_handshake()
	await _check_full_server()
	_check_full_connection()
	await _check_connect_data()
	await _check_settings_outlive_close()


func _check_refusing() -> void:
	check_equal(_server.create_server(port), OK, "the server starts")
	polled = [_server]
	var guest: MultiplayerPeer = await _join("a guest joins")
	_server.refuse_new_connections = true
	_server_signals.clear()
	await _is_turned_away_soon("defect D04: a refused client")
	check_equal(_server_signals, [], "the server says nothing of a refused client")
	check_equal(int(guest.get_connection_status()), CONNECTED, "who is in stays in")
	_server.refuse_new_connections = false
	await _join("a client joins when the server no longer refuses")
	_end()


func _check_full_server() -> void:
	check_equal(_server.create_server(port, 1), OK, "a server for one starts")
	polled = [_server]
	var guest: MultiplayerPeer = await _join("the one guest joins")
	if is_ours:
		await _is_turned_away_soon("defect D32: the next guest of a full server")
		guest.close()
		polled.erase(guest)
		await pump(QUIET_SECONDS)
		await _join("a guest joins when the slot is free")
	else:
		await _waits_for_a_slot(guest)
	_end()


func _waits_for_a_slot(guest: MultiplayerPeer) -> void:
	var next: MultiplayerPeer = new_other_peer()
	check_equal(next.create_client(LOCALHOST, port), OK, "the next guest starts")
	polled.append(next)
	_server_signals.clear()
	await pump(QUIET_SECONDS)
	check_equal(int(next.get_connection_status()), CONNECTING, "a full server lets the next guest wait")
	check_equal(_server_signals, [], "a full server says nothing of it")
	guest.close()
	polled.erase(guest)
	await until(func() -> bool: return next.get_connection_status() == CONNECTED, "it gets in when a slot is free")


## A full bare host stays silent: its scripts may wait for a slot.
func _check_full_connection() -> void:
	var prefix: String = "defect D32: "
	var server: RefCounted = new_connection()
	check_equal(server.create_host_bound(LOCALHOST, port, 1), OK, "a bare host for one starts")
	var first: RefCounted = connect_with(1)
	var ticks: int = 0
	while server.get_peers().is_empty() and ticks < 1000:
		server.service(1)
		first.service(1)
		ticks += 1
	var next: RefCounted = connect_with(2)
	var end: int = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end:
		server.service(1)
		first.service(1)
		check_silent_event(next.service(1))
	check_equal(next.get_peers()[0].get_state(), STATE_CONNECTING, prefix + "a full bare host lets the next one wait")
	for connection: RefCounted in [server, first, next]:
		connection.destroy()


func check_silent_event(event: Array) -> void:
	if event[0] != EVENT_NONE:
		check(false, "defect D32: a full bare host answers nothing", str(event))


## A client's id is the number it connects with.
func _check_connect_data() -> void:
	check_equal(_server.create_server(port), OK, "the server starts again")
	var connections: Array[RefCounted] = []
	# What is not a positive 32-bit id, or is the server's own. The built-in takes the negative one.
	for data: int in [0, 1, -5, -2147483648] if is_ours else [0, 1]:
		_server_signals.clear()
		connections.append(connect_with(data))
		await _until_told(connections)
		check_equal(_server_signals, [], "defect D05: nobody joins with id %d" % data)
	for data: int in [77, 2, 2147483647]:
		_server_signals.clear()
		connections.append(connect_with(data))
		await _until_told(connections)
		check_equal(_server_signals, [["peer_connected", data]], "a client joins with id %d" % data)
	if is_ours:
		await _is_told_soon("defect D05: a client with the id 1", 1)
	_server_signals.clear()
	connections.append(connect_with(77))
	await _until_told(connections)
	check_equal(_server_signals, [], "defect D04: nobody joins with an id in use")
	if is_ours:
		# Of each: what its service calls returned.
		var refused: Array = [2, 2, 2, 2, 1, 1, 1, 2]
		var seen: Array = _events.map(func(events: Array) -> int: return events[0] if events.size() == 1 else -9)
		check_equal(seen, refused, "defect D04: each is told once, by a connect or a disconnect event")
	for connection: RefCounted in connections:
		connection.destroy()
	_end()


func _is_told_soon(what: String, data: int) -> void:
	var best: float = INF
	for attempt: int in ATTEMPTS:
		var connection: RefCounted = connect_with(data)
		var start: int = Time.get_ticks_usec()
		var is_told: Callable = func() -> bool:
			_server.poll()
			return connection.service(0)[0] == EVENT_DISCONNECT
		await until(is_told, what + " is told", TOLD_SECONDS)
		best = minf(best, (Time.get_ticks_usec() - start) / 1000.0)
		connection.destroy()
		if best < TOLD_MSEC:
			break
	check(best < TOLD_MSEC, what + " is told in no time", "%.1f ms at best" % best)


## Services [param connections] until the last of them has an event, and for a while longer.
func _until_told(connections: Array[RefCounted]) -> void:
	_events.append([])
	var serve: Callable = func() -> bool:
		_server.poll()
		for index: int in connections.size():
			var event: Array = connections[index].service(0)
			if event[0] != EVENT_NONE:
				_events[index].append(event[0])
		return not _events.back().is_empty()
	await until(serve, "a bare client is told")
	await holds_within(func() -> bool: return serve.call() and false, QUIET_SECONDS)


func _check_settings_outlive_close() -> void:
	_server.set_target_peer(77)
	_server.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	_server.transfer_channel = 5
	check_equal(_server.create_server(port), OK, "the server starts once more")
	_server.refuse_new_connections = true
	_server.close()
	check(not _server.refuse_new_connections, "close clears refuse_new_connections")
	check_equal(_server.create_server(port), OK, "and a last time")
	check_equal(int(_server.transfer_mode), UNRELIABLE, "close keeps transfer_mode")
	check_equal(_server.transfer_channel, 5, "close keeps transfer_channel")
	var put: Callable = _server.put_packet.bind(PackedByteArray([1]))
	complains("close keeps the target peer", put, ERR_INVALID_PARAMETER)
	_server.close()


func _join(what: String) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts")
	polled.append(client)
	_server_signals.clear()
	await until(func() -> bool: return client.get_connection_status() == CONNECTED and _server_signals.size() == 1, what)
	return client


func _is_turned_away_soon(what: String) -> void:
	var best: float = INF
	for attempt: int in ATTEMPTS if is_ours else 1:
		best = minf(best, await _is_turned_away(what))
		if best < TOLD_MSEC:
			break
	if is_ours:
		check(best < TOLD_MSEC, what + " is told in no time", "%.1f ms at best" % best)


## With the peer of a scene API, as most clients are, and alone. Answers after how many milliseconds
## it is told.
func _is_turned_away(what: String) -> float:
	var client: MultiplayerPeer = new_other_peer()
	var signals: Array = []
	record(client, signals)
	var api: MultiplayerAPI = MultiplayerAPI.create_default_interface()
	api.connection_failed.connect(func() -> void: signals.append("connection_failed"))
	api.connected_to_server.connect(func() -> void: signals.append("connected_to_server"))
	api.server_disconnected.connect(func() -> void: signals.append("server_disconnected"))
	var start: int = Time.get_ticks_usec()
	check_equal(client.create_client(LOCALHOST, port), OK, what + " starts")
	api.multiplayer_peer = client
	if not is_ours:
		# The built-in tells a refused client nothing; it finds out by this timeout.
		client.get_peer(1).set_timeout(2, 300, 600)
	var is_over: Callable = func() -> bool:
		api.poll()
		return signals.has("connection_failed") or signals.has("server_disconnected")
	await until(is_over, what + " is told, or gives up", TOLD_SECONDS)
	var milliseconds: float = (Time.get_ticks_usec() - start) / 1000.0
	if is_ours:
		print("%s was told after %.1f ms" % [what, milliseconds])
		check_equal(signals, ["connection_failed"], what + " never was connected")
	check_equal(int(client.get_connection_status()), DISCONNECTED, what + " is over")
	api.multiplayer_peer = null
	return milliseconds


## The script refuses when the handshake is over and the server has not been polled since.
func _check_flag_set_behind_a_handshake() -> void:
	if not is_ours:
		return
	check_equal(_server.create_server(port), OK, "the server starts before a late refusal")
	polled = [_server]
	_server.poll()
	var client: MultiplayerPeer = new_other_peer()
	var signals: Array = []
	record(client, signals)
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts before a late refusal")
	# With the network thread the server answers by itself; without it, it is never asked.
	var is_connected_or_waits: Callable = func() -> bool:
		client.poll()
		_server.host.flush()
		return not signals.is_empty()
	await holds_unpolled(is_connected_or_waits)
	_server.refuse_new_connections = true
	_server_signals.clear()
	polled.append(client)
	var is_over: Callable = func() -> bool: return client.get_connection_status() == DISCONNECTED
	await until(is_over, "defect D04: a client refused late is told")
	check_equal(_server_signals, [], "defect D04: the server says nothing of a client refused late")
	check(signals.is_empty() or signals == [["peer_connected", 1], ["peer_disconnected", 1]],
		"defect D04: a client refused late is not left connected", str(signals))
	_end()


## Waits a little for [param condition] without polling anybody.
func holds_unpolled(condition: Callable) -> void:
	var end: int = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
	while not condition.call() and Time.get_ticks_msec() < end:
		await get_tree().process_frame


func _end() -> void:
	for peer: MultiplayerPeer in polled:
		peer.close()
	polled.clear()
	_server.close()
