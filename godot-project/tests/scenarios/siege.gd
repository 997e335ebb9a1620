extends "res://tests/support/scenario.gd"
## Roles server and clients, without a [MultiplayerAPI]: players who exchange numbered packets once a
## frame, while somebody may be attacking the server.
##
## [code]--players=N[/code]: of all processes with role clients together. [code]--count=N[/code]: of
## this one. [code]--attacker=PORT[/code]: where to say that all play; the end of the attack is heard
## from there. Without it they play for some seconds in peace. [code]--via=PORT[/code]: where the
## first of the clients connects to instead of the server. [code]--newcomers[/code]: one more client
## after the other joins for a moment. [code]--unjudged[/code]: whatever becomes of it is only told.
##
## Every process prints what it saw as a line [code]SIEGE {...}[/code].

const ProcessUsage = preload("res://tests/support/process_usage.gd")
const MARK: String = "SIEGE "
const FRAMES_PER_SECOND: int = 60
const PEACE_MSEC: int = 2000
## Between two words to the attacker, and two looks at the memory.
const REPEAT_MSEC: int = 200
## From one newcomer's end to the next one's begin.
const PAUSE_MSEC: int = 300
const NEWCOMER_MSEC: int = 20_000
## Longest time from the first call to the moment when all play.
const JOIN_SECONDS: float = 60.0
## Longest attack, and a little more.
const PLAY_SECONDS: float = 660.0
## For what is lost and sent again at the end.
const SETTLE_SECONDS: float = 30.0
const SLOTS: int = 64
const PACKET_LEN: int = 48
## First byte of a packet; the number follows.
enum Kind { HELLO, RELIABLE, UNRELIABLE, OVER }

## Of this process: [Link] by the id of the remote (server), or by its index (clients).
var _links: Dictionary = {}
var _report: Dictionary = {"dropped": 0, "lost": 0, "reliable": 0, "unreliable": 0, "unreliable_sent": 0}
var _is_over: bool = false


## One end of a connection, and what it counted.
class Link:
	var peer: MultiplayerPeer
	var target: int = 1
	var reliable_sent: int = 0
	var unreliable_sent: int = 0
	var reliable_received: int = 0
	var unreliable_received: int = 0
	## What the other side says it sent; -1 until it has.
	var reliable_announced: int = -1
	var is_playing: bool = false
	var has_left: bool = false

	## Answers whether the peer took it.
	func send(kind: Kind, number: int, mode: int) -> bool:
		var bytes := PackedByteArray()
		bytes.resize(PACKET_LEN)
		bytes[0] = kind
		bytes.encode_u32(1, number)
		peer.set_target_peer(target)
		peer.transfer_mode = mode as MultiplayerPeer.TransferMode
		return peer.put_packet(bytes) == OK

	func send_frame() -> void:
		reliable_sent += int(send(Kind.RELIABLE, reliable_sent, RELIABLE))
		unreliable_sent += int(send(Kind.UNRELIABLE, unreliable_sent, UNRELIABLE))

	## Counts a packet; answers whether it was not the next of its kind.
	func take(bytes: PackedByteArray) -> bool:
		var number: int = bytes.decode_u32(1)
		match bytes[0]:
			Kind.HELLO:
				is_playing = true
			Kind.RELIABLE:
				reliable_received += 1
				return number != reliable_received - 1
			Kind.UNRELIABLE:
				unreliable_received += 1
			Kind.OVER:
				reliable_announced = number
		return false

	func is_settled() -> bool:
		return has_left or reliable_announced >= 0

	func lost() -> int:
		return maxi(reliable_announced, 0) - reliable_received


func run() -> void:
	Engine.max_fps = FRAMES_PER_SECOND
	if role == "server":
		await _serve()
	else:
		await _play()
	for link: Link in _links.values():
		_report.reliable += link.reliable_received
		_report.unreliable += link.unreliable_received
		_report.unreliable_sent += link.unreliable_sent
	print(MARK, JSON.stringify(_report))
	for peer: MultiplayerPeer in polled:
		peer.close()


