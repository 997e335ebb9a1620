class_name MeshSide
extends Side
## One peer of a mesh: chats and moves with the others, and no server is there.

const _MOVE_SECONDS: float = 0.05
## How often a bot says something, in seconds.
const _BOT_LINE_SECONDS: float = 0.7
## How long an unattended peer may take beyond the time it plays, in seconds.
const _PATIENCE: float = 60.0

var _peer := ENetMultiplayerPeerRs.new()
var _id: int = _peer.generate_unique_id()
var _linker: MeshLinker
var _record := MeshRecord.new()
## Id to disc.
var _discs: Dictionary = {}
## Ids of those who will send nothing more.
var _done: Array[int] = []
var _has_begun: bool = false
var _is_done: bool = false
var _is_leaving: bool = false
var _lived: float = 0.0
var _played: float = 0.0
var _until_move: float = 0.0
var _until_line: float = 0.0

@onready var _disc_parent: Node2D = %Discs
@onready var _title: Label = %Title
@onready var _status: Label = %Status
@onready var _log: RichTextLabel = %Log
@onready var _line: LineEdit = %Line
@onready var _leave: Button = %Leave


func _ready() -> void:
	super()
	options.role = LaunchOptions.Role.MESH
	multiplayer.peer_connected.connect(_on_peer_connected)
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)
	_line.text_submitted.connect(_on_line_submitted)
	_leave.pressed.connect(func() -> void: _finish(true))
	_title.text = options.player_name
	_status.text = "Asking the lobby at %s, port %d" % [options.address, options.port]
	_linker = MeshLinker.new(_id, options.player_name)
	_linker.linked.connect(_on_linked)
	_linker.failed.connect(func(reason: String) -> void: _finish(false, reason))
	var err: Error = _peer.create_mesh(_id)
	if err == OK:
		multiplayer.multiplayer_peer = _peer
		err = _linker.join(options.address, options.port)
	if err != OK:
		_finish.call_deferred(false, "Cannot join the lobby at %s, port %d: %s" % [
			options.address, options.port, error_string(err)])


func _process(delta: float) -> void:
	if _is_finished:
		return
	_lived += delta
	if options.unattended and _lived > options.seconds + _PATIENCE:
		_finish(false, "%d of %d others are here, %d are done." % [
			multiplayer.get_peers().size(), _linker.names.size() - 1, _done.size()])
	elif not _has_begun:
		_linker.update(delta)
		_begin_if_complete()
	elif not _is_done:
		_play(delta)
	elif not _is_leaving:
		_leave_if_all_are_done()
	elif multiplayer.get_peers().is_empty():
		_finish(_record.left.size() == _linker.names.size() - 1)


func _exit_tree() -> void:
	_linker.stop()
	super()
	_peer.close()


func _begin_if_complete() -> void:
	if not _linker.is_complete():
		return
	_has_begun = true
	_add_disc(_id)
	_show_status()


func _play(delta: float) -> void:
	_played += delta
	if options.seconds > 0.0 and _played >= options.seconds:
		_end_play()
		return
	var own: MeshDisc = _discs[_id]
	own.place = Arena.keep_inside(
			own.place + _get_direction() * Avatar.SPEED * delta, Avatar.RADIUS)
	_until_move -= delta
	if _until_move <= 0.0:
		_until_move = _MOVE_SECONDS
		for id: int in multiplayer.get_peers():
			MeshRecord.add_one(_record.moves_sent, id)
			_move.rpc_id(id, own.place)
	if options.bots == 0:
		return
	_until_line -= delta
	if _until_line <= 0.0:
		_until_line = _BOT_LINE_SECONDS
		_say_to_all("line %d of %s" % [_record.said.size() + 1, options.player_name])


func _get_direction() -> Vector2:
	if options.bots > 0:
		return Vector2.from_angle(_played * 2.0 + _id % 7)
	if _line.has_focus():
		return Vector2.ZERO
	return Input.get_vector(&"move_left", &"move_right", &"move_up", &"move_down")


