extends "res://tests/support/mesh_scenario.gd"
## One process: what [code]create_mesh[/code] and [code]add_mesh_peer[/code] accept, and in a mesh
## of four nodes which target reaches whom, in each transfer mode.

const IDS: Array[int] = [1, 2, 3, 40]
const STRANGER: int = 99
const QUIET_SECONDS: float = 0.05
const ROUNDS: int = 50

## The content of every packet a check sends, so that a stray one is noticed.
var _serial: int = 0


func run() -> void:
	_check_create()
	_check_alone()
	await _check_hosts()
	if await make_mesh(IDS):
		_check_members()
		await _check_targets()
		await _check_modes()
		await _check_broadcasts()
	drop_mesh()
	await _check_ids()
	await _check_replacement()
	await _check_spare_slots()
	await _check_settings()


func _check_create() -> void:
	var peer: MultiplayerPeer = new_peer()
	# 32 bits of a number count: the last one is negative.
	for id: int in [0, -3, 1 << 31]:
		complains("create_mesh(%d)" % id, peer.create_mesh.bind(id), ERR_INVALID_PARAMETER)
		check_equal(int(peer.get_connection_status()), DISCONNECTED, "the peer stays inactive")
	answers("create_mesh(2^32 + 2)", peer.create_mesh.bind((1 << 32) + 2), OK)
	answers("its id", peer.get_unique_id, 2)
	complains("create_mesh while active", peer.create_mesh.bind(8), ERR_ALREADY_IN_USE)
	complains("the id is checked first", peer.create_mesh.bind(0), ERR_INVALID_PARAMETER)
	complains("create_server while a mesh", peer.create_server.bind(port), ERR_ALREADY_IN_USE)
	peer.close()
	peer.refuse_new_connections = true
	answers("create_mesh while refusing", peer.create_mesh.bind(7), OK)
	check(peer.refuse_new_connections, "create_mesh leaves refuse_new_connections alone")
	peer.close()
	check(not peer.refuse_new_connections, "close takes it back")


func _check_alone() -> void:
	var peer: MultiplayerPeer = new_peer()
	var host: RefCounted = new_connection()
	complains("add_mesh_peer without a mesh", peer.add_mesh_peer.bind(2, host), ERR_UNCONFIGURED)
	check_equal(peer.create_server(port), OK, "a server starts")
	complains("add_mesh_peer to a server", peer.add_mesh_peer.bind(2, host), ERR_UNCONFIGURED)
	peer.close()
	check_equal(peer.create_mesh(7), OK, "a mesh begins")
	check_equal(int(peer.get_connection_status()), CONNECTED, "a mesh is connected at once")
	answers("its id", peer.get_unique_id, 7)
	answers("a mesh relays nothing", peer.is_server_relay_supported, false)
	complains("a mesh has no host", func() -> bool: return peer.host == null, true)
	complains("nobody is its own peer", func() -> bool: return peer.get_peer(7) == null, true)
	answers("a packet to all reaches nobody", _put.bind(peer), OK)
	for target: int in [2, -2, 7, -7, 1, -1]:
		peer.set_target_peer(target)
		complains("target %d of a mesh alone" % target, _put.bind(peer), ERR_INVALID_PARAMETER)
	answers("poll of a mesh alone", peer.poll, null)
	complains("disconnect_peer of nobody", peer.disconnect_peer.bind(2), null)
	peer.close()


## What is no link.
func _check_hosts() -> void:
	var peer: MultiplayerPeer = new_peer()
	check_equal(peer.create_mesh(7), OK, "a mesh begins")
	complains("add_mesh_peer of null", peer.add_mesh_peer.bind(2, null), ERR_INVALID_PARAMETER)
	var host: RefCounted = new_connection()
	_refuses(peer, "a connection without a host", host)
	check_equal(host.create_host_bound(LOCALHOST, 0, 2), OK, "a host listens")
	_refuses(peer, "a host without a peer", host)
	var callers: Array[RefCounted] = []
	for count: int in 2:
		var caller: RefCounted = new_connection()
		check_equal(caller.create_host(1), OK, "another has a host")
		if count == 0:
			caller.connect_to_host(LOCALHOST, host.get_local_port())
			_refuses(peer, "a host whose only peer is connecting", caller)
			caller.get_peers()[0].reset()
			caller.service()
		await join_hosts(host, caller)
		callers.append(caller)
	_refuses(peer, "a host with two peers", host)
	peer.close()
	check(host.get_local_port() > 0, "what was refused is left alone")
	for connection: RefCounted in callers + [host]:
		connection.destroy()


