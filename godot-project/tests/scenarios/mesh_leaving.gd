extends "res://tests/support/mesh_scenario.gd"
## One process, meshes of three nodes: every way a link can end, who is told, and what a handler
## sees.

const IDS: Array[int] = [1, 2, 3]
## Long enough for loopback to deliver.
const DELIVERY_SECONDS: float = 0.2
const JOINED: Array = [["peer_connected", 2], ["peer_connected", 3]]
const SECOND_LEFT: Array = [["peer_disconnected", 2]]
const BOTH_LEFT: Array = [["peer_disconnected", 2], ["peer_disconnected", 3]]


func run() -> void:
	for play: Callable in [
		_soft, _by_force, _twice, _closing, _vanishing, _reset, _destroyed, _both_at_once,
		_drop_another_when_left, _poll_when_left, _replace_when_left, _close_when_joined,
		_close_when_left, _dropped,
	]:
		if await make_mesh(IDS):
			check_equal(nodes[0].signals, JOINED, "a mesh of three: %s" % play.get_method())
			await play.call()
		for node: MeshNode in nodes:
			for connection: Signal in [node.peer.peer_connected, node.peer.peer_disconnected]:
				_disconnect_all(connection)
		drop_mesh()


func _soft() -> void:
	var host: WeakRef = weakref(nodes[0].hosts[2])
	nodes[0].hosts.erase(2)
	var seen: Array = []
	var look: Callable = func(id: int) -> void:
		var is_active: bool = nodes[1].peer.get_peer(id).is_active()
		seen.append([id, is_active, nodes[1].peer.get_connection_status()])
	nodes[1].peer.peer_disconnected.connect(look)
	nodes[0].peer.disconnect_peer(2)
	var state: int = nodes[0].peer.get_peer(2).get_state()
	check_equal(state, STATE_DISCONNECTING, "a soft disconnect waits for the other side")
	check_equal(nodes[0].signals, JOINED, "it emits nothing inside the call")
	nodes[0].peer.set_target_peer(2)
	complains("a packet to who is leaving", nodes[0].peer.put_packet.bind(pattern(8, 1)), OK)
	await _until_left(0, 2)
	await _until_left(1, 1)
	var expected: Array = [[1, false, CONNECTED]]
	check_equal(seen, expected, "a handler sees the inactive object and a mesh that goes on")
	check(lacks(nodes[0], 2) and lacks(nodes[1], 1), "both have forgotten each other")
	check(host.get_ref() == null, "and let go of the host")
	await _third_is_untouched()


func _by_force() -> void:
	var host: WeakRef = weakref(nodes[0].hosts[2])
	nodes[0].hosts.erase(2)
	nodes[0].peer.disconnect_peer(2, true)
	check(lacks(nodes[0], 2), "a forced disconnect forgets the peer inside the call")
	check(host.get_ref() == null, "and lets go of the host")
	await _until_left(1, 1)
	await pump(DELIVERY_SECONDS)
	check_equal(nodes[0].signals, JOINED, "and emits nothing, ever")
	await _third_is_untouched()


func _twice() -> void:
	nodes[0].peer.disconnect_peer(2)
	nodes[0].peer.disconnect_peer(2)
	var state: int = nodes[0].peer.get_peer(2).get_state()
	check_equal(state, STATE_DISCONNECTING, "a second one changes nothing")
	nodes[0].peer.disconnect_peer(2, true)
	check(lacks(nodes[0], 2), "a forced one after a soft one drops the peer")
	await _until_left(1, 1)
	check_equal(nodes[0].signals, JOINED, "without a signal")


func _closing() -> void:
	nodes[0].peer.close()
	check_equal(int(nodes[0].peer.get_connection_status()), DISCONNECTED, "a closed node is inactive")
	check_equal(nodes[0].signals, JOINED, "close emits nothing")
	complains("a host of it is destroyed", nodes[0].hosts[2].get_local_port, 0)
	await _until_left(1, 1)
	await _until_left(2, 1)
	answers("the object can be a mesh again", nodes[0].peer.create_mesh.bind(9), OK)
	for index: int in [1, 2]:
		check_equal(int(nodes[index].peer.get_connection_status()), CONNECTED, "the others go on")
	nodes[1].peer.close()
	await _until_left(2, 2)
	check_equal(int(nodes[2].peer.get_connection_status()), CONNECTED, "and so does the last one")
	answers("a packet of the last one", nodes[2].peer.put_packet.bind(pattern(8, 1)), OK)