func _say_to_all(text: String) -> void:
	_record.said.append(text)
	_show_line(_id, text)
	for id: int in multiplayer.get_peers():
		_say.rpc_id(id, text)


## Tells everybody that nothing more comes, and where this peer stands.
func _end_play() -> void:
	_is_done = true
	var own: MeshDisc = _discs[_id]
	_record.places[_id] = str(own.place)
	for id: int in multiplayer.get_peers():
		var packet_peer: ENetPacketPeerRs = _peer.get_peer(id)
		_record.ping_ms[id] = packet_peer.get_statistic(ENetPacketPeerRs.PEER_ROUND_TRIP_TIME)
		_take_farewell.rpc_id(id, own.place)


## Goes once everybody has said the last word. What this peer said still arrives before its
## goodbye, which is the lower id's: of two that cross, one may stay without an answer.
func _leave_if_all_are_done() -> void:
	if multiplayer.get_peers().is_empty() or _done.size() == _linker.names.size() - 1:
		_is_leaving = true
		for id: int in multiplayer.get_peers():
			if id > _id:
				_peer.get_peer(id).peer_disconnect_later()


@rpc("any_peer", "call_remote", "unreliable_ordered", 3)
func _move(place: Vector2) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	MeshRecord.add_one(_record.moves_heard, id)
	_put_disc(id, place)


@rpc("any_peer", "call_remote", "reliable", 2)
func _say(text: String) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	var line: String = text.strip_escapes().left(Chat.LONGEST_LINE)
	_record.hear(id, line)
	_show_line(id, line)


@rpc("any_peer", "call_remote", "reliable", 2)
func _take_farewell(place: Vector2) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	_put_disc(id, place)
	_record.places[id] = str(place)
	if not _done.has(id):
		_done.append(id)


func _on_linked(id: int, connection: ENetConnectionRs) -> void:
	var err: Error = _peer.add_mesh_peer(id, connection)
	if err != OK:
		_finish(false, "No link to peer %d: %s" % [id, error_string(err)])


func _on_peer_connected(id: int) -> void:
	_record.joined.append(id)
	_add_disc(id)


func _on_peer_disconnected(id: int) -> void:
	_record.left.append(id)
	_show_line(id, "left")
	_show_status()
	var disc: MeshDisc = _discs.get(id)
	_discs.erase(id)
	if disc != null:
		disc.queue_free()


func _show_status() -> void:
	_status.text = "%d peers, no server" % (multiplayer.get_peers().size() + 1)


func _on_line_submitted(text: String) -> void:
	var line: String = text.strip_escapes().strip_edges().left(Chat.LONGEST_LINE)
	if line != "" and _has_begun:
		_say_to_all(line)
	_line.clear()
	_line.release_focus()


## Colours and first places go by the order of the ids, which is the same for everybody.
func _add_disc(id: int) -> void:
	var ids: Array = _linker.names.keys()
	ids.sort()
	var disc := MeshDisc.new(ids.find(id), _name_of(id), id == _id)
	_discs[id] = disc
	_disc_parent.add_child(disc)


## Anything may arrive: what is not a place is dropped.
func _put_disc(id: int, place: Vector2) -> void:
	var disc: MeshDisc = _discs.get(id)
	if disc != null and place.is_finite():
		disc.place = Arena.keep_inside(place, Avatar.RADIUS)


func _show_line(id: int, text: String) -> void:
	_log.add_text("%s: %s\n" % [_name_of(id), text])


func _name_of(id: int) -> String:
	return _linker.names.get(id, str(id))


func _make_report(succeeded: bool) -> Dictionary:
	var report: Dictionary = _record.to_dictionary()
	report["name"] = options.player_name
	report["id"] = _id
	report["succeeded"] = succeeded
	return report
