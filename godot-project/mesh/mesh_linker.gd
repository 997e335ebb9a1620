class_name MeshLinker
extends RefCounted
## Finds the other peers of a mesh through a lobby and connects to each of them.

## A connection to that peer is there, and nobody services it any more.
signal linked(id: int, connection: ENetConnectionRs)
signal failed(reason: String)

## Id to name of all peers, this one too; empty before the lobby told.
var names: Dictionary = {}

var _id: int
var _name: String
var _address: String
var _port: int
var _lobby := ENetConnectionRs.new()
var _is_lobby_gone: bool = false
var _pairs: Array[MeshPair] = []


func _init(id: int, player_name: String) -> void:
	_id = id
	_name = player_name


## Begins; the signals and [method is_complete] tell how it goes.
func join(address: String, port: int) -> Error:
	_address = address
	_port = port
	var err: Error = _lobby.create_host(1)
	if err == OK and _lobby.connect_to_host(address, port) == null:
		err = ERR_CANT_CONNECT
	return err


## Goes on; call it in each frame until [method is_complete].
func update(delta: float) -> void:
	while not _is_lobby_gone:
		var event: Array = _lobby.service()
		if event[0] == ENetConnectionRs.EVENT_NONE:
			break
		_take_event(event)
	for pair: MeshPair in _pairs:
		if not pair.is_under_way():
			continue
		pair.update(delta)
		if pair.state == MeshPair.State.LINKED:
			linked.emit(pair.other_id, pair.connection)
		elif pair.state == MeshPair.State.FAILED:
			failed.emit("No link to %s: %s." % [names[pair.other_id], pair.failure])


## Whether all links are there and the lobby is not needed any more.
func is_complete() -> bool:
	var is_linked: Callable = func(pair: MeshPair) -> bool:
		return pair.state == MeshPair.State.LINKED
	return _is_lobby_gone and not _pairs.is_empty() and _pairs.all(is_linked)


## Lets go of everything that was not handed on.
func stop() -> void:
	_leave_lobby()
	for pair: MeshPair in _pairs:
		pair.give_up()


func _take_event(event: Array) -> void:
	var peer: ENetPacketPeerRs = event[1]
	match event[0]:
		ENetConnectionRs.EVENT_CONNECT:
			peer.put_var([MeshLobby.Message.HELLO, _id, _name])
		ENetConnectionRs.EVENT_RECEIVE:
			_take_roster(peer.get_var())
		_:
			_leave_lobby()
			if names.is_empty():
				failed.emit("The lobby at %s, port %d, does not let us in." % [_address, _port])


## The first one counts. Anything may come from an address that somebody typed.
func _take_roster(received: Variant) -> void:
	var types: Array = [TYPE_PACKED_INT64_ARRAY, TYPE_PACKED_STRING_ARRAY]
	if not names.is_empty() or not MeshLobby.is_message(received, MeshLobby.Message.ROSTER, types):
		return
	var ids: PackedInt64Array = received[1]
	var all_names: PackedStringArray = received[2]
	if ids.size() != all_names.size() or ids.size() > MeshLobby.LARGEST or not ids.has(_id):
		return
	for index: int in ids.size():
		names[ids[index]] = all_names[index]
	for id: int in names:
		if id != _id:
			var pair := MeshPair.new(_id, id)
			_pairs.append(pair)
			pair.start(_address, _port)


func _leave_lobby() -> void:
	if not _is_lobby_gone:
		_is_lobby_gone = true
		_lobby.destroy()
