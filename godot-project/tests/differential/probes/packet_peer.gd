extends "res://tests/differential/support/probe.gd"
## What a packet peer does: sending, disconnecting, settings, and what it answers once it is inactive.

const FLAG_RELIABLE: int = 1
const ROUND_TRIP_TIME: int = 3
const THROTTLE_ACCELERATION: int = 11
const THROTTLE_DECELERATION: int = 12
const THROTTLE_INTERVAL: int = 13


func pp_configuration() -> void:
	var pair: Array[Raw] = new_pair()
	var peer: PacketPeer = pair[1].peer
	for timeouts: Array in [
		[10, 5, 20], [10, 30, 20], [0, 0, 0], [32, 5000, 30000], [5000, 5000, 5000],
	]:
		peer.callv("set_timeout", timeouts)
		step()
	peer.ping_interval(0)
	step()
	peer.ping()
	step()
	peer.throttle_configure(1000, 4, 6)
	step(_throttle_of(peer))
	pump(pair, 60)
	step(_throttle_of(pair[0].peer))
	pair[1].connection.bandwidth_limit(-1, -1)
	step()
	pair[1].connection.bandwidth_limit()
	step()


func _throttle_of(peer: PacketPeer) -> Dictionary:
	return {
		"acceleration": peer.get_statistic(THROTTLE_ACCELERATION),
		"deceleration": peer.get_statistic(THROTTLE_DECELERATION),
		"interval": peer.get_statistic(THROTTLE_INTERVAL),
	}


func pp_disconnect_kinds() -> void:
	_probe_disconnect()
	_probe_disconnect_now()
	_probe_disconnect_later()
	_probe_reset()
	_probe_timeout()


func _probe_disconnect() -> void:
	var pair: Array[Raw] = new_pair()
	var peer: PacketPeer = pair[0].peer
	peer.peer_disconnect(11)
	step({
		"state": peer.get_state(),
		"active": peer.is_active(),
		"channels": peer.get_channels(),
		"send": error(peer.send(0, PackedByteArray([1]), FLAG_RELIABLE)),
	})
	pair[0].connection.flush()
	step({"event": event(next_event(pair[1].connection), _names(pair))})
	pair[1].connection.service(0)
	step({"event": event(next_event(pair[0].connection), _names(pair))})


func _probe_disconnect_now() -> void:
	var pair: Array[Raw] = new_pair()
	var peer: PacketPeer = pair[0].peer
	peer.peer_disconnect_now(12)
	step({
		"state": peer.get_state(),
		"active": peer.is_active(),
		"get_peers_before_service": pair[0].connection.get_peers().size(),
	})
	step({"event": event(next_event(pair[1].connection), _names(pair))})
	var array: Array = next_event(pair[0].connection, 100)
	step({
		"event": event(array, _names(pair)),
		"get_peers": pair[0].connection.get_peers().size(),
	})


func _probe_disconnect_later() -> void:
	var pair: Array[Raw] = new_pair()
	var peer: PacketPeer = pair[0].peer
	for number: int in [1, 2]:
		_must(peer.send(0, PackedByteArray([number]), FLAG_RELIABLE))
	peer.peer_disconnect_later(13)
	step({
		"state": peer.get_state(),
		"send_now": error(peer.send(0, PackedByteArray([3]), FLAG_RELIABLE)),
	})
	var remote: PacketPeer = pair[1].peer
	var packets: Array[PackedByteArray] = []
	poll_until(pair, func() -> bool:
		# Once it is disconnected they could not be read any more.
		while remote.is_active() and remote.get_available_packet_count() > 0:
			packets.append(remote.get_packet())
		return pair[0].has(Raw.EVENT_DISCONNECT) and pair[1].has(Raw.EVENT_DISCONNECT))
	step({"events": pair[1].events.map(_with_packet_of(packets, _names(pair)))})
	step({"event": event(pair[0].events[0], _names(pair))})
	pair = new_pair()
	pump(pair, 30)
	pair[0].peer.peer_disconnect_later(14)
	step({"state": pair[0].peer.get_state()})


## Shows an event, with the next of [param packets] if it told of one.
func _with_packet_of(packets: Array[PackedByteArray], known: Dictionary) -> Callable:
	return func(array: Array) -> Dictionary:
		var observed: Dictionary = event(array, known)
		if array[0] == Raw.EVENT_RECEIVE:
			observed.packet = shown(packets.pop_front())
		return observed


func _probe_reset() -> void:
	var pair: Array[Raw] = new_pair()
	pair[0].peer.reset()
	step({"state": pair[0].peer.get_state(), "active": pair[0].peer.is_active()})
	var array: Array = next_event(pair[1].connection, 200)
	step({"event": event(array, _names(pair)), "state": pair[1].peer.get_state()})


func _probe_timeout() -> void:
	var pair: Array[Raw] = new_pair()
	pump(pair, 30)
	# Its network thread would go on to acknowledge.
	pair[0].connection.destroy()
	pair[1].peer.set_timeout(1, 50, 100)
	_must(pair[1].peer.send(0, PackedByteArray([1]), FLAG_RELIABLE))
	step({"event": event(next_event(pair[1].connection), _names(pair))})


