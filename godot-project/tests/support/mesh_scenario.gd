extends "res://tests/support/scenario.gd"
## What the scenarios of meshes share: nodes and links between them.
##
## Nodes with an even index are of the class under test, the others of the class on the far side.

## The nodes of the mesh that is being played.
var nodes: Array[MeshNode] = []


## A mesh of [param ids], every pair linked, in the order of the ids.
func make_mesh(ids: Array[int]) -> bool:
	for index: int in ids.size():
		nodes.append(make_node(index, ids[index]))
	for first: int in nodes.size():
		for second: int in range(first + 1, nodes.size()):
			if not await link(nodes[first], nodes[second]):
				return false
	return true


func make_node(index: int, id: int) -> MeshNode:
	var node := MeshNode.new()
	node.id = id
	node.peer = new_peer() if index % 2 == 0 else new_other_peer()
	node.is_ours = node.peer.get_class().ends_with("Rs")
	check_equal(node.peer.create_mesh(id), OK, "node %d begins a mesh" % id)
	record(node.peer, node.signals)
	polled.append(node.peer)
	return node


## Connects two nodes and adds each to the other.
func link(first: MeshNode, second: MeshNode) -> bool:
	if not await connect_nodes(first, second):
		return false
	add(first, second)
	add(second, first)
	return true


## Adds [param other] to [param node] over the connection that was made for it.
func add(node: MeshNode, other: MeshNode) -> void:
	var what: String = "node %d adds %d" % [node.id, other.id]
	var expected: Array = node.signals + [["peer_connected", other.id]]
	answers(what, node.peer.add_mesh_peer.bind(other.id, node.hosts[other.id]), OK)
	check_equal(node.signals, expected, what + ", which is reported before the call returns")
	never_throttle(node.peer.get_peer(other.id))


## Makes a connection of two nodes and puts it into their [member MeshNode.hosts].
func connect_nodes(first: MeshNode, second: MeshNode, slots: int = 1) -> bool:
	var called: RefCounted = _connection_of(first)
	var caller: RefCounted = _connection_of(second)
	check_equal(called.create_host_bound(LOCALHOST, 0, slots), OK, "one end listens")
	check_equal(caller.create_host(1), OK, "the other has a host")
	first.hosts[second.id] = called
	second.hosts[first.id] = caller
	return await join_hosts(called, caller)


## Connects [param caller] to [param called], which listens.
func join_hosts(called: RefCounted, caller: RefCounted) -> bool:
	check(caller.connect_to_host(LOCALHOST, called.get_local_port()) != null, "one end connects")
	var met: Array = [false, false]
	var have_met: Callable = func() -> bool:
		# Both go on until both have met: who hears of it first may still owe an answer.
		for end: int in 2:
			if (called if end == 0 else caller).service()[0] == EVENT_CONNECT:
				met[end] = true
		return met == [true, true]
	return await until(have_met, "two hosts are connected")


## Ends the mesh that was played.
func drop_mesh() -> void:
	for node: MeshNode in nodes:
		node.peer.close()
		node.hosts.clear()
	nodes.clear()
	polled.clear()


## Whether [param node] has no peer [param id]; it says so on the way.
func lacks(node: MeshNode, id: int) -> bool:
	return with_errors("get_peer of nobody", func() -> bool: return node.peer.get_peer(id) == null)


func _connection_of(node: MeshNode) -> RefCounted:
	return ClassDB.instantiate(connection_class_beside(node.peer.get_class()))


class MeshNode:
	extends RefCounted

	var id: int
	var peer: MultiplayerPeer
	var is_ours: bool
	## Signals in order, as [code][name, id][/code].
	var signals: Array = []
	## Id of a peer to the connection object that was made for it.
	var hosts: Dictionary = {}
