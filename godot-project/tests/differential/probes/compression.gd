extends "res://tests/differential/support/probe.gd"
## What travels between hosts that compress, in the same way or in different ones.

const RELIABLE_FLAG: int = 1
const UNSEQUENCED_FLAG: int = 2
const SENT_DATA: int = 0
const FASTLZ: int = 2
const ZLIB: int = 3
const ZSTD: int = 4
## The size of a datagram with one reliable packet of [constant REPETITIVE] bytes.
const PLAIN_DATAGRAM: int = 75
const REPETITIVE: int = 65


func ec_compress_calls() -> void:
	var pair: Array[Raw] = new_pair()
	for mode: int in [0, 1, 2, 3, 4, 0, 99, -1]:
		# An acknowledgement under way would be of the codec before.
		pump(pair, SETTLE_MSEC)
		for end: Raw in pair:
			end.connection.compress(mode)
		step(_send_repetitive(pair))
	pump(pair, SETTLE_MSEC)
	var listener: RefCounted = pair[0].connection
	pair[1].connection.compress(ZLIB)
	_send(pair[1], PackedByteArray([1]))
	step({"type": next_event(listener)[0]})
	pair[0].peer.get_packet()
	_send(pair[1], filled(REPETITIVE))
	step({"type": next_event(listener, SETTLE_MSEC)[0]})
	listener.compress(ZLIB)
	pair[0].events.clear()
	poll_until([pair[1], pair[0]], func() -> bool: return pair[0].has(Raw.EVENT_RECEIVE))
	step({
		"type": pair[0].events[0][0],
		"ok": pair[0].peer.get_packet() == filled(REPETITIVE),
	})
	pump(pair, SETTLE_MSEC)
	pair[1].connection.compress(ZSTD)
	_send(pair[1], filled(REPETITIVE))
	step({"type": next_event(listener, SETTLE_MSEC)[0]})


func _send_repetitive(pair: Array[Raw]) -> Dictionary:
	pair[1].connection.pop_statistic(SENT_DATA)
	_send(pair[1], filled(REPETITIVE))
	var wire_bytes: int = roundi(pair[1].connection.pop_statistic(SENT_DATA))
	var type: int = next_event(pair[0].connection)[0]
	var is_compressed: bool = wire_bytes < PLAIN_DATAGRAM
	return {
		"compressed": is_compressed,
		# How far a packet shrinks is the codec's own affair.
		"wire_bytes": null if is_compressed else wire_bytes,
		"delivered": (
				type == Raw.EVENT_RECEIVE
				and pair[0].peer.get_packet() == filled(REPETITIVE)),
	}


func _send(end: Raw, packet: PackedByteArray, flags: int = RELIABLE_FLAG) -> void:
	_must(end.peer.send(0, packet, flags))
	end.connection.flush()


func ec_fastlz_short_datagrams() -> void:
	var listener := Raw.new(new_listener(), null)
	var raw: Raw = new_raw(listener.connection.get_local_port())
	var pair: Array[Raw] = [listener, raw]
	# From the handshake on: the engine's class does not survive a first datagram as short as these.
	for end: Raw in pair:
		end.connection.compress(FASTLZ)
	poll_until(pair, func() -> bool:
		return listener.has(Raw.EVENT_CONNECT) and raw.has(Raw.EVENT_CONNECT))
	listener.peer = listener.events[0][1]
	pump(pair, SETTLE_MSEC)
	for size: int in [0, 1, 2, 4, 5, 6, 7, 8]:
		pair[1].connection.pop_statistic(SENT_DATA)
		_send(pair[1], filled(size, 0), UNSEQUENCED_FLAG)
		var wire_bytes: float = pair[1].connection.pop_statistic(SENT_DATA)
		var array: Array = next_event(pair[0].connection)
		step({
			"wire_bytes": wire_bytes,
			"type": array[0],
			"size": pair[0].peer.get_packet().size(),
		})


func mp_compress_mismatch() -> void:
	# The server's mode and the client's.
	for modes: Array in [[0, 1], [1, 0], [0, 3], [3, 0], [2, 3], [3, 4], [1, 1], [4, 2]]:
		forget_clients()
		var server: MultiplayerPeer = new_server()
		var client: MultiplayerPeer = new_client(server)
		server.host.compress(modes[0])
		client.host.compress(modes[1])
		var connected: bool = poll_until(
				[client, server],
				func() -> bool: return client.get_connection_status() == CONNECTED,
				800)
		var received: Array = []
		if connected:
			for packet: PackedByteArray in [PackedByteArray([1]), filled(74, 0x61)]:
				_must(client.put_packet(packet))
			received = receive(server, [client], 2)
		step({"connected": connected, "received": received})