func _refuses(peer: MultiplayerPeer, what: String, host: RefCounted) -> void:
	complains("add_mesh_peer of " + what, peer.add_mesh_peer.bind(2, host), ERR_INVALID_PARAMETER)
	check(with_errors("get_peer", peer.get_peer.bind(2)) == null, "nobody is added for " + what)


func _check_members() -> void:
	for node: MeshNode in nodes:
		for other: MeshNode in nodes:
			if other == node:
				continue
			var packet_peer: PacketPeer = node.peer.get_peer(other.id)
			var of_host: Array = node.hosts[other.id].get_peers()
			check_equal(of_host, [packet_peer], "the peer is the host's only one")
			check_equal(int(packet_peer.get_state()), STATE_CONNECTED, "it is connected")
			check(not packet_peer.has_meta("_net_id"), "a mesh marks no objects")


func _check_targets() -> void:
	for node: MeshNode in nodes:
		var others: Array = IDS.filter(func(id: int) -> bool: return id != node.id)
		await _reaches(node, 0, others)
		for id: int in others:
			await _reaches(node, id, [id])
			var rest: Array = others.filter(func(other: int) -> bool: return other != id)
			await _reaches(node, -id, rest)
		for nobody: int in [node.id, -node.id, STRANGER, -STRANGER]:
			node.peer.set_target_peer(nobody)
			complains("target %d of %d" % [nobody, node.id], _put.bind(node.peer), ERR_INVALID_PARAMETER)


func _reaches(node: MeshNode, target: int, expected: Array) -> void:
	var what: String = "target %d of node %d" % [target, node.id]
	node.peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	node.peer.transfer_channel = 4
	node.peer.set_target_peer(target)
	answers(what, _put.bind(node.peer), OK)
	var has_packet: Callable = func(other: MeshNode) -> bool:
		return other.peer.get_available_packet_count() > 0
	var have_arrived: Callable = func() -> bool:
		return nodes.filter(has_packet).size() >= expected.size()
	await until(have_arrived, what + " arrives")
	await pump(QUIET_SECONDS)
	var reached: Array = nodes.filter(has_packet).map(func(other: MeshNode) -> int: return other.id)
	check_equal(reached, expected, what + " reaches exactly those")
	for other: MeshNode in nodes.filter(has_packet):
		check_equal(_take(other.peer), [node.id, RELIABLE, 4, _content()], what + ": content")
		check_equal(other.peer.get_available_packet_count(), 0, what + " comes once")


func _check_modes() -> void:
	for node: MeshNode in nodes:
		for other: MeshNode in nodes:
			for mode: int in [UNRELIABLE, ORDERED, RELIABLE]:
				if other != node:
					await _check_mode(node, other, mode)


## What is unreliable is sent until it arrives: the machine may lose it.
func _check_mode(node: MeshNode, other: MeshNode, mode: int) -> void:
	node.peer.set("transfer_mode", mode)
	node.peer.transfer_channel = 0
	node.peer.set_target_peer(other.id)
	check_equal(_put(node.peer), OK, "a packet is sent")
	var arrives: Callable = func() -> bool: return other.peer.get_available_packet_count() > 0
	if mode != RELIABLE and not await holds_within(arrives, 1.0):
		check_equal(_put(node.peer), OK, "a packet is sent again")
	if await until(arrives, "mode %d arrives" % mode):
		check_equal(_take(other.peer), [node.id, mode, 0, _content()], "mode %d: content" % mode)


## D02: the built-in class frees a packet to several links after the first, so it does not do this.
func _check_broadcasts() -> void:
	for node: MeshNode in nodes:
		if not node.is_ours:
			continue
		for mode: int in [UNRELIABLE, ORDERED, RELIABLE]:
			for target: int in [0, -nodes[0 if node != nodes[0] else 1].id]:
				await _check_broadcast(node, mode, target)


func _check_broadcast(node: MeshNode, mode: int, target: int) -> void:
	var what: String = "D02: mode %d, target %d of node %d" % [mode, target, node.id]
	var counts: Dictionary = {}
	var damaged: Array = [0]
	var expected: PackedByteArray = pattern(64, node.id)
	var collect: Callable = func() -> bool:
		for other: MeshNode in nodes:
			while other.peer.get_available_packet_count() > 0:
				damaged[0] += 0 if other.peer.get_packet() == expected else 1
				counts[other.id] = int(counts.get(other.id, 0)) + 1
		return counts.values().all(func(count: int) -> bool: return count == ROUNDS)
	node.peer.set("transfer_mode", mode)
	node.peer.set_target_peer(target)
	for other: MeshNode in nodes:
		if other != node and other.id != -target:
			counts[other.id] = 0
	for number: int in ROUNDS:
		node.peer.put_packet(expected)
		poll_all()
		collect.call()
	if mode == RELIABLE:
		await until(collect, what + ": every copy arrives")
	else:
		await holds_within(collect, 0.5)
		var has_some: Callable = func(count: int) -> bool: return count > 0 and count <= ROUNDS
		check(counts.values().all(has_some), what + ": copies arrive", str(counts))
	check_equal(damaged[0], 0, what + ": every copy is intact")


