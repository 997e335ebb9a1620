extends "res://tests/support/scenario.gd"
## One process: handlers of signals and of RPCs that do what they like with the peer that is just
## calling them. Each case is a session of its own. It must end with the peer in the state that the
## handler's action leads to, with the object freed when it was let go of, and without an error
## line, but for actions on a packet peer or a host that is gone.

const Endpoint = preload("res://tests/support/endpoint.gd")
const Link = preload("res://tests/support/link.gd")
const SETTLE_SECONDS: float = 0.03

## When a case may print errors.
enum Errors {
	NEVER,
	## If the hook tells of a disconnect: the packet peer is inactive then.
	IF_GONE,
	ALWAYS,
}

## Whose handler acts, and in which signal: first polled directly, then by a [MultiplayerAPI].
const PEER_HOOKS: Array = [
	["server", "peer_connected"],
	["server", "peer_disconnected"],
	["client", "peer_connected"],
	["client", "peer_disconnected"],
]
const API_HOOKS: Array = [
	["server", "peer_connected"],
	["server", "peer_disconnected"],
	["server", "called"],
	["client", "peer_connected"],
	["client", "connected_to_server"],
	["client", "peer_disconnected"],
	["client", "server_disconnected"],
	["client", "called"],
]

## What makes sense in server_disconnected, when the peer is closed already.
const ACTIONS_AFTER_CLOSE: Array[String] = [
	"close",
	"close and create again",
	"take the peer from the API",
	"drop the last reference",
]

## What a handler does; the status it leaves, null where that depends on the hook; and when error
## lines are allowed.
var _actions: Array = [
	["close", _close, DISCONNECTED, Errors.NEVER],
	["close and create again", _close_and_create, null, Errors.NEVER],
	["disconnect softly", _disconnect.bind(false), null, Errors.IF_GONE],
	["disconnect by force", _disconnect.bind(true), null, Errors.IF_GONE],
	["poll", _poll, null, Errors.NEVER],
	["put_packet", _put_packet, null, Errors.IF_GONE],
	["look around", _look_around, null, Errors.IF_GONE],
	["reset the packet peer", _reset_packet_peer, null, Errors.IF_GONE],
	["disconnect the packet peer now", _disconnect_now, null, Errors.IF_GONE],
	["destroy the host", _destroy_host, null, Errors.ALWAYS],
	["take the peer from the API", _unassign, null, Errors.NEVER],
	["drop the last reference", _drop, DISCONNECTED, Errors.NEVER],
]
var _server: Endpoint
var _client: Endpoint


func run() -> void:
	for with_api: bool in [false, true]:
		for hook: Array in API_HOOKS if with_api else PEER_HOOKS:
			for action: Array in _actions:
				# Where the last reference goes the built-in crashes.
				var is_survived: bool = is_ours or action[0] != "drop the last reference"
				var makes_sense: bool = hook[1] != "server_disconnected" or ACTIONS_AFTER_CLOSE.has(action[0])
				if is_survived and makes_sense:
					await _play(with_api, hook, action)
	await _check_that_a_poll_ends_with_its_session()


func _play(with_api: bool, hook: Array, action: Array) -> void:
	var what: String = "%s in %s of a %s%s" % [action[0], hook[1], hook[0], " with an API" if with_api else ""]
	var is_gone: bool = hook[1].ends_with("disconnected")
	if action[3] == Errors.ALWAYS or action[3] == Errors.IF_GONE and is_gone:
		printerr(ERRORS_ALLOWED + what)
	_server = _new_endpoint("Server", true, with_api)
	_client = _new_endpoint("Client", false, with_api)
	var endpoint: Endpoint = _server if hook[0] == "server" else _client
	var references: Array[WeakRef] = [weakref(_server.peer), weakref(_client.peer)]
	var fired: Array = []
	endpoint.hook = func(signal_name: String) -> void:
		if signal_name == hook[1] and fired.is_empty():
			fired.append(signal_name)
			(action[1] as Callable).call(endpoint)
	check_equal([_server.start(), _client.start()], [OK, OK], "both start: " + what)
	await _provoke(hook, fired, what)
	await _settle(SETTLE_SECONDS)
	if action[2] != null:
		var status: int = endpoint.peer.get_connection_status() if endpoint.peer != null else DISCONNECTED
		check_equal(status, action[2], "the status after: " + what)
	_server.stop()
	_client.stop()
	for node: Node in [get_node("Server"), get_node("Client")]:
		get_tree().set_multiplayer(null, node.get_path())
		node.free()
	_server = null
	_client = null
	endpoint = null
	await get_tree().process_frame
	for reference: WeakRef in references:
		check(reference.get_ref() == null, "the object is freed after: " + what)
	printerr(ERRORS_OVER)


