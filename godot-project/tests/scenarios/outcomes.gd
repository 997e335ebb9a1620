extends "res://tests/support/scenario.gd"
## One process: every way in which an attempt or a connection can end, and what each side is told of
## it, inside the signal and afterwards. The server is of the class under test, the clients of the one
## on the far side.

const Relay = preload("res://tests/support/relay.gd")
const Tls = preload("res://tests/support/tls.gd")
const Witness = preload("res://tests/support/witness.gd")

const UNKNOWN: String = "no-such-host.invalid"
## Systems ask for an unknown name this long, at worst.
const LOOKUP_SECONDS: float = 60.0
const QUIET_SECONDS: float = 0.2
## What a program of others might put into its goodbyes.
const FOREIGN_DATA: Array[int] = [0, 1, 7, 0xE4E7, 0xE4E70000, 0xE4E71001, 0xFFFFFFFF]

var _server: Witness
var _relay: Relay
## Everything that is polled while a test waits.
var _witnesses: Array[Witness] = []


func run() -> void:
	for part: Callable in [
		_check_attempts,
		_check_creation,
		_check_door,
		_check_entry,
		_check_goodbyes,
		_check_unheard,
		_check_own_end,
		_check_kicks,
		_check_silence,
		_check_strangers,
		_check_stall,
		_check_dtls,
	]:
		await part.call()
		# What comes later builds on ports that are free again.
		if failed > 0:
			break


func _check_attempts() -> void:
	if not _is_theirs_ours():
		return
	var client: Witness = await _attempt("an unknown name", UNKNOWN, port, LOOKUP_SECONDS)
	_is_told(client, "an unknown name", ["connection_failed"], "NAME_NOT_FOUND", UNKNOWN)
	check(client.text.contains("was not found"), "an unknown name: it is told so", client.text)

	var nobody: int = int(arguments.get("nobody", "0"))
	client = await _attempt("a port that nobody serves", LOCALHOST, nobody, PATIENCE_SECONDS)
	_is_told(client, "a port that nobody serves", ["connection_failed"], "UNREACHABLE", "port %d" % nobody)
	var again: Callable = client.peer.create_client.bind("256.1.1.1", port)
	complains("an attempt at what cannot be an address", again, ERR_CANT_CREATE)
	_has_failed(client.peer, "what cannot be an address", "NAME_NOT_FOUND", "256.1.1.1")

	var silent := PacketPeerUDP.new()
	check_equal(silent.bind(0, LOCALHOST), OK, "somebody listens and says nothing")
	client = await _attempt("a silent port", LOCALHOST, silent.get_local_port(), PATIENCE_SECONDS, 0.3)
	var where: String = "127.0.0.1, port %d" % silent.get_local_port()
	_is_told(client, "a silent port", ["connection_failed"], "CONNECT_TIMED_OUT", where)

	client = _start_client(silent.get_local_port())
	client.peer.get_peer(1).reset()
	await _until_over(client, "an attempt that is given up")
	_is_told(client, "an attempt that is given up", ["connection_failed"], "LOCAL_CLOSED", "gave up")
	client = _start_client(silent.get_local_port())
	client.peer.disconnect_peer(1)
	await _until_over(client, "an attempt that is broken off")
	_is_told(client, "an attempt that is broken off", ["connection_failed"], "LOCAL_CLOSED", "gave up")


## Sessions that do not begin, and what a session that goes on is spared of them.
func _check_creation() -> void:
	if not is_ours:
		return
	var holder: MultiplayerPeer = new_peer()
	check_equal(holder.create_server(0), OK, "a port is taken")
	var taken: int = holder.host.get_local_port()
	var peer: MultiplayerPeer = new_peer()
	var cases: Dictionary[String, Array] = {
		"a server at a taken port": [peer.create_server.bind(taken), ERR_CANT_CREATE, str(taken)],
		"a server at no port": [peer.create_server.bind(65536), ERR_INVALID_PARAMETER, "not 65536"],
		"a server for nobody": [peer.create_server.bind(port, 0), ERR_INVALID_PARAMETER, "not 0"],
		"a client of no port": [peer.create_client.bind(LOCALHOST, 0), ERR_CANT_CREATE, "not 0"],
		"a client at a taken port": [
			peer.create_client.bind(LOCALHOST, port, 0, 0, 0, taken), ERR_CANT_CREATE, str(taken)
		],
		"a mesh without an id": [peer.create_mesh.bind(0), ERR_INVALID_PARAMETER, "not 0"],
	}
	for what: String in cases:
		complains(what, cases[what][0], cases[what][1])
		_has_failed(peer, what, "CANT_CREATE", cases[what][2])
	complains("a client of no address", peer.create_client.bind("", port), ERR_CANT_CREATE)
	_has_failed(peer, "a client of no address", "NAME_NOT_FOUND", "resolve")
	check_equal(peer.create_mesh(7), OK, "a mesh begins")
	_has_failed(peer, "a session that begins", "NONE", "")
	complains("another id", peer.create_mesh.bind(0), ERR_INVALID_PARAMETER)
	complains("a server beside it", peer.create_server.bind(port), ERR_ALREADY_IN_USE)
	complains("a link to itself", peer.add_mesh_peer.bind(7, null), ERR_INVALID_PARAMETER)
	_has_failed(peer, "a session that goes on", "NONE", "")
	peer.close()
	holder.close()


