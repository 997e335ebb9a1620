extends "res://tests/support/scenario.gd"
## Roles server and client: both send unreliable packets for ten seconds, from a server that was
## asked for four channels.
##
## [code]--expect=kept[/code]: neither side drops a packet itself. [code]--expect=dropped[/code]:
## the server announces the number of its channels as its bandwidth (defect D01), and the client
## drops most of what it is to send. This is what becomes of the engine's own peer.

const CHANNELS: int = 4
const SECONDS: float = 10.0
const INTERVAL_MSEC: int = 16
const PACKET_SIZE: int = 100
## In bytes per second, far above what is sent. With one, a client that was told of a small
## bandwidth never comes back to a larger one.
const CLIENT_BANDWIDTH: int = 1_000_000
## For what is on its way when the other side has told how much it sent.
const QUIET_SECONDS: float = 0.3
const FULL_THROTTLE: int = 32

var _peer: MultiplayerPeer
var _remote: int = 1
var _signals: Array = []
var _sent: int = 0
var _received: int = 0
## What the other side says it sent; -1 until it has.
var _sent_by_other: int = -1
## The least share of packets, in 32nds, that the announced bandwidths left.
var _least_limit: int = FULL_THROTTLE


func run() -> void:
	_peer = new_peer()
	record(_peer, _signals)
	polled.append(_peer)
	var expects_drops: bool = arguments.get("expect") == "dropped"
	var err: Error
	if role == "server":
		# A built-in server has the defect; as the far side of ours it is asked for no number.
		err = _peer.create_server(port, 4, CHANNELS if is_ours or expects_drops else 0)
	else:
		await server_listens()
		err = _peer.create_client(LOCALHOST, port, CHANNELS, 0, CLIENT_BANDWIDTH)
	if check_equal(err, OK, "the %s starts" % role):
		if await until(func() -> bool: return not _signals.is_empty(), "they connect", OTHERS_SECONDS):
			_remote = _signals[0][1]
			await _exchange()
			_judge(expects_drops)
			await _part()
	_peer.close()


func _exchange() -> void:
	_peer.set_target_peer(_remote)
	# A machine that is busy with other things makes round trips uneven, for which ENet drops packets
	# too. With a deceleration of 0 it does not: what is dropped is dropped for the bandwidth.
	_peer.get_peer(_remote).throttle_configure(5000, 2, 0)
	_peer.transfer_channel = 1
	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
	var next: Array[int] = [Time.get_ticks_msec()]
	var send_and_take: Callable = func() -> bool:
		if Time.get_ticks_msec() >= next[0]:
			next[0] += INTERVAL_MSEC
			_peer.put_packet(pattern(PACKET_SIZE, _sent))
			_sent += 1
		return _takes()
	await holds_within(send_and_take, SECONDS)
	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	_peer.put_var(_sent)
	await until(_takes_until_told, "the other side tells how many it sent")
	var end: int = Time.get_ticks_msec() + int(QUIET_SECONDS * 1000.0)
	await holds_within(func() -> bool: return _takes() or Time.get_ticks_msec() >= end, QUIET_SECONDS)


func _judge(expects_drops: bool) -> void:
	print("sent %d, received %d of %d, throttle limit at least %d/32" % [_sent, _received, _sent_by_other, _least_limit])
	check(_sent > 100, "the %s sent all the time" % role, "%d packets" % _sent)
	if not expects_drops:
		check_equal(_received, _sent_by_other, "defect D01: every unreliable packet to the %s arrives" % role)
		check_equal(_least_limit, FULL_THROTTLE, "defect D01: the %s is never limited" % role)
	elif role == "server":
		check(_received < _sent_by_other / 2, "defect D01: the client dropped most of its packets")


## The client goes when the server is content.
func _part() -> void:
	if role == "server":
		_peer.disconnect_peer(_remote)
	await until(func() -> bool: return _signals.size() > 1 or _peer.get_connection_status() == DISCONNECTED, "they part")


## Counts what has arrived; answers false, for [method holds_within].
func _takes() -> bool:
	while _peer.get_available_packet_count() > 0:
		var mode: int = _peer.get_packet_mode()
		if mode == RELIABLE:
			_sent_by_other = _peer.get_var()
		else:
			_peer.get_packet()
			_received += 1
	if _peer.get_connection_status() != CONNECTED:
		return false
	var limit: float = _peer.get_peer(_remote).get_statistic(ENetPacketPeer.PEER_PACKET_THROTTLE_LIMIT)
	_least_limit = mini(_least_limit, int(limit))
	return false


func _takes_until_told() -> bool:
	_takes()
	return _sent_by_other >= 0
