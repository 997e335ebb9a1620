extends "res://tests/differential/support/probe.gd"
## What a connection object does by itself: arguments, local ports, limits, raw datagrams.

## Nothing is sent to it, or nobody listens there.
const ANY_PORT: int = 1000
const FLAG_RELIABLE: int = 1
const SENT_DATA: int = 0
const RECEIVED_PACKETS: int = 3


func ec_channel_limit() -> void:
	var connection: RefCounted = new_connection()
	_must(connection.create_host(4, 7))
	step({"value": connection.get_max_channels()})
	for limit: int in [3, 0, 1, 255, 256, -1]:
		connection.channel_limit(limit)
		step({"value": connection.get_max_channels()})


func ec_create_arguments() -> void:
	# max_peers, max_channels, in_bandwidth, out_bandwidth.
	for arguments: Array in [
		[0, 0, 0, 0],
		[-1, 0, 0, 0],
		[1, 0, 0, 0],
		[4095, 0, 0, 0],
		[4096, 0, 0, 0],
		[4, -1, 0, 0],
		[4, 1, 0, 0],
		[4, 255, 0, 0],
		[4, 256, 0, 0],
		[4, 0, -1, 0],
		[4, 0, 0, -1],
		[4, 0, 2147483647, 2147483647],
	]:
		var connection: RefCounted = new_connection()
		var created: int = connection.callv("create_host", arguments)
		var observed: Dictionary = {"returns": error(created)}
		if created == OK:
			observed.max_channels = connection.get_max_channels()
		step(observed)
	for arguments: Array in [
		[LOCALHOST, 0],
		["*", 0],
		[LOCALHOST, -1],
		[LOCALHOST, 65536],
		["", 0],
		["nope", 0],
		["::1", 0],
		["::", 0],
		["0.0.0.0", 0],
	]:
		step({"returns": error(new_connection().callv("create_host_bound", arguments))})
	_probe_second_creations()


func _probe_second_creations() -> void:
	var connection: RefCounted = new_listener()
	var port: int = connection.get_local_port()
	step({"returns": error(connection.create_host_bound(LOCALHOST, 0))})
	step({"returns": error(connection.create_host())})
	step({"returns": error(new_connection().create_host_bound(LOCALHOST, port))})
	step({"returns": error(new_connection().create_host_bound("127.0.0.2", port))})
	connection.destroy()
	step({"returns": error(connection.create_host())})
	connection.destroy()
	connection.destroy()
	step()


func ec_inactive() -> void:
	var connection: RefCounted = new_connection()
	step({"array": _with_peer_as_text(connection.service(0))})
	for action: Array in [["flush"], ["destroy"]]:
		connection.callv(action[0], [])
		step()
	step({"is_null": connection.connect_to_host(LOCALHOST, ANY_PORT) == null})
	connection.bandwidth_limit(0, 0)
	step()
	connection.channel_limit(3)
	step()
	connection.broadcast(0, PackedByteArray([1]), FLAG_RELIABLE)
	step()
	const ZLIB: int = 3
	connection.compress(ZLIB)
	step()
	step({"value": connection.pop_statistic(SENT_DATA)})
	step({"value": connection.get_max_channels()})
	step({"value": connection.get_local_port()})
	step({"size": connection.get_peers().size()})
	connection.socket_send(LOCALHOST, ANY_PORT, PackedByteArray([1]))
	step()
	step({"returns": error(connection.dtls_server_setup(null))})
	step({"returns": error(connection.dtls_client_setup("x"))})
	connection.refuse_new_connections(true)
	step()


## An array of [code]service()[/code] with the peer as a script would print it.
func _with_peer_as_text(array: Array) -> Array:
	return [array[0], str(array[1]), array[2], array[3]]


func ec_local_port() -> void:
	var connection: RefCounted = new_connection()
	_must(connection.create_host())
	step({"value": connection.get_local_port()})
	connection.connect_to_host(LOCALHOST, ANY_PORT)
	step({"value": connection.get_local_port()})
	connection.service()
	step({"nonzero": connection.get_local_port() != 0})
	var bound: RefCounted = new_connection()
	_must(bound.create_host_bound("*", 0))
	step({"nonzero": bound.get_local_port() != 0})


