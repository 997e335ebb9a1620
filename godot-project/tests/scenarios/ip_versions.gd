extends "res://tests/support/scenario.gd"
## One process: which clients a server takes by the address that it listens on, and how addresses of
## both families print. On a system without IPv6 only what is left of that is checked.

const IPV4: String = "127.0.0.1"
const IPV6: String = "::1"
## The same as Godot prints it.
const IPV6_PRINTED: String = "0:0:0:0:0:0:0:1"
const QUIET_SECONDS: float = 0.3

var _has_ipv6: bool = IP.get_local_addresses().has(IPV6_PRINTED)


func run() -> void:
	if not _has_ipv6:
		print("this system has no IPv6: servers on * are checked with IPv4 alone")
		await _check_server("*", [IPV4])
		_check_bare_host("*", [IPV4])
		var server: MultiplayerPeer = new_peer()
		server.set_bind_ip(IPV6)
		complains("a server on ::1", server.create_server.bind(port), ERR_CANT_CREATE)
		return
	var reached: Dictionary[String, Array] = {
		"*": [IPV4, IPV6],
		"::": [IPV4, IPV6],
		"::1": [IPV6],
		"127.0.0.1": [IPV4],
		"0.0.0.0": [IPV4],
	}
	for bind_ip: String in reached:
		await _check_server(bind_ip, reached[bind_ip])
		_check_bare_host(bind_ip, reached[bind_ip])


## A client for each family at the same time; those on [param expected] get in.
func _check_server(bind_ip: String, expected: Array) -> void:
	var server: MultiplayerPeer = new_peer()
	server.set_bind_ip(bind_ip)
	if not check_equal(server.create_server(port), OK, "a server starts on " + bind_ip):
		return
	polled = [server]
	var joined: Array = []
	record(server, joined)
	var clients: Dictionary[String, MultiplayerPeer] = {}
	for address: String in _families():
		clients[address] = new_other_peer()
		check_equal(clients[address].create_client(address, port), OK, "a client starts for " + address)
		polled.append(clients[address])
	var is_in: Callable = func(address: String) -> bool: return clients[address].get_connection_status() == CONNECTED
	var are_all_in: Callable = func() -> bool: return expected.all(is_in) and joined.size() == expected.size()
	await until(are_all_in, "those come in that %s is for" % bind_ip)
	await pump(QUIET_SECONDS)
	check_equal(_families().filter(is_in), Array(expected, TYPE_STRING, "", null), "exactly those are in on " + bind_ip)
	for address: String in expected:
		var of_client: String = server.get_peer(clients[address].get_unique_id()).get_remote_address()
		check_equal(of_client, _printed(address), "the server on %s sees the client at its address" % bind_ip)
		var of_server: String = clients[address].get_peer(1).get_remote_address()
		check_equal(of_server, _printed(address), "the client sees the server on %s at its address" % bind_ip)
	for client: MultiplayerPeer in clients.values():
		client.close()
	server.close()
	polled.clear()
	await get_tree().process_frame


## The same of a bare host, whose event brings the address.
func _check_bare_host(bind_ip: String, expected: Array) -> void:
	var host: RefCounted = new_connection()
	if not check_equal(host.create_host_bound(bind_ip, port, 4), OK, "a bare host starts on " + bind_ip):
		return
	var clients: Array[RefCounted] = []
	for address: String in _families():
		var client: RefCounted = new_other_connection()
		check_equal(client.create_host(1), OK, "a bare client starts for " + address)
		check(client.connect_to_host(address, port) != null, "it connects to " + address)
		clients.append(client)
	var seen: Array = []
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	var quiet: int = end
	while Time.get_ticks_msec() < mini(end, quiet):
		var event: Array = host.service(1)
		if event[0] == EVENT_CONNECT:
			seen.append((event[1] as PacketPeer).get_remote_address())
			if seen.size() == expected.size():
				quiet = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
		for client: RefCounted in clients:
			client.service(0)
	seen.sort()
	var printed: Array = expected.map(_printed)
	printed.sort()
	check_equal(seen, printed, "the bare host on %s is reached at exactly these" % bind_ip)
	host.destroy()
	for client: RefCounted in clients:
		client.destroy()


func _families() -> Array[String]:
	var families: Array[String] = [IPV4]
	if _has_ipv6:
		families.append(IPV6)
	return families


func _printed(address: String) -> String:
	return IPV6_PRINTED if address == IPV6 else address
