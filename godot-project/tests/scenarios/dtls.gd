extends "res://tests/support/scenario.gd"
## One process: how DTLS is set up, whom a client trusts, and what it says when it does not.

const ListeningLogger = preload("res://tests/support/listening_logger.gd")
const Tls = preload("res://tests/support/tls.gd")

## With the defect, a connection on the loopback takes at least this long.
const RESEND_MSEC: int = 500
const ATTEMPTS: int = 5

var _own: Tls
var _stranger: Tls
var _expired: Tls
var _logger := ListeningLogger.new()


func run() -> void:
	_own = Tls.new("localhost")
	_stranger = Tls.new("localhost")
	_expired = Tls.new("localhost", "20240101000000", "20240102000000")
	OS.add_logger(_logger)
	_check_setup_answers()
	await _check_failed_setups()
	await _check_trust()
	await _check_chain()
	await _check_failures()
	await _check_speed()
	await _check_addresses()
	await _check_bare_connections()
	await _check_thread()
	await _check_scripts_in_the_middle()
	OS.remove_logger(_logger)


func _check_setup_answers() -> void:
	var idle: RefCounted = new_connection()
	complains("server setup without a host", idle.dtls_server_setup.bind(_own.server_options()), ERR_UNCONFIGURED)
	complains("client setup without a host", idle.dtls_client_setup.bind("localhost"), ERR_UNCONFIGURED)
	complains("refusing without a host", idle.refuse_new_connections.bind(true), null)
	check_equal(idle.create_host_bound(LOCALHOST, port), OK, "a host is created")
	answers("refusing means nothing to a plain host", idle.refuse_new_connections.bind(true), null)
	complains("a server needs options", idle.dtls_server_setup.bind(null), ERR_INVALID_PARAMETER)
	complains("a server needs a server's options", idle.dtls_server_setup.bind(TLSOptions.client()), ERR_INVALID_PARAMETER)
	complains("a client needs a client's options", idle.dtls_client_setup.bind("x", _own.server_options()), ERR_INVALID_PARAMETER)
	check_equal(idle.get_local_port(), port, "the host goes on after arguments that are wrong")
	answers("defect D15: a client without options trusts as the system does", idle.dtls_client_setup.bind("x"), OK)
	check_equal(idle.get_local_port(), port, "the port stays")
	complains("DTLS is set up once", idle.dtls_client_setup.bind("x"), FAILED)
	complains("and for one side", idle.dtls_server_setup.bind(_own.server_options()), FAILED)
	idle.destroy()
	check_equal(idle.create_host_bound(LOCALHOST, port), OK, "the port is free after destroy()")
	check_equal(idle.dtls_server_setup(_own.server_options()), OK, "another host is set up")
	idle.destroy()


func _check_failed_setups() -> void:
	var connection: RefCounted = new_connection()
	check_equal(connection.create_host(4), OK, "a host without a port is created")
	complains("defect D28: a server without a port", connection.dtls_server_setup.bind(_own.server_options()), FAILED)
	check_equal(connection.service(0)[0], EVENT_ERROR, "defect D28: it does not go on in clear")
	connection.destroy()
	var useless: Dictionary[String, TLSOptions] = {
		"no key": TLSOptions.server(null, _own.certificate),
		"no certificate": TLSOptions.server(_own.key, null),
	}
	for what: String in useless:
		check_equal(connection.create_host_bound(LOCALHOST, port), OK, "a host is created for " + what)
		complains("defect D28: a server with %s" % what, connection.dtls_server_setup.bind(useless[what]), FAILED)
		connection.destroy()
	await get_tree().process_frame


func _check_trust() -> void:
	var trusted: Dictionary[String, Array] = {
		"the server's own certificate": ["localhost", _own.client_options()],
		"the name given with the options": ["other.example", _own.client_options("localhost")],
		"any name and a trusted certificate": ["other.example", TLSOptions.client_unsafe(_own.certificate)],
		"any certificate": ["other.example", TLSOptions.client_unsafe()],
	}
	var server: MultiplayerPeer = _serve("*")
	for what: String in trusted:
		var client: MultiplayerPeer = _connect(LOCALHOST, trusted[what][0], trusted[what][1])
		var is_connected: Callable = func() -> bool: return client.get_connection_status() == CONNECTED
		await until(is_connected, "a client that trusts %s connects" % what)
		await _check_echo(server, client, what)
		client.close()
	server.close()


## A server whose certificate is signed by the one that the client trusts.
func _check_chain() -> void:
	var server: MultiplayerPeer = _serve("*", Tls.chain_server_options())
	var client: MultiplayerPeer = _connect(LOCALHOST, Tls.CHAIN_NAME, Tls.chain_client_options())
	await until(func() -> bool: return client.get_connection_status() == CONNECTED, "a client that trusts the root connects")
	await _check_echo(server, client, "the root")
	client.close()
	await _check_failure("a wrong name in a chain", "other.example", Tls.chain_client_options(), "for another name than")
	await _check_failure("another root", Tls.CHAIN_NAME, _own.client_options(), "no trusted certificate")
	server.close()


