class_name MeshLobby
extends Side
## Brings the peers of a mesh together, and is not needed any more once they are.
##
## It listens on one port. Each peer says who it is; when all are there, each is told of all.
## Then every pair asks for each other, each end from the socket that its link will use: the
## lobby sees the address under which that socket is reached, also behind a NAT, and tells it to
## the other end.

## A message is an array: its kind, then what the kind needs.
enum Message {
	## To the lobby: id and name of a peer.
	HELLO,
	## From the lobby: the ids of all peers, and their names, as packed arrays.
	ROSTER,
	## To the lobby, from the socket of one pair: the own id and the other's.
	PAIR,
	## From the lobby: where the other end of the pair is, as address and port.
	PLACE,
}

const SMALLEST: int = 2
const LARGEST: int = 8
const DEFAULT_SIZE: int = 4
const LONGEST_NAME: int = 16

## Of a [MultiplayerPeer].
const _HIGHEST_ID: int = 2147483647
## A peer's link and one for each of its pairs.
const _MAX_LINKS: int = LARGEST * LARGEST
## How long an unattended lobby waits for its peers, in seconds.
const _PATIENCE: float = 60.0

var _connection := ENetConnectionRs.new()
var _size: int = DEFAULT_SIZE
## Link to id and name.
var _members: Dictionary = {}
## Own id and other id to the link that asked first.
var _waiting: Dictionary = {}
var _introduced: int = 0
var _has_roster: bool = false
var _is_open: bool = false
var _waited: float = 0.0


func _ready() -> void:
	super()
	options.role = LaunchOptions.Role.MESH_LOBBY
	if options.clients > 0:
		_size = clampi(options.clients, SMALLEST, LARGEST)
	var err: Error = _connection.create_host_bound("*", options.port, _MAX_LINKS)
	_is_open = err == OK
	if not _is_open:
		_finish.call_deferred(
				false, "No lobby on port %d: %s" % [options.port, error_string(err)])


func _process(delta: float) -> void:
	if _is_finished or not _is_open:
		return
	_waited += delta
	_take_events()
	if _introduced == _count_pairs() and _connection.get_peers().is_empty():
		_finish(true)
	elif options.unattended and _waited > _PATIENCE:
		_finish(false, "Only %d of %d peers and %d of %d pairs came to the lobby." % [
			_members.size(), _size, _introduced, _count_pairs()])


func _exit_tree() -> void:
	super()
	if _is_open:
		_connection.destroy()


func _count_pairs() -> int:
	return _size * (_size - 1) >> 1


func _take_events() -> void:
	while true:
		var event: Array = _connection.service()
		var peer: ENetPacketPeerRs = event[1]
		match event[0]:
			ENetConnectionRs.EVENT_RECEIVE:
				_take_message(peer, peer.get_var())
			ENetConnectionRs.EVENT_DISCONNECT:
				_forget(peer)
			ENetConnectionRs.EVENT_CONNECT:
				pass
			_:
				return


func _take_message(peer: ENetPacketPeerRs, received: Variant) -> void:
	if is_message(received, Message.HELLO, [TYPE_INT, TYPE_STRING]):
		_take_hello(peer, received[1], received[2])
	elif is_message(received, Message.PAIR, [TYPE_INT, TYPE_INT]):
		_take_pair(peer, received[1], received[2])
	else:
		peer.peer_disconnect_now()


## Anybody can send anything to an open port.
static func is_message(received: Variant, kind: Message, types: Array) -> bool:
	if typeof(received) != TYPE_ARRAY:
		return false
	var parts: Array = received
	if parts.size() != types.size() + 1 or typeof(parts[0]) != TYPE_INT or parts[0] != kind:
		return false
	for index: int in types.size():
		if typeof(parts[index + 1]) != types[index]:
			return false
	return true


func _take_hello(peer: ENetPacketPeerRs, id: int, player_name: String) -> void:
	if _has_roster or id < 1 or id > _HIGHEST_ID or _is_member(id):
		peer.peer_disconnect_later()
		return
	_members[peer] = [id, player_name.strip_escapes().strip_edges().left(LONGEST_NAME)]
	if _members.size() < _size:
		return
	_has_roster = true
	var ids: PackedInt64Array = []
	var names: PackedStringArray = []
	for member: Array in _members.values():
		ids.append(member[0])
		names.append(member[1])
	for member: ENetPacketPeerRs in _members.keys():
		member.put_var([Message.ROSTER, ids, names])
		member.peer_disconnect_later()


func _is_member(id: int) -> bool:
	return _members.values().any(func(member: Array) -> bool: return member[0] == id)


func _take_pair(peer: ENetPacketPeerRs, id: int, other_id: int) -> void:
	if not _has_roster or id == other_id or not (_is_member(id) and _is_member(other_id)):
		peer.peer_disconnect_now()
		return
	var other: ENetPacketPeerRs = _waiting.get([other_id, id])
	if other == null:
		_waiting[[id, other_id]] = peer
		return
	_waiting.erase([other_id, id])
	_introduced += 1
	_tell_place(peer, other)
	_tell_place(other, peer)


func _tell_place(listener: ENetPacketPeerRs, other: ENetPacketPeerRs) -> void:
	var place: Array = [Message.PLACE, other.get_remote_address(), other.get_remote_port()]
	listener.put_var(place)
	listener.peer_disconnect_later()


## Who goes before all are there makes room; afterwards everybody goes.
func _forget(peer: ENetPacketPeerRs) -> void:
	if not _has_roster:
		_members.erase(peer)
	for pair: Array in _waiting.keys():
		if _waiting[pair] == peer:
			_waiting.erase(pair)


func _make_report(succeeded: bool) -> Dictionary:
	return {"succeeded": succeeded, "peers": _members.size(), "pairs": _introduced}