func _names(pair: Array[Raw]) -> Dictionary:
	return {pair[0].peer: "server_peer", pair[1].peer: "client_peer"}


func pp_inactive() -> void:
	var pair: Array[Raw] = new_pair()
	_must(pair[0].peer.send(0, PackedByteArray([1]), FLAG_RELIABLE))
	pair[0].connection.flush()
	next_event(pair[1].connection)
	var peer: PacketPeer = pair[1].peer
	step({"available": peer.get_available_packet_count()})
	peer.reset()
	step({
		"active": peer.is_active(),
		"state": peer.get_state(),
		"available": peer.get_available_packet_count(),
	})
	step({"size": peer.get_packet().size(), "error": error(peer.get_packet_error())})
	step({"value": peer.get_packet_flags()})
	step({"returns": error(peer.put_packet([1]))})
	step({"returns": error(peer.send(0, PackedByteArray([1]), 1))})
	step({
		"address": peer.get_remote_address(),
		"port": peer.get_remote_port(),
		"channels": peer.get_channels(),
	})
	step({"value": peer.get_statistic(ROUND_TRIP_TIME)})
	for action: Array in [
		["ping", []],
		["ping_interval", [5]],
		["set_timeout", [1, 2, 3]],
		["throttle_configure", [1, 2, 3]],
		["reset", []],
		["peer_disconnect", []],
		["peer_disconnect_now", []],
		["peer_disconnect_later", []],
	]:
		peer.callv(action[0], action[1])
		step()
	step({"value": ClassDB.can_instantiate(packet_peer_class)})


func pp_received_flags() -> void:
	var pair: Array[Raw] = new_pair()
	var server_peer: PacketPeer = pair[0].peer
	var peer: PacketPeer = pair[1].peer
	never_throttle(peer)
	for size: int in [4, 3000]:
		for flags: int in [0, 1, 2, 3, 8, 9, 10, 11]:
			var sent: int = peer.send(1, filled(size), flags)
			var array: Array = _serve_next(pair)
			step({
				"returns": error(sent),
				"event": event(array, _names(pair)),
				"flags": server_peer.get_packet_flags(),
				"size": server_peer.get_packet().size(),
			})
	_must(peer.put_packet([1, 2]))
	var received: Array = _serve_next(pair)
	step({
		"event": event(received, _names(pair)),
		"flags": server_peer.get_packet_flags(),
		"packet": shown(server_peer.get_packet()),
	})
	step({"returns": error(peer.put_packet([]))})
	_must(peer.send(0, PackedByteArray(), FLAG_RELIABLE))
	received = _serve_next(pair)
	step({
		"event": event(received, _names(pair)),
		"available": server_peer.get_available_packet_count(),
		"size": server_peer.get_packet().size(),
		"error": error(server_peer.get_packet_error()),
	})
	step({"value": server_peer.get_packet_flags()})
	step({"size": server_peer.get_packet().size(), "error": error(server_peer.get_packet_error())})


## Services both of [param pair] until the first has an event, and answers it.
func _serve_next(pair: Array[Raw]) -> Array:
	pair[0].events.clear()
	poll_until([pair[1], pair[0]], func() -> bool: return not pair[0].events.is_empty())
	return pair[0].events[0] if not pair[0].events.is_empty() else [0, null, 0, 0]


func pp_send_bounds() -> void:
	var pair: Array[Raw] = new_pair(3)
	var peer: PacketPeer = pair[1].peer
	step({"channels": peer.get_channels()})
	_probe_channels(peer, [-1, 0, 2, 3, 4, 300])
	for flags: int in [0, 1, 2, 3, 4, 8, 10, 11, 16, 256, -1]:
		step({"returns": error(peer.send(0, PackedByteArray([1]), flags))})
	pair = new_pair()
	step({"channels": pair[1].peer.get_channels()})
	_probe_channels(pair[1].peer, [254, 255, 256, 257])
	_probe_sending_while_connecting()


func _probe_channels(peer: PacketPeer, channels: Array) -> void:
	for channel: int in channels:
		step({"returns": error(peer.send(channel, PackedByteArray([1]), FLAG_RELIABLE))})


func _probe_sending_while_connecting() -> void:
	var silent := PacketPeerUDP.new()
	_must(silent.bind(0, LOCALHOST))
	var raw: Raw = new_raw(silent.get_local_port(), 2)
	var packet := PackedByteArray([1])
	step({"returns": error(raw.peer.send(0, packet, FLAG_RELIABLE))})
	step({"returns": error(raw.peer.put_packet(packet))})
	step({"returns": error(raw.peer.send(2, packet, FLAG_RELIABLE))})
	raw.peer.peer_disconnect()
	step({
		"state": raw.peer.get_state(),
		"active": raw.peer.is_active(),
		"get_peers": raw.connection.get_peers().size(),
	})
	var array: Array = raw.connection.service(0)
	var peers: int = raw.connection.get_peers().size()
	var again: PacketPeer = raw.connection.connect_to_host(LOCALHOST, silent.get_local_port())
	step({"event": event(array), "get_peers": peers, "connect_is_null": again == null})
