extends "res://tests/differential/support/probe.gd"
## What two connection objects do with each other: events, channels, data, statistics.

const FLAG_RELIABLE: int = 1
const SENT_DATA: int = 0
const SENT_PACKETS: int = 1
const RECEIVED_DATA: int = 2
const RECEIVED_PACKETS: int = 3


func ec_and_pp_statistics() -> void:
	var listener: RefCounted = new_listener()
	var raw: Raw = new_raw(listener.get_local_port())
	var connection: RefCounted = raw.connection
	var statistics: Dictionary = {}
	for statistic: int in 14:
		statistics[str(statistic)] = raw.peer.get_statistic(statistic)
	step(statistics)
	step({"value": raw.peer.get_statistic(99)})
	connection.service(0)
	settle()
	step({
		"sent_bytes": connection.pop_statistic(SENT_DATA),
		"sent_datagrams": connection.pop_statistic(SENT_PACKETS),
		"again": connection.pop_statistic(SENT_DATA),
	})
	listener.service(0)
	settle()
	step({
		"received_bytes": listener.pop_statistic(RECEIVED_DATA),
		"received_datagrams": listener.pop_statistic(RECEIVED_PACKETS),
		"sent_bytes": listener.pop_statistic(SENT_DATA),
		"sent_datagrams": listener.pop_statistic(SENT_PACKETS),
	})
	var array: Array = connection.service(0)
	step({
		"event": event(array, {raw.peer: "client_peer"}),
		"received_bytes": connection.pop_statistic(RECEIVED_DATA),
		"sent_bytes": connection.pop_statistic(SENT_DATA),
	})
	connection.service(0)
	step({"sent_bytes": connection.pop_statistic(SENT_DATA)})
	array = listener.service(0)
	step({"type": array[0], "received_bytes": listener.pop_statistic(RECEIVED_DATA)})
	step({"value": listener.pop_statistic(77)})


func ec_broadcast() -> void:
	var listener := Raw.new(new_listener(4, 5), null)
	var port: int = listener.connection.get_local_port()
	var clients: Array[Raw] = []
	for channels: int in [4, 2]:
		var client: Raw = new_raw(port, channels)
		clients.append(client)
		poll_until(clients + [listener], func() -> bool:
			return client.has(Raw.EVENT_CONNECT) and listener.events.size() == clients.size())
		never_throttle(client.peer)
	pump(clients + [listener], SETTLE_MSEC)
	step({
		"max_channels": listener.connection.get_max_channels(),
		"peer_channels": listener.events.map(func(entry: Array) -> int:
			return entry[1].get_channels()),
	})
	# Channel and flags.
	for row: Array in [
		[0, 1], [1, 0], [3, 1], [4, 1], [5, 1], [6, 1], [-1, 1], [0, 4], [0, 2], [0, 10],
	]:
		for client: Raw in clients:
			client.events.clear()
		var packet := PackedByteArray([maxi(row[0], 0)])
		listener.connection.broadcast(row[0], packet, row[1])
		pump(clients + [listener], 40)
		step({"received": _received(clients)})


func _received(clients: Array[Raw]) -> Array:
	var received: Array = []
	for index: int in clients.size():
		for entry: Array in clients[index].events:
			if entry[0] != Raw.EVENT_RECEIVE:
				continue
			received.append({
				"client": index + 1,
				"channel": entry[3],
				"flags": clients[index].peer.get_packet_flags(),
				"packet": shown(clients[index].peer.get_packet()),
			})
	return received


func ec_channel_negotiation() -> void:
	# Asked for, and the listening host's max_channels.
	for row: Array in [[0, 0], [1, 0], [8, 4], [3, 8], [0, 4], [300, 0], [-5, 0]]:
		var pair: Array[Raw] = new_pair(row[0], row[1])
		step({
			"client_side": pair[1].peer.get_channels(),
			"server_side": pair[0].peer.get_channels(),
		})
	var listener := Raw.new(new_listener(), null)
	listener.connection.channel_limit(2)
	var raw: Raw = new_raw(listener.connection.get_local_port(), 5)
	poll_until([listener, raw], func() -> bool: return raw.has(Raw.EVENT_CONNECT))
	step({"client_side": raw.peer.get_channels()})


func ec_connect_data_range() -> void:
	var listener := Raw.new(new_listener(), null)
	for data: int in [0, 1, 2147483647, -1, -2147483648, 4294967295, 4294967296]:
		var raw: Raw = new_raw(listener.connection.get_local_port(), 0, data)
		poll_until([raw, listener], func() -> bool:
			return raw.has(Raw.EVENT_CONNECT) and listener.has(Raw.EVENT_CONNECT))
		step({"data": listener.events[0][2], "client_event_data": raw.events[0][2]})
		var peer: PacketPeer = listener.events[0][1]
		listener.events.clear()
		raw.peer.peer_disconnect_now(data)
		poll_until([listener], func() -> bool: return listener.has(Raw.EVENT_DISCONNECT))
		step({"event": event(listener.events[0], {peer: "server_side_peer"})})
		listener.events.clear()