func _check_failures() -> void:
	var server: MultiplayerPeer = _serve("*")
	var signals: Array = []
	record(server, signals)
	await _check_failure("a wrong name", "other.example", _own.client_options(), "for another name than")
	await _check_failure("a wrong override", "localhost", _own.client_options("other.example"), "for another name than")
	await _check_failure("an untrusted certificate", "localhost", _stranger.client_options(), "no trusted certificate")
	await _check_failure("any name, untrusted", "x", TLSOptions.client_unsafe(_stranger.certificate), "no trusted certificate")
	await _check_failure("the system's trust", "localhost", null, "that the system trusts")
	check_equal(signals, [], "the server never hears of them")
	server.close()
	server = _serve("*", _expired.server_options())
	await _check_failure("an expired certificate", "localhost", _expired.client_options(), "not valid at this time")
	server.close()
	await _check_failure("a closed port", "localhost", _own.client_options(), "nobody speaks DTLS there")


func _check_failure(what: String, hostname: String, options: TLSOptions, cause: String) -> void:
	_logger.forget()
	printerr(ERRORS_EXPECTED + what)
	var client: MultiplayerPeer = _connect(LOCALHOST, hostname, options)
	var signals: Array = []
	record(client, signals)
	var is_over: Callable = func() -> bool: return client.get_connection_status() == DISCONNECTED
	await until(is_over, "%s ends the attempt" % what)
	# The server has yet to hear of it.
	await pump(0.05)
	printerr(ERRORS_OVER)
	check_equal(signals, [], "%s: no signal" % what)
	check(_logger.has_line_with(cause), "%s is told" % what, str(_logger.lines()))


## The datagram that asks for the connection does not leave before the handshake is done, and then at once.
func _check_speed() -> void:
	var server: MultiplayerPeer = _serve("*")
	var fastest: int = PATIENCE_SECONDS as int * 1000
	for _attempt: int in ATTEMPTS:
		var started: int = Time.get_ticks_msec()
		var client: MultiplayerPeer = _connect(LOCALHOST, "localhost", _own.client_options())
		await until(func() -> bool: return client.get_connection_status() == CONNECTED, "a client connects")
		fastest = mini(fastest, Time.get_ticks_msec() - started)
		client.close()
	print("the fastest connection took %d ms" % fastest)
	check(fastest < RESEND_MSEC, "defect D27: nothing is lost during the handshake", "%d ms" % fastest)
	server.close()


func _check_addresses() -> void:
	var cases: Array = [
		["*", LOCALHOST, LOCALHOST],
		["*", "::1", "0:0:0:0:0:0:0:1"],
		["::1", "::1", "0:0:0:0:0:0:0:1"],
		["127.0.0.1", LOCALHOST, LOCALHOST],
		["::", LOCALHOST, LOCALHOST],
	]
	for case: Array in cases:
		var server: MultiplayerPeer = _serve(case[0])
		var ids: Array = []
		server.peer_connected.connect(ids.append)
		var client: MultiplayerPeer = _connect(case[1], "localhost", _own.client_options())
		await until(func() -> bool: return ids.size() == 1, "a server at %s has a client from %s" % [case[0], case[1]])
		if not ids.is_empty():
			check_equal(server.get_peer(ids[0]).get_remote_address(), case[2], "whose address is printed so")
			check_equal(server.get_peer(ids[0]).get_remote_port(), client.host.get_local_port(), "with its port")
		client.close()
		server.close()


## Hosts that a script services itself, with and without a wait, and a name instead of an address.
func _check_bare_connections() -> void:
	var server: RefCounted = new_connection()
	check_equal(server.create_host_bound(LOCALHOST, port), OK, "a bare server starts")
	check_equal(server.dtls_server_setup(_own.server_options()), OK, "with DTLS")
	var client: RefCounted = new_connection()
	check_equal(client.create_host(1), OK, "a bare client starts")
	check(client.connect_to_host("localhost", port, 2, 7) != null, "it connects to a name")
	check_equal(client.dtls_client_setup("localhost", _own.client_options()), OK, "with DTLS, after it began")
	for round_number: int in 2:
		var events: Array = await _service_until_events([server, client], 2)
		check_equal(_types_of(events), [EVENT_CONNECT, EVENT_CONNECT], "both hear of the connection")
		check_equal(client.get_peers()[0].send(1, PackedByteArray([1, 2, 3]), 1), OK, "it sends")
		events = await _service_until_events([server, client], 1)
		check_equal(events[0][1].get_packet(), PackedByteArray([1, 2, 3]), "the server receives")
		client.get_peers()[0].peer_disconnect(3)
		events = await _service_until_events([server, client], 2)
		check_equal(_types_of(events), [EVENT_DISCONNECT, EVENT_DISCONNECT], "both hear of the end")
		await serve_until([server, client], func() -> bool: return client.get_peers().is_empty(), "its peer is gone")
		if round_number == 0:
			check(client.connect_to_host(LOCALHOST, port, 2, 7) != null, "the same host connects again")
	client.destroy()
	server.destroy()


