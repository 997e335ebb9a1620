extends "res://tests/support/scenario.gd"
## Roles server, clients and crasher, without a [MultiplayerAPI]: clients that come and go in every way
## there is, while all packets are numbered and counted. [code]cargo xtask soak[/code] plays it for long
## through a bad network and judges what is told here.
##
## [code]--seconds=N[/code]: how long clients come. [code]--count=N[/code]: clients of this process.
## [code]--seed=N[/code]. [code]--via=PORT[/code]: where clients find the server, if not at its port.
## [code]--network=PORT[/code]: where the network is told to cut a client off. [code]--nobody=PORT[/code]:
## where nobody listens. [code]--label=TEXT[/code]: the class, as it is to be told.
##
## A crasher asks to be killed in the end, with its clients connected.

const NumberedLink = preload("res://tests/support/numbered_link.gd")
const SoakPlayer = preload("res://tests/support/soak_player.gd")
const ProcessUsage = preload("res://tests/support/process_usage.gd")
const MARK: String = SoakPlayer.MARK
## How this process stands before clients come, and when all have left.
const REST_MARK: String = "SOAK_REST "
const SERVER_MARK: String = "SOAK_SERVER "
const FRAMES_PER_SECOND: int = 30
const SLOTS: int = 200
## For the last ones to leave, also where the other side has to find out by itself.
const SETTLE_SECONDS: float = 90.0

## Of the server: [NumberedLink] by the client's id.
var _links: Dictionary = {}
var _departed: Dictionary = {}
var _arrivals: int = 0
var _departures: int = 0
var _strays: int = 0
## The longest time from one frame of the server to the next, and when the last one was.
var _longest_frame_msec: int = 0
var _frame_msec: int = 0


func run() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	if role == "server":
		await _serve()
	else:
		await _play()


func _serve() -> void:
	var server: MultiplayerPeer = new_peer()
	polled.append(server)
	if not check_equal(server.create_server(port, SLOTS), OK, "the server starts"):
		return
	server.peer_connected.connect(_meet.bind(server))
	server.peer_disconnected.connect(_part)
	await pump(0.5)
	_tell_rest("begin")
	_frame_msec = Time.get_ticks_msec()
	var step: Callable = func() -> bool:
		_serve_frame(server)
		return false
	await holds_within(step, _seconds())
	var is_empty: Callable = func() -> bool:
		_serve_frame(server)
		return _links.is_empty() and _arrivals > 0
	await until(is_empty, "everybody leaves", OTHERS_SECONDS + SETTLE_SECONDS)
	await pump(0.5)
	_tell_rest("end")
	print(SERVER_MARK, JSON.stringify({
		"arrivals": _arrivals, "departures": _departures, "strays": _strays,
		"longest_frame_msec": _longest_frame_msec,
	}))
	check_equal(_departures, _arrivals, "who came has left")
	server.close()


func _serve_frame(server: MultiplayerPeer) -> void:
	var now: int = Time.get_ticks_msec()
	_longest_frame_msec = maxi(_longest_frame_msec, now - _frame_msec)
	_frame_msec = now
	while server.get_available_packet_count() > 0:
		var id: int = server.get_packet_peer()
		var bytes: PackedByteArray = server.get_packet()
		if _links.has(id):
			(_links[id] as NumberedLink).take(bytes)
		else:
			_strays += 1
	# What arrived before a goodbye has been read by now.
	for id: int in _departed:
		_tell_link(_links[id])
		_links.erase(id)
	_departed.clear()
	for link: NumberedLink in _links.values():
		if link.kick >= 0:
			_kick(server, link)
		elif not link.has_said_over:
			link.send_frame()
			if link.has_all():
				link.say_over()


func _kick(server: MultiplayerPeer, link: NumberedLink) -> void:
	if link.has_said_over:
		return
	link.has_said_over = true
	var at_once: bool = link.kick == NumberedLink.Kind.KICK_AT_ONCE
	server.disconnect_peer(link.id, at_once)
	if at_once:
		_part(link.id) # No signal tells of it.


func _meet(id: int, server: MultiplayerPeer) -> void:
	_arrivals += 1
	_links[id] = NumberedLink.new(server, id, id)


func _part(id: int) -> void:
	_departures += 1
	_departed[id] = true


func _tell_link(link: NumberedLink) -> void:
	var account: Dictionary = link.account()
	account.side = "server"
	print(MARK, JSON.stringify(account))


func _play() -> void:
	# What is made once and for all with the first client is there before the beginning.
	_come_and_go()
	var network: PacketPeerUDP = null
	if arguments.has("network"):
		network = PacketPeerUDP.new()
		network.set_dest_address(LOCALHOST, int(arguments.network))
		check_equal(network.bind(0, LOCALHOST), OK, "there is a way to tell the network")
	var players: Array[SoakPlayer] = []
	var seed_value: int = int(arguments.get("seed", "0"))
	for index: int in int(arguments.get("count", "2")):
		var called: int = int(arguments.get("via", str(port)))
		var label: String = arguments.get("label", peer_class)
		players.append(SoakPlayer.new(new_peer, called, label, index, seed_value, network))
	await pump(0.5)
	_tell_rest("begin")
	var step: Callable = func() -> bool:
		for player: SoakPlayer in players:
			player.step()
		return false
	await holds_within(step, _seconds())
	if role == "crasher":
		for player: SoakPlayer in players:
			player.tell_of_crash()
		check(true, "it was there to be killed")
		await be_killed()
		return
	var are_away: Callable = func() -> bool:
		for player: SoakPlayer in players:
			player.is_last = true
			player.step()
		return players.all(func(player: SoakPlayer) -> bool: return player.is_away())
	await until(are_away, "everybody leaves", SETTLE_SECONDS)
	await pump(0.5)
	_tell_rest("end")


func _come_and_go() -> void:
	var peer: MultiplayerPeer = new_peer()
	check_equal(peer.create_client(LOCALHOST, int(arguments.nobody)), OK, "a first client starts")
	peer.poll()
	peer.close()


func _seconds() -> float:
	return float(arguments.get("seconds", "4"))


func _tell_rest(when: String) -> void:
	print(REST_MARK, JSON.stringify({
		"when": when, "resident_kib": ProcessUsage.resident_kib(), "threads": ProcessUsage.threads(),
		"descriptors": ProcessUsage.descriptors(),
		"objects": int(Performance.get_monitor(Performance.OBJECT_COUNT)),
	}))
