extends "res://tests/support/scenario.gd"
## Roles server, alpha and beta: nodes of a [MultiplayerSpawner] with a [MultiplayerSynchronizer]
## each. Beta leaves and joins again when the nodes are there and changed. One node belongs to
## alpha, which moves it; the server passes that on.

const Replicated = preload("res://tests/support/replicated.gd")
const REPLICATED_SCENE: PackedScene = preload("res://tests/support/replicated.tscn")
const COLOUR: Color = Color.CORAL
const FIRST_PLACE: Vector2 = Vector2(1.0, 2.0)
const MOVED_PLACE: Vector2 = Vector2(30.0, -4.0)
const ALPHA_PLACE: Vector2 = Vector2(-7.0, 8.0)
const FIRST_TITLE: String = "first"
const CHANGED_TITLE: String = "changed"
const SERVER_NODES: int = 5
const REST_SECONDS: float = 0.2

var _nodes: Node
## On the server: step to the clients that have done it.
var _done: Dictionary = {}
## On a client: the steps that the server has declared done by all. Two may be declared in one frame of a slow client.
var _passed_steps: Dictionary = {}


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
	if not await _all_have("connected", 2):
		return
	for index: int in SERVER_NODES:
		_spawn("node_%d" % index)
	_spawn(str(_done["connected"]["alpha"]))
	if not await _all_have("seen the spawn", 2):
		return
	for index: int in SERVER_NODES:
		_node("node_%d" % index).place = MOVED_PLACE
		_node("node_%d" % index).title = CHANGED_TITLE
	if not await _all_have("seen the changes", 2):
		return
	await until(func() -> bool: return _alpha_node().place == ALPHA_PLACE, "the server sees alpha move its node")
	if not await _all_have("come to rest", 2) or not await _all_have("joined again", 1):
		return
	_node("node_0").free()
	if not await _all_have("seen one node go", 2):
		return
	for child: Node in _nodes.get_children():
		child.queue_free()
	await _all_have("seen all nodes go", 2)
	await until(func() -> bool: return multiplayer.get_peers().is_empty(), "both clients leave")
	peer.close()


func _join() -> void:
	var peer: MultiplayerPeer = new_peer()
	if not await _connect(peer) or not await _have("connected"):
		return
	var expected_nodes: int = SERVER_NODES + 1
	var is_spawned: Callable = func() -> bool: return _nodes.get_child_count() == expected_nodes
	await until(is_spawned, "all nodes are spawned")
	check(_server_nodes_are(FIRST_PLACE, FIRST_TITLE), "nodes come with the state of their spawn")
	if not await _have("seen the spawn"):
		return
	if role == "alpha":
		_alpha_node().place = ALPHA_PLACE
	await until(_server_nodes_are.bind(MOVED_PLACE, CHANGED_TITLE), "changes arrive, streamed and on change")
	await until(func() -> bool: return _alpha_node().place == ALPHA_PLACE, "alpha's node moves here too")
	if not await _have("seen the changes"):
		return
	if role == "alpha":
		# What alpha sent about a node that is gone elsewhere would be an error there.
		var synchronizer: MultiplayerSynchronizer = _alpha_node().get_node("MultiplayerSynchronizer")
		synchronizer.public_visibility = false
		await pump(REST_SECONDS)
	if not await _have("come to rest"):
		return
	if role == "beta":
		peer.close()
		await until(func() -> bool: return _nodes.get_child_count() == 0, "nodes vanish with the session")
		if not await _connect(peer):
			return
		await until(is_spawned, "all nodes are spawned again")
		check(_server_nodes_are(MOVED_PLACE, CHANGED_TITLE), "a late client gets the present state")
		if not await _have("joined again"):
			return
	await until(func() -> bool: return _nodes.get_child_count() == expected_nodes - 1, "one node goes")
	check(not _nodes.has_node("node_0"), "it is the one that the server freed")
	if not await _have("seen one node go"):
		return
	await until(func() -> bool: return _nodes.get_child_count() == 0, "all nodes go")
	await _have("seen all nodes go")
	if role == "beta":
		# One after the other: a server that hears of both in one poll tells the second of the
		# first, in vain.
		await until(func() -> bool: return multiplayer.get_peers().size() == 1, "beta is told that alpha left")
	peer.close()


func _connect(peer: MultiplayerPeer) -> bool:
	await server_listens()
	if not check_equal(peer.create_client(LOCALHOST, port), OK, "the client starts"):
		return false
	multiplayer.multiplayer_peer = peer
	return await until(func() -> bool: return multiplayer.get_peers().has(1), "the client connects", OTHERS_SECONDS)


func _spawn(node_name: String) -> void:
	var node: Replicated = REPLICATED_SCENE.instantiate()
	node.name = node_name
	node.colour = COLOUR
	node.place = FIRST_PLACE
	node.title = FIRST_TITLE
	_nodes.add_child(node, true)


func _node(node_name: String) -> Replicated:
	return _nodes.get_node(node_name)


## The node whose state comes from alpha.
func _alpha_node() -> Replicated:
	for child: Node in _nodes.get_children():
		if child.name.is_valid_int():
			return child
	return null


func _server_nodes_are(place: Vector2, title: String) -> bool:
	for index: int in SERVER_NODES:
		var node: Replicated = _node("node_%d" % index)
		if node.colour != COLOUR or node.place != place or node.title != title:
			return false
	return true


## On a client: tells the server, and waits until it has heard the same from all it asks.
func _have(step: String) -> bool:
	_note_done.rpc_id(1, step, role)
	return await until(func() -> bool: return _passed_steps.has(step), "all have " + step, OTHERS_SECONDS)


## On the server.
func _all_have(step: String, clients: int) -> bool:
	var is_done: Callable = func() -> bool: return _done.get(step, {}).size() == clients
	if not await until(is_done, "all have " + step, OTHERS_SECONDS):
		return false
	_pass_step.rpc(step)
	return true


@rpc("any_peer", "reliable")
func _note_done(step: String, by_role: String) -> void:
	var done: Dictionary = _done.get_or_add(step, {})
	done[by_role] = multiplayer.get_remote_sender_id()


@rpc("authority", "reliable")
func _pass_step(step: String) -> void:
	_passed_steps[step] = true
