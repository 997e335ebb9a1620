extends RefCounted
## A server or a client in this process, with or without a [MultiplayerAPI] that drives it.

const Link = preload("res://tests/support/link.gd")

var peer: MultiplayerPeer
## Null if the peer is polled directly.
var api: SceneMultiplayer
var link: Link
var port: int
var is_server: bool
## Signals in order, as [code][name, id][/code].
var signals: Array = []
## Told of each signal, with its name, after it was noted.
var hook: Callable


func create() -> Error:
	if is_server:
		return peer.create_server(port, 4)
	return peer.create_client("127.0.0.1", port)


## Puts the peer to use: connects what tells of it, and gives it to the API.
func start() -> Error:
	var err: Error = create()
	if err != OK:
		return err
	if api == null:
		_listen(peer, ["peer_connected", "peer_disconnected"])
		return OK
	_listen(api, ["peer_connected", "peer_disconnected"])
	for quiet: String in ["connected_to_server", "server_disconnected", "connection_failed"]:
		api.connect(quiet, _note.bind(1, quiet))
	link.called.connect(_note.bind("called"))
	api.multiplayer_peer = peer
	return OK


func is_active() -> bool:
	return peer != null and peer.get_connection_status() != MultiplayerPeer.CONNECTION_DISCONNECTED


func is_connected_to_peer() -> bool:
	return is_active() and signals.any(func(entry: Array) -> bool: return entry[0] == "peer_connected")


func poll() -> void:
	if api != null:
		if api.has_multiplayer_peer():
			api.poll()
	elif is_active():
		peer.poll()


## The id of the one on the other side, or 0 if there is none.
func remote_id() -> int:
	if not is_server:
		return 1
	for entry: Array in signals:
		if entry[0] == "peer_connected":
			return entry[1]
	return 0


## Ends it, whatever state it is in, and lets go of the peer.
func stop() -> void:
	hook = Callable()
	if peer != null:
		peer.close()
	if api != null:
		api.multiplayer_peer = null
	peer = null


func _listen(source: Object, names: Array) -> void:
	for signal_name: String in names:
		source.connect(signal_name, _note.bind(signal_name))


func _note(id: int, signal_name: String) -> void:
	signals.append([signal_name, id])
	if hook.is_valid():
		hook.call(signal_name)
