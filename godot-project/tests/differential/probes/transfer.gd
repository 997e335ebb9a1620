extends "res://tests/differential/support/probe.gd"
## How packets travel: modes, channels, sizes, order.

const Relay = preload("res://tests/differential/support/relay.gd")
const UNRELIABLE: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
const ORDERED: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED
const RELIABLE: int = MultiplayerPeer.TRANSFER_MODE_RELIABLE
const MODES: Array[int] = [UNRELIABLE, ORDERED, RELIABLE]
## The one byte of a packet that is lost, and of one sent behind it.
const LOST: int = 0xaa
const BEHIND: int = 0xbb


func mp_data_right_before_disconnect() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	var client2: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	for number: int in 3:
		_must(client.put_packet([number]))
	client.close()
	settle()
	server.poll()
	step({"server_queue": server.get_available_packet_count()})
	pump([server], 30)
	step({"server_queue": server.get_available_packet_count()})
	drain(server)
	for number: int in 3:
		_must(client2.put_packet([number]))
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 3)
	var before: int = server.get_available_packet_count()
	client2.close()
	poll_until([server], func() -> bool: return has_signal_of("server", "peer_disconnected"))
	step({
		"queue_before_close": before,
		"queue_after": server.get_available_packet_count(),
		"packets": drain(server),
	})


func mp_invalid_transfer_mode() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	client.set("transfer_mode", 9)
	step({"returns": error(client.put_packet([1]))})
	step({"packets": receive(server)})


func mp_large_packets() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	never_throttle(client.get_peer(1))
	for mode: int in [RELIABLE, ORDERED, UNRELIABLE]:
		client.set("transfer_mode", mode)
		for size: int in [1364, 1365, 1392, 1393, 5000, 60000]:
			var sent: int = client.put_packet(filled(size))
			step({"returns": error(sent), "received": receive(server, [client])})
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	var sent: int = client.put_packet(filled(33554433))
	step({"returns": error(sent), "received": receive_for(server, [client])})


func mp_loss_and_channel_independence() -> void:
	for row: Array in [
		[0, RELIABLE, 0],
		[0, RELIABLE, 1],
		[0, ORDERED, 0],
		[0, UNRELIABLE, 0],
		[5, ORDERED, 5],
		[5, UNRELIABLE, 5],
		[5, RELIABLE, 5],
	]:
		_probe_loss(row[0], row[1], row[2])


## Waits until [param relay] holds a packet of one [param byte]; answers its datagram, the first one if it was sent
## again, and none if it does not come.
func _held_packet(relay: Relay, byte: int) -> Array[PackedByteArray]:
	var found: Array[PackedByteArray] = []
	poll_until([relay], func() -> bool:
		found.assign(relay.held.filter(_carries.bind(byte)))
		return not found.is_empty())
	return found.slice(0, 1)


## Whether a datagram ends with a packet of one [param byte]. A network thread also sends acknowledgements, which may
## stand before the packet, and pings.
func _carries(datagram: PackedByteArray, byte: int) -> bool:
	const HAS_SENT_TIME: int = 0x80
	const ACKNOWLEDGE: int = 1
	const ACKNOWLEDGE_BYTES: int = 8
	const COMMANDS_OF_PACKETS: Array[int] = [6, 7, 9]
	var at: int = 4 if datagram[0] & HAS_SENT_TIME else 2
	while at < datagram.size() and datagram[at] & 0x0F == ACKNOWLEDGE:
		at += ACKNOWLEDGE_BYTES
	return (at < datagram.size() and datagram[at] & 0x0F in COMMANDS_OF_PACKETS
			and datagram[-1] == byte)


## Loses a reliable packet on [param lost_channel] once and sends another one behind it.
func _probe_loss(lost_channel: int, mode: int, channel: int) -> void:
	var server: MultiplayerPeer = new_server()
	var relay := Relay.new(port_of(server))
	var client: MultiplayerPeer = new_client_of_port(relay.port)
	_join_through(relay, client, server)
	# From here on nothing of the client passes by itself: it may send again what was lost.
	relay.holds = true
	_send(client, RELIABLE, lost_channel, LOST)
	_held_packet(relay, LOST)
	_send(client, mode, channel, BEHIND)
	relay.release(_held_packet(relay, BEHIND))
	pump([relay, server], SETTLE_MSEC)
	var at_once: Array = bytes_of(drain(server))
	var later: Array = []
	relay.holds = false
	poll_until([client, relay, server], func() -> bool:
		later.append_array(bytes_of(drain(server)))
		return at_once.size() + later.size() == 2)
	step({"received_at_once": at_once, "received_after_retransmission": later})


