extends "res://tests/support/scenario.gd"
## One process: a script that spells out every way to name the engine's classes, their enums and
## constants runs before and after the replacement of the names that the migration page gives.

## What the page's command replaces, and with what.
const NAMES: String = "\\bENet(MultiplayerPeer|Connection|PacketPeer)\\b"
const REPLACEMENT: String = "$0Rs"
const SAMPLE: String = """
extends RefCounted

signal ended(peer: ENetPacketPeer)

const MODE: int = ENetConnection.COMPRESS_ZLIB

@export var mode: ENetConnection.CompressionMode = ENetConnection.COMPRESS_RANGE_CODER
var server: ENetMultiplayerPeer = ENetMultiplayerPeer.new()
var peers: Array[ENetPacketPeer] = []
var by_port: Dictionary[int, ENetConnection] = {}


func run(port: int) -> Array:
	var failures: Array = []
	if server.create_server(port, 4, 0, 0, 0) != OK:
		failures.append("create_server")
	var host := server.host
	host.compress(mode)
	host.compress(ENetConnection.CompressionMode.COMPRESS_FASTLZ)
	host.compress(ENetConnection.COMPRESS_NONE)
	by_port[port] = host
	if not (by_port[port] is ENetConnection) or (server as ENetMultiplayerPeer) == null:
		failures.append("is and as")
	var generic: MultiplayerPeer = server
	if not (generic is ENetMultiplayerPeer) or not is_instance_of(generic, ENetMultiplayerPeer):
		failures.append("is_instance_of")
	var bare: ENetConnection = ENetConnection.new()
	if bare.create_host(1) != OK:
		failures.append("create_host")
	var to_server: ENetPacketPeer = bare.connect_to_host("127.0.0.1", port, 4, 7)
	var state: ENetPacketPeer.PeerState = to_server.get_state()
	if state != ENetPacketPeer.STATE_CONNECTING or state != ENetPacketPeer.PeerState.STATE_CONNECTING:
		failures.append("STATE_CONNECTING")
	var end: int = Time.get_ticks_msec() + 10_000
	var last: ENetConnection.EventType = ENetConnection.EVENT_NONE
	while last != ENetConnection.EVENT_CONNECT and Time.get_ticks_msec() < end:
		server.poll()
		var event: Array = bare.service(1)
		match event[0]:
			ENetConnection.EVENT_CONNECT:
				last = ENetConnection.EventType.EVENT_CONNECT
				var from: ENetPacketPeer = event[1]
				peers.append(from)
			ENetConnection.EVENT_ERROR, ENetConnection.EVENT_DISCONNECT:
				failures.append("event %s" % [event])
	var flags: int = ENetPacketPeer.FLAG_RELIABLE | ENetPacketPeer.FLAG_UNSEQUENCED
	if to_server.send(0, PackedByteArray([flags]), ENetPacketPeer.FLAG_RELIABLE) != OK:
		failures.append("send")
	to_server.set_timeout(32, 1000, 5000)
	var statistic: ENetPacketPeer.PeerStatistic = ENetPacketPeer.PEER_PACKET_THROTTLE
	if to_server.get_statistic(statistic) > ENetPacketPeer.PACKET_THROTTLE_SCALE:
		failures.append("get_statistic")
	if to_server.get_statistic(ENetPacketPeer.PeerStatistic.PEER_PACKET_LOSS) > ENetPacketPeer.PACKET_LOSS_SCALE:
		failures.append("PACKET_LOSS_SCALE")
	if bare.pop_statistic(ENetConnection.HOST_TOTAL_SENT_DATA) <= 0.0:
		failures.append("pop_statistic")
	if bare.pop_statistic(ENetConnection.HostStatistic.HOST_TOTAL_SENT_PACKETS) <= 0.0:
		failures.append("HostStatistic")
	for peer: ENetPacketPeer in bare.get_peers():
		peer.peer_disconnect_now()
	for peer in peers:
		if peer.is_active():
			failures.append("is_active")
	bare.destroy()
	server.close()
	return failures
"""


func run() -> void:
	var names: RegEx = RegEx.create_from_string(NAMES)
	var once: String = names.sub(SAMPLE, REPLACEMENT, true)
	check_equal(names.sub(once, REPLACEMENT, true), once, "a second replacement changes nothing")
	var source: String = once if is_ours else SAMPLE
	var script := GDScript.new()
	script.source_code = source
	if check_equal(script.reload(), OK, "the script compiles"):
		check_equal(script.new().run(port), [], "and runs, every name with its meaning")
