extends "res://tests/support/scenario.gd"
## One process: the settings of hosts, on both classes that have them: what can be set, and what it
## does. What ends a connection is looked at by scenario [code]outcomes[/code].

const WHOLE: Array[String] = ["timeout_limit", "timeout_minimum", "timeout_maximum", "ping_interval"]
const SECONDS: Dictionary[String, float] = {"connect_timeout": 0.0, "max_stall_time": 120.0}
const BEYOND_INT: int = 2147483648
## Shorter than any attempt lasts without these settings.
const LONG_SERVICE_MSEC: int = 15_000

## Answers nobody.
var _silent := PacketPeerUDP.new()


func run() -> void:
	check_equal(_silent.bind(0, LOCALHOST), OK, "somebody listens and says nothing")
	for object: Object in [new_peer(), new_connection()]:
		_check_values(object)
	await _check_survival()
	await _check_connect_timeout()
	await _check_timeouts()
	await _check_live_host()


func _check_values(object: Object) -> void:
	var what: String = object.get_class()
	for setting: String in WHOLE:
		check_equal(object.get(setting), 0, "%s.%s begins with ENet's own" % [what, setting])
		object.set(setting, 700)
		for wrong: int in [-1, BEYOND_INT]:
			with_errors("%s.%s = %d" % [what, setting, wrong], object.set.bind(setting, wrong))
		check_equal(object.get(setting), 700, "%s.%s is left alone by what is wrong" % [what, setting])
	for setting: String in SECONDS:
		check_equal(object.get(setting), SECONDS[setting], "%s.%s has its default" % [what, setting])
		object.set(setting, 2.5)
		for wrong: float in [-0.1, NAN, INF, 1e7]:
			with_errors("%s.%s = %s" % [what, setting, wrong], object.set.bind(setting, wrong))
		check_equal(object.get(setting), 2.5, "%s.%s is left alone by what is wrong" % [what, setting])
	check_equal(object.get("recovery"), ENetMultiplayerPeerRs.RECOVERY_FAST, "%s recovers fast" % what)
	object.set("recovery", ENetMultiplayerPeerRs.RECOVERY_VANILLA)
	with_errors("%s.recovery = 2" % what, object.set.bind("recovery", 2))
	check_equal(object.get("recovery"), ENetMultiplayerPeerRs.RECOVERY_VANILLA, "%s keeps its recovery" % what)
	check_equal(object.get("throttle_enabled"), true, "%s throttles" % what)
	object.set("throttle_enabled", false)
	check_equal(object.get("throttle_enabled"), false, "%s throttles no longer" % what)


func _check_survival() -> void:
	var peer: ENetMultiplayerPeerRs = new_peer()
	peer.connect_timeout = 4.0
	peer.timeout_maximum = 9000
	check_equal(peer.create_server(port), OK, "a server starts")
	check_equal(peer.host.connect_timeout, 4.0, "its host has the settings")
	check_equal(peer.host.timeout_maximum, 9000, "its host has all of them")
	peer.ping_interval = 250
	check_equal(peer.host.ping_interval, 250, "and those that are set later")
	peer.close()
	check_equal(peer.connect_timeout, 4.0, "settings outlive a session")


func _check_connect_timeout() -> void:
	var client: ENetMultiplayerPeerRs = new_peer()
	client.connect_timeout = 0.3
	var start: int = Time.get_ticks_msec()
	check_equal(client.create_client(LOCALHOST, _silent.get_local_port()), OK, "an attempt begins")
	polled = [client]
	await until(func() -> bool: return client.get_connection_status() == DISCONNECTED, "it ends")
	check(Time.get_ticks_msec() - start >= 300, "not before its time", "%d ms" % (Time.get_ticks_msec() - start))

	var connection: ENetConnectionRs = new_connection()
	connection.connect_timeout = 0.2
	check_equal(connection.create_host(1), OK, "a bare host starts")
	check(connection.connect_to_host(LOCALHOST, _silent.get_local_port()) != null, "it connects")
	var event: Array = connection.service(LONG_SERVICE_MSEC)
	check_equal(event[0], EVENT_DISCONNECT, "the attempt of a bare host ends as well")
	connection.destroy()


## With ENet's own the attempt would last half a minute.
func _check_timeouts() -> void:
	var connection: ENetConnectionRs = new_connection()
	connection.timeout_limit = 1
	connection.timeout_minimum = 100
	connection.timeout_maximum = 400
	check_equal(connection.create_host(1), OK, "a bare host with short timeouts starts")
	check(connection.connect_to_host(LOCALHOST, _silent.get_local_port()) != null, "it connects to nobody")
	check_equal(connection.service(LONG_SERVICE_MSEC)[0], EVENT_DISCONNECT, "its peers begin with its timeouts")
	connection.destroy()


## What is set on a live host holds for later peers.
func _check_live_host() -> void:
	var connection: ENetConnectionRs = new_connection()
	check_equal(connection.create_host(1), OK, "a bare host starts without settings")
	var peer: ENetPacketPeerRs = connection.connect_to_host(LOCALHOST, _silent.get_local_port())
	connection.connect_timeout = 0.1
	check_equal(connection.service(400)[0], EVENT_NONE, "an attempt under way keeps its limit")
	peer.reset()
	check(connection.connect_to_host(LOCALHOST, _silent.get_local_port()) != null, "it connects again")
	check_equal(connection.service(LONG_SERVICE_MSEC)[0], EVENT_DISCONNECT, "a later attempt has the new one")
	connection.destroy()