func mp_mode_channel_matrix() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	never_throttle(client.get_peer(1))
	pump([client, server], SETTLE_MSEC)
	for ends: Array in [[client, server], [server, client]]:
		var sender: MultiplayerPeer = ends[0]
		for mode: int in MODES:
			for channel: int in [0, 1, 2, 3, 100, 253]:
				sender.set("transfer_mode", mode)
				sender.transfer_channel = channel
				var sent: int = sender.put_packet([mode, channel])
				step({"returns": error(sent), "received": receive(ends[1], [sender])})


func mp_packet_peek_and_pop() -> void:
	var server: MultiplayerPeer = new_server()
	var client1: MultiplayerPeer = joined_client(server)
	var client2: MultiplayerPeer = joined_client(server)
	_send(client1, RELIABLE, 5, 1)
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 1)
	_send(client2, ORDERED, 9, 2)
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 2)
	step({"count": server.get_available_packet_count()})
	step(_peek(server))
	step(_peek(server))
	step({
		"bytes": shown(server.get_packet()),
		"error": error(server.get_packet_error()),
		"count": server.get_available_packet_count(),
	})
	step(_peek(server))
	step({"bytes": shown(server.get_packet()), "count": server.get_available_packet_count()})
	# 1 is no id here but what an empty queue answers.
	forget_clients()
	step(_peek(server))
	step({"size": server.get_packet().size(), "error": error(server.get_packet_error())})
	_send(client1, RELIABLE, 0, 3)
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 1)
	pump([server], 20)
	step({
		"count": server.get_available_packet_count(),
		"bytes": shown(server.get_packet()),
		"error": error(server.get_packet_error()),
	})


func _peek(peer: MultiplayerPeer) -> Dictionary:
	return {
		"peer": symbol(peer.get_packet_peer()),
		"mode": peer.get_packet_mode(),
		"channel": peer.get_packet_channel(),
	}


func mp_put_var_get_var() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	step({"returns": error(client.put_var({"a": [1, 2.5, "x"]}))})
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 1)
	step({"value": server.get_var()})
	client.encode_buffer_max_size = 1000
	step({"reads_back": client.encode_buffer_max_size})
	client.encode_buffer_max_size = 1025
	step({"reads_back": client.encode_buffer_max_size})
	step({"returns": error(client.put_var(filled(3000)))})
	client.encode_buffer_max_size = 268435457
	step({"reads_back": client.encode_buffer_max_size})
	_must(client.put_packet([1, 2, 3]))
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 1)
	step({"value": server.get_var()})
	step({"error": error(server.get_packet_error())})


func mp_reliable_order_and_flush() -> void:
	const SENT_DATA: int = 0
	const SENT_PACKETS: int = 1
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	pump([server, client], SETTLE_MSEC)
	client.host.pop_statistic(SENT_DATA)
	client.host.pop_statistic(SENT_PACKETS)
	for number: int in 5:
		_must(client.put_packet([number]))
	settle()
	step({
		"datagrams": client.host.pop_statistic(SENT_PACKETS),
		"bytes": client.host.pop_statistic(SENT_DATA),
	})
	server.poll()
	step({"packets": drain(server)})


func mp_reordered_datagrams() -> void:
	var server: MultiplayerPeer = new_server()
	var relay := Relay.new(port_of(server))
	var client: MultiplayerPeer = new_client_of_port(relay.port)
	_join_through(relay, client, server)
	never_throttle(client.get_peer(1))
	pump([client, relay, server], SETTLE_MSEC)
	for mode: int in MODES:
		for channel: int in [0, 3]:
			_probe_reordering(relay, client, server, mode, channel)


func _probe_reordering(
		relay: Relay, client: MultiplayerPeer, server: MultiplayerPeer, mode: int,
		channel: int) -> void:
	relay.holds = true
	var sent: Array[PackedByteArray] = []
	for number: int in 3:
		_send(client, mode, channel, number)
		sent.append_array(_held_packet(relay, number))
	relay.release([sent[2], sent[0], sent[1]])
	settle()
	server.poll()
	step({"datagrams": sent.size(), "received": bytes_of(drain(server))})
	_let_pass(relay, client, server)
	relay.holds = true
	_send(client, mode, channel, 9)
	var last: Array[PackedByteArray] = _held_packet(relay, 9)
	relay.release(last + last + last)
	settle()
	server.poll()
	step({"received": bytes_of(drain(server))})
	_let_pass(relay, client, server)