## Who is not let in.
func _check_door() -> void:
	if not _is_theirs_ours():
		return
	_start_server(1)
	if is_ours:
		_server.peer.refuse_new_connections = true
		await _is_turned_away("a refused client", "REFUSED")
		_server.peer.refuse_new_connections = false
	var guest: Witness = await _join("the only guest")
	if is_ours:
		await _is_turned_away("a client too many", "FULL")
	else:
		# The built-in server is silent when it is full.
		await _is_turned_away("a client too many", "CONNECT_TIMED_OUT", 1.0)
	guest.end()
	_end()
	if is_ours:
		_start_server()
		await _is_turned_away_for_its_id()
		_end()


## Whom a script keeps out.
func _check_entry() -> void:
	if not (is_ours and _is_theirs_ours()):
		return
	_start_server()
	check_equal(_server.peer.call("ban", LOCALHOST, 0.0), OK, "this machine is banned")
	await _is_turned_away("a banned client", "BANNED")
	check_equal(_server.peer.call("unban", LOCALHOST), OK, "and no longer")
	var guest: Witness = await _join("a client before it is banned")
	check_equal(_server.peer.call("ban", LOCALHOST, 0.0), OK, "this machine is banned again")
	await _until_both_over(guest, "a ban ends a connection")
	_is_told(guest, "who is banned", ["peer_disconnected", "server_disconnected"], "BANNED", "banned")
	_is_told(_server, "who bans", ["peer_disconnected"], "LOCAL_CLOSED", "This side banned peer")
	check_equal(_server.peer.call("unban", LOCALHOST), OK, "and no longer")
	_server.peer.set("connection_filter", func(_ip: String, _port: int, _data: int) -> bool: return false)
	await _is_turned_away("a client that the game does not want", "FILTERED")
	_server.peer.set("connection_filter", Callable())
	var limit: int = ClassDB.class_get_integer_constant("ENetConnectionRs", "LIMIT_CONNECTIONS_PER_ADDRESS")
	_server.peer.call("set_limit", limit, 1)
	await _join("the one guest of an address")
	await _is_turned_away("another client of that address", "TOO_MANY")
	_end()


## A client of ours draws its ids itself, so a relay makes others of them.
func _is_turned_away_for_its_id() -> void:
	var holder: RefCounted = connect_with(77)
	await _until(_has_peer.bind(holder), "somebody has the id 77")
	_relay_to_server()
	var cases: Dictionary[String, int] = {"ID_TAKEN": 77, "ID_INVALID": 0}
	for failure: String in cases:
		_relay.to_server = func(datagram: PackedByteArray) -> PackedByteArray:
			if Relay.begins_with(datagram, Relay.CONNECT):
				datagram[Relay.CONNECT_DATA + 3] = cases[failure]
				for byte: int in 3:
					datagram[Relay.CONNECT_DATA + byte] = 0
			return datagram
		var client: Witness = _start_client(_relay.port)
		var what: String = "a client that asks for the id %d" % cases[failure]
		await _until_over(client, what)
		_is_told(client, what, ["connection_failed"], failure, "id")
	holder.destroy()