## Of a process that was killed nothing comes any more.
func _vanishing() -> void:
	for index: int in [0, 1]:
		nodes[index].peer.get_peer(3).set_timeout(4, 200, 400)
	polled.erase(nodes[2].peer)
	nodes[2].hosts[1].destroy()
	nodes[2].hosts[2].destroy()
	await _until_left(0, 3)
	await _until_left(1, 3)
	check(lacks(nodes[0], 3), "who vanished is forgotten")
	polled.append(nodes[2].peer)
	poll_all()
	var both: Array = [["peer_disconnected", 1], ["peer_disconnected", 2]]
	check_equal(nodes[2].signals.slice(2), both, "who lost its hosts hears of it in the next poll")


func _reset() -> void:
	if not nodes[0].is_ours:
		# The built-in class reads freed memory after a reset (D03).
		return
	nodes[1].peer.get_peer(1).set_timeout(4, 200, 400)
	var object: PacketPeer = nodes[0].peer.get_peer(2)
	object.reset()
	check_equal(nodes[0].signals, JOINED, "a reset emits nothing")
	var seen: Array = []
	nodes[0].peer.peer_disconnected.connect(func(id: int) -> void: seen.append(lacks(nodes[0], id)))
	nodes[0].peer.poll()
	check_equal(nodes[0].signals.slice(2), SECOND_LEFT, "the next poll tells of it")
	check_equal(seen, [true], "when it is forgotten already")
	await _until_left(1, 1)
	check(nodes[0].hosts[2].get_local_port() > 0, "a host that a script kept is left alone")
	nodes[0].hosts[2].destroy()
	nodes[0].peer.poll()
	await _third_is_untouched()


func _destroyed() -> void:
	nodes[0].hosts[2].destroy()
	check_equal(nodes[0].signals, JOINED, "destroying a host emits nothing")
	nodes[0].peer.poll()
	check_equal(nodes[0].signals.slice(2), SECOND_LEFT, "the next poll tells of it")
	check(lacks(nodes[0], 2), "its peer is forgotten")
	check_equal(int(nodes[0].peer.get_connection_status()), CONNECTED, "the mesh goes on")
	await _third_is_untouched()


## All hosts are serviced before anybody is reported.
func _both_at_once() -> void:
	var extra: MeshNode = make_node(3, 4)
	nodes.append(extra)
	if not await link(nodes[0], extra):
		return
	var waiting: Array = []
	var look: Callable = func(_id: int) -> void:
		waiting.append(nodes[0].peer.get_available_packet_count())
	nodes[0].peer.peer_disconnected.connect(look)
	extra.peer.set_target_peer(1)
	check_equal(extra.peer.put_packet(pattern(8, 1)), OK, "the last node sends")
	await _both_leave()
	nodes[0].peer.poll()
	check_equal(nodes[0].signals.slice(3), BOTH_LEFT, "one poll reports both in the order of the links")
	check_equal(waiting, [1, 1], "after it has taken what the others sent")
	check_equal(nodes[0].peer.get_packet(), pattern(8, 1), "which is there to read")


func _drop_another_when_left() -> void:
	if not nodes[0].is_ours:
		# The built-in class reports also who was dropped meanwhile.
		return
	var drop: Callable = func(id: int) -> void:
		if id == 2:
			nodes[0].peer.disconnect_peer(3, true)
	nodes[0].peer.peer_disconnected.connect(drop)
	await _both_leave()
	printerr(ERRORS_ALLOWED + "its packet peer is inactive")
	nodes[0].peer.poll()
	printerr(ERRORS_OVER)
	check_equal(nodes[0].signals.slice(2), SECOND_LEFT, "who was dropped is not reported")


func _poll_when_left() -> void:
	if not nodes[0].is_ours:
		# The built-in class reports the same peer again, in each poll within the poll.
		return
	nodes[0].peer.peer_disconnected.connect(func(_id: int) -> void: nodes[0].peer.poll())
	await _both_leave()
	nodes[0].peer.poll()
	check_equal(nodes[0].signals.slice(2), BOTH_LEFT, "a handler that polls makes nobody leave twice")
	check(lacks(nodes[0], 2) and lacks(nodes[0], 3), "both are forgotten")


