extends "res://tests/differential/support/probe.gd"
## Meshes in one process: every two nodes have a link of two connections.

## Nodes of the probe by their id, and each one's connections by the id at the other end.
var _nodes: Dictionary = {}
var _links: Dictionary = {}


func mesh_add_peer() -> void:
	var mesh: MultiplayerPeer = _new_node(1)
	var seen: Dictionary = {}
	watch(mesh, "mesh", func(_signal_name: String, id: int) -> void:
		var peer: PacketPeer = mesh.get_peer(id)
		seen.in_handler = {
			"get_peer_nonnull": peer != null,
			"state": peer.get_state() if peer != null else -1,
			"has_meta": peer != null and peer.has_meta("_net_id"),
		})
	var pairs: Array[Array] = []
	for _link: int in 5:
		pairs.append(new_pair())
	var connections: Array = pairs.map(func(pair: Array) -> RefCounted: return pair[0].connection)
	step({"returns": error(mesh.add_mesh_peer(2, connections[0])), "seen": seen.duplicate()})
	var first: PacketPeer = mesh.get_peer(2)
	step({"same": first == connections[0].get_peers()[0], "host_null": mesh.host == null})
	var added: int = mesh.add_mesh_peer(2, connections[1])
	step({
		"returns": error(added),
		"same_as_new": mesh.get_peer(2) == connections[1].get_peers()[0],
		"old_still_active": first.is_active(),
	})
	for row: Array in [[1, 2], [0, 3], [-7, 4], [9, 1]]:
		step({"returns": error(mesh.add_mesh_peer(row[0], connections[row[1]]))})
	mesh.close()
	step({"host_port": connections[1].get_local_port()})


func mesh_disconnect() -> void:
	_new_mesh(4)
	var seen: Dictionary = {}
	for id: int in _nodes:
		watch(_nodes[id], "node%d" % id, func(_signal_name: String, left: int) -> void:
			var peer: PacketPeer = _nodes[id].get_peer(left)
			seen[id] = {"get_peer_nonnull": peer != null, "active": peer.is_active()})
	var node1: MultiplayerPeer = _nodes[1]
	node1.disconnect_peer(2)
	var peer: PacketPeer = node1.get_peer(2)
	step({"get_peer_nonnull": peer != null, "state": peer.get_state()})
	pump([node1, _nodes[2]], 80)
	step({
		"node1_peer2_null": node1.get_peer(2) == null,
		"node2_peer1_null": _nodes[2].get_peer(1) == null,
	})
	node1.disconnect_peer(3, true)
	step({"node1_peer3_null": node1.get_peer(3) == null})
	pump([node1, _nodes[3]], 80)
	step({"node3_peer1_null": _nodes[3].get_peer(1) == null})
	node1.disconnect_peer(99)
	step()
	_nodes[4].close()
	step({"status": _nodes[4].get_connection_status()})
	var others: Array = [node1, _nodes[2], _nodes[3]]
	pump(others, 80)
	step({"statuses": others.map(func(node: MultiplayerPeer) -> int:
		return node.get_connection_status())})
	_nodes[3].disconnect_peer(2)
	pump([_nodes[2], _nodes[3]], 80)
	step({"in_handler": seen.get(2)})


func mesh_host_destroyed_by_user() -> void:
	_new_mesh(2)
	var node1: MultiplayerPeer = _nodes[1]
	watch(node1, "node1")
	_links[1][2].destroy()
	node1.poll()
	step({"peer2_null": node1.get_peer(2) == null, "status": node1.get_connection_status()})
	node1.close()
	step({"status": node1.get_connection_status()})
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	server.host.destroy()
	step({"status": server.get_connection_status()})
	server.poll()
	step({"status": server.get_connection_status()})
	client.close()


func mesh_incoming_connect_on_mesh_host() -> void:
	var mesh: MultiplayerPeer = _new_node(1)
	watch(mesh, "mesh")
	var pair: Array[Raw] = new_pair()
	var connection: RefCounted = pair[0].connection
	step({"returns": error(mesh.add_mesh_peer(2, connection))})
	var third: Raw = new_raw(connection.get_local_port())
	pump([third, mesh], 100)
	step({
		"third_party_events": third.types(),
		"host_peers": connection.get_peers().size(),
		"peer2_still_there": mesh.get_peer(2) != null,
	})
	var crowded: Array[Raw] = new_pair()
	var fourth: Raw = new_raw(crowded[0].connection.get_local_port())
	poll_until([fourth, crowded[0]], func() -> bool:
		return fourth.has(Raw.EVENT_CONNECT) and crowded[0].has(Raw.EVENT_CONNECT))
	step({
		"returns": error(mesh.add_mesh_peer(3, crowded[0].connection)),
		"peers": crowded[0].connection.get_peers().size(),
	})


func mesh_peer_reset() -> void:
	_new_mesh(2)
	var node1: MultiplayerPeer = _nodes[1]
	watch(node1, "node1")
	node1.get_peer(2).reset()
	step()
	node1.poll()
	step({"peer2_null": node1.get_peer(2) == null, "status": node1.get_connection_status()})
	node1.poll()
	step()


func mesh_transfer_targets() -> void:
	_new_mesh(3)
	var nodes: Array = _nodes.values()
	for link: Array in [[1, 2], [1, 3], [2, 3]]:
		never_throttle(_nodes[link[0]].get_peer(link[1]))
	pump(nodes, SETTLE_MSEC)
	step({
		"ids": nodes.map(func(node: MultiplayerPeer) -> int: return node.get_unique_id()),
		"status": nodes.map(func(node: MultiplayerPeer) -> int:
			return node.get_connection_status()),
	})
	var node1: MultiplayerPeer = _nodes[1]
	node1.transfer_channel = 4
	for target: int in [0, 2, 3, -2, -3, 1, -1, 4, -4]:
		node1.set_target_peer(target)
		var sent: int = node1.put_packet([0x42])
		pump(nodes, 40)
		var received: Dictionary = {}
		for id: int in [2, 3]:
			var packets: Array = drain(_nodes[id])
			if not packets.is_empty():
				received["node%d" % id] = packets
		step({"returns": error(sent), "received": received})
	for mode: int in 3:
		_nodes[2].set_target_peer(3)
		_nodes[2].set("transfer_mode", mode)
		_must(_nodes[2].put_packet([mode]))
		pump(nodes, 40)
		step({"node1": drain(node1), "node3": drain(_nodes[3])})


func _new_node(id: int) -> MultiplayerPeer:
	var node: MultiplayerPeer = new_peer()
	_must(node.create_mesh(id))
	return node


## Nodes with the ids from 1 to [param count], all linked.
func _new_mesh(count: int) -> void:
	_nodes.clear()
	_links.clear()
	for id: int in range(1, count + 1):
		_nodes[id] = _new_node(id)
		_links[id] = {}
		for other: int in range(1, id):
			var pair: Array[Raw] = new_pair()
			# The events of the pair, and so its handles, go; the nodes keep what they need.
			_links[id][other] = pair[0].connection
			_links[other][id] = pair[1].connection
			_must(_nodes[id].add_mesh_peer(other, pair[0].connection))
			_must(_nodes[other].add_mesh_peer(id, pair[1].connection))