## Connections that one of the two sides ends.
func _check_goodbyes() -> void:
	var lost: Array = ["peer_disconnected", "server_disconnected"]
	_start_server()
	var client: Witness = await _join("a client before the server closes")
	_server.peer.close()
	await _until_over(client, "the server closes")
	_is_told(client, "the server closes", lost, "REMOTE_CLOSED", "127.0.0.1, port %d" % port)
	_end()

	_start_server()
	client = await _join("a client that is dropped")
	_server.peer.disconnect_peer(client.peer.get_unique_id())
	await _until_both_over(client, "the server drops a client")
	_is_told(client, "the server drops a client", lost, "REMOTE_CLOSED", "closed")
	_is_told(_server, "the server that drops", ["peer_disconnected"], "LOCAL_CLOSED", "This side")

	client = await _join("a client that closes")
	var id: int = client.peer.get_unique_id()
	client.end()
	await _until(func() -> bool: return not _server.told.is_empty(), "the server hears of it")
	_is_told(_server, "a client closes", ["peer_disconnected"], "REMOTE_CLOSED", "Peer %d at 127.0.0.1" % id)

	client = await _join("a client that leaves")
	client.peer.disconnect_peer(1)
	await _until_both_over(client, "a client leaves")
	_is_told(client, "a client leaves", lost, "LOCAL_CLOSED", "This side")
	_is_told(_server, "a client leaves the server", ["peer_disconnected"], "REMOTE_CLOSED", "closed")
	_end()


## A server that closes, or is let go, before its game has heard of a client that is in.
func _check_unheard() -> void:
	if not is_ours or arguments.has("unthreaded"):
		return
	for way: String in ["closes", "is let go"]:
		_start_server()
		_server.poll()
		_witnesses.erase(_server)
		var client: Witness = _start_client(port)
		var is_in: Callable = func() -> bool:
			return _is_connected(client) and _server.peer.call("get_statistics")["events_waiting"] >= 1
		await _until(is_in, "a client joins a server whose game is busy")
		if way == "closes":
			_server.end()
		else:
			_server.peer = null
		await _until_over(client, "the busy server %s" % way)
		var lost: Array = ["peer_disconnected", "server_disconnected"]
		_is_told(client, "a busy server that %s" % way, lost, "REMOTE_CLOSED", "closed")
		check_equal(_server.told, [], "a busy server that %s: it says nothing" % way)
		_end()


## What a peer says of itself when its own game closes it.
func _check_own_end() -> void:
	if not is_ours:
		return
	_start_server()
	_server.peer.close()
	_has_failed(_server.peer, "a server that closes alone", "LOCAL_CLOSED", "This side closed its session.")
	_end()
	_start_server()
	var leaver: Witness = await _join("a client that leaves a server that stays")
	leaver.end()
	await _until(func() -> bool: return not _server.told.is_empty(), "the server hears of it")
	await _join("a client of a server that closes")
	_server.peer.close()
	_has_failed(_server.peer, "a server that closes", "LOCAL_CLOSED", "This side closed its session.")
	_end()
	var mesh: MultiplayerPeer = new_peer()
	check_equal(mesh.create_mesh(1), OK, "a mesh begins")
	mesh.close()
	_has_failed(mesh, "a mesh that closes", "LOCAL_CLOSED", "This side closed its session.")
	mesh.close()
	_has_failed(mesh, "a mesh that is closed twice", "LOCAL_CLOSED", "This side closed its session.")


## Kicks with and without a code, and what is no kick.
func _check_kicks() -> void:
	if not is_ours:
		return
	_start_server()
	complains("a kick of nobody", _server.peer.call.bind("kick", 5), ERR_INVALID_PARAMETER)
	var lost: Array = ["peer_disconnected", "server_disconnected"]
	for code: int in [0, 7, 4095]:
		var client: Witness = await _join("a client before it is kicked with %d" % code)
		var id: int = client.peer.get_unique_id()
		for wrong: int in [-1, 4096]:
			complains("a kick with %d" % wrong, _server.peer.call.bind("kick", id, wrong), ERR_INVALID_PARAMETER)
		answers("a kick with %d" % code, _server.peer.call.bind("kick", id, code), OK)
		await _until_both_over(client, "a kick with %d" % code)
		_is_told(client, "who is kicked with %d" % code, lost, "KICKED", "kicked this side with code %d." % code, code)
		var words: String = "This side kicked peer %d at 127.0.0.1" % id
		_is_told(_server, "who kicks with %d" % code, ["peer_disconnected"], "LOCAL_CLOSED", words)
		check(_server.text.ends_with("with code %d." % code), "who kicks with %d: its code" % code, _server.text)
	if _is_theirs_ours():
		var client: Witness = await _join("a client that would kick")
		complains("a client cannot kick", client.peer.call.bind("kick", 1), ERR_UNCONFIGURED)
		check(_is_connected(client), "and stays connected")
	_end()
	complains("a kick without a session", new_peer().call.bind("kick", 2), ERR_UNCONFIGURED)