## A handler closes and creates again while more events of the old session wait behind the one it is
## told of.
func _check_that_a_poll_ends_with_its_session() -> void:
	var server: MultiplayerPeer = new_peer()
	check_equal(server.create_server(port), OK, "a server for two starts")
	var clients: Array[MultiplayerPeer] = [new_other_peer(), new_other_peer()]
	for client: MultiplayerPeer in clients:
		check_equal(client.create_client(LOCALHOST, port), OK, "one of two clients starts")
		# By its id: a handler that holds its own object would keep it for ever.
		var client_id: int = client.get_instance_id()
		client.peer_connected.connect(func(_id: int) -> void: _put_from(client_id))
	var joined: Array = []
	var handler: Callable = func(id: int) -> void:
		joined.append(id)
		server.close()
		check_equal(server.create_server(port), OK, "the handler starts a new session")
	# From its first poll on the server answers; its handler hears of the two in one later poll.
	server.poll()
	server.peer_connected.connect(handler)
	polled = clients
	await pump(2.0 * SETTLE_SECONDS)
	var has_joined: Callable = func() -> bool:
		server.poll()
		return not joined.is_empty()
	await until(has_joined, "one of two clients joins")
	check_equal(joined.size(), 1, "a poll ends with the session that it began with")
	check_equal(server.get_available_packet_count(), 0, "nothing of the old session is left")
	check(server.host.get_peers().is_empty(), "nobody has joined the new session")
	server.peer_connected.disconnect(handler)
	for peer: MultiplayerPeer in [server, clients[0], clients[1]]:
		peer.close()


func _put_from(client_id: int) -> void:
	var client: MultiplayerPeer = instance_from_id(client_id)
	check_equal(client.put_packet(pattern(10, 1)), OK, "a client sends as it connects")


func _new_endpoint(branch_name: String, is_server: bool, with_api: bool) -> Endpoint:
	var endpoint := Endpoint.new()
	endpoint.is_server = is_server
	endpoint.port = port
	endpoint.peer = new_peer() if is_server else new_other_peer()
	var branch := Node.new()
	branch.name = branch_name
	add_child(branch)
	if with_api:
		endpoint.api = SceneMultiplayer.new()
		get_tree().set_multiplayer(endpoint.api, branch.get_path())
		endpoint.link = Link.new()
		endpoint.link.name = "Link"
		branch.add_child(endpoint.link)
	return endpoint


## Brings about the signal of [param hook].
func _provoke(hook: Array, fired: Array, what: String) -> void:
	var has_fired: Callable = func() -> bool:
		_server.poll()
		_client.poll()
		return not fired.is_empty()
	var is_joined: Callable = func() -> bool:
		return has_fired.call() or _server.is_connected_to_peer() and _client.is_connected_to_peer()
	if not await until(is_joined, "they meet: " + what):
		return
	var other: Endpoint = _client if hook[0] == "server" else _server
	match hook[1]:
		"called":
			other.link.ring.rpc(1)
		"peer_disconnected", "server_disconnected":
			other.peer.close()
	await until(has_fired, "it happens: " + what)


func _settle(seconds: float) -> void:
	var nothing: Callable = func() -> bool:
		_server.poll()
		_client.poll()
		return false
	await holds_within(nothing, seconds)


func _close(endpoint: Endpoint) -> void:
	endpoint.peer.close()


func _close_and_create(endpoint: Endpoint) -> void:
	endpoint.peer.close()
	check_equal(endpoint.create(), OK, "a handler creates again")


func _disconnect(endpoint: Endpoint, force: bool) -> void:
	endpoint.peer.disconnect_peer(endpoint.remote_id(), force)


func _poll(endpoint: Endpoint) -> void:
	endpoint.peer.poll()
	endpoint.poll()


func _put_packet(endpoint: Endpoint) -> void:
	if endpoint.api != null:
		endpoint.link.ring.rpc(2)
	else:
		endpoint.peer.put_packet(pattern(3000, 1))


func _look_around(endpoint: Endpoint) -> void:
	var peer: MultiplayerPeer = endpoint.peer
	check_equal(int(peer.get_connection_status()), CONNECTED, "a handler sees a connected peer")
	check(peer.get_unique_id() > 0, "a handler sees its own id")
	check(peer.get_peer(endpoint.remote_id()) != null, "a handler sees the other's packet peer")
	check(peer.host.get_peers().size() <= 1, "a handler sees the host's peers")
	if endpoint.api == null:
		while peer.get_available_packet_count() > 0:
			peer.get_packet()


func _reset_packet_peer(endpoint: Endpoint) -> void:
	endpoint.peer.get_peer(endpoint.remote_id()).reset()


func _disconnect_now(endpoint: Endpoint) -> void:
	endpoint.peer.get_peer(endpoint.remote_id()).peer_disconnect_now()


func _destroy_host(endpoint: Endpoint) -> void:
	endpoint.peer.host.destroy()


func _unassign(endpoint: Endpoint) -> void:
	if endpoint.api != null:
		endpoint.api.multiplayer_peer = null
	endpoint.peer.close()


func _drop(endpoint: Endpoint) -> void:
	if endpoint.api != null:
		endpoint.api.multiplayer_peer = null
	endpoint.peer = null
