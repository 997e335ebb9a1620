extends "res://tests/differential/support/probe.gd"
## Which arguments the multiplayer peer takes, what it answers while inactive, and right after a creation.

const INT32_RANGE: int = 1 << 32
## Nothing is sent to it.
const ANY_PORT: int = 9


func args_int32_truncation() -> void:
	var server: MultiplayerPeer = new_peer()
	var created: int = server.create_server(INT32_RANGE)
	step({"returns": error(created), "port_nonzero": port_of(server) != 0})
	var mesh: MultiplayerPeer = new_peer()
	created = mesh.create_mesh(INT32_RANGE + 2)
	step({"returns": error(created), "unique_id": mesh.get_unique_id()})
	step({"returns": error(new_peer().create_mesh(1 << 31))})
	var peer: MultiplayerPeer = new_peer()
	peer.transfer_channel = INT32_RANGE + 1
	step({"reads_back": peer.transfer_channel})
	peer.set("transfer_mode", 9)
	step({"reads_back": peer.transfer_mode})


func mp_client_local_port_in_use() -> void:
	var server: MultiplayerPeer = new_server()
	var port: int = port_of(server)
	var client: MultiplayerPeer = new_peer()
	var created: int = client.create_client(LOCALHOST, port, 0, 0, 0, port)
	step({"returns": error(created), "status": client.get_connection_status()})


func mp_create_client_arguments() -> void:
	# Address, port, channel_count, in_bandwidth, out_bandwidth, local_port.
	for arguments: Array in [
		[LOCALHOST, 0, 0, 0, 0, 0],
		[LOCALHOST, 65536, 0, 0, 0, 0],
		[LOCALHOST, -1, 0, 0, 0, 0],
		[LOCALHOST, ANY_PORT, 0, 0, 0, 0],
		[LOCALHOST, ANY_PORT, -1, 0, 0, 0],
		[LOCALHOST, ANY_PORT, 253, 0, 0, 0],
		[LOCALHOST, ANY_PORT, 1000, 0, 0, 0],
		[LOCALHOST, ANY_PORT, 0, -1, 0, 0],
		[LOCALHOST, ANY_PORT, 0, 0, -1, 0],
		[LOCALHOST, ANY_PORT, 0, 0, 0, -1],
		[LOCALHOST, ANY_PORT, 0, 0, 0, 70000],
		["localhost", ANY_PORT, 0, 0, 0, 0],
		["", ANY_PORT, 0, 0, 0, 0],
		["*", ANY_PORT, 0, 0, 0, 0],
		["::1", ANY_PORT, 0, 0, 0, 0],
		["256.1.1.1", ANY_PORT, 0, 0, 0, 0],
		["no such host!", ANY_PORT, 0, 0, 0, 0],
	]:
		var client: MultiplayerPeer = new_peer()
		client.refuse_new_connections = true
		var created: int = client.callv("create_client", arguments)
		var observed: Dictionary = {
			"returns": error(created),
			"status": client.get_connection_status(),
			"refuse_new_connections": client.refuse_new_connections,
		}
		if created == OK:
			var peer: PacketPeer = client.get_peer(1)
			var id: int = client.get_unique_id()
			observed.server_peer_state = peer.get_state()
			observed.server_peer_channels = peer.get_channels()
			observed.unique_id_in_range = id >= 2 and id <= 2147483647
			_await_lookup(client, arguments[0])
			observed.remote = [peer.get_remote_address(), peer.get_remote_port()]
		step(observed)


## Polls [param client] until the name that it was given is looked up, or was not found.
func _await_lookup(client: MultiplayerPeer, address: String) -> void:
	if not address.is_valid_ip_address():
		var peer: PacketPeer = client.get_peer(1)
		poll_until(
				[client],
				func() -> bool:
					return not peer.is_active() or not peer.get_remote_address().is_empty(),
				LOOKUP_PATIENCE_MSEC)


func mp_create_mesh() -> void:
	var mesh: MultiplayerPeer = new_peer()
	step({"returns": error(mesh.create_mesh(0))})
	step({"returns": error(mesh.create_mesh(-3))})
	mesh.refuse_new_connections = true
	var created: int = mesh.create_mesh(7)
	step({"returns": error(created), "refuse_new_connections": mesh.refuse_new_connections})
	step({
		"status": mesh.get_connection_status(),
		"unique_id": mesh.get_unique_id(),
		"is_server_relay_supported": mesh.is_server_relay_supported(),
	})
	step({"is_null": mesh.host == null})
	step({"is_null": mesh.get_peer(7) == null})
	step({"returns": error(mesh.create_mesh(8))})
	step({"returns": error(mesh.put_packet([1]))})
	for target: int in [2, -2]:
		mesh.set_target_peer(target)
		step({"returns": error(mesh.put_packet([1]))})
	mesh.poll()
	step()
	step({"returns": error(mesh.add_mesh_peer(2, null))})
	var connection: RefCounted = new_connection()
	step({"returns": error(mesh.add_mesh_peer(2, connection))})
	_must(connection.create_host(1))
	step({"returns": error(mesh.add_mesh_peer(2, connection))})
	connection.connect_to_host(LOCALHOST, ANY_PORT)
	step({"returns": error(mesh.add_mesh_peer(2, connection))})
	mesh.close()
	step({"status": mesh.get_connection_status()})