## Connections over which nothing comes any more.
func _check_silence() -> void:
	_start_server()
	_relay_to_server()
	var client: Witness = _start_client(_relay.port)
	var id: int = client.peer.get_unique_id()
	await _until(func() -> bool: return _is_connected(client) and _knows(id), "a client joins over a relay")
	client.peer.get_peer(1).set_timeout(2, 100, 300)
	_server.peer.get_peer(id).set_timeout(2, 100, 300)
	_relay.is_cut = true
	await _until_both_over(client, "the way between them is cut")
	var lost: Array = ["peer_disconnected", "server_disconnected"]
	_is_told(client, "a server that falls silent", lost, "TIMED_OUT", "any more")
	_is_told(_server, "a client that falls silent", ["peer_disconnected"], "TIMED_OUT", "any more")
	_end()


## What others put into their goodbyes is no reason of ours; what is none of the protocol is told.
func _check_strangers() -> void:
	if _is_theirs_ours():
		for data: int in FOREIGN_DATA:
			await _is_parted_from("a foreign goodbye of %d" % data, data, "REMOTE_CLOSED")
	if is_ours:
		_start_server()
		for data: int in FOREIGN_DATA + [0xE4E73000, 0xE4E77005]:
			_server.told.clear()
			var connection: RefCounted = connect_with(77)
			await _until(_has_peer.bind(connection), "a bare client joins")
			connection.get_peers()[0].peer_disconnect(data)
			await _until(_is_parted.bind(connection), "it leaves with %d" % data)
			_is_told(_server, "a client's goodbye of %d" % data, ["peer_disconnected"], "REMOTE_CLOSED", "Peer 77")
			connection.destroy()
		_end()
	if _is_theirs_ours():
		_start_server()
		_relay_to_server()
		_relay.to_client = func(datagram: PackedByteArray) -> PackedByteArray:
			if Relay.begins_with(datagram, Relay.VERIFY_CONNECT):
				datagram[Relay.CONNECT_ID] ^= 0xFF
			return datagram
		var client: Witness = _start_client(_relay.port)
		await _until_over(client, "an answer to another question")
		_is_told(client, "an answer to another question", ["connection_failed"], "PROTOCOL_MISMATCH", "answered")
		_end()


## A bare server parts from a client with [param data].
func _is_parted_from(what: String, data: int, failure: String) -> void:
	var host: RefCounted = new_connection()
	check_equal(host.create_host_bound(LOCALHOST, port, 4), OK, "a bare server starts")
	var client: Witness = _start_client(port)
	var is_in: Callable = func() -> bool:
		host.service(0)
		return _is_connected(client) and not host.get_peers().is_empty()
	await _until(is_in, "a client joins a bare server")
	host.get_peers()[0].peer_disconnect(data)
	var is_over: Callable = func() -> bool:
		host.service(0)
		return client.peer.get_connection_status() == DISCONNECTED
	await _until(is_over, what)
	_is_told(client, what, ["peer_disconnected", "server_disconnected"], failure, "port %d" % port)
	host.destroy()
	_end()


## A game that is away, on either side. Only the network thread can tell of it.
func _check_stall() -> void:
	if arguments.has("unthreaded"):
		return
	if is_ours:
		_start_server()
		var client: Witness = await _join("a client of a server that stalls")
		_server.peer.set("max_stall_time", 0.1)
		_witnesses.erase(_server)
		await _until_over(client, "the server's game stalls")
		if _is_theirs_ours():
			var lost: Array = ["peer_disconnected", "server_disconnected"]
			_is_told(client, "a server that stalls", lost, "STALLED", "The game of the server at")
		_witnesses.append(_server)
		await _until(func() -> bool: return not _server.told.is_empty(), "it learns of it when it is back")
		_is_told(_server, "the stalled server", ["peer_disconnected"], "STALLED", "'max_stall_time' of 0.1 seconds, so ")
		_end()
	if _is_theirs_ours():
		_start_server()
		var client: Witness = await _join("a client that stalls")
		client.peer.set("max_stall_time", 0.1)
		_witnesses.erase(client)
		await _until(func() -> bool: return not _server.told.is_empty(), "the client's game stalls")
		if is_ours:
			_is_told(_server, "a client that stalls", ["peer_disconnected"], "STALLED", "The game of peer ")
		_witnesses.append(client)
		await _until_over(client, "it learns of it when it is back")
		var told: Array = ["peer_disconnected", "server_disconnected"]
		_is_told(client, "the stalled client", told, "STALLED", "'max_stall_time' of 0.1 seconds, so ")
		_end()


