class_name MatchSide
extends Side
## What the server's and the client's scene have in common.

var _network := Network.new()
var _joined: Array[int] = []
var _left: Array[int] = []
var _replicated_nodes: PackedStringArray = []
var _disagreements: PackedStringArray = []
var _pings_ms: Dictionary = {}
var _standings: Array[Dictionary] = []
var _states: Dictionary = {}

@onready var _session: Session = %Session
@onready var _hud: Hud = %Hud


func _ready() -> void:
	super()
	multiplayer.peer_connected.connect(_on_peer_connected)
	multiplayer.peer_disconnected.connect(_on_peer_disconnected)
	_session.avatar_added.connect(_on_avatar_added)
	_session.closing.stopped.connect(_on_stopped)
	_session.closing.concluded.connect(_on_concluded)
	_hud.show_session(_session)
	_hud.leave_requested.connect(_on_leave_requested)


func _exit_tree() -> void:
	super()
	_network.close()


func _on_peer_connected(id: int) -> void:
	_joined.append(id)


func _on_peer_disconnected(id: int) -> void:
	_left.append(id)


func _on_avatar_added(avatar: Avatar) -> void:
	_replicated_nodes.append(str(get_path_to(avatar)))


func _on_stopped() -> void:
	for id: int in _get_linked_peers():
		_pings_ms[id] = _network.measure_link(id).ping_ms


func _on_concluded(disagreements: PackedStringArray) -> void:
	_disagreements = disagreements
	_states = _session.get_states()
	for avatar: Avatar in _session.get_standings():
		_standings.append({
			"id": avatar.player_id, "name": avatar.player_name, "score": avatar.score,
		})
	_hud.show_outcome(disagreements)


func _on_leave_requested() -> void:
	_finish(_session.closing.is_concluded())


## The peers this side has a link to; a client reaches the others through the server.
func _get_linked_peers() -> PackedInt32Array:
	return multiplayer.get_peers()


## The id of this side, also after it has left.
func _own_id() -> int:
	return MultiplayerPeer.TARGET_PEER_SERVER


func _make_report(succeeded: bool) -> Dictionary:
	var tally: RpcTally = _session.tally
	return {
		"side": "server" if options.role == LaunchOptions.Role.SERVER else "client",
		"name": options.player_name,
		"id": _own_id(),
		"succeeded": succeeded,
		"joined": _joined,
		"left": _left,
		"sent": tally.sent,
		"received": tally.received,
		"replicated_nodes": _replicated_nodes,
		"standings": _standings,
		"states": _states,
		"ping_ms": _pings_ms,
		"concluded": _session.closing.is_concluded(),
		"disagreements": _disagreements,
	}
