extends "res://tests/support/scenario.gd"
## Roles server, early and late: nodes of a [MultiplayerSpawner] with a [MultiplayerSynchronizer] each. The late client
## joins when the nodes are already there and changed. One node belongs to the early client, which moves it; the server
## passes that on.

const Replicated = preload("res://tests/support/replicated.gd")
const REPLICATED_SCENE: PackedScene = preload("res://tests/support/replicated.tscn")
const COLOUR: Color = Color.CORAL
const FIRST_PLACE: Vector2 = Vector2(1.0, 2.0)
const MOVED_PLACE: Vector2 = Vector2(30.0, -4.0)
const CLIENT_PLACE: Vector2 = Vector2(-7.0, 8.0)
const FIRST_TITLE: String = "first"
const CHANGED_TITLE: String = "changed"
const SERVER_NODES: int = 5

var _nodes: Node
## Roles that have said "seen" for a step: step to the ids of the clients.
var _seen: Dictionary = {}
var _step: String = ""


func run() -> void:
	_nodes = Node.new()
	_nodes.name = "Nodes"
	add_child(_nodes)
	var spawner := MultiplayerSpawner.new()
	spawner.name = "Spawner"
	spawner.add_spawnable_scene(REPLICATED_SCENE.resource_path)
	add_child(spawner)
	spawner.spawn_path = spawner.get_path_to(_nodes)
	if role == "server":
		await _serve()
	else:
		await _join()
	multiplayer.multiplayer_peer = null


func _serve() -> void:
	var peer: MultiplayerPeer = new_peer()
	if not check_equal(peer.create_server(port), OK, "the server starts"):
		return
	multiplayer.multiplayer_peer = peer
	if not await _all_saw("joined", 1):
		return
	var early_id: int = multiplayer.get_peers()[0]
	for index: int in SERVER_NODES:
		_spawn("node_%d" % index, 1)
	_spawn("of_client", early_id)
	if not await _all_saw("spawned", 1):
		return
	for index: int in SERVER_NODES:
		var node: Replicated = _node("node_%d" % index)
		node.place = MOVED_PLACE
		node.title = CHANGED_TITLE
	if not await _all_saw("changed", 1):
		return
	var is_moved: Callable = func() -> bool: return _node("of_client").place == CLIENT_PLACE
	await until(is_moved, "the server sees the client's node move")
	_start_late.rpc(true)
	if not await _all_saw("late", 1, 30.0):
		return
	_node("node_0").queue_free()
	if not await _all_saw("despawned", 2):
		return
	for child: Node in _nodes.get_children():
		child.queue_free()
	await _all_saw("emptied", 2)
	await until(func() -> bool: return multiplayer.get_peers().is_empty(), "both clients leave")
	peer.close()


func _join() -> void:
	var peer: MultiplayerPeer = new_peer()
	if not check_equal(peer.create_client(LOCALHOST, port), OK, "the client starts"):
		return
	multiplayer.multiplayer_peer = peer
	if not await until(func() -> bool: return multiplayer.get_peers().has(1), "the client connects", 30.0):
		return
