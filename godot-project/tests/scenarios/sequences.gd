extends "res://tests/support/scenario.gd"
## One process: random sequences of everything that begins and ends connections, between a server of
## the class under test and clients of the one on the far side. Whoever arrives departs, once each and
## in this order, on both sides.
##
## [code]--seed=N[/code] repeats a run that was printed, [code]--sequences=N[/code] plays more of them:
## [codeblock lang=text]
## cargo xtask godot -- --headless res://tests/run_tests.tscn -- --scenario=sequences \
##     --class=ENetMultiplayerPeerRs --port=30000 --sequences=10000
## [/codeblock]

const Ledger = preload("res://tests/support/ledger.gd")

const DEFAULT_SEQUENCES: int = 300
const MOST_CLIENTS: int = 4
const MOST_STEPS: int = 12
## Longest wait for an end that takes a tenth of a second at most.
const SETTLE_MSEC: int = 20000
## Ids that bare clients use again and again.
const REUSED_IDS: Array[int] = [7, 8]
const PAUSE_USEC: int = 100

var _dice := RandomNumberGenerator.new()
var _server: Ledger
var _clients: Array[Ledger] = []
## Bare connections, whose remote is the server.
var _bare: Array[RefCounted] = []
## What was done in this sequence.
var _log: PackedStringArray = []
var _arrivals: int = 0
var _departures: int = 0
var _silent_ends: int = 0
var _faulty: int = 0


func run() -> void:
	var seed_value: int = int(arguments.get("seed", str(randi())))
	var sequences: int = int(arguments.get("sequences", str(DEFAULT_SEQUENCES)))
	print("seed %d" % seed_value)
	# Sequences end attempts and peers while the calls about them are under way.
	printerr(ERRORS_ALLOWED + "random sequences")
	for number: int in sequences:
		_dice.seed = seed_value + number
		_play()
		_judge(seed_value + number)
		if number % 10 == 0:
			await get_tree().process_frame
		if _faulty >= 3:
			break
	printerr(ERRORS_OVER)
	print("%d sequences: %d arrivals, %d departures, %d ends by an own call that emits nothing" % [
		sequences, _arrivals, _departures, _silent_ends])
	check(_faulty == 0, "who arrives departs, once each, in %d sequences" % sequences)
	check(_arrivals > sequences and _departures > sequences, "sequences are not empty")
	check(_arrivals == _departures + _silent_ends, "the sums close")


func _play() -> void:
	_log.clear()
	_open_server()
	for step: int in _dice.randi_range(4, MOST_STEPS):
		_take_step()
		_pump(_dice.randi_range(0, 12))
	_settle()


func _take_step() -> void:
	var steps: Array[Callable] = [
		_connect_client, _connect_client, _connect_client, _connect_bare, _send, _part_from_server,
		_part_from_client, _part_from_bare, _prepare_reaction, _restart_server,
	]
	var weights := PackedFloat32Array([1, 1, 1, 1, 1, 1.5, 1.5, 0.5, 1, 0.2])
	steps[_dice.rand_weighted(weights)].call()


func _open_server() -> void:
	var peer: MultiplayerPeer = new_peer()
	_shorten_times(peer)
	_server = Ledger.new(peer)
	if peer.create_server(port, MOST_CLIENTS) != OK:
		_server.faults.append("the port is not free")


## Who is told nothing finds out soon: a server that closes does not know of clients that it has not
## heard from since it answered them.
func _shorten_times(peer: MultiplayerPeer) -> void:
	peer.set("connect_timeout", 0.5)
	peer.set("timeout_limit", 1)
	peer.set("timeout_minimum", 40)
	peer.set("timeout_maximum", 80)
	peer.set("ping_interval", 20)


func _connect_client() -> void:
	if _clients.size() >= MOST_CLIENTS:
		return
	_log.append("connect")
	var client := Ledger.new(new_other_peer())
	_shorten_times(client.peer)
	if client.peer.create_client(LOCALHOST, port) != OK:
		client.faults.append("no client")
	_clients.append(client)
	if _dice.randf() < 0.7:
		_pump_until(func() -> bool: return not client.is_active() or client.present.has(1))


## A client that is no multiplayer peer has the id that it says.
func _connect_bare() -> void:
	var id: int = REUSED_IDS[_dice.randi() % REUSED_IDS.size()]
	_log.append("bare %d" % id)
	var connection: RefCounted = new_other_connection()
	if connection.create_host(1) != OK or connection.connect_to_host(LOCALHOST, port, 3, id) == null:
		_server.faults.append("no bare client")
	_bare.append(connection)


func _send() -> void:
	_log.append("send")
	for ledger: Ledger in _clients + [_server]:
		if ledger.is_active() and not ledger.present.is_empty():
			ledger.peer.set_target_peer(0)
			ledger.peer.put_packet(PackedByteArray([1, 2, 3]))