## Lets acknowledgements, and what is sent again, get through until nothing is under way.
func _let_pass(relay: Relay, client: MultiplayerPeer, server: MultiplayerPeer) -> void:
	relay.holds = false
	relay.held.clear()
	pump([client, relay, server], SETTLE_MSEC)
	drain(server)


func mp_target_peer_client() -> void:
	var server: MultiplayerPeer = new_server()
	var client1: MultiplayerPeer = joined_client(server)
	var client2: MultiplayerPeer = joined_client(server)
	var other: int = client2.get_unique_id()
	for target: int in [0, 1, -1, other, -other, client1.get_unique_id(), 2]:
		client1.set_target_peer(target)
		var sent: int = client1.put_packet([0x66])
		var received: Array = receive_for(server, [client1, client2])
		step({
			"returns": error(sent),
			"server_received": received,
			"client2_received": drain(client2),
		})


func mp_target_peer_server() -> void:
	var server: MultiplayerPeer = new_server()
	var clients: Array[MultiplayerPeer] = []
	for _number: int in 3:
		clients.append(joined_client(server))
	var first: int = clients[0].get_unique_id()
	for target: int in [0, first, -first, 1, -1, 12345, -12345, 0]:
		server.set_target_peer(target)
		var sent: int = server.put_packet([1])
		pump(clients + [server], 40)
		var receivers: Array = []
		for client: MultiplayerPeer in clients:
			if not drain(client).is_empty():
				receivers.append(symbol(client.get_unique_id()))
		step({"returns": error(sent), "received_by": receivers})
	clients[0].close()
	server.set_target_peer(first)
	step({"returns": error(server.put_packet([1]))})
	poll_until([server], func() -> bool: return host_peers(server) == 2)
	step({"returns": error(server.put_packet([1]))})


func mp_transfer_channel_out_of_range() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server, 2)
	var id: int = client.get_unique_id()
	step({
		"client_side": client.get_peer(1).get_channels(),
		"server_side": server.get_peer(id).get_channels(),
	})
	for channel: int in [-1, 2, 3, 254, 255, 256, 257]:
		client.transfer_channel = channel
		var sent: int = client.put_packet([1])
		step({
			"reads_back": client.transfer_channel,
			"returns": error(sent),
			"received_by_server": receive_for(server, [client]),
		})
	for channel: int in [2, 3, 254]:
		server.transfer_channel = channel
		for target: int in [0, id]:
			server.set_target_peer(target)
			var sent: int = server.put_packet([1 if target == 0 else 2])
			step({
				"returns": error(sent),
				"received_by_client": receive_for(client, [server]),
			})
	_probe_channels_of_a_default_connection()


func _probe_channels_of_a_default_connection() -> void:
	forget_clients()
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	for row: Array in [[255, RELIABLE, 7], [254, RELIABLE, 8], [255, UNRELIABLE, 9]]:
		client.transfer_channel = row[0]
		client.set("transfer_mode", row[1])
		var sent: int = client.put_packet([row[2]])
		step({
			"returns": error(sent),
			"received_by_server": receive_for(server, [client]),
		})


func mp_zero_length_packets() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	step({"returns": error(client.put_packet([]))})
	pump([server, client], 40)
	step({"count": server.get_available_packet_count()})
	const FLAG_RELIABLE: int = 1
	step({"returns": error(client.get_peer(1).send(0, [], FLAG_RELIABLE))})
	poll_until([client, server], func() -> bool:
		return server.get_available_packet_count() == 1)
	step({"count": server.get_available_packet_count(), "packets": drain(server)})


func _join_through(relay: Relay, client: MultiplayerPeer, server: MultiplayerPeer) -> void:
	poll_until([client, relay, server], func() -> bool:
		return (client.get_connection_status() == CONNECTED
				and host_peers(server) == 1
				and server.host.get_peers()[0].has_meta("_net_id")))
	pump([client, relay, server], SETTLE_MSEC)


func _send(peer: MultiplayerPeer, mode: int, channel: int, byte: int) -> void:
	peer.set("transfer_mode", mode)
	peer.transfer_channel = channel
	_must(peer.put_packet([byte]))
