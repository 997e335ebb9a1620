class_name MeshPair
extends RefCounted
## One link of a mesh in the making, from the question to the lobby to the connection.
##
## One socket does it all, so that the address which the lobby saw is the one that the other end
## connects to.

enum State {
	## Waits for the lobby to tell where the other end is.
	ASKING,
	## Sends a few datagrams there, which let the answers through a NAT on this side.
	OPENING,
	## Waits for the connection: the higher id makes it, the lower one is called.
	CONNECTING,
	LINKED,
	FAILED,
}

## As [method ENetPacketPeer.get_remote_address] prints it.
const _LOOPBACK_IPV6: String = "0:0:0:0:0:0:0:1"
const _OPENERS: int = 4
const _OPENER_SECONDS: float = 0.03
## Longest time for all of it, in seconds.
const _PATIENCE: float = 20.0

var other_id: int
var connection := ENetConnectionRs.new()
var state: State = State.ASKING
## What went wrong, if something did.
var failure: String = ""

var _own_id: int
var _address: String = ""
var _port: int = 0
var _openers_sent: int = 0
var _until_opener: float = 0.0
var _spent: float = 0.0


func _init(own_id: int, to_id: int) -> void:
	_own_id = own_id
	other_id = to_id


## Asks the lobby for the other end.
func start(lobby_address: String, lobby_port: int) -> void:
	var err: Error = connection.create_host_bound("*", 0, 1)
	if err != OK:
		_fail("no socket: %s" % error_string(err))
	elif connection.connect_to_host(lobby_address, lobby_port) == null:
		_fail("no way to the lobby")


## Goes on; call it in each frame while the link is neither made nor given up.
func update(delta: float) -> void:
	_spent += delta
	while is_under_way():
		var event: Array = connection.service()
		if event[0] == ENetConnectionRs.EVENT_NONE:
			break
		_take_event(event)
	if state == State.OPENING:
		_send_openers(delta)
	if is_under_way() and _spent > _PATIENCE:
		_fail("no connection within %.0f s" % _PATIENCE)


func is_under_way() -> bool:
	return state != State.LINKED and state != State.FAILED


## Where a peer is that the lobby sees at [param place]: who is on the lobby's own machine is where
## the lobby is, for it is reached at a loopback address by nobody else.
static func seen_from_here(place: String, lobby_address: String) -> String:
	var is_beside_lobby: bool = place.begins_with("127.") or place == _LOOPBACK_IPV6
	return lobby_address if is_beside_lobby else place


## Lets go of the socket of a link that was not handed on.
func give_up() -> void:
	if is_under_way():
		_fail("given up")


func _take_event(event: Array) -> void:
	var peer: ENetPacketPeerRs = event[1]
	match event[0]:
		ENetConnectionRs.EVENT_CONNECT:
			if state == State.ASKING:
				peer.put_var([MeshLobby.Message.PAIR, _own_id, other_id])
			elif event[2] == other_id or _own_id > other_id and state == State.CONNECTING:
				state = State.LINKED
			else:
				# Somebody else found the open port.
				peer.reset()
		ENetConnectionRs.EVENT_RECEIVE:
			_take_place(peer.get_var(), peer.get_remote_address())
		ENetConnectionRs.EVENT_DISCONNECT:
			if state == State.ASKING and _port > 0:
				state = State.OPENING
			elif state == State.ASKING:
				_fail("the lobby knows nothing of it")
			elif _own_id > other_id:
				_fail("nobody answers at %s, port %d" % [_address, _port])
		_:
			_fail("the socket is gone")


func _take_place(received: Variant, lobby_address: String) -> void:
	var types: Array = [TYPE_STRING, TYPE_INT]
	if MeshLobby.is_message(received, MeshLobby.Message.PLACE, types):
		_address = seen_from_here(received[1], lobby_address)
		_port = received[2]


func _send_openers(delta: float) -> void:
	_until_opener -= delta
	if _until_opener > 0.0:
		return
	if _openers_sent < _OPENERS:
		_openers_sent += 1
		_until_opener = _OPENER_SECONDS
		connection.socket_send(_address, _port, "open".to_utf8_buffer())
		return
	state = State.CONNECTING
	if _own_id > other_id and connection.connect_to_host(_address, _port, 0, _own_id) == null:
		_fail("no way to %s, port %d" % [_address, _port])


func _fail(reason: String) -> void:
	state = State.FAILED
	failure = reason
	connection.destroy()
