extends "res://tests/support/scenario.gd"
## One process: what a DTLS server keeps of its clients, however they come and go. Each client costs
## two objects of the engine on the server's side, so their number tells.

const Tls = preload("res://tests/support/tls.gd")

const CYCLES: int = 100
const WARM_UP: int = 10
const CROWD: int = 20
## Only as long as nothing is to happen.
const QUIET_SECONDS: float = 0.3

var _own: Tls
var _server: MultiplayerPeer
## Ids of those who are connected.
var _joined: Array[int] = []
## Clients that are not serviced any more, kept to the end: their goodbyes would reach the server.
var _dead: Array[RefCounted] = []


func run() -> void:
	_own = Tls.new("localhost")
	_server = new_peer()
	check_equal(_server.create_server(port), OK, "a server starts")
	check_equal(_server.host.dtls_server_setup(_own.server_options()), OK, "it is set up")
	_server.peer_connected.connect(_note_joined)
	_server.peer_disconnected.connect(_note_left)
	polled = [_server]
	await _check_cycles()
	await _check_deaths()
	await _check_returning()
	await _check_crowd()
	await _check_refusing_handshakes()
	await _check_refusing_clients()
	_server.close()
	for client: RefCounted in _dead:
		client.destroy()


func _check_cycles() -> void:
	var client: MultiplayerPeer = new_peer()
	var objects: int = 0
	var wrong: PackedStringArray = []
	for cycle: int in CYCLES:
		if cycle == WARM_UP:
			await _rest()
			objects = _object_count()
		if client.create_client(LOCALHOST, port) != OK or not _set_up(client):
			wrong.append("no start in cycle %d" % cycle)
			break
		polled = [_server, client]
		if not await holds_within(func() -> bool: return _joined.size() == 1, PATIENCE_SECONDS):
			wrong.append("no connection in cycle %d" % cycle)
			break
		match cycle % 4:
			0:
				client.close()
			1:
				_server.disconnect_peer(_joined[0])
			2:
				client.disconnect_peer(1)
			3:
				_server.get_peer(_joined[0]).peer_disconnect_now()
		var is_over: Callable = func() -> bool:
			return _joined.is_empty() and client.get_connection_status() == DISCONNECTED
		if not await holds_within(is_over, PATIENCE_SECONDS):
			wrong.append("no end in cycle %d" % cycle)
			break
	check(wrong.is_empty(), "clients connect and leave %d times in four ways" % CYCLES, ", ".join(wrong))
	client = null
	polled = [_server]
	print("objects after %d cycles %d, after %d %d" % [WARM_UP, objects, CYCLES, _object_count()])
	await until(func() -> bool: return _object_count() <= objects, "defect D25: nothing is left of them")


## Clients that fall silent, as those of processes that were killed.
func _check_deaths() -> void:
	for index: int in CROWD:
		var client: RefCounted = new_connection()
		client.create_host(1)
		client.connect_to_host(LOCALHOST, port, 2, 100 + index)
		client.dtls_client_setup("localhost", _own.client_options())
		_dead.append(client)
	await serve_until(_dead, func() -> bool: return _joined.size() == CROWD, "many bare clients are connected at once")
	var objects: int = _object_count()
	for id: int in _joined:
		_server.get_peer(id).set_timeout(1, 50, 200)
		_server.set_target_peer(id)
		# Nobody acknowledges it.
		_server.put_packet(PackedByteArray([1]))
	await until(func() -> bool: return _joined.is_empty(), "the server gives up clients that are dead", OTHERS_SECONDS)
	var are_freed: Callable = func() -> bool: return objects - _object_count() >= 2 * CROWD
	polled = [_server]
	await until(are_freed, "defect D25: contexts go with peers that are lost")


## A client with a port of its own dies and comes back before the server has noticed.
func _check_returning() -> void:
	# Any port but the server's.
	var own_port: int = int(arguments.get("nobody", "0"))
	var dead: RefCounted = new_connection()
	var back: RefCounted = new_connection()
	check_equal(dead.create_host_bound(LOCALHOST, own_port, 1), OK, "a client has a port of its own")
	dead.connect_to_host(LOCALHOST, port, 2, 300)
	dead.dtls_client_setup("localhost", _own.client_options())
	await serve_until([dead], func() -> bool: return _joined == [300], "it connects")
	var reset: PacketPeer = _server.get_peer(300)
	# A goodbye of DTLS leaves with this, unlike in an abrupt death; so the server forgets it as well.
	dead.destroy()
	reset.reset()
	await until(func() -> bool: return _joined.is_empty(), "the server forgets it")
	check_equal(back.create_host_bound(LOCALHOST, own_port, 1), OK, "the port is free")
	back.connect_to_host(LOCALHOST, port, 2, 301)
	back.dtls_client_setup("localhost", _own.client_options())
	await serve_until([back], func() -> bool: return _joined == [301], "defect D25: a client returns to the same port")
	back.get_peers()[0].peer_disconnect()
	await serve_until([back], func() -> bool: return _joined.is_empty(), "and leaves")
	back.destroy()


