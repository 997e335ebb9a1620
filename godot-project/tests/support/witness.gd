extends RefCounted
## A peer, and what it says of a failure inside each signal that tells of one.

var peer: MultiplayerPeer
## Drives [member peer] as that of a game; null if the peer is polled directly.
var api: SceneMultiplayer
## Signals in order, as [code][name, failure][/code]; of the engine's class without a failure.
var told: Array = []
## What [code]get_failure_text[/code] and [code]get_failure_code[/code] said inside the last signal.
var text: String = ""
var code: int = 0


func _init(of: MultiplayerPeer, with_api: bool = true) -> void:
	peer = of
	peer.peer_disconnected.connect(_note.bind("peer_disconnected").unbind(1))
	if not with_api:
		return
	api = MultiplayerAPI.create_default_interface()
	api.connection_failed.connect(_note.bind("connection_failed"))
	api.server_disconnected.connect(_note.bind("server_disconnected"))


## To be called once the peer has its session.
func begin() -> void:
	if api != null:
		api.multiplayer_peer = peer


func poll() -> void:
	if api != null:
		api.poll()
	elif peer.get_connection_status() != MultiplayerPeer.CONNECTION_DISCONNECTED:
		peer.poll()


func end() -> void:
	peer.close()
	if api != null:
		api.multiplayer_peer = null


## Whether all signals told of [param failure], and at least one did.
func agrees_on(failure: String) -> bool:
	return not told.is_empty() and told.all(func(entry: Array) -> bool: return entry[1] == failure)


## The name of [code]last_failure[/code], without what all its names begin with.
static func failure_of(ours: MultiplayerPeer) -> String:
	var names: PackedStringArray = ClassDB.class_get_enum_constants("ENetMultiplayerPeerRs", "Failure")
	var number: int = ours.get("last_failure")
	return names[number].trim_prefix("FAILURE_")


func _note(signal_name: String) -> void:
	var is_ours: bool = peer.get_class().ends_with("Rs")
	told.append([signal_name, failure_of(peer) if is_ours else ""])
	if is_ours:
		text = peer.call("get_failure_text")
		code = peer.call("get_failure_code")
