class_name Network
extends RefCounted
## The connection of one side of a match, and the only script there that names the network class.
##
## Everything else speaks to [MultiplayerAPI]; to play over another peer, change [member _peer].

## The swap from [ENetMultiplayerPeer] is this one line.
var _peer := ENetMultiplayerPeerRs.new()
var _measured_usec: int = Time.get_ticks_usec()


## Opens a server for up to [param max_clients] and hands it to [param api].
func host(api: MultiplayerAPI, port: int, max_clients: int) -> Error:
	var err: Error = _peer.create_server(port, max_clients)
	if err == OK:
		api.multiplayer_peer = _peer
	return err


## Begins to connect; the signals of [param api] tell how it went.
func join(api: MultiplayerAPI, address: String, port: int) -> Error:
	var err: Error = _peer.create_client(address, port)
	if err == OK:
		api.multiplayer_peer = _peer
	return err


## Whether the last attempt found nobody at all, who may yet come.
func has_found_nobody() -> bool:
	return _peer.last_failure in [_peer.FAILURE_UNREACHABLE, _peer.FAILURE_CONNECT_TIMED_OUT]


## Why the last attempt or connection ended, as a sentence.
func get_failure_text() -> String:
	return _peer.get_failure_text()


func is_open() -> bool:
	return _peer.get_connection_status() != MultiplayerPeer.CONNECTION_DISCONNECTED


## Asks for a goodbye once everything queued for [param id] has arrived there.
func disconnect_later(id: int) -> void:
	_peer.get_peer(id).peer_disconnect_later()


## Drives the connection while no [MultiplayerAPI] does.
func poll() -> void:
	if is_open():
		_peer.poll()


func close() -> void:
	_peer.close()


## What is known of the way to the connected peer [param id].
func measure_link(id: int) -> Link:
	var link := Link.new()
	var packet_peer := _peer.get_peer(id)
	if packet_peer == null:
		return link
	link.ping_ms = packet_peer.get_statistic(packet_peer.PEER_ROUND_TRIP_TIME)
	link.loss = (
			packet_peer.get_statistic(packet_peer.PEER_PACKET_LOSS)
			/ packet_peer.PACKET_LOSS_SCALE)
	return link


## Throughput of the whole host since the last call. Reading the host's counters resets them.
func measure_traffic() -> Traffic:
	var traffic := Traffic.new()
	var now_usec: int = Time.get_ticks_usec()
	var seconds: float = (now_usec - _measured_usec) / 1e6
	_measured_usec = now_usec
	if is_open() and seconds > 0.0:
		var connection := _peer.host
		traffic.sent_per_second = (
				connection.pop_statistic(connection.HOST_TOTAL_SENT_DATA) / seconds)
		traffic.received_per_second = (
				connection.pop_statistic(connection.HOST_TOTAL_RECEIVED_DATA) / seconds)
	return traffic


## Round-trip time and packet loss of one connected peer.
class Link:
	extends RefCounted

	## Mean time to the peer and back, in milliseconds.
	var ping_ms: float = 0.0
	## Share of the packets that had to be sent again or were lost, 0 to 1.
	var loss: float = 0.0


## Bytes per second since the last call of [method measure_traffic].
class Traffic:
	extends RefCounted

	var sent_per_second: float = 0.0
	var received_per_second: float = 0.0
