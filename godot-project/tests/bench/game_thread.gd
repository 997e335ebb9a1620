extends Node
## Measures what a packet of 100 B costs the thread that calls: put_packet at one peer, poll and get_packet at another.
##
## Prints a line [code]BENCH {...}[/code] with the medians in microseconds a packet. [code]cargo xtask bench[/code]
## starts it with [code]--suffix=[/code] and [code]--frames=[/code].

const Arguments = preload("res://tests/support/arguments.gd")
const PACKETS: int = 50
## Pause of the thread until packets have arrived, in microseconds: as between frames.
const PAUSE: int = 4000

var _received: int = 0
var _put: PackedFloat64Array = []
var _poll: PackedFloat64Array = []
var _get: PackedFloat64Array = []


func _ready() -> void:
	var server: MultiplayerPeer = Arguments.new_peer()
	var client: MultiplayerPeer = Arguments.new_peer()
	var err: Error = server.call("create_server", 0, 4)
	assert(err == OK)
	err = client.call("create_client", "127.0.0.1", server.get("host").call("get_local_port"))
	assert(err == OK)
	while client.get_connection_status() != MultiplayerPeer.CONNECTION_CONNECTED:
		server.poll()
		client.poll()
		OS.delay_usec(1000)
	client.set_target_peer(MultiplayerPeer.TARGET_PEER_SERVER)
	var frames: int = Arguments.number("frames", 200)
	for frame: int in frames:
		_measure_frame(client, server)
	assert(_received == frames * PACKETS)
	var result: Dictionary = {
		"put": _median(_put),
		"poll": _median(_poll),
		"get": _median(_get),
	}
	print("BENCH ", JSON.stringify(result))
	client.close()
	server.close()
	get_tree().quit()


func _measure_frame(client: MultiplayerPeer, server: MultiplayerPeer) -> void:
	var packet: PackedByteArray = []
	packet.resize(100)
	var start: int = Time.get_ticks_usec()
	for index: int in PACKETS:
		var err: Error = client.put_packet(packet)
		assert(err == OK)
	_put.append(float(Time.get_ticks_usec() - start) / PACKETS)
	OS.delay_usec(PAUSE)
	start = Time.get_ticks_usec()
	server.poll()
	_poll.append(float(Time.get_ticks_usec() - start) / PACKETS)
	var count: int = server.get_available_packet_count()
	_received += count
	start = Time.get_ticks_usec()
	for index: int in count:
		server.get_packet()
	_get.append(float(Time.get_ticks_usec() - start) / PACKETS)
	client.poll()
	OS.delay_usec(PAUSE)


func _median(values: PackedFloat64Array) -> float:
	values.sort()
	@warning_ignore("integer_division")
	return values[values.size() / 2]