func _part_from_server() -> void:
	if not _server.is_active() or _server.present.is_empty():
		return
	var id: int = _server.present.keys()[_dice.randi() % _server.present.size()]
	match _dice.randi() % 6:
		0 when is_ours:
			_log.append("kick %d" % id)
			_server.peer.call("kick", id, _dice.randi() % 4096)
		1:
			_log.append("drop %d by force" % id)
			_server.drop_by_force(id)
		2:
			_log.append("reset %d" % id)
			_server.peer.get_peer(id).reset()
		3:
			_log.append("let %d go later" % id)
			_server.peer.get_peer(id).peer_disconnect_later(5)
		4 when is_ours:
			_log.append("ban everybody for a moment")
			_server.peer.call("ban", LOCALHOST, 0.0)
			_server.peer.call("unban", LOCALHOST)
		_:
			_log.append("drop %d" % id)
			_server.peer.disconnect_peer(id)


func _part_from_client() -> void:
	if _clients.is_empty():
		return
	var index: int = _dice.randi() % _clients.size()
	var client: Ledger = _clients[index]
	if not client.is_active():
		_forget(index)
		return
	match _dice.randi() % 6:
		0:
			_log.append("client closes")
			client.close()
		1:
			_log.append("client is let go")
			_forget(index)
			client.let_go()
		2:
			_log.append("client's host dies")
			client.peer.host.destroy()
		3:
			_log.append("client leaves by force")
			client.drop_by_force(1)
		4:
			_log.append("client's peer is disconnected now")
			client.peer.get_peer(1).peer_disconnect_now(9)
		_:
			_log.append("client leaves")
			client.peer.disconnect_peer(1)


## A crash: nobody is told.
func _part_from_bare() -> void:
	if not _bare.is_empty():
		_log.append("bare crashes")
		var connection: RefCounted = _bare.pop_back()
		connection.destroy()


## The next signal of somebody is answered by a close, or by a close and another session.
func _prepare_reaction() -> void:
	var ledgers: Array[Ledger] = _clients.duplicate()
	ledgers.append(_server)
	var ledger: Ledger = ledgers[_dice.randi() % ledgers.size()]
	if ledger.peer == null:
		return
	var begins_anew: bool = _dice.randf() < 0.5
	_log.append("close in a handler")
	ledger.on_signal = func(signal_name: String) -> void:
		_log.append("closed in %s" % signal_name)
		ledger.close()
		if begins_anew:
			_begin_anew(ledger)


func _restart_server() -> void:
	_server.close()
	_begin_anew(_server)


func _begin_anew(ledger: Ledger) -> void:
	_log.append("%s begins anew" % ("server" if ledger == _server else "client"))
	var error: Error = ERR_BUG
	if ledger == _server:
		error = ledger.peer.create_server(port, MOST_CLIENTS)
	else:
		error = ledger.peer.create_client(LOCALHOST, port)
	if error != OK:
		ledger.faults.append("no other session: %s" % error_string(error))


## Ends what is left, in one of two ways, and waits until everybody knows.
func _settle() -> void:
	for ledger: Ledger in _clients + [_server]:
		ledger.on_signal = Callable()
	if _dice.randf() < 0.5:
		_log.append("server closes last")
		_server.close()
	else:
		_log.append("clients close first")
		for client: Ledger in _clients:
			if client.is_active():
				client.close()
	for connection: RefCounted in _bare:
		connection.destroy()
	_bare.clear()
	var is_settled: Callable = func() -> bool:
		return _server.present.is_empty() and not _clients.any(func(it: Ledger) -> bool: return it.is_active())
	if not _pump_until(is_settled):
		_server.faults.append("it never settles: %s here, clients %s" % [
			_server.present.keys(), _clients.map(func(it: Ledger) -> bool: return it.is_active())])
	while not _clients.is_empty():
		_forget(0)
	if _server.is_active():
		_server.close()


func _judge(seed_value: int) -> void:
	_arrivals += _server.arrivals
	_departures += _server.departures
	_silent_ends += _server.silent_ends
	if not _server.faults.is_empty():
		_faulty += 1
		check(false, "sequence of seed %d" % seed_value, "%s after %s" % [_server.faults, _log])
	_server = null


func _forget(index: int) -> void:
	var client: Ledger = _clients[index]
	client.on_signal = Callable()
	_clients.remove_at(index)
	if client.peer != null and client.is_active():
		client.close()
	_arrivals += client.arrivals
	_departures += client.departures
	_silent_ends += client.silent_ends
	for fault: String in client.faults:
		_server.faults.append("client: " + fault)


func _pump(rounds: int) -> void:
	for round_number: int in rounds:
		_poll_everybody()


func _pump_until(condition: Callable) -> bool:
	var end: int = Time.get_ticks_msec() + SETTLE_MSEC
	while not condition.call():
		if Time.get_ticks_msec() > end:
			return false
		_poll_everybody()
	return true


func _poll_everybody() -> void:
	_server.poll()
	for client: Ledger in _clients:
		client.poll()
	for connection: RefCounted in _bare:
		connection.service(0)
	OS.delay_usec(PAUSE_USEC)