func ec_connect_to_host_errors() -> void:
	var connection: RefCounted = new_connection()
	_must(connection.create_host())
	for target: Array in [
		[LOCALHOST, 0],
		[LOCALHOST, 65536],
		[LOCALHOST, -1],
		["", ANY_PORT],
		["no such host!", ANY_PORT],
		["::1", ANY_PORT],
		["*", ANY_PORT],
	]:
		# A host of its own each: one that is taken at its word keeps its peer.
		var asked: RefCounted = new_connection()
		_must(asked.create_host())
		var answer: PacketPeer = asked.callv("connect_to_host", target)
		var is_name: bool = not (target[0] as String).is_valid_ip_address()
		if answer != null and is_name and target[0] != "*":
			# Else its failure is printed in a later step.
			next_event(asked, LOOKUP_PATIENCE_MSEC)
		step({"is_null": answer == null})
	var peer: PacketPeer = connection.connect_to_host(LOCALHOST, ANY_PORT, 4, 5)
	step({
		"state": peer.get_state(),
		"channels": peer.get_channels(),
		"active": peer.is_active(),
		"get_peers": connection.get_peers().size(),
		"listed": connection.get_peers().has(peer),
	})
	step({"is_null": connection.connect_to_host(LOCALHOST, ANY_PORT) == null})
	peer.reset()
	step({
		"state": peer.get_state(),
		"active": peer.is_active(),
		"get_peers": connection.get_peers().size(),
	})
	step({"is_null": connection.connect_to_host(LOCALHOST, ANY_PORT) == null})
	_probe_connecting_again(connection)


func _probe_connecting_again(connection: RefCounted) -> void:
	var array: Array = _with_peer_as_text(connection.service(0))
	step({"array": array, "get_peers": connection.get_peers().size()})
	var second: PacketPeer = connection.connect_to_host(LOCALHOST, ANY_PORT)
	var observed: Dictionary = {"is_null": second == null}
	if second != null:
		observed.channels = second.get_channels()
	step(observed)
	var listener: Raw = new_pair()[0]
	step({"is_null": listener.connection.connect_to_host(LOCALHOST, ANY_PORT) == null})


func ec_socket_send() -> void:
	var connection: RefCounted = new_listener()
	var socket := PacketPeerUDP.new()
	_must(socket.bind(0, LOCALHOST))
	var port: int = socket.get_local_port()
	connection.socket_send(LOCALHOST, port, PackedByteArray([1, 2, 3, 255]))
	socket.wait()
	step({
		"datagrams": socket.get_available_packet_count(),
		"bytes": shown(socket.get_packet()),
		"source_port_is_hosts": socket.get_packet_port() == connection.get_local_port(),
	})
	step({"sent_bytes": connection.pop_statistic(SENT_DATA)})
	connection.socket_send("localhost", port, PackedByteArray([4]))
	socket.wait()
	step({"bytes": shown(socket.get_packet())})
	connection.socket_send(LOCALHOST, port, PackedByteArray())
	settle()
	step({"datagrams": socket.get_available_packet_count()})
	for target: Array in [[LOCALHOST, 0], [LOCALHOST, 65536], ["no such host!", 100], ["::1", 100]]:
		connection.socket_send(target[0], target[1], PackedByteArray([1]))
		step()
	_probe_garbage(connection)
	_probe_unbound_sender()


func _probe_garbage(connection: RefCounted) -> void:
	connection.service(0)
	connection.pop_statistic(RECEIVED_PACKETS)
	var sender := PacketPeerUDP.new()
	_must(sender.connect_to_host(LOCALHOST, connection.get_local_port()))
	for garbage: PackedByteArray in [
		PackedByteArray([0]), PackedByteArray([255, 255, 255]), filled(100, 0xff), filled(30, 7),
	]:
		sender.put_packet(garbage)
	settle()
	var array: Array = connection.service(0)
	step({
		"event": event(array),
		"received_datagrams": connection.pop_statistic(RECEIVED_PACKETS),
		"get_peers": connection.get_peers().size(),
	})


func _probe_unbound_sender() -> void:
	var connection: RefCounted = new_connection()
	_must(connection.create_host())
	var socket := PacketPeerUDP.new()
	_must(socket.bind(0, LOCALHOST))
	for _datagram: int in 2:
		connection.socket_send(LOCALHOST, socket.get_local_port(), PackedByteArray([1]))
	settle()
	step({
		"datagrams": socket.get_available_packet_count(),
		"local_port_nonzero": connection.get_local_port() != 0,
	})


func ec_unbound_host_accepts() -> void:
	var unbound := Raw.new(new_connection(), null)
	_must(unbound.connection.create_host(4))
	unbound.connection.socket_send(LOCALHOST, ANY_PORT, PackedByteArray([1]))
	var port: int = unbound.connection.get_local_port()
	step({"nonzero": port != 0})
	var raw: Raw = new_raw(port, 0, 9)
	poll_until([unbound, raw], func() -> bool:
		return unbound.has(Raw.EVENT_CONNECT) and raw.has(Raw.EVENT_CONNECT))
	var connect_event: Array = unbound.events[0]
	step({"event": event(connect_event, {connect_event[1]: "peer"})})
	unbound.connection.broadcast(0, PackedByteArray(), FLAG_RELIABLE)
	poll_until([unbound, raw], func() -> bool: return raw.has(Raw.EVENT_RECEIVE))
	step({"size": raw.peer.get_packet().size()})


func ec_vanilla_build_limits() -> void:
	var connection: RefCounted = new_listener()
	connection.refuse_new_connections(true)
	step()
	step({"returns": error(connection.dtls_server_setup(null))})
	step({"returns": error(connection.dtls_client_setup("localhost", TLSOptions.client()))})
