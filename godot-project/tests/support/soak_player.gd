extends RefCounted
## A client that joins, exchanges packets, leaves in one way or the other, and comes again.
##
## Of each connection one line [code]SOAK {...}[/code] is printed at its end, of each attempt that failed too.

const NumberedLink = preload("res://tests/support/numbered_link.gd")
const MARK: String = "SOAK "
## How a connection ends: in order after all has arrived; at once, with packets under way; at the
## server's hand, in order or at once; by silence, since nothing gets through any more. [code]crash[/code]
## is told by who ends the process.
const WAYS: Array[String] = ["close", "close", "leave", "kick", "kick_at_once", "silence"]
const PLAY_SECONDS: Array[float] = [2.0, 20.0]
const PAUSE_SECONDS: Array[float] = [0.2, 3.0]
## Longest time for joining, and for the end of a connection from its begin: ENet's own limit is 30 s.
const PATIENCE_SECONDS: float = 60.0

enum State { AWAY, JOINING, PLAYING, LEAVING }

## Comes no more once it has left, and leaves soon.
var is_last: bool = false
var _state: State = State.AWAY
var _new_peer: Callable
var _port: int
var _class_label: String
var _random := RandomNumberGenerator.new()
var _network: PacketPeerUDP
var _peer: MultiplayerPeer
var _link: NumberedLink
## The ways that this network allows, and the one of the connection there is or comes next.
var _ways: Array[String] = []
var _way: String
var _id: int = 0
var _local_port: int = 0
var _begun_msec: int = 0
var _next_msec: int = 0
var _connects: int = 0
var _disconnects: int = 0


## [param index]: which of the clients of its process it is: the first ones leave in different ways at
## first, later all decide by chance. [param network]: where the bad network is told what to do with
## this client; null where there is none.
func _init(new_peer: Callable, port: int, label: String, index: int, seed_value: int, network: PacketPeerUDP) -> void:
	_new_peer = new_peer
	_port = port
	_class_label = label
	_random.seed = seed_value + index
	_network = network
	_ways = WAYS if network != null else WAYS.filter(func(way: String) -> bool: return way != "silence")
	_way = _ways[index % _ways.size()]
	_wait(_draw([0.0, PAUSE_SECONDS[1]]))


func is_away() -> bool:
	return _state == State.AWAY


## To be called once a frame.
func step() -> void:
	var is_due: bool = Time.get_ticks_msec() >= _next_msec
	if _state == State.AWAY:
		if is_due and not is_last:
			_join()
		return
	_peer.poll()
	if _link != null:
		while _peer.get_available_packet_count() > 0:
			_link.take(_peer.get_packet())
	if _peer.get_connection_status() == MultiplayerPeer.CONNECTION_DISCONNECTED:
		_end("ended" if _state == State.LEAVING and _way != "close" else "dropped")
	elif _state == State.JOINING and _local_port == 0:
		_introduce()
	elif _state == State.JOINING:
		if _peer.get_connection_status() == MultiplayerPeer.CONNECTION_CONNECTED:
			_begin()
		elif is_due:
			_end("stuck")
	elif _state == State.PLAYING:
		_link.send_frame()
		if is_due or is_last:
			_leave()
	else:
		_go_on_leaving(is_due)


## The account of the connection there is, before this process is killed.
func tell_of_crash() -> void:
	if _state != State.AWAY:
		_way = "crash"
		_tell("ended")


func _join() -> void:
	_peer = _new_peer.call()
	_peer.peer_connected.connect(_on_connected)
	_peer.peer_disconnected.connect(_on_disconnected)
	_connects = 0
	_disconnects = 0
	_state = State.JOINING
	_wait(PATIENCE_SECONDS)
	_begun_msec = Time.get_ticks_msec()
	_local_port = 0
	_id = 0
	if _peer.create_client("127.0.0.1", _port) == OK:
		_id = _peer.get_unique_id()
	else:
		_end("refused")


func _begin() -> void:
	_link = NumberedLink.new(_peer, 1, _id)
	_state = State.PLAYING
	_wait(_draw(PLAY_SECONDS))


func _leave() -> void:
	_state = State.LEAVING
	_wait(PATIENCE_SECONDS)
	match _way:
		"close":
			_link.say_over()
		"leave":
			_peer.close()
			_end("ended")
		"kick":
			_link.ask_for_kick(NumberedLink.Kind.KICK)
		"kick_at_once":
			_link.ask_for_kick(NumberedLink.Kind.KICK_AT_ONCE)
		"silence":
			_tell_network("cut")


func _go_on_leaving(is_late: bool) -> void:
	if is_late:
		_end("stuck")
	elif _way != "close":
		_link.send_frame()
	elif _link.has_all():
		_end("ended")


func _end(how: String) -> void:
	_tell(how)
	_peer.close()
	_peer = null
	_link = null
	_state = State.AWAY
	_way = _ways[_random.randi_range(0, _ways.size() - 1)]
	_wait(_draw(PAUSE_SECONDS))


func _tell(how: String) -> void:
	var account: Dictionary = _link.account() if _link != null else {"id": _id}
	account.merge({
		"side": "client", "class": _class_label, "way": _way, "end": how, "joined": _link != null,
		"connects": _connects, "disconnects": _disconnects, "local_port": _local_port,
		"msec": Time.get_ticks_msec() - _begun_msec,
	})
	print(MARK, JSON.stringify(account))


## The network is not to take it for whoever had this port before. A first CONNECT that it forgets too is
## repeated.
func _introduce() -> void:
	_local_port = _peer.host.get_local_port()
	if _network != null:
		_tell_network("forget")


func _tell_network(order: String) -> void:
	_network.put_packet(("%s %d" % [order, _local_port]).to_utf8_buffer())


func _wait(seconds: float) -> void:
	_next_msec = Time.get_ticks_msec() + int(seconds * 1000.0)


func _draw(between: Array[float]) -> float:
	return _random.randf_range(between[0], between[1])


func _on_connected(_id: int) -> void:
	_connects += 1


func _on_disconnected(_id: int) -> void:
	_disconnects += 1
