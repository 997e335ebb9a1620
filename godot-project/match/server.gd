class_name ServerSide
extends MatchSide
## Hosts a match and watches it.

const MAX_CLIENTS: int = 32
## How long an unattended server waits for its players, in seconds.
const JOIN_PATIENCE: float = 60.0

var _waited: float = 0.0
var _played: float = 0.0
var _spawned: int = 0
## Ids that introduced themselves before the match began.
var _waiting: Array[int] = []
var _has_begun: bool = false


func _ready() -> void:
	super()
	options.role = LaunchOptions.Role.SERVER
	_session.roster.introduced.connect(_on_introduced)
	_hud.end_requested.connect(end_match)
	_hud.show_role("Server", "Port %d" % options.port, true)
	var err: Error = _network.host(multiplayer, options.port, MAX_CLIENTS)
	if err != OK:
		_finish.call_deferred(
				false, "Cannot host on port %d: %s" % [options.port, error_string(err)])
		return
	_session.links.watch(_network)
	_begin_if_complete()


func _process(delta: float) -> void:
	if not _has_begun:
		_waited += delta
		if options.unattended and _waited > JOIN_PATIENCE:
			_finish(false, "Only %d of %d players came." % [_waiting.size(), options.clients])
	elif _session.running:
		_played += delta
		if options.seconds > 0.0 and _played >= options.seconds:
			end_match()


## Ends play; all sides then compare what they sent, received and saw.
func end_match() -> void:
	if _has_begun:
		multiplayer.multiplayer_peer.refuse_new_connections = true
		_session.closing.begin()


func _begin_if_complete() -> void:
	if _waiting.size() < options.clients:
		_hud.show_status("Waiting for players: %d of %d" % [_waiting.size(), options.clients])
		return
	_has_begun = true
	_session.running = true
	_hud.show_status("Match is on")
	for id: int in _waiting:
		_session.roster.begin_for(id)
	_waiting.clear()
	_session.chat.say("The match is on")


func _on_introduced(id: int, player_name: String) -> void:
	if _session.get_avatar(id) != null or _session.closing.has_begun():
		return
	_session.spawn_avatar(id, player_name, _spawned)
	_spawned += 1
	if _has_begun:
		_session.chat.say("%s joined" % player_name)
		_session.roster.begin_for(id)
	else:
		_waiting.append(id)
		_begin_if_complete()


func _on_peer_disconnected(id: int) -> void:
	super(id)
	_waiting.erase(id)
	var avatar: Avatar = _session.get_avatar(id)
	if avatar != null:
		_session.chat.say("%s left" % avatar.player_name)
		_session.remove_avatar(id)
	if _session.closing.is_concluded():
		_dismiss_next()


func _on_concluded(disagreements: PackedStringArray) -> void:
	super(disagreements)
	_session.closing.dismiss_all()
	_finish_if_empty()


func _dismiss_next() -> void:
	_session.closing.dismiss_next()
	_finish_if_empty()


func _finish_if_empty() -> void:
	if options.unattended and multiplayer.get_peers().is_empty():
		_finish(_disagreements.is_empty())