func _judge(held: bool, what: String) -> void:
	if arguments.has("unjudged"):
		print("%s: %s" % [what, held])
	else:
		check(held, what)


func _serve() -> void:
	var server: MultiplayerPeer = new_peer()
	polled.append(server)
	if not check_equal(server.create_server(port, SLOTS), OK, "the server starts"):
		return
	server.peer_connected.connect(func(id: int) -> void: _meet(server, id))
	server.peer_disconnected.connect(func(id: int) -> void: _part(id))
	var expected: int = int(arguments.get("players", "1"))
	var all_play: Callable = func() -> bool:
		_take_all(server)
		return _players().size() == expected
	if not await until(all_play, "all players join", JOIN_SECONDS):
		return
	await _hold(server)
	for link: Link in _players():
		link.send(Kind.OVER, link.reliable_sent, RELIABLE)
	var all_settled: Callable = func() -> bool:
		_take_all(server)
		return _players().all(func(link: Link) -> bool: return link.is_settled())
	_judge(await holds_within(all_settled, SETTLE_SECONDS), "everybody tells what was sent")
	for link: Link in _players():
		if not link.has_left:
			_report.lost += absi(link.lost())
	_judge(_report.lost == 0, "no reliable packet is lost")
	if server.has_method("get_statistics"):
		_report.statistics = server.call("get_statistics")
	var has_left: Callable = func(link: Link) -> bool: return link.has_left
	await holds_within(func() -> bool: return _players().all(has_left), PATIENCE_SECONDS)


## Plays until the attack is over.
func _hold(server: MultiplayerPeer) -> void:
	var attack := Attack.new(int(arguments.get("attacker", "0")))
	var memory: Array[int] = []
	var cpu: int = ProcessUsage.cpu_nsec()
	var start: int = Time.get_ticks_msec()
	var next: Array[int] = [start]
	var is_over: Callable = func() -> bool:
		_take_all(server)
		for link: Link in _players():
			if not link.has_left:
				link.send_frame()
		if Time.get_ticks_msec() >= next[0]:
			next[0] += REPEAT_MSEC
			memory.append(ProcessUsage.resident_kib())
			attack.announce()
		return attack.is_over() if attack.is_real() else Time.get_ticks_msec() - start >= PEACE_MSEC
	check(await holds_within(is_over, PLAY_SECONDS), "the attack ends")
	_is_over = true
	_report.memory_kib = memory
	_report.seconds = (Time.get_ticks_msec() - start) / 1000.0
	_report.cpu_seconds = (ProcessUsage.cpu_nsec() - cpu) / 1e9
	_judge(_report.dropped == 0, "nobody drops")


func _meet(server: MultiplayerPeer, id: int) -> void:
	var link := Link.new()
	link.peer = server
	link.target = id
	_links[id] = link


func _part(id: int) -> void:
	var link: Link = _links[id]
	if not link.is_playing:
		_links.erase(id) # a newcomer
		return
	link.has_left = true
	if not _is_over:
		_report.dropped += 1


func _players() -> Array:
	return _links.values().filter(func(link: Link) -> bool: return link.is_playing)


func _take_all(server: MultiplayerPeer) -> void:
	while server.get_available_packet_count() > 0:
		var id: int = server.get_packet_peer()
		var bytes: PackedByteArray = server.get_packet()
		if _links.has(id) and (_links[id] as Link).take(bytes):
			_report.lost += 1


