extends "res://tests/support/door_scenario.gd"
## One process: what clients may cost a server, as scripts set it.

const QUIET_SECONDS: float = 0.3
## What a lifted, a small and the largest limit are.
const VALUES: Array[int] = [0, 1, 4294967295]

var _limits: Dictionary[String, int] = {}


func run() -> void:
	var connection_class: String = connection_class_beside(peer_class)
	for constant: String in ClassDB.class_get_enum_constants(connection_class, "Limit"):
		_limits[constant] = ClassDB.class_get_integer_constant(connection_class, constant)
	_server = new_peer()
	record(_server, _server_signals)
	check_equal(_limits.values(), range(_limits.size()), "limits are numbered from 0 on")
	_check_values(_server)
	_check_values(new_connection())
	await _check_connections_per_address()
	await _check_change_while_running()
	await _check_memory_per_peer()
	await _check_bare_host()


func _check_values(object: RefCounted) -> void:
	for constant: String in _limits:
		var limit: int = _limits[constant]
		var before: int = object.get_limit(limit)
		check(before > 0, "%s has a default" % constant, str(before))
		for value: int in VALUES:
			object.set_limit(limit, value)
			check_equal(object.get_limit(limit), value, "%s can be %d" % [constant, value])
		for wrong: int in [-1, -9223372036854775808]:
			complains("%s of %d" % [constant, wrong], object.set_limit.bind(limit, wrong), null)
		check_equal(object.get_limit(limit), VALUES[-1], "a wrong value changes nothing")
		object.set_limit(limit, before)
	for wrong: int in [-1, _limits.size(), 1 << 31]:
		complains("reading limit %d" % wrong, object.get_limit.bind(wrong), 0)
		complains("setting limit %d" % wrong, object.set_limit.bind(wrong, 1), null)


func _check_connections_per_address() -> void:
	var limit: int = _limits["LIMIT_CONNECTIONS_PER_ADDRESS"]
	_server.set_limit(limit, 1)
	_start()
	check_equal(_server.host.get_limit(limit), 1, "the host of a session has the limit")
	var first: MultiplayerPeer = await _join("one client of an address joins")
	await _is_turned_away("the second client of an address", "FAILURE_TOO_MANY")
	_end()
	check_equal(_server.get_limit(limit), 1, "a limit outlives a session")
	_start()
	await _join("one client of an address joins the next session")
	await _is_turned_away("the second one of the next session", "FAILURE_TOO_MANY")
	_server.set_limit(limit, 0)
	await _join("another one joins when the limit is lifted")
	_end()
	check_equal(int(first.get_connection_status()), DISCONNECTED, "the first session is over")
	_server.set_limit(limit, 4095)


func _check_change_while_running() -> void:
	var limit: int = _limits["LIMIT_ATTEMPTS_PER_SECOND"]
	_start()
	_server.set_limit(limit, 1)
	await _join("the one attempt of a second gets in")
	await _join("the next one does when it is repeated")
	_end()
	_server.set_limit(limit, 10000)


## Packets that nobody takes stop at the limit. Without the network thread it is the poll that takes
## them.
func _check_memory_per_peer() -> void:
	var limit: int = _limits["LIMIT_MEMORY_PER_PEER"]
	_server.set_limit(limit, 20000)
	_start()
	var client: MultiplayerPeer = await _join("a client joins a server with little memory")
	polled.erase(_server)
	client.set_target_peer(1)
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	var sent: int = 60
	for index: int in sent:
		check_equal(client.put_packet(pattern(1000, index)), OK, "a packet is sent") if index == 0 else client.put_packet(pattern(1000, index))
	await pump(QUIET_SECONDS)
	polled.append(_server)
	await until(func() -> bool: return _server.get_available_packet_count() == sent, "all packets arrive when they are taken")
	_end()
	_server.set_limit(limit, 33554432)


func _check_bare_host() -> void:
	var limit: int = _limits["LIMIT_CONNECTIONS_PER_ADDRESS"]
	var server: RefCounted = new_connection()
	server.set_limit(limit, 1)
	check_equal(server.create_host_bound(LOCALHOST, port), OK, "a bare host starts")
	check_equal(server.get_limit(limit), 1, "it has the limit set before")
	var clients: Array = [connect_with(1)]
	await serve_until([server] + clients, func() -> bool: return server.get_peers().size() == 1, "one client is in")
	clients.append(connect_with(2))
	var end: int = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end:
		service_all([server] + clients)
		await get_tree().process_frame
	check_equal(server.get_peers().size(), 1, "a second one is not")
	server.set_limit(limit, 2)
	await serve_until([server] + clients, func() -> bool: return server.get_peers().size() == 2,
		"it gets in when the limit is higher")
	for connection: RefCounted in clients + [server]:
		connection.destroy()
