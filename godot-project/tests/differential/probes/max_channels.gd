extends "res://tests/differential/support/probe.gd"
## What becomes of a client's unreliable packets when the server limits its channels.

const PACKETS_APART_MSEC: int = 4
const SECONDS: int = 5
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
	client.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	var observed: Dictionary = {"host_max_channels": server.host.get_max_channels()}
	var start: int = Time.get_ticks_msec()
	for second: int in range(1, SECONDS + 1):
		var share: float = _share_delivered(server, client, start + 1000 * second)
		if second in [2, 5]:
			observed["delivered_second_%d" % second] = _in_words(share)
			observed["throttle_limit_after_second_%d" % second] = (
					client.get_peer(1).get_statistic(THROTTLE_LIMIT))
	step(observed)


## Sends until [param end], in milliseconds of the process, and tells which share arrived.
func _share_delivered(server: MultiplayerPeer, client: MultiplayerPeer, end: int) -> float:
	var sent: int = 0
	var arrived: int = 0
	while Time.get_ticks_msec() < end:
		_must(client.put_packet(filled(8)))
		sent += 1
		client.poll()
		server.poll()
		arrived += drain(server).size()
		OS.delay_msec(PACKETS_APART_MSEC)
	return float(arrived) / sent


func _in_words(share: float) -> String:
	if share > 0.9:
		return "above 90 %"
	return "below 25 %" if share < 0.25 else "between"
