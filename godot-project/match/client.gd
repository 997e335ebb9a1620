class_name ClientSide
extends MatchSide
## Joins a match and plays it, as a person or as a bot.

## The host, who plays on this client, wants the match to end.
signal end_requested

## How long the goodbye may take. The server need not be there to answer it: it ends with its
## last player.
const _GOODBYE_PATIENCE: float = 3.0
## How long nobody need be there, and how often to look: the server may be about to start.
const _ARRIVAL_PATIENCE: float = 30.0
const _RETRY_SECONDS: float = 0.25

var _id: int = 0
var _stayed: float = 0.0
var _is_leaving: bool = false
var _spent_leaving: float = 0.0
var _controls: PlayerControls


func _ready() -> void:
	super()
	options.role = LaunchOptions.Role.CLIENT
	multiplayer.connected_to_server.connect(_on_connected_to_server)
	multiplayer.connection_failed.connect(_on_connection_failed)
	multiplayer.server_disconnected.connect(_on_server_disconnected)
	_session.roster.begun.connect(_on_begun)
	_session.closing.dismissed.connect(_on_dismissed)
	_make_controls()
	_hud.end_requested.connect(end_requested.emit)
	_hud.show_role(
			options.player_name, "%s, port %d" % [options.address, options.port],
			options.may_end_match)
	_hud.show_status("Connecting …")
	_join()


func _process(delta: float) -> void:
	if _is_leaving:
		_take_leave(delta)
		return
	_stayed += delta
	if options.seconds > 0.0 and _stayed > options.seconds:
		_finish(false, "The match did not end within %.0f s." % options.seconds)
		return
	var avatar: Avatar = _session.get_avatar(_id)
	if avatar == null or not _session.running:
		return
	_controls.update(avatar, delta)
	avatar.walk(_controls.direction, delta)
	_session.combat.aim(avatar, _controls.aim)
	if _controls.is_firing:
		_session.combat.fire(avatar)


func _join() -> void:
	var err: Error = _network.join(multiplayer, options.address, options.port)
	if err != OK:
		_finish.call_deferred(false, "Cannot connect to %s, port %d: %s" % [
			options.address, options.port, error_string(err)])


func _take_leave(delta: float) -> void:
	_spent_leaving += delta
	_network.poll()
	var is_gone: bool = not _network.is_open() or _spent_leaving > _GOODBYE_PATIENCE
	if is_gone and options.unattended:
		_finish(_disagreements.is_empty())


func _make_controls() -> void:
	if options.bots > 0:
		_controls = BotControls.new(options.player_name)
	else:
		var human := HumanControls.new()
		_hud.typing_changed.connect(func(typing: bool) -> void: human.is_typing = typing)
		_controls = human
	_controls.session = _session
	_controls.line_spoken.connect(_session.chat.say)
	add_child(_controls)


func _on_connected_to_server() -> void:
	_id = multiplayer.get_unique_id()
	_session.links.watch(_network)
	_session.roster.introduce(options.player_name)
	_hud.show_status("Waiting for the match to begin")


func _on_connection_failed() -> void:
	# Until there is a connection again, nothing here may ask one.
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	if _network.has_found_nobody() and _stayed < _ARRIVAL_PATIENCE:
		get_tree().create_timer(_RETRY_SECONDS).timeout.connect(_join)
		return
	_finish(false, _network.get_failure_text())


func _on_server_disconnected() -> void:
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()
	_finish(false, _network.get_failure_text())


func _on_begun() -> void:
	_session.running = true
	_hud.show_status("Match is on")


## Nothing unreliable may still be under way when this side is gone.
func _on_concluded(disagreements: PackedStringArray) -> void:
	super(disagreements)
	var avatar: Avatar = _session.get_avatar(_id)
	if avatar != null:
		avatar.stop_replicating()


## Says goodbye by hand: everything sent so far still arrives, and nothing follows it.
func _on_dismissed() -> void:
	_is_leaving = true
	_network.disconnect_later(MultiplayerPeer.TARGET_PEER_SERVER)
	multiplayer.multiplayer_peer = OfflineMultiplayerPeer.new()


func _get_linked_peers() -> PackedInt32Array:
	return [MultiplayerPeer.TARGET_PEER_SERVER]


func _own_id() -> int:
	return _id
