extends "res://tests/support/scenario.gd"
## Roles server and client, without a [MultiplayerAPI]: packets of 0 bytes to 1 MiB in the three
## transfer modes on channels 0 to 3, both ways, compared by hash.
##
## The client leads. It sends a packet and waits for the server's report of what came, then orders
## the same packet from the server and looks at it itself. Orders and reports are variants on a
## channel of their own.

## 1364 bytes is the most that fits one datagram, 1392 the datagram itself.
const SIZES: Array[int] = [1, 2, 3, 100, 1363, 1364, 1365, 1392, 1393, 4096, 65_536]
const LARGEST: int = 1_048_576
const EMPTY_PACKET_FLAGS: Array[int] = [1, 0, 2]
const CONTROL_CHANNEL: int = 9
const CHANNELS: int = 4
## The largest that travels whole; above it ENet has no unsequenced form and the packet arrives as
## ordered.
const LARGEST_WHOLE: int = 1364
## Unreliable packets may be lost, above all those of hundreds of fragments: they are sent again
## after this time.
const RETRY_SECONDS: float = 0.4
const FEW: int = 3
const MANY: int = 25

var _peer: MultiplayerPeer
var _signals: Array = []
## What came on the control channel, oldest first.
var _control: Array = []
## Descriptions of the data packets that came, oldest first.
var _data: Array = []
## On the client: what answered something that was sent more than once. Keys are [code][by_report,
## answer][/code].
var _settled: Dictionary = {}
var _expected_source: int = 1


func run() -> void:
	# The built-in reads its socket only when it is polled: to take in a burst of hundreds of
	# fragments it has to keep up.
	OS.low_processor_usage_mode_sleep_usec = 1
	_peer = new_peer()
	record(_peer, _signals)
	polled.append(_peer)
	if role == "server":
		await _serve()
	else:
		await _lead()
	_peer.close()


func _serve() -> void:
	if not check_equal(_peer.create_server(port, 1), OK, "the server starts"):
		return
	if not await until(func() -> bool: return not _signals.is_empty(), "a client joins", OTHERS_SECONDS):
		return
	_expected_source = _signals[0][1]
	_peer.set_target_peer(_expected_source)
	var has_left: Callable = func() -> bool:
		_drain()
		_report_data()
		_obey_orders()
		return _signals.size() > 1
	await until(has_left, "the client stays until it is done", 4.0 * OTHERS_SECONDS)
	check_equal(_signals, [["peer_connected", _expected_source], ["peer_disconnected", _expected_source]], "signals")


func _lead() -> void:
	await server_listens()
	if not check_equal(_peer.create_client(LOCALHOST, port), OK, "the client starts"):
		return
	if not await until(func() -> bool: return not _signals.is_empty(), "the client connects", OTHERS_SECONDS):
		return
	for size: int in SIZES:
		for mode: int in [UNRELIABLE, ORDERED, RELIABLE]:
			for channel: int in CHANNELS:
				await _there_and_back(size, mode, channel)
				if _peer.get_connection_status() != CONNECTED:
					check(false, "the connection holds")
					return
	await _there_and_back(LARGEST, RELIABLE, 3)
	for mode: int in [UNRELIABLE, ORDERED]:
		await _there_and_back(LARGEST, mode, 3)
	for channel: int in CHANNELS:
		for flags: int in EMPTY_PACKET_FLAGS:
			await _empty_there_and_back(channel, flags)
	check_equal(_signals, [["peer_connected", 1]], "signals")


func _there_and_back(size: int, mode: int, channel: int) -> void:
	var what: String = "%d bytes, mode %d, channel %d" % [size, mode, channel]
	var expected: Dictionary = _describe(pattern(size, size + mode), _arrives_as(size, mode), channel)
	var send: Callable = func() -> void: _send_pattern(size, mode, channel)
	var order: Callable = func() -> void: _send_control({"size": size, "mode": mode, "channel": channel})
	var may_be_lost: bool = mode != RELIABLE
	if may_be_lost and size == LARGEST:
		# Hundreds of fragments in one go are more than a busy machine's socket buffers hold: whole,
		# or not at all.
		for answer: Dictionary in [await _ask(send, true, FEW), await _ask(order, false, FEW)]:
			check(answer.is_empty() or answer == expected, what + " arrives whole or not at all", str(answer))
		return
	var attempts: int = MANY if may_be_lost else 1
	check_equal(await _ask(send, true, attempts), expected, "to the server: " + what)
	check_equal(await _ask(order, false, attempts), expected, "to the client: " + what)