## Somebody else takes over an id while its end is reported.
func _replace_when_left() -> void:
	if not nodes[0].is_ours:
		# The built-in class forgets the new peer instead of the old one.
		return
	var successor: MeshNode = make_node(3, 4)
	nodes.append(successor)
	if not await connect_nodes(nodes[0], successor):
		return
	var replace: Callable = func(_id: int) -> void:
		answers("the id is given away", nodes[0].peer.add_mesh_peer.bind(2, nodes[0].hosts[4]), OK)
	nodes[0].peer.peer_disconnected.connect(replace)
	nodes[1].peer.close()
	await _until_left(0, 2)
	var replaced: Array = [["peer_disconnected", 2], ["peer_connected", 2]]
	check_equal(nodes[0].signals.slice(2), replaced, "one leaves and the other comes")
	check_equal(nodes[0].hosts[4].get_peers(), [nodes[0].peer.get_peer(2)], "the new one stays")
	add(successor, nodes[0])
	nodes[0].peer.set_target_peer(2)
	check_equal(nodes[0].peer.put_packet(pattern(8, 4)), OK, "it is sent to")
	var arrives: Callable = func() -> bool:
		return successor.peer.get_available_packet_count() > 0
	await until(arrives, "and hears it")


func _close_when_joined() -> void:
	var extra: MeshNode = make_node(3, 4)
	nodes.append(extra)
	if not await connect_nodes(nodes[0], extra):
		return
	nodes[0].peer.peer_connected.connect(func(_id: int) -> void: nodes[0].peer.close())
	var call_it: Callable = nodes[0].peer.add_mesh_peer.bind(4, nodes[0].hosts[4])
	answers("add_mesh_peer whose handler closes", call_it, OK)
	check_equal(int(nodes[0].peer.get_connection_status()), DISCONNECTED, "the node is closed")
	complains("its new host too", nodes[0].hosts[4].get_local_port, 0)
	await _until_left(1, 1)


func _close_when_left() -> void:
	nodes[0].peer.peer_disconnected.connect(func(_id: int) -> void: nodes[0].peer.close())
	await _both_leave()
	nodes[0].peer.poll()
	check_equal(nodes[0].signals.slice(2), SECOND_LEFT, "a closed mesh reports nobody else")
	check_equal(int(nodes[0].peer.get_connection_status()), DISCONNECTED, "the node is closed")


func _dropped() -> void:
	polled.erase(nodes[0].peer)
	nodes.pop_front()
	await _until_left(0, 1)
	await _until_left(1, 1)


## Two nodes close while nobody polls, so that the first one finds both gone in its next poll.
func _both_leave() -> void:
	polled.clear()
	nodes[1].peer.close()
	nodes[2].peer.close()
	await pump(DELIVERY_SECONDS)
	await _network_thread_has_its_turn()


## Two hosts meet that nobody else knows. A network thread, however late it gets a processor, does what there was to do
## for the others before that.
func _network_thread_has_its_turn() -> void:
	var called: RefCounted = new_connection()
	var caller: RefCounted = new_connection()
	check_equal(called.create_host_bound(LOCALHOST, 0, 1), OK, "a host listens that nobody knows")
	check_equal(caller.create_host(1), OK, "another one asks for it")
	await join_hosts(called, caller)
	for host: RefCounted in [called, caller]:
		host.destroy()


func _until_left(index: int, id: int) -> void:
	var node: MeshNode = nodes[index]
	var has_left: Callable = func() -> bool: return node.signals.has(["peer_disconnected", id])
	await until(has_left, "node %d hears that %d left" % [node.id, id])
	var count: int = node.signals.count(["peer_disconnected", id])
	check_equal(count, 1, "once")


func _third_is_untouched() -> void:
	for index: int in [0, 1]:
		var node: MeshNode = nodes[index]
		node.peer.set_target_peer(3)
		check_equal(node.peer.put_packet(pattern(8, index)), OK, "the third node is sent to")
		var arrives: Callable = func() -> bool: return nodes[2].peer.get_available_packet_count() > 0
		await until(arrives, "and hears it")
		check_equal(nodes[2].peer.get_packet_peer(), node.id, "from whom it is")
		check_equal(nodes[2].peer.get_packet(), pattern(8, index), "what it is")
	var joined: Array = [["peer_connected", 1], ["peer_connected", 2]]
	check_equal(nodes[2].signals, joined, "it saw nobody leave")


## Handlers hold the nodes, and the nodes the handlers.
func _disconnect_all(from: Signal) -> void:
	for connection: Dictionary in from.get_connections():
		from.disconnect(connection.callable)
