extends "res://tests/support/scenario.gd"
## One process: a remote is given by its name, which is looked up while nobody waits (defect D30).

## A top-level domain that never has names.
const UNKNOWN: String = "no-such-host.invalid"
## Systems ask for an unknown name this long, at worst.
const LOOKUP_SECONDS: float = 60.0

var _left_open: MultiplayerPeer


func run() -> void:
	await _check_known_name()
	await _check_unknown_name()
	await _check_bare_connection()
	_check_what_cannot_be_a_name()
	await _check_closing_meanwhile()


func _check_known_name() -> void:
	var server: MultiplayerPeer = new_other_peer()
	check_equal(server.create_server(port), OK, "a server starts")
	for time: String in ["defect D30: first", "defect D30: again"]:
		var client: MultiplayerPeer = new_peer()
		var start: int = Time.get_ticks_usec()
		check_equal(client.create_client("localhost", port), OK, time + ", a name is taken")
		print("create_client with a name took %d us" % (Time.get_ticks_usec() - start))
		check_equal(int(client.get_connection_status()), CONNECTING, time + ", the client is connecting at once")
		check_equal(client.get_peer(1).get_state(), STATE_CONNECTING, time + ", the packet peer is there")
		polled = [server, client]
		await until(func() -> bool: return client.get_connection_status() == CONNECTED, time + ", the client connects")
		check_equal(client.get_peer(1).get_remote_port(), port, time + ", the port is the server's")
		check(not client.get_peer(1).get_remote_address().is_empty(), time + ", the address is known")
		client.close()
	server.close()
	polled.clear()


func _check_unknown_name() -> void:
	var client: MultiplayerPeer = new_peer()
	var signals: Array = []
	record(client, signals)
	var api: MultiplayerAPI = MultiplayerAPI.create_default_interface()
	api.connection_failed.connect(func() -> void: signals.append("connection_failed"))
	check_equal(client.create_client(UNKNOWN, port), OK, "defect D30: an unknown name is taken")
	api.multiplayer_peer = client
	check_equal(int(client.get_connection_status()), CONNECTING, "defect D30: it is connecting meanwhile")
	var peer: PacketPeer = client.get_peer(1)
	check(peer.is_active(), "defect D30: the packet peer is active meanwhile")
	check_equal(peer.get_state(), STATE_CONNECTING, "defect D30: the packet peer is connecting meanwhile")
	check_equal(peer.get_remote_port(), port, "defect D30: it knows the port meanwhile")
	answers("defect D30: it takes timeouts", peer.set_timeout.bind(32, 1000, 2000), null)
	printerr(ERRORS_EXPECTED + "an unknown name")
	var is_over: Callable = func() -> bool:
		api.poll()
		return not signals.is_empty()
	await until(is_over, "defect D30: the attempt ends", LOOKUP_SECONDS)
	printerr(ERRORS_OVER)
	check_equal(signals, ["connection_failed"], "defect D30: as a failed connection, without peer_disconnected")
	check_equal(int(client.get_connection_status()), DISCONNECTED, "defect D30: the client is inactive")
	check(not peer.is_active(), "defect D30: the packet peer too")
	api.multiplayer_peer = null


func _check_bare_connection() -> void:
	var connection: RefCounted = new_connection()
	check_equal(connection.create_host(1), OK, "a bare host starts")
	var peer: PacketPeer = connection.connect_to_host(UNKNOWN, port, 3, 7)
	check(peer != null, "defect D30: connect_to_host gives a peer at once")
	check_equal(peer.get_state(), STATE_CONNECTING, "defect D30: which is connecting")
	check_equal(peer.get_channels(), 3, "defect D30: with the channels asked for")
	check_equal(connection.get_peers(), [peer], "defect D30: and belongs to the host")
	printerr(ERRORS_EXPECTED + "an unknown name of a bare host")
	var event: Array = connection.service(int(LOOKUP_SECONDS * 1000.0))
	printerr(ERRORS_OVER)
	check_equal(event, [EVENT_DISCONNECT, peer, 0, 0], "defect D30: the attempt ends with a disconnect event")
	check(not peer.is_active(), "defect D30: and the peer is inactive")

	var server: MultiplayerPeer = new_other_peer()
	check_equal(server.create_server(port), OK, "a server starts for the bare host")
	peer = connection.connect_to_host("localhost", port, 3, 7)
	var joined: Array = []
	record(server, joined)
	polled = [server]
	await serve_until([connection], func() -> bool: return not joined.is_empty(), "the bare host gets in")
	polled.clear()
	check_equal(joined, [["peer_connected", 7]], "defect D30: the bare host connects by a name")
	connection.destroy()
	server.close()
	await get_tree().process_frame


func _check_what_cannot_be_a_name() -> void:
	for address: String in ["", "*", "256.1.1.1", "1.2.3", "host.123"]:
		var client: MultiplayerPeer = new_peer()
		var what: String = "defect D30: create_client of \"%s\" fails at once" % address
		complains(what, client.create_client.bind(address, port), ERR_CANT_CREATE)
		check_equal(int(client.get_connection_status()), DISCONNECTED, "and leaves the client inactive")
		var connection: RefCounted = new_connection()
		check_equal(connection.create_host(1), OK, "a bare host starts for \"%s\"" % address)
		what = "defect D30: connect_to_host of \"%s\" fails at once" % address
		check(with_errors(what, connection.connect_to_host.bind(address, port)) == null, what)
		check_equal(connection.get_peers(), [], "and leaves no peer")


## A client that tries again and again asks more often than the engine's queue of names has
## places; the last attempt is left open when the process ends.
func _check_closing_meanwhile() -> void:
	var names: Array[String] = []
	for number: int in 20:
		names.append("%d.%s" % [number, UNKNOWN])
	for turn: int in 400:
		var client: MultiplayerPeer = new_peer()
		if client.create_client(names[turn % names.size()], port) != OK:
			check(false, "defect D30: a client closed meanwhile gives its place back", "in turn %d" % turn)
			return
		if turn % 2 == 0:
			client.close()
	await get_tree().process_frame
	var connection: RefCounted = new_connection()
	check_equal(connection.create_host(1), OK, "a bare host starts to be destroyed")
	var peer: PacketPeer = connection.connect_to_host("destroyed." + UNKNOWN, port)
	connection.destroy()
	check(not peer.is_active(), "defect D30: destroy ends a look-up")
	check_equal(connection.create_host(1), OK, "a bare host starts again")
	peer = connection.connect_to_host("given-up." + UNKNOWN, port)
	peer.reset()
	check(connection.connect_to_host(LOCALHOST, port) != null, "defect D30: a look-up given up makes room at once")
	_left_open = new_peer()
	check_equal(_left_open.create_client("left-open." + UNKNOWN, port), OK, "defect D30: a look-up may be left open")