func mp_create_server_arguments() -> void:
	# Port, max_clients, max_channels, in_bandwidth, out_bandwidth.
	for arguments: Array in [
		[-1, 32, 0, 0, 0],
		[65536, 32, 0, 0, 0],
		[0, 32, 0, 0, 0],
		[0, 0, 0, 0, 0],
		[0, -1, 0, 0, 0],
		[0, 1, 0, 0, 0],
		[0, 4095, 0, 0, 0],
		[0, 4096, 0, 0, 0],
		[0, 4, -1, 0, 0],
		[0, 4, 255, 0, 0],
		[0, 4, 1000, 0, 0],
		[0, 4, 0, -1, 0],
		[0, 4, 0, 0, -1],
	]:
		var server: MultiplayerPeer = new_peer()
		server.refuse_new_connections = true
		var created: int = server.callv("create_server", arguments)
		step({
			"returns": error(created),
			"status": server.get_connection_status(),
			"refuse_new_connections": server.refuse_new_connections,
		})


func mp_create_server_state() -> void:
	var server: MultiplayerPeer = new_peer()
	step({"returns": error(server.create_server(0, 3, 5))})
	step({
		"status": server.get_connection_status(),
		"unique_id": server.get_unique_id(),
		"is_server_relay_supported": server.is_server_relay_supported(),
	})
	var host: RefCounted = server.host
	var port: int = host.get_local_port()
	step({"nonzero": port != 0})
	step({"value": host.get_max_channels()})
	step({"size": host.get_peers().size()})
	step({"same": server.host == host})
	step({"is_null": server.get_peer(1) == null})
	step({"value": server.get_packet_peer()})
	step({"value": server.get_packet_channel()})
	step({"value": server.get_packet_mode()})
	step({"returns": error(server.create_server(0))})
	step({"returns": error(server.create_client(LOCALHOST, ANY_PORT))})
	step({"returns": error(server.create_mesh(5))})
	step({"returns": error(server.create_mesh(0))})
	step({"returns": error(server.add_mesh_peer(2, new_connection()))})
	step({"returns": error(server.add_mesh_peer(2, null))})
	step({"returns": error(server.put_packet([1]))})
	var second: MultiplayerPeer = new_peer()
	var created: int = second.create_server(port)
	step({"returns": error(created), "status": second.get_connection_status()})
	server.close()
	step({"status": server.get_connection_status(), "unique_id": server.get_unique_id()})
	step({"value": host.get_local_port()})
	step({"returns": error(second.create_server(port))})
	created = server.create_server(0)
	step({"returns": error(created), "status": server.get_connection_status()})


func mp_inactive_defaults() -> void:
	var peer: MultiplayerPeer = new_peer()
	step({"value": peer.get_connection_status()})
	step({
		"transfer_mode": peer.transfer_mode,
		"transfer_channel": peer.transfer_channel,
		"refuse_new_connections": peer.refuse_new_connections,
		"encode_buffer_max_size": peer.encode_buffer_max_size,
	})
	step({"value": peer.get_available_packet_count()})
	step({"value": peer.get_unique_id()})
	step({"value": peer.get_packet_peer()})
	step({"value": peer.get_packet_mode()})
	step({"value": peer.get_packet_channel()})
	step({"is_null": peer.host == null})
	step({"is_null": peer.get_peer(1) == null})
	step({"returns": error(peer.put_packet([1]))})
	step({"returns": error(peer.put_packet([]))})
	step({"returns": error(peer.put_var(5))})
	step({"size": peer.get_packet().size(), "error": error(peer.get_packet_error())})
	step({"value": peer.get_var()})
	peer.poll()
	step()
	peer.disconnect_peer(1)
	step()
	peer.disconnect_peer(1, true)
	step()
	peer.close()
	step()
	step({"value": peer.is_server_relay_supported()})
	peer.refuse_new_connections = true
	step({"value": peer.refuse_new_connections})
	var id: int = peer.generate_unique_id()
	step({"in_range": id >= 2 and id <= 2147483647})


func mp_set_bind_ip() -> void:
	for address: String in [LOCALHOST, "*", "0.0.0.0", "", "foo", "1.2.3", "::", "::1"]:
		var peer: MultiplayerPeer = new_peer()
		peer.set_bind_ip(LOCALHOST)
		peer.set_bind_ip(address)
		step({"returns": error(peer.create_server(0))})
	_probe_bind_ip_in_force()
	_probe_bind_ip_of_client(0)
	_probe_bind_ip_of_client(free_port())


func _probe_bind_ip_in_force() -> void:
	var server: MultiplayerPeer = new_peer()
	server.set_bind_ip(LOCALHOST)
	_must(server.create_server(0))
	var client: MultiplayerPeer = new_peer()
	_must(client.create_client("127.0.0.2", port_of(server)))
	pump([client, server], 700)
	step({"client_connected": client.get_connection_status() == CONNECTED})


func _probe_bind_ip_of_client(local_port: int) -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = new_peer()
	client.set_bind_ip("127.0.0.3")
	var created: int = client.create_client(LOCALHOST, port_of(server), 0, 0, 0, local_port)
	join([server, client])
	var connected: bool = client.get_connection_status() == CONNECTED
	var seen: PacketPeer = server.host.get_peers()[0]
	if local_port == 0:
		step({"connected": connected, "server_sees": seen.get_remote_address()})
		return
	step({
		"returns": error(created),
		"connected": connected,
		"server_sees_address": seen.get_remote_address(),
		"server_sees_that_port": seen.get_remote_port() == local_port,
		"client_host_port_is_that_port": client.host.get_local_port() == local_port,
	})
