extends "res://tests/differential/support/probe.gd"
## The ways in which a multiplayer peer can be disconnected by a script.


func mp_disconnect_peer_client_force() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	watch(client, "client")
	var host: RefCounted = client.host
	client.disconnect_peer(1, true)
	step({"status": client.get_connection_status(), "unique_id": client.get_unique_id()})
	step({"nonzero": host.get_local_port() != 0, "peers": host.get_peers().size()})
	host = null
	poll_until([server], func() -> bool: return host_peers(server) == 0)
	step({"server_status": server.get_connection_status()})


func mp_disconnect_peer_client_soft() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	watch(client, "client")
	client.disconnect_peer(2)
	step()
	client.disconnect_peer(1)
	step({"status": client.get_connection_status(), "state": client.get_peer(1).get_state()})
	step({"returns": error(client.put_packet([1]))})
	poll_until([server], func() -> bool: return host_peers(server) == 0)
	step()
	poll_until_over([client], client)
	step({"status": client.get_connection_status()})


func mp_disconnect_peer_drops_undelivered() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(client, "client")
	for number: int in 3:
		_must(server.put_packet([number]))
	server.disconnect_peer(client.get_unique_id())
	settle()
	client.poll()
	step({
		"client_queue": client.get_available_packet_count(),
		"client_status": client.get_connection_status(),
	})
	pump([server, client], 30)
	step({"client_status": client.get_connection_status()})
	_probe_disconnect_later()


func _probe_disconnect_later() -> void:
	forget_clients()
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	watch(client, "client")
	for number: int in 3:
		_must(server.put_packet([number]))
	server.get_peer(client.get_unique_id()).peer_disconnect_later()
	var received: Array = []
	poll_until([client, server], func() -> bool:
		received.append_array(bytes_of(drain(client)))
		return client.get_connection_status() == DISCONNECTED and host_peers(server) == 0)
	step({"client_received": received, "client_status": client.get_connection_status()})


func mp_disconnect_peer_server_force() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	watch(client, "client")
	var id: int = client.get_unique_id()
	var peer: PacketPeer = server.get_peer(id)
	server.disconnect_peer(id, true)
	step({
		"get_peer_null": server.get_peer(id) == null,
		"object_state": peer.get_state(),
		"object_active": peer.is_active(),
		"host_peers": host_peers(server),
	})
	server.set_target_peer(id)
	step({"returns": error(server.put_packet([1]))})
	poll_until([client, server], func() -> bool:
		return client.get_connection_status() == DISCONNECTED and host_peers(server) == 0)
	step({
		"client_status": client.get_connection_status(),
		"host_peers": host_peers(server),
		"object_active": peer.is_active(),
	})


func mp_disconnect_peer_server_soft() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	var id: int = client.get_unique_id()
	var seen: Dictionary = {}
	watch(client, "client")
	watch(server, "server", func(_signal_name: String, left: int) -> void:
		var object: PacketPeer = server.get_peer(left)
		seen.in_handler = {
			"get_peer_nonnull": object != null,
			"is_active": object.is_active(),
			"meta": object.get_meta("_net_id") == left,
			"host_peers": host_peers(server),
		})
	server.disconnect_peer(id)
	var peer: PacketPeer = server.get_peer(id)
	step({
		"get_peer_nonnull": peer != null,
		"state": peer.get_state(),
		"is_active": peer.is_active(),
		"channels": peer.get_channels(),
		"host_peers": host_peers(server),
	})
	for target: int in [id, 0]:
		server.set_target_peer(target)
		step({"returns": error(server.put_packet([1]))})
	server.disconnect_peer(id)
	step({"state": peer.get_state()})
	settle()
	server.poll()
	step({"get_peer_nonnull": server.get_peer(id) != null})
	poll_until_over([client], client)
	step({"client_status": client.get_connection_status()})
	poll_until([server], func() -> bool: return has_signal_of("server", "peer_disconnected"))
	step(seen)
	step({
		"is_null": server.get_peer(id) == null,
		"host_peers": host_peers(server),
		"server_status": server.get_connection_status(),
	})
	server.disconnect_peer(id)
	step()


func mp_disconnect_peer_while_connecting() -> void:
	var silent := PacketPeerUDP.new()
	_must(silent.bind(0, LOCALHOST))
	var client: MultiplayerPeer = new_client_of_port(silent.get_local_port())
	watch(client, "client")
	var peer: PacketPeer = client.get_peer(1)
	var host: RefCounted = client.host
	client.disconnect_peer(1)
	step(_state_of(client, peer))
	pump([client], 800)
	var observed: Dictionary = _state_of(client, peer)
	# Only a client that is still there can have a host.
	observed.host_peers = host.get_peers().size() if observed.status != DISCONNECTED else 0
	step(observed)
	client.close()
	step({"status": client.get_connection_status()})
	var second: MultiplayerPeer = new_client_of_port(silent.get_local_port())
	watch(second, "second")
	second.disconnect_peer(1, true)
	step({"status": second.get_connection_status()})


func _state_of(client: MultiplayerPeer, peer: PacketPeer) -> Dictionary:
	return {
		"status": client.get_connection_status(),
		"peer_state": peer.get_state(),
		"is_active": peer.is_active(),
	}


func mp_force_disconnect_then_same_id() -> void:
	var server: MultiplayerPeer = new_server()
	watch(server, "server")
	var old: Raw = new_raw(port_of(server), 0, 50)
	poll_until([old, server], func() -> bool: return has_signal_of("server", "peer_connected"))
	step()
	server.disconnect_peer(50, true)
	var fresh: Raw = new_raw(port_of(server), 0, 50)
	poll_until([fresh, server], func() -> bool: return has_signal_of("server", "peer_connected"))
	pump([fresh, server], SETTLE_MSEC)
	step({"host_peers": host_peers(server)})
	poll_until([old, fresh, server], func() -> bool: return host_peers(server) == 1)
	step({
		"host_peers": host_peers(server),
		"peer_50_still_known": server.get_peer(50) != null,
	})


func mp_peer_object_reset() -> void:
	var server: MultiplayerPeer = new_server()
	var client1: MultiplayerPeer = joined_client(server)
	var client2: MultiplayerPeer = joined_client(server)
	watch(client1, "client1")
	watch(client2, "client2")
	var seen: Dictionary = {}
	watch(server, "server", func(_signal_name: String, id: int) -> void:
		seen[symbol(id)] = {"get_peer_null_in_handler": server.get_peer(id) == null})
	var peer: PacketPeer = server.get_peer(client1.get_unique_id())
	peer.peer_disconnect_now(5)
	step({"active": peer.is_active(), "state": peer.get_state()})
	server.poll()
	step({"C1": seen.get("C1")})
	poll_until_over([client1], client1)
	step({"status": client1.get_connection_status()})
	server.get_peer(client2.get_unique_id()).reset()
	server.poll()
	step({"seen": seen.get("C2")})
	pump([client2, server], 300)
	step({"client2_status": client2.get_connection_status()})
	client2.get_peer(1).reset()
	step({"status": client2.get_connection_status()})
	client2.poll()
	step({"status": client2.get_connection_status()})
	var client3: MultiplayerPeer = new_client(server)
	watch(client3, "client3")
	client3.get_peer(1).reset()
	client3.poll()
	step({"status": client3.get_connection_status()})