func _play() -> void:
	await server_listens()
	var count: int = int(arguments.get("count", "1"))
	for index: int in count:
		var link := Link.new()
		link.peer = new_peer()
		polled.append(link.peer)
		var called: int = int(arguments.get("via", str(port))) if index == 0 else port
		if not check_equal(link.peer.create_client(LOCALHOST, called), OK, "client %d starts" % index):
			return
		_links[index] = link
	var newcomers := Newcomers.new(self)
	var is_done: Callable = func() -> bool:
		for link: Link in _links.values():
			_step(link)
		if arguments.has("newcomers"):
			_step_newcomers(newcomers)
		return _links.values().all(func(link: Link) -> bool: return link.is_settled())
	await holds_within(is_done, JOIN_SECONDS + PLAY_SECONDS)
	# A short attack on a slow machine may be over before the first newcomer is in.
	await holds_within(newcomers.is_first_done, NEWCOMER_MSEC / 1000.0 + 1.0)
	newcomers.end()
	for link: Link in _links.values():
		if not link.has_left:
			_report.lost += absi(link.lost())
			link.send(Kind.OVER, link.reliable_sent, RELIABLE)
	_report.join_waiting_msec = newcomers.waited_msec
	_report.joins_msec = newcomers.joins_msec
	_report.joins_failed = newcomers.failed
	_judge(_report.dropped == 0, "nobody drops")
	_judge(_report.lost == 0, "no reliable packet is lost")
	# Until the server has what was sent last.
	await pump(1.0)


## They come from when all play to the end of the attack.
func _step_newcomers(newcomers: Newcomers) -> void:
	if _links.values().any(func(link: Link) -> bool: return link.reliable_announced >= 0):
		if newcomers.is_first_done():
			newcomers.end()
	elif _links.values().all(func(link: Link) -> bool: return link.reliable_received > 0):
		newcomers.step()


func _step(link: Link) -> void:
	if link.has_left or link.reliable_announced >= 0:
		return
	if link.peer.get_connection_status() == DISCONNECTED:
		link.has_left = true
		_report.dropped += 1
		return
	if link.peer.get_connection_status() != CONNECTED:
		return
	if not link.is_playing:
		link.is_playing = true
		link.send(Kind.HELLO, 0, RELIABLE)
	while link.peer.get_available_packet_count() > 0:
		if link.take(link.peer.get_packet()):
			_report.lost += 1
	if link.reliable_received > 0 and link.reliable_announced < 0:
		link.send_frame()


## Clients that join one after the other, and leave at once.
class Newcomers:
	var joins_msec: Array[int] = []
	var failed: int = 0
	## How long the one had waited who was under way at the end; 0 if nobody was.
	var waited_msec: int = 0
	var _scenario: Node
	var _peer: MultiplayerPeer
	var _next_msec: int = 0

	func _init(scenario: Node) -> void:
		_scenario = scenario

	func step() -> void:
		var now: int = Time.get_ticks_msec()
		if _peer == null:
			if now >= _next_msec:
				_peer = _scenario.new_peer()
				_peer.create_client(LOCALHOST, _scenario.port)
				_next_msec = now
			return
		_peer.poll()
		var has_joined: bool = _peer.get_connection_status() == CONNECTED
		if has_joined or _peer.get_connection_status() == DISCONNECTED or now - _next_msec > NEWCOMER_MSEC:
			joins_msec.append(now - _next_msec)
			failed += int(not has_joined)
			_peer.close()
			_peer = null
			_next_msec = now + PAUSE_MSEC

	## Goes on with the first newcomer; answers whether nobody is waited for: he is in, or failed, or never came.
	func is_first_done() -> bool:
		if _peer != null and joins_msec.is_empty():
			step()
		return _peer == null or not joins_msec.is_empty()

	func end() -> void:
		if _peer != null:
			waited_msec = Time.get_ticks_msec() - _next_msec
			_peer.close()
			_peer = null


## The attacker, who attacks when told that all play, and tells when it is over.
class Attack:
	var _socket := PacketPeerUDP.new()
	var _port: int

	func _init(attacker: int) -> void:
		_port = attacker
		if is_real():
			_socket.set_dest_address(LOCALHOST, _port)
			_socket.bind(0, LOCALHOST)

	func is_real() -> bool:
		return _port != 0

	func announce() -> void:
		if is_real():
			_socket.put_packet("all play".to_utf8_buffer())

	func is_over() -> bool:
		return _socket.get_available_packet_count() > 0