func _check_dtls() -> void:
	if not _is_theirs_ours():
		return
	var own: Tls = Tls.new("localhost")
	var stranger: Tls = Tls.new("localhost")
	if is_ours:
		_start_server()
		check_equal(_server.peer.host.dtls_server_setup(own.server_options()), OK, "the server is encrypted")
		var cases: Dictionary[String, Array] = {
			"a wrong name": ["other.example", own.client_options(), "another name"],
			"an untrusted certificate": ["localhost", stranger.client_options(), "no trusted certificate"],
		}
		for what: String in cases:
			await _fails_with_dtls(what, cases[what], "CERTIFICATE")
		await _vanishes_with_dtls(own)
		_end()
	await _fails_with_dtls("nobody speaks DTLS", ["localhost", own.client_options(), "DTLS"], "HANDSHAKE")


## The remote says by DTLS that it is gone, and nothing by ENet.
func _vanishes_with_dtls(own: Tls) -> void:
	# The engine has something to say of a DTLS connection that ends.
	printerr(ERRORS_ALLOWED + "an encrypted server that vanishes")
	var client: Witness = _start_client(port, false)
	check_equal(client.peer.host.dtls_client_setup("localhost", own.client_options()), OK, "a client is encrypted")
	_witnesses.append(client)
	client.begin()
	var id: int = client.peer.get_unique_id()
	await _until(func() -> bool: return _is_connected(client) and _knows(id), "an encrypted client joins")
	_witnesses.erase(_server)
	_server.peer.host.destroy()
	await _until_over(client, "an encrypted server vanishes")
	var lost: Array = ["peer_disconnected", "server_disconnected"]
	_is_told(client, "an encrypted server that vanishes", lost, "REMOTE_CLOSED", "closed")
	_witnesses.append(_server)
	await _until(func() -> bool: return not _server.told.is_empty(), "its own side hears of it")
	check_equal(_server.told, [["peer_disconnected", "LOCAL_CLOSED"]], "a host that a script destroys: told of its peer")
	check_equal(_server.peer.call("get_failure_text"), "This side closed its host.", "and in the end of itself")
	printerr(ERRORS_OVER)


func _fails_with_dtls(what: String, how: Array, failure: String) -> void:
	printerr(ERRORS_EXPECTED + what)
	var client: Witness = _start_client(port, false)
	check_equal(client.peer.host.dtls_client_setup(how[0], how[1]), OK, "a client is encrypted")
	_witnesses.append(client)
	client.begin()
	await _until_over(client, what)
	await _pump(QUIET_SECONDS)
	printerr(ERRORS_OVER)
	_is_told(client, what, ["connection_failed"], failure, how[2])


func _is_turned_away(what: String, failure: String, connect_timeout: float = 0.0) -> void:
	_server.told.clear()
	var client: Witness = _start_client(port, false)
	client.peer.set("connect_timeout", connect_timeout)
	if connect_timeout > 0.0:
		# It holds for attempts that begin afterwards.
		client.peer.close()
		check_equal(client.peer.create_client(LOCALHOST, port), OK, "%s begins" % what)
	_witnesses.append(client)
	client.begin()
	await _until_over(client, what)
	_is_told(client, what, ["connection_failed"], failure, "port %d" % port)
	check_equal(_server.told, [], "%s: the server says nothing" % what)


## An attempt that fails.
func _attempt(what: String, address: String, to_port: int, seconds: float, limit: float = 0.0) -> Witness:
	var client := Witness.new(new_other_peer())
	client.peer.set("connect_timeout", limit)
	check_equal(client.peer.create_client(address, to_port), OK, "%s: an attempt begins" % what)
	check_equal(Witness.failure_of(client.peer), "NONE", "%s: nothing has failed yet" % what)
	client.begin()
	_witnesses.append(client)
	printerr(ERRORS_ALLOWED + what)
	var is_over: Callable = func() -> bool: return client.peer.get_connection_status() == DISCONNECTED
	await _until(is_over, "%s: the attempt ends" % what, seconds)
	printerr(ERRORS_OVER)
	return client


