extends "res://tests/differential/support/probe.gd"
## What becomes of a client's unreliable packets when the server limits its channels.

const PACKETS_APART_MSEC: int = 4
const SECONDS: int = 5
const READ_EARLY_MSEC: int = 200
const THROTTLE_LIMIT: int = 8


func mp_create_server_max_channels_throttles() -> void:
	# max_channels of the server, out_bandwidth of the client.
	for row: Array in [[0, 0], [4, 0], [4, 1_000_000]]:
		_probe_throttle(row[0], row[1])


func _probe_throttle(max_channels: int, out_bandwidth: int) -> void:
	var server: MultiplayerPeer = new_peer()
	_must(server.create_server(0, 4, max_channels))
	var client: MultiplayerPeer = new_peer()
	_must(client.create_client(LOCALHOST, port_of(server), 0, 0, out_bandwidth))
	join([server, client])
	never_throttle(client.get_peer(1))
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	var observed: Dictionary = {"host_max_channels": server.host.get_max_channels()}
	var start: int = Time.get_ticks_msec()
	for second: int in range(1, SECONDS + 1):
		var counts := Vector2i.ZERO
		# The host sets limits once a second, about when a second of this begins: read clear of that.
		counts += _send_until(start + 1000 * second - READ_EARLY_MSEC, server, client)
		var limit: float = client.get_peer(1).get_statistic(THROTTLE_LIMIT)
		counts += _send_until(start + 1000 * second, server, client)
		if second in [2, 5]:
			observed["delivered_second_%d" % second] = _in_words(float(counts.y) / counts.x)
			observed["throttle_limit_after_second_%d" % second] = limit
	step(observed)


## Sends until [param end], in milliseconds of the process; answers how many were sent and how many arrived.
func _send_until(end: int, server: MultiplayerPeer, client: MultiplayerPeer) -> Vector2i:
	var counts := Vector2i.ZERO
	while Time.get_ticks_msec() < end:
		_must(client.put_packet(filled(8)))
		counts.x += 1
		client.poll()
		server.poll()
		counts.y += drain(server).size()
		OS.delay_msec(PACKETS_APART_MSEC)
	return counts


func _in_words(share: float) -> String:
	if share > 0.9:
		return "above 90 %"
	return "below 25 %" if share < 0.25 else "between"
