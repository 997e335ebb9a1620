extends "res://tests/differential/support/probe.gd"
## How multiplayer peers get connected, are refused, close, and what they keep.


func mp_close_drops_queue() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	_must(client.put_packet([1]))
	poll_until([server], func() -> bool: return server.get_available_packet_count() == 1)
	step({"count": server.get_available_packet_count()})
	server.close()
	step({
		"count": server.get_available_packet_count(),
		"get_packet_size": server.get_packet().size(),
		"error": error(server.get_packet_error()),
	})


func mp_close_inside_signal_handlers() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = new_client(server)
	var closing: Array[MultiplayerPeer] = [client]
	var close_if_its_turn: Callable = func(peer: MultiplayerPeer) -> Callable:
		return func(emitted: String, _id: int) -> void:
			if emitted == "peer_connected" and closing.has(peer):
				peer.close()
	watch(server, "server", close_if_its_turn.call(server))
	watch(client, "client", close_if_its_turn.call(client))
	# The second poll of the server hears of what a network thread has completed since the first.
	for peer: MultiplayerPeer in [client, server, server]:
		peer.poll()
		settle()
	poll_until_connected_or_over(client, [client])
	step({"client_status": client.get_connection_status()})
	pump([server], 80)
	step({"host_peers": host_peers(server)})
	closing.append(server)
	var client2: MultiplayerPeer = new_client(server)
	watch(client2, "client2")
	poll_until_over([client2, server], server)
	poll_until_over([client2], client2)
	step({"server_status": server.get_connection_status()})
	step({"client2_status": client2.get_connection_status()})
	_probe_close_on_leaving()


func _probe_close_on_leaving() -> void:
	forget_clients()
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server3", func(_emitted: String, _id: int) -> void: server.close())
	client.close()
	poll_until_over([server], server)
	step({"server_status": server.get_connection_status()})


## Polls [param objects] until [param client] has been connected, and maybe closed again.
func poll_until_connected_or_over(client: MultiplayerPeer, objects: Array) -> void:
	poll_until(objects, func() -> bool:
		return client.get_connection_status() != MultiplayerPeer.CONNECTION_CONNECTING)


func mp_connect_data_validation() -> void:
	var server: MultiplayerPeer = new_server()
	watch(server, "server")
	var raws: Array[Raw] = []
	for data: int in [0, 1, 2, 2, 77, 2147483647, -1, -5, -2147483648]:
		var raw: Raw = new_raw(port_of(server), 0, data)
		raws.append(raw)
		pump([raw, server], 80)
		step({
			"client_events": raw.types(),
			"client_peer_state": raw.peer.get_state(),
			"server_host_peers": host_peers(server),
		})
	server.set_target_peer(-5)
	step({"returns": error(server.put_packet([1]))})
	step({"nonnull": server.get_peer(-5) != null})


func mp_connect_lifecycle() -> void:
	var server: MultiplayerPeer = new_peer()
	_must(server.create_server(0, 4))
	var client: MultiplayerPeer = new_peer()
	var created: int = client.create_client(LOCALHOST, port_of(server))
	name_client(client)
	step({
		"returns": error(created),
		"client_status": client.get_connection_status(),
		"server_status": server.get_connection_status(),
		"client_relay": client.is_server_relay_supported(),
	})
	step({"returns": error(client.put_packet([1]))})
	step({
		"state": client.get_peer(1).get_state(),
		"peer2_is_null": client.get_peer(2) == null,
	})
	var announced: int = _probe_connecting(client, server)
	step({
		"client_status": client.get_connection_status(),
		"server_status": server.get_connection_status(),
		"client_unique_id_equals_id_server_announced": client.get_unique_id() == announced,
	})
	step({"packets": receive(server)})
	var seen: PacketPeer = server.get_peer(announced)
	step({"address": seen.get_remote_address(), "channels": seen.get_channels()})
	step({
		"channels": client.get_peer(1).get_channels(),
		"own_null": client.get_peer(client.get_unique_id()) == null,
	})
	client.close()
	step({"client_status": client.get_connection_status()})
	poll_until([server], func() -> bool: return host_peers(server) == 0)
	step({"server_status": server.get_connection_status(), "host_peers": host_peers(server)})
	server.close()
	step({"server_status": server.get_connection_status()})


## Polls until both have told, and notes what the handlers saw; answers the id that the server told.
func _probe_connecting(client: MultiplayerPeer, server: MultiplayerPeer) -> int:
	var seen: Dictionary = {}
	var announced: Array[int] = []
	watch(client, "client", func(signal_name: String, id: int) -> void:
		if signal_name == "peer_connected":
			var peer: PacketPeer = client.get_peer(id)
			seen.in_client_handler = {
				"get_peer_nonnull": peer != null,
				"peer_state": peer.get_state(),
				"has_meta__net_id": peer.has_meta("_net_id"),
				"put_packet": error(client.put_packet([9])),
			})
	watch(server, "server", func(signal_name: String, id: int) -> void:
		if signal_name == "peer_connected":
			announced.append(id)
			var peer: PacketPeer = server.get_peer(id)
			seen.in_server_handler = {
				"get_peer_nonnull": peer != null,
				"peer_state": peer.get_state(),
				"meta__net_id_is_id": peer.get_meta("_net_id") == id,
				"host_peers": host_peers(server),
			})
	poll_until([client, server], func() -> bool: return not announced.is_empty())
	step(seen)
	return announced[0] if not announced.is_empty() else 0