## D20: the built-in class takes every id, and a host twice.
func _check_ids() -> void:
	if not is_ours or not await make_mesh([5, 6] as Array[int]):
		drop_mesh()
		return
	var node: MeshNode = nodes[0]
	var third: MeshNode = make_node(2, 8)
	nodes.append(third)
	await connect_nodes(node, third)
	var before: Array = node.signals.duplicate()
	for id: int in [5, 0, -7, 1 << 31]:
		var call_it: Callable = node.peer.add_mesh_peer.bind(id, node.hosts[8])
		complains("D20: add_mesh_peer(%d)" % id, call_it, ERR_INVALID_PARAMETER)
	for id: int in [6, 9]:
		var call_it: Callable = node.peer.add_mesh_peer.bind(id, node.hosts[6])
		complains("D20: a host twice, as %d" % id, call_it, ERR_INVALID_PARAMETER)
	var mine: MultiplayerPeer = new_peer()
	check_equal(mine.create_mesh(3), OK, "another mesh begins")
	var taken: Callable = mine.add_mesh_peer.bind(6, node.hosts[6])
	complains("D20: a host of another mesh", taken, ERR_INVALID_PARAMETER)
	mine.close()
	check_equal(node.signals, before, "D20: nothing is reported")
	add(node, third)
	drop_mesh()


func _check_replacement() -> void:
	if await make_mesh([5, 6] as Array[int]):
		var node: MeshNode = nodes[0]
		var old: RefCounted = node.hosts[6]
		if await connect_nodes(node, nodes[1]):
			add(node, nodes[1])
			var of_host: Array = node.hosts[6].get_peers()
			check_equal(of_host, [node.peer.get_peer(6)], "the new link replaces the old one")
			check_equal(old.get_peers().size(), 1, "a script that kept the old one has it still")
			var added: Array = [["peer_connected", 6], ["peer_connected", 6]]
			await pump(QUIET_SECONDS)
			check_equal(node.signals, added, "the old one does not end for anybody")
			old.destroy()
	drop_mesh()


## Somebody else connects to the host of a link.
func _check_spare_slots() -> void:
	for index: int in 2:
		nodes.append(make_node(index, index + 5))
	var node: MeshNode = nodes[0]
	if await connect_nodes(node, nodes[1], 4):
		add(node, nodes[1])
		var stranger: RefCounted = new_connection()
		check_equal(stranger.create_host(1), OK, "a stranger has a host")
		stranger.connect_to_host(LOCALHOST, node.hosts[6].get_local_port())
		var is_in: Callable = func() -> bool: return stranger.service()[0] == EVENT_CONNECT
		await until(is_in, "a stranger connects to the host of a link")
		await pump(QUIET_SECONDS)
		check_equal(node.hosts[6].get_peers().size(), 1, "the stranger is not let in")
		check_equal(node.signals, [["peer_connected", 6]], "and not reported")
		stranger.destroy()
	drop_mesh()


## What was set on a host gives way to what is set on the mesh that it becomes a link of.
func _check_settings() -> void:
	if not is_ours:
		return
	for index: int in 2:
		nodes.append(make_node(index, index + 5))
	var node: MeshNode = nodes[0]
	if await connect_nodes(node, nodes[1]):
		var host: RefCounted = node.hosts[6]
		node.peer.set("connect_timeout", 7.0)
		host.set("connect_timeout", 3.0)
		host.set("max_stall_time", 3.0)
		add(node, nodes[1])
		check_equal(host.get("connect_timeout"), 7.0, "a link has what is set on its mesh")
		check_equal(host.get("max_stall_time"), 120.0, "and the default of what is not")
		node.peer.set("connect_timeout", 8.0)
		check_equal(host.get("connect_timeout"), 8.0, "a later change reaches it")
	drop_mesh()


func _put(peer: MultiplayerPeer) -> Error:
	_serial += 1
	return peer.put_packet(_content())


func _content() -> PackedByteArray:
	return pattern(16, _serial)


## Source, mode, channel and content of the next packet.
func _take(peer: MultiplayerPeer) -> Array:
	var about: Array = [
		peer.get_packet_peer(), int(peer.get_packet_mode()), peer.get_packet_channel(),
	]
	return about + [peer.get_packet()]
