extends "res://tests/support/scenario.gd"
## Roles server and client, without a [MultiplayerAPI]: the server sends numbered reliable packets
## all the time, and the client's main thread does nothing but count for twenty seconds.
##
## [code]--expect=kept[/code]: the link holds, and the client then has every packet in order.
## [code]--expect=dropped[/code]: the server gives the client up. This is what becomes of the
## engine's own peer, which answers only when it is polled; with the same timeouts it shows that the
## stall is a hard one.

const STALL_MSEC: int = 20_000
const SEND_INTERVAL_MSEC: int = 50
const PACKET_SIZE: int = 200
## Packets before the stall and after it.
const RUN_UP: int = 10
## For [method ENetPacketPeer.set_timeout]: the factor, then the limits in milliseconds. A silent
## peer is dropped after ten seconds at the latest.
const TIMEOUT: Array[int] = [32, 5000, 10_000]

var _peer: MultiplayerPeer
var _signals: Array = []
## Times at which the server sent, by number.
var _sent_at: Array[int] = []


func run() -> void:
	_peer = new_peer()
	record(_peer, _signals)
	polled.append(_peer)
	if role == "server":
		await _serve()
	else:
		await _join()
	_peer.close()


func _serve() -> void:
	if not check_equal(_peer.create_server(port, 1), OK, "the server starts"):
		return
	if not await until(func() -> bool: return not _signals.is_empty(), "a client joins", OTHERS_SECONDS):
		return
	var id: int = _signals[0][1]
	_peer.get_peer(id).set_timeout(TIMEOUT[0], TIMEOUT[1], TIMEOUT[2])
	_peer.set_target_peer(id)
	var is_over: Callable = func() -> bool:
		if _signals.size() > 1 or _peer.get_available_packet_count() > 0:
			return true
		if _sent_at.is_empty() or Time.get_ticks_msec() - _sent_at.back() >= SEND_INTERVAL_MSEC:
			_peer.put_packet(_numbered(_sent_at.size()))
			_sent_at.append(Time.get_ticks_msec())
		return false
	await until(is_over, "the stall ends", STALL_MSEC / 1000.0 + 20.0)
	var least: int = STALL_MSEC / SEND_INTERVAL_MSEC / 4
	if arguments.get("expect") == "dropped":
		check_equal(_signals, [["peer_connected", id], ["peer_disconnected", id]], "the client is given up")
		check(_sent_at.back() - _sent_at[0] < STALL_MSEC, "and that before the stall ends")
		return
	if not check_equal(_signals, [["peer_connected", id]], "the client is still there"):
		return
	check(_sent_at.size() > least, "the server sent all the time", "%d packets" % _sent_at.size())
	var counted: int = _peer.get_var()
	check(counted > least, "the client has what was sent meanwhile", "%d packets" % counted)
	# What the client is told here, it compares with what it has counted by then.
	_peer.put_var(_sent_at.size())
	await until(func() -> bool: return _signals.size() > 1, "the client leaves")


func _join() -> void:
	await server_listens()
	if not check_equal(_peer.create_client(LOCALHOST, port), OK, "the client starts"):
		return
	if not await until(func() -> bool: return not _signals.is_empty(), "the client connects", OTHERS_SECONDS):
		return
	_peer.get_peer(1).set_timeout(TIMEOUT[0], TIMEOUT[1], TIMEOUT[2])
	var numbers: Array = []
	await until(_takes_until.bind(numbers, RUN_UP), "the run-up arrives")
	_stall()
	if arguments.get("expect") == "dropped":
		await until(func() -> bool: return _signals.size() > 1, "the client learns that it was given up", OTHERS_SECONDS)
		return
	var before: int = numbers.size()
	await until(_takes_until.bind(numbers, before + STALL_MSEC / SEND_INTERVAL_MSEC / 4), "the backlog arrives")
	if not check_equal(_signals, [["peer_connected", 1]], "the server is still there"):
		return
	_peer.put_var(numbers.size())
	await until(_takes_until.bind(numbers, -1), "the server tells how many it sent")
	var sent: int = numbers.pop_back()
	check_equal(numbers, range(sent), "every packet arrives, in order and whole")


## The main thread is busy and does nothing for the network.
func _stall() -> void:
	var end: int = Time.get_ticks_msec() + STALL_MSEC
	while Time.get_ticks_msec() < end:
		pass


## Reads what is there into [param numbers], until it has [param count] or, below zero, until the
## server has told how many it sent; that then is the last one.
func _takes_until(numbers: Array, count: int) -> bool:
	while _peer.get_available_packet_count() > 0:
		var bytes: PackedByteArray = _peer.get_packet()
		if bytes.size() != PACKET_SIZE:
			numbers.append(bytes_to_var(bytes))
			return count < 0
		var is_whole: bool = bytes == _numbered(numbers.size())
		numbers.append(numbers.size() if is_whole else -1)
	return count >= 0 and numbers.size() >= count


func _numbered(number: int) -> PackedByteArray:
	return pattern(PACKET_SIZE, number * PACKET_SIZE)
