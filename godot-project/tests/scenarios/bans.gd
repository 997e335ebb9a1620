extends "res://tests/support/door_scenario.gd"
## One process: addresses that a server, a mesh or a bare host does not let in.

const LOOPBACK_IPV6: String = "::1"
## The same as Godot prints it.
const LOOPBACK_IPV6_PRINTED: String = "0:0:0:0:0:0:0:1"
const SHORT_SECONDS: float = 0.5



func run() -> void:
	_server = new_peer()
	record(_server, _server_signals)
	_check_wrong_arguments()
	await _check_ban_before_a_session()
	await _check_ban_of_who_is_connected()
	await _check_end_of_a_ban()
	await _check_ipv6()
	_check_bare_host()
	await _check_mesh()


func _check_wrong_arguments() -> void:
	for text: String in ["", "localhost", "*", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.1:80"]:
		complains("ban of '%s'" % text, _server.ban.bind(text, 0.0), ERR_INVALID_PARAMETER)
		complains("unban of '%s'" % text, _server.unban.bind(text), ERR_INVALID_PARAMETER)
	for seconds: float in [-1.0, NAN, INF, 1e10]:
		complains("a ban for %s seconds" % seconds, _server.ban.bind(LOCALHOST, seconds), ERR_INVALID_PARAMETER)
	check_equal(_server.get_bans(), {}, "nobody is banned by that")
	answers("unban of who is not banned", _server.unban.bind(LOCALHOST), ERR_DOES_NOT_EXIST)
	var inactive: RefCounted = new_connection()
	complains("ban of an inactive host", inactive.ban.bind(LOCALHOST, 0.0), ERR_UNCONFIGURED)
	complains("unban of an inactive host", inactive.unban.bind(LOCALHOST), ERR_UNCONFIGURED)
	complains("bans of an inactive host", inactive.get_bans, {})


func _check_ban_before_a_session() -> void:
	check_equal(_server.ban(LOCALHOST, 0.0), OK, "an address is banned")
	check_equal(_server.ban("10.1.2.3/8", 0.0), OK, "and a prefix elsewhere")
	var bans: Dictionary = {"10.0.0.0/8": 0.0, LOCALHOST: 0.0}
	check_equal(_server.get_bans(), bans, "bans can be read without a session")
	_start()
	check_equal(_server.host.get_bans(), bans, "the host of a session knows them")
	await _is_turned_away("a banned client", "FAILURE_BANNED")
	_end()
	check_equal(_server.get_bans(), bans, "bans outlive a session")
	_start()
	await _is_turned_away("a client banned in the last session", "FAILURE_BANNED")
	check_equal(_server.unban(LOCALHOST), OK, "the ban is ended")
	check_equal(_server.unban(LOCALHOST), ERR_DOES_NOT_EXIST, "it can be ended once")
	check_equal(_server.get_bans(), {"10.0.0.0/8": 0.0}, "the other ban stays")
	await _join("a client joins whose ban was ended")
	check_equal(_server.host.ban("192.0.2.0/24", 0.0), OK, "the host bans by itself")
	check_equal(_server.get_bans().keys(), ["10.0.0.0/8", "192.0.2.0/24"], "its bans are listed too")
	check_equal(_server.unban("192.0.2.0/24"), OK, "and can be ended")
	check_equal(_server.unban("10.0.0.0/8"), OK, "the ban from elsewhere is ended")
	_end()


func _check_ban_of_who_is_connected() -> void:
	_start()
	var clients: Array[MultiplayerPeer] = [await _join("a client joins"), await _join("another one joins")]
	_server_signals.clear()
	check_equal(_server.ban("127.0.0.0/8", 0.0), OK, "their prefix is banned")
	for client: MultiplayerPeer in clients:
		_server.set_target_peer(client.get_unique_id())
		complains("a packet to who is leaving", _server.put_packet.bind(pattern(8, 1)), OK)
	var are_gone: Callable = func() -> bool:
		return clients.all(func(client: MultiplayerPeer) -> bool: return client.get_connection_status() == DISCONNECTED)
	await until(are_gone, "who is connected from there has to leave")
	await until(func() -> bool: return _server_signals.size() == 2, "the server hears of both")
	var types: Array = _server_signals.map(func(entry: Array) -> String: return entry[0])
	check_equal(types, ["peer_disconnected", "peer_disconnected"], "by peer_disconnected")
	await _is_turned_away("a client of a banned prefix", "FAILURE_BANNED")
	check_equal(_server.unban("127.0.0.1/8"), OK, "the ban of the prefix is ended")
	await _join("a client joins from there again")
	_end()


func _check_end_of_a_ban() -> void:
	_start()
	check_equal(_server.ban(LOCALHOST, 1000.0), OK, "an address is banned for long")
	check(_server.get_bans()[LOCALHOST] > 900.0, "the seconds left can be read", str(_server.get_bans()))
	check_equal(_server.ban(LOCALHOST, SHORT_SECONDS), OK, "then for a short time")
	var left: float = _server.get_bans().get(LOCALHOST, SHORT_SECONDS)
	check(left > 0.0 and left <= SHORT_SECONDS, "the later ban counts", str(left))
	await until(func() -> bool: return _server.get_bans().is_empty(), "the ban comes to its end")
	await _join("a client joins after its ban")
	_end()


func _check_ipv6() -> void:
	# The built-in of distributions knows no IPv6.
	if not other_class.ends_with("Rs") or not Array(IP.get_local_addresses()).has(LOOPBACK_IPV6_PRINTED):
		return
	_start()
	check_equal(_server.ban(LOOPBACK_IPV6, 0.0), OK, "an IPv6 address is banned")
	check_equal(_server.get_bans(), {LOOPBACK_IPV6_PRINTED: 0.0}, "it is listed as Godot prints it")
	await _is_turned_away("a banned client of IPv6", "FAILURE_BANNED", LOOPBACK_IPV6)
	await _join("a client of IPv4 joins")
	check_equal(_server.unban(LOOPBACK_IPV6_PRINTED), OK, "the ban of an IPv6 address is ended")
	var asked: Array[String] = []
	_server.connection_filter = func(address: String, _port: int, _data: int) -> bool:
		asked.append(address)
		return true
	var client: MultiplayerPeer = await _join("a client of IPv6 joins", LOOPBACK_IPV6)
	var remote: String = _server.get_peer(client.get_unique_id()).get_remote_address()
	check_equal([asked, remote], [[LOOPBACK_IPV6_PRINTED], LOOPBACK_IPV6_PRINTED], "a filter reads the same address")
	_server.connection_filter = Callable()
	_end()
	_start()
	check_equal(_server.ban("::/64", 0.0), OK, "an IPv6 prefix is banned")
	await _is_turned_away("a client of a banned IPv6 prefix", "FAILURE_BANNED", LOOPBACK_IPV6)
	check_equal(_server.unban("::/64"), OK, "the ban of an IPv6 prefix is ended")
	_end()


func _check_bare_host() -> void:
	var server: RefCounted = new_connection()
	check_equal(server.create_host_bound(LOCALHOST, port), OK, "a bare host starts")
	check_equal(server.ban("127.0.0.0/24", 0.0), OK, "it bans a prefix")
	check_equal(server.get_bans(), {"127.0.0.0/24": 0.0}, "its bans can be read")
	var client: RefCounted = connect_with(0)
	check_equal(_first_event(server, client), EVENT_DISCONNECT, "a banned client of a bare host is told")
	client.destroy()
	check_equal(server.unban("127.0.0.0/24"), OK, "the ban of a bare host is ended")
	client = connect_with(0)
	check_equal(_first_event(server, client), EVENT_CONNECT, "a client of a bare host gets in")
	check_equal(server.ban(LOCALHOST, 0.0), OK, "it bans who is connected")
	check_equal(_first_event(server, client), EVENT_DISCONNECT, "who has to leave")
	client.destroy()
	server.destroy()


func _first_event(server: RefCounted, client: RefCounted) -> int:
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end:
		server.service(1)
		var event: Array = client.service(1)
		if event[0] != EVENT_NONE:
			return event[0]
	return EVENT_NONE


func _check_mesh() -> void:
	var here: RefCounted = new_connection()
	check_equal(here.create_host_bound(LOCALHOST, port, 1), OK, "a link of a mesh starts")
	var there: RefCounted = connect_with(2)
	_first_event(here, there)
	await serve_until([here, there], func() -> bool: return here.get_peers().size() == 1, "the link is there")
	var mesh: MultiplayerPeer = new_peer()
	var signals: Array = []
	record(mesh, signals)
	check_equal(mesh.ban("192.0.2.1", 0.0), OK, "a mesh bans before it begins")
	check_equal(mesh.create_mesh(1), OK, "a mesh begins")
	check_equal(mesh.add_mesh_peer(2, here), OK, "the link joins the mesh")
	check_equal(here.get_bans(), {"192.0.2.1": 0.0}, "a link knows who is banned")
	check_equal(mesh.ban(LOCALHOST, 0.0), OK, "the mesh bans an address")
	check(here.get_bans().has(LOCALHOST), "so does its link")
	polled = [mesh]
	await serve_until([there], func() -> bool: return signals.size() == 2, "who is linked from there has to leave")
	check_equal(signals, [["peer_connected", 2], ["peer_disconnected", 2]], "the mesh says so")
	mesh.close()
	polled.clear()
	there.destroy()