## A script's thread services the server.
func _check_thread() -> void:
	var server: RefCounted = new_connection()
	check_equal(server.create_host_bound(LOCALHOST, port), OK, "a server for a thread starts")
	check_equal(server.dtls_server_setup(_own.server_options()), OK, "it is set up")
	var client: RefCounted = new_connection()
	client.create_host(1)
	client.connect_to_host(LOCALHOST, port, 2, 7)
	check_equal(client.dtls_client_setup("localhost", _own.client_options()), OK, "so is a client")
	var thread := Thread.new()
	check_equal(thread.start(_echo_until_left.bind(server)), OK, "the thread starts")
	var is_in: Callable = func() -> bool: return client.get_peers()[0].get_state() == STATE_CONNECTED
	await serve_until([client], is_in, "it is connected")
	client.get_peers()[0].send(0, PackedByteArray([1, 2, 3]), 1)
	var events: Array = await _service_until_events([client], 1)
	check_equal(events[0][1].get_packet(), PackedByteArray([1, 2, 3]), "a thread answers")
	client.get_peers()[0].peer_disconnect()
	await serve_until([client], func() -> bool: return client.get_peers().is_empty(), "its peer is gone")
	check_equal(thread.wait_to_finish(), true, "and hears of the end")
	client.destroy()
	server.destroy()


func _echo_until_left(server: RefCounted) -> bool:
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end:
		var event: Array = server.service(5)
		match event[0]:
			EVENT_DISCONNECT:
				# What is still to be said is said.
				server.service(5)
				return true
			EVENT_RECEIVE:
				event[1].send(0, event[1].get_packet(), 1)
	return false


## Scripts run where the engine prints: in the middle of its own objects' work.
func _check_scripts_in_the_middle() -> void:
	var server: MultiplayerPeer = _serve("*")
	for ends: bool in [false, true]:
		printerr(ERRORS_EXPECTED + "a script is called from the middle of a handshake")
		var client: MultiplayerPeer = _connect(LOCALHOST, "other.example", _own.client_options())
		var calls: Array = [0]
		_logger.hook = func(_line: String) -> void:
			# What is called here may print again.
			if calls[0] >= 3:
				return
			calls[0] += 1
			for peer: MultiplayerPeer in [server, client]:
				if peer.get_connection_status() == DISCONNECTED:
					continue
				peer.poll()
				peer.put_packet(PackedByteArray([1]))
				if peer.get_connection_status() != DISCONNECTED:
					peer.host.flush()
					peer.host.get_local_port()
					peer.host.service(0)
			if ends:
				client.close()
		await until(func() -> bool: return client.get_connection_status() == DISCONNECTED, "it ends nevertheless")
		await pump(0.05)
		_logger.hook = Callable()
		printerr(ERRORS_OVER)
		check(calls[0] > 0, "the script was called")
	server.close()


## A server at [param address], polled.
func _serve(address: String, options: TLSOptions = _own.server_options()) -> MultiplayerPeer:
	var server: MultiplayerPeer = new_peer()
	server.set_bind_ip(address)
	check_equal(server.create_server(port), OK, "a server starts at %s" % address)
	check_equal(server.host.dtls_server_setup(options), OK, "it is set up")
	polled = [server]
	return server


## A client, polled together with the server.
func _connect(address: String, hostname: String, options: TLSOptions) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_peer()
	check_equal(client.create_client(address, port), OK, "a client starts")
	check_equal(client.host.dtls_client_setup(hostname, options), OK, "it is set up")
	polled = [polled[0], client]
	return client


func _check_echo(server: MultiplayerPeer, client: MultiplayerPeer, what: String) -> void:
	var sent: PackedByteArray = pattern(5000, 7)
	for pair: Array in [[client, server], [server, client]]:
		pair[0].set_target_peer(0)
		check_equal(pair[0].put_packet(sent), OK, "%s: a packet of several datagrams is sent" % what)
		await until(func() -> bool: return pair[1].get_available_packet_count() == 1, "%s: it arrives" % what)
		check(pair[1].get_packet() == sent, "%s: as it was" % what)


func _service_until_events(connections: Array, count: int) -> Array:
	var events: Array = []
	var service: Callable = func() -> bool:
		for connection: RefCounted in connections:
			var event: Array = connection.service(1)
			if event[0] != EVENT_NONE:
				events.append(event)
		return events.size() >= count
	await until(service, "%d events come" % count)
	return events


func _types_of(events: Array) -> Array:
	return events.map(func(event: Array) -> int: return event[0])