func _empty_there_and_back(channel: int, flags: int) -> void:
	var what: String = "no bytes, flags %d, ENet channel %d" % [flags, channel + 2]
	var mode: int = {1: RELIABLE, 0: ORDERED, 2: UNRELIABLE}[flags]
	var expected: Dictionary = _describe(PackedByteArray(), mode, channel + 1)
	var send: Callable = func() -> void: _send_nothing(channel + 2, flags)
	var order: Callable = func() -> void: _send_control({"flags": flags, "channel": channel + 2})
	var attempts: int = 1 if mode == RELIABLE else MANY
	check_equal(await _ask(send, true, attempts), expected, "to the server: " + what)
	check_equal(await _ask(order, false, attempts), expected, "to the client: " + what)


## Calls [param send] until an answer is here, which is the server's report or data of its own; once
## only if nothing may be lost.
func _ask(send: Callable, by_report: bool, attempts: int) -> Dictionary:
	var answers: Array = _control if by_report else _data
	var has_answer: Callable = func() -> bool:
		_drain()
		# What was sent more than once may be answered more than once, and late.
		while not answers.is_empty() and _settled.has([by_report, answers[0]]):
			answers.pop_front()
		return not answers.is_empty()
	for attempt: int in attempts:
		send.call()
		if await holds_within(has_answer, PATIENCE_SECONDS if attempts == 1 else RETRY_SECONDS):
			var answer: Dictionary = answers.pop_front()
			if attempts > 1:
				_settled[[by_report, answer]] = true
			return answer
	return {}


## Sorts what is queued into orders or reports, and data.
func _drain() -> void:
	while _peer.get_available_packet_count() > 0:
		var source: int = _peer.get_packet_peer()
		var mode: int = _peer.get_packet_mode()
		var channel: int = _peer.get_packet_channel()
		if source != _expected_source:
			check(false, "packets name their sender", "%d instead of %d" % [source, _expected_source])
		if channel == CONTROL_CHANNEL:
			_control.append(_peer.get_var())
			continue
		var bytes: PackedByteArray = _peer.get_packet()
		if _peer.get_packet_error() != OK:
			check(false, "packets are read without an error", error_string(_peer.get_packet_error()))
		_data.append(_describe(bytes, mode, channel))


func _report_data() -> void:
	for description: Dictionary in _data:
		_send_control(description)
	_data.clear()


func _obey_orders() -> void:
	for order: Dictionary in _control:
		if order.has("size"):
			_send_pattern(order.size, order.mode, order.channel)
		else:
			_send_nothing(order.channel, order.flags)
	_control.clear()


func _send_pattern(size: int, mode: int, channel: int) -> void:
	_peer.transfer_mode = mode as MultiplayerPeer.TransferMode
	_peer.transfer_channel = channel
	var err: Error = _peer.put_packet(pattern(size, size + mode))
	if err != OK:
		check(false, "put_packet takes %d bytes" % size, error_string(err))


func _send_nothing(channel: int, flags: int) -> void:
	var err: Error = _peer.get_peer(_expected_source).send(channel, PackedByteArray(), flags)
	if err != OK:
		check(false, "a packet peer sends no bytes", error_string(err))


func _send_control(value: Dictionary) -> void:
	_peer.transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	_peer.transfer_channel = CONTROL_CHANNEL
	var err: Error = _peer.put_var(value)
	if err != OK:
		check(false, "put_var takes a dictionary", error_string(err))


static func _arrives_as(size: int, mode: int) -> int:
	return ORDERED if mode == UNRELIABLE and size > LARGEST_WHOLE else mode


static func _describe(bytes: PackedByteArray, mode: int, channel: int) -> Dictionary:
	return {"length": bytes.size(), "sha256": sha256(bytes), "arrived_mode": mode, "arrived_channel": channel}