## Checks what [param peer] says of a call that returned an error, or of none.
func _has_failed(peer: MultiplayerPeer, what: String, failure: String, words: String) -> void:
	check_equal(Witness.failure_of(peer), failure, "%s: the failure" % what)
	var text: String = peer.call("get_failure_text")
	var is_right: bool = text.is_empty() if failure == "NONE" else text.contains(words)
	check(is_right, "%s: as a sentence" % what, text)
	check_equal(peer.call("get_failure_code"), 0, "%s: no code" % what)


## Checks what [param witness] was told, and that it can still be read.
func _is_told(
	witness: Witness, what: String, signals: Array, failure: String, words: String, code: int = 0
) -> void:
	var names: Array = witness.told.map(func(entry: Array) -> String: return entry[0])
	check_equal(names, signals, "%s: the signals" % what)
	if not witness.peer.get_class().ends_with("Rs"):
		return
	check(witness.agrees_on(failure), "%s: told inside them" % what, "got %s, expected %s" % [witness.told, failure])
	check_equal(Witness.failure_of(witness.peer), failure, "%s: told afterwards" % what)
	check(witness.text.contains(words), "%s: as a sentence" % what, witness.text)
	check_equal(witness.peer.call("get_failure_text"), witness.text, "%s: the sentence stays" % what)
	check_equal(witness.code, code, "%s: its code" % what)


func _start_server(max_clients: int = 4) -> void:
	_server = Witness.new(new_peer(), false)
	check_equal(_server.peer.create_server(port, max_clients), OK, "a server starts")
	_witnesses.append(_server)


func _start_client(to_port: int, is_polled: bool = true) -> Witness:
	var client := Witness.new(new_other_peer())
	check_equal(client.peer.create_client(LOCALHOST, to_port), OK, "a client starts")
	if is_polled:
		client.begin()
		_witnesses.append(client)
	return client


func _relay_to_server() -> void:
	_relay = Relay.new()
	check_equal(_relay.start(port), OK, "a relay starts")


func _join(what: String) -> Witness:
	_server.told.clear()
	var client: Witness = _start_client(port)
	var id: int = client.peer.get_unique_id()
	var is_in: Callable = func() -> bool:
		return _is_connected(client) and _knows(id)
	await _until(is_in, "%s joins" % what)
	if client.peer.get_class().ends_with("Rs"):
		check_equal(Witness.failure_of(client.peer), "NONE", "%s: nothing has failed" % what)
	return client


func _knows(id: int) -> bool:
	return _server.peer.host.get_peers().any(func(peer: Object) -> bool: return peer.get_meta("_net_id", 0) == id)


func _is_connected(client: Witness) -> bool:
	return client.peer.get_connection_status() == CONNECTED


func _is_theirs_ours() -> bool:
	return other_class.ends_with("Rs")


func _has_peer(connection: RefCounted) -> bool:
	connection.service(0)
	return _knows(77)


func _is_parted(connection: RefCounted) -> bool:
	connection.service(0)
	return not _server.told.is_empty()


func _until_over(client: Witness, what: String) -> void:
	await _until(func() -> bool: return client.peer.get_connection_status() == DISCONNECTED, "%s: over" % what)


func _until_both_over(client: Witness, what: String) -> void:
	var is_over: Callable = func() -> bool:
		return client.peer.get_connection_status() == DISCONNECTED and not _server.told.is_empty()
	await _until(is_over, "%s: over on both sides" % what)


func _until(condition: Callable, what: String, seconds: float = PATIENCE_SECONDS) -> void:
	await until(_polling(condition), what, seconds)


func _pump(seconds: float) -> void:
	await holds_within(_polling(func() -> bool: return false), seconds)


func _polling(condition: Callable) -> Callable:
	return func() -> bool:
		if _relay != null:
			_relay.poll()
		for witness: Witness in _witnesses:
			witness.poll()
		return condition.call()


func _end() -> void:
	for witness: Witness in _witnesses:
		witness.end()
	_witnesses.clear()
	_server = null
	_relay = null