func ec_destroy_with_peers() -> void:
	var pair: Array[Raw] = new_pair()
	pair[0].connection.destroy()
	step({
		"active": pair[0].peer.is_active(),
		"state": pair[0].peer.get_state(),
		"remote_port": pair[0].peer.get_remote_port(),
	})
	var array: Array = next_event(pair[1].connection, 200)
	step({"event": event(array), "state": pair[1].peer.get_state()})
	pair = new_pair()
	var peer: PacketPeer = pair[0].peer
	var end: Raw = pair[1]
	pair.clear()
	step({"active": peer.is_active(), "state": peer.get_state()})
	array = next_event(end.connection, 200)
	step({"event": event(array), "state": end.peer.get_state()})
	pair = new_pair()
	pair[0].peer = null
	step({
		"get_peers": pair[0].connection.get_peers().size(),
		"active": pair[0].connection.get_peers()[0].is_active(),
	})


func ec_one_event_per_service() -> void:
	var pair: Array[Raw] = new_pair()
	for number: int in 3:
		_must(pair[1].peer.send(0, PackedByteArray([number]), FLAG_RELIABLE))
	pair[1].connection.flush()
	settle()
	var types: Array = []
	for _call: int in 5:
		types.append(pair[0].connection.service(0)[0])
	step({"types": types, "queued": pair[0].peer.get_available_packet_count()})
	var packets: Array = []
	for _packet: int in pair[0].peer.get_available_packet_count():
		packets.append(shown(pair[0].peer.get_packet()))
	step({"packets": packets})


func ec_service_arrays() -> void:
	var listener: RefCounted = new_listener()
	var array: Array = listener.service(0)
	var raw_types: Array = array.map(func(value: Variant) -> int: return typeof(value))
	step({"event": event(array), "raw_types": raw_types})
	var raw: Raw = new_raw(listener.get_local_port(), 6, 4242)
	var end := Raw.new(listener, null)
	poll_until([raw, end], func() -> bool:
		return end.has(Raw.EVENT_CONNECT) and raw.has(Raw.EVENT_CONNECT))
	var peer: PacketPeer = end.events[0][1]
	var known: Dictionary = {
		peer: "server_side_peer",
		raw.peer: "object_returned_by_connect_to_host",
	}
	step({
		"event": event(end.events[0], known),
		"channels": peer.get_channels(),
		"state": peer.get_state(),
		"remote_port_is_clients": peer.get_remote_port() == raw.connection.get_local_port(),
		"remote_address": peer.get_remote_address(),
	})
	step({"event": event(raw.events[0], known), "channels": raw.peer.get_channels()})
	_must(raw.peer.send(3, PackedByteArray([1, 2, 3]), FLAG_RELIABLE))
	raw.connection.flush()
	step(_take_packet(next_event(listener), peer, known))
	# The acknowledgement leaves and arrives, so that nothing but the disconnect is under way.
	pump([raw, end], 30)
	_probe_disconnect_arrays(listener, peer, raw, known)


func _take_packet(array: Array, peer: PacketPeer, known: Dictionary) -> Dictionary:
	var observed: Dictionary = {
		"event": event(array, known),
		"available": peer.get_available_packet_count(),
		"flags_peek": peer.get_packet_flags(),
	}
	observed.packet = shown(peer.get_packet())
	observed.packet_error = error(peer.get_packet_error())
	observed.available_after = peer.get_available_packet_count()
	return observed


func _probe_disconnect_arrays(
		listener: RefCounted, peer: PacketPeer, raw: Raw, known: Dictionary) -> void:
	raw.peer.peer_disconnect(77)
	raw.events.clear()
	var array: Array = next_event(listener, SETTLE_MSEC)
	step({"event": event(array, known)})
	if array[0] == Raw.EVENT_NONE:
		raw.poll()
		array = next_event(listener)
	step({
		"event": event(array, known),
		"active": peer.is_active(),
		"state": peer.get_state(),
		"get_peers": listener.get_peers().size(),
	})
	poll_until([raw], func() -> bool: return raw.has(Raw.EVENT_DISCONNECT))
	step({
		"event": event(raw.events[0], known),
		"active": raw.peer.is_active(),
		"state": raw.peer.get_state(),
		"get_peers": raw.connection.get_peers().size(),
	})


func ec_service_timeout() -> void:
	var pair: Array[Raw] = new_pair()
	pump(pair, 50)
	var start: int = Time.get_ticks_msec()
	pair[0].connection.service(60)
	var elapsed: int = Time.get_ticks_msec() - start
	step({"elapsed_at_least_55_ms": elapsed >= 55, "elapsed_below_200_ms": elapsed < 200})
	_must(pair[1].peer.send(0, PackedByteArray([1]), FLAG_RELIABLE))
	pair[1].connection.flush()
	start = Time.get_ticks_msec()
	var array: Array = pair[0].connection.service(1000)
	elapsed = Time.get_ticks_msec() - start
	step({
		"event": event(array, {pair[0].peer: "server_peer"}),
		"returned_within_100_ms": elapsed < 100,
	})