func mp_freed_while_active() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(client, "client")
	server = null
	poll_until_over([client], client)
	step({"client_status": client.get_connection_status()})
	server = new_server(1)
	watch(server, "server")
	var leaving: MultiplayerPeer = new_client(server)
	for peer: MultiplayerPeer in [leaving, server, server]:
		peer.poll()
		settle()
	leaving.close()
	step({"client_status": leaving.get_connection_status()})
	pump([server], 60)
	step({"host_peers": host_peers(server)})
	var late: MultiplayerPeer = new_client(server)
	pump([late, server], 300)
	step({"status": late.get_connection_status()})


func mp_reconnect_same_id() -> void:
	var server: MultiplayerPeer = new_server()
	watch(server, "server")
	for _round: int in 2:
		var raw: Raw = new_raw(port_of(server), 0, 1234)
		poll_until([raw, server], func() -> bool:
			return has_signal_of("server", "peer_connected"))
		step({"host_peers": host_peers(server)})
		raw.peer.peer_disconnect()
		poll_until([raw, server], func() -> bool: return host_peers(server) == 0)
		step({"host_peers": host_peers(server)})


func mp_refuse_keeps_existing() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	server.refuse_new_connections = true
	_must(client.put_packet([1]))
	step({"packets": receive(server)})
	client.refuse_new_connections = true
	pump([client, server], 20)
	step({
		"value": client.refuse_new_connections,
		"status": client.get_connection_status(),
	})


func mp_refuse_new_connections() -> void:
	var server: MultiplayerPeer = new_server()
	server.refuse_new_connections = true
	watch(server, "server")
	var client: MultiplayerPeer = new_client(server)
	client.get_peer(1).set_timeout(1, 100, 300)
	watch(client, "client")
	poll_until_connected_or_over(client, [client, server])
	step({"client_status": client.get_connection_status()})
	var id: int = client.get_unique_id() if client.get_connection_status() == CONNECTED else 2
	pump([client, server], 60)
	step({
		"host_peers": host_peers(server),
		"server_get_peer_null": server.get_peer(id) == null,
	})
	step({"returns": error(client.put_packet([1]))})
	poll_until_over([client, server], client)
	step({
		"client_status": client.get_connection_status(),
		"server_packets": server.get_available_packet_count(),
	})
	server.refuse_new_connections = false
	var client2: MultiplayerPeer = new_client(server)
	watch(client2, "client2")
	join([server, client2])
	step({"client2_status": client2.get_connection_status()})
	server.refuse_new_connections = true
	server.close()
	step({"refuse_new_connections": server.refuse_new_connections})


func mp_server_close() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	_must(server.put_packet([1]))
	poll_until([client], func() -> bool: return client.get_available_packet_count() == 1)
	step({"queued": client.get_available_packet_count()})
	var host: RefCounted = client.host
	var peer: PacketPeer = client.get_peer(1)
	var own_id: int = client.get_unique_id()
	var seen: Dictionary = {}
	watch(client, "client", func(_signal_name: String, _id: int) -> void:
		var server_peer: PacketPeer = client.get_peer(1)
		seen.in_handler = {
			"status": client.get_connection_status(),
			"get_peer1_nonnull": server_peer != null,
			"peer_state": server_peer.get_state(),
			"peer_is_active": server_peer.is_active(),
			"unique_id_is_own": client.get_unique_id() == own_id,
			"queued_packets": client.get_available_packet_count(),
			"put_packet": error(client.put_packet([2])),
		})
	server.close()
	step({"server_status": server.get_connection_status()})
	poll_until_over([client], client)
	step(seen)
	step({
		"status": client.get_connection_status(),
		"queued": client.get_available_packet_count(),
		"get_packet_size": client.get_packet().size(),
		"error": error(client.get_packet_error()),
	})
	step({
		"host_port": host.get_local_port(),
		"peer_active": peer.is_active(),
		"peer_state": peer.get_state(),
	})
	client.poll()
	step()


func mp_server_full() -> void:
	var server: MultiplayerPeer = new_server(1)
	watch(server, "server")
	var client1: MultiplayerPeer = new_client(server)
	watch(client1, "client1")
	join([server, client1])
	step({"status": client1.get_connection_status()})
	var client2: MultiplayerPeer = new_client(server)
	watch(client2, "client2")
	pump([client2, server], 400)
	step({
		"status": client2.get_connection_status(),
		"server_host_peers": host_peers(server),
	})
	client1.close()
	poll_until([server, client2], func() -> bool:
		return (has_signal_of("client2", "peer_connected")
				and has_signal_of("server", "peer_connected")))
	step({"status": client2.get_connection_status()})


func mp_settings_survive_close() -> void:
	var peer: MultiplayerPeer = new_peer()
	peer.set_bind_ip(LOCALHOST)
	_must(peer.create_server(0))
	peer.set_target_peer(77)
	peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	peer.transfer_channel = 5
	peer.refuse_new_connections = true
	peer.close()
	_must(peer.create_server(0))
	step({
		"transfer_mode": peer.transfer_mode,
		"transfer_channel": peer.transfer_channel,
		"refuse_new_connections": peer.refuse_new_connections,
	})
	step({"returns": error(peer.put_packet([1]))})
	var client: MultiplayerPeer = new_peer()
	_must(client.create_client("127.0.0.2", port_of(peer)))
	pump([client, peer], 300)
	step({"connected": client.get_connection_status() == CONNECTED})