func _check_crowd() -> void:
	var clients: Array[MultiplayerPeer] = []
	for _index: int in CROWD:
		clients.append(_connect())
	polled.assign([_server] + clients)
	await until(func() -> bool: return _joined.size() == CROWD, "defect D26: %d clients connect at once" % CROWD)
	for client: MultiplayerPeer in clients:
		for _packet: int in 10:
			client.put_packet(pattern(500, client.get_unique_id()))
	await until(func() -> bool: return _server.get_available_packet_count() == 10 * CROWD, "defect D26: all are heard")
	var senders: Dictionary[int, int] = {}
	while _server.get_available_packet_count() > 0:
		var sender: int = _server.get_packet_peer()
		if _server.get_packet() == pattern(500, sender):
			senders[sender] = senders.get(sender, 0) + 1
	check_equal(senders.values().count(10), CROWD, "each with what it sent")
	for client: MultiplayerPeer in clients:
		client.close()
	await until(func() -> bool: return _joined.is_empty(), "all leave")


## [code]refuse_new_connections[/code] of the host turns away who begins a handshake, and nobody else.
func _check_refusing_handshakes() -> void:
	var inside: MultiplayerPeer = _connect()
	polled = [_server, inside]
	await until(func() -> bool: return _joined.size() == 1, "one client is in")
	_server.host.refuse_new_connections(true)
	var outside: MultiplayerPeer = _connect()
	polled = [_server, inside, outside]
	await pump(QUIET_SECONDS)
	check_equal(int(outside.get_connection_status()), CONNECTING, "who is refused is not answered")
	inside.put_packet(PackedByteArray([5]))
	await until(func() -> bool: return _server.get_available_packet_count() == 1, "who is in goes on")
	_server.get_packet()
	_server.host.refuse_new_connections(false)
	await until(func() -> bool: return _joined.size() == 2, "defect D17: who waits gets in afterwards")
	outside.close()
	inside.close()
	await until(func() -> bool: return _joined.is_empty(), "both leave")
	var late: MultiplayerPeer = _connect()
	polled = [_server, late]
	for frame: int in 200:
		# As the engine's own limit would be moved up and down, with handshakes in progress.
		_server.host.refuse_new_connections(frame % 2 == 0)
		poll_all()
		await get_tree().process_frame
	_server.host.refuse_new_connections(false)
	# A handshake is repeated after longer and longer pauses.
	var is_in: Callable = func() -> bool: return _joined.size() == 1
	await until(is_in, "defect D17: refusing on and off drops no handshake for good", OTHERS_SECONDS)
	late.close()
	await until(func() -> bool: return _joined.is_empty(), "and it leaves")


## The property of the multiplayer peer turns away with an answer, as without DTLS.
func _check_refusing_clients() -> void:
	_server.refuse_new_connections = true
	var refused: MultiplayerPeer = _connect()
	var signals: Array = []
	record(refused, signals)
	polled = [_server, refused]
	await until(func() -> bool: return refused.get_connection_status() == DISCONNECTED, "defect D04: a refused client is told")
	check_equal(signals, [], "defect D04: and never believed that it was in")
	_server.refuse_new_connections = false


func _connect() -> MultiplayerPeer:
	var client: MultiplayerPeer = new_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "a client starts")
	check(_set_up(client), "it is set up")
	return client


func _set_up(client: MultiplayerPeer) -> bool:
	return client.host.dtls_client_setup("localhost", _own.client_options()) == OK


## Until the server has dropped what it may.
func _rest() -> void:
	polled = [_server]
	await pump(3.0)


func _object_count() -> int:
	return int(Performance.get_monitor(Performance.OBJECT_COUNT))


func _note_joined(id: int) -> void:
	_joined.append(id)


func _note_left(id: int) -> void:
	_joined.erase(id)
